"""Clauses of RFC 9000 and RFC 9001 one by one, which a peer violates before 1-RTT, or below its frames."""

import pytest
from librt.strings import BytesWriter

from tests.http3.quic.network import CLIENT, SERVER, Link, Network
from tests.http3.quic.test_misbehaving import ID, TOKEN, connected, new_id, sealed, varints, verdict
from tests.http3.quic.test_misbehaving_handshake import closed_in_0_rtt, closed_in_handshake, long_packet, meeting
from zttp_h3.codes import QuicErrorCode as Code
from zttp_h3.protection.packet_keys import Sealer, initial_opener
from zttp_h3.protection.retry_integrity import retry_tag
from zttp_h3.quic.session import Session
from zttp_h3.wire.frame_reader import read_crypto
from zttp_h3.wire.packet_header import read_long_header, retry_without_tag, write_long_header
from zttp_h3.wire.varint import patch_varint_of_2
from zttp_h3.wire.versions import HANDSHAKE, INITIAL, VERSION_2

ELSEWHERE = [
    ("RFC 9000 19.5: STOP_SENDING", varints(0x05, 0, 0)),
    ("RFC 9000 19.7: NEW_TOKEN", varints(0x07, 1) + b"t"),
    ("RFC 9000 19.10: MAX_STREAM_DATA", varints(0x11, 0, 9)),
    ("RFC 9000 19.11: MAX_STREAMS", varints(0x12, 9)),
    ("RFC 9000 19.12: DATA_BLOCKED", varints(0x14, 9)),
    ("RFC 9000 19.13: STREAM_DATA_BLOCKED", varints(0x15, 0, 9)),
    ("RFC 9000 19.14: STREAMS_BLOCKED", varints(0x16, 9)),
    ("RFC 9000 19.16: RETIRE_CONNECTION_ID", varints(0x19, 0)),
    ("RFC 9000 19.18: PATH_RESPONSE", varints(0x1B) + bytes(8)),
]


@pytest.mark.parametrize("payload", [row[1] for row in ELSEWHERE], ids=[row[0] for row in ELSEWHERE])
@pytest.mark.parametrize("kind", [INITIAL, HANDSHAKE])
def test_frames_of_other_packets(payload: bytes, kind: int) -> None:
    # RFC 9000 12.4 MUST, table 3
    assert closed_in_handshake(kind, payload) == (Code.PROTOCOL_VIOLATION, False)


NOT_EARLY = [
    ("RFC 9000 19.7: NEW_TOKEN", varints(0x07, 1) + b"t"),
    ("RFC 9000 19.16: RETIRE_CONNECTION_ID", varints(0x19, 0)),
    ("RFC 9000 19.20: HANDSHAKE_DONE", varints(0x1E)),
]


@pytest.mark.parametrize("payload", [row[1] for row in NOT_EARLY], ids=[row[0] for row in NOT_EARLY])
def test_frames_that_are_not_for_0_rtt(payload: bytes) -> None:
    # RFC 9000 12.5 MUST
    assert closed_in_0_rtt(payload) == (Code.PROTOCOL_VIOLATION, False)


IN_ONE_RTT = [
    ("RFC 9000 19.15: a connection ID again with another token", new_id(1, 0, ID, b"x" * 16), Code.PROTOCOL_VIOLATION),
    ("RFC 9000 19.15: a connection ID under two numbers", new_id(7, 7) + new_id(8, 7), Code.PROTOCOL_VIOLATION),
    ("RFC 9000 19.18: an answer cut short", varints(0x1B) + bytes(7), Code.FRAME_ENCODING_ERROR),
    ("RFC 9000 19.19: a close cut short", varints(0x1C, 0), Code.FRAME_ENCODING_ERROR),
    ("RFC 9000 19.4: a reset cut short", varints(0x04, 0, 0), Code.FRAME_ENCODING_ERROR),
    ("RFC 9000 19.8: a stream without its offset", varints(0x0C, 0), Code.FRAME_ENCODING_ERROR),
    ("RFC 9000 19.4: a reset beyond any stream", varints(0x04, 0, 0, (1 << 62) - 1), Code.FLOW_CONTROL_ERROR),
    ("RFC 9000 4.5: an end below what came", varints(0x0A, 0, 2) + b"ab" + varints(0x0F, 0, 0, 1) + b"a",
     Code.FINAL_SIZE_ERROR),
    ("RFC 9221 4: a DATAGRAM without a length that was not announced", varints(0x30) + b"x", Code.PROTOCOL_VIOLATION),
    ("RFC 9000 12.4: a type of 62 bits", b"\xff" * 8, Code.FRAME_ENCODING_ERROR),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "code"), [row[1:] for row in IN_ONE_RTT], ids=[row[0] for row in IN_ONE_RTT])
