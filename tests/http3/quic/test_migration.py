"""Path changes: the client migrates, its address changes, or an attacker pretends that (RFC 9000 8.2, 9)."""

from typing import Any

import pytest

from tests.http3.quic.network import CLIENT, SERVER, Link, Network
from tests.http3.quic.test_misbehaving import sealed, varints
from tests.http3.quic.test_transport import exchange
from zttp_h3.quic.connection_ids import PeerIds
from zttp_h3.quic.paths import Path, host_of
from zttp_h3.quic.transport import Transport
from zttp_h3.wire.transport_parameters import PreferredAddress, TransportParameters, decode, encode

NEW = ("198.51.100.7", 4000)
PORT = ("192.0.2.1", 2000)


def connected(link: Link | None = None, **options: Any) -> Network:
    network = Network(link, **options).run()
    network.other_addresses.add(NEW)
    return network


def both(network: Network) -> tuple[Transport, Transport]:
    assert network.server is not None
    return network.client, network.server


def datagrams_since(network: Network, start: int, *, by_client: bool) -> list[bytes]:
    return [datagram for _, of_client, datagram in network.log[start:] if of_client is by_client]


def ping(network: Network) -> bytes:
    """A packet of the client that is not a probe."""
    network.client.session.ping_due = True
    [(datagram, _, _)] = network.client.datagrams_to_send(network.now)
    return datagram


# ------------------------------------------------------------------------------------------------------- client


def test_a_client_moves_to_a_path_that_it_has_probed() -> None:
    network = connected()
    client, server = both(network)
    exchange(network, b"before", bytes(50_000))
    learned = client.session.loss.congestion.window
    ids = (client.session.peer_ids.current, server.session.peer_ids.current)
    start = len(network.log)
    assert client.migrate(SERVER, NEW)
    assert client.session.path.local is None  # not before the peer has answered there
    network.run()
    assert client.session.path.local == NEW
    assert server.session.path.peer == NEW
    assert server.session.path.validated
    # RFC 9000 9.5: both sides write to other connection IDs.
    assert client.session.peer_ids.current != ids[0]
    assert server.session.peer_ids.current != ids[1]
    # RFC 9000 8.2.1: probes are padded.
    assert len(datagrams_since(network, start, by_client=True)[0]) == 1200
    # RFC 9000 9.4: the measurements of the old path are discarded.
    assert client.session.loss.congestion.window <= 12_000 <= learned
    assert server.session.loss.congestion.window <= 13_000
    exchange(network, b"after", bytes(50_000))
    network.assert_settled()


def test_probes_use_a_connection_id_of_their_own() -> None:
    # RFC 9000 9.5 MUST NOT, in both directions.
    network = connected()
    client, server = both(network)
    used = {client.session.peer_ids.current, server.session.peer_ids.current}
    start = len(network.log)
    client.migrate(SERVER, NEW)
    while client.session.path.local is None:
        network.step()
    probes = [datagram for datagram in datagrams_since(network, start, by_client=True) if len(datagram) == 1200]
    answers = [datagram for datagram in datagrams_since(network, start, by_client=False) if len(datagram) == 1200]
    assert probes
    assert answers
    assert not {datagram[1:9] for datagram in probes + answers} & used


@pytest.mark.parametrize("lost", [1, 2, 3, 4])
def test_a_lost_probe_or_answer_is_sent_again(lost: int) -> None:
    network = connected()
    client, server = both(network)
    left = [lost]

    def drop(number: int, by_client: bool, datagram: bytes) -> bool:
        if len(datagram) == 1200 and left[0] > 0 and by_client == (lost % 2 == 0):
            left[0] -= 2
            return True
        return False

    network.link.drop = drop
    client.migrate(SERVER, NEW)
    network.run(until=lambda: client.session.candidate is None)
    assert client.session.path.local == NEW
    exchange(network, b"after", b"answer")
    assert server.session.path.peer == NEW


def test_a_client_that_would_rather_stay_gives_up_its_probe() -> None:
    network = connected()
    client, _ = both(network)
    spare = len(client.session.peer_ids._spare)
    assert client.migrate(SERVER, NEW)
    assert client.migrate(SERVER, None)  # its current path
    network.run()
    assert client.session.path.local is None
    assert len(client.session.paths) == 1
    assert len(client.session.peer_ids._spare) == spare
    exchange(network, b"after", b"answer")


def test_a_path_that_does_not_work_is_given_up() -> None:
    # RFC 9000 8.2.4, 9.2: the connection stays where it was.
    network = connected()
    client, _ = both(network)
    network.other_addresses.clear()
    client.migrate(SERVER, NEW)
    probed = 0
    while client.session.candidate is not None:
        assert network.step()
        probed += 1
    assert client.session.path.local is None
    assert [path.local for path in client.session.paths] == [None]
    exchange(network, b"still here", b"answer")
    network.assert_settled()


