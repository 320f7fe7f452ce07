"""zttp-h3: HTTP/3 (RFC 9114, RFC 9204, RFC 9218, RFC 9220, RFC 9297) on QUIC (RFC 9000, 9001, 9002) for zttp."""

from typing import TYPE_CHECKING

from zttp_core.lazy_attributes import lazy_attributes

if TYPE_CHECKING:
    from zttp_h3.close_info import CloseInfo as CloseInfo
    from zttp_h3.codes import H3ErrorCode as H3ErrorCode
    from zttp_h3.codes import H3Settings as H3Settings
    from zttp_h3.codes import QuicErrorCode as QuicErrorCode
    from zttp_h3.connection import H3Connection as H3Connection
    from zttp_h3.credentials import TlsCredentials as TlsCredentials
    from zttp_h3.credentials import TrustStore as TrustStore
    from zttp_h3.endpoint.datagram_header import DatagramHeader as DatagramHeader
    from zttp_h3.endpoint.datagram_header import parse_datagram_header as parse_datagram_header
    from zttp_h3.endpoint.endpoint import QuicEndpoint as QuicEndpoint
    from zttp_h3.limits import H3Limits as H3Limits
    from zttp_h3.outbound_datagram import OutboundDatagram as OutboundDatagram
    from zttp_h3.path_statistics import PathStatistics as PathStatistics
    from zttp_h3.stream import Stream as Stream
    from zttp_h3.tls.tickets import SessionTicket as SessionTicket
    from zttp_h3.tls.tickets import TicketKeys as TicketKeys

    COMPILED: bool  # whether this installation is compiled

__all__ = [
    "COMPILED", "CloseInfo", "DatagramHeader", "H3Connection", "H3ErrorCode", "H3Limits", "H3Settings",
    "OutboundDatagram", "PathStatistics", "QuicEndpoint", "QuicErrorCode", "SessionTicket", "Stream", "TicketKeys",
    "TlsCredentials", "TrustStore", "parse_datagram_header",
]  # fmt: skip

__getattr__ = lazy_attributes(
    __name__,
    {
        "CloseInfo": "zttp_h3.close_info",
        "DatagramHeader": "zttp_h3.endpoint.datagram_header",
        "H3Connection": "zttp_h3.connection",
        "H3ErrorCode": "zttp_h3.codes",
        "H3Limits": "zttp_h3.limits",
        "H3Settings": "zttp_h3.codes",
        "OutboundDatagram": "zttp_h3.outbound_datagram",
        "PathStatistics": "zttp_h3.path_statistics",
        "QuicEndpoint": "zttp_h3.endpoint.endpoint",
        "QuicErrorCode": "zttp_h3.codes",
        "SessionTicket": "zttp_h3.tls.tickets",
        "Stream": "zttp_h3.stream",
        "TicketKeys": "zttp_h3.tls.tickets",
        "TlsCredentials": "zttp_h3.credentials",
        "TrustStore": "zttp_h3.credentials",
        "parse_datagram_header": "zttp_h3.endpoint.datagram_header",
    },
    "zttp_h3.connection",
)
