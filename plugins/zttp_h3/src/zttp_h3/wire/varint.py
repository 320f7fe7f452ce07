"""Variable-length integers (RFC 9000 16): two bits encode the number of octets, the others are the value."""

from typing import Final

from librt.strings import (
    BytesWriter,
    read_i16_be,
    read_i32_be,
    read_i64_be,
    write_i16_be,
    write_i32_be,
    write_i64_be,
)

from zttp_h3.native_ints import i16, i32, i64, u8

MAX_VARINT: Final = 0x3FFFFFFFFFFFFFFF


def read_varint(data: bytes, at: i64, stop: i64) -> tuple[i64, i64]:
    """Read the integer at ``at``: (value, position after it). The value is -1 if ``stop`` comes first.

    The caller handles an incomplete integer. ``0 <= at`` and ``stop <= len(data)``.
    """
    if at >= stop:
        return -1, at
    first: i64 = data[at]
    if first < 0x40:
        return first, at + 1
    if first < 0x80:
        if stop - at < 2:
            return -1, at
        return i64(read_i16_be(data, at)) & 0x3FFF, at + 2
    if first < 0xC0:
        if stop - at < 4:
            return -1, at
        return i64(read_i32_be(data, at)) & 0x3FFFFFFF, at + 4
    if stop - at < 8:
        return -1, at
    return read_i64_be(data, at) & 0x3FFFFFFFFFFFFFFF, at + 8


def write_varint(writer: BytesWriter, value: i64) -> None:
    """Write an integer in the fewest octets."""
    assert 0 <= value <= MAX_VARINT
    if value < 0x40:
        writer.append(u8(value))
    elif value < 0x4000:
        # Signed integers with the same bits: 0x4000 is set, the sign is not.
        write_i16_be(writer, i16(value | 0x4000))
    elif value < 0x40000000:
        write_i32_be(writer, i32(value - 0x80000000))
    else:
        write_i64_be(writer, value | -0x4000000000000000)


def write_varint_of_2(writer: BytesWriter, value: i64) -> None:
    """Write any integer in two octets, which are patched later (``patch_varint_of_2``)."""
    assert 0 <= value < 0x4000
    write_i16_be(writer, i16(value | 0x4000))


def patch_varint_of_2(writer: BytesWriter, at: i64, value: i64) -> None:
    """Replace an integer in two octets at ``at``."""
    assert 0 <= value < 0x4000
    writer[at] = u8(0x40 | (value >> 8))
    writer[at + 1] = u8(value & 0xFF)


def varint_size(value: i64) -> i64:
    """Return the number of octets of ``write_varint``."""
    if value < 0x40:
        return 1
    if value < 0x4000:
        return 2
    if value < 0x40000000:
        return 4
    return 8
