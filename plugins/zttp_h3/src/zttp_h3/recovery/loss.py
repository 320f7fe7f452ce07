"""Loss recovery of a connection: acknowledgments in, delivered and lost packets out (RFC 9002 6, A).

The results are in two lists, ``delivered`` and ``lost``, which the sender empties; there are no callbacks. Its timer is
``deadline``: then either a packet is lost, or a probe is due.
"""

from typing import Final, final

from zttp_h3.native_ints import i64
from zttp_h3.recovery.congestion import CongestionControl
from zttp_h3.recovery.last_cut import LastCut
from zttp_h3.recovery.pacer import Pacer
from zttp_h3.recovery.path_mtu import BASE_SIZE, PathMtu
from zttp_h3.recovery.round_trip import RoundTrip
from zttp_h3.recovery.sent_packets import SentPacket, SentPackets

# Packet number spaces (RFC 9000 12.3).
INITIAL: Final = 0
HANDSHAKE: Final = 1
APPLICATION: Final = 2
SPACES: Final = 3

NO_SPACE: Final = -1

_PERSISTENT_FACTOR: Final = 3  # RFC 9002 7.6.1, kPersistentCongestionThreshold
# Consecutive probe timeouts after which marks (RFC 9000 13.4.2) and larger datagrams (RFC 8899 4.3) are suspected.
SILENT_PROBES: Final = 3
_MOST_BACKOFF: Final = 16  # doublings; long before that the idle timeout ends the connection
_POWERS: Final = tuple(2**exponent for exponent in range(_MOST_BACKOFF + 1))


