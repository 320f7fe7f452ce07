"""Finding a field by its name in a valid header section, without making an object of any other.

The first name that is looked for is compared with one line after the other. Whoever comes back gets an index: a word
for each line, with a hash of its name and where it begins, so that each further lookup is a comparison of words.
"""

from typing import Final

from librt.strings import BytesWriter, read_i64_le, write_i64_le

from zttp_core.field_names import LOWER
from zttp_core.native_ints import i64
from zttp_core.words import find_byte, hits, lower_word

NOT_THERE: Final = -1
LARGEST_INDEXED: Final = 0x7FFFFFFF  # bytes of a section: an index has 32 bits for where a line begins
_COLON: Final = 0x3A
_CR: Final = 0x0D
_SPACE: Final = 0x20
_ONES: Final[i64] = 0x0101010101010101
_MIX: Final[i64] = 0x0BBF7A7A2C4A3699  # odd, its bits in no order
# Masks of the first 0..7 bytes of a word.
_LOW_BYTES: Final = b"".join([((1 << (8 * count)) - 1).to_bytes(8, "little") for count in range(8)])


def scan(section: bytes, at: i64, name: bytes) -> i64:
    """Return where the value of the first field of this name begins, behind its colon; NOT_THERE if there is none.

    ``at`` is where a line begins.
    """
    end: i64 = len(section)
    length: i64 = len(name)
    while at < end and section[at] != _CR:
        colon = at + length
        if colon < end and section[colon] == _COLON and _is_name(section, at, name):
            return colon + 1
        at = find_byte(section, at, end, _CR) + 2
    return NOT_THERE


def next_line(section: bytes, at: i64) -> i64:
    """Return where the line behind the one at ``at`` begins."""
    return find_byte(section, at, len(section), _CR) + 2


def make_index(section: bytes, at: i64) -> bytes:
    """Return a word for each line from ``at`` on: where it begins, and above that the hash of its name."""
    index = BytesWriter()
    end: i64 = len(section)
    while at < end and section[at] != _CR:
        colon = find_byte(section, at, end, _COLON)
        write_i64_le(index, (_hash(section, at, colon - at) << 32) | at)
        at = find_byte(section, colon, end, _CR) + 2
    return index.getvalue()


def look_up(index: bytes, section: bytes, name: bytes) -> i64:
    """Return what ``scan`` returns, by the section's index."""
    end: i64 = len(section)
    length: i64 = len(name)
    wanted = _hash(name, 0, length)
    entry: i64 = 0
    entries: i64 = len(index)
    while entry < entries:
        word = read_i64_le(index, entry)
        if word >> 32 == wanted:
            at = word & 0xFFFFFFFF
            colon = at + length
            if colon < end and section[colon] == _COLON and _is_name(section, at, name):
                return colon + 1
        entry += 8
    return NOT_THERE


def value_at(section: bytes, at: i64) -> bytes:
    """Return the value that begins behind the colon at ``at``, without the white space around it (RFC 9112 5.1)."""
    end = find_byte(section, at, len(section), _CR)
    # No other byte up to 32 stands in a valid value than a space or a tab.
    while at < end and section[at] <= _SPACE:
        at += 1
    while end > at and section[end - 1] <= _SPACE:
        end -= 1
    return section[at:end]


def _is_name(section: bytes, at: i64, name: bytes) -> bool:
    """Tell whether ``name``, in any case, is what stands at ``at``; there is as much of the section as of the name."""
    length: i64 = len(name)
    place: i64 = 0
    if length >= 8:
        last = length - 8
        while True:
            word = lower_word(read_i64_le(name, place))
            # A name that has a colon is none: the one that ends the field's name would be taken for a later one.
            if word != lower_word(read_i64_le(section, at + place)) or hits(word, _COLON) != 0:
                return False
            if place == last:
                return True
            place = min(place + 8, last)
    while place < length:
        byte = name[place]
        if LOWER[byte] != LOWER[section[at + place]] or byte == _COLON:
            return False
        place += 1
    return True


def _hash(raw: bytes, at: i64, length: i64) -> i64:
    """Return 31 bits that depend on ``raw[at:at + length]``, and not on its case."""
    spaces = _ONES << 5  # sets the bit that makes small letters of capitals
    last: i64 = 0
    if length >= 8:
        first = read_i64_le(raw, at) | spaces
        last = read_i64_le(raw, at + length - 8) | spaces
    else:
        if at + 8 <= len(raw):
            first = read_i64_le(raw, at)
        else:
            first = 0
            place: i64 = 0
            while place < length:
                byte: i64 = raw[at + place]
                first |= byte << (place * 8)
                place += 1
        first = (first | spaces) & read_i64_le(_LOW_BYTES, length * 8)
    return (((first + (last << 1) + (length << 7)) * _MIX) >> 32) & 0x7FFFFFFF
