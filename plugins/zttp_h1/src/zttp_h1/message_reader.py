"""``MessageReader``: the part of a connection that reads messages, in either role (RFC 9112 2.1, 6, 7).

Buffers in, events out. ``head_reader`` and ``content_reader`` make the events; this module selects between them, takes
input from the writer, and handles the end of reading. ``states`` has the state machine.
"""

from __future__ import annotations

from typing import Any, Final, final

from zttp_core import events as core
from zttp_core.errors import RemoteProtocolError
from zttp_core.reasons import local_error, remote_error
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h1.ahead import Ahead
from zttp_h1.content_reader import read_chunks, read_content, read_to_eof, read_trailers
from zttp_h1.head import NO_HEAD
from zttp_h1.head_reader import read_head
from zttp_h1.look_ahead import look_ahead
from zttp_h1.malformed import Malformed
from zttp_h1.methods import OTHER
from zttp_h1.native_ints import i64, mypyc_attr
from zttp_h1.reading import Reading
from zttp_h1.receive_buffer import NO_BUFFER, ReceiveBuffer
from zttp_h1.states import (
    AFTER_END,
    CLOSED,
    CONTENT_CHUNKED,
    CONTENT_LENGTH,
    CONTENT_TO_EOF,
    DONE,
    END,
    FIELDS,
    ON_ANSWERED,
    ON_ERROR,
    ON_NEXT_CYCLE,
    ON_SWITCH,
    START_LINE,
    SWITCHED,
    TRAILERS,
    after_reading,
)
from zttp_h1.unasked import has_unasked, refuse_unasked

# The core is compiled separately: its constants are repeated, so that they are constants here, and functions that are
# called for every event are bound once.
NEED_DATA: Final[Any] = _CORE_NEED_DATA
END_OF_MESSAGE: Final[Any] = core.END_OF_MESSAGE
_new_data: Final[Any] = core.new_data

