"""Writing control frames: a frame has the values at the time when it is sent (RFC 9000 13.3, 19)."""

from librt.strings import BytesWriter

from zttp_h3.native_ints import i64
from zttp_h3.quic.controls import Control
from zttp_h3.quic.session import Session
from zttp_h3.wire import frame_writer as write
from zttp_h3.wire.frame_types import (
    DATA_BLOCKED,
    MAX_DATA,
    MAX_STREAM_DATA,
    MAX_STREAMS_BIDIRECTIONAL,
    MAX_STREAMS_UNIDIRECTIONAL,
    NEW_CONNECTION_ID,
    NEW_TOKEN,
    RESET_STREAM,
    RETIRE_CONNECTION_ID,
    STOP_SENDING,
    STREAM_DATA_BLOCKED,
)


def write_control(session: Session, payload: BytesWriter, control: Control) -> bool:
    """Write a control frame with the current values; False if it is no longer needed."""
    streams = session.streams
    kind = control.kind
    smoothed = session.loss.round_trip.smoothed
    if kind == MAX_DATA:
        write.write_value(payload, kind, streams.receiving.window.raise_limit(session.now, smoothed))
    elif kind == MAX_STREAM_DATA:
        stream = streams.streams.get(int(control.subject))
        if stream is None or stream.incoming is None or stream.window is None or stream.incoming.final >= 0:
            return False
        limit = stream.window.raise_limit(session.now, smoothed)
        stream.incoming.limit = limit
        # RFC 9000 4.1: a stream's window needs a connection's window of at least that size.
        streams.receiving.window.widen(stream.window.window + stream.window.window // 2)
        write.write_stream_value(payload, kind, control.subject, limit)
    elif kind == MAX_STREAMS_BIDIRECTIONAL or kind == MAX_STREAMS_UNIDIRECTIONAL:
        write.write_value(payload, kind, streams.counts.raise_remote(kind - MAX_STREAMS_BIDIRECTIONAL))
    elif kind == RESET_STREAM:
        stream = streams.streams.get(int(control.subject))
        if stream is None or stream.outgoing is None:
            return False
        out = stream.outgoing
        write.write_reset_stream(payload, control.subject, out.reset_code, out.final)
    elif kind == STOP_SENDING:
        stream = streams.streams.get(int(control.subject))
        if stream is None or stream.incoming is None or stream.incoming.reset_code >= 0:
            return False  # RFC 9000 13.3: until the peer has stopped
        write.write_stream_value(payload, kind, control.subject, control.value)
    elif kind == STREAM_DATA_BLOCKED:
        # RFC 9000 13.3: only while that is so; 3.3 MUST NOT: not after a reset.
        stream = streams.streams.get(int(control.subject))
        if stream is None or stream.outgoing is None or not stream.outgoing.is_blocked_at(control.value):
            return False
        write.write_stream_value(payload, kind, control.subject, control.value)
    elif kind == DATA_BLOCKED:
        if streams.credit.limit != control.value:
            return False
        write.write_value(payload, kind, control.value)
    elif kind == RETIRE_CONNECTION_ID:
        write.write_value(payload, kind, control.subject)
    elif kind == NEW_CONNECTION_ID:
        size: i64 = len(control.data) - 16
        if session.local_ids.of_sequence(control.subject) is None:
            control.dropped = True
            session.local_ids.on_settled()
            session.issue_connection_ids()
            return False
        write.write_new_connection_id(payload, control.subject, 0, control.data[:size], control.data[size:])
    elif kind == NEW_TOKEN:
        write.write_new_token(payload, control.data)
    else:
        write.write_handshake_done(payload)
    return True
