# What type checkers see of `import zttp`, where the names of plugins are plain names.
#
# The connections are virtual subclasses of `Connection`, which checkers cannot know. So each is derived, here only,
# from the plugin's own class and from `Connection`: then they see what `Connection(SERVER)` returns, and `isinstance`
# narrows. Where a plugin is not installed its names are `Any`.
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Self, final, overload

from typing_extensions import Buffer

from zttp_core.aliases import Event as Event
from zttp_core.aliases import GoAway as GoAway
from zttp_core.aliases import Headers as Headers
from zttp_core.connection import ByteStreamConnection as _ByteStreamConnection
from zttp_core.connection import Connection as _Connection
from zttp_core.constants import CLIENT as CLIENT
from zttp_core.constants import HTTP1 as HTTP1
from zttp_core.constants import HTTP2 as HTTP2
from zttp_core.constants import HTTP3 as HTTP3
from zttp_core.constants import SERVER as SERVER
from zttp_core.descriptor import ProtocolDescriptor as ProtocolDescriptor
from zttp_core.descriptor import ProtocolInfo as ProtocolInfo
from zttp_core.errors import LocalProtocolError as LocalProtocolError
from zttp_core.errors import ProtocolError as ProtocolError
from zttp_core.errors import RemoteProtocolError as RemoteProtocolError
from zttp_core.events import Data as Data
from zttp_core.events import Datagram as Datagram
from zttp_core.events import EndOfMessage as EndOfMessage
from zttp_core.events import Goaway as Goaway
from zttp_core.events import Ping as Ping
from zttp_core.events import PriorityUpdate as PriorityUpdate
from zttp_core.events import Request as Request
from zttp_core.events import Response as Response
from zttp_core.events import RstStream as RstStream
from zttp_core.events import Settings as Settings
from zttp_core.events import WindowUpdate as WindowUpdate
from zttp_core.header_block import HeaderBlock as HeaderBlock
from zttp_core.http2_codes import H2ErrorCode as H2ErrorCode
from zttp_core.http2_codes import H2Settings as H2Settings
from zttp_core.lookup_errors import PluginAttributeError as PluginAttributeError
from zttp_core.lookup_errors import PluginLoadError as PluginLoadError
from zttp_core.lookup_errors import PluginValidationError as PluginValidationError
from zttp_core.lookup_errors import PluginVersionError as PluginVersionError
from zttp_core.lookup_errors import ProtocolConflictError as ProtocolConflictError
from zttp_core.lookup_errors import ProtocolLookupError as ProtocolLookupError
from zttp_core.lookup_errors import ProtocolNotInstalledError as ProtocolNotInstalledError
from zttp_core.lookup_errors import UnknownProtocolError as UnknownProtocolError
from zttp_core.plugin import Stream as Stream
from zttp_core.sentinels import CONNECTION_CLOSED as CONNECTION_CLOSED
from zttp_core.sentinels import NEED_DATA as NEED_DATA
from zttp_core.sentinels import ConnectionClosed as ConnectionClosed
from zttp_core.sentinels import NeedData as NeedData
from zttp_core.sniff import sniff as sniff
from zttp_h1.connection import H1Connection as _H1Connection
from zttp_h1.limits import H1Limits as H1Limits
from zttp_h2.connection import H2Connection as _H2Connection
from zttp_h2.limits import H2Limits as H2Limits
from zttp_h2.stream import Stream as _H2Stream
from zttp_h3.close_info import CloseInfo as CloseInfo
from zttp_h3.codes import H3ErrorCode as H3ErrorCode
from zttp_h3.codes import H3Settings as H3Settings
from zttp_h3.codes import QuicErrorCode as QuicErrorCode
from zttp_h3.connection import H3Connection as _H3Connection
from zttp_h3.credentials import Credentials as _Credentials
from zttp_h3.credentials import TlsCredentials as TlsCredentials
from zttp_h3.credentials import TrustStore as TrustStore
from zttp_h3.endpoint.datagram_header import DatagramHeader as DatagramHeader
from zttp_h3.endpoint.datagram_header import parse_datagram_header as parse_datagram_header
from zttp_h3.limits import H3Limits as H3Limits
from zttp_h3.outbound_datagram import OutboundDatagram as OutboundDatagram
from zttp_h3.path_statistics import PathStatistics as PathStatistics
from zttp_h3.stream import Stream as _H3Stream
from zttp_h3.tls.tickets import SessionTicket as SessionTicket
from zttp_h3.tls.tickets import TicketKeys as TicketKeys

