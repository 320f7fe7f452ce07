"""``MessageReader``: the half of a connection that reads messages, in either role (RFC 9112 2.1, 6, 7).

Buffers go in, events come out. The codecs do the work: ``start_line`` and ``fields`` read a head, ``framing`` says how
long its content is, ``chunked`` takes chunks apart; ``repetition`` recognises what came before. What moves from one
state to the next stands in ``states``. This module knows what is being read, and makes events of what the codecs find.

A field section is parsed where it lies if it lies whole in the buffer, in one call; the lines of any other move into a
``Section`` before the call returns, so that no place in the buffer is remembered from one call to the next.
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
from zttp_h1.head import (
    CHUNKED,
    CLOSE,
    EXPECT_CONTINUE,
    HOST,
    KEEP_ALIVE,
    OTHER_CODINGS,
    UPGRADE,
    UPGRADE_LISTED,
    Head,
)
from zttp_h1.limits import H1Limits
from zttp_h1.malformed import Malformed
from zttp_h1.methods import CONNECT, HEAD, OTHER, method_kind
from zttp_h1.native_ints import i64, mypyc_attr
from zttp_h1.receive_buffer import ReceiveBuffer, check_line
from zttp_h1.repetition import Repetition
from zttp_h1.section import Section, without
from zttp_h1.start_line import check_target_form, parse_request_line, parse_status_line
from zttp_h1.states import (
    CLOSED,
    CONTENT_CHUNKED,
    CONTENT_LENGTH,
    CONTENT_TO_EOF,
    DONE,
    END,
    FIELDS,
    ON_ANSWERED,
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
    START_LINE,
    SWITCHED,
    TRAILERS,
    after_reading,
)
from zttp_h1.upgrades import is_offered

# The core was compiled apart: its constants are repeated, so that they are constants here, and what is called for every
# event is bound once.
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
_EXCERPT: Final = 60

# Up to here a header block keeps the whole buffer instead of a copy of its section: memory that is not worth a copy.
_SHARED_BUFFER: Final = 2048

# Where a head without content leads that comes whole, in one step.
_AFTER_A_WHOLE_HEAD: Final[i64] = after_reading(after_reading(START_LINE, ON_START_LINE), ON_HEAD)

# A section with these is parsed each time.
_NOT_REPEATED: Final = UPGRADE | EXPECT_CONTINUE


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class MessageReader:
    """State, framing and events of the messages that the peer sends.

    What is set from outside: a client's ``expect_response``, ``next_cycle``, ``switch``, ``answered_early``, and that a
    response was sent to a client that waits for a 100 (``waiting_for_100``, ``closing``) or for a switch
    (``may_switch``).
    """

    def __init__(self, is_server: bool, limits: H1Limits, require_host: bool) -> None:
        self.state: i64 = START_LINE
        self.closing = False  # this exchange is the last one, as either side has said
        self.may_switch = False  # server: yet what follows may turn out not to be HTTP, and is kept until that is known
        self.waiting_for_100 = False  # or for what makes it needless
        self.switching = False  # what follows the message is not HTTP
        self.request_method: i64 = OTHER  # of the request that was received, or sent
        self.request_minor: i64 = 0  # of its version; what is not known may be HTTP/1.0
        self.upgrade: bytes | None = None  # what the head asks for, or switches to
        self.buffer: Final = ReceiveBuffer()
        self._head: Final = Head()
        self._section: Section | None = None  # its lines so far, if they are not all in the buffer
        self._section_start: i64 = 0  # offset of the first line of the section
        self._status_at: i64 = 0  # offset of the status code
        self._is_server: Final = is_server
        self._limits: Final = limits
        self._require_host: Final = require_host
        self._failure: tuple[str, bytes | None, int] | None = None  # reason, excerpt and offset of the terminal error
        self._end_to_tell = False  # an input has ended, and CONNECTION_CLOSED was not returned for it
        self._empty_lines: i64 = 0
        self._remaining: i64 = 0  # of the content, where its length is known
        self._chunks: ChunkedDecoder | None = None
        self._trailers: Any = None  # the EndOfMessage of a message that has some
        self._repeats = False  # this is not the first request
        self._repetition: Repetition | None = None
        self._awaiting = False  # client: a request was sent and its response has not ended
        self._asked_upgrade: bytes | None = None  # client: by that request

    def accept(self, data: bytes) -> None:
        """Take bytes from the peer; none are EOF. Raises as ``H1Connection.receive_data`` does."""
        if len(data) == 0:
            self.buffer.eof = True
            self._end_to_tell = True
            return
        if self.buffer.eof:
            raise local_error("receive_after_eof")
        if self.state >= DONE and self._parses_no_more():
            self.buffer.base += len(data)
        elif not self.buffer.receive(data, self._limits.max_buffer):
            self._fail(Malformed("buffer_full", self.buffer.at))
            raise self._terminal_error()

    def _parses_no_more(self) -> bool:
        """Tell, behind a message or the last of all, whether nobody will parse what comes (RFC 9112 9.6)."""
        if self.state >= CLOSED:
            return True
        return self.state == DONE and self.closing and self._is_server and not self.may_switch

    def take_short_cut(self, data: bytes) -> Any:
        """Return what next_event would behind ``accept(data)``, where that is seen without parsing; else None."""
        if self.state == CONTENT_LENGTH:
            return self._pass_content(data)
        buffer = self.buffer
        if buffer.is_asleep() and buffer.sleeps_through(data, self._limits.max_buffer):
            return NEED_DATA
        return None

    def _pass_content(self, data: bytes) -> Any:
        """Return the event of a buffer that is nothing but content, behind which more is to come; else None.

        That is most of an upload, and the buffer itself is the content.
        """
        size: i64 = len(data)
        if not 0 < size < self._remaining or size > self._limits.max_buffer or not self.buffer.bypass(size):
            return None
        self._remaining -= size
        self.waiting_for_100 = False
        return _new_data(data, 0)

    def next_event(self) -> Any:
        """Return the next event or a sentinel. Raises RemoteProtocolError, and again on every later call."""
        try:
            return self._next_event()
        except Malformed as malformed:
            self._fail(malformed)
        raise self._terminal_error()

    def _next_event(self) -> Any:
        while True:
            state = self.state
            if state == END:
                self.state = after_reading(END, ON_END_PULLED)
                if self.switching:
                    self.switch()
                event = self._trailers
                return END_OF_MESSAGE if event is None else event
            if state == CONTENT_LENGTH:
                event = self._read_content()
            elif state == START_LINE or state == FIELDS:
                event = self._read_head()
            elif state == CONTENT_CHUNKED:
                event = self._read_chunks()
            elif state == CONTENT_TO_EOF:
                event = self._read_to_eof()
            elif state == TRAILERS:
                event = self._read_trailers()
            elif state == DONE:
                if self._is_server and not self.closing and not self._end_to_tell:
                    return NEED_DATA  # what _pause() comes to, mostly
                return self._pause()
            elif state == SWITCHED or state == CLOSED:
                return self._rest_state()
            else:
                raise self._terminal_error()
            if event is not None:
                return event

    def _pause(self) -> Any:
        """Return what next_event says between the end of a message and the next cycle."""
        if not self._is_server:
            self._refuse_unasked()
        elif self.closing and not self.may_switch:
            self.buffer.discard()  # RFC 9112 9.6: no further request is processed
        return self._rest_state() if self.buffer.waiting() == 0 else NEED_DATA

    def _rest_state(self) -> Any:
        """Return the sentinel of a state in which nothing is read: CONNECTION_CLOSED once for each EOF."""
        if self._end_to_tell:
            self._end_to_tell = False
            return CONNECTION_CLOSED
        return NEED_DATA

    # ------------------------------------------------------------------------------------------- from the other half

    def expect_response(self, method: i64, waiting_for_100: bool, asked_upgrade: bytes | None) -> None:
        """Note that a request of this kind of method was sent (client)."""
        if self.buffer.waiting() > 0:
            self.buffer.discard()  # an empty line: has_unasked() says no
        self.request_method = method
        self.waiting_for_100 = waiting_for_100
        self._asked_upgrade = asked_upgrade
        self._awaiting = True

    def next_cycle(self) -> None:
        """Make ready for the next message; this one has ended on the wire."""
        self.state = after_reading(self.state, ON_NEXT_CYCLE)
        buffer = self.buffer
        if buffer.at == len(buffer.raw):
            buffer.drop()
        self._head.clear_fields()
        self._trailers = None
        self._empty_lines = 0
        self.waiting_for_100 = False
        self.request_method = OTHER
        self.request_minor = 0
        self.upgrade = None
        self._repeats = True

    def switch(self) -> None:
        """Stop reading HTTP as soon as the message that is read has ended (RFC 9110 7.8, 9.3.6)."""
        self.switching = True
        if self.state == DONE:
            self.state = after_reading(DONE, ON_SWITCH)

    def answered_early(self) -> None:
        """Note that a final response was sent: a request whose head was not read until now never will be (server).

        RFC 9112 9.6: it closes, and what comes behind that is not processed.
        """
        if self.state == START_LINE or self.state == FIELDS:
            self.state = after_reading(self.state, ON_ANSWERED)
            self._section = None
            self.buffer.discard()

    def has_request(self) -> bool:
        """Tell whether there is a request that was read and understood so far (server)."""
        state = self.state
        return state != START_LINE and state != FIELDS and state < CLOSED

    def ends_connection(self) -> bool:
        """Tell whether no message can be read behind this one."""
        if self.closing or self.state >= CLOSED or (self.buffer.eof and self.has_ended()):
            return True
        return not self._is_server and self.buffer.waiting() > 0 and self.has_unasked()

    def has_ended(self) -> bool:
        """Tell, at EOF, whether all that the peer sent are messages that have ended."""
        if self.buffer.waiting() > 0:
            return False
        state = self.state
        return state == END or state == DONE or state == START_LINE

    def has_unasked(self) -> bool:
        """Tell whether bytes wait that answer no request (client).

        RFC 9112 9.2: they must not be taken for a response, and end the connection, unless they are empty lines.
        """
        if self._awaiting or self.switching or self.buffer.waiting() == 0:
            return False
        state = self.state
        if state != START_LINE and state != END and state != DONE:
            return False
        if self.buffer.waiting() > 2 * _MOST_EMPTY_LINES:
            return True
        rest = self.buffer.rest()
        return rest != (b"\r\n" * _MOST_EMPTY_LINES)[: len(rest)]

    def _refuse_unasked(self) -> None:
        """Refuse bytes that answer no request, and forget empty lines (client)."""
        buffer = self.buffer
        if buffer.waiting() > 0:
            if self.has_unasked():
                rest = buffer.rest()[: 2 * _MOST_EMPTY_LINES + _EXCERPT]
                skipped = 0
                while rest.startswith(b"\r\n", skipped):
                    skipped += 2
                raise Malformed("unexpected_response", buffer.at + skipped, rest[skipped : skipped + _EXCERPT])
            if buffer.eof or buffer.waiting() % 2 == 0:
                buffer.discard()

    # ----------------------------------------------------------------------------------------------------------- heads

    def _read_head(self) -> Any:
        """Return the event of a head or a sentinel."""
        buffer = self.buffer
        if buffer.stuck and not self._refill():
            return self._starved()
        head = self._head
        limits = self._limits
        repetition = self._repetition
        server = self._is_server
        kind: i64 = RESPONSE
        if server:
            kind = REQUEST
        whole = False  # the head starts with the buffer
        while True:
            if self.state == START_LINE:
                if not server and not self._awaiting:
                    self._refuse_unasked()
                    return self._starved()
                raw = buffer.raw
                at = buffer.at
                end: i64 = len(raw)
                if at == end:
                    if not self._refill():
                        return self._starved()
                    continue
                if server:
                    if at == 0 and repetition is not None and repetition.is_head(raw):
                        buffer.at = end
                        return self._repeat_request(repetition)
                    if raw[at] <= 13 and (raw[at] == 13 or raw[at] == 10):
                        if not self._skip_empty_line(raw, at, end):
                            return self._starved()
                        continue
                    stop = parse_request_line(head, raw, at, end, limits.max_line)
                else:
                    stop = parse_status_line(head, raw, at, end, limits.max_line)
                if stop < 0:
                    reason = "request_target_too_long" if server else "line_too_long"
                    check_line(raw, at, end, limits.max_line, reason)
                    if not self._refill():
                        return self._starved()
                    continue
                self.state = after_reading(START_LINE, ON_START_LINE)
                whole = at == 0
                self._section_start = buffer.base + stop
                buffer.at = stop
                if not server:
                    self._status_at = buffer.base + at + 9
                elif head.target[0] != 0x2F or head.method == b"CONNECT":
                    check_target_form(head.method, head.target, at + len(head.method) + 1)
                if repetition is not None and repetition.is_section(raw, stop):
                    buffer.at = stop + len(repetition.section)
                    head.facts = repetition.section_facts
                    head.content_length = repetition.content_length
                    head.framed_at = repetition.framed_at
                    return self._finish_request(repetition.block, stop, whole)
            start = self._parse_section(limits.max_header_bytes, limits.max_headers, kind)
            if start >= 0:
                return self._finish_request(None, start, whole) if server else self._finish_response(start)
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
        self.buffer.at = at + 2
        return True

    def _finish_request(self, block: Any, start: i64, whole: bool) -> Any:
        """Make the Request of a head that is complete, with a repeated ``block`` or one of its own.

        ``start`` is where its lines, or those that are not in ``_section``, start in the buffer; ``whole`` says that
        the head started with the buffer.
        """
        head = self._head
        facts = head.facts
        minor = head.minor
        framed_at: i64 = 0
        if facts & (CHUNKED | OTHER_CODINGS):
            framed_at = self._place(head.framed_at)
        framing = request_framing(head, framed_at)
        if self._require_host and facts & HOST == 0 and minor > 0:
            raise Malformed("missing_host", self.buffer.at)
        self.request_method = method_kind(head.method)
        self.request_minor = minor
        flags: i64 = 0
        if framing == NO_CONTENT:
            flags = END_STREAM
        if minor == 0:
            flags |= HTTP_1_0
            if facts & KEEP_ALIVE == 0 or facts & CLOSE != 0:
                self.closing = True
        else:
            if facts & CLOSE != 0:
                self.closing = True
            if facts & EXPECT_CONTINUE and framing != NO_CONTENT:
                flags |= EXPECTS
                self.waiting_for_100 = True
            if facts & UPGRADE:
                self._note_upgrade()
        if self.closing:
            self.may_switch = self.request_method == CONNECT or self.upgrade is not None
        repeats = self._repeats and facts & _NOT_REPEATED == 0 and self._section is None
        if block is not None:
            event = _shared_block_request(head.method, head.target, block, flags)
        elif self._section is None and head.cuts is None and len(self.buffer.raw) <= _SHARED_BUFFER:
            # The block keeps the buffer, start line and all.
            if flags == END_STREAM:
                event = _packed_request(head.method, head.target, self.buffer.raw, start)
            else:
                event = _packed_request(head.method, head.target, self.buffer.raw, start, flags)
        else:
            event = _packed_request(head.method, head.target, self._take_section(start), 0, flags)
        if repeats:
            self._remember(event, block, start, whole and framing == NO_CONTENT)
        self._begin_content(framing)
        return event

    def _remember(self, event: Any, block: Any, start: i64, whole: bool) -> None:
        """Keep what the next request may repeat; ``whole`` if that can be the whole buffer."""
        repetition = self._repetition
        if repetition is None:
            repetition = Repetition()
            self._repetition = repetition
        raw = self.buffer.raw
        at = self.buffer.at
        repetition.remember_head(
            raw if whole and at == len(raw) else b"", event, self.request_method, self.request_minor
        )
        head = self._head
        if block is None and head.cuts is None:
            repetition.remember_section(raw[start:at], event, head.facts, head.content_length, head.framed_at)

    def _repeat_request(self, repetition: Repetition) -> Any:
        """Return the request of the remembered head once more."""
        self.request_method = repetition.method
        self.request_minor = repetition.minor
        self.state = _AFTER_A_WHOLE_HEAD
        return repetition.event

    def _finish_response(self, start: i64) -> Any:
        """Make the Response of a head that is complete; ``start`` as in ``_finish_request``."""
        head = self._head
        facts = head.facts
        status = head.status_code
        flags: i64 = 0
        if head.minor == 0:
            flags = HTTP_1_0
        if 100 <= status < 200 and status != 101:
            if status == 100:
                self.waiting_for_100 = False
            event = self._new_response(start, flags)
            head.clear_fields()
            self.state = after_reading(FIELDS, ON_INFORMATIONAL)
            return event
        connect = self.request_method == CONNECT
        if facts & UPGRADE:
            self._note_upgrade()
        if status == 101:
            self._check_switch()
            self.switching = True
        elif connect and 200 <= status < 300:
            self.switching = True
        self.waiting_for_100 = False
        framing = response_framing(head, self.request_method == HEAD, connect, self._place(head.framed_at))
        if not self.switching and (
            facts & CLOSE != 0 or (head.minor == 0 and facts & KEEP_ALIVE == 0) or framing == TO_EOF
        ):
            self.closing = True
        if framing == NO_CONTENT:
            flags |= END_STREAM
        event = self._new_response(start, flags)
        self._awaiting = False
        self._begin_content(framing)
        return event

    def _new_response(self, start: i64, flags: i64) -> Any:
        head = self._head
        raw = self.buffer.raw
        if self._section is None and head.cuts is None and len(raw) <= _SHARED_BUFFER:
            return _packed_response(head.status_code, head.reason, raw, start, flags)
        return _packed_response(head.status_code, head.reason, self._take_section(start), 0, flags)

    def _check_switch(self) -> None:
        """Refuse a 101 that the request did not ask for (RFC 9110 7.8)."""
        asked = self._asked_upgrade
        if asked is None or self.upgrade is None or not is_offered(self.upgrade, asked):
            raise Malformed("unexpected_status", self._status_at - self.buffer.base, b"101")
        if self.waiting_for_100:
            raise Malformed("continue_before_switch", self._status_at - self.buffer.base, b"101")

    def _note_upgrade(self) -> None:
        """Note what the head asks for, if its Connection field lists ``upgrade``.

        An HTTP/1.0 message cannot ask for that (RFC 9110 7.8).
        """
        head = self._head
        if head.facts & UPGRADE_LISTED and head.minor > 0 and head.upgrades is not None:
            # RFC 9110 5.3: several lines of a list field are one list.
            self.upgrade = b", ".join(head.upgrades)

    def _place(self, at: i64) -> i64:
        """Return where in the buffer a place in the section is; below 0 if that buffer is gone."""
        return self._section_start + at - self.buffer.base

    # --------------------------------------------------------------------------------------------------------- content

    def _begin_content(self, framing: i64) -> None:
        self.state = after_reading(FIELDS, ON_HEAD + framing)
        if framing == BY_LENGTH:
            self._remaining = self._head.content_length
        elif framing == BY_CHUNKS:
            if self._chunks is None:
                self._chunks = ChunkedDecoder()
            else:
                self._chunks.clear()

    def _read_content(self) -> Any:
        buffer = self.buffer
        size: i64 = len(buffer.raw) - buffer.at
        if size == 0:
            if buffer.is_idle():
                return NEED_DATA
            return None if self._refill() else self._starved()
        self.waiting_for_100 = False
        if size >= self._remaining:
            size = self._remaining
            self.state = after_reading(CONTENT_LENGTH, ON_END)
        self._remaining -= size
        return self._take(size)

    def _read_to_eof(self) -> Any:
        buffer = self.buffer
        size: i64 = len(buffer.raw) - buffer.at
        if size == 0:
            if buffer.is_idle():
                return NEED_DATA
            if self._refill():
                return None
            self.state = after_reading(CONTENT_TO_EOF, ON_EOF)
            return None
        return self._take(size)

    def _take(self, size: i64) -> Any:
        """Make the Data of the next ``size`` bytes; all of a buffer is that buffer."""
        buffer = self.buffer
        raw = buffer.raw
        at = buffer.at
        if at + size < len(raw):
            buffer.at = at + size
            return _new_data(raw[at : at + size], 0)
        buffer.drop()
        return _new_data(raw if at == 0 else raw[at:], 0)

    def _read_chunks(self) -> Any:
        decoder = self._chunks
        assert decoder is not None
        buffer = self.buffer
        raw = buffer.raw
        if buffer.at == len(raw):
            return None if self._refill() else self._starved()
        data = decoder.decode(raw, buffer.at, len(raw), self._limits.max_line)
        buffer.at = decoder.at
        if decoder.state == LAST:
            self.waiting_for_100 = False
            self.state = after_reading(CONTENT_CHUNKED, ON_LAST_CHUNK)
            self._head.clear_fields()
        if len(data) == 0:
            return None
        self.waiting_for_100 = False
        return _new_data(data, 0)

    def _read_trailers(self) -> Any:
        limits = self._limits
        if self.buffer.stuck and not self._refill():
            return self._starved()
        while True:
            start = self._parse_section(limits.max_trailer_bytes, limits.max_trailers, TRAILER_SECTION)
            if start >= 0:
                break
            if not self._refill():
                return self._starved()
        if self._head.count > 0:
            self._trailers = _packed_trailers(self._take_section(start), 0)
        else:
            self._section = None
        self.state = after_reading(TRAILERS, ON_END)
        return None

    # -------------------------------------------------------------------------------------------------- field sections

    def _parse_section(self, most_bytes: i64, most_fields: i64, kind: i64) -> i64:
        """Parse field lines from where the parser is, which is always where one starts.

        Returns where that is once the section is complete; -1 if bytes are missing: what is complete of it is in
        ``_section`` then.
        """
        buffer = self.buffer
        raw = buffer.raw
        start = buffer.at
        end: i64 = len(raw)
        section = self._section
        before: i64 = 0
        if section is not None:
            before = section.size
        # What lies behind the limit is not looked at: the limit is met first, however the input is cut.
        last = start + most_bytes - before
        stop = min(last, end)
        longest = self._limits.max_line
        found = parse_fields(self._head, raw, start, stop, before - start, most_fields, longest, kind)
        if found >= 0:
            buffer.at = found
            return start
        line = -1 - found
        check_line(raw, line, stop, longest, "line_too_long")
        if end > last:
            raise Malformed(
                "trailer_section_too_large" if kind == TRAILER_SECTION else "header_section_too_large", last
            )
        if line > start:
            if section is None:
                section = Section()
                self._section = section
            section.add(raw[start:line])
            buffer.at = line
        return -1

    def _take_section(self, start: i64) -> bytes:
        """Return the lines of the section without repetitions; the buffer holds the last of them, from ``start`` on."""
        buffer = self.buffer
        lines = buffer.raw[start : buffer.at]
        section = self._section
        if section is not None:
            section.add(lines)
            lines = section.joined()
            self._section = None
        cuts = self._head.cuts
        return lines if cuts is None else without(lines, cuts)

    # ----------------------------------------------------------------------------------------------------------- input

    def _refill(self) -> bool:
        """Get more bytes to parse; False if there are none that would help."""
        state = self.state
        limits = self._limits
        longest = limits.max_line + 1
        if state == FIELDS or state == TRAILERS:
            most = limits.max_header_bytes if state == FIELDS else limits.max_trailer_bytes
            section = self._section
            left = most + 1 if section is None else most + 1 - section.size
            return self.buffer.refill(FIELD_LINE, min(longest, left))
        if state == START_LINE:
            return self.buffer.refill(REQUEST_LINE if self._is_server else STATUS_LINE, longest)
        return self.buffer.refill(NO_LINE, longest)

    def _starved(self) -> Any:
        """Return what next_event says when no bytes are left that could be parsed."""
        buffer = self.buffer
        if not buffer.eof:
            return NEED_DATA
        waiting = buffer.waiting()
        if self.state == START_LINE and waiting == 0 and not self._awaiting:
            self.state = after_reading(START_LINE, ON_EOF)
            return self._rest_state()
        raise Malformed("incomplete_message", buffer.at + waiting)

    # ------------------------------------------------------------------------------------------------------------- ends

    def _fail(self, malformed: Malformed) -> None:
        """Fail for good. Not the error is kept but what it says: an error leads to the frames that it passed."""
        buffer = self.buffer
        self._failure = (malformed.reason, malformed.excerpt, buffer.base + malformed.at)
        if self.state == START_LINE or self.state == FIELDS:
            # The farewell answers a request that nobody understood.
            self.request_method = OTHER
            self.request_minor = 0
        self.state = after_reading(self.state, ON_ERROR)
        self._section = None
        buffer.discard()

    def _terminal_error(self) -> RemoteProtocolError:
        assert self._failure is not None
        reason, excerpt, offset = self._failure
        error = remote_error(reason, excerpt, offset=offset)
        if not self._is_server:
            error.status_hint = None  # a client answers nothing
        return error
