"""Reading a request stream: frames are parsed, content is passed on as it arrives (RFC 9114 4.1, 7).

A frame's payload may be larger than any window: DATA frames are not collected, and unknown frames are skipped as they
arrive.
"""

from typing import Any, Final, final

from zttp_core import events as core
from zttp_h3 import frames
from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.quic.stream import QuicStream
from zttp_h3.reading.sections import on_request, on_response, on_section
from zttp_h3.request_state import ENDED, HEAD, TRAILED, RequestState
from zttp_h3.session import H3Session

# By state: whether DATA and HEADERS are legal; every other known frame is H3_FRAME_UNEXPECTED (4.1, 7.1).
_MAY_COME: Final = (b"\0\1", b"\1\1", b"\0\0", b"\0\0")
# Frames that never belong on a request stream (RFC 9114 7.1, table 1; RFC 9218 7.2).
_ELSEWHERE: Final = frozenset(
    (
        frames.CANCEL_PUSH,
        frames.SETTINGS,
        frames.PUSH_PROMISE,
        frames.GOAWAY,
        frames.MAX_PUSH_ID,
        frames.PRIORITY_UPDATE_REQUEST,
        frames.PRIORITY_UPDATE_PUSH,
        *frames.RESERVED,
    )
)

_LONGEST_PIECE: Final = 65_536  # of content that came in more than one packet

_listed_trailers: Final[Any] = core.listed_trailers
_end_of_stream: Final[Any] = core.end_of_stream
_new_data: Final[Any] = core.new_data


