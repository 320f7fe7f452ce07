"""``Transport``: one QUIC connection without HTTP, in either role: time and datagrams in, datagrams out.

The owner opens streams and writes to them, and gets those with new data from ``next_readable``. A connection error ends
the connection here: nothing is raised for input of a peer, ``session.close`` has the error.
"""

from typing import Any, Final, final

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.protection.packet_keys import Opener
from zttp_h3.quic.assembly import DatagramAssembler
from zttp_h3.quic.close import CLOSED, CLOSING, OPEN
from zttp_h3.quic.handshake_progress import install_initial_keys, progress
from zttp_h3.quic.migration import begin
from zttp_h3.quic.options import TransportOptions
from zttp_h3.quic.own_parameters import encoded, own_parameters
from zttp_h3.quic.paths import Path
from zttp_h3.quic.receive import DatagramReceiver
from zttp_h3.quic.session import Session
from zttp_h3.quic.special_datagrams import closing_datagram, next_probe
from zttp_h3.quic.stream import QuicStream
from zttp_h3.quic.timers import earliest, expire
from zttp_h3.quic.version_check import choose
from zttp_h3.quic.version_negotiation import begin_again
from zttp_h3.recovery.ecn import NOT_ECT
from zttp_h3.recovery.loss import APPLICATION
from zttp_h3.recovery.path_mtu import BASE_SIZE
from zttp_h3.tls.alerts import TlsError
from zttp_h3.tls.client import ClientHandshake
from zttp_h3.tls.client_offer import ClientParameters
from zttp_h3.tls.server import ServerHandshake, ServerParameters
from zttp_h3.wire.remembered_parameters import remembered
from zttp_h3.wire.varint import varint_size

_MOST_DATAGRAMS: Final = 4096  # per call
_BURST_FROM: Final = 2 * BASE_SIZE  # waiting bytes from which on the headers of packets are masked together
_MOST_OUTGOING: Final = 64  # DATAGRAM frames that wait
_HANDSHAKE_FAILED: Final = "handshake_failed"
_CLIENT_ID_SIZE: Final = 8  # of the first Destination Connection ID (RFC 9000 7.2: 8 at least)


@final
class ClientHandshakes:
    """The parameters of a client's handshakes: a second one begins if the server selects another version of QUIC."""

    def __init__(self, parameters: ClientParameters, wall_clock: Any, key_log: Any) -> None:
        self._parameters: Final = parameters
        self._wall_clock: Final = wall_clock
        self._key_log: Final = key_log

    def begin(self, session: Session, resumes: bool) -> None:
        """Queue a ClientHello; a second one does not resume. A ticket belongs to its version (RFC 9369 5 MUST NOT)."""
        parameters = self._parameters
        ticket = parameters.session
        if ticket is not None and not (resumes and ticket.version == session.version):
            parameters = parameters.without_session()
        entropy = session.options.entropy
        handshake = ClientHandshake(parameters, encoded(session), entropy, self._wall_clock, self._key_log)
        session.handshake = handshake
        handshake.start()
        if handshake.early_data_offered and parameters.session is not None:
            try:
                session.remember(remembered(parameters.session.transport_parameters))
            except Malformed:
                raise ValueError("the transport parameters of this session ticket cannot be read") from None
        progress(session)


