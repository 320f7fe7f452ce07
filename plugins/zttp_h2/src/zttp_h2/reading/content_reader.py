"""DATA frames, which are passed on as their bytes arrive, and discarded frames (RFC 9113 6.1, 5.5)."""

from __future__ import annotations

from typing import Any, Final, final

from zttp_core import events as core
from zttp_h2.closing import end_received
from zttp_h2.codes import FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR
from zttp_h2.flow.abuse_limits import SLIVER
from zttp_h2.frames import END_STREAM, HEADER_SIZE, PADDED
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.reading.inbox import Inbox
from zttp_h2.reading.stream_errors import check_closed, reset
from zttp_h2.session import Session
from zttp_h2.streams.states import DISCARD, RECV_DATA, RESET_SENT, after
from zttp_h2.streams.stream_state import AWAITING_HEAD, StreamState

_new_data: Final[Any] = core.new_data


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ContentReader:
    """The frame whose payload is read as it arrives: ``left`` octets of content, then ``padding``."""

    def __init__(self, inbox: Inbox, session: Session, auto_credit: bool) -> None:
        self.left: i64 = 0
        self.padding: i64 = 0
        self._stream: StreamState | None = None  # None: it is discarded
        self._ends: bool = False
        self._inbox: Final = inbox
        self._session: Final = session
        self._auto_credit: Final = auto_credit

    def discard(self, length: i64) -> None:
        """Begin a frame that is discarded."""
        self._stream = None
        self.left = 0
        self.padding = length

    def begin(self, length: i64, flags: i64, stream_id: i64) -> Any:
        """Begin a DATA frame; its header, and any Pad Length, have arrived. Return an event, or ``None``."""
        if stream_id == 0:
            raise Malformed("frame_on_stream_zero", PROTOCOL_ERROR)
        inbox = self._inbox
        session = self._session
        content = length
        at = inbox.at + HEADER_SIZE
        if flags & PADDED:
            if length == 0:
                raise Malformed("frame_size", FRAME_SIZE_ERROR)
            self.padding = inbox.raw[at]
            content -= 1 + self.padding
            at += 1
            if content < 0:
                raise Malformed("padding_too_long", PROTOCOL_ERROR, at - 1)  # RFC 9113 6.1 MUST
        inbox.at = at
        self.left = content
        self._stream = None
        self._ends = False
        flow = session.receive_flow
        if length > flow.window:
            raise Malformed("connection_window_exceeded", FLOW_CONTROL_ERROR)
        flow.received(length)
        stream = session.table.get(stream_id)
        if stream is None:
            check_closed(session, stream_id, RECV_DATA)
            flow.returned(length)
            if not session.table.spend(stream_id, length) and content < SLIVER:
                session.abuse.earned_frame()
            return None
        following = after(stream.state, RECV_DATA)
        if following >= DISCARD:
            return self._refuse(stream, length, following & 0xF, "frame_after_end")
        if length > stream.receive_window and length > 0:  # RFC 9113 6.9.1: without content no window is needed
            return self._refuse(stream, length, FLOW_CONTROL_ERROR, "stream_window_exceeded")
        stream.receive_window -= length
        if stream.reading == AWAITING_HEAD:
            return self._refuse(stream, length, PROTOCOL_ERROR, "content_before_head")
        ends = flags & END_STREAM != 0
        left = stream.content_left
        if left >= 0:
            left -= content
            stream.content_left = left
            if left < 0 or (ends and left > 0):
                reason = "content_too_long" if left < 0 else "content_too_short"
                return self._refuse(stream, length, PROTOCOL_ERROR, reason)
        elif stream.bodyless and content > 0:
            return self._refuse(stream, length, PROTOCOL_ERROR, "no_content_allowed")
        if length > content:
            flow.consumed(stream, length - content)
        if content == 0:
            if ends:
                end_received(session, stream)
            else:
                session.abuse.signal(1)
            return None
        session.abuse.progress()
        self._stream = stream
        self._ends = ends
        return self.read_on() if inbox.available() else None

    def read_on(self) -> Any:
        """Continue with the payload, of which some bytes have arrived; return an event, or ``None``."""
        inbox = self._inbox
        raw = inbox.raw
        at = inbox.at
        size: i64 = len(raw) - at
        left = self.left
        if left == 0:
            if size > self.padding:
                size = self.padding
            self.padding -= size
            inbox.at = at + size
            return None
        if size > left:
            size = left
        self.left = left - size
        inbox.at = at + size
        stream = self._stream
        if stream is None or stream.state == RESET_SENT:
            if stream is not None:
                self._session.receive_flow.returned(size)
            return None
        data = raw if size == len(raw) else raw[at : at + size]
        if not self._auto_credit:
            stream.unconsumed += size
        if left == size and self._ends:
            end_received(self._session, stream)
        if self._auto_credit:
            self._session.receive_flow.consumed(stream, size)
        return _new_data(data, stream.stream_id)

    def _refuse(self, stream: StreamState, length: i64, error_code: i64, reason: str) -> Any:
        """Reset a stream because of a DATA frame, whose octets still count for the connection (RFC 9113 5.1)."""
        self._session.receive_flow.returned(length)
        return reset(self._session, stream, error_code, reason)
