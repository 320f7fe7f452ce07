"""Messages of the application as frames on their streams (RFC 9114 4.1, 7.2)."""

from typing import Any, Final

from zttp_core.messages import content as rules
from zttp_core.messages import states
from zttp_core.messages import writing as heads
from zttp_core.reasons import local_error
from zttp_h3 import frames
from zttp_h3.arguments import listed
from zttp_h3.native_ints import i64
from zttp_h3.qpack.encoder import MOST_FIELD_BYTES
from zttp_h3.request_state import RequestState
from zttp_h3.session import H3Session

Fields = list[tuple[bytes, bytes]]

_write_request: Final[Any] = heads.write_request
_write_response: Final[Any] = heads.write_response
_write_trailers: Final[Any] = heads.write_trailers
_after_giving: Final[Any] = states.after_giving
_refusal: Final[Any] = states.refusal
_is_bodyless: Final[Any] = rules.is_bodyless
_is_tunnel: Final[Any] = rules.is_tunnel
_method_kind: Final[Any] = rules.method_kind
_CONNECT: Final[int] = rules.CONNECT
_OTHER: Final[int] = rules.OTHER

NO_HEAD: Final[int] = states.NO_HEAD
CONTENT: Final[int] = states.CONTENT
ENDED: Final[int] = states.ENDED
_NOT_ALLOWED: Final[int] = states.NOT_ALLOWED
_GIVE_INFORMATIONAL: Final[int] = states.GIVE_INFORMATIONAL
_GIVE_HEAD: Final[int] = states.GIVE_HEAD
_GIVE_BARE_HEAD: Final[int] = states.GIVE_BARE_HEAD
_GIVE_DATA: Final[int] = states.GIVE_DATA
_GIVE_END: Final[int] = states.GIVE_END

_OVERHEAD: Final = 32  # of a field (RFC 9114 4.2.2)
_JOINED: Final = 1_024  # content up to here is joined to its frame header; larger pieces are not copied


def request_section(
    session: H3Session, method: bytes, target: bytes, headers: Any, scheme: bytes, protocol: bytes | None
) -> tuple[Fields, i64]:
    """Return the field section of a request, and its Content-Length. Raises LocalProtocolError."""
    last = session.last_section
    start = (method, target, scheme, protocol)
    if last.is_of(start, headers):
        return last.section, last.length
    fields = listed(headers)
    section, length = _write_request(method, target, fields, scheme, protocol, True)
    last.keep(start, fields, section, length, check_section(session, section, None))
    return section, length


def begin_request(session: H3Session, stream: RequestState, method: bytes, protocol: bytes | None, length: i64) -> None:
    """Record the request that is sent on a client's stream."""
    stream.message = CONTENT
    stream.kind = _method_kind(method)
    if stream.kind != _CONNECT or protocol is not None:
        stream.content_to_send = length
    assert not session.is_server


def check_section(session: H3Session, section: Fields, stream_id: int | None) -> i64:
    """Return the size of a section (RFC 9114 4.2.2). Raises LocalProtocolError if the peer does not accept it."""
    size: i64 = 0
    for name, value in section:
        length = len(name) + len(value)
        if length > MOST_FIELD_BYTES:
            raise local_error("header_list_too_large", name, stream_id=stream_id)
        size += length + _OVERHEAD
    if size > session.peer_max_section:
        raise local_error("header_list_too_large", stream_id=stream_id)
    return size


def write_section(session: H3Session, stream: RequestState, section: Fields) -> None:
    """Write a HEADERS frame, after its encoder instructions."""
    block = session.encoder.encode(stream.stream_id, section)
    session.flush_qpack()
    session.transport.session.streams.write(stream.quic, frames.frame(frames.HEADERS, block))


