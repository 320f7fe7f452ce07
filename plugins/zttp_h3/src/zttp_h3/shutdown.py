"""GOAWAY as a server says it: which requests it takes no more (RFC 9114 5.2)."""

from librt.strings import BytesWriter

from zttp_core.reasons import local_error
from zttp_h3.frames import GOAWAY, frame
from zttp_h3.native_ints import i64
from zttp_h3.session import H3Session
from zttp_h3.wire.varint import write_varint


def go_away(session: H3Session, stream_id: int | None) -> None:
    """Announce that requests from ``stream_id`` on are rejected, by default those that have not come.

    Raises LocalProtocolError for an identifier above an earlier one.
    """
    last: i64 = session.highest_request + 4 if session.highest_request >= 0 else 0
    if stream_id is not None:
        last = stream_id
        if 0 <= session.goaway_sent < last:
            raise local_error("goaway_raised")
    elif 0 <= session.goaway_sent < last:
        return  # it was said already, and of more requests
    session.goaway_sent = last
    payload = BytesWriter()
    write_varint(payload, last)
    session.write_control(frame(GOAWAY, payload.getvalue()))
    session.touch()
