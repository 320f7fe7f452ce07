"""``H2Limits``: the limits of a connection, whatever the peer sends."""

from typing import ClassVar, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_core.limits import check_limit
from zttp_h2.frames import MAX_MAX_FRAME_SIZE, MAX_WINDOW, MIN_MAX_FRAME_SIZE
from zttp_h2.native_ints import i64, mypyc_attr

_MAX_SETTING: Final = 0xFFFFFFFF
_MAX_BYTES: Final[int] = 1 << 60


@final
@mypyc_attr(acyclic=True)
class H2Limits:
    """The limits of one HTTP/2 connection. Frozen. Raises ValueError for a value out of range.

    The values that SETTINGS advertise are the values that are enforced.

    Worst-case memory of one connection, in bytes: ``max_buffer`` and ``max_connection_window`` for data that was
    received and not pulled, ``max_field_block_bytes`` and 16 times ``max_header_list_size`` for a header section, and
    ``max_blocked_bytes`` for content to be sent. With ``auto_credit=False`` the window limits the content that was
    received and not consumed, pulled or not. The throughput of one connection is one window per round trip: 16 MiB in
    100 ms is 1.3 Gbit/s.

    Attributes:
        max_concurrent_streams: Streams that the peer may have open. nginx allows 128.
        max_frame_size: Bytes of a frame's payload that are accepted.
        max_header_list_size: Bytes of a header section by RFC 9113 6.5.2: names, values and 32 per field.
        max_field_block_bytes: Bytes of a compressed field block, over all its frames. Raised if ``update_settings``
            announces a larger header section.
        max_continuation_frames: CONTINUATION frames of one field block.
        max_stream_resets: How many more streams may be reset than end normally. Counted are streams that the peer
            resets before the head of their response is sent or while its windows block all content, and streams reset
            here because of a peer's error. Go allows 4 times the concurrency, nginx 1000.
        max_control_frames: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown frames and the like, without
            progress between them. Not counted: acknowledgments of our own frames, credit for content that was sent,
            frames that cross the reset or end of a stream, and up to four keepalives each time that all input was read
            and all output taken.
        max_buffer: Bytes that were received and not yet pulled as events, in addition to the content that the windows
            allow.
        max_blocked_bytes: Bytes of content that wait for credit from the peer or for ``data_to_send``; ``send_data``
            refuses more. Large, because not every server waits for credit before it sends more.
        header_table_size: Bytes of the decoder's dynamic table.
        initial_window_size: Bytes that the peer may send on a stream before any are consumed.
        connection_window_size: The same for all streams together.
        max_connection_window: The largest size of both windows; they double each time that a full window was consumed.
    """

    __slots__ = (
        "connection_window_size",
        "header_table_size",
        "initial_window_size",
        "max_blocked_bytes",
        "max_buffer",
        "max_concurrent_streams",
        "max_connection_window",
        "max_continuation_frames",
        "max_control_frames",
        "max_field_block_bytes",
        "max_frame_size",
        "max_header_list_size",
        "max_stream_resets",
        "openings",
    )
    __match_args__: ClassVar[tuple[str, ...]] = (
        "max_concurrent_streams",
        "max_frame_size",
        "max_header_list_size",
        "max_field_block_bytes",
        "max_continuation_frames",
        "max_stream_resets",
        "max_control_frames",
        "max_buffer",
        "max_blocked_bytes",
        "header_table_size",
        "initial_window_size",
        "connection_window_size",
        "max_connection_window",
    )

    def __init__(
        self,
        *,
        max_concurrent_streams: int = 128,
        max_frame_size: int = 16 * 1024,
        max_header_list_size: int = 64 * 1024,
        max_field_block_bytes: int = 64 * 1024,
        max_continuation_frames: int = 16,
        max_stream_resets: int = 256,
        max_control_frames: int = 1024,
        max_buffer: int = 8 * 1024 * 1024,
        max_blocked_bytes: int = 64 * 1024 * 1024,
        header_table_size: int = 4096,
        initial_window_size: int = 256 * 1024,
        connection_window_size: int = 1024 * 1024,
        max_connection_window: int = 16 * 1024 * 1024,
    ) -> None:
        check_limit("max_concurrent_streams", max_concurrent_streams, 0, _MAX_SETTING)
        check_limit("max_frame_size", max_frame_size, MIN_MAX_FRAME_SIZE, MAX_MAX_FRAME_SIZE)
        check_limit("max_header_list_size", max_header_list_size, 0, _MAX_SETTING)
        check_limit("max_field_block_bytes", max_field_block_bytes, 1, _MAX_BYTES)
        check_limit("max_continuation_frames", max_continuation_frames, 0, _MAX_BYTES)
        check_limit("max_stream_resets", max_stream_resets, 0, _MAX_BYTES)
        check_limit("max_control_frames", max_control_frames, 1, _MAX_BYTES)
        check_limit("max_buffer", max_buffer, 2 * MIN_MAX_FRAME_SIZE, _MAX_BYTES)
        check_limit("max_blocked_bytes", max_blocked_bytes, 0, _MAX_BYTES)
        check_limit("header_table_size", header_table_size, 0, 16 * 1024 * 1024)
        check_limit("initial_window_size", initial_window_size, 0, MAX_WINDOW)
        # RFC 9113 6.9.2: the window of the connection starts there and can only be raised.
        check_limit("connection_window_size", connection_window_size, 65535, MAX_WINDOW)
        check_limit("max_connection_window", max_connection_window, connection_window_size, MAX_WINDOW)
        self.max_concurrent_streams: Final[i64] = max_concurrent_streams
        self.max_frame_size: Final[i64] = max_frame_size
        self.max_header_list_size: Final[i64] = max_header_list_size
        self.max_field_block_bytes: Final[i64] = max_field_block_bytes
        self.max_continuation_frames: Final[i64] = max_continuation_frames
        self.max_stream_resets: Final[i64] = max_stream_resets
        self.max_control_frames: Final[i64] = max_control_frames
        self.max_buffer: Final[i64] = max_buffer
        self.max_blocked_bytes: Final[i64] = max_blocked_bytes
        self.header_table_size: Final[i64] = header_table_size
        self.initial_window_size: Final[i64] = initial_window_size
        self.connection_window_size: Final[i64] = connection_window_size
        self.max_connection_window: Final[i64] = max_connection_window
        # The first bytes of a connection with these limits, once one was made: for a client, a server, and with
        # extended CONNECT. They follow from the values, so the limits stay constant.
        self.openings: Final[list[bytes | None]] = [None, None, None]

    def _values(self) -> tuple[int, ...]:
        return (
            self.max_concurrent_streams,
            self.max_frame_size,
            self.max_header_list_size,
            self.max_field_block_bytes,
            self.max_continuation_frames,
            self.max_stream_resets,
            self.max_control_frames,
            self.max_buffer,
            self.max_blocked_bytes,
            self.header_table_size,
            self.initial_window_size,
            self.connection_window_size,
            self.max_connection_window,
        )

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, H2Limits) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[object, ...]:
        return limits_from, (self._values(),)

    def __repr__(self) -> str:
        values = ", ".join(
            [f"{name}={value}" for name, value in zip(H2Limits.__match_args__, self._values(), strict=True)]
        )
        return f"H2Limits({values})"


def limits_from(values: tuple[int, ...]) -> H2Limits:
    """Make limits from their values, in the order of ``__match_args__`` (for pickle)."""
    return H2Limits(**dict(zip(H2Limits.__match_args__, values, strict=True)))


as_compiled(H2Limits)

DEFAULT_LIMITS: Final = H2Limits()
