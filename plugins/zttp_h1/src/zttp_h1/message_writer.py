"""The writer of a connection: heads, content and trailers in, bytes to send out.

Small parts are written into one buffer. Content of a few kilobytes and more is kept as the caller's object and joined
once, when it is taken; if nothing else waits it is returned unchanged.
"""

from typing import Final, final

from librt.strings import BytesWriter, write_i16_le

from zttp_core.reasons import local_error
from zttp_h1.emptied import emptied, taken_back
from zttp_h1.framing import BY_CHUNKS, BY_LENGTH, NO_CONTENT, TO_EOF, has_content
from zttp_h1.head import CHUNKED, CLOSE, KEEP_ALIVE
from zttp_h1.head_writer import (
    ALLOW_FRAMING,
    NO_CHUNKED,
    NO_FRAMING,
    OF_REQUEST,
    without_keep_alive,
    write_chunk_size,
    write_fields,
    write_request_line,
    write_status_line,
    write_trailers,
)
from zttp_h1.native_ints import i64, mypyc_attr
from zttp_h1.states import (
    IDLE,
    NEXT_CYCLE,
    NO_TRANSITION,
    REFUSALS,
    REQUEST_REFUSALS,
    SEND_DATA,
    SEND_END,
    SEND_HEAD,
    SEND_SWITCH,
    SENDING_CHUNKED,
    SENDING_LENGTH,
    SENDING_NOTHING,
    after_writing,
)

_CRLF: Final = 0x0A0D
_RESET_CONTENT: Final = 205  # RFC 9110 15.3.6: without content, but framed like any other
_LARGE: Final = 4096  # from here on content is not copied through the buffer

