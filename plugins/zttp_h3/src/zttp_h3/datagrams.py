"""HTTP datagrams (RFC 9297 2): sent on an open request, handed out in the order in which they came.

They are not reliable, and nothing here makes them so. What waits in either direction is bounded, and of too many the
oldest go: what is late is worth least (RFC 9221 5). A datagram that overtook the request or response it belongs to
waits for it; one for a request that is over is dropped.
"""

from typing import Any, Final, final

from librt.strings import BytesWriter

from zttp_core import events as core
from zttp_core.reasons import local_error
from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.reading.request_stream import ENDED, RequestStream
from zttp_h3.session import H3Session
from zttp_h3.wire.varint import read_varint, write_varint
from zttp_h3.writing import messages

_MOST_WAITING: Final = 32  # for a request that has not come
_MOST_QUARTER: Final = (1 << 60) - 1

# What is done with one that was received.
_DROP: Final = 0
_WAIT: Final = 1
_HAND_OUT: Final = 2


@final
class Datagrams:
    """The datagrams of a connection."""

    def __init__(self, session: H3Session) -> None:
        self._session: Final = session
        self._waiting: list[tuple[int, bytes]] = []

    def send(self, stream: RequestStream, data: bytes) -> None:
        """Queue a datagram. Raises LocalProtocolError."""
        session = self._session
        number = int(stream.stream_id)
        # RFC 9297 2.1.1 MUST NOT: both sides have announced them.
        if not session.peer_datagrams or session.transport.session.own.max_datagram_frame_size == 0:
            raise local_error("datagrams_not_enabled", stream_id=number)
        # RFC 9297 2.1 MUST NOT: only while the stream's sending side is open.
        if stream.message != messages.CONTENT:
            raise local_error("no_datagram_now", stream_id=number)
        writer = BytesWriter()
        write_varint(writer, stream.stream_id >> 2)
        writer.write(data)
        if not session.transport.send_datagram(writer.getvalue()):
            raise local_error("datagram_does_not_fit", stream_id=number)

    def next_event(self) -> Any:
        """Return the next datagram's event, None if there is none now. Raises Malformed."""
        received = self._session.transport.session.datagrams
        if len(received) == 0 and len(self._waiting) == 0:
            return None
        waiting = self._waiting
        place = 0
        while place < len(waiting):
            number, data = waiting[place]
            verdict = self._judge(number)
            if verdict == _WAIT:
                place += 1
                continue
            del waiting[place]
            if verdict == _HAND_OUT:
                return core.Datagram(data, number)
        while len(received) > 0:
            number, data = _read(received.pop(0))
            verdict = self._judge(number)
            if verdict == _HAND_OUT:
                return core.Datagram(data, number)
            if verdict == _WAIT:
                waiting.append((number, data))
                if len(waiting) > _MOST_WAITING:
                    del waiting[0]
        return None

    def _judge(self, number: i64) -> i64:
        """Tell what is done with a datagram of a stream. Raises Malformed."""
        streams = self._session.transport.session.streams
        if not streams.counts.is_known(number):
            # RFC 9297 2.1: a request that cannot be, or that only we could have made.
            if not self._session.is_server or not streams.counts.may_exist(number):
                raise Malformed("datagram_of_no_request", H3ErrorCode.H3_ID_ERROR)
            return _WAIT
        quic = streams.streams.get(int(number))
        if quic is None:
            return _DROP
        stream = quic.application
        if not isinstance(stream, RequestStream):
            return _WAIT
        if stream.closed or stream.state == ENDED:
            return _DROP
        return _HAND_OUT if stream.announced else _WAIT


def _read(datagram: bytes) -> tuple[int, bytes]:
    """Return a datagram's stream and content. Raises Malformed."""
    quarter, at = read_varint(datagram, 0, len(datagram))
    if quarter < 0 or quarter > _MOST_QUARTER:
        raise Malformed("invalid_datagram", H3ErrorCode.H3_DATAGRAM_ERROR)
    return int(4 * quarter), datagram[at:]
