"""Selects the next stream to send, if several have content and credit (RFC 9218 10).

The most urgent first. Of streams with the same urgency, incremental ones take turns of a frame each; the others are
served one after another, in the order of their identifiers. If there are both, the two groups take turns, so that
neither starves. A stream whose client sent no priority signal has urgency 3 and is not incremental (RFC 9218 4).
"""

from heapq import heappop, heappush
from typing import Final, final

from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.streams.stream_state import NO_STREAM, StreamState

_MOST_STALE: Final = 64
_URGENCIES: Final = 8


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class StreamQueue:
    """Streams by a number, the lowest first. A removed one stays in the heap until its turn."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._streams: dict[int, StreamState] = {}

    def is_empty(self) -> bool:
        """Return whether there is no stream."""
        return len(self._streams) == 0

    def add(self, number: int, stream: StreamState) -> None:
        """Add a stream."""
        heappush(self._numbers, number)
        self._streams[number] = stream

    def take(self) -> StreamState:
        """Remove and return the first stream; there is one."""
        while True:
            stream = self._streams.pop(heappop(self._numbers), None)
            if stream is not None:
                return stream

    def remove(self, number: int) -> None:
        """Remove one of the streams."""
        streams = self._streams
        del streams[number]
        if len(self._numbers) > 2 * len(streams) + _MOST_STALE:
            self._numbers = sorted(streams)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Scheduler:
    """The streams that could send if the connection could; ``StreamState.queued`` marks them.

    A single one needs no queue.
    """

    def __init__(self) -> None:
        self.count: i64 = 0
        self._alone: StreamState = NO_STREAM
        # By urgency: first the streams in the order of their identifiers, then those in turn.
        self._queues: list[StreamQueue | None] = []
        self._turn: i64 = 0
        self._order_is_next: bool = True

    def add(self, stream: StreamState) -> None:
        """Queue a stream."""
        stream.queued = True
        self.count += 1
        if self.count == 1:
            self._alone = stream
            return
        if self._alone is not NO_STREAM:
            self._enqueue(self._alone)
            self._alone = NO_STREAM
        self._enqueue(stream)

    def remove(self, stream: StreamState) -> None:
        """Remove a stream, if it is queued."""
        if not stream.queued:
            return
        stream.queued = False
        self.count -= 1
        if self._alone is stream:
            self._alone = NO_STREAM
            return
        queue = self._queues[_place(stream)]
        assert queue is not None
        queue.remove(stream.turn)

    def take(self) -> StreamState | None:
        """Remove and return the next stream to send one frame."""
        if self.count == 0:
            return None
        self.count -= 1
        stream = self._alone
        if stream is NO_STREAM:
            stream = self._first()
        else:
            self._alone = NO_STREAM
        stream.queued = False
        return stream

    def _enqueue(self, stream: StreamState) -> None:
        queues = self._queues
        if len(queues) == 0:
            queues = [None] * (2 * _URGENCIES)
            self._queues = queues
        place = _place(stream)
        queue = queues[place]
        if queue is None:
            queue = StreamQueue()
            queues[place] = queue
        if stream.incremental:
            self._turn += 1
            stream.turn = self._turn
        else:
            stream.turn = stream.stream_id
        queue.add(stream.turn, stream)

    def _first(self) -> StreamState:
        place: i64 = 0
        while True:
            in_order = self._queues[place]
            in_turn = self._queues[place + _URGENCIES]
            is_turn = in_turn is not None and not in_turn.is_empty()
            if in_order is not None and not in_order.is_empty() and (self._order_is_next or not is_turn):
                self._order_is_next = False
                return in_order.take()
            if in_turn is not None and is_turn:
                self._order_is_next = True
                return in_turn.take()
            place += 1


def _place(stream: StreamState) -> i64:
    """Return the index of a stream's queue."""
    return stream.urgency + _URGENCIES if stream.incremental else stream.urgency
