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
    while at < end and section[at] != _CR:
        colon = _find(section, at, end, _COLON)
        line_end = _find(section, colon, end, _CR)
        number = known_name(section, at, colon - at)
        name = section[at:colon] if number < 0 else NAMES[number]
        pairs.append((name, _value(section, colon + 1, line_end)))
        at = line_end + 2
    return pairs


def split_lower(section: bytes, at: i64) -> list[tuple[bytes, bytes]]:
    """The same with names in lower case."""
    pairs: list[tuple[bytes, bytes]] = []
    end: i64 = len(section)
    while at < end and section[at] != _CR:
        colon = _find(section, at, end, _COLON)
        line_end = _find(section, colon, end, _CR)
        number = known_name(section, at, colon - at)
        name = section[at:colon].translate(LOWER) if number < 0 else LOWER_NAMES[number]
        pairs.append((name, _value(section, colon + 1, line_end)))
        at = line_end + 2
    return pairs


def _find(section: bytes, at: i64, end: i64, byte: i64) -> i64:
    """Return where ``byte`` is, from ``at`` on, or ``end``."""
    ones = _ONES
    high = (ones << 5) << 2
    wanted = byte * ones
    while at + 8 <= end:
        word = read_i64_le(section, at) ^ wanted
        hits = (word - ones) & ~word & high
        if hits != 0:
            lowest = hits & -hits
            return at + (((((lowest - 1) & ones) * ones) >> 56) & 255) - 1
        at += 8
    while at < end and section[at] != byte:
        at += 1
    return at


def _value(section: bytes, start: i64, end: i64) -> bytes:
    # RFC 9112 5.1: white space around the value is not part of it.
    while start < end and (section[start] == 32 or section[start] == 9):
        start += 1
    while start < end and (section[end - 1] == 32 or section[end - 1] == 9):
        end -= 1
    return section[start:end]
