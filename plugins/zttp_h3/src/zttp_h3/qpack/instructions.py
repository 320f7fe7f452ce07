"""Instructions of the decoder stream, and the integers that they consist of (RFC 9204 4.4)."""

from librt.strings import BytesWriter

from zttp_h3.native_ints import i64, u8


def section_acknowledgment(stream_id: i64) -> bytes:
    """Return the Section Acknowledgment instruction of a stream (RFC 9204 4.4.1)."""
    return prefixed_integer(0x80, 0x7F, stream_id)


def stream_cancellation(stream_id: i64) -> bytes:
    """Return the Stream Cancellation instruction of a stream (RFC 9204 4.4.2)."""
    return prefixed_integer(0x40, 0x3F, stream_id)


def prefixed_integer(pattern: i64, prefix: i64, value: i64) -> bytes:
    """Return an integer after a pattern of bits (RFC 7541 5.1); ``prefix`` has the bits that it may use there."""
    writer = BytesWriter()
    if value < prefix:
        writer.append(u8(pattern | value))
        return writer.getvalue()
    writer.append(u8(pattern | prefix))
    rest = value - prefix
    while rest >= 0x80:
        writer.append(u8(0x80 | (rest & 0x7F)))
        rest >>= 7
    writer.append(u8(rest))
    return writer.getvalue()
