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
    """A connection of any protocol: bytes in, events out, nothing else.

    ``Connection(role, protocol, **options)`` returns the connection of the plugin that provides ``protocol``.
    ``isinstance(connection, Connection)`` holds for it, and for what the plugin's own class makes.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        protocol: An ALPN identifier, so that what TLS negotiated can be passed straight in; ``None``, which ``ssl``
            gives where nothing was negotiated, is HTTP/1.1. The integers 1, 2 and 3 are aliases.
        options: What the protocol's own class takes.

    Raises:
        ProtocolLookupError: The protocol cannot be served; the subclass says why.
        LocalProtocolError: The protocol does not support the role.
        TypeError: The protocol has no such option.
        ValueError: The role is neither of the two.

    A plugin may derive its class from this one, in plain Python, and has to define the abstract methods then. A class
    that is compiled must not.
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
        """Return whether nothing more will come in or go out, but the bytes that are queued already.

        Every event was pulled, and no message is left that can still be sent: at EOF a server is not closed as long as
        a request that has come waits for its answer. An error is the end at once, but for HTTP/1.1's closing message.
        """

# What ALPN names on TCP is a string, or nothing; what is negotiated over QUIC has its class by its literal name.
class ByteStreamConnection(_ByteStreamConnection, Connection):
    """A connection over a byte stream, whatever its protocol: what ALPN on TCP leads to.

    Those of HTTP/1.1 and HTTP/2 are, which ``isinstance`` knows; one of HTTP/3 takes datagrams and is not. A plugin's
    class over a stream that has these methods is registered as a virtual subclass.
    """
    def __new__(cls, *args: Any, **options: Any) -> Self: ...
    def receive_data(self, data: Buffer, /) -> None:
        """Take what was received; an empty buffer is EOF."""
    def receive_event(self, data: Buffer, /) -> Event:
        """Take what was received, and return the next event: two calls in one."""
    def data_to_send(self) -> bytes:
        """Return the bytes to send, which are then the caller's."""

