"""Stateless resets: they inform a peer that its connection is unknown here (RFC 9000 10.3)."""

import hmac
from collections.abc import Callable
from typing import Final, final

from zttp_h3.native_ints import i64

TOKEN_SIZE: Final = 16
LEAST_RESET: Final = 21  # bytes of a reset, which must look like a packet
_MOST: Final = 42
_PER_SECOND: Final = 1_000  # after a restart all clients of before need one, and wait until they are idle otherwise
_SECOND: Final = 1_000_000


@final
class StatelessResets:
    """Makes resets, with a limit per second. The same secret gives the same tokens after a restart."""

    def __init__(self, secret: bytes, entropy: Callable[[int], bytes]) -> None:
        self._key: Final = hmac.digest(secret, b"zttp h3 stateless resets", "sha256")
        self._entropy: Final = entropy
        self._second: i64 = -1
        self._sent: i64 = 0

    def token_of(self, connection_id: bytes) -> bytes:
        """Return the token of one of our connection IDs (10.3.2)."""
        return hmac.digest(self._key, connection_id, "sha256")[:TOKEN_SIZE]

    def answer(self, datagram: bytes, connection_id: bytes, now: i64) -> bytes | None:
        """Return the reset for a datagram to an unknown connection; None if none should be sent.

        It is shorter than the datagram, so that two endpoints that reset each other stop (10.3.3).
        """
        size = min(len(datagram) - 1, _MOST)
        if size < LEAST_RESET:
            return None
        second = now // _SECOND
        if second != self._second:
            self._second = second
            self._sent = 0
        if self._sent >= _PER_SECOND:
            return None
        self._sent += 1
        chance = self._entropy(int(size) - TOKEN_SIZE)
        return bytes((0x40 | chance[0] & 0x3F,)) + chance[1:] + self.token_of(connection_id)