__all__ = [
    "CLIENT", "CONNECTION_CLOSED", "HTTP1", "HTTP2", "HTTP3", "NEED_DATA", "SERVER",
    "ByteStreamConnection",
    "Connection", "ConnectionClosed", "Data", "Datagram", "EndOfMessage", "Event", "GoAway", "Goaway", "H2ErrorCode",
    "H2Settings", "HeaderBlock", "Headers", "LocalProtocolError", "NeedData", "Ping", "PluginAttributeError",
    "PluginLoadError", "PluginValidationError", "PluginVersionError", "PriorityUpdate", "ProtocolConflictError",
    "ProtocolDescriptor", "ProtocolError", "ProtocolInfo", "ProtocolLookupError", "ProtocolNotInstalledError",
    "RemoteProtocolError", "Request", "Response", "RstStream", "Settings", "Stream", "UnknownProtocolError",
    "WindowUpdate", "load_plugins", "protocols", "refresh_protocols", "register_protocol", "sniff",
    "unregister_protocol",
]  # fmt: skip

__version__: str

class Connection(_Connection):
    """A connection of any protocol: bytes in, events out, no I/O.

    ``Connection(role, protocol, **options)`` returns an object of the plugin that provides ``protocol``.
    ``isinstance(connection, Connection)`` is true for it, and for an object made by calling the plugin's own class.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        protocol: An ALPN identifier, so the result of TLS negotiation can be passed as it is. ``None``, which ``ssl``
            returns if nothing was negotiated, means HTTP/1.1. The integers 1, 2 and 3 are aliases.
        options: The keyword arguments of the protocol's own class.

    Raises:
        ProtocolLookupError: The protocol is not available; the subclass says why.
        LocalProtocolError: The protocol does not support the role.
        TypeError: The protocol has no such option.
        ValueError: The role is neither ``SERVER`` nor ``CLIENT``.

    A plugin written in plain Python may subclass this class, and must then define the abstract methods. A compiled
    class must not subclass it.
    """
    @overload
    def __new__(
        cls,
        role: int,
        protocol: Literal["http/1.1", 1] | None = ...,
        *,
        limits: H1Limits | None = ...,
        require_host: bool = ...,
    ) -> H1Connection: ...
    @overload
    def __new__(
        cls,
        role: int,
        protocol: Literal["h2", 2],
        *,
        limits: H2Limits | None = ...,
        auto_credit: bool = ...,
        enable_connect_protocol: bool = ...,
    ) -> H2Connection: ...
    @overload
    def __new__(  # type: ignore[overload-overlap]
        cls,
        role: Literal[1],
        protocol: Literal["h3", 3],
        *,
        credentials: _Credentials | None = ...,
        tickets: TicketKeys | None = ...,
        limits: H3Limits | None = ...,
        early_data: bool = ...,
        alpn: str | bytes | None = ...,
        auto_credit: bool = ...,
        transport_params: Mapping[str, int] | None = ...,
        keep_alive: int = ...,
        congestion: Literal["cubic", "newreno"] = ...,
        max_datagram_size: int = ...,
        versions: Iterable[int] | None = ...,
        cipher_suites: Iterable[str | int] | None = ...,
        groups: Iterable[str | int] | None = ...,
        enable_connect_protocol: bool = ...,
        enable_datagrams: bool = ...,
        keylog: Callable[[str], object] | None = ...,
        qlog: Callable[[dict[str, Any]], object] | None = ...,
        wall_clock: Callable[[], float] | None = ...,
        entropy: Callable[[int], bytes] | None = ...,
    ) -> H3Connection: ...
    @overload
    def __new__(  # type: ignore[overload-overlap]
        cls,
        role: Literal[2],
        protocol: Literal["h3", 3],
        *,
        server_name: str | bytes | None = ...,
        verify: TrustStore | bytes | bool = ...,
        session: SessionTicket | None = ...,
        validation_token: bytes | None = ...,
        connection_id: bytes | None = ...,
        limits: H3Limits | None = ...,
        early_data: bool = ...,
        alpn: str | bytes | None = ...,
        auto_credit: bool = ...,
        transport_params: Mapping[str, int] | None = ...,
        keep_alive: int = ...,
        congestion: Literal["cubic", "newreno"] = ...,
        max_datagram_size: int = ...,
        versions: Iterable[int] | None = ...,
        cipher_suites: Iterable[str | int] | None = ...,
        groups: Iterable[str | int] | None = ...,
        enable_connect_protocol: bool = ...,
        enable_datagrams: bool = ...,
        keylog: Callable[[str], object] | None = ...,
        qlog: Callable[[dict[str, Any]], object] | None = ...,
        wall_clock: Callable[[], float] | None = ...,
        entropy: Callable[[int], bytes] | None = ...,
    ) -> H3Connection: ...
    @overload
    def __new__(cls, role: int, protocol: Literal["h3", 3], **options: Any) -> H3Connection: ...
    @overload
    def __new__(cls, role: int, protocol: str | None, **options: Any) -> ByteStreamConnection: ...
    @overload
    def __new__(cls, role: int, protocol: str | int | None, **options: Any) -> Connection: ...
    def next_event(self) -> Event:
        """Return the next event, ``NEED_DATA`` or ``CONNECTION_CLOSED``."""
    def is_closed(self) -> bool:
        """Return whether the connection is finished: only bytes that are already queued may still be sent.

        It is finished when every event of a message was pulled and no message can be sent any more. After EOF, a server
        is not finished while a request still waits for its response. An error finishes the connection at once, except
        that an HTTP/1.1 server may still send its closing message.
        """

