"""What goes into the next datagrams (RFC 9000 12.2, 13, 14; RFC 9002 7).

All that is due leaves together: packets of several spaces share a datagram, an acknowledgment rides with what leaves
anyway, and the pieces of many streams fill one packet.
"""

from typing import Final, final

from zttp_h3.native_ints import i64
from zttp_h3.protection.burst import Burst
from zttp_h3.quic.control_frames import write_control
from zttp_h3.quic.controls import Control
from zttp_h3.quic.packet_builder import PacketBuilder
from zttp_h3.quic.session import Session, Space
from zttp_h3.quic.stream import StreamPiece
from zttp_h3.recovery.loss import APPLICATION, HANDSHAKE, INITIAL
from zttp_h3.recovery.path_mtu import BASE_SIZE
from zttp_h3.streams.send_stream import SendStream
from zttp_h3.wire import frame_writer as write
from zttp_h3.wire.frame_types import (
    DATA_BLOCKED,
    HANDSHAKE_DONE,
    NEW_TOKEN,
    RETIRE_CONNECTION_ID,
    STREAM_DATA_BLOCKED,
)
from zttp_h3.wire.varint import varint_size

_MOST_CONTROL: Final = 64  # bytes of every control frame but NEW_TOKEN
_LEAST_PIECE: Final = 32  # a STREAM frame is not begun for less room, unless all fits
_MOST_ACK: Final = 80  # bytes that an ACK of a few ranges takes
_MOST_REPORTED: Final = 32

# What 0-RTT packets may not carry (RFC 9000 12.5).
_NOT_EARLY: Final = (HANDSHAKE_DONE, NEW_TOKEN, RETIRE_CONNECTION_ID)


