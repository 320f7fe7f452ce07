"""The head of a message: a start line and a header section in, its event out (RFC 9112 2.1, 3, 4, 5).

The codecs do the work: ``start_line`` and ``fields`` read the lines, ``framing`` finds the length of the content,
``repetition`` recognises a repeated head.
"""

from __future__ import annotations

from typing import Any, Final

from zttp_core import events as core
from zttp_h1.content_reader import begin_content
from zttp_h1.fields import REQUEST, RESPONSE
from zttp_h1.framing import NO_CONTENT, TO_EOF, request_framing, response_framing
from zttp_h1.head import (
    CHUNKED,
    CLOSE,
    EXPECT_CONTINUE,
    HOST,
    KEEP_ALIVE,
    NO_HEAD,
    OTHER_CODINGS,
    UPGRADE,
    UPGRADE_LISTED,
    Head,
)
from zttp_h1.malformed import Malformed
from zttp_h1.methods import CONNECT, HEAD, method_kind
from zttp_h1.native_ints import i64
from zttp_h1.reading import MOST_EMPTY_LINES, Reading
from zttp_h1.receive_buffer import check_line
from zttp_h1.repetition import Repetition
from zttp_h1.start_line import check_target_form, parse_request_line, parse_status_line
from zttp_h1.states import AFTER_START_LINE, FIELDS, ON_HEAD, ON_INFORMATIONAL, START_LINE, after_reading
from zttp_h1.unasked import refuse_unasked
from zttp_h1.upgrades import is_offered

# From the core, which is compiled separately: functions that are called for every event are bound once.
_packed_request: Final[Any] = core.packed_request
_shared_block_request: Final[Any] = core.shared_block_request
_packed_response: Final[Any] = core.packed_response

END_STREAM: Final = 1
EXPECTS: Final = 2
HTTP_1_0: Final = 4

# Up to here a header block keeps the whole buffer instead of a copy of its section: too little memory for a copy.
_SHARED_BUFFER: Final = 2048

# The state after a whole head without content, in one step.
_AFTER_A_WHOLE_HEAD: Final[i64] = after_reading(AFTER_START_LINE, ON_HEAD)

# A section with these facts is parsed each time.
_NOT_REPEATED: Final = UPGRADE | EXPECT_CONTINUE


def read_head(reading: Reading) -> Any:
    """Return the event of a head or a sentinel."""
    buffer = reading.buffer
    if buffer.stuck and not reading.refill():
        return reading.starved()
    head = reading.head
    if head is NO_HEAD:
        head = Head()
        reading.head = head
    limits = reading.limits
    repetition = reading.repetition
    server = reading.is_server
    kind: i64 = RESPONSE
    if server:
        kind = REQUEST
    whole = False  # the head starts with the buffer
    while True:
        if reading.state == START_LINE:
            if not server and not reading.awaiting:
                refuse_unasked(reading)
                return reading.starved()
            raw = buffer.raw
            at = buffer.at
            end: i64 = len(raw)
            if at == end:
                if not reading.refill():
                    return reading.starved()
                continue
            if server:
                if at == 0 and repetition is not None and repetition.is_head(raw):
                    buffer.at = end
                    return _repeat_request(reading, repetition)
                if raw[at] <= 13 and (raw[at] == 13 or raw[at] == 10):
                    if not _skip_empty_line(reading, raw, at, end):
                        return reading.starved()
                    continue
                stop = parse_request_line(head, raw, at, end, limits.max_line)
            else:
                stop = parse_status_line(head, raw, at, end, limits.max_line)
            if stop < 0:
                reason = "request_target_too_long" if server else "line_too_long"
                check_line(raw, at, end, limits.max_line, reason)
                if not reading.refill():
                    return reading.starved()
                continue
            reading.state = AFTER_START_LINE
            whole = at == 0
            reading.section_start = buffer.base + stop
            buffer.at = stop
            if not server:
                reading.status_at = buffer.base + at + 9
            elif head.target[0] != 0x2F or head.method == b"CONNECT":
                check_target_form(head.method, head.target, at + len(head.method) + 1)
            if repetition is not None and repetition.is_section(raw, stop):
                buffer.at = stop + len(repetition.section)
                head.facts = repetition.section_facts
                head.content_length = repetition.content_length
                head.framed_at = repetition.framed_at
                return _finish_request(reading, repetition.block, stop, whole)
        start = reading.parse_section(limits.max_header_bytes, limits.max_headers, kind)
        if start >= 0:
            return _finish_request(reading, None, start, whole) if server else _finish_response(reading, start)
        if not reading.refill():
            return reading.starved()
        whole = False


def _skip_empty_line(reading: Reading, raw: bytes, at: i64, end: i64) -> bool:
    """Skip an empty line before a request line (RFC 9112 2.2); False if bytes are missing."""
    if raw[at] == 10:
        raise Malformed("bare_lf", at)
    if at + 1 >= end:
        return reading.refill()
    if raw[at + 1] != 10:
        raise Malformed("bare_cr", at)
    reading.empty_lines += 1
    if reading.empty_lines > MOST_EMPTY_LINES:
        raise Malformed("too_many_empty_lines", at)
    reading.buffer.at = at + 2
    return True


