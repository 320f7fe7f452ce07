"""The events of the connection: ``Settings``, ``Ping``, ``Goaway`` and ``WindowUpdate``."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final, Literal, final

from zttp_core.as_compiled import as_compiled
from zttp_core.excerpts import digits, excerpt, excerpt_of_settings
from zttp_core.native_ints import mypyc_attr


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ParsedSettings:
    """The result of a parser, passed to the event without a copy or a check."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[int, int]]) -> None:
        self.pairs: Final = pairs


@final
@mypyc_attr(acyclic=True)
class Goaway:
    """The peer is shutting the connection down (RFC 9113 6.8, RFC 9114 5.2).

    Attributes:
        last_stream_id: Streams above it were not processed and can be retried on another connection. On HTTP/3 it is
            the first of those streams, not the last of the others.
        error_code: The error code; 0 for a graceful shutdown.
        debug: Debug data of the peer, for people to read.
    """

    __slots__ = ("debug", "error_code", "last_stream_id")
    __match_args__: ClassVar[tuple[Literal["last_stream_id"], Literal["error_code"], Literal["debug"]]] = (
        "last_stream_id",
        "error_code",
        "debug",
    )

    def __init__(self, last_stream_id: int, error_code: int = 0, debug: bytes = b"") -> None:
        self.last_stream_id: Final = last_stream_id
        self.error_code: Final = error_code
        self.debug: Final = debug

    @property
    def stream_id(self) -> int:
        """Always 0: the connection."""
        return 0

    def _values(self) -> tuple[int, int, bytes]:
        return (self.last_stream_id, self.error_code, self.debug)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, Goaway) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[object, ...]:
        return Goaway, self._values()

    def __repr__(self) -> str:
        text = f"Goaway(last_stream_id={digits(self.last_stream_id)}, error_code={digits(self.error_code)}"
        return f"{text}, debug={excerpt(self.debug)})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Settings:
    """The peer's settings, already applied and acknowledged (RFC 9113 6.5, RFC 9114 7.2.4).

    Attributes:
        ack: Whether the peer acknowledged our SETTINGS; ``params`` is then empty.
    """

    __slots__ = ("_params", "ack")
    __match_args__: ClassVar[tuple[Literal["params"], Literal["ack"]]] = ("params", "ack")

    def __init__(self, params: Iterable[Sequence[int]] = (), ack: bool = False) -> None:
        # There is no other reference to this list, and none of its pairs can change.
        self._params: Final[list[tuple[int, int]]] = _settings(params)
        self.ack: Final = ack

    @property
    def params(self) -> list[tuple[int, int]]:
        """``(identifier, value)`` pairs in the order of the wire, as a new list."""
        return self._params.copy()

    @property
    def stream_id(self) -> int:
        """Always 0: the connection."""
        return 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Settings):
            return NotImplemented
        return self._params == other._params and self.ack == other.ack

    def __hash__(self) -> int:
        return hash((tuple(self._params), self.ack))

    def __reduce__(self) -> tuple[object, ...]:
        return Settings, (tuple(self._params), self.ack)

    def __repr__(self) -> str:
        return f"Settings(params={excerpt_of_settings(self._params)}, ack={self.ack})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Ping:
    """A PING of the peer, already answered, or its answer to our PING (RFC 9113 6.7).

    Attributes:
        ack: Whether it answers our PING.
        data: Eight bytes.
    """

    __slots__ = ("ack", "data")
    __match_args__: ClassVar[tuple[Literal["ack"], Literal["data"]]] = ("ack", "data")

    def __init__(self, ack: bool, data: bytes) -> None:
        self.ack: Final = ack
        self.data: Final = data

    @property
    def stream_id(self) -> int:
        """Always 0: the connection."""
        return 0

    def __eq__(self, other: object) -> bool:
        return self.ack == other.ack and self.data == other.data if isinstance(other, Ping) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.ack, self.data))

    def __reduce__(self) -> tuple[object, ...]:
        return Ping, (self.ack, self.data)

    def __repr__(self) -> str:
        return f"Ping(ack={self.ack}, data={excerpt(self.data)})"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class WindowUpdate:
    """The peer granted credit to send (RFC 9113 6.9).

    Attributes:
        stream_id: The stream, or 0 for the connection.
        increment: Bytes.
    """

    __slots__ = ("increment", "stream_id")
    __match_args__: ClassVar[tuple[Literal["stream_id"], Literal["increment"]]] = ("stream_id", "increment")

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
        return f"WindowUpdate(stream_id={digits(self.stream_id)}, increment={digits(self.increment)})"


def _settings(params: Any) -> list[tuple[int, int]]:
    """Return pairs of integers as tuples of them; TypeError for anything else."""
    if isinstance(params, ParsedSettings):
        return params.pairs
    pairs: list[tuple[int, int]] = []
    for item in params:
        pair: tuple[Any, ...] = tuple(item) if isinstance(item, (tuple, list, Sequence)) else ()
        if len(pair) != 2 or not isinstance(pair[0], int) or not isinstance(pair[1], int):
            raise TypeError(f"a setting must be an (identifier, value) pair of integers, got {type(item).__name__}")
        pairs.append((int(pair[0]), int(pair[1])))
    return pairs


as_compiled(Goaway, Settings, Ping, WindowUpdate, final=("_params",))
