"""Explicit congestion notification: whether a path carries the marks, and their use (RFC 9000 13.4, RFC 9002 7.1).

A path is tested with its first packets. ECN is used while the peer's counts match the sent marks, and never again after
a mismatch: then marks are lost or changed in transit, and only loss indicates congestion.

    TESTING --- sent enough ---> UNKNOWN
       |                            |
       +-------- counted ---> CAPABLE
       +-- miscounted, or all lost, from everywhere ---> FAILED
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

NOT_ECT: Final = 0
ECT_0: Final = 2  # the two bits of the IP header (RFC 3168 5)

TESTING: Final = 0
UNKNOWN: Final = 1
CAPABLE: Final = 2
FAILED: Final = 3

# Events of a path.
_SENT_ENOUGH: Final = 0
_COUNTED: Final = 1
_MISCOUNTED: Final = 2
_ALL_LOST: Final = 3

# RFC 9000 13.4.2, A.4. Other pairs change nothing.
TRANSITIONS: Final[dict[tuple[int, int], int]] = {
    (TESTING, _SENT_ENOUGH): UNKNOWN,
    (TESTING, _COUNTED): CAPABLE,
    (UNKNOWN, _COUNTED): CAPABLE,
    (TESTING, _MISCOUNTED): FAILED,
    (UNKNOWN, _MISCOUNTED): FAILED,
    (CAPABLE, _MISCOUNTED): FAILED,
    (TESTING, _ALL_LOST): FAILED,
    (UNKNOWN, _ALL_LOST): FAILED,
}

_TESTED: Final = 10  # packets, RFC 9000 A.4
_SPACES: Final = 3
_SURVIVED: Final = 0x3FFFFFFFFFFFFFFF  # a packet of the test has arrived, so not all are lost


@final
@mypyc_attr(acyclic=True)
class Ecn:
    """The state of the path in use; ``ect0``, ``ect1`` and ``ce`` are the peer's latest counts, of all spaces."""

    def __init__(self) -> None:
        self.state: i64 = TESTING
        self.sent: i64 = 0  # packets with a mark
        self._outstanding: i64 = 0  # of those of the test
        self._tested: i64 = 0
        self._sent_in: Final[list[int]] = [0] * _SPACES
        self._ect0: Final[list[int]] = [0] * _SPACES
        self._ect1: Final[list[int]] = [0] * _SPACES
        self._ce: Final[list[int]] = [0] * _SPACES

    def mark(self) -> i64:
        """Return the mark of the next datagram."""
        return ECT_0 if self.state == TESTING or self.state == CAPABLE else NOT_ECT

    def is_used(self) -> bool:
        """Return whether the test or the use continues."""
        return self.state != FAILED

    def is_capable(self) -> bool:
        """Return whether the path is known to carry marks."""
        return self.state == CAPABLE

    def counts(self) -> tuple[int, int, int]:
        """Return the peer's counts: ECT(0), ECT(1), CE."""
        return sum(self._ect0), sum(self._ect1), sum(self._ce)

    def restart(self) -> None:
        """Test another path (RFC 9000 13.4.2)."""
        self.state = TESTING
        self._tested = 0
        self._outstanding = 0

    def on_sent(self, space: i64) -> None:
        """Count a marked packet."""
        self.sent += 1
        self._sent_in[space] += 1
        if self.state == TESTING:
            self._tested += 1
            self._outstanding += 1
            if self._tested >= _TESTED:
                self._pass(_SENT_ENOUGH)

    def on_silence(self) -> None:
        """End the test: nothing was received for a while, which may be caused by the marks (RFC 9000 13.4.2)."""
        if self.state == TESTING:
            self._pass(_SENT_ENOUGH)

    def on_lost(self, marked: i64) -> None:
        """Record that marked packets were lost: a path that drops all of them carries no marks (RFC 9000 13.4.2)."""
        self._outstanding -= marked
        if marked > 0 and self._outstanding <= 0 and self.state == UNKNOWN:
            self._pass(_ALL_LOST)

    def on_acknowledged(self, space: i64, marked: i64, ect0: i64, ect1: i64, ce: i64) -> bool:
        """Take an ACK frame that raises the largest acknowledged packet, with ``marked`` packets newly acknowledged.

        Returns whether the marks indicate congestion (RFC 9002 7.1). Counts are -1 if the frame has none.
        """
        if ect0 < 0:
            if marked > 0:
                self._pass(_MISCOUNTED)
            return False
        more_ect0 = ect0 - self._ect0[space]
        more_ce = ce - self._ce[space]
        # RFC 9000 13.4.2.1. We never send ECT(1).
        good = (
            more_ect0 >= 0
            and more_ce >= 0
            and more_ect0 + more_ce >= marked
            and ect0 + ce <= self._sent_in[space]
            and ect1 == 0
        )
        self._ect0[space] = int(ect0)
        self._ect1[space] = int(ect1)
        self._ce[space] = int(ce)
        if not good:
            self._pass(_MISCOUNTED)
            return False
        if marked > 0:
            self._outstanding = _SURVIVED
            self._pass(_COUNTED)
        return self.state == CAPABLE and more_ce > 0

    def _pass(self, happened: int) -> None:
        self.state = TRANSITIONS.get((int(self.state), happened), int(self.state))
