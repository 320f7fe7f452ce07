"""A QUIC stream: its two parts, and the application's data."""

from typing import Any, Final, final

from zttp_h3.native_ints import i64
from zttp_h3.quic.controls import Control
from zttp_h3.streams.flow_control import ReceiveWindow
from zttp_h3.streams.receive_stream import ReceiveStream
from zttp_h3.streams.send_stream import SendStream


@final
class QuicStream:
    """``outgoing`` or ``incoming`` is None if a stream has one direction; ``application`` is its owner's."""

    def __init__(self, stream_id: i64, outgoing: SendStream | None, incoming: ReceiveStream | None) -> None:
        self.stream_id: Final[i64] = stream_id
        self.outgoing: Final = outgoing
        self.incoming: Final = incoming
        self.window: ReceiveWindow | None = None  # of the incoming part
        self.application: Any = None
        self.readable = False  # it is in the queue of streams with new data
        self.max_data: Control | None = None
        self.reset: Control | None = None
        self.stop: Control | None = None
        self.stopped_code: i64 = -1  # the peer's STOP_SENDING
        self.prioritized = False  # by a PRIORITY_UPDATE
        self.early_data = False  # part of it arrived in 0-RTT
        self.incoming_done = False  # the application has seen its end, or has abandoned it

    def is_over(self) -> bool:
        """Return whether the stream is finished."""
        out = self.outgoing
        return (out is None or out.is_settled()) and (self.incoming is None or self.incoming_done)


@final
class StreamPiece:
    """A part of a stream in a packet that has more than one."""

    def __init__(self, stream: SendStream, offset: i64, length: i64, fin: bool) -> None:
        self.stream: Final = stream
        self.offset: Final[i64] = offset
        self.length: Final[i64] = length
        self.fin: Final = fin
