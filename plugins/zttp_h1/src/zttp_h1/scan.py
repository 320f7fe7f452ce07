"""Where a run of allowed bytes ends: eight bytes at a time, and a table for the rest.

A word of eight bytes is tested with a few additions and masks (SIMD within a register); what marks a hit is the high
bit of its byte. A borrow or carry can only blur bytes behind the first hit, so the first hit is exact; where hits are
taken back, the test is one without carries. Constants above 2**62 are derived from smaller ones, which mypyc keeps
unboxed.
"""

from typing import Final

from librt.strings import read_i64_le

from zttp_core.grammar import HOST_TABLE, TARGET_TABLE, TOKEN_TABLE, VALUE_TABLE
from zttp_h1.native_ints import i64

_TOKEN: Final[bytes] = TOKEN_TABLE
_HOST: Final[bytes] = HOST_TABLE
_TARGET: Final[bytes] = TARGET_TABLE
_VALUE: Final[bytes] = VALUE_TABLE

_ONES: Final[i64] = 0x0101010101010101


def first_hit(hits: i64) -> i64:
    """Return which byte of the word, counted from the first in memory, is the first with its high bit set."""
    ones = _ONES
    lowest = hits & -hits
    return (((((lowest - 1) & ones) * ones) >> 56) & 255) - 1


def scan_token(raw: bytes, at: i64, end: i64) -> i64:
    """Return where the token that starts at ``at`` ends (RFC 9110 5.6.2)."""
    table = _TOKEN
    ones = _ONES
    high = (ones << 5) << 2
    low7 = high - ones
    while at + 8 <= end:
        word = read_i64_le(raw, at)
        # Letters and "-" by word; any other token character goes through the table.
        lower = word | (ones << 5)
        hits = ((lower - 0x61 * ones) | (lower + 5 * ones) | word) & high
        dash = word ^ (0x2D * ones)
        hits &= ((dash & low7) + low7) | dash
        if hits == 0:
            at += 8
            continue
        at += first_hit(hits)
        if table[raw[at]] == 0:
            return at
        at += 1
    while at < end and table[raw[at]] != 0:
        at += 1
    return at


def scan_host(raw: bytes, at: i64, end: i64) -> i64:
    """Return where the run of reg-name bytes, without percent-encoding, that starts at ``at`` ends (RFC 3986 3.2.2)."""
    table = _HOST
    ones = _ONES
    high = (ones << 5) << 2
    low7 = high - ones
    while at + 8 <= end:
        word = read_i64_le(raw, at)
        # Letters, digits, "-" and "." by word: a hit is no letter and not between "-" and "9", or is "/".
        lower = word | (ones << 5)
        slash = word ^ (0x2F * ones)
        hits = ((lower - 0x61 * ones) | (lower + 5 * ones)) & ((word - 0x2D * ones) | (word + 0x46 * ones))
        hits = (hits | word | ~(((slash & low7) + low7) | slash | low7)) & high
        if hits == 0:
            at += 8
            continue
        at += first_hit(hits)
        if table[raw[at]] == 0:
            return at
        at += 1
    while at < end and table[raw[at]] != 0:
        at += 1
    return at


def scan_target(raw: bytes, at: i64, end: i64) -> i64:
    """Return where the run of request target bytes that starts at ``at`` ends (RFC 9112 3.2)."""
    table = _TARGET
    ones = _ONES
    high = (ones << 5) << 2
    while at + 8 <= end:
        word = read_i64_le(raw, at)
        fragment = word ^ (0x23 * ones)
        hits = (((word - 0x21 * ones) & ~word) | (word + ones) | word | ((fragment - ones) & ~fragment)) & high
        if hits != 0:
            return at + first_hit(hits)
        at += 8
    while at < end and table[raw[at]] != 0:
        at += 1
    return at


def scan_value(raw: bytes, at: i64, end: i64) -> i64:
    """Return where the first byte lies, from ``at`` on, that a field value must not hold (RFC 9110 5.5)."""
    table = _VALUE
    ones = _ONES
    high = (ones << 5) << 2
    while at + 8 <= end:
        word = read_i64_le(raw, at)
        delete = word ^ (0x7F * ones)
        hits = (((word - (ones << 5)) & ~word) | ((delete - ones) & ~delete)) & high
        if hits == 0:
            at += 8
            continue
        at += first_hit(hits)
        if table[raw[at]] == 0:
            return at
        at += 1  # HTAB
    while at < end and table[raw[at]] != 0:
        at += 1
    return at
