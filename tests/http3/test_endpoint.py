"""Many connections behind one socket: routing, acceptance, Retry, resets, one timer (RFC 9000 5.2, 8, 10)."""

import os
from typing import Any

import pytest

from tests.http3.h3_pair import credentials
from zttp_core import CONNECTION_CLOSED, NEED_DATA, Data, EndOfMessage, Request, Response
from zttp_core.errors import RemoteProtocolError
from zttp_h3.close_info import CloseInfo
from zttp_h3.codes import QuicErrorCode
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.address_tokens import AddressTokens
from zttp_h3.endpoint.datagram_header import parse_datagram_header
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.limits import H3Limits
from zttp_h3.options import CLIENT


class House:
    """An endpoint with a server that answers everything, and clients at separate addresses; without delays."""

    def __init__(self, **options: Any) -> None:
        self.now = 1_000_000
        self.endpoint = QuicEndpoint(credentials=credentials(), **options)
        self.clients: dict[Any, H3Connection] = {}
        self.answers: dict[Any, list[Any]] = {}
        self.to_clients: list[tuple[Any, bytes]] = []

    def client(self, address: Any, **options: Any) -> H3Connection:
        given: dict[str, Any] = {"server_name": "localhost", "verify": credentials().certificate, **options}
        self.clients[address] = H3Connection(CLIENT, **given)
        self.answers[address] = []
        return self.clients[address]

    def ask(self, address: Any) -> None:
        self.clients[address].send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)

    def turn(self) -> None:
        """Transmit everything once, in both directions."""
        self.now += 1_000
        for address, client in list(self.clients.items()):
            for datagram in client.data_to_send(self.now):
                self.give(datagram, address)
        timeout = self.endpoint.next_timeout()
        if timeout is not None and timeout <= self.now:
            self.endpoint.handle_timeout(self.now)
            later = self.endpoint.next_timeout()
            assert later is None or later > self.now
        for leaving in self.endpoint.data_to_send(now=self.now):
            self.to_clients.append((leaving.peer_address, leaving.data))
            if leaving.peer_address in self.clients:
                self.clients[leaving.peer_address].receive_datagram(leaving.data, self.now, b"server")
        for address, client in self.clients.items():
            timeout = client.next_timeout()
            if timeout is not None and timeout <= self.now:
                client.handle_timeout(self.now)
            while (event := client.next_event()) is not NEED_DATA:
                self.answers[address].append(event)

    def give(self, datagram: bytes, address: Any) -> H3Connection | None:
        connection = self.endpoint.receive_datagram(datagram, address, self.now)
        if connection is not None:
            while (event := connection.next_event()) is not NEED_DATA:
                if isinstance(event, Data):
                    connection.consume_data(event.stream_id, len(event.data))
                if isinstance(event, EndOfMessage):
                    stream = connection.stream(event.stream_id)
                    stream.send_response(200, [(b"x-address", repr(address).encode())])
                    stream.end_message()
                assert event is not Request
        return connection

    def answered(self, address: Any) -> bool:
        return any(isinstance(event, Response) for event in self.answers[address])


def test_connections_do_not_mix() -> None:
    house = House()
    for number in range(30):
        house.client(("192.0.2.1", number))
        house.ask(("192.0.2.1", number))
    for _ in range(8):
        house.turn()
    assert len(house.endpoint.connections()) == 30
    for address, events in house.answers.items():
        [response] = [event for event in events if isinstance(event, Response)]
        assert (b"x-address", repr(address).encode()) in list(response.headers)


@pytest.mark.parametrize("retry", [True, False])
def test_an_address_is_proven_first_if_that_is_asked(retry: bool) -> None:
    # RFC 9000 8.1.2
    house = House(retry=retry)
    house.client("here")
    house.ask("here")
    house.turn()
    assert len(house.endpoint.connections()) == (0 if retry else 1)
    for _ in range(6):
        house.turn()
    assert house.answered("here")
    [connection] = house.endpoint.connections()
    assert connection.handshake_confirmed


