"""A request stream as it is read: frames taken apart, heads decoded, content handed on as it comes (RFC 9114 4.1, 7).

    HEAD --- HEADERS ---> CONTENT --- HEADERS ---> TRAILED
      |  1xx: stays          |                        |
      +----------------------+--- end of the stream --+---> ENDED

A frame's payload may be larger than any window: DATA is never waited for, and unknown frames are skipped as they come.
"""

from typing import Any, Final, final

from zttp_core import events as core
from zttp_core.messages import content as rules
from zttp_core.messages import reading as heads
from zttp_h3 import frames
from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.quic.stream import QuicStream
from zttp_h3.session import H3Session

HEAD: Final = 0
CONTENT: Final = 1
TRAILED: Final = 2
ENDED: Final = 3

# By state: whether DATA and HEADERS may come then; every other known frame is H3_FRAME_UNEXPECTED (4.1, 7.1).
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

END_STREAM: Final = 1
_EXPECTS: Final = 2
_EARLY_DATA: Final = 8

_LONGEST_PIECE: Final = 65_536  # of content that came in more than one packet

_VERSION: Final = b"3"
_RARE_HTTPS: Final[Any] = core.rare_values(b"https", None, _VERSION)  # of nearly every request
_rare_values: Final[Any] = core.rare_values
_shared_list_request: Final[Any] = core.shared_list_request
_listed_response: Final[Any] = core.listed_response
_listed_trailers: Final[Any] = core.listed_trailers
_end_of_stream: Final[Any] = core.end_of_stream
_new_data: Final[Any] = core.new_data
_read_request: Final[Any] = heads.read_request
_read_response: Final[Any] = heads.read_response
_read_trailers: Final[Any] = heads.read_trailers
_method_kind: Final[Any] = rules.method_kind
_is_bodyless: Final[Any] = rules.is_bodyless
_is_tunnel: Final[Any] = rules.is_tunnel
_CONNECT: Final[int] = rules.CONNECT