def test_a_second_move_replaces_the_first() -> None:
    network = connected()
    client, _ = both(network)
    other = ("198.51.100.8", 4000)
    network.other_addresses.add(other)
    client.migrate(SERVER, NEW)
    client.migrate(SERVER, other)
    network.run()
    assert client.session.path.local == other
    client.migrate(SERVER, NEW)
    network.run()
    assert client.session.path.local == NEW
    exchange(network, b"after", b"answer")


def test_many_moves_do_not_run_out_of_connection_ids() -> None:
    network = connected()
    client, server = both(network)
    for number in range(20):
        address = ("198.51.100.7", 5000 + number)
        network.other_addresses.add(address)
        assert client.migrate(SERVER, address)
        network.run()
        assert client.session.path.local == address
        assert server.session.path.peer == address
    exchange(network, b"after", b"answer")
    network.assert_settled()
    assert len(client.session.paths) <= 4
    assert len(server.session.paths) <= 4


def test_when_a_client_must_not_move() -> None:
    # RFC 9000 9 MUST NOT: before the handshake is confirmed; 18.2: against disable_active_migration.
    network = Network()
    assert not network.client.migrate(SERVER, NEW)
    network.run()
    client, server = both(network)
    assert not server.migrate(CLIENT, NEW)
    assert client.migrate(SERVER, None)  # its current path
    client.session.peer_ids._spare.clear()
    assert not client.migrate(SERVER, NEW)  # 9.5: no connection ID is left
    stays = Network(server_options={"declared": {"disable_active_migration": 1}}).run()
    assert stays.client.session.peer.disable_active_migration
    assert not stays.client.migrate(SERVER, NEW)


def test_a_client_discards_what_comes_from_elsewhere() -> None:
    # RFC 9000 9 MUST
    network = connected()
    client, server = both(network)
    packet = sealed(server, varints(0x10, 1 << 40))
    client.receive(packet, network.now, ("203.0.113.5", 443), None, 0)
    assert client.session.streams.credit.limit < 1 << 40
    client.receive(packet, network.now, SERVER, None, 0)
    assert client.session.streams.credit.limit == 1 << 40


def test_the_connection_id_of_a_preferred_address_is_the_second() -> None:
    # RFC 9000 5.1.1, 9.6, 18.2
    network = Network()
    parameters = TransportParameters()
    parameters.preferred_address = PreferredAddress(bytes(4), 0, bytes(16), 0, b"preferred", bytes(range(16)))
    assert decode(encode(parameters, True), True).preferred_address is not None
    original = network.server_options
    assert original is not None
    ids = network.client.session.peer_ids
    ids.add(1, 0, b"preferred", bytes(range(16)))
    assert ids.of_path(ids.reserve()) == b"preferred"
    assert ids.is_reset(bytes(range(16)))


# ------------------------------------------------------------------------------------------------------- server


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (("192.0.2.1", 443), "192.0.2.1"),
        (("2001:db8::1", 443, 0, 0), "2001:db8::1"),
        (b"whole", b"whole"),
        ((), ()),
        (None, None),
    ],
)
def test_the_host_of_an_address_is_all_but_the_port(address: Any, host: Any) -> None:
    # RFC 9000 8.1.4, 9.4; an address is any value of the caller.
    assert host_of(address) == host


@pytest.mark.parametrize("address", [PORT, NEW])
def test_a_server_follows_a_rebinding(address: Any) -> None:
    network = connected()
    _, server = both(network)
    exchange(network, b"before", bytes(50_000))
    learned = server.session.loss.congestion.window
    network.client_address = address
    exchange(network, b"after", b"answer")
    assert server.session.path.peer == address
    assert server.session.path.validated
    # RFC 9000 9.4: a new port alone does not mean a new path.
    assert (server.session.loss.congestion.window < learned) == (address == NEW)
    network.assert_settled()


def test_a_rebinding_whose_responses_are_lost() -> None:
    # RFC 9000 8.2.1: each challenge is another one.
    network = connected()
    _, server = both(network)
    network.client_address = NEW
    start = len(network.log)
    dropped: list[bytes] = []

    def drop(number: int, by_client: bool, datagram: bytes) -> bool:
        if by_client and len(datagram) == 1200 and len(dropped) < 2:
            dropped.append(datagram)
            return True
        return False

    network.link.drop = drop
    exchange(network, b"after", bytes(20_000))
    network.run(until=lambda: bool(server.session.path.validated))
    assert len(dropped) == 2
    assert server.session.path.peer == NEW
    assert len({datagram for datagram in datagrams_since(network, start, by_client=False) if len(datagram) == 1200}) > 2


