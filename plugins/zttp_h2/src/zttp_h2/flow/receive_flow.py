"""Flow control of received content (RFC 9113 5.2, 6.9): the windows that we grant, and the credit that we return.

Credit is returned when content is consumed, in batches of half a window, or of more than the peer has left: other
streams may hold the rest of the connection's window while they are not read. A window that was consumed once completely
doubles, up to ``max_connection_window``: consumption decides, never announcements of the peer, so growth costs the peer
as many bytes as it gains. A stream's window does not outgrow the connection's.
"""

from typing import Final, final

from zttp_h2.flow.outbox import Outbox
from zttp_h2.frames import MAX_WINDOW
from zttp_h2.limits import H2Limits
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.streams.states import HALF_CLOSED_LOCAL, OPEN
from zttp_h2.streams.stream_state import StreamState

# Less is not returned early: the peer would send tiny pieces, and each would cost both sides a frame. A stream whose
# content was all consumed may be waiting for it; one with more to consume will return more credit.
_LEAST_OF_A_DRAINED: Final = 64
_LEAST: Final = 16_384


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ReceiveFlow:
    """The window of the connection, and the credit of all streams."""

    def __init__(self, limits: H2Limits, outbox: Outbox) -> None:
        self.window: i64 = limits.connection_window_size  # what the peer may still send
        self.size: i64 = limits.connection_window_size
        self.pending_growth: i64 = 0  # of streams, by settings that the peer has not acknowledged
        self._max_size: Final[i64] = limits.max_connection_window
        self._credit: i64 = 0  # consumed, and not yet returned
        self._drained = True  # all content of the stream that was consumed last
        self._since_growth: i64 = 0
        self._outbox: Final = outbox

    def received(self, length: i64) -> None:
        """Count received octets against the connection's window."""
        self.window -= length
        if self._credit > self.window:
            self.returned(0, self._drained)

    def consumed(self, stream: StreamState, length: i64) -> None:
        """Return the credit of a stream's octets, and the connection's."""
        self.returned(length, stream.unconsumed == 0)
        state = stream.state
        if state != OPEN and state != HALF_CLOSED_LOCAL:
            return  # RFC 9113 5.1: no more content follows
        stream.receive_credit += length
        stream.receive_since_growth += length
        self._return_due(stream)

    def change_initial_window(self, streams: list[StreamState], delta: i64) -> None:
        """Apply our SETTINGS_INITIAL_WINDOW_SIZE to all streams, once the peer has acknowledged it (RFC 9113 6.9.2)."""
        for stream in streams:
            stream.receive_window += delta
            stream.receive_size += delta
            stream.receive_since_growth = 0
            # With a smaller window the kept credit may be all there is: no more content would arrive to return it.
            if stream.state == OPEN or stream.state == HALF_CLOSED_LOCAL:
                self._return_due(stream)

    def _return_due(self, stream: StreamState) -> None:
        """Return the credit of a stream, if it is half of its window."""
        credit = stream.receive_credit
        size = stream.receive_size
        if credit < size >> 1 or credit == 0:
            return
        if stream.receive_since_growth >= size and size < self.size:
            growth = min(size, self.size - size, MAX_WINDOW - self.pending_growth - size)
            if growth < 0:
                growth = 0
            stream.receive_size += growth
            stream.receive_since_growth = 0
            credit += growth
        stream.receive_window += credit
        stream.receive_credit = 0
        self._outbox.write_window_update(stream.stream_id, credit)

    def returned(self, length: i64, drained: bool = True) -> None:
        """Return the credit of octets to the connection only; ``drained`` if all of that stream was consumed."""
        credit = self._credit + length
        self._since_growth += length
        size = self.size
        if credit < size >> 1 and (credit <= self.window or credit < (_LEAST_OF_A_DRAINED if drained else _LEAST)):
            self._credit = credit
            self._drained = drained
            return
        if self._since_growth >= size and size < self._max_size:
            growth = size if size * 2 <= self._max_size else self._max_size - size
            self.size += growth
            self._since_growth = 0
            credit += growth
        self.window += credit
        self._credit = 0
        self._outbox.write_window_update(0, credit)
