"""Unparsed input: the current buffer, and buffers that wait after it.

The usual connection parses a buffer to its end before the next arrives. An incomplete frame waits until all of it has
arrived, known by its length, and is joined once: input byte by byte costs each byte once.
"""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h2.native_ints import i64, mypyc_attr

_SMALL: Final = 1024
_FULL: Final = 65536  # a writer takes up to twice its bytes: one of this size is emptied into a separate object
_COMPACT_FROM: Final = 64
MUCH: Final = 4096  # no more parsed bytes than this stay with the rest of a buffer
_MOST_KEPT: Final = 4096  # a larger writer is not kept for the next small buffers
_NONE: Final[list[bytes]] = []  # shared by all connections until they need their own list


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Inbox:
    """``raw[at:]`` is parsed next; ``base`` counts the bytes received before ``raw``."""

    def __init__(self) -> None:
        self.raw: bytes = b""
        self.at: i64 = 0
        self.base: i64 = 0
        self._waiting: i64 = 0  # bytes after raw
        self._buffers: list[bytes] = _NONE
        self._next: i64 = 0
        self._skip: i64 = 0  # of the next buffer, already joined to raw
        self._tail: BytesWriter | None = None  # small buffers, joined: many of them cost no object each

    def push(self, data: bytes) -> i64:
        """Add a buffer; return the number of waiting bytes."""
        size: i64 = len(data)
        if self.at == len(self.raw) and self._waiting == 0:
            self.base += self.at
            self.raw = data
            self.at = 0
            return size
        self.trim()
        self._waiting += size
        if size < _SMALL:
            tail = self._tail
            if tail is None:
                tail = BytesWriter()
                self._tail = tail
            tail.write(data)
            if len(tail) >= _FULL:
                self._flush_tail()
        else:
            self._flush_tail()
            self._append(data)
        return self.size()

    def size(self) -> i64:
        """Return how many bytes wait to be parsed."""
        return len(self.raw) - self.at + self._waiting

    def fill(self, need: i64) -> bool:
        """Make ``raw[at:]`` hold at least ``need`` bytes; False, and no change, if there are not as many."""
        have: i64 = len(self.raw) - self.at
        if have >= need:
            return True
        if have + self._waiting < need:
            return False
        if self._next == len(self._buffers):
            self._flush_tail()
        if have == 0:
            self._advance()
            return self.fill(need)
        parts: list[bytes] = [self.raw[self.at :]]
        while have < need:
            if self._next == len(self._buffers):
                self._flush_tail()
            data = self._buffers[self._next]
            stop: i64 = self._skip + need - have
            if stop < len(data):
                parts.append(data[self._skip : stop])
                self._waiting -= stop - self._skip
                self._skip = stop
                break
            part = data[self._skip :] if self._skip > 0 else data
            parts.append(part)
            have += len(part)
            self._waiting -= len(part)
            self._drop_buffer()
        self.base += self.at
        self.at = 0
        self.raw = b"".join(parts)
        return True

    def available(self) -> bool:
        """Make ``raw[at:]`` hold at least one byte, without joining anything; False if there is none."""
        if self.at < len(self.raw):
            return True
        if self._waiting == 0:
            return False
        if self._next == len(self._buffers):
            self._flush_tail()
        self._advance()
        return True

    def trim(self) -> None:
        """Drop the parsed bytes, if they are many and not a small part of ``raw``: so no idle connection is large.

        For each octet that was parsed no more than eight are copied.
        """
        at = self.at
        raw = self.raw
        if at > MUCH and at >= (len(raw) - at) >> 3:
            self.raw = raw[at:]
            self.base += at
            self.at = 0

    def clear(self) -> None:
        """Drop everything: it will not be parsed."""
        self.base += len(self.raw) + self._waiting
        self.raw = b""
        self.at = 0
        self._waiting = 0
        self._buffers = _NONE
        self._next = 0
        self._skip = 0
        self._tail = None

    def _advance(self) -> None:
        """Move on to the next buffer; ``raw`` is parsed."""
        data = self._buffers[self._next]
        skip = self._skip
        self._waiting -= len(data) - skip
        # The bytes before `skip` were counted with the buffer that they were joined to.
        self.base += len(self.raw) - skip
        self.raw = data
        self.at = skip
        self._drop_buffer()

    def _drop_buffer(self) -> None:
        self._buffers[self._next] = b""
        self._next += 1
        self._skip = 0
        if self._next == len(self._buffers):
            self._buffers.clear()
            self._next = 0
        elif self._next >= _COMPACT_FROM and self._next * 2 >= len(self._buffers):
            del self._buffers[: self._next]  # a backlog that never becomes empty must not grow
            self._next = 0

    def _append(self, data: bytes) -> None:
        if self._buffers is _NONE:
            self._buffers = []
        self._buffers.append(data)

    def _flush_tail(self) -> None:
        tail = self._tail
        if tail is not None and len(tail) > 0:
            self._append(tail.getvalue())
            if len(tail) > _MOST_KEPT:
                self._tail = None
            else:
                tail.truncate(0)
