"""The common form of what drivers extract, so that contestants can be compared. Never timed."""

from collections.abc import Iterable, Sequence
from typing import Any

Pairs = Iterable[Sequence[bytes]]


def read(start: Sequence[Any], fields: Pairs, content: Iterable[bytes], trailers: Pairs = ()) -> dict[str, Any]:
    """Return a message that was read. The division of its content into events is left to the library."""
    return {
        "start": list(start),
        "fields": [tuple(field) for field in fields],
        "content": b"".join(content),
        "trailers": [tuple(field) for field in trailers],
    }


def written(output: bytes) -> dict[str, Any]:
    """Return a message that was written, without a library's choices: the case of names, the division in chunks."""
    head, _, content = output.partition(b"\r\n\r\n")
    start_line, *lines = head.split(b"\r\n")
    fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    if (b"transfer-encoding", b"chunked") in fields:
        content = dechunked(content)
    return {"start": start_line, "fields": fields, "content": content}


def dechunked(coded: bytes) -> bytes:
    """Decode a complete chunked content without extensions or trailers (RFC 9112 7.1.3)."""
    parts: list[bytes] = []
    while True:
        size, _, rest = coded.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return b"".join(parts)
        parts.append(rest[:length])
        coded = rest[length + 2 :]
