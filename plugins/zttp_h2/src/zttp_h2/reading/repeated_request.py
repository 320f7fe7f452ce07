"""The memory of the reader: the last request, while its block still means the same.

A client that repeats a request on a connection repeats its block, too: nothing has to be decoded and checked again. The
``HeadReader`` still has the values of the head, because it has read no other since.
"""

from __future__ import annotations

from typing import Any, Final, final

from librt.strings import read_i32_le, read_i64_le

from zttp_h2.native_ints import i64, mypyc_attr

_BY_WORDS: Final = 128  # the longest block that is compared without a copy of it


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class RepeatedRequest:
    """The field block of a valid request, the state of the table for which it is valid, and its event."""

    def __init__(self) -> None:
        self.event: Any = None
        self._block: bytes = b""  # no request has an empty one
        self._changes: i64 = 0

    def keep(self, block: bytes, changes: i64, event: object) -> None:
        """Remember a request."""
        self.event = event
        self._block = block
        self._changes = changes

    def forget(self) -> None:
        """Forget the last request: the meaning of its block may have changed, or another head was read."""
        self._block = b""
        self.event = None

    def is_known(self) -> bool:
        """Return whether there is one."""
        return len(self._block) > 0

    def is_at(self, raw: bytes, at: i64, stop: i64, changes: i64) -> bool:
        """Return whether ``raw[at:stop]`` is its block, without a copy."""
        block = self._block
        size: i64 = len(block)
        if stop - at != size or self._changes != changes:
            return False
        if size < 4 or size > _BY_WORDS:
            return raw[at:stop] == block
        if size < 8:  # two halves that overlap
            last = size - 4
            return read_i32_le(raw, at) == read_i32_le(block, 0) and read_i32_le(raw, at + last) == read_i32_le(
                block, last
            )
        last = size - 8
        position: i64 = 0
        while position < last:
            if read_i64_le(raw, at + position) != read_i64_le(block, position):
                return False
            position += 8
        return read_i64_le(raw, at + last) == read_i64_le(block, last)
