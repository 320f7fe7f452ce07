"""``Response``: the head of a response."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final, Literal, final

from zttp_core.as_compiled import as_compiled
from zttp_core.excerpts import digits, excerpt
from zttp_core.header_block import HeaderBlock, block_of
from zttp_core.native_ints import mypyc_attr


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

    __slots__ = ("end_stream", "headers", "http_version", "reason", "status_code", "stream_id")
    __match_args__: ClassVar[tuple[Literal["status_code"], Literal["headers"]]] = ("status_code", "headers")

    def __init__(
        self,
        status_code: int,
        headers: Iterable[Sequence[bytes]] | None = None,
        *,
        reason: bytes = b"",
        http_version: bytes = b"1.1",
        stream_id: int = 0,
        end_stream: bool = False,
    ) -> None:
        self.status_code: Final = status_code
        self.headers: Final[HeaderBlock] = block_of(headers)
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
        text = f"Response(status_code={digits(self.status_code)}, headers={self.headers!r}"
        if self.reason != b"":
            text += f", reason={excerpt(self.reason)}"
        text += f", http_version={excerpt(self.http_version)}"
        if self.stream_id != 0:
            text += f", stream_id={digits(self.stream_id)}"
        return text + (", end_stream=True)" if self.end_stream else ")")


def _response_from(
    status_code: int, headers: HeaderBlock, reason: bytes, http_version: bytes, stream_id: int, end_stream: bool
) -> Response:
    return Response(
        status_code, headers, reason=reason, http_version=http_version, stream_id=stream_id, end_stream=end_stream
    )


as_compiled(Response)
