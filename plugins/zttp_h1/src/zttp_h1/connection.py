"""``H1Connection``: one HTTP/1.1 connection, in either role (RFC 9112).

``receive_data`` stores bytes, which are parsed when ``next_event`` is called, never ahead. ``MessageReader`` turns them
into events, ``MessageWriter`` turns messages into bytes; ``states`` has the state machines of both. This module
coordinates the two: which request a response answers, when a message is the last one, when both are ready for the next,
and when the following bytes are no longer HTTP.
"""

from __future__ import annotations

from typing import Any, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_core.reasons import local_error
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h1.arguments import field_pairs, listed
from zttp_h1.head import EXPECT_CONTINUE, UPGRADE
from zttp_h1.limits import DEFAULT_LIMITS, H1Limits
from zttp_h1.message_reader import MessageReader
from zttp_h1.message_writer import MessageWriter
from zttp_h1.methods import CONNECT, HEAD, method_kind
from zttp_h1.native_ints import i64, mypyc_attr
from zttp_h1.states import (
    CLOSED,
    DONE,
    FAILED,
    IDLE,
    READING_NAMES,
    SEND_HEAD,
    SEND_INFORMATIONAL,
    SENT,
    SENT_SWITCH,
    SWITCHED,
    WRITING_NAMES,
)
from zttp_h1.upgrades import is_offered, requested_by

# The core is compiled separately: its constants are repeated, so that they are constants here.
SERVER: Final = 1
CLIENT: Final = 2
NEED_DATA: Final[Any] = _CORE_NEED_DATA

