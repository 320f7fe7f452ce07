"""HEADERS and CONTINUATION frames: their field blocks, and the messages that these begin or end (RFC 9113 6.2, 8.1).

Every block is decoded, even of a refused stream, because the decoder's table must stay synchronised (RFC 9113 4.3).
"""

from __future__ import annotations

from typing import Any, Final, final

from librt.strings import BytesWriter

from zttp_core import events as core
from zttp_h2.closing import end_received
from zttp_h2.codes import (
    COMPRESSION_ERROR,
    ENHANCE_YOUR_CALM,
    FRAME_SIZE_ERROR,
    NO_ERROR,
    PROTOCOL_ERROR,
)
from zttp_h2.frames import END_HEADERS, END_STREAM, HAS_PRIORITY, MIN_MAX_FRAME_SIZE, PADDED
from zttp_h2.hpack.decoder import DEFAULT_TABLE_SIZE, Decoder
from zttp_h2.hpack.field_kinds import SEEN_NEVER_INDEXED
from zttp_h2.hpack.status import HEADER_LIST_TOO_LARGE, OK, reason_of
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.reading.connection_frames import set_priority
from zttp_h2.reading.head_reader import HeadReader
from zttp_h2.reading.repeated_request import RepeatedRequest
from zttp_h2.reading.stream_errors import check_closed, note_rejection, refuse_for_now, reject, reset
from zttp_h2.reading.stream_frames import depends_on
from zttp_h2.session import Session
from zttp_h2.streams.states import DISCARD, HALF_CLOSED_REMOTE, IDLE, OPEN, RECV_HEADERS, after
from zttp_h2.streams.stream_state import AWAITING_HEAD, CONNECT, HEAD, RECEIVED, RECEIVING, TUNNEL, StreamState
from zttp_h2.writing.message_writer import MessageWriter

