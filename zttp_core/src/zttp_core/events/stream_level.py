"""Events of one stream other than its message: ``RstStream`` and ``PriorityUpdate``."""

from typing import ClassVar, Final, Literal, final

from zttp_core.as_compiled import as_compiled
from zttp_core.excerpts import digits
from zttp_core.native_ints import mypyc_attr


@final
@mypyc_attr(acyclic=True)
class RstStream:
    """A stream was cancelled by the peer, or rejected here (RFC 9113 6.4, RFC 9114 4.1.1).

    Attributes:
        stream_id: The stream.
        error_code: Why; see ``H2ErrorCode``.
    """

    __slots__ = ("error_code", "stream_id")
    __match_args__: ClassVar[tuple[Literal["stream_id"], Literal["error_code"]]] = ("stream_id", "error_code")

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
        return f"RstStream(stream_id={digits(self.stream_id)}, error_code={digits(self.error_code)})"


@final
@mypyc_attr(acyclic=True)
class PriorityUpdate:
    """The client changed the priority of a response (RFC 9218 7).

    Attributes:
        stream_id: The stream.
        urgency: 0, the most urgent, to 7.
        incremental: The response is useful in parts.
    """

    __slots__ = ("incremental", "stream_id", "urgency")
    __match_args__: ClassVar[tuple[Literal["stream_id"], Literal["urgency"], Literal["incremental"]]] = (
        "stream_id",
        "urgency",
        "incremental",
    )

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
        text = f"PriorityUpdate(stream_id={digits(self.stream_id)}, urgency={digits(self.urgency)}"
        return f"{text}, incremental={self.incremental})"


as_compiled(RstStream, PriorityUpdate)
