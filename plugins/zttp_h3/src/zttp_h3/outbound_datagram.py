"""``OutboundDatagram``: a datagram to send, with its addresses."""

from typing import Any, ClassVar, Final, final

from zttp_core.as_compiled import as_compiled


@final
class OutboundDatagram:
    """A datagram to send.

    Attributes:
        data: Its bytes.
        peer_address: The destination: the value that the caller passed with datagrams from there.
        local_address: The source, if the caller passed local addresses; otherwise ``None``.
        ecn: The ECN codepoint to send it with (RFC 3168 5): 0 for Not-ECT, 2 for ECT(0).
    """

    __slots__ = ("data", "ecn", "local_address", "peer_address")
    __match_args__: ClassVar[tuple[str, ...]] = ("data", "peer_address", "local_address", "ecn")

    def __init__(self, data: bytes, peer_address: Any, local_address: Any = None, ecn: int = 0) -> None:
        self.data: Final = data
        self.peer_address: Final = peer_address
        self.local_address: Final = local_address
        self.ecn: Final = ecn

    def __repr__(self) -> str:
        return f"<OutboundDatagram of {len(self.data)} bytes to {str(self.peer_address)[:80]}>"


as_compiled(OutboundDatagram)
