"""Received packets of one packet number space, and when to acknowledge them (RFC 9000 13.2)."""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.ranges import Ranges

_MOST_RANGES: Final = 64  # stored ranges; with more gaps only the newest are acknowledged

# RFC 9000 13.2.2 recommends an acknowledgment of every second packet; on a path without loss that is a quarter of the
# receiver's work, and every tenth is enough.
_EVERY: Final = 2
_SETTLED_EVERY: Final = 10
_SETTLED_AFTER: Final = 100  # packets without a gap


@final
@mypyc_attr(acyclic=True)
class Received:
    """Processed packet numbers, and those that were not acknowledged yet."""

    def __init__(self, immediate: bool) -> None:
        self.numbers: Final = Ranges()
        self.largest: i64 = -1
        self.largest_time: i64 = 0  # when that arrived
        self.deadline: i64 = -1  # the deadline of the acknowledgment
        self.due = False  # now
        self.unreported = False  # there is something new to acknowledge, if a packet is sent anyway
        self.ect0: i64 = 0
        self.ect1: i64 = 0
        self.ce: i64 = 0
        self._immediate: Final = immediate  # RFC 9000 13.2.1: Initial and Handshake packets
        self._eliciting: i64 = 0  # since the last acknowledgment
        self._in_order: i64 = 0
        self._floor: i64 = 0  # every number below counts as received

    def is_duplicate(self, number: i64) -> bool:
        """Return whether a packet was processed before, or is too old to tell (RFC 9000 12.3, 13.2.3)."""
        return number < self._floor or self.numbers.contains(number)

    def add(self, number: i64, eliciting: bool, now: i64, delay: i64, patience: i64) -> None:
        """Record a processed packet; ``delay`` is our max_ack_delay, ``patience`` a quarter of a round trip."""
        gap = number != self.largest + 1
        self.numbers.add(number, number + 1)
        if number > self.largest:
            self.largest = number
            self.largest_time = now
        if len(self.numbers) > _MOST_RANGES:
            start, stop = self.numbers.lowest()
            self._floor = stop
            self.numbers.drop_lowest()
            assert start < stop
        if not eliciting:
            return
        self.unreported = True
        self._eliciting += 1
        if gap:
            self._in_order = 0
            self.due = True  # RFC 9000 13.2.1: reordering and loss are reported at once
        else:
            self._in_order += 1
        if self._immediate or self._eliciting >= (_SETTLED_EVERY if self._in_order > _SETTLED_AFTER else _EVERY):
            self.due = True
            return
        if self.deadline < 0:
            self.deadline = now + delay
        # With a window of less than ten packets the tenth is not sent: the second one does not wait long for it.
        if self._eliciting == _EVERY and now + patience < self.deadline:
            self.deadline = now + patience

    def on_congestion_mark(self) -> None:
        """Acknowledge packets with a CE mark at once (RFC 9000 13.2.1)."""
        self.due = True

    def on_sent(self) -> None:
        """Record that an ACK frame is sent."""
        self.due = False
        self.unreported = False
        self.deadline = -1
        self._eliciting = 0

    def on_acknowledged(self, largest: i64) -> None:
        """Drop the ranges that the peer knows: an ACK frame up to ``largest`` arrived (RFC 9000 13.2.4)."""
        if largest + 1 > self._floor:
            self._floor = largest + 1
            self.numbers.drop_below(self._floor)

    def on_timeout(self, now: i64) -> None:
        """Make the delayed acknowledgment due."""
        if 0 <= self.deadline <= now:
            self.deadline = -1
            self.due = True

    def is_to_come(self) -> bool:
        """Return whether a delayed acknowledgment is pending."""
        return self.deadline >= 0 and not self.due

    def is_empty(self) -> bool:
        """Return whether there is nothing to acknowledge."""
        return not self.numbers
