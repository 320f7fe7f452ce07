"""The estimate of the round-trip time (RFC 9002 5). All times are in microseconds."""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

INITIAL_RTT: Final = 333_000  # RFC 9002 6.2.2
GRANULARITY: Final = 1_000  # RFC 9002 6.1.2
_LONGEST: Final = 3_600_000_000  # an hour; the clock has jumped if more passed, and 64 bits hold no multiple of that


@final
@mypyc_attr(acyclic=True)
class RoundTrip:
    """Smoothed, latest and minimum round-trip time of a path."""

    def __init__(self) -> None:
        self.smoothed: i64 = INITIAL_RTT
        self.variation: i64 = INITIAL_RTT // 2
        self.latest: i64 = 0
        self.least: i64 = 0
        self.sampled = False

    def add_sample(self, latest: i64, ack_delay: i64) -> None:
        """Take a sample; ``ack_delay`` is the peer's reported delay, already limited (RFC 9002 5.3)."""
        latest = min(latest, _LONGEST)
        self.latest = latest
        if not self.sampled:
            self.sampled = True
            self.least = latest
            self.smoothed = latest
            self.variation = latest // 2
            return
        if latest < self.least:
            self.least = latest
        adjusted = latest
        if latest >= self.least + ack_delay:
            adjusted = latest - ack_delay
        difference = self.smoothed - adjusted
        if difference < 0:
            difference = -difference
        self.variation = (3 * self.variation + difference) // 4
        self.smoothed = (7 * self.smoothed + adjusted) // 8

    def on_persistent_congestion(self) -> None:
        """Use the newest sample as the minimum: the path may have changed (RFC 9002 5.2)."""
        self.least = self.latest

    def loss_delay(self) -> i64:
        """Return the time threshold for loss, once a later packet was acknowledged (RFC 9002 6.1.2)."""
        longest = max(self.smoothed, self.latest)
        delay = longest * 9 // 8
        return max(GRANULARITY, delay)

    def probe_timeout(self) -> i64:
        """Return the probe timeout without max_ack_delay and backoff (RFC 9002 6.2.1)."""
        spread = 4 * self.variation
        return self.smoothed + (max(GRANULARITY, spread))

    def forget(self) -> None:
        """Start again, on another path (RFC 9000 9.4)."""
        self.smoothed = INITIAL_RTT
        self.variation = INITIAL_RTT // 2
        self.latest = 0
        self.least = 0
        self.sampled = False
