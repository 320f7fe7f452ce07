"""``Request``: the head of a request."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final, Literal, final

from zttp_core.as_compiled import as_compiled
from zttp_core.excerpts import digits, excerpt
from zttp_core.header_block import HeaderBlock, block_of, packed_block
from zttp_core.messages.priorities import DEFAULT_PRIORITY, parse_priority
from zttp_core.native_ints import i64, mypyc_attr

# Flags that a factory takes in one small integer.
END_STREAM: Final = 1
EXPECT_CONTINUE: Final = 2
HTTP_1_0: Final = 4
EARLY_DATA: Final = 8

_VERSION_1_1: Final = b"1.1"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class RareValues:
    """The values that HTTP/1.1 requests do not have, kept apart so that those requests are cheap to make."""

    __slots__ = ("http_version", "priority", "protocol", "scheme")

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

    __slots__ = ("_block", "_flags", "_query_at", "_rare", "_section", "_start", "_stream_id", "method", "target")
    __match_args__: ClassVar[tuple[Literal["method"], Literal["target"], Literal["headers"]]] = (
        "method",
        "target",
        "headers",
    )

    def __init__(
        self,
        method: bytes,
        target: bytes,
        headers: Iterable[Sequence[bytes]] | None = None,
        *,
        scheme: bytes | None = None,
        http_version: bytes = b"1.1",
        stream_id: int = 0,
        expect_continue: bool = False,
        early_data: bool = False,
        end_stream: bool = False,
        protocol: bytes | None = None,
        priority: tuple[int, bool] | None = None,
    ) -> None:
        self.method: Final = method
        self.target: Final = target
        self._stream_id: Final = stream_id
        self._query_at: i64 = -1  # the position of "?"; the length if there is none; -1 if not searched
        # Either the block, or the section from which it is made on first access.
        self._block: HeaderBlock | None = None if headers is None else block_of(headers)
        self._section = b""
        self._start: i64 = 0
        self._rare: RareValues | None = None
        other_version = http_version is not _VERSION_1_1 and http_version != _VERSION_1_1
        if other_version or scheme is not None or protocol is not None or priority is not None:
            self._rare = RareValues(scheme, http_version, protocol, priority)
        flags: i64 = 0
        if end_stream:
            flags |= END_STREAM
        if expect_continue:
            flags |= EXPECT_CONTINUE
        if early_data:
            flags |= EARLY_DATA
        self._flags = flags

    @property
    def headers(self) -> HeaderBlock:
        """The header section. ``:authority`` of HTTP/2 and HTTP/3 is its leading ``host`` field."""
        block = self._block
        if block is None:
            block = packed_block(self._section, self._start)
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
        """Whether the client waits for a 100 (Continue) before it sends the content (RFC 9110 10.1.1)."""
        return self._flags & EXPECT_CONTINUE != 0

    @property
    def early_data(self) -> bool:
        """Whether the request arrived in TLS early data and may be a replay (RFC 8470)."""
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
        """The target after the first ``?``, or ``b""``."""
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
        rare = self._rare
        return _request_from, (*self._values()[:-1], None if rare is None else rare.priority)

    def __repr__(self) -> str:
        text = f"Request(method={excerpt(self.method)}, target={excerpt(self.target)}, headers={self.headers!r}"
        if self.scheme is not None:
            text += f", scheme={excerpt(self.scheme)}"
        text += f", http_version={excerpt(self.http_version)}"
        if self.stream_id != 0:
            text += f", stream_id={digits(self.stream_id)}"
        if self.expect_continue:
            text += ", expect_continue=True"
        if self.early_data:
            text += ", early_data=True"
        if self.end_stream:
            text += ", end_stream=True"
        if self.protocol is not None:
            text += f", protocol={excerpt(self.protocol)}"
        rare = self._rare
        if rare is not None and rare.priority is not None:
            urgency, incremental = rare.priority
            text += f", priority=({digits(urgency)}, {incremental})"
        return text + ")"


def listed_parts(
    method: bytes, target: bytes, stream_id: int, flags: i64, block: HeaderBlock, rare: RareValues | None
) -> Request:
    """Make a request of a parser's results, including its fields."""
    request = Request(method, target, stream_id=stream_id)
    request._flags = flags  # noqa: SLF001
    request._block = block  # noqa: SLF001
    request._rare = rare  # noqa: SLF001
    return request


def packed_parts(method: bytes, target: bytes, flags: i64, section: bytes, start: i64) -> Request:
    """Make a request of a parser's results, and the section from ``start`` on, which may already have a block."""
    request = Request(method, target)
    request._flags = flags  # noqa: SLF001
    request._section = section  # noqa: SLF001
    request._start = start  # noqa: SLF001
    return request


def rare_values_of(request: Request) -> RareValues | None:
    """Return the values of a request that HTTP/1.1 requests do not have."""
    return request._rare  # noqa: SLF001


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
    priority: tuple[int, bool] | None,
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


as_compiled(Request, final=("_stream_id",))