# `__new__` is how each class is called. `__init__` is what pyright checks the arguments of `Connection(...)` against,
# once it knows that one of these comes out, so it takes the protocol too.
@final
class H1Connection(_H1Connection, ByteStreamConnection):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    """One HTTP/1.1 connection, server or client, without any I/O.

    Feed what arrives to ``receive_data`` and call ``next_event`` until it returns ``NEED_DATA``; queue messages with
    the ``send_`` methods and write what ``data_to_send`` returns. ``start_next_cycle`` goes on to the next message.

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
        """Take bytes from the peer, any buffer; an empty one is EOF.

        Raises RemoteProtocolError once more than ``max_buffer`` bytes wait, LocalProtocolError for bytes after EOF.
        """
    def receive_event(self, data: Buffer, /) -> Event:
        """``receive_data`` and ``next_event`` in one call."""
    def next_event(self) -> Event:
        """Return the next event, ``NEED_DATA`` or ``CONNECTION_CLOSED``.

        ``NEED_DATA`` also stands for a pause: the message has ended and ``start_next_cycle`` was not called.
        ``CONNECTION_CLOSED`` is returned once for each EOF that was received, then ``NEED_DATA``.
        Raises RemoteProtocolError if the peer breaks the protocol, and again on every later call.
        """
    def data_to_send(self) -> bytes:
        """Return the bytes to send, and forget them."""
    def start_next_cycle(self) -> None:
        """Go on to the next message: legal once this one has ended on the wire. What was not pulled of it is dropped.

        Raises LocalProtocolError if it has not ended, if the message that is sent has not, or if there can be no next
        one; RemoteProtocolError if what is still to be pulled breaks the protocol, as pulling it does.
        A server that has not answered reads on, but cannot send anything any more.
        """
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Headers) -> None:
        """Queue a request head (client). ``version`` is ``b"1.1"`` or ``b"1.0"``.

        Content needs ``Content-Length`` or ``Transfer-Encoding: chunked`` among the headers. Raises LocalProtocolError.
        """
    def send_response(self, status: int, headers: Headers | None = None, /, *, reason: bytes | None = None) -> None:
        """Queue the head of the final response (server), or of a 101. ``reason`` replaces the registered phrase.

        ``Connection: close`` is added where the connection closes after this message and the headers do not say so;
        ``keep-alive`` is left out there. An HTTP/1.0 client gets no chunks: ``Transfer-Encoding: chunked`` is left out
        and the content ends with the connection. Until the Request was pulled, and after an error, only a 4xx or 5xx
        can be sent, and the connection closes after it. Raises LocalProtocolError.
        """
    def send_informational(self, status: int, headers: Headers | None = None, /) -> None:
        """Queue a 1xx head other than 101 (server), once the Request was pulled. Raises LocalProtocolError."""
    def send_data(self, data: Buffer, /) -> None:
        """Queue content, any buffer. A ``bytes`` of a few kilobytes is not copied. Raises LocalProtocolError."""
    def end_message(self, trailers: Headers | None = None) -> None:
        """End the message that is being sent; a chunked one may have trailers. Raises LocalProtocolError."""
    def should_close(self) -> bool:
        """Tell whether the connection must be closed after this message.

        It looks at both directions (RFC 9112 9.3, 9.6): what the head that was received says, and the head that was
        sent; at EOF, at errors, and at bytes that nobody asked for (9.2). What is sent in ``Connection`` and whether
        ``start_next_cycle`` goes on follow from it. A connection that has switched protocols is another protocol's to
        close.
        """
    def is_closed(self) -> bool:
        """Tell whether nothing more will come in or go out, but what ``data_to_send`` still has.

        Every event was pulled, and after EOF the response has ended: a client that only ends its own side gets its
        answer. After an error of the peer a server may still send its closing message; a client is closed at once.
        """
    def upgrade(self) -> bytes | None:
        """Return the Upgrade value of the head that was received, if its Connection field lists ``upgrade``.

        An HTTP/1.0 message cannot ask for that (RFC 9110 7.8).
        """
    @property
    def waiting_for_100(self) -> bool:
        """Whether the content waits for a 100 (Continue) that has not been sent, or received."""
    @property
    def trailing_data(self) -> tuple[bytes, bool]:
        """The bytes that were received and belong to no event, and whether EOF was seen.

        After a 101 or a 2xx to CONNECT they are the first of the other protocol.
        """

@final
class H2Connection(_H2Connection, ByteStreamConnection):  # type: ignore[misc,unused-ignore]  # pyright: ignore[reportGeneralTypeIssues]
    """One HTTP/2 connection, server or client, without any I/O.

    Feed what arrives to ``receive_data`` and call ``next_event`` until it returns ``NEED_DATA``; send on streams, and
    write what ``data_to_send`` returns, after reading too: acknowledgments and released content are there.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        limits: What it holds at most.
        auto_credit: Pulling a ``Data`` event returns its flow-control credit; otherwise ``consume_data`` does.
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
        """Take bytes from the peer, any buffer; an empty one is EOF.

        Raises RemoteProtocolError once more than ``max_buffer`` bytes wait, LocalProtocolError for bytes after EOF.
        """
    def receive_event(self, data: Buffer, /) -> Event:
        """``receive_data`` and ``next_event`` in one call."""
    def next_event(self) -> Event:
        """Return the next event, ``NEED_DATA``, or ``CONNECTION_CLOSED`` once for an input that ends: EOF or ``close``.

        Raises RemoteProtocolError if the peer breaks the connection, and again on every later call. What breaks only a
        stream is a ``RstStream`` event.
        """
    def data_to_send(self) -> bytes:
        """Return the bytes to send, and forget them."""
    def has_pending_send(self) -> bool:
        """Tell whether content, or the end of a message, waits for credit from the peer, or for ``data_to_send``."""
    def initiate_connection(self) -> None:
        """Queue the preface and SETTINGS now rather than with the first message."""
    def initiate_upgrade_connection(
        self, method: bytes, target: bytes, headers: Headers, settings_header: bytes | None = None
    ) -> _H2Stream:
        """Go on after an upgrade from HTTP/1.1 (RFC 7540 3.2): its request is stream 1, and complete.

        A server gives the request and its HTTP2-Settings field, sends 101 before anything from here, and pulls the
        request as an event. A client gives the request it sent, with the value of ``upgrade_settings`` in that field.
        Raises LocalProtocolError.
        """
    @property
    def upgrade_settings(self) -> bytes:
        """What the HTTP2-Settings field of an upgrade request must say (client, RFC 7540 3.2.1)."""
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

        ``host`` among the headers becomes ``:authority``. ``version`` is there for the sake of HTTP/1.1: it has no
        place in the message. ``protocol`` makes an extended CONNECT (RFC 8441 4). Raises LocalProtocolError; also if
        the peer's limit on streams is reached, see ``can_open_stream``.
        """
    def stream(self, stream_id: int, /) -> _H2Stream:
        """Return a stream, open or closed. Raises LocalProtocolError for one that was never opened."""
    def ping(self, data: bytes = ...) -> None:
        """Queue a PING of eight bytes; the answer is a ``Ping`` event with ``ack`` (RFC 9113 6.7)."""
    def update_settings(self, settings: Mapping[int, int]) -> None:
        """Queue SETTINGS (RFC 9113 6.5).

        They hold once the peer has acknowledged them, which is a ``Settings`` event with ``ack``. Raises
        LocalProtocolError for values that a setting cannot have, that this role must not send, or that would make the
        peer end the connection.
        """
    def update_priority(self, stream_id: int, urgency: int = 3, incremental: bool = False) -> None:
        """Queue PRIORITY_UPDATE for a stream (client, RFC 9218 7.1). Raises LocalProtocolError."""
    def consume_data(self, stream_id: int, length: int, /) -> None:
        """Return the credit of content that was pulled and is done with (``auto_credit=False``).

        Works also after the stream has ended; nothing happens after it was reset, which has returned the credit. Raises
        LocalProtocolError if that is more than was pulled.
        """
    def shutdown(self) -> None:
        """End the connection gracefully: what was asked for is answered, new requests are not taken (RFC 9113 6.8).

        A server queues a GOAWAY that announces it, and a PING; when its answer is pulled, a round trip later, the
        GOAWAY that names the last stream follows. A client queues one GOAWAY. ``is_closed`` is true once all streams
        have ended. Nothing happens if the connection ends already.
        """
    def close(self, error_code: int = 0, last_stream_id: int | None = None, /) -> None:
        """Queue GOAWAY (RFC 9113 6.8). Streams up to ``last_stream_id`` go on, by default all that were received.

        Requests that are on their way are refused by it; ``shutdown`` lets them come. An ``error_code`` other than 0
        ends the connection at once.
        """
    def is_closed(self) -> bool:
        """Tell whether nothing more will come in or go out, but what ``data_to_send`` still has.

        Every event was pulled, and after EOF or GOAWAY all streams have ended: a client that only ends its own side
        gets its answers. An error, or ``close`` with one, closes at once.
        """
    @property
    def send_window(self) -> int:
        """Bytes that the peer will take now on all streams together (RFC 9113 6.9)."""
    @property
    def open_streams(self) -> int:
        """How many streams are open or half-closed."""
    @property
    def can_open_stream(self) -> bool:
        """Whether ``send_request`` can open a stream now: the peer's SETTINGS allow it, no GOAWAY forbids it."""
    @property
    def last_stream_error(self) -> RemoteProtocolError | None:
        """Why the latest stream was rejected here, as the error that it would be on HTTP/1.1; ``None`` if none was."""