def test_a_new_address_gets_three_times_what_came_from_it() -> None:
    # RFC 9000 8.1, 9.3.1, 8
    network = connected()
    client, server = both(network)
    stream = client.open(False)
    assert stream is not None
    client.session.streams.write(stream, b"question")
    client.session.streams.finish(stream)
    network.run()
    theirs = server.session.streams.streams[0]
    server.session.streams.write(theirs, bytes(100_000))
    came = sent = 0
    for _ in range(100):  # so small that only many of them allow a full datagram
        packet = ping(network)
        came += len(packet)
        server.receive(packet, network.now, NEW, None, 0)
        leaving = server.datagrams_to_send(network.now)
        sent += sum(len(datagram) for datagram, path, _ in leaving if path.peer == NEW)
        assert sent <= 3 * came
    assert server.session.path.peer == NEW
    assert sent > 2 * came, "what waits would have filled more"


def test_a_spoofed_address_is_left_again() -> None:
    # RFC 9000 9.3.2: the sender of a packet with a spoofed address cannot answer there.
    network = connected()
    _, server = both(network)
    server.receive(ping(network), network.now, NEW, None, 0)
    network.other_addresses.clear()
    assert server.session.path.peer == NEW
    while server.session.path.peer == NEW:
        assert network.step()
    assert server.session.path.peer == CLIENT
    exchange(network, b"after", b"answer")
    while len(server.session.paths) > 1:
        assert network.step()
    assert all(path.peer == CLIENT for path in server.session.paths)
    network.run()
    network.assert_settled()


def test_a_packet_that_somebody_forwards_moves_nobody_for_long() -> None:
    # RFC 9000 9.3.3: an off-path attacker forwards the client's packets, and is faster.
    network = connected()
    _, server = both(network)
    server.receive(ping(network), network.now, NEW, None, 0)
    assert server.session.path.peer == NEW
    assert any(path.peer == CLIENT and path.wants_probe() for path in server.session.paths)
    network.run(until=lambda: bool(server.session.path.peer == CLIENT), seconds=5)
    exchange(network, b"after", b"answer")


def test_a_probe_from_off_the_path_moves_nobody() -> None:
    # RFC 9000 9.1, 9.3.3: only non-probing packets migrate a connection; the answer goes where the probe came from.
    network = connected()
    client, server = both(network)
    client.session.path.begin_validation()
    [(probe, _, _)] = client.datagrams_to_send(network.now)
    server.receive(probe, network.now, NEW, None, 0)
    assert server.session.path.peer == CLIENT
    leaving = server.datagrams_to_send(network.now)
    assert [path.peer for datagram, path, _ in leaving if len(datagram) == 1200] == [NEW]
    exchange(network, b"after", b"answer")
    assert server.session.path.peer == CLIENT


def test_an_old_packet_from_elsewhere_moves_nobody() -> None:
    # RFC 9000 9.3: only the highest packet number counts.
    network = connected()
    _, server = both(network)
    old = ping(network)
    exchange(network, b"newer", b"answer")
    server.receive(old, network.now, NEW, None, 0)
    assert server.session.path.peer == CLIENT


def test_a_small_probe_proves_the_address_and_not_the_path() -> None:
    # RFC 9000 8.2.1: validation begins again at full size.
    path = Path(NEW, None, False)
    path.begin_validation()
    path.on_challenge_sent(b"12345678", 10, False)
    assert path.answers(b"12345678")
    assert path.validated
    assert path.challenge_due
    path.on_challenge_sent(b"abcdefgh", 20, True)
    assert path.answers(b"abcdefgh")
    assert not path.challenge_due


def test_any_outstanding_challenge_may_be_answered() -> None:
    path = Path(NEW, None, False)
    path.begin_validation()
    path.on_challenge_sent(b"12345678", 10, True)
    assert path.on_timeout(10, 20)
    path.on_challenge_sent(b"abcdefgh", 20, True)
    assert not path.answers(b"xxxxxxxx")
    assert path.answers(b"12345678")
    assert not path.answers(b"abcdefgh")


def test_a_connection_id_that_was_used_up_does_not_come_back() -> None:
    # RFC 9000 5.1.2, 19.15: NEW_CONNECTION_ID may be sent again although it arrived, and come when that one is retired.
    ids = PeerIds(b"first")
    ids.add(1, 0, b"second", bytes(16))
    assert ids.change()
    ids.add(2, 0, b"third", bytes(16))
    assert ids.change()
    ids.add(1, 0, b"second", bytes(16))
    assert not ids.has_spare()
    assert ids.current == b"third"


def test_no_timer_runs_for_a_probe_that_must_not_leave() -> None:
    # RFC 9002 6.2.2.1: without validation nothing is sent, and so nothing would postpone the timer.
    days = {"idle_timeout": 1_000_000_000_000}
    network = connected(client_options=days, server_options=days)
    _, server = both(network)
    exchange(network, b"question", b"answer")
    server.session.ping_due = True
    assert len(server.datagrams_to_send(network.now)) == 1
    server.receive(ping(network), network.now, NEW, None, 0)  # the last packet of the client
    calls = 0
    while not server.is_over():
        server.datagrams_to_send(network.now)
        network.now = int(server.next_timeout())
        server.handle_timeout(network.now)
        calls += 1
        assert calls < 50
    assert 0 < server.session.paths[-1].spendable() < 80