def send_response(session: H3Session, stream: RequestState, status: int, headers: Any, end_stream: bool) -> None:
    """Send the head of a final response. Raises LocalProtocolError."""
    _check_server(session)
    if not 200 <= status <= 999:
        raise local_error("informational_status" if 100 <= status < 200 else "invalid_status_code", b"%d" % status)
    tunnel = _is_tunnel(status, stream.kind)
    bare = not tunnel and _is_bodyless(status, stream.kind)  # a tunnel's bytes are in DATA frames (RFC 9114 4.4)
    following = _after(stream, _GIVE_BARE_HEAD if bare else _GIVE_HEAD)
    section, length = _response_section(session, stream, status, headers)
    if end_stream and not bare and not tunnel and length > 0:
        raise local_error("content_too_short", stream_id=int(stream.stream_id))
    write_section(session, stream, section)
    out = stream.quic.outgoing
    assert out is not None
    stream.head_end = out.written
    stream.message = following
    stream.tunnel = tunnel  # a refused CONNECT is an ordinary message
    stream.head_only = _is_bodyless(status, _OTHER)
    if not bare and not tunnel:
        stream.content_to_send = length
    if end_stream:
        _finish(session, stream)


def _response_section(session: H3Session, stream: RequestState, status: int, headers: Any) -> tuple[Fields, i64]:
    last = session.last_section
    start = (status, stream.kind)
    if last.is_of(start, headers):
        return last.section, last.length
    fields = listed(headers)
    section, length = _write_response(status, fields, stream.kind)
    last.keep(start, fields, section, length, check_section(session, section, int(stream.stream_id)))
    return section, length


def send_informational(session: H3Session, stream: RequestState, status: int, fields: Fields) -> None:
    """Send the head of a 1xx response. Raises LocalProtocolError."""
    _check_server(session)
    if not 100 <= status <= 199 or status == 101:
        raise local_error("not_informational", b"%d" % status)
    _after(stream, _GIVE_INFORMATIONAL)
    section, _ = _write_response(status, fields, stream.kind)
    check_section(session, section, int(stream.stream_id))
    write_section(session, stream, section)


def send_data(session: H3Session, stream: RequestState, data: bytes) -> None:
    """Send content, or queue it until there is credit. Raises LocalProtocolError."""
    size: i64 = len(data)
    if stream.message != CONTENT and (size > 0 or stream.message == NO_HEAD or stream.message == ENDED):
        _after(stream, _GIVE_DATA)
    if size == 0:
        return
    streams = session.transport.session.streams
    left = stream.content_to_send
    if 0 <= left < size:
        raise local_error("content_too_long", stream_id=int(stream.stream_id))
    if streams.queued_bytes + size > session.limits.max_blocked_bytes:
        raise local_error("too_much_blocked", stream_id=int(stream.stream_id))
    if left >= 0:
        stream.content_to_send = left - size
    if size <= _JOINED:
        streams.write(stream.quic, frames.frame(frames.DATA, data))
    else:
        streams.write(stream.quic, frames.frame_header(frames.DATA, size))
        streams.write(stream.quic, data)


def end_message(session: H3Session, stream: RequestState, trailers: Fields | None) -> None:
    """End the message. Raises LocalProtocolError."""
    _after(stream, _GIVE_END)
    if stream.content_to_send > 0:
        raise local_error("content_too_short", stream_id=int(stream.stream_id))
    if trailers is not None and len(trailers) > 0:
        # RFC 9114 4.4: only DATA follows a CONNECT request, whatever the response.
        if stream.tunnel or (stream.kind == _CONNECT and not session.is_server):
            raise local_error("trailers_in_tunnel", stream_id=int(stream.stream_id))
        if stream.head_only:  # RFC 9110 15.3.5, 15.4.5
            raise local_error("trailers_not_allowed", stream_id=int(stream.stream_id))
        section = _write_trailers(trailers)
        check_section(session, section, int(stream.stream_id))
        write_section(session, stream, section)
    _finish(session, stream)


def _finish(session: H3Session, stream: RequestState) -> None:
    stream.message = ENDED
    session.transport.session.streams.finish(stream.quic)
    if session.is_server:
        session.count_completed()


def _after(stream: RequestState, given: int) -> i64:
    following: i64 = _after_giving(stream.message, given)
    if following == _NOT_ALLOWED:
        raise local_error(_refusal(stream.message, given), stream_id=int(stream.stream_id))
    return following


def _check_server(session: H3Session) -> None:
    if not session.is_server:
        raise local_error("wrong_role")
