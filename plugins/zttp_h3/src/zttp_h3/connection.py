"""``H3Connection``: one HTTP/3 connection, in either role (RFC 9114).

Conducts: datagrams and time go to the transport, streams with something new to their readers, messages to ``writing``.
"""

import os
import time
from collections.abc import Callable
from typing import Any, Final, final

from librt.strings import BytesWriter

from zttp_core.errors import RemoteProtocolError
from zttp_core.reasons import local_error, remote_error
from zttp_core.sentinels import CONNECTION_CLOSED as _CORE_CONNECTION_CLOSED
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h3.codes import H3ErrorCode
from zttp_h3.credentials import identity_chooser, trust_of
from zttp_h3.frames import GOAWAY, PRIORITY_UPDATE_REQUEST, frame
from zttp_h3.limits import H3Limits
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.quic.close import OPEN
from zttp_h3.quic.controls import Control
from zttp_h3.quic.options import TransportOptions
from zttp_h3.quic.paths import Path
from zttp_h3.quic.stream import QuicStream
from zttp_h3.quic.transport import Transport, accept, connect
from zttp_h3.reading.request_stream import RequestStream
from zttp_h3.reading.unidirectional import PeerStreams, UnidirectionalStream
from zttp_h3.session import NO_GOAWAY, H3Session
from zttp_h3.stream import Headers, Stream, listed
from zttp_h3.streams.identifiers import is_unidirectional
from zttp_h3.tls.client import ClientHandshake, ClientParameters
from zttp_h3.tls.groups import SECP256R1, SECP384R1, X25519, X25519MLKEM768
from zttp_h3.tls.key_schedule import AES_128_GCM_SHA256, AES_256_GCM_SHA384, CHACHA20_POLY1305_SHA256
from zttp_h3.tls.server import ServerParameters
from zttp_h3.tls.tickets import SessionTicket, TicketKeys
from zttp_h3.wire.frame_types import NEW_TOKEN
from zttp_h3.wire.packet_header import read_long_header
from zttp_h3.wire.varint import write_varint
from zttp_h3.wire.versions import INITIAL, VERSION_1
from zttp_h3.writing import messages

SERVER: Final = 1
CLIENT: Final = 2

NEED_DATA: Final[Any] = _CORE_NEED_DATA
CONNECTION_CLOSED: Final[Any] = _CORE_CONNECTION_CLOSED

_LEAST_INITIAL: Final = 1200  # RFC 9000 14.1
_SECOND: Final = 1_000_000
_DEFAULT_LIMITS: Final = H3Limits()
_SUITES: Final = (AES_128_GCM_SHA256, AES_256_GCM_SHA384, CHACHA20_POLY1305_SHA256)
_GROUPS: Final = (X25519, SECP256R1, SECP384R1, X25519MLKEM768)


@final
class OutboundDatagram:
    """A datagram to send: where to and, if the caller gave local addresses, where from."""

    def __init__(self, data: bytes, peer_address: Any, local_address: Any, ecn: int) -> None:
        self.data: Final = data
        self.peer_address: Final = peer_address
        self.local_address: Final = local_address
        self.ecn: Final = ecn

    def __repr__(self) -> str:
        return f"<OutboundDatagram of {len(self.data)} bytes to {self.peer_address!r}>"


@final
class CloseInfo:
    """How a connection was closed (RFC 9000 19.19): ``is_application`` tells whose code it is, HTTP/3's or QUIC's."""

    def __init__(self, error_code: int, reason: bytes, is_application: bool) -> None:
        self.error_code: Final = error_code
        self.reason: Final = reason
        self.is_application: Final = is_application

    def __repr__(self) -> str:
        return f"CloseInfo({self.error_code:#x}, {self.reason!r}, is_application={self.is_application})"


@final
class Origin:
    """What an endpoint knows of a connection before it begins: its identity, and what the first packets have proven."""

    def __init__(
        self,
        choose_identity: Callable[[str | None], Any],
        connection_id_length: int,
        make_connection_id: Callable[[], bytes],
        reset_token_of: Callable[[bytes], bytes],
        original_id: bytes | None,
        retry_id: bytes | None,
        validated: bool,
        attention: list[Any],
    ) -> None:
        self.attention: Final = attention  # connections that may have something to send
        self.choose_identity: Final = choose_identity
        self.connection_id_length: Final = connection_id_length
        self.make_connection_id: Final = make_connection_id
        self.reset_token_of: Final = reset_token_of
        self.original_id: Final = original_id
        self.retry_id: Final = retry_id
        self.validated: Final = validated