@pytest.mark.parametrize("length", [4, 7, 20])
def test_a_retry_may_name_a_connection_id_of_any_length(length: int) -> None:
    # RFC 9000 7.2: only connection IDs chosen by clients have at least 8 bytes.
    house = House(retry=True, connection_id_length=length)
    house.client("here")
    house.ask("here")
    for _ in range(6):
        house.turn()
    assert house.answered("here")


def test_a_token_of_a_retry_is_for_its_address_alone() -> None:
    house = House(retry=True)
    client = house.client("here")
    house.turn()
    [datagram] = client.data_to_send(house.now)
    assert parse_datagram_header(datagram).token
    assert house.give(datagram, "elsewhere") is None
    assert house.give(datagram[:-1] + b"\x00", "here") is None
    assert house.give(datagram, "here") is not None


def test_a_token_of_a_retry_that_is_too_old_ends_the_connection_at_once() -> None:
    # RFC 9000 8.1.2: its client would follow no other Retry.
    house = House(retry=True)
    client = house.client("here")
    house.turn()
    late = client.data_to_send(house.now)
    house.now += 11_000_000
    for datagram in late:
        assert house.give(datagram, "here") is None
    [leaving, *_] = house.endpoint.data_to_send(now=house.now)
    client.receive_datagram(leaving.data, house.now, b"server")
    assert client.next_event() is CONNECTION_CLOSED
    assert client.close_info() == CloseInfo(QuicErrorCode.INVALID_TOKEN, b"", False)


def test_a_token_of_a_retry_from_another_address_ends_the_connection_at_once() -> None:
    # RFC 9000 8.1.2: so does a client behind a translator that gave it another port since. A second Retry would be
    # ignored (17.2.5.2), and the client would wait until its handshake times out.
    house = House(retry=True)
    client = house.client("here")
    house.turn()
    for datagram in client.data_to_send(house.now):
        assert house.give(datagram, "there") is None
    [leaving, *_] = house.endpoint.data_to_send(now=house.now)
    assert leaving.peer_address == "there"
    client.receive_datagram(leaving.data, house.now, b"server")
    assert client.next_event() is CONNECTION_CLOSED
    assert client.close_info() == CloseInfo(QuicErrorCode.INVALID_TOKEN, b"", False)


def test_a_token_for_later_from_another_address_proves_nothing() -> None:
    # RFC 9000 8.1.3: its client may have moved, and follows a Retry.
    house = House(retry=True)
    client = house.client("here")
    for _ in range(8):
        house.turn()
    [token] = client.validation_tokens()
    house.client("there", validation_token=token)
    house.ask("there")
    for _ in range(8):
        house.turn()
    assert house.answered("there")


@pytest.mark.parametrize("host", ["192.0.2.7", "192.0.2.8"])
def test_a_token_for_later_is_for_its_host_and_any_port(host: str) -> None:
    # RFC 9000 8.1.4 MUST: for the IP address. The port is that of an earlier socket.
    house = House(retry=True)
    client = house.client(("192.0.2.7", 50_000))
    for _ in range(8):
        house.turn()
    [token] = client.validation_tokens()
    back = house.client((host, 50_001), validation_token=token)
    [datagram, *_] = back.data_to_send(house.now)
    assert (house.give(datagram, (host, 50_001)) is not None) == (host == "192.0.2.7")


def test_a_token_for_later_is_good_once() -> None:
    # RFC 9000 8.1.3, 8.1.4 SHOULD: a copy of it proves nothing.
    house = House(retry=True)
    client = house.client("here")
    for _ in range(8):
        house.turn()
    [token] = client.validation_tokens()
    for known in (1, 2):
        copy = house.client("here", validation_token=token)
        [datagram, *_] = copy.data_to_send(house.now)
        begun = house.give(datagram, "here")
        assert (begun is None) == (known == 2)
    assert len(house.endpoint.connections()) == 2


def test_tokens_of_many_clients_are_good() -> None:
    # No client that comes back within the lifetime of a token, a day, gets a Retry.
    tokens = AddressTokens(bytes(32), 86_400_000_000, os.urandom)
    for number in range(6_000):
        token = tokens.for_later(number, 1, 1)
        assert tokens.check(token, number, 1, b"", 2) is not None
        assert tokens.check(token, number, 1, b"", 3) is None