# What ALPN names on TCP is a string, or nothing; what is negotiated over QUIC has its class by its literal name.
class ByteStreamConnection(_ByteStreamConnection, Connection):
    """A connection over a byte stream such as TCP, of any protocol.

    HTTP/1.1 and HTTP/2 connections are instances of it. HTTP/3 connections take datagrams and are not. A plugin's class
    is registered as a virtual subclass if its transport is a stream and it has these methods.
    """
    def __new__(cls, *args: Any, **options: Any) -> Self: ...
    def receive_data(self, data: Buffer, /) -> None:
        """Give the connection bytes that were received; an empty buffer is EOF."""
    def receive_event(self, data: Buffer, /) -> Event:
        """Give the connection bytes and return the next event: ``receive_data`` and ``next_event`` in one call."""
    def data_to_send(self) -> bytes:
        """Return the bytes to send and remove them from the connection."""

# `__new__` is how each class is called. `__init__` is what pyright checks the arguments of `Connection(...)` against,
# once it knows that one of these comes out, so it takes the protocol too.
@final
class H1Connection(_H1Connection, ByteStreamConnection):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    """One HTTP/1.1 connection, server or client, without any I/O.

    Pass received bytes to ``receive_data`` and call ``next_event`` until it returns ``NEED_DATA``. Queue messages with
    the ``send_`` methods and write what ``data_to_send`` returns. ``start_next_cycle`` moves on to the next message.

    Attributes:
        role: ``SERVER`` or ``CLIENT``.
    """
    def __new__(cls, role: int, *, limits: H1Limits | None = ..., require_host: bool = ...) -> Self: ...
    def __init__(
        self,
        role: int,
        protocol: Literal["http/1.1", 1] | None = ...,
        *,
        limits: H1Limits | None = ...,
        require_host: bool = ...,
    ) -> None: ...
    def receive_data(self, data: Buffer, /) -> None:
        """Give the connection bytes from the peer, in any buffer; an empty buffer is EOF.

        Raises RemoteProtocolError if more than ``max_buffer`` bytes are waiting, LocalProtocolError for bytes after
        EOF.
        """
    def receive_event(self, data: Buffer, /) -> Event:
        """``receive_data`` and ``next_event`` in one call."""
    def next_event(self) -> Event:
        """Return the next event, ``NEED_DATA`` or ``CONNECTION_CLOSED``.

        ``NEED_DATA`` is also returned when a message has ended and ``start_next_cycle`` was not called yet.
        ``CONNECTION_CLOSED`` is returned once for each EOF that was received, then ``NEED_DATA``.
        Raises RemoteProtocolError if the peer breaks the protocol, and again on every later call.
        """
    def data_to_send(self) -> bytes:
        """Return the bytes to send and remove them from the connection."""
    def start_next_cycle(self) -> None:
        """Move on to the next message. The current one must have ended on the wire; its unpulled events are dropped.

        Raises LocalProtocolError if the received or the sent message has not ended, or if no other message can follow.
        Raises RemoteProtocolError if the unpulled rest breaks the protocol, as pulling it would.
        A server that has not responded can read on, but cannot send anything any more.
        """
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Headers) -> None:
        """Queue a request head (client). ``version`` is ``b"1.1"`` or ``b"1.0"``.

        A request with content needs ``Content-Length`` or ``Transfer-Encoding: chunked`` in its headers (RFC 9112 6).
        Raises LocalProtocolError.
        """
    def send_response(self, status: int, headers: Headers | None = None, /, *, reason: bytes | None = None) -> None:
        """Queue the head of the final response, or of a 101 (server). ``reason`` replaces the registered phrase.

        If the connection closes after this message, ``Connection: close`` is added if missing and ``keep-alive`` is
        left out. For an HTTP/1.0 client, ``Transfer-Encoding: chunked`` is left out and closing the connection ends the
        content. Before the Request was pulled, and after an error, only a 4xx or 5xx can be sent, and the connection
        closes after it. Raises LocalProtocolError.
        """
    def send_informational(self, status: int, headers: Headers | None = None, /) -> None:
        """Queue a 1xx head other than 101 (server), after the Request was pulled. Raises LocalProtocolError."""
    def send_data(self, data: Buffer, /) -> None:
        """Queue content, in any buffer. ``bytes`` of a few kilobytes or more are not copied.

        Raises LocalProtocolError, also on a client whose connection has failed.
        """
    def end_message(self, trailers: Headers | None = None) -> None:
        """End the message that is being sent; a chunked message may have trailers.

        Raises LocalProtocolError, also on a client whose connection has failed.
        """
    def should_close(self) -> bool:
        """Return whether the connection must be closed after this message.

        This depends on the received head and the sent head (RFC 9112 9.3, 9.6), on EOF, on errors, and on bytes that
        no request asked for (RFC 9112 9.2). It decides what the ``Connection`` field sends and whether
        ``start_next_cycle`` is allowed. A connection that switched protocols is closed by the other protocol.
        """
    def is_closed(self) -> bool:
        """Return whether the connection is finished: only what ``data_to_send`` still returns may be sent.

        Every event was pulled, and after EOF the response has ended: a client that closes only its sending side still
        gets its response. After an error of the peer a server may still send its closing message; a client is finished
        at once.
        """
    def upgrade(self) -> bytes | None:
        """Return the Upgrade value of the received head if its Connection field lists ``upgrade``, otherwise ``None``.

        An HTTP/1.0 message cannot ask for an upgrade (RFC 9110 7.8).
        """
    @property
    def waiting_for_100(self) -> bool:
        """Whether the content waits for a 100 (Continue) that was not sent or received yet (RFC 9110 10.1.1)."""
    @property
    def trailing_data(self) -> tuple[bytes, bool]:
        """The received bytes that belong to no event, and whether EOF was received.

        After a 101 or a 2xx to CONNECT they are the first bytes of the other protocol.
        """

