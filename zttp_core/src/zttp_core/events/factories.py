"""How plugins make events.

A plugin is compiled separately from these modules. For it, calling a factory costs half as much as calling the class,
so there is one factory for each way in which an event is made.
"""

from typing import Any, Final

from zttp_core.as_compiled import as_compiled
from zttp_core.events.connection_level import ParsedSettings, Ping, Settings, WindowUpdate
from zttp_core.events.content import Data, EndOfMessage
from zttp_core.events.requests import (
    END_STREAM,
    HTTP_1_0,
    RareValues,
    Request,
    listed_parts,
    packed_parts,
    rare_values_of,
)
from zttp_core.events.responses import Response
from zttp_core.header_block import NO_FIELDS, HeaderBlock, listed_block, packed_block
from zttp_core.native_ints import i64

# HTTP/1.1 has one stream, so a message without trailers always ends with the same event.
END_OF_MESSAGE: Final = EndOfMessage()


def packed_request(method: bytes, target: bytes, section: bytes, start: int, flags: int = END_STREAM) -> Request:
    """Make the request of an HTTP/1.1 head; its header section starts at ``start``."""
    return packed_parts(method, target, flags, section, start)


def shared_block_request(method: bytes, target: bytes, headers: HeaderBlock, flags: int) -> Request:
    """Make the request of an HTTP/1.1 head whose header section is that of an earlier one."""
    return listed_parts(method, target, 0, flags, headers, None)


def packed_response(status_code: int, reason: bytes, section: bytes, start: int, flags: int) -> Response:
    """Make the response of an HTTP/1.1 head; its header section starts at ``start``."""
    bits: i64 = flags
    return Response(
        status_code,
        packed_block(section, start),
        reason=reason,
        http_version=b"1.0" if bits & HTTP_1_0 else b"1.1",
        end_stream=bits & END_STREAM != 0,
    )


def packed_trailers(section: bytes, start: int) -> EndOfMessage:
    """Make the end of an HTTP/1.1 message with a trailer section that starts at ``start``."""
    return EndOfMessage(packed_block(section, start))


def new_data(data: bytes, stream_id: int) -> Data:
    """Make a ``Data``."""
    return Data(data, stream_id)


def listed_request(
    method: bytes,
    target: bytes,
    scheme: bytes | None,
    protocol: bytes | None,
    http_version: bytes,
    fields: list[tuple[bytes, bytes]],
    stream_id: int,
    flags: int,
    never_indexed: list[bytes] | None = None,
) -> Request:
    """Make the request of an HTTP/2 or HTTP/3 head; ``fields`` is used without a copy."""
    rare = RareValues(scheme, http_version, protocol, None)
    return listed_parts(method, target, stream_id, flags, listed_block(fields, never_indexed), rare)


def rare_values(scheme: bytes | None, protocol: bytes | None, http_version: bytes) -> RareValues:
    """Make the values that most requests of a connection share, for ``shared_list_request``."""
    return RareValues(scheme, http_version, protocol, None)


def shared_list_request(
    method: bytes,
    target: bytes,
    rare: RareValues,
    fields: list[tuple[bytes, bytes]],
    stream_id: int,
    flags: int,
    never_indexed: list[bytes] | None = None,
) -> Request:
    """Make the request of an HTTP/2 or HTTP/3 head; ``fields`` may be those of other requests, and must not change."""
    return listed_parts(method, target, stream_id, flags, listed_block(fields, never_indexed), rare)


def repeated_request(request: Request, stream_id: int, flags: int) -> Request:
    """Make a request with the content of an earlier one, on another stream of the same connection."""
    return listed_parts(request.method, request.target, stream_id, flags, request.headers, rare_values_of(request))


def listed_response(
    status_code: int,
    http_version: bytes,
    fields: list[tuple[bytes, bytes]],
    stream_id: int,
    flags: int,
    never_indexed: list[bytes] | None = None,
) -> Response:
    """Make the response of an HTTP/2 or HTTP/3 head; ``fields`` is used without a copy."""
    bits: i64 = flags
    return Response(
        status_code,
        listed_block(fields, never_indexed),
        http_version=http_version,
        stream_id=stream_id,
        end_stream=bits & END_STREAM != 0,
    )


def listed_trailers(
    fields: list[tuple[bytes, bytes]], stream_id: int, never_indexed: list[bytes] | None = None
) -> EndOfMessage:
    """Make the end of an HTTP/2 or HTTP/3 message; ``fields`` is used without a copy."""
    return EndOfMessage(listed_block(fields, never_indexed), stream_id)


def end_of_stream(stream_id: int) -> EndOfMessage:
    """Make the end of an HTTP/2 or HTTP/3 message that has no trailers."""
    return EndOfMessage(NO_FIELDS, stream_id)


def new_ping(ack: bool, data: bytes) -> Ping:
    """Make a ``Ping``."""
    return Ping(ack, data)


def new_window_update(stream_id: int, increment: int) -> WindowUpdate:
    """Make a ``WindowUpdate``."""
    return WindowUpdate(stream_id, increment)


def new_settings(params: list[tuple[int, int]], ack: bool) -> Settings:
    """Make a ``Settings``; ``params`` is used without a copy."""
    parsed: Any = ParsedSettings(params)
    return Settings(parsed, ack)


as_compiled(
    packed_request,
    shared_block_request,
    packed_response,
    packed_trailers,
    new_data,
    listed_request,
    rare_values,
    shared_list_request,
    repeated_request,
    listed_response,
    listed_trailers,
    end_of_stream,
    new_ping,
    new_window_update,
    new_settings,
    narrow=("start", "flags"),
)
