"""A peer that breaks the rules before 1-RTT, and about connection IDs: the exact code (RFC 9000 7, 12, 14, 19)."""

import pytest
from librt.strings import BytesWriter

from tests.http3.quic.network import CLIENT, SERVER, Network
from tests.http3.quic.test_misbehaving import connected, sealed, varints, verdict
from zttp_h3.codes import QuicErrorCode as Code
from zttp_h3.malformed import Malformed
from zttp_h3.protection.packet_keys import Sealer
from zttp_h3.quic.connection_ids import LocalIds, PeerIds
from zttp_h3.quic.handshake_progress import _apply_parameters
from zttp_h3.quic.session import Session
from zttp_h3.wire.packet_header import write_long_header
from zttp_h3.wire.transport_parameters import PreferredAddress, TransportParameters, encode
from zttp_h3.wire.varint import patch_varint_of_2
from zttp_h3.wire.versions import HANDSHAKE, INITIAL, ZERO_RTT


def long_packet(session: Session, sealer: Sealer, kind: int, payload: bytes, size: int = 1200) -> bytes:
    """A packet with a long header, padded to a datagram."""
    header = BytesWriter()
    at = write_long_header(header, session.version, kind, session.peer_ids.current, session.initial_id, b"", 50, 2)
    payload += bytes(max(0, size - len(header) - len(payload) - 16))
    patch_varint_of_2(header, at, 2 + len(payload) + 16)
    return sealer.seal(header, 2, 50, payload)


def meeting() -> Network:
    """A server that has received the first Initial packet, with all its keys."""
    network = Network()
    network.flush()
    while network.server is None:
        network.step()
    return network


def closed_in_handshake(kind: int, payload: bytes) -> tuple[int, bool]:
    """Send a server a handshake packet; return the code of its close, and whether that was the peer's."""
    network = meeting()
    assert network.server is not None
    if kind == HANDSHAKE:
        while network.client.session.spaces[1].sealer is None:
            network.step()
    sealer = network.client.session.spaces[0 if kind == INITIAL else 1].sealer
    assert sealer is not None
    packet = long_packet(network.client.session, sealer, kind, payload)
    network.server.receive(packet, network.now, CLIENT, None, 0)
    close = network.server.session.close
    return close.error_code, close.by_peer


def closed_in_0_rtt(payload: bytes) -> tuple[int, bool]:
    """Send a server a 0-RTT packet; return the code of its close, and whether that was the peer's."""
    from tests.http3.quic.test_early_data import begin, ticket
    from zttp_h3.tls.tickets import TicketKeys

    keys = TicketKeys()
    network = begin(keys, ticket(keys))
    sealer = network.client.session.zero_rtt_sealer
    assert sealer is not None
    packet = long_packet(network.client.session, sealer, ZERO_RTT, payload)
    network.flush()
    while network.server is None:
        network.step()
    network.server.receive(packet, network.now, CLIENT, None, 0)
    close = network.server.session.close
    return close.error_code, close.by_peer


FORBIDDEN = [
    ("STREAM", varints(0x0A, 0, 1) + b"x"),
    ("MAX_DATA", varints(0x10, 5)),
    ("NEW_CONNECTION_ID", varints(0x18, 1, 0, 8) + bytes(24)),
    ("PATH_CHALLENGE", varints(0x1A) + bytes(8)),
    ("RESET_STREAM", varints(0x04, 0, 0, 0)),
    ("a close of the application", varints(0x1D, 0, 0)),
    ("HANDSHAKE_DONE", varints(0x1E)),
    ("DATAGRAM", varints(0x31, 1) + b"x"),
]


@pytest.mark.parametrize("kind", [INITIAL, HANDSHAKE])
@pytest.mark.parametrize("payload", [row[1] for row in FORBIDDEN], ids=[row[0] for row in FORBIDDEN])
def test_frames_that_do_not_belong_into_the_handshake(payload: bytes, kind: int) -> None:
    # RFC 9221 5:
    # RFC 9000 17.2.4:
    # RFC 9000 12.4 MUST, table 3
    assert closed_in_handshake(kind, payload) == (Code.PROTOCOL_VIOLATION, False)


def test_what_is_wrong_beside_a_close_is_not_its_cause() -> None:
    # RFC 9000 10.2.2: the connection has ended, and the reason phrase is the peer's.
    network = meeting()
    assert network.server is not None
    session = network.client.session
    sealer = session.spaces[0].sealer
    assert sealer is not None
    offset = int(session.spaces[0].crypto.outgoing.sent)
    payload = varints(0x06, offset, 4) + b"\x01\0\0\0" + varints(0x1C, 0x0A, 0, 4) + b"mine"
    network.server.receive(long_packet(session, sealer, INITIAL, payload), network.now, CLIENT, None, 0)
    close = network.server.session.close
    assert (close.by_peer, close.error_code, close.reason) == (True, 0x0A, b"mine")
    assert close.cause is None


def test_an_initial_packet_in_a_small_datagram_is_dropped() -> None:
    # RFC 9000 14.1 MUST
    network = meeting()
    assert network.server is not None
    sealer = network.client.session.spaces[0].sealer
    assert sealer is not None
    packet = long_packet(network.client.session, sealer, INITIAL, varints(0x10, 5), size=1199)
    network.server.receive(packet, network.now, CLIENT, None, 0)
    assert network.server.session.close.state == 0