def test_a_server_closes_with(payload: bytes, code: int) -> None:
    assert verdict(payload) == (1, code)


def test_a_connection_id_that_is_said_twice_is_the_same() -> None:
    # RFC 9000 19.15: receiving the same frame multiple times is not an error.
    assert verdict(new_id(9, 8) * 3) == (0, 0)
    assert bytes(16) == TOKEN


def initial_with_token(session: Session, sealer: Sealer, source: bytes, token: bytes, payload: bytes) -> bytes:
    header = BytesWriter()
    at = write_long_header(header, session.version, INITIAL, session.peer_ids.current, source, token, 60, 2)
    payload += bytes(max(0, 1200 - len(header) - len(payload) - 16))
    patch_varint_of_2(header, at, 2 + len(payload) + 16)
    return sealer.seal(header, 2, 60, payload)


def test_a_server_has_no_token_in_its_initial_packets() -> None:
    # RFC 9000 17.2.2 MUST: discarded, or a PROTOCOL_VIOLATION.
    network = meeting()
    server = network.server
    assert server is not None
    sealer = server.session.spaces[0].sealer
    assert sealer is not None
    packet = initial_with_token(server.session, sealer, server.session.initial_id, b"token", varints(0x1E))
    network.client.receive(packet, network.now, SERVER, None, 0)
    close = network.client.session.close
    assert (int(close.state), close.by_peer) == (0, False) or close.error_code == Code.PROTOCOL_VIOLATION
    assert not network.client.session.received_any
    network.run()
    assert network.client.session.confirmed


@pytest.mark.parametrize("to_server", [True, False])
def test_the_connection_id_of_the_first_packet_is_kept(to_server: bool) -> None:
    # RFC 9000 7.2 MUST: later Initial packets that come from another one are discarded.
    network = meeting()
    server = network.server
    assert server is not None
    while not network.client.session.received_any:
        network.step()
    sender, receiver = (network.client, server) if to_server else (server, network.client)
    sealer = sender.session.spaces[0].sealer
    if sealer is None:  # the client discards it with its first Handshake packet
        pytest.skip("the keys of Initial packets are gone")
    packet = initial_with_token(sender.session, sealer, b"another1", b"", varints(0x1E))
    receiver.receive(packet, network.now, CLIENT if to_server else SERVER, None, 0)
    assert receiver.session.close.state == 0


def test_a_server_keeps_to_its_connection_id_in_all_packets() -> None:
    # RFC 9000 7.2 MUST: a client discards every packet that comes from another one, those of the handshake too.
    network = meeting()
    client = network.client.session
    while client.spaces[1].opener is None:
        network.step()
    assert network.server is not None
    theirs = network.server.session
    sealer = theirs.spaces[1].sealer
    assert sealer is not None
    own, theirs.initial_id = theirs.initial_id, b"another1"
    packet = long_packet(theirs, sealer, HANDSHAKE, varints(0x1E))  # a frame that would break the connection
    theirs.initial_id = own
    network.client.receive(packet, network.now, SERVER, None, 0)
    assert client.close.state == 0
    network.client.receive(long_packet(theirs, sealer, HANDSHAKE, varints(0x1E)), network.now, SERVER, None, 0)
    assert client.close.error_code == Code.PROTOCOL_VIOLATION


@pytest.mark.parametrize("first", [0x40, 0x00, 0xC0, 0xFF])
def test_a_stateless_reset_of_any_form(first: int) -> None:
    # RFC 9000 10.3 MUST: other versions may send it in a packet with a long header.
    network = connected()
    token = bytes(range(16))
    network.client.session.peer_ids.set_token(token)
    network.client.receive(bytes((first,)) + bytes(30) + token[:-1] + b"?", network.now, SERVER, None, 0)
    assert network.client.session.close.state == 0
    network.client.receive(bytes((first,)) + bytes(30) + token, network.now, SERVER, None, 0)
    assert network.client.session.close.was_reset
    assert network.client.datagrams_to_send(network.now) == []