_LONG: Final = 1024  # a start line is dropped with its message; a short one with the next


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class MessageReader(Reading):
    """Reads the messages that the peer sends.

    The connection calls ``expect_response`` (client), ``next_cycle``, ``switch`` and ``answered_early``, and sets
    ``waiting_for_100``, ``closing`` and ``may_switch`` when a response was sent.
    """

    def accept(self, data: bytes) -> None:
        """Take bytes from the peer; an empty buffer is EOF. Raises the errors of ``H1Connection.receive_data``."""
        buffer = self.buffer
        if buffer is NO_BUFFER:
            buffer = ReceiveBuffer()
            self.buffer = buffer
        if len(data) == 0:
            buffer.eof = True
            self._end_to_tell = True
            return
        if buffer.eof:
            raise local_error("receive_after_eof")
        if self.state >= DONE and self._parses_no_more():
            buffer.base += len(data)
        elif not buffer.receive(data, self.limits.max_buffer):
            self._fail(Malformed("buffer_full", buffer.at))
            raise self._terminal_error()

    def _parses_no_more(self) -> bool:
        """Return, after a message or the last one, whether later input is not parsed (RFC 9112 9.6)."""
        if self.state >= CLOSED:
            return True
        return self.state == DONE and self.closing and self.is_server and not self.may_switch

    def take_short_cut(self, data: bytes) -> Any:
        """Return the result of next_event after ``accept(data)``, if it is clear without parsing; otherwise None."""
        if self.state == CONTENT_LENGTH:
            return self._pass_content(data)
        buffer = self.buffer
        if buffer.is_asleep() and buffer.sleeps_through(data, self.limits.max_buffer):
            return NEED_DATA
        return None

    def _pass_content(self, data: bytes) -> Any:
        """Return the event of a buffer that is only content, with more to follow; otherwise None.

        That is most of an upload, and the buffer itself is the content.
        """
        size: i64 = len(data)
        if not 0 < size < self.remaining or size > self.limits.max_buffer or not self.buffer.bypass(size):
            return None
        self.remaining -= size
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
        if self.ahead is not None:
            event = self._pull_ahead(self.ahead)
            if event is not None:
                return event
        while True:
            state = self.state
            if state == END:
                self.state = AFTER_END
                if self.switching:
                    self.switch()
                event = self.trailers
                if event is None:
                    return END_OF_MESSAGE
                self.trailers = None  # the next message may be far away
                return event
            if state == CONTENT_LENGTH:
                event = read_content(self)
            elif state == START_LINE or state == FIELDS:
                event = read_head(self)
            elif state == CONTENT_CHUNKED:
                event = read_chunks(self)
            elif state == CONTENT_TO_EOF:
                event = read_to_eof(self)
            elif state == TRAILERS:
                event = read_trailers(self)
            elif state == DONE:
                self.buffer.trim()  # the rest may wait for long
                if self.is_server and not self.closing and not self._end_to_tell:
                    return NEED_DATA  # the usual result of _pause()
                return self._pause()
            elif state == SWITCHED or state == CLOSED:
                self.buffer.trim()
                return self.rest_state()
            else:
                raise self._terminal_error()
            if event is not None:
                return event

    def _pull_ahead(self, ahead: Ahead) -> Any:
        """Return the content that was read ahead; None if there is none. Raises the error that was found after it."""
        content = ahead.content.take()
        if len(content) > 0 or self.state >= TRAILERS:
            self.waiting_for_100 = False
        failure = ahead.failure
        if failure is not None and len(content) == 0:
            reason, excerpt, offset = failure
            raise Malformed(reason, offset - self.buffer.base, excerpt)
        if failure is None:
            self._drop_ahead()
        return _new_data(content, 0) if len(content) > 0 else None

    def _drop_ahead(self) -> None:
        self.ahead = None
        self.buffer.held = 0

    def _pause(self) -> Any:
        """Return the result of next_event between the end of a message and the next cycle."""
        if not self.is_server:
            if self.buffer.waiting() == 0:
                return self.rest_state()
            refuse_unasked(self)
        elif self.closing and not self.may_switch:
            self.buffer.discard()  # RFC 9112 9.6: no further request is processed
        return self.rest_state() if self.buffer.waiting() == 0 else NEED_DATA

    # ------------------------------------------------------------------------------------------- from the other half

    def expect_response(self, method: i64, waiting_for_100: bool, asked_upgrade: bytes | None) -> None:
        """Record that a request of this kind was sent (client)."""
        if self.buffer.waiting() > 0:
            self.buffer.discard()  # an empty line: has_unasked() says no
        self.request_method = method
        self.waiting_for_100 = waiting_for_100
        self.asked_upgrade = asked_upgrade
        self.awaiting = True

    def next_cycle(self) -> None:
        """Prepare for the next message; this one has ended on the wire."""
        self.state = after_reading(self.state, ON_NEXT_CYCLE)
        if self.ahead is not None:
            self._drop_ahead()
        buffer = self.buffer
        if buffer.at == len(buffer.raw):
            buffer.drop()
        else:
            buffer.trim()
        head = self.head
        head.clear_fields()
        if len(head.target) + len(head.reason) > _LONG:
            head.target = head.reason = b""
        if self.trailers is not None:
            self.trailers = None
        self.empty_lines = 0
        self.waiting_for_100 = False
        self.request_method = OTHER
        self.request_minor = 0
        if self.upgrade is not None:
            self.upgrade = None
        if self.asked_upgrade is not None:
            self.asked_upgrade = None
        self.repeats = True

    def switch(self) -> None:
        """Stop reading HTTP as soon as the current message has ended (RFC 9110 7.8, 9.3.6)."""
        self.switching = True
        if self.state == DONE:
            self.state = after_reading(DONE, ON_SWITCH)

    def answered_early(self) -> None:
        """Record that a final response was sent: a request whose head was not read yet will not be read (server).

        RFC 9112 9.6: the connection closes, and later input is not processed.
        """
        if self.state == START_LINE or self.state == FIELDS:
            self.state = after_reading(self.state, ON_ANSWERED)
            self._forget_heads()
            self.buffer.discard()

    def has_request(self) -> bool:
        """Return whether there is a request that was read without an error so far (server)."""
        state = self.state
        return state != START_LINE and state != FIELDS and state < CLOSED

    def ends_message(self) -> bool:
        """Return whether the current message has ended on the wire, pulled or not.

        Raises RemoteProtocolError if its content or trailers are malformed.
        """
        if CONTENT_LENGTH <= self.state <= TRAILERS:
            look_ahead(self)
            ahead = self.ahead
            if ahead is not None and ahead.failure is not None:
                raise self._error(ahead.failure)
        return self.state == END or self.state == DONE

    def ends_connection(self) -> bool:
        """Return whether no message can be read after this one."""
        if self.closing or self.state >= CLOSED:
            return True
        if self.is_server and not self.buffer.eof:
            return False
        if CONTENT_LENGTH <= self.state <= TRAILERS:
            look_ahead(self)  # the bytes after its end decide
        if self.buffer.eof and self.has_ended():
            return True
        return not self.is_server and self.buffer.waiting() > 0 and has_unasked(self)

    def has_ended(self) -> bool:
        """Return, at EOF, whether the peer sent only complete messages."""
        if self.buffer.waiting() > 0:
            return False
        state = self.state
        return state == END or state == DONE or state == START_LINE

    # ------------------------------------------------------------------------------------------------------------- ends

    def _fail(self, malformed: Malformed) -> None:
        """Fail permanently. The reason is stored, not the error, which would keep frames alive."""
        buffer = self.buffer
        self._failure = (malformed.reason, malformed.excerpt, buffer.base + malformed.at)
        if self.state == START_LINE or self.state == FIELDS:
            # The closing message answers a request that was not understood.
            self.request_method = OTHER
            self.request_minor = 0
        self.state = after_reading(self.state, ON_ERROR)
        self._forget_heads()
        self.trailers = None
        self.ahead = None
        buffer.discard()

    def _forget_heads(self) -> None:
        """Drop what was read of a head, and of those before it: no other is read."""
        self.section = None
        self.head = NO_HEAD
        self.repetition = None

    def _terminal_error(self) -> RemoteProtocolError:
        assert self._failure is not None
        return self._error(self._failure)

    def _error(self, failure: tuple[str, bytes | None, int]) -> RemoteProtocolError:
        reason, excerpt, offset = failure
        error = remote_error(reason, excerpt, offset=offset)
        if not self.is_server:
            error.status_hint = None  # a client answers nothing
        return error
