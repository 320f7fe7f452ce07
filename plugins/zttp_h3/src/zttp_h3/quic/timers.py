"""The timers of a connection (RFC 9000 10, RFC 9002 6.2), combined into one deadline."""

from zttp_h3.native_ints import i64
from zttp_h3.quic import stream_outcomes
from zttp_h3.quic.close import CLOSED, OPEN
from zttp_h3.quic.frames import FrameReceiver
from zttp_h3.quic.migration import give_up
from zttp_h3.quic.packet_content import MOST_ACK
from zttp_h3.quic.session import Session
from zttp_h3.recovery.loss import APPLICATION, NO_SPACE, SILENT_PROBES, SPACES


def earliest(session: Session) -> i64:
    """Return when ``expire`` is due; -1 for never."""
    close = session.close
    if close.state == CLOSED:
        return -1
    if close.state != OPEN:
        return close.deadline
    _judge_budget(session)
    time = _sooner(-1, session.loss.deadline())
    time = _sooner(time, session.spaces[APPLICATION].received.deadline)
    time = _sooner(time, session.pacing_deadline)
    time = _sooner(time, session.handshake_deadline)
    time = _sooner(time, session.previous_keys_until)
    idle = session.idle_timeout()
    if idle > 0:
        time = _sooner(time, session.idle_from + idle)
    time = _sooner(time, _keep_alive_time(session))
    for path in session.paths:
        time = _sooner(time, path.challenge_deadline)
    return time


def expire(session: Session, frames: FrameReceiver) -> None:
    """Run the timers that are due at the session's time."""
    now = session.now
    close = session.close
    if close.state != OPEN:
        if close.state != CLOSED and 0 <= close.deadline <= now:
            close.end()
        return
    idle = session.idle_timeout()
    if (idle > 0 and session.idle_from + idle <= now) or 0 <= session.handshake_deadline <= now:
        close.timed_out = True  # RFC 9000 10.1: silently
        close.end()
        return
    if 0 <= session.previous_keys_until <= now:
        session.previous_keys_until = -1
        if session.phases is not None and session.phases.receives_current():
            session.phases.discard_previous()
        else:
            session.on_key_update()  # RFC 9001 6.5: the peer has not followed yet, and uses the previous keys
    for path in list(session.paths):
        if not path.on_timeout(now, now + 3 * session.loss.probe_timeout()):
            give_up(session, path)
    if 0 <= _keep_alive_time(session) <= now:
        session.ping_due = True
    session.spaces[APPLICATION].received.on_timeout(now)
    if session.pacing_deadline <= now:
        session.pacing_deadline = -1
    _judge_budget(session)
    _recover(session, frames)


def _judge_budget(session: Session) -> None:
    """Have no probe timer while none may leave for want of validation: it would not be put off by that (6.2.2.1)."""
    session.loss.blocked = session.path.spendable() < MOST_ACK


def _keep_alive_time(session: Session) -> i64:
    """Return when a PING is due for the silence; -1 for never.

    None is while something waits for its answer: probes repeat that, and a peer that is gone must not be waited for
    without end (RFC 9000 10.1).
    """
    if session.options.keep_alive == 0 or not session.confirmed or session.awaits_peer or session.ping_due:
        return -1
    return session.idle_from + session.options.keep_alive


def _recover(session: Session, frames: FrameReceiver) -> None:
    """Detect lost packets, or send a probe (RFC 9002 6.2.4)."""
    space: i64 = NO_SPACE
    rounds: i64 = 0
    while space == NO_SPACE and rounds <= SPACES and 0 <= session.loss.deadline() <= session.now:
        space = session.loss.on_timeout(session.now)
        rounds += 1
    number: i64 = 0
    while number < SPACES:
        frames.settle(number)
        number += 1
    if space == NO_SPACE:
        return
    if session.log is not None:
        session.log.datagram_size(session.now, session.loss.path_mtu.size)
    if session.loss.probe_count >= SILENT_PROBES:
        session.ecn.on_silence()
    session.spaces[space].probes = 2 if session.loss.probe_count > 1 or space == APPLICATION else 1
    oldest = session.loss.spaces[space].oldest()
    if oldest is not None:
        # A probe repeats the oldest packet, which does not count as lost and may still be acknowledged.
        stream_outcomes.on_lost(session.streams, oldest)
        if oldest.controls is not None:
            frames.repeat_controls(oldest)


def _sooner(time: i64, other: i64) -> i64:
    if other < 0:
        return time
    return other if time < 0 or other < time else time
