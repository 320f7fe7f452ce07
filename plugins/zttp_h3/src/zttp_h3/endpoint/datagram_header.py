"""``parse_datagram_header``: the fields that routing needs, read without any key (RFC 8999)."""

from typing import Any, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_core.reasons import remote_error
from zttp_h3.arguments import owned
from zttp_h3.native_ints import i64
from zttp_h3.wire.packet_header import VERSION_NEGOTIATION, is_long, read_long_header
from zttp_h3.wire.versions import INITIAL

_MOST_ID: Final = 20
_LEAST: Final = 21  # the smallest packet with a short header that can be decrypted, in bytes (RFC 9000 10.3)


@final
class DatagramHeader:
    """The header of the first packet of a datagram, as anybody on the path sees it (RFC 9000 17).

    Attributes:
        destination_connection_id: The destination connection ID.
        source_connection_id: The source connection ID; empty with a short header.
        version: The version of QUIC; 0 with a short header, and in Version Negotiation.
        is_long_header: Whether the header is long: a packet of the handshake.
        is_initial: Whether it is an Initial packet, which may begin a connection.
        token: The token of an Initial packet; empty otherwise.
    """

    __slots__ = (
        "destination_connection_id",
        "is_initial",
        "is_long_header",
        "source_connection_id",
        "token",
        "version",
    )

    def __init__(
        self, destination: bytes, source: bytes, version: int, is_long_header: bool, is_initial: bool, token: bytes
    ) -> None:
        self.destination_connection_id: Final = destination
        self.source_connection_id: Final = source
        self.version: Final[i64] = version
        self.is_long_header: Final = is_long_header
        self.is_initial: Final = is_initial
        self.token: Final = token

    def __repr__(self) -> str:
        kind = "Initial" if self.is_initial else "long" if self.is_long_header else "short"
        return f"<DatagramHeader {kind} to {self.destination_connection_id.hex()}>"


def parse_datagram_header(datagram: Any, /, connection_id_length: int = 8) -> DatagramHeader:
    """Read the header of a datagram, in any buffer, for routing. Nothing is decrypted or authenticated.

    ``connection_id_length`` is the length of the server's own connection IDs, which short headers do not contain.
    Raises RemoteProtocolError if the datagram is not a QUIC packet.
    """
    data = owned(datagram)
    if not 0 <= connection_id_length <= _MOST_ID:
        raise ValueError(f"a connection ID must have from 0 to {_MOST_ID} bytes, got {connection_id_length}")
    if len(data) == 0:
        raise remote_error("not_a_quic_packet")
    if not is_long(data, 0):
        # The fixed bit has no meaning: a peer may clear it if we allow that (RFC 9287 3), and our connections do.
        if len(data) < _LEAST or len(data) <= connection_id_length:
            raise remote_error("not_a_quic_packet")
        return DatagramHeader(data[1 : 1 + connection_id_length], b"", 0, False, False, b"")
    header = read_long_header(data, 0, True)
    if header is None:
        raise remote_error("not_a_quic_packet")
    version = 0 if header.kind == VERSION_NEGOTIATION else header.version
    return DatagramHeader(header.destination, header.source, version, True, header.kind == INITIAL, header.token)


as_compiled(DatagramHeader, parse_datagram_header)