@final
class RequestStream(RequestState):
    """A request stream with the state of the current frame."""

    def __init__(self, session: H3Session, quic: QuicStream) -> None:
        super().__init__(session, quic)
        self._left: i64 = 0  # of the payload of the current frame
        self._in_data = False
        self._skipping = False
        self._block_size: i64 = -1  # of an incomplete HEADERS frame
        self._block_consumed: i64 = 0  # bytes of it whose credit was returned
        self._blocked = False  # a head waits for the encoder stream
        self._starved = False  # a frame waits for more bytes

    def next_event(self) -> Any:
        """Return the next event of the stream, None if there is none now.

        Raises Malformed for a connection error; a stream error resets the stream, and is an event.
        """
        if self.closed:
            return None
        incoming = self.quic.incoming
        assert incoming is not None
        if self.quic.stopped_code >= 0 and self.session.is_server:
            event = self._on_stop(self.quic.stopped_code)
            if event is not None or self.closed:
                return event
        if self._blocked and incoming.reset_code >= 0:
            return self._on_reset(incoming.reset_code)
        self._starved = False
        while not self._blocked and not self._starved and not self.closed:
            if len(self.rest) == 0:
                if incoming.reset_code >= 0:
                    return self._on_reset(incoming.reset_code)
                # Many packets of a burst are one piece of content.
                self.rest = incoming.take_run(min(self._left, _LONGEST_PIECE)) if self._in_data else incoming.take()
                if len(self.rest) == 0:
                    if incoming.has_ended():
                        return self._on_end()
                    return None
            event = self._parse()
            if event is not None:
                return event
        return None

    def resume(self) -> Any:
        """Continue with a head that waited for the encoder stream. As ``next_event``."""
        if self.closed or not self._blocked:
            return None
        self._blocked = False
        try:
            fields = self.session.decoder.resume(self.stream_id)
        except ValueError:
            return self.refuse("header_list_too_large", H3ErrorCode.H3_EXCESSIVE_LOAD)
        if fields is None:
            self._blocked = True
            return None
        event = on_section(self, fields, b"")
        return self.next_event() if event is None else event

    # ----------------------------------------------------------------------------------------------- frames

    def _parse(self) -> Any:
        """Consume some of the available bytes: return an event, or None if there was none."""
        data = self.rest
        size: i64 = len(data)
        if self._left > 0 and (self._in_data or self._skipping):
            if size <= self._left:
                self.rest = b""
                piece = data
            else:
                piece = data[: self._left]
                self.rest = data[self._left :]
            self._left -= len(piece)
            if self._skipping:
                self._consume(len(piece))
                return None
            return self._on_content(piece)
        if self._block_size >= 0:
            return self._collect_block()
        kind, length, at = frames.read_frame_header(data, 0)
        if kind < 0:
            return self._wait_for_more()
        self.rest = data[at:]
        self._consume(at)
        self._in_data = False
        self._skipping = False
        if kind == frames.DATA or kind == frames.HEADERS:
            # RFC 9114 4.4: a tunnel has no trailers.
            if _MAY_COME[self.state][kind] == 0 or (self.tunnel and kind == frames.HEADERS):
                raise Malformed("h3_frame_unexpected", H3ErrorCode.H3_FRAME_UNEXPECTED)
        elif kind == frames.PUSH_PROMISE and not self.session.is_server:
            raise Malformed("push_not_allowed", H3ErrorCode.H3_ID_ERROR)  # RFC 9114 7.2.5: no push was allowed
        elif kind in _ELSEWHERE:
            raise Malformed("h3_frame_unexpected", H3ErrorCode.H3_FRAME_UNEXPECTED)
        if kind == frames.DATA:
            self._in_data = True
            self._left = length
        elif kind == frames.HEADERS:
            if length > self.session.limits.max_field_block_bytes:
                return self.refuse("field_block_too_large", H3ErrorCode.H3_EXCESSIVE_LOAD)
            self._block_size = length
            return self._collect_block()
        else:
            self._skipping = True  # RFC 9114 9
            self._left = length
        return None

    def _wait_for_more(self) -> Any:
        """Append the next pieces to the available bytes, if any have arrived: all of a section, which may be crumbs."""
        incoming = self.quic.incoming
        assert incoming is not None
        more = incoming.take_run(self._block_size - len(self.rest))
        if len(more) == 0:
            rest = self.rest
            self.rest = b""
            if incoming.reset_code >= 0:
                return self._on_reset(incoming.reset_code)
            if incoming.has_ended():
                raise Malformed("h3_frame_truncated", H3ErrorCode.H3_FRAME_ERROR)  # RFC 9114 7.1
            if self._block_size >= 0:
                # The rest of a head may need this credit: the limit of a head bounds it, and no window does.
                self._consume(len(rest) - self._block_consumed)
                self._block_consumed = len(rest)
            incoming.give_back(rest)
            self._starved = True
            return None
        self.rest += more
        return None

    def _collect_block(self) -> Any:
        """Decode a HEADERS frame once it is complete."""
        if len(self.rest) < self._block_size:
            return self._wait_for_more()
        block = self.rest[: self._block_size]
        self.rest = self.rest[self._block_size :]
        self._consume(self._block_size - self._block_consumed)
        self._block_size = -1
        self._block_consumed = 0
        session = self.session
        decoder = session.decoder
        if self.state == HEAD:
            head = session.last_head.of(block, decoder.changes)
            if head is not None:
                decoder.repeat(self.stream_id, block)
                session.flush_qpack()
                session.check_qpack()
                return on_request(self, head) if session.is_server else on_response(self, head)
        try:
            fields = decoder.decode(self.stream_id, block)
        except ValueError:
            return self.refuse("header_list_too_large", H3ErrorCode.H3_EXCESSIVE_LOAD)
        session.flush_qpack()
        session.check_qpack()
        if fields is None:
            self._blocked = True
            return None
        return on_section(self, fields, block)

    def _on_content(self, piece: bytes) -> Any:
        size: i64 = len(piece)
        if self.content_left >= 0:
            if size > self.content_left:
                return self.refuse("content_too_long", H3ErrorCode.H3_MESSAGE_ERROR)
            self.content_left -= size
        self.unconsumed += size
        return _new_data(piece, self.stream_id)

    # ----------------------------------------------------------------------------------------------- ends

    def _on_end(self) -> Any:
        """Process the end of the stream."""
        # RFC 9114 7.1, 4.1.
        if self._left > 0 or self._block_size >= 0:
            raise Malformed("h3_frame_truncated", H3ErrorCode.H3_FRAME_ERROR)
        if self.quic.incoming_done:
            return None
        if self.state == HEAD:
            return self.refuse("request_incomplete", H3ErrorCode.H3_REQUEST_INCOMPLETE)
        if self.content_left > 0:
            return self.refuse("content_too_short", H3ErrorCode.H3_MESSAGE_ERROR)
        trailed = self.state == TRAILED
        self.state = ENDED
        session = self.session
        session.transport.session.streams.end_incoming(self.quic)
        if not session.is_server:
            session.count_completed()
        return _listed_trailers(self.trailers, self.stream_id) if trailed else _end_of_stream(self.stream_id)

    def _on_reset(self, error_code: i64) -> Any:
        """Process the peer's reset."""
        session = self.session
        self.abandon()
        announced = self.announced
        streams = session.transport.session.streams
        streams.reset(self.quic, H3ErrorCode.H3_REQUEST_CANCELLED)
        streams.end_incoming(self.quic)
        if session.is_server:
            self._count_reset()
        return core.RstStream(self.stream_id, error_code) if announced or not session.is_server else None

    def _on_stop(self, error_code: i64) -> Any:
        """Process a client's STOP_SENDING (RFC 9114 4.1.1); no effect if it has all of the response.

        A server's STOP_SENDING does not end the request: its response is still read (4.1).
        """
        out = self.quic.outgoing
        if out is None or out.reset_code < 0:
            return None
        self.close(error_code)
        self._count_reset()
        return core.RstStream(self.stream_id, error_code) if self.announced else None

    def _count_reset(self) -> None:
        """Count a request that its client gave up, unless it was being answered. Raises Malformed.

        That is so once the head of its response has left, and some content if there is any: the peer may allow none.
        """
        out = self.quic.outgoing
        assert out is not None
        waits = out.unsent() + out.dropped > 0
        if self.head_end < 0 or out.sent < self.head_end or (waits and out.sent == self.head_end):
            self.session.count_reset()

    def _consume(self, size: i64) -> None:
        """Return the credit of bytes that are not content."""
        self.session.transport.session.streams.consume(self.quic, size)
