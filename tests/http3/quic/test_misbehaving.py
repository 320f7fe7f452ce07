"""A peer that has the keys and breaks the rules of QUIC: each gets the exact code (RFC 9000 11, 19, 20.1)."""

from collections.abc import Callable

import pytest
from librt.strings import BytesWriter

from tests.http3.quic.network import CLIENT, Network
from zttp_h3.codes import QuicErrorCode as Code
from zttp_h3.quic.transport import Transport
from zttp_h3.wire import frame_writer as write
from zttp_h3.wire.packet_header import write_short_header
from zttp_h3.wire.varint import write_varint


def connected(**options: object) -> Network:
    network = Network(**options)  # type: ignore[arg-type]
    return network.run()


def sealed(sender: Transport, payload: bytes) -> bytes:
    """A 1-RTT packet of ``sender`` with these frames."""
    session = sender.session
    phases = session.phases
    assert phases is not None
    sent = session.loss.spaces[2]
    number = sent.next_number
    sent.skip()
    sent._skipped.clear()  # it is sent after all
    header = BytesWriter()
    write_short_header(header, session.peer_ids.current, phases.phase_bit, number, 4)
    return phases.seal(header, 4, number, payload)


def varints(*values: int) -> bytes:
    writer = BytesWriter()
    for value in values:
        write_varint(writer, value)
    return writer.getvalue()


def verdict(payload: bytes, *, to_server: bool = True) -> tuple[int, int]:
    """The code with which the receiver closes the connection, and whether it detected the fault itself."""
    network = connected()
    server = network.server
    assert server is not None
    sender, receiver = (network.client, server) if to_server else (server, network.client)
    packet = sealed(sender, payload)
    address = CLIENT if to_server else ("192.0.2.9", 443)
    receiver.receive(packet, network.now + 1, address, None, 0)
    close = receiver.session.close
    assert not close.by_peer
    return int(close.state), int(close.error_code)


ID = b"12345678"
TOKEN = bytes(16)


def new_id(sequence: int, prior: int = 0, connection_id: bytes = ID, token: bytes = TOKEN) -> bytes:
    writer = BytesWriter()
    write.write_new_connection_id(writer, sequence, prior, connection_id, token)
    return writer.getvalue()


