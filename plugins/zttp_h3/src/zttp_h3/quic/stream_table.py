"""All streams of a connection: who may open them, what each may send, and when it is over (RFC 9000 2, 3, 4).

Calls of the application come here, frames of the peer to ``stream_frames``, the fate of packets to ``stream_outcomes``;
pending output is in ``scheduler`` and ``controls``. Of finished streams only the number is kept.
"""

from typing import Final, final

from zttp_h3.native_ints import i64
from zttp_h3.quic.controls import Control, ControlQueue
from zttp_h3.quic.held_streams import HeldStreams
from zttp_h3.quic.receive_credit import ReceiveCredit
from zttp_h3.quic.stream import QuicStream
from zttp_h3.quic.stream_counts import StreamCounts
from zttp_h3.streams.flow_control import ReceiveWindow, SendCredit
from zttp_h3.streams.identifiers import is_local, is_unidirectional, kind_of
from zttp_h3.streams.receive_stream import ReceiveStream
from zttp_h3.streams.scheduler import Scheduler
from zttp_h3.streams.send_stream import SendStream
from zttp_h3.wire.frame_types import (
    MAX_STREAMS_BIDIRECTIONAL,
    MAX_STREAMS_UNIDIRECTIONAL,
    RESET_STREAM,
    STOP_SENDING,
)
from zttp_h3.wire.transport_parameters import TransportParameters


