"""A client that migrates, its statistics, and the ECN marks of datagrams, as programs see them (RFC 9000 9, 13.4)."""

from typing import Any

import pytest

from tests.http3.h3_pair import credentials
from zttp_core import NEED_DATA, EndOfMessage
from zttp_core.errors import LocalProtocolError
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.path_statistics import PathStatistics
from zttp_h3.wire.transport_parameters import PreferredAddress

SERVER_ADDRESS = ("203.0.113.1", 443)
PREFERRED = ("203.0.113.9", 8443)
HOME = ("192.0.2.1", 1)
AWAY = ("198.51.100.1", 2)


class Roaming:
    """A client with two addresses, and an endpoint."""

    def __init__(self, *, marks: bool = True) -> None:
        self.now = 1_000_000
        self.marks = marks
        self.endpoint = QuicEndpoint(credentials=credentials(), retry=False)
        self.client = H3Connection(CLIENT, server_name="localhost", verify=credentials().certificate)
        self.answers = 0
        self.left: list[Any] = []

    def ask(self) -> None:
        self.client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
        before = self.answers
        for _ in range(12):
            self.turn()
        assert self.answers == before + 1

    def turn(self) -> None:
        self.now += 5_000
        for leaving in self.client.data_to_send_with_addresses(self.now):
            self.left.append(leaving)
            source = leaving.local_address or HOME
            mark = leaving.ecn if self.marks else 0
            connection = self.endpoint.receive_datagram(leaving.data, source, self.now, ecn=mark)
            while connection is not None and (event := connection.next_event()) is not NEED_DATA:
                if isinstance(event, EndOfMessage):
                    connection.stream(event.stream_id).send_response(200, [], end_stream=True)
        for side in (self.endpoint, self.client):
            timeout = side.next_timeout()
            if timeout is not None and timeout <= self.now:
                side.handle_timeout(self.now)
        for leaving in self.endpoint.data_to_send(now=self.now):
            local = AWAY if leaving.peer_address == AWAY else HOME
            mark = leaving.ecn if self.marks else 0
            self.client.receive_datagram(leaving.data, self.now, SERVER_ADDRESS, local_address=local, ecn=mark)
        while (event := self.client.next_event()) is not NEED_DATA:
            self.answers += isinstance(event, EndOfMessage)


def test_a_client_moves_between_requests() -> None:
    roaming = Roaming()
    roaming.ask()
    roaming.client.migrate(AWAY)
    roaming.ask()
    roaming.ask()
    assert roaming.left[-1].local_address == AWAY
    [connection] = roaming.endpoint.connections()
    assert connection.statistics().rtt > 0
    roaming.client.migrate(HOME)
    roaming.ask()
    roaming.ask()
    assert roaming.left[-1].local_address == HOME
    assert roaming.endpoint.connections() == [connection]


@pytest.mark.parametrize("length", [0, 1, 20])
def test_a_client_that_chose_its_connection_id_moves(length: int) -> None:
    # RFC 9000 5.1, 9.5: the server uses another of the client's, which has the same length: short headers have none.
    roaming = Roaming()
    roaming.client = H3Connection(
        CLIENT, server_name="localhost", verify=credentials().certificate, connection_id=bytes(length)
    )
    roaming.ask()
    roaming.client.migrate(AWAY)
    roaming.ask()
    roaming.ask()
    assert roaming.left[-1].local_address == AWAY


def test_when_nobody_may_move() -> None:
    client = H3Connection(CLIENT, server_name="localhost", verify=False)
    with pytest.raises(LocalProtocolError) as raised:
        client.migrate(AWAY)
    assert raised.value.reason == "migration_not_possible"
    with pytest.raises(LocalProtocolError) as raised:
        H3Connection(SERVER).migrate(AWAY)
    assert raised.value.reason == "wrong_role"


def test_a_client_goes_where_its_server_would_rather_be() -> None:
    # RFC 9000 9.6; 18.2: a family without an address is all zeros.
    roaming = Roaming()
    assert roaming.client.preferred_addresses() == []
    roaming.ask()
    assert roaming.client.preferred_addresses() == []
    with pytest.raises(LocalProtocolError) as raised:
        roaming.client.migrate(None, PREFERRED)
    assert raised.value.reason == "migration_not_possible"
    assert roaming.client._session is not None
    peer = roaming.client._session.transport.session.peer
    ipv6 = bytes.fromhex("20010db8000000000000000000000001")
    peer.preferred_address = PreferredAddress(bytes(4), 0, ipv6, 443, b"12345678", bytes(16))
    assert roaming.client.preferred_addresses() == [("2001:db8::1", 443)]
    peer.preferred_address = PreferredAddress(bytes((203, 0, 113, 9)), 8443, ipv6, 443, b"12345678", bytes(16))
    assert roaming.client.preferred_addresses() == [PREFERRED, ("2001:db8::1", 443)]
    roaming.client.migrate(None, PREFERRED)
    roaming.ask()
    roaming.ask()
    assert roaming.left[-1].peer_address == PREFERRED


@pytest.mark.parametrize("marks", [True, False])
def test_marks_are_on_what_leaves_as_long_as_they_arrive(marks: bool) -> None:
    roaming = Roaming(marks=marks)
    for _ in range(5):
        roaming.ask()
    assert roaming.left[0].ecn == 2
    assert roaming.left[-1].ecn == (2 if marks else 0)
    statistics = roaming.client.statistics()
    assert statistics.ecn_capable is marks
    assert (statistics.ecn_ect0 > 5) is marks
    assert statistics.ecn_ce == 0


def test_statistics() -> None:
    roaming = Roaming()
    empty = roaming.client.statistics()
    assert (empty.rtt, empty.cwnd, empty.packets_sent, empty.mtu) == (0, 0, 0, 0)
    roaming.ask()
    statistics = roaming.client.statistics()
    assert isinstance(statistics, PathStatistics)
    assert 0 < statistics.min_rtt <= statistics.rtt <= 50_000
    assert statistics.cwnd >= 12_000
    assert statistics.mtu == 1200
    assert statistics.packets_sent >= len(roaming.left)
    assert statistics.packets_received >= 3
    assert statistics.packets_lost == statistics.packets_spurious == 0
    assert "packets_sent=" in repr(statistics)
    [connection] = roaming.endpoint.connections()
    theirs = connection.statistics()
    assert theirs.packets_received == statistics.packets_sent
