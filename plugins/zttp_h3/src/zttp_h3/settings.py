"""SETTINGS of HTTP/3, sent once by each side (RFC 9114 7.2.4, RFC 9204 5, RFC 9220 3, RFC 9297 2.1.1)."""

from typing import Final

from librt.strings import BytesWriter

from zttp_h3.codes import H3ErrorCode
from zttp_h3.limits import H3Limits
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.wire.varint import read_varint, write_varint

QPACK_MAX_TABLE_CAPACITY: Final = 0x01
MAX_FIELD_SECTION_SIZE: Final = 0x06
QPACK_BLOCKED_STREAMS: Final = 0x07
ENABLE_CONNECT_PROTOCOL: Final = 0x08
H3_DATAGRAM: Final = 0x33

# RFC 9114 7.2.4.1: settings of HTTP/2 that must not be sent.
_RESERVED: Final = frozenset((0x02, 0x03, 0x04, 0x05))
_FLAGS: Final = (ENABLE_CONNECT_PROTOCOL, H3_DATAGRAM)
KNOWN: Final = frozenset((QPACK_MAX_TABLE_CAPACITY, MAX_FIELD_SECTION_SIZE, QPACK_BLOCKED_STREAMS, *_FLAGS))
_MOST_SETTINGS: Final = 64


def announced(limits: H3Limits, connect_protocol: bool, datagrams: bool) -> list[tuple[int, int]]:
    """Return the settings that an endpoint announces: those that differ from their defaults."""
    settings = [(MAX_FIELD_SECTION_SIZE, int(limits.max_header_list_size))]
    if limits.header_table_size > 0:
        settings.append((QPACK_MAX_TABLE_CAPACITY, int(limits.header_table_size)))
        settings.append((QPACK_BLOCKED_STREAMS, int(limits.max_blocked_streams)))
    if connect_protocol:
        settings.append((ENABLE_CONNECT_PROTOCOL, 1))
    if datagrams:
        settings.append((H3_DATAGRAM, 1))
    return settings


def check_not_reduced(settings: dict[int, int], before: dict[int, int]) -> None:
    """Check that early data sent under earlier settings is within the current ones (RFC 9114 7.2.4.2).

    Raises Malformed.
    """
    capacity = before.get(QPACK_MAX_TABLE_CAPACITY, 0)
    # RFC 9204 3.2.3 MUST.
    if capacity and settings.get(QPACK_MAX_TABLE_CAPACITY, 0) != capacity:
        raise Malformed("remembered_setting_reduced", H3ErrorCode.QPACK_DECODER_STREAM_ERROR)
    reduced = any(settings.get(name, 0) < before.get(name, 0) for name in (QPACK_BLOCKED_STREAMS, *_FLAGS))
    # Without the setting sections are not limited; but a limit that was sent once must be sent again.
    size = settings.get(MAX_FIELD_SECTION_SIZE)
    size_before = before.get(MAX_FIELD_SECTION_SIZE)
    if size != size_before and (size is None or size_before is None or size < size_before):
        reduced = True
    if reduced:
        raise Malformed("remembered_setting_reduced", H3ErrorCode.H3_SETTINGS_ERROR)


def read_settings(payload: bytes) -> dict[int, int]:
    """Read the payload of a SETTINGS frame. Raises Malformed."""
    settings: dict[int, int] = {}
    at: i64 = 0
    size: i64 = len(payload)
    while at < size:
        identifier, at = read_varint(payload, at, size)
        value, at = read_varint(payload, at, size)
        if value < 0:
            raise Malformed("truncated_settings", H3ErrorCode.H3_FRAME_ERROR)
        if identifier in _RESERVED or identifier in settings:
            raise Malformed("invalid_h3_setting", H3ErrorCode.H3_SETTINGS_ERROR)
        # RFC 9220 3, RFC 9297 2.1.1: these are 0 or 1.
        if identifier in _FLAGS and value > 1:
            raise Malformed("invalid_h3_setting", H3ErrorCode.H3_SETTINGS_ERROR)
        settings[int(identifier)] = int(value)
        if len(settings) > _MOST_SETTINGS:
            raise Malformed("too_many_settings", H3ErrorCode.H3_EXCESSIVE_LOAD)
    return settings


def write_settings(settings: list[tuple[int, int]]) -> bytes:
    """Return the payload of a SETTINGS frame."""
    writer = BytesWriter()
    for identifier, value in settings:
        write_varint(writer, identifier)
        write_varint(writer, value)
    return writer.getvalue()
