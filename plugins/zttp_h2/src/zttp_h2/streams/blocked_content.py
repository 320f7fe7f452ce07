"""``BlockedContent``: content of one stream that waits for credit, in the caller's buffers."""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h2.native_ints import i64, mypyc_attr

_SMALL: Final = 1024
_FULL: Final = 16384  # a writer takes up to twice its bytes: one of this size is emptied into a separate object
_COMPACT_FROM: Final = 64  # this many entries at the front may be empty
_MUCH: Final = 65536  # no more sent bytes than this stay with a smaller rest of a buffer


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class BlockedContent:
    """First in, first out. Buffers below a KiB are joined: a million of them costs no object each."""

    def __init__(self) -> None:
        self.size: i64 = 0
        self._buffers: list[bytes] = []
        self._next: i64 = 0
        self._at: i64 = 0  # in the first buffer
        self._tail: BytesWriter | None = None

    def append(self, data: bytes, start: i64) -> None:
        """Add ``data[start:]``, which is not empty."""
        size: i64 = len(data) - start
        self.size += size
        if size < _SMALL:
            tail = self._tail
            if tail is None:
                tail = BytesWriter()
                self._tail = tail
            tail.write(data[start:] if start > 0 else data)
            if len(tail) >= _FULL:
                self._flush_tail()
            return
        self._flush_tail()
        if start > 0 and (self._next < len(self._buffers) or _keeps_much(data, start)):
            data = data[start:]
            start = 0
        if self._next == len(self._buffers):
            self._at = start
        self._buffers.append(data)

    def first(self) -> tuple[bytes, i64]:
        """Return the buffer to send next, and the position in it; there is one."""
        if self._next == len(self._buffers):
            self._flush_tail()
        return self._buffers[self._next], self._at

    def advance(self, size: i64) -> None:
        """Drop this many octets of the first buffer."""
        self.size -= size
        at = self._at + size
        buffers = self._buffers
        data = buffers[self._next]
        if at < len(data):
            if _keeps_much(data, at):
                buffers[self._next] = data[at:]
                at = 0
            self._at = at
            return
        self._at = 0
        buffers[self._next] = b""
        self._next += 1
        if self._next >= _COMPACT_FROM and self._next * 2 >= len(buffers):
            del buffers[: self._next]
            self._next = 0

    def _flush_tail(self) -> None:
        tail = self._tail
        if tail is not None and len(tail) > 0:
            self._buffers.append(tail.getvalue())
            self._tail = None


def _keeps_much(data: bytes, at: i64) -> bool:
    """Return whether the rest of a buffer is smaller than the memory that it keeps alive, which is much."""
    return at > _MUCH and at * 2 > len(data)
