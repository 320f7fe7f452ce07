"""All streams of a connection: who may open them, what each may send, and what became of it (RFC 9000 2, 3, 4, 19).

The table speaks for the streams: frames of the peer come in, wishes of the application come in, and what has to leave
stands in ``scheduler`` and ``controls``. Streams that are over are forgotten but for their number.
"""

from typing import Final, final

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.quic.controls import Control, ControlQueue
from zttp_h3.quic.stream import QuicStream
from zttp_h3.recovery.sent_packets import SentPacket
from zttp_h3.streams.finished import FinishedStreams
from zttp_h3.streams.flow_control import ReceiveWindow, SendCredit
from zttp_h3.streams.identifiers import UNIDIRECTIONAL, is_local, is_unidirectional, place_of
from zttp_h3.streams.receive_stream import FLOW_CONTROL, TOO_MANY_GAPS, ReceiveStream
from zttp_h3.streams.scheduler import Scheduler
from zttp_h3.streams.send_stream import SendStream
from zttp_h3.wire.frame_types import (
    MAX_DATA,
    MAX_STREAM_DATA,
    MAX_STREAMS_BIDIRECTIONAL,
    MAX_STREAMS_UNIDIRECTIONAL,
    RESET_STREAM,
    STOP_SENDING,
    STREAM,
)
from zttp_h3.wire.transport_parameters import TransportParameters

# Streams that are opened before the peer's limits are known; what it does not allow then waits.
_AHEAD: Final = 100


@final
class StreamPiece:
    """A part of a stream in a packet that has more than one."""

    def __init__(self, stream: SendStream, offset: i64, length: i64, fin: bool) -> None:
        self.stream: Final = stream
        self.offset: Final[i64] = offset
        self.length: Final[i64] = length
        self.fin: Final = fin