@pytest.mark.parametrize("gap", [0, 1, 500])
def test_handshake_bytes_that_are_left_when_the_keys_change(gap: int) -> None:
    # RFC 9001 4.1.3 MUST: TLS continues with other keys, with received bytes that are not consumed, or follow a gap.
    network = Network()
    session = network.client.session
    hello = session.spaces[0].crypto.outgoing
    size = int(hello.written)
    sealer = session.spaces[0].sealer
    assert sealer is not None
    payload = varints(0x06, size + gap, 1) + b"\x14" + varints(0x06, 0, size) + hello.take(0, size, False)
    network._deliver(True, CLIENT, long_packet(session, sealer, INITIAL, payload), 0)
    assert network.server is not None
    close = network.server.session.close
    assert (int(close.error_code), close.by_peer) == (Code.PROTOCOL_VIOLATION, False)


def test_numbers_of_connection_ids_follow_each_other() -> None:
    # RFC 9000 5.1.1 MUST: otherwise the record of retired ones would grow without limit.
    network = connected()
    server = network.server
    assert server is not None
    for number in range(1, 100):
        heard = varints(0x02, int(server.session.loss.spaces[2].next_number) - 1, 0, 0, 0)
        name = number.to_bytes(8, "big")
        payload = heard + new_id(10 * number, 10 * number, name, name + bytes(8))
        server.receive(sealed(network.client, payload), network.now, CLIENT, None, 0)
        server.datagrams_to_send(network.now)
        if server.session.close.state != 0:
            break
    assert server.session.close.error_code == Code.PROTOCOL_VIOLATION
    assert len(server.session.peer_ids._retired) < 70


@pytest.mark.parametrize("to_server", [True, False])
def test_initial_packets_are_over_when_the_handshake_goes_on(to_server: bool) -> None:
    # RFC 9001 4.9.1 MUST
    network = meeting()
    server = network.server
    assert server is not None
    sender, receiver = (network.client, server) if to_server else (server, network.client)
    sealer = sender.session.spaces[0].sealer
    assert sealer is not None
    network.run()
    assert receiver.session.spaces[0].opener is None
    packet = long_packet(sender.session, sealer, INITIAL, varints(0x1E))
    receiver.receive(packet, network.now, CLIENT if to_server else SERVER, None, 0)
    assert receiver.session.close.state == 0


def test_handshake_packets_are_over_when_the_handshake_is_confirmed() -> None:
    # RFC 9001 4.9.2 MUST
    network = meeting()
    while network.client.session.spaces[1].sealer is None:
        network.step()
    sealer = network.client.session.spaces[1].sealer
    assert sealer is not None
    network.run()
    for side in network.sides():
        assert side.session.spaces[1].opener is None
        assert side.session.spaces[1].sealer is None
    assert network.server is not None
    packet = long_packet(network.client.session, sealer, HANDSHAKE, varints(0x1E))
    network.server.receive(packet, network.now, CLIENT, None, 0)
    assert network.server.session.close.state == 0


# ------------------------------------------------------------------------------------------------------------- Retry


def retry(network: Network, token: bytes = b"token", source: bytes = b"retrying", spoil: int = 0) -> bytes:
    session = network.client.session
    packet = retry_without_tag(session.version, session.initial_id, source, token, 0)
    tag = bytearray(retry_tag(session.version, session.original_id, packet))
    tag[0] ^= spoil
    return packet + bytes(tag)


def token_of(network: Network) -> bytes:
    """The token in the client's next datagram."""
    [first, *_] = network.client.datagrams_to_send(network.now)
    header = read_long_header(first[0], 0)
    assert header is not None
    return header.token


def begun() -> Network:
    network = Network()
    network.client.datagrams_to_send(network.now)
    return network


def test_a_retry_is_followed_once() -> None:
    # RFC 9000 17.2.5.2 MUST
    network = begun()
    for token in b"first", b"second":
        network.client.receive(retry(network, token, token + b"123"), network.now, SERVER, None, 0)
    assert token_of(network) == b"first"
    assert network.client.session.peer_ids.current == b"first123"


