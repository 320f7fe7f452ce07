"""The memory of the encoder: the block that was written last, because most blocks have the fields of the previous one.

A *number* identifies a field permanently, see ``encoder_table``; here it is 0 if there is nothing to repeat.
"""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h2.hpack.encoder_table import Fields
from zttp_h2.native_ints import i64, mypyc_attr

_MAX_REMEMBERED: Final = 64
_LARGEST_KEPT: Final = 8192  # octets of the fields, by RFC 7541 4.1: more than a table of the usual size holds
_NO_NUMBERS: Final[list[int]] = []
_NO_FIELDS: Final[Fields] = []
_NOTHING_KEPT: Final = -1  # a stamp that no state of a table has


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class LastBlock:
    """The numbers of the last block's fields, and one whole list of fields that can be written at once."""

    def __init__(self) -> None:
        self.numbers: list[int] = _NO_NUMBERS
        self.repeatable: i64 = 0  # how many of them the current block can repeat
        self.authority: i64 = 0
        self.path: i64 = 0
        self.path_held_back: bytes = b""
        self.status: i64 = 0
        self.status_code: i64 = 0
        # The Content-Length of the block's head: -1 without one. The owner of the block sets it.
        self.content_length: i64 = -1
        self.content_length_at: i64 = -1
        self._count: i64 = 0  # the number of fields; later entries of ``numbers`` are those of an earlier block
        # A list of fields that was written twice in a row, its block, and the state of the table for which it is valid.
        self._fields: Fields = _NO_FIELDS
        self._block: bytes = b""
        self._stamp: i64 = _NOTHING_KEPT

    def begin(self, count: i64) -> None:
        """Begin a block of this many fields."""
        known: i64 = len(self.numbers)
        self.repeatable = min(self._count, known)
        self._count = count
        if known == 0 and count > 0:
            self.numbers = [0] * min(count, _MAX_REMEMBERED)

    def remember(self, position: i64, number: i64) -> None:
        """Record the number of the field at ``position``, 0 if it is not in a table or not written."""
        numbers = self.numbers
        if position < len(numbers):
            numbers[position] = number
        elif position < _MAX_REMEMBERED:
            self.numbers = [*numbers, *[0] * (position - len(numbers)), number]

    def repeat_all(self, writer: BytesWriter, fields: Fields, stamp: i64) -> bool:
        """Write the fields if they are the last ones passed to ``keep``, and the table has not changed since.

        Returns whether it did.
        """
        if self._stamp != stamp or self._fields != fields:
            self.forget()
            return False
        writer.write(self._block)
        return True

    def forget(self) -> None:
        """Drop the list of fields that was passed to ``keep``."""
        self._stamp = _NOTHING_KEPT
        self._fields = _NO_FIELDS

    def forget_length(self) -> None:
        """Make sure that a block without a Content-Length repeats none."""
        if self.content_length >= 0:
            self.forget()
        at = self.content_length_at
        if 0 <= at < len(self.numbers):
            self.numbers[at] = 0

    def keep(self, writer: BytesWriter, start: i64, fields: Fields, stamp: i64) -> None:
        """Record that everything written for these fields, from ``start`` on, is indexed: it can be repeated.

        A longer list, with fields that were left out or repeated, is not kept.
        """
        size: i64 = 0
        for name, value in fields:
            size += len(name) + len(value) + 32
        if size > _LARGEST_KEPT:
            return
        block = BytesWriter()  # a writer returns all its octets, or one
        at = start
        end: i64 = len(writer)
        while at < end:
            block.append(writer[at])
            at += 1
        self._fields = fields.copy()
        self._block = block.getvalue()
        self._stamp = stamp