@final
class LossDetection:
    """The sent packets of all spaces, and their timer.

    Set by the transport during the handshake: ``has_handshake_keys``, ``confirmed`` (RFC 9001 4.1.2), ``validated``
    (the peer has validated our address, so it will answer without being probed), ``blocked`` (a server may not send
    before validation) and the peer's ``max_ack_delay``; times are microseconds.
    """

    def __init__(self, congestion: CongestionControl, datagram_size: i64, is_server: bool) -> None:
        self.round_trip: Final = RoundTrip()
        self.congestion = congestion
        self.pacer: Final = Pacer(datagram_size)
        self.path_mtu: Final = PathMtu()
        self.spaces: Final = [SentPackets(), SentPackets(), SentPackets()]
        self.delivered: Final[list[SentPacket]] = []
        self.lost: Final[list[SentPacket]] = []
        self.probe_count: i64 = 0
        self.max_ack_delay: i64 = 25_000
        self.has_handshake_keys = False
        self.confirmed = False
        self.validated: bool = is_server
        self.blocked = False
        self.application_limited = False  # there was nothing more to send, so the window was not the limit
        self.packets_sent: i64 = 0
        self.packets_lost: i64 = 0
        self._first_sample: i64 = -1  # the time of the first RTT sample
        self.handshake_lost_in: i64 = NO_SPACE  # the handshake space with a loss, until that is handled
        self._last_cut: Final = LastCut()
        self._path_since: i64 = 0  # the start of the path in use
        self._began: i64 = -1  # start of a client's timer without packets in flight; -1 before the first one

    def on_sent(self, space: i64, packet: SentPacket) -> None:
        """Record a packet that is sent now."""
        self.spaces[space].add(packet)
        self.packets_sent += 1
        if packet.in_flight:
            self.congestion.on_sent(packet.size)
            self.pacer.on_sent(packet.size)
        if packet.eliciting or self._began < 0:
            self._began = packet.sent

    def acknowledge(self, space: i64, start: i64, stop: i64) -> None:
        """Take one range of an ACK frame, up to but not including ``stop``; then ``finish`` the frame."""
        self.spaces[space].acknowledge(start, stop, self.delivered)

    def finish(self, space: i64, largest: i64, ack_delay: i64, now: i64) -> None:
        """Process an ACK frame whose ranges were taken (RFC 9002 A.7).

        ``ack_delay`` is that of the frame, in microseconds.
        """
        late = self.spaces[space].late
        if late is not None:
            self.spaces[space].late = None
            self._on_late(space, late)
        if len(self.delivered) == 0:
            return
        eliciting = False
        newest = self.delivered[0]
        for packet in self.delivered:
            if packet.eliciting:
                eliciting = True
            if packet.number > newest.number:
                newest = packet
        # RFC 9002 5.1: a sample needs a newly acknowledged largest packet, and an ack-eliciting one.
        if newest.number == largest and eliciting and newest.sent >= self._path_since:
            if space == INITIAL:
                ack_delay = 0  # RFC 9002 5.3
            elif self.confirmed and ack_delay > self.max_ack_delay:
                ack_delay = self.max_ack_delay
            latest = now - newest.sent
            if latest < 1:
                latest = 1
            self.round_trip.add_sample(latest, ack_delay)
            self.congestion.on_round_trip(latest, self.round_trip.smoothed, newest.sent)
            if self._first_sample < 0:
                self._first_sample = now
        limited = not self.application_limited
        for packet in self.delivered:
            if packet.in_flight:
                self.congestion.on_acknowledged(packet.size, packet.sent, now, limited)
            if packet.size > BASE_SIZE:
                self._on_larger_acknowledged(packet, now)
        self._detect_lost(space, now)
        # RFC 9002 6.2.1: a client continues to back off until the server has certainly validated its address.
        if self.validated:
            self.probe_count = 0

    def on_timeout(self, now: i64) -> i64:
        """Run the timer: detect lost packets, or return the space in which a probe is due, otherwise NO_SPACE."""
        space = self._earliest_loss()
        if space != NO_SPACE:
            if self.spaces[space].loss_time <= now:
                self._detect_lost(space, now)
            return NO_SPACE
        time, space = self._probe_time()
        if time < 0 or time > now:
            return NO_SPACE
        self.probe_count += 1
        if self.probe_count >= SILENT_PROBES and self.path_mtu.on_black_hole(now):
            self._resize()
        return space

    def deadline(self) -> i64:
        """Return when ``on_timeout`` is due; -1 for never (RFC 9002 A.8)."""
        space = self._earliest_loss()
        if space != NO_SPACE:
            return self.spaces[space].loss_time
        return self._probe_time()[0]

    def probe_timeout(self) -> i64:
        """Return the current PTO of the application space, without backoff (RFC 9002 6.2.1)."""
        return self.round_trip.probe_timeout() + self.max_ack_delay

    def discard(self, space: i64) -> None:
        """Forget a space whose keys were discarded (RFC 9002 6.4)."""
        for packet in self.spaces[space].take_all():
            if packet.in_flight:
                self.congestion.on_removed(packet.size)
        self.probe_count = 0

    def take_back(self, space: i64) -> list[SentPacket]:
        """Return everything outstanding in a space as not delivered: after Retry, or refused 0-RTT (RFC 9001 4.6.2)."""
        packets = self.spaces[space].take_all()
        for packet in packets:
            if packet.in_flight:
                self.congestion.on_removed(packet.size)
        return packets

    def change_path(self, now: i64) -> None:
        """Start again on another path (RFC 9000 9.4); packets in flight do not concern it."""
        self.round_trip.forget()
        self.path_mtu.restart()
        self._resize()
        self.congestion.restart()
        self.congestion.recovery_start = now
        self._last_cut.stand()
        self._path_since = now
        self._first_sample = -1

    def _detect_lost(self, space: i64, now: i64) -> None:
        before: i64 = len(self.lost)
        sent = self.spaces[space]
        sent.detect_lost(now, self.round_trip.loss_delay(), self.lost)
        if len(self.lost) == before:
            return
        if space != APPLICATION:
            self.handshake_lost_in = space
        fresh = self.lost[before:]
        self.packets_lost += len(fresh)
        if space == APPLICATION:
            fresh = self._judge_sizes(fresh, now)
        latest: i64 = -1
        for packet in fresh:
            if packet.in_flight:
                self.congestion.on_lost(packet.size)
                latest = packet.sent
        if latest >= 0:
            self._cut(space, fresh, latest, now)
        # RFC 9002 7.6
        if self._first_sample >= 0:
            longest = sent.longest_run(fresh, self._first_sample)
            if longest > self.probe_timeout() * _PERSISTENT_FACTOR:
                self.congestion.on_persistent_congestion()
                self.round_trip.on_persistent_congestion()
                self._last_cut.stand()
                sent.end_run()

    def _cut(self, space: i64, lost: list[SentPacket], latest: i64, now: i64) -> None:
        """React to loss, and record its packets if they are of the application's space, as most are."""
        if self.congestion.on_congestion(latest, now):
            self._last_cut.begin()
        if space != APPLICATION:
            self._last_cut.stand()
        for packet in lost:
            if packet.in_flight:
                self._last_cut.add(packet.number)

    def _on_late(self, space: i64, numbers: list[int]) -> None:
        """Process lost packets that have arrived late (RFC 9438 4.9.2)."""
        for number in numbers:
            if space == APPLICATION and self._last_cut.on_late(number):
                self.congestion.undo()

    def on_mark(self, sent: i64, now: i64) -> None:
        """React to a CE mark on a packet sent at ``sent`` (RFC 9002 7.1); late packets do not undo this."""
        self.congestion.on_congestion(sent, now)
        self._last_cut.stand()

    def _on_larger_acknowledged(self, packet: SentPacket, now: i64) -> None:
        if packet.number == self.path_mtu.probe:
            self.path_mtu.on_probe_acknowledged(now)
            self._resize()
        else:
            self.path_mtu.on_larger_acknowledged()

    def _judge_sizes(self, lost: list[SentPacket], now: i64) -> list[SentPacket]:
        """Return the lost packets without the MTU probe, whose loss is not congestion (RFC 9000 14.4)."""
        path_mtu = self.path_mtu
        others = lost
        larger = False
        for packet in lost:
            if packet.size <= BASE_SIZE:
                continue
            if packet.number == path_mtu.probe:
                path_mtu.on_probe_lost(now)
                self.congestion.on_removed(packet.size)
                others = [other for other in lost if other is not packet]
            else:
                larger = True
        if larger and path_mtu.on_larger_lost(now):
            self._resize()
        return others

    def _resize(self) -> None:
        """Apply the datagram size of the path."""
        size = self.path_mtu.size
        self.congestion.resize(size)
        self._last_cut.stand()  # it was one in other units
        self.pacer.datagram_size = size

    def _earliest_loss(self) -> i64:
        earliest: i64 = NO_SPACE
        time: i64 = -1
        space: i64 = 0
        while space < SPACES:
            candidate = self.spaces[space].loss_time
            if candidate >= 0 and (time < 0 or candidate < time):
                time = candidate
                earliest = space
            space += 1
        return earliest

    def _probe_time(self) -> tuple[i64, i64]:
        """Return the time and the space of the next probe (RFC 9002 6.2.1, A.8)."""
        if self.blocked:
            return -1, NO_SPACE  # RFC 9002 6.2.2.1: the next received datagram decides
        power: i64 = _POWERS[min(self.probe_count, _MOST_BACKOFF)]
        duration = self.round_trip.probe_timeout() * power
        time: i64 = -1
        earliest: i64 = NO_SPACE
        space: i64 = 0
        while space < SPACES:
            sent = self.spaces[space]
            if sent.eliciting_in_flight > 0:
                candidate = sent.last_eliciting + duration
                if space == APPLICATION:
                    if not self.confirmed:
                        break
                    candidate += self.max_ack_delay * power
                if time < 0 or candidate < time:
                    time = candidate
                    earliest = space
            space += 1
        if time < 0 and not self.validated and self._began >= 0:
            # RFC 9002 6.2.2.1: the server may have reached its sending limit, and only more bytes of ours help.
            return self._began + duration, HANDSHAKE if self.has_handshake_keys else INITIAL
        return time, earliest
