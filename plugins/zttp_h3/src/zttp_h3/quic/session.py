"""The shared state of a transport: keys, spaces, paths, streams, and the time."""

from typing import Any, Final, final

from zttp_h3.native_ints import i64
from zttp_h3.protection.key_phases import KeyPhases
from zttp_h3.protection.packet_keys import Forgeries, Opener, Sealer
from zttp_h3.protection.suites import TAG_SIZE
from zttp_h3.quic.acknowledgments import Received
from zttp_h3.quic.close import OPEN, CloseState, closing_period
from zttp_h3.quic.connection_ids import LocalIds, PeerIds
from zttp_h3.quic.controls import Control, ControlQueue
from zttp_h3.quic.options import TransportOptions
from zttp_h3.quic.paths import Path
from zttp_h3.quic.qlog import EventLog
from zttp_h3.quic.stream_table import StreamTable
from zttp_h3.recovery.congestion import CongestionControl
from zttp_h3.recovery.cubic import Cubic
from zttp_h3.recovery.ecn import Ecn
from zttp_h3.recovery.loss import APPLICATION, HANDSHAKE, INITIAL, LossDetection
from zttp_h3.recovery.new_reno import NewReno
from zttp_h3.recovery.path_mtu import BASE_SIZE
from zttp_h3.streams.crypto_stream import CryptoStream
from zttp_h3.tls.handshake import Handshake
from zttp_h3.wire.frame_types import HANDSHAKE_DONE, NEW_CONNECTION_ID, RETIRE_CONNECTION_ID
from zttp_h3.wire.transport_parameters import TransportParameters

_MOST_NUMBER: Final = 4  # octets of a packet number
_MOST_PATHS: Final = 4  # at a time (RFC 9000 9)
_LONGEST_IDLE: Final = 0x10000000000  # milliseconds: in microseconds no more than 64 bits hold
# Packets between two numbers that are left out. To the peer each looks like a loss, and it acknowledges more often.
_LEAST_STRIDE: Final = 256
_MORE_STRIDE: Final = 0xFFF


# The empty state of spaces whose keys were discarded: it is neither read nor written.
_OVER: Final = CryptoStream()


@final
class Space:
    """One packet number space: its keys, its acknowledgments, its CRYPTO stream (RFC 9000 12.3)."""

    def __init__(self, number: i64) -> None:
        self.number: Final[i64] = number
        self.sealer: Sealer | None = None
        self.opener: Opener | None = None
        self.received: Final = Received(number != APPLICATION)
        self.crypto = CryptoStream()
        self.probes: i64 = 0  # packets that must be sent regardless of the window
        self.discarded = False


