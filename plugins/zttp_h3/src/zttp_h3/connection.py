"""``H3Connection``: one HTTP/3 connection, in either role (RFC 9114).

Datagrams and time go to the transport, streams with new data to their readers, messages to ``writing``.
"""

from collections.abc import Callable
from typing import Any, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_core.errors import RemoteProtocolError
from zttp_core.reasons import local_error
from zttp_core.sentinels import CONNECTION_CLOSED as _CORE_CONNECTION_CLOSED
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h3 import answers
from zttp_h3.arguments import clamped, owned
from zttp_h3.close_info import CloseInfo
from zttp_h3.failures import rejection, terminal_error
from zttp_h3.limits import H3Limits
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.opening import accept_client, begin_session, connect_to
from zttp_h3.options import CLIENT, MOST_DATAGRAM_SIZE, SERVER, ConnectionOptions, judge
from zttp_h3.origin import Origin
from zttp_h3.outbound_datagram import OutboundDatagram
from zttp_h3.path_statistics import PathStatistics, statistics_of
from zttp_h3.quic.close import OPEN
from zttp_h3.quic.paths import Path
from zttp_h3.quic.transport import Transport
from zttp_h3.reading.event_reader import EventReader
from zttp_h3.session import NO_GOAWAY, H3Session
from zttp_h3.shutdown import finish, go_away
from zttp_h3.stream import Headers, Stream, find_stream
from zttp_h3.tls.tickets import SessionTicket, TicketKeys
from zttp_h3.writing import requests

NEED_DATA: Final[Any] = _CORE_NEED_DATA
CONNECTION_CLOSED: Final[Any] = _CORE_CONNECTION_CLOSED

_LATEST: Final = -1  # the latest time passed
_NO_ERROR: Final = 0x100  # H3_NO_ERROR, as a plain number for the signature
_MOST_CODE: Final = 0x3FFFFFFFFFFFFFFF  # RFC 9000 16


