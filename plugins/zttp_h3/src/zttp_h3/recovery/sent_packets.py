"""The packets of one packet number space that wait to be acknowledged: a ring, indexed by packet number.

The fate of a packet is decided once; then its place is empty. An ACK frame repeats most of the previous one, and that
part is not scanned again.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.ranges import Ranges

_PACKET_THRESHOLD: Final = 3  # RFC 9002 6.1.1
_COMPACT_FROM: Final = 256  # this many empty places at the front are removed at once
_CLEAR_FROM: Final = 8  # this many, if they are all: an idle connection keeps no ring
_MOST_RANGES: Final = 64
_MOST_RECENT: Final = 32  # lost packets whose acknowledgment is still recognized
_MOST_UNASKED: Final = 1_024  # records of packets that are not ack-eliciting; of the others only the place is kept
# Places, with as many such records: a round trip of 10 Gbit/s and 200 ms has 100,000 acknowledgments, with loss.
_MOST_PLACES: Final = 1 << 18

_NONE: Final[list[int]] = []  # shared by spaces without skipped numbers: it stays empty


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class SentPacket:
    """One packet, and its content. The first piece of a stream has its own fields: most packets have no other.

    ``stream``, ``more`` and ``controls`` belong to the sender, which gets them back when the packet is acknowledged or
    lost.
    """

    def __init__(self, number: i64, sent: i64, size: i64, eliciting: bool, in_flight: bool) -> None:
        self.number: Final[i64] = number
        self.sent: Final[i64] = sent
        self.size: Final[i64] = size
        self.eliciting: Final = eliciting  # it is ack-eliciting
        self.in_flight: Final = in_flight  # it counts against the congestion window
        self.stream: object = None
        self.offset: i64 = 0
        self.length: i64 = 0
        self.fin = False
        self.more: list[object] | None = None
        self.controls: list[object] | None = None
        self.marked = False  # with ECT(0) (RFC 9000 13.4)
        self.acknowledges: i64 = -1  # the largest packet number that its ACK frame says was received


@final
@mypyc_attr(acyclic=True)
class SentPackets:
    """The packets of one space that are neither acknowledged nor lost."""

    def __init__(self) -> None:
        self.next_number: i64 = 0
        self.largest_acknowledged: i64 = -1
        self.eliciting_in_flight: i64 = 0
        self.unasked: i64 = 0  # records of packets that are not ack-eliciting: they may never be acknowledged
        self.last_eliciting: i64 = 0  # when the last ack-eliciting one was sent
        self.loss_time: i64 = -1  # when the next packet will count as lost
        self.acknowledged: Final = Ranges()
        self.spurious: i64 = 0  # packets that were declared lost and acknowledged later
        self.late: list[int] | None = None  # their numbers, until they were processed
        self._recently_lost: Final[list[int]] = []
        self._first: i64 = 0  # no packet below is outstanding
        self._base: i64 = 0  # the number of the first place
        self._packets: list[SentPacket | None] = []
        self._skipped = _NONE  # numbers that were skipped on purpose, as far as packets around them are outstanding
        self._run_start: i64 = -1  # when the first of a run of lost packets was sent (RFC 9002 7.6.1)
        self._run_last: i64 = -1  # the number of the last one in that run

    def add(self, packet: SentPacket) -> None:
        """Take the packet of the next number."""
        assert packet.number == self.next_number
        self.next_number += 1
        if packet.eliciting:
            self.last_eliciting = packet.sent
            if packet.in_flight:
                self.eliciting_in_flight += 1
        elif self.unasked < _MOST_UNASKED or packet.in_flight:
            self.unasked += 1
        else:
            self._packets.append(None)  # neither its loss nor its arrival changes anything
            return
        self._packets.append(packet)

    def is_ignored(self) -> bool:
        """Return whether the peer acknowledges nothing: the places of packets without an answer are too many."""
        return self.unasked >= _MOST_UNASKED and self.next_number - self._first > _MOST_PLACES

    def skip(self) -> None:
        """Skip a number: a peer that acknowledges it did not receive the packets (RFC 9000 21.4)."""
        self._skipped = [number for number in self._skipped if number > self._first]
        self._skipped.append(int(self.next_number))
        self._packets.append(None)
        self.next_number += 1

    def is_false(self, start: i64, stop: i64) -> bool:
        """Return whether ``start`` up to but not including ``stop`` contains a number that was not sent."""
        if stop > self.next_number:
            return True
        for number in self._skipped:  # ascending; a window has few
            if number >= start:
                return number < stop
        return False

    def acknowledge(self, start: i64, stop: i64, newly: list[SentPacket]) -> None:
        """Move the packets from ``start`` up to but not including ``stop`` to ``newly``, the latest first."""
        known = self.acknowledged
        if len(self._recently_lost) > 0:
            self._count_spurious(start, stop)
        if start < self._first:
            start = self._first
        number = stop - 1
        packets = self._packets
        base = self._base
        while number >= start:
            if known.start <= number < known.stop:
                number = known.start - 1
                continue
            packet = packets[number - base]
            if packet is not None:
                packets[number - base] = None
                self._settle(packet)
                newly.append(packet)
            number -= 1
        if stop > start:
            known.add(start, stop)
            if len(known) > _MOST_RANGES:
                known.drop_lowest()
            if stop - 1 > self.largest_acknowledged:
                self.largest_acknowledged = stop - 1
            self._advance()

    def _count_spurious(self, start: i64, stop: i64) -> None:
        """Count packets that were late, not lost."""
        late = [number for number in self._recently_lost if start <= number < stop]
        self.spurious += len(late)
        if len(late) > 0:
            self.late = late if self.late is None else self.late + late
        for number in late:
            self._recently_lost.remove(number)

    def detect_lost(self, now: i64, loss_delay: i64, lost: list[SentPacket]) -> None:
        """Move lost packets to ``lost``, and record when the next one will be lost (RFC 9002 6.1)."""
        self.loss_time = -1
        number = self._first
        largest = self.largest_acknowledged
        while number < largest:
            packet = self._packets[number - self._base]
            if packet is not None:
                if number > largest - _PACKET_THRESHOLD and packet.sent > now - loss_delay:
                    self.loss_time = packet.sent + loss_delay
                    break
                self._packets[number - self._base] = None
                self._settle(packet)
                lost.append(packet)
                self._recently_lost.append(int(number))
            number += 1
        if len(self._recently_lost) > _MOST_RECENT:
            del self._recently_lost[:-_MOST_RECENT]
        self._advance()

    def longest_run(self, lost: list[SentPacket], since: i64) -> i64:
        """Return the longest time between two lost packets with nothing acknowledged between them (RFC 9002 7.6.1).

        ``lost`` ascends; only ack-eliciting packets count that were sent after ``since``, the first RTT sample.
        """
        longest: i64 = 0
        for packet in lost:
            if not packet.eliciting or packet.sent < since:
                continue
            if self._run_start < 0 or self.acknowledged.overlaps(self._run_last + 1, packet.number):
                self._run_start = packet.sent
            elif packet.sent - self._run_start > longest:
                longest = packet.sent - self._run_start
            self._run_last = packet.number
        return longest

    def end_run(self) -> None:
        """Begin a new run of lost packets: this one was handled."""
        self._run_start = -1

    def oldest(self) -> SentPacket | None:
        """Return the earliest outstanding ack-eliciting packet: a probe repeats its content."""
        number = self._first
        while number < self.next_number:
            packet = self._packets[number - self._base]
            if packet is not None and packet.eliciting:
                return packet
            number += 1
        return None

    def take_all(self) -> list[SentPacket]:
        """Remove and return all outstanding packets: keys were discarded, or a Retry or refused 0-RTT drops them."""
        packets = [packet for packet in self._packets if packet is not None]
        self._packets = []
        self._base = self.next_number
        self._first = self.next_number
        self.eliciting_in_flight = 0
        self.unasked = 0
        self.loss_time = -1
        return packets

    def _settle(self, packet: SentPacket) -> None:
        """Remove a packet from the counts: it is acknowledged or lost."""
        if not packet.eliciting:
            self.unasked -= 1
        elif packet.in_flight:
            self.eliciting_in_flight -= 1

    def _advance(self) -> None:
        """Move on past settled packets."""
        packets = self._packets
        at = self._first - self._base
        end: i64 = len(packets)
        while at < end and packets[at] is None:
            at += 1
        self._first = self._base + at
        if at == end and at >= _CLEAR_FROM:
            self._packets = []
            self._base += at
        elif at >= _COMPACT_FROM:
            del packets[:at]
            self._base += at
        keep = self._first if self._run_start < 0 or self._run_last > self._first else self._run_last
        self.acknowledged.drop_below(keep)