@final
class StreamTable:
    """The streams of one connection.

    ``own`` are the limits that we announced, ``most_stream_window`` and ``most_connection_window`` how far the windows
    may grow. ``readable`` are streams with something new for the application.
    """

    def __init__(
        self,
        is_server: bool,
        own: TransportParameters,
        most_stream_window: i64,
        most_connection_window: i64,
        controls: ControlQueue,
    ) -> None:
        self.streams: Final[dict[int, QuicStream]] = {}
        self.scheduler: Final = Scheduler()
        self.credit: Final = SendCredit(0)
        self.window: Final = ReceiveWindow(own.initial_max_data, most_connection_window)
        self.received: i64 = 0  # on all streams, counted by their highest offsets
        self.readable: list[QuicStream] = []
        self.queued_bytes: i64 = 0  # given by the application, and not sent
        self._is_server: Final = is_server
        self._own: Final = own
        self._peer = TransportParameters()
        self._most_stream_window: Final[i64] = most_stream_window
        self._controls: Final = controls
        self._finished: Final = FinishedStreams()
        self._next_local: Final[list[int]] = [0, 0]  # places, of bidirectional and unidirectional streams
        self._next_remote: Final[list[int]] = [0, 0]
        self._local_limit: Final[list[int]] = [0, 0]  # what the peer lets us open
        self._remote_limit: Final = [int(own.initial_max_streams_bidi), int(own.initial_max_streams_uni)]
        self._remote_window: Final = [int(own.initial_max_streams_bidi), int(own.initial_max_streams_uni)]
        self._remote_over: Final[list[int]] = [0, 0]
        self._without_credit: list[SendStream] = []
        self._held: list[SendStream] = []  # opened ahead of the peer's limit
        self._applied = False  # the peer's limits are known
        self._max_data: Final = Control(MAX_DATA)
        self._max_streams: Final = (Control(MAX_STREAMS_BIDIRECTIONAL), Control(MAX_STREAMS_UNIDIRECTIONAL))

    # -------------------------------------------------------------------------------------------------- the application

    def apply(self, peer: TransportParameters) -> None:
        """Take the peer's limits: those of its handshake, or before that the remembered ones of 0-RTT."""
        self._peer = peer
        self._applied = True
        if self.credit.raise_to(peer.initial_max_data):
            self._wake()
        self._local_limit[0] = max(self._local_limit[0], int(peer.initial_max_streams_bidi))
        self._local_limit[1] = max(self._local_limit[1], int(peer.initial_max_streams_uni))
        for stream in self.streams.values():
            out = stream.outgoing
            if out is not None:
                limit = self._send_limit(stream.stream_id)
                if limit > out.limit:
                    out.limit = limit
                self.schedule(out)

    def may_exist(self, stream_id: i64) -> bool:
        """Tell whether the peer may have opened a stream of its own, or may still."""
        return place_of(stream_id) < self._remote_limit[1 if is_unidirectional(stream_id) else 0]

    def is_to_come(self, stream_id: i64) -> bool:
        """Tell whether a stream of the peer is not open yet."""
        return place_of(stream_id) >= self._next_remote[1 if is_unidirectional(stream_id) else 0]

    def is_known(self, stream_id: i64) -> bool:
        """Tell whether a stream is open, or was."""
        kind = 1 if is_unidirectional(stream_id) else 0
        opened = self._next_local if is_local(stream_id, self._is_server) else self._next_remote
        return place_of(stream_id) < opened[kind]

    def can_open(self, unidirectional: bool) -> bool:
        """Tell whether the peer lets us open a stream now."""
        limit = self._local_limit[unidirectional] if self._applied else _AHEAD
        return self._next_local[unidirectional] < limit

    def open(self, unidirectional: bool) -> QuicStream:
        """Open a stream; ``can_open`` was asked."""
        place = self._next_local[unidirectional]
        self._next_local[unidirectional] = place + 1
        stream_id: i64 = 4 * place + (UNIDIRECTIONAL if unidirectional else 0) + (1 if self._is_server else 0)
        return self._make(stream_id)

    def write(self, stream: QuicStream, data: bytes) -> None:
        """Queue content."""
        out = stream.outgoing
        assert out is not None
        out.write(data)
        self.queued_bytes += len(data)
        self.schedule(out)

    def finish(self, stream: QuicStream) -> None:
        """End the outgoing part."""
        out = stream.outgoing
        assert out is not None
        out.finish()
        self.schedule(out)

    def reset(self, stream: QuicStream, error_code: i64) -> None:
        """End the outgoing part early (RFC 9000 19.4); nothing happens to one that the peer has whole."""
        out = stream.outgoing
        if out is None or out.reset_code >= 0 or out.is_settled():
            return
        self.queued_bytes -= out.unsent()
        out.reset(error_code)
        self.scheduler.remove(out)
        stream.reset = Control(RESET_STREAM, stream.stream_id)
        self._controls.add(stream.reset)

    def stop(self, stream: QuicStream, error_code: i64) -> None:
        """Ask the peer to send no more, and drop what came (RFC 9000 3.5, 19.5)."""
        incoming = stream.incoming
        if incoming is None or stream.incoming_done:
            return
        if not incoming.is_settled():
            stream.stop = Control(STOP_SENDING, stream.stream_id, error_code)
            self._controls.add(stream.stop)
        incoming.stop(error_code)
        self._give_up(stream, incoming)
        if incoming.is_settled():
            self.end_incoming(stream)

    def consume(self, stream: QuicStream, size: i64) -> None:
        """Return credit for bytes that the application is done with (RFC 9000 4.2)."""
        incoming = stream.incoming
        window = stream.window
        if incoming is None or window is None or size <= 0:
            return
        incoming.consumed += size
        if window.consume(size) and incoming.final < 0 and incoming.stop_code < 0:
            if stream.max_data is None:
                stream.max_data = Control(MAX_STREAM_DATA, stream.stream_id)
            self._controls.add(stream.max_data)
        self._consume_connection(size)

    def end_incoming(self, stream: QuicStream) -> None:
        """Note that the application has seen the end of the incoming part."""
        stream.incoming_done = True
        self.forget_if_over(stream)

    def forget_if_over(self, stream: QuicStream) -> None:
        """Forget a stream with which nothing is left to do."""
        if not stream.is_over() or self.streams.pop(int(stream.stream_id), None) is None:
            return
        out = stream.outgoing
        if out is not None:
            self.scheduler.remove(out)
        for control in (stream.max_data, stream.stop):
            if control is not None:
                control.dropped = True
        stream.application = None  # which knows the stream: neither would go without the other
        self._finished.add(stream.stream_id)
        if not is_local(stream.stream_id, self._is_server):
            kind = 1 if is_unidirectional(stream.stream_id) else 0
            self._remote_over[kind] += 1
            # RFC 9000 4.6: the peer may open as many at a time as it could at first.
            if (
                self._remote_over[kind] + self._remote_window[kind] - self._remote_limit[kind]
                >= (self._remote_window[kind] + 1) // 2
            ):
                self._controls.add(self._max_streams[kind])

    def schedule(self, out: SendStream) -> None:
        """Let a stream take part in sending if it has something to send, and the peer allows it to be open."""
        if not out.queued and out.pending():
            if self._is_held(out.stream_id):
                self._held.append(out)
            else:
                self.scheduler.add(out)

    def raise_remote_limit(self, kind: i64) -> int:
        """Return the number of streams for a MAX_STREAMS frame that leaves now."""
        self._remote_limit[kind] = self._remote_over[kind] + self._remote_window[kind]
        return self._remote_limit[kind]

    def wait_for_credit(self, out: SendStream) -> None:
        """Let a stream wait for the connection's credit."""
        self.scheduler.remove(out)
        self._without_credit.append(out)

    def restart_early(self, peer: TransportParameters) -> None:
        """Begin again with what was sent in 0-RTT, which was refused, within other limits (RFC 9001 4.6.2)."""
        self._peer = peer
        self.credit.used = 0
        self.credit.limit = peer.initial_max_data
        self._local_limit[0] = int(peer.initial_max_streams_bidi)
        self._local_limit[1] = int(peer.initial_max_streams_uni)
        self.queued_bytes = 0
        for stream in self.streams.values():
            out = stream.outgoing
            if out is not None:
                out.restart(self._send_limit(stream.stream_id))
                self.queued_bytes += out.unsent()
                self.schedule(out)

    def _is_held(self, stream_id: i64) -> bool:
        """Tell whether a stream was opened ahead of the peer's limit."""
        if not is_local(stream_id, self._is_server):
            return False
        return place_of(stream_id) >= self._local_limit[1 if is_unidirectional(stream_id) else 0]

    def _release(self) -> None:
        held = self._held
        self._held = []
        for out in held:
            self.schedule(out)

    def _wake(self) -> None:
        waiting = self._without_credit
        self._without_credit = []
        for out in waiting:
            self.schedule(out)

    def open_count(self) -> int:
        """Return how many streams are known and not over."""
        return len(self.streams)

    # --------------------------------------------------------------------------------------------- frames of the peer

    def on_stream(self, stream_id: i64, offset: i64, data: bytes, fin: bool) -> None:
        """Take a STREAM frame (19.8). Raises Malformed."""
        stream = self._incoming(stream_id, STREAM)
        if stream is None:
            return
        incoming = stream.incoming
        assert incoming is not None
        self._count(incoming.receive(offset, data, fin), stream, incoming, STREAM)

    def on_reset(self, stream_id: i64, error_code: i64, final_size: i64) -> None:
        """Take a RESET_STREAM frame (19.4). Raises Malformed."""
        stream = self._incoming(stream_id, RESET_STREAM)
        if stream is None:
            return
        incoming = stream.incoming
        assert incoming is not None
        self._count(incoming.reset(error_code, final_size), stream, incoming, RESET_STREAM)
        if incoming.reset_code >= 0:
            self._give_up(stream, incoming)

    def on_stop_sending(self, stream_id: i64, error_code: i64) -> None:
        """Take a STOP_SENDING frame (19.5): the answer is a reset with the same code (3.5). Raises Malformed."""
        stream = self._outgoing(stream_id, STOP_SENDING)
        if stream is None or stream.stopped_code >= 0:
            return
        stream.stopped_code = error_code
        self.reset(stream, error_code)
        self._note_readable(stream)

    def on_max_data(self, limit: i64) -> None:
        """Take a MAX_DATA frame (19.9)."""
        if self.credit.raise_to(limit):
            self._wake()

    def on_max_stream_data(self, stream_id: i64, limit: i64) -> None:
        """Take a MAX_STREAM_DATA frame (19.10). Raises Malformed."""
        stream = self._outgoing(stream_id, MAX_STREAM_DATA)
        if stream is None:
            return
        out = stream.outgoing
        assert out is not None
        if limit > out.limit:
            out.limit = limit
            self.schedule(out)

    def on_max_streams(self, kind: i64, limit: i64) -> None:
        """Take a MAX_STREAMS frame (19.11)."""
        if limit > self._local_limit[kind]:
            self._local_limit[kind] = int(limit)
            self._release()

    def check_blocked(self, stream_id: i64, frame_type: i64) -> None:
        """Check a STREAM_DATA_BLOCKED frame (19.13), which asks for nothing. Raises Malformed."""
        self._incoming(stream_id, frame_type)

    # ------------------------------------------------------------------------------------------- what became of packets

    def on_delivered(self, packet: SentPacket) -> None:
        """Note that the stream pieces of a packet arrived."""
        stream = packet.stream
        if isinstance(stream, SendStream):
            self._delivered(stream, packet.offset, packet.length, packet.fin)
        if packet.more is not None:
            for piece in packet.more:
                if isinstance(piece, StreamPiece):
                    self._delivered(piece.stream, piece.offset, piece.length, piece.fin)

    def on_lost(self, packet: SentPacket) -> None:
        """Note that the stream pieces of a packet have to be sent again."""
        stream = packet.stream
        if isinstance(stream, SendStream):
            self._lost(stream, packet.offset, packet.length, packet.fin)
        if packet.more is not None:
            for piece in packet.more:
                if isinstance(piece, StreamPiece):
                    self._lost(piece.stream, piece.offset, piece.length, piece.fin)

    def on_reset_delivered(self, stream_id: i64) -> None:
        """Note that our RESET_STREAM arrived."""
        stream = self.streams.get(int(stream_id))
        if stream is not None and stream.outgoing is not None:
            stream.outgoing.reset_acknowledged = True
            self.forget_if_over(stream)

    def _lost(self, out: SendStream, offset: i64, length: i64, fin: bool) -> None:
        out.on_lost(offset, length, fin)
        if out.stream_id >= 0:  # and no CRYPTO stream
            self.schedule(out)

    def _delivered(self, out: SendStream, offset: i64, length: i64, fin: bool) -> None:
        out.on_acknowledged(offset, length, fin)
        if out.final >= 0 and out.is_settled():
            stream = self.streams.get(int(out.stream_id))
            if stream is not None:
                self.forget_if_over(stream)

    # ---------------------------------------------------------------------------------------------------------- streams

    def _incoming(self, stream_id: i64, frame_type: i64) -> QuicStream | None:
        """Return the stream that the peer sends on, None if it is over. Raises Malformed."""
        stream = self.streams.get(int(stream_id))
        if stream is None:
            stream = self._unknown(stream_id, frame_type)
        if stream is not None and stream.incoming is None:
            raise Malformed("send_only_stream", QuicErrorCode.STREAM_STATE_ERROR, int(frame_type))
        return stream

    def _outgoing(self, stream_id: i64, frame_type: i64) -> QuicStream | None:
        """Return the stream that we send on, None if it is over. Raises Malformed."""
        stream = self.streams.get(int(stream_id))
        if stream is None:
            stream = self._unknown(stream_id, frame_type)
        if stream is not None and stream.outgoing is None:
            raise Malformed("receive_only_stream", QuicErrorCode.STREAM_STATE_ERROR, int(frame_type))
        return stream

    def _unknown(self, stream_id: i64, frame_type: i64) -> QuicStream | None:
        """Open a stream of the peer, and those of its type below (RFC 9000 3.2); None for one that is over."""
        kind = 1 if is_unidirectional(stream_id) else 0
        place = place_of(stream_id)
        if is_local(stream_id, self._is_server):
            if place >= self._next_local[kind]:
                raise Malformed("stream_not_opened", QuicErrorCode.STREAM_STATE_ERROR, int(frame_type))
            self._check_gone(kind == 1, frame_type)
            return None
        if place >= self._remote_limit[kind]:
            raise Malformed("too_many_streams", QuicErrorCode.STREAM_LIMIT_ERROR, int(frame_type))
        if place < self._next_remote[kind]:
            return None  # it is over
        opened: QuicStream | None = None
        low: i64 = stream_id & 3
        while self._next_remote[kind] <= place:
            opened = self._make(4 * self._next_remote[kind] + low)
            self._next_remote[kind] += 1
        return opened

    def _check_gone(self, send_only: bool, frame_type: i64) -> None:
        if send_only and frame_type != STOP_SENDING and frame_type != MAX_STREAM_DATA:
            raise Malformed("send_only_stream", QuicErrorCode.STREAM_STATE_ERROR, int(frame_type))

    def _make(self, stream_id: i64) -> QuicStream:
        local = is_local(stream_id, self._is_server)
        one_way = is_unidirectional(stream_id)
        out = None
        incoming = None
        if local or not one_way:
            out = SendStream(stream_id, self._send_limit(stream_id))
        if not local or not one_way:
            own = self._own
            if one_way:
                limit = own.initial_max_stream_data_uni
            elif local:
                limit = own.initial_max_stream_data_bidi_local
            else:
                limit = own.initial_max_stream_data_bidi_remote
            incoming = ReceiveStream(stream_id, limit)
        stream = QuicStream(stream_id, out, incoming)
        if incoming is not None:
            stream.window = ReceiveWindow(incoming.limit, self._most_stream_window)
        else:
            stream.incoming_done = True
        self.streams[int(stream_id)] = stream
        return stream

    def _send_limit(self, stream_id: i64) -> i64:
        """Return what the peer takes on a stream that is new; its "local" and "remote" are its own view (18.2)."""
        peer = self._peer
        if is_unidirectional(stream_id):
            return peer.initial_max_stream_data_uni
        if is_local(stream_id, self._is_server):
            return peer.initial_max_stream_data_bidi_remote
        return peer.initial_max_stream_data_bidi_local

    # ---------------------------------------------------------------------------------------------------------- credit

    def _count(self, rose: i64, stream: QuicStream, incoming: ReceiveStream, frame_type: i64) -> None:
        """Count what came on a stream against the connection, and tell the application. Raises Malformed."""
        if rose < 0:
            if rose == FLOW_CONTROL:
                raise Malformed("stream_limit_exceeded", QuicErrorCode.FLOW_CONTROL_ERROR, int(frame_type))
            if rose == TOO_MANY_GAPS:
                raise Malformed("too_many_gaps", QuicErrorCode.INTERNAL_ERROR, int(frame_type))
            raise Malformed("final_size_changed", QuicErrorCode.FINAL_SIZE_ERROR, int(frame_type))
        self.received += rose
        if self.received > self.window.limit:
            raise Malformed("connection_limit_exceeded", QuicErrorCode.FLOW_CONTROL_ERROR, int(frame_type))
        if incoming.stop_code >= 0:
            self._give_up(stream, incoming)
            if incoming.is_settled():
                self.end_incoming(stream)
            return
        self._note_readable(stream)

    def _give_up(self, stream: QuicStream, incoming: ReceiveStream) -> None:
        """Return the connection's credit for bytes that nobody will read."""
        left = incoming.highest - incoming.consumed
        if left > 0:
            incoming.consumed += left
            self._consume_connection(left)
        if stream.max_data is not None:
            stream.max_data.dropped = True

    def _consume_connection(self, size: i64) -> None:
        if self.window.consume(size):
            self._controls.add(self._max_data)

    def _note_readable(self, stream: QuicStream) -> None:
        if not stream.readable:
            stream.readable = True
            self.readable.append(stream)
