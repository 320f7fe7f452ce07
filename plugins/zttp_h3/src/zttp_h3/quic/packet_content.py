"""The content of a packet: acknowledgments, CRYPTO, control frames, datagrams, streams (RFC 9000 12.4, 13).

The pieces of many streams fill one packet, and an acknowledgment is sent with other frames.
"""

from typing import Final

from zttp_h3.native_ints import i64
from zttp_h3.quic import stream_outcomes
from zttp_h3.quic.control_frames import write_control
from zttp_h3.quic.controls import Control
from zttp_h3.quic.packet_builder import PacketBuilder
from zttp_h3.quic.session import Session, Space
from zttp_h3.quic.stream import StreamPiece
from zttp_h3.recovery.loss import APPLICATION, INITIAL
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

LEAST_PIECE: Final = 32  # no STREAM frame is started with less room, unless everything fits
MOST_ACK: Final = 80  # bytes that an ACK of a few ranges takes
_MOST_CONTROL: Final = 64  # bytes of every control frame except NEW_TOKEN
_MOST_REPORTED: Final = 32  # ranges of an ACK
_MOST_UNHEARD: Final = 32  # packets that are not ack-eliciting, before one is

# Frames that are not allowed in 0-RTT packets (RFC 9000 12.5).
_NOT_EARLY: Final = (HANDSHAKE_DONE, NEW_TOKEN, RETIRE_CONNECTION_ID)


def fill(session: Session, builder: PacketBuilder, space: Space, allowed: bool, now: i64) -> None:
    """Write everything that is due in a space. ``allowed``: more than an acknowledgment may be sent."""
    received = space.received
    early = space.number == APPLICATION and session.phases is None
    acknowledged = False
    due = received.due
    if not early and (due or received.unreported) and not received.is_empty():
        _write_ack(session, builder, space, now)
        acknowledged = True
    if allowed:
        if space.number == INITIAL and space.probes > 0:
            _repeat_hello(session, space)
        _fill_crypto(builder, space)
        if space.number == APPLICATION:
            _fill_controls(session, builder, early)
            _fill_datagrams(session, builder)
            if session.streams.scheduler.wants_to_send(received.is_to_come() and not builder.eliciting):
                _fill_streams(session, builder)
            else:
                session.loss.application_limited = True
    ping = space.number == APPLICATION and (session.ping_due or (due and _is_unheard(session)))
    if not builder.eliciting and (space.probes > 0 or (ping and allowed)):
        write.write_ping(builder.payload)
        builder.eliciting = True
    if acknowledged and not builder.eliciting and not due:
        builder.payload.truncate(0)
        builder.acknowledges = -1


def _repeat_hello(session: Session, space: Space) -> None:
    """Send CRYPTO data in each of several probes: the first of them that arrives must have it (RFC 9000 17.2.2)."""
    oldest = session.loss.spaces[INITIAL].oldest()
    if oldest is not None and not space.crypto.outgoing.pending():
        stream_outcomes.on_lost(session.streams, oldest)


def _is_unheard(session: Session) -> bool:
    """Return whether to elicit an acknowledgment: packets with only ACK need none (RFC 9000 13.2.4)."""
    sent = session.loss.spaces[APPLICATION]
    return sent.unasked >= _MOST_UNHEARD and sent.eliciting_in_flight == 0


def _write_ack(session: Session, builder: PacketBuilder, space: Space, now: i64) -> None:
    received = space.received
    numbers = received.numbers
    start, stop = numbers.below(0)
    exponent = session.own.ack_delay_exponent if space.number == APPLICATION else 3
    delay = now - received.largest_time
    while exponent > 0:
        delay //= 2
        exponent -= 1
    older: list[int] = []
    room = min(_MOST_REPORTED, (builder.left() - MOST_ACK) // 8)
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


def _fill_crypto(builder: PacketBuilder, space: Space) -> None:
    out = space.crypto.outgoing
    while out.pending():
        room = builder.left() - 1 - 8 - 2
        if room < 1:
            return
        offset, length, _ = out.next_piece(room, room)
        if length < 1:
            return
        write.write_crypto(builder.payload, offset, out.take(offset, length, False))
        _remember(builder, out, offset, length, False)


def _fill_controls(session: Session, builder: PacketBuilder, early: bool) -> None:
    controls = session.controls
    if len(controls.waiting) == 0:
        return
    for control in controls.take():
        if control.dropped:
            continue
        if builder.left() < _MOST_CONTROL + len(control.data) or (early and control.kind in _NOT_EARLY):
            controls.add(control)
            continue
        if write_control(session, builder.payload, control):
            builder.eliciting = True
            if builder.controls is None:
                builder.controls = []
            builder.controls.append(control)


def _fill_datagrams(session: Session, builder: PacketBuilder) -> None:
    waiting = session.outgoing_datagrams
    while len(waiting) > 0:
        data = waiting[0]
        size: i64 = len(data)
        if 1 + varint_size(size) + size > builder.left():
            if not builder.is_empty():
                return  # the next packet has more room
            del waiting[0]  # no packet has: the path or an early packet has less room than expected
            continue
        write.write_datagram(builder.payload, data, False)
        builder.eliciting = True
        del waiting[0]


def _fill_streams(session: Session, builder: PacketBuilder) -> None:
    """Write the pieces of streams, in the scheduler's order, until the packet is full."""
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
        if room < LEAST_PIECE and (room < 0 or out.unsent() > room):
            return
        available = credit.available()
        offset, length, fin = out.next_piece(room, available)
        if length < 0:
            _note_blocked(session, out, available)
            continue
        before = out.sent
        data = out.take(offset, length, fin)
        if out.sent > before:
            credit.used += out.sent - before
            streams.queued_bytes -= out.sent - before
        # The last piece of a full packet needs no length, and uses its room.
        exact = write.stream_overhead(out.stream_id, offset, -1)
        fills = builder.left() == exact + length
        write.write_stream(builder.payload, out.stream_id, offset, data, fin, fills)
        _remember(builder, out, offset, length, fin)
        scheduler.sent(out, length)
        if not out.pending() and not out.is_held_back():
            scheduler.remove(out)


def _note_blocked(session: Session, out: SendStream, available: i64) -> None:
    """Remove a stream without credit, and send DATA_BLOCKED once for each limit (RFC 9000 4.1, 19.12, 19.13)."""
    streams = session.streams
    if out.sent >= out.limit or available > 0:
        streams.scheduler.remove(out)
        if out.is_held_back():
            out.blocked_at = out.limit
            session.controls.add(Control(STREAM_DATA_BLOCKED, out.stream_id, out.limit))
        return
    streams.wait_for_credit(out)
    credit = streams.credit
    if credit.blocked_at != credit.limit:
        credit.blocked_at = credit.limit
        session.controls.add(Control(DATA_BLOCKED, 0, credit.limit))


def _remember(builder: PacketBuilder, out: SendStream, offset: i64, length: i64, fin: bool) -> None:
    builder.eliciting = True
    if not builder.add_piece(out, offset, length, fin):
        if builder.more is None:
            builder.more = []
        builder.more.append(StreamPiece(out, offset, length, fin))
