"""Input that cannot be parsed yet: whole buffers that wait, and the beginning of a line.

The usual connection never makes one: a buffer arrives, is parsed to its end, and the next arrives. A backlog holds
input that arrives before the last was pulled, and joins a line that arrives in pieces. A line that arrives byte by byte
costs each byte once: the pieces collect in one writer, and the parser looks again only when a byte has arrived that
could end or break the line.
"""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_core.messages.grammar import TARGET_TABLE, TOKEN_TABLE, VALUE_TABLE
from zttp_h1.emptied import emptied
from zttp_h1.joined import FULL, Joined
from zttp_h1.native_ints import i64, mypyc_attr, u8
from zttp_h1.scan import scan_target, scan_token, scan_value
from zttp_h1.start_line import LONGEST_METHOD

# The kind of a line that arrives in pieces.
REQUEST_LINE: Final = 0
STATUS_LINE: Final = 1
FIELD_LINE: Final = 2
NO_LINE: Final = 3

# The bytes that the rest of a line may hold without a look by the parser.
ANY: Final = 0  # look at every byte
TOKEN: Final = 1
TARGET: Final = 2
VALUE: Final = 3

_TABLES: Final[list[bytes]] = [bytes(256), TOKEN_TABLE, TARGET_TABLE, VALUE_TABLE]

_SMALL: Final = 1024
_MANY: Final = 64  # buffers that were taken are dropped together
_VERSION_AND_STATUS: Final = 13  # bytes of a status line that are parsed one by one


@final
@mypyc_attr(acyclic=True)
class Backlog:
    """Buffers in order of arrival; ``size`` is their bytes together with those of the held line.

    ``asleep`` means that nothing here would help the parser: there is only a line that has not ended.
    """

    def __init__(self) -> None:
        self.size: i64 = 0
        self._buffers: list[bytes] = []
        self._next: i64 = 0
        self._tail = BytesWriter()  # small buffers, joined: many of them cost no object each
        self._line = Joined()
        self._holding = False
        self.asleep = False
        self._region: i64 = ANY
        self._table = _TABLES[ANY]  # of the region: not 0 for what cannot end or break the line
        self._wake_at: i64 = 0

    def push(self, data: bytes) -> None:
        """Add a buffer after the others."""
        self.size += len(data)
        if self.asleep:
            if self._line.size + len(data) < self._wake_at and _harmless(data, self._region):
                self._line.write(data)
                return
            self.asleep = False
        if len(data) < _SMALL:
            self._tail.write(data)
            if len(self._tail) >= FULL:
                self._flush_tail()
            return
        self._flush_tail()
        self._buffers.append(data)

    def sleeps_through(self, data: bytes, most: i64) -> bool:
        """Add at least one byte, while asleep, if the parser need not see it; False if it must, or beyond ``most``.

        Input byte by byte comes through here.
        """
        size: i64 = len(data)
        if self.size + size > most or self._line.size + size >= self._wake_at:
            return False
        if size == 1:
            if self._table[data[0]] == 0:
                return False
            self._line.append(u8(data[0]))
        elif _harmless(data, self._region):
            self._line.write(data)
        else:
            return False
        self.size += size
        return True

    def hold(self, beginning: bytes, line: i64, longest: i64) -> None:
        """Keep the beginning of a line of this kind.

        Later bytes are added without waking the parser, until one can end or break the line; from ``longest`` bytes on
        the parser is woken in any case, to enforce a limit.
        """
        self._line.write(beginning)
        self.size += len(beginning)
        self._holding = True
        self._region = _region(beginning, line)
        self._table = _TABLES[self._region]
        # A method has a smaller limit than most lines.
        method = line == REQUEST_LINE and self._region == TOKEN
        self._wake_at = min(LONGEST_METHOD + 1, longest) if method else longest

    def take(self) -> bytes:
        """Return the bytes to parse next, ``b""`` if there are none or none that would help."""
        if len(self._tail) > 0 and self._next == len(self._buffers):
            self._flush_tail()
        while self._next < len(self._buffers):
            data = self._buffers[self._next]
            self._buffers[self._next] = b""
            self._next += 1
            if self._next == len(self._buffers):
                self._buffers.clear()
                self._next = 0
                self._flush_tail()
            elif self._next >= _MANY and self._next * 2 >= len(self._buffers):
                del self._buffers[: self._next]
                self._next = 0
            if not self._holding:
                self.size -= len(data)
                return data
            self._line.write(data)
            if self._line.size >= self._wake_at or not _harmless(data, self._region):
                return self._release()
        self.asleep = self._holding
        return b""

    def rest(self) -> bytes:
        """Return all waiting bytes, without taking them."""
        line = self._line.value() if self._holding else b""
        return b"".join([line, *self._buffers[self._next :], self._tail.getvalue()])

    def _flush_tail(self) -> None:
        if len(self._tail) > 0:
            self._buffers.append(self._tail.getvalue())
            self._tail = emptied(self._tail)

    def _release(self) -> bytes:
        line = self._line.take()
        self._holding = False
        self.size -= len(line)
        return line


def _region(beginning: bytes, line: i64) -> i64:
    """Return which bytes can follow the beginning of a line without ending or breaking it."""
    size: i64 = len(beginning)
    if beginning[size - 1] == 13 or line == NO_LINE:
        return ANY
    if line == STATUS_LINE:
        return VALUE if size > _VERSION_AND_STATUS else ANY
    token = scan_token(beginning, 0, size)
    if token == size:
        return TOKEN
    if line == FIELD_LINE:
        return VALUE if beginning[token] == 0x3A else ANY
    return TARGET if beginning[token] == 32 and scan_target(beginning, token + 1, size) == size else ANY


def _harmless(data: bytes, region: i64) -> bool:
    size: i64 = len(data)
    if region == VALUE:
        return scan_value(data, 0, size) == size
    if region == TARGET:
        return scan_target(data, 0, size) == size
    if region == TOKEN:
        return scan_token(data, 0, size) == size
    return False
