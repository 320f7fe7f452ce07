"""Flow control of what is sent (RFC 9113 5.2, 6.9): the windows that the peer grants, and the content that they block.

While the connection has credit, nothing is queued that could use it: what is blocked then waits for its own stream's
window. What waits for the connection's is in the ``scheduler``.
"""

from typing import final

from zttp_h2.flow.scheduler import Scheduler
from zttp_h2.frames import DEFAULT_WINDOW, MAX_WINDOW
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.streams.blocked_content import BlockedContent
from zttp_h2.streams.stream_state import StreamState


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class SendFlow:
    """``window`` is what the peer takes on all streams together; the streams' own are theirs."""

    def __init__(self) -> None:
        self.window: i64 = DEFAULT_WINDOW
        self.blocked_bytes: i64 = 0
        self.blocked_streams: i64 = 0
        self._scheduler: Scheduler | None = None

    def block(self, stream: StreamState, data: bytes, start: i64) -> None:
        """Keep ``data[start:]`` until there is credit."""
        blocked = stream.blocked
        if blocked is None:
            blocked = BlockedContent()
            stream.blocked = blocked
            self.blocked_streams += 1
        blocked.append(data, start)
        self.blocked_bytes += len(data) - start
        self.wait(stream)

    def sent(self, stream: StreamState, size: i64) -> None:
        """Note content that leaves."""
        stream.window -= size
        self.window -= size

    def unblocked(self, stream: StreamState, size: i64) -> bool:
        """Note blocked content that leaves; return whether nothing more is blocked."""
        self.sent(stream, size)
        self.blocked_bytes -= size
        if stream.blocked_bytes() > 0:
            return False
        stream.blocked = None
        self.blocked_streams -= 1
        return True

    def wait(self, stream: StreamState) -> None:
        """Let a stream wait for the connection's credit, if that is what it needs."""
        if stream.queued or stream.blocked is None or stream.window <= 0:
            return
        scheduler = self._scheduler
        if scheduler is None:
            scheduler = Scheduler()
            self._scheduler = scheduler
        scheduler.add(stream)

    def next_stream(self) -> StreamState | None:
        """Take out the stream whose turn it is to send, if one could and the connection has credit."""
        scheduler = self._scheduler
        return None if scheduler is None or self.window <= 0 else scheduler.take()

    def drop(self, stream: StreamState) -> None:
        """Forget what is blocked on a stream."""
        blocked = stream.blocked
        if blocked is None:
            return
        self.blocked_bytes -= blocked.size
        self.blocked_streams -= 1
        stream.blocked = None
        scheduler = self._scheduler
        if scheduler is not None:
            scheduler.remove(stream)

    def drop_all(self) -> None:
        """Forget that anything is blocked: all streams are gone."""
        self.blocked_bytes = 0
        self.blocked_streams = 0
        self._scheduler = None

    def change_initial_window(self, streams: list[StreamState], delta: i64) -> bool:
        """Apply a new SETTINGS_INITIAL_WINDOW_SIZE to all streams; False if a window overflows (RFC 9113 6.9.2).

        A window can become negative by it; then nothing is sent until credit has made it positive.
        """
        for stream in streams:
            stream.window += delta
            if stream.window > MAX_WINDOW:
                return False
        scheduler = self._scheduler
        for stream in streams:
            if stream.window > 0:
                self.wait(stream)
            elif scheduler is not None:
                scheduler.remove(stream)
        return True

    def prioritize(self, stream: StreamState, urgency: i64, incremental: bool) -> None:
        """Apply a priority signal (RFC 9218)."""
        scheduler = self._scheduler
        queued = stream.queued
        if scheduler is not None:
            scheduler.remove(stream)
        stream.urgency = urgency
        stream.incremental = incremental
        if scheduler is not None and queued:
            scheduler.add(stream)
