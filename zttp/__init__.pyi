# What type checkers see of `import zttp`, where the names of plugins are plain names.
#
# The connections are virtual subclasses of `Connection`, which checkers cannot know. So each is derived, here only,
# from the plugin's own class and from `Connection`: then they see what `Connection(SERVER)` returns, and `isinstance`
# narrows. Where a plugin is not installed its names are `Any`.
from collections.abc import Mapping
from typing import Any, Literal, Self, overload

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
from zttp_h3 import CloseInfo as CloseInfo
from zttp_h3 import DatagramHeader as DatagramHeader
from zttp_h3 import H3Connection as _H3Connection
from zttp_h3 import H3Limits as H3Limits
from zttp_h3 import OutboundDatagram as OutboundDatagram
from zttp_h3 import PathStatistics as PathStatistics
from zttp_h3 import QuicEndpoint as QuicEndpoint
from zttp_h3 import SessionTicket as SessionTicket
from zttp_h3 import TlsCredentials as TlsCredentials
from zttp_h3 import parse_datagram_header as parse_datagram_header

__version__: str

class Connection(_Connection):
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
    def __new__(cls, role: int, protocol: Literal["h3", 3], **options: Any) -> H3Connection: ...
    @overload
    def __new__(cls, role: int, protocol: str | None, **options: Any) -> ByteStreamConnection: ...
    @overload
    def __new__(cls, role: int, protocol: str | int | None, **options: Any) -> Connection: ...
    def next_event(self) -> Event: ...
    def is_closed(self) -> bool: ...

# What ALPN names on TCP is a string, or nothing; what is negotiated over QUIC has its class by its literal name.
class ByteStreamConnection(_ByteStreamConnection, Connection):
    def __new__(cls, *args: Any, **options: Any) -> Self: ...
    def receive_data(self, data: Buffer, /) -> None: ...
    def receive_event(self, data: Buffer, /) -> Event: ...
    def data_to_send(self) -> bytes: ...

# `__new__` is how each class is called. `__init__` is what pyright checks the arguments of `Connection(...)` against,
# once it knows that one of these comes out, so it takes the protocol too.
class H1Connection(_H1Connection, ByteStreamConnection):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    def __new__(cls, role: int, *, limits: H1Limits | None = ..., require_host: bool = ...) -> Self: ...
    def __init__(
        self,
        role: int,
        protocol: Literal["http/1.1", 1] | None = ...,
        *,
        limits: H1Limits | None = ...,
        require_host: bool = ...,
    ) -> None: ...
    def receive_data(self, data: Buffer, /) -> None: ...
    def receive_event(self, data: Buffer, /) -> Event: ...
    def next_event(self) -> Event: ...
    def data_to_send(self) -> bytes: ...
    def start_next_cycle(self) -> None: ...
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Headers) -> None: ...
    def send_response(self, status: int, headers: Headers | None = None, /, *, reason: bytes | None = None) -> None: ...
    def send_informational(self, status: int, headers: Headers | None = None, /) -> None: ...
    def send_data(self, data: Buffer, /) -> None: ...
    def end_message(self, trailers: Headers | None = None) -> None: ...
    def should_close(self) -> bool: ...
    def is_closed(self) -> bool: ...
    def upgrade(self) -> bytes | None: ...
    @property
    def waiting_for_100(self) -> bool: ...
    @property
    def trailing_data(self) -> tuple[bytes, bool]: ...

class H2Connection(_H2Connection, ByteStreamConnection):  # type: ignore[misc,unused-ignore]  # pyright: ignore[reportGeneralTypeIssues]
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
    def receive_data(self, data: Buffer, /) -> None: ...
    def receive_event(self, data: Buffer, /) -> Event: ...
    def next_event(self) -> Event: ...
    def data_to_send(self) -> bytes: ...
    def has_pending_send(self) -> bool: ...
    def initiate_connection(self) -> None: ...
    def initiate_upgrade_connection(
        self, method: bytes, target: bytes, headers: Headers, settings_header: bytes | None = None
    ) -> _H2Stream: ...
    @property
    def upgrade_settings(self) -> bytes: ...
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
    ) -> _H2Stream: ...
    def stream(self, stream_id: int, /) -> _H2Stream: ...
    def ping(self, data: bytes = ...) -> None: ...
    def update_settings(self, settings: Mapping[int, int]) -> None: ...
    def update_priority(self, stream_id: int, urgency: int = 3, incremental: bool = False) -> None: ...
    def consume_data(self, stream_id: int, length: int, /) -> None: ...
    def close(self, error_code: int = 0, last_stream_id: int | None = None, /) -> None: ...
    def is_closed(self) -> bool: ...
    @property
    def send_window(self) -> int: ...
    @property
    def open_streams(self) -> int: ...
    @property
    def can_open_stream(self) -> bool: ...
    @property
    def last_stream_error(self) -> RemoteProtocolError | None: ...

class H3Connection(_H3Connection, Connection):  # type: ignore[misc,unused-ignore]  # pyright: ignore[reportGeneralTypeIssues]
    def __new__(cls, role: int, **options: Any) -> Self: ...
    def __init__(self, role: int, protocol: Literal["h3", 3] = ..., **options: Any) -> None: ...

def protocols() -> tuple[ProtocolInfo, ...]: ...
def load_plugins() -> tuple[ProtocolInfo, ...]: ...
def register_protocol(descriptor: ProtocolDescriptor, *, replace: bool = False) -> None: ...
def unregister_protocol(name: str) -> None: ...
