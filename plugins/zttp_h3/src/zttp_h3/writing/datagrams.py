"""Sending HTTP datagrams (RFC 9297 2): not reliable, and under congestion control.

The queue for the path is limited, and of too many the oldest are dropped: late ones have the least value (RFC 9221 5).
"""

from librt.strings import BytesWriter

from zttp_core.reasons import local_error
from zttp_h3.request_state import RequestState
from zttp_h3.session import H3Session
from zttp_h3.wire.varint import write_varint
from zttp_h3.writing import messages


def send_datagram(session: H3Session, stream: RequestState, data: bytes) -> None:
    """Queue a datagram. Raises LocalProtocolError."""
    number = int(stream.stream_id)
    # RFC 9297 2.1.1 MUST NOT: both sides have announced them.
    if not session.peer_datagrams or session.transport.session.own.max_datagram_frame_size == 0:
        raise local_error("datagrams_not_enabled", stream_id=number)
    # RFC 9297 2.1 MUST NOT: only while the stream's sending side is open. It is not yet while it has to wait: for the
    # peer's limit, or for the end of 0-RTT.
    waits = session.transport.session.streams.must_wait(stream.stream_id)
    if stream.message == messages.NO_HEAD or stream.message == messages.ENDED or waits:
        raise local_error("no_datagram_now", stream_id=number)
    writer = BytesWriter()
    write_varint(writer, stream.stream_id >> 2)
    writer.write(data)
    if not session.transport.send_datagram(writer.getvalue()):
        raise local_error("datagram_does_not_fit", stream_id=number)