@final
class H3Connection:
    """One HTTP/3 connection, server or client, without any I/O.

    Pass received datagrams to ``receive_datagram`` and call ``next_event`` until it returns ``NEED_DATA``. Send on
    streams, and transmit what ``data_to_send`` returns, after reading too. ``now`` is a monotonic time in microseconds;
    if it is left out, the latest one is used. Call ``handle_timeout`` at the time that ``next_timeout`` returns; each
    of these calls may change that time.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        limits: The bounds on memory and on what the peer may do.
        credentials: The server's certificate and key. Without any, a self-signed certificate is made for development,
            which no client trusts (server).
        tickets: The keys that encrypt session tickets; share one object between connections (server).
        server_name: The server's name: a host name in A-labels, or an IP address (client).
        verify: What to trust: True for the system's certificate authorities, a ``TrustStore``, or the server's
            certificate in DER. False checks nothing, so anybody on the path can impersonate the server (client).
        session: A ticket of an earlier connection to the same server (client).
        early_data: Whether a client may send requests in 0-RTT, or a server accepts them. An attacker can replay them
            (RFC 8446 8).
        validation_token: One of ``validation_tokens`` of an earlier connection to the same server, in the version of
            QUIC with which this one begins (client).
        connection_id: The client's own connection ID, 0 to 20 bytes (client).
        alpn: The ALPN identifier that TLS must negotiate; ``h3`` by default.
        auto_credit: If true, pulling a ``Data`` event returns its flow-control credit; if false, call
            ``consume_data``.
        transport_params: Transport parameters by their names in RFC 9000 18.2; they override the limits.
        keep_alive: Seconds without packets after which a PING is sent; 0 for never.
        congestion: The congestion controller: ``"cubic"`` or ``"newreno"``.
        max_datagram_size: The largest UDP payload, in bytes, that is probed on a path (RFC 9000 14.3); the minimum,
            1200, probes nothing. Forbid fragmentation on your socket, or larger datagrams gain nothing.
        versions: Versions of QUIC in order of preference: 1, which is the default, and 2 (RFC 9369).
        cipher_suites: Cipher suites by their TLS 1.3 names, in order of preference.
        groups: Key exchange groups by name, in order of preference.
        enable_connect_protocol: Announce extended CONNECT (server, RFC 9220).
        enable_datagrams: Announce HTTP datagrams (RFC 9297).
        keylog: Called with each line of a key log (SSLKEYLOGFILE). Whoever has the key log can decrypt the connection.
        qlog: Called with each qlog event, a dict: packets with their frames, losses, metrics, the close.
        wall_clock: Returns seconds since the epoch, to check certificates and tickets; by default the system's clock.
        entropy: Returns the given number of random bytes; by default from the system.

    Attributes:
        role: ``SERVER`` or ``CLIENT``.
    """

    __slots__ = (
        "_closed_here",
        "_failure",
        "_now",
        "_options",
        "_origin",
        "_reader",
        "_sending",
        "_session",
        "_told",
        "role",
    )

    def __init__(
        self,
        role: int,
        *,
        limits: H3Limits | None = None,
        credentials: Any = None,
        tickets: TicketKeys | None = None,
        server_name: Any = None,
        verify: Any = True,
        session: SessionTicket | None = None,
        early_data: bool = False,
        validation_token: bytes | None = None,
        connection_id: bytes | None = None,
        alpn: Any = None,
        auto_credit: bool = True,
        transport_params: Any = None,
        keep_alive: int = 0,
        congestion: str = "cubic",
        max_datagram_size: int = MOST_DATAGRAM_SIZE,
        versions: Any = None,
        cipher_suites: Any = None,
        groups: Any = None,
        enable_connect_protocol: bool = False,
        enable_datagrams: bool = False,
        keylog: Callable[[str], object] | None = None,
        qlog: Callable[[dict[str, Any]], object] | None = None,
        wall_clock: Callable[[], float] | None = None,
        entropy: Callable[[int], bytes] | None = None,
        _origin: Origin | None = None,  # of an endpoint, which has checked the options already
    ) -> None:
        options = (
            _origin.options
            if _origin is not None
            else judge(
                role,
                limits=limits,
                credentials=credentials,
                tickets=tickets,
                server_name=server_name,
                verify=verify,
                session=session,
                early_data=early_data,
                validation_token=validation_token,
                connection_id=connection_id,
                alpn=alpn,
                auto_credit=auto_credit,
                transport_params=transport_params,
                keep_alive=keep_alive,
                congestion=congestion,
                max_datagram_size=max_datagram_size,
                versions=versions,
                cipher_suites=cipher_suites,
                groups=groups,
                enable_connect_protocol=enable_connect_protocol,
                enable_datagrams=enable_datagrams,
                keylog=keylog,
                qlog=qlog,
                wall_clock=wall_clock,
                entropy=entropy,
            )
        )
        self._options: Final[ConnectionOptions] = options
        self.role: Final[i64] = role
        self._origin: Final = _origin
        self._session: H3Session | None = None
        self._reader: EventReader | None = None
        self._closed_here = False  # by ``close``
        self._sending = False  # packets are being made
        self._told = False  # CONNECTION_CLOSED was returned
        self._failure: Malformed | None = None
        self._now: i64 = 0

    def __del__(self) -> None:
        # A stream and its reader refer to each other: without this, all would wait for the garbage collector.
        session = getattr(self, "_session", None)  # an object without one was stopped by a wrong argument
        if isinstance(session, H3Session):
            session.transport.session.streams.let_go()

    # ------------------------------------------------------------------------------------------------------- datagrams

    def receive_datagram(
        self, datagram: Any, now: int = _LATEST, peer_address: Any = None, /, *, local_address: Any = None, ecn: int = 0
    ) -> None:
        """Give the connection a datagram from ``peer_address``, in any buffer. Its content never raises an error here.

        Addresses are hashable values of the caller's choice; ``ecn`` is the ECN codepoint of the IP header (0 to 3).
        """
        data = owned(datagram)
        if not 0 <= ecn <= 3:
            raise ValueError(f"an ECN codepoint must be from 0 to 3, got {ecn}")
        self._take_time(now)
        if self._session is None:
            if self._closed_here or self.role == CLIENT:
                return  # a client that has not begun has no peer yet: whoever sent this is none
            transport = accept_client(self._options, self._origin, data, self._now, peer_address, local_address)
            if transport is None:
                return
            self._begin(transport)
        session = self._session
        assert session is not None
        session.touch()
        session.transport.receive(data, self._now, peer_address, local_address, ecn)
        if session.transport.session.knows_peer:
            session.start()

    def data_to_send(self, now: int = _LATEST) -> list[bytes]:
        """Return the datagrams to send now and remove them from the connection."""
        return [datagram for datagram, _, _ in self._leaving(now)]

    def data_to_send_with_addresses(self, now: int = _LATEST) -> list[OutboundDatagram]:
        """Return the datagrams to send now, with their addresses, and remove them from the connection.

        Datagrams of the same size to the same address follow each other, so a server can send them with one call.
        """
        return [OutboundDatagram(datagram, path.peer, path.local, mark) for datagram, path, mark in self._leaving(now)]

    def next_timeout(self) -> int | None:
        """Return the time in microseconds at which to call ``handle_timeout``; ``None`` if no timer is set."""
        session = self._session
        if session is None:
            return None
        timeout = session.transport.next_timeout()
        return None if timeout < 0 else int(timeout)

    def handle_timeout(self, now: int, /) -> None:
        """Run the timers that have expired by ``now``, in microseconds. The next deadline is later than ``now``."""
        self._take_time(now)
        session = self._session
        if session is not None:
            session.touch()
            session.transport.handle_timeout(self._now)

    def initiate_connection(self) -> None:
        """Begin the handshake now instead of with the first request (client). It does nothing on a server."""
        if self.role == CLIENT:
            self._connected()

    # ------------------------------------------------------------------------------------------------------- receiving

    def next_event(self) -> Any:
        """Return the next event, ``NEED_DATA``, or ``CONNECTION_CLOSED`` once when the connection ends.

        Raises RemoteProtocolError for a connection error of the peer, and again on every later call. A stream error is
        a ``RstStream`` event (RFC 9114 8).
        """
        if self._failure is not None:
            raise self._failed()
        session = self._session
        reader = self._reader
        if session is None or reader is None:
            return self._ended() if self._closed_here else NEED_DATA
        session.touch()  # reading returns credit
        try:
            event = reader.next_event()
        except Malformed as malformed:
            self._failure = malformed
            session.transport.close(malformed.error_code, malformed.reason.encode(), True)
            raise self._failed() from None
        if event is not None:
            return event
        close = session.transport.session.close
        if close.state == OPEN:
            return NEED_DATA
        if close.cause is not None and not self._told:
            self._failure = Malformed(close.cause, int(close.error_code))
            raise self._failed()
        return self._ended()

    def consume_data(self, stream_id: int, length: int, /) -> None:
        """Return ``length`` bytes of flow-control credit for content that was pulled (``auto_credit=False``).

        It does nothing with ``auto_credit=True``, or for a finished stream, which has already returned its credit.
        Raises LocalProtocolError if more is returned than was pulled.
        """
        if length < 0:
            raise ValueError(f"length must not be negative, got {length}")
        if not self._options.auto_credit and self._reader is not None:
            self._reader.consume(clamped(stream_id), clamped(length))

    # --------------------------------------------------------------------------------------------------------- sending

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
        """Open a stream with a request head (client), and return it. The handshake need not be complete.

        A ``host`` header becomes ``:authority``. ``version`` is ignored; it keeps the signature of HTTP/1.1.
        ``protocol`` makes an extended CONNECT (RFC 9220 3). Raises LocalProtocolError, also if the peer's limit on
        streams is reached; see ``can_open_stream``.
        """
        session = self._connected()
        state = requests.open_request(session, method, target, headers, scheme, protocol, end_stream)
        stream = Stream(session, state)
        if end_stream:
            state.content_to_send = -1
            stream.end_message()
        return stream

    def stream(self, stream_id: int, /) -> Stream:
        """Return an open or closed stream. Raises LocalProtocolError for a stream that was never opened."""
        number = clamped(stream_id)
        session = self._session
        if number < 0 or number & 3 != 0 or stream_id > _MOST_CODE:
            raise ValueError(f"a request stream must be a multiple of 4 below 2**62, got {stream_id}")
        stream = None if session is None else find_stream(session, number)
        if stream is not None:
            return stream
        raise local_error("no_such_stream", stream_id=stream_id)

    def update_priority(self, stream_id: int, urgency: int = 3, incremental: bool = False) -> None:
        """Queue PRIORITY_UPDATE for a stream (client, RFC 9218 7.2). Raises LocalProtocolError."""
        session = self._session
        if self.role != CLIENT:
            raise local_error("wrong_role")
        if session is None:
            raise local_error("stream_closed", stream_id=stream_id)
        requests.update_priority(session, stream_id, urgency, incremental)

    def shutdown(self, stream_id: int | None = None, /) -> None:
        """Send GOAWAY (RFC 9114 5.2). Open requests finish; call ``close`` to end the connection.

        A server sends two: requests that arrive before the client can have received the first are accepted, later ones
        are rejected. With ``stream_id`` it rejects the requests from that stream on at once; a second call also rejects
        at once. A client passes no stream: its own open requests may finish. Raises LocalProtocolError for an
        identifier above an earlier one.
        """
        if stream_id is not None:
            if self.role != SERVER:
                raise local_error("wrong_role")
            if not 0 <= stream_id <= _MOST_CODE or stream_id & 3 != 0:
                raise ValueError(f"a request stream must be a multiple of 4 below 2**62, got {stream_id}")
        session = self._session
        if session is not None:
            go_away(session, stream_id)

    def close(self, error_code: int = _NO_ERROR, reason: bytes = b"", *, app: bool = True) -> None:
        """End the connection at once. CONNECTION_CLOSE is in the next datagrams (RFC 9000 10.2); ``is_closed`` is true.

        ``error_code`` is an HTTP/3 code if ``app`` is true, otherwise a QUIC code.
        """
        if not 0 <= error_code <= _MOST_CODE:
            raise ValueError(f"an error code must be from 0 to 2**62-1, got {error_code}")
        session = self._session
        if session is not None:
            session.touch()
            session.transport.close(error_code, reason, app)
        self._closed_here = True

    def request_key_update(self) -> None:
        """Update the packet keys (RFC 9001 6.1). Raises LocalProtocolError if an update is not allowed yet."""
        session = self._session
        if session is None or not session.transport.request_key_update():
            raise local_error("key_update_too_early")
        session.touch()

    def migrate(self, local_address: Any, peer_address: Any = None) -> None:
        """Probe the path from another local address, and migrate once the server answers (client, RFC 9000 9).

        Outgoing datagrams then carry this ``local_address``; pass it with the datagrams that arrive there. Unless the
        probe is answered, the connection stays on its current path. ``peer_address`` is the caller's value for one of
        the ``preferred_addresses``. Raises LocalProtocolError before the handshake is confirmed, if the server has
        forbidden migration, and while no unused connection ID of the server is available.
        """
        session = self._session
        if self.role != CLIENT:
            raise local_error("wrong_role")
        if session is None:
            raise local_error("migration_not_possible")
        peer = session.transport.session.path.peer if peer_address is None else peer_address
        if not session.transport.migrate(peer, local_address):
            raise local_error("migration_not_possible")
        session.touch()

    # ------------------------------------------------------------------------------------------------------- questions

    @property
    def handshake_complete(self) -> bool:
        """Whether the handshake is complete (RFC 9001 4.1.1)."""
        session = self._session
        handshake = None if session is None else session.transport.session.handshake
        return handshake is not None and handshake.complete

    @property
    def handshake_confirmed(self) -> bool:
        """Whether the handshake is confirmed (RFC 9001 4.1.2)."""
        return self._session is not None and self._session.transport.session.confirmed

    @property
    def alpn(self) -> bytes | None:
        """The ALPN identifier that TLS negotiated; ``None`` before that."""
        handshake = None if self._session is None else self._session.transport.session.handshake
        return None if handshake is None or not handshake.alpn else handshake.alpn

    @property
    def early_data_accepted(self) -> bool | None:
        """Whether the server accepted 0-RTT data; ``None`` before that is known, or if none was sent.

        On a server: whether it accepts the client's 0-RTT data.
        """
        return None if self._session is None else answers.early_data_accepted(self._session)

    @property
    def send_window(self) -> int:
        """Bytes that the peer's connection limit allows now, for all streams together (RFC 9000 4.1)."""
        if self._session is None:
            return 0
        return max(0, int(self._session.transport.session.streams.credit.available()))

    @property
    def open_streams(self) -> int:
        """The number of open requests."""
        return 0 if self._session is None else answers.count_open_requests(self._session)

    @property
    def can_open_stream(self) -> bool:
        """Whether ``send_request`` can open a stream now (client): the peer's limit and GOAWAY allow it."""
        if self.role != CLIENT:
            return False
        return not self._closed_here if self._session is None else answers.can_open_request(self._session)

    @property
    def last_stream_error(self) -> RemoteProtocolError | None:
        """Why this side rejected a stream last, as the error that HTTP/1.1 would raise; ``None`` if it never did."""
        return None if self._session is None else rejection(self._session)

    @property
    def peer_certificate(self) -> bytes | None:
        """The server's certificate in DER (client); ``None`` before it is received, and on a resumed session."""
        return None if self._session is None else answers.peer_certificate(self._session)

    def session_tickets(self) -> list[SessionTicket]:
        """Return the session tickets received since the last call (client)."""
        return [] if self._session is None else self._session.take_tickets()

    def preferred_addresses(self) -> list[tuple[str, int]]:
        """Return the server's preferred addresses, IPv4 first (client, RFC 9000 9.6); pass one to ``migrate``.

        Once the handshake is confirmed, probe the address of the family in use. If it does not answer, the connection
        stays on its current path.
        """
        return [] if self._session is None else answers.preferred_addresses(self._session)

    def validation_tokens(self) -> list[bytes]:
        """Return the address tokens received since the last call (client); one saves a later connection a Retry."""
        return [] if self._session is None else answers.take_validation_tokens(self._session)

    def statistics(self) -> PathStatistics:
        """Return measurements of the path in use, and counters of the connection."""
        return statistics_of(None if self._session is None else self._session.transport.session)

    def peer_settings(self) -> dict[int, int] | None:
        """Return the peer's SETTINGS by identifier (``H3Settings``); ``None`` before they are received."""
        session = self._session
        return None if session is None or session.peer_settings is None else dict(session.peer_settings)

    def goaway_received(self) -> int | None:
        """Return the identifier in the peer's latest GOAWAY; ``None`` if it sent none."""
        session = self._session
        return None if session is None or session.goaway_received == NO_GOAWAY else int(session.goaway_received)

    def has_pending_send(self) -> bool:
        """Return whether content waits for flow-control credit or for the congestion window."""
        session = self._session
        return session is not None and session.transport.session.streams.queued_bytes > 0

    def idle_timed_out(self) -> bool:
        """Return whether the idle timeout ended the connection (RFC 9000 10.1)."""
        return self._session is not None and self._session.transport.session.close.timed_out

    def close_info(self) -> CloseInfo | None:
        """Return how either side closed the connection; ``None`` while it is open, or if the idle timeout ended it."""
        return None if self._session is None else answers.close_info(self._session)

    def is_closed(self) -> bool:
        """Return whether the connection is finished: only what ``data_to_send`` still returns may be sent.

        An error, the idle timeout and ``close`` finish it at once. If the peer closes it, it is finished once every
        event received before that was pulled.
        """
        if self._session is None or self._closed_here:
            return self._closed_here
        close = self._session.transport.session.close
        return close.state != OPEN and (not close.by_peer or self._told or self._failure is not None)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a connection cannot be copied or pickled: it is one end of an exchange with a peer")

    def __repr__(self) -> str:
        role = "SERVER" if self.role == SERVER else "CLIENT"
        return f"<H3Connection {role} streams={self.open_streams} closed={self.is_closed()}>"

    # ---------------------------------------------------------------------------------------------------------- inside

    def _take_time(self, now: int) -> None:
        time = clamped(now)
        if time > self._now:
            if self._now == 0 and self._session is not None:
                self._session.transport.session.begin_at(time)
            self._now = time

    def _leaving(self, now: int) -> list[tuple[bytes, Path, int]]:
        self._take_time(now)
        if self._sending:
            return []  # a callback asks: RFC 9000 12.3 MUST NOT: the number of the packet in progress is not used again
        if self._session is None:
            if self.role == SERVER or self._closed_here:
                return []
            self._connected()
        session = self._session
        assert session is not None
        session.touched = False
        if session.goaway_heard_at >= 0:
            finish(session)
        session.flush_qpack()
        self._sending = True
        try:
            return session.transport.datagrams_to_send(self._now)
        finally:
            self._sending = False

    def _connected(self) -> H3Session:
        """Return the session of a client. Raises LocalProtocolError for a server, and after the end."""
        if self.role != CLIENT:
            raise local_error("wrong_role")
        if self._session is None:
            if self._closed_here:
                raise local_error("connection_ended")
            self._begin(connect_to(self._options, self._now))
        session = self._session
        assert session is not None
        return session

    def _begin(self, transport: Transport) -> None:
        session = begin_session(transport, self._options, self._origin, self)
        self._session = session
        self._reader = EventReader(session, self._options.auto_credit)

    def _ended(self) -> Any:
        if self._told:
            return NEED_DATA
        self._told = True
        return CONNECTION_CLOSED

    def _failed(self) -> RemoteProtocolError:
        session = self._session
        failure = self._failure
        assert session is not None and failure is not None
        return terminal_error(session, failure)


as_compiled(H3Connection, final=("_options", "_origin"))
