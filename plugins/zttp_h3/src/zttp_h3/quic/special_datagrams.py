"""Separate datagrams: those that validate a path, and the last one (RFC 9000 8.2, 10.2.3)."""

from typing import Final

from zttp_h3.native_ints import i64
from zttp_h3.quic.packet_builder import PacketBuilder
from zttp_h3.quic.paths import LEAST_PROBE, Path
from zttp_h3.quic.session import Session
from zttp_h3.recovery.ecn import NOT_ECT
from zttp_h3.recovery.loss import APPLICATION, INITIAL
from zttp_h3.recovery.path_mtu import BASE_SIZE
from zttp_h3.wire import frame_writer as write
from zttp_h3.wire.frame_types import PATH_CHALLENGE, PATH_RESPONSE

_CHALLENGE_SIZE: Final = 8
_PATH_FRAME_SIZE: Final = 9
_MOST_CLOSE: Final = 64  # bytes of a CONNECTION_CLOSE frame without its reason
_APPLICATION_ERROR: Final = 0x0C  # RFC 9000 20.1


def next_probe(session: Session, path: Path, now: i64) -> bytes:
    """Return a datagram that validates ``path``, or answers on it (RFC 9000 8.2); nothing if nothing is due."""
    if session.phases is None or not path.wants_probe():
        return b""
    budget = path.budget()
    builder = PacketBuilder(session, APPLICATION)
    size: i64 = min(budget, BASE_SIZE)
    if size < LEAST_PROBE or not builder.begin(size, session.peer_ids.of_path(path.reserved)):
        return b""
    session.mark = NOT_ECT  # the state of ECN is that of the path in use
    answered = min(len(path.responses), int(builder.left()) // _PATH_FRAME_SIZE)
    for data in path.responses[:answered]:
        write.write_path_data(builder.payload, PATH_RESPONSE, data)
    del path.responses[:answered]
    if path.challenge_due and builder.left() >= _PATH_FRAME_SIZE:
        data = session.options.entropy(_CHALLENGE_SIZE)
        write.write_path_data(builder.payload, PATH_CHALLENGE, data)
        path.on_challenge_sent(data, now + 3 * session.loss.probe_timeout(), size == BASE_SIZE)
    if size == BASE_SIZE:
        builder.pad_to(size)  # RFC 9000 8.2.1, 8.2.2; a smaller one would only use up the limit
    # RFC 9000 9.4: a lost probe does not concern the path in use, and has its own timer.
    builder.padded = False
    datagram = builder.seal(now)
    path.sent_bytes += len(datagram)
    return datagram


def closing_datagram(session: Session, now: i64) -> bytes:
    """Return the CONNECTION_CLOSE of a connection that we end, in every space with keys (RFC 9000 10.2.3)."""
    close = session.close
    session.mark = NOT_ECT
    budget = session.path.budget()
    most: i64 = min(budget, BASE_SIZE)
    used: i64 = 0
    started: list[PacketBuilder] = []
    for space in session.spaces:
        one_rtt = space.number == APPLICATION
        ready = session.phases is not None if one_rtt else space.sealer is not None
        builder = PacketBuilder(session, space.number)
        if not ready or most - used < 2 * _MOST_CLOSE or not builder.begin(most - used):
            continue
        reason = close.reason[: max(0, int(builder.left()) - _MOST_CLOSE)]
        if close.is_application and one_rtt:
            write.write_connection_close_by_application(builder.payload, close.error_code, reason)
        elif close.is_application:
            # RFC 9000 10.2.3: only the peer may learn the application's reason.
            write.write_connection_close(builder.payload, _APPLICATION_ERROR, 0, b"")
        else:
            write.write_connection_close(builder.payload, close.error_code, close.frame_type, reason)
        started.append(builder)
        used += builder.size()
    if len(started) == 0:
        return b""
    if started[0].space == INITIAL and not session.is_server:
        last = started[len(started) - 1]
        last.pad_to(last.size() + BASE_SIZE - used)
    datagram = b"".join([builder.seal(now) for builder in started])
    session.path.sent_bytes += len(datagram)
    return datagram
