"""Flow control of sent content (RFC 9113 5.2, 6.9): the windows that the peer grants, and blocked content.

Output that was not taken blocks content, too: otherwise urgent content would wait for all earlier output, and a peer
that opens its windows and does not read could make it grow without bound (CVE-2019-9517). Content that is blocked by
its own stream's window waits only for that; all other content waits in the ``scheduler``.
"""

from typing import Final, final

from zttp_h2.flow.scheduler import Scheduler
from zttp_h2.frames import DEFAULT_WINDOW, MAX_WINDOW
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.streams.blocked_content import BlockedContent
from zttp_h2.streams.stream_state import StreamState

# This much content is written at once, before the output is taken. Small amounts delay nothing.
MOST_CONTENT: Final = 262144
_OUTPUT_FOR_SMALL: Final = 196608
_SMALL: Final = 4096
_ANY: Final = 0x7FFFFFFFFFFF


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class SendFlow:
    """``window`` is that of the connection; each stream has its own."""

    def __init__(self) -> None:
        self.window: i64 = DEFAULT_WINDOW
        self._room: i64 = MOST_CONTENT  # for content in the output
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

    def room(self, stream: StreamState, size: i64) -> i64:
        """Return how much of ``size`` octets can be written now; nothing if not positive."""
        room = self._room if size <= _SMALL else self._room - _OUTPUT_FOR_SMALL
        if room > self.window:
            room = self.window
        return min(stream.window, room)

    def turn_size(self, stream: StreamState, largest: i64) -> i64:
        """Return how much of its blocked content the next stream sends in one frame."""
        if largest > self.window:
            largest = self.window
        if largest > stream.window:
            largest = stream.window
        blocked = stream.blocked_bytes()
        return min(blocked, largest)

    def is_due(self) -> bool:
        """Return whether blocked content could be written now."""
        scheduler = self._scheduler
        return scheduler is not None and self.window > 0 and scheduler.count > 0

    def open_output(self) -> None:
        """Allow everything to be written: the output is about to be taken."""
        self._room = _ANY

    def output_taken(self) -> None:
        """The output is empty again."""
        self._room = MOST_CONTENT

    def window_left(self, streams: list[StreamState]) -> i64:
        """Return the connection's window minus content that waits only for the output."""
        window = self.window
        if self.is_due():
            for stream in streams:
                if stream.queued:
                    window -= self.turn_size(stream, self.window)
        return max(0, window)

    def sent(self, stream: StreamState, size: i64) -> None:
        """Record content that is sent."""
        stream.window -= size
        self.window -= size
        self._room -= size

    def unblocked(self, stream: StreamState, size: i64) -> bool:
        """Record blocked content that is sent; return whether nothing more is blocked."""
        self.sent(stream, size)
        self.blocked_bytes -= size
        if stream.blocked_bytes() > 0:
            return False
        stream.blocked = None
        self.blocked_streams -= 1
        return True

    def wait(self, stream: StreamState) -> None:
        """Let a stream wait for the connection, if it needs that."""
        if stream.queued or stream.blocked is None or stream.window <= 0:
            return
        scheduler = self._scheduler
        if scheduler is None:
            scheduler = Scheduler()
            self._scheduler = scheduler
        scheduler.add(stream)

    def next_stream(self) -> StreamState | None:
        """Remove and return the next stream to send, if there is one and the connection can send."""
        scheduler = self._scheduler
        return None if scheduler is None or self.window <= 0 or self._room <= _OUTPUT_FOR_SMALL else scheduler.take()

    def drop(self, stream: StreamState) -> None:
        """Drop the blocked content of a stream."""
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
        """Drop all blocked content: all streams are closed."""
        self.blocked_bytes = 0
        self.blocked_streams = 0
        self._scheduler = None

    def change_initial_window(self, streams: list[StreamState], delta: i64) -> bool:
        """Apply a new SETTINGS_INITIAL_WINDOW_SIZE to all streams; False if a window overflows (RFC 9113 6.9.2).

        A window can become negative; then nothing is sent until credit has made it positive.
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