@pytest.mark.parametrize(
    "change",
    [{"spoil": 1}, {"token": b""}],
    ids=["a tag that is wrong", "no token"],
)
def test_a_retry_that_is_discarded(change: dict[str, bytes]) -> None:
    # RFC 9000 17.2.5.2 MUST, 17.2.5.1
    network = begun()
    before = network.client.session.peer_ids.current
    network.client.receive(retry(network, **change), network.now, SERVER, None, 0)  # type: ignore[arg-type]
    assert (network.client.session.token, network.client.session.peer_ids.current) == (b"", before)
    network.client.receive(retry(network), network.now, SERVER, None, 0)
    assert token_of(network) == b"token"


def test_a_retry_changes_the_connection_id() -> None:
    # RFC 9000 17.2.5.1 MUST: discarded, if it names the one that the client wrote to.
    network = begun()
    network.client.receive(retry(network, source=network.client.session.peer_ids.current), network.now, SERVER, None, 0)
    assert network.client.session.token == b""


def test_a_retry_after_an_initial_packet_is_discarded() -> None:
    # RFC 9000 17.2.5.2 MUST
    network = meeting()
    while not network.client.session.received_any:
        network.step()
    network.client.receive(retry(network), network.now, SERVER, None, 0)
    assert network.client.session.token == b""
    network.run()
    assert network.client.session.confirmed


# --------------------------------------------------------------------------------------------------- what we send


def initial_datagrams(network: Network, by_client: bool) -> list[bytes]:
    return [
        datagram
        for _, client, datagram in network.log
        if client == by_client and datagram[0] & 0xF0 == 0xC0  # version 1: Initial first
    ]


@pytest.mark.parametrize("seed", range(5))
def test_datagrams_with_initial_packets_are_large(seed: int) -> None:
    # RFC 9001 9.3:
    # RFC 9000 14.1 MUST: all of a client, and of a server those that elicit an acknowledgment.
    network = connected(link=Link(loss=0.2, jitter=20_000), seed=seed)
    assert min(len(datagram) for datagram in initial_datagrams(network, True)) >= 1200
    first, *_ = initial_datagrams(network, False)
    assert len(first) >= 1200


def test_a_server_without_the_budget_for_a_large_datagram_sends_no_initial_packet() -> None:
    # RFC 9000 14.1 MUST, 8.1: the client sends only its first datagram, and is probed until the budget is used.
    network = Network(Link(drop=lambda number, by_client, _: by_client and number > 0))
    network.run(9, until=lambda: network.now > 9_000_000)
    assert network.server is not None
    assert network.server.session.loss.probe_count > 2
    assert network.server.session.path.budget() < 1200
    sizes = [len(datagram) for datagram in initial_datagrams(network, False)]
    assert sizes == [1200, 1200]
    smaller = [len(datagram) for _, by_client, datagram in network.log if not by_client and len(datagram) < 1200]
    assert len(smaller) > 0  # with Handshake packets


def test_acknowledgments_are_not_acknowledged() -> None:
    # RFC 9000 13.2.1 MUST NOT: packets that are not ack-eliciting are not answered.
    network = connected()
    server = network.server
    assert server is not None
    for _ in range(20):
        packet = sealed(network.client, varints(0x02, 0, 0, 0, 0) + bytes(20))
        server.receive(packet, network.now, CLIENT, None, 0)
        assert server.datagrams_to_send(network.now) == []
    server.receive(sealed(network.client, varints(0x01)), network.now, CLIENT, None, 0)
    network.now += 100_000
    server.handle_timeout(network.now)
    assert len(server.datagrams_to_send(network.now)) == 1


def test_who_is_told_of_the_end_says_no_more_than_that() -> None:
    # RFC 9000 10.2.2 MUST NOT: in the draining state nothing is sent.
    network = connected()
    server = network.server
    assert server is not None
    stream = server.open(True)
    assert stream is not None
    server.session.streams.write(stream, b"x" * 5_000)
    server.receive(sealed(network.client, varints(0x1C, 0x2A, 0, 0)), network.now, CLIENT, None, 0)
    assert server.session.close.by_peer
    assert server.session.close.error_code == 0x2A
    assert len(server.datagrams_to_send(network.now)) <= 1  # 10.2.2: one CONNECTION_CLOSE may be sent
    for number in range(5):
        server.receive(sealed(network.client, varints(0x01)), network.now + number, CLIENT, None, 0)
        assert server.datagrams_to_send(network.now + number) == []


