"""What is left of a connection that was closed here: its last packet, for who has not heard (RFC 9000 10.2.1)."""

from typing import Final, final

from zttp_h3.native_ints import i64
from zttp_h3.quic.paths import AMPLIFICATION


@final
class Tombstone:
    """Answers ever more rarely, and with no more than may go to an address that nobody has proven."""

    def __init__(self, packet: bytes) -> None:
        self._packet: Final = packet
        self._heard: i64 = 0  # datagrams since it was said last
        self._answer_at: i64 = 1

    def answer(self, datagram: bytes) -> bytes | None:
        """Return what to answer a datagram for the connection; None for nothing."""
        self._heard += 1
        if self._heard < self._answer_at or len(self._packet) > AMPLIFICATION * len(datagram):
            return None
        self._heard = 0
        self._answer_at *= 2
        return self._packet
