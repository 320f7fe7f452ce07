"""``H3Limits``: what a connection holds at most, whatever the peer sends."""

from typing import Final, final

from zttp_core.limits import check_limit
from zttp_h3.native_ints import i64

_MOST: Final = 1 << 60


@final
class H3Limits:
    """The bounds of one HTTP/3 connection. Frozen; ValueError if a value makes no sense.

    Names that ``H2Limits`` has mean the same here. Sizes are bytes, times seconds.

    Attributes:
        max_concurrent_streams: Requests that the peer may have open.
        max_header_list_size: A header section by RFC 9114 4.2.2: names, values and 32 per field.
        max_field_block_bytes: An encoded header section.
        header_table_size: The QPACK decoder's dynamic table.
        max_blocked_streams: Requests that may wait for the table (RFC 9204 2.1.2).
        max_stream_resets: Requests reset by the peer before they were answered, more than those that ended well.
        max_parked_bytes: Content that waits to be sent; ``send_data`` refuses more.
        initial_window_size: What the peer may send on a stream before it is consumed.
        max_stream_window: Up to here that grows.
        connection_window_size: The same for all streams together.
        max_connection_window: Up to here that grows.
        max_datagram_frame_size: A DATAGRAM frame; 0 for none.
        idle_timeout: Silence after which the connection is over.
        handshake_timeout: How long a handshake may take.
    """

    def __init__(
        self,
        *,
        max_concurrent_streams: int = 128,
        max_header_list_size: int = 65_536,
        max_field_block_bytes: int = 65_536,
        header_table_size: int = 4_096,
        max_blocked_streams: int = 16,
        max_stream_resets: int = 256,
        max_parked_bytes: int = 67_108_864,
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
        self.header_table_size: Final[i64] = check_limit("header_table_size", header_table_size, 0, 1 << 20)
        self.max_blocked_streams: Final[i64] = check_limit("max_blocked_streams", max_blocked_streams, 0, 1 << 16)
        self.max_stream_resets: Final[i64] = check_limit("max_stream_resets", max_stream_resets, 1, _MOST)
        self.max_parked_bytes: Final[i64] = check_limit("max_parked_bytes", max_parked_bytes, 1, _MOST)
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
