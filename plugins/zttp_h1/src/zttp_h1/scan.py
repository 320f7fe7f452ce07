"""Finding the end of a run of allowed bytes: eight bytes at a time, and a table for the rest.

A word of eight bytes is tested with a few additions and masks (SIMD within a register); the high bit of a byte marks a
hit. A borrow or carry can only blur bytes after the first hit, so the first hit is exact; if hits are removed again,
the test has no carries. Constants above 2**62 are derived from smaller ones, which mypyc keeps unboxed.
"""

from typing import Final

from librt.strings import read_i64_le

from zttp_core.messages.grammar import HOST_TABLE, TARGET_TABLE, TOKEN_TABLE, VALUE_TABLE
from zttp_h1.native_ints import i64

_TOKEN: Final[bytes] = TOKEN_TABLE
_HOST: Final[bytes] = HOST_TABLE
_TARGET: Final[bytes] = TARGET_TABLE
_VALUE: Final[bytes] = VALUE_TABLE

_ONES: Final[i64] = 0x0101010101010101


def first_hit(hits: i64) -> i64:
    """Return the index in memory of the first byte of the word with its high bit set."""
    ones = _ONES
    lowest = hits & -hits
    return (((((lowest - 1) & ones) * ones) >> 56) & 255) - 1


def token_hits(word: i64) -> i64:
    """Mark the bytes that are not a letter, digit or "-". The additions have no carries, so every mark is exact."""
    ones = _ONES
    high = (ones << 5) << 2
    low7 = high - ones
    low = word & low7
    lower = low | (ones << 5)
    letters = (lower + 0x1F * ones) & ~(lower + 5 * ones)
    digits = (low + 0x50 * ones) & ~(low + 0x46 * ones)
    not_dash = (low ^ (0x2D * ones)) + low7
    return (word | (not_dash & ~(letters | digits))) & high


def scan_token(raw: bytes, at: i64, end: i64) -> i64:
    """Return the end of the token that starts at ``at`` (RFC 9110 5.6.2)."""
    while at + 8 <= end:
        hits = token_hits(read_i64_le(raw, at))
        if hits == 0:
            at += 8
            continue
        at += first_hit(hits)
        if _TOKEN[raw[at]] == 0:
            return at
        at += 1
    while at < end and _TOKEN[raw[at]] != 0:
        at += 1
    return at


def scan_host(raw: bytes, at: i64, end: i64) -> i64:
    """Return the end of the run of reg-name bytes, without percent-encoding, that starts at ``at`` (RFC 3986 3.2.2)."""
    table = _HOST
    ones = _ONES
    high = (ones << 5) << 2
    low7 = high - ones
    while at + 8 <= end:
        word = read_i64_le(raw, at)
        # Letters, digits, "-" and "." by word: a hit is neither a letter nor between "-" and "9", or it is "/".
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


def target_hits(word: i64) -> i64:
    """Mark bytes that are not visible ASCII, and "#". The first mark is exact."""
    ones = _ONES
    fragment = word ^ (0x23 * ones)
    hits = ((word - 0x21 * ones) & ~word) | (word + ones) | word | ((fragment - ones) & ~fragment)
    return hits & ((ones << 5) << 2)


def scan_target(raw: bytes, at: i64, end: i64) -> i64:
    """Return the end of the run of request target bytes that starts at ``at`` (RFC 9112 3.2)."""
    while at + 8 <= end:
        hits = target_hits(read_i64_le(raw, at))
        if hits != 0:
            return at + first_hit(hits)
        at += 8
    while at < end and _TARGET[raw[at]] != 0:
        at += 1
    return at


def value_hits(word: i64) -> i64:
    """Mark control characters, including HTAB. The first mark is exact."""
    ones = _ONES
    delete = word ^ (0x7F * ones)
    return (((word - (ones << 5)) & ~word) | ((delete - ones) & ~delete)) & ((ones << 5) << 2)


def scan_value(raw: bytes, at: i64, end: i64) -> i64:
    """Return the position of the first byte, from ``at`` on, that a field value must not hold (RFC 9110 5.5)."""
    while at + 8 <= end:
        hits = value_hits(read_i64_le(raw, at))
        if hits == 0:
            at += 8
            continue
        at += first_hit(hits)
        if raw[at] != 9:
            return at
        at += 1
    while at < end and _VALUE[raw[at]] != 0:
        at += 1
    return at
