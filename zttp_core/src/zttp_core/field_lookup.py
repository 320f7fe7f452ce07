"""Finding a field by its name in a valid header section, without making objects for other fields.

The first lookup compares the name with one line after the other. The second makes an index: a byte for each line, its
tag, which depends on its name. A word holds eight tags, which are compared at once.
"""

from typing import Final, final

from librt.strings import BytesWriter, read_i32_le, read_i64_le, write_i64_le

from zttp_core.native_ints import i64, mypyc_attr, u8
from zttp_core.words import find_byte, first_hit, hits, lower_word

NOT_THERE: Final = -1
_LINE: Final = 48  # the octets of a line in an index
_COLON: Final = 0x3A
_CR: Final = 0x0D
_SPACE: Final = 0x20
_MIX: Final[i64] = 0x0BBF7A7A2C4A3699  # odd, its bits in no order
# Masks of the first 0..7 bytes of a word.
_LOW_BYTES: Final = b"".join([((1 << (8 * count)) - 1).to_bytes(8, "little") for count in range(8)])


@final
@mypyc_attr(acyclic=True)
class FieldIndex:
    """An index of the lines of one section by field name, and the values that were looked up.

    ``tags`` has a byte for each line, and ends with a whole word. ``lines`` has six words for each: the first and the
    last eight bytes of the name in lower case, its length, its position, and the start and end of its value.
    """

    __slots__ = ("_lines", "_tags", "_values")

    def __init__(self, tags: bytes, lines: bytes, count: int) -> None:
        self._tags: Final = tags
        self._lines: Final = lines
        self._values: Final[list[bytes | None]] = [None] * count

    def look_up(self, section: bytes, name: bytes) -> bytes | None:
        """Return the value of the first field of this name, if there is one."""
        length: i64 = len(name)
        first = _first_word(name, 0, length)
        last = _last_word(name, 0, length, first)
        tag = _tag(first, last, length)
        tags = self._tags
        end: i64 = len(tags)
        at: i64 = 0
        while at < end:
            found = hits(read_i64_le(tags, at), tag)
            while found != 0:
                number = at + first_hit(found)
                if self._is_line(number, section, name, length, first, last):
                    return self._value(number, section)
                found &= found - 1
            at += 8
        return None

    def _is_line(self, number: i64, section: bytes, name: bytes, length: i64, first: i64, last: i64) -> bool:
        """Return whether a line has this name, given by its words, tag and length."""
        lines = self._lines
        line = number * _LINE
        return (
            read_i64_le(lines, line) == first
            and read_i64_le(lines, line + 8) == last
            and read_i64_le(lines, line + 16) == length
            and (length <= 16 or _same_middle(section, read_i64_le(lines, line + 24), name, length))
        )

    def _value(self, number: i64, section: bytes) -> bytes:
        """Return the value of a line, always the same object."""
        value = self._values[number]
        if value is None:
            lines = self._lines
            line = number * _LINE
            value = section[read_i64_le(lines, line + 32) : read_i64_le(lines, line + 40)]
            self._values[number] = value
        return value


ASKED_ONCE: Final = FieldIndex(b"", b"", 0)  # in place of an index, after the first lookup in a block


def scan(section: bytes, at: i64, name: bytes) -> i64:
    """Return the position after the colon of the first field of this name; NOT_THERE if there is none.

    ``at`` is the start of a line.
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
    """Return the start of the line after the one at ``at``."""
    return find_byte(section, at, len(section), _CR) + 2


def make_index(section: bytes, at: i64) -> FieldIndex:
    """Return the index of the lines from ``at`` on."""
    tags = BytesWriter()
    lines = BytesWriter()
    end: i64 = len(section)
    while at < end and section[at] != _CR:
        colon = find_byte(section, at, end, _COLON)
        length = colon - at
        first = _first_word(section, at, length)
        last = _last_word(section, at, length, first)
        tags.append(u8(_tag(first, last, length)))
        line_end = find_byte(section, colon, end, _CR)
        start = _value_start(section, colon + 1, line_end)
        write_i64_le(lines, first)
        write_i64_le(lines, last)
        write_i64_le(lines, length)
        write_i64_le(lines, at)
        write_i64_le(lines, start)
        write_i64_le(lines, _value_end(section, start, line_end))
        at = line_end + 2
    count: i64 = len(tags)
    while len(tags) & 7 != 0:
        tags.append(0)  # no tag
    return FieldIndex(tags.getvalue(), lines.getvalue(), count)


def value_at(section: bytes, at: i64) -> bytes:
    """Return the value that begins after the colon at ``at``, without the white space around it (RFC 9112 5.1)."""
    end = find_byte(section, at, len(section), _CR)
    start = _value_start(section, at, end)
    return section[start : _value_end(section, start, end)]


def _value_start(section: bytes, at: i64, end: i64) -> i64:
    # A space and a tab are the only bytes up to 32 in a valid value.
    while at < end and section[at] <= _SPACE:
        at += 1
    return at


def _value_end(section: bytes, start: i64, end: i64) -> i64:
    while end > start and section[end - 1] <= _SPACE:
        end -= 1
    return end


def _same_middle(section: bytes, at: i64, name: bytes, length: i64) -> bool:
    """Return whether ``name`` and the bytes at ``at`` are equal except for the first and last eight, in any case."""
    last = length - 16
    place: i64 = 8
    while place < last:
        if lower_word(read_i64_le(name, place)) != lower_word(read_i64_le(section, at + place)):
            return False
        place += 8
    return lower_word(read_i64_le(name, last)) == lower_word(read_i64_le(section, at + last))


def _is_name(section: bytes, at: i64, name: bytes, first: i64) -> bool:
    """Return whether ``name``, in any case, is at ``at``; the section is long enough."""
    length: i64 = len(name)
    if length < 8:
        # A name with a colon is invalid: the colon after the field's name could match one within it.
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


def _last_word(raw: bytes, at: i64, length: i64, first: i64) -> i64:
    """Return the last eight bytes of ``raw[at:at + length]`` in lower case, or ``first`` if there are not so many."""
    return lower_word(read_i64_le(raw, at + length - 8)) if length >= 8 else first


def _tag(first: i64, last: i64, length: i64) -> i64:
    """Return a byte from 128 on that depends on a name of this length with this first and last word."""
    return ((((first + (last << 1) + (length << 7)) * _MIX) >> 57) & 0x7F) | 0x80
