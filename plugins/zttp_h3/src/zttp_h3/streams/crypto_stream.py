"""The CRYPTO stream of one packet number space: a stream without end, limit or identifier (RFC 9000 7.5, 19.6)."""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.streams.receive_stream import ReceiveStream
from zttp_h3.streams.send_stream import SendStream

# RFC 9000 7.5 requires at least 4096 bytes. A ClientHello with a hybrid key share has 1,800, a long chain 10,000.
MOST_BUFFERED: Final = 65_536

_NO_LIMIT: Final = 0x3FFFFFFFFFFFFFFF


@final
@mypyc_attr(acyclic=True)
class CryptoStream:
    """Handshake bytes of one space, both ways."""

    def __init__(self) -> None:
        self.outgoing: Final = SendStream(-1, _NO_LIMIT)
        self._incoming: Final = ReceiveStream(-1, MOST_BUFFERED)

    def receive(self, offset: i64, data: bytes) -> bool:
        """Take a CRYPTO frame; False if it exceeds the buffer (CRYPTO_BUFFER_EXCEEDED)."""
        return self._incoming.receive(offset, data, False) >= 0

    def take(self) -> bytes:
        """Return the next handshake bytes in order; empty if there are none. This makes room for more."""
        data = self._incoming.take()
        self._incoming.limit += len(data)
        return data

    def has_more(self) -> bool:
        """Return whether handshake bytes have arrived after a gap."""
        return self._incoming.highest > self._incoming.taken