def test_retry_begins_under_load() -> None:
    house = House(max_connections=4)
    for number in range(3):
        house.client(number)
        for datagram in house.clients[number].data_to_send(house.now):
            house.give(datagram, number)
    assert len(house.endpoint.connections()) == 3
    house.client("late")
    for datagram in house.clients["late"].data_to_send(house.now):
        assert house.give(datagram, "late") is None
    assert len(house.endpoint.connections()) == 3
    for _ in range(8):
        house.turn()
    assert house.clients["late"].handshake_confirmed


def test_no_more_connections_than_allowed() -> None:
    house = House(max_connections=2, retry=False)
    for number in range(3):
        house.client(number)
    for _ in range(6):
        house.turn()
    assert len(house.endpoint.connections()) == 2
    # RFC 9000 5.2.2: the third gets a refusal, and need not wait for a timeout.
    assert [client.is_closed() for client in house.clients.values()] == [False, False, True]
    assert house.clients[2].close_info() == CloseInfo(QuicErrorCode.CONNECTION_REFUSED, b"", False)


def test_a_version_that_is_not_spoken_gets_those_that_are() -> None:
    # RFC 9000 6.1
    house = House()
    datagram = b"\xc0\x00\x00\x00\x09\x08" + bytes(8) + b"\x04abcd" + bytes(1200)
    assert house.give(datagram, "here") is None
    [leaving] = house.endpoint.data_to_send(now=house.now)
    header = parse_datagram_header(leaving.data)
    assert (header.version, header.destination_connection_id, header.source_connection_id) == (0, b"abcd", bytes(8))
    assert b"\x00\x00\x00\x01" in leaving.data
    assert house.give(datagram[:1100], "here") is None
    assert house.endpoint.data_to_send(now=house.now) == []  # too small to be worth an answer


@pytest.mark.parametrize("version", [b"\x1a\x2a\x3a\x4a", b"\x2a\x3a\x4a\x5a"])
def test_a_version_that_is_not_spoken_is_never_offered(version: bytes) -> None:
    # RFC 9000 6.2: a client drops an answer that lists its own version; clients use reserved ones to test this.
    house = House()
    assert house.give(b"\xc0" + version + b"\x08" + bytes(8) + b"\x04abcd" + bytes(1200), "here") is None
    [leaving] = house.endpoint.data_to_send(now=house.now)
    assert version not in leaving.data


def test_a_datagram_for_nobody_is_answered_by_a_reset_that_ends_the_client() -> None:
    # RFC 9000 10.3: the server was started again, with the same secret.
    secret = bytes(32)
    house = House(secret=secret)
    client = house.client("here")
    house.ask("here")
    for _ in range(6):
        house.turn()
    house.endpoint = QuicEndpoint(credentials=credentials(), secret=secret)
    house.ask("here")
    for _ in range(4):
        house.turn()
    assert client.is_closed()
    assert len(house.to_clients[-1][1]) < 60


def test_resets_are_smaller_than_what_they_answer_and_few() -> None:
    house = House()
    for size in range(60):
        house.endpoint.receive_datagram(b"\x40" + bytes(size), "here", house.now)
        for leaving in house.endpoint.data_to_send(now=house.now):
            assert 21 <= len(leaving.data) < size + 1
    for _ in range(1_500):
        house.endpoint.receive_datagram(b"\x40" + bytes(60), "here", house.now)
    assert len(house.endpoint.data_to_send(now=house.now)) <= 1_000


def test_a_restart_is_told_to_many_clients_at_once() -> None:
    # RFC 9000 10.3: a client without a reset waits for the idle timeout.
    house = House()
    for number in range(900):
        house.endpoint.receive_datagram(b"\x40" + number.to_bytes(8, "big") + bytes(60), number, house.now)
    assert {leaving.peer_address for leaving in house.endpoint.data_to_send(now=house.now)} == set(range(900))