@final
class StreamTable:
    """The streams of one connection.

    ``own`` are the limits that we announced, ``most_stream_window`` and ``most_connection_window`` the largest sizes of
    the windows. ``readable`` are streams with new data for the application.
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
        self.receiving: Final = ReceiveCredit(own.initial_max_data, most_connection_window, controls)
        self.readable: list[QuicStream] = []
        self.is_server: Final = is_server
        self.queued_bytes: i64 = 0  # from the application, and not sent
        self.counts: Final = StreamCounts(is_server, own.initial_max_streams_bidi, own.initial_max_streams_uni)
        self._own: Final = own
        self._peer = TransportParameters()
        self._most_stream_window: Final[i64] = most_stream_window
        self._controls: Final = controls
        self._without_credit: list[SendStream] = []
        self._held: Final = HeldStreams(self.counts)
        self._max_streams: Final = (Control(MAX_STREAMS_BIDIRECTIONAL), Control(MAX_STREAMS_UNIDIRECTIONAL))

    # -------------------------------------------------------------------------------------------------- the application

    def apply(self, peer: TransportParameters) -> None:
        """Take the peer's limits: those of its handshake, or before that the remembered ones of 0-RTT."""
        self._peer = peer
        self.raise_credit(peer.initial_max_data)
        self.counts.apply(peer.initial_max_streams_bidi, peer.initial_max_streams_uni)
        for stream in self.streams.values():
            out = stream.outgoing
            if out is not None:
                limit = self._send_limit(stream.stream_id)
                if limit > out.limit:
                    out.limit = limit
                self.schedule(out)
        self._release()

    def is_known(self, stream_id: i64) -> bool:
        """Return whether a stream is open, or was."""
        return self.counts.is_known(stream_id)

    def can_open(self, unidirectional: bool) -> bool:
        """Return whether the peer lets us open a stream now."""
        return self.counts.can_open(unidirectional)

    def open(self, unidirectional: bool) -> QuicStream:
        """Open a stream; ``can_open`` was asked."""
        return self.make(self.counts.open(unidirectional))

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
        """End the outgoing part early (RFC 9000 19.4); no effect if the peer has all of it."""
        out = stream.outgoing
        if out is None or out.reset_code >= 0 or out.is_settled():
            return
        self.queued_bytes -= out.unsent()
        out.reset(error_code)
        self.scheduler.remove(out)
        stream.reset = Control(RESET_STREAM, stream.stream_id)
        self._tell(stream.reset)

    def stop(self, stream: QuicStream, error_code: i64) -> None:
        """Ask the peer to stop sending, and drop received bytes (RFC 9000 3.5, 19.5)."""
        incoming = stream.incoming
        if incoming is None or stream.incoming_done:
            return
        if not incoming.is_settled():
            stream.stop = Control(STOP_SENDING, stream.stream_id, error_code)
            self._tell(stream.stop)
        incoming.stop(error_code)
        self.receiving.give_up(stream)
        if incoming.is_settled():
            self.end_incoming(stream)

    def consume(self, stream: QuicStream, size: i64) -> None:
        """Return credit for bytes that the application has consumed (RFC 9000 4.2)."""
        self.receiving.consume(stream, size)

    def end_incoming(self, stream: QuicStream) -> None:
        """Record that the application has seen the end of the incoming part."""
        stream.incoming_done = True
        self.forget_if_over(stream)

    def forget_if_over(self, stream: QuicStream) -> None:
        """Remove a finished stream."""
        if not stream.is_over() or self.streams.pop(int(stream.stream_id), None) is None:
            return
        out = stream.outgoing
        if out is not None:
            self.scheduler.remove(out)
        self.receiving.give_up(stream)  # bytes that were read and not consumed
        if stream.stop is not None:
            stream.stop.dropped = True
        stream.application = None  # it refers to the stream: the cycle would keep both alive
        if self.counts.end(stream.stream_id):
            self._controls.add(self._max_streams[kind_of(stream.stream_id)])

    def schedule(self, out: SendStream) -> None:
        """Schedule a stream if it has something to send or to ask for, and the peer allows it to be open."""
        if not out.queued and (out.pending() or out.is_held_back()):
            if not self._held.holds(out):
                self.scheduler.add(out)

    def wait_for_credit(self, out: SendStream) -> None:
        """Let a stream wait for the connection's credit."""
        self.scheduler.remove(out)
        self._without_credit.append(out)

    def raise_credit(self, limit: i64) -> None:
        """Take the peer's limit on all streams together (RFC 9000 4.1); streams that waited for it continue."""
        if self.credit.raise_to(limit):
            waiting = self._without_credit
            self._without_credit = []
            for out in waiting:
                self.schedule(out)

    def raise_streams(self, kind: i64, limit: i64) -> None:
        """Take the peer's limit on streams of a kind (RFC 9000 4.6); streams opened ahead of it may send."""
        if self.counts.raise_local(kind, limit):
            self._release()

    def note_readable(self, stream: QuicStream) -> None:
        """Make a stream readable for the application."""
        if not stream.readable:
            stream.readable = True
            self.readable.append(stream)

    def restart_early(self) -> None:
        """Send refused 0-RTT data again from the beginning, within later limits (RFC 9001 4.6.2)."""
        self._peer = TransportParameters()
        self.credit.restart()
        self.counts.forget()
        self.queued_bytes = 0
        for stream in self.streams.values():
            out = stream.outgoing
            if out is not None:
                self.scheduler.remove(out)
                out.restart()
                self.queued_bytes += out.unsent()
                self.schedule(out)
            for control in (stream.reset, stream.stop):
                if control is not None:
                    self._tell(control)

    def wait_for_handshake(self, stream: QuicStream) -> None:
        """Hold a stream that was just opened until the end of 0-RTT."""
        self._held.wait_for_handshake(stream.stream_id)

    def must_wait(self, stream_id: i64) -> bool:
        """Return whether nothing of a stream may be sent yet."""
        return self._held.must_wait(stream_id)

    def on_handshake_keys(self) -> None:
        """Release everything that waited for 1-RTT."""
        if self._held.on_handshake_keys():
            self._release()

    def _tell(self, control: Control) -> None:
        if not self._held.holds_control(control):
            self._controls.add(control)

    def _release(self) -> None:
        """Schedule held streams again."""
        for out in self._held.take():
            self.schedule(out)
        for control in self._held.take_controls():
            self._tell(control)

    def let_go(self) -> None:
        """Remove the application's data from all streams, which refers to them."""
        for stream in self.streams.values():
            stream.application = None

    # ---------------------------------------------------------------------------------------------------------- streams

    def make(self, stream_id: i64) -> QuicStream:
        """Add a stream that one side has opened."""
        local = is_local(stream_id, self.is_server)
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
        """Return the peer's initial limit for a new stream; its "local" and "remote" are from its view (18.2)."""
        peer = self._peer
        if is_unidirectional(stream_id):
            return peer.initial_max_stream_data_uni
        if is_local(stream_id, self.is_server):
            return peer.initial_max_stream_data_bidi_remote
        return peer.initial_max_stream_data_bidi_local
