"""How a stream ends on this side: each message for itself, both, or neither because one side resets it (RFC 9113 5.1).

Memory and credit of a stream return here, whoever ends it.
"""

from zttp_h2.native_ints import i64
from zttp_h2.session import Session
from zttp_h2.streams.states import CLOSED, RECV_END_STREAM, RESET_SENT, SEND_END_STREAM, after
from zttp_h2.streams.stream_state import RECEIVED, StreamState


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
    drop(session, stream, RESET_SENT)


def drop(session: Session, stream: StreamState, state: i64) -> None:
    """Forget a stream that one side has reset, with what is blocked on it; its credit returns to the connection."""
    session.send_flow.drop(stream)
    if stream.unconsumed > 0:
        session.receive_flow.returned(stream.unconsumed)
        stream.unconsumed = 0
    session.table.forget(stream, state)


def _close(session: Session, stream: StreamState) -> None:
    """Forget a stream on which both messages have ended."""
    if stream.unconsumed > 0:
        session.table.owe(stream.stream_id, stream.unconsumed)
    session.floods.completed()
    session.table.forget(stream, CLOSED)
