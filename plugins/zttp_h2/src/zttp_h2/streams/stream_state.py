"""``StreamState``: a connection's data of one open stream."""

from typing import Final, final

from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.streams.blocked_content import BlockedContent
from zttp_h2.streams.states import IDLE, NO_HEAD

# The progress of the received message.
AWAITING_HEAD: Final = 0
RECEIVING: Final = 1
RECEIVED: Final = 2

NOT_ANSWERED: Final[i64] = 0x7FFFFFFFFFFF  # which no output has reached

# Facts of the request and its answer, as bits.
HEAD: Final = 1
CONNECT: Final = 2  # with or without :protocol
TUNNEL: Final = 4  # CONNECT was answered with 2xx: no trailers, no Content-Length
HEAD_ONLY: Final = 8  # answered with 204 or 304: no trailers (RFC 9110 15.3.5, 15.4.5)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class StreamState:
    """The two messages of a stream, its windows, and its blocked content.

    It has no reference to its connection, so a connection has no reference cycles: dropping it frees all of it at once.
    """

    def __init__(self, stream_id: i64, state: i64, send_window: i64, receive_window: i64) -> None:
        self.stream_id: Final[i64] = stream_id
        self.state: i64 = state
        self.request_facts: i64 = 0
        # The message that is received.
        self.reading: i64 = AWAITING_HEAD
        self.content_left: i64 = -1  # of the declared Content-Length; -1: none, or no content follows
        self.bodyless: bool = False  # HEAD, 204, 304
        self.receive_window: i64 = receive_window
        self.receive_size: i64 = receive_window
        self.receive_credit: i64 = 0
        self.receive_since_growth: i64 = 0
        self.unconsumed: i64 = 0  # pulled, and the caller has not returned the credit
        # The message that is sent.
        self.message: i64 = NO_HEAD
        self.content_to_send: i64 = -1
        self.progressed: bool = False  # content was sent
        # The number of the output with the final head, and the number of octets received before it was written.
        self.answered_in: i64 = NOT_ANSWERED
        self.answered_at: i64 = 0
        self.window: i64 = send_window
        self.blocked: BlockedContent | None = None
        self.ending: bool = False  # the message ends after the blocked content
        self.trailers: list[tuple[bytes, bytes]] | None = None
        self.trailers_never_indexed: frozenset[bytes] | None = None
        self.urgency: i64 = 3  # RFC 9218 4
        self.incremental: bool = False
        self.queued: bool = False  # in the scheduler
        self.turn: i64 = 0  # and where there

    def blocked_bytes(self) -> i64:
        """Return how much content waits for credit."""
        blocked = self.blocked
        return 0 if blocked is None else blocked.size


NO_STREAM: Final = StreamState(0, IDLE, 0, 0)