def test_a_probe_of_a_client_is_large_too() -> None:
    # RFC 9002 6.2.4:
    # RFC 9000 14.1 MUST, RFC 9002 6.2.2.1: a PING that keeps a server from waiting forever.
    network = meeting()
    session = network.client.session
    session.loss.take_back(0)  # as if all of it had been acknowledged
    session.spaces[0].probes = 1
    [(datagram, _, _)] = network.client.datagrams_to_send(network.now)
    assert len(datagram) == 1200


def test_a_stream_opens_those_of_its_type_below() -> None:
    # RFC 9000 3.2 MUST
    network = connected()
    server = network.server
    assert server is not None
    server.receive(sealed(network.client, varints(0x0A, 12, 0) + varints(0x0A, 6, 0)), network.now, CLIENT, None, 0)
    assert sorted(server.session.streams.streams) == [0, 2, 4, 6, 8, 12]


def test_stop_sending_is_answered_by_a_reset() -> None:
    # RFC 9000 3.5 MUST, 3.3 MUST NOT: and nothing of the stream is sent after it.
    network = connected()
    client = network.client
    assert network.server is not None
    stream = client.open(False)
    assert stream is not None
    client.session.streams.write(stream, b"x" * 5_000)
    for datagram, _, _ in client.datagrams_to_send(network.now)[:2]:  # the rest is lost
        network.server.receive(datagram, network.now, CLIENT, None, 0)
    theirs = network.server.session.streams.streams[int(stream.stream_id)]
    network.server.session.streams.stop(theirs, 77)
    for datagram, _, _ in network.server.datagrams_to_send(network.now):
        client.receive(datagram, network.now, SERVER, None, 0)
    for datagram, _, _ in client.datagrams_to_send(network.now + 100_000):
        network.server.receive(datagram, network.now, CLIENT, None, 0)
    assert theirs.incoming is not None
    assert theirs.incoming.reset_code == 77
    assert stream.outgoing is not None
    assert theirs.incoming.highest == stream.outgoing.sent == 5_000
    assert not stream.outgoing.pending()


@pytest.mark.parametrize("confirmed", [False, True])
def test_an_application_that_closes_early_is_not_heard_by_name(confirmed: bool) -> None:
    # RFC 9000 10.2.3 MUST: before 1-RTT its code and its reason are not disclosed.
    network = connected() if confirmed else meeting()
    server = network.server
    assert server is not None
    server.close(0x105, b"my reason", True)
    network.flush()
    network.run()
    close = network.client.session.close
    assert close.by_peer
    heard = (close.is_application, int(close.error_code), close.reason)
    assert heard == ((True, 0x105, b"my reason") if confirmed else (False, Code.APPLICATION_ERROR, b""))


def test_packets_of_another_version_are_discarded() -> None:
    # RFC 9000 5.2.1 MUST
    network = meeting()
    server = network.server
    assert server is not None
    for datagram, _, _ in server.datagrams_to_send(network.now):
        for version in (VERSION_2, 0x0A0A0A0A):
            changed = datagram[:1] + version.to_bytes(4, "big") + datagram[5:]
            network.client.receive(changed, network.now, SERVER, None, 0)
    assert not network.client.session.received_any
    assert network.client.session.close.state == 0


def test_after_a_retry_the_same_hello_leaves_in_packets_with_other_numbers() -> None:
    # RFC 9000 17.2.5.3 MUST
    network = begun()
    session = network.client.session
    hello = session.spaces[0].crypto.outgoing
    before = (int(session.loss.spaces[0].next_number), int(hello.written))
    network.client.receive(retry(network), network.now, SERVER, None, 0)
    [(datagram, _, _), *_] = network.client.datagrams_to_send(network.now)
    header = read_long_header(datagram, 0)
    assert header is not None
    opener = initial_opener(session.version, b"retrying", False, session.forgeries)
    _, number, payload = opener.open(datagram, 0, header.rest_at, header.stop, -1)
    assert number == before[0] > 0
    assert int(hello.written) == before[1]
    offset, start, after = read_crypto(payload, 1, len(payload), 0x06)
    assert (offset, after - start) == (0, before[1])
