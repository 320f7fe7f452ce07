"""The events after a head: ``Data``, ``EndOfMessage`` and ``Datagram``."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final, Literal, final

from zttp_core.as_compiled import as_compiled
from zttp_core.excerpts import digits, excerpt
from zttp_core.header_block import HeaderBlock, block_of
from zttp_core.native_ints import mypyc_attr


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Data:
    """A piece of content, without framing.

    Attributes:
        data: The bytes.
        stream_id: The stream; 0 on HTTP/1.1.
    """

    __slots__ = ("data", "stream_id")
    __match_args__: ClassVar[tuple[Literal["data"], Literal["stream_id"]]] = ("data", "stream_id")

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
        return f"Data(data={excerpt(self.data)}{_on(self.stream_id)})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class EndOfMessage:
    """The end of a message. Every message has one, with or without content.

    Attributes:
        trailers: The trailer section (RFC 9110 6.5); empty if none was sent.
        stream_id: The stream; 0 on HTTP/1.1.
    """

    __slots__ = ("stream_id", "trailers")
    __match_args__: ClassVar[tuple[Literal["trailers"], Literal["stream_id"]]] = ("trailers", "stream_id")

    def __init__(self, trailers: Iterable[Sequence[bytes]] | None = None, stream_id: int = 0) -> None:
        self.trailers: Final[HeaderBlock] = block_of(trailers)
        self.stream_id: Final = stream_id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EndOfMessage):
            return NotImplemented
        return self.trailers == other.trailers and self.stream_id == other.stream_id

    def __hash__(self) -> int:
        return hash((self.trailers, self.stream_id))

    def __reduce__(self) -> tuple[object, ...]:
        return EndOfMessage, (self.trailers, self.stream_id)

    def __repr__(self) -> str:
        return f"EndOfMessage(trailers={self.trailers!r}{_on(self.stream_id)})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Datagram:
    """An HTTP datagram of an open request stream (RFC 9297 2).

    Attributes:
        data: Its content.
        stream_id: The stream.
    """

    __slots__ = ("data", "stream_id")
    __match_args__: ClassVar[tuple[Literal["data"], Literal["stream_id"]]] = ("data", "stream_id")

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
        return f"Datagram(data={excerpt(self.data)}, stream_id={digits(self.stream_id)})"


def _on(stream_id: int) -> str:
    return "" if stream_id == 0 else f", stream_id={digits(stream_id)}"


as_compiled(Data, EndOfMessage, Datagram)
