"""Which stream sends next, when several have content parked and credit for it (RFC 9218 10).

The most urgent first. Among equals, those that are incremental take turns, frame by frame; the others are served one
after the other, in the order of their identifiers. Where there are both, the two groups take turns, so that neither
starves. A stream whose client sent no priority signal counts as incremental: nothing is known of it that would justify
to hold up the others of its kind.
"""

from typing import Final, final

from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.streams.stream_state import NO_STREAM, StreamState

_COMPACT_FROM: Final = 64


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class StreamQueue:
    """Streams in order; taking the first takes the same time however many there are."""

    def __init__(self) -> None:
        self._streams: list[StreamState] = []
        self._first: i64 = 0

    def length(self) -> i64:
        """Return how many streams are here."""
        return len(self._streams) - self._first

    def append(self, stream: StreamState) -> None:
        """Add a stream behind the others."""
        self._streams.append(stream)

    def insert(self, stream: StreamState) -> None:
        """Add a stream where its identifier belongs."""
        streams = self._streams
        first = self._first
        stream_id = stream.stream_id
        if first > 0 and (first == len(streams) or stream_id < streams[first].stream_id):
            self._first = first - 1
            streams[first - 1] = stream
            return
        at: i64 = len(streams)
        while at > first and streams[at - 1].stream_id > stream_id:
            at -= 1
        streams.insert(at, stream)

    def take(self) -> StreamState:
        """Remove and return the first."""
        streams = self._streams
        first = self._first
        stream = streams[first]
        streams[first] = NO_STREAM
        first += 1
        if first >= _COMPACT_FROM and first * 2 >= len(streams):
            del streams[:first]
            first = 0
        self._first = first
        return stream

    def remove(self, stream: StreamState) -> None:
        """Remove one of the streams."""
        self._streams.remove(stream)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Scheduler:
    """The streams that could send if the connection had credit; ``StreamState.queued`` says which are here."""

    def __init__(self) -> None:
        self._in_turn: list[StreamQueue] = [StreamQueue() for _ in range(8)]
        self._in_order: list[StreamQueue] = [StreamQueue() for _ in range(8)]
        self._order_is_next: bool = True

    def add(self, stream: StreamState) -> None:
        """Queue a stream."""
        stream.queued = True
        if stream.incremental:
            self._in_turn[stream.urgency].append(stream)
        else:
            self._in_order[stream.urgency].insert(stream)

    def remove(self, stream: StreamState) -> None:
        """Take a stream out, if it is queued."""
        if stream.queued:
            stream.queued = False
            queues = self._in_turn if stream.incremental else self._in_order
            queues[stream.urgency].remove(stream)

    def take(self) -> StreamState | None:
        """Take out the stream whose turn it is to send one frame."""
        urgency: i64 = 0
        while urgency < 8:
            in_order = self._in_order[urgency]
            in_turn = self._in_turn[urgency]
            if in_order.length() > 0 and (self._order_is_next or in_turn.length() == 0):
                self._order_is_next = False
                stream = in_order.take()
                stream.queued = False
                return stream
            if in_turn.length() > 0:
                self._order_is_next = True
                stream = in_turn.take()
                stream.queued = False
                return stream
            urgency += 1
        return None
