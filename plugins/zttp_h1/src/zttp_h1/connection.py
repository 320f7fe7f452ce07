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
from zttp_core.grammar import is_host
from zttp_core.reasons import local_error, remote_error
from zttp_core.sentinels import CONNECTION_CLOSED as _CORE_CONNECTION_CLOSED
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h1.backlog import ANY, TARGET, TOKEN, VALUE, Backlog
from zttp_h1.chunked import LAST, ChunkedDecoder
from zttp_h1.fields import REQUEST, RESPONSE, parse_fields
from zttp_h1.fields import TRAILERS as TRAILER_SECTION
from zttp_h1.framing import BY_CHUNKS, BY_LENGTH, NO_CONTENT, TO_EOF, request_framing, response_framing
from zttp_h1.head import CLOSE, EXPECT_CONTINUE, HOST, KEEP_ALIVE, UPGRADE, UPGRADE_LISTED, Head
from zttp_h1.limits import DEFAULT_LIMITS, H1Limits
from zttp_h1.malformed import Malformed
from zttp_h1.message_writer import MessageWriter
from zttp_h1.native_ints import i64, mypyc_attr
from zttp_h1.repetition import Repetition
from zttp_h1.scan import scan_target, scan_token
from zttp_h1.start_line import LONGEST_METHOD, parse_request_line, parse_status_line
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
_request_sharing: Final[Any] = core.request_sharing
_packed_response: Final[Any] = core.packed_response
_packed_trailers: Final[Any] = core.packed_trailers

END_STREAM: Final = 1
EXPECTS: Final = 2
HTTP_1_0: Final = 4

