"""How streams and the connection end on this side (RFC 9113 5.1, 6.8).

A stream ends message by message, or because one side resets it; its memory and credit return here, whoever ends it. The
connection ends gracefully in two steps: what was asked for before the peer knew is still answered.
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
    """Note that END_STREAM was sent."""
    following = after(stream.state, SEND_END_STREAM)
    stream.state = following
    if following == CLOSED:
        _close(session, stream)


def end_received(session: Session, stream: StreamState) -> None:
    """Note END_STREAM: the message that is received has ended."""
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
    """Forget a stream that one side has reset, with what is blocked on it; its credit returns to the connection."""
    session.send_flow.drop(stream)
    if stream.unconsumed > 0:
        session.receive_flow.returned(stream.unconsumed)
        stream.unconsumed = 0
    session.table.forget(stream, state)


def shut_down(session: Session) -> None:
    """Begin to end the connection (RFC 9113 6.8), unless that was done.

    A server announces it, and names the last stream once a PING sent after that has come back: what the client
    asked for before it knew is there by then. A client accepts no streams, so there is none that it would have to wait
    for.
    """
    if session.aborted or 0 <= session.goaway_sent < MAX_STREAM_ID or session.acks_until_goaway > 0:
        return
    if not session.server:
        session.go_away(0, NO_ERROR, b"")
        return
    if session.goaway_sent < 0:
        session.go_away(MAX_STREAM_ID, NO_ERROR, b"")
    session.ping(_ROUND_TRIP)
    # Whatever they answer: of so many, one answers a PING that was sent after the GOAWAY.
    session.acks_until_goaway = session.pings


def ping_answered(session: Session) -> None:
    """Note that a PING of ours was answered; the one that a shutdown waits for brings its second step."""
    session.pings -= 1
    if session.acks_until_goaway > 0:
        session.acks_until_goaway -= 1
        if session.acks_until_goaway == 0 and session.goaway_sent == MAX_STREAM_ID:
            name_last_stream(session, session.last_processed())


def name_last_stream(session: Session, last: i64) -> None:
    """Send the GOAWAY that goes with no error, and close what it leaves out."""
    session.go_away(last, NO_ERROR, b"")
    if session.server:
        # The client takes them for refused, and asks again elsewhere.
        for stream in session.table.take_above(last):
            drop(session, stream, RESET_SENT)


def _close(session: Session, stream: StreamState) -> None:
    """Forget a stream on which both messages have ended."""
    if stream.unconsumed > 0:
        session.table.note_unreturned(stream.stream_id, stream.unconsumed)
    session.abuse.completed()
    session.table.forget(stream, CLOSED)
