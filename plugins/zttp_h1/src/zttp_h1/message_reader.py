"""``MessageReader``: the half of a connection that reads messages, in either role (RFC 9112 2.1, 6, 7).

Buffers go in, events come out. The codecs do the work: ``start_line`` and ``fields`` read a head, ``framing`` says how
long its content is, ``chunked`` takes chunks apart; ``repetition`` recognises what came before. What moves from one
state to the next stands in ``states``. This module knows what is being read, and makes events of what the codecs find.

A ``MessageReader`` is a ``ReceiveBuffer``, and that a ``Head``: a server may make a connection for a single small
request, and each object that a connection is made of is paid for then.
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
from zttp_h1.limits import H1Limits
from zttp_h1.malformed import Malformed
from zttp_h1.methods import CONNECT, HEAD, OTHER, method_kind
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

# A section with these is parsed each time.
_NOT_REPEATED: Final = UPGRADE | EXPECT_CONTINUE


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class MessageReader(ReceiveBuffer):
    """State, framing and events of the messages that the peer sends.

    What is set from outside: a client's ``expect_response``, ``next_cycle``, ``switch``, and that a response was sent
    to a client that waits for a 100 (``waiting_for_100``, ``closing``).
    """

    def __init__(self, is_server: bool, limits: H1Limits, require_host: bool) -> None:
        super().__init__()
        self.state: i64 = START_LINE
        self.closing = False  # the message that is read is the last one
        self.waiting_for_100 = False  # or for what makes it needless
        self.switching = False  # what follows the message is not HTTP
        self.request_method: i64 = OTHER  # of the request that was received, or sent
        self.request_minor: i64 = 1
        self._is_server: Final = is_server
        self._limits: Final = limits
        self._require_host: Final = require_host
        self._failure: tuple[str, bytes | None, int] | None = None  # reason, excerpt and offset of the terminal error
        self._head_facts: i64 = 0  # of the head, while a trailer section is read
        self._empty_lines: i64 = 0
        self._remaining: i64 = 0  # of the content, where its length is known
        self._chunks: ChunkedDecoder | None = None
        self._trailers: Any = None  # the EndOfMessage of a message that has some
        self._cycles: i64 = 0
        self._repetition: Repetition | None = None
        self._awaiting = False  # client: a request was sent and its response has not ended
        self._asked_upgrade = False  # client: by that request

    def accept(self, data: bytes) -> None:
        """Take bytes from the peer; none are EOF. Raises as ``H1Connection.receive_data`` does."""
        if len(data) == 0:
            self.eof = True
            return
        if self.eof:
            raise local_error("receive_after_eof")
        if not self.receive(data, self._limits.max_buffer):
            self._overflow()

    def take_short_cut(self, data: bytes) -> Any:
        """Return what next_event would behind ``accept(data)``, where that is seen without parsing; else None."""
        if self.state == CONTENT_LENGTH:
            return self._pass_content(data)
        if self.is_asleep() and self.sleeps_through(data, self._limits.max_buffer):
            return NEED_DATA
        return None

    def _pass_content(self, data: bytes) -> Any:
        """Return the event of a buffer that is nothing but content, behind which more is to come; else None.

        That is most of an upload, and the buffer itself is the content.
        """
        size: i64 = len(data)
        if not 0 < size < self._remaining or size > self._limits.max_buffer or not self.bypass(size):
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
                return CONNECTION_CLOSED if self.has_ended() else NEED_DATA
            elif state == SWITCHED:
                return CONNECTION_CLOSED if self.eof else NEED_DATA
            elif state == CLOSED:
                return CONNECTION_CLOSED
            else:
                raise self._terminal_error()
            if event is not None:
                return event

    # ------------------------------------------------------------------------------------------- from the other half

    def expect_response(self, method: i64, waiting_for_100: bool, asked_upgrade: bool) -> None:
        """Note that a request of this kind of method was sent (client)."""
        self.request_method = method
        self.waiting_for_100 = waiting_for_100
        self._asked_upgrade = asked_upgrade
        self._awaiting = True

    def next_cycle(self) -> None:
        """Make ready for the next message; this one has ended on the wire."""
        self.state = after_reading(self.state, ON_NEXT_CYCLE)
        self.clear_fields()
        self._trailers = None
        self._empty_lines = 0
        self.waiting_for_100 = False
        self.request_method = OTHER
        self.request_minor = 1
        self._head_facts = 0
        self._cycles += 1

    def switch(self) -> None:
        """Stop reading HTTP as soon as the message that is read has ended (RFC 9110 7.8, 9.3.6)."""
        self.switching = True
        if self.state == DONE:
            self.state = after_reading(DONE, ON_SWITCH)

    def requested_upgrade(self) -> bytes | None:
        """Return the Upgrade value of the head, if its Connection field lists ``upgrade``.

        An HTTP/1.0 message cannot ask for that (RFC 9110 7.8).
        """
        asked = UPGRADE | UPGRADE_LISTED
        return self.upgrade if self._head_facts & asked == asked and self.minor > 0 else None

    def has_ended(self) -> bool:
        """Tell whether the peer will send nothing more, and all of it is read."""
        return self.eof and self.waiting() == 0

    # ----------------------------------------------------------------------------------------------------------- heads

    def _read_head(self) -> Any:
        """Return the event of a head or a sentinel."""
        if self.is_stuck() and not self._refill():
            return self._starved()
        limits = self._limits
        repetition = self._repetition
        server = self._is_server
        whole = False  # the head starts with the buffer
        while True:
            if self.state == START_LINE:
                raw = self.raw
                at = self.at
                end: i64 = len(raw)
                if at == end:
                    if not self._refill():
                        return self._starved()
                    continue
                if server:
                    if at == 0 and repetition is not None and repetition.is_head(raw):
                        self.at = end
                        return self._repeat_request(repetition)
                    if raw[at] <= 13 and (raw[at] == 13 or raw[at] == 10):
                        if not self._skip_empty_line(raw, at, end):
                            return self._starved()
                        continue
                    stop = parse_request_line(self, raw, at, end, limits.max_line)
                else:
                    if not self._awaiting:
                        raise Malformed("unexpected_response", at, raw[at : at + 60])
                    stop = parse_status_line(self, raw, at, end, limits.max_line)
                if stop < 0:
                    reason = "request_target_too_long" if server else "line_too_long"
                    check_line(raw, at, end, limits.max_line, reason)
                    if not self._refill():
                        return self._starved()
                    continue
                self.state = after_reading(START_LINE, ON_START_LINE)
                whole = at == 0
                self.begin_section(stop)
                if repetition is not None and repetition.is_section(raw, stop):
                    self.at = stop + len(repetition.section)
                    self.facts = repetition.section_facts
                    self.content_length = repetition.content_length
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
        self.at = at + 2
        return True

    def _finish_request(self, block: Any, whole: bool) -> Any:
        """Make the Request of a head that is complete, with a repeated ``block`` or one of its own.

        ``whole`` says that the head started with the buffer.
        """
        facts = self.facts
        minor = self.minor
        framing = request_framing(self, self.at)
        if self._require_host and facts & HOST == 0 and minor > 0:
            raise Malformed("missing_host", self.at)
        method = method_kind(self.method)
        if self.target[0] != 0x2F or method == CONNECT:
            check_target_form(self.method, self.target, self.at)
        self._head_facts = facts
        self.request_method = method
        self.request_minor = minor
        flags: i64 = END_STREAM if framing == NO_CONTENT else 0
        if minor == 0:
            flags |= HTTP_1_0
            self.closing = facts & KEEP_ALIVE == 0 or facts & CLOSE != 0
        else:
            self.closing = facts & CLOSE != 0
            if facts & EXPECT_CONTINUE and framing != NO_CONTENT:
                flags |= EXPECTS
                self.waiting_for_100 = True
        repeats = self._cycles > 0 and facts & _NOT_REPEATED == 0 and self.is_whole()
        if block is not None:
            event = _shared_block_request(self.method, self.target, block, flags)
        elif flags == END_STREAM:
            event = _packed_request(self.method, self.target, self.section(), self.skip)
        else:
            event = _packed_request(self.method, self.target, self.section(), self.skip, flags)
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
        buffer = self.raw if whole and self.at == len(self.raw) else b""
        repetition.remember_head(buffer, event, self._head_facts, self.request_method, self.request_minor, self.closing)
        if block is None and self.cuts is None:
            repetition.remember_section(self.lines(), event, self._head_facts, self.content_length)

    def _repeat_request(self, repetition: Repetition) -> Any:
        """Return the request of the remembered head once more."""
        self._head_facts = repetition.facts
        self.request_method = repetition.method
        self.request_minor = repetition.minor
        self.closing = repetition.closing
        self.state = after_reading(after_reading(START_LINE, ON_START_LINE), ON_HEAD)
        return repetition.event

    def _finish_response(self) -> Any:
        """Make the Response of a head that is complete."""
        facts = self.facts
        status = self.status_code
        self._head_facts = facts
        self.waiting_for_100 = False
        flags: i64 = HTTP_1_0 if self.minor == 0 else 0
        if 100 <= status < 200 and status != 101:
            event = _packed_response(status, self.reason, self.section(), self.skip, flags)
            self.clear_fields()
            self.state = after_reading(FIELDS, ON_INFORMATIONAL)
            return event
        connect = self.request_method == CONNECT
        if status == 101:
            # RFC 9110 7.8: a server must not switch to a protocol that the client did not name.
            if not self._asked_upgrade:
                raise Malformed("unexpected_status", self.at, b"101")
            self.switching = True
        elif connect and 200 <= status < 300:
            self.switching = True
        framing = response_framing(self, self.request_method == HEAD, connect, self.at)
        if not self.switching:
            self.closing = facts & CLOSE != 0 or (self.minor == 0 and facts & KEEP_ALIVE == 0) or framing == TO_EOF
        if framing == NO_CONTENT:
            flags |= END_STREAM
        event = _packed_response(status, self.reason, self.section(), self.skip, flags)
        self._awaiting = False
        self._begin_content(framing)
        return event

    # --------------------------------------------------------------------------------------------------------- content

    def _begin_content(self, framing: i64) -> None:
        self.state = after_reading(FIELDS, ON_HEAD + framing)
        if framing == BY_LENGTH:
            self._remaining = self.content_length
        elif framing == BY_CHUNKS:
            if self._chunks is None:
                self._chunks = ChunkedDecoder()
            else:
                self._chunks.clear()

    def _read_content(self) -> Any:
        size: i64 = len(self.raw) - self.at
        if size == 0:
            if self.is_idle():
                return NEED_DATA
            return None if self._refill() else self._starved()
        self.waiting_for_100 = False
        if size >= self._remaining:
            size = self._remaining
            self.state = after_reading(CONTENT_LENGTH, ON_END)
        self._remaining -= size
        return self._take(size)

    def _read_to_eof(self) -> Any:
        size: i64 = len(self.raw) - self.at
        if size == 0:
            if self.is_idle():
                return NEED_DATA
            if self._refill():
                return None
            self.state = after_reading(CONTENT_TO_EOF, ON_EOF)
            return None
        return self._take(size)

    def _take(self, size: i64) -> Any:
        """Make the Data of the next ``size`` bytes; all of a buffer is that buffer."""
        raw = self.raw
        at = self.at
        if at + size < len(raw):
            self.at = at + size
            return _new_data(raw[at : at + size], 0)
        self.drop()
        return _new_data(raw if at == 0 else raw[at:], 0)

    def _read_chunks(self) -> Any:
        decoder = self._chunks
        assert decoder is not None
        raw = self.raw
        if self.at == len(raw):
            return None if self._refill() else self._starved()
        data = decoder.decode(raw, self.at, len(raw), self._limits.max_line)
        self.at = decoder.at
        if decoder.state == LAST:
            self.waiting_for_100 = False
            self.state = after_reading(CONTENT_CHUNKED, ON_LAST_CHUNK)
            self.clear_fields()
            self.begin_section(decoder.at)
        if len(data) == 0:
            return None
        self.waiting_for_100 = False
        return _new_data(data, 0)

    def _read_trailers(self) -> Any:
        limits = self._limits
        if self.is_stuck() and not self._refill():
            return self._starved()
        while not self._parse_section(limits.max_trailer_bytes, limits.max_trailers, TRAILER_SECTION):
            if not self._refill():
                return self._starved()
        if self.count > 0:
            self._trailers = _packed_trailers(self.section(), self.skip)
        self.state = after_reading(TRAILERS, ON_END)
        return None

    # -------------------------------------------------------------------------------------------------- field sections

    def _parse_section(self, most_bytes: i64, most_fields: i64, kind: i64) -> bool:
        """Parse field lines from where the parser is; False if bytes are missing."""
        raw = self.raw
        end: i64 = len(raw)
        # What lies behind the limit is not looked at: the limit is met first, however the input is cut.
        last = self.section_left(most_bytes)
        stop = min(last, end)
        longest = self._limits.max_line
        found = parse_fields(self, raw, self.at, stop, self.section_shift(), most_fields, longest, kind)
        if found >= 0:
            self.at = found
            return True
        line = -1 - found
        check_line(raw, line, stop, longest, "line_too_long")
        if end > last:
            raise Malformed(
                "trailer_section_too_large" if kind == TRAILER_SECTION else "header_section_too_large", last
            )
        self.set_aside(line)
        return False

    # ----------------------------------------------------------------------------------------------------------- input

    def _refill(self) -> bool:
        """Get more bytes to parse; False if there are none that would help."""
        state = self.state
        limits = self._limits
        longest = limits.max_line + 1
        if state == FIELDS or state == TRAILERS:
            most = limits.max_header_bytes if state == FIELDS else limits.max_trailer_bytes
            left = self.section_left(most) - self.at + 1
            return self.refill(FIELD_LINE, min(longest, left))
        if state == START_LINE:
            return self.refill(REQUEST_LINE if self._is_server else STATUS_LINE, longest)
        return self.refill(NO_LINE, longest)

    def _starved(self) -> Any:
        """Return what next_event says when no bytes are left that could be parsed."""
        if not self.eof:
            return NEED_DATA
        waiting = self.waiting()
        if self.state == START_LINE and waiting == 0 and not self._awaiting:
            self.state = after_reading(START_LINE, ON_EOF)
            return CONNECTION_CLOSED
        raise Malformed("incomplete_message", self.at + waiting)

    # ------------------------------------------------------------------------------------------------------------- ends

    def _overflow(self) -> None:
        if self.state == FAILED:
            self.discard()  # nobody will parse it any more
            return
        self._fail(Malformed("buffer_full", self.at))
        raise self._terminal_error()

    def _fail(self, malformed: Malformed) -> None:
        """Fail for good. Not the error is kept but what it says: an error leads to the frames that it passed."""
        self._failure = (malformed.reason, malformed.excerpt, self.base + malformed.at)
        if self.state == START_LINE or self.state == FIELDS:
            # The farewell answers a request that nobody understood.
            self.request_method = OTHER
            self.request_minor = 1
        self.state = after_reading(self.state, ON_ERROR)

    def _terminal_error(self) -> RemoteProtocolError:
        assert self._failure is not None
        reason, excerpt, offset = self._failure
        return remote_error(reason, excerpt, offset=offset)
