"""The end of a connection (RFC 9000 10): silent, by us, or by the peer; and the packets that are still sent."""

from typing import Final, final

from zttp_h3.native_ints import i64

OPEN: Final = 0
CLOSING: Final = 1  # we sent CONNECTION_CLOSE, and repeat it for a peer that missed it (10.2.1)
DRAINING: Final = 2  # the peer closed; nothing is sent any more (10.2.2)
CLOSED: Final = 3

MOST_REASON_BYTES: Final = 1024

_PERIOD: Final = 3  # probe timeouts that closing and draining last (10.2)


@final
class CloseState:
    """Whether and why a connection has ended. ``by_peer``: the peer sent CONNECTION_CLOSE."""

    def __init__(self) -> None:
        self.state: i64 = OPEN
        self.cause: str | None = None  # the token of the reason, for a connection error of the peer
        self.error_code: i64 = 0
        self.frame_type: i64 = 0
        self.reason = b""
        self.is_application = False
        self.by_peer = False
        self.timed_out = False  # the idle or handshake timeout ended it
        self.was_reset = False  # by a stateless reset
        self.deadline: i64 = -1  # when the state is forgotten
        self.due = False  # the packet must be sent, for the first time or again
        self.packets: list[bytes] = []  # with CONNECTION_CLOSE, made once
        self._heard: i64 = 0  # packets since it was sent
        self._answer_at: i64 = 1

    def close(self, error_code: i64, frame_type: i64, reason: bytes, is_application: bool, until: i64) -> None:
        """End the connection from this side."""
        if self.state != OPEN:
            return
        self.state = CLOSING
        self.error_code = error_code
        self.frame_type = frame_type
        self.reason = reason[:MOST_REASON_BYTES]
        self.is_application = is_application
        self.deadline = until
        self.due = True

    def drain(self, error_code: i64, frame_type: i64, reason: bytes, is_application: bool, until: i64) -> None:
        """Note that the peer has ended the connection."""
        if self.state == OPEN:
            self.error_code = error_code
            self.frame_type = frame_type
            self.reason = reason[:MOST_REASON_BYTES]
            self.is_application = is_application
            self.by_peer = True
        if self.state <= CLOSING:
            self.state = DRAINING
            self.deadline = until
            self.due = False

    def end(self) -> None:
        """Forget the connection: the period is over, or there is no peer to inform."""
        self.state = CLOSED
        self.deadline = -1
        self.due = False
        self.packets = []

    def on_packet(self) -> None:
        """Repeat it for a peer that still sends, less and less often (10.2.1)."""
        if self.state != CLOSING:
            return
        self._heard += 1
        if self._heard >= self._answer_at:
            self._heard = 0
            self._answer_at *= 2
            self.due = True


def closing_period(probe_timeout: i64) -> i64:
    """Return how long a closed connection is kept."""
    return _PERIOD * probe_timeout
