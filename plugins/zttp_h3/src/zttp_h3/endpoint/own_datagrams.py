"""What an endpoint sends by itself, for no connection: Retry, Version Negotiation, resets, what tombstones say."""

from typing import Any, Final, final

from zttp_h3.outbound_datagram import OutboundDatagram

_MOST: Final = 1_024  # that wait; more are dropped, as a network would


@final
class OwnDatagrams:
    """A queue that ends somewhere: what fills it costs its sender no more than a datagram each."""

    def __init__(self) -> None:
        self.waiting: list[OutboundDatagram] = []

    def send(self, data: bytes, peer: Any, local: Any) -> None:
        """Queue a datagram."""
        if len(self.waiting) < _MOST:
            self.waiting.append(OutboundDatagram(data, peer, local, 0))

    def take(self) -> list[OutboundDatagram]:
        """Return what waits, and forget it."""
        taken = self.waiting
        self.waiting = []
        return taken
