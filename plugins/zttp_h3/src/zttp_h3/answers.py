"""The answers to queries on a connection, from the state of its parts."""

from ipaddress import ip_address

from zttp_h3.close_info import CloseInfo
from zttp_h3.quic.close import OPEN
from zttp_h3.session import NO_GOAWAY, H3Session
from zttp_h3.tls.client import ClientHandshake


def early_data_accepted(session: H3Session) -> bool | None:
    """Return whether early data counts; None before that is known, or without early data (RFC 8446 4.2.10)."""
    handshake = session.transport.session.handshake
    if handshake is None:
        return None
    if isinstance(handshake, ClientHandshake):
        offered = handshake.early_data_offered and handshake.answered_early_data
        return handshake.early_data_accepted if offered else None
    return True if handshake.early_data_accepted else None


def peer_certificate(session: H3Session) -> bytes | None:
    """Return the server's own certificate, if it has shown one."""
    handshake = session.transport.session.handshake
    if isinstance(handshake, ClientHandshake) and handshake.chain:
        return handshake.chain[0]
    return None


def preferred_addresses(session: H3Session) -> list[tuple[str, int]]:
    """Return the server's preferred addresses; all zero means none (RFC 9000 9.6.1, 18.2)."""
    preferred = session.transport.session.peer.preferred_address
    if preferred is None:
        return []
    said = ((preferred.ipv4, int(preferred.ipv4_port)), (preferred.ipv6, int(preferred.ipv6_port)))
    return [(str(ip_address(address)), port) for address, port in said if any(address)]


def take_validation_tokens(session: H3Session) -> list[bytes]:
    """Return the tokens of NEW_TOKEN frames (RFC 9000 8.1.3), and remove them."""
    transport = session.transport.session
    tokens = transport.tokens
    transport.tokens = []
    return tokens


def count_open_requests(session: H3Session) -> int:
    """Count the open request streams, without the protocol's own streams (RFC 9114 6)."""
    return len([number for number in session.transport.session.streams.streams if number & 3 == 0])


def can_open_request(session: H3Session) -> bool:
    """Return whether the peer lets a client open a request's stream now (RFC 9000 4.6, RFC 9114 5.2)."""
    transport = session.transport.session
    return transport.is_open() and session.goaway_received == NO_GOAWAY and transport.streams.can_open(False)


def close_info(session: H3Session) -> CloseInfo | None:
    """Return how either side closed the connection; None if neither did."""
    close = session.transport.session.close
    if close.state == OPEN or close.timed_out:
        return None
    return CloseInfo(int(close.error_code), close.reason, close.is_application)