TO_SERVER = [
    # RFC 9000 12.4
    ("no frame", b"", Code.PROTOCOL_VIOLATION),
    # RFC 9000 12.4
    ("an unknown frame", varints(0x1F), Code.FRAME_ENCODING_ERROR),
    # RFC 9000 12.4, 16
    ("a frame type in two octets", b"\x40\x01", Code.PROTOCOL_VIOLATION),
    ("a frame cut short", varints(0x10) + b"\xc0", Code.FRAME_ENCODING_ERROR),
    ("NEW_TOKEN to a server", varints(0x07, 1) + b"t", Code.PROTOCOL_VIOLATION),
    ("HANDSHAKE_DONE to a server", varints(0x1E), Code.PROTOCOL_VIOLATION),
    ("an acknowledgment of what was not sent", varints(0x02, 1000, 0, 0, 0), Code.PROTOCOL_VIOLATION),
    ("an acknowledgment below zero", varints(0x02, 1, 0, 0, 2), Code.FRAME_ENCODING_ERROR),
    ("a stream of ours that we did not open", varints(0x08, 1), Code.STREAM_STATE_ERROR),
    ("a stream that only we send on", varints(0x08, 3), Code.STREAM_STATE_ERROR),
    # RFC 9000 4.6
    ("a stream beyond the limit", varints(0x08, 4 * 128), Code.STREAM_LIMIT_ERROR),
    # RFC 9000 4.6
    ("a one-way stream beyond the limit", varints(0x08, 4 * 8 + 2), Code.STREAM_LIMIT_ERROR),
    # RFC 9000 4.1
    ("bytes beyond the limit of the stream", varints(0x0C, 0, 256 * 1024) + b"x", Code.FLOW_CONTROL_ERROR),
    ("bytes beyond what a stream can have", varints(0x0C, 0, (1 << 62) - 1) + b"x", Code.FRAME_ENCODING_ERROR),
    # RFC 9000 4.5
    ("another final size", varints(0x0B, 0, 2) + b"ab" + varints(0x0B, 0, 1) + b"a", Code.FINAL_SIZE_ERROR),
    # RFC 9000 4.5
    ("bytes after the end", varints(0x0B, 0, 2) + b"ab" + varints(0x0E, 0, 2, 1) + b"c", Code.FINAL_SIZE_ERROR),
    # RFC 9000 4.5
    ("a reset below what came", varints(0x0A, 0, 2) + b"ab" + varints(0x04, 0, 0, 1), Code.FINAL_SIZE_ERROR),
    # RFC 9000 4.1
    ("a reset beyond the limit", varints(0x04, 0, 0, 1 << 30), Code.FLOW_CONTROL_ERROR),
    ("a reset of a stream that only we send on", varints(0x04, 3, 0, 0), Code.STREAM_STATE_ERROR),
    ("STOP_SENDING of a stream that we only receive on", varints(0x05, 2, 0), Code.STREAM_STATE_ERROR),
    ("MAX_STREAM_DATA of a stream that we only receive on", varints(0x11, 2, 9), Code.STREAM_STATE_ERROR),
    ("MAX_STREAM_DATA of a stream that is not open", varints(0x11, 1, 9), Code.STREAM_STATE_ERROR),
    ("STREAM_DATA_BLOCKED of a stream that only we send on", varints(0x15, 3, 9), Code.STREAM_STATE_ERROR),
    ("too many streams allowed", varints(0x12, (1 << 60) + 1), Code.FRAME_ENCODING_ERROR),
    ("too many streams wished for", varints(0x16, (1 << 60) + 1), Code.FRAME_ENCODING_ERROR),
    # RFC 9000 7.5
    ("handshake bytes far ahead", varints(0x06, 70_000, 1) + b"x", Code.CRYPTO_BUFFER_EXCEEDED),
    ("handshake bytes after the handshake", varints(0x06, 0, 4) + b"\x18\x00\x00\x00", 0x10A),
    ("a sequence number again, with another connection ID", new_id(1), Code.PROTOCOL_VIOLATION),
    ("a connection ID twice", new_id(8, 8) + new_id(9, 8), Code.PROTOCOL_VIOLATION),
    ("a connection ID of no bytes", varints(0x18, 9, 0, 0) + TOKEN, Code.FRAME_ENCODING_ERROR),
    ("retirement above the sequence number", new_id(2, 3), Code.FRAME_ENCODING_ERROR),
    # RFC 9000 5.1.1
    (
        "too many connection IDs",
        b"".join(new_id(20 + n, 0, bytes((n,)) * 8) for n in range(8)),
        Code.CONNECTION_ID_LIMIT_ERROR,
    ),
    # RFC 9000 5.1.1, 5.1.2
    (
        "connection IDs retired without end",
        b"".join(new_id(20 + n, 20 + n, bytes((n,)) * 8) for n in range(30)),
        Code.CONNECTION_ID_LIMIT_ERROR,
    ),
    ("retirement of what was never issued", varints(0x19, 99), Code.PROTOCOL_VIOLATION),
    ("a DATAGRAM that was not announced", varints(0x31, 1) + b"x", Code.PROTOCOL_VIOLATION),
    ("an empty token", varints(0x07, 0), Code.PROTOCOL_VIOLATION),
]


@pytest.mark.parametrize(("payload", "code"), [row[1:] for row in TO_SERVER], ids=[row[0] for row in TO_SERVER])
def test_a_server_closes_with(payload: bytes, code: int) -> None:
    assert verdict(payload) == (1, code)


TO_CLIENT = [
    ("an empty token", varints(0x07, 0), Code.FRAME_ENCODING_ERROR),
    ("a stream that only the client sends on", varints(0x08, 2), Code.STREAM_STATE_ERROR),
    # RFC 9000 4.6
    ("more streams than a client takes", varints(0x08, 1 + 4 * 128), Code.STREAM_LIMIT_ERROR),
    # RFC 9001 4.4
    ("a CertificateRequest after the handshake", varints(0x06, 0, 4) + b"\x0d\x00\x00\x00", Code.PROTOCOL_VIOLATION),
    # RFC 9001 6
    ("a KeyUpdate of TLS", varints(0x06, 0, 5) + b"\x18\x00\x00\x01\x00", 0x10A),
]


@pytest.mark.parametrize(("payload", "code"), [row[1:] for row in TO_CLIENT], ids=[row[0] for row in TO_CLIENT])
def test_a_client_closes_with(payload: bytes, code: int) -> None:
    assert verdict(payload, to_server=False) == (1, code)


