"""The reading half of a connection: frames in, events out, one at a time and never ahead of what is pulled.

A DATA frame is handed on as its bytes arrive; every other frame waits until it is complete. What breaks a rule of the
connection is raised as Malformed; what breaks only a stream resets that, and the event says so.
"""

from __future__ import annotations

from typing import Any, Final, final

from librt.strings import BytesWriter, read_i32_be, read_i64_be

from zttp_core import events as core
from zttp_core.sentinels import CONNECTION_CLOSED as _CORE_CONNECTION_CLOSED
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h2.codes import (
    COMPRESSION_ERROR,
    ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    NO_ERROR,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
)
from zttp_h2.connection_frames import ConnectionFrames
from zttp_h2.floods import SLIVER
from zttp_h2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HAS_PRIORITY,
    HEADER_SIZE,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PRIORITY_UPDATE,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)
from zttp_h2.head_reader import HeadReader
from zttp_h2.hpack.decoder import DEFAULT_TABLE_SIZE, Decoder
from zttp_h2.hpack.status import HEADER_LIST_TOO_LARGE, OK, reason_of
from zttp_h2.inbox import Inbox
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.sender import Sender
from zttp_h2.session import Session
from zttp_h2.states import (
    CLOSED,
    CONNECTION_ERROR,
    DISCARD,
    HALF_CLOSED_REMOTE,
    IDLE,
    OPEN,
    RECV_DATA,
    RECV_END_STREAM,
    RECV_HEADERS,
    RECV_RST_STREAM,
    RECV_WINDOW_UPDATE,
    RESET_RECEIVED,
    RESET_SENT,
    after,
)
from zttp_h2.stream_state import AWAITING_HEAD, CONNECT, HEAD, RECEIVED, RECEIVING, TUNNEL, StreamState

# The core was compiled apart: what is called for every event is bound once, and its flags are constants here.
NEED_DATA: Final[Any] = _CORE_NEED_DATA
CONNECTION_CLOSED: Final[Any] = _CORE_CONNECTION_CLOSED
_new_data: Final[Any] = core.new_data
_shared_list_request: Final[Any] = core.shared_list_request
_end_of_stream: Final[Any] = core.end_of_stream
_listed_response: Final[Any] = core.listed_response
_listed_trailers: Final[Any] = core.listed_trailers
_new_window_update: Final[Any] = core.new_window_update


FLAG_END_STREAM: Final = 1
FLAG_EXPECT_CONTINUE: Final = 2

