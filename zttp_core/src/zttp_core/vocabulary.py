"""A fixed set of byte strings that is recognised in a message without making an object for the lookup.

The table is direct-mapped, made once, at import, and never changes: a string is hashed from its first and last eight
bytes, its length and a number that the owner chooses, its ``kind``. If two strings have the same slot, the first one
stays.
"""

from typing import Final, final

from librt.strings import BytesWriter, read_i16_le, read_i64_le, write_i16_le, write_i64_le

from zttp_core.native_ints import i64, mypyc_attr

_SLOT_BITS: Final = 11
_SLOTS: Final = 2048  # 2 ** _SLOT_BITS
_LONGEST: Final = 0xFFFF  # a length and a kind share a word
_MIX: Final[i64] = (
    0x0BBF7A7A2C4A3699  # odd, with random bits; of many that were tried, the one with the fewest collisions
)

# Masks of the first 0..7 bytes of a word.
_LOW_BYTES: Final = b"".join([((1 << (8 * count)) - 1).to_bytes(8, "little") for count in range(8)])


def _slot(first: i64, last: i64, tag: i64) -> i64:
    return (((first + (last << 1) + (tag << 7)) * _MIX) >> (64 - _SLOT_BITS)) & (_SLOTS - 1)


@final
@mypyc_attr(acyclic=True)
class Vocabulary:
    """``strings[number]`` of ``kinds[number]``, found by content and kind."""

    def __init__(self, strings: list[bytes], kinds: list[int]) -> None:
        self.strings: Final = strings
        slots = [0] * _SLOTS
        words = BytesWriter()  # first word, last word and tag of every string
        for number, string in enumerate(strings):
            if len(string) > _LONGEST:
                raise ValueError(f"a string must have at most {_LONGEST} bytes, got {len(string)}")
            padded = string + bytes(8)
            length: i64 = len(string)
            first = read_i64_le(padded, 0)
            last: i64 = 0
            if length < 8:
                first &= read_i64_le(_LOW_BYTES, length * 8)
            else:
                last = read_i64_le(padded, length - 8)
            tag: i64 = length | (i64(kinds[number]) << 16)
            write_i64_le(words, first)
            write_i64_le(words, last)
            write_i64_le(words, tag)
            slot = _slot(first, last, tag)
            if slots[slot] == 0:
                slots[slot] = number + 1
        numbers = BytesWriter()
        for entry in slots:
            write_i16_le(numbers, entry)
        self._numbers: Final = numbers.getvalue()
        self._words: Final = words.getvalue()

    def find(self, raw: bytes, start: i64, length: i64, kind: i64) -> i64:
        """Return the number of ``raw[start:start + length]`` of this kind, or -1.

        ``raw`` must have at least eight bytes from ``start`` on.
        """
        if length > _LONGEST:
            return -1
        first = read_i64_le(raw, start)
        last: i64 = 0
        if length < 8:
            first &= read_i64_le(_LOW_BYTES, length * 8)
        else:
            last = read_i64_le(raw, start + length - 8)
        tag = length | (kind << 16)
        number: i64 = i64(read_i16_le(self._numbers, _slot(first, last, tag) * 2)) - 1
        if number < 0:
            return -1
        words = self._words
        at = number * 24
        if read_i64_le(words, at) != first or read_i64_le(words, at + 8) != last or read_i64_le(words, at + 16) != tag:
            return -1
        if length > 16:
            string = self.strings[number]
            middle: i64 = 8
            while middle < length - 8:
                if read_i64_le(string, middle) != read_i64_le(raw, start + middle):
                    return -1
                middle += 8
        return number
