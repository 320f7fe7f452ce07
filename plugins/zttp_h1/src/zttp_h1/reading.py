"""``Reading``: the state of the message that is being read, and its bytes.

The functions that read heads, content and trailers share it; ``MessageReader`` is a subclass. A field section that is
whole in the buffer is parsed in place, in one call; the lines of any other move into a ``Section`` before the call
returns, so that no position in the buffer is kept from one call to the next.
"""

from __future__ import annotations

from typing import Any, Final

from zttp_core.sentinels import CONNECTION_CLOSED as _CORE_CONNECTION_CLOSED
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h1.ahead import Ahead
from zttp_h1.backlog import FIELD_LINE, NO_LINE, REQUEST_LINE, STATUS_LINE
from zttp_h1.chunked import ChunkedDecoder
from zttp_h1.fields import TRAILERS as TRAILER_SECTION
from zttp_h1.fields import parse_fields
from zttp_h1.head import NO_HEAD, Head
from zttp_h1.limits import H1Limits
from zttp_h1.malformed import Malformed
from zttp_h1.methods import OTHER
from zttp_h1.native_ints import i64, mypyc_attr
from zttp_h1.receive_buffer import NO_BUFFER, ReceiveBuffer, check_line
from zttp_h1.repetition import Repetition
from zttp_h1.section import Section, without
from zttp_h1.states import FIELDS, ON_EOF, START_LINE, TRAILERS, after_reading

# The core is compiled separately: its constants are repeated, so that they are constants here.
NEED_DATA: Final[Any] = _CORE_NEED_DATA
CONNECTION_CLOSED: Final[Any] = _CORE_CONNECTION_CLOSED

MOST_EMPTY_LINES: Final = 8  # before a start line; RFC 9112 2.2 requires at least one


@mypyc_attr(acyclic=True)
class Reading:
    """State, framing and facts of the messages that the peer sends, as far as they were read."""

    def __init__(self, is_server: bool, limits: H1Limits, require_host: bool) -> None:
        self.state: i64 = START_LINE
        self.closing = False  # this exchange is the last one, because of either side
        self.may_switch = False  # server: the following bytes may not be HTTP, and are kept until that is known
        self.waiting_for_100 = False  # or for an event that makes it unnecessary
        self.switching = False  # the bytes after the message are not HTTP
        self.request_method: i64 = OTHER  # of the request that was received, or sent
        self.request_minor: i64 = 0  # of its version; an unknown one may be HTTP/1.0
        self.upgrade: bytes | None = None  # the protocols that the head requests or switches to
        self.buffer: ReceiveBuffer = NO_BUFFER  # its own from the first bytes on
        self.head: Head = NO_HEAD  # its own from the first head on
        self.section: Section | None = None  # its lines so far, if they are not all in the buffer
        self.section_start: i64 = 0  # offset of the first line of the section
        self.status_at: i64 = 0  # offset of the status code
        self.is_server: Final = is_server
        self.limits: Final = limits
        self.require_host: Final = require_host
        self._failure: tuple[str, bytes | None, int] | None = None  # reason, excerpt and offset of the terminal error
        self._end_to_tell = False  # an input has ended, and CONNECTION_CLOSED was not returned for it
        self.empty_lines: i64 = 0
        self.remaining: i64 = 0  # of content of known length
        self.chunks: ChunkedDecoder | None = None
        self.trailers: Any = None  # the EndOfMessage of a message that has some
        self.ahead: Ahead | None = None  # the part of the message that was read and is not pulled
        self.repeats = False  # this is not the first request
        self.repetition: Repetition | None = None
        self.awaiting = False  # client: a request was sent and its response has not ended
        self.asked_upgrade: bytes | None = None  # client: by that request

    def parse_section(self, most_bytes: i64, most_fields: i64, kind: i64) -> i64:
        """Parse field lines from the parser's position, which is always the start of a line.

        Returns that position once the section is complete; -1 if bytes are missing: its complete lines are then in
        ``section``.
        """
        buffer = self.buffer
        raw = buffer.raw
        start = buffer.at
        end: i64 = len(raw)
        section = self.section
        before: i64 = 0
        if section is not None:
            before = section.size
        # Bytes after the limit are not scanned: the limit applies first, however the input is split.
        last = start + most_bytes - before
        stop = min(last, end)
        longest = self.limits.max_line
        found = parse_fields(self.head, raw, start, stop, before - start, most_fields, longest, kind)
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
                self.section = section
            section.add(raw[start:line])
            buffer.at = line
        return -1

    def take_section(self, start: i64) -> bytes:
        """Return the lines of the section without repetitions; the buffer holds the last of them, from ``start`` on."""
        buffer = self.buffer
        lines = buffer.raw[start : buffer.at]
        section = self.section
        if section is not None:
            section.add(lines)
            lines = section.joined()
            self.section = None
        cuts = self.head.cuts
        return lines if cuts is None else without(lines, cuts)

    def place(self, at: i64) -> i64:
        """Return the position in the buffer of a position in the section; below 0 if that buffer was dropped."""
        return self.section_start + at - self.buffer.base

    def refill(self) -> bool:
        """Get more bytes to parse; False if there are none that would help."""
        state = self.state
        limits = self.limits
        longest = limits.max_line + 1
        if state == FIELDS or state == TRAILERS:
            most = limits.max_header_bytes if state == FIELDS else limits.max_trailer_bytes
            section = self.section
            left = most + 1 if section is None else most + 1 - section.size
            return self.buffer.refill(FIELD_LINE, min(longest, left))
        if state == START_LINE:
            return self.buffer.refill(REQUEST_LINE if self.is_server else STATUS_LINE, longest)
        return self.buffer.refill(NO_LINE, longest)

    def starved(self) -> Any:
        """Return the result of next_event if no bytes are left that could be parsed."""
        buffer = self.buffer
        if not buffer.eof:
            return NEED_DATA
        waiting = buffer.waiting()
        if self.state == START_LINE and waiting == 0 and not self.awaiting:
            self.state = after_reading(START_LINE, ON_EOF)
            return self.rest_state()
        raise Malformed("incomplete_message", buffer.at + waiting)

    def rest_state(self) -> Any:
        """Return the sentinel of a state in which nothing is read: CONNECTION_CLOSED once for each EOF."""
        if self._end_to_tell:
            self._end_to_tell = False
            return CONNECTION_CLOSED
        return NEED_DATA