# What is read next.
READ_PREFACE: Final = 0
READ_SETTINGS: Final = 1  # RFC 9113 3.4: the first frame of either side
READ_FRAMES: Final = 2
READ_NOTHING: Final = 3  # EOF, and everything before it was pulled


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Receiver:
    """Frames and events of one connection.

    ``last_stream_error`` is the stream and the reason of the last stream that was rejected here.
    """

    def __init__(self, session: Session, sender: Sender, auto_credit: bool) -> None:
        self.inbox: Final = Inbox()
        self.eof: bool = False
        self.frame_at: i64 = 0  # where the last frame began, in all that was received
        self.reading: i64 = READ_PREFACE if session.server else READ_SETTINGS
        self._behind: list[object] | None = None  # what one frame brings behind its first event
        self.last_error_stream: i64 = 0
        self.last_error_code: i64 = 0
        self.last_error_reason: str | None = None
        self._session: Final = session
        self._sender: Final = sender
        self._auto_credit: Final = auto_credit
        self._decoder: Final = Decoder(session.own.max_header_list_size, DEFAULT_TABLE_SIZE)
        self._head: Final = HeadReader()
        self._connection_frames: Final = ConnectionFrames(session, sender, self._decoder)
        self._ending: StreamState | None = None  # the stream whose EndOfMessage comes next
        # The frame whose payload is read as it comes: DATA, or one to discard.
        self._left: i64 = 0  # of its content
        self._padding: i64 = 0  # behind that
        self._content_of: StreamState | None = None  # None: nobody wants it
        self._content_ends: bool = False
        # The field block that CONTINUATION frames go on with (RFC 9113 6.10); stream 0: none.
        self._block: BytesWriter | None = None
        self._block_stream: i64 = 0
        self._block_ends: bool = False
        self._continuations: i64 = 0
        # The block of the last request, if it is valid and says the same as long as the table does not change. Whoever
        # repeats a request on a connection repeats its block, too: nothing has to be decoded and judged again.
        self._known_block: bytes | None = None
        self._known_changes: i64 = 0

    # ----------------------------------------------------------------------------------------------------------- events

    def next_event(self) -> Any:
        """Return the next event or a sentinel. Raises Malformed."""
        inbox = self.inbox
        while True:
            ending = self._ending
            if ending is not None:
                self._ending = None
                if ending.state != RESET_SENT:
                    return _end_of_stream(ending.stream_id)
            if self._behind is not None:
                return self._next_behind()
            if self._left > 0 or self._padding > 0:
                event = self._read_payload()
                if event is not None:
                    return event
                continue
            if self.reading != READ_FRAMES:
                if self.reading == READ_NOTHING:
                    return CONNECTION_CLOSED
                if self.reading == READ_PREFACE and not self._read_preface():
                    return self._starved()
            if len(inbox.raw) - inbox.at < HEADER_SIZE and not inbox.fill(HEADER_SIZE):
                return self._starved()
            raw = inbox.raw
            at = inbox.at
            self.frame_at = inbox.base + at
            word = read_i64_be(raw, at)
            length = (word >> 40) & 0xFFFFFF
            frame_type = (word >> 32) & 0xFF
            flags = (word >> 24) & 0xFF
            stream_id = ((word & 0x7FFFFF) << 8) | i64(raw[at + 8])
            if self._block_stream != 0 or self.reading == READ_SETTINGS:
                self._check_order(frame_type, flags, stream_id)
            if length > self._session.own.max_frame_size:
                raise Malformed("frame_too_large", FRAME_SIZE_ERROR)  # RFC 9113 4.2 MUST
            if frame_type == DATA:
                if flags & PADDED and length > 0 and not inbox.fill(HEADER_SIZE + 1):
                    return self._starved()
                event = self._read_data_header(length, flags, stream_id)
            elif frame_type <= CONTINUATION or frame_type == PRIORITY_UPDATE:
                stop = at + HEADER_SIZE + length
                if stop > len(raw):
                    if not inbox.fill(HEADER_SIZE + length):
                        return self._starved()
                    raw = inbox.raw
                    at = inbox.at
                    stop = at + HEADER_SIZE + length
                inbox.at = stop
                event = self._read_frame(frame_type, flags, stream_id, raw, at + HEADER_SIZE, stop)
            else:
                # RFC 9113 4.1, 5.5: frames of unknown type are discarded.
                self._session.floods.frame(1)
                inbox.at = at + HEADER_SIZE
                self._content_of = None
                self._left = 0
                self._padding = length
                continue
            if event is not None:
                return event

    def apply_settings(self, params: list[tuple[int, int]]) -> None:
        """Apply settings that the peer has sent in another way than a frame."""
        self._connection_frames.apply_settings(params, False)

    def apply_own_settings(self) -> None:
        """Apply what our settings allow in addition."""
        self._connection_frames.apply_own_settings()
        self._known_block = None

    def append_event(self, event: object) -> None:
        """Let an event come next, behind others that were appended."""
        if self._behind is None:
            self._behind = []
        self._behind.append(event)

    def _next_behind(self) -> Any:
        behind = self._behind
        assert behind is not None
        event = behind.pop(0)
        if len(behind) == 0:
            self._behind = None
        return event

    def _read_preface(self) -> bool:
        """Read the client's preface; False if bytes are missing. What cannot become one is refused at once."""
        inbox = self.inbox
        size: i64 = len(PREFACE)
        complete = inbox.fill(size)
        if not complete:
            size = inbox.size()
            inbox.fill(size)
        if inbox.raw[inbox.at : inbox.at + size] != PREFACE[:size]:
            self.frame_at = inbox.base + inbox.at
            raise Malformed("invalid_preface", PROTOCOL_ERROR)
        if complete:
            inbox.at += size
            self.reading = READ_SETTINGS
        return complete

    def _check_order(self, frame_type: i64, flags: i64, stream_id: i64) -> None:
        """Refuse a frame that must not come here."""
        if self.reading == READ_SETTINGS:
            if frame_type != SETTINGS or flags & ACK:
                raise Malformed("missing_settings", PROTOCOL_ERROR)  # RFC 9113 3.4 MUST
            self.reading = READ_FRAMES
        elif frame_type != CONTINUATION or stream_id != self._block_stream:
            raise Malformed("field_block_interrupted", PROTOCOL_ERROR)  # RFC 9113 6.2, 6.10 MUST

    def _starved(self) -> Any:
        """Return what next_event says when no bytes are left that could be parsed."""
        if not self.eof:
            return NEED_DATA
        self.frame_at = self.inbox.base + self.inbox.at
        incomplete = self.inbox.size() > 0 or self._left > 0 or self._padding > 0 or self._block_stream != 0
        if not incomplete:
            for stream in self._session.table.all():
                if stream.reading != RECEIVED:
                    incomplete = True
        if incomplete:
            raise Malformed("stream_not_ended", NO_ERROR)
        self.reading = READ_NOTHING
        return CONNECTION_CLOSED

    def _read_frame(self, frame_type: i64, flags: i64, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a frame other than DATA, whose payload is ``raw[at:stop]``; return an event, or ``None``."""
        if frame_type == HEADERS:
            return self._read_headers(flags, stream_id, raw, at, stop)
        if frame_type == WINDOW_UPDATE:
            return self._read_window_update(stream_id, raw, at, stop)
        if frame_type == SETTINGS:
            self._known_block = None
            return self._connection_frames.read_settings(flags, stream_id, raw, at, stop)
        if frame_type == PING:
            return self._connection_frames.read_ping(flags, stream_id, raw, at, stop)
        if frame_type == RST_STREAM:
            return self._read_rst_stream(stream_id, raw, at, stop)
        if frame_type == CONTINUATION:
            return self._read_continuation(flags, stream_id, raw, at, stop)
        if frame_type == PRIORITY:
            return self._read_priority(stream_id, stop - at)
        if frame_type == GOAWAY:
            event = self._connection_frames.read_goaway(stream_id, raw, at, stop)
            self._behind = self._connection_frames.refused
            self._connection_frames.refused = None
            return event
        if frame_type == PRIORITY_UPDATE:
            return self._connection_frames.read_priority_update(stream_id, raw, at, stop)
        assert frame_type == PUSH_PROMISE
        # RFC 9113 8.4 MUST: clients do not push; 6.5.2 MUST: nor may a server, with ENABLE_PUSH at 0.
        raise Malformed("push_refused", PROTOCOL_ERROR)

    # ------------------------------------------------------------------------------------------------------------- DATA

    def _read_data_header(self, length: i64, flags: i64, stream_id: i64) -> Any:
        """Begin a DATA frame (RFC 9113 6.1); its header, and its Pad Length if it has one, are there."""
        if stream_id == 0:
            raise Malformed("frame_on_stream_zero", PROTOCOL_ERROR)
        inbox = self.inbox
        session = self._session
        content = length
        at = inbox.at + HEADER_SIZE
        if flags & PADDED:
            if length == 0:
                raise Malformed("frame_size", FRAME_SIZE_ERROR)
            self._padding = inbox.raw[at]
            content -= 1 + self._padding
            at += 1
            if content < 0:
                raise Malformed("padding_too_long", PROTOCOL_ERROR)  # RFC 9113 6.1 MUST
        inbox.at = at
        self._left = content
        self._content_of = None
        self._content_ends = False
        flow = session.receive_flow
        if length > flow.window:
            raise Malformed("connection_window_exceeded", FLOW_CONTROL_ERROR)
        flow.window -= length
        stream = session.table.get(stream_id)
        if stream is None:
            self._check_closed(stream_id, RECV_DATA)
            flow.returned(length)
            if content < SLIVER:
                session.floods.frame(1)
            return None
        following = after(stream.state, RECV_DATA)
        if following >= DISCARD:
            return self._refuse_data(stream, length, following & 0xF, "frame_after_end")
        if length > stream.receive_window:
            return self._refuse_data(stream, length, FLOW_CONTROL_ERROR, "stream_window_exceeded")
        stream.receive_window -= length
        if stream.reading == AWAITING_HEAD:
            return self._refuse_data(stream, length, PROTOCOL_ERROR, "content_before_head")
        ends = flags & END_STREAM != 0
        left = stream.content_left
        if left >= 0:
            left -= content
            stream.content_left = left
            if left < 0 or (ends and left > 0):
                reason = "content_too_long" if left < 0 else "content_too_short"
                return self._refuse_data(stream, length, PROTOCOL_ERROR, reason)
        elif stream.bodyless and content > 0:
            return self._refuse_data(stream, length, PROTOCOL_ERROR, "no_content_allowed")
        if length > content:
            flow.consumed(stream, length - content)
        if content == 0:
            if ends:
                self._end(stream)
            else:
                session.floods.frame(1)
            return None
        session.floods.progress()
        self._content_of = stream
        self._content_ends = ends
        return self._read_payload()

    def _refuse_data(self, stream: StreamState, length: i64, error_code: i64, reason: str) -> Any:
        """Reset a stream because of a DATA frame, whose octets count for the connection all the same (RFC 9113 5.1)."""
        self._session.receive_flow.returned(length)
        return self._reset(stream, error_code, reason)

    def _read_payload(self) -> Any:
        """Read on in the payload of a DATA frame, or of one that is discarded; return an event, or ``None``."""
        inbox = self.inbox
        if not inbox.available():
            return self._starved()
        raw = inbox.raw
        at = inbox.at
        size: i64 = len(raw) - at
        left = self._left
        if left == 0:
            if size > self._padding:
                size = self._padding
            self._padding -= size
            inbox.at = at + size
            return None
        if size > left:
            size = left
        self._left = left - size
        inbox.at = at + size
        stream = self._content_of
        if stream is None or stream.state == RESET_SENT:
            if stream is not None:
                self._session.receive_flow.returned(size)
            return None
        data = raw if size == len(raw) else raw[at : at + size]
        if not self._auto_credit:
            stream.unconsumed += size
        if left == size and self._content_ends:
            self._end(stream)
        if self._auto_credit:
            self._session.receive_flow.consumed(stream, size)
        return _new_data(data, stream.stream_id)

    def _end(self, stream: StreamState) -> None:
        """Note END_STREAM: the message that is received has ended."""
        self._ending = stream
        stream.reading = RECEIVED
        following = after(stream.state, RECV_END_STREAM)
        stream.state = following
        if following == CLOSED:
            self._sender.close(stream)

    # ---------------------------------------------------------------------------------------------------------- HEADERS

    def _read_headers(self, flags: i64, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a HEADERS frame (RFC 9113 6.2)."""
        if stream_id == 0:
            raise Malformed("frame_on_stream_zero", PROTOCOL_ERROR)
        if flags & (PADDED | HAS_PRIORITY):
            padding: i64 = 0
            if flags & PADDED:
                if at == stop:
                    raise Malformed("frame_size", FRAME_SIZE_ERROR)
                padding = raw[at]
                at += 1
            if flags & HAS_PRIORITY:
                # RFC 9113 5.3.2: validated and ignored.
                at += 5
                if at > stop:
                    raise Malformed("frame_size", FRAME_SIZE_ERROR)
            stop -= padding
            if stop < at:
                raise Malformed("padding_too_long", PROTOCOL_ERROR)
        ends = flags & END_STREAM != 0
        if stop - at > self._session.limits.max_field_block_bytes:
            raise Malformed("field_block_too_large", ENHANCE_YOUR_CALM)
        if flags & END_HEADERS:
            return self._read_block(stream_id, ends, raw[at:stop])
        block = BytesWriter()
        block.write(raw[at:stop])
        self._block = block
        self._block_stream = stream_id
        self._block_ends = ends
        self._continuations = 0
        return None

    def _read_continuation(self, flags: i64, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a CONTINUATION frame (RFC 9113 6.10); ``_check_order`` has seen that it is for the open block."""
        block = self._block
        if block is None or self._block_stream == 0:
            raise Malformed("unexpected_continuation", PROTOCOL_ERROR)
        # CONTINUATION flood (CVE-2024-27316, CVE-2023-45288 and their like): both the frames and their bytes are few.
        self._continuations += 1
        limits = self._session.limits
        if self._continuations > limits.max_continuation_frames:
            raise Malformed("too_many_continuations", ENHANCE_YOUR_CALM)
        if len(block) + stop - at > limits.max_field_block_bytes:
            raise Malformed("field_block_too_large", ENHANCE_YOUR_CALM)
        block.write(raw[at:stop])
        if flags & END_HEADERS == 0:
            return None
        self._block = None
        self._block_stream = 0
        return self._read_block(stream_id, self._block_ends, block.getvalue())

    def _read_block(self, stream_id: i64, ends: bool, block: bytes) -> Any:
        """Decode a field block, whatever becomes of its stream (RFC 9113 4.3), and read it as what it is there."""
        decoder = self._decoder
        session = self._session
        stream = session.table.get(stream_id)
        opens = stream is None and session.server and session.table.state_of(stream_id) == IDLE
        if opens and block == self._known_block and decoder.table.changes == self._known_changes:
            return self._read_request(stream_id, ends, OK, True)
        self._known_block = None
        changes = decoder.table.changes
        status = decoder.decode(block)
        if status > HEADER_LIST_TOO_LARGE:
            raise Malformed(reason_of(status), COMPRESSION_ERROR)  # an HPACK bomb, too (CVE-2016-6581)
        if stream is None:
            if opens:
                event = self._read_request(stream_id, ends, status, False)
                if decoder.table.changes == changes and self._head.valid:
                    self._known_block = block
                    self._known_changes = changes
                return event
            self._check_closed(stream_id, RECV_HEADERS)
            session.floods.frame(1)
            return None
        following = after(stream.state, RECV_HEADERS)
        if following >= DISCARD:
            return self._reset(stream, following & 0xF, "frame_after_end")
        if stream.reading == AWAITING_HEAD:
            return self._read_response(stream, ends, status)
        return self._read_trailers(stream, ends, status)

    def _read_request(self, stream_id: i64, ends: bool, status: i64, known: bool) -> Any:
        """Open a stream with the request head that was decoded, or with the last one, if that is ``known``."""
        session = self._session
        table = session.table
        if stream_id & 1 == 0:
            raise Malformed("unexpected_stream_id", PROTOCOL_ERROR)  # RFC 9113 5.1.1 MUST
        if 0 <= session.goaway_sent < stream_id:
            session.floods.frame(1)  # RFC 9113 6.8: discarded
            return None
        own = session.own
        table.used(stream_id)
        if table.count() >= own.max_concurrent_streams:
            return self._reject(stream_id, REFUSED_STREAM, "too_many_streams")  # RFC 9113 5.1.2 MUST
        if status != OK:
            return self._refuse_large_request(stream_id, ends)
        head = self._head
        reason = None if known else head.read_request(self._decoder, own.connect_protocol)
        content_length = head.content_length
        if reason is not None or (ends and content_length > 0):
            return self._reject(stream_id, PROTOCOL_ERROR, "content_too_short" if reason is None else reason)
        stream = StreamState(
            stream_id,
            HALF_CLOSED_REMOTE if ends else OPEN,
            session.peer.initial_window_size,
            own.initial_window_size,
        )
        table.open(stream)
        table.processed = stream_id
        session.floods.progress()
        flags = 0
        if ends:
            flags = FLAG_END_STREAM
            stream.reading = RECEIVED
            self._ending = stream
        else:
            stream.reading = RECEIVING
            stream.content_left = content_length
            if head.expect_continue:
                flags = FLAG_EXPECT_CONTINUE
        method = head.method
        if len(method) == 4 and method == b"HEAD":
            stream.request_facts = HEAD
        elif len(method) == 7 and method == b"CONNECT":
            stream.request_facts = CONNECT
            stream.content_left = -1
        if head.priority is not None or self._connection_frames.early_priorities is not None:
            self._connection_frames.set_priority(stream, head.priority)
        return _shared_list_request(method, head.target, head.rare, head.fields, stream_id, flags)

    def _refuse_large_request(self, stream_id: i64, ends: bool) -> Any:
        """Answer a header section that is too large with 431 (RFC 9113 10.5.1, RFC 6585 5)."""
        session = self._session
        session.start()
        self._sender.make_writer().write_response(stream_id, 431, [], END_STREAM)
        if not ends:
            # RFC 9113 8.1: the rest of the request is not wanted.
            session.outbox.write_rst_stream(stream_id, NO_ERROR)
        return self._note_rejection(stream_id, NO_ERROR, "header_list_too_large")

    def _read_response(self, stream: StreamState, ends: bool, status: i64) -> Any:
        """Read the response head that was decoded."""
        head = self._head
        reason = "header_list_too_large" if status != OK else head.read_response(self._decoder)
        code = head.status
        if reason is None and code < 200 and ends:
            reason = "informational_ends"  # RFC 9113 8.1
        if reason is not None:
            return self._reset(stream, PROTOCOL_ERROR, reason)
        floods = self._session.floods
        if code < 200:
            floods.frame(1)
            return _listed_response(code, b"2", head.fields, stream.stream_id, 0)
        facts = stream.request_facts
        if facts & CONNECT and code < 300:
            stream.request_facts = facts | TUNNEL
        elif facts & HEAD or code == 204 or code == 304:
            stream.bodyless = True
        else:
            stream.content_left = head.content_length
            if ends and head.content_length > 0:
                return self._reset(stream, PROTOCOL_ERROR, "content_too_short")
        floods.progress()
        stream.reading = RECEIVING
        if ends:
            self._end(stream)
        return _listed_response(code, b"2", head.fields, stream.stream_id, FLAG_END_STREAM if ends else 0)

    def _read_trailers(self, stream: StreamState, ends: bool, status: i64) -> Any:
        """Read the trailer section that was decoded."""
        head = self._head
        if not ends:
            reason: str | None = "trailers_without_end"  # RFC 9113 8.1
        elif stream.request_facts & (CONNECT if self._session.server else TUNNEL):
            reason = "trailers_in_tunnel"  # RFC 9113 8.5
        elif status != OK:
            reason = "header_list_too_large"
        elif stream.content_left > 0:
            reason = "content_too_short"
        else:
            reason = head.read_trailers(self._decoder)
        if reason is not None:
            return self._reset(stream, PROTOCOL_ERROR, reason)
        self._session.floods.progress()
        self._end(stream)
        self._ending = None
        return _listed_trailers(head.fields, stream.stream_id)

    # --------------------------------------------------------------------------------------------- frames about streams

    def _read_rst_stream(self, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a RST_STREAM frame (RFC 9113 6.4)."""
        if stop - at != 4:
            raise Malformed("frame_size", FRAME_SIZE_ERROR)
        if stream_id == 0:
            raise Malformed("frame_on_stream_zero", PROTOCOL_ERROR)
        error_code = i64(read_i32_be(raw, at)) & 0xFFFFFFFF
        session = self._session
        stream = session.table.get(stream_id)
        if stream is None:
            self._check_closed(stream_id, RECV_RST_STREAM)
            session.floods.frame(1)
            return None
        self._sender.drop(stream, RESET_RECEIVED)
        if session.server:
            session.floods.reset()  # rapid reset (CVE-2023-44487)
        return core.RstStream(stream_id, error_code)

    def _read_window_update(self, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a WINDOW_UPDATE frame (RFC 9113 6.9)."""
        if stop - at != 4:
            raise Malformed("frame_size", FRAME_SIZE_ERROR)
        increment = i64(read_i32_be(raw, at)) & 0x7FFFFFFF
        session = self._session
        session.floods.frame(1)
        if stream_id == 0:
            if increment == 0:
                raise Malformed("zero_increment", PROTOCOL_ERROR)
            if not self._sender.credit_connection(increment):
                raise Malformed("window_overflow", FLOW_CONTROL_ERROR)
            return _new_window_update(0, increment)
        stream = session.table.get(stream_id)
        if stream is None:
            self._check_closed(stream_id, RECV_WINDOW_UPDATE)
            return None
        if increment == 0:
            return self._reset(stream, PROTOCOL_ERROR, "zero_increment")
        if not self._sender.credit_stream(stream, increment):
            return self._reset(stream, FLOW_CONTROL_ERROR, "window_overflow")
        return _new_window_update(stream_id, increment)

    def _read_priority(self, stream_id: i64, length: i64) -> Any:
        """Read a PRIORITY frame (RFC 9113 6.3): validated and ignored."""
        if stream_id == 0:
            raise Malformed("frame_on_stream_zero", PROTOCOL_ERROR)
        session = self._session
        if length != 5:
            stream = session.table.get(stream_id)
            if stream is None:
                raise Malformed("frame_size", FRAME_SIZE_ERROR)
            return self._reset(stream, FRAME_SIZE_ERROR, "frame_size")
        session.floods.frame(1)
        return None

    # ----------------------------------------------------------------------------------------------------------- errors

    def _check_closed(self, stream_id: i64, given: i64) -> None:
        """Judge a frame on a stream that is not open: idle, or closed and forgotten."""
        session = self._session
        if 0 <= session.goaway_sent < stream_id and session.server and stream_id & 1 == 1:
            return  # RFC 9113 6.8: discarded
        table = session.table
        state = table.state_of(stream_id)
        following = after(state, given)
        if following & CONNECTION_ERROR:
            if state == IDLE:
                raise Malformed("frame_on_idle_stream", PROTOCOL_ERROR)
            if given == RECV_HEADERS and table.was_skipped(stream_id):
                raise Malformed("unexpected_stream_id", PROTOCOL_ERROR)  # RFC 9113 5.1.1 MUST
            raise Malformed("frame_on_closed_stream", following & 0xF)
        if following == OPEN:
            raise Malformed("unexpected_stream_id", PROTOCOL_ERROR)  # a client's peer opens no streams

    def _reset(self, stream: StreamState, error_code: i64, reason: str) -> Any:
        """Reset a stream that broke a rule (RFC 9113 5.4.2)."""
        self._sender.drop(stream, RESET_SENT)
        return self._reject(stream.stream_id, error_code, reason)

    def _reject(self, stream_id: i64, error_code: i64, reason: str) -> Any:
        """Send RST_STREAM for a rule that was broken, and return the event that says so."""
        session = self._session
        session.start()
        session.outbox.write_rst_stream(stream_id, error_code)
        return self._note_rejection(stream_id, error_code, reason)

    def _note_rejection(self, stream_id: i64, error_code: i64, reason: str) -> Any:
        session = self._session
        session.table.reset_here(stream_id)
        self.last_error_stream = stream_id
        self.last_error_code = error_code
        self.last_error_reason = reason
        session.floods.reset()  # MadeYouReset (CVE-2025-8671)
        return core.RstStream(stream_id, error_code)
