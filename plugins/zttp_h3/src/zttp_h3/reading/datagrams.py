"""Received HTTP datagrams (RFC 9297 2), in the order of arrival.

The queue is limited, and of too many the oldest are dropped: late ones have the least value (RFC 9221 5). A datagram
that overtook its request or response waits for it; one for a finished request is dropped.
"""

from typing import Any, Final, final

from zttp_core import events as core
from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.request_state import ENDED, RequestState
from zttp_h3.session import H3Session
from zttp_h3.wire.varint import read_varint

_MOST_WAITING: Final = 32  # for a request that has not arrived
_MOST_QUARTER: Final = (1 << 60) - 1

# What happens to a received one.
_DROP: Final = 0
_WAIT: Final = 1
_HAND_OUT: Final = 2


@final
class ReceivedDatagrams:
    """The datagrams of a connection that wait for their reader."""

    def __init__(self, session: H3Session) -> None:
        self._session: Final = session
        self._waiting: list[tuple[int, bytes]] = []

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
        """Decide what happens to a datagram of a stream. Raises Malformed."""
        streams = self._session.transport.session.streams
        if not streams.counts.is_known(number):
            # RFC 9297 2.1: an impossible request, or one that only we could open.
            if not self._session.is_server or not streams.counts.may_exist(number):
                raise Malformed("datagram_of_no_request", H3ErrorCode.H3_ID_ERROR)
            return _WAIT
        quic = streams.streams.get(int(number))
        if quic is None:
            return _DROP
        stream = quic.application
        if not isinstance(stream, RequestState):
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
