"""A server with a preferred address, and one that forbids migration (RFC 9000 9.6, 18.2)."""

from typing import Any

import pytest

from tests.http3.quic.network import CLIENT, SERVER, Network
from tests.http3.quic.test_misbehaving import sealed, varints
from tests.http3.quic.test_transport import exchange
from zttp_h3.quic.own_parameters import encoded
from zttp_h3.quic.transport import Transport
from zttp_h3.wire.transport_parameters import PreferredAddress

PREFERRED = ("192.0.2.200", 8443)
AWAY = ("198.51.100.7", 4000)


class Preferring(Network):
    """A server with two addresses, which announces the second to its client."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.preferred = PREFERRED
        self.on_accept = self.prefer
        self.preferred_id = b""
        self.other_addresses.add(AWAY)

    def prefer(self, server: Transport) -> None:
        session = server.session
        handshake: Any = session.handshake
        # RFC 9000 5.1.1: the connection ID of a preferred address is the second.
        [(sequence, self.preferred_id, token)] = session.local_ids.issue(2)
        assert sequence == 1
        session.own.preferred_address = PreferredAddress(
            bytes((192, 0, 2, 200)), 8443, bytes(16), 0, self.preferred_id, token
        )
        handshake._transport_parameters = encoded(session)


def both(network: Network) -> tuple[Transport, Transport]:
    assert network.server is not None
    return network.client, network.server


def test_a_client_that_is_not_asked_stays() -> None:
    # RFC 9000 9.6.1: the client is free to ignore it. Its connection ID is one of those for other paths.
    network = Preferring().run()
    client, server = both(network)
    exchange(network, b"question", b"answer")
    assert client.session.path.peer == SERVER
    assert client.session.peer_ids.has_spare()
    assert client.migrate(SERVER, AWAY)
    start = len(network.log)
    network.run(until=lambda: client.session.candidate is None)
    assert client.session.peer_ids.current == network.preferred_id  # 9.6.3: on any path
    assert any(datagram[1:9] == network.preferred_id for _, of_client, datagram in network.log[start:] if of_client)
    exchange(network, b"question", b"answer")
    network.assert_settled()
    assert (client.session.path.peer, server.session.path.peer) == (SERVER, AWAY)


def test_what_comes_from_there_unasked_is_discarded() -> None:
    # RFC 9000 9.6 SHOULD
    network = Preferring().run()
    client, server = both(network)
    packet = sealed(server, varints(0x10, 1 << 40))
    client.receive(packet, network.now, PREFERRED, None, 0)
    assert client.session.streams.credit.limit < 1 << 40


def test_a_stateless_reset_by_the_token_of_the_preferred_address() -> None:
    # RFC 9000 10.3.1 MUST NOT: the token of an unused connection ID is not a reset; after use it is.
    network = Preferring().run()
    client, _ = both(network)
    preferred = client.session.peer.preferred_address
    assert preferred is not None
    reset = b"\x40" + bytes(30) + preferred.reset_token
    client.receive(reset, network.now, SERVER, None, 0)
    assert not client.session.close.was_reset
    assert client.migrate(PREFERRED, None)
    network.run(until=lambda: client.session.candidate is None)
    client.receive(reset, network.now, PREFERRED, None, 0)
    assert client.session.close.was_reset


@pytest.mark.parametrize("forbids", [False, True])
def test_a_client_goes_there_once_it_is_validated(forbids: bool) -> None:
    # RFC 9000 21.5.3:
    # RFC 9000 9.6.1, 9.6.2 MUST; 18.2: disable_active_migration does not forbid that.
    network = Preferring(server_options={"declared": {"disable_active_migration": int(forbids)}}).run()
    client, server = both(network)
    exchange(network, b"before", b"answer")
    old_id = client.session.peer_ids.current
    assert client.migrate(PREFERRED, None)
    assert client.session.path.peer == SERVER  # until the server has answered there
    network.run()
    assert client.session.path.peer == PREFERRED
    assert client.session.path.validated
    assert client.session.peer_ids.current != old_id
    assert server.session.path.local == PREFERRED
    assert server.session.path.peer == CLIENT
    start = len(network.log)
    exchange(network, b"after", bytes(50_000))
    assert all(datagram[1:9] != old_id for _, of_client, datagram in network.log[start:] if of_client)
    network.assert_settled()
    # After that the client may migrate, although the server forbade it for the previous address.
    assert client.migrate(PREFERRED, AWAY)
    network.run()
    assert (client.session.path.peer, client.session.path.local) == (PREFERRED, AWAY)
    assert server.session.path.peer == AWAY
    exchange(network, b"away", b"answer")


def test_a_preferred_address_that_does_not_answer() -> None:
    # RFC 9000 9.6.1 MUST: the client continues to send to the original address.
    network = Preferring().run()
    client, server = both(network)
    probed = []

    def sent_there(number: int, by_client: bool, datagram: bytes) -> bool:
        probe = by_client and datagram[1:9] == network.preferred_id
        probed.append(probe)
        return probe

    network.link.drop = sent_there
    assert client.migrate(PREFERRED, None)
    while client.session.candidate is not None:
        assert network.step()
    assert sum(probed) == 3
    assert [path.peer for path in client.session.paths] == [SERVER]
    exchange(network, b"question", b"answer")
    assert server.session.path.local == SERVER
    network.assert_settled()
    assert network.preferred_id not in server.session.local_ids.active  # it was seen there, and is retired


def test_a_server_that_prefers_nothing_is_nowhere_else() -> None:
    # RFC 9000 9: only clients migrate.
    network = Network().run()
    assert not network.client.migrate(PREFERRED, None)
    assert network.client.session.candidate is None


def test_a_server_that_forbids_moves_follows_those_that_happen() -> None:
    # RFC 9000 18.2, 9: a NAT may have changed the client's address: it is validated, and then used.
    network = Network(server_options={"declared": {"disable_active_migration": 1}}).run()
    client, server = both(network)
    assert not client.migrate(SERVER, AWAY)
    network.client_address = AWAY
    exchange(network, b"after", b"answer")
    assert server.session.path.peer == AWAY
    assert server.session.path.validated
    network.assert_settled()


def test_a_client_that_forbids_moves_has_said_nothing_to_its_server() -> None:
    # RFC 9000 18.2: a server does not migrate; the parameter does not affect the client's own migrations.
    network = Network(client_options={"declared": {"disable_active_migration": 1}}).run()
    network.other_addresses.add(AWAY)
    client, server = both(network)
    assert server.session.peer.disable_active_migration
    assert client.migrate(SERVER, AWAY)
    network.run()
    assert server.session.path.peer == AWAY
    exchange(network, b"after", b"answer")
