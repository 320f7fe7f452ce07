"""``H3Limits``: the limits of a connection, whatever the peer sends."""

from typing import ClassVar, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_core.limits import check_limit
from zttp_h3.native_ints import i64, mypyc_attr

_MOST: Final = 1 << 60
_MOST_TABLE: Final = 1 << 16  # pylsqpack counts the bytes of an entry in 16 bits


@final
@mypyc_attr(acyclic=True)
class H3Limits:
    """The limits of one HTTP/3 connection. Frozen. Raises ValueError for a value out of range.

    Names shared with ``H2Limits`` mean the same here. Sizes are in bytes, times in seconds.

    Attributes:
        max_concurrent_streams: Requests that the peer may have open.
        max_header_list_size: Size of a header section by RFC 9114 4.2.2: names, values and 32 per field.
        max_field_block_bytes: Size of an encoded header section.
        header_table_size: Size of the QPACK decoder's dynamic table, at most 65,536.
        max_blocked_streams: Requests that may wait for the dynamic table (RFC 9204 2.1.2).
        max_stream_resets: How many more requests may be reset than end normally. Counted are requests that the peer
            resets before the head of their response is sent or while its windows block all content, and requests reset
            here because of a peer's error.
        max_blocked_bytes: Content that waits to be sent; ``send_data`` refuses more.
        initial_window_size: Content that the peer may send on a stream before any is consumed.
        max_stream_window: The largest size of a stream's window.
        connection_window_size: Content that the peer may send on all streams together before any is consumed.
        max_connection_window: The largest size of the connection's window.
        max_datagram_frame_size: Size of a DATAGRAM frame; 0 for none.
        idle_timeout: Time without packets after which the connection ends (RFC 9000 10.1).
        handshake_timeout: Time that a handshake may take.
    """

    __slots__ = (
        "connection_window_size",
        "handshake_timeout",
        "header_table_size",
        "idle_timeout",
        "initial_window_size",
        "max_blocked_bytes",
        "max_blocked_streams",
        "max_concurrent_streams",
        "max_connection_window",
        "max_datagram_frame_size",
        "max_field_block_bytes",
        "max_header_list_size",
        "max_stream_resets",
        "max_stream_window",
    )
    __match_args__: ClassVar[tuple[str, ...]] = (
        "max_concurrent_streams",
        "max_header_list_size",
        "max_field_block_bytes",
        "header_table_size",
        "max_blocked_streams",
        "max_stream_resets",
        "max_blocked_bytes",
        "initial_window_size",
        "max_stream_window",
        "connection_window_size",
        "max_connection_window",
        "max_datagram_frame_size",
        "idle_timeout",
        "handshake_timeout",
    )

    def __init__(
        self,
        *,
        max_concurrent_streams: int = 128,
        max_header_list_size: int = 65_536,
        max_field_block_bytes: int = 65_536,
        header_table_size: int = 4_096,
        max_blocked_streams: int = 16,
        max_stream_resets: int = 256,
        max_blocked_bytes: int = 67_108_864,
        initial_window_size: int = 262_144,
        max_stream_window: int = 6_291_456,
        connection_window_size: int = 1_048_576,
        max_connection_window: int = 16_777_216,
        max_datagram_frame_size: int = 65_535,
        idle_timeout: int = 30,
        handshake_timeout: int = 10,
    ) -> None:
        self.max_concurrent_streams: Final[i64] = check_limit(
            "max_concurrent_streams", max_concurrent_streams, 1, _MOST
        )
        self.max_header_list_size: Final[i64] = check_limit("max_header_list_size", max_header_list_size, 1, _MOST)
        self.max_field_block_bytes: Final[i64] = check_limit("max_field_block_bytes", max_field_block_bytes, 1, _MOST)
        self.header_table_size: Final[i64] = check_limit("header_table_size", header_table_size, 0, _MOST_TABLE)
        self.max_blocked_streams: Final[i64] = check_limit("max_blocked_streams", max_blocked_streams, 0, 1 << 16)
        self.max_stream_resets: Final[i64] = check_limit("max_stream_resets", max_stream_resets, 1, _MOST)
        self.max_blocked_bytes: Final[i64] = check_limit("max_blocked_bytes", max_blocked_bytes, 1, _MOST)
        self.initial_window_size: Final[i64] = check_limit("initial_window_size", initial_window_size, 1, _MOST)
        self.max_stream_window: Final[i64] = check_limit("max_stream_window", max_stream_window, 1, _MOST)
        self.connection_window_size: Final[i64] = check_limit(
            "connection_window_size", connection_window_size, 1, _MOST
        )
        self.max_connection_window: Final[i64] = check_limit("max_connection_window", max_connection_window, 1, _MOST)
        self.max_datagram_frame_size: Final[i64] = check_limit(
            "max_datagram_frame_size", max_datagram_frame_size, 0, 65_535
        )
        self.idle_timeout: Final[i64] = check_limit("idle_timeout", idle_timeout, 1, 1 << 20)
        self.handshake_timeout: Final[i64] = check_limit("handshake_timeout", handshake_timeout, 1, 1 << 20)

    def _values(self) -> tuple[int, ...]:
        return (
            self.max_concurrent_streams,
            self.max_header_list_size,
            self.max_field_block_bytes,
            self.header_table_size,
            self.max_blocked_streams,
            self.max_stream_resets,
            self.max_blocked_bytes,
            self.initial_window_size,
            self.max_stream_window,
            self.connection_window_size,
            self.max_connection_window,
            self.max_datagram_frame_size,
            self.idle_timeout,
            self.handshake_timeout,
        )

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, H3Limits) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[object, ...]:
        return limits_from, (self._values(),)

    def __repr__(self) -> str:
        values = ", ".join(
            [f"{name}={value}" for name, value in zip(H3Limits.__match_args__, self._values(), strict=True)]
        )
        return f"H3Limits({values})"


def limits_from(values: tuple[int, ...]) -> H3Limits:
    """Make limits from their values, in the order of ``__match_args__`` (for pickle)."""
    return H3Limits(**dict(zip(H3Limits.__match_args__, values, strict=True)))


as_compiled(H3Limits)

DEFAULT_LIMITS: Final = H3Limits()
