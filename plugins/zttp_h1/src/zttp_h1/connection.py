"""``H1Connection``: conducts one HTTP/1.1 connection, in either role (RFC 9112).

Bytes come in through ``receive_data`` and are parsed when ``next_event`` is called, never ahead. The codecs do the
work: ``start_line`` and ``fields`` read a head, ``framing`` says how long its content is, ``chunked`` takes chunks
apart, ``message_writer`` writes. What moves from one state to the next stands in ``states``. This module knows where
the parser is in the buffer, turns what the codecs find into events, and keeps the promises that hold for the connection
as a whole.
"""

from __future__ import annotations

from typing import Any, Final, final

from zttp_core import events as core
from zttp_core.errors import RemoteProtocolError
from zttp_core.reasons import local_error, remote_error
from zttp_core.sentinels import CONNECTION_CLOSED as _CORE_CONNECTION_CLOSED
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h1.backlog import FIELD_LINE, NO_LINE, REQUEST_LINE, STATUS_LINE
from zttp_h1.chunked import LAST, ChunkedDecoder
from zttp_h1.fields import REQUEST, RESPONSE, parse_fields
from zttp_h1.fields import TRAILERS as TRAILER_SECTION
from zttp_h1.framing import BY_CHUNKS, BY_LENGTH, NO_CONTENT, TO_EOF, request_framing, response_framing
from zttp_h1.head import CLOSE, EXPECT_CONTINUE, HOST, KEEP_ALIVE, UPGRADE, UPGRADE_LISTED
from zttp_h1.limits import DEFAULT_LIMITS, H1Limits
from zttp_h1.malformed import Malformed
from zttp_h1.message_writer import MessageWriter
from zttp_h1.native_ints import i64, mypyc_attr
from zttp_h1.receive_buffer import ReceiveBuffer, check_line
from zttp_h1.repetition import Repetition
from zttp_h1.start_line import check_target_form, parse_request_line, parse_status_line
from zttp_h1.states import (
    CLOSED,
    CONTENT_CHUNKED,
    CONTENT_LENGTH,
    CONTENT_TO_EOF,
    DONE,
    END,
    FAILED,
    FIELDS,
    IDLE,
    ON_END,
    ON_END_PULLED,
    ON_EOF,
    ON_ERROR,
    ON_HEAD,
    ON_INFORMATIONAL,
    ON_LAST_CHUNK,
    ON_NEXT_CYCLE,
    ON_START_LINE,
    ON_SWITCH,
    READING_NAMES,
    SENT,
    SENT_SWITCH,
    START_LINE,
    SWITCHED,
    TRAILERS,
    WRITING_NAMES,
    after_reading,
)

# The core was compiled apart: its constants are repeated, so that they are constants here, and what is called for every
# event is bound once.
SERVER: Final = 1
CLIENT: Final = 2
NEED_DATA: Final[Any] = _CORE_NEED_DATA
CONNECTION_CLOSED: Final[Any] = _CORE_CONNECTION_CLOSED
END_OF_MESSAGE: Final[Any] = core.END_OF_MESSAGE
_new_data: Final[Any] = core.new_data
_packed_request: Final[Any] = core.packed_request
_shared_block_request: Final[Any] = core.shared_block_request
_packed_response: Final[Any] = core.packed_response
_packed_trailers: Final[Any] = core.packed_trailers

END_STREAM: Final = 1
EXPECTS: Final = 2
HTTP_1_0: Final = 4

_MOST_EMPTY_LINES: Final = 8  # RFC 9112 2.2 asks for at least one

# A section with these is parsed each time.
_NOT_REPEATED: Final = UPGRADE | EXPECT_CONTINUE

# What must be known of a method.
OTHER: Final = 0
HEAD: Final = 1
CONNECT: Final = 2

