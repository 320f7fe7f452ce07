"""Processing received frames: read, checked against the state, and dispatched (RFC 9000 12, 19).

One loop for all packets; the table in ``wire.frame_types`` decides which frame is legal in which packet.
"""

from typing import Final, final

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.quic import stream_frames, stream_outcomes
from zttp_h3.quic.controls import Control
from zttp_h3.quic.migration import on_validated, prepare_answer
from zttp_h3.quic.paths import Path
from zttp_h3.quic.session import Session
from zttp_h3.recovery.loss import APPLICATION, HANDSHAKE, NO_SPACE
from zttp_h3.recovery.sent_packets import SentPacket
from zttp_h3.wire import frame_reader as read
from zttp_h3.wire.frame_types import (
    ACK,
    ACK_ECN,
    ACK_ELICITING,
    CONNECTION_CLOSE,
    CONNECTION_CLOSE_BY_APPLICATION,
    CRYPTO,
    DATA_BLOCKED,
    DATAGRAM,
    DATAGRAM_WITH_LENGTH,
    FIN,
    HANDSHAKE_DONE,
    IN_ZERO_RTT,
    MAX_DATA,
    MAX_STREAM_DATA,
    MAX_STREAMS_BIDIRECTIONAL,
    MAX_STREAMS_UNIDIRECTIONAL,
    NEW_CONNECTION_ID,
    NEW_TOKEN,
    NOT_PROBING,
    PADDING,
    PATH_CHALLENGE,
    PATH_RESPONSE,
    PING,
    RESET_STREAM,
    RETIRE_CONNECTION_ID,
    RULES,
    STOP_SENDING,
    STREAM,
    STREAM_DATA_BLOCKED,
    STREAM_LAST,
    STREAMS_BLOCKED_BIDIRECTIONAL,
    read_frame_type,
)
from zttp_h3.wire.packet_header import MOST_TOKEN

_MOST_DATAGRAMS: Final = 64  # that wait for the application; above this the oldest are dropped (RFC 9221 5)
_MOST_TOKENS: Final = 4


