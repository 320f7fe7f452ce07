"""Credit in both directions, of a stream or of the connection (RFC 9000 4.1, 4.2).

A receive window is only as large as the path needs: it doubles when it was consumed within two round trips, up to a
maximum. Only consumption makes it grow, never announcements of the peer.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr


@final
@mypyc_attr(acyclic=True)
class ReceiveWindow:
    """The credit of the peer: up to ``limit``, which rises as the application consumes."""

    def __init__(self, window: i64, most: i64) -> None:
        self.window: i64 = window
        self.most: Final[i64] = max(window, most)
        self.limit: i64 = window
        self.consumed: i64 = 0
        self._raised: i64 = -1  # when the limit was raised last

    def consume(self, size: i64) -> bool:
        """Record consumed bytes. Returns whether a new limit should be sent."""
        self.consumed += size
        return self.is_due()

    def is_due(self) -> bool:
        """Return whether half of the window is used up: time to send a new limit (RFC 9000 4.2)."""
        return self.limit - self.consumed <= self.window // 2

    def is_scarce(self, received: i64, least: i64) -> bool:
        """Return whether at least ``least`` bytes can be returned, and more than the peer has left.

        ``received`` have arrived. Other streams may hold the rest of a connection's window while they are not read.
        """
        kept = self.consumed + self.window - self.limit
        return kept >= least and kept > self.limit - received

    def raise_limit(self, now: i64, smoothed: i64) -> i64:
        """Return the new limit, which is sent ``now``; the window grows if it was used up fast."""
        if self.is_due():
            if self._raised >= 0 and now - self._raised < 2 * smoothed and self.window < self.most:
                self.window = min(2 * self.window, self.most)
            self._raised = now
        limit = self.consumed + self.window
        if limit > self.limit:
            self.limit = limit
        return self.limit

    def widen(self, window: i64) -> None:
        """Let the window be at least this wide from the next limit on."""
        if window > self.window:
            self.window = min(window, self.most)


@final
@mypyc_attr(acyclic=True)
class SendCredit:
    """The credit for all our streams together: the peer's MAX_DATA and how much of it is used."""

    def __init__(self, limit: i64) -> None:
        self.limit: i64 = limit
        self.used: i64 = 0
        self.blocked_at: i64 = -1  # the limit in the last DATA_BLOCKED

    def available(self) -> i64:
        """Return the number of new bytes that may be sent."""
        return self.limit - self.used

    def restart(self) -> None:
        """Reset the use and the limit to 0: the limit was a remembered one."""
        self.limit = 0
        self.used = 0
        self.blocked_at = -1

    def raise_to(self, limit: i64) -> bool:
        """Take a limit from the peer; one that is not higher is ignored (RFC 9000 4.1). Returns whether it rose."""
        if limit <= self.limit:
            return False
        self.limit = limit
        return True
