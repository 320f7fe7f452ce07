"""Connections over a simulated path: they are established, transmit their content, and become idle (RFC 9000)."""

from typing import Any

import pytest

from tests.http3.quic.network import Link, Network
from zttp_h3.codes import QuicErrorCode
from zttp_h3.tls.groups import SECP256R1, X25519, X25519MLKEM768


def test_a_handshake() -> None:
    # RFC 9001 4.1.2
    network = Network().run()
    assert network.server is not None
    for side in network.sides():
        assert side.session.confirmed
        assert side.session.handshake is not None
        assert side.session.handshake.complete
        assert side.session.spaces[0].discarded
        assert side.session.spaces[1].discarded
    network.assert_settled()
    assert network.sent[0] + network.sent[1] <= 8


def test_no_stream_identifier_is_used_twice() -> None:
    # RFC 9000 2.1: neither while a stream is open nor when it is forgotten.
    network = Network().run()
    numbers = [exchange(network, b"question", b"answer") for _ in range(3)]
    assert not network.client.session.streams.streams
    for unidirectional in (False, True, False, True):
        stream = network.client.open(unidirectional)
        assert stream is not None
        numbers.append(int(stream.stream_id))
    assert numbers == [0, 4, 8, 12, 2, 16, 6]


@pytest.mark.parametrize("suite", [0x1301, 0x1302, 0x1303])
def test_a_request_and_its_answer(suite: int) -> None:
    network = Network(suites=(suite,))
    network.run(until=lambda: bool(network.client.session.confirmed))
    exchange(network, b"request", b"answer" * 1000)
    network.assert_settled()


def exchange(network: Network, question: bytes, answer: bytes) -> int:
    """A stream that the client opens, and on which the server answers after the end of the request."""
    server = network.server
    assert server is not None
    stream = network.client.open(False)
    assert stream is not None
    number = int(stream.stream_id)
    answered: set[int] = set()

    def on_stream(is_server: bool, other: object) -> None:
        assert server is not None
        for key in list(network.ended):
            if key[0] and key[1] not in answered and key[1] in server.session.streams.streams:
                answered.add(key[1])
                theirs = server.session.streams.streams[key[1]]
                server.session.streams.write(theirs, answer)
                server.session.streams.finish(theirs)

    network.on_stream = on_stream
    network.client.session.streams.write(stream, question)
    network.client.session.streams.finish(stream)
    network.run()
    assert network.received.get((True, number), b"") == question
    assert network.received.get((False, number), b"") == answer
    assert (False, number) in network.ended
    assert number not in server.session.streams.streams
    assert number not in network.client.session.streams.streams
    return number


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    "link",
    [
        {"loss": 0.05},
        {"loss": 0.3},
        {"jitter": 30_000},
        {"duplicate": 0.5, "jitter": 5_000},
        {"corrupt": 0.1},
        {"loss": 0.1, "jitter": 30_000, "duplicate": 0.1, "corrupt": 0.05},
    ],
    ids=lambda link: " ".join(link),
)
def test_over_a_bad_path(link: dict[str, Any], seed: int) -> None:
    patient = {"handshake_timeout": 60_000_000}  # with a loss of a third a handshake may take longer
    network = Network(Link(**link), seed=seed, client_options=patient, server_options=patient)
    network.run(seconds=120, until=lambda: bool(network.client.session.confirmed))
    exchange(network, b"question" * 500, b"answer" * 5_000)
    network.assert_settled()


