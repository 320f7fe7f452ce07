"""Building packets: header, payload, and the remaining room (RFC 9000 17, 12.2, 14.1)."""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h3.native_ints import i64, u8
from zttp_h3.protection.burst import Burst
from zttp_h3.protection.key_phases import KeyPhases
from zttp_h3.protection.suites import TAG_SIZE
from zttp_h3.quic.session import Session
from zttp_h3.recovery.ecn import NOT_ECT
from zttp_h3.recovery.loss import APPLICATION, HANDSHAKE, INITIAL
from zttp_h3.recovery.sent_packets import SentPacket
from zttp_h3.wire.frame_types import IN_HANDSHAKE, IN_INITIAL, IN_ONE_RTT, IN_ZERO_RTT
from zttp_h3.wire.frame_writer import write_padding
from zttp_h3.wire.packet_header import FIXED_BIT, write_long_header, write_short_header
from zttp_h3.wire.packet_number import packet_number_length
from zttp_h3.wire.varint import patch_varint_of_2, varint_size
from zttp_h3.wire.versions import HANDSHAKE as HANDSHAKE_PACKET
from zttp_h3.wire.versions import INITIAL as INITIAL_PACKET
from zttp_h3.wire.versions import ZERO_RTT

_FLAGS: Final = (IN_INITIAL, IN_HANDSHAKE, IN_ONE_RTT)  # by space, for the log
_LEAST_PROTECTED: Final = 4  # octets of packet number and payload, so that there is a sample (RFC 9001 5.4.2)


@final
class PacketBuilder:
    """One packet that is being written: its payload, and its record."""

    def __init__(self, session: Session, space: i64) -> None:
        self.space: Final[i64] = space
        self.payload: Final = BytesWriter()
        self.room: i64 = 0  # for the payload when it is empty
        self.eliciting = False
        self.padded = False  # in flight without asking for an acknowledgment
        self.stream: object = None
        self.offset: i64 = 0
        self.length: i64 = 0
        self.fin = False
        self.more: list[object] | None = None
        self.controls: list[object] | None = None
        self.acknowledges: i64 = -1
        self._session: Final = session
        self._header: Final = BytesWriter()
        self._number: i64 = 0
        self._number_length: i64 = 0
        self._early = False
        self._destination = b""

    def begin(self, room: i64, destination: bytes | None = None) -> bool:
        """Start a packet that takes ``room`` bytes of its datagram at most; False if that is too little.

        ``destination`` is the peer's connection ID, by default the one in use.
        """
        session = self._session
        self._destination = session.peer_ids.current if destination is None else destination
        sent = session.loss.spaces[self.space]
        self.payload.truncate(0)
        self.eliciting = False
        self.padded = False
        self.stream = None
        self.more = None
        self.controls = None
        self.acknowledges = -1
        self._early = self.space == APPLICATION and session.phases is None
        self._number = sent.next_number
        self._number_length = packet_number_length(self._number, sent.largest_acknowledged)
        self.room = room - self._overhead()
        return self.room > 16

    def left(self) -> i64:
        """Return the remaining bytes for frames."""
        return self.room - len(self.payload)

    def is_empty(self) -> bool:
        """Return whether nothing was written."""
        return len(self.payload) == 0

    def size(self) -> i64:
        """Return the current size of the packet."""
        return self._overhead() + self._payload_size()

    def pad_to(self, size: i64) -> None:
        """Make the packet ``size`` bytes long, as far as its room allows."""
        missing = size - self._overhead() - len(self.payload)  # the padding for its sample is not written yet
        if missing > 0:
            write_padding(self.payload, min(missing, self.left()))
            self.padded = True

    def add_piece(self, stream: object, offset: i64, length: i64, fin: bool) -> bool:
        """Record the first stream piece; False if there is one already."""
        if self.stream is not None:
            return False
        self.stream = stream
        self.offset = offset
        self.length = length
        self.fin = fin
        return True

    def seal(self, now: i64) -> bytes:
        """Protect the packet, and record it as sent ``now``."""
        session = self._session
        self._fill_up()
        header = self._header
        header.truncate(0)
        number = self._number
        length = self._number_length
        if self.space == APPLICATION and not self._early:
            phases = self._write_short_header()
            packet = phases.seal(header, length, number, self.payload.getvalue())
        else:
            kind = (
                INITIAL_PACKET if self.space == INITIAL else HANDSHAKE_PACKET if self.space == HANDSHAKE else ZERO_RTT
            )
            sealer = session.zero_rtt_sealer if self._early else session.spaces[self.space].sealer
            assert sealer is not None
            own = session.initial_id
            at = write_long_header(header, session.version, kind, self._destination, own, self._token(), number, length)
            patch_varint_of_2(header, at, length + len(self.payload) + TAG_SIZE)
            packet = sealer.seal(header, length, number, self.payload.getvalue())
        self._remember(now, len(packet))
        return packet

    def seal_in(self, burst: Burst, now: i64) -> i64:
        """Protect a 1-RTT packet as one of a burst, and record it as sent ``now``; return its size."""
        self._fill_up()
        header = self._header
        header.truncate(0)
        phases = self._write_short_header()
        size = len(header) + len(self.payload) + TAG_SIZE
        phases.seal_in(burst, header, self._number_length, self._number, self.payload.getvalue())
        self._remember(now, size)
        return size

    def _fill_up(self) -> None:
        """Pad the packet so that there is a sample."""
        short = self._payload_size() - len(self.payload)
        if short > 0:
            write_padding(self.payload, short)

    def _write_short_header(self) -> KeyPhases:
        """Write the header of a 1-RTT packet; return its keys."""
        session = self._session
        phases = session.phases
        assert phases is not None
        header = self._header
        number = self._number
        write_short_header(header, self._destination, phases.phase_bit, number, self._number_length)
        bits = session.quic_bits
        if bits != 0 and (bits >> (number % 62)) & 1 != 0:
            header[0] = u8(header[0] ^ FIXED_BIT)
        return phases

    def _remember(self, now: i64, size: i64) -> None:
        """Record that the packet is sent."""
        session = self._session
        sent = SentPacket(self._number, now, size, self.eliciting, self.eliciting or self.padded)
        sent.stream = self.stream
        sent.offset = self.offset
        sent.length = self.length
        sent.fin = self.fin
        sent.more = self.more
        sent.controls = self.controls
        sent.acknowledges = self.acknowledges
        if session.mark != NOT_ECT:
            sent.marked = True
            session.ecn.on_sent(self.space)
        session.loss.on_sent(self.space, sent)
        if self.space == APPLICATION and 0 <= session.skip_after <= self._number:
            session.skip_number()
        log = session.log
        if log is not None:
            flag = IN_ZERO_RTT if self._early else _FLAGS[self.space]
            log.packet(True, now, flag, self._number, size, self.payload.getvalue())

    def _token(self) -> bytes:
        return self._session.token if self.space == INITIAL and not self._session.is_server else b""

    def _payload_size(self) -> i64:
        """Return the payload's size with the padding that a sample needs."""
        size: i64 = len(self.payload)
        least = _LEAST_PROTECTED - self._number_length
        return max(least, size)

    def _overhead(self) -> i64:
        """Return the size of header and tag."""
        session = self._session
        destination: i64 = len(self._destination)
        if self.space == APPLICATION and not self._early:
            return 1 + destination + self._number_length + TAG_SIZE
        size = 7 + destination + len(session.initial_id) + 2 + self._number_length + TAG_SIZE
        if self.space == INITIAL:
            token: i64 = len(self._token())
            size += token + varint_size(token)
        return size