@final
class H3Connection:
    """One HTTP/3 connection, server or client, without any I/O.

    Give datagrams that arrive to ``receive_datagram`` and call ``next_event`` until it returns ``NEED_DATA``; send on
    streams, and transmit what ``data_to_send`` returns. Time is a monotonic number of microseconds that the caller
    gives; where ``now`` is left out, the latest one counts. ``handle_timeout`` is due at ``next_timeout``.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        limits: What it holds at most.
        credentials: Who a server is; without any, an identity made up for development, which no client trusts.
        tickets: What seals a server's session tickets; share one between connections.
        server_name: Whom a client talks to: a host name or an address.
        verify: A ``TrustStore``, a certificate in DER that is the server's, or False, which trusts everybody.
        session: A ticket of an earlier connection to the same server.
        early_data: Whether requests may leave in 0-RTT, where anybody can replay them.
        auto_credit: Pulling a ``Data`` event returns its credit; otherwise ``consume_data`` does.

    Attributes:
        role: ``SERVER`` or ``CLIENT``.
    """

    def __init__(
        self,
        role: int,
        *,
        limits: H3Limits | None = None,
        credentials: Any = None,
        tickets: TicketKeys | None = None,
        server_name: str | bytes | None = None,
        verify: Any = True,
        session: SessionTicket | None = None,
        early_data: bool = False,
        validation_token: bytes | None = None,
        connection_id: bytes | None = None,
        alpn: str | bytes = b"h3",
        auto_credit: bool = True,
        congestion: str = "cubic",
        cipher_suites: Any = _SUITES,
        groups: Any = _GROUPS,
        enable_connect_protocol: bool = False,
        keylog: Callable[[str], object] | None = None,
        wall_clock: Callable[[], float] | None = None,
        entropy: Callable[[int], bytes] | None = None,
        origin: "Origin | None" = None,
    ) -> None:
        if role != SERVER and role != CLIENT:
            raise ValueError(f"role must be zttp.SERVER (1) or zttp.CLIENT (2), got {role}")
        if congestion not in ("cubic", "newreno"):
            raise ValueError(f"congestion must be 'cubic' or 'newreno', got {congestion!r}")
        self.role: Final[i64] = role
        held = _DEFAULT_LIMITS if limits is None else limits
        self._limits: Final = held
        self._auto_credit: Final = auto_credit
        self._connect_protocol: Final = enable_connect_protocol and role == SERVER
        self._options: Final = TransportOptions(
            idle_timeout=held.idle_timeout * _SECOND,
            handshake_timeout=held.handshake_timeout * _SECOND,
            stream_window=held.initial_window_size,
            most_stream_window=held.max_stream_window,
            connection_window=held.connection_window_size,
            most_connection_window=held.max_connection_window,
            max_streams_bidirectional=held.max_concurrent_streams if role == SERVER else 0,
            max_datagram_frame_size=held.max_datagram_frame_size,
            congestion=congestion,
            entropy=os.urandom if entropy is None else entropy,
            connection_id_length=8 if origin is None else origin.connection_id_length,
            make_connection_id=None if origin is None else origin.make_connection_id,
            reset_token_of=None if origin is None else origin.reset_token_of,
        )
        self._origin: Final = origin
        self._wall_clock: Final[Callable[[], float]] = time.time if wall_clock is None else wall_clock
        self._key_log: Final = keylog
        self._peer: Final = PeerStreams()
        self._session: H3Session | None = None
        self._server_parameters: ServerParameters | None = None
        self._client_parameters: ClientParameters | None = None
        self._connection_id: Final = connection_id
        self._token: Final = b"" if validation_token is None else validation_token
        self._current: Any = None  # the stream that is read
        self._told = False  # CONNECTION_CLOSED was returned
        self._failure: Malformed | None = None
        protocol = alpn.encode() if isinstance(alpn, str) else bytes(alpn)
        if role == SERVER:
            self._server_parameters = ServerParameters(
                identity_chooser(credentials) if origin is None else origin.choose_identity,
                [protocol],
                list(cipher_suites),
                list(groups),
                tickets,
                b"",
                False,
            )
        else:
            if server_name is None:
                raise ValueError("a client needs server_name: whom it talks to")
            name = server_name.decode("ascii") if isinstance(server_name, bytes) else server_name
            self._client_parameters = ClientParameters(
                name.rstrip("."), [protocol], list(cipher_suites), list(groups), trust_of(verify), session, early_data
            )
        self._now: i64 = 0

    # ----------------------------------------------------------------------------------------------- datagrams

    def receive_datagram(
        self, datagram: Any, now: int = -1, peer_address: Any = None, /, *, local_address: Any = None, ecn: int = 0
    ) -> None:
        """Take a datagram that arrived from ``peer_address``, any buffer. Nothing is raised for what is in it."""
        data = datagram if isinstance(datagram, bytes) else bytes(memoryview(datagram))
        self._take_time(now)
        if self._session is None:
            if self.role == CLIENT:
                self._connect(peer_address)
            elif not self._accept(data, peer_address, local_address):
                return
        session = self._session
        assert session is not None
        session.touch()
        session.transport.receive(data, self._now, peer_address, local_address, ecn)
        if session.transport.session.knows_peer:
            session.start()

    def data_to_send(self, now: int = -1) -> list[bytes]:
        """Return the datagrams to send now, and forget them."""
        return [datagram for datagram, _ in self._leaving(now)]

    def data_to_send_with_addresses(self, now: int = -1) -> list["OutboundDatagram"]:
        """Return the datagrams to send now, each with where to and, if that was given, where from; and forget them.

        Those of one size to one address follow each other, so that a server can send them with one call.
        """
        leaving = self._leaving(now)
        return [OutboundDatagram(datagram, path.peer, path.local, 0) for datagram, path in leaving]

    def next_timeout(self) -> int | None:
        """Return when ``handle_timeout`` is due, ``None`` for never."""
        session = self._session
        if session is None:
            return None
        timeout = session.transport.next_timeout()
        return None if timeout < 0 else int(timeout)

    def handle_timeout(self, now: int, /) -> None:
        """Do what is due by ``now``; the next deadline is later."""
        self._take_time(now)
        session = self._session
        if session is not None:
            session.touch()
            session.transport.handle_timeout(self._now)

    def initiate_connection(self) -> None:
        """Begin the handshake now rather than with the first request (client)."""
        if self.role != CLIENT:
            raise local_error("wrong_role")
        if self._session is None:
            self._connect(None)

    # ----------------------------------------------------------------------------------------------- receiving

    def next_event(self) -> Any:
        """Return the next event, ``NEED_DATA``, or ``CONNECTION_CLOSED`` once when the connection ends.

        Raises RemoteProtocolError if the peer broke the connection, and again on every later call. What breaks only a
        stream is a ``RstStream`` event.
        """
        if self._failure is not None:
            raise self._failed()
        session = self._session
        if session is None:
            return NEED_DATA
        session.touch()  # reading returns credit
        try:
            event = self._next_event(session)
        except Malformed as malformed:
            self._failure = malformed
            session.transport.close(malformed.error_code, malformed.reason.encode(), True)
            raise self._failed() from None
        if event is not None:
            return event
        close = session.transport.session.close
        if close.state == OPEN or self._told:
            return NEED_DATA
        if close.cause is not None:
            self._failure = Malformed(close.cause, int(close.error_code))
            raise self._failed()
        self._told = True
        return CONNECTION_CLOSED

    def _next_event(self, session: H3Session) -> Any:
        while True:
            current = self._current
            if current is None:
                if len(self._peer.resumed) > 0:
                    stream = self._peer.resumed.pop(0)
                    event = stream.resume()
                    self._current = stream
                    if event is not None:
                        return self._pulled(session, stream, event)
                    continue
                quic = session.transport.next_readable()
                if quic is None:
                    return None
                current = self._reader_of(session, quic)
                self._current = current
            event = current.next_event()
            if event is not None:
                return self._pulled(session, current, event)
            self._current = None

    def _pulled(self, session: H3Session, stream: Any, event: Any) -> Any:
        """Return the credit of content that is handed out."""
        if self._auto_credit and isinstance(stream, RequestStream) and stream.unconsumed > 0:
            session.transport.session.streams.consume(stream.quic, stream.unconsumed)
            stream.unconsumed = 0
        return event

    def _reader_of(self, session: H3Session, quic: QuicStream) -> Any:
        """Return what reads a stream; a new one if the peer has just opened it. Raises Malformed."""
        if quic.application is None:
            if is_unidirectional(quic.stream_id):
                quic.application = UnidirectionalStream(session, self._peer, quic)
            elif self.role == SERVER:
                request = RequestStream(session, quic)
                early = self._peer.early_priorities.pop(int(quic.stream_id), None)
                if early is not None and quic.outgoing is not None:
                    session.transport.session.streams.scheduler.prioritize(quic.outgoing, early[0], early[1])
                quic.application = request
            else:
                # RFC 9114 6.1: servers open no bidirectional streams.
                raise Malformed("server_opened_stream", H3ErrorCode.H3_STREAM_CREATION_ERROR)
        return quic.application

    def consume_data(self, stream_id: int, length: int, /) -> None:
        """Return the credit of content that was pulled and is done with; where that happens by itself, do nothing.

        Raises LocalProtocolError for more than was pulled.
        """
        if length < 0:
            raise ValueError(f"length must not be negative, got {length}")
        session = self._session
        if self._auto_credit or session is None:
            return
        quic = session.transport.session.streams.streams.get(stream_id)
        if quic is None or not isinstance(quic.application, RequestStream):
            return
        stream = quic.application
        if length > stream.unconsumed:
            raise local_error("consumed_too_much", stream_id=stream_id)
        stream.unconsumed -= length
        session.touch()
        session.transport.session.streams.consume(quic, length)

    # ----------------------------------------------------------------------------------------------- sending

    def send_request(
        self,
        method: bytes,
        target: bytes,
        version: bytes,  # noqa: ARG002  (the same parameters as on HTTP/1.1)
        headers: Headers,
        *,
        end_stream: bool = False,
        scheme: bytes = b"https",
        protocol: bytes | None = None,
    ) -> Stream:
        """Open a stream with a request head (client), and return it; also before the handshake is done.

        Raises LocalProtocolError; also if the peer's limit on streams is reached, see ``can_open_stream``.
        """
        if self.role != CLIENT:
            raise local_error("wrong_role")
        if self._session is None:
            self._connect(None)
        session = self._session
        assert session is not None
        transport = session.transport
        if not transport.session.is_open():
            raise local_error("connection_ended")
        if session.goaway_received != NO_GOAWAY:
            raise local_error("connection_closing")
        if protocol is not None and not session.peer_connect_protocol:
            raise local_error("connect_protocol_not_enabled", protocol)
        section, length = messages.request_section(method, target, listed(headers), scheme, protocol, end_stream)
        if not transport.session.streams.can_open(False):
            raise local_error("too_many_streams")
        session.start()
        quic = transport.open(False)
        assert quic is not None
        state = RequestStream(session, quic)
        quic.application = state
        messages.begin_request(session, state, method, protocol, length)
        messages.write_section(session, state, section)
        stream = Stream(session, state)
        if end_stream:
            state.content_to_send = -1
            stream.end_message()
        return stream

    def stream(self, stream_id: int, /) -> Stream:
        """Return a stream, open or closed. Raises LocalProtocolError for one that was never opened."""
        session = self._session
        if stream_id < 0 or stream_id & 3 != 0:
            raise ValueError(f"a request's stream identifier is a multiple of 4, got {stream_id}")
        if session is not None:
            streams = session.transport.session.streams
            quic = streams.streams.get(stream_id)
            if quic is not None and isinstance(quic.application, RequestStream):
                return Stream(session, quic.application)
            if streams.is_known(stream_id):
                gone = RequestStream(session, QuicStream(stream_id, None, None))
                gone.closed = True
                return Stream(session, gone)
        raise local_error("no_such_stream", stream_id=stream_id)

    def update_priority(self, stream_id: int, urgency: int = 3, incremental: bool = False) -> None:
        """Queue PRIORITY_UPDATE for a stream (client, RFC 9218 7.2). Raises LocalProtocolError."""
        session = self._session
        if self.role != CLIENT:
            raise local_error("wrong_role")
        if not 0 <= urgency <= 7:
            raise ValueError(f"urgency must be from 0 to 7, got {urgency}")
        if session is None or stream_id not in session.transport.session.streams.streams:
            raise local_error("stream_closed", stream_id=stream_id)
        payload = BytesWriter()
        write_varint(payload, stream_id)
        payload.write(b"u=%d" % urgency + (b", i" if incremental else b""))
        session.write_control(frame(PRIORITY_UPDATE_REQUEST, payload.getvalue()))

    def shutdown(self, stream_id: int | None = None, /) -> None:
        """Queue GOAWAY (RFC 9114 5.2): requests from ``stream_id`` on are rejected, by default all new ones.

        Requests in flight finish. Raises LocalProtocolError for a client, and for an identifier above an earlier one.
        """
        session = self._session
        if self.role != SERVER:
            raise local_error("wrong_role")
        if session is None:
            return
        last = session.highest_request + 4 if session.highest_request >= 0 else 0
        if stream_id is not None:
            last = stream_id
        if 0 <= session.goaway_sent < last:
            raise local_error("goaway_raised")
        session.touch()
        session.goaway_sent = last
        payload = BytesWriter()
        write_varint(payload, last)
        session.write_control(frame(GOAWAY, payload.getvalue()))

    def close(self, error_code: int = H3ErrorCode.H3_NO_ERROR, reason: bytes = b"", *, app: bool = True) -> None:
        """End the connection at once: CONNECTION_CLOSE leaves with the next datagrams."""
        session = self._session
        if session is not None:
            session.touch()
            session.transport.close(error_code, reason, app)

    def request_key_update(self) -> None:
        """Change the packet keys (RFC 9001 6.1). Raises LocalProtocolError if that may not be yet."""
        session = self._session
        if session is None or not session.transport.request_key_update():
            raise local_error("key_update_too_early")

    # ----------------------------------------------------------------------------------------------- questions

    @property
    def handshake_complete(self) -> bool:
        """Whether both sides have proven the handshake (RFC 9001 4.1.1)."""
        session = self._session
        handshake = None if session is None else session.transport.session.handshake
        return handshake is not None and handshake.complete

    @property
    def handshake_confirmed(self) -> bool:
        """Whether the handshake is confirmed (RFC 9001 4.1.2)."""
        return self._session is not None and self._session.transport.session.confirmed

    @property
    def open_streams(self) -> int:
        """How many requests are open."""
        session = self._session
        if session is None:
            return 0
        return len([number for number in session.transport.session.streams.streams if number & 3 == 0])

    @property
    def can_open_stream(self) -> bool:
        """Whether ``send_request`` can open a stream now (client)."""
        session = self._session
        if self.role != CLIENT:
            return False
        if session is None:
            return True
        transport = session.transport.session
        return transport.is_open() and session.goaway_received == NO_GOAWAY and transport.streams.can_open(False)

    @property
    def last_stream_error(self) -> RemoteProtocolError | None:
        """Why the latest stream was rejected here; ``None`` if none was."""
        session = self._session
        if session is None or session.rejected_reason is None:
            return None
        error: RemoteProtocolError = remote_error(
            session.rejected_reason, stream_id=int(session.rejected_stream), error_code=int(session.rejected_code)
        )
        return error

    @property
    def peer_certificate(self) -> bytes | None:
        """The server's certificate in DER (client); ``None`` before it is known, or without one."""
        handshake = None if self._session is None else self._session.transport.session.handshake
        if isinstance(handshake, ClientHandshake) and handshake.chain:
            return handshake.chain[0]
        return None

    def session_tickets(self) -> list[SessionTicket]:
        """Return the tickets that came since this was asked last (client)."""
        handshake = None if self._session is None else self._session.transport.session.handshake
        if not isinstance(handshake, ClientHandshake):
            return []
        tickets = handshake.tickets
        handshake.tickets = []
        return tickets

    def peer_settings(self) -> dict[int, int] | None:
        """Return the peer's SETTINGS by identifier, ``None`` before they have come."""
        session = self._session
        return None if session is None or session.peer_settings is None else dict(session.peer_settings)

    def goaway_received(self) -> int | None:
        """Return the identifier of the peer's GOAWAY, ``None`` without one."""
        session = self._session
        return None if session is None or session.goaway_received == NO_GOAWAY else int(session.goaway_received)

    def has_pending_send(self) -> bool:
        """Tell whether content waits for credit or for room on the path."""
        session = self._session
        return session is not None and session.transport.session.streams.queued_bytes > 0

    def idle_timed_out(self) -> bool:
        """Tell whether silence ended the connection."""
        return self._session is not None and self._session.transport.session.close.timed_out

    def close_info(self) -> "CloseInfo | None":
        """Return how the connection was closed, by either side; ``None`` while it is open, or if silence ended it."""
        close = None if self._session is None else self._session.transport.session.close
        if close is None or close.state == OPEN or close.timed_out:
            return None
        return CloseInfo(int(close.error_code), close.reason, close.is_application)

    def is_closed(self) -> bool:
        """Tell whether nothing more will come in or go out but the end itself."""
        return self._session is not None and self._session.transport.session.close.state != OPEN

    def __repr__(self) -> str:
        role = "SERVER" if self.role == SERVER else "CLIENT"
        return f"<H3Connection {role} streams={self.open_streams} closed={self.is_closed()}>"

    # ---------------------------------------------------------------------------------------- for an endpoint

    def has_begun(self) -> bool:
        """Tell whether an authentic packet has come."""
        return self._session is not None and self._session.transport.session.received_any

    def changed_ids(self) -> tuple[list[bytes], list[bytes]]:
        """Return the connection IDs that were issued, and those that were retired, since this was asked last."""
        session = self._session
        if session is None:
            return [], []
        return session.transport.session.local_ids.take_changes()

    def closing_packets(self) -> list[bytes]:
        """Return what says that the connection was closed here; nothing if it was not, or has not left yet."""
        return [] if self._session is None else list(self._session.transport.session.close.packets)

    def peer_address(self) -> Any:
        """Return where the peer is now."""
        return None if self._session is None else self._session.transport.session.path.peer

    def give_token(self, token: bytes) -> None:
        """Send the client a token for later connections (RFC 9000 8.1.3)."""
        if self._session is not None:
            self._session.transport.session.controls.add(Control(NEW_TOKEN, 0, 0, token))

    # ----------------------------------------------------------------------------------------------- inside

    def _take_time(self, now: int) -> None:
        if now > self._now:
            self._now = now

    def _leaving(self, now: int) -> list[tuple[bytes, Path]]:
        self._take_time(now)
        if self._session is None:
            if self.role == SERVER:
                return []
            self._connect(None)
        session = self._session
        assert session is not None
        session.touched = False
        session.flush_qpack()
        return session.transport.datagrams_to_send(self._now)

    def _connect(self, peer_address: Any) -> None:
        parameters = self._client_parameters
        assert parameters is not None
        transport = connect(
            self._options,
            parameters,
            self._now,
            peer_address,
            None,
            self._wall_clock,
            self._key_log,
            self._connection_id,
            self._token,
        )
        self._begin(transport)

    def _accept(self, datagram: bytes, peer_address: Any, local_address: Any) -> bool:
        """Begin a server's connection with a client's first Initial packet; False if this is none."""
        header = read_long_header(datagram, 0)
        if header is None or header.kind != INITIAL or header.version != VERSION_1 or len(datagram) < _LEAST_INITIAL:
            return False
        if len(header.destination) < 8:  # RFC 9000 7.2
            return False
        parameters = self._server_parameters
        assert parameters is not None
        transport = accept(
            self._options,
            parameters,
            self._now,
            peer_address,
            local_address,
            self._wall_clock,
            header.destination,
            header.source,
            header.version,
            self._key_log,
            None if self._origin is None else self._origin.original_id,
            None if self._origin is None else self._origin.retry_id,
            self._origin is not None and self._origin.validated,
        )
        self._begin(transport)
        return True

    def _begin(self, transport: Transport) -> None:
        session = H3Session(transport, self.role == SERVER, self._limits, self._connect_protocol)
        if self._origin is not None:
            session.attention = self._origin.attention
            session.owner = self
        self._session = session

    def _failed(self) -> RemoteProtocolError:
        """Make the terminal error of this connection."""
        failure = self._failure
        assert failure is not None
        why: bytes | None = None
        if self._session is not None and failure.reason == "handshake_failed":
            why = self._session.transport.session.close.reason
        error: RemoteProtocolError = remote_error(failure.reason, why, error_code=failure.error_code)
        return error
