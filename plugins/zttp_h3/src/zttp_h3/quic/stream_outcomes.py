"""Reports the fate of packets to the streams whose pieces they had (RFC 9000 13.3, 3.1)."""

from zttp_h3.native_ints import i64
from zttp_h3.quic.stream import StreamPiece
from zttp_h3.quic.stream_table import StreamTable
from zttp_h3.recovery.sent_packets import SentPacket
from zttp_h3.streams.send_stream import SendStream


def on_delivered(table: StreamTable, packet: SentPacket) -> None:
    """Record that the stream pieces of a packet arrived."""
    stream = packet.stream
    if isinstance(stream, SendStream):
        _delivered(table, stream, packet.offset, packet.length, packet.fin)
    if packet.more is not None:
        for piece in packet.more:
            if isinstance(piece, StreamPiece):
                _delivered(table, piece.stream, piece.offset, piece.length, piece.fin)


def on_lost(table: StreamTable, packet: SentPacket) -> None:
    """Record that the stream pieces of a packet must be sent again."""
    stream = packet.stream
    if isinstance(stream, SendStream):
        _lost(table, stream, packet.offset, packet.length, packet.fin)
    if packet.more is not None:
        for piece in packet.more:
            if isinstance(piece, StreamPiece):
                _lost(table, piece.stream, piece.offset, piece.length, piece.fin)


def on_reset_delivered(table: StreamTable, stream_id: i64) -> None:
    """Record that our RESET_STREAM arrived."""
    stream = table.streams.get(int(stream_id))
    if stream is not None and stream.outgoing is not None:
        stream.outgoing.reset_acknowledged = True
        table.forget_if_over(stream)


def _lost(table: StreamTable, out: SendStream, offset: i64, length: i64, fin: bool) -> None:
    out.on_lost(offset, length, fin)
    if out.stream_id >= 0:  # and no CRYPTO stream
        table.schedule(out)


def _delivered(table: StreamTable, out: SendStream, offset: i64, length: i64, fin: bool) -> None:
    out.on_acknowledged(offset, length, fin)
    if out.final >= 0 and out.is_settled():
        stream = table.streams.get(int(out.stream_id))
        if stream is not None:
            table.forget_if_over(stream)