@final
class DatagramAssembler:
    """Makes datagrams of what is due. It lasts for one call, so that a quiet connection has no buffers."""

    def __init__(self, session: Session) -> None:
        self._session: Final = session
        self._builders: Final[list[PacketBuilder | None]] = [None, None, None]  # by space

    def next_datagram(self, now: i64) -> bytes:
        """Return the next datagram for the present path, or nothing."""
        session = self._session
        if session.confirmed:  # there are no other keys than those of 1-RTT
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
            builder = self._builder(space.number)
            if most - used < _MOST_ACK or not builder.begin(most - used):
                break
            self._fill(builder, space, allowed or space.probes > 0, now)
            if builder.is_empty():
                continue
            started.append(builder)
            used += builder.size()
            # RFC 9000 14.1: a client pads all datagrams with an Initial packet, a server those that are answered.
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
        elif most < _MOST_ACK or not builder.begin(most):
            return None
        else:
            self._fill(builder, space, allowed or space.probes > 0, now)
            if builder.is_empty():
                return None
            if builder.left() < _LEAST_PIECE:
                path_mtu.on_full()
        return builder

    def _left(self, builder: PacketBuilder, size: i64) -> None:
        """Note that a datagram leaves that is one packet."""
        self._sealed(builder)
        self._count(size)

    def _count(self, size: i64) -> None:
        session = self._session
        session.path.sent_bytes += size
        if session.is_server and not session.path.validated:
            session.loss.blocked = session.path.budget() == 0

    def _is_due(self) -> bool:
        """Tell whether there may be something to send in 1-RTT."""
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
        """Tell whether congestion control and pacing let a whole datagram leave now."""
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

    # --------------------------------------------------------------------------------------------------- one packet

    def _fill(self, builder: PacketBuilder, space: Space, allowed: bool, now: i64) -> None:
        """Write what is due in a space. ``allowed`` to send more than an acknowledgment."""
        session = self._session
        received = space.received
        early = space.number == APPLICATION and session.phases is None
        acknowledged = False
        due = received.due
        if not early and (due or received.unreported) and not received.is_empty():
            self._write_ack(builder, space, now)
            acknowledged = True
        if allowed:
            self._fill_crypto(builder, space)
            if space.number == APPLICATION:
                self._fill_controls(builder, early)
                self._fill_datagrams(builder)
                if session.streams.scheduler.wants_to_send(received.is_to_come() and not builder.eliciting):
                    self._fill_streams(builder)
                else:
                    session.loss.application_limited = True
        if not builder.eliciting and (
            space.probes > 0 or (space.number == APPLICATION and session.ping_due and allowed)
        ):
            write.write_ping(builder.payload)
            builder.eliciting = True
        if acknowledged and not builder.eliciting and not due:
            builder.payload.truncate(0)
            builder.acknowledges = -1

    def _sealed(self, builder: PacketBuilder) -> None:
        """Note what a packet that leaves settles."""
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
        # RFC 9000 10.1: the first packet since the peer was heard that asks it to answer.
        if not session.awaits_peer:
            session.awaits_peer = True
            session.idle_from = session.now

    def _write_ack(self, builder: PacketBuilder, space: Space, now: i64) -> None:
        received = space.received
        numbers = received.numbers
        start, stop = numbers.below(0)
        exponent = self._session.own.ack_delay_exponent if space.number == APPLICATION else 3
        delay = now - received.largest_time
        while exponent > 0:
            delay //= 2
            exponent -= 1
        older: list[int] = []
        room = min(_MOST_REPORTED, (builder.left() - _MOST_ACK) // 8)
        place: i64 = 1
        count: i64 = len(numbers)
        while place < count and place <= room:
            low, high = numbers.below(place)
            older.append(high - 1)
            older.append(low)
            place += 1
        if received.ce > 0 or received.ect0 > 0 or received.ect1 > 0:
            write.write_ack_ecn(
                builder.payload,
                stop - 1,
                start,
                delay,
                older,
                _MOST_REPORTED,
                received.ect0,
                received.ect1,
                received.ce,
            )
        else:
            write.write_ack(builder.payload, stop - 1, start, delay, older, _MOST_REPORTED)
        builder.acknowledges = stop - 1

    def _fill_crypto(self, builder: PacketBuilder, space: Space) -> None:
        out = space.crypto.outgoing
        while out.pending():
            room = builder.left() - 1 - 8 - 2
            if room < 1:
                return
            offset, length, _ = out.next_piece(room, room)
            if length < 1:
                return
            write.write_crypto(builder.payload, offset, out.take(offset, length, False))
            self._remember(builder, out, offset, length, False)

    def _fill_controls(self, builder: PacketBuilder, early: bool) -> None:
        controls = self._session.controls
        if len(controls.waiting) == 0:
            return
        for control in controls.take():
            if control.dropped:
                continue
            if builder.left() < _MOST_CONTROL + len(control.data) or (early and control.kind in _NOT_EARLY):
                controls.add(control)
                continue
            if write_control(self._session, builder.payload, control):
                builder.eliciting = True
                if builder.controls is None:
                    builder.controls = []
                builder.controls.append(control)

    def _fill_datagrams(self, builder: PacketBuilder) -> None:
        waiting = self._session.outgoing_datagrams
        while len(waiting) > 0:
            data = waiting[0]
            size: i64 = len(data)
            if 1 + varint_size(size) + size > builder.left():
                if not builder.is_empty():
                    return  # the next packet has more room
                del waiting[0]  # no packet has: the path or the early packet takes less than was thought
                continue
            write.write_datagram(builder.payload, data, False)
            builder.eliciting = True
            del waiting[0]

    def _fill_streams(self, builder: PacketBuilder) -> None:
        """Write the pieces of streams, in the scheduler's order, until the packet is full."""
        session = self._session
        streams = session.streams
        scheduler = streams.scheduler
        credit = streams.credit
        while True:
            out = scheduler.next()
            if out is None:
                session.loss.application_limited = True
                return
            overhead = 1 + varint_size(out.stream_id) + 8
            room = builder.left() - overhead
            if room < _LEAST_PIECE and (room < 0 or out.unsent() > room):
                return
            available = credit.available()
            offset, length, fin = out.next_piece(room, available)
            if length < 0:
                self._note_blocked(out, available)
                continue
            before = out.sent
            data = out.take(offset, length, fin)
            if out.sent > before:
                credit.used += out.sent - before
                streams.queued_bytes -= out.sent - before
            # The last piece of a full packet needs no length, and has the room of it.
            exact = write.stream_overhead(out.stream_id, offset, -1)
            fills = builder.left() == exact + length
            write.write_stream(builder.payload, out.stream_id, offset, data, fin, fills)
            self._remember(builder, out, offset, length, fin)
            scheduler.sent(out, length)
            if not out.pending():
                scheduler.remove(out)

    def _note_blocked(self, out: SendStream, available: i64) -> None:
        """Take a stream out that has no credit, and say so once for each limit (RFC 9000 4.1, 19.12, 19.13)."""
        session = self._session
        streams = session.streams
        if out.sent >= out.limit or available > 0:
            streams.scheduler.remove(out)
            if out.sent < out.written and out.blocked_at != out.limit:
                out.blocked_at = out.limit
                session.controls.add(Control(STREAM_DATA_BLOCKED, out.stream_id, out.limit))
            return
        streams.wait_for_credit(out)
        credit = streams.credit
        if credit.blocked_at != credit.limit:
            credit.blocked_at = credit.limit
            session.controls.add(Control(DATA_BLOCKED, 0, credit.limit))

    def _remember(self, builder: PacketBuilder, out: SendStream, offset: i64, length: i64, fin: bool) -> None:
        builder.eliciting = True
        if not builder.add_piece(out, offset, length, fin):
            if builder.more is None:
                builder.more = []
            builder.more.append(StreamPiece(out, offset, length, fin))
