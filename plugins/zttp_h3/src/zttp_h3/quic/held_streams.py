"""Our streams that must not send yet: beyond a limit, or not in 0-RTT (RFC 9000 4.6, RFC 8470 4)."""

from typing import Final, final

from zttp_h3.native_ints import i64
from zttp_h3.quic.controls import Control
from zttp_h3.quic.stream_counts import StreamCounts
from zttp_h3.streams.send_stream import SendStream


@final
class HeldStreams:
    """The waiting streams, and the waiting frames about streams."""

    def __init__(self, counts: StreamCounts) -> None:
        self._counts: Final = counts
        self._streams: dict[int, SendStream] = {}
        self._controls: list[Control] = []
        self._late: Final[set[int]] = set()  # those that wait for 1-RTT

    def must_wait(self, stream_id: i64) -> bool:
        """Return whether nothing of a stream may be sent yet."""
        return self._counts.is_ahead(stream_id) or (len(self._late) > 0 and int(stream_id) in self._late)

    def holds(self, out: SendStream) -> bool:
        """Return whether a stream must wait, and keep it then."""
        if not self.must_wait(out.stream_id):
            return False
        self._streams[int(out.stream_id)] = out
        return True

    def holds_control(self, control: Control) -> bool:
        """Return whether a frame must wait because of its stream, and keep it then."""
        if not self.must_wait(control.subject):
            return False
        self._controls.append(control)
        return True

    def wait_for_handshake(self, stream_id: i64) -> None:
        """Hold a stream until there are 1-RTT keys."""
        self._late.add(int(stream_id))

    def on_handshake_keys(self) -> bool:
        """Release everything that was held because of 0-RTT; returns whether there was anything."""
        if len(self._late) == 0:
            return False
        self._late.clear()
        return True

    def take(self) -> list[SendStream]:
        """Return and remove the waiting streams."""
        held = self._streams
        self._streams = {}
        return list(held.values())

    def take_controls(self) -> list[Control]:
        """Return and remove the waiting frames."""
        held = self._controls
        self._controls = []
        return held