_MOST_EMPTY_LINES: Final = 8  # RFC 9112 2.2 asks for at least one
_SHARED_BUFFER: Final = 2048  # up to here a header block keeps the input buffer instead of a copy of its section
_VERSION_AND_STATUS: Final = 13  # bytes of a status line that are looked at one by one

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
        # The input: _raw[_at:] is not parsed yet, _base is what the connection received before _raw.
        self._raw = b""
        self._at: i64 = 0
        self._base: i64 = 0
        self._backlog: Backlog | None = None
        self._stuck = False  # _raw[_at:] is known to be incomplete
        self._eof = False
        self._error: RemoteProtocolError | None = None
        # The message that is read.
        self._reading: i64 = START_LINE
        self._head: Final = Head()
        self._section_at: i64 = 0  # where the section starts in _raw
        self._section_size: i64 = 0  # how much of it was in buffers before _raw
        self._section_skip: i64 = 0  # how much of what is kept as its beginning is no field line
        self._section_parts: list[bytes] | None = None
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
        size: i64 = len(received)
        if size == 0:
            self._eof = True
            return
        if self._eof:
            raise local_error("receive_after_eof")
        if self._at == len(self._raw) and (self._backlog is None or self._backlog.size == 0):
            self._base += self._at
            self._raw = received
            self._at = 0
            if size > self._limits.max_buffer:
                self._overflow()
            return
        self._receive_behind(received)

    def receive_event(self, data: Any, /) -> Any:
        """``receive_data`` and ``next_event`` in one call."""
        self.receive_data(data)
        return self.next_event()

    def next_event(self) -> Any:
        """Return the next event, ``NEED_DATA`` or ``CONNECTION_CLOSED``.

        ``NEED_DATA`` also stands for a pause: the message has ended and ``start_next_cycle`` was not called.
        Raises RemoteProtocolError if the peer breaks the protocol, and again on every later call.
        """
        try:
            return self._next_event()
        except Malformed as malformed:
            error = self._fail(malformed)
        raise error

    def _next_event(self) -> Any:
        while True:
            reading = self._reading
            if reading == END:
                self._reading = after_reading(END, ON_END_PULLED)
                if self._switching:
                    self._switch()
                event = self._trailers
                return END_OF_MESSAGE if event is None else event
            if reading == START_LINE or reading == FIELDS:
                event = self._read_head()
            elif reading == CONTENT_LENGTH:
                event = self._read_content()
            elif reading == CONTENT_CHUNKED:
                event = self._read_chunks()
            elif reading == CONTENT_TO_EOF:
                event = self._read_to_eof()
            elif reading == TRAILERS:
                event = self._read_trailers()
            elif reading == DONE:
                return CONNECTION_CLOSED if self._eof and self._unparsed() == 0 else NEED_DATA
            elif reading == SWITCHED:
                return CONNECTION_CLOSED if self._eof else NEED_DATA
            elif reading == CLOSED:
                return CONNECTION_CLOSED
            else:
                assert self._error is not None
                raise self._error.with_traceback(None)
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
        self._head.clear_fields()
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
        if self._closing or self._reading == FAILED or (self._eof and self._unparsed() == 0):
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
        return self._head.upgrade if self._facts & asked == asked and self._head.minor > 0 else None

    @property
    def waiting_for_100(self) -> bool:
        """Whether the content waits for a 100 (Continue) that has not been sent, or received."""
        return self._waiting

    @property
    def trailing_data(self) -> tuple[bytes, bool]:
        """The bytes that were received and belong to no event, and whether EOF was seen.

        After a 101 or a 2xx to CONNECT they are the first of the other protocol.
        """
        rest = self._raw[self._at :]
        backlog = self._backlog
        return (rest if backlog is None else rest + backlog.rest(), self._eof)

    def __repr__(self) -> str:
        role = "SERVER" if self.role == SERVER else "CLIENT"
        writing = IDLE if self._writer is None else self._writer.state
        return f"<H1Connection {role} reading={READING_NAMES[self._reading]} writing={WRITING_NAMES[writing]}>"

    # ----------------------------------------------------------------------------------------------------------- heads

    def _read_head(self) -> Any:
        """Return the event of a head or a sentinel."""
        limits = self._limits
        head = self._head
        if self._stuck and not self._refill():
            return self._starved()
        while True:
            if self._reading == START_LINE:
                raw = self._raw
                at = self._at
                end: i64 = len(raw)
                if at == end:
                    if not self._refill():
                        return self._starved()
                    continue
                if self.role == SERVER:
                    if raw[at] == 13 or raw[at] == 10:
                        if not self._skip_empty_line(raw, at, end):
                            return self._starved()
                        continue
                    stop = parse_request_line(head, raw, at, end, limits.max_line)
                else:
                    if not self._awaiting:
                        raise Malformed("unexpected_response", at, raw[at : at + 60])
                    stop = parse_status_line(head, raw, at, end, limits.max_line)
                if stop < 0:
                    _check_line(
                        raw,
                        at,
                        end,
                        limits.max_line,
                        "request_target_too_long" if self.role == SERVER else "line_too_long",
                    )
                    if not self._refill():
                        return self._starved()
                    continue
                self._reading = after_reading(START_LINE, ON_START_LINE)
                self._at = stop
                self._section_size = 0
                # A small buffer is kept as it is: its section starts with the start line, which nobody looks at.
                self._section_at = 0 if end <= _SHARED_BUFFER else stop
                self._section_skip = stop - self._section_at
                repetition = self._repetition
                if repetition is not None and repetition.matches(raw, stop):
                    self._at = stop + len(repetition.section)
                    head.facts = repetition.facts
                    return self._finish_request(repetition.block, b"")
            if self._parse_section(
                limits.max_header_bytes, limits.max_headers, REQUEST if self.role == SERVER else RESPONSE
            ):
                if self.role == SERVER:
                    return self._finish_request(None, self._section())
                return self._finish_response()
            if not self._refill():
                return self._starved()

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
        self._at = at + 2
        return True

    def _finish_request(self, block: Any, section: bytes) -> Any:
        """Make the Request of a head that is complete: of a repeated ``block``, or of ``section``."""
        head = self._head
        facts = head.facts
        minor = head.minor
        framing = request_framing(head, self._at)
        if self._require_host and facts & HOST == 0 and minor > 0:
            raise Malformed("missing_host", self._at)
        method = _method_kind(head.method)
        if head.target[0] != 0x2F or method == CONNECT:
            check_target_form(head.method, head.target, self._at)
        self._facts = facts
        self._request_method = method
        self._request_minor = minor
        flags = END_STREAM if framing == NO_CONTENT else 0
        if minor == 0:
            flags |= HTTP_1_0
            self._closing = facts & KEEP_ALIVE == 0 or facts & CLOSE != 0
        else:
            self._closing = facts & CLOSE != 0
            if facts & EXPECT_CONTINUE and framing != NO_CONTENT:
                flags |= EXPECTS
                self._waiting = True
        if block is not None:
            event = _request_sharing(head.method, head.target, block, flags)
        else:
            event = _packed_request(head.method, head.target, section, self._section_skip, flags)
            if (
                self._cycles > 0
                and framing == NO_CONTENT
                and facts & UPGRADE == 0
                and self._section_parts is None
                and head.cuts is None
            ):
                if self._repetition is None:
                    self._repetition = Repetition()
                self._repetition.remember(self._raw, self._section_at + self._section_skip, self._at, event, facts)
        self._begin_content(framing)
        return event

    def _finish_response(self) -> Any:
        """Make the Response of a head that is complete."""
        head = self._head
        facts = head.facts
        status = head.status_code
        self._facts = facts
        self._waiting = False
        flags = HTTP_1_0 if head.minor == 0 else 0
        if 100 <= status < 200 and status != 101:
            event = _packed_response(status, head.reason, self._section(), self._section_skip, flags)
            head.clear_fields()
            self._section_parts = None
            self._reading = after_reading(FIELDS, ON_INFORMATIONAL)
            return event
        connect = self._request_method == CONNECT
        if status == 101:
            # RFC 9110 7.8: a server must not switch to a protocol that the client did not name.
            if self._writer is None or not self._writer.asked_upgrade():
                raise Malformed("unexpected_status", self._at, b"101")
            self._switching = True
        elif connect and 200 <= status < 300:
            self._switching = True
        framing = response_framing(head, self._request_method == HEAD, connect, self._at)
        if not self._switching:
            self._closing = facts & CLOSE != 0 or (head.minor == 0 and facts & KEEP_ALIVE == 0) or framing == TO_EOF
        if framing == NO_CONTENT:
            flags |= END_STREAM
        event = _packed_response(status, head.reason, self._section(), self._section_skip, flags)
        self._awaiting = False
        self._begin_content(framing)
        return event

    # --------------------------------------------------------------------------------------------------------- content

    def _begin_content(self, framing: i64) -> None:
        self._section_parts = None
        self._reading = after_reading(FIELDS, ON_HEAD + framing)
        if framing == BY_LENGTH:
            self._remaining = self._head.content_length
        elif framing == BY_CHUNKS:
            if self._chunks is None:
                self._chunks = ChunkedDecoder()
            else:
                self._chunks.clear()

    def _read_content(self) -> Any:
        raw = self._raw
        at = self._at
        size: i64 = len(raw) - at
        if size == 0:
            return None if self._refill() else self._starved()
        self._waiting = False
        if size >= self._remaining:
            size = self._remaining
            self._reading = after_reading(CONTENT_LENGTH, ON_END)
        self._remaining -= size
        return self._take(raw, at, at + size)

    def _read_to_eof(self) -> Any:
        raw = self._raw
        at = self._at
        if at == len(raw):
            if self._refill():
                return None
            if not self._eof:
                return NEED_DATA
            self._reading = after_reading(CONTENT_TO_EOF, ON_EOF)
            return None
        return self._take(raw, at, len(raw))

    def _take(self, raw: bytes, at: i64, stop: i64) -> Any:
        """Make the Data of ``raw[at:stop]``; all of a buffer is that buffer."""
        if stop < len(raw):
            self._at = stop
            return _new_data(raw[at:stop], 0)
        self._drop_buffer()
        return _new_data(raw if at == 0 else raw[at:], 0)

    def _read_chunks(self) -> Any:
        decoder = self._chunks
        assert decoder is not None
        raw = self._raw
        if self._at == len(raw):
            return None if self._refill() else self._starved()
        data = decoder.decode(raw, self._at, len(raw), self._limits.max_line)
        self._at = decoder.at
        if decoder.state == LAST:
            self._waiting = False
            self._reading = after_reading(CONTENT_CHUNKED, ON_LAST_CHUNK)
            self._head.clear_fields()
            self._section_at = self._at
            self._section_size = 0
            self._section_skip = 0
        if len(data) == 0:
            return None
        self._waiting = False
        return _new_data(data, 0)

    def _read_trailers(self) -> Any:
        limits = self._limits
        if self._stuck and not self._refill():
            return self._starved()
        while not self._parse_section(limits.max_trailer_bytes, limits.max_trailers, TRAILER_SECTION):
            if not self._refill():
                return self._starved()
        head = self._head
        if head.count > 0:
            self._trailers = _packed_trailers(self._section(), self._section_skip)
        self._section_parts = None
        self._reading = after_reading(TRAILERS, ON_END)
        return None

    # -------------------------------------------------------------------------------------------------- field sections

    def _parse_section(self, most_bytes: i64, most_fields: i64, kind: i64) -> bool:
        """Parse field lines from where the parser is; False if bytes are missing."""
        raw = self._raw
        at = self._at
        end: i64 = len(raw)
        # What lies behind the limit is not looked at: the limit is met first, however the input is cut.
        last = self._section_at + self._section_skip - self._section_size + most_bytes
        stop = min(last, end)
        longest = self._limits.max_line
        found = parse_fields(
            self._head, raw, at, stop, self._section_size - self._section_at, most_fields, longest, kind
        )
        if found >= 0:
            self._at = found
            return True
        line = -1 - found
        self._at = line
        _check_line(raw, line, stop, longest, "line_too_long")
        if end > last:
            raise Malformed(
                "trailer_section_too_large" if kind == TRAILER_SECTION else "header_section_too_large", last
            )
        if line > self._section_at:
            parts = self._section_parts
            if parts is None:
                parts = []
                self._section_parts = parts
            parts.append(raw[self._section_at : line])
            self._section_size += line - self._section_at
            self._section_at = line
        return False

    def _section(self) -> bytes:
        """Return the section that ends here; its field lines start at ``_section_skip``."""
        raw = self._raw
        start = self._section_at
        parts = self._section_parts
        if parts is not None:
            parts.append(raw[start : self._at])
            raw = b"".join(parts)
        elif start > 0 or len(raw) > _SHARED_BUFFER:
            raw = raw[start : self._at]
        return raw if self._head.cuts is None else _without(raw, self._head.cuts)

    # ----------------------------------------------------------------------------------------------------------- input

    def _receive_behind(self, received: bytes) -> None:
        """Queue a buffer behind what is not parsed yet."""
        backlog = self._backlog
        if backlog is None:
            backlog = Backlog()
            self._backlog = backlog
        backlog.push(received)
        if self._unparsed() > self._limits.max_buffer:
            self._overflow()

    def _overflow(self) -> None:
        if self._reading == FAILED:
            # Nobody will parse it any more: nothing is kept.
            self._backlog = None
            self._drop_buffer()
            return
        raise self._fail(Malformed("buffer_full", self._at))

    def _refill(self) -> bool:
        """Get more bytes to parse; False if there are none, or none that would help with the line that is incomplete."""
        backlog = self._backlog
        if backlog is None or backlog.size == 0 or backlog.asleep:
            if self._at == len(self._raw):
                self._drop_buffer()
            else:
                self._stuck = True
            return False
        if self._at < len(self._raw):
            line = self._raw[self._at :]
            self._base += self._at
            self._raw = b""
            self._at = 0
            region = self._region(line)
            # A method is bounded by less than a line.
            wake_at = LONGEST_METHOD + 1 if region == TOKEN and self._reading == START_LINE else self._wake_at()
            backlog.hold(line, region, wake_at)
        data = backlog.take()
        if len(data) == 0:
            self._stuck = True
            return False
        self._drop_buffer()
        self._raw = data
        self._stuck = False
        return True

    def _drop_buffer(self) -> None:
        self._base += len(self._raw)
        self._raw = b""
        self._at = 0
        self._section_at = 0

    def _region(self, line: bytes) -> i64:
        """Return which bytes can follow the beginning of a line without ending or breaking it."""
        size: i64 = len(line)
        if line[size - 1] == 13:
            return ANY
        token = scan_token(line, 0, size)
        if self._reading == START_LINE:
            if self.role == CLIENT:
                return VALUE if size > _VERSION_AND_STATUS else ANY
            if token == size:
                return TOKEN
            return TARGET if line[token] == 32 and scan_target(line, token + 1, size) == size else ANY
        if token == size:
            return TOKEN
        return VALUE if line[token] == 0x3A else ANY

    def _wake_at(self) -> i64:
        """Return how long the beginning of a line may become before a limit has to be enforced."""
        limits = self._limits
        wake_at = limits.max_line + 1
        if self._reading == START_LINE:
            return wake_at
        most = limits.max_header_bytes if self._reading == FIELDS else limits.max_trailer_bytes
        left = most + self._section_skip - self._section_size + 1
        return min(wake_at, left)

    def _unparsed(self) -> i64:
        rest: i64 = len(self._raw) - self._at
        return rest if self._backlog is None else rest + self._backlog.size

    def _starved(self) -> Any:
        """Return what next_event says when no bytes are left that could be parsed."""
        if not self._eof:
            return NEED_DATA
        if self._reading == START_LINE and self._unparsed() == 0 and not self._awaiting:
            self._reading = after_reading(START_LINE, ON_EOF)
            return CONNECTION_CLOSED
        raise Malformed("incomplete_message", self._at + self._unparsed())

    # ------------------------------------------------------------------------------------------------------------- ends

    def _switch(self) -> None:
        """Stop reading HTTP as soon as the message that is read has ended (RFC 9110 7.8, 9.3.6)."""
        self._switching = True
        if self._reading == DONE:
            self._reading = after_reading(DONE, ON_SWITCH)

    def _fail(self, malformed: Malformed) -> RemoteProtocolError:
        """Make the terminal error of this connection."""
        error = remote_error(malformed.reason, malformed.excerpt, offset=self._base + malformed.at)
        if self._reading == START_LINE or self._reading == FIELDS:
            # The farewell answers a request that nobody understood.
            self._request_method = OTHER
            self._request_minor = 1
        self._reading = after_reading(self._reading, ON_ERROR)
        self._error = error
        return error

    def _check_open(self) -> None:
        if self._reading >= SWITCHED or self._closing or self._eof:
            raise local_error("connection_closed")

    def _make_writer(self) -> MessageWriter:
        writer = self._writer
        if writer is None:
            writer = MessageWriter()
            self._writer = writer
        return writer