@pytest.mark.parametrize("payload", [varints(0x02, 0, 0, 0, 0), varints(0x06, 0, 1) + b"x", varints(0x1B) + bytes(8)])
def test_frames_that_do_not_belong_into_0_rtt(payload: bytes) -> None:
    # RFC 9000 12.4, 12.5
    assert closed_in_0_rtt(payload) == (Code.PROTOCOL_VIOLATION, False)


@pytest.mark.parametrize("name", ["original_destination", "initial_source", "retry_source"])
@pytest.mark.parametrize("given", [None, b"wrong"])
def test_connection_ids_that_are_not_those_of_the_handshake(name: str, given: bytes | None) -> None:
    # RFC 9000 7.3 MUST
    network = connected()
    session = network.client.session
    parameters = TransportParameters()
    parameters.original_destination_connection_id = session.original_id
    parameters.initial_source_connection_id = session.initial_source
    session.retry_source = b"retried" if name == "retry_source" and given is None else None
    setattr(parameters, name + "_connection_id", given)
    with pytest.raises(Malformed) as raised:
        _apply_parameters(session, encode(parameters, True))
    assert raised.value.error_code == Code.TRANSPORT_PARAMETER_ERROR


def test_a_preferred_address_of_a_server_without_connection_ids() -> None:
    # RFC 9000 18.2 MUST
    session = connected().client.session
    session.initial_source = b""
    parameters = TransportParameters()
    parameters.original_destination_connection_id = session.original_id
    parameters.initial_source_connection_id = b""
    parameters.preferred_address = PreferredAddress(bytes(4), 0, bytes(16), 0, b"12345678", bytes(16))
    with pytest.raises(Malformed) as raised:
        _apply_parameters(session, encode(parameters, True))
    assert raised.value.error_code == Code.TRANSPORT_PARAMETER_ERROR


MORE = [
    ("the connection ID of the packet retired", varints(0x19, 0), Code.PROTOCOL_VIOLATION),
    ("STOP_SENDING of a stream that is not open", varints(0x05, 1, 0), Code.STREAM_STATE_ERROR),
    ("a reset of a stream that is not open", varints(0x04, 1, 0, 0), Code.STREAM_STATE_ERROR),
    # RFC 9000 4.5
    (
        "a reset that changes the final size",
        varints(0x0B, 0, 2) + b"ab" + varints(0x04, 0, 0, 3),
        Code.FINAL_SIZE_ERROR,
    ),
    # RFC 9000 4.1
    (
        "bytes beyond the limit of the connection",
        b"".join(varints(0x0E, 4 * n, 200_000, 1) + b"x" for n in range(6)),
        Code.FLOW_CONTROL_ERROR,
    ),
    ("a challenge cut short", varints(0x1A) + bytes(7), Code.FRAME_ENCODING_ERROR),
    ("a connection ID of 21 bytes", varints(0x18, 9, 0, 21) + bytes(37), Code.FRAME_ENCODING_ERROR),
    ("an acknowledgment with half its counts", varints(0x03, 0, 0, 0, 0, 1), Code.FRAME_ENCODING_ERROR),
    ("a reason longer than its packet", varints(0x1C, 0, 0, 50) + b"x", Code.FRAME_ENCODING_ERROR),
    ("a stream longer than its packet", varints(0x0A, 0, 50) + b"x", Code.FRAME_ENCODING_ERROR),
    ("handshake bytes beyond what can be", varints(0x06, (1 << 62) - 1, 1) + b"x", Code.FRAME_ENCODING_ERROR),
]


@pytest.mark.parametrize(("payload", "code"), [row[1:] for row in MORE], ids=[row[0] for row in MORE])
def test_a_server_closes_with(payload: bytes, code: int) -> None:
    assert verdict(payload) == (1, code)


def test_a_number_that_was_left_out_is_not_acknowledged() -> None:
    # RFC 9000 13.1, 21.4: a peer that acknowledges it has not received it.
    network = connected()
    server = network.server
    assert server is not None
    skipped = int(server.session.loss.spaces[2].next_number)
    server.session.loss.spaces[2].skip()
    server.receive(sealed(network.client, varints(0x02, skipped, 0, 0, 0)), network.now, CLIENT, None, 0)
    assert server.session.close.error_code == Code.PROTOCOL_VIOLATION


def test_connection_ids_of_who_has_none() -> None:
    # RFC 9000 19.15 MUST, 19.16
    peer = PeerIds(b"")
    with pytest.raises(Malformed) as raised:
        peer.add(1, 0, b"12345678", bytes(16))
    assert raised.value.error_code == Code.PROTOCOL_VIOLATION
    own = LocalIds(b"", lambda: b"", lambda _: bytes(16), False)
    assert own.issue(4) == []
    with pytest.raises(Malformed) as raised:
        own.retire(0, b"")
    assert raised.value.error_code == Code.PROTOCOL_VIOLATION


def test_a_token_is_not_for_servers_and_handshake_done_not_for_who_is_not_done() -> None:
    # RFC 9000 19.7, 19.20
    assert verdict(varints(0x07, 1) + b"t") == (1, Code.PROTOCOL_VIOLATION)
    assert verdict(varints(0x1E), to_server=False) == (0, 0)
    network = connected()
    assert network.server is not None
    network.client.receive(sealed(network.server, varints(0x1E) * 3), network.now, SERVER, None, 0)
    assert network.client.session.close.state == 0
