"""Pacing: packets leave over the round trip instead of all at once (RFC 9002 7.7). A bucket of bytes that refills."""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

_BURST_PACKETS: Final = 10  # may leave at once, as the initial window may
# The rate is a little above window per round trip, so that pacing never is what limits: N of RFC 9002 7.7, in quarters.
_QUARTERS: Final = 5
_SLOW_START_QUARTERS: Final = 8  # the window doubles each round trip there


@final
@mypyc_attr(acyclic=True)
class Pacer:
    """How many bytes may leave now, and when the next may."""

    def __init__(self, datagram_size: i64) -> None:
        self.datagram_size: i64 = datagram_size
        self._tokens: i64 = _BURST_PACKETS * datagram_size
        self._filled: i64 = -1  # when

    def allowance(self, now: i64, window: i64, smoothed: i64, slow_start: bool) -> i64:
        """Return how many bytes may leave ``now``."""
        burst = self._burst(window, smoothed, slow_start)
        if self._filled < 0:
            self._filled = now
            self._tokens = burst
        elif now > self._filled:
            elapsed = now - self._filled
            if elapsed >= smoothed:
                self._tokens = burst
                self._filled = now
            else:
                gained = self._gained(elapsed, window, smoothed, slow_start)
                if gained > 0:
                    self._tokens = min(self._tokens + gained, burst)
                    self._filled = now
        return self._tokens

    def on_sent(self, size: i64) -> None:
        """Take a packet out of the bucket; it may be drawn below empty by what is not paced."""
        self._tokens -= size

    def next_time(self, window: i64, smoothed: i64, slow_start: bool) -> i64:
        """Return when a full datagram may leave, if none may now; later than the last fill."""
        missing = self.datagram_size - self._tokens
        quarters: i64 = _SLOW_START_QUARTERS if slow_start else _QUARTERS
        wait = (missing * smoothed * 4 + quarters * window - 1) // (quarters * window)
        return self._filled + (wait if wait > 0 else 1)

    def _burst(self, window: i64, smoothed: i64, slow_start: bool) -> i64:
        # On a fast path a timer of one millisecond must not be what limits.
        least = _BURST_PACKETS * self.datagram_size
        millisecond = self._gained(1_000, window, smoothed, slow_start)
        return max(least, millisecond)

    def _gained(self, elapsed: i64, window: i64, smoothed: i64, slow_start: bool) -> i64:
        quarters: i64 = _SLOW_START_QUARTERS if slow_start else _QUARTERS
        return elapsed * quarters * window // (4 * smoothed if smoothed > 0 else 4)
