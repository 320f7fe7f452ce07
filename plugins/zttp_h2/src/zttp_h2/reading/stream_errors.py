"""The effects on a stream of a frame that breaks a rule, or comes too late or too early."""

from __future__ import annotations

from typing import Any

from zttp_core import events as core
from zttp_h2.closing import drop
from zttp_h2.codes import PROTOCOL_ERROR, REFUSED_STREAM
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64
from zttp_h2.session import Session
from zttp_h2.streams.states import (
    CONNECTION_ERROR,
    IDLE,
    OPEN,
    RECV_HEADERS,
    RESET_SENT,
    after,
)
from zttp_h2.streams.stream_state import StreamState


def check_closed(session: Session, stream_id: i64, given: i64) -> None:
    """Check a frame on a stream that is not open: idle, or closed and forgotten."""
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


def reset(session: Session, stream: StreamState, error_code: i64, reason: str) -> Any:
    """Reset a stream because of a stream error (RFC 9113 5.4.2); return its event."""
    drop(session, stream, RESET_SENT)
    return send_reset(session, stream.stream_id, error_code, reason)


def reject(session: Session, stream_id: i64, error_code: i64, reason: str) -> Any:
    """Refuse a stream that was not opened, and return its event."""
    session.table.reset_here(stream_id, session.own.initial_window_size)
    return send_reset(session, stream_id, error_code, reason)


def refuse_for_now(session: Session, stream_id: i64) -> Any:
    """Refuse a stream above SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 5.1.2): it can be tried again."""
    session.table.reset_here(stream_id, session.own.initial_window_size)
    session.start()
    session.check_output()
    session.outbox.write_rst_stream(stream_id, REFUSED_STREAM)
    if session.own.acknowledged_first:
        return note_rejection(session, stream_id, REFUSED_STREAM, "too_many_streams")
    # The client could not know the limit.
    session.abuse.frame(1)
    return remember(session, stream_id, REFUSED_STREAM, "too_many_streams")


def send_reset(session: Session, stream_id: i64, error_code: i64, reason: str) -> Any:
    """Send RST_STREAM for a stream error, and return its event."""
    session.start()
    session.outbox.write_rst_stream(stream_id, error_code)
    return note_rejection(session, stream_id, error_code, reason)


def note_rejection(session: Session, stream_id: i64, error_code: i64, reason: str) -> Any:
    """Count a rejected stream, and return its event."""
    session.abuse.reset()  # MadeYouReset (CVE-2025-8671)
    return remember(session, stream_id, error_code, reason)


def remember(session: Session, stream_id: i64, error_code: i64, reason: str) -> Any:
    """Record why a stream was rejected, and return its event."""
    session.rejected_stream = stream_id
    session.rejected_at = session.frame_at
    session.rejected_code = error_code
    session.rejected_reason = reason
    return core.RstStream(stream_id, error_code)
