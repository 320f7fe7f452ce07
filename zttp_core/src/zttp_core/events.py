"""The events of all three protocols, and the factories that plugins make them with.

Values: comparable, hashable, copyable, picklable, usable in ``match``. They hold bytes, integers and header blocks and
nothing that could lead back to a connection, so the garbage collector need not know them.

A plugin is compiled apart from this module. Calling a factory costs it half of what calling the class would, so there
is one factory for each way in which an event comes about.
"""

from collections.abc import Iterable
from typing import ClassVar, Final, final

from zttp_core.header_block import HeaderBlock
from zttp_core.messages.priorities import DEFAULT_PRIORITY, parse_priority
from zttp_core.native_ints import i64, mypyc_attr

# What a factory is told in one small integer.
END_STREAM: Final = 1
EXPECT_CONTINUE: Final = 2
HTTP_1_0: Final = 4
EARLY_DATA: Final = 8

_NO_FIELDS: Final = HeaderBlock(())


def _block(headers: Iterable[tuple[bytes, bytes]] | None) -> HeaderBlock:
    if headers is None:
        return _NO_FIELDS
    if isinstance(headers, HeaderBlock):
        return headers
    return HeaderBlock(headers)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class _RareValues:
    """What HTTP/1.1 requests do not have: kept apart, so that making one of those is cheap."""

    def __init__(
        self, scheme: bytes | None, http_version: bytes, protocol: bytes | None, priority: tuple[int, bool] | None
    ) -> None:
        self.scheme: Final = scheme
        self.http_version: Final = http_version
        self.protocol: Final = protocol
        self.priority: Final = priority


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Request:
    """A request head: the request line (or pseudo-header fields) and the header section.

    Attributes:
        method: The method, such as ``b"GET"`` (RFC 9110 9).
        target: The request target as received, not percent-decoded (RFC 9112 3.2).
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("method", "target", "headers")

    def __init__(
        self,
        method: bytes,
        target: bytes,
        headers: Iterable[tuple[bytes, bytes]] | None = None,
        *,
        scheme: bytes | None = None,
        http_version: bytes = b"1.1",
        stream_id: int = 0,
        expect_continue: bool = False,
        early_data: bool = False,
        end_stream: bool = False,
        protocol: bytes | None = None,
        priority: tuple[int, bool] | None = None,
        section: bytes = b"",
        start: i64 = 0,
        flags: i64 = -1,
    ) -> None:
        """Make a request; ``section``, ``start`` and ``flags`` are for the factories below."""
        self.method: Final = method
        self.target: Final = target
        self._section: Final = section
        self._start: Final[i64] = start
        self._query_at: i64 = -1  # where "?" is in the target; its length if there is none; -1 not looked for
        self._stream_id: Final[i64] = stream_id
        self._block: HeaderBlock | None = None
        self._rare: _RareValues | None = None
        if flags >= 0:
            self._flags: i64 = flags
            return
        self._block = _block(headers)
        self._rare = _RareValues(scheme, http_version, protocol, priority)
        self._flags = (
            (END_STREAM if end_stream else 0)
            | (EXPECT_CONTINUE if expect_continue else 0)
            | (EARLY_DATA if early_data else 0)
        )

    @property
    def headers(self) -> HeaderBlock:
        """The header section. ``:authority`` of HTTP/2 and HTTP/3 is its leading ``host`` field."""
        block = self._block
        if block is None:
            block = HeaderBlock(None, self._section, self._start)
            self._block = block
        return block

    @property
    def scheme(self) -> bytes | None:
        """``:scheme`` on HTTP/2 and HTTP/3, ``None`` on HTTP/1.1."""
        rare = self._rare
        return None if rare is None else rare.scheme

    @property
    def http_version(self) -> bytes:
        """``b"1.1"``, ``b"1.0"``, ``b"2"`` or ``b"3"``."""
        rare = self._rare
        if rare is None:
            return b"1.0" if self._flags & HTTP_1_0 else b"1.1"
        return rare.http_version

    @property
    def stream_id(self) -> int:
        """The stream; 0 on HTTP/1.1."""
        return self._stream_id

    @property
    def expect_continue(self) -> bool:
        """Whether the client waits for a 100 before it sends the content (RFC 9110 10.1.1)."""
        return self._flags & EXPECT_CONTINUE != 0

    @property
    def early_data(self) -> bool:
        """Whether it arrived in TLS early data and may be a replay (RFC 8470)."""
        return self._flags & EARLY_DATA != 0

    @property
    def end_stream(self) -> bool:
        """Whether no content follows: the next event of this message is its ``EndOfMessage``."""
        return self._flags & END_STREAM != 0

    @property
    def protocol(self) -> bytes | None:
        """``:protocol`` of an extended CONNECT (RFC 8441, RFC 9220), else ``None``."""
        rare = self._rare
        return None if rare is None else rare.protocol

    @property
    def path(self) -> bytes:
        """The target up to the first ``?``, not percent-decoded."""
        at = self._find_query()
        target = self.target
        return target if at == len(target) else target[:at]

    @property
    def query(self) -> bytes:
        """What follows the first ``?`` of the target, or ``b""``."""
        return self.target[self._find_query() + 1 :]

    @property
    def priority(self) -> tuple[int, bool]:
        """``(urgency, incremental)`` of the Priority field, ``(3, False)`` if none was sent (RFC 9218 4)."""
        rare = self._rare
        priority = None if rare is None else rare.priority
        if priority is not None:
            return priority
        values = self.headers.getall(b"priority")
        # RFC 9651 4.2: several lines of a dictionary field are one list.
        return parse_priority(b",".join(values)) if len(values) > 0 else DEFAULT_PRIORITY

    def _find_query(self) -> i64:
        at = self._query_at
        if at < 0:
            target = self.target
            end: i64 = len(target)
            at = 0
            while at < end and target[at] != 0x3F:
                at += 1
            self._query_at = at
        return at

    def _values(self) -> tuple[object, ...]:
        return (
            self.method,
            self.target,
            self.headers,
            self.scheme,
            self.http_version,
            self.stream_id,
            self.expect_continue,
            self.early_data,
            self.end_stream,
            self.protocol,
            self.priority,
        )

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, Request) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[object, ...]:
        return _request_from, self._values()

    def __repr__(self) -> str:
        text = f"Request(method={self.method!r}, target={self.target!r}, headers={self.headers!r}"
        if self.scheme is not None:
            text += f", scheme={self.scheme!r}"
        text += f", http_version={self.http_version!r}"
        if self.stream_id != 0:
            text += f", stream_id={self.stream_id}"
        if self.expect_continue:
            text += ", expect_continue=True"
        if self.early_data:
            text += ", early_data=True"
        if self.end_stream:
            text += ", end_stream=True"
        if self.protocol is not None:
            text += f", protocol={self.protocol!r}"
        return text + ")"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Response:
    """A response head: the status line (or ``:status``) and the header section.

    Attributes:
        status_code: The status code, such as 200 (RFC 9110 15).
        headers: The header section.
        reason: The reason phrase; ``b""`` on HTTP/2 and HTTP/3.
        http_version: ``b"1.1"``, ``b"1.0"``, ``b"2"`` or ``b"3"``.
        stream_id: The stream; 0 on HTTP/1.1.
        end_stream: No content follows: the next event of this message is its ``EndOfMessage``.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("status_code", "headers")

    def __init__(
        self,
        status_code: int,
        headers: Iterable[tuple[bytes, bytes]] | None = None,
        *,
        reason: bytes = b"",
        http_version: bytes = b"1.1",
        stream_id: int = 0,
        end_stream: bool = False,
    ) -> None:
        self.status_code: Final = status_code
        self.headers: Final[HeaderBlock] = _block(headers)
        self.reason: Final = reason
        self.http_version: Final = http_version
        self.stream_id: Final = stream_id
        self.end_stream: Final = end_stream

    @property
    def is_informational(self) -> bool:
        """Whether this is a 1xx other than 101: the final response still follows (RFC 9110 15.2)."""
        return 100 <= self.status_code < 200 and self.status_code != 101

    def _values(self) -> tuple[object, ...]:
        return (self.status_code, self.headers, self.reason, self.http_version, self.stream_id, self.end_stream)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, Response) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[object, ...]:
        return _response_from, self._values()

    def __repr__(self) -> str:
        text = f"Response(status_code={self.status_code}, headers={self.headers!r}"
        if self.reason != b"":
            text += f", reason={self.reason!r}"
        text += f", http_version={self.http_version!r}"
        if self.stream_id != 0:
            text += f", stream_id={self.stream_id}"
        return text + (", end_stream=True)" if self.end_stream else ")")


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Data:
    """A run of content, without any framing.

    Attributes:
        data: The bytes.
        stream_id: The stream; 0 on HTTP/1.1.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("data", "stream_id")

    def __init__(self, data: bytes, stream_id: int = 0) -> None:
        self.data: Final = data
        self.stream_id: Final = stream_id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Data):
            return NotImplemented
        return self.data == other.data and self.stream_id == other.stream_id

    def __hash__(self) -> int:
        return hash((self.data, self.stream_id))

    def __reduce__(self) -> tuple[object, ...]:
        return Data, (self.data, self.stream_id)

    def __repr__(self) -> str:
        return f"Data(data={self.data!r}{_on(self.stream_id)})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class EndOfMessage:
    """The end of a message: every message has one, with or without content.

    Attributes:
        stream_id: The stream; 0 on HTTP/1.1.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("trailers", "stream_id")

    def __init__(self, trailers: Iterable[tuple[bytes, bytes]] | None = None, stream_id: int = 0) -> None:
        self._trailers: Final[HeaderBlock] = _block(trailers)
        self.stream_id: Final = stream_id

    @property
    def trailers(self) -> list[tuple[bytes, bytes]]:
        """The trailer section (RFC 9110 6.5), as a new list."""
        return self._trailers.to_list()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EndOfMessage):
            return NotImplemented
        return self._trailers == other._trailers and self.stream_id == other.stream_id

    def __hash__(self) -> int:
        return hash((self._trailers, self.stream_id))

    def __reduce__(self) -> tuple[object, ...]:
        return EndOfMessage, (self.trailers, self.stream_id)

    def __repr__(self) -> str:
        return f"EndOfMessage(trailers={self.trailers!r}{_on(self.stream_id)})"


