"""The arguments of a constructor, checked once: for a connection, or for all connections of an endpoint."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_h3.credentials import identity_chooser, trust_of
from zttp_h3.early_data import server_context
from zttp_h3.limits import DEFAULT_LIMITS, H3Limits
from zttp_h3.native_ints import i64
from zttp_h3.quic.options import TransportOptions
from zttp_h3.recovery.path_mtu import BASE_SIZE
from zttp_h3.tls.client_offer import ClientParameters
from zttp_h3.tls.groups import SECP256R1, SECP384R1, X25519, X25519MLKEM768
from zttp_h3.tls.key_schedule import AES_128_GCM_SHA256, AES_256_GCM_SHA384, CHACHA20_POLY1305_SHA256
from zttp_h3.tls.server import ServerParameters
from zttp_h3.tls.tickets import SessionTicket, TicketKeys
from zttp_h3.transport_params import check_transport_params
from zttp_h3.wire.packet_header import MOST_TOKEN
from zttp_h3.wire.versions import VERSION_1, VERSION_2

SERVER: Final = 1
CLIENT: Final = 2

_SECOND: Final = 1_000_000
MOST_DATAGRAM_SIZE: Final = 1452  # the payload of an IPv6 packet on Ethernet, tried by default
_MOST_PAYLOAD: Final = 65_527  # of UDP, RFC 9000 18.2
_MOST_ID: Final = 20  # bytes, RFC 9000 17.2
_LONGEST_NAME: Final = 253  # RFC 1035 2.3.4
_LONGEST_ALPN: Final = 255  # RFC 7301 3.1

# By their names and numbers in the registry of TLS.
SUITES: Final[dict[str, int]] = {
    "TLS_AES_128_GCM_SHA256": AES_128_GCM_SHA256,
    "TLS_AES_256_GCM_SHA384": AES_256_GCM_SHA384,
    "TLS_CHACHA20_POLY1305_SHA256": CHACHA20_POLY1305_SHA256,
}
GROUPS: Final[dict[str, int]] = {
    "x25519": X25519,
    "secp256r1": SECP256R1,
    "secp384r1": SECP384R1,
    "X25519MLKEM768": X25519MLKEM768,
}
# RFC 9000, and RFC 9369 by its number on the wire and by its version.
VERSIONS: Final[dict[str, int]] = {"1": VERSION_1, "2": VERSION_2}
_SUITES: Final = list(SUITES.values())
_GROUPS: Final = list(GROUPS.values())
_CONGESTION: Final = ("cubic", "newreno")

# The options of both roles, also for an endpoint, which makes the others itself.
COMMON: Final = (
    "limits",
    "early_data",
    "transport_params",
    "keep_alive",
    "congestion",
    "max_datagram_size",
    "versions",
    "cipher_suites",
    "groups",
    "enable_connect_protocol",
    "enable_datagrams",
    "keylog",
    "qlog",
    "wall_clock",
)


@final
class ConnectionOptions:
    """The options of connections: ``server`` or ``client`` is set, by role."""

    def __init__(
        self,
        limits: H3Limits,
        auto_credit: bool,
        connect_protocol: bool,
        datagrams: bool,
        transport: TransportOptions,
        server: ServerParameters | None,
        client: ClientParameters | None,
        connection_id: bytes | None,
        token: bytes,
        key_log: Callable[[str], object] | None,
        wall_clock: Callable[[], float],
    ) -> None:
        self.limits: Final = limits
        self.auto_credit: Final = auto_credit
        self.connect_protocol: Final = connect_protocol  # announced
        self.datagrams: Final = datagrams  # announced
        self.transport: Final = transport
        self.server: Final = server
        self.client: Final = client
        self.connection_id: Final = connection_id
        self.token: Final = token
        self.key_log: Final = key_log
        self.wall_clock: Final = wall_clock


def judge(
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
    keylog: Any = None,
    qlog: Any = None,
    wall_clock: Any = None,
    entropy: Any = None,
    connection_id_length: int = 8,
    make_connection_id: Any = None,
    reset_token_of: Any = None,
) -> ConnectionOptions:
    """Return the options of a connection. Raises TypeError for options of the other role, ValueError for values."""
    if role == SERVER:
        _refuse(
            "server",
            {
                "server_name": server_name is not None,
                "verify": verify is not True,
                "session": session is not None,
                "validation_token": validation_token is not None,
                "connection_id": connection_id is not None,
            },
        )
    elif role == CLIENT:
        _refuse("client", {"credentials": credentials is not None, "tickets": tickets is not None})
    else:
        raise ValueError(f"role must be zttp.SERVER (1) or zttp.CLIENT (2), got {role}")
    if congestion not in _CONGESTION:
        raise ValueError(f"congestion must be 'cubic' or 'newreno', got {congestion[:80]!r}")
    if not 0 <= keep_alive <= 1 << 20:
        raise ValueError(f"keep_alive must be from 0 to {1 << 20} seconds, got {keep_alive}")
    if not BASE_SIZE <= max_datagram_size <= _MOST_PAYLOAD:
        raise ValueError(
            f"max_datagram_size must be from {BASE_SIZE} to {_MOST_PAYLOAD} bytes, got {max_datagram_size}"
        )
    spoken = (VERSION_1,) if versions is None else tuple(_numbers("versions", versions, VERSIONS))
    for name, given in (("keylog", keylog), ("qlog", qlog), ("wall_clock", wall_clock), ("entropy", entropy)):
        if given is not None and not callable(given):
            raise TypeError(f"{name} must be callable, got {type(given).__name__}")
    held = DEFAULT_LIMITS if limits is None else limits
    datagrams = enable_datagrams and held.max_datagram_frame_size > 0
    protocols = [_protocol(alpn)]
    suites = _SUITES if cipher_suites is None else _numbers("cipher_suites", cipher_suites, SUITES)
    key_groups = _GROUPS if groups is None else _numbers("groups", groups, GROUPS)
    transport = TransportOptions(
        idle_timeout=held.idle_timeout * _SECOND,
        handshake_timeout=held.handshake_timeout * _SECOND,
        stream_window=held.initial_window_size,
        most_stream_window=held.max_stream_window,
        connection_window=held.connection_window_size,
        most_connection_window=held.max_connection_window,
        max_streams_bidirectional=held.max_concurrent_streams if role == SERVER else 0,
        max_datagram_frame_size=held.max_datagram_frame_size if datagrams else 0,
        keep_alive=keep_alive * _SECOND,
        congestion=congestion,
        max_datagram_size=max_datagram_size,
        qlog=qlog,
        versions=spoken,
        entropy=os.urandom if entropy is None else entropy,
        # RFC 9000 5.1: those that follow have the length of the first, which short headers do not name.
        connection_id_length=connection_id_length if connection_id is None else len(connection_id),
        make_connection_id=make_connection_id,
        reset_token_of=reset_token_of,
        declared=None if transport_params is None else check_transport_params(transport_params),
    )
    server: ServerParameters | None = None
    client: ClientParameters | None = None
    if role == SERVER:
        if early_data and tickets is None:
            raise ValueError("a server with early_data needs tickets=, which remember the tickets that were used")
        # The context of early data; tickets of other connections may have other limits.
        context = server_context(transport, held, enable_connect_protocol, datagrams) if early_data else b""
        server = ServerParameters(
            identity_chooser(credentials), protocols, suites, key_groups, tickets, context, early_data
        )
    else:
        name = _host(server_name)
        trust = trust_of(verify)
        if not name and trust is not None and not trust.is_pin():
            raise ValueError("a client needs server_name, the host name or address of the server")
        if connection_id is not None and len(connection_id) > _MOST_ID:
            raise ValueError(f"a connection ID must have from 0 to {_MOST_ID} bytes, got {len(connection_id)}")
        if validation_token is not None and len(validation_token) > MOST_TOKEN:
            raise ValueError(f"a validation token must have at most {MOST_TOKEN} bytes, got {len(validation_token)}")
        client = ClientParameters(name, protocols, suites, key_groups, trust, session, early_data)
    return ConnectionOptions(
        held,
        auto_credit,
        enable_connect_protocol and role == SERVER,
        datagrams,
        transport,
        server,
        client,
        connection_id,
        b"" if validation_token is None else validation_token,
        keylog,
        time.time if wall_clock is None else wall_clock,
    )


as_compiled(judge)


def _refuse(role: str, given: Mapping[str, bool]) -> None:
    """Raise TypeError for an option of the other role."""
    for name, is_given in given.items():
        if is_given:
            raise TypeError(f"H3Connection has no option '{name}' in the {role} role")


def _text(name: str, value: Any, longest: int) -> bytes:
    """Return ASCII bytes from bytes or str."""
    if isinstance(value, str):
        if not value.isascii():
            raise ValueError(f"{name} must be ASCII, got {value[:80]!r}")
        encoded = value.encode("ascii")
    elif isinstance(value, bytes):
        encoded = value
    else:
        raise TypeError(f"{name} must be bytes or str, got {type(value).__name__}")
    if not 0 < len(encoded) <= longest:
        raise ValueError(f"{name} must have from 1 to {longest} bytes, got {len(encoded)}")
    return encoded


def _protocol(alpn: Any) -> bytes:
    return b"h3" if alpn is None else _text("alpn", alpn, _LONGEST_ALPN)


def _host(server_name: Any) -> str:
    """Return a host name or an address in the form of TLS, without a final dot; empty if none was given."""
    if server_name is None:
        return ""
    name = _text("server_name", server_name, _LONGEST_NAME).removesuffix(b".")
    if not name or any(byte <= 0x20 or byte >= 0x7F for byte in name):
        raise ValueError(f"server_name must be a host name in A-labels or an address, got {name[:80]!r}")
    return name.decode("ascii")


def _numbers(option: str, given: Any, known: Mapping[str, int]) -> list[int]:
    """Return the numbers that an option lists by name or number, in the caller's order."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(f"{option} must be an iterable of names, got {type(given).__name__}")
    names = {name.lower(): number for name, number in known.items()}
    chosen: list[int] = []
    for item in given:
        number: i64 = -1
        if isinstance(item, str):
            number = names.get(item.lower(), -1)
        elif isinstance(item, int) and str(item) in known:
            number = known[str(item)]
        elif isinstance(item, int) and item in known.values():
            number = item
        if number < 0:
            raise ValueError(f"each of {option} must be one of {', '.join(known)}, got {str(item)[:80]!r}")
        if number not in chosen:
            chosen.append(int(number))
    if not chosen:
        raise ValueError(f"{option} must have at least one name")
    return chosen
