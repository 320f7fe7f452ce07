"""The last head of a connection: a client that repeats it repeats its block, and nothing is decoded or checked again.

The meaning of a block depends only on the dynamic table, and that on the bytes of the encoder stream. A block is only
recorded when it comes first, and its head is kept when it is repeated, so that a connection with one request keeps
nothing.
"""

from typing import Any, Final, final

from zttp_h3.native_ints import i64

# Of the fields, as RFC 9114 4.2.2 counts them: an idle connection should not hold much for a repetition.
_MOST_KEPT: Final = 4_096
_MOST_BLOCK: Final = 1_024


@final
class LastHead:
    """The last block of a connection, and the head that the core read from it."""

    def __init__(self) -> None:
        self._block = b""
        self._changes: i64 = -1  # of the dynamic table, when it arrived
        self._head: Any = None

    def of(self, block: bytes, changes: i64) -> Any:
        """Return the head of this block, None if it is not the last one."""
        return self._head if block == self._block and changes == self._changes else None

    def note(self, block: bytes, changes: i64, head: Any, size: i64) -> None:
        """Record a block whose head was read; ``size`` is that of its fields."""
        if block == self._block and changes == self._changes:
            if size <= _MOST_KEPT:
                self._head = head
        elif len(block) <= _MOST_BLOCK:
            self._block = block
            self._changes = changes
            self._head = None
