"""The head of a message: a line. Pure: bytes in, values out.

A request is ``PUT /path 5``, where 5 is the length of the content after it; a response is ``200``, and its content ends
with the connection. Lines end with CR LF.
"""

from typing import Final

from librt.strings import BytesWriter

from zttp_core.errors import RemoteProtocolError
from zttp_core.messages import is_request_target, is_token, parse_content_length

END: Final = b"\r\n"


def parse_request(line: bytes) -> tuple[bytes, bytes, int]:
    """Return method, target and length of the content."""
    parts = line.split(b" ")
    if len(parts) == 3:
        method, target, digits = parts
        length: int = parse_content_length(digits)
        if is_token(method) and is_request_target(target) and length >= 0:
            return method, target, length
    raise RemoteProtocolError(
        f"a request must be a method, a target and a length: {line[:60]!r}", reason="invalid_line", status_hint=400
    )


def write_response(status: int, writer: BytesWriter) -> None:
    """Write the head of a response. Compiled code appends to a BytesWriter without making objects."""
    writer.write(b"%d" % status)
    writer.write(END)