@final
@mypyc_attr(acyclic=True)
class RstStream:
    """A stream was cancelled by the peer, or rejected here (RFC 9113 6.4, RFC 9114 4.1.1).

    Attributes:
        stream_id: The stream.
        error_code: Why; see ``H2ErrorCode``.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("stream_id", "error_code")

    def __init__(self, stream_id: int, error_code: int) -> None:
        self.stream_id: Final = stream_id
        self.error_code: Final = error_code

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RstStream):
            return NotImplemented
        return self.stream_id == other.stream_id and self.error_code == other.error_code

    def __hash__(self) -> int:
        return hash((self.stream_id, self.error_code))

    def __reduce__(self) -> tuple[object, ...]:
        return RstStream, (self.stream_id, self.error_code)

    def __repr__(self) -> str:
        return f"RstStream(stream_id={self.stream_id}, error_code={self.error_code})"


@final
@mypyc_attr(acyclic=True)
class Goaway:
    """The peer is shutting the connection down (RFC 9113 6.8, RFC 9114 5.2).

    Attributes:
        last_stream_id: Streams above it were not processed and can be retried elsewhere.
        error_code: Why; 0 for a graceful shutdown.
        debug: What the peer wrote for people to read.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("last_stream_id", "error_code", "debug")

    def __init__(self, last_stream_id: int, error_code: int = 0, debug: bytes = b"") -> None:
        self.last_stream_id: Final = last_stream_id
        self.error_code: Final = error_code
        self.debug: Final = debug

    def _values(self) -> tuple[int, int, bytes]:
        return (self.last_stream_id, self.error_code, self.debug)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, Goaway) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[object, ...]:
        return Goaway, self._values()

    def __repr__(self) -> str:
        return f"Goaway(last_stream_id={self.last_stream_id}, error_code={self.error_code}, debug={self.debug!r})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Settings:
    """The peer's settings, already applied and acknowledged (RFC 9113 6.5, RFC 9114 7.2.4).

    Attributes:
        ack: The peer acknowledged ours; ``params`` is empty then.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("params", "ack")

    def __init__(self, params: Iterable[tuple[int, int]] = (), ack: bool = False) -> None:
        self._params: Final = tuple(params)
        self.ack: Final = ack

    @property
    def params(self) -> list[tuple[int, int]]:
        """``(identifier, value)`` pairs in the order of the wire, as a new list."""
        return list(self._params)

    def __eq__(self, other: object) -> bool:
        return (
            self._params == other._params and self.ack == other.ack if isinstance(other, Settings) else NotImplemented
        )

    def __hash__(self) -> int:
        return hash((self._params, self.ack))

    def __reduce__(self) -> tuple[object, ...]:
        return Settings, (self._params, self.ack)

    def __repr__(self) -> str:
        return f"Settings(params={self.params!r}, ack={self.ack})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Ping:
    """A PING, already answered, or the answer to ours (RFC 9113 6.7).

    Attributes:
        ack: It answers a PING of ours.
        data: Eight bytes.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("ack", "data")

    def __init__(self, ack: bool, data: bytes) -> None:
        self.ack: Final = ack
        self.data: Final = data

    def __eq__(self, other: object) -> bool:
        return self.ack == other.ack and self.data == other.data if isinstance(other, Ping) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.ack, self.data))

    def __reduce__(self) -> tuple[object, ...]:
        return Ping, (self.ack, self.data)

    def __repr__(self) -> str:
        return f"Ping(ack={self.ack}, data={self.data!r})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class WindowUpdate:
    """The peer granted credit to send (RFC 9113 6.9).

    Attributes:
        stream_id: The stream, or 0 for the connection.
        increment: Bytes.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("stream_id", "increment")

    def __init__(self, stream_id: int, increment: int) -> None:
        self.stream_id: Final = stream_id
        self.increment: Final = increment

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WindowUpdate):
            return NotImplemented
        return self.stream_id == other.stream_id and self.increment == other.increment

    def __hash__(self) -> int:
        return hash((self.stream_id, self.increment))

    def __reduce__(self) -> tuple[object, ...]:
        return WindowUpdate, (self.stream_id, self.increment)

    def __repr__(self) -> str:
        return f"WindowUpdate(stream_id={self.stream_id}, increment={self.increment})"


@final
@mypyc_attr(acyclic=True)
class PriorityUpdate:
    """The client changed the priority of a response (RFC 9218 7).

    Attributes:
        stream_id: The stream.
        urgency: 0, the most urgent, to 7.
        incremental: The response is useful in parts.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("stream_id", "urgency", "incremental")

    def __init__(self, stream_id: int, urgency: int = 3, incremental: bool = False) -> None:
        self.stream_id: Final = stream_id
        self.urgency: Final = urgency
        self.incremental: Final = incremental

    def _values(self) -> tuple[int, int, bool]:
        return (self.stream_id, self.urgency, self.incremental)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, PriorityUpdate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[object, ...]:
        return PriorityUpdate, self._values()

    def __repr__(self) -> str:
        return f"PriorityUpdate(stream_id={self.stream_id}, urgency={self.urgency}, incremental={self.incremental})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Datagram:
    """An HTTP datagram of an open request stream (RFC 9297 2).

    Attributes:
        data: Its content.
        stream_id: The stream.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("data", "stream_id")

    def __init__(self, data: bytes, stream_id: int) -> None:
        self.data: Final = data
        self.stream_id: Final = stream_id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Datagram):
            return NotImplemented
        return self.data == other.data and self.stream_id == other.stream_id

    def __hash__(self) -> int:
        return hash((self.data, self.stream_id))

    def __reduce__(self) -> tuple[object, ...]:
        return Datagram, (self.data, self.stream_id)

    def __repr__(self) -> str:
        return f"Datagram(data={self.data!r}, stream_id={self.stream_id})"


# ---------------------------------------------------------------------------------------------- factories for plugins

# HTTP/1.1 has one stream, so a message without trailers always ends with the same event.
END_OF_MESSAGE: Final = EndOfMessage()


def packed_request(method: bytes, target: bytes, section: bytes, start: int, flags: int = END_STREAM) -> Request:
    """Make the request of an HTTP/1.1 head; its header section starts at ``start``."""
    return Request(method, target, section=section, start=start, flags=flags)


def shared_block_request(method: bytes, target: bytes, headers: HeaderBlock, flags: int) -> Request:
    """Make the request of an HTTP/1.1 head whose header section is that of an earlier one."""
    request = Request(method, target, flags=flags)
    request._block = headers  # noqa: SLF001
    return request


def packed_response(status_code: int, reason: bytes, section: bytes, start: int, flags: int) -> Response:
    """Make the response of an HTTP/1.1 head; its header section starts at ``start``."""
    bits: i64 = flags
    return Response(
        status_code,
        HeaderBlock(None, section, start),
        reason=reason,
        http_version=b"1.0" if bits & HTTP_1_0 else b"1.1",
        end_stream=bits & END_STREAM != 0,
    )


def packed_trailers(section: bytes, start: int) -> EndOfMessage:
    """Make the end of an HTTP/1.1 message with a trailer section that starts at ``start``."""
    return EndOfMessage(HeaderBlock(None, section, start))


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
) -> Request:
    """Make the request of an HTTP/2 or HTTP/3 head; ``fields`` is handed over, not copied."""
    request = Request(method, target, stream_id=stream_id, flags=flags)
    request._block = _listed(fields)  # noqa: SLF001
    request._rare = _RareValues(scheme, http_version, protocol, None)  # noqa: SLF001
    return request


def rare_values(scheme: bytes | None, protocol: bytes | None, http_version: bytes) -> object:
    """Make what the requests of a connection mostly have in common, for ``shared_list_request``."""
    return _RareValues(scheme, http_version, protocol, None)


def shared_list_request(
    method: bytes, target: bytes, rare: _RareValues, fields: list[tuple[bytes, bytes]], stream_id: int, flags: int
) -> Request:
    """Make the request of an HTTP/2 or HTTP/3 head; ``fields`` may be those of other requests, and must not change."""
    request = Request(method, target, stream_id=stream_id, flags=flags)
    request._block = _listed(fields)  # noqa: SLF001
    request._rare = rare  # noqa: SLF001
    return request


def repeated_request(request: Request, stream_id: int, flags: int) -> Request:
    """Make a request that says the same as an earlier one, on another stream of the same connection."""
    again = Request(request.method, request.target, stream_id=stream_id, flags=flags)
    again._block = request._block  # noqa: SLF001
    again._rare = request._rare  # noqa: SLF001
    return again


def listed_response(
    status_code: int, http_version: bytes, fields: list[tuple[bytes, bytes]], stream_id: int, flags: int
) -> Response:
    """Make the response of an HTTP/2 or HTTP/3 head; ``fields`` is handed over, not copied."""
    bits: i64 = flags
    return Response(
        status_code,
        _listed(fields),
        http_version=http_version,
        stream_id=stream_id,
        end_stream=bits & END_STREAM != 0,
    )


def listed_trailers(fields: list[tuple[bytes, bytes]], stream_id: int) -> EndOfMessage:
    """Make the end of an HTTP/2 or HTTP/3 message; ``fields`` is handed over, not copied."""
    return EndOfMessage(_listed(fields), stream_id)


def end_of_stream(stream_id: int) -> EndOfMessage:
    """Make the end of an HTTP/2 or HTTP/3 message that has no trailers."""
    return EndOfMessage(_NO_FIELDS, stream_id)


def new_ping(ack: bool, data: bytes) -> Ping:
    """Make a ``Ping``."""
    return Ping(ack, data)


def new_window_update(stream_id: int, increment: int) -> WindowUpdate:
    """Make a ``WindowUpdate``."""
    return WindowUpdate(stream_id, increment)


def new_settings(params: list[tuple[int, int]], ack: bool) -> Settings:
    """Make a ``Settings``."""
    return Settings(params, ack)


def _listed(fields: list[tuple[bytes, bytes]]) -> HeaderBlock:
    if len(fields) == 0:
        return _NO_FIELDS
    block = HeaderBlock()
    block.adopt(fields)
    return block


def _request_from(
    method: bytes,
    target: bytes,
    headers: HeaderBlock,
    scheme: bytes | None,
    http_version: bytes,
    stream_id: int,
    expect_continue: bool,
    early_data: bool,
    end_stream: bool,
    protocol: bytes | None,
    priority: tuple[int, bool],
) -> Request:
    return Request(
        method,
        target,
        headers,
        scheme=scheme,
        http_version=http_version,
        stream_id=stream_id,
        expect_continue=expect_continue,
        early_data=early_data,
        end_stream=end_stream,
        protocol=protocol,
        priority=priority,
    )


def _response_from(
    status_code: int,
    headers: HeaderBlock,
    reason: bytes,
    http_version: bytes,
    stream_id: int,
    end_stream: bool,
) -> Response:
    return Response(
        status_code,
        headers,
        reason=reason,
        http_version=http_version,
        stream_id=stream_id,
        end_stream=end_stream,
    )


def _on(stream_id: int) -> str:
    return "" if stream_id == 0 else f", stream_id={stream_id}"
