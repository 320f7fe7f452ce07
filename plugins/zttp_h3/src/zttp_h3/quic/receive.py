"""From datagrams to frames: packets are found, decrypted, checked for duplicates, and processed (RFC 9000 12, 5)."""

from typing import Any, Final, final

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.protection.retry_integrity import has_valid_tag
from zttp_h3.quic.early_packets import EarlyPackets
from zttp_h3.quic.frames import FrameReceiver
from zttp_h3.quic.handshake_progress import feed, install_initial_keys
from zttp_h3.quic.migration import follow
from zttp_h3.quic.paths import Path
from zttp_h3.quic.session import Session, Space
from zttp_h3.recovery.loss import APPLICATION, HANDSHAKE, INITIAL
from zttp_h3.wire import packet_header
from zttp_h3.wire.frame_types import ACK_ELICITING, IN_HANDSHAKE, IN_INITIAL, IN_ONE_RTT, IN_ZERO_RTT, NOT_PROBING
from zttp_h3.wire.packet_header import LongHeader, read_long_header, read_versions
from zttp_h3.wire.versions import HANDSHAKE as HANDSHAKE_PACKET
from zttp_h3.wire.versions import INITIAL as INITIAL_PACKET
from zttp_h3.wire.versions import RETRY, ZERO_RTT

_LEAST_RESET: Final = 21  # bytes, RFC 9000 10.3
_RESET_TOKEN_SIZE: Final = 16
_LEAST_CLIENT_DATAGRAM: Final = 1200  # RFC 9000 14.1
_MOST_ROUNDS: Final = 3
_CE: Final = 3
_ECT0: Final = 2
_ECT1: Final = 1


