"""How a client is told that its connection is not accepted, without any state (RFC 9000 5.2.2, 8.1.2)."""

from librt.strings import BytesWriter

from zttp_h3.codes import QuicErrorCode
from zttp_h3.protection.packet_keys import initial_sealer
from zttp_h3.protection.suites import TAG_SIZE
from zttp_h3.wire.frame_writer import write_connection_close
from zttp_h3.wire.packet_header import LongHeader, write_long_header
from zttp_h3.wire.varint import patch_varint_of_2
from zttp_h3.wire.versions import INITIAL


def refusal(header: LongHeader, error_code: QuicErrorCode) -> bytes:
    """Return the answer to an Initial packet: another one, with CONNECTION_CLOSE."""
    payload = BytesWriter()
    write_connection_close(payload, int(error_code), 0, b"")
    packet = BytesWriter()
    # There is no connection ID of ours: the client's choice for us stays.
    at = write_long_header(packet, header.version, INITIAL, header.source, header.destination, b"", 0, 1)
    patch_varint_of_2(packet, at, 1 + len(payload) + TAG_SIZE)
    return initial_sealer(header.version, header.destination, True).seal(packet, 1, 0, payload.getvalue())
