"""What congestion controllers share: the window, bytes in flight, and reductions of the window (RFC 9002 7)."""

from typing import Final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.recovery.round_trip import INITIAL_RTT

_LARGEST: Final = 0x3FFFFFFFFFFFFFFF
_INITIAL_PACKETS: Final = 10  # RFC 9002 7.2
_INITIAL_BYTES: Final = 14_720
_LEAST_PACKETS: Final = 2
# A window larger than any path needs would only help a peer with false acknowledgments.
_MOST_BYTES: Final = 256 * 1024 * 1024


@mypyc_attr(acyclic=True)
class CongestionControl:
    """The congestion window of a path, in bytes; the subclass defines its growth and reduction."""

    def __init__(self, datagram_size: i64) -> None:
        self.datagram_size: i64 = datagram_size
        self.window: i64 = 0
        self.in_flight: i64 = 0
        self.threshold: i64 = _LARGEST  # slow start ends there
        self.smoothed: i64 = INITIAL_RTT  # round-trip time
        self.recovery_start: i64 = -1  # packets sent until then belong to a handled congestion event
        self._before: tuple[i64, i64, i64] = (0, 0, 0)  # of the latest reduction: window, threshold, recovery_start
        self.restart()

    def restart(self) -> None:
        """Reset the state on a new path (RFC 9000 9.4); the bytes in flight stay."""
        packets = _INITIAL_PACKETS * self.datagram_size
        self.window = min(packets, max(_INITIAL_BYTES, 2 * self.datagram_size))
        self.threshold = _LARGEST
        self.recovery_start = -1

    def resize(self, datagram_size: i64) -> None:
        """Count in datagrams of another size; the window keeps its bytes (RFC 9002 7.2)."""
        self.datagram_size = datagram_size
        self.window = max(self.window, self.least_window())

    def room(self) -> i64:
        """Return the number of bytes that may be sent; never negative."""
        return self.window - self.in_flight if self.window > self.in_flight else 0

    def in_slow_start(self) -> bool:
        """Return whether the window grows with every acknowledged byte (RFC 9002 7.3.1)."""
        return self.window < self.threshold

    def in_recovery(self, sent: i64) -> bool:
        """Return whether a packet sent at ``sent`` belongs to a handled congestion event (RFC 9002 7.3.2)."""
        return sent <= self.recovery_start

    def on_sent(self, size: i64) -> None:
        """Count a packet in flight."""
        self.in_flight += size

    def on_removed(self, size: i64) -> None:
        """Remove a packet from flight that was neither acknowledged nor lost: its keys were discarded."""
        self.in_flight -= size

    def on_acknowledged(self, size: i64, sent: i64, now: i64, limited: bool) -> None:
        """Remove an acknowledged packet from flight; ``limited`` if the window limited sending (RFC 9002 7.8)."""
        self.in_flight -= size
        if limited and not self.in_recovery(sent) and self.window < _MOST_BYTES:
            self._grow(size, now)

    def on_lost(self, size: i64) -> None:
        """Remove a lost packet from flight; ``on_congestion`` changes the window."""
        self.in_flight -= size

    def on_congestion(self, sent: i64, now: i64) -> bool:
        """React to congestion of a packet sent at ``sent``: once for each round trip (RFC 9002 7.3.2).

        Returns whether the window was reduced.
        """
        if self.in_recovery(sent):
            return False
        self._before = (self.window, self.threshold, self.recovery_start)
        self._keep()
        self.recovery_start = now
        self._shrink(now)
        return True

    def undo(self) -> None:
        """Undo the latest reduction: its packets were late, not lost (RFC 9438 4.9.2).

        Nothing changes if the window is already larger than before.
        """
        window, threshold, recovery_start = self._before
        if self.window < window:
            self.window = window
            self.threshold = threshold
            self.recovery_start = recovery_start
            self._give_back()

    def on_round_trip(self, latest: i64, smoothed: i64, sent: i64) -> None:  # noqa: ARG002
        """Take a round-trip sample of a packet sent at ``sent``.

        HyStart++ (RFC 9406 4.2) would end slow start here when the delay grows; a round ends with the first sample of a
        packet that was sent in the next one.
        """
        self.smoothed = smoothed

    def on_persistent_congestion(self) -> None:
        """Fall back to the minimum window (RFC 9002 7.6.2)."""
        self.window = self.least_window()
        self.recovery_start = -1
        self._collapse()

    def least_window(self) -> i64:
        """Return the minimum window (RFC 9002 7.2)."""
        return _LEAST_PACKETS * self.datagram_size

    def _grow(self, size: i64, now: i64) -> None:
        raise AssertionError((size, now))

    def _shrink(self, now: i64) -> None:
        raise AssertionError(now)

    def _keep(self) -> None:
        """Keep the other state that a reduction changes, in case it must be undone."""

    def _give_back(self) -> None:
        """Restore the kept state."""

    def _collapse(self) -> None:
        """Drop the state from before persistent congestion."""
