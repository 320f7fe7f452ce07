"""Field sections as events: heads and trailers, checked against the state of the stream (RFC 9114 4.1, 4.3).

A malformed message resets its stream, which may be an event.
"""

from typing import Any, Final

from zttp_core import events as core
from zttp_core.messages import content as rules
from zttp_core.messages import reading as heads
from zttp_h3.codes import H3ErrorCode
from zttp_h3.native_ints import i64
from zttp_h3.request_state import CONTENT, TRAILED, RequestState

_END_STREAM: Final = 1
_EXPECTS: Final = 2
_EARLY_DATA: Final = 8

_VERSION: Final = b"3"
_RARE_HTTPS: Final[Any] = core.rare_values(b"https", None, _VERSION)  # of nearly every request
_rare_values: Final[Any] = core.rare_values
_shared_list_request: Final[Any] = core.shared_list_request
_listed_response: Final[Any] = core.listed_response
_read_request: Final[Any] = heads.read_request
_read_response: Final[Any] = heads.read_response
_read_trailers: Final[Any] = heads.read_trailers
_method_kind: Final[Any] = rules.method_kind
_is_bodyless: Final[Any] = rules.is_bodyless
_is_tunnel: Final[Any] = rules.is_tunnel
_CONNECT: Final[int] = rules.CONNECT


def on_section(stream: RequestState, fields: list[tuple[bytes, bytes]], block: bytes) -> Any:
    """Take a section; ``block`` is its encoded form, empty if it was decoded earlier."""
    if stream.state == CONTENT:
        return _on_trailers(stream, fields)
    session = stream.session
    head = _read_request(fields, session.connect_protocol, True) if session.is_server else _read_response(fields)
    if isinstance(head, str):
        return stream.refuse(head, H3ErrorCode.H3_MESSAGE_ERROR)
    if len(block) > 0:
        session.last_head.note(block, session.decoder.changes, head, session.decoder.section_size)
    return on_request(stream, head) if session.is_server else on_response(stream, head)


def on_request(stream: RequestState, head: Any) -> Any:
    """Take the head of a request (server)."""
    session = stream.session
    if 0 <= session.goaway_sent <= stream.stream_id:
        return stream.refuse("request_rejected", H3ErrorCode.H3_REQUEST_REJECTED)
    stream.state = CONTENT
    stream.kind = _method_kind(head.method)
    stream.tunnel = stream.kind == _CONNECT and head.protocol is None
    stream.content_left = -1 if stream.tunnel else head.content_length
    if stream.stream_id > session.highest_request:
        session.highest_request = stream.stream_id
    # RFC 9218 7: a PRIORITY_UPDATE overrides every other signal, and may come before the request.
    if head.priority is not None and not stream.quic.prioritized:
        out = stream.quic.outgoing
        assert out is not None
        session.transport.session.streams.scheduler.prioritize(out, head.priority[0], head.priority[1])
    flags: i64 = _END_STREAM if stream.ends_here() else 0
    if head.expect_continue and flags == 0:
        flags |= _EXPECTS
    if stream.quic.early_data:
        flags |= _EARLY_DATA
    if flags & _END_STREAM and stream.content_left > 0:
        return stream.refuse("content_too_short", H3ErrorCode.H3_MESSAGE_ERROR)
    stream.announced = True
    scheme: bytes | None = head.scheme
    protocol: bytes | None = head.protocol
    rare = _RARE_HTTPS if scheme == b"https" and protocol is None else _rare_values(scheme, protocol, _VERSION)
    return _shared_list_request(head.method, head.target, rare, head.fields, stream.stream_id, flags)


def on_response(stream: RequestState, head: Any) -> Any:
    """Take the head of a response, informational or final (client)."""
    status: i64 = head.status
    stream.announced = True
    if status < 200:
        if stream.ends_here():
            return stream.refuse("informational_ends", H3ErrorCode.H3_MESSAGE_ERROR)
        return _listed_response(status, _VERSION, head.fields, stream.stream_id, 0)
    stream.state = CONTENT
    if _is_tunnel(status, stream.kind):
        stream.tunnel = True
    elif _is_bodyless(status, stream.kind):
        stream.content_left = 0
    else:
        stream.content_left = head.content_length
    ends = stream.ends_here()
    if ends and stream.content_left > 0:
        return stream.refuse("content_too_short", H3ErrorCode.H3_MESSAGE_ERROR)
    return _listed_response(status, _VERSION, head.fields, stream.stream_id, _END_STREAM if ends else 0)


def _on_trailers(stream: RequestState, fields: list[tuple[bytes, bytes]]) -> Any:
    trailers = _read_trailers(fields)
    if isinstance(trailers, str):
        return stream.refuse(trailers, H3ErrorCode.H3_MESSAGE_ERROR)
    if stream.content_left > 0:
        return stream.refuse("content_too_short", H3ErrorCode.H3_MESSAGE_ERROR)
    stream.state = TRAILED
    stream.trailers = trailers
    return None
