"""The shared state of an HTTP/3 connection: the transport, QPACK, the settings of both sides (RFC 9114 3)."""

from typing import Final, final

from zttp_h3 import grease
from zttp_h3 import settings as setting
from zttp_h3.codes import H3ErrorCode
from zttp_h3.frames import CONTROL_STREAM, DECODER_STREAM, ENCODER_STREAM, frame
from zttp_h3.frames import SETTINGS as SETTINGS_FRAME
from zttp_h3.last_head import LastHead
from zttp_h3.last_section import LastSection
from zttp_h3.limits import H3Limits
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.qpack.decoder import SectionDecoder
from zttp_h3.qpack.encoder import SectionEncoder
from zttp_h3.quic.stream import QuicStream
from zttp_h3.quic.transport import Transport
from zttp_h3.streams.send_stream import SendStream
from zttp_h3.tls.client import ClientHandshake
from zttp_h3.tls.tickets import SessionTicket

# RFC 9114 7.2.4.1, RFC 9218 7: the protocol's own streams go before all requests.
_CRITICAL: Final = -1

_MOST_UNTOLD: Final = 65_536  # bytes for the peer's encoder that it has not accepted
NO_GOAWAY: Final = -1


@final
class H3Session:
    """The state of a connection above its transport."""

    def __init__(
        self, transport: Transport, is_server: bool, limits: H3Limits, connect_protocol: bool, datagrams: bool
    ) -> None:
        self.transport: Final = transport
        self.is_server: Final = is_server
        self.limits: Final = limits
        self.encoder: Final = SectionEncoder()
        self.decoder: Final = SectionDecoder(
            limits.header_table_size, limits.max_blocked_streams, limits.max_header_list_size
        )
        self.last_head: Final = LastHead()
        self.last_section: Final = LastSection()
        self.connect_protocol: Final = connect_protocol  # that we announce
        self.datagrams: Final = datagrams  # that we announce
        self.peer_settings: dict[int, int] | None = None
        self.remembered_settings: dict[int, int] | None = None  # of an earlier connection, until this one's arrive
        self.peer_connect_protocol = False
        self.peer_datagrams = False
        self.peer_max_section: i64 = 0x3FFFFFFFFFFFFFFF
        self.goaway_sent: i64 = NO_GOAWAY
        self.goaway_received: i64 = NO_GOAWAY
        self.asked_unaware: i64 = 0  # requests below may have been sent by a client that did not know of our GOAWAY
        self.goaway_heard_at: i64 = -1  # the offset of the control stream to acknowledge before the second one
        self.highest_request: i64 = -1  # of the peer, that was accepted (server)
        self.rejected_reason: str | None = None  # of the last stream that was rejected here
        self.rejected_stream: i64 = -1
        self.rejected_code: i64 = 0
        self.resets: i64 = 0  # by the peer, minus requests that ended normally
        self.attention: dict[object, None] | None = None  # an endpoint's connections that may have something to send
        self.owner: object = None
        self.touched = False
        self._control: QuicStream | None = None
        self._encoder_stream: QuicStream | None = None
        self._decoder_stream: QuicStream | None = None
        self._reserved_stream_done = False
        self.held_priorities: Final[dict[int, bytes]] = {}  # of requests that may not be named yet

    def touch(self) -> None:
        """Record that there may be output."""
        attention = self.attention
        if attention is not None and not self.touched:
            self.touched = True
            attention[self.owner] = None

    def start(self) -> bool:
        """Open the control stream with SETTINGS, once the peer allows it; False before that."""
        if self._control is not None:
            return True
        stream = self._open_critical(CONTROL_STREAM)
        if stream is None:
            return False
        self._control = stream
        entropy = self.transport.session.options.entropy
        settings = setting.announced(self.limits, self.connect_protocol, self.datagrams)
        settings.append(grease.reserved_setting(entropy))
        self._write(stream, frame(SETTINGS_FRAME, setting.write_settings(settings)) + grease.reserved_frame(entropy))
        return True

    def open_reserved_stream(self) -> None:
        """Open a reserved stream, once it does not displace others (RFC 9114 6.2.3)."""
        if self._reserved_stream_done or self._encoder_stream is None or self._decoder_stream is None:
            return
        self._reserved_stream_done = True
        transport = self.transport
        if grease.opens_reserved_stream(transport.session.options.entropy):
            stream = transport.open(True)
            if stream is not None:
                chosen = transport.session.options.entropy(1)[0]
                self._write(stream, frame(int(grease.reserved(chosen)), b""))
                transport.session.streams.finish(stream)

    def is_critical(self, stream: QuicStream) -> bool:
        """Return whether a stream is one of ours that must not end (RFC 9114 6.2.1, RFC 9204 4.2)."""
        return stream is self._control or stream is self._encoder_stream or stream is self._decoder_stream

    def control_stream(self) -> SendStream | None:
        """Return the sending part of our control stream, None if it is not open yet."""
        return None if self._control is None else self._control.outgoing

    def write_control(self, payload: bytes) -> None:
        """Write a frame on the control stream."""
        self.start()
        stream = self._control
        if stream is not None:
            self._write(stream, payload)

    def flush_qpack(self) -> None:
        """Send the instructions of the encoder and the decoder."""
        if self.encoder.outgoing:
            if self._encoder_stream is None:
                self._encoder_stream = self._open_critical(ENCODER_STREAM)
            if self._encoder_stream is not None:
                self._write(self._encoder_stream, self.encoder.outgoing)
                self.encoder.outgoing = b""
        if self.decoder.outgoing:
            if self._decoder_stream is None:
                self._decoder_stream = self._open_critical(DECODER_STREAM, True)
            if self._decoder_stream is not None:
                self._write(self._decoder_stream, self.decoder.outgoing)
                self.decoder.outgoing = b""
        if not self._reserved_stream_done:
            self.open_reserved_stream()
        if len(self.held_priorities) > 0:
            self._release_priorities()

    def may_prioritize(self, stream_id: i64) -> bool:
        """Return whether a PRIORITY_UPDATE may name a request (RFC 9218 7.2): within a limit that will not be lower."""
        session = self.transport.session
        return session.remembered is None and not session.streams.counts.is_ahead(stream_id)

    def _release_priorities(self) -> None:
        for stream_id in list(self.held_priorities):
            if self.may_prioritize(stream_id):
                self.write_control(self.held_priorities.pop(stream_id))

    def check_qpack(self) -> None:
        """Close on a peer that sends sections but no credit for acknowledgments (RFC 9204 7.3). Raises Malformed."""
        size: i64 = len(self.decoder.outgoing)
        if self._decoder_stream is not None and self._decoder_stream.outgoing is not None:
            size += self._decoder_stream.outgoing.unsent()
        if size > _MOST_UNTOLD:
            raise Malformed("qpack_stalled", H3ErrorCode.H3_EXCESSIVE_LOAD)

    def apply_peer_settings(self, settings: dict[int, int]) -> None:
        """Take the peer's SETTINGS (RFC 9114 7.2.4). Raises Malformed."""
        before = self.remembered_settings
        if before is not None and self.early_data_accepted():
            setting.check_not_reduced(settings, before)
        self.remembered_settings = None
        self.peer_settings = settings
        self.encoder.apply_settings(
            settings.get(setting.QPACK_MAX_TABLE_CAPACITY, 0), settings.get(setting.QPACK_BLOCKED_STREAMS, 0)
        )
        self.flush_qpack()
        self._live_by(settings)
        # Not an error in RFC 9297, and in use: HTTP datagrams without QUIC datagrams, so only in capsules.
        if self.transport.session.peer.max_datagram_frame_size == 0:
            self.peer_datagrams = False

    def remember_settings(self, encoded: bytes) -> None:
        """Apply the server's settings of an earlier connection until its new ones arrive (RFC 9114 7.2.4.2).

        Raises Malformed. QPACK's dynamic table is not used yet: its entries would be lost with refused early data.
        """
        self.remembered_settings = setting.read_settings(encoded)
        self._live_by(self.remembered_settings)

    def take_tickets(self) -> list[SessionTicket]:
        """Return the tickets since the last call, with the settings for their early data."""
        handshake = self.transport.session.handshake
        if not isinstance(handshake, ClientHandshake):
            return []
        tickets = handshake.tickets
        handshake.tickets = []
        for ticket in tickets:
            ticket.version = int(self.transport.session.version)
        if self.peer_settings is not None:
            known = [(name, value) for name, value in self.peer_settings.items() if name in setting.KNOWN]
            for ticket in tickets:
                ticket.settings = setting.write_settings(known)
        return tickets

    def early_data_accepted(self) -> bool:
        """Return whether early data was sent and accepted, or received."""
        handshake = self.transport.session.handshake
        return handshake is not None and handshake.early_data_accepted

    def _live_by(self, settings: dict[int, int]) -> None:
        self.peer_connect_protocol = settings.get(setting.ENABLE_CONNECT_PROTOCOL, 0) == 1
        self.peer_datagrams = settings.get(setting.H3_DATAGRAM, 0) == 1
        self.last_section.forget()
        self.peer_max_section = settings.get(setting.MAX_FIELD_SECTION_SIZE, 0x3FFFFFFFFFFFFFFF)

    def count_reset(self) -> None:
        """Count a request that was reset before it was answered (rapid reset). Raises Malformed."""
        self.resets += 1
        if self.resets > self.limits.max_stream_resets:
            raise Malformed("too_many_resets", H3ErrorCode.H3_EXCESSIVE_LOAD)

    def count_completed(self) -> None:
        """Count a request that ended normally, which balances a reset."""
        if self.resets > 0:
            self.resets -= 1

    def note_rejected(self, stream_id: i64, reason: str, error_code: i64) -> None:
        """Record why a stream was rejected here."""
        self.rejected_stream = stream_id
        self.rejected_reason = reason
        self.rejected_code = error_code

    def _open_critical(self, kind: int, patient: bool = False) -> QuicStream | None:
        stream = self.transport.open(True)
        if stream is not None:
            out = stream.outgoing
            assert out is not None
            out.urgency = _CRITICAL
            out.patient = patient
            self._write(stream, bytes((kind,)))
        return stream

    def _write(self, stream: QuicStream, data: bytes) -> None:
        out = stream.outgoing
        if out is not None and out.reset_code >= 0:
            return  # STOP_SENDING of the peer: the next event reports it
        self.transport.session.streams.write(stream, data)
