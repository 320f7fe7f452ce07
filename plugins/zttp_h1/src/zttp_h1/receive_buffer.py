"""``ReceiveBuffer``: the received bytes, and the position of the parser.

``raw[at:]`` is not parsed yet. The usual buffer arrives, is parsed to its end and is replaced by the next; input that
arrives too early, and a line in many small pieces, wait in a ``Backlog``. Parsed bytes are dropped with ``raw``: other
modules may not keep a position in it from one buffer to the next, only ``offset``, which counts from the first byte of
the connection.
"""

from typing import Final, final

from zttp_h1.backlog import Backlog
from zttp_h1.malformed import Malformed
from zttp_h1.native_ints import i64, mypyc_attr

_PIECE: Final = 16  # from this size on a piece is joined to the line that it continues
_PIECES: Final = 4  # if the line is at most this many times as long: so joining costs no more than its bytes
_SMALL: Final = 4096  # this many parsed bytes may stay with the rest of a buffer


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ReceiveBuffer:
    """See the module. ``base`` counts the bytes before ``raw``, ``held`` those that were read and not pulled."""

    def __init__(self) -> None:
        self.raw = b""
        self.at: i64 = 0
        self.base: i64 = 0
        self.held: i64 = 0
        self.eof = False
        self.stuck = False  # raw[at:] was scanned and is the beginning of an incomplete line
        self._backlog: Backlog | None = None

    def receive(self, data: bytes, most: i64) -> bool:
        """Take a buffer; False if now more than ``most`` bytes wait."""
        backlog = self._backlog
        if backlog is None or backlog.size == 0:
            rest: i64 = len(self.raw) - self.at
            size: i64 = len(data)
            if rest == 0:
                self.base += self.at
                self.raw = data
                self.at = 0
                return size <= most - self.held
            if self.stuck and size >= _PIECE and rest <= size * _PIECES:
                self.base += self.at
                self.raw = self.raw[self.at :] + data
                self.at = 0
                self.stuck = False
                return rest + size <= most - self.held
        if backlog is None:
            backlog = Backlog()
            self._backlog = backlog
        self.trim()
        backlog.push(data)
        return backlog.size + len(self.raw) - self.at <= most - self.held

    def sleeps_through(self, data: bytes, most: i64) -> bool:
        """Take bytes, while ``is_asleep``, that neither end nor break the line; False for other bytes."""
        backlog = self._backlog
        return backlog is not None and len(data) > 0 and backlog.sleeps_through(data, most)

    def bypass(self, size: i64) -> bool:
        """Count a buffer of ``size`` bytes that is passed on unchanged; False if others come first."""
        if self.at < len(self.raw) or not self.is_idle():
            return False
        self.drop()
        self.base += size
        return True

    def waiting(self) -> i64:
        """Return how many bytes are not parsed yet."""
        rest: i64 = len(self.raw) - self.at
        return rest if self._backlog is None else rest + self._backlog.size

    def rest(self) -> bytes:
        """Return the bytes that are not parsed yet, without taking them."""
        rest = self.raw[self.at :]
        return rest if self._backlog is None else rest + self._backlog.rest()

    def is_idle(self) -> bool:
        """Return, at the end of ``raw``, whether nothing else waits."""
        return (self._backlog is None or self._backlog.size == 0) and not self.eof

    def is_asleep(self) -> bool:
        """Return whether all waiting bytes belong to a line that has neither ended nor broken."""
        return self._backlog is not None and self._backlog.asleep and not self.eof and self.held == 0

    def refill(self, line: i64, longest: i64) -> bool:
        """Get more bytes to parse; False if there are none, or none that would help with the line that is incomplete.

        ``line`` is the kind of that line (see ``backlog``), ``longest`` the length at which a limit must be enforced.
        """
        backlog = self._backlog
        if backlog is not None and backlog.asleep:
            return False
        if backlog is None or backlog.size == 0:
            if self.at == len(self.raw):
                self.drop()
            else:
                self.stuck = True
                self.trim()
            return False
        if self.at < len(self.raw):
            beginning = self.raw[self.at :]
            self.base += self.at
            self.raw = b""
            self.at = 0
            backlog.hold(beginning, line, longest)
        data = backlog.take()
        if len(data) == 0:
            self.stuck = True
            return False
        self.drop()
        self.raw = data
        self.stuck = False
        return True

    def trim(self) -> None:
        """Drop the parsed bytes, if they are many and not a small part of ``raw``: otherwise one byte keeps all of it.

        For each byte that was parsed no more than eight are copied.
        """
        at = self.at
        raw = self.raw
        if at > _SMALL and at >= (len(raw) - at) >> 3:
            self.raw = raw[at:]
            self.base += at
            self.at = 0

    def drop(self) -> None:
        """Drop ``raw``, which is parsed to its end."""
        self.base += len(self.raw)
        self.raw = b""
        self.at = 0

    def discard(self) -> None:
        """Drop everything: it will not be parsed."""
        self.base += self.waiting() + self.at
        self._backlog = None
        self.raw = b""
        self.at = 0
        self.held = 0
        self.stuck = False


NO_BUFFER: Final = ReceiveBuffer()  # before the first bytes: nothing is stored in it


def check_line(raw: bytes, at: i64, end: i64, longest: i64, reason: str) -> None:
    """Refuse the beginning of a line that is already too long; a CR at its end may be that of the line end."""
    size = end - at
    if size > longest + 1 or (size == longest + 1 and raw[end - 1] != 13):
        raise Malformed(reason, at)
