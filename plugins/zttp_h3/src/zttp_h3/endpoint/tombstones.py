"""Connections that were closed here: their last packet, for peers that missed it (RFC 9000 10.2.1)."""

from typing import Final, final

from zttp_h3.endpoint.deadlines import Deadlines
from zttp_h3.native_ints import i64
from zttp_h3.quic.paths import AMPLIFICATION


@final
class Tombstone:
    """Answers less and less often, and with no more bytes than an unvalidated address may get."""

    def __init__(self, packet: bytes) -> None:
        self._packet: Final = packet
        self._heard: i64 = 0  # datagrams since the last answer
        self._answer_at: i64 = 1

    def answer(self, datagram: bytes) -> bytes | None:
        """Return what to answer a datagram for the connection; None for nothing."""
        self._heard += 1
        if self._heard < self._answer_at or len(self._packet) > AMPLIFICATION * len(datagram):
            return None
        self._heard = 0
        self._answer_at *= 2
        return self._packet


@final
class Tombstones:
    """The tombstones of an endpoint by the connection IDs of the closed connections, until they expire."""

    def __init__(self) -> None:
        self._by_id: Final[dict[bytes, Tombstone]] = {}
        self._deadlines: Final = Deadlines()

    def __len__(self) -> int:
        return len(self._by_id)

    def set_up(self, packet: bytes, connection_ids: list[bytes], until: int) -> None:
        """Answer datagrams to these connection IDs with the packet from now on."""
        tombstone = Tombstone(packet)
        for connection_id in connection_ids:
            self._by_id[connection_id] = tombstone
            self._deadlines.set(connection_id, until)

    def find(self, connection_id: bytes) -> Tombstone | None:
        """Return the tombstone of a connection ID."""
        return self._by_id.get(connection_id)

    def next_timeout(self) -> int | None:
        """Return when the first one expires."""
        return self._deadlines.next()

    def remove_due(self, now: int) -> None:
        """Remove the expired ones."""
        for connection_id in self._deadlines.take_due(now):
            self._by_id.pop(connection_id, None)
