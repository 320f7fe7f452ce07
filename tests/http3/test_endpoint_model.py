"""An endpoint against a plain model: datagrams of many clients over a bad path, calls and time in any order.

The model knows the sender of each datagram and its outcome. It checks: a datagram leads to its sender's connection; the
rules of acceptance hold; at most one connection breaks; the bytes sent to each address; all timers are kept; memory is
bounded; and, when the path is good again, every client gets an answer, or the end of its connection.
"""

import random
from typing import Any

import pytest

from tests.http3.h3_pair import credentials
from zttp_core import NEED_DATA, Data, EndOfMessage, Request, Response
from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.sentinels import CONNECTION_CLOSED
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.limits import H3Limits
from zttp_h3.options import CLIENT
from zttp_h3.outbound_datagram import OutboundDatagram
from zttp_h3.tls.tickets import TicketKeys
from zttp_h3.wire.packet_header import read_long_header

MOST = 6  # connections of an endpoint
VICTIM = "who never sent anything"
AMPLIFICATION = 3  # RFC 9000 8.1


class Client:
    """A client, its address, and its datagrams."""

    def __init__(self, number: int, chance: random.Random, token: bytes | None) -> None:
        self.number = number
        self.address = f"client {number}"
        self.connection = H3Connection(
            CLIENT,
            server_name="localhost",
            verify=credentials().certificate,
            entropy=chance.randbytes,
            validation_token=token,
        )
        self.asked = 0
        self.answers = 0
        self.over = False


def first_packet(datagram: bytes) -> bytes:
    """The first packet of a datagram: the rest may be changed or missing."""
    header = read_long_header(datagram, 0, True)
    return datagram if header is None else datagram[: header.stop]


