"""Taking a valid header section apart again (RFC 9112 5): bytes in, pairs of bytes out.

The section was validated when it was parsed, so only colons and line ends are looked for, eight bytes at a time.
Nothing is read beyond the section, valid or not.
"""

from typing import Final

from librt.strings import read_i64_le

from zttp_core.field_names import LOWER, LOWER_NAMES, NAMES, known_name
from zttp_core.native_ints import i64

_ONES: Final[i64] = 0x0101010101010101
_COLON: Final = 0x3A
_CR: Final = 0x0D


def split(section: bytes, at: i64) -> list[tuple[bytes, bytes]]:
    """Return ``(name, value)`` of every field line from ``at`` to the empty line."""
    pairs: list[tuple[bytes, bytes]] = []
    end: i64 = len(section)
    ones = _ONES
    high = (ones << 5) << 2
    colons = _COLON * ones
    while at + 8 <= end and section[at] != _CR:
        # Most names end within their first word, which is also what they are looked up by.
        word = read_i64_le(section, at)
        hits = word ^ colons
        hits = (hits - ones) & ~hits & high
        colon = at + _first(hits) if hits != 0 else _find(section, at + 8, end, _COLON)
        value = colon + 1
        line_end = _find(section, value, end, _CR)
        number = known_name(section, at, colon - at, word)
        name = section[at:colon] if number < 0 else NAMES[number]
        # RFC 9112 5.1: white space around the value is not part of it.
        while value < line_end and (section[value] == 32 or section[value] == 9):
            value += 1
        stop = line_end
        while stop > value and (section[stop - 1] == 32 or section[stop - 1] == 9):
            stop -= 1
        pairs.append((name, section[value:stop]))
        at = line_end + 2
    if at < end and section[at] != _CR:
        pairs.extend(_split_short(section, at, end, False))
    return pairs


def split_lower(section: bytes, at: i64) -> list[tuple[bytes, bytes]]:
    """The same with names in lower case."""
    pairs: list[tuple[bytes, bytes]] = []
    end: i64 = len(section)
    ones = _ONES
    high = (ones << 5) << 2
    colons = _COLON * ones
    while at + 8 <= end and section[at] != _CR:
        # Most names end within their first word, which is also what they are looked up by.
        word = read_i64_le(section, at)
        hits = word ^ colons
        hits = (hits - ones) & ~hits & high
        colon = at + _first(hits) if hits != 0 else _find(section, at + 8, end, _COLON)
        value = colon + 1
        line_end = _find(section, value, end, _CR)
        number = known_name(section, at, colon - at, word)
        name = section[at:colon].translate(LOWER) if number < 0 else LOWER_NAMES[number]
        # RFC 9112 5.1: white space around the value is not part of it.
        while value < line_end and (section[value] == 32 or section[value] == 9):
            value += 1
        stop = line_end
        while stop > value and (section[stop - 1] == 32 or section[stop - 1] == 9):
            stop -= 1
        pairs.append((name, section[value:stop]))
        at = line_end + 2
    if at < end and section[at] != _CR:
        pairs.extend(_split_short(section, at, end, True))
    return pairs


def _split_short(section: bytes, at: i64, end: i64, lower: bool) -> list[tuple[bytes, bytes]]:
    """The same for a last line of a few bytes."""
    line_end = _find(section, at, end, _CR)
    colon = _find(section, at, line_end, _COLON)
    name = section[at:colon]
    return [(name.translate(LOWER) if lower else name, section[colon + 1 : line_end].strip(b" \t"))]


def _first(hits: i64) -> i64:
    ones = _ONES
    lowest = hits & -hits
    return (((((lowest - 1) & ones) * ones) >> 56) & 255) - 1


def _find(section: bytes, at: i64, end: i64, byte: i64) -> i64:
    """Return where ``byte`` is, from ``at`` on, or ``end``."""
    ones = _ONES
    high = (ones << 5) << 2
    wanted = byte * ones
    while at + 8 <= end:
        word = read_i64_le(section, at) ^ wanted
        hits = (word - ones) & ~word & high
        if hits != 0:
            return at + _first(hits)
        at += 8
    while at < end and section[at] != byte:
        at += 1
    return min(end, at)