Headers = Any  # Iterable[Sequence[bytes]] | HeaderBlock


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class H1Connection:
    """One HTTP/1.1 connection, server or client, without any I/O.

    Pass received bytes to ``receive_data`` and call ``next_event`` until it returns ``NEED_DATA``. Queue messages with
    the ``send_`` methods and write what ``data_to_send`` returns. ``start_next_cycle`` moves on to the next message.

    Attributes:
        role: ``SERVER`` or ``CLIENT``.
    """

    __slots__ = ("_reader", "_skipped", "_writer", "role")

    def __init__(self, role: int, *, limits: H1Limits | None = None, require_host: bool = False) -> None:
        if role != SERVER and role != CLIENT:
            raise ValueError(f"role must be zttp.SERVER (1) or zttp.CLIENT (2), got {role}")
        self.role: Final[i64] = role
        self._reader: Final = MessageReader(role == SERVER, DEFAULT_LIMITS if limits is None else limits, require_host)
        self._writer: MessageWriter | None = None
        self._skipped = False  # server: a request was not answered, so a response would answer the wrong one

    # ------------------------------------------------------------------------------------------------------- receiving

    def receive_data(self, data: Any, /) -> None:
        """Give the connection bytes from the peer, in any buffer; an empty buffer is EOF.

        Raises RemoteProtocolError if more than ``max_buffer`` bytes are waiting, LocalProtocolError for bytes after
        EOF.
        """
        self._reader.accept(data if isinstance(data, bytes) else bytes(memoryview(data)))

    def receive_event(self, data: Any, /) -> Any:
        """``receive_data`` and ``next_event`` in one call."""
        reader = self._reader
        received: bytes = data if isinstance(data, bytes) else bytes(memoryview(data))
        event = reader.take_short_cut(received)
        if event is not None:
            return event
        reader.accept(received)
        return NEED_DATA if reader.buffer.is_asleep() else reader.next_event()

    def next_event(self) -> Any:
        """Return the next event, ``NEED_DATA`` or ``CONNECTION_CLOSED``.

        ``NEED_DATA`` is also returned when a message has ended and ``start_next_cycle`` was not called yet.
        ``CONNECTION_CLOSED`` is returned once for each EOF that was received, then ``NEED_DATA``.
        Raises RemoteProtocolError if the peer breaks the protocol, and again on every later call.
        """
        return self._reader.next_event()

    # ---------------------------------------------------------------------------------------------------------- sending

    def data_to_send(self) -> bytes:
        """Return the bytes to send and remove them from the connection."""
        writer = self._writer
        return b"" if writer is None else writer.take()

    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Headers) -> None:
        """Queue a request head (client). ``version`` is ``b"1.1"`` or ``b"1.0"``.

        A request with content needs ``Content-Length`` or ``Transfer-Encoding: chunked`` in its headers (RFC 9112 6).
        Raises LocalProtocolError.
        """
        if self.role != CLIENT:
            raise local_error("wrong_role")
        reader = self._reader
        if reader.switching:
            raise local_error("protocol_switched")
        writer = self._make_writer()
        if reader.ends_connection() or writer.closing:
            raise local_error("connection_closed")
        fields = listed(headers)
        try:
            facts = writer.write_request(method, target, version, fields)
        except TypeError:
            fields = field_pairs(fields)
            facts = writer.write_request(method, target, version, fields)
        asked = requested_by(fields) if facts & UPGRADE and version != b"1.0" else None
        # RFC 9110 10.1.1: without content, or with HTTP/1.0, there is no 100 to wait for.
        waits = facts & EXPECT_CONTINUE != 0 and version != b"1.0" and writer.has_content()
        reader.expect_response(method_kind(method), waits, asked)

    def send_response(self, status: int, headers: Headers = None, /, *, reason: bytes | None = None) -> None:
        """Queue the head of the final response, or of a 101 (server). ``reason`` replaces the registered phrase.

        If the connection closes after this message, ``Connection: close`` is added if missing and ``keep-alive`` is
        left out. For an HTTP/1.0 client, ``Transfer-Encoding: chunked`` is left out and closing the connection ends the
        content. Before the Request was pulled, and after an error, only a 4xx or 5xx can be sent, and the connection
        closes after it. Raises LocalProtocolError.
        """
        if self.role != SERVER:
            raise local_error("wrong_role")
        if not 100 <= status <= 999:
            raise local_error("invalid_status_code", b"%d" % status)
        fields = listed(headers)  # before any check: an iterator may call anything
        writer = self._make_writer()
        writer.check(SEND_HEAD)
        self._check_not_skipped()
        reader = self._reader
        early = not reader.has_request()
        if early:
            self._check_farewell(status)
        closing = early or reader.ends_connection()
        method = reader.request_method
        if status == 101:
            fields = field_pairs(fields)
            self._check_switch(fields)
        if reader.waiting_for_100:
            if status == 101 or (method == CONNECT and 200 <= status < 300):
                # RFC 9110 7.8: the client must know first whether to send its content.
                raise local_error("continue_before_switch", b"%d" % status)
            # RFC 9110 10.1.1: without a 100 a client may send its content or not, which cannot be known.
            closing = True
        head, connect, minor = method == HEAD, method == CONNECT, reader.request_minor
        try:
            writer.write_response(status, fields, reason, head, connect, minor, closing)
        except TypeError:
            writer.write_response(status, field_pairs(fields), reason, head, connect, minor, closing)
        reader.waiting_for_100 = False
        if writer.closing:
            reader.closing = True
            reader.may_switch = False
        if writer.state == SENT_SWITCH:
            reader.closing = False
            reader.switch()
        elif early:
            reader.answered_early()

    def send_informational(self, status: int, headers: Headers = None, /) -> None:
        """Queue a 1xx head other than 101 (server), after the Request was pulled. Raises LocalProtocolError."""
        if self.role != SERVER:
            raise local_error("wrong_role")
        if not 100 <= status <= 199:
            raise local_error("not_informational", b"%d" % status)
        fields = listed(headers)
        reader = self._reader
        writer = self._make_writer()
        writer.check(SEND_INFORMATIONAL)
        self._check_not_skipped()
        if not reader.has_request():
            raise local_error("error_response_only", b"%d" % status)
        if reader.request_minor == 0:
            raise local_error("informational_to_http_1_0")
        try:
            writer.write_informational(status, fields)
        except TypeError:
            writer.write_informational(status, field_pairs(fields))
        if status == 100:
            reader.waiting_for_100 = False

    def send_data(self, data: Any, /) -> None:
        """Queue content, in any buffer. ``bytes`` of a few kilobytes or more are not copied.

        Raises LocalProtocolError, also on a client whose connection has failed.
        """
        content: bytes = data if isinstance(data, bytes) else bytes(memoryview(data))
        self._check_not_failed()
        self._make_writer().write_data(content)
        if self.role == CLIENT:
            self._reader.waiting_for_100 = False

    def end_message(self, trailers: Headers = None) -> None:
        """End the message that is being sent; a chunked message may have trailers.

        Raises LocalProtocolError, also on a client whose connection has failed.
        """
        writer = self._make_writer()
        if trailers is None:
            self._check_not_failed()
            writer.end(None)
        else:
            fields = listed(trailers)
            self._check_not_failed()
            try:
                writer.end(fields)
            except TypeError:
                writer.end(field_pairs(fields))
        if self.role == CLIENT:
            self._reader.waiting_for_100 = False

    def start_next_cycle(self) -> None:
        """Move on to the next message. The current one must have ended on the wire; its unpulled events are dropped.

        Raises LocalProtocolError if the received or the sent message has not ended, or if no other message can follow.
        Raises RemoteProtocolError if the unpulled rest breaks the protocol, as pulling it would.
        A server that has not responded can read on, but cannot send anything any more.
        """
        reader = self._reader
        if reader.switching:
            raise local_error("protocol_switched")
        if not reader.ends_message():
            raise local_error("connection_closed" if reader.state >= SWITCHED else "cycle_not_complete")
        writer = self._writer
        # The result of should_close() without a switch.
        if reader.ends_connection() or (writer is not None and writer.closing):
            raise local_error("connection_closed")
        if self.role == SERVER and (writer is None or writer.state == IDLE):
            self._skipped = True
        elif writer is not None:
            writer.next_cycle()
        reader.next_cycle()

    # ------------------------------------------------------------------------------------------------------- questions

    def should_close(self) -> bool:
        """Return whether the connection must be closed after this message.

        This depends on the received head and the sent head (RFC 9112 9.3, 9.6), on EOF, on errors, and on bytes that
        no request asked for (RFC 9112 9.2). It decides what the ``Connection`` field sends and whether
        ``start_next_cycle`` is allowed. A connection that switched protocols is closed by the other protocol.
        """
        reader = self._reader
        if reader.switching:
            return reader.state == FAILED
        writer = self._writer
        return reader.ends_connection() or (writer is not None and writer.closing)

    def is_closed(self) -> bool:
        """Return whether the connection is finished: only what ``data_to_send`` still returns may be sent.

        Every event was pulled, and after EOF the response has ended: a client that closes only its sending side still
        gets its response. After an error of the peer a server may still send its closing message; a client is finished
        at once.
        """
        reader = self._reader
        reading = reader.state
        writing = IDLE if self._writer is None else self._writer.state
        if reading == FAILED and self.role == CLIENT:
            return True
        if writing != SENT and writing != SENT_SWITCH and not self._skipped:
            return reading == CLOSED and writing == IDLE
        return reading == CLOSED or reading == FAILED or (reading == DONE and self.should_close())

    def upgrade(self) -> bytes | None:
        """Return the Upgrade value of the received head if its Connection field lists ``upgrade``, otherwise ``None``.

        An HTTP/1.0 message cannot ask for an upgrade (RFC 9110 7.8).
        """
        return self._reader.upgrade

    @property
    def waiting_for_100(self) -> bool:
        """Whether the content waits for a 100 (Continue) that was not sent or received yet (RFC 9110 10.1.1)."""
        return self._reader.waiting_for_100

    @property
    def trailing_data(self) -> tuple[bytes, bool]:
        """The received bytes that belong to no event, and whether EOF was received.

        After a 101 or a 2xx to CONNECT they are the first bytes of the other protocol.
        """
        buffer = self._reader.buffer
        return (buffer.rest(), buffer.eof)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a connection cannot be copied or pickled: it is one end of an exchange with a peer")

    def __repr__(self) -> str:
        role = "SERVER" if self.role == SERVER else "CLIENT"
        writing = IDLE if self._writer is None else self._writer.state
        return f"<H1Connection {role} reading={READING_NAMES[self._reader.state]} writing={WRITING_NAMES[writing]}>"

    def _check_not_failed(self) -> None:
        """Refuse the rest of a request after an error of the server: only a server has a closing message to send."""
        if self.role == CLIENT and self._reader.state == FAILED:
            raise local_error("connection_closed")

    def _check_not_skipped(self) -> None:
        """Refuse a response that would answer a skipped request instead of the current one."""
        if self._skipped:
            raise local_error("response_skipped")

    def _check_farewell(self, status: int) -> None:
        """Refuse a response to an unread or malformed request, unless it is an error that can still be sent."""
        if self._reader.state == CLOSED:
            raise local_error("connection_closed")
        if not 400 <= status <= 599:
            raise local_error("error_response_only", b"%d" % status)

    def _check_switch(self, fields: list[tuple[bytes, bytes]]) -> None:
        """Refuse a 101 unless it names only protocols of the request (RFC 9110 7.8)."""
        asked = self._reader.upgrade
        answer = requested_by(fields)
        if asked is None or answer is None or not is_offered(answer, asked):
            raise local_error("unexpected_status", b"101")

    def _make_writer(self) -> MessageWriter:
        writer = self._writer
        if writer is None:
            writer = MessageWriter()
            self._writer = writer
        return writer


as_compiled(H1Connection, final=("_reader",))


def new_connection(role: int, limits: H1Limits | None = None, require_host: bool = False) -> H1Connection:
    """Make a connection for ``zttp.Connection``: calling a function is faster than calling a class."""
    return H1Connection(role, limits=limits, require_host=require_host)
