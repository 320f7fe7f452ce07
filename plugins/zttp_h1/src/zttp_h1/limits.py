"""``H1Limits``: the limits of a connection, whatever the peer sends."""

from typing import ClassVar, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_core.limits import check_limit
from zttp_h1.native_ints import i64, mypyc_attr

_LARGEST: Final = 1 << 40


@final
@mypyc_attr(acyclic=True)
class H1Limits:
    """The limits of one HTTP/1.1 connection, in bytes and in fields. Frozen.

    Raises ValueError for a value out of range.
    Attributes:
        max_line: Bytes of one line, without its CRLF: start line, field line, chunk line. nginx allows 8 KiB.
        max_headers: Fields of a header section. Apache allows 100.
        max_header_bytes: Bytes of a header section, with the CRLF of every line. Node allows 16 KiB, Go 1 MiB.
        max_trailers: Fields of a trailer section.
        max_trailer_bytes: Bytes of a trailer section.
        max_buffer: Bytes that were received and not yet pulled as events.
    """

    __slots__ = (
        "max_buffer",
        "max_header_bytes",
        "max_headers",
        "max_line",
        "max_trailer_bytes",
        "max_trailers",
    )
    __match_args__: ClassVar[tuple[str, ...]] = (
        "max_line",
        "max_headers",
        "max_header_bytes",
        "max_trailers",
        "max_trailer_bytes",
        "max_buffer",
    )

    def __init__(
        self,
        *,
        max_line: int = 16 * 1024,
        max_headers: int = 100,
        max_header_bytes: int = 64 * 1024,
        max_trailers: int = 100,
        max_trailer_bytes: int = 64 * 1024,
        max_buffer: int = 8 * 1024 * 1024,
    ) -> None:
        check_limit("max_line", max_line, 16, _LARGEST)
        check_limit("max_headers", max_headers, 0, _LARGEST)
        check_limit("max_header_bytes", max_header_bytes, 2, _LARGEST)
        check_limit("max_trailers", max_trailers, 0, _LARGEST)
        check_limit("max_trailer_bytes", max_trailer_bytes, 2, _LARGEST)
        check_limit("max_buffer", max_buffer, 1024, _LARGEST)
        self.max_line: Final[i64] = max_line
        self.max_headers: Final[i64] = max_headers
        self.max_header_bytes: Final[i64] = max_header_bytes
        self.max_trailers: Final[i64] = max_trailers
        self.max_trailer_bytes: Final[i64] = max_trailer_bytes
        self.max_buffer: Final[i64] = max_buffer

    def _values(self) -> tuple[int, int, int, int, int, int]:
        return (
            self.max_line,
            self.max_headers,
            self.max_header_bytes,
            self.max_trailers,
            self.max_trailer_bytes,
            self.max_buffer,
        )

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, H1Limits) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[object, ...]:
        return _limits_from, self._values()

    def __repr__(self) -> str:
        values = ", ".join(
            [f"{name}={value}" for name, value in zip(H1Limits.__match_args__, self._values(), strict=True)]
        )
        return f"H1Limits({values})"


def _limits_from(
    line: int, headers: int, header_bytes: int, trailers: int, trailer_bytes: int, buffer: int
) -> H1Limits:
    return H1Limits(
        max_line=line,
        max_headers=headers,
        max_header_bytes=header_bytes,
        max_trailers=trailers,
        max_trailer_bytes=trailer_bytes,
        max_buffer=buffer,
    )


as_compiled(H1Limits)

DEFAULT_LIMITS: Final = H1Limits()