@final
class FrameReceiver:
    """Processes payloads."""

    def __init__(self, session: Session) -> None:
        self._session: Final = session
        self._ack: Final = read.AckFrame()
        self.crypto = False  # whether the last payload had CRYPTO frames

    def process(self, payload: bytes, packet: i64, space: i64, path: Path, used: bytes) -> i64:
        """Take the frames of a packet; ``packet`` is its flag in the table, ``used`` its destination connection ID.

        Returns ACK_ELICITING and NOT_PROBING if they apply to the packet. Raises Malformed.
        """
        session = self._session
        streams = session.streams
        at: i64 = 0
        stop: i64 = len(payload)
        # RFC 9000 12.4 MUST.
        if stop == 0:
            raise Malformed("empty_packet", QuicErrorCode.PROTOCOL_VIOLATION)
        self.crypto = False
        flags: i64 = 0
        while at < stop:
            frame_type, at = read_frame_type(payload, at, stop, packet, not session.is_server)
            flags |= i64(RULES[frame_type])
            if STREAM <= frame_type <= STREAM_LAST:
                stream_id, offset, start, at = read.read_stream(payload, at, stop, frame_type)
                stream_frames.on_stream(streams, stream_id, offset, payload[start:at], frame_type & FIN != 0)
                if packet == IN_ZERO_RTT:
                    stream_frames.mark_early(streams, stream_id)
            elif frame_type == ACK or frame_type == ACK_ECN:
                at = self._ack.read(payload, at, stop, frame_type)
                self._receive_ack(space)
            elif frame_type == PADDING:
                at = read.skip_padding(payload, at, stop)
            elif frame_type == CRYPTO:
                offset, start, at = read.read_crypto(payload, at, stop, frame_type)
                if not session.spaces[space].crypto.receive(offset, payload[start:at]):
                    raise Malformed("crypto_buffer_exceeded", QuicErrorCode.CRYPTO_BUFFER_EXCEEDED, CRYPTO)
                self.crypto = True
            elif frame_type == PING:
                pass
            elif frame_type == CONNECTION_CLOSE or frame_type == CONNECTION_CLOSE_BY_APPLICATION:
                error_code, blamed, reason, at = read.read_connection_close(payload, at, stop, frame_type)
                session.drain(error_code, blamed, reason, frame_type == CONNECTION_CLOSE_BY_APPLICATION)
                return flags
            else:
                at = self._receive_application_frame(payload, at, stop, frame_type, path, used)
        return flags & (ACK_ELICITING | NOT_PROBING)

    def _receive_application_frame(
        self, payload: bytes, at: i64, stop: i64, frame_type: i64, path: Path, used: bytes
    ) -> i64:
        """Take a frame that only 0-RTT and 1-RTT packets have; return the position after it. Raises Malformed."""
        session = self._session
        streams = session.streams
        if frame_type == MAX_DATA:
            limit, at = read.read_value(payload, at, stop, frame_type)
            streams.raise_credit(limit)
        elif frame_type == MAX_STREAM_DATA:
            stream_id, limit, at = read.read_stream_value(payload, at, stop, frame_type)
            stream_frames.on_max_stream_data(streams, stream_id, limit)
        elif frame_type == MAX_STREAMS_BIDIRECTIONAL or frame_type == MAX_STREAMS_UNIDIRECTIONAL:
            limit, at = read.read_streams(payload, at, stop, frame_type)
            streams.raise_streams(frame_type - MAX_STREAMS_BIDIRECTIONAL, limit)
        elif frame_type == RESET_STREAM:
            stream_id, error_code, final_size, at = read.read_reset_stream(payload, at, stop, frame_type)
            stream_frames.on_reset(streams, stream_id, error_code, final_size)
        elif frame_type == STOP_SENDING:
            stream_id, error_code, at = read.read_stream_value(payload, at, stop, frame_type)
            stream_frames.on_stop_sending(streams, stream_id, error_code)
        elif frame_type == DATAGRAM or frame_type == DATAGRAM_WITH_LENGTH:
            start, at = read.read_datagram(payload, at, stop, frame_type)
            self._receive_datagram(payload[start:at], frame_type)
        elif frame_type == DATA_BLOCKED:
            _, at = read.read_value(payload, at, stop, frame_type)
        elif frame_type == STREAM_DATA_BLOCKED:
            stream_id, _, at = read.read_stream_value(payload, at, stop, frame_type)
            stream_frames.check_blocked(streams, stream_id, frame_type)
        elif STREAMS_BLOCKED_BIDIRECTIONAL <= frame_type <= STREAMS_BLOCKED_BIDIRECTIONAL + 1:
            _, at = read.read_streams(payload, at, stop, frame_type)
        elif frame_type == NEW_CONNECTION_ID:
            sequence, prior, connection_id, token, at = read.read_new_connection_id(payload, at, stop, frame_type)
            session.peer_ids.add(sequence, prior, connection_id, token)
            session.retire_connection_ids()
        elif frame_type == RETIRE_CONNECTION_ID:
            sequence, at = read.read_value(payload, at, stop, frame_type)
            session.local_ids.retire(sequence, used)
            session.issue_connection_ids()
        elif frame_type == PATH_CHALLENGE:
            data, at = read.read_path_data(payload, at, stop, frame_type)
            path.on_challenge(data)
            path.used = used
            session.keep_path(path)
            prepare_answer(session, path)
            if path is session.path:
                session.ping_due = True  # RFC 9000 9.3.3 SHOULD: our address is the apparent one
        elif frame_type == PATH_RESPONSE:
            data, at = read.read_path_data(payload, at, stop, frame_type)
            for known in list(session.paths):  # it may arrive on any path (RFC 9000 8.2.3)
                if known.answers(data):
                    on_validated(session, known)
        elif frame_type == NEW_TOKEN:
            token, at = read.read_new_token(payload, at, stop, frame_type)
            if len(token) <= MOST_TOKEN:
                session.tokens.append(token)
                del session.tokens[:-_MOST_TOKENS]
        else:
            assert frame_type == HANDSHAKE_DONE
            handshake = session.handshake
            if handshake is None or not handshake.complete:
                raise Malformed("frame_not_allowed", QuicErrorCode.PROTOCOL_VIOLATION, HANDSHAKE_DONE)
            session.confirm()
        return at

    def _receive_datagram(self, data: bytes, frame_type: i64) -> None:
        session = self._session
        # RFC 9221 3 MUST: the frame, its type and length included, within what we announced.
        most = session.own.max_datagram_frame_size
        if most == 0 or len(data) + 1 > most:
            raise Malformed("datagram_too_large", QuicErrorCode.PROTOCOL_VIOLATION, int(frame_type))
        session.datagrams.append(data)
        if len(session.datagrams) > _MOST_DATAGRAMS:
            del session.datagrams[0]
            session.datagrams_dropped += 1

    # ------------------------------------------------------------------------------------------------- acknowledgments

    def _receive_ack(self, space: i64) -> None:
        """Take the ACK frame that was read (RFC 9002 A.7). Raises Malformed."""
        session = self._session
        ack = self._ack
        loss = session.loss
        sent = loss.spaces[space]
        # RFC 9000 13.1 MUST.
        if sent.is_false(ack.smallest, ack.largest + 1):
            raise Malformed("acknowledged_unsent", QuicErrorCode.PROTOCOL_VIOLATION, ACK)
        loss.acknowledge(space, ack.smallest, ack.largest + 1)
        older = ack.older
        place: i64 = 0
        while place < len(older):
            largest: i64 = older[place]
            smallest: i64 = older[place + 1]
            if sent.is_false(smallest, largest + 1):
                raise Malformed("acknowledged_unsent", QuicErrorCode.PROTOCOL_VIOLATION, ACK)
            loss.acknowledge(space, smallest, largest + 1)
            place += 2
        exponent = session.peer.ack_delay_exponent if space == APPLICATION else 3
        delay = ack.delay
        while exponent > 0 and delay < 0x10000000000:
            delay *= 2
            exponent -= 1
        if space == HANDSHAKE and not session.is_server:
            loss.validated = True  # RFC 9002 6.2.2.1: the server has our Handshake packet
        log = session.log
        raises = ack.largest == sent.largest_acknowledged
        loss.finish(space, ack.largest, delay, session.now)
        if raises and session.ecn.is_used():
            self._validate_marks(space)
        self.settle(space)
        if log is not None:
            trip = loss.round_trip
            log.metrics(session.now, trip.smoothed, trip.least, loss.congestion.window, loss.congestion.in_flight)
            log.datagram_size(session.now, loss.path_mtu.size)

    def _validate_marks(self, space: i64) -> None:
        """Compare the peer's counts with the marks (RFC 9000 13.4.2); a CE mark is congestion (RFC 9002 7.1)."""
        session = self._session
        loss = session.loss
        ack = self._ack
        marked: i64 = 0
        newest: i64 = -1
        when: i64 = 0
        for packet in loss.delivered:
            if packet.marked:
                marked += 1
            if packet.number > newest:
                newest = packet.number
                when = packet.sent
        if newest == ack.largest and session.ecn.on_acknowledged(space, marked, ack.ect0, ack.ect1, ack.ce):
            loss.on_mark(when, session.now)

    def settle(self, space: i64) -> None:
        """Inform the senders of delivered and lost packets."""
        session = self._session
        loss = session.loss
        for packet in loss.delivered:
            stream_outcomes.on_delivered(session.streams, packet)
            if packet.controls is not None:
                self._controls_delivered(packet)
            if packet.acknowledges >= 0:
                session.spaces[space].received.on_acknowledged(packet.acknowledges)
        loss.delivered.clear()
        marked: i64 = 0
        log = session.log
        for packet in loss.lost:
            if log is not None:
                log.lost(session.now, space, packet.number)
            if packet.marked:
                marked += 1
            stream_outcomes.on_lost(session.streams, packet)
            if packet.controls is not None:
                self.repeat_controls(packet)
        lost_in = loss.handshake_lost_in
        if lost_in != NO_SPACE:
            # RFC 9002 7.3.2: one packet may leave at once. 1-RTT packets in flight are acknowledged only when the
            # handshake is complete, so a full window must not block the packets that complete it.
            loss.handshake_lost_in = NO_SPACE
            lossy = session.spaces[lost_in]
            if not lossy.discarded and lossy.probes == 0:
                lossy.probes = 1
        loss.lost.clear()
        if marked > 0:
            session.ecn.on_lost(marked)

    def repeat_controls(self, packet: SentPacket) -> None:
        """Make the control frames of a packet due again."""
        assert packet.controls is not None
        for control in packet.controls:
            if isinstance(control, Control):
                self._session.controls.add(control)

    def _controls_delivered(self, packet: SentPacket) -> None:
        session = self._session
        assert packet.controls is not None
        for control in packet.controls:
            if not isinstance(control, Control):
                continue
            if control.kind == RESET_STREAM:
                stream_outcomes.on_reset_delivered(session.streams, control.subject)
            elif control.dropped:
                continue  # a probe repeated it, and was acknowledged earlier: it counts once
            elif control.kind == RETIRE_CONNECTION_ID:
                control.dropped = True
                session.peer_ids.unacknowledged_retirements -= 1
            elif control.kind == NEW_CONNECTION_ID:
                control.dropped = True
                session.local_ids.on_settled()
                session.issue_connection_ids()
            elif control.kind in (HANDSHAKE_DONE, STOP_SENDING):
                control.dropped = True  # sent only once