@final
class RequestStream:
    """One request and its response, on the reading side; what is sent keeps its state in ``message`` and so on."""

    def __init__(self, session: H3Session, quic: QuicStream) -> None:
        self.stream_id: Final[i64] = quic.stream_id
        self.quic: Final = quic
        self.state: i64 = HEAD
        self.unconsumed: i64 = 0  # content that was pulled, and whose credit is not returned
        self.kind: i64 = 0  # of the request's method: the rules of the response hang on it
        self.tunnel = False
        self.announced = False  # the application has seen the head
        self.closed = False  # nothing more is read or sent: reset by one side
        # What is sent (``writing``).
        self.message: i64 = 0
        self.content_to_send: i64 = -1
        self._session: Final = session
        self._rest = b""  # of what was taken: not parsed yet
        self._left: i64 = 0  # of the payload of the frame that is read
        self._in_data = False
        self._skipping = False
        self._block_size: i64 = -1  # of a HEADERS frame that is not whole yet
        self._content_left: i64 = -1  # of its Content-Length
        self._trailers: list[tuple[bytes, bytes]] = []
        self._blocked = False  # a head waits for the encoder stream
        self._starved = False  # a frame waits for more bytes

    def next_event(self) -> Any:
        """Return the next event of the stream, None if there is none now.

        Raises Malformed for what breaks the connection; what breaks the stream alone resets it, and is an event.
        """
        if self.closed:
            return None
        incoming = self.quic.incoming
        assert incoming is not None
        if self.quic.stopped_code >= 0 and self._session.is_server:
            event = self._on_stop(self.quic.stopped_code)
            if event is not None or self.closed:
                return event
        if self._blocked and incoming.reset_code >= 0:
            return self._on_reset(incoming.reset_code)
        self._starved = False
        while not self._blocked and not self._starved and not self.closed:
            if len(self._rest) == 0:
                if incoming.reset_code >= 0:
                    return self._on_reset(incoming.reset_code)
                # Many packets of a burst are one piece of content.
                self._rest = incoming.take_run(min(self._left, _LONGEST_PIECE)) if self._in_data else incoming.take()
                if len(self._rest) == 0:
                    if incoming.has_ended():
                        return self._on_end()
                    return None
            event = self._parse()
            if event is not None:
                return event
        return None

    def resume(self) -> Any:
        """Go on with a head that waited for the encoder stream. As ``next_event``."""
        if self.closed or not self._blocked:
            return None
        self._blocked = False
        try:
            fields = self._session.decoder.resume(self.stream_id)
        except ValueError:
            return self._refuse("header_list_too_large", H3ErrorCode.H3_EXCESSIVE_LOAD)
        if fields is None:
            self._blocked = True
            return None
        event = self._on_fields(fields, b"")
        return self.next_event() if event is None else event

    # ----------------------------------------------------------------------------------------------- frames

    def _parse(self) -> Any:
        """Take something off the bytes that are there: an event, or None if there was none in it."""
        data = self._rest
        size: i64 = len(data)
        if self._left > 0 and (self._in_data or self._skipping):
            if size <= self._left:
                self._rest = b""
                piece = data
            else:
                piece = data[: self._left]
                self._rest = data[self._left :]
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
        self._rest = data[at:]
        self._consume(at)
        self._in_data = False
        self._skipping = False
        if kind == frames.DATA or kind == frames.HEADERS:
            # RFC 9114 4.4: a tunnel has no trailers.
            if _MAY_COME[self.state][kind] == 0 or (self.tunnel and kind == frames.HEADERS):
                raise Malformed("h3_frame_unexpected", H3ErrorCode.H3_FRAME_UNEXPECTED)
        elif kind == frames.PUSH_PROMISE and not self._session.is_server:
            raise Malformed("push_refused", H3ErrorCode.H3_ID_ERROR)  # RFC 9114 7.2.5: no push was allowed
        elif kind in _ELSEWHERE:
            raise Malformed("h3_frame_unexpected", H3ErrorCode.H3_FRAME_UNEXPECTED)
        if kind == frames.DATA:
            self._in_data = True
            self._left = length
        elif kind == frames.HEADERS:
            if length > self._session.limits.max_field_block_bytes:
                return self._refuse("field_block_too_large", H3ErrorCode.H3_EXCESSIVE_LOAD)
            self._block_size = length
            return self._collect_block()
        else:
            self._skipping = True  # RFC 9114 9
            self._left = length
        return None

    def _wait_for_more(self) -> Any:
        """Put the next piece after what is there, if one has come."""
        incoming = self.quic.incoming
        assert incoming is not None
        more = incoming.take()
        if len(more) == 0:
            rest = self._rest
            self._rest = b""
            if incoming.reset_code >= 0:
                return self._on_reset(incoming.reset_code)
            if incoming.has_ended():
                raise Malformed("h3_frame_truncated", H3ErrorCode.H3_FRAME_ERROR)  # RFC 9114 7.1
            incoming.give_back(rest)
            self._starved = True
            return None
        self._rest += more
        return None

    def _collect_block(self) -> Any:
        """Decode a HEADERS frame once it is whole."""
        if len(self._rest) < self._block_size:
            return self._wait_for_more()
        block = self._rest[: self._block_size]
        self._rest = self._rest[self._block_size :]
        self._consume(self._block_size)
        self._block_size = -1
        session = self._session
        decoder = session.decoder
        if self.state == HEAD:
            head = session.last_head.of(block, decoder.changes)
            if head is not None:
                decoder.repeat(self.stream_id, block)
                session.flush_qpack()
                session.check_qpack()
                return self._on_request(head) if session.is_server else self._on_response(head)
        try:
            fields = decoder.decode(self.stream_id, block)
        except ValueError:
            return self._refuse("header_list_too_large", H3ErrorCode.H3_EXCESSIVE_LOAD)
        session.flush_qpack()
        session.check_qpack()
        if fields is None:
            self._blocked = True
            return None
        return self._on_fields(fields, block)

    # ----------------------------------------------------------------------------------------------- messages

    def _on_fields(self, fields: list[tuple[bytes, bytes]], block: bytes) -> Any:
        """Take a section; ``block`` is what it was decoded from, nothing if that was a while ago."""
        if self.state == CONTENT:
            return self._on_trailers(fields)
        session = self._session
        head = _read_request(fields, session.connect_protocol, True) if session.is_server else _read_response(fields)
        if isinstance(head, str):
            return self._refuse(head, H3ErrorCode.H3_MESSAGE_ERROR)
        if len(block) > 0:
            session.last_head.note(block, session.decoder.changes, head, session.decoder.section_size)
        return self._on_request(head) if session.is_server else self._on_response(head)

    def _on_request(self, head: Any) -> Any:
        session = self._session
        if 0 <= session.goaway_sent <= self.stream_id:
            return self._refuse("request_rejected", H3ErrorCode.H3_REQUEST_REJECTED)
        self.state = CONTENT
        self.kind = _method_kind(head.method)
        self.tunnel = self.kind == _CONNECT and head.protocol is None
        self._content_left = -1 if self.tunnel else head.content_length
        if self.stream_id > session.highest_request:
            session.highest_request = self.stream_id
        if head.priority is not None:
            out = self.quic.outgoing
            assert out is not None
            session.transport.session.streams.scheduler.prioritize(out, head.priority[0], head.priority[1])
        flags: i64 = END_STREAM if self._ends_here() else 0
        if head.expect_continue and flags == 0:
            flags |= _EXPECTS
        if self.quic.early_data:
            flags |= _EARLY_DATA
        if flags & END_STREAM and self._content_left > 0:
            return self._refuse("content_too_short", H3ErrorCode.H3_MESSAGE_ERROR)
        self.announced = True
        scheme: bytes | None = head.scheme
        protocol: bytes | None = head.protocol
        rare = _RARE_HTTPS if scheme == b"https" and protocol is None else _rare_values(scheme, protocol, _VERSION)
        return _shared_list_request(head.method, head.target, rare, head.fields, self.stream_id, flags)

    def _on_response(self, head: Any) -> Any:
        status: i64 = head.status
        self.announced = True
        if status < 200:
            if self._ends_here():
                return self._refuse("informational_ends", H3ErrorCode.H3_MESSAGE_ERROR)
            return _listed_response(status, _VERSION, head.fields, self.stream_id, 0)
        self.state = CONTENT
        if _is_tunnel(status, self.kind):
            self.tunnel = True
        elif _is_bodyless(status, self.kind):
            self._content_left = 0
        else:
            self._content_left = head.content_length
        ends = self._ends_here()
        if ends and self._content_left > 0:
            return self._refuse("content_too_short", H3ErrorCode.H3_MESSAGE_ERROR)
        return _listed_response(status, _VERSION, head.fields, self.stream_id, END_STREAM if ends else 0)

    def _on_content(self, piece: bytes) -> Any:
        size: i64 = len(piece)
        if self._content_left >= 0:
            if size > self._content_left:
                return self._refuse("content_too_long", H3ErrorCode.H3_MESSAGE_ERROR)
            self._content_left -= size
        self.unconsumed += size
        return _new_data(piece, self.stream_id)

    def _on_trailers(self, fields: list[tuple[bytes, bytes]]) -> Any:
        trailers = _read_trailers(fields)
        if isinstance(trailers, str):
            return self._refuse(trailers, H3ErrorCode.H3_MESSAGE_ERROR)
        if self._content_left > 0:
            return self._refuse("content_too_short", H3ErrorCode.H3_MESSAGE_ERROR)
        self.state = TRAILED
        self._trailers = trailers
        return None

    def _ends_here(self) -> bool:
        """Tell whether nothing more comes on the stream."""
        incoming = self.quic.incoming
        assert incoming is not None
        return len(self._rest) == 0 and incoming.has_ended()

    # ----------------------------------------------------------------------------------------------- ends

    def _on_end(self) -> Any:
        """The peer has ended the stream."""
        # RFC 9114 7.1, 4.1.
        if self._left > 0 or self._block_size >= 0:
            raise Malformed("h3_frame_truncated", H3ErrorCode.H3_FRAME_ERROR)
        if self.quic.incoming_done:
            return None
        if self.state == HEAD:
            return self._refuse("request_incomplete", H3ErrorCode.H3_REQUEST_INCOMPLETE)
        if self._content_left > 0:
            return self._refuse("content_too_short", H3ErrorCode.H3_MESSAGE_ERROR)
        trailed = self.state == TRAILED
        self.state = ENDED
        session = self._session
        session.transport.session.streams.end_incoming(self.quic)
        if not session.is_server:
            session.count_completed()
        return _listed_trailers(self._trailers, self.stream_id) if trailed else _end_of_stream(self.stream_id)

    def _on_reset(self, error_code: i64) -> Any:
        """The peer has given the stream up."""
        session = self._session
        self._abandon()
        announced = self.announced
        streams = session.transport.session.streams
        streams.reset(self.quic, H3ErrorCode.H3_REQUEST_CANCELLED)
        streams.end_incoming(self.quic)
        if session.is_server:
            session.count_reset()
        return core.RstStream(self.stream_id, error_code) if announced or not session.is_server else None

    def _on_stop(self, error_code: i64) -> Any:
        """The client does not want the response any more (RFC 9114 4.1.1); nothing if it has the whole of it.

        A server's wish for no more content is none of a request's end: its response is read on (4.1).
        """
        out = self.quic.outgoing
        if out is None or out.reset_code < 0:
            return None
        self.close(error_code)
        self._session.count_reset()
        return core.RstStream(self.stream_id, error_code) if self.announced else None

    def _abandon(self) -> None:
        """Read no more: whoever encodes for us counts on no section of the stream (RFC 9204 2.2.2.2)."""
        self.closed = True
        self._rest = b""
        if self.state != ENDED:
            self._session.decoder.cancel(self.stream_id)
            self._session.flush_qpack()

    def _refuse(self, reason: str, error_code: int) -> Any:
        """Reset the stream because of what the peer sent on it (RFC 9114 4.1.2, 8)."""
        session = self._session
        session.note_rejected(self.stream_id, reason, error_code)
        announced = self.announced or not session.is_server
        self.close(error_code)
        if session.is_server:
            session.count_reset()
        return core.RstStream(self.stream_id, error_code) if announced else None

    def close(self, error_code: i64) -> None:
        """Give the stream up in both directions."""
        if self.closed:
            return
        self._abandon()
        streams = self._session.transport.session.streams
        streams.reset(self.quic, error_code)
        streams.stop(self.quic, error_code)

    def _consume(self, size: i64) -> None:
        """Return the credit of what is no content."""
        self._session.transport.session.streams.consume(self.quic, size)
