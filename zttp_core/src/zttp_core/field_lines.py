"""Taking a valid header section apart again (RFC 9112 5): bytes in, pairs of bytes out.

The section was validated when it was parsed, so only colons and line ends are looked for, eight bytes at a time: a byte
of a word that equals the one that is looked for has its high bit set in the "hits". A borrow can only blur bytes behind
the first hit, so the first is exact. Nothing is read beyond the section, valid or not.
"""

from typing import Final, cast

from librt.strings import BytesWriter, read_i64_le, write_i64_le

from zttp_core.field_names import FIELD_NAMES, LOWER, LOWER_NAMES, NAMES
from zttp_core.native_ints import i64
from zttp_core.usual_fields import FIELD_VALUES, FIELDS, HAS_USUAL, LOWER_FIELDS

_ONES: Final[i64] = 0x0101010101010101
_COLON: Final = 0x3A
_CR: Final = 0x0D


def split(section: bytes, at: i64, lower: bool) -> list[tuple[bytes, bytes]]:
    """Return ``(name, value)`` of every field line from ``at`` to the empty line, the names ``lower``-cased or not."""
    pairs: list[object] = []
    scratch: BytesWriter | None = None
    end: i64 = len(section)
    while at + 8 <= end:
        word = read_i64_le(section, at)
        if word & 255 == _CR:
            return cast("list[tuple[bytes, bytes]]", pairs)
        hits = _hits(word, _COLON)
        colon = at + _first(hits) if hits != 0 else _find(section, at + 8, end, _COLON)
        value = colon + 1
        line_end = value
        hits = 0
        while line_end + 8 <= end:
            hits = _hits(read_i64_le(section, line_end), _CR)
            if hits != 0:
                line_end += _first(hits)
                break
            line_end += 8
        if hits == 0:
            line_end = _find(section, line_end, end, _CR)
        next_line = line_end + 2
        # RFC 9112 5.1: white space around the value is not part of it. No other byte up to 32 stands in a value.
        while value < line_end and section[value] <= 32:
            value += 1
        while line_end > value and section[line_end - 1] <= 32:
            line_end -= 1
        number = FIELD_NAMES.find(section, at, colon - at, 0)
        if number >= 0:
            if HAS_USUAL[number] and value + 8 <= end:
                field = FIELD_VALUES.find(section, value, line_end - value, number)
                if field >= 0:
                    pairs.append(LOWER_FIELDS[field] if lower else FIELDS[field])
                    at = next_line
                    continue
            name = LOWER_NAMES[number] if lower else NAMES[number]
            pairs.append((name, section[value:line_end]))
        elif lower:
            if scratch is None:
                scratch = BytesWriter()
            pairs.append((_lower_name(section, at, colon, scratch), section[value:line_end]))
        else:
            pairs.append((section[at:colon], section[value:line_end]))
        at = next_line
    if at < end and section[at] != _CR:
        pairs.append(_split_short(section, at, end, lower))
    return cast("list[tuple[bytes, bytes]]", pairs)


def _split_short(section: bytes, at: i64, end: i64, lower: bool) -> tuple[bytes, bytes]:
    """Return the pair of a last line that starts less than a word before the end."""
    line_end = _find(section, at, end, _CR)
    colon = _find(section, at, line_end, _COLON)
    name = section[at:colon]
    return (name.translate(LOWER) if lower else name, section[colon + 1 : line_end].strip(b" \t"))


def _lower_name(section: bytes, at: i64, colon: i64, scratch: BytesWriter) -> bytes:
    """Return ``section[at:colon]`` with A-Z in lower case: one object, where a slice and translate() make two."""
    length = colon - at
    if at + ((length + 7) & ~7) > len(section):
        return section[at:colon].translate(LOWER)
    scratch.truncate(0)
    while at < colon:
        write_i64_le(scratch, _lower_word(read_i64_le(section, at)))
        at += 8
    scratch.truncate(length)
    return scratch.getvalue()


def _lower_word(word: i64) -> i64:
    ones = _ONES
    high = (ones << 5) << 2
    low = word & (high - ones)
    upper = (low + 0x3F * ones) & ~(low + 0x25 * ones) & ~word & high
    return word | ((upper >> 2) & (ones << 5))


def _hits(word: i64, byte: i64) -> i64:
    ones = _ONES
    difference = word ^ (byte * ones)
    return (difference - ones) & ~difference & ((ones << 5) << 2)


def _first(hits: i64) -> i64:
    ones = _ONES
    lowest = hits & -hits
    return (((((lowest - 1) & ones) * ones) >> 56) & 255) - 1


def _find(section: bytes, at: i64, end: i64, byte: i64) -> i64:
    """Return where ``byte`` is, from ``at`` on, or ``end``."""
    while at + 8 <= end:
        hits = _hits(read_i64_le(section, at), byte)
        if hits != 0:
            return at + _first(hits)
        at += 8
    while at < end and section[at] != byte:
        at += 1
    return min(end, at)
