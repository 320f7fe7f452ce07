"""``Stream``: the object that a caller sends on. The connection holds its state."""

from typing import Any, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_core.reasons import local_error
from zttp_h3.arguments import clamped, listed, owned
from zttp_h3.native_ints import i64
from zttp_h3.quic.stream import QuicStream
from zttp_h3.request_state import RequestState
from zttp_h3.session import H3Session
from zttp_h3.writing import messages
from zttp_h3.writing.datagrams import send_datagram

Headers = Any  # Iterable[Sequence[bytes]] | HeaderBlock

_CANCELLED: Final = 0x10C  # H3_REQUEST_CANCELLED, as a plain number for the signature


@final
class Stream:
    """One request stream of an HTTP/3 connection, on which a message is sent. Made by the connection.

    A stream is closed once both messages have ended and arrived, or either side has reset it. Then ``send_window`` and
    ``pending_bytes`` are ``None``, ``reset`` does nothing, and every other method raises LocalProtocolError.

    Attributes:
        stream_id: The stream identifier.
    """

    __slots__ = ("_session", "_state", "stream_id")

    def __init__(self, session: H3Session, state: RequestState) -> None:
        self.stream_id: Final[i64] = state.stream_id
        self._session: Final = session
        self._state: Final = state

    @property
    def send_window(self) -> int | None:
        """Bytes that the limits of the stream and the connection allow now; ``None`` once closed (RFC 9000 4.1)."""
        out = self._state.quic.outgoing
        if out is None or self._is_closed():
            return None
        room = min(out.limit - out.sent, self._session.transport.session.streams.credit.available()) - out.unsent()
        return max(0, int(room))

    @property
    def pending_bytes(self) -> int | None:
        """Bytes that wait to be sent; ``None`` once the stream is closed."""
        out = self._state.quic.outgoing
        return None if out is None or self._is_closed() else int(out.unsent())

    def send_response(self, status: int, headers: Headers = None, end_stream: bool = False) -> None:
        """Queue the head of the final response (server); with ``end_stream`` it also ends the message.

        Raises LocalProtocolError.
        """
        messages.send_response(self._session, self._open(), clamped(status), headers, end_stream)

    def send_informational(self, status: int, headers: Headers = None, /) -> None:
        """Queue a 1xx head other than 101 (server). Raises LocalProtocolError."""
        messages.send_informational(self._session, self._open(), clamped(status), listed(headers))

    def send_data(self, data: Any, /) -> None:
        """Queue content, in any buffer.

        Raises LocalProtocolError, also if more than ``max_blocked_bytes`` would wait.
        """
        messages.send_data(self._session, self._open(), owned(data))

    def end_message(self, trailers: Headers = None, /) -> None:
        """End the message, with or without trailer fields. Raises LocalProtocolError."""
        messages.end_message(self._session, self._open(), None if trailers is None else listed(trailers))

    def send_datagram(self, data: Any, /) -> None:
        """Queue an HTTP datagram, in any buffer, after the head of the message and before its end (RFC 9297 2).

        It may be lost; it is dropped if 64 newer ones were queued before it could be sent. Raises LocalProtocolError
        for a datagram larger than a packet, and unless both sides have enabled datagrams.
        """
        send_datagram(self._session, self._open(), owned(data))

    def reset(self, error_code: int = _CANCELLED, /) -> None:
        """Abort the stream in both directions (RFC 9114 4.1.1). It does nothing if the stream is closed."""
        if error_code < 0 or error_code > 0x3FFFFFFFFFFFFFFF:
            raise ValueError(f"an error code must be from 0 to 2**62-1, got {error_code}")
        self._session.touch()
        self._state.close(error_code)

    def _is_closed(self) -> bool:
        return self._state.closed or self._state.quic.is_over()

    def _open(self) -> RequestState:
        """Return the state, if the stream can still send."""
        self._session.touch()
        state = self._state
        out = state.quic.outgoing
        if state.closed or out is None or out.reset_code >= 0 or not self._session.transport.session.is_open():
            raise local_error("stream_closed", stream_id=int(state.stream_id))
        return state

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a stream cannot be copied or pickled: it is part of its connection")

    def __repr__(self) -> str:
        return f"<Stream {self.stream_id}{' closed' if self._is_closed() else ''}>"


def find_stream(session: H3Session, number: i64) -> Stream | None:
    """Return a request's stream, open or closed; None for one that was never opened."""
    streams = session.transport.session.streams
    quic = streams.streams.get(int(number))
    if quic is not None and isinstance(quic.application, RequestState):
        return Stream(session, quic.application)
    if not streams.is_known(number):
        return None
    gone = RequestState(session, QuicStream(number, None, None))
    gone.closed = True
    return Stream(session, gone)


as_compiled(Stream, final=("_session", "_state"))
