"""Splitting a valid header section into fields (RFC 9112 5): bytes in, pairs of bytes out.

The section was validated when it was parsed, so the loop only searches for colons and line ends, eight bytes at a time.
Nothing is read beyond the section, valid or not.
"""

from typing import Final, cast

from librt.strings import BytesWriter, read_i64_le, write_i64_le

from zttp_core.field_names import FIELD_NAMES, LOWER, LOWER_NAMES, NAMES
from zttp_core.native_ints import i64
from zttp_core.usual_fields import FIELD_VALUES, FIELDS, HAS_USUAL, LOWER_FIELDS
from zttp_core.words import find_byte, first_hit, hits, lower_word

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
        found = hits(word, _COLON)
        colon = at + first_hit(found) if found != 0 else find_byte(section, at + 8, end, _COLON)
        value = colon + 1
        line_end = value
        found = 0
        while line_end + 8 <= end:
            found = hits(read_i64_le(section, line_end), _CR)
            if found != 0:
                line_end += first_hit(found)
                break
            line_end += 8
        if found == 0:
            line_end = find_byte(section, line_end, end, _CR)
        next_line = line_end + 2
        # RFC 9112 5.1: white space around the value is not part of it. A value has no other byte up to 32.
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
    line_end = find_byte(section, at, end, _CR)
    colon = find_byte(section, at, line_end, _COLON)
    name = section[at:colon]
    return (name.translate(LOWER) if lower else name, section[colon + 1 : line_end].strip(b" \t"))


def _lower_name(section: bytes, at: i64, colon: i64, scratch: BytesWriter) -> bytes:
    """Return ``section[at:colon]`` with A-Z in lower case: one object, where a slice and translate() make two."""
    length = colon - at
    if at + ((length + 7) & ~7) > len(section):
        return section[at:colon].translate(LOWER)
    scratch.truncate(0)
    while at < colon:
        write_i64_le(scratch, lower_word(read_i64_le(section, at)))
        at += 8
    scratch.truncate(length)
    return scratch.getvalue()
