"""What congestion controllers share: the window, what is in flight, and when the window is cut (RFC 9002 7)."""

from typing import Final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.recovery.round_trip import INITIAL_RTT

_LARGEST: Final = 0x3FFFFFFFFFFFFFFF
_INITIAL_PACKETS: Final = 10  # RFC 9002 7.2
_INITIAL_BYTES: Final = 14_720
_LEAST_PACKETS: Final = 2
# A window beyond what any path holds would only make a peer's false acknowledgments worth more.
_MOST_BYTES: Final = 256 * 1024 * 1024


@mypyc_attr(acyclic=True)
class CongestionControl:
    """The congestion window of a path, in bytes; the subclass says how it grows and shrinks."""

    def __init__(self, datagram_size: i64) -> None:
        self.datagram_size: i64 = datagram_size
        self.window: i64 = 0
        self.in_flight: i64 = 0
        self.threshold: i64 = _LARGEST  # slow start ends there
        self.smoothed: i64 = INITIAL_RTT  # round-trip time
        self.recovery_start: i64 = -1  # packets sent until then belong to a congestion event that was answered
        self._before: tuple[i64, i64, i64] = (0, 0, 0)  # the latest cut: window, threshold, recovery_start
        self.restart()

    def restart(self) -> None:
        """Forget what was learned, on a new path (RFC 9000 9.4); what is in flight stays."""
        packets = _INITIAL_PACKETS * self.datagram_size
        self.window = min(packets, max(_INITIAL_BYTES, 2 * self.datagram_size))
        self.threshold = _LARGEST
        self.recovery_start = -1

    def resize(self, datagram_size: i64) -> None:
        """Count in datagrams of another size; the window keeps its bytes (RFC 9002 7.2)."""
        self.datagram_size = datagram_size
        self.window = max(self.window, self.least_window())

    def room(self) -> i64:
        """Return how many bytes may be sent; never negative."""
        return self.window - self.in_flight if self.window > self.in_flight else 0

    def in_slow_start(self) -> bool:
        """Return whether the window grows with every acknowledged byte (RFC 9002 7.3.1)."""
        return self.window < self.threshold

    def in_recovery(self, sent: i64) -> bool:
        """Return whether a packet sent at ``sent`` belongs to a congestion event that was answered (RFC 9002 7.3.2)."""
        return sent <= self.recovery_start

    def on_sent(self, size: i64) -> None:
        """Count a packet in flight."""
        self.in_flight += size

    def on_removed(self, size: i64) -> None:
        """Take a packet out of flight that was neither acknowledged nor lost: its keys were discarded."""
        self.in_flight -= size

    def on_acknowledged(self, size: i64, sent: i64, now: i64, limited: bool) -> None:
        """Take a packet out of flight; ``limited`` if the window was what kept more from being sent (RFC 9002 7.8)."""
        self.in_flight -= size
        if limited and not self.in_recovery(sent) and self.window < _MOST_BYTES:
            self._grow(size, now)

    def on_lost(self, size: i64) -> None:
        """Take a lost packet out of flight; the window is ``on_congestion``'s."""
        self.in_flight -= size

    def on_congestion(self, sent: i64, now: i64) -> bool:
        """Answer congestion that met a packet sent at ``sent``: once for each round trip (RFC 9002 7.3.2).

        Returns whether the window was cut.
        """
        if self.in_recovery(sent):
            return False
        self._before = (self.window, self.threshold, self.recovery_start)
        self._keep()
        self.recovery_start = now
        self._shrink(now)
        return True

    def undo(self) -> None:
        """Take the latest cut back: what it answered was late, not lost (RFC 9438 4.9.2).

        Nothing changes if the window is larger by now than it was.
        """
        window, threshold, recovery_start = self._before
        if self.window < window:
            self.window = window
            self.threshold = threshold
            self.recovery_start = recovery_start
            self._give_back()

    def on_round_trip(self, latest: i64, smoothed: i64, sent: i64) -> None:  # noqa: ARG002
        """Take a sample of the round trip that a packet sent at ``sent`` has made.

        Where a delay that grows would end slow start (HyStart++, RFC 9406 4.2); a round is over with the first sample
        of a packet that was sent in the next one.
        """
        self.smoothed = smoothed

    def on_persistent_congestion(self) -> None:
        """Fall back to the least window (RFC 9002 7.6.2)."""
        self.window = self.least_window()
        self.recovery_start = -1
        self._collapse()

    def least_window(self) -> i64:
        """Return what a window never falls below (RFC 9002 7.2)."""
        return _LEAST_PACKETS * self.datagram_size

    def _grow(self, size: i64, now: i64) -> None:
        raise AssertionError((size, now))

    def _shrink(self, now: i64) -> None:
        raise AssertionError(now)

    def _keep(self) -> None:
        """Keep what a cut changes besides the window, for the case that it has to be undone."""

    def _give_back(self) -> None:
        """Take back what was kept."""

    def _collapse(self) -> None:
        """Forget what grew out of a state that persistent congestion ended."""