@final
class H3Connection(_H3Connection, Connection):  # type: ignore[misc,unused-ignore]  # pyright: ignore[reportGeneralTypeIssues]
    """One HTTP/3 connection, server or client, without any I/O.

    Give datagrams that arrive to ``receive_datagram`` and call ``next_event`` until it returns ``NEED_DATA``; send on
    streams, and transmit what ``data_to_send`` returns, after reading too. Time is a monotonic number of microseconds
    that the caller gives; where ``now`` is left out, the latest one counts. ``handle_timeout`` is due at
    ``next_timeout``, which each of these calls may change.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        limits: What it holds at most.
        credentials: Who a server is; without any, an identity made up for development, which no client trusts.
        tickets: What seals a server's session tickets; share one between connections.
        server_name: Whom a client talks to: a host name in A-labels, or an address.
        verify: What a client trusts: True for the system's authorities, a ``TrustStore``, the server's certificate in
            DER, or False for everybody, which leaves the connection open to whoever is between.
        session: A ticket of an earlier connection to the same server (client).
        early_data: Whether requests may leave in 0-RTT, or are taken from there, where anybody can replay them.
        validation_token: One of ``validation_tokens`` of an earlier connection to the same server (client).
        connection_id: The connection ID that a client goes by, 0 to 20 bytes.
        alpn: What TLS has to negotiate, ``h3`` if it is left out.
        auto_credit: Pulling a ``Data`` event returns its credit; otherwise ``consume_data`` does.
        transport_params: Transport parameters by the names of RFC 9000 18.2, in place of what the limits say.
        keep_alive: Seconds of silence after which a PING is sent; 0 for never.
        congestion: ``"cubic"`` or ``"newreno"``.
        max_datagram_size: Bytes of the largest UDP payload that is tried on a path (RFC 9000 14.3); 1200, the least,
            tries none. Let your socket forbid fragmentation, or larger datagrams gain nothing.
        versions: Versions of QUIC in the order of preference: 1, which is the default, and 2 (RFC 9369).
        cipher_suites: Names of TLS 1.3, in the order of preference.
        groups: Names of key exchange groups, in the order of preference.
        enable_connect_protocol: Announce extended CONNECT (server, RFC 9220).
        enable_datagrams: Announce HTTP datagrams (RFC 9297).
        keylog: Called with each line of a key log (SSLKEYLOGFILE): whoever has it can read the connection.
        qlog: Called with each event of qlog, a dict: packets with their frames, losses, metrics, the end.
        wall_clock: Called for seconds since the epoch, to judge certificates and tickets; the system's by default.
        entropy: Called for so many random bytes; the system's by default.

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
        """Take a datagram that arrived from ``peer_address``, any buffer. Nothing is raised for what is in it.

        Addresses are hashable values of the caller's own; ``ecn`` is the ECN codepoint of the IP header (0 to 3).
        """
    def data_to_send(self, now: int = ...) -> list[bytes]:
        """Return the datagrams to send now, and forget them."""
    def data_to_send_with_addresses(self, now: int = ...) -> list[OutboundDatagram]:
        """Return the datagrams to send now, each with where to and, if that was given, where from; and forget them.

        Those of one size to one address follow each other, so that a server can send them with one call.
        """
    def next_timeout(self) -> int | None:
        """Return when ``handle_timeout`` is due, ``None`` for never."""
    def handle_timeout(self, now: int, /) -> None:
        """Do what is due by ``now``; the next deadline is later."""
    def initiate_connection(self) -> None:
        """Begin the handshake now rather than with the first request (client); a server waits for its client."""
    def next_event(self) -> Event:
        """Return the next event, ``NEED_DATA``, or ``CONNECTION_CLOSED`` once when the connection ends.

        Raises RemoteProtocolError if the peer broke the connection, and again on every later call. What breaks only a
        stream is a ``RstStream`` event.
        """
    def consume_data(self, stream_id: int, length: int, /) -> None:
        """Return the credit of content that was pulled and is done with (``auto_credit=False``).

        Where credit returns by itself, and for streams that are over, which have returned it, nothing happens. Raises
        LocalProtocolError for more than was pulled.
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
        """Open a stream with a request head (client), and return it; also before the handshake is done.

        ``host`` among the headers becomes ``:authority``. ``version`` is there for the sake of HTTP/1.1: it has no
        place in the message. ``protocol`` makes an extended CONNECT (RFC 9220 3). Raises LocalProtocolError; also if
        the peer's limit on streams is reached, see ``can_open_stream``.
        """
    def stream(self, stream_id: int, /) -> _H3Stream:
        """Return a stream, open or closed. Raises LocalProtocolError for one that was never opened."""
    def update_priority(self, stream_id: int, urgency: int = 3, incremental: bool = False) -> None:
        """Queue PRIORITY_UPDATE for a stream (client, RFC 9218 7.2). Raises LocalProtocolError."""
    def shutdown(self, stream_id: int | None = None, /) -> None:
        """Announce the end by GOAWAY (RFC 9114 5.2); what is under way finishes, and ``close`` ends the connection.

        A server does so in two steps by itself: requests that come before the client can have heard are taken, those
        that come later are rejected. With ``stream_id`` it rejects those from there on at once; so it does when it is
        called again. A client names no stream: it says that it is leaving, and may finish what it began. Raises
        LocalProtocolError for an identifier above an earlier one.
        """
    def close(self, error_code: int = ..., reason: bytes = b"", *, app: bool = True) -> None:
        """End the connection at once: CONNECTION_CLOSE leaves with the next datagrams, and ``is_closed`` is true.

        ``app`` tells whose the code is: HTTP/3's, or QUIC's.
        """
    def request_key_update(self) -> None:
        """Change the packet keys (RFC 9001 6.1). Raises LocalProtocolError if that may not be yet."""
    def migrate(self, local_address: Any, peer_address: Any = None) -> None:
        """Probe the path from another local address, and move to it once the server has answered there (RFC 9000 9).

        Datagrams then say that they leave from there; what arrives there must be given with it. Until the probe is
        answered, and if it is not, everything stays where it is. ``peer_address`` is the caller's name of one of the
        ``preferred_addresses``. For a client; raises LocalProtocolError before the handshake is confirmed, where the
        server has forbidden it, and while it has given no connection ID for it.
        """
    @property
    def handshake_complete(self) -> bool:
        """Whether both sides have proven the handshake (RFC 9001 4.1.1)."""
    @property
    def handshake_confirmed(self) -> bool:
        """Whether the handshake is confirmed (RFC 9001 4.1.2)."""
    @property
    def alpn(self) -> bytes | None:
        """What TLS has negotiated; ``None`` before it has."""
    @property
    def early_data_accepted(self) -> bool | None:
        """Whether what was sent in 0-RTT counts; ``None`` as long as nobody knows, or where none was sent.

        On a server whether it takes what the client sends in 0-RTT.
        """
    @property
    def send_window(self) -> int:
        """Bytes that the peer will take now on all streams together (RFC 9000 4.1)."""
    @property
    def open_streams(self) -> int:
        """How many requests are open."""
    @property
    def can_open_stream(self) -> bool:
        """Whether ``send_request`` can open a stream now: the peer's limit allows it, no GOAWAY forbids it (client)."""
    @property
    def last_stream_error(self) -> RemoteProtocolError | None:
        """Why the latest stream was rejected here, as the error that it would be on HTTP/1.1; ``None`` if none was."""
    @property
    def peer_certificate(self) -> bytes | None:
        """The server's certificate in DER (client); ``None`` before it is known, or where a session was resumed."""
    def session_tickets(self) -> list[SessionTicket]:
        """Return the tickets that came since this was asked last (client)."""
    def preferred_addresses(self) -> list[tuple[str, int]]:
        """Return where the server would rather be reached, IPv4 first (client, RFC 9000 9.6); ``migrate`` goes there.

        Once the handshake is confirmed: probe one of the family that is in use, and stay where you are if it does not
        answer.
        """
    def validation_tokens(self) -> list[bytes]:
        """Return the tokens that came since this was asked last (client): one saves a later connection a Retry."""
    def statistics(self) -> PathStatistics:
        """Return what is known of the path in use, and what was counted on the connection."""
    def peer_settings(self) -> dict[int, int] | None:
        """Return the peer's SETTINGS by identifier (``H3Settings``), ``None`` before they have come."""
    def goaway_received(self) -> int | None:
        """Return the identifier of the peer's GOAWAY, ``None`` without one."""
    def has_pending_send(self) -> bool:
        """Tell whether content waits for credit or for room on the path."""
    def idle_timed_out(self) -> bool:
        """Tell whether silence ended the connection."""
    def close_info(self) -> CloseInfo | None:
        """Return how the connection was closed, by either side; ``None`` while it is open, or if silence ended it."""
    def is_closed(self) -> bool:
        """Tell whether nothing more will come in or go out, but what ``data_to_send`` still has: the end itself.

        An error, silence and ``close`` close at once; where the peer has closed, once every event was pulled that came
        before.
        """