@final
class Transport:
    """A connection. Made by ``connect`` and ``accept``."""

    def __init__(self, session: Session) -> None:
        self.session: Final = session
        self._receiver: Final = DatagramReceiver(session)
        self._deadline: i64 = -1
        self._deadline_known = False
        self._expired: i64 = -1  # the last time at which timers were run
        self.handshakes: ClientHandshakes | None = None  # of a client

    # ------------------------------------------------------------------------------------------ datagrams

    def receive(self, datagram: bytes, now: i64, peer: Any, local: Any, ecn: i64) -> None:
        """Take a datagram."""
        session = self.session
        session.now = max(now, session.now)
        self._deadline_known = False
        state = session.close.state
        if state == CLOSING:
            session.close.on_packet()
        if state >= CLOSING:
            return
        try:
            self._receiver.receive(datagram, peer, local, ecn)
        except Malformed as malformed:
            self._break(malformed)
        except TlsError as error:
            self._fail(_HANDSHAKE_FAILED, error.error_code, 0, error.message.encode())
        if len(session.offered_versions) > 0:
            self._change_version()

    def _break(self, malformed: Malformed) -> None:
        """End the connection because of what the peer did, or never did."""
        self._fail(malformed.reason, malformed.error_code, malformed.frame_type, malformed.reason.encode())

    def _fail(self, cause: str, error_code: i64, frame_type: i64, reason: bytes) -> None:
        """End the connection, unless it has ended: nothing that follows a CONNECTION_CLOSE is the cause."""
        session = self.session
        if session.is_open():
            session.close.cause = cause
            session.fail(error_code, frame_type, reason)

    def _change_version(self) -> None:
        """Start again with a version that the server supports; without one the connection ends (RFC 9000 6.2)."""
        session = self.session
        version = choose(session.options.versions, session.offered_versions)
        session.offered_versions = []
        if version == 0 or self.handshakes is None:
            self._fail("no_common_version", QuicErrorCode.VERSION_NEGOTIATION_ERROR, 0, b"")
            session.close.end()  # there is no peer to inform
            return
        begin_again(session, version, session.options.entropy(_CLIENT_ID_SIZE))
        self.handshakes.begin(session, False)

    def datagrams_to_send(self, now: i64) -> list[tuple[bytes, Path, int]]:
        """Return the datagrams to send now, each with its path and ECN codepoint."""
        try:
            return self._leaving(now)
        except Malformed as malformed:
            # RFC 9001 6.6 MUST: keys that are worn out protect nothing more, not even what says so.
            self._break(malformed)
            self.session.close.end()
            return []

    def _leaving(self, now: i64) -> list[tuple[bytes, Path, int]]:
        session = self.session
        session.now = max(now, session.now)
        now = session.now
        self._deadline_known = False
        leaving: list[tuple[bytes, Path, int]] = []
        close = session.close
        if close.state == CLOSING:
            if close.due:
                close.due = False
                if len(close.packets) == 0:
                    packet = closing_datagram(session, now)
                    if packet:
                        close.packets.append(packet)
                    else:
                        close.end()  # the peer has no keys of ours
                leaving.extend([(packet, session.path, NOT_ECT) for packet in close.packets])
            return leaving
        if close.state != OPEN:
            return leaving
        phases = session.phases
        if phases is not None and phases.update_due():
            self.request_key_update()  # RFC 9001 6.6 MUST: long before the keys are worn out; as soon as it may be
        assembler = DatagramAssembler(session)
        for path in list(session.paths):
            if path.wants_probe():
                probe = next_probe(session, path, now)
                if probe:
                    leaving.append((probe, path, NOT_ECT))
        if session.confirmed and phases is not None and session.streams.queued_bytes > _BURST_FROM:
            burst = phases.burst()
            marks: list[int] = []
            while len(marks) < _MOST_DATAGRAMS and assembler.add_to(burst, now):
                marks.append(int(session.mark))
            leaving.extend([(packet, session.path, mark) for packet, mark in zip(burst.take(), marks, strict=True)])
            return leaving
        while len(leaving) < _MOST_DATAGRAMS:
            datagram = assembler.next_datagram(now)
            if not datagram:
                break
            leaving.append((datagram, session.path, int(session.mark)))
        return leaving

    def next_timeout(self) -> i64:
        """Return when ``handle_timeout`` is due; -1 for never."""
        if not self._deadline_known:
            self._deadline = earliest(self.session)
            # The due timers have run, though their packets may not be sent yet: another call at once would not change
            # that.
            if 0 <= self._deadline <= self._expired:
                self._deadline = self._expired + 1
            self._deadline_known = True
        return self._deadline

    def handle_timeout(self, now: i64) -> None:
        """Run the timers that are due by ``now``."""
        session = self.session
        session.now = max(now, session.now)
        self._deadline_known = False
        self._expired = session.now
        try:
            expire(session, self._receiver.frames)
        except Malformed as malformed:  # a path was given up, and its connection ID is one too many to retire
            self._break(malformed)

    # ------------------------------------------------------------------------------------------ streams

    def open(self, unidirectional: bool) -> QuicStream | None:
        """Open a stream; None if the peer's limit does not allow one now."""
        streams = self.session.streams
        return streams.open(unidirectional) if streams.can_open(unidirectional) else None

    def next_readable(self) -> QuicStream | None:
        """Return a stream with something new: bytes, its end, a reset, or STOP_SENDING.

        STOP_SENDING is reported even if it has ended the stream.
        """
        readable = self.session.streams.readable
        while len(readable) > 0:
            stream = readable.pop(0)
            stream.readable = False
            if not stream.is_over() or stream.incoming is None:
                return stream
        return None

    def send_datagram(self, data: bytes) -> bool:
        """Queue a DATAGRAM frame (RFC 9221); False if the peer or the path does not accept that size.

        The queue is limited; of too many the oldest are dropped.
        """
        session = self.session
        size: i64 = len(data)
        if size + 1 + varint_size(size) > min(session.peer.max_datagram_frame_size, session.largest_frame()):
            return False
        self._deadline_known = False
        waiting = session.outgoing_datagrams
        waiting.append(data)
        if len(waiting) > _MOST_OUTGOING:
            del waiting[0]
            session.datagrams_dropped += 1
        return True

    # ------------------------------------------------------------------------------------------ the whole

    def close(self, error_code: i64, reason: bytes, is_application: bool) -> None:
        """End the connection; CONNECTION_CLOSE is sent with the next datagrams."""
        self._deadline_known = False
        if is_application:
            self.session.end_by_application(error_code, reason)
        else:
            self.session.fail(error_code, 0, reason)

    def request_key_update(self) -> bool:
        """Change the keys (RFC 9001 6.1); False if that is not allowed yet."""
        session = self.session
        phases = session.phases
        if phases is None or not session.confirmed or phases.has_previous() or not session.is_open():
            return False
        if not phases.may_update(session.loss.spaces[APPLICATION].largest_acknowledged):
            return False
        phases.update()
        session.on_key_update()
        session.ping_due = True
        return True

    def migrate(self, peer: Any, local: Any) -> bool:
        """Move to another path once it is validated (client, RFC 9000 9); False if that is not allowed now."""
        self._deadline_known = False
        try:
            return begin(self.session, peer, local)
        except Malformed as malformed:  # as in ``handle_timeout``
            self._break(malformed)
            return False

    def is_over(self) -> bool:
        """Return whether the connection has ended and is forgotten."""
        return self.session.close.state == CLOSED


