"""The options of a transport. Times are in microseconds, sizes in bytes."""

from collections.abc import Callable
from typing import Any, Final, final

from zttp_h3.native_ints import i64
from zttp_h3.recovery.path_mtu import BASE_SIZE
from zttp_h3.wire.versions import VERSION_1

_RESET_TOKEN_SIZE: Final = 16  # RFC 9000 10.3


@final
class TransportOptions:
    """One set of options for any number of connections."""

    def __init__(
        self,
        *,
        idle_timeout: i64 = 30_000_000,
        handshake_timeout: i64 = 10_000_000,
        max_ack_delay: i64 = 25_000,
        stream_window: i64 = 256 * 1024,
        most_stream_window: i64 = 6 * 1024 * 1024,
        connection_window: i64 = 1024 * 1024,
        most_connection_window: i64 = 16 * 1024 * 1024,
        max_streams_bidirectional: i64 = 128,
        max_streams_unidirectional: i64 = 8,
        max_datagram_frame_size: i64 = 0,
        keep_alive: i64 = 0,
        qlog: Callable[[dict[str, Any]], object] | None = None,
        congestion: str = "cubic",
        max_datagram_size: i64 = BASE_SIZE,
        versions: tuple[int, ...] = (VERSION_1,),
        connection_id_length: i64 = 8,
        make_connection_id: Callable[[], bytes] | None = None,
        reset_token_of: Callable[[bytes], bytes] | None = None,
        entropy: Callable[[int], bytes] | None = None,
        declared: dict[str, int] | None = None,
    ) -> None:
        import os

        self.idle_timeout: Final[i64] = idle_timeout
        self.handshake_timeout: Final[i64] = handshake_timeout
        self.max_ack_delay: Final[i64] = max_ack_delay
        self.stream_window: Final[i64] = stream_window
        self.most_stream_window: Final[i64] = most_stream_window
        self.connection_window: Final[i64] = connection_window
        self.most_connection_window: Final[i64] = most_connection_window
        self.max_streams_bidirectional: Final[i64] = max_streams_bidirectional
        self.max_streams_unidirectional: Final[i64] = max_streams_unidirectional
        self.max_datagram_frame_size: Final[i64] = max_datagram_frame_size
        self.qlog: Final = qlog
        self.keep_alive: Final[i64] = keep_alive  # 0: none (RFC 9000 10.1.2)
        self.congestion: Final = congestion
        self.max_datagram_size: Final[i64] = max_datagram_size  # largest size to try (RFC 9000 14.3)
        self.versions: Final = versions
        self.connection_id_length: Final[i64] = connection_id_length
        self.entropy: Final[Callable[[int], bytes]] = os.urandom if entropy is None else entropy
        self._make_connection_id: Final = make_connection_id
        self.reset_token_of: Final = reset_token_of
        self.declared: Final = declared  # transport parameters by name, which override the rest

    def new_connection_id(self) -> bytes:
        """Return one of our connection IDs."""
        make = self._make_connection_id
        return self.entropy(int(self.connection_id_length)) if make is None else make()

    def is_followed(self) -> bool:
        """Return whether an endpoint must know the connection IDs."""
        return self._make_connection_id is not None

    def new_reset_token(self, connection_id: bytes) -> bytes:
        """Return the stateless reset token of one of our connection IDs; guessing it would end the connection."""
        token_of = self.reset_token_of
        return self.entropy(_RESET_TOKEN_SIZE) if token_of is None else token_of(connection_id)
