"""How a connection ends (RFC 9000 10): silently, by us, or by the peer; and what is still said then."""

from typing import Final, final

from zttp_h3.native_ints import i64

OPEN: Final = 0
CLOSING: Final = 1  # we sent CONNECTION_CLOSE, and repeat it to who has not heard (10.2.1)
DRAINING: Final = 2  # the peer closed; nothing is sent any more (10.2.2)
CLOSED: Final = 3

MOST_REASON_BYTES: Final = 1024

_PERIOD: Final = 3  # probe timeouts that closing and draining last (10.2)


@final
class CloseState:
    """Whether and why a connection has ended. ``by_peer`` tells whose CONNECTION_CLOSE it was."""

    def __init__(self) -> None:
        self.state: i64 = OPEN
        self.cause: str | None = None  # the token of the reason, where the peer broke the connection
        self.error_code: i64 = 0
        self.frame_type: i64 = 0
        self.reason = b""
        self.is_application = False
        self.by_peer = False
        self.timed_out = False  # the idle or handshake timeout ended it
        self.was_reset = False  # by a stateless reset
        self.deadline: i64 = -1  # when the state is forgotten
        self.due = False  # the packet has to leave, for the first time or again
        self.packets: list[bytes] = []  # that say so, made once
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
        """Forget the connection: the period is over, or nobody is left to tell."""
        self.state = CLOSED
        self.deadline = -1
        self.due = False
        self.packets = []

    def on_packet(self) -> None:
        """Say it again to a peer that goes on, ever more rarely (10.2.1)."""
        if self.state != CLOSING:
            return
        self._heard += 1
        if self._heard >= self._answer_at:
            self._heard = 0
            self._answer_at *= 2
            self.due = True


def closing_period(probe_timeout: i64) -> i64:
    """Return how long a closed connection is remembered."""
    return _PERIOD * probe_timeout