@pytest.mark.parametrize("size", [0, 1, 1000, 100_000, 3_000_000])
def test_transfers(size: int) -> None:
    network = Network()
    network.run(until=lambda: bool(network.client.session.confirmed))
    exchange(network, bytes(size), bytes(reversed(range(256))) * (size // 256))
    network.assert_settled()


def test_a_loss_with_thousands_of_packets_after_it() -> None:
    # A fast long path: the window is large when one packet is lost, and all later bytes wait for it.
    lost = 1_800
    link = Link(delay=100_000, drop=lambda number, by_client, _: number == lost and not by_client)
    network = Network(link, client_options={"stream_window": 6_000_000, "connection_window": 6_000_000})
    network.run(until=lambda: bool(network.client.session.confirmed))
    exchange(network, b"question", bytes(4_500_000))
    network.assert_settled()


def test_many_streams() -> None:
    network = Network()
    network.run(until=lambda: bool(network.client.session.confirmed))
    server = network.server
    assert server is not None
    streams = network.client.session.streams
    left = 1000
    while left or network.client.session.streams.streams:
        while left and streams.can_open(False):
            stream = network.client.open(False)
            assert stream is not None
            streams.write(stream, b"%d" % stream.stream_id)
            streams.finish(stream)
            left -= 1
        network.on_stream = lambda is_server, stream: echo(network) if is_server else None
        network.step()
    assert len(network.ended) == 2000
    assert all(network.received[False, number] == b"%d" % number for number in range(0, 4000, 4))
    network.run()
    network.assert_settled()
    assert not server.session.streams.streams


def echo(network: Network) -> None:
    assert network.server is not None
    streams = network.server.session.streams
    for is_server, number in list(network.ended):
        stream = streams.streams.get(number)
        if is_server and stream is not None and stream.outgoing is not None and stream.outgoing.final < 0:
            streams.write(stream, network.received[True, number])
            streams.finish(stream)


@pytest.mark.parametrize("groups", [(X25519, SECP256R1), (X25519MLKEM768, X25519)])
def test_groups(groups: tuple[int, ...]) -> None:
    network = Network(groups=groups, server_groups=groups[1:])
    network.run()
    assert network.client.session.confirmed


def test_a_server_sends_no_more_than_three_times_what_it_got() -> None:
    # RFC 9000 8:
    # RFC 9000 8.1: the client's second flight never arrives.
    network = Network(Link(drop=lambda number, by_client, datagram: by_client and number > 0))
    for _ in range(200):
        if not network.step() or network.now > 9_000_000:
            break
    assert network.server is not None
    assert network.bytes_sent[1] <= 3 * 1200


def test_silence_ends_a_connection() -> None:
    network = Network(client_options={"idle_timeout": 5_000_000})
    network.run()
    start = network.now
    while network.step():
        pass
    assert [side.is_over() for side in network.sides()] == [True, True]
    assert all(side.session.close.timed_out for side in network.sides())
    assert 4_900_000 <= network.now - start <= 6_000_000


def test_a_handshake_that_is_not_answered() -> None:
    network = Network(Link(drop=lambda number, by_client, datagram: True))
    while network.step():
        pass
    assert network.client.is_over()
    assert network.client.session.close.timed_out
    assert 2 <= network.sent[0] <= 20


def test_a_close_is_heard() -> None:
    network = Network().run()
    network.client.close(0x100, b"bye", True)
    network.run(until=lambda: network.server is not None and network.server.session.close.state != 0)
    assert network.server is not None
    close = network.server.session.close
    assert (close.error_code, close.reason, close.is_application, close.by_peer) == (0x100, b"bye", True, True)
    while network.step():
        pass
    assert all(side.is_over() for side in network.sides())


def test_reset_tokens_cannot_be_guessed() -> None:
    # RFC 9000 10.3: anyone who knows one can end the connection; also for a server without a configured secret.
    network = Network().run()
    tokens = {token for _, token in network.client.session.peer_ids._spare.values()}
    assert len(tokens) == 3
    assert bytes(16) not in tokens


def test_keys_of_before_are_kept_until_the_peer_follows() -> None:
    # RFC 9001 6.5: three PTO after a packet with new keys came, not after we began to use them.
    network = Network().run()
    assert network.server is not None
    exchange(network, b"question", b"answer")
    assert network.client.request_key_update()
    phases = network.client.session.phases
    assert phases is not None
    late = network.server.open(True)
    assert late is not None
    network.server.session.streams.write(late, b"with the keys of before")
    [(datagram, *_)] = network.server.datagrams_to_send(network.now)
    network.client.datagrams_to_send(network.now)  # never arrives
    for _ in range(3):
        timeout = network.client.next_timeout()
        network.now = max(network.now + 100_000, int(timeout))
        network.client.handle_timeout(network.now)
    assert phases.has_previous()
    network.client.receive(datagram, network.now, ("192.0.2.9", 443), None, 0)
    network.run(10)
    assert network.received[False, int(late.stream_id)] == b"with the keys of before"
    network.run(2, until=lambda: not phases.has_previous())


def test_the_longest_idle_timeout_that_a_peer_can_declare() -> None:
    # RFC 9000 10.1, 18.2: a variable-length integer of milliseconds, which may exceed 64 bits in microseconds.
    network = Network(client_options={"idle_timeout": 0}).run()
    client = network.client
    client.session.peer.max_idle_timeout = 0x3FFFFFFFFFFFFFFF
    client.handle_timeout(network.now)
    year = 365 * 24 * 3600 * 1_000_000
    assert client.next_timeout() > network.now + year
    client.handle_timeout(network.now + year)
    assert not client.is_over()


def test_keys_are_updated_long_before_they_are_worn_out() -> None:
    # RFC 9001 5.3 MUST, 6.6 MUST: without it a connection would end in the middle of ten gigabytes.
    network = Network().run()
    client, server = network.client, network.server
    assert server is not None
    for phases in (client.session.phases, server.session.phases):
        assert phases is not None
        phases.update_after = 100
    for _ in range(3):
        exchange(network, b"question", bytes(200_000))
    assert server.session.phases is not None
    assert server.session.phases.updates > 1
    network.assert_settled()


def test_worn_out_keys_end_the_connection() -> None:
    # RFC 9001 6.6 MUST: a peer that follows no update exhausts them. They protect nothing more, not even the close.
    network = Network().run()
    server = network.server
    assert server is not None
    phases = server.session.phases
    assert phases is not None
    phases._send_key._limit = phases._send_key.sealed + 5
    stream = server.open(True)
    assert stream is not None
    server.session.streams.write(stream, bytes(20_000))
    assert server.datagrams_to_send(network.now) == []
    assert server.is_over()
    assert server.session.close.cause == "confidentiality_limit"
    assert server.session.close.error_code == QuicErrorCode.AEAD_LIMIT_REACHED
