"""A client whose address changes: a NAT has dropped its binding, or it is in another network (RFC 9000 9)."""

import pytest

from tests.http3.quic.network import CLIENT, Network

OTHER_PORT = (CLIENT[0], 2000)
OTHER_HOST = ("198.51.100.7", 3000)
THIRD_HOST = ("203.0.113.5", 4000)
CONTENT = bytes(range(256)) * 2_000


def downloading() -> Network:
    """A client that has sent a request, and received a first part of the answer."""
    network = Network(client_options={"stream_window": 1 << 22, "connection_window": 1 << 22}).run()
    assert network.server is not None
    stream = network.client.open(False)
    assert stream is not None
    network.client.session.streams.write(stream, b"question")
    network.client.session.streams.finish(stream)
    network.run(until=lambda: (True, 0) in network.ended)
    theirs = network.server.session.streams.streams[0]
    network.server.session.streams.write(theirs, CONTENT)
    network.server.session.streams.finish(theirs)
    return network.run(until=lambda: len(network.received.get((False, 0), b"")) > 50_000)


@pytest.mark.parametrize("address", [OTHER_PORT, OTHER_HOST])
def test_a_download_goes_on_at_another_address(address: object) -> None:
    # The client sends only one acknowledgment: at first three times that may be sent to it.
    network = downloading()
    moved = network.now
    network.client_address = address
    assert network.server is not None
    network.run(until=lambda: address in network.sent_to)
    # Only the path challenge: the window may have no room for other packets.
    assert network.server.session.path.challenges
    assert not network.server.session.path.full_size
    network.run(10)
    assert network.received[False, 0] == CONTENT
    assert network.now < moved + 3_000_000
    path = network.server.session.path
    assert path.peer == address
    assert path.validated
    assert path.full_size
    network.assert_settled()


@pytest.mark.parametrize("address", [OTHER_PORT, OTHER_HOST])
def test_what_goes_to_an_address_that_nobody_has_proven(address: object) -> None:
    # RFC 9000 9.3.1: an attacker repeats a packet of the client from the address of a victim, which does not answer.
    network = downloading()
    assert network.server is not None
    network.flush()
    network.client.session.ping_due = True
    network.now += 1_000
    [(stolen, _, _)] = network.client.datagrams_to_send(network.now)
    network.server.receive(stolen, network.now, address, None, 0)
    network.run(30)
    assert 0 < network.sent_to[address] <= 3 * len(stolen)
    assert network.received[False, 0] == CONTENT
    assert network.server.session.path.peer == CLIENT


@pytest.mark.parametrize("spare", [1, 2, 3])
def test_each_address_has_its_own_connection_id(spare: int) -> None:
    # RFC 9000 9.5 MUST NOT: both are asked whether the client is there, and the old one keeps what it had.
    network = downloading()
    assert network.server is not None
    session = network.server.session
    while len(session.peer_ids._spare) > spare:
        session.peer_ids._spare.popitem()
    before = session.peer_ids.current
    network.flush()
    network.client.session.ping_due = True
    [(moved, _, _)] = network.client.datagrams_to_send(network.now)
    network.server.receive(moved, network.now, OTHER_HOST, None, 0)
    used: dict[object, set[bytes]] = {}
    for datagram, path, _ in network.server.datagrams_to_send(network.now):
        used.setdefault(path.peer, set()).add(datagram[1 : 1 + len(before)])
    assert used == {CLIENT: {before}, OTHER_HOST: {session.peer_ids.current}}
    assert session.peer_ids.current != before


@pytest.mark.parametrize("next_address", [CLIENT, THIRD_HOST])
def test_an_address_that_is_left_before_its_answer_keeps_its_connection_id(next_address: object) -> None:
    # RFC 9000 9.5 MUST NOT: the challenges that are still repeated there do not have that of the next address.
    network = downloading()
    server = network.server
    assert server is not None
    network.flush()
    used: dict[object, set[bytes]] = {}

    def note() -> None:
        for datagram, path, _ in server.datagrams_to_send(network.now):
            used.setdefault(path.peer, set()).add(datagram[1:9])

    for address in (OTHER_HOST, next_address):
        network.client.session.ping_due = True
        [(moved, _, _)] = network.client.datagrams_to_send(network.now)
        server.receive(moved, network.now, address, None, 0)
        note()
    left = next(path for path in server.session.paths if path.peer == OTHER_HOST)
    while left in server.session.paths:
        network.now = server.next_timeout()
        server.handle_timeout(network.now)
        note()
    assert len(used[OTHER_HOST]) == 1
    assert used[OTHER_HOST].isdisjoint(used[CLIENT] | used[next_address])


def test_the_client_comes_back() -> None:
    network = downloading()
    network.client_address = OTHER_PORT
    for _ in range(20):
        network.step()
    network.client_address = CLIENT
    network.run(10)
    assert network.received[False, 0] == CONTENT
    assert network.server is not None
    assert network.server.session.path.peer == CLIENT
    network.assert_settled()


def test_who_sends_on_a_handshake_packet_from_elsewhere_proves_nothing() -> None:
    # RFC 9000 8.1: it proves the address that our Initial packets went to; one on the path can put any address on it.
    network = Network(client_options={"stream_window": 1 << 22, "connection_window": 1 << 22})
    client = network.client
    while not client.session.phases:
        assert network.step()
    stream = client.open(False)
    assert stream is not None
    client.session.streams.write(stream, b"question")
    network.client_address = OTHER_HOST
    before = network.bytes_sent[0]
    network.flush()
    sent_on = network.bytes_sent[0] - before
    network.client_address = CLIENT
    network.run(until=lambda: (True, 0) in network.received)
    assert network.server is not None
    theirs = network.server.session.streams.streams[0]
    network.server.session.streams.write(theirs, CONTENT)
    network.server.session.streams.finish(theirs)
    network.run(30)
    assert 0 < network.sent_to[OTHER_HOST] <= 3 * sent_on
    assert network.received[False, 0] == CONTENT
    assert network.server.session.path.peer == CLIENT