@final
class DatagramReceiver:
    """Processes datagrams. Unreadable packets are dropped; invalid authentic ones raise."""

    def __init__(self, session: Session) -> None:
        self.frames: Final = FrameReceiver(session)
        self._session: Final = session
        self._early: Final = EarlyPackets()
        self._late = False  # kept packets are read now

    def receive(self, datagram: bytes, peer: Any, local: Any, ecn: i64) -> None:
        """Take a datagram. Raises Malformed and TlsError."""
        session = self._session
        path = session.path_of(peer, local)
        # RFC 9000 9 MUST: a client discards packets from other addresses than its server's.
        if not session.is_server and path not in session.paths and not path.is_of(session.path.peer):
            return
        path.received_bytes += len(datagram)
        at: i64 = 0
        size: i64 = len(datagram)
        opened = False
        first_id: bytes | None = None
        while at < size and session.close.state <= 1:
            first: i64 = datagram[at]
            if first & 0x80 == 0:
                if self._receive_short(datagram, at, path, ecn, first_id):
                    opened = True
                break
            header = read_long_header(datagram, at, session.own.grease_quic_bit)
            if header is None or header.stop <= at:
                break
            if first_id is None:
                first_id = header.destination
            # RFC 9000 12.2 SHOULD: all packets of a datagram are for the same connection ID.
            if header.destination == first_id and self._receive_long(datagram, header, path, ecn):
                opened = True
            at = header.stop
        if not opened and size >= _LEAST_RESET:
            self._detect_reset(datagram)
        # RFC 9000 13.2.1 MUST: ack-eliciting packets are acknowledged. We elicit that repeatedly, and a peer that never
        # does makes us remember all that we sent.
        if session.loss.spaces[APPLICATION].is_ignored():
            raise Malformed("acknowledges_nothing", QuicErrorCode.PROTOCOL_VIOLATION)

    def _detect_reset(self, datagram: bytes) -> None:
        # RFC 9000 10.3 MUST: for any form of the header.
        if self._session.peer_ids.is_reset(datagram[len(datagram) - _RESET_TOKEN_SIZE :]):
            self._session.close.was_reset = True
            self._session.drain(0, 0, b"", False)

    # ---------------------------------------------------------------------------------------------------- long headers

    def _receive_long(self, datagram: bytes, header: LongHeader, path: Path, ecn: i64) -> bool:
        """Take a packet with a long header; return whether it was authentic."""
        session = self._session
        kind = header.kind
        if kind == packet_header.VERSION_NEGOTIATION:
            self._receive_negotiation(datagram, header)
            return False
        if kind == packet_header.OTHER_VERSION or header.version != session.version:
            return False
        if kind == RETRY:
            self._receive_retry(datagram, header)
            return False
        if header.destination not in session.local_ids.active and not (
            session.is_server and header.destination == session.original_id
        ):
            return False
        # RFC 9000 14.1 MUST: a server drops Initial packets in datagrams that are too small.
        if kind == INITIAL_PACKET and session.is_server and len(datagram) < _LEAST_CLIENT_DATAGRAM:
            return False
        # RFC 9000 17.2.2 MUST: a client discards Initial packets with a token.
        if kind == INITIAL_PACKET and not session.is_server and len(header.token) > 0:
            return False
        if kind == ZERO_RTT:
            return self._receive_zero_rtt(datagram, header, path, ecn)
        space = session.spaces[INITIAL if kind == INITIAL_PACKET else HANDSHAKE]
        opener = space.opener
        if opener is None:
            if not space.discarded:
                self._early.keep(datagram[header.at : header.stop], path.peer, path.local, ecn)
            return False
        # RFC 9000 7.2 MUST: the peer keeps the connection ID of its first packet.
        if session.received_any and header.source != session.initial_source:
            return False
        largest = space.received.largest
        _, number, payload = opener.open(datagram, header.at, header.rest_at, header.stop, largest)
        if number < 0 or space.received.is_duplicate(number):
            return number >= 0
        if not session.received_any:
            self._receive_first(header)
        if kind == HANDSHAKE_PACKET and session.is_server and not session.spaces[INITIAL].discarded:
            # RFC 9001 4.9.1, RFC 9000 8.1: a Handshake packet validates the address that our Initial packets went to.
            # It may come from another: somebody on the path may have sent it on under any address.
            session.discard(INITIAL)
            session.path.validated = True
        flag = IN_INITIAL if kind == INITIAL_PACKET else IN_HANDSHAKE
        self._receive_payload(payload, flag, space, number, path, header.destination, ecn)
        return True

    def _receive_first(self, header: LongHeader) -> None:
        """Learn the peer's connection ID (RFC 9000 7.2)."""
        session = self._session
        session.received_any = True
        session.initial_source = header.source
        session.peer_ids.replace_first(header.source)

    def _receive_zero_rtt(self, datagram: bytes, header: LongHeader, path: Path, ecn: i64) -> bool:
        session = self._session
        if not session.is_server or session.confirmed:
            return False
        opener = session.zero_rtt_opener
        space = session.spaces[APPLICATION]
        if opener is None:
            if session.phases is None:  # the ClientHello is not complete yet
                self._early.keep(datagram[header.at : header.stop], path.peer, path.local, ecn)
            return False
        largest = space.received.largest
        _, number, payload = opener.open(datagram, header.at, header.rest_at, header.stop, largest)
        if number < 0 or space.received.is_duplicate(number):
            return number >= 0
        self._receive_payload(payload, IN_ZERO_RTT, space, number, path, header.destination, ecn)
        return True

    def _receive_negotiation(self, datagram: bytes, header: LongHeader) -> None:
        """Take a Version Negotiation packet (RFC 9000 6.2): only before anything else, and only if it is for us."""
        session = self._session
        if session.is_server or session.received_any or session.negotiated or session.retry_source is not None:
            return
        if header.destination not in session.local_ids.active or header.source != session.peer_ids.current:
            return
        offered = read_versions(datagram, header)
        if len(offered) == 0 or session.version in offered:
            return  # RFC 9000 6.2 MUST: one that lists the version in use is ignored
        session.negotiated = True
        session.offered_versions = offered

    def _receive_retry(self, datagram: bytes, header: LongHeader) -> None:
        """Take a Retry packet (RFC 9000 17.2.5.2): once, before anything else, and only if it is authentic."""
        session = self._session
        if session.is_server or session.received_any or session.retry_source is not None:
            return
        if header.destination not in session.local_ids.active or header.source == session.peer_ids.current:
            return
        if not has_valid_tag(session.version, session.original_id, datagram[header.at : header.stop]):
            return
        session.retry_source = header.source
        session.token = header.token
        session.peer_ids.replace_first(header.source)
        install_initial_keys(session, header.source)
        # RFC 9000 17.2.5.3: everything is sent again, with continued packet numbers.
        for space in (INITIAL, APPLICATION):
            for packet in session.loss.take_back(space):
                session.loss.lost.append(packet)
            self.frames.settle(space)

    # --------------------------------------------------------------------------------------------------- short headers

    def _receive_short(self, datagram: bytes, at: i64, path: Path, ecn: i64, first_id: bytes | None) -> bool:
        """Take a packet with a short header, which is the rest of its datagram; return whether it was authentic."""
        session = self._session
        number_at = at + 1 + session.local_ids.length
        size: i64 = len(datagram)
        if number_at >= size:
            return False
        used = datagram[at + 1 : number_at]
        if used not in session.local_ids.active or (first_id is not None and used != first_id):
            return False
        phases = session.phases
        handshake = session.handshake
        # RFC 9001 5.7: no 1-RTT data before the handshake is complete.
        if phases is None or handshake is None or not handshake.complete:
            self._early.keep(datagram[at:], path.peer, path.local, ecn)
            return False
        space = session.spaces[APPLICATION]
        updates = phases.updates
        _, number, payload = phases.open(datagram, at, number_at, size, space.received.largest)
        if number < 0:
            return False
        if phases.updates != updates:
            session.on_key_update()
        if space.received.is_duplicate(number):
            return True
        path.used = used
        newest = number > space.received.largest
        flags = self._receive_payload(payload, IN_ONE_RTT, space, number, path, used, ecn)
        if path is not session.path and newest and flags & NOT_PROBING != 0 and session.is_server:
            follow(session, path)
        return True

    def _receive_payload(
        self, payload: bytes, flag: i64, space: Space, number: i64, path: Path, used: bytes, ecn: i64
    ) -> i64:
        """Process an authentic packet: its frames, then the effects of its arrival."""
        session = self._session
        log = session.log
        if log is not None:
            log.packet(False, session.now, flag, number, len(payload), payload)
        flags = self.frames.process(payload, flag, space.number, path, used)
        if ecn == _ECT0:
            space.received.ect0 += 1
        elif ecn == _ECT1:
            space.received.ect1 += 1
        elif ecn == _CE:
            space.received.ce += 1
            if flags & ACK_ELICITING != 0:  # RFC 9000 13.2.1 MUST NOT: no acknowledgment of acknowledgments alone
                space.received.on_congestion_mark()
        delay = 1000 * session.own.max_ack_delay
        patience = session.loss.round_trip.smoothed // 4
        space.received.add(number, flags & ACK_ELICITING != 0, session.now, delay, patience)
        session.packets_received += 1
        session.on_activity()
        if self.frames.crypto:
            feed(session, space.number)
            if not self._late and len(self._early) > 0:
                self._receive_early()
        return flags

    def _receive_early(self) -> None:
        """Process the packets again that arrived before their keys."""
        self._late = True
        for _ in range(_MOST_ROUNDS):  # one of them may bring the keys for another
            for packet, peer, local, ecn in self._early.take():
                self._receive_again(packet, self._session.path_of(peer, local), ecn)
        self._late = False

    def _receive_again(self, packet: bytes, path: Path, ecn: i64) -> None:
        if i64(packet[0]) & 0x80 == 0:
            self._receive_short(packet, 0, path, ecn, None)
            return
        header = read_long_header(packet, 0, self._session.own.grease_quic_bit)
        if header is not None:
            self._receive_long(packet, header, path, ecn)
