"""Versions of QUIC, and the long header of each (RFC 8999, RFC 9000 15, RFC 9369)."""

from typing import Final

from zttp_h3.native_ints import i64

NEGOTIATION: Final = 0  # the version field of a Version Negotiation packet
VERSION_1: Final = 0x00000001
VERSION_2: Final = 0x6B3343CF

# The four types of RFC 9000 17.2 in the order of their bits in version 1. RFC 9369 3.2 moves each up by one.
INITIAL: Final = 0
ZERO_RTT: Final = 1
HANDSHAKE: Final = 2
RETRY: Final = 3


def is_known(version: i64) -> bool:
    """Return whether this package can read long headers of this version."""
    return version == VERSION_1 or version == VERSION_2


def reserved_but(version: i64) -> int:
    """Return a reserved version, 0x?a?a?a?a, other than this one, to offer without supporting it (RFC 9000 15)."""
    return 0x2A3A4A5A if version == 0x1A2A3A4A else 0x1A2A3A4A


def type_of(version: i64, first: i64) -> i64:
    """Return the type in the first octet of a long header."""
    bits = (first >> 4) & 3
    return (bits + 3) & 3 if version == VERSION_2 else bits


def type_bits(version: i64, packet_type: i64) -> i64:
    """Return the bits of a type in the first octet."""
    bits = (packet_type + 1) & 3 if version == VERSION_2 else packet_type
    return bits << 4