def new_connection(role: int, *, limits: H1Limits | None = None, require_host: bool = False) -> H1Connection:
    """Make a connection: what ``zttp.Connection`` calls, because calling a function is cheaper than calling a class."""
    return H1Connection(role, limits=limits, require_host=require_host)


def _method_kind(method: bytes) -> i64:
    size = len(method)
    if size == 4:
        return HEAD if method == b"HEAD" else OTHER
    return CONNECT if size == 7 and method == b"CONNECT" else OTHER


def check_target_form(method: bytes, target: bytes, at: i64) -> None:
    """Check that a target that does not start with ``/``, or a CONNECT, has a form of RFC 9112 3.2. Raises Malformed."""
    if method == b"CONNECT":
        # authority-form: a host and a port that must be there
        colon = target.rfind(b":")
        port = target[colon + 1 :]
        valid = colon > 0 and 0 < len(port) < 6 and port.isdigit() and int(port) < 65536 and is_host(target)
    elif target == b"*":
        valid = method == b"OPTIONS"
    else:
        # absolute-form: a scheme (RFC 3986 3.1), a colon and more
        colon = target.find(b":")
        scheme = target[:colon].translate(None, b"+-.")
        valid = 0 < colon < len(target) - 1 and scheme.isalnum() and target[:1].isalpha()
    if not valid:
        raise Malformed("invalid_target_form", at, target)


def _without(section: bytes, cuts: list[int]) -> bytes:
    """Return ``section`` without what lies between the starts and ends in ``cuts``."""
    kept: list[bytes] = []
    at = 0
    number = 0
    while number < len(cuts):
        kept.append(section[at : cuts[number]])
        at = cuts[number + 1]
        number += 2
    kept.append(section[at:])
    return b"".join(kept)


def _check_line(raw: bytes, at: i64, end: i64, longest: i64, reason: str) -> None:
    """Refuse the beginning of a line that is too long already; a CR at its end may be that of the line."""
    size = end - at
    if size > longest + 1 or (size == longest + 1 and raw[end - 1] != 13):
        raise Malformed(reason, at)


def _listed(headers: Headers) -> list[tuple[bytes, bytes]]:
    if headers is None:
        return []
    if isinstance(headers, list):
        return headers
    return list(headers)
