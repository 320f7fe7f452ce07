"""Packets that arrived before their keys (RFC 9001 5.7): kept, up to a limit, until the keys are there."""

from typing import Any, Final, final

from zttp_h3.native_ints import i64

_MOST_PACKETS: Final = 10
_MOST_BYTES: Final = 16 * 1024


@final
class EarlyPackets:
    """Datagrams, reduced to the packet, with their source addresses and ECN codepoints."""

    def __init__(self) -> None:
        self._packets: list[tuple[bytes, Any, Any, int]] = []
        self._bytes: i64 = 0

    def keep(self, packet: bytes, peer: Any, local: Any, ecn: i64) -> None:
        """Keep a packet if there is room; otherwise it counts as lost."""
        if len(self._packets) < _MOST_PACKETS and self._bytes + len(packet) <= _MOST_BYTES:
            self._packets.append((packet, peer, local, int(ecn)))
            self._bytes += len(packet)

    def take(self) -> list[tuple[bytes, Any, Any, int]]:
        """Return and remove the kept packets."""
        packets = self._packets
        self._packets = []
        self._bytes = 0
        return packets

    def __len__(self) -> int:
        return len(self._packets)