def _finish_request(reading: Reading, block: Any, start: i64, whole: bool) -> Any:
    """Make the Request of a complete head, with a repeated ``block`` or its own.

    ``start`` is the start of its lines in the buffer, or of those that are not in ``section``; ``whole`` means that the
    head started with the buffer.
    """
    head = reading.head
    facts = head.facts
    minor = head.minor
    framed_at: i64 = 0
    if facts & (CHUNKED | OTHER_CODINGS):
        framed_at = reading.place(head.framed_at)
    framing = request_framing(head, framed_at)
    if reading.require_host and facts & HOST == 0 and minor > 0:
        raise Malformed("missing_host", reading.buffer.at)
    reading.request_method = method_kind(head.method)
    reading.request_minor = minor
    flags: i64 = 0
    if framing == NO_CONTENT:
        flags = END_STREAM
    if minor == 0:
        flags |= HTTP_1_0
        if facts & KEEP_ALIVE == 0 or facts & CLOSE != 0:
            reading.closing = True
    else:
        if facts & CLOSE != 0:
            reading.closing = True
        if facts & EXPECT_CONTINUE and framing != NO_CONTENT:
            flags |= EXPECTS
            reading.waiting_for_100 = True
        if facts & UPGRADE:
            _note_upgrade(reading)
    if reading.closing:
        reading.may_switch = reading.request_method == CONNECT or reading.upgrade is not None
    repeats = reading.repeats and facts & _NOT_REPEATED == 0 and reading.section is None
    if block is not None:
        event = _shared_block_request(head.method, head.target, block, flags)
    elif reading.section is None and head.cuts is None and len(reading.buffer.raw) <= _SHARED_BUFFER:
        # The block keeps the buffer, start line and all.
        if flags == END_STREAM:
            event = _packed_request(head.method, head.target, reading.buffer.raw, start)
        else:
            event = _packed_request(head.method, head.target, reading.buffer.raw, start, flags)
    else:
        event = _packed_request(head.method, head.target, reading.take_section(start), 0, flags)
    if repeats:
        _remember(reading, event, block, start, whole and framing == NO_CONTENT)
    begin_content(reading, framing)
    return event


def _remember(reading: Reading, event: Any, block: Any, start: i64, whole: bool) -> None:
    """Keep the parts that the next request may repeat; ``whole`` if that can be the whole buffer."""
    repetition = reading.repetition
    if repetition is None:
        repetition = Repetition()
        reading.repetition = repetition
    raw = reading.buffer.raw
    at = reading.buffer.at
    repetition.remember_head(
        raw if whole and at == len(raw) else b"", event, reading.request_method, reading.request_minor
    )
    head = reading.head
    if block is None and head.cuts is None:
        repetition.remember_section(raw[start:at], event, head.facts, head.content_length, head.framed_at)


def _repeat_request(reading: Reading, repetition: Repetition) -> Any:
    """Return the request of the remembered head again."""
    reading.request_method = repetition.method
    reading.request_minor = repetition.minor
    reading.state = _AFTER_A_WHOLE_HEAD
    return repetition.event


def _finish_response(reading: Reading, start: i64) -> Any:
    """Make the Response of a complete head; ``start`` as in ``_finish_request``."""
    head = reading.head
    facts = head.facts
    status = head.status_code
    flags: i64 = 0
    if head.minor == 0:
        flags = HTTP_1_0
    if 100 <= status < 200 and status != 101:
        if status == 100:
            reading.waiting_for_100 = False
        event = _new_response(reading, start, flags)
        head.clear_fields()
        reading.state = after_reading(FIELDS, ON_INFORMATIONAL)
        return event
    connect = reading.request_method == CONNECT
    if facts & UPGRADE:
        _note_upgrade(reading)
    if status == 101:
        _check_switch(reading)
        reading.switching = True
    elif connect and 200 <= status < 300:
        reading.switching = True
    reading.waiting_for_100 = False
    framing = response_framing(head, reading.request_method == HEAD, connect, reading.place(head.framed_at))
    if not reading.switching and (
        facts & CLOSE != 0 or (head.minor == 0 and facts & KEEP_ALIVE == 0) or framing == TO_EOF
    ):
        reading.closing = True
    if framing == NO_CONTENT:
        flags |= END_STREAM
    event = _new_response(reading, start, flags)
    reading.awaiting = False
    begin_content(reading, framing)
    return event


def _new_response(reading: Reading, start: i64, flags: i64) -> Any:
    head = reading.head
    raw = reading.buffer.raw
    if reading.section is None and head.cuts is None and len(raw) <= _SHARED_BUFFER:
        return _packed_response(head.status_code, head.reason, raw, start, flags)
    return _packed_response(head.status_code, head.reason, reading.take_section(start), 0, flags)


def _check_switch(reading: Reading) -> None:
    """Refuse a 101 with a protocol that the request did not name (RFC 9110 7.8)."""
    asked = reading.asked_upgrade
    if asked is None or reading.upgrade is None or not is_offered(reading.upgrade, asked):
        raise Malformed("unexpected_status", reading.status_at - reading.buffer.base, b"101")
    if reading.waiting_for_100:
        raise Malformed("continue_before_switch", reading.status_at - reading.buffer.base, b"101")


def _note_upgrade(reading: Reading) -> None:
    """Record the protocols that the head requests, if its Connection field lists ``upgrade``.

    An HTTP/1.0 message cannot ask for that (RFC 9110 7.8).
    """
    head = reading.head
    if head.facts & UPGRADE_LISTED and head.minor > 0 and head.upgrades is not None:
        # RFC 9110 5.3: several lines of a list field are one list.
        reading.upgrade = b", ".join(head.upgrades)
    head.upgrades = None  # the message may be long