@final
class QuicEndpoint:
    """Many server connections behind one UDP socket.

    Give it every datagram that arrives, pull the events of the connection it returns, and send what ``data_to_send``
    gives. ``handle_timeout`` is due at ``next_timeout``. Time is a monotonic number of microseconds; addresses are
    hashable values of the caller's own.

    Args:
        credentials: As for a connection; made once for all.
        alpn: As for a connection.
        retry: True asks every client to prove its address first, False none, ``None`` when more than half of
            ``max_connections`` have not finished their handshake.
        max_connections: More are refused.
        connection_id_length: Bytes of our connection IDs, 4 to 20.
        connection_id_factory: Makes them, of a length; so that they can say which worker owns them.
        secret: 32 bytes or more, shared by the workers of one server, from which the keys of address tokens, session
            tickets and stateless resets are derived; by default random.
        token_lifetime: Microseconds that a token for later connections holds.
        tickets: What seals session tickets; by default what is derived from the secret.
        auto_credit: As for a connection, but off: there is no socket to stop reading from.
        entropy: As for a connection.
        common: ``limits``, ``transport_params`` and what else both roles of a connection take.
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
        """Take a datagram; return the connection that it was for, ``None`` if it was for none.

        Nothing is raised for what is in it.
        """
    def data_to_send(self, connection: H3Connection | None = None, /, *, now: int = ...) -> list[OutboundDatagram]:
        """Return what is to be sent now: of one connection, or of the endpoint itself and all connections."""
    def next_timeout(self) -> int | None:
        """Return when ``handle_timeout`` is due, ``None`` for never."""
    def handle_timeout(self, now: int) -> None:
        """Do what is due by ``now`` for all connections."""
    def connections(self) -> list[H3Connection]:
        """Return the connections that are not discarded."""
    def discard(self, connection: H3Connection) -> None:
        """Forget a connection. Of one that is closing its last packet is kept for a while, for who has not heard.

        Of one that is open nothing is kept: ``close`` it first. Nothing happens to one that is not known.
        """

def protocols() -> tuple[ProtocolInfo, ...]:
    """List the installed protocols: who provides each, and the error of those that are broken."""

def load_plugins() -> tuple[ProtocolInfo, ...]:
    """Import every installed protocol with its connection class now, and list them. A broken one does not raise."""

def register_protocol(descriptor: ProtocolDescriptor, *, replace: bool = False) -> None:
    """Add a protocol for this process, in place of whoever provides it if ``replace`` is true.

    Raises:
        ProtocolConflictError: The name has a provider, or a spelling belongs to another protocol.
        PluginValidationError: The descriptor does not keep the contract.
    """

def unregister_protocol(name: str) -> None:
    """Undo ``register_protocol``: a distribution that provides the protocol comes into its own again."""

def refresh_protocols() -> None:
    """Look again: forget which protocols were found installed, and which of them were broken.

    For a program that installs plugins while it runs, or mends one. What ``register_protocol`` added stays.
    """
