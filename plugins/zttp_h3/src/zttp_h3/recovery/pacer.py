"""Pacing: packets are spread over the round trip (RFC 9002 7.7), with a token bucket of bytes."""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

_BURST_PACKETS: Final = 10  # may be sent at once, like the initial window
# The rate is a little above one window per round trip, so that pacing is not the limit: N of RFC 9002 7.7, in quarters.
_QUARTERS: Final = 5
_SLOW_START_QUARTERS: Final = 8  # the window doubles each round trip in slow start


@final
@mypyc_attr(acyclic=True)
class Pacer:
    """The number of bytes that may be sent now, and the time for more."""

    def __init__(self, datagram_size: i64) -> None:
        self.datagram_size: i64 = datagram_size
        self._tokens: i64 = _BURST_PACKETS * datagram_size
        self._filled: i64 = -1  # when

    def allowance(self, now: i64, window: i64, smoothed: i64, slow_start: bool) -> i64:
        """Return the number of bytes that may be sent ``now``."""
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
        """Take a packet from the bucket; packets that are not paced may make it negative."""
        self._tokens -= size

    def next_time(self, window: i64, smoothed: i64, slow_start: bool) -> i64:
        """Return when a full datagram may be sent, if none may now; later than the last fill."""
        missing = self.datagram_size - self._tokens
        quarters: i64 = _SLOW_START_QUARTERS if slow_start else _QUARTERS
        wait = (missing * smoothed * 4 + quarters * window - 1) // (quarters * window)
        return self._filled + (wait if wait > 0 else 1)

    def _burst(self, window: i64, smoothed: i64, slow_start: bool) -> i64:
        # On a fast path a timer of one millisecond must not be the limit.
        least = _BURST_PACKETS * self.datagram_size
        millisecond = self._gained(1_000, window, smoothed, slow_start)
        return max(least, millisecond)

    def _gained(self, elapsed: i64, window: i64, smoothed: i64, slow_start: bool) -> i64:
        quarters: i64 = _SLOW_START_QUARTERS if slow_start else _QUARTERS
        return elapsed * quarters * window // (4 * smoothed if smoothed > 0 else 4)
