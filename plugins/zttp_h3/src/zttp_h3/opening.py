"""The start of a connection: a client's first flight, or a server's reaction to it (RFC 9000 7, 14.1)."""

from typing import Any, Final

from zttp_h3.first_packet import opener_of_first
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.options import ConnectionOptions
from zttp_h3.origin import Origin
from zttp_h3.quic.transport import Transport, accept, connect
from zttp_h3.session import H3Session
from zttp_h3.wire.packet_header import read_long_header
from zttp_h3.wire.versions import INITIAL

LEAST_INITIAL: Final = 1_200  # bytes of a datagram with an Initial packet (RFC 9000 14.1)
LEAST_ID: Final = 8  # bytes of the connection ID that a client first chooses for us (RFC 9000 7.2)


def connect_to(options: ConnectionOptions, now: i64) -> Transport:
    """Begin as a client."""
    parameters = options.client
    assert parameters is not None
    return connect(
        options.transport,
        parameters,
        now,
        None,
        None,
        options.wall_clock,
        options.key_log,
        options.connection_id,
        options.token,
    )


def accept_client(
    options: ConnectionOptions, origin: Origin | None, datagram: bytes, now: i64, peer_address: Any, local_address: Any
) -> Transport | None:
    """Begin as a server with a client's first Initial packet; None if this is not one."""
    header = read_long_header(datagram, 0, True)
    if (
        header is None
        or header.kind != INITIAL
        or header.version not in options.transport.versions
        or len(datagram) < LEAST_INITIAL
    ):
        return None
    if origin is None and len(header.destination) < LEAST_ID:
        return None
    # A packet that was changed in transit does not bind the connection: the next one may be the client's (RFC 9000
    # 5.2).
    opener = opener_of_first(datagram, header) if origin is None else origin.opener
    if opener is None:
        return None
    parameters = options.server
    assert parameters is not None
    return accept(
        options.transport,
        parameters,
        now,
        peer_address,
        local_address,
        options.wall_clock,
        header.destination,
        header.source,
        header.version,
        options.key_log,
        None if origin is None else origin.original_id,
        None if origin is None else origin.retry_id,
        origin is not None and origin.validated,
        opener,
    )


def begin_session(transport: Transport, options: ConnectionOptions, origin: Origin | None, owner: object) -> H3Session:
    """Begin HTTP/3 over a transport; an endpoint that made the connection, ``owner``, is informed of output."""
    is_server = transport.session.is_server
    session = H3Session(transport, is_server, options.limits, options.connect_protocol, options.datagrams)
    if origin is not None:
        origin.session = session
        session.attention = origin.attention
        session.owner = owner
    ticket = None if options.client is None else options.client.session
    if ticket is not None and ticket.settings and transport.session.remembered is not None:
        try:
            session.remember_settings(ticket.settings)
        except Malformed:
            raise ValueError("the settings of this session ticket cannot be read") from None
    return session