Fields = list[tuple[bytes, bytes]]


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class MessageWriter:
    """State, framing and queued output of the messages that this side sends."""

    def __init__(self) -> None:
        self.state: i64 = IDLE
        self.closing = False  # by the last head that was sent, the connection ends after its message
        self._remaining: i64 = 0  # of the declared Content-Length
        self._chunks_dropped = False  # the head has chunked framing, but the message has no chunks
        self._unframed = False  # content would be allowed, but the head does not frame it
        self._empty = False  # chunks are allowed, but no content in them
        self._buffer = BytesWriter()
        self._parts: list[bytes] | None = None  # output before the buffer, if content was kept as an object

    def check(self, given: i64) -> i64:
        """Return the state after ``given``; LocalProtocolError if it is not allowed now."""
        following = after_writing(self.state, given)
        if following == NO_TRANSITION:
            raise local_error(REFUSALS[int(self.state), int(given)])
        return following

    def write_request(self, method: bytes, target: bytes, version: bytes, fields: Fields) -> i64:
        """Write a request head and return the facts of its fields. Without framing fields it has no content.

        RFC 9112 6.3: a request has a length or none at all.
        """
        if self.state != IDLE:
            raise local_error(REQUEST_REFUSALS[int(self.state)])
        buffer = self._buffer
        mark = len(buffer)
        try:
            write_request_line(buffer, method, target, version)
            facts, length = write_fields(buffer, fields, OF_REQUEST)
            if facts & CHUNKED and version == b"1.0":
                raise local_error("transfer_encoding_in_http_1_0")
        except BaseException:
            self._buffer = taken_back(buffer, mark)
            raise
        # RFC 9112 9.3: HTTP/1.0 closes unless it says otherwise.
        self.closing = facts & CLOSE != 0 or (version == b"1.0" and facts & KEEP_ALIVE == 0)
        if facts & CLOSE and facts & KEEP_ALIVE:
            self._take_back_keep_alive(mark)
        write_i16_le(buffer, _CRLF)
        self._begin(facts, length, NO_CONTENT)
        self._unframed = True
        return facts

    def write_response(
        self, status: i64, fields: Fields, reason: bytes | None, head: bool, connect: bool, minor: i64, closing: bool
    ) -> None:
        """Write a final response head, or a 101, to a HEAD request (``head``), a CONNECT (``connect``) or another.

        The state was checked for SEND_HEAD, which is allowed in the same states as the others. ``minor`` is the minor
        version of the request. If the connection is ``closing`` after this message, or an HTTP/1.0 client asked to keep
        it, the Connection field says so (RFC 9112 9.3, 9.6), and nothing else, whatever the given fields are.
        """
        switches = status == 101 or (connect and 200 <= status < 300)
        if 100 <= status < 200 and status != 101:
            raise local_error("informational_status", b"%d" % status)
        allowed: i64 = ALLOW_FRAMING
        if switches or status == 204:
            allowed = NO_FRAMING
        elif minor == 0:
            allowed = NO_CHUNKED
        buffer = self._buffer
        mark = len(buffer)
        try:
            write_status_line(buffer, status, reason)
            facts, length = write_fields(buffer, fields, allowed)
            if status == _RESET_CONTENT and length > 0:
                raise local_error("no_content_allowed")
        except BaseException:
            self._buffer = taken_back(buffer, mark)
            raise
        if switches:
            write_i16_le(buffer, _CRLF)
            self.state = after_writing(self.state, SEND_SWITCH)
            return
        chunked = facts & CHUNKED != 0
        if facts & CLOSE:
            closing = True
        if allowed == NO_CHUNKED and chunked:
            facts &= ~CHUNKED
            closing = True
        bodyless = head or not has_content(status)
        # Without a length the content ends with the connection (RFC 9112 6.3), so it must close. Content is accepted
        # for that only if it would close anyway: otherwise the length was probably forgotten.
        to_eof = not bodyless and length < 0 and not facts & CHUNKED
        otherwise = TO_EOF if closing and status != _RESET_CONTENT else NO_CONTENT
        self.closing = closing or to_eof
        if self.closing:
            if facts & KEEP_ALIVE:
                self._take_back_keep_alive(mark)
            if not facts & CLOSE:
                buffer.write(b"Connection: close\r\n")
        elif minor == 0 and not facts & KEEP_ALIVE:
            buffer.write(b"Connection: keep-alive\r\n")
        write_i16_le(buffer, _CRLF)
        if bodyless:
            self.state = after_writing(self.state, SEND_HEAD + NO_CONTENT)
            self._unframed = False
        else:
            self._begin(facts, length, otherwise)
            self._unframed = status != _RESET_CONTENT
            self._empty = status == _RESET_CONTENT
        self._chunks_dropped = chunked

    def write_informational(self, status: i64, fields: Fields) -> None:
        """Write a 1xx head other than 101 (RFC 9110 15.2); the state was checked."""
        if status < 100 or status > 199 or status == 101:
            raise local_error("not_informational", b"%d" % status)
        buffer = self._buffer
        mark = len(buffer)
        try:
            write_status_line(buffer, status, None)
            write_fields(buffer, fields, NO_FRAMING)
        except BaseException:
            self._buffer = taken_back(buffer, mark)
            raise
        write_i16_le(buffer, _CRLF)

    def has_content(self) -> bool:
        """Return whether the head announces content."""
        return self.state == SENDING_CHUNKED or self._remaining > 0

    def write_data(self, data: bytes) -> None:
        """Write a piece of content, framed as in the head."""
        state = self.state
        if state == SENDING_NOTHING and self._unframed:
            raise local_error("framing_required")
        self.check(SEND_DATA)
        size: i64 = len(data)
        if size == 0:
            return
        if state == SENDING_CHUNKED:
            if self._empty:
                raise local_error("no_content_allowed")
            buffer = self._buffer
            write_chunk_size(buffer, size)
            if size < _LARGE:
                buffer.write(data)
            else:
                self._keep(data)  # after which the buffer may be another
            write_i16_le(self._buffer, _CRLF)
            return
        if state == SENDING_LENGTH:
            if size > self._remaining:
                raise local_error("content_too_long")
            self._remaining -= size
        if size < _LARGE:
            self._buffer.write(data)
        else:
            self._keep(data)

    def end(self, trailers: Fields | None) -> None:
        """End the message; only a chunked one can have trailers (RFC 9110 6.5.1)."""
        following = self.check(SEND_END)
        if self.state == SENDING_LENGTH and self._remaining > 0:
            raise local_error("content_too_short")
        if self.state == SENDING_CHUNKED:
            buffer = self._buffer
            mark = len(buffer)
            buffer.write(b"0\r\n")
            if trailers is not None:
                try:
                    write_trailers(buffer, trailers)
                except BaseException:
                    self._buffer = taken_back(buffer, mark)
                    raise
            write_i16_le(buffer, _CRLF)
        elif trailers is not None and len(trailers) > 0:
            if not self._chunks_dropped:
                raise local_error("trailers_not_allowed")
            write_trailers(BytesWriter(), trailers)  # checked, and then discarded: RFC 9110 6.5.1 allows that
        self.state = following

    def next_cycle(self) -> None:
        """Prepare for the next message."""
        self.state = self.check(NEXT_CYCLE)
        self.closing = False
        self._empty = False

    def take(self) -> bytes:
        """Return the waiting output, and drop it."""
        buffer = self._buffer
        parts = self._parts
        if parts is None:
            if len(buffer) == 0:
                return b""
            data = buffer.getvalue()
            self._buffer = emptied(buffer)
            return data
        self._parts = None
        if len(buffer) > 0:
            parts.append(buffer.getvalue())
            self._buffer = emptied(buffer)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _begin(self, facts: i64, length: i64, otherwise: i64) -> None:
        """Begin content with the framing of the head, or ``otherwise`` if it has none."""
        framing = otherwise
        if facts & CHUNKED:
            framing = BY_CHUNKS
        elif length >= 0:
            framing = BY_LENGTH
        self.state = after_writing(self.state, SEND_HEAD + framing)
        self._remaining = length
        self._chunks_dropped = False

    def _take_back_keep_alive(self, mark: int) -> None:
        """Remove keep-alive from the head that starts at ``mark``: it closes (RFC 9112 9.3)."""
        buffer = self._buffer
        head = buffer.getvalue()[mark:]
        buffer.truncate(mark)
        buffer.write(without_keep_alive(head))

    def _keep(self, data: bytes) -> None:
        """Keep content as the caller's object."""
        parts = self._parts
        if parts is None:
            parts = []
            self._parts = parts
        if len(self._buffer) > 0:
            parts.append(self._buffer.getvalue())
            self._buffer = emptied(self._buffer)
        parts.append(data)