@final
class H2Connection(_H2Connection, ByteStreamConnection):  # type: ignore[misc,unused-ignore]  # pyright: ignore[reportGeneralTypeIssues]
    """One HTTP/2 connection, server or client, without any I/O.

    Pass received bytes to ``receive_data`` and call ``next_event`` until it returns ``NEED_DATA``. Send on streams, and
    write what ``data_to_send`` returns. Call it after reading too: reading queues acknowledgments, and credit from the
    peer releases blocked content.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        limits: The bounds on memory and on what the peer may do.
        auto_credit: If true, pulling a ``Data`` event returns its flow-control credit; if false, call
            ``consume_data``.
        enable_connect_protocol: Announce extended CONNECT (server, RFC 8441).

    Attributes:
        role: ``SERVER`` or ``CLIENT``.
    """
    def __new__(
        cls,
        role: int,
        *,
        limits: H2Limits | None = ...,
        auto_credit: bool = ...,
        enable_connect_protocol: bool = ...,
    ) -> Self: ...
    def __init__(
        self,
        role: int,
        protocol: Literal["h2", 2] = ...,
        *,
        limits: H2Limits | None = ...,
        auto_credit: bool = ...,
        enable_connect_protocol: bool = ...,
    ) -> None: ...
    def receive_data(self, data: Buffer, /) -> None:
        """Give the connection bytes from the peer, in any buffer; an empty buffer is EOF.

        Raises RemoteProtocolError if more than ``max_buffer`` bytes are waiting, LocalProtocolError for bytes after
        EOF.
        """
    def receive_event(self, data: Buffer, /) -> Event:
        """``receive_data`` and ``next_event`` in one call."""
    def next_event(self) -> Event:
        """Return the next event, ``NEED_DATA``, or ``CONNECTION_CLOSED`` once when the input ends, by EOF or ``close``.

        Raises RemoteProtocolError for a connection error of the peer, and again on every later call (RFC 9113 5.4.1).
        A stream error is a ``RstStream`` event (RFC 9113 5.4.2).
        """
    def data_to_send(self) -> bytes:
        """Return the bytes to send and remove them from the connection."""
    def has_pending_send(self) -> bool:
        """Return whether content waits for credit from the peer, or for room in the output (see ``pending_bytes``)."""
    def initiate_connection(self) -> None:
        """Queue the preface and SETTINGS now instead of with the first message (RFC 9113 3.4)."""
    def initiate_upgrade_connection(
        self, method: bytes, target: bytes, headers: Headers, settings_header: bytes | None = None
    ) -> _H2Stream:
        """Start HTTP/2 after an upgrade from HTTP/1.1 (RFC 7540 3.2): the request, already complete, is stream 1.

        A server passes the request and its HTTP2-Settings field, sends the 101 before any bytes of this connection, and
        pulls the request as an event. A client passes the request that it sent with ``upgrade_settings`` in that field.
        Raises LocalProtocolError.
        """
    @property
    def upgrade_settings(self) -> bytes:
        """The value for the HTTP2-Settings field of an upgrade request (client, RFC 7540 3.2.1)."""
    def send_request(
        self,
        method: bytes,
        target: bytes,
        version: bytes,
        headers: Headers,
        *,
        end_stream: bool = False,
        scheme: bytes = ...,
        protocol: bytes | None = None,
    ) -> _H2Stream:
        """Open a stream with a request head (client), and return it.

        A ``host`` header becomes ``:authority``. ``version`` is ignored; it keeps the signature of HTTP/1.1.
        ``protocol`` makes an extended CONNECT (RFC 8441 4). Raises LocalProtocolError, also if the peer's limit on
        streams is reached; see ``can_open_stream``.
        """
    def stream(self, stream_id: int, /) -> _H2Stream:
        """Return an open or closed stream. Raises LocalProtocolError for a stream that was never opened."""
    def ping(self, data: bytes = ...) -> None:
        """Queue a PING of eight bytes; the answer is a ``Ping`` event with ``ack`` (RFC 9113 6.7)."""
    def update_settings(self, settings: Mapping[int, int]) -> None:
        """Queue SETTINGS (RFC 9113 6.5).

        They apply once the peer has acknowledged them, which is a ``Settings`` event with ``ack``. Raises
        LocalProtocolError for a value that the setting cannot have, that this role must not send, or that would make
        the peer end the connection.
        """
    def update_priority(self, stream_id: int, urgency: int = 3, incremental: bool = False) -> None:
        """Queue PRIORITY_UPDATE for a stream (client, RFC 9218 7.1). Raises LocalProtocolError."""
    def consume_data(self, stream_id: int, length: int, /) -> None:
        """Return ``length`` bytes of flow-control credit for content that was pulled (``auto_credit=False``).

        Call it after the stream has ended, too: the connection still needs the credit. It does nothing after a reset,
        which has already returned the credit. Raises LocalProtocolError if more is returned than was pulled.
        """
    def shutdown(self) -> None:
        """End the connection gracefully: open requests are answered, new requests are not accepted (RFC 9113 6.8).

        A server queues a first GOAWAY and a PING. When the answer to the PING is pulled, a round trip later, or EOF, it
        queues the GOAWAY that names the last stream; after EOF only that one. A client queues one GOAWAY. ``is_closed``
        is true once all streams have ended. After a ``close`` that leaves room for streams only the PING is queued;
        otherwise it does nothing if the connection is already ending.
        """
    def close(self, error_code: int = 0, last_stream_id: int | None = None, /) -> None:
        """Queue GOAWAY (RFC 9113 6.8). Streams up to ``last_stream_id`` continue; by default, all that were received.

        Requests still in flight are refused; ``shutdown`` accepts them. An ``error_code`` other than 0 ends the
        connection at once.
        """
    def is_closed(self) -> bool:
        """Return whether the connection is finished: only what ``data_to_send`` still returns may be sent.

        Every event of a message was pulled, and after EOF or GOAWAY all streams have ended: a client that closes only
        its sending side still gets its responses. Frames about the connection, such as PING, may still be unread. An
        error, or ``close`` with an error code, finishes the connection at once.
        """
    @property
    def send_window(self) -> int:
        """Bytes of content that the peer's connection window allows now, for all streams together (RFC 9113 6.9)."""
    @property
    def open_streams(self) -> int:
        """The number of streams that are open or half-closed."""
    @property
    def can_open_stream(self) -> bool:
        """Whether ``send_request`` can open a stream now: the peer's SETTINGS allow it and no GOAWAY forbids it."""
    @property
    def last_stream_error(self) -> RemoteProtocolError | None:
        """Why this side rejected a stream last, as the error that HTTP/1.1 would raise; ``None`` if it never did."""

