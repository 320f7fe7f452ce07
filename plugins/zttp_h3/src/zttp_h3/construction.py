"""The function that ``zttp.Connection`` calls for ``"h3"``."""

from typing import Any

from zttp_h3.connection import H3Connection
from zttp_h3.limits import H3Limits
from zttp_h3.options import MOST_DATAGRAM_SIZE
from zttp_h3.tls.tickets import SessionTicket, TicketKeys


def new_connection(
    role: int,
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
) -> H3Connection:
    """Make a connection. This signature has the options."""
    return H3Connection(
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
