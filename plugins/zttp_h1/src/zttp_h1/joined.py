"""``Joined``: consecutive pieces, kept as one with little more memory than their bytes.

A writer alone takes up to twice its bytes. This one is emptied into a separate object before it is large, so that its
additional memory is bounded; a large piece is kept as its own object.
"""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h1.emptied import emptied
from zttp_h1.native_ints import i64, mypyc_attr, u8

FULL: Final = 65536  # a writer of this size is emptied
_LARGE: Final = 4096  # a piece from here on is not copied


@final
@mypyc_attr(acyclic=True)
class Joined:
    """``size`` is the bytes of all pieces."""

    def __init__(self) -> None:
        self.size: i64 = 0
        self._parts: list[bytes] | None = None  # the earlier pieces
        self._writer = BytesWriter()

    def write(self, piece: bytes) -> None:
        """Add a piece after the others."""
        self.size += len(piece)
        if len(piece) >= _LARGE:
            self._set_aside()
            self._append(piece)
            return
        self._writer.write(piece)
        if len(self._writer) >= FULL:
            self._set_aside()

    def append(self, byte: u8) -> None:
        """Add one byte."""
        self.size += 1
        self._writer.append(byte)
        if len(self._writer) >= FULL:
            self._set_aside()

    def value(self) -> bytes:
        """Return all pieces as one."""
        last = self._writer.getvalue()
        parts = self._parts
        if parts is None:
            return last
        return parts[0] if len(parts) == 1 and len(last) == 0 else b"".join([*parts, last])

    def take(self) -> bytes:
        """Return all pieces as one, and drop them."""
        value = self.value()
        self.size = 0
        self._parts = None
        self._writer = emptied(self._writer)
        return value

    def _set_aside(self) -> None:
        if len(self._writer) > 0:
            self._append(self._writer.getvalue())
            self._writer = emptied(self._writer)

    def _append(self, part: bytes) -> None:
        parts = self._parts
        if parts is None:
            parts = []
            self._parts = parts
        parts.append(part)
