"""NewReno (RFC 9002 7.3)."""

from typing import final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.recovery.congestion import CongestionControl


@final
@mypyc_attr(acyclic=True)
class NewReno(CongestionControl):
    """One more datagram each round trip, half of the window on congestion."""

    def __init__(self, datagram_size: i64) -> None:
        super().__init__(datagram_size)
        self._acknowledged: i64 = 0  # towards the next datagram of the window

    def _grow(self, size: i64, now: i64) -> None:  # noqa: ARG002
        if self.window < self.threshold:
            self.window += size
            return
        self._acknowledged += size
        if self._acknowledged >= self.window:
            self._acknowledged -= self.window
            self.window += self.datagram_size

    def _shrink(self, now: i64) -> None:  # noqa: ARG002
        self.threshold = max(self.window // 2, self.least_window())
        self.window = self.threshold
        self._acknowledged = 0

    def _collapse(self) -> None:
        self._acknowledged = 0
