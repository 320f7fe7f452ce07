"""Sending GOAWAY (RFC 9114 5.2): by a server in two steps, so that no request in flight is rejected.

The first names an impossible request: the client learns of the shutdown, and its sent requests are accepted. When the
client has acknowledged that, a round trip has passed, and the second names the first request that is not accepted.
"""

from typing import Final

from librt.strings import BytesWriter

from zttp_core.reasons import local_error
from zttp_h3.frames import GOAWAY, frame
from zttp_h3.native_ints import i64
from zttp_h3.session import NO_GOAWAY, H3Session
from zttp_h3.wire.varint import write_varint

_NO_REQUEST: Final = 0x3FFFFFFFFFFFFFFC  # the highest identifier that a request could have
_NO_PUSH: Final = 0


def go_away(session: H3Session, identifier: int | None) -> None:
    """Announce the end. Raises LocalProtocolError for an identifier above an earlier one.

    A server rejects requests from ``identifier`` on, by default those that have not arrived when the client knows. A
    client names a push; as there is none, it only announces the end.
    """
    if identifier is not None:
        if 0 <= session.goaway_sent < identifier:
            raise local_error("goaway_raised")
        _say(session, identifier)
    elif not session.is_server:
        if session.goaway_sent == NO_GOAWAY:
            _say(session, _NO_PUSH)
    elif session.goaway_sent == NO_GOAWAY:
        session.goaway_heard_at = _say(session, _NO_REQUEST)
    else:
        _name_what_was_taken(session)


def finish(session: H3Session) -> None:
    """Take the second step if the client has acknowledged the first."""
    control = session.control_stream()
    if control is not None and control.has_arrived(session.goaway_heard_at):
        _name_what_was_taken(session)


def _name_what_was_taken(session: H3Session) -> None:
    session.goaway_heard_at = -1
    last: i64 = session.highest_request + 4 if session.highest_request >= 0 else 0
    if last < session.goaway_sent:
        _say(session, last)


def _say(session: H3Session, identifier: i64) -> i64:
    """Queue the frame; return its end on the control stream, -1 if that cannot be opened yet."""
    session.goaway_sent = identifier
    session.asked_unaware = 4 * session.transport.session.streams.counts.announced(0)
    payload = BytesWriter()
    write_varint(payload, identifier)
    session.write_control(frame(GOAWAY, payload.getvalue()))
    session.touch()
    control = session.control_stream()
    return -1 if control is None else control.written
