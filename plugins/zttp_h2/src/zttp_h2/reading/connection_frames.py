"""Frames about the connection: SETTINGS, PING, GOAWAY (RFC 9113 6.5, 6.7, 6.8), and PRIORITY_UPDATE (RFC 9218 7.1).

Each function that reads a frame applies it, and returns an event, or ``None``.
"""

from __future__ import annotations

from typing import Any, Final

from librt.strings import read_i32_be

from zttp_core import events as core
from zttp_core.messages.priorities import parse_priority
from zttp_h2.closing import drop, ping_answered
from zttp_h2.codes import FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR, REFUSED_STREAM
from zttp_h2.frames import ACK
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64
from zttp_h2.session import Session
from zttp_h2.settings import HEADER_TABLE_SIZE, parse_params
from zttp_h2.streams.early_priorities import EarlyPriorities
from zttp_h2.streams.states import IDLE, RESET_RECEIVED
from zttp_h2.streams.stream_state import StreamState
from zttp_h2.writing.content_writer import ContentWriter

_new_settings: Final[Any] = core.new_settings
_new_ping: Final[Any] = core.new_ping

_OCTETS_PER_FRAME: Final = 96  # 16 settings count as one frame


def read_priority_update(session: Session, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
    """Read a PRIORITY_UPDATE frame (RFC 9218 7.1)."""
    if stream_id != 0:
        raise Malformed("frame_on_stream", PROTOCOL_ERROR)
    if stop - at < 4:
        raise Malformed("frame_size", FRAME_SIZE_ERROR)
    if not session.server:
        raise Malformed("unexpected_priority_update", PROTOCOL_ERROR)
    session.abuse.signal(1)
    target = i64(read_i32_be(raw, at)) & 0x7FFFFFFF
    if target == 0 or target & 1 == 0:
        raise Malformed("unexpected_priority_update", PROTOCOL_ERROR, at)
    priority = parse_priority(raw[at + 4 : stop])
    urgency: int = priority[0]
    incremental: bool = priority[1]
    table = session.table
    stream = table.get(target)
    if stream is not None:
        session.send_flow.prioritize(stream, urgency, incremental)
    elif 0 <= session.goaway_sent < target:
        return None  # RFC 9113 6.8: discarded, like the request
    elif table.state_of(target) == IDLE:
        early = session.early_priorities
        if early is None:
            early = EarlyPriorities()
            session.early_priorities = early
        early.keep(target, urgency, incremental)
        if early.count(table.highest) + table.count() > session.own.max_concurrent_streams:
            raise Malformed("too_many_streams", PROTOCOL_ERROR)  # RFC 9218 7.1 MUST
    else:
        return None
    return core.PriorityUpdate(target, urgency, incremental)


def set_priority(session: Session, stream: StreamState, field: tuple[int, bool] | None) -> None:
    """Apply the Priority field of a request, or the PRIORITY_UPDATE before it, which takes precedence (RFC 9218 7)."""
    early = session.early_priorities
    known = None if early is None else early.take(stream.stream_id)
    if known is None:
        if field is None:
            return
        known = field
    stream.urgency = known[0]
    stream.incremental = known[1]


def read_settings(
    session: Session,
    content: ContentWriter,
    decoder: Decoder,
    flags: i64,
    stream_id: i64,
    raw: bytes,
    at: i64,
    stop: i64,
) -> Any:
    """Read a SETTINGS frame, apply and acknowledge it (RFC 9113 6.5)."""
    if stream_id != 0:
        raise Malformed("frame_on_stream", PROTOCOL_ERROR)
    size = stop - at
    if flags & ACK:
        if size != 0:
            raise Malformed("frame_size", FRAME_SIZE_ERROR)
        return _read_settings_ack(session, decoder)
    if size % 6 != 0:
        raise Malformed("frame_size", FRAME_SIZE_ERROR)
    session.abuse.signal(1 + size // _OCTETS_PER_FRAME)
    session.start()
    apply_settings(session, content, raw, at, stop, True)
    return _new_settings(parse_params(raw, at, stop), False)


def apply_settings(
    session: Session, content: ContentWriter, payload: bytes, at: i64, stop: i64, acknowledge: bool
) -> None:
    """Apply the peer's settings."""
    peer = session.peer
    before = peer.initial_window_size
    code = peer.apply(payload, at, stop, not session.server)
    if code != 0:
        raise Malformed("invalid_setting", code, peer.fault_at)
    if peer.named_table_size:
        for identifier, value in parse_params(payload, at, stop):
            if identifier == HEADER_TABLE_SIZE:
                content.messages.head_writer().encoder.set_peer_table_size(value)
    content.messages.apply_max_frame_size()
    if acknowledge:
        # Before anything is sent under the new values.
        session.acknowledge_settings()
    delta = peer.initial_window_size - before
    if delta != 0 and session.table.count() > 0:
        session.abuse.forgive_no_signal()
        if not session.send_flow.change_initial_window(session.table.all(), delta):
            raise Malformed("window_overflow", FLOW_CONTROL_ERROR)
        content.pump()


def _read_settings_ack(session: Session, decoder: Decoder) -> Any:
    own = session.own
    before = own.initial_window_size
    if not own.acknowledged():
        raise Malformed("unexpected_settings_ack", PROTOCOL_ERROR)
    decoder.set_max_table_size(own.header_table_size)
    decoder.max_header_list_size = own.max_header_list_size
    session.receive_flow.pending_growth = own.pending_growth()
    delta = own.initial_window_size - before
    if delta != 0:
        session.receive_flow.change_initial_window(session.table.all(), delta)
    return _new_settings([], True)


def read_ping(session: Session, flags: i64, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
    """Read a PING frame and answer it (RFC 9113 6.7)."""
    if stream_id != 0:
        raise Malformed("frame_on_stream", PROTOCOL_ERROR)
    if stop - at != 8:
        raise Malformed("frame_size", FRAME_SIZE_ERROR)
    data = raw[at:stop]
    acknowledges = flags & ACK != 0
    if not acknowledges:
        session.abuse.signal(1)
        session.check_output()
        session.outbox.write_ping(data, ACK)
    elif session.pings > 0:
        ping_answered(session)
    else:
        session.abuse.frame(1)
    return _new_ping(acknowledges, data)


def read_goaway(session: Session, stream_id: i64, raw: bytes, at: i64, stop: i64) -> list[object]:
    """Read a GOAWAY frame (RFC 9113 6.8); return its event, then those of the streams that it refuses.

    Streams above the last one can be retried on another connection.
    """
    if stream_id != 0:
        raise Malformed("frame_on_stream", PROTOCOL_ERROR)
    if stop - at < 8:
        raise Malformed("frame_size", FRAME_SIZE_ERROR)
    session.abuse.frame(1)
    last = i64(read_i32_be(raw, at)) & 0x7FFFFFFF
    error_code = i64(read_i32_be(raw, at + 4)) & 0xFFFFFFFF
    if 0 <= session.goaway_received < last:
        raise Malformed("goaway_raised", PROTOCOL_ERROR, at)  # RFC 9113 6.8 MUST NOT
    session.goaway_received = last
    events: list[object] = []
    if not session.server:
        for stream in session.table.take_above(last):
            drop(session, stream, RESET_RECEIVED)
            events.append(core.RstStream(stream.stream_id, REFUSED_STREAM))
    events.append(core.Goaway(last, error_code, raw[at + 8 : stop]))
    return events