HARMLESS = [
    ("padding", bytes(100)),
    ("a ping", varints(0x01)),
    ("limits below those there are", varints(0x10, 0) + varints(0x12, 0) + varints(0x13, 0)),
    ("wishes", varints(0x14, 5) + varints(0x16, 5) + varints(0x17, 5)),
    ("an empty stream frame", varints(0x08, 0)),
    ("a challenge", varints(0x1A) + bytes(8)),
    ("an answer to no challenge", varints(0x1B) + bytes(8)),
    ("an acknowledgment twice", varints(0x02, 0, 0, 0, 0) * 2),
]


@pytest.mark.parametrize("payload", [row[1] for row in HARMLESS], ids=[row[0] for row in HARMLESS])
def test_what_breaks_nothing(payload: bytes) -> None:
    assert verdict(payload) == (0, 0)


# ------------------------------------------------------------------------------------------------------ abuse limits


def flood(make: Callable[[int], bytes], count: int) -> Network:
    network = connected()
    server = network.server
    assert server is not None
    for number in range(count):
        server.receive(sealed(network.client, make(number)), network.now + number, CLIENT, None, 0)
    return network


def test_challenges_are_answered_a_few_at_a_time() -> None:
    # CVE-2023-49295, CVE-2023-6193: the number of waiting answers is limited.
    network = flood(lambda number: (varints(0x1A) + number.to_bytes(8, "big")) * 20, 200)
    assert network.server is not None
    assert all(len(path.responses) <= 4 for path in network.server.session.paths)


def test_new_paths_are_bounded() -> None:
    network = connected()
    assert network.server is not None
    for number in range(100):
        packet = sealed(network.client, varints(0x1A) + bytes(8))
        network.server.receive(packet, network.now, ("198.51.100.1", number), None, 0)
    assert len(network.server.session.paths) <= 4


def test_gaps_in_packet_numbers_are_bounded() -> None:
    # RFC 9000 13.2.3
    network = connected()
    assert network.server is not None
    for number in range(1000):
        network.client.session.loss.spaces[2].skip()
        network.server.receive(sealed(network.client, varints(0x01)), network.now + number, CLIENT, None, 0)
    assert len(network.server.session.spaces[2].received.numbers) <= 64


def test_a_duplicate_is_processed_once() -> None:
    # RFC 9000 12.3
    network = connected()
    server = network.server
    assert server is not None
    packet = sealed(network.client, varints(0x0B, 0, 1) + b"x")
    for _ in range(5):
        server.receive(packet, network.now, CLIENT, None, 0)
    network.read_all()
    assert network.received[True, 0] == b"x"


def test_noise_changes_nothing() -> None:
    network = connected()
    server = network.server
    assert server is not None
    for size in range(0, 1300, 7):
        noise = network.chance.randbytes(size)
        server.receive(noise, network.now, CLIENT, None, 0)
        server.receive(b"\x40" + noise, network.now, CLIENT, None, 0)
        server.receive(b"\xc0\x00\x00\x00\x01" + noise, network.now, CLIENT, None, 0)
    assert server.session.close.state == 0


@pytest.mark.parametrize("seed", range(6))
def test_mutated_frames_close_or_are_taken_and_nothing_else(seed: int) -> None:
    """Frames are mutated before encryption, so that the AEAD accepts them."""
    network = connected(seed=seed)
    server = network.server
    assert server is not None
    chance = network.chance
    seeds = [row[1] for row in TO_SERVER if row[1]] + [row[1] for row in HARMLESS]
    for _ in range(150):
        payload = bytearray(b"".join(chance.choice(seeds) for _ in range(chance.randint(1, 3))))
        for _ in range(chance.randint(0, 3)):
            payload[chance.randrange(len(payload))] = chance.choice((0, 1, 8, 0x40, 0x80, 0xFF, chance.randrange(256)))
        server.receive(sealed(network.client, bytes(payload)), network.now, CLIENT, None, 0)
        server.datagrams_to_send(network.now)
        server.handle_timeout(network.now + 1)
        close = server.session.close
        if close.state != 0:
            assert close.by_peer or close.error_code in {*Code, 0x10A, 0x132, 0x12F, *range(0x100, 0x200)}
            network = connected(seed=seed + 1)
            server = network.server
            assert server is not None
