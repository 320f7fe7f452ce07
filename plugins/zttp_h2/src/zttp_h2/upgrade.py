"""The start of a connection that was HTTP/1.1 (RFC 7540 3.2): its complete request is stream 1.

The HTTP2-Settings field of that request is base64url of a SETTINGS payload (3.2.1).
"""

from binascii import Error, a2b_base64, b2a_base64
from typing import Any, Final

from zttp_core import events as core
from zttp_core.messages.connection_fields import end_to_end
from zttp_core.messages.reading import read_request
from zttp_core.messages.writing import write_request
from zttp_core.reasons import local_error
from zttp_h2.hpack.encoder_table import Fields
from zttp_h2.reading.connection_frames import set_priority
from zttp_h2.reading.receiver import Receiver
from zttp_h2.session import Session
from zttp_h2.settings import Params, PeerSettings, serialize_params
from zttp_h2.streams.states import ENDED, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE
from zttp_h2.streams.stream_state import CONNECT, HEAD, RECEIVED, StreamState

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")


def upgrade(
    session: Session, receiver: Receiver, method: bytes, target: bytes, fields: Fields, settings_header: bytes | None
) -> StreamState:
    """Begin with stream 1; a server's next events are its request. A refused call changes nothing."""
    if session.started or session.table.highest > 0:
        raise local_error("upgrade_too_late")
    payload = b""
    if session.server and settings_header is not None:
        payload = _checked_payload(settings_header)
    request = _request_event(method, target, fields)
    session.start()
    if len(payload) > 0:
        receiver.apply_settings(payload)
        session.peer.received = False  # the first SETTINGS frame still follows the preface
    state = HALF_CLOSED_REMOTE if session.server else HALF_CLOSED_LOCAL
    stream = StreamState(1, state, session.peer.initial_window_size, session.own.initial_window_size)
    stream.request_facts = HEAD if method == b"HEAD" else CONNECT if method == b"CONNECT" else 0
    set_priority(session, stream, request.priority)
    session.table.open(stream)
    if session.server:
        session.table.processed = 1
        stream.reading = RECEIVED
        receiver.append_event(request)
        receiver.append_event(core.EndOfMessage(None, 1))
    else:
        stream.message = ENDED
        receiver.allow_announced_table()
    return stream


def _request_event(method: bytes, target: bytes, fields: Fields) -> Any:
    """Return the request in the form of HTTP/2: in lower case, and without connection-specific fields."""
    section, _ = write_request(method, target, end_to_end(fields), b"http")
    head: Any = read_request(section)
    kept = [field for field in head.fields if field[0] != b"http2-settings"]
    return core.listed_request(method, head.target, head.scheme, None, b"2", kept, 1, core.END_STREAM)


def _checked_payload(settings_header: bytes) -> bytes:
    """Return the settings of the field, if a client may send them first."""
    payload = decode_settings_header(settings_header)
    if payload is None or PeerSettings().apply(payload, 0, len(payload), False) != 0:
        raise local_error("invalid_settings_header", settings_header)
    return payload


def decode_settings_header(value: bytes) -> bytes | None:
    """Return the payload that the field holds, or ``None`` if it is invalid."""
    if len(value.strip(b"-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) > 0:
        return None
    try:
        payload = a2b_base64(value.translate(_FROM_URL) + b"=" * (-len(value) % 4))
    except Error:
        return None
    return payload if len(payload) % 6 == 0 else None


def encode_settings_header(params: Params) -> bytes:
    """Return the field's value for these settings."""
    return b2a_base64(serialize_params(params), newline=False).translate(_TO_URL).rstrip(b"=")