@final
class H3Connection(_H3Connection, Connection):  # type: ignore[misc,unused-ignore]  # pyright: ignore[reportGeneralTypeIssues]
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
    @overload
    def __new__(
        cls,
        role: Literal[1],
        *,
        credentials: _Credentials | None = ...,
        tickets: TicketKeys | None = ...,
        limits: H3Limits | None = ...,
        early_data: bool = ...,
        alpn: str | bytes | None = ...,
        auto_credit: bool = ...,
        transport_params: Mapping[str, int] | None = ...,
        keep_alive: int = ...,
        congestion: Literal["cubic", "newreno"] = ...,
        max_datagram_size: int = ...,
        versions: Iterable[int] | None = ...,
        cipher_suites: Iterable[str | int] | None = ...,
        groups: Iterable[str | int] | None = ...,
        enable_connect_protocol: bool = ...,
        enable_datagrams: bool = ...,
        keylog: Callable[[str], object] | None = ...,
        qlog: Callable[[dict[str, Any]], object] | None = ...,
        wall_clock: Callable[[], float] | None = ...,
        entropy: Callable[[int], bytes] | None = ...,
    ) -> Self: ...
    @overload
    def __new__(
        cls,
        role: Literal[2],
        *,
        server_name: str | bytes | None = ...,
        verify: TrustStore | bytes | bool = ...,
        session: SessionTicket | None = ...,
        validation_token: bytes | None = ...,
        connection_id: bytes | None = ...,
        limits: H3Limits | None = ...,
        early_data: bool = ...,
        alpn: str | bytes | None = ...,
        auto_credit: bool = ...,
        transport_params: Mapping[str, int] | None = ...,
        keep_alive: int = ...,
        congestion: Literal["cubic", "newreno"] = ...,
        max_datagram_size: int = ...,
        versions: Iterable[int] | None = ...,
        cipher_suites: Iterable[str | int] | None = ...,
        groups: Iterable[str | int] | None = ...,
        enable_connect_protocol: bool = ...,
        enable_datagrams: bool = ...,
        keylog: Callable[[str], object] | None = ...,
        qlog: Callable[[dict[str, Any]], object] | None = ...,
        wall_clock: Callable[[], float] | None = ...,
        entropy: Callable[[int], bytes] | None = ...,
    ) -> Self: ...
    @overload
    def __new__(cls, role: int, **options: Any) -> Self: ...
    def __init__(self, role: int, protocol: Literal["h3", 3] = ..., **options: Any) -> None: ...
    def receive_datagram(
        self,
        datagram: Buffer,
        now: int = ...,
        peer_address: Any = None,
        /,
        *,
        local_address: Any = None,
        ecn: int = 0,
    ) -> None:
        """Give the connection a datagram from ``peer_address``, in any buffer. Its content never raises an error here.

        Addresses are hashable values of the caller's choice; ``ecn`` is the ECN codepoint of the IP header (0 to 3).
        """
    def data_to_send(self, now: int = ...) -> list[bytes]:
        """Return the datagrams to send now and remove them from the connection."""
    def data_to_send_with_addresses(self, now: int = ...) -> list[OutboundDatagram]:
        """Return the datagrams to send now, with their addresses, and remove them from the connection.

        Datagrams of the same size to the same address follow each other, so a server can send them with one call.
        """
    def next_timeout(self) -> int | None:
        """Return the time in microseconds at which to call ``handle_timeout``; ``None`` if no timer is set."""
    def handle_timeout(self, now: int, /) -> None:
        """Run the timers that have expired by ``now``, in microseconds. The next deadline is later than ``now``."""
    def initiate_connection(self) -> None:
        """Begin the handshake now instead of with the first request (client). It does nothing on a server."""
    def next_event(self) -> Event:
        """Return the next event, ``NEED_DATA``, or ``CONNECTION_CLOSED`` once when the connection ends.

        Raises RemoteProtocolError for a connection error of the peer, and again on every later call. A stream error is
        a ``RstStream`` event (RFC 9114 8).
        """
    def consume_data(self, stream_id: int, length: int, /) -> None:
        """Return ``length`` bytes of flow-control credit for content that was pulled (``auto_credit=False``).

        It does nothing with ``auto_credit=True``, or for a finished stream, which has already returned its credit.
        Raises LocalProtocolError if more is returned than was pulled.
        """
    def send_request(
        self,
        method: bytes,
        target: bytes,
        version: bytes,
        headers: Headers,
        *,
        end_stream: bool = False,
        scheme: bytes = b"https",
        protocol: bytes | None = None,
    ) -> _H3Stream:
        """Open a stream with a request head (client), and return it. The handshake need not be complete.

        A ``host`` header becomes ``:authority``. ``version`` is ignored; it keeps the signature of HTTP/1.1.
        ``protocol`` makes an extended CONNECT (RFC 9220 3). Raises LocalProtocolError, also if the peer's limit on
        streams is reached; see ``can_open_stream``.
        """
    def stream(self, stream_id: int, /) -> _H3Stream:
        """Return an open or closed stream. Raises LocalProtocolError for a stream that was never opened."""
    def update_priority(self, stream_id: int, urgency: int = 3, incremental: bool = False) -> None:
        """Queue PRIORITY_UPDATE for a stream (client, RFC 9218 7.2). Raises LocalProtocolError."""
    def shutdown(self, stream_id: int | None = None, /) -> None:
        """Send GOAWAY (RFC 9114 5.2). Open requests finish; call ``close`` to end the connection.

        A server sends two: requests that arrive before the client can have received the first are accepted, later ones
        are rejected. With ``stream_id`` it rejects the requests from that stream on at once; a second call also rejects
        at once. A client passes no stream: its own open requests may finish. Raises LocalProtocolError for an
        identifier above an earlier one.
        """
    def close(self, error_code: int = ..., reason: bytes = b"", *, app: bool = True) -> None:
        """End the connection at once. CONNECTION_CLOSE is in the next datagrams (RFC 9000 10.2); ``is_closed`` is true.

        ``error_code`` is an HTTP/3 code if ``app`` is true, otherwise a QUIC code.
        """
    def request_key_update(self) -> None:
        """Update the packet keys (RFC 9001 6.1). Raises LocalProtocolError if an update is not allowed yet."""
    def migrate(self, local_address: Any, peer_address: Any = None) -> None:
        """Probe the path from another local address, and migrate once the server answers (client, RFC 9000 9).

        Outgoing datagrams then carry this ``local_address``; pass it with the datagrams that arrive there. Unless the
        probe is answered, the connection stays on its current path. ``peer_address`` is the caller's value for one of
        the ``preferred_addresses``. Raises LocalProtocolError before the handshake is confirmed, if the server has
        forbidden migration, and while no unused connection ID of the server is available.
        """
    @property
    def handshake_complete(self) -> bool:
        """Whether the handshake is complete (RFC 9001 4.1.1)."""
    @property
    def handshake_confirmed(self) -> bool:
        """Whether the handshake is confirmed (RFC 9001 4.1.2)."""
    @property
    def alpn(self) -> bytes | None:
        """The ALPN identifier that TLS negotiated; ``None`` before that."""
    @property
    def early_data_accepted(self) -> bool | None:
        """Whether the server accepted 0-RTT data; ``None`` before that is known, or if none was sent.

        On a server: whether it accepts the client's 0-RTT data.
        """
    @property
    def send_window(self) -> int:
        """Bytes that the peer's connection limit allows now, for all streams together (RFC 9000 4.1)."""
    @property
    def open_streams(self) -> int:
        """The number of open requests."""
    @property
    def can_open_stream(self) -> bool:
        """Whether ``send_request`` can open a stream now (client): the peer's limit and GOAWAY allow it."""
    @property
    def last_stream_error(self) -> RemoteProtocolError | None:
        """Why this side rejected a stream last, as the error that HTTP/1.1 would raise; ``None`` if it never did."""
    @property
    def peer_certificate(self) -> bytes | None:
        """The server's certificate in DER (client); ``None`` before it is received, and on a resumed session."""
    def session_tickets(self) -> list[SessionTicket]:
        """Return the session tickets received since the last call (client)."""
    def preferred_addresses(self) -> list[tuple[str, int]]:
        """Return the server's preferred addresses, IPv4 first (client, RFC 9000 9.6); pass one to ``migrate``.

        Once the handshake is confirmed, probe the address of the family in use. If it does not answer, the connection
        stays on its current path.
        """
    def validation_tokens(self) -> list[bytes]:
        """Return the address tokens received since the last call (client); one saves a later connection a Retry."""
    def statistics(self) -> PathStatistics:
        """Return measurements of the path in use, and counters of the connection."""
    def peer_settings(self) -> dict[int, int] | None:
        """Return the peer's SETTINGS by identifier (``H3Settings``); ``None`` before they are received."""
    def goaway_received(self) -> int | None:
        """Return the identifier in the peer's latest GOAWAY; ``None`` if it sent none."""
    def has_pending_send(self) -> bool:
        """Return whether content waits for flow-control credit or for the congestion window."""
    def idle_timed_out(self) -> bool:
        """Return whether the idle timeout ended the connection (RFC 9000 10.1)."""
    def close_info(self) -> CloseInfo | None:
        """Return how either side closed the connection; ``None`` while it is open, or if the idle timeout ended it."""
    def is_closed(self) -> bool:
        """Return whether the connection is finished: only what ``data_to_send`` still returns may be sent.

        An error, the idle timeout and ``close`` finish it at once. If the peer closes it, it is finished once every
        event received before that was pulled.
        """

