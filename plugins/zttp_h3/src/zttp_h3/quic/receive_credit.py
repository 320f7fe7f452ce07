"""The credit of the peer on streams and connection, and its return (RFC 9000 4).

Every byte up to a stream's highest offset is consumed once: by the application, or by the end of the stream. So the
connection has always consumed what it received, minus the bytes that open streams hold.
"""

from typing import Final, final

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.quic.controls import Control, ControlQueue
from zttp_h3.quic.stream import QuicStream
from zttp_h3.streams.flow_control import ReceiveWindow
from zttp_h3.wire.frame_types import MAX_DATA, MAX_STREAM_DATA

# Less is not returned early: the peer would send tiny pieces, and each would cost both sides a frame. A stream whose
# content was all consumed may be waiting for it; one with more to consume will return more credit.
_LEAST_OF_A_DRAINED: Final = 64
_LEAST: Final = 16_384


@final
class ReceiveCredit:
    """The connection's window, and its use by streams; ``most`` is its largest size."""

    def __init__(self, window: i64, most: i64, controls: ControlQueue) -> None:
        self.window: Final = ReceiveWindow(window, most)
        self.received: i64 = 0  # on all streams, counted by their highest offsets
        self._drained = True  # all content of the stream that was consumed last
        self._controls: Final = controls
        self._max_data: Final = Control(MAX_DATA)

    def count(self, rose: i64, frame_type: i64) -> None:
        """Count received bytes against the connection's limit. Raises Malformed."""
        self.received += rose
        if self.received > self.window.limit:
            raise Malformed("connection_limit_exceeded", QuicErrorCode.FLOW_CONTROL_ERROR, int(frame_type))
        if self._is_scarce():
            self._controls.add(self._max_data)

    def consume(self, stream: QuicStream, size: i64) -> None:
        """Return credit for consumed bytes (4.2), as far as it was not returned before."""
        incoming = stream.incoming
        window = stream.window
        if incoming is None or window is None:
            return
        left = incoming.highest - incoming.consumed
        if size > left:
            size = left
        if size <= 0:
            return
        incoming.consumed += size
        self._drained = size == left
        if window.consume(size) and incoming.final < 0 and incoming.stop_code < 0:
            if stream.max_data is None:
                stream.max_data = Control(MAX_STREAM_DATA, stream.stream_id)
            self._controls.add(stream.max_data)
        self._consume_connection(size)

    def give_up(self, stream: QuicStream) -> None:
        """Return the connection's credit for bytes that will not be read (4.5)."""
        incoming = stream.incoming
        if incoming is not None and incoming.highest > incoming.consumed:
            left = incoming.highest - incoming.consumed
            incoming.consumed += left
            self._consume_connection(left)
        if stream.max_data is not None:
            stream.max_data.dropped = True

    def _consume_connection(self, size: i64) -> None:
        if self.window.consume(size) or self._is_scarce():
            self._controls.add(self._max_data)

    def _is_scarce(self) -> bool:
        return self.window.is_scarce(self.received, _LEAST_OF_A_DRAINED if self._drained else _LEAST)