def connect(
    options: TransportOptions,
    parameters: ClientParameters,
    now: i64,
    peer: Any,
    local: Any,
    wall_clock: Any,
    key_log: Any = None,
    connection_id: bytes | None = None,
    token: bytes = b"",
) -> Transport:
    """Begin a connection as a client: the first flight is sent with the next datagrams."""
    own_id = options.new_connection_id() if connection_id is None else connection_id
    destination = options.entropy(_CLIENT_ID_SIZE)
    own = own_parameters(options, own_id)
    path = Path(peer, local, True)
    session = Session(False, options, own, own_id, destination, path, now)
    session.original_id = destination
    session.token = token
    install_initial_keys(session, destination)
    transport = Transport(session)
    transport.handshakes = ClientHandshakes(parameters, wall_clock, key_log)
    transport.handshakes.begin(session, True)
    return transport


def accept(
    options: TransportOptions,
    parameters: ServerParameters,
    now: i64,
    peer: Any,
    local: Any,
    wall_clock: Any,
    destination: bytes,
    source: bytes,
    version: i64,
    key_log: Any = None,
    original_id: bytes | None = None,
    retry_source: bytes | None = None,
    validated: bool = False,
    opener: Opener | None = None,
) -> Transport:
    """Begin a connection as a server, for a client's first Initial packet, which is received then.

    ``destination`` and ``source`` are that packet's connection IDs. After a Retry ``original_id`` is the Destination
    Connection ID of the packet before it and ``retry_source`` the connection ID from the Retry. ``validated``: a token
    has validated the address (RFC 9000 8.1). ``opener`` is that of its Initial packets, if one was opened already.
    """
    own_id = options.new_connection_id()
    own = own_parameters(options, own_id)
    own.original_destination_connection_id = destination if original_id is None else original_id
    own.retry_source_connection_id = retry_source
    if options.reset_token_of is not None:
        own.stateless_reset_token = options.reset_token_of(own_id)
    path = Path(peer, local, validated)
    session = Session(True, options, own, own_id, source, path, now)
    session.version = version
    session.original_id = destination
    install_initial_keys(session, destination, opener)
    session.handshake = ServerHandshake(
        parameters, encoded(session), options.entropy, wall_clock, key_log, int(version)
    )
    return Transport(session)