# The core is compiled separately: functions that are called for every event are bound once, and its flags are constants
# here.
_shared_list_request: Final[Any] = core.shared_list_request
_repeated_request: Final[Any] = core.repeated_request
_listed_response: Final[Any] = core.listed_response
_listed_trailers: Final[Any] = core.listed_trailers
_FLAG_END_STREAM: Final = 1
_FLAG_EXPECT_CONTINUE: Final = 2


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class MessageReader:
    """The field blocks of one connection.

    ``open_block`` is the stream whose field block CONTINUATION frames continue (RFC 9113 6.10); 0: none.
    """

    def __init__(self, session: Session, messages: MessageWriter) -> None:
        self.open_block: i64 = 0
        self.decoder: Final = Decoder(session.own.max_header_list_size, DEFAULT_TABLE_SIZE)
        self._session: Final = session
        self._messages: Final = messages
        self._head: Final = HeadReader()
        self._block: BytesWriter | None = None
        self._block_ends: bool = False
        self._depends_on_itself: bool = False  # the stream of the current block
        self._continuations: i64 = 0
        self.repeated: Final = RepeatedRequest()

    def let_go(self) -> None:
        """Forget the last head."""
        self.repeated.forget()
        self.decoder.let_go()
        self._head.let_go()

    def end(self) -> None:
        """Drop everything: nothing more is read."""
        self.let_go()
        self._block = None

    def read_headers(self, flags: i64, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a HEADERS frame (RFC 9113 6.2); return an event, or ``None``."""
        if stream_id == 0:
            raise Malformed("frame_on_stream_zero", PROTOCOL_ERROR)
        depends_on_itself = False
        if flags & (PADDED | HAS_PRIORITY):
            padding: i64 = 0
            padding_at: i64 = at
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
                depends_on_itself = depends_on(raw, at - 5) == stream_id
            stop -= padding
            if stop < at:
                raise Malformed("padding_too_long", PROTOCOL_ERROR, padding_at)
        self._depends_on_itself = depends_on_itself
        ends = flags & END_STREAM != 0
        most = self._session.limits.max_field_block_bytes
        if stop - at > most and stop - at > most + self._announced_since():
            raise Malformed("field_block_too_large", ENHANCE_YOUR_CALM)
        if flags & END_HEADERS:
            return self._read_block(stream_id, ends, raw, at, stop)
        block = BytesWriter()
        block.write(raw[at:stop])
        self._block = block
        self.open_block = stream_id
        self._block_ends = ends
        self._continuations = 0
        return None

    def read_continuation(self, flags: i64, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a CONTINUATION frame (RFC 9113 6.10), which continues the open block if there is one."""
        block = self._block
        if block is None or self.open_block == 0:
            raise Malformed("unexpected_continuation", PROTOCOL_ERROR)
        # CONTINUATION flood (CVE-2024-27316, CVE-2023-45288 and similar): both the frames and their bytes are limited.
        self._continuations += 1
        limits = self._session.limits
        more = self._announced_since()
        if self._continuations > limits.max_continuation_frames + more // MIN_MAX_FRAME_SIZE:
            raise Malformed("too_many_continuations", ENHANCE_YOUR_CALM)
        if len(block) + stop - at > limits.max_field_block_bytes + more:
            raise Malformed("field_block_too_large", ENHANCE_YOUR_CALM)
        block.write(raw[at:stop])
        if flags & END_HEADERS == 0:
            return None
        self._block = None
        self.open_block = 0
        whole = block.getvalue()
        return self._read_block(stream_id, self._block_ends, whole, 0, len(whole))

    def _announced_since(self) -> i64:
        """Return by how much an announced header section exceeds the limits: its block may be larger by that."""
        session = self._session
        return max(session.own.max_header_list_size - session.limits.max_header_list_size, 0)

    def _read_block(self, stream_id: i64, ends: bool, raw: bytes, at: i64, stop: i64) -> Any:
        """Decode the field block ``raw[at:stop]``, and read it as a head or trailers, by the state of its stream."""
        decoder = self.decoder
        session = self._session
        stream = session.table.get(stream_id)
        opens = stream is None and session.server and session.table.state_of(stream_id) == IDLE
        changes = decoder.table.changes
        repeated = self.repeated
        if repeated.is_known():
            if opens and not self._depends_on_itself and repeated.is_at(raw, at, stop, changes):
                return self._read_request(stream_id, ends, OK, True)
            repeated.forget()
        if decoder.holds_much():
            self._head.let_go()
        status = decoder.decode(raw, at, stop)
        if status > HEADER_LIST_TOO_LARGE:
            # An HPACK bomb, too (CVE-2016-6581). A block of several frames has no position.
            raise Malformed(reason_of(status), COMPRESSION_ERROR, at if at > 0 else -1)
        if stream is None:
            if opens:
                event = self._read_request(stream_id, ends, status, False)
                if decoder.table.changes == changes and self._head.valid:
                    repeated.keep(raw[at:stop], changes, event)
                return event
            check_closed(session, stream_id, RECV_HEADERS)
            session.abuse.earned_frame()
            return None
        following = after(stream.state, RECV_HEADERS)
        if following >= DISCARD:
            return reset(session, stream, following & 0xF, "frame_after_end")
        if self._depends_on_itself:
            return reset(session, stream, PROTOCOL_ERROR, "self_dependency")
        if stream.reading == AWAITING_HEAD:
            return self._read_response(stream, ends, status)
        return self._read_trailers(stream, ends, status)

    def _read_request(self, stream_id: i64, ends: bool, status: i64, known: bool) -> Any:
        """Open a stream with the request head that was decoded, or with the last one, if that is ``known``."""
        session = self._session
        table = session.table
        head = self._head
        if not known:
            head.valid = False
        if stream_id & 1 == 0:
            raise Malformed("unexpected_stream_id", PROTOCOL_ERROR)  # RFC 9113 5.1.1 MUST
        if 0 <= session.goaway_sent < stream_id:
            session.abuse.frame(1)  # RFC 9113 6.8: discarded
            # So is its content, which was in flight before the client could know.
            table.reset_here(stream_id, session.own.initial_window_size)
            return None
        own = session.own
        table.used(stream_id)
        if self._depends_on_itself:
            return reject(session, stream_id, PROTOCOL_ERROR, "self_dependency")  # RFC 7540 5.3.1 MUST
        if table.count() >= own.max_concurrent_streams:
            return refuse_for_now(session, stream_id)
        if status != OK:
            return self._refuse_large_request(stream_id, ends)
        reason = None if known else head.read_request(self.decoder, own.connect_protocol)
        content_length = head.content_length
        if content_length >= 0 and head.method == b"CONNECT":
            content_length = -1  # RFC 9110 9.3.6: what follows is not content
        if reason is not None or (ends and content_length > 0):
            head.valid = False
            return reject(session, stream_id, PROTOCOL_ERROR, "content_too_short" if reason is None else reason)
        stream = StreamState(
            stream_id,
            HALF_CLOSED_REMOTE if ends else OPEN,
            session.peer.initial_window_size,
            own.initial_window_size,
        )
        table.open(stream)
        table.processed = stream_id
        session.abuse.progress()
        flags = 0
        if ends:
            flags = _FLAG_END_STREAM
            stream.reading = RECEIVED
            session.ending = stream
        else:
            stream.reading = RECEIVING
            stream.content_left = content_length
            if head.expect_continue:
                flags = _FLAG_EXPECT_CONTINUE
        method = head.method
        if len(method) == 4 and method == b"HEAD":
            stream.request_facts = HEAD
        elif len(method) == 7 and method == b"CONNECT":
            stream.request_facts = CONNECT
        if head.priority is not None or session.early_priorities is not None:
            set_priority(session, stream, head.priority)
        if known:
            return _repeated_request(self.repeated.event, stream_id, flags)
        if self.decoder.seen & SEEN_NEVER_INDEXED:
            names = self.decoder.never_indexed()
            return _shared_list_request(method, head.target, head.rare, head.fields, stream_id, flags, names)
        return _shared_list_request(method, head.target, head.rare, head.fields, stream_id, flags)

    def _refuse_large_request(self, stream_id: i64, ends: bool) -> Any:
        """Answer a header section that is too large with 431 (RFC 9113 10.5.1, RFC 6585 5)."""
        session = self._session
        session.start()
        self._messages.head_writer().write_response(stream_id, 431, [], END_STREAM, True)
        if not ends:
            # RFC 9113 8.1: the rest of the request is not wanted.
            session.outbox.write_rst_stream(stream_id, NO_ERROR)
        session.table.reset_here(stream_id, session.own.initial_window_size)
        return note_rejection(session, stream_id, NO_ERROR, "header_list_too_large")

    def _read_response(self, stream: StreamState, ends: bool, status: i64) -> Any:
        """Read the response head that was decoded."""
        head = self._head
        session = self._session
        reason = "header_list_too_large" if status != OK else head.read_response(self.decoder)
        code = head.status
        if reason is None and code < 200 and ends:
            reason = "informational_ends"  # RFC 9113 8.1
        if reason is not None:
            return reset(session, stream, PROTOCOL_ERROR, reason)
        if code < 200:
            session.abuse.signal(1)
            return _listed_response(code, b"2", head.fields, stream.stream_id, 0, self.decoder.never_indexed())
        facts = stream.request_facts
        if facts & CONNECT and code < 300:
            stream.request_facts = facts | TUNNEL
        elif facts & HEAD or code == 204 or code == 304:
            stream.bodyless = True
        else:
            stream.content_left = head.content_length
            if ends and head.content_length > 0:
                return reset(session, stream, PROTOCOL_ERROR, "content_too_short")
        session.abuse.progress()
        stream.reading = RECEIVING
        if ends:
            end_received(session, stream)
        flags = _FLAG_END_STREAM if ends else 0
        if self.decoder.seen & SEEN_NEVER_INDEXED:
            return _listed_response(code, b"2", head.fields, stream.stream_id, flags, self.decoder.never_indexed())
        return _listed_response(code, b"2", head.fields, stream.stream_id, flags)

    def _read_trailers(self, stream: StreamState, ends: bool, status: i64) -> Any:
        """Read the trailer section that was decoded."""
        head = self._head
        session = self._session
        if not ends:
            reason: str | None = "trailers_without_end"  # RFC 9113 8.1
        elif stream.request_facts & (CONNECT if session.server else TUNNEL):
            reason = "trailers_in_tunnel"  # RFC 9113 8.5
        elif status != OK:
            reason = "header_list_too_large"
        elif stream.content_left > 0:
            reason = "content_too_short"
        else:
            reason = head.read_trailers(self.decoder)
        if reason is not None:
            return reset(session, stream, PROTOCOL_ERROR, reason)
        session.abuse.progress()
        end_received(session, stream)
        session.ending = None  # the event below is that end
        return _listed_trailers(head.fields, stream.stream_id, self.decoder.never_indexed())
