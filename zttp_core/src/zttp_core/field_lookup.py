"""Finding a field by its name in a valid header section, without making an object of any other.

The first name that is looked for is compared with one line after the other. Whoever comes back gets an index: a byte
for each line, its tag, that depends on its name, and where it begins. A word holds eight tags and is compared at once.
The index is one ``bytes``: how many words of tags there are, the tags, and three words for each line: where it begins,
and where its value begins and ends.
"""

from typing import Final

from librt.strings import BytesWriter, read_i32_le, read_i64_le, write_i64_le

from zttp_core.native_ints import i64, u8
from zttp_core.words import find_byte, first_hit, hits, lower_word

NOT_THERE: Final = -1
_COLON: Final = 0x3A
_CR: Final = 0x0D
_SPACE: Final = 0x20
_MIX: Final[i64] = 0x0BBF7A7A2C4A3699  # odd, its bits in no order
# Masks of the first 0..7 bytes of a word.
_LOW_BYTES: Final = b"".join([((1 << (8 * count)) - 1).to_bytes(8, "little") for count in range(8)])


def scan(section: bytes, at: i64, name: bytes) -> i64:
    """Return where the value of the first field of this name begins, behind its colon; NOT_THERE if there is none.

    ``at`` is where a line begins.
    """
    end: i64 = len(section)
    length: i64 = len(name)
    first = _first_word(name, 0, length)
    while at < end and section[at] != _CR:
        colon = at + length
        if colon < end and section[colon] == _COLON and _is_name(section, at, name, first):
            return colon + 1
        at = find_byte(section, at, end, _CR) + 2
    return NOT_THERE


def next_line(section: bytes, at: i64) -> i64:
    """Return where the line behind the one at ``at`` begins."""
    return find_byte(section, at, len(section), _CR) + 2


def make_index(section: bytes, at: i64) -> bytes:
    """Return the index of the lines from ``at`` on."""
    tags = BytesWriter()
    lines = BytesWriter()
    end: i64 = len(section)
    while at < end and section[at] != _CR:
        colon = find_byte(section, at, end, _COLON)
        length = colon - at
        tags.append(u8(_tag(section, at, length, _first_word(section, at, length))))
        line_end = find_byte(section, colon, end, _CR)
        write_i64_le(lines, at)
        start = _value_start(section, colon + 1, line_end)
        write_i64_le(lines, start)
        write_i64_le(lines, _value_end(section, start, line_end))
        at = line_end + 2
    while len(tags) & 7 != 0:
        tags.append(0)  # no tag
    index = BytesWriter()
    write_i64_le(index, len(tags) >> 3)
    index.write(tags.getvalue())
    index.write(lines.getvalue())
    return index.getvalue()


def look_up(index: bytes, section: bytes, name: bytes) -> bytes | None:
    """Return the value of the first field of this name, if there is one, by the section's index."""
    end: i64 = len(section)
    length: i64 = len(name)
    first = _first_word(name, 0, length)
    tag = _tag(name, 0, length, first)
    words = read_i64_le(index, 0)
    lines = (words + 1) * 8
    at_word: i64 = 8
    while at_word < lines:
        found = hits(read_i64_le(index, at_word), tag)
        while found != 0:
            line = lines + (at_word - 8 + first_hit(found)) * 24
            at = read_i64_le(index, line)
            colon = at + length
            if colon < end and section[colon] == _COLON and _is_name(section, at, name, first):
                return section[read_i64_le(index, line + 8) : read_i64_le(index, line + 16)]
            found &= found - 1
        at_word += 8
    return None


def value_at(section: bytes, at: i64) -> bytes:
    """Return the value that begins behind the colon at ``at``, without the white space around it (RFC 9112 5.1)."""
    end = find_byte(section, at, len(section), _CR)
    start = _value_start(section, at, end)
    return section[start : _value_end(section, start, end)]


def _value_start(section: bytes, at: i64, end: i64) -> i64:
    # No other byte up to 32 stands in a valid value than a space or a tab.
    while at < end and section[at] <= _SPACE:
        at += 1
    return at


def _value_end(section: bytes, start: i64, end: i64) -> i64:
    while end > start and section[end - 1] <= _SPACE:
        end -= 1
    return end


def _is_name(section: bytes, at: i64, name: bytes, first: i64) -> bool:
    """Tell whether ``name``, in any case, is what stands at ``at``; there is as much of the section as of the name."""
    length: i64 = len(name)
    if length < 8:
        # A name that has a colon is none: the one that ends the field's name would be taken for a later one.
        return _first_word(section, at, length) == first and hits(first, _COLON) == 0
    last = length - 8
    place: i64 = 0
    while True:
        word = lower_word(read_i64_le(name, place))
        if word != lower_word(read_i64_le(section, at + place)) or hits(word, _COLON) != 0:
            return False
        if place == last:
            return True
        place = min(place + 8, last)


def _first_word(raw: bytes, at: i64, length: i64) -> i64:
    """Return the first eight bytes of ``raw[at:at + length]``, or all and zeros, in lower case."""
    word: i64 = 0
    if at + 8 <= len(raw):
        word = read_i64_le(raw, at)
    elif length >= 4:  # two halves that overlap
        low = i64(read_i32_le(raw, at)) & 0xFFFFFFFF
        high = i64(read_i32_le(raw, at + length - 4)) & 0xFFFFFFFF
        word = low | (high << ((length - 4) * 8))
    else:
        place = length
        while place > 0:
            place -= 1
            word = (word << 8) | raw[at + place]
    if length < 8:
        word &= read_i64_le(_LOW_BYTES, length * 8)
    return lower_word(word)


def _tag(raw: bytes, at: i64, length: i64, first: i64) -> i64:
    """Return a byte from 128 on that depends on ``raw[at:at + length]``, whose ``_first_word`` is ``first``."""
    last = lower_word(read_i64_le(raw, at + length - 8)) if length >= 8 else first
    return ((((first + (last << 1) + (length << 7)) * _MIX) >> 57) & 0x7F) | 0x80
