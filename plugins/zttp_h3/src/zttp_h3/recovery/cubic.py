"""CUBIC (RFC 9438): the window grows with the time since congestion, not with the number of round trips.

Windows are in bytes, times in microseconds; the formulas are the RFC's, in segments and seconds.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.recovery.congestion import CongestionControl

_BETA: Final = 0.7  # RFC 9438 4.6
_C: Final = 0.4  # RFC 9438 5.1, segments per second cubed
_ALPHA: Final = 3.0 * (1.0 - _BETA) / (1.0 + _BETA)  # RFC 9438 4.3
_FAST_CONVERGENCE: Final = (1.0 + _BETA) / 2.0  # RFC 9438 4.7


@final
@mypyc_attr(acyclic=True)
class Cubic(CongestionControl):
    """A window that quickly returns to its size at the last congestion, stays there, and then probes beyond."""

    def __init__(self, datagram_size: i64) -> None:
        super().__init__(datagram_size)
        self._epoch: i64 = -1  # the start of the current congestion avoidance
        self._most = 0.0  # W_max, segments
        self._origin = 0.0  # K, seconds
        self._reno = 0.0  # W_est, segments
        self._reached_reno = 0.0  # cwnd_prior, segments: from there W_est grows like Reno
        self._kept: tuple[i64, float, float, float, float] = (-1, 0.0, 0.0, 0.0, 0.0)  # before the latest reduction

    def resize(self, datagram_size: i64) -> None:
        """Count in segments of another size."""
        scale = float(self.datagram_size) / float(datagram_size)
        self._most *= scale
        self._reno *= scale
        self._reached_reno *= scale
        super().resize(datagram_size)

    def _grow(self, size: i64, now: i64) -> None:
        if self.window < self.threshold:
            self.window += size
            return
        segment = float(self.datagram_size)
        window = float(self.window) / segment
        if self._epoch < 0:
            self._epoch = now
            if self._most <= window:
                self._most = window
                self._origin = 0.0
            else:
                self._origin = ((self._most - window) / _C) ** (1.0 / 3.0)
            self._reno = window
        elapsed = float(now - self._epoch) / 1e6
        # RFC 9438 4.3: no slower than Reno.
        self._reno += (1.0 if self._reno >= self._reached_reno else _ALPHA) * (float(size) / segment) / window
        offset = elapsed - self._origin
        if _C * offset * offset * offset + self._most < self._reno:
            if self._reno > window:
                self.window = i64(self._reno * segment)
            return
        # RFC 9438 4.2, 4.4, 4.5: the value of the curve one round trip from now, at most 1.5 times the window.
        offset += float(self.smoothed) / 1e6
        target = _C * offset * offset * offset + self._most
        target = min(max(target, window), 1.5 * window)
        self.window += i64((target - window) / window * float(size))

    def _shrink(self, now: i64) -> None:  # noqa: ARG002
        window = float(self.window) / float(self.datagram_size)
        self._reached_reno = window
        self._most = window * _FAST_CONVERGENCE if window < self._most else window
        self.threshold = max(i64(float(self.window) * _BETA), self.least_window())
        self.window = self.threshold
        self._epoch = -1

    def _keep(self) -> None:
        self._kept = (self._epoch, self._most, self._origin, self._reno, self._reached_reno)

    def _give_back(self) -> None:
        self._epoch, self._most, self._origin, self._reno, self._reached_reno = self._kept

    def _collapse(self) -> None:
        self._epoch = -1
        self._most = 0.0
        self._reached_reno = 0.0
