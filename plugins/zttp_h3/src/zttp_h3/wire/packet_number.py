"""Packet numbers: as many of their low octets as the receiver needs (RFC 9000 17.1, A.2, A.3)."""

from typing import Final

from librt.strings import BytesWriter, write_i16_be, write_i32_be

from zttp_h3.native_ints import i16, i32, i64, u8

MAX_PACKET_NUMBER: Final = 0x3FFFFFFFFFFFFFFF  # RFC 9000 12.3


def packet_number_length(packet_number: i64, largest_acknowledged: i64) -> i64:
    """Return the fewest octets that are unambiguous; ``largest_acknowledged`` is -1 before the first acknowledgment.

    RFC 9000 17.1: more than twice the numbers in flight, this one included. No congestion window holds 2^31 packets.
    """
    unacknowledged = packet_number - largest_acknowledged
    if unacknowledged <= 0x80:
        return 1
    if unacknowledged <= 0x8000:
        return 2
    if unacknowledged <= 0x800000:
        return 3
    assert unacknowledged <= 0x80000000
    return 4


def decode_packet_number(largest: i64, truncated: i64, length: i64) -> i64:
    """Return the number closest to the next expected one that ends in these octets (RFC 9000 A.3).

    ``largest`` is the largest one processed in this packet number space, -1 if there is none.
    """
    # No shift by a variable: a small constant would be shifted as a C int.
    window: i64 = 0x100
    if length == 2:
        window = 0x10000
    elif length == 3:
        window = 0x1000000
    elif length == 4:
        window = 0x100000000
    half = window >> 1
    expected = largest + 1
    candidate = (expected & -window) | truncated
    if candidate <= expected - half and candidate <= MAX_PACKET_NUMBER - window:
        return candidate + window
    if candidate > expected + half and candidate >= window:
        return candidate - window
    return candidate


def write_packet_number(writer: BytesWriter, packet_number: i64, length: i64) -> None:
    """Write the low octets of a packet number."""
    if length == 1:
        writer.append(u8(packet_number & 0xFF))
    elif length == 2:
        write_i16_be(writer, _signed_16(packet_number & 0xFFFF))
    elif length == 3:
        writer.append(u8((packet_number >> 16) & 0xFF))
        write_i16_be(writer, _signed_16(packet_number & 0xFFFF))
    else:
        low = packet_number & 0xFFFFFFFF
        write_i32_be(writer, i32(low - 0x100000000 if low > 0x7FFFFFFF else low))


def _signed_16(value: i64) -> i16:
    return i16(value - 0x10000 if value > 0x7FFF else value)
