"""The request of SCGI: a netstring of headers. Pure: bytes in, values out."""

from zttp_core.errors import RemoteProtocolError
from zttp_core.messages import is_field_value, parse_content_length


def parse_length(received: bytes, limit: int) -> tuple[int, int] | None:
    """Return the start and the length of the headers, or ``None`` before they are known."""
    colon = received.find(b":", 0, len(str(limit)) + 1)
    digits = received[: len(str(limit)) + 1] if colon < 0 else received[:colon]
    if digits and not digits.isdigit():
        raise RemoteProtocolError("a netstring must begin with its length", reason="invalid_netstring", status_hint=400)
    if len(digits) > len(str(limit)) or (colon >= 0 and int(digits or b"0") > limit):
        raise RemoteProtocolError(
            f"the headers are longer than {limit} bytes", reason="header_section_too_large", status_hint=431
        )
    if colon == 0 or digits[:1] == b"0":
        raise RemoteProtocolError("a request must have headers", reason="invalid_netstring", status_hint=400)
    return None if colon < 0 else (colon + 1, int(digits))


def parse_headers(packed: bytes) -> dict[bytes, bytes]:
    """Return the headers by name; ``packed`` is each name and each value with a NUL after it."""
    parts = packed.split(b"\0")
    names, values = parts[0:-1:2], parts[1::2]
    headers = dict(zip(names, values, strict=False))
    in_pairs = parts[-1] == b"" and len(parts) % 2 == 1
    if not in_pairs or b"" in names or len(headers) < len(names) or not all(is_field_value(value) for value in values):
        raise RemoteProtocolError(
            "headers must be pairs of a unique name and a value, each with a NUL after it",
            reason="invalid_headers",
            status_hint=400,
        )
    if names[0] != b"CONTENT_LENGTH" or parse_content_length(values[0]) < 0 or headers.get(b"SCGI") != b"1":
        raise RemoteProtocolError(
            "the headers must begin with CONTENT_LENGTH, a number, and include SCGI with the value 1",
            reason="invalid_headers",
            status_hint=400,
        )
    return headers
