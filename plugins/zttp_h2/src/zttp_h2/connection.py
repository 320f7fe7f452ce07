"""``H2Connection``: one HTTP/2 connection, in either role (RFC 9113).

``reading`` turns bytes into events, ``writing`` turns messages into frames; both share the ``session``. This module is
the public API: it checks calls, and turns a connection error into its exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_core.errors import RemoteProtocolError
from zttp_core.messages.priorities import format_priority
from zttp_core.reasons import local_error, remote_error
from zttp_h2.arguments import clamped, field_pairs, listed, never_indexed
from zttp_h2.closing import name_last_stream, shut_down
from zttp_h2.codes import ENHANCE_YOUR_CALM, NO_ERROR
from zttp_h2.frames import MAX_STREAM_ID
from zttp_h2.limits import DEFAULT_LIMITS, H2Limits
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.reading.receiver import Receiver
from zttp_h2.session import Session
from zttp_h2.stream import Headers, Stream
from zttp_h2.streams.states import CLOSED, IDLE
from zttp_h2.streams.stream_state import StreamState
from zttp_h2.upgrade import encode_settings_header, upgrade
from zttp_h2.writing.content_writer import ContentWriter

SERVER: Final = 1
CLIENT: Final = 2


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class H2Connection:
    """One HTTP/2 connection, server or client, without any I/O.

    Pass received bytes to ``receive_data`` and call ``next_event`` until it returns ``NEED_DATA``. Send on streams, and
    write what ``data_to_send`` returns. Call it after reading too: reading queues acknowledgments, and credit from the
    peer releases blocked content.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        limits: The bounds on memory and on what the peer may do.
        auto_credit: If true, pulling a ``Data`` event returns its flow-control credit; if false, call
            ``consume_data``.
        enable_connect_protocol: Announce extended CONNECT (server, RFC 8441).

    Attributes:
        role: ``SERVER`` or ``CLIENT``.
    """

    __slots__ = (
        "_auto_credit",
        "_content",
        "_failure",
        "_failure_at",
        "_failure_code",
        "_receiver",
        "_session",
        "role",
    )

    def __init__(
        self,
        role: int,
        *,
        limits: H2Limits | None = None,
        auto_credit: bool = True,
        enable_connect_protocol: bool = False,
    ) -> None:
        if role != SERVER and role != CLIENT:
            raise ValueError(f"role must be zttp.SERVER (1) or zttp.CLIENT (2), got {role}")
        self.role: Final[i64] = role
        self._auto_credit: Final = auto_credit
        server = role == SERVER
        session = Session(server, DEFAULT_LIMITS if limits is None else limits, server and enable_connect_protocol)
        self._session: Final = session
        self._content: Final = ContentWriter(session)
        self._receiver: Final = Receiver(session, self._content, auto_credit)
        # The connection error. The exception is made anew for each read: a stored one would keep, by its traceback,
        # frames and with them the connection.
        self._failure: str | None = None
        self._failure_code: i64 = NO_ERROR
        self._failure_at: i64 = 0

    # ------------------------------------------------------------------------------------------------------- receiving

    def receive_data(self, data: Any, /) -> None:
        """Give the connection bytes from the peer, in any buffer; an empty buffer is EOF.

        Raises RemoteProtocolError if more than ``max_buffer`` bytes are waiting, LocalProtocolError for bytes after
        EOF.
        """
        received: bytes = data if isinstance(data, bytes) else bytes(memoryview(data))
        receiver = self._receiver
        if len(received) == 0:
            receiver.end_input()
            return
        if receiver.eof:
            raise local_error("receive_after_eof")
        session = self._session
        session.received += len(received)
        # Content for which the peer has credit must be stored, whatever the limit.
        if receiver.inbox.push(received) > session.limits.max_buffer + session.receive_flow.window or session.aborted:
            if session.aborted:
                receiver.inbox.clear()  # it will not be parsed any more
                return
            self._fail(Malformed("buffer_full", ENHANCE_YOUR_CALM, receiver.inbox.at))
            raise self._failed()

    def receive_event(self, data: Any, /) -> Any:
        """``receive_data`` and ``next_event`` in one call."""
        self.receive_data(data)
        return self.next_event()

    def next_event(self) -> Any:
        """Return the next event, ``NEED_DATA``, or ``CONNECTION_CLOSED`` once when the input ends, by EOF or ``close``.

        Raises RemoteProtocolError for a connection error of the peer, and again on every later call (RFC 9113 5.4.1).
        A stream error is a ``RstStream`` event (RFC 9113 5.4.2).
        """
        if self._session.aborted:
            if self._failure is None:
                return self._receiver.closed()
            raise self._failed()
        try:
            return self._receiver.next_event()
        except Malformed as malformed:
            self._fail(malformed)
        raise self._failed()

    def consume_data(self, stream_id: int, length: int, /) -> None:
        """Return ``length`` bytes of flow-control credit for content that was pulled (``auto_credit=False``).

        Call it after the stream has ended, too: the connection still needs the credit. It does nothing after a reset,
        which has already returned the credit. Raises LocalProtocolError if more is returned than was pulled.
        """
        session = self._session
        count = clamped(length)
        number = clamped(stream_id)
        if count < 0:
            raise ValueError(f"length must not be negative, got {length}")
        stream = session.table.get(number)
        if stream is not None:
            if count > stream.unconsumed:
                raise local_error("consumed_too_much", stream_id=stream_id)
            stream.unconsumed -= count
            session.receive_flow.consumed(stream, count)
            return
        if session.aborted:
            return
        left = session.table.unreturned(number)
        if left == 0:
            if number < 0 or session.table.state_of(number) == IDLE or self._auto_credit:
                raise local_error("consumed_too_much", stream_id=stream_id)
            return
        if count > left:
            raise local_error("consumed_too_much", stream_id=stream_id)
        session.table.note_unreturned(number, left - count)
        session.receive_flow.returned(count)

    # ---------------------------------------------------------------------------------------------------------- sending

    def data_to_send(self) -> bytes:
        """Return the bytes to send and remove them from the connection."""
        abuse = self._session.abuse
        if abuse.signals > 0 and self._receiver.inbox.size() == 0:  # a flood counts, however often output is taken
            abuse.output_taken()
        return self._content.take()

    def initiate_connection(self) -> None:
        """Queue the preface and SETTINGS now instead of with the first message (RFC 9113 3.4)."""
        self._check_open()
        self._session.start()

    def initiate_upgrade_connection(
        self, method: bytes, target: bytes, headers: Headers, settings_header: bytes | None = None
    ) -> Stream:
        """Start HTTP/2 after an upgrade from HTTP/1.1 (RFC 7540 3.2): the request, already complete, is stream 1.

        A server passes the request and its HTTP2-Settings field, sends the 101 before any bytes of this connection, and
        pulls the request as an event. A client passes the request that it sent with ``upgrade_settings`` in that field.
        Raises LocalProtocolError.
        """
        self._check_open()
        session = self._session
        # It does not use the writer's loops: every pair is checked first.
        stream = upgrade(session, self._receiver, method, target, field_pairs(listed(headers)), settings_header)
        return Stream(self._content, stream)

    @property
    def upgrade_settings(self) -> bytes:
        """The value for the HTTP2-Settings field of an upgrade request (client, RFC 7540 3.2.1)."""
        return encode_settings_header(self._session.first_params())

    def send_request(
        self,
        method: bytes,
        target: bytes,
        version: bytes,  # noqa: ARG002  (the same parameters as on HTTP/1.1)
        headers: Headers,
        *,
        end_stream: bool = False,
        scheme: bytes = b"https",
        protocol: bytes | None = None,
    ) -> Stream:
        """Open a stream with a request head (client), and return it.

        A ``host`` header becomes ``:authority``. ``version`` is ignored; it keeps the signature of HTTP/1.1.
        ``protocol`` makes an extended CONNECT (RFC 8441 4). Raises LocalProtocolError, also if the peer's limit on
        streams is reached; see ``can_open_stream``.
        """
        messages = self._content.messages
        fields = listed(headers)
        messages.never_indexed = None if fields is headers else never_indexed(headers)
        try:
            stream = messages.send_request(method, target, scheme, protocol, fields, end_stream)
        except TypeError:
            stream = messages.send_request(method, target, scheme, protocol, field_pairs(fields), end_stream)
        return Stream(self._content, stream)

    def stream(self, stream_id: int, /) -> Stream:
        """Return an open or closed stream. Raises LocalProtocolError for a stream that was never opened."""
        table = self._session.table
        number = clamped(stream_id)
        stream = table.get(number) if number > 0 else None
        if stream is not None:
            return Stream(self._content, stream)
        if number <= 0 or number > MAX_STREAM_ID:
            raise ValueError(f"a stream identifier must be from 1 to 2**31-1, got {stream_id}")
        state = table.state_of(number)
        if state == IDLE:
            raise local_error("no_such_stream", stream_id=stream_id)
        return Stream(self._content, StreamState(number, state, 0, 0))

    def ping(self, data: bytes = b"\x00\x00\x00\x00\x00\x00\x00\x00") -> None:
        """Queue a PING of eight bytes; the answer is a ``Ping`` event with ``ack`` (RFC 9113 6.7)."""
        if len(data) != 8:
            raise ValueError(f"the data of a PING must have 8 bytes, got {len(data)}")
        self._check_open()
        self._session.ping(data)

    def update_settings(self, settings: Mapping[int, int]) -> None:
        """Queue SETTINGS (RFC 9113 6.5).

        They apply once the peer has acknowledged them, which is a ``Settings`` event with ``ack``. Raises
        LocalProtocolError for a value that the setting cannot have, that this role must not send, or that would make
        the peer end the connection.
        """
        self._check_open()
        session = self._session
        params = session.checked_params(settings)
        session.start()
        session.send_settings(params)
        self._receiver.apply_own_settings()

    def update_priority(self, stream_id: int, urgency: int = 3, incremental: bool = False) -> None:
        """Queue PRIORITY_UPDATE for a stream (client, RFC 9218 7.1). Raises LocalProtocolError."""
        if self._session.server:
            raise local_error("wrong_role")
        value = format_priority(urgency, incremental)
        self._check_open()
        if self._session.table.get(clamped(stream_id)) is None:
            raise local_error("stream_closed", stream_id=stream_id)
        self._session.outbox.write_priority_update(stream_id, value)

    def shutdown(self) -> None:
        """End the connection gracefully: open requests are answered, new requests are not accepted (RFC 9113 6.8).

        A server queues a first GOAWAY and a PING. When the answer to the PING is pulled, a round trip later, or EOF, it
        queues the GOAWAY that names the last stream; after EOF only that one. A client queues one GOAWAY. ``is_closed``
        is true once all streams have ended. After a ``close`` that leaves room for streams only the PING is queued;
        otherwise it does nothing if the connection is already ending.
        """
        shut_down(self._session)

    def close(self, error_code: int = NO_ERROR, last_stream_id: int | None = None, /) -> None:
        """Queue GOAWAY (RFC 9113 6.8). Streams up to ``last_stream_id`` continue; by default, all that were received.

        Requests still in flight are refused; ``shutdown`` accepts them. An ``error_code`` other than 0 ends the
        connection at once.
        """
        session = self._session
        if session.aborted:
            return
        last = session.last_processed() if last_stream_id is None else clamped(last_stream_id)
        if last < 0 or last > MAX_STREAM_ID:
            raise ValueError(f"a stream identifier must be from 0 to 2**31-1, got {last_stream_id}")
        if error_code < 0 or error_code > 0xFFFFFFFF:
            raise ValueError(f"an error code must be from 0 to 2**32-1, got {error_code}")
        if 0 <= session.goaway_sent < last:
            if last_stream_id is not None:
                raise local_error("goaway_raised")
            last = session.goaway_sent
        if error_code == NO_ERROR:
            name_last_stream(session, last)
        else:
            session.go_away(last, error_code, b"")
            self._receiver.closed_due = True
            self._drop_streams()

    # -------------------------------------------------------------------------------------------------------- questions

    @property
    def send_window(self) -> int:
        """Bytes of content that the peer's connection window allows now, for all streams together (RFC 9113 6.9)."""
        session = self._session
        return session.send_flow.window_left(session.table.all())

    @property
    def pending_bytes(self) -> int:
        """Bytes of output that wait: to be taken by ``data_to_send``, or as content for credit from the peer."""
        session = self._session
        return session.outbox.size() + session.send_flow.blocked_bytes

    @property
    def open_streams(self) -> int:
        """The number of streams that are open or half-closed."""
        return self._session.table.count()

    @property
    def can_open_stream(self) -> bool:
        """Whether ``send_request`` can open a stream now: the peer's SETTINGS allow it and no GOAWAY forbids it."""
        return self._session.can_open()

    @property
    def last_stream_error(self) -> RemoteProtocolError | None:
        """Why this side rejected a stream last, as the error that HTTP/1.1 would raise; ``None`` if it never did."""
        session = self._session
        reason = session.rejected_reason
        if reason is None:
            return None
        error: RemoteProtocolError = remote_error(
            reason,
            offset=session.rejected_at,
            stream_id=session.rejected_stream,
            error_code=session.rejected_code,
            code_space="h2",
        )
        if not session.server:
            error.status_hint = None  # there is no response to send
        return error

    def has_pending_send(self) -> bool:
        """Return whether content waits for credit from the peer, or for room in the output (see ``pending_bytes``)."""
        return self._session.send_flow.blocked_streams > 0

    def is_closed(self) -> bool:
        """Return whether the connection is finished: only what ``data_to_send`` still returns may be sent.

        Every event of a message was pulled, and after EOF or GOAWAY all streams have ended: a client that closes only
        its sending side still gets its responses. Frames about the connection, such as PING, may still be unread. An
        error, or ``close`` with an error code, finishes the connection at once.
        """
        session = self._session
        return session.is_shut_down() and (session.aborted or not self._receiver.has_event())

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a connection cannot be copied or pickled: it is one end of an exchange with a peer")

    def __repr__(self) -> str:
        role = "SERVER" if self.role == SERVER else "CLIENT"
        return f"<H2Connection {role} streams={self._session.table.count()} closed={self.is_closed()}>"

    # ------------------------------------------------------------------------------------------------------------- ends

    def _check_open(self) -> None:
        if self._session.aborted:
            raise local_error("connection_ended")

    def _failed(self) -> RemoteProtocolError:
        """Make the terminal error of this connection."""
        reason = self._failure
        assert reason is not None
        error: RemoteProtocolError = remote_error(
            reason, offset=self._failure_at, error_code=self._failure_code, code_space="h2"
        )
        if not self._session.server:
            error.status_hint = None
        return error

    def _fail(self, malformed: Malformed) -> None:
        """End the connection, and queue its GOAWAY (RFC 9113 5.4.1)."""
        session = self._session
        self._failure = malformed.reason
        self._failure_code = malformed.error_code
        self._failure_at = session.frame_at if malformed.at < 0 else self._receiver.inbox.base + malformed.at
        last = session.last_processed()
        if 0 <= session.goaway_sent < last:
            last = session.goaway_sent
        session.go_away(last, malformed.error_code, malformed.reason.encode())
        self._drop_streams()

    def _drop_streams(self) -> None:
        """Close all streams: their handles are closed, and keep nothing alive."""
        session = self._session
        for stream in session.table.all():
            session.table.forget(stream, CLOSED)
        session.send_flow.drop_all()
        self._receiver.end()


as_compiled(H2Connection, final=("_auto_credit", "_content", "_receiver", "_session"))


def new_connection(
    role: int,
    limits: H2Limits | None = None,
    auto_credit: bool = True,
    enable_connect_protocol: bool = False,
) -> H2Connection:
    """Make a connection for ``zttp.Connection``: calling a function is faster than calling a class.

    And faster without keyword-only parameters; ``zttp.Connection`` passes keywords anyway.
    """
    return H2Connection(role, limits=limits, auto_credit=auto_credit, enable_connect_protocol=enable_connect_protocol)
