"""Migration between paths: the server follows its client, the client probes first and then moves (RFC 9000 9).

A path that is not in use has its own connection ID of the peer, so that an observer of both paths cannot link them
(9.5). A server's preferred address (9.6) is the end of an ordinary path: ``begin`` takes the peer's address too, and
its connection ID may be used on any path.
"""

from typing import Any

from zttp_h3.quic.paths import Path, host_of
from zttp_h3.quic.session import Session


def begin(session: Session, peer: Any, local: Any) -> bool:
    """Probe a new path of a client, and move to it when it is validated; False if that is not allowed (9, 18.2)."""
    if session.is_server or not session.confirmed or not session.is_open() or not _may_use(session, peer):
        return False
    stays = _is_same(peer, session.path.peer) and _is_same(local, session.path.local)
    if not stays and len(session.peer_ids.current) > 0 and not session.peer_ids.has_spare():
        return False
    candidate = session.candidate
    if candidate is not None:
        give_up(session, candidate)
    if stays:
        return True
    path = Path(peer, local, False)
    path.limited = False  # the same address of the peer, already validated
    path.reserved = session.peer_ids.reserve()
    session.candidate = path
    session.keep_path(path)
    path.begin_validation(session.now + 3 * session.loss.probe_timeout())
    return True


def _may_use(session: Session, peer: Any) -> bool:
    """Return whether a client may send from another address to that address of the server."""
    if not _is_same(peer, session.path.peer) and session.peer.preferred_address is None:
        return False  # 9: a server does not migrate
    # 18.2: the server may forbid it for the address of the handshake, but not for a preferred address.
    return not (session.peer.disable_active_migration and _is_same(peer, session.first_peer))


def _is_same(one: Any, other: Any) -> bool:
    return one is other or bool(one == other)


def prepare_answer(session: Session, path: Path) -> None:
    """Reserve a connection ID to answer a challenge with, if the peer has used one for this path alone (9.5)."""
    if path is not session.path and path.reserved < 0 and path.used != session.path.used:
        path.reserved = session.peer_ids.reserve()


def on_validated(session: Session, path: Path) -> None:
    """Move to the probed path (9.2)."""
    if path is not session.candidate:
        if path is not session.path:
            _release(session, path)
        return
    session.candidate = None
    _use(session, path)
    session.ping_due = True  # a non-probing packet: the server follows


def follow(session: Session, path: Path) -> None:
    """Follow the peer to another address (9.3): send there at once, and validate it."""
    before = session.path
    session.keep_path(path)
    # 9.5 MUST NOT: one connection ID is not used at two addresses. The previous one keeps its own while it is asked.
    before.reserved = session.peer_ids.set_aside(path.reserved)
    _enter(session, path)
    deadline = session.now + 3 * session.loss.probe_timeout()
    if not path.validated:
        path.begin_validation(deadline)
        if before.validated:
            before.begin_validation(deadline)  # 9.3.3: in case the packet was forwarded by an attacker
    if not before.is_asked():
        _release(session, before)


def give_up(session: Session, path: Path) -> None:
    """Return to a validated path (9.3.2); if there is none, the idle timeout decides."""
    if path is session.candidate:
        session.candidate = None
    if path is session.path:
        for other in session.paths:
            if other.validated and other is not path:
                _use(session, other)
                break
        else:
            return
    _release(session, path)
    session.paths.remove(path)


def _use(session: Session, path: Path) -> None:
    session.peer_ids.use(path.reserved)
    session.retire_connection_ids()
    _enter(session, path)


def _release(session: Session, path: Path) -> None:
    """Retire the connection ID of a path that is not in use."""
    session.peer_ids.release(path.reserved)
    path.reserved = -1
    session.retire_connection_ids()


def _enter(session: Session, path: Path) -> None:
    before = session.path
    session.path = path
    path.reserved = -1
    # 9.4: measurements of another path do not apply here, unless only the port differs.
    if not (
        _is_same(host_of(before.peer), host_of(path.peer)) and _is_same(host_of(before.local), host_of(path.local))
    ):
        session.loss.change_path(session.now)
    session.ecn.restart()