@final
class Session:
    """The state of a connection."""

    def __init__(
        self,
        is_server: bool,
        options: TransportOptions,
        own: TransportParameters,
        local_id: bytes,
        peer_id: bytes,
        path: Path,
        now: i64,
    ) -> None:
        self.is_server: Final = is_server
        self.options: Final = options
        self.own: Final = own
        self.peer = TransportParameters()
        self.knows_peer = False  # its transport parameters have arrived and are valid
        self.remembered: TransportParameters | None = None  # of an earlier connection, while early data relies on them
        self.version: i64 = options.versions[0]
        self.now: i64 = now
        self.handshake: Handshake | None = None
        self.forgeries: Final = Forgeries(0x3FFFFFFFFFFFFFFF)
        self.spaces: Final = [Space(INITIAL), Space(HANDSHAKE), Space(APPLICATION)]
        self.zero_rtt_sealer: Sealer | None = None
        self.zero_rtt_opener: Opener | None = None
        self.phases: KeyPhases | None = None
        self.application_secret = b""  # ours, until the peer's has arrived
        congestion: CongestionControl = NewReno(BASE_SIZE) if options.congestion == "newreno" else Cubic(BASE_SIZE)
        self.loss: Final = LossDetection(congestion, BASE_SIZE, is_server)
        self.log: Final = None if options.qlog is None else EventLog(options.qlog)
        self.ecn: Final = Ecn()
        self.mark: i64 = 0  # of the current datagram
        self.controls: Final = ControlQueue()
        self.streams: Final = StreamTable(
            is_server, own, options.most_stream_window, options.most_connection_window, self.controls
        )
        self.local_ids: Final = LocalIds(
            local_id, options.new_connection_id, options.new_reset_token, options.is_followed()
        )
        self.peer_ids: Final = PeerIds(peer_id)
        self.path: Path = path
        self.first_peer: Final = path.peer  # the path of the handshake (RFC 9000 18.2)
        self.candidate: Path | None = None  # a client's next path during the probe
        self.paths: Final[list[Path]] = [path]
        self.close: Final = CloseState()
        self.confirmed = False
        self.initial_id = local_id  # our Source Connection ID in long headers
        self.original_id = b""  # the Destination Connection ID of the client's first Initial
        self.initial_source = b""  # the Source Connection ID of the peer's first packet
        self.retry_source: bytes | None = None
        self.token = b""  # for a client's Initial packets
        self.tokens: list[bytes] = []  # from NEW_TOKEN frames
        self.datagrams: list[bytes] = []  # received
        self.outgoing_datagrams: list[bytes] = []
        self.datagrams_dropped: i64 = 0  # of both directions, because they were too many
        self.packets_received: i64 = 0  # authentic, and for the first time
        self.idle_from: i64 = now
        self.awaits_peer = False  # an ack-eliciting packet was sent since the last received one (RFC 9000 10.1)
        self.handshake_deadline: i64 = now + options.handshake_timeout
        self.pacing_deadline: i64 = -1
        self.previous_keys_until: i64 = -1
        self.ping_due = False
        self.quic_bits: i64 = 0  # packets whose fixed bit is cleared, by their numbers modulo 62 (RFC 9287 3)
        self.skip_after: i64 = -1  # the 1-RTT packet after whose number the next one is left out; -1 for none yet
        self.received_any = False
        self.negotiated = False  # a Version Negotiation packet arrived
        self.offered_versions: list[int] = []

    # ------------------------------------------------------------------------------------------------------------ time

    def idle_timeout(self) -> i64:
        """Return the idle timeout: the lower of both sides' (RFC 9000 10.1); 0 for never."""
        own = self.own.max_idle_timeout
        peer = self.peer.max_idle_timeout
        milliseconds = own if peer == 0 or (own != 0 and own < peer) else peer
        if milliseconds == 0:
            return 0
        least = 3 * self.loss.probe_timeout()
        timeout = min(milliseconds, _LONGEST_IDLE) * 1000
        return max(least, timeout)

    def remember(self, parameters: TransportParameters) -> None:
        """Apply the server's parameters of an earlier connection, for early data (RFC 9000 7.4.1)."""
        self.remembered = parameters
        self.peer = parameters
        self.streams.apply(parameters)

    def refuse_early_data(self) -> None:
        """Treat 0-RTT data as not sent: it is sent again in 1-RTT, within later limits (RFC 9001 4.6.2)."""
        self.remembered = None
        self.peer = TransportParameters()
        # All frames that are due are about streams, which may be beyond the later limits, and wait then (RFC 9000 4.6).
        self.loss.take_back(APPLICATION)
        self.controls.take()
        # Waiting datagrams may belong to requests that the limits of this connection do not allow (RFC 9297 2.1).
        self.datagrams_dropped += len(self.outgoing_datagrams)
        self.outgoing_datagrams.clear()
        self.streams.restart_early()

    def largest_frame(self) -> i64:
        """Return the largest frame that fits alone into a 1-RTT packet, with any packet number."""
        return self.loss.path_mtu.size - 1 - len(self.peer_ids.current) - _MOST_NUMBER - TAG_SIZE

    def begin_at(self, now: i64) -> None:
        """Set the start time: the first time that the caller passes also applies to earlier calls."""
        self.now = now
        self.idle_from = now
        self.handshake_deadline = now + self.options.handshake_timeout

    def on_activity(self) -> None:
        """Start the idle timer again."""
        self.idle_from = self.now
        self.awaits_peer = False

    def is_open(self) -> bool:
        """Return whether the connection has not ended."""
        return self.close.state == OPEN

    def on_key_update(self) -> None:
        """Record that the keys have changed: the previous ones are kept for late packets (RFC 9001 6.5)."""
        self.previous_keys_until = self.now + 3 * self.loss.probe_timeout()

    # ----------------------------------------------------------------------------------------------------------- ending

    def fail(self, error_code: i64, frame_type: i64, reason: bytes) -> None:
        """End the connection with a transport error."""
        was_open = self.is_open()
        self.close.close(error_code, frame_type, reason, False, self.now + closing_period(self.loss.probe_timeout()))
        self._tell_end(was_open)

    def end_by_application(self, error_code: i64, reason: bytes) -> None:
        """End the connection for the application."""
        was_open = self.is_open()
        self.close.close(error_code, 0, reason, True, self.now + closing_period(self.loss.probe_timeout()))
        self._tell_end(was_open)

    def drain(self, error_code: i64, frame_type: i64, reason: bytes, is_application: bool) -> None:
        """Process the peer's CONNECTION_CLOSE."""
        was_open = self.is_open()
        until = self.now + closing_period(self.loss.probe_timeout())
        self.close.drain(error_code, frame_type, reason, is_application, until)
        self._tell_end(was_open)

    def _tell_end(self, was_open: bool) -> None:
        log = self.log
        if log is not None and was_open:
            close = self.close
            log.closed(self.now, close.by_peer, close.is_application, close.error_code, close.reason)

    # ----------------------------------------------------------------------------------------------------------- spaces

    def discard(self, number: i64) -> None:
        """Discard the keys of a space that is no longer needed (RFC 9001 4.9)."""
        space = self.spaces[number]
        if space.discarded:
            return
        space.discarded = True
        space.sealer = None
        space.opener = None
        space.crypto = _OVER
        space.probes = 0
        self.loss.discard(number)

    def confirm(self) -> None:
        """Record that the handshake is confirmed (RFC 9001 4.1.2)."""
        if self.confirmed:
            return
        self.confirmed = True
        self.loss.confirmed = True
        self.loss.validated = True
        self.handshake_deadline = -1
        self.discard(HANDSHAKE)
        self.zero_rtt_opener = None  # RFC 9001 4.9.3 MUST: late 0-RTT packets are lost
        if self.is_server:
            self.controls.add(Control(HANDSHAKE_DONE))
        if self.phases is not None:
            self.phases.prepare()
        self.issue_connection_ids()
        self._choose_skip()
        self.loss.path_mtu.search_up_to(min(self.options.max_datagram_size, self.peer.max_udp_payload_size))

    def skip_number(self) -> None:
        """Leave a packet number out: a peer that acknowledges it acknowledges more than it received (RFC 9000 21.4)."""
        self.loss.spaces[APPLICATION].skip()
        self._choose_skip()

    def _choose_skip(self) -> None:
        """Choose the next number to leave out, at random, so that the peer cannot know it."""
        stride = int.from_bytes(self.options.entropy(2), "big") & _MORE_STRIDE
        self.skip_after = self.loss.spaces[APPLICATION].next_number + _LEAST_STRIDE + stride

    def issue_connection_ids(self) -> None:
        """Issue connection IDs to the peer (RFC 9000 5.1.1)."""
        if not self.knows_peer:
            return
        for sequence, connection_id, token in self.local_ids.issue(self.peer.active_connection_id_limit):
            self.controls.add(Control(NEW_CONNECTION_ID, sequence, 0, connection_id + token))

    def retire_connection_ids(self) -> None:
        """Send RETIRE_CONNECTION_ID for connection IDs that we no longer use."""
        retired = self.peer_ids.to_retire
        for sequence in retired:
            self.controls.add(Control(RETIRE_CONNECTION_ID, sequence))
        retired.clear()

    # ------------------------------------------------------------------------------------------------------------ paths

    def path_of(self, peer: Any, local: Any) -> Path:
        """Return the path of a datagram, a new one if it is unknown."""
        current = self.path
        if current.is_same(peer, local):
            return current
        for path in self.paths:
            if path.is_same(peer, local):
                return path
        return Path(peer, local, False)

    def keep_path(self, path: Path) -> None:
        """Keep a path on which an authentic packet arrived; of too many the oldest unused one is dropped."""
        if path in self.paths:
            return
        self.paths.append(path)
        if len(self.paths) > _MOST_PATHS:
            for old in self.paths:
                if old is not self.path and old is not self.candidate and old is not path:
                    self.paths.remove(old)
                    self.peer_ids.release(old.reserved)
                    self.retire_connection_ids()
                    break
