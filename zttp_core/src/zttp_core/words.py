"""Scanning eight bytes at a time: a word is eight bytes of a message, the first of them lowest.

A byte of a word that equals the searched one has its high bit set in the "hits". A borrow can only blur bytes
after the first hit, so the first is exact. Nothing is read beyond the end, whatever the bytes are.
"""

from typing import Final

from librt.strings import read_i64_le

from zttp_core.native_ints import i64

_ONES: Final[i64] = 0x0101010101010101


def hits(word: i64, byte: i64) -> i64:
    """Return zero if ``byte`` is not in ``word``, otherwise a word whose ``first_hit`` is its position."""
    ones = _ONES
    difference = word ^ (byte * ones)
    return (difference - ones) & ~difference & ((ones << 5) << 2)


def first_hit(found: i64) -> i64:
    """Return the index of the first hit among the eight bytes."""
    ones = _ONES
    lowest = found & -found
    return (((((lowest - 1) & ones) * ones) >> 56) & 255) - 1


def find_byte(raw: bytes, at: i64, end: i64, byte: i64) -> i64:
    """Return the position of ``byte`` from ``at`` on, or ``end``."""
    while at + 8 <= end:
        found = hits(read_i64_le(raw, at), byte)
        if found != 0:
            return at + first_hit(found)
        at += 8
    while at < end and raw[at] != byte:
        at += 1
    return min(end, at)


def lower_word(word: i64) -> i64:
    """Return the word with A-Z in lower case."""
    ones = _ONES
    high = (ones << 5) << 2
    low = word & (high - ones)
    upper = (low + 0x3F * ones) & ~(low + 0x25 * ones) & ~word & high
    return word | ((upper >> 2) & (ones << 5))
