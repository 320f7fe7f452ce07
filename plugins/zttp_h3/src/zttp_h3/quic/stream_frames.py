"""The peer's frames about streams: checked against the table, and applied there (RFC 9000 3, 4, 19).

Functions on the table, so that an idle connection needs no further object. Each raises Malformed for a connection
error.
"""

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.quic.stream import QuicStream
from zttp_h3.quic.stream_table import StreamTable
from zttp_h3.streams.identifiers import is_local, is_unidirectional
from zttp_h3.streams.receive_stream import FLOW_CONTROL, TOO_MANY_GAPS, ReceiveStream
from zttp_h3.wire.frame_types import MAX_STREAM_DATA, RESET_STREAM, STOP_SENDING, STREAM


def on_stream(table: StreamTable, stream_id: i64, offset: i64, data: bytes, fin: bool) -> None:
    """Take a STREAM frame (19.8). Raises Malformed."""
    stream = _incoming(table, stream_id, STREAM)
    if stream is None:
        return
    incoming = stream.incoming
    assert incoming is not None
    _count(table, incoming.receive(offset, data, fin), stream, incoming, STREAM)


def on_reset(table: StreamTable, stream_id: i64, error_code: i64, final_size: i64) -> None:
    """Take a RESET_STREAM frame (19.4). Raises Malformed."""
    stream = _incoming(table, stream_id, RESET_STREAM)
    if stream is None:
        return
    incoming = stream.incoming
    assert incoming is not None
    _count(table, incoming.reset(error_code, final_size), stream, incoming, RESET_STREAM)
    if incoming.reset_code >= 0:
        table.receiving.give_up(stream)


def on_stop_sending(table: StreamTable, stream_id: i64, error_code: i64) -> None:
    """Take a STOP_SENDING frame (19.5): the answer is a reset with the same code (3.5). Raises Malformed."""
    stream = _outgoing(table, stream_id, STOP_SENDING)
    if stream is None or stream.stopped_code >= 0:
        return
    stream.stopped_code = error_code
    table.reset(stream, error_code)
    table.note_readable(stream)


def on_max_stream_data(table: StreamTable, stream_id: i64, limit: i64) -> None:
    """Take a MAX_STREAM_DATA frame (19.10). Raises Malformed."""
    stream = _outgoing(table, stream_id, MAX_STREAM_DATA)
    if stream is None:
        return
    out = stream.outgoing
    assert out is not None
    if limit > out.limit:
        out.limit = limit
        table.schedule(out)


def check_blocked(table: StreamTable, stream_id: i64, frame_type: i64) -> None:
    """Check a STREAM_DATA_BLOCKED frame (19.13), which has no effect. Raises Malformed."""
    _incoming(table, stream_id, frame_type)


def mark_early(table: StreamTable, stream_id: i64) -> None:
    """Record that part of a stream arrived in 0-RTT, and may be a replay (RFC 9001 9.2)."""
    stream = table.streams.get(int(stream_id))
    if stream is not None:
        stream.early_data = True


def _incoming(table: StreamTable, stream_id: i64, frame_type: i64) -> QuicStream | None:
    """Return the stream that the peer sends on, None if it is over. Raises Malformed."""
    stream = table.streams.get(int(stream_id))
    if stream is None:
        stream = _unknown(table, stream_id, frame_type)
    if stream is not None and stream.incoming is None:
        raise Malformed("send_only_stream", QuicErrorCode.STREAM_STATE_ERROR, int(frame_type))
    return stream


def _outgoing(table: StreamTable, stream_id: i64, frame_type: i64) -> QuicStream | None:
    """Return the stream that we send on, None if it is over. Raises Malformed."""
    stream = table.streams.get(int(stream_id))
    if stream is None:
        stream = _unknown(table, stream_id, frame_type)
    if stream is not None and stream.outgoing is None:
        raise Malformed("receive_only_stream", QuicErrorCode.STREAM_STATE_ERROR, int(frame_type))
    return stream


def _unknown(table: StreamTable, stream_id: i64, frame_type: i64) -> QuicStream | None:
    """Open a stream of the peer, and those of its type below (RFC 9000 3.2); None for one that is over."""
    counts = table.counts
    if is_local(stream_id, table.is_server):
        if not counts.is_known(stream_id):
            raise Malformed("stream_not_opened", QuicErrorCode.STREAM_STATE_ERROR, int(frame_type))
        _check_gone(is_unidirectional(stream_id), frame_type)
        return None
    if not counts.may_exist(stream_id):
        raise Malformed("too_many_streams", QuicErrorCode.STREAM_LIMIT_ERROR, int(frame_type))
    opened: QuicStream | None = None
    while counts.is_to_come(stream_id):  # otherwise it is over
        opened = table.make(counts.open_remote(stream_id))
    return opened


def _check_gone(send_only: bool, frame_type: i64) -> None:
    if send_only and frame_type != STOP_SENDING and frame_type != MAX_STREAM_DATA:
        raise Malformed("send_only_stream", QuicErrorCode.STREAM_STATE_ERROR, int(frame_type))


def _count(table: StreamTable, rose: i64, stream: QuicStream, incoming: ReceiveStream, frame_type: i64) -> None:
    """Count a stream's bytes against the connection, and make it readable. Raises Malformed."""
    if rose < 0:
        if rose == FLOW_CONTROL:
            raise Malformed("stream_limit_exceeded", QuicErrorCode.FLOW_CONTROL_ERROR, int(frame_type))
        if rose == TOO_MANY_GAPS:
            raise Malformed("too_many_gaps", QuicErrorCode.INTERNAL_ERROR, int(frame_type))
        raise Malformed("final_size_changed", QuicErrorCode.FINAL_SIZE_ERROR, int(frame_type))
    table.receiving.count(rose, frame_type)
    if incoming.stop_code >= 0:
        table.receiving.give_up(stream)
        if incoming.is_settled():
            table.end_incoming(stream)
        return
    table.note_readable(stream)
