"""Datagrams of the endpoint itself: Retry, Version Negotiation, resets, answers of tombstones."""

from typing import Any, Final, final

from zttp_h3.outbound_datagram import OutboundDatagram

_MOST: Final = 1_024  # that wait; further ones are dropped, as in a network


@final
class OwnDatagrams:
    """A queue with a limit: each entry costs its sender a datagram."""

    def __init__(self) -> None:
        self.waiting: list[OutboundDatagram] = []

    def send(self, data: bytes, peer: Any, local: Any) -> None:
        """Queue a datagram."""
        if len(self.waiting) < _MOST:
            self.waiting.append(OutboundDatagram(data, peer, local, 0))

    def take(self) -> list[OutboundDatagram]:
        """Return the waiting datagrams, and remove them."""
        taken = self.waiting
        self.waiting = []
        return taken
