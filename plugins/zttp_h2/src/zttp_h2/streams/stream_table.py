"""The open streams, and the remaining facts about closed ones (RFC 9113 5.1, 5.1.1).

Open streams are objects; a closed one is forgotten. The input that may still arrive for it follows from its identifier:
every stream up to the highest that was used is closed, and every stream above is idle. Only streams that were reset
here are recorded, because the peer may not have seen that yet: the latest of them by identifier, and of the others the
highest, and the credit that all of them together still have. So memory is bounded by the open streams, whatever their
number over time.
"""

from typing import Final, final

from zttp_h2.frames import MAX_WINDOW
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.streams.states import CLOSED, IDLE, RESET_SENT
from zttp_h2.streams.stream_state import NO_STREAM, StreamState

_MAX_REMEMBERED: Final = 256
_MAX_RANGES: Final = 64
_FEW: Final = 16
_NO_STREAMS: Final[list[StreamState]] = []  # shared by all connections until they need their own list


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class StreamTable:
    """The streams of one connection."""

    def __init__(self) -> None:
        # The stream that was opened last is kept separately: one request after another needs no list.
        self._latest: StreamState = NO_STREAM
        # The others by identifier, including closed ones, until these are the majority.
        self._others: list[StreamState] = _NO_STREAMS
        self._open_others: i64 = 0
        self.highest: i64 = 0  # identifier of a stream that the client opened
        self.processed: i64 = 0  # the highest one that a GOAWAY must name: its request was passed on
        self._skipped: list[tuple[int, int]] | None = None  # the latest ranges of identifiers that were never used
        # The content that the peer may still send there within its window.
        self._reset_here: dict[int, int] | None = None
        self._highest_evicted: i64 = 0
        self._evicted_window: i64 = 0
        # Unreturned credit of streams that have ended since.
        self._unreturned: dict[int, int] | None = None

    def get(self, stream_id: i64) -> StreamState | None:
        """Return the stream, if it is open."""
        latest = self._latest
        if latest.stream_id == stream_id:
            return None if latest is NO_STREAM else latest
        if stream_id > self.highest or self._open_others == 0:
            return None
        stream = _find(self._others, stream_id)
        return stream if IDLE < stream.state < CLOSED else None

    def next_stream_id(self) -> i64:
        """Return the identifier of a client's next stream (RFC 9113 5.1.1)."""
        if self.highest == 0:
            return 1
        return self.highest + 2

    def count(self) -> i64:
        """Return the number of open and half-closed streams."""
        return self._open_others if self._latest is NO_STREAM else self._open_others + 1

    def all(self) -> list[StreamState]:
        """Return the open streams, in the order of their opening."""
        streams: list[StreamState] = []
        if self._open_others > 0:
            for stream in self._others:
                if stream.state < CLOSED:
                    streams.append(stream)
        if self._latest is not NO_STREAM:
            streams.append(self._latest)
        return streams

    def open(self, stream: StreamState) -> None:
        """Add a stream that the client opened."""
        stream_id = stream.stream_id
        if stream_id > self.highest:
            self.used(stream_id)
        latest = self._latest
        if latest is not NO_STREAM:
            if self._others is _NO_STREAMS:
                self._others = []
            self._others.append(latest)
            self._open_others += 1
        self._latest = stream

    def used(self, stream_id: i64) -> None:
        """Record that a client's stream is no longer idle; idle ones below it are closed (RFC 9113 5.1.1)."""
        if stream_id > self.highest + 2 or (self.highest == 0 and stream_id > 1):
            skipped = self._skipped
            if skipped is None:
                skipped = []
                self._skipped = skipped
            elif len(skipped) >= _MAX_RANGES:
                del skipped[0]
            skipped.append((self.highest + 2 if self.highest > 0 else 1, stream_id - 2))
        self.highest = stream_id

    def forget(self, stream: StreamState, state: i64) -> None:
        """Remove a stream that is closed now."""
        stream_id = stream.stream_id
        stream.state = state
        # It may stay here for a while, and with a caller forever.
        stream.blocked = None
        stream.trailers = None
        stream.trailers_never_indexed = None
        if self._latest is stream:
            self._latest = NO_STREAM
        else:
            self._open_others -= 1
            others = self._others
            if self._open_others == 0:
                others.clear()
            elif len(others) > _FEW and self._open_others * 2 < len(others):
                self._others = [other for other in others if other.state < CLOSED]
        if state == RESET_SENT:
            self.reset_here(stream_id, stream.receive_window)

    def take_above(self, last: i64) -> list[StreamState]:
        """Return the open streams with a higher identifier, the highest first; they are about to be forgotten.

        Only if no stream can be opened any more: each is checked only once.
        """
        streams: list[StreamState] = []
        if self._latest.stream_id > last:
            streams.append(self._latest)
        others = self._others
        while len(others) > 0 and others[-1].stream_id > last:
            stream = others.pop()
            if stream.state < CLOSED:
                streams.append(stream)
        return streams

    def note_unreturned(self, stream_id: i64, credit: i64) -> None:
        """Record the unreturned credit of a stream, 0 for none."""
        unreturned = self._unreturned
        if unreturned is None:
            unreturned = {}
            self._unreturned = unreturned
        if credit > 0:
            unreturned[stream_id] = credit
        else:
            unreturned.pop(stream_id, None)

    def unreturned(self, stream_id: i64) -> i64:
        """Return the unreturned credit of a stream that has ended."""
        unreturned = self._unreturned
        return 0 if unreturned is None else unreturned.get(stream_id, 0)

    def reset_here(self, stream_id: i64, window: i64) -> None:
        """Record that RST_STREAM was sent: frames that the peer sent before it read that are not its fault."""
        remembered = self._reset_here
        if remembered is None:
            remembered = {}
            self._reset_here = remembered
        elif len(remembered) >= _MAX_REMEMBERED:
            oldest = next(iter(remembered))
            self._evicted_window = min(self._evicted_window + remembered.pop(oldest), MAX_WINDOW)
            if oldest > self._highest_evicted:
                self._highest_evicted = oldest
        remembered[stream_id] = window

    def spend(self, stream_id: i64, length: i64) -> bool:
        """Take octets from the window of a stream that was reset here; False if it does not have as many."""
        remembered = self._reset_here
        if remembered is None or length == 0:
            return False
        left: i64 = remembered.get(stream_id, -1)
        if left >= length:
            remembered[stream_id] = left - length
            return True
        if left >= 0 or stream_id > self._highest_evicted or length > self._evicted_window:
            return False
        self._evicted_window -= length
        return True

    def state_of(self, stream_id: i64) -> i64:
        """Return the state of a stream that is not open: IDLE, CLOSED or RESET_SENT.

        The peer's own RST_STREAM has the same effect as the end of both messages, so that is CLOSED too.
        """
        if stream_id & 1 == 0 or stream_id > self.highest:
            return IDLE  # the server opens no streams, because push is refused
        remembered = self._reset_here
        if remembered is not None and (stream_id <= self._highest_evicted or stream_id in remembered):
            return RESET_SENT
        return CLOSED

    def was_skipped(self, stream_id: i64) -> bool:
        """Return whether a closed stream was never opened by the client, as far as that is recorded."""
        skipped = self._skipped
        if skipped is not None:
            for first, last in skipped:
                if first <= stream_id <= last:
                    return True
        return False


def _find(streams: list[StreamState], stream_id: i64) -> StreamState:
    """Return the stream with this identifier from an ordered list, or NO_STREAM, which is idle."""
    low: i64 = 0
    high: i64 = len(streams)
    # Most clients skip no identifier, so the position follows from the first.
    middle = (stream_id - streams[0].stream_id) >> 1
    if middle < 0:
        return NO_STREAM
    while low < high:
        if middle >= high:
            middle = (low + high) >> 1
        stream = streams[middle]
        found = stream.stream_id
        if found == stream_id:
            return stream
        if found < stream_id:
            low = middle + 1
        else:
            high = middle
        middle = (low + high) >> 1
    return NO_STREAM
