"""Frames of HTTP/3 (RFC 9114 7, RFC 9218 7.2): type, length, payload."""

from typing import Final

from librt.strings import BytesWriter

from zttp_h3.native_ints import i64
from zttp_h3.wire.varint import read_varint, write_varint

DATA: Final = 0x00
HEADERS: Final = 0x01
CANCEL_PUSH: Final = 0x03
SETTINGS: Final = 0x04
PUSH_PROMISE: Final = 0x05
GOAWAY: Final = 0x07
MAX_PUSH_ID: Final = 0x0D
PRIORITY_UPDATE_REQUEST: Final = 0xF0700
PRIORITY_UPDATE_PUSH: Final = 0xF0701

# RFC 9114 7.2.8: types of HTTP/2 that must not appear.
RESERVED: Final = frozenset((0x02, 0x06, 0x08, 0x09))

# Stream types (RFC 9114 6.2, RFC 9204 4.2).
CONTROL_STREAM: Final = 0x00
PUSH_STREAM: Final = 0x01
ENCODER_STREAM: Final = 0x02
DECODER_STREAM: Final = 0x03


def read_frame_header(data: bytes, at: i64) -> tuple[i64, i64, i64]:
    """Read a frame's type and length: (type, length, position after them); the type is -1 if they are incomplete."""
    size: i64 = len(data)
    kind, after = read_varint(data, at, size)
    if kind < 0:
        return -1, 0, at
    length, after = read_varint(data, after, size)
    if length < 0:
        return -1, 0, at
    return kind, length, after


def frame(kind: i64, payload: bytes) -> bytes:
    """Return a complete frame."""
    writer = BytesWriter()
    write_varint(writer, kind)
    write_varint(writer, len(payload))
    writer.write(payload)
    return writer.getvalue()


def frame_header(kind: i64, length: i64) -> bytes:
    """Return the header before a payload."""
    writer = BytesWriter()
    write_varint(writer, kind)
    write_varint(writer, length)
    return writer.getvalue()
