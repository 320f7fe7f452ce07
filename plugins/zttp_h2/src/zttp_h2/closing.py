"""The end of streams and of the connection on this side (RFC 9113 5.1, 6.8).

A stream ends message by message, or because one side resets it; in both cases its memory and credit are returned here.
The connection ends gracefully in two steps: requests that were sent before the peer knew are still answered.
"""

from typing import Final

from zttp_h2.codes import NO_ERROR
from zttp_h2.frames import MAX_STREAM_ID
from zttp_h2.native_ints import i64
from zttp_h2.session import Session
from zttp_h2.streams.states import CLOSED, RECV_END_STREAM, RESET_SENT, SEND_END_STREAM, after
from zttp_h2.streams.stream_state import RECEIVED, StreamState

_ROUND_TRIP: Final = b"shutdown"  # eight bytes that a PING carries


def end_sent(session: Session, stream: StreamState) -> None:
    """Record that END_STREAM was sent."""
    following = after(stream.state, SEND_END_STREAM)
    stream.state = following
    if following == CLOSED:
        _close(session, stream)


def end_received(session: Session, stream: StreamState) -> None:
    """Record END_STREAM: the received message has ended."""
    session.ending = stream
    stream.reading = RECEIVED
    following = after(stream.state, RECV_END_STREAM)
    stream.state = following
    if following == CLOSED:
        _close(session, stream)


def reset_here(session: Session, stream: StreamState, error_code: i64) -> None:
    """Cancel a stream (RFC 9113 6.4)."""
    if not session.aborted:
        session.outbox.write_rst_stream(stream.stream_id, error_code)
        session.abuse.reset_here()
    drop(session, stream, RESET_SENT)


def drop(session: Session, stream: StreamState, state: i64) -> None:
    """Forget a stream that one side has reset, with its blocked content; its credit returns to the connection."""
    session.send_flow.drop(stream)
    if stream.unconsumed > 0:
        session.receive_flow.returned(stream.unconsumed)
        stream.unconsumed = 0
    session.table.forget(stream, state)


def shut_down(session: Session) -> None:
    """Begin to end the connection (RFC 9113 6.8), unless it has begun.

    A server announces it, and names the last stream once a PING sent afterwards is answered: by then all requests sent
    before the client knew have arrived. A client accepts no streams, so it need not wait.
    """
    if session.aborted or session.acks_until_goaway > 0:
        return
    announced = session.goaway_sent >= 0
    if not session.server:
        if not announced:
            session.go_away(0, NO_ERROR, b"")
        return
    if announced and not session.leaves_room():
        return
    if session.input_ended:  # all requests have arrived, and no PING will be answered
        name_last_stream(session, session.last_processed())
        return
    if not announced:
        session.go_away(MAX_STREAM_ID, NO_ERROR, b"")
    session.ping(_ROUND_TRIP)
    # Whichever they answer: of that many, one answers a PING that was sent after the GOAWAY.
    session.acks_until_goaway = session.pings


def ping_answered(session: Session) -> None:
    """Record that a PING of ours was answered; the one that a shutdown waits for starts its second step."""
    session.pings -= 1
    if session.acks_until_goaway > 0:
        session.acks_until_goaway -= 1
        if session.acks_until_goaway == 0:
            _finish_shutdown(session)


def input_ended(session: Session) -> None:
    """Record EOF: all requests have arrived, and a shutdown need not wait for a PING any more."""
    session.input_ended = True
    if session.acks_until_goaway > 0:
        session.acks_until_goaway = 0
        _finish_shutdown(session)


def name_last_stream(session: Session, last: i64) -> None:
    """Send the GOAWAY without an error, and close the streams above its last one."""
    session.go_away(last, NO_ERROR, b"")
    if session.server:
        # The client treats them as refused, and retries on another connection.
        for stream in session.table.take_above(last):
            drop(session, stream, RESET_SENT)


def _finish_shutdown(session: Session) -> None:
    """Name the last stream, unless ``close`` did that meanwhile."""
    if session.leaves_room():
        name_last_stream(session, session.last_processed())


def _close(session: Session, stream: StreamState) -> None:
    """Forget a stream on which both messages have ended."""
    if stream.unconsumed > 0:
        session.table.note_unreturned(stream.stream_id, stream.unconsumed)
    session.abuse.completed()
    session.table.forget(stream, CLOSED)
