"""``CloseInfo``: how a connection ended."""

from typing import ClassVar, Final, final

from zttp_core.as_compiled import as_compiled

_SHOWN: Final = 80


@final
class CloseInfo:
    """How a connection was closed, by either side (RFC 9000 19.19).

    Attributes:
        error_code: The code of CONNECTION_CLOSE.
        reason: The reason phrase, in an encoding that its sender chose.
        is_application: Whether the code is one of HTTP/3 (``H3ErrorCode``); otherwise it is one of QUIC
            (``QuicErrorCode``).
    """

    __slots__ = ("error_code", "is_application", "reason")
    __match_args__: ClassVar[tuple[str, ...]] = ("error_code", "reason", "is_application")

    def __init__(self, error_code: int, reason: bytes, is_application: bool) -> None:
        self.error_code: Final = error_code
        self.reason: Final = reason
        self.is_application: Final = is_application

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CloseInfo):
            return NotImplemented
        mine = (self.error_code, self.reason, self.is_application)
        return mine == (other.error_code, other.reason, other.is_application)

    def __hash__(self) -> int:
        return hash((self.error_code, self.reason, self.is_application))

    def __reduce__(self) -> tuple[object, ...]:
        return CloseInfo, (self.error_code, self.reason, self.is_application)

    def __repr__(self) -> str:
        shown = repr(self.reason[:_SHOWN]) + ("..." if len(self.reason) > _SHOWN else "")
        return f"CloseInfo({self.error_code:#x}, {shown}, is_application={self.is_application})"


as_compiled(CloseInfo)
