"""A client's requests: opening their streams, and their priority (RFC 9114 4.1, RFC 9218 7.2)."""

from typing import Any, Final

from librt.strings import BytesWriter

from zttp_core.messages import priorities
from zttp_core.reasons import local_error
from zttp_h3.early_data import is_safe
from zttp_h3.frames import PRIORITY_UPDATE_REQUEST, frame
from zttp_h3.reading.request_stream import RequestStream
from zttp_h3.request_state import RequestState
from zttp_h3.session import NO_GOAWAY, H3Session
from zttp_h3.wire.varint import write_varint
from zttp_h3.writing import messages

_format_priority: Final[Any] = priorities.format_priority


def open_request(
    session: H3Session,
    method: bytes,
    target: bytes,
    headers: Any,
    scheme: bytes,
    protocol: bytes | None,
    end_stream: bool,
) -> RequestState:
    """Open a stream with a request head. Raises LocalProtocolError, and then no stream was opened."""
    transport = session.transport
    if not transport.session.is_open():
        raise local_error("connection_ended")
    if session.goaway_received != NO_GOAWAY:
        raise local_error("connection_closing")
    if protocol is not None and not session.peer_connect_protocol:
        raise local_error("connect_protocol_not_enabled", protocol)
    section, length = messages.request_section(session, method, target, headers, scheme, protocol)
    if end_stream and length > 0:
        raise local_error("content_too_short")
    if not transport.session.streams.can_open(False):
        raise local_error("too_many_streams")
    session.start()
    quic = transport.open(False)
    assert quic is not None
    if transport.session.zero_rtt_sealer is not None and not is_safe(method):
        transport.session.streams.wait_for_handshake(quic)
    state = RequestStream(session, quic)
    quic.application = state
    messages.begin_request(session, state, method, protocol, length)
    messages.write_section(session, state, section)
    session.touch()
    return state


def update_priority(session: H3Session, stream_id: int, urgency: int, incremental: bool) -> None:
    """Queue PRIORITY_UPDATE. Raises LocalProtocolError if the stream is not open, ValueError for an invalid urgency."""
    value: bytes = _format_priority(urgency, incremental)
    if stream_id not in session.transport.session.streams.streams or stream_id & 3 != 0:
        raise local_error("stream_closed", stream_id=stream_id)
    payload = BytesWriter()
    write_varint(payload, stream_id)
    payload.write(value)
    update = frame(PRIORITY_UPDATE_REQUEST, payload.getvalue())
    if session.may_prioritize(stream_id):
        session.write_control(update)
    else:
        session.held_priorities[stream_id] = update