class Town:
    """An endpoint, its clients, and the path between them."""

    def __init__(self, seed: int, retry: bool | None) -> None:
        self.chance = random.Random(seed)
        self.now = 1_000_000
        self.retry = retry
        self.endpoint = QuicEndpoint(
            credentials=credentials(),
            retry=retry,
            max_connections=MOST,
            entropy=self.chance.randbytes,
            tickets=TicketKeys(bytes(32), entropy=self.chance.randbytes),
            limits=H3Limits(idle_timeout=20),
        )
        self.clients: list[Client] = []
        self.makers: dict[bytes, Client] = {}
        self.owners: dict[H3Connection, Client] = {}  # the client of each connection
        self.known: set[H3Connection] = set()  # neither discarded nor refused
        self.kept: list[bytes] = []  # that arrive again, or late
        self.came: dict[Any, int] = {}
        self.went: dict[Any, int] = {}
        self.tokens: list[bytes] = []
        self.asked: dict[tuple[H3Connection, int], bool] = {}

    # -------------------------------------------------------------------------------------------------- the endpoint

    def give(self, datagram: bytes, address: Any) -> None:
        """Pass a datagram in, and compare the outcome with the model."""
        half_open = sum(not one.handshake_confirmed and not one.is_closed() for one in self.known)
        closed = {one for one in self.known if one.is_closed()}
        self.came[address] = self.came.get(address, 0) + len(datagram)
        connection = self.endpoint.receive_datagram(datagram, address, self.now)
        maker = self.makers.get(first_packet(datagram))
        if connection is not None and connection not in self.known:
            # RFC 9000 5.2, 8.1: only a client begins one, by an Initial packet, within limits, with a token if asked.
            assert maker is not None
            header = read_long_header(datagram, 0, True)
            assert header is not None
            assert header.kind == 0
            assert len(self.known) < MOST
            assert len(datagram) >= 1_200
            if self.retry or (self.retry is None and 2 * half_open > MOST):
                assert header.token
            self.known.add(connection)
            self.owners[connection] = maker
        elif connection is not None and maker is not None:
            assert self.owners[connection] is maker
        broken = {one for one in self.known if one.is_closed()} - closed
        assert broken <= {connection}
        if connection is not None:
            self.read(connection)
        self.check()

    def read(self, connection: H3Connection) -> None:
        """Answer complete requests."""
        try:
            while (event := connection.next_event()) not in (NEED_DATA, CONNECTION_CLOSED):
                if isinstance(event, Data):
                    connection.consume_data(event.stream_id, len(event.data))
                elif isinstance(event, EndOfMessage):
                    stream = connection.stream(event.stream_id)
                    stream.send_response(200, [(b"x", b"y" * self.chance.randrange(500))])
                    stream.send_data(bytes(self.chance.randrange(4_000)))
                    stream.end_message()
                assert not isinstance(event, Response)
        except RemoteProtocolError:
            assert connection.is_closed()

    def take(self) -> list[tuple[bytes, Any]]:
        """Take the output, by one of the two methods."""
        leaving: list[OutboundDatagram] = []
        if self.chance.random() < 0.3 and self.known:
            one = self.chance.choice(sorted(self.known, key=lambda one: self.owners[one].number))
            leaving += self.endpoint.data_to_send(one, now=self.now)
        leaving += self.endpoint.data_to_send(now=self.now)
        for datagram in leaving:
            assert 0 < len(datagram.data) <= 1_500  # no packet is larger than an Ethernet path carries
            self.went[datagram.peer_address] = self.went.get(datagram.peer_address, 0) + len(datagram.data)
        return [(datagram.data, datagram.peer_address) for datagram in leaving]

    def ring(self) -> None:
        due = self.endpoint.next_timeout()
        if due is not None and due <= self.now:
            self.endpoint.handle_timeout(self.now)
            later = self.endpoint.next_timeout()
            assert later is None or later > self.now
            for connection in list(self.known):
                self.read(connection)

    def check(self) -> None:
        """The conditions that always hold."""
        assert set(self.endpoint.connections()) == self.known
        assert len(self.known) <= MOST
        times = [time for one in self.known if (time := one.next_timeout()) is not None]
        due = self.endpoint.next_timeout()
        if times:
            assert due is not None
            assert due <= min(times)
        # RFC 9000 8.1, 9.3: an unvalidated address is sent at most three times the bytes received from it.
        assert self.went.get(VICTIM, 0) <= AMPLIFICATION * self.came.get(VICTIM, 0)
        endpoint = self.endpoint
        assert len(endpoint._own.waiting) <= 1_024
        assert len(endpoint._members._routes) <= 16 * len(self.known)
        assert len(endpoint._deadlines) <= 64 + 4 * MOST + 1
        assert endpoint._members.half_open <= len(self.known)

    # --------------------------------------------------------------------------------------------------- what happens

    def begin(self) -> None:
        token = self.chance.choice([None, b"made up" * 9, *self.tokens[-3:]])
        client = Client(len(self.clients), self.chance, token)
        self.clients.append(client)
        self.ask(client)

    def ask(self, client: Client) -> None:
        try:
            client.connection.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
            client.asked += 1
        except LocalProtocolError:
            client.over = client.over or client.connection.is_closed()

    def carry(self, bad: float) -> None:
        """Transmit the datagrams of clients, and those for them."""
        for client in self.clients:
            for datagram in client.connection.data_to_send(self.now):
                self.makers[first_packet(datagram)] = client
                self.kept.append(datagram)
                if self.chance.random() >= bad:
                    self.give(datagram, client.address)
                elif self.chance.random() < 0.5:
                    self.spoil(datagram, client.address)
        del self.kept[:-40]
        for datagram, address in self.take():
            for client in self.clients:
                if client.address == address and self.chance.random() >= bad / 2:
                    client.connection.receive_datagram(datagram, self.now, "server")
        for client in self.clients:
            due = client.connection.next_timeout()
            if due is not None and due <= self.now:
                client.connection.handle_timeout(self.now)
            self.hear(client)

    def hear(self, client: Client) -> None:
        try:
            while (event := client.connection.next_event()) is not NEED_DATA:
                client.answers += isinstance(event, EndOfMessage)
                client.over = client.over or event is CONNECTION_CLOSED
                assert not isinstance(event, Request)
        except RemoteProtocolError:
            client.over = True
        self.tokens += client.connection.validation_tokens()

    def spoil(self, datagram: bytes, address: Any) -> None:
        """Deliver a datagram that was changed in one of several ways."""
        chance = self.chance
        match chance.randrange(5):
            case 0:
                self.give(datagram[: chance.randrange(len(datagram))], address)
            case 1:
                at = chance.randrange(len(datagram))
                changed = datagram[:at] + bytes((datagram[at] ^ (1 << chance.randrange(8)),)) + datagram[at + 1 :]
                self.give(changed, address)
            case 2:
                self.give(datagram, address)
                self.give(datagram, address)
            case 3:
                self.give(datagram, VICTIM)
            case _:
                self.give(datagram + chance.randbytes(20), address)

    def intrude(self) -> None:
        """Datagrams of no client, or of another sender."""
        chance = self.chance
        match chance.randrange(4):
            case 0:
                self.give(chance.randbytes(chance.randrange(1, 1_300)), chance.choice([VICTIM, "noise"]))
            case 1:
                self.give(b"\xc0\0\0\0\1\x08" + chance.randbytes(1_250), VICTIM)
            case 2:
                self.give(b"\xc0\x1a\x2a\x3a\x4a\x08" + chance.randbytes(1_250), VICTIM)
            case _:
                if self.kept:
                    self.give(chance.choice(self.kept), chance.choice([VICTIM, *(one.address for one in self.clients)]))

    def act(self) -> None:
        """A call of the server program, or of a client."""
        chance = self.chance
        live = sorted(self.known, key=lambda one: (self.owners[one].number, repr(one)))
        match chance.randrange(6):
            case 0 if live:
                chance.choice(live).close()
            case 1 if live:
                self.discard(chance.choice(live))
            case 2 if self.clients:
                client = chance.choice(self.clients)
                client.address = f"{client.address}+"
            case 3 if self.clients:
                self.ask(chance.choice(self.clients))
            case 4:
                for one in live:
                    if one.is_closed():
                        self.discard(one)
            case _:
                self.now += chance.choice((1_000, 50_000, 400_000, 3_000_000))

    def discard(self, connection: H3Connection) -> None:
        self.endpoint.discard(connection)
        self.known.discard(connection)
        self.endpoint.discard(connection)  # nothing, the second time