Headers = Any  # list[tuple[bytes, bytes]] | HeaderBlock


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class H1Connection:
    """One HTTP/1.1 connection, server or client, without any I/O.

    Feed what arrives to ``receive_data`` and call ``next_event`` until it returns ``NEED_DATA``; queue messages with
    the ``send_`` methods and write what ``data_to_send`` returns. ``start_next_cycle`` goes on to the next message.

    Attributes:
        role: ``SERVER`` or ``CLIENT``.
    """

    def __init__(self, role: int, *, limits: H1Limits | None = None, require_host: bool = False) -> None:
        self.role: Final[i64] = role
        self._limits: Final = DEFAULT_LIMITS if limits is None else limits
        self._require_host: Final = require_host
        self._input: Final = ReceiveBuffer()
        self._failure: tuple[str, bytes | None, int] | None = None  # reason, excerpt and offset of the terminal error
        # The message that is read.
        self._reading: i64 = START_LINE
        self._facts: i64 = 0  # of the head, while a trailer section is read
        self._empty_lines: i64 = 0
        self._remaining: i64 = 0  # of the content, where its length is known
        self._chunks: ChunkedDecoder | None = None
        self._trailers: Any = None  # the EndOfMessage of a message that has some
        self._closing = False  # the message that is read is the last one
        self._waiting = False  # for a 100, or for what makes it needless
        self._cycles: i64 = 0
        self._repetition: Repetition | None = None
        # The message that is written.
        self._writer: MessageWriter | None = None
        self._request_method: i64 = OTHER  # of the request that was received, or sent
        self._request_minor: i64 = 1
        self._switching = False
        self._awaiting = False  # client: a request was sent and its response has not ended

    # ------------------------------------------------------------------------------------------------------- receiving

    def receive_data(self, data: Any, /) -> None:
        """Take bytes from the peer, any buffer; an empty one is EOF.

        Raises RemoteProtocolError once more than ``max_buffer`` bytes wait, LocalProtocolError for bytes after EOF.
        """
        received: bytes = data if isinstance(data, bytes) else bytes(memoryview(data))
        if len(received) == 0:
            self._input.eof = True
            return
        if self._input.eof:
            raise local_error("receive_after_eof")
        if not self._input.receive(received, self._limits.max_buffer):
            self._overflow()

    def receive_event(self, data: Any, /) -> Any:
        """``receive_data`` and ``next_event`` in one call."""
        if self._reading == CONTENT_LENGTH and isinstance(data, bytes):
            # Most of an upload: a buffer of nothing but content, behind which more is to come, is the next event.
            size: i64 = len(data)
            if 0 < size < self._remaining and size <= self._limits.max_buffer and self._input.bypass(size):
                self._remaining -= size
                self._waiting = False
                return _new_data(data, 0)
        self.receive_data(data)
        return NEED_DATA if self._input.is_asleep() else self.next_event()

    def next_event(self) -> Any:
        """Return the next event, ``NEED_DATA`` or ``CONNECTION_CLOSED``.

        ``NEED_DATA`` also stands for a pause: the message has ended and ``start_next_cycle`` was not called.
        Raises RemoteProtocolError if the peer breaks the protocol, and again on every later call.
        """
        try:
            return self._next_event()
        except Malformed as malformed:
            self._fail(malformed)
        raise self._terminal_error()

    def _next_event(self) -> Any:
        while True:
            reading = self._reading
            if reading == END:
                self._reading = after_reading(END, ON_END_PULLED)
                if self._switching:
                    self._switch()
                event = self._trailers
                return END_OF_MESSAGE if event is None else event
            if reading == CONTENT_LENGTH:
                event = self._read_content()
            elif reading == START_LINE or reading == FIELDS:
                event = self._read_head()
            elif reading == CONTENT_CHUNKED:
                event = self._read_chunks()
            elif reading == CONTENT_TO_EOF:
                event = self._read_to_eof()
            elif reading == TRAILERS:
                event = self._read_trailers()
            elif reading == DONE:
                return CONNECTION_CLOSED if self._input.eof and self._input.waiting() == 0 else NEED_DATA
            elif reading == SWITCHED:
                return CONNECTION_CLOSED if self._input.eof else NEED_DATA
            elif reading == CLOSED:
                return CONNECTION_CLOSED
            else:
                raise self._terminal_error()
            if event is not None:
                return event

    # ---------------------------------------------------------------------------------------------------------- sending

    def data_to_send(self) -> bytes:
        """Return the bytes to send, and forget them."""
        writer = self._writer
        return b"" if writer is None else writer.take()

    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Headers) -> None:
        """Queue a request head (client). ``version`` is ``b"1.1"`` or ``b"1.0"``.

        Content needs ``Content-Length`` or ``Transfer-Encoding: chunked`` among the headers. Raises LocalProtocolError.
        """
        if self.role != CLIENT:
            raise local_error("wrong_role")
        self._check_open()
        writer = self._make_writer()
        writer.write_request(method, target, version, _listed(headers))
        self._request_method = _method_kind(method)
        self._waiting = writer.expects_continue()
        self._awaiting = True

    def send_response(self, status: int, headers: Headers = None, /, *, reason: bytes | None = None) -> None:
        """Queue the head of the final response (server), or of a 101. ``reason`` replaces the registered phrase.

        ``Connection: close`` is added where the connection closes after this message and the headers do not say so. An
        HTTP/1.0 client gets no chunks: ``Transfer-Encoding: chunked`` is left out and the content ends with the
        connection. Raises LocalProtocolError.
        """
        if self.role != SERVER:
            raise local_error("wrong_role")
        if not 100 <= status <= 999:
            raise local_error("invalid_status_code", b"%d" % status)
        if status == 101 and self.upgrade() is None:
            # RFC 9110 7.8: a server must not switch to a protocol that the client did not name.
            raise local_error("unexpected_status", b"101")
        method = self._request_method
        # RFC 9110 10.1.1: a client that was not asked to send its content may send it or not, nobody can tell.
        closing = self._closing or self._waiting or self._reading == FAILED
        self._make_writer().write_response(
            status, _listed(headers), reason, method == HEAD, method == CONNECT, self._request_minor, closing
        )
        if self._waiting:
            self._waiting = False
            self._closing = True
        if self._make_writer().state == SENT_SWITCH:
            self._switch()

    def send_informational(self, status: int, headers: Headers = None, /) -> None:
        """Queue a 1xx head other than 101 (server). Raises LocalProtocolError."""
        if self.role != SERVER:
            raise local_error("wrong_role")
        if not 100 <= status <= 199:
            raise local_error("not_informational", b"%d" % status)
        if self._request_minor == 0:
            raise local_error("informational_to_http_1_0")
        self._make_writer().write_informational(status, _listed(headers))
        if status == 100:
            self._waiting = False

    def send_data(self, data: Any, /) -> None:
        """Queue content, any buffer. A ``bytes`` of a few kilobytes is not copied. Raises LocalProtocolError."""
        self._make_writer().write_data(data if isinstance(data, bytes) else bytes(memoryview(data)))
        if self.role == CLIENT:
            self._waiting = False

    def end_message(self, trailers: Headers = None) -> None:
        """End the message that is being sent; a chunked one may have trailers. Raises LocalProtocolError."""
        self._make_writer().end(None if trailers is None else _listed(trailers))

    def start_next_cycle(self) -> None:
        """Go on to the next message: legal once this one has ended on the wire, whether that was pulled or not.

        Raises LocalProtocolError if it has not, if the message that is sent has not, or if there can be no next one.
        """
        reading = self._reading
        if reading != END and reading != DONE:
            raise local_error("connection_closed" if reading >= SWITCHED else "cycle_not_complete")
        if self._closing or self._switching:
            raise local_error("connection_closed")
        writer = self._writer
        if writer is not None:
            if writer.facts & CLOSE or writer.to_eof:
                raise local_error("connection_closed")
            writer.next_cycle()
        self._reading = after_reading(reading, ON_NEXT_CYCLE)
        self._input.clear_fields()
        self._trailers = None
        self._empty_lines = 0
        self._waiting = False
        self._request_method = OTHER
        self._request_minor = 1
        self._facts = 0
        self._cycles += 1

    # ------------------------------------------------------------------------------------------------------- questions

    def should_close(self) -> bool:
        """Tell whether the connection must be closed after this message.

        It looks at both directions (RFC 9112 9.3, 9.6): what the head that was received says, and the head that was
        sent.
        """
        if self._closing or self._reading == FAILED or (self._input.eof and self._input.waiting() == 0):
            return True
        writer = self._writer
        return writer is not None and (writer.facts & CLOSE != 0 or writer.to_eof)

    def is_closed(self) -> bool:
        """Tell whether nothing more will come in or go out."""
        reading = self._reading
        if reading == CLOSED or reading == FAILED:
            return True
        writer = self._writer
        return (
            writer is not None and writer.state == SENT and (reading == DONE or reading == END) and self.should_close()
        )

    def upgrade(self) -> bytes | None:
        """Return the Upgrade value of the head that was received, if its Connection field lists ``upgrade``.

        An HTTP/1.0 message cannot ask for that (RFC 9110 7.8).
        """
        asked = UPGRADE | UPGRADE_LISTED
        return self._input.upgrade if self._facts & asked == asked and self._input.minor > 0 else None

    @property
    def waiting_for_100(self) -> bool:
        """Whether the content waits for a 100 (Continue) that has not been sent, or received."""
        return self._waiting

    @property
    def trailing_data(self) -> tuple[bytes, bool]:
        """The bytes that were received and belong to no event, and whether EOF was seen.

        After a 101 or a 2xx to CONNECT they are the first of the other protocol.
        """
        return (self._input.rest(), self._input.eof)

    def __repr__(self) -> str:
        role = "SERVER" if self.role == SERVER else "CLIENT"
        writing = IDLE if self._writer is None else self._writer.state
        return f"<H1Connection {role} reading={READING_NAMES[self._reading]} writing={WRITING_NAMES[writing]}>"

    # ----------------------------------------------------------------------------------------------------------- heads

    def _read_head(self) -> Any:
        """Return the event of a head or a sentinel."""
        source = self._input
        if source.is_stuck() and not self._refill():
            return self._starved()
        limits = self._limits
        repetition = self._repetition
        server = self.role == SERVER
        whole = False  # the head starts with the buffer
        while True:
            if self._reading == START_LINE:
                raw = source.raw
                at = source.at
                end: i64 = len(raw)
                if at == end:
                    if not self._refill():
                        return self._starved()
                    continue
                if server:
                    if at == 0 and repetition is not None and repetition.is_head(raw):
                        source.at = end
                        return self._repeat_request(repetition)
                    if raw[at] <= 13 and (raw[at] == 13 or raw[at] == 10):
                        if not self._skip_empty_line(raw, at, end):
                            return self._starved()
                        continue
                    stop = parse_request_line(source, raw, at, end, limits.max_line)
                else:
                    if not self._awaiting:
                        raise Malformed("unexpected_response", at, raw[at : at + 60])
                    stop = parse_status_line(source, raw, at, end, limits.max_line)
                if stop < 0:
                    reason = "request_target_too_long" if server else "line_too_long"
                    check_line(raw, at, end, limits.max_line, reason)
                    if not self._refill():
                        return self._starved()
                    continue
                self._reading = after_reading(START_LINE, ON_START_LINE)
                whole = at == 0
                source.begin_section(stop)
                if repetition is not None and repetition.is_section(raw, stop):
                    source.at = stop + len(repetition.section)
                    source.facts = repetition.section_facts
                    source.content_length = repetition.content_length
                    return self._finish_request(repetition.block, whole)
            if self._parse_section(limits.max_header_bytes, limits.max_headers, REQUEST if server else RESPONSE):
                return self._finish_request(None, whole) if server else self._finish_response()
            if not self._refill():
                return self._starved()
            whole = False

    def _skip_empty_line(self, raw: bytes, at: i64, end: i64) -> bool:
        """Skip an empty line before a request line (RFC 9112 2.2); False if bytes are missing."""
        if raw[at] == 10:
            raise Malformed("bare_lf", at)
        if at + 1 >= end:
            return self._refill()
        if raw[at + 1] != 10:
            raise Malformed("bare_cr", at)
        self._empty_lines += 1
        if self._empty_lines > _MOST_EMPTY_LINES:
            raise Malformed("too_many_empty_lines", at)
        self._input.at = at + 2
        return True

    def _finish_request(self, block: Any, whole: bool) -> Any:
        """Make the Request of a head that is complete, with a repeated ``block`` or one of its own.

        ``whole`` says that the head started with the buffer.
        """
        source = self._input
        facts = source.facts
        minor = source.minor
        framing = request_framing(source, source.at)
        if self._require_host and facts & HOST == 0 and minor > 0:
            raise Malformed("missing_host", source.at)
        method = _method_kind(source.method)
        if source.target[0] != 0x2F or method == CONNECT:
            check_target_form(source.method, source.target, source.at)
        self._facts = facts
        self._request_method = method
        self._request_minor = minor
        flags: i64 = END_STREAM if framing == NO_CONTENT else 0
        if minor == 0:
            flags |= HTTP_1_0
            self._closing = facts & KEEP_ALIVE == 0 or facts & CLOSE != 0
        else:
            self._closing = facts & CLOSE != 0
            if facts & EXPECT_CONTINUE and framing != NO_CONTENT:
                flags |= EXPECTS
                self._waiting = True
        repeats = self._cycles > 0 and facts & _NOT_REPEATED == 0 and source.is_whole()
        if block is not None:
            event = _shared_block_request(source.method, source.target, block, flags)
        elif flags == END_STREAM:
            event = _packed_request(source.method, source.target, source.section(), source.skip)
        else:
            event = _packed_request(source.method, source.target, source.section(), source.skip, flags)
        if repeats:
            self._remember(event, block, whole and framing == NO_CONTENT)
        self._begin_content(framing)
        return event

    def _remember(self, event: Any, block: Any, whole: bool) -> None:
        """Keep what the next request may repeat; ``whole`` if that can be the whole buffer."""
        repetition = self._repetition
        if repetition is None:
            repetition = Repetition()
            self._repetition = repetition
        source = self._input
        buffer = source.raw if whole and source.at == len(source.raw) else b""
        repetition.remember_head(buffer, event, self._facts, self._request_method, self._request_minor, self._closing)
        if block is None and source.cuts is None:
            repetition.remember_section(source.lines(), event, self._facts, source.content_length)

    def _repeat_request(self, repetition: Repetition) -> Any:
        """Return the request of the remembered head once more."""
        self._facts = repetition.facts
        self._request_method = repetition.method
        self._request_minor = repetition.minor
        self._closing = repetition.closing
        self._reading = after_reading(after_reading(START_LINE, ON_START_LINE), ON_HEAD)
        return repetition.event

    def _finish_response(self) -> Any:
        """Make the Response of a head that is complete."""
        source = self._input
        facts = source.facts
        status = source.status_code
        self._facts = facts
        self._waiting = False
        flags: i64 = HTTP_1_0 if source.minor == 0 else 0
        if 100 <= status < 200 and status != 101:
            event = _packed_response(status, source.reason, source.section(), source.skip, flags)
            source.clear_fields()
            self._reading = after_reading(FIELDS, ON_INFORMATIONAL)
            return event
        connect = self._request_method == CONNECT
        if status == 101:
            # RFC 9110 7.8: a server must not switch to a protocol that the client did not name.
            if self._writer is None or not self._writer.asked_upgrade():
                raise Malformed("unexpected_status", source.at, b"101")
            self._switching = True
        elif connect and 200 <= status < 300:
            self._switching = True
        framing = response_framing(source, self._request_method == HEAD, connect, source.at)
        if not self._switching:
            self._closing = facts & CLOSE != 0 or (source.minor == 0 and facts & KEEP_ALIVE == 0) or framing == TO_EOF
        if framing == NO_CONTENT:
            flags |= END_STREAM
        event = _packed_response(status, source.reason, source.section(), source.skip, flags)
        self._awaiting = False
        self._begin_content(framing)
        return event

    # --------------------------------------------------------------------------------------------------------- content

    def _begin_content(self, framing: i64) -> None:
        self._reading = after_reading(FIELDS, ON_HEAD + framing)
        if framing == BY_LENGTH:
            self._remaining = self._input.content_length
        elif framing == BY_CHUNKS:
            if self._chunks is None:
                self._chunks = ChunkedDecoder()
            else:
                self._chunks.clear()

    def _read_content(self) -> Any:
        source = self._input
        size: i64 = len(source.raw) - source.at
        if size == 0:
            if source.is_idle():
                return NEED_DATA
            return None if self._refill() else self._starved()
        self._waiting = False
        if size >= self._remaining:
            size = self._remaining
            self._reading = after_reading(CONTENT_LENGTH, ON_END)
        self._remaining -= size
        return _take(source, size)

    def _read_to_eof(self) -> Any:
        source = self._input
        size: i64 = len(source.raw) - source.at
        if size == 0:
            if source.is_idle():
                return NEED_DATA
            if self._refill():
                return None
            self._reading = after_reading(CONTENT_TO_EOF, ON_EOF)
            return None
        return _take(source, size)

    def _read_chunks(self) -> Any:
        decoder = self._chunks
        assert decoder is not None
        source = self._input
        raw = source.raw
        if source.at == len(raw):
            return None if self._refill() else self._starved()
        data = decoder.decode(raw, source.at, len(raw), self._limits.max_line)
        source.at = decoder.at
        if decoder.state == LAST:
            self._waiting = False
            self._reading = after_reading(CONTENT_CHUNKED, ON_LAST_CHUNK)
            source.clear_fields()
            source.begin_section(decoder.at)
        if len(data) == 0:
            return None
        self._waiting = False
        return _new_data(data, 0)

    def _read_trailers(self) -> Any:
        limits = self._limits
        source = self._input
        if source.is_stuck() and not self._refill():
            return self._starved()
        while not self._parse_section(limits.max_trailer_bytes, limits.max_trailers, TRAILER_SECTION):
            if not self._refill():
                return self._starved()
        if source.count > 0:
            self._trailers = _packed_trailers(source.section(), source.skip)
        self._reading = after_reading(TRAILERS, ON_END)
        return None

    # -------------------------------------------------------------------------------------------------- field sections

    def _parse_section(self, most_bytes: i64, most_fields: i64, kind: i64) -> bool:
        """Parse field lines from where the parser is; False if bytes are missing."""
        source = self._input
        raw = source.raw
        end: i64 = len(raw)
        # What lies behind the limit is not looked at: the limit is met first, however the input is cut.
        last = source.section_left(most_bytes)
        stop = min(last, end)
        longest = self._limits.max_line
        found = parse_fields(source, raw, source.at, stop, source.section_shift(), most_fields, longest, kind)
        if found >= 0:
            source.at = found
            return True
        line = -1 - found
        check_line(raw, line, stop, longest, "line_too_long")
        if end > last:
            raise Malformed(
                "trailer_section_too_large" if kind == TRAILER_SECTION else "header_section_too_large", last
            )
        source.set_aside(line)
        return False

    # ----------------------------------------------------------------------------------------------------------- input

    def _refill(self) -> bool:
        """Get more bytes to parse; False if there are none that would help."""
        reading = self._reading
        limits = self._limits
        longest = limits.max_line + 1
        if reading == FIELDS or reading == TRAILERS:
            most = limits.max_header_bytes if reading == FIELDS else limits.max_trailer_bytes
            left = self._input.section_left(most) - self._input.at + 1
            return self._input.refill(FIELD_LINE, min(longest, left))
        if reading == START_LINE:
            return self._input.refill(REQUEST_LINE if self.role == SERVER else STATUS_LINE, longest)
        return self._input.refill(NO_LINE, longest)

    def _starved(self) -> Any:
        """Return what next_event says when no bytes are left that could be parsed."""
        source = self._input
        if not source.eof:
            return NEED_DATA
        waiting = source.waiting()
        if self._reading == START_LINE and waiting == 0 and not self._awaiting:
            self._reading = after_reading(START_LINE, ON_EOF)
            return CONNECTION_CLOSED
        raise Malformed("incomplete_message", source.at + waiting)

    # ------------------------------------------------------------------------------------------------------------- ends

    def _switch(self) -> None:
        """Stop reading HTTP as soon as the message that is read has ended (RFC 9110 7.8, 9.3.6)."""
        self._switching = True
        if self._reading == DONE:
            self._reading = after_reading(DONE, ON_SWITCH)

    def _overflow(self) -> None:
        if self._reading == FAILED:
            self._input.discard()  # nobody will parse it any more
            return
        self._fail(Malformed("buffer_full", self._input.at))
        raise self._terminal_error()

    def _fail(self, malformed: Malformed) -> None:
        """Fail for good. Not the error is kept but what it says: an error leads to the frames that it passed."""
        self._failure = (malformed.reason, malformed.excerpt, self._input.base + malformed.at)
        if self._reading == START_LINE or self._reading == FIELDS:
            # The farewell answers a request that nobody understood.
            self._request_method = OTHER
            self._request_minor = 1
        self._reading = after_reading(self._reading, ON_ERROR)

    def _terminal_error(self) -> RemoteProtocolError:
        assert self._failure is not None
        reason, excerpt, offset = self._failure
        return remote_error(reason, excerpt, offset=offset)

    def _check_open(self) -> None:
        if self._reading >= SWITCHED or self._closing or self._input.eof:
            raise local_error("connection_closed")

    def _make_writer(self) -> MessageWriter:
        writer = self._writer
        if writer is None:
            writer = MessageWriter()
            self._writer = writer
        return writer


def new_connection(role: int, limits: H1Limits | None = None, require_host: bool = False) -> H1Connection:
    """Make a connection: what ``zttp.Connection`` calls, because calling a function is cheaper than calling a class."""
    return H1Connection(role, limits=limits, require_host=require_host)


def _take(source: ReceiveBuffer, size: i64) -> Any:
    """Make the Data of the next ``size`` bytes; all of a buffer is that buffer."""
    raw = source.raw
    at = source.at
    if at + size < len(raw):
        source.at = at + size
        return _new_data(raw[at : at + size], 0)
    source.drop()
    return _new_data(raw if at == 0 else raw[at:], 0)


def _method_kind(method: bytes) -> i64:
    size = len(method)
    if size == 4:
        return HEAD if method == b"HEAD" else OTHER
    return CONNECT if size == 7 and method == b"CONNECT" else OTHER


def _listed(headers: Headers) -> list[tuple[bytes, bytes]]:
    if headers is None:
        return []
    if isinstance(headers, list):
        return headers
    return list(headers)
