"""``ReceiveBuffer``: the bytes that were received, where the parser is in them, and the section it is collecting.

``raw[at:]`` is not parsed yet. The usual buffer arrives, is parsed to its end and makes room for the next; what arrives
too early, and a line that comes in pieces, waits in a ``Backlog``. A header or trailer section is kept from where it
starts until it is complete, over as many buffers as it takes.

What the codecs find out about the head in the buffer stands in the same object: a ``ReceiveBuffer`` is a ``Head``.
"""

from typing import Final

from zttp_h1.backlog import Backlog
from zttp_h1.head import Head
from zttp_h1.malformed import Malformed
from zttp_h1.native_ints import i64, mypyc_attr

# Up to here a header block keeps the whole buffer instead of a copy of its section: memory that is not worth a copy.
_SHARED_BUFFER: Final = 2048


@mypyc_attr(acyclic=True)
class ReceiveBuffer(Head):
    """See the module. ``base`` is what was received before ``raw``, ``skip`` what precedes the lines of the section."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = b""
        self.at: i64 = 0
        self.base: i64 = 0
        self.eof = False
        self.skip: i64 = 0
        self._stuck = False  # raw[at:] is the beginning of a line that is not complete
        self._section_at: i64 = 0  # where the section, or the rest of it, starts in raw
        self._section_size: i64 = 0  # how much of it was in buffers before raw
        self._section_parts: list[bytes] | None = None
        self._backlog: Backlog | None = None

    def receive(self, data: bytes, most: i64) -> bool:
        """Take a buffer; False if now more than ``most`` bytes wait."""
        backlog = self._backlog
        if (backlog is None or backlog.size == 0) and self.at == len(self.raw):
            self.base += self.at
            self.raw = data
            self.at = 0
            return len(data) <= most
        if backlog is None:
            backlog = Backlog()
            self._backlog = backlog
        backlog.push(data)
        return backlog.size + len(self.raw) - self.at <= most

    def sleeps_through(self, data: bytes, most: i64) -> bool:
        """Take bytes, while ``is_asleep``, by which the line neither ends nor breaks; False if they are others."""
        backlog = self._backlog
        return backlog is not None and len(data) > 0 and backlog.sleeps_through(data, most)

    def bypass(self, size: i64) -> bool:
        """Count a buffer of ``size`` bytes that is handed on as it is; False if others come first."""
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
        """Tell, at the end of ``raw``, that nothing else is there."""
        return (self._backlog is None or self._backlog.size == 0) and not self.eof

    def is_asleep(self) -> bool:
        """Tell that all there is belongs to a line that has neither ended nor broken."""
        return self._backlog is not None and self._backlog.asleep and not self.eof

    def is_stuck(self) -> bool:
        """Tell that ``raw[at:]`` was looked at and is no complete line."""
        return self._stuck

    def refill(self, line: i64, longest: i64) -> bool:
        """Get more bytes to parse; False if there are none, or none that would help with the line that is incomplete.

        ``line`` is what kind of line that is (see ``backlog``), ``longest`` when a limit must be enforced on it.
        """
        backlog = self._backlog
        if backlog is not None and backlog.asleep:
            return False
        if backlog is None or backlog.size == 0:
            if self.at == len(self.raw):
                self.drop()
            else:
                self._stuck = True
            return False
        if self.at < len(self.raw):
            beginning = self.raw[self.at :]
            self.base += self.at
            self.raw = b""
            self.at = 0
            backlog.hold(beginning, line, longest)
        data = backlog.take()
        if len(data) == 0:
            self._stuck = True
            return False
        self.drop()
        self.raw = data
        self._stuck = False
        return True

    def drop(self) -> None:
        """Let go of ``raw``, which is parsed to its end."""
        self.base += len(self.raw)
        self.raw = b""
        self.at = 0
        self._section_at = 0

    def discard(self) -> None:
        """Let go of everything."""
        self._backlog = None
        self.drop()

    # A section ---------------------------------------------------------------------------------------------------

    def begin_section(self, start: i64) -> None:
        """Keep what follows, as a section whose lines start at ``start``."""
        self.at = start
        self._section_size = 0
        self._section_parts = None
        # In a small buffer the section starts with the start line, which nobody looks at.
        self._section_at = 0 if len(self.raw) <= _SHARED_BUFFER else start
        self.skip = start - self._section_at

    def section_shift(self) -> i64:
        """Return what makes a position in ``raw`` one in the section."""
        return self._section_size - self._section_at

    def section_left(self, most: i64) -> i64:
        """Return where in ``raw`` a section of ``most`` bytes, without what precedes its lines, ends at the latest."""
        return self._section_at + self.skip - self._section_size + most

    def set_aside(self, line: i64) -> None:
        """Keep the section up to the incomplete line that starts at ``line``, and stop there."""
        self.at = line
        if line > self._section_at:
            if self._section_parts is None:
                self._section_parts = []
            self._section_parts.append(self.raw[self._section_at : line])
            self._section_size += line - self._section_at
            self._section_at = line

    def is_whole(self) -> bool:
        """Tell whether all of the section is in ``raw``."""
        return self._section_parts is None

    def lines(self) -> bytes:
        """Return the lines of a whole section that ends at ``at``."""
        return self.raw[self._section_at + self.skip : self.at]

    def section(self) -> bytes:
        """Return the section that ends at ``at``, without what ``cuts`` names; its lines start at ``skip``."""
        cuts = self.cuts
        raw = self.raw
        parts = self._section_parts
        if parts is not None:
            parts.append(raw[self._section_at : self.at])
            self._section_parts = None
            raw = b"".join(parts)
        elif self._section_at > 0 or len(raw) > _SHARED_BUFFER:
            raw = raw[self._section_at : self.at]
        return raw if cuts is None else _without(raw, cuts)


def check_line(raw: bytes, at: i64, end: i64, longest: i64, reason: str) -> None:
    """Refuse the beginning of a line that is too long already; a CR at its end may be that of the line."""
    size = end - at
    if size > longest + 1 or (size == longest + 1 and raw[end - 1] != 13):
        raise Malformed(reason, at)


def _without(section: bytes, cuts: list[int]) -> bytes:
    """Return ``section`` without what lies between the starts and ends in ``cuts``."""
    kept: list[bytes] = []
    at = 0
    number = 0
    while number < len(cuts):
        kept.append(section[at : cuts[number]])
        at = cuts[number + 1]
        number += 2
    kept.append(section[at:])
    return b"".join(kept)
