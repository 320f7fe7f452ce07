"""The common form of what drivers extract, so that contestants can be compared. Never timed."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from http2_suite.hpack_package import Decoder
from http2_suite.wire import ACK, DATA, END_STREAM, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS

FRAME_HEADER_SIZE = 9


def read(start: Sequence[Any], fields: Iterable[Sequence[bytes]], content: Iterable[bytes] = ()) -> dict[str, Any]:
    """Return a message that was read. The division of its content into events is left to the library.

    So is the order of fields with different names (RFC 9110 5.3): some libraries put the host or the cookies last.
    """
    in_order = sorted(map(tuple, fields), key=itemgetter(0))
    return {"start": list(start), "fields": in_order, "content": b"".join(content)}


def frames(output: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield type, flags, stream and payload of each frame that was written."""
    at = len(PREFACE) if output.startswith(PREFACE) else 0
    while at < len(output):
        length = int.from_bytes(output[at : at + 3])
        start = at + FRAME_HEADER_SIZE
        yield output[at + 3], output[at + 4], int.from_bytes(output[at + 5 : start]), output[start : start + length]
        at = start + length


def field_blocks(output: bytes) -> list[bytes]:
    """Return the field blocks that were written; none of the suite needs a CONTINUATION."""
    return [payload for kind, _, _, payload in frames(output) if kind == HEADERS]


def written(outputs: Iterable[bytes]) -> dict[str, Any]:
    """Return the last message of all that one connection wrote.

    The choices of a library are left out: representations of fields, the division into frames, the order of the
    pseudo-header fields.
    """
    decoder = Decoder()
    message: dict[str, Any] = {}
    latest = 0
    for kind, flags, stream_id, payload in frames(b"".join(outputs)):
        if kind == HEADERS:
            pairs = [(bytes(name), bytes(value)) for name, value in decoder.decode(payload, raw=True)]
            pseudo = sorted(pair for pair in pairs if pair[0].startswith(b":"))
            fields = [pair for pair in pairs if not pair[0].startswith(b":")]
            latest, message = stream_id, {"pseudo": pseudo, "fields": fields, "content": b"", "ended": False}
        if kind == RST_STREAM:
            message["reset"] = int.from_bytes(payload)
        if kind in (DATA, HEADERS):
            assert stream_id == latest
            message["content"] += payload if kind == DATA else b""
            message["ended"] = bool(flags & END_STREAM)
    return message


def acknowledged(outputs: Iterable[bytes]) -> list[Any]:
    """Return the acknowledgments: PING payloads, and SETTINGS."""
    found = frames(b"".join(outputs))
    return [(kind, payload) for kind, flags, _, payload in found if kind in (PING, SETTINGS) and flags & ACK]
