"""Prefix integers, RFC 7541 5.1.

``prefix_max`` is 2^N - 1 for a prefix of N bits: the largest value of the prefix, which announces continuation octets.
"""

from typing import Final

from librt.strings import BytesWriter

from zttp_h2.native_ints import i64, u8

# RFC 7541 5.1 leaves the limits to us. A SETTINGS value has 32 bits, so no integer needs more, and five octets of seven
# bits hold that much: longer encodings, padded with zeros or not, are refused.
MAX_INTEGER: Final = 0xFFFFFFFF
_MAX_SHIFT: Final = 28


def decode_integer(block: bytes, at: i64, end: i64, prefix_max: i64) -> tuple[i64, i64]:
    """Decode the continuation octets from ``at`` on, after a full prefix: (value, position after it).

    The value is -1 if the block ends first and -2 if the integer is too large or too long.
    """
    value = prefix_max
    shift: i64 = 0
    while at < end:
        octet: i64 = block[at]
        at += 1
        value += (octet & 127) << shift
        if octet < 128:
            if value > MAX_INTEGER:
                return -2, at
            return value, at
        if shift == _MAX_SHIFT:
            return -2, at
        shift += 7
    return -1, at


def encode_integer(writer: BytesWriter, value: i64, pattern: i64, prefix_max: i64) -> None:
    """Write ``value`` after the bits of ``pattern``, which are the kind of representation."""
    if value < prefix_max:
        writer.append(u8(pattern | value))
        return
    writer.append(u8(pattern | prefix_max))
    value -= prefix_max
    while value >= 128:
        writer.append(u8(128 | (value & 127)))
        value >>= 7
    writer.append(u8(value))


def write_index(writer: BytesWriter, index: i64) -> None:
    """Write an indexed field (RFC 7541 6.1)."""
    if index < 127:
        writer.append(u8(128 | index))
    else:
        encode_integer(writer, index, 128, 127)