@pytest.mark.parametrize("retry", [None, True, False])
@pytest.mark.parametrize("seed", range(3))
def test_any_schedule(seed: int, retry: bool | None) -> None:
    town = Town(seed, retry)
    for _ in range(70):
        what = town.chance.random()
        if what < 0.12:
            town.begin()
        elif what < 0.3:
            town.intrude()
        elif what < 0.45:
            town.act()
        else:
            town.carry(bad=0.3)
            town.now += 5_000
        town.ring()
        town.check()
    # The path is good again: every client gets an answer, the end of its connection, or a timeout.
    for _ in range(3_000):
        if all(client.over or client.answers == client.asked for client in town.clients):
            break
        town.carry(bad=0)
        town.ring()
        for connection in [one for one in town.known if one.is_closed()]:
            town.discard(connection)
        town.now += 20_000
    waiting = [client.number for client in town.clients if not client.over and client.answers < client.asked]
    assert waiting == []
    # Closed and lost connections leave nothing, after all their timers have ended.
    for connection in list(town.known):
        connection.close()
        town.take()
        town.discard(connection)
    town.now += 60_000_000
    town.ring()
    endpoint = town.endpoint
    assert (endpoint.connections(), endpoint.next_timeout()) == ([], None)
    assert not endpoint._members._routes
    assert not endpoint._tombstones
    assert endpoint._members.half_open == 0
    assert not endpoint.data_to_send(now=town.now)
    assert not endpoint._touched