@final
class QuicEndpoint:
    """Many server connections on one UDP socket.

    Pass it every received datagram, pull the events of the connection that it returns, and send what ``data_to_send``
    returns. Call ``handle_timeout`` at the time that ``next_timeout`` returns. ``now`` is a monotonic time in
    microseconds; addresses are hashable values of the caller's choice.

    Args:
        credentials: As for a connection; shared by all of them.
        alpn: As for a connection.
        retry: Whether a client must first prove its address by Retry (RFC 9000 8.1.2). True for every client, False for
            none; ``None`` while more than half of ``max_connections`` have not finished their handshake.
        max_connections: The most connections at a time; further ones are refused.
        connection_id_length: Bytes of the server's connection IDs, 4 to 20.
        connection_id_factory: Makes a connection ID of the given length, which can say which worker owns it.
        secret: 32 bytes or more, shared by the workers of one server; by default random. The keys of address tokens,
            session tickets and stateless resets are derived from it.
        token_lifetime: How long a token for later connections from the same host is valid, in microseconds. The host is
            the first part of an address that is a tuple, otherwise the whole address.
        tickets: The keys that encrypt session tickets; by default derived from the secret.
        auto_credit: As for a connection, but False by default: there is no socket per connection to stop reading from.
        entropy: As for a connection.
        common: ``limits``, ``transport_params`` and the other options that connections of both roles take.
    """
    def __init__(
        self,
        *,
        credentials: _Credentials | None = None,
        alpn: str | bytes | None = None,
        retry: bool | None = None,
        max_connections: int = 16_384,
        connection_id_length: int = 8,
        connection_id_factory: Callable[[int], bytes] | None = None,
        secret: bytes | None = None,
        token_lifetime: int = ...,
        tickets: TicketKeys | None = None,
        auto_credit: bool = False,
        entropy: Callable[[int], bytes] | None = None,
        limits: H3Limits | None = ...,
        early_data: bool = ...,
        transport_params: Mapping[str, int] | None = ...,
        keep_alive: int = ...,
        congestion: Literal["cubic", "newreno"] = ...,
        max_datagram_size: int = ...,
        versions: Iterable[int] | None = ...,
        cipher_suites: Iterable[str | int] | None = ...,
        groups: Iterable[str | int] | None = ...,
        enable_connect_protocol: bool = ...,
        enable_datagrams: bool = ...,
        keylog: Callable[[str], object] | None = ...,
        qlog: Callable[[dict[str, Any]], object] | None = ...,
        wall_clock: Callable[[], float] | None = ...,
    ) -> None: ...
    def receive_datagram(
        self, datagram: Buffer, peer_address: Any, now: int, /, *, local_address: Any = None, ecn: int = 0
    ) -> H3Connection | None:
        """Give the endpoint a datagram; return the connection that it belongs to, or ``None``.

        Its content never raises an error here.
        """
    def data_to_send(self, connection: H3Connection | None = None, /, *, now: int = ...) -> list[OutboundDatagram]:
        """Return the datagrams to send now: of one connection, or of the endpoint and all its connections."""
    def next_timeout(self) -> int | None:
        """Return the time in microseconds at which to call ``handle_timeout``; ``None`` if no timer is set."""
    def handle_timeout(self, now: int) -> None:
        """Run the timers of all connections that have expired by ``now``, in microseconds."""
    def connections(self) -> list[H3Connection]:
        """Return the connections that were not discarded."""
    def discard(self, connection: H3Connection) -> None:
        """Remove a connection from the endpoint. ``close`` it first: nothing is kept of an open one.

        The last packet of a closing connection is kept for a while, to answer a peer that missed it (RFC 9000 10.2.1).
        An unknown connection is ignored.
        """

def protocols() -> tuple[ProtocolInfo, ...]:
    """List the installed protocols: the distribution that provides each, and the error if it is broken."""

def load_plugins() -> tuple[ProtocolInfo, ...]:
    """Import every installed protocol and its connection class now, and list them. A broken one does not raise."""

def register_protocol(descriptor: ProtocolDescriptor, *, replace: bool = False) -> None:
    """Add a protocol for this process; with ``replace`` it takes the place of an existing provider.

    Raises:
        ProtocolConflictError: The name already has a provider, or an alias belongs to another protocol.
        PluginValidationError: The descriptor breaks the plugin contract.
    """

def unregister_protocol(name: str) -> None:
    """Undo ``register_protocol``: an installed distribution that provides the protocol is used again."""

def refresh_protocols() -> None:
    """Look again for installed protocols, and try broken ones again.

    For a program that installs or repairs plugins while it runs. Protocols added by ``register_protocol`` stay.
    """