def test_a_connection_that_is_discarded_still_says_goodbye() -> None:
    # RFC 9000 10.2, 11
    house = House()
    client = house.client("here")
    house.ask("here")
    for _ in range(6):
        house.turn()
    [connection] = house.endpoint.connections()
    connection.close(0x100, b"over")
    lost = house.endpoint.data_to_send(connection, now=house.now)
    assert len(lost) == 1
    house.endpoint.discard(connection)
    assert house.endpoint.connections() == []
    house.ask("here")
    house.turn()
    assert client.is_closed()
    info = client.close_info()
    assert info is not None
    assert (info.error_code, info.reason, info.is_application) == (0x100, b"over", True)
    timeout = house.endpoint.next_timeout()
    assert timeout is not None
    house.endpoint.handle_timeout(timeout)
    assert house.endpoint.next_timeout() is None


def test_what_is_sent_of_one_connection_does_not_keep_it_from_those_that_send() -> None:
    # RFC 9114 5.2: the second GOAWAY is written while the datagrams after the first one are made.
    house = House(retry=False)
    client = house.client("here")
    client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")]).send_data(b"x")
    for _ in range(4):
        house.turn()
    [connection] = house.endpoint.connections()
    connection.shutdown()
    for _ in range(2):
        house.now += 50_000
        for leaving in house.endpoint.data_to_send(connection, now=house.now):
            client.receive_datagram(leaving.data, house.now, b"server")
        house.now += 50_000
        client.handle_timeout(house.now)  # its delayed acknowledgments
        for datagram in client.data_to_send(house.now):
            house.give(datagram, "here")
    stream = connection.stream(0)
    stream.send_response(200, [])
    stream.end_message()
    house.turn()
    assert house.answered("here")
    assert client.goaway_received() == 4


class RaisesOnce:
    """A callback for qlog: the first call after it was armed raises."""

    armed = False

    def __call__(self, event: dict[str, Any]) -> None:
        if self.armed:
            self.armed = False
            raise RuntimeError(event["name"])


def house_of_three(listener: RaisesOnce) -> House:
    house = House(retry=False, qlog=listener)
    for number in range(3):
        house.client(number)
    for _ in range(6):
        house.turn()
    return house


def test_a_callback_that_raises_stops_one_connection() -> None:
    listener = RaisesOnce()
    house = house_of_three(listener)
    for number in range(3):
        house.ask(number)
        for datagram in house.clients[number].data_to_send(house.now):
            house.give(datagram, number)
    listener.armed = True
    with pytest.raises(RuntimeError):
        house.endpoint.data_to_send(now=house.now)
    assert not listener.armed
    for _ in range(4):
        house.turn()
    assert [house.answered(number) for number in range(3)].count(True) == 2


def test_a_callback_that_raises_stops_the_timer_of_no_other_connection() -> None:
    listener = RaisesOnce()
    house = house_of_three(listener)
    for lost in (True, False):  # of two answers to each client the first is lost
        for number in range(3):
            house.ask(number)
            for datagram in house.clients[number].data_to_send(house.now):
                house.give(datagram, number)
        for leaving in house.endpoint.data_to_send(now=house.now):
            if not lost:
                house.clients[leaving.peer_address].receive_datagram(leaving.data, house.now, b"server")
    for number in range(3):
        for datagram in house.clients[number].data_to_send(house.now):
            house.give(datagram, number)
    house.endpoint.data_to_send(now=house.now)
    due = house.endpoint.next_timeout()
    assert due is not None
    house.now = due + 10_000
    listener.armed = True
    with pytest.raises(RuntimeError):
        house.endpoint.handle_timeout(house.now)
    assert not listener.armed
    house.endpoint.handle_timeout(house.now)
    later = house.endpoint.next_timeout()
    assert later is None or later > house.now
    house.turn()
    answers = [sum(isinstance(event, Response) for event in house.answers[number]) for number in range(3)]
    assert answers.count(2) >= 2


