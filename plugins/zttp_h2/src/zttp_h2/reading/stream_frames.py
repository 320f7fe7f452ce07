"""The short frames about streams: RST_STREAM, WINDOW_UPDATE, PRIORITY (RFC 9113 6.4, 6.9, 6.3).

Each function returns an event, or ``None``.
"""

from __future__ import annotations

from typing import Any, Final

from librt.strings import read_i32_be

from zttp_core import events as core
from zttp_h2.closing import drop
from zttp_h2.codes import FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64
from zttp_h2.reading.stream_errors import check_closed, reset
from zttp_h2.session import Session
from zttp_h2.streams.states import HALF_CLOSED_LOCAL, IDLE, RECV_RST_STREAM, RECV_WINDOW_UPDATE, RESET_RECEIVED
from zttp_h2.streams.stream_state import StreamState
from zttp_h2.writing.content_writer import ContentWriter

_new_window_update: Final[Any] = core.new_window_update


def read_rst_stream(session: Session, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
    """Read a RST_STREAM frame (RFC 9113 6.4)."""
    if stop - at != 4:
        raise Malformed("frame_size", FRAME_SIZE_ERROR)
    if stream_id == 0:
        raise Malformed("frame_on_stream_zero", PROTOCOL_ERROR)
    error_code = i64(read_i32_be(raw, at)) & 0xFFFFFFFF
    stream = session.table.get(stream_id)
    if stream is None:
        check_closed(session, stream_id, RECV_RST_STREAM)
        session.abuse.earned_frame()
        return None
    answered = stream.state == HALF_CLOSED_LOCAL
    served = _was_served(session, stream)
    drop(session, stream, RESET_RECEIVED)
    if session.server:
        if answered:
            session.abuse.completed()  # the rest of the request is not needed any more
        elif not served:
            session.abuse.reset()  # rapid reset (CVE-2023-44487)
    return core.RstStream(stream_id, error_code)


def _was_served(session: Session, stream: StreamState) -> bool:
    """Return whether part of the answer was sent on a stream: stopping a download or ending a watch is not an attack.

    An answer does not count if the RST_STREAM arrived before it, nor does a head that was not sent, or whose content
    the client's windows block.
    """
    if session.frame_at < stream.answered_at:
        return False
    return stream.progressed or (stream.answered_in < session.outbox.number and stream.blocked is None)


def read_window_update(session: Session, content: ContentWriter, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
    """Read a WINDOW_UPDATE frame (RFC 9113 6.9)."""
    if stop - at != 4:
        raise Malformed("frame_size", FRAME_SIZE_ERROR)
    increment = i64(read_i32_be(raw, at)) & 0x7FFFFFFF
    session.abuse.earned_frame()
    if stream_id == 0:
        if increment == 0:
            raise Malformed("zero_increment", PROTOCOL_ERROR, at)
        if not content.credit_connection(increment):
            raise Malformed("window_overflow", FLOW_CONTROL_ERROR, at)
        return _new_window_update(0, increment)
    stream = session.table.get(stream_id)
    if stream is None:
        check_closed(session, stream_id, RECV_WINDOW_UPDATE)
        return None
    if increment == 0:
        return reset(session, stream, PROTOCOL_ERROR, "zero_increment")
    if not content.credit_stream(stream, increment):
        return reset(session, stream, FLOW_CONTROL_ERROR, "window_overflow")
    return _new_window_update(stream_id, increment)


def read_priority(session: Session, stream_id: i64, raw: bytes, at: i64, length: i64) -> Any:
    """Read a PRIORITY frame (RFC 9113 6.3): validated and ignored."""
    if stream_id == 0:
        raise Malformed("frame_on_stream_zero", PROTOCOL_ERROR)
    if length != 5:
        stream = session.table.get(stream_id)
        if stream is None:
            raise Malformed("frame_size", FRAME_SIZE_ERROR)
        return reset(session, stream, FRAME_SIZE_ERROR, "frame_size")
    session.abuse.signal(1)
    if depends_on(raw, at) == stream_id:
        stream = session.table.get(stream_id)
        if stream is not None:
            return reset(session, stream, PROTOCOL_ERROR, "self_dependency")
        if session.table.state_of(stream_id) == IDLE:
            # RFC 7540 5.3.1: a stream error, but RST_STREAM must not be sent for an idle stream (RFC 9113 6.4).
            raise Malformed("self_dependency", PROTOCOL_ERROR, at)
    return None


def depends_on(raw: bytes, at: i64) -> i64:
    """Return the stream in priority fields (RFC 7540 5.3.1), which are otherwise ignored."""
    return i64(read_i32_be(raw, at)) & 0x7FFFFFFF
