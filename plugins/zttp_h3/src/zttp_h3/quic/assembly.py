"""Which packets the next datagrams contain, and whether they may be sent (RFC 9000 12.2, 14; RFC 9002 7).

Everything that is due is sent together: packets of several spaces share a datagram. ``packet_content`` fills each.
"""

from typing import Final, final

from zttp_h3.native_ints import i64
from zttp_h3.protection.burst import Burst
from zttp_h3.quic.packet_builder import PacketBuilder
from zttp_h3.quic.packet_content import LEAST_PIECE, MOST_ACK, fill
from zttp_h3.quic.session import Session, Space
from zttp_h3.recovery.loss import APPLICATION, HANDSHAKE, INITIAL
from zttp_h3.recovery.path_mtu import BASE_SIZE
from zttp_h3.wire import frame_writer as write


@final
class DatagramAssembler:
    """Makes datagrams of everything that is due. It lasts for one call, so that an idle connection has no buffers."""

    def __init__(self, session: Session) -> None:
        self._session: Final = session
        self._builders: Final[list[PacketBuilder | None]] = [None, None, None]  # by space

    def next_datagram(self, now: i64) -> bytes:
        """Return the next datagram for the current path, or nothing."""
        session = self._session
        if session.confirmed:  # there are only 1-RTT keys
            alone = self._one_rtt_packet(now)
            if alone is None:
                return b""
            packet = alone.seal(now)
            self._left(alone, len(packet))
            return packet
        most: i64 = min(session.path.spendable(), BASE_SIZE)
        allowed = self._allowed(now)
        session.mark = session.ecn.mark()
        used: i64 = 0
        started: list[PacketBuilder] = []
        pad = False
        for space in session.spaces:
            if not self._can_seal(space):
                continue
            # RFC 9000 14.1 MUST: not without room for the padding, which a server may lack before validation.
            if space.number == INITIAL and session.is_server and most < BASE_SIZE:
                continue
            builder = self._builder(space.number)
            if most - used < MOST_ACK or not builder.begin(most - used):
                break
            fill(session, builder, space, allowed or space.probes > 0, now)
            if builder.is_empty():
                continue
            started.append(builder)
            used += builder.size()
            # RFC 9000 14.1: a client pads all datagrams with an Initial packet, a server those with an ack-eliciting
            # one.
            if builder.space == INITIAL and (not session.is_server or builder.eliciting):
                pad = True
        if len(started) == 0:
            return b""
        last = started[len(started) - 1]
        if pad:
            last.pad_to(last.size() + BASE_SIZE - used)
        parts = [builder.seal(now) for builder in started]
        datagram = parts[0] if len(parts) == 1 else b"".join(parts)
        for builder in started:
            self._sealed(builder)
        self._count(len(datagram))
        return datagram

    def add_to(self, burst: Burst, now: i64) -> bool:
        """Put the next datagram, of one 1-RTT packet, into a burst; False if there is none."""
        builder = self._one_rtt_packet(now)
        if builder is None:
            return False
        self._left(builder, builder.seal_in(burst, now))
        return True

    def _one_rtt_packet(self, now: i64) -> PacketBuilder | None:
        """Return the next packet of a confirmed connection, filled; None if nothing is due, or allowed."""
        session = self._session
        if not self._is_due():
            session.loss.application_limited = True
            session.pacing_deadline = -1
            return None
        budget: i64 = session.path.spendable()
        allowed = self._allowed(now)
        session.mark = session.ecn.mark()
        space = session.spaces[APPLICATION]
        builder = self._builder(APPLICATION)
        path_mtu = session.loss.path_mtu
        most: i64 = min(budget, path_mtu.size)
        probed: i64 = path_mtu.size_to_probe(now) if allowed and space.probes == 0 else 0
        if 0 < probed <= budget and builder.begin(probed):
            path_mtu.on_probe_sent(session.loss.spaces[APPLICATION].next_number)
            write.write_ping(builder.payload)
            builder.eliciting = True
            builder.pad_to(probed)
        elif most < MOST_ACK or not builder.begin(most):
            return None
        else:
            fill(session, builder, space, allowed or space.probes > 0, now)
            if builder.is_empty():
                return None
            if builder.left() < LEAST_PIECE:
                path_mtu.on_full()
        return builder

    def _left(self, builder: PacketBuilder, size: i64) -> None:
        """Record that a datagram of one packet is sent."""
        self._sealed(builder)
        self._count(size)

    def _count(self, size: i64) -> None:
        self._session.path.sent_bytes += size

    def _is_due(self) -> bool:
        """Return whether there may be something to send in 1-RTT."""
        session = self._session
        space = session.spaces[APPLICATION]
        received = space.received
        return (
            received.due
            or space.probes > 0
            or session.ping_due
            or session.streams.scheduler.wants_to_send(received.is_to_come())
            or len(session.controls.waiting) > 0
            or len(session.outgoing_datagrams) > 0
            or space.crypto.outgoing.pending()
        )

    def _builder(self, space: i64) -> PacketBuilder:
        builder = self._builders[space]
        if builder is None:
            builder = PacketBuilder(self._session, space)
            self._builders[space] = builder
        return builder

    def _can_seal(self, space: Space) -> bool:
        session = self._session
        if space.number != APPLICATION:
            return space.sealer is not None
        return session.phases is not None or session.zero_rtt_sealer is not None

    def _allowed(self, now: i64) -> bool:
        """Return whether congestion control and pacing allow a full datagram now."""
        session = self._session
        loss = session.loss
        congestion = loss.congestion
        session.pacing_deadline = -1
        size = loss.path_mtu.size
        if congestion.room() < size:
            loss.application_limited = False
            return False
        smoothed = loss.round_trip.smoothed
        slow_start = congestion.in_slow_start()
        if loss.round_trip.sampled:
            if loss.pacer.allowance(now, congestion.window, smoothed, slow_start) < size:
                session.pacing_deadline = loss.pacer.next_time(congestion.window, smoothed, slow_start)
                loss.application_limited = False
                return False
        return True

    def _sealed(self, builder: PacketBuilder) -> None:
        """Record the effects of a packet that is sent."""
        session = self._session
        space = session.spaces[builder.space]
        if builder.acknowledges >= 0:
            space.received.on_sent()
        if builder.space == HANDSHAKE and not session.is_server:
            session.discard(INITIAL)  # RFC 9001 4.9.1
        if not builder.eliciting:
            return
        if space.probes > 0:
            space.probes -= 1
        if builder.space == APPLICATION:
            session.ping_due = False
        # RFC 9000 10.1: the first ack-eliciting packet since the last received one.
        if not session.awaits_peer:
            session.awaits_peer = True
            session.idle_from = session.now