def test_a_client_that_moves_is_the_same_connection() -> None:
    # RFC 9000 9.3
    house = House()
    client = house.client(("192.0.2.1", 1))
    house.ask(("192.0.2.1", 1))
    for _ in range(6):
        house.turn()
    [connection] = house.endpoint.connections()
    house.clients[("192.0.2.1", 2)] = house.clients.pop(("192.0.2.1", 1))
    house.answers[("192.0.2.1", 2)] = []
    house.ask(("192.0.2.1", 2))
    for _ in range(6):
        house.turn()
    assert house.endpoint.connections() == [connection]
    assert house.answered(("192.0.2.1", 2))
    assert not client.is_closed()


@pytest.mark.parametrize("first", [b"\x40", b"\xc0"], ids=["short", "long"])
def test_a_stateless_reset_of_a_client_ends_its_connection(first: bytes) -> None:
    # RFC 9000 10.3.1 MUST: its connection ID belongs to no connection, and its last 16 bytes identify it.
    made: list[bytes] = []

    def entropy(size: int) -> bytes:
        made.append(os.urandom(size))
        return made[-1]

    house = House(retry=False)
    house.client(1, entropy=entropy)
    house.client(2)
    for address in (1, 2):
        house.ask(address)
    for _ in range(6):
        house.turn()
    resets = [first + os.urandom(40) + octets for octets in made if len(octets) == 16]
    assert [house.give(reset, 1) for reset in resets] == [None] * len(resets), "nothing was sent to those yet"

    house.clients[3] = house.clients.pop(1)  # it migrates, and its next connection ID is used
    house.answers[3] = []
    house.ask(3)
    for _ in range(6):
        house.turn()
    assert house.answered(3)
    [ended] = {connection for reset in resets if (connection := house.give(reset, 3)) is not None}
    assert ended.is_closed()
    [other] = set(house.endpoint.connections()) - {ended}
    assert not other.is_closed()

    house.endpoint.discard(ended)
    assert [house.give(reset, 3) for reset in resets] == [None] * len(resets)


def test_idle_connections_cost_no_time() -> None:
    house = House(limits=H3Limits(idle_timeout=600), retry=False)
    for number in range(40):
        house.client(number)
    for _ in range(60):
        house.turn()
    assert len(house.endpoint.connections()) == 40
    house.endpoint.data_to_send(now=house.now)
    assert house.endpoint.data_to_send(now=house.now) == []
    timeout = house.endpoint.next_timeout()
    assert timeout is not None
    assert timeout > house.now + 20_000_000


@pytest.mark.parametrize("options", [{"max_connections": 0}, {"connection_id_length": 3}, {"secret": b"short"}])
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        QuicEndpoint(credentials=credentials(), **options)


def test_connection_ids_can_name_their_worker() -> None:
    chance = iter(range(1, 1000))
    house = House(connection_id_factory=lambda size: b"\x07" + next(chance).to_bytes(size - 1, "big"))
    client = house.client("here")
    house.ask("here")
    for _ in range(6):
        house.turn()
    house.ask("here")
    [datagram, *_] = client.data_to_send(house.now)
    assert parse_datagram_header(datagram).destination_connection_id[0] == 7


@pytest.mark.parametrize("bad", [b"", b"\x00" * 20, b"\x40abc", b"\xc0\x00"])
def test_what_is_no_quic_packet(bad: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        parse_datagram_header(bad)
    assert raised.value.reason == "not_a_quic_packet"
    house = House()
    assert house.give(bad, "here") is None


def test_the_fixed_bit_says_nothing_to_a_router() -> None:
    # RFC 9287 3: an endpoint that announced this must ignore it, and our connections clear it at random.
    house = House()
    client = house.client("here")
    house.ask("here")
    firsts = set()
    for _ in range(40):
        house.turn()
        house.ask("here")
        for datagram in client.data_to_send(house.now):
            header = parse_datagram_header(datagram)
            assert header.destination_connection_id in house.endpoint._members._routes
            firsts.add((header.is_long_header, datagram[0] & 0x40))
            house.give(datagram, "here")
    assert {(False, 0), (False, 0x40)} <= firsts
    assert house.answered("here")
