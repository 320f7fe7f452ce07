"""Selects the next stream to send (RFC 9218 10): by urgency, and within one in order of identifiers, or in turns.

Responses that are not incremental are useful only when complete, so a stream is served until it has nothing left.
Incremental ones take turns, a fixed number of bytes each, so that many small writes and a few large ones get the same
share.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.streams.send_stream import SendStream

URGENCIES: Final = 8
_TURN: Final = 8 * 1024  # bytes
_SERVED: Final = SendStream(-1, 0)  # in the place of a stream that was removed


@final
@mypyc_attr(acyclic=True)
class _Level:
    """The streams of one urgency that want to send."""

    def __init__(self) -> None:
        self.whole: Final[list[SendStream]] = []  # in order of identifiers, from ``first`` on
        self.first: i64 = 0
        self.turns: Final[list[SendStream]] = []
        self.turn: i64 = 0  # the current one
        self.left: i64 = _TURN

    def is_empty(self) -> bool:
        return len(self.whole) == 0 and len(self.turns) == 0

    def add_whole(self, stream: SendStream) -> None:
        """Insert a stream at its place, which for a new one is the end."""
        whole = self.whole
        place: i64 = self.first
        stop: i64 = len(whole)
        if stop > place and whole[stop - 1].stream_id < stream.stream_id:
            place = stop
        while place < stop:
            middle = (place + stop) // 2
            if whole[middle].stream_id < stream.stream_id:
                place = middle + 1
            else:
                stop = middle
        whole.insert(place, stream)

    def remove_whole(self, stream: SendStream) -> None:
        """Remove a stream; the first one, which is served, without moving the others each time."""
        whole = self.whole
        first = self.first
        if whole[first] is not stream:
            del whole[whole.index(stream, first)]
            return
        whole[first] = _SERVED
        first += 1
        if first * 2 >= len(whole):
            del whole[:first]
            first = 0
        self.first = first


@final
@mypyc_attr(acyclic=True)
class Scheduler:
    """The streams that want to send. ``critical`` ones, of the protocol itself, come before all others.

    Patient ones do not cause a packet while another one will be sent; in that one they come first.
    """

    def __init__(self) -> None:
        self._critical: Final[list[SendStream]] = []
        self._patient: Final[list[SendStream]] = []
        self._levels: Final[list[_Level | None]] = [None] * URGENCIES
        self._count: i64 = 0

    def __len__(self) -> int:
        return self._count

    def add(self, stream: SendStream) -> None:
        """Add a stream; a repetition has no effect."""
        if stream.queued:
            return
        stream.queued = True
        self._count += 1
        if stream.urgency < 0:
            (self._patient if stream.patient else self._critical).append(stream)
            return
        level = self._levels[stream.urgency]
        if level is None:
            level = _Level()
            self._levels[stream.urgency] = level
        if stream.incremental:
            level.turns.append(stream)
            return
        level.add_whole(stream)

    def wants_to_send(self, another_comes: bool) -> bool:
        """Return whether a stream needs a packet; a patient one does unless ``another_comes``."""
        if another_comes:
            return self._count > len(self._patient)
        return self._count > 0

    def next(self) -> SendStream | None:
        """Return the next stream; None if none wants to send."""
        if self._count == 0:
            return None
        if len(self._patient) > 0:
            return self._patient[0]
        if len(self._critical) > 0:
            return self._critical[0]
        for level in self._levels:
            if level is None or level.is_empty():
                continue
            if len(level.whole) > 0:
                return level.whole[level.first]
            return level.turns[level.turn]
        return None

    def sent(self, stream: SendStream, size: i64) -> None:
        """Record that a stream used its turn for ``size`` bytes."""
        if stream.urgency < 0 or not stream.incremental:
            return
        level = self._levels[stream.urgency]
        assert level is not None
        level.left -= size
        if level.left <= 0:
            level.left = _TURN
            level.turn = (level.turn + 1) % len(level.turns)

    def remove(self, stream: SendStream) -> None:
        """Remove a stream that has nothing to send now, or must not send."""
        if not stream.queued:
            return
        stream.queued = False
        self._count -= 1
        if stream.urgency < 0:
            (self._patient if stream.patient else self._critical).remove(stream)
            return
        level = self._levels[stream.urgency]
        assert level is not None
        if not stream.incremental:
            level.remove_whole(stream)
            return
        place = level.turns.index(stream)
        del level.turns[place]
        if place < level.turn:
            level.turn -= 1
        elif place == level.turn:
            level.left = _TURN
        if level.turn >= len(level.turns):
            level.turn = 0

    def prioritize(self, stream: SendStream, urgency: i64, incremental: bool) -> None:
        """Change the priority of a stream, queued or not (RFC 9218 6, 7)."""
        queued = stream.queued
        self.remove(stream)
        stream.urgency = urgency
        stream.incremental = incremental
        if queued:
            self.add(stream)
