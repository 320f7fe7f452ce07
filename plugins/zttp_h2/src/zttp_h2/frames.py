"""The frame types and flags of RFC 9113 6 and RFC 9218 7.1, and the required lengths."""

from typing import Final

from librt.strings import BytesWriter

from zttp_h2.native_ints import i64, u8

HEADER_SIZE: Final = 9  # RFC 9113 4.1

DATA: Final = 0x0
HEADERS: Final = 0x1
PRIORITY: Final = 0x2
RST_STREAM: Final = 0x3
SETTINGS: Final = 0x4
PUSH_PROMISE: Final = 0x5
PING: Final = 0x6
GOAWAY: Final = 0x7
WINDOW_UPDATE: Final = 0x8
CONTINUATION: Final = 0x9
PRIORITY_UPDATE: Final = 0x10

ACK: Final = 0x1
END_STREAM: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
HAS_PRIORITY: Final = 0x20

MAX_STREAM_ID: Final = 0x7FFFFFFF
MAX_WINDOW: Final = 0x7FFFFFFF  # RFC 9113 6.9.1
DEFAULT_WINDOW: Final = 65535  # RFC 9113 6.9.2
MIN_MAX_FRAME_SIZE: Final = 16384  # RFC 9113 4.2
MAX_MAX_FRAME_SIZE: Final = 16777215

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113 3.4


def write_u32(buffer: BytesWriter, value: i64) -> None:
    """Write 32 bits that may have the highest set."""
    buffer.append(u8((value >> 24) & 255))
    buffer.append(u8((value >> 16) & 255))
    buffer.append(u8((value >> 8) & 255))
    buffer.append(u8(value & 255))
