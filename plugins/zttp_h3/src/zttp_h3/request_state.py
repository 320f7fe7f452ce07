"""The state of a request stream, shared by reading and writing: progress and cancellation (RFC 9114 4.1).

HEAD --- HEADERS ---> CONTENT --- HEADERS ---> TRAILED
  |  1xx: stays          |                        |
  +----------------------+--- end of the stream --+---> ENDED
"""

from typing import Any, Final

from zttp_core import events as core
from zttp_h3.codes import H3ErrorCode
from zttp_h3.native_ints import i64
from zttp_h3.quic.stream import QuicStream
from zttp_h3.session import H3Session

HEAD: Final = 0
CONTENT: Final = 1
TRAILED: Final = 2
ENDED: Final = 3


class RequestState:
    """One request and its response. ``RequestStream``, a subclass, reads the stream."""

    def __init__(self, session: H3Session, quic: QuicStream) -> None:
        self.stream_id: Final[i64] = quic.stream_id
        self.quic: Final = quic
        self.session: Final = session
        self.kind: i64 = 0  # of the request's method, which decides the rules of the response
        self.tunnel = False
        self.head_only = False  # the answer is a 204 or 304
        self.closed = False  # nothing more is read or sent: reset by one side
        # What is read.
        self.state: i64 = HEAD
        self.announced = False  # the application has seen the head
        self.unconsumed: i64 = 0  # content that was pulled, and whose credit is not returned
        self.rest = b""  # of what was taken off the stream: not parsed yet
        self.content_left: i64 = -1  # of the Content-Length
        self.trailers: list[tuple[bytes, bytes]] = []
        # What is sent (``writing``).
        self.message: i64 = 0
        self.head_end: i64 = -1  # the offset of the end of a response's head
        self.content_to_send: i64 = -1

    def ends_here(self) -> bool:
        """Return whether the stream has no more input."""
        incoming = self.quic.incoming
        assert incoming is not None
        return len(self.rest) == 0 and incoming.has_ended()

    def abandon(self) -> None:
        """Stop reading, and inform the peer's encoder (RFC 9204 2.2.2.2)."""
        self.closed = True
        self.rest = b""
        if self.state != ENDED:
            self.session.decoder.cancel(self.stream_id)
            self.session.flush_qpack()

    def refuse(self, reason: str, error_code: int) -> Any:
        """Reset the stream because of the peer's error (RFC 9114 4.1.2, 8)."""
        session = self.session
        session.note_rejected(self.stream_id, reason, error_code)
        announced = self.announced or not session.is_server
        self.close(error_code)
        # RFC 9114 5.2: a rejection is no fault of a client that could not know better.
        if session.is_server and (
            error_code != H3ErrorCode.H3_REQUEST_REJECTED or self.stream_id >= session.asked_unaware
        ):
            session.count_reset()
        return core.RstStream(self.stream_id, error_code) if announced else None

    def close(self, error_code: i64) -> None:
        """Abandon the stream in both directions."""
        if self.closed:
            return
        self.abandon()
        streams = self.session.transport.session.streams
        streams.reset(self.quic, error_code)
        streams.stop(self.quic, error_code)
