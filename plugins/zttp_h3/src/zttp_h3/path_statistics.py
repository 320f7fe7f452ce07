"""``PathStatistics``: measurements of a path, and counters of a connection."""

from typing import Final, final

from zttp_core.as_compiled import as_compiled
from zttp_h3.quic.session import Session


@final
class PathStatistics:
    """A snapshot of a connection: the path in use, and counters since the start. Times in microseconds, sizes in bytes.

    Attributes:
        rtt: The smoothed round-trip time (RFC 9002 5.3); 0 before the first sample.
        min_rtt: The smallest round-trip time.
        rtt_variation: The variation of the round-trip time.
        cwnd: The congestion window.
        bytes_in_flight: Bytes that were sent and are neither acknowledged nor lost.
        mtu: The size of the largest datagrams that are sent.
        packets_sent: Packets sent.
        packets_received: Packets received that were authentic and new.
        packets_lost: Packets declared lost.
        packets_spurious: Of those, packets that were acknowledged later: they were late, not lost.
        ecn_ect0: Packets marked ECT(0) that the peer has counted (RFC 9000 13.4).
        ecn_ect1: Packets marked ECT(1) that the peer has counted.
        ecn_ce: Packets marked CE (congestion experienced) that the peer has counted.
        ecn_capable: Whether the path carries the ECN marks.
        datagrams_dropped: HTTP datagrams of either direction that were dropped because too many waited.
    """

    __slots__ = (
        "bytes_in_flight",
        "cwnd",
        "datagrams_dropped",
        "ecn_capable",
        "ecn_ce",
        "ecn_ect0",
        "ecn_ect1",
        "min_rtt",
        "mtu",
        "packets_lost",
        "packets_received",
        "packets_sent",
        "packets_spurious",
        "rtt",
        "rtt_variation",
    )

    def __init__(
        self,
        rtt: int = 0,
        min_rtt: int = 0,
        rtt_variation: int = 0,
        cwnd: int = 0,
        bytes_in_flight: int = 0,
        mtu: int = 0,
        packets_sent: int = 0,
        packets_received: int = 0,
        packets_lost: int = 0,
        packets_spurious: int = 0,
        ecn_ect0: int = 0,
        ecn_ect1: int = 0,
        ecn_ce: int = 0,
        ecn_capable: bool = False,
        datagrams_dropped: int = 0,
    ) -> None:
        self.rtt: Final = rtt
        self.min_rtt: Final = min_rtt
        self.rtt_variation: Final = rtt_variation
        self.cwnd: Final = cwnd
        self.bytes_in_flight: Final = bytes_in_flight
        self.mtu: Final = mtu
        self.packets_sent: Final = packets_sent
        self.packets_received: Final = packets_received
        self.packets_lost: Final = packets_lost
        self.packets_spurious: Final = packets_spurious
        self.ecn_ect0: Final = ecn_ect0
        self.ecn_ect1: Final = ecn_ect1
        self.ecn_ce: Final = ecn_ce
        self.ecn_capable: Final = ecn_capable
        self.datagrams_dropped: Final = datagrams_dropped

    def __repr__(self) -> str:
        return (
            f"PathStatistics(rtt={self.rtt}, cwnd={self.cwnd}, bytes_in_flight={self.bytes_in_flight}, mtu={self.mtu}, "
            f"packets_sent={self.packets_sent}, packets_received={self.packets_received}, "
            f"packets_lost={self.packets_lost})"
        )


as_compiled(PathStatistics)


def statistics_of(session: Session | None) -> PathStatistics:
    """Return the statistics of a transport; all 0 if none has begun."""
    if session is None:
        return PathStatistics()
    loss = session.loss
    sampled = loss.round_trip.sampled
    ect0, ect1, ce = session.ecn.counts()
    return PathStatistics(
        int(loss.round_trip.smoothed) if sampled else 0,
        int(loss.round_trip.least),
        int(loss.round_trip.variation) if sampled else 0,
        int(loss.congestion.window),
        int(loss.congestion.in_flight),
        int(loss.path_mtu.size),
        int(loss.packets_sent),
        int(session.packets_received),
        int(loss.packets_lost),
        sum([int(space.spurious) for space in loss.spaces]),
        ect0,
        ect1,
        ce,
        bool(session.ecn.is_capable()),
        int(session.datagrams_dropped),
    )
