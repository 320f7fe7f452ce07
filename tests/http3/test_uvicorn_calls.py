"""uvicorn's HTTP/3 server depends on these names and this behaviour: its calls, with our clients and aioquic's."""

from typing import Any

import pytest

import zttp
from tests.http3.h3_pair import credentials
from tests.http3.test_against_aioquic import Theirs
from tests.http3.uvicorn_calls import Cycle, Server

HOME = ("198.51.100.7", 50_000)
HOST = [(b"host", b"localhost")]


def echo(cycle: Cycle) -> None:
    cycle.receive()
    if cycle.complete:
        headers = [(b"content-length", b"%d" % len(cycle.received)), (b"x-path", cycle.request.path)]
        cycle.respond(200, headers, cycle.received)


class Client:
    """A client of ours at an address, as uvicorn's tests make one."""

    def __init__(self, server: Server, address: tuple[str, int] = HOME) -> None:
        self.server = server
        self.address = address
        self.connection = zttp.Connection(
            zttp.CLIENT,
            protocol=zttp.HTTP3,
            server_name=b"localhost",
            connection_id=b"uvicorn1",
            verify=credentials().certificate,
        )
        self.events: list[Any] = []

    def turn(self) -> None:
        """Transmit everything once, in both directions, and let the timers run."""
        server = self.server
        server.now += 1_000
        timeout = self.connection.next_timeout()
        if timeout is not None and timeout <= server.now:
            self.connection.handle_timeout(server.now)
        for datagram in self.connection.data_to_send(server.now):
            server.datagram_received(datagram, self.address)
        if server.timer is not None and server.timer <= server.now:
            server.timeout()
        sent, server.sent = server.sent, []
        for data, address in sent:
            if address == self.address:
                self.connection.receive_datagram(data, server.now, b"address")
        while (event := self.connection.next_event()) is not zttp.NEED_DATA:
            self.events.append(event)

    def turns(self, number: int = 12) -> "Client":
        for _ in range(number):
            self.turn()
        return self

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def content(self) -> bytes:
        return b"".join(event.data for event in self.of(zttp.Data))


def connected(application: Any = echo) -> tuple[Server, Client]:
    server = Server(application, credentials())
    return server, Client(server)


def test_the_first_datagrams_are_an_initial_then_a_retry_then_a_connection() -> None:
    server, client = connected()
    [initial] = client.connection.data_to_send()
    header = zttp.parse_datagram_header(initial)
    assert header.is_initial
    assert header.source_connection_id == b"uvicorn1"
    server.datagram_received(initial, HOME)
    assert server.cycles == {}  # RFC 9000 8.1.2: the address must be validated
    [(retry, address)] = server.sent
    assert address == HOME
    client.connection.receive_datagram(retry, server.now, b"address")
    client.turn()
    assert len(server.cycles) == 1


@pytest.mark.parametrize("junk", [b"", b"\x00", b"\x3f" * 20, b"\xc0\x00", b"\x80" * 6])
def test_what_is_no_packet_is_a_remote_protocol_error(junk: bytes) -> None:
    server, _ = connected()
    server.datagram_received(junk, HOME)
    assert (server.dropped, server.sent) == (1, [])


def test_requests_and_answers() -> None:
    server, client = connected()
    client.connection.send_request(b"GET", b"/a?b", b"3", HOST, end_stream=True)
    stream = client.connection.send_request(b"POST", b"/b", b"3", HOST)
    stream.send_data(b"x" * 5_000)
    stream.end_message()
    client.turns()
    assert [(one.status_code, one.headers.get(b"x-path")) for one in client.of(zttp.Response)] == [
        (200, b"/a"),
        (200, b"/b"),
    ]
    assert client.content() == b"x" * 5_000
    assert all(isinstance(one.peer_address, bytes) for one in server.endpoint.data_to_send())


def test_a_slow_application_slows_its_client_down() -> None:
    cycles: list[Cycle] = []
    _, client = connected(lambda cycle: cycles.append(cycle) if cycle not in cycles else None)
    stream = client.connection.send_request(b"POST", b"/", b"3", HOST)
    stream.send_data(bytes(3_000_000))
    stream.end_message()
    client.turns(200)
    [cycle] = cycles
    held = sum(len(piece) for piece in cycle.waiting)
    assert held <= 262_144  # the stream's window, not a byte more
    assert client.connection.has_pending_send()
    for _ in range(3_000):
        cycle.receive()
        client.turn()
        if cycle.complete and not cycle.waiting:
            break
    assert len(cycle.received) == 3_000_000


def test_an_answer_before_the_upload_has_ended_and_bytes_that_come_late() -> None:
    def hasty(cycle: Cycle) -> None:
        if not cycle.disconnected:
            cycle.respond(413, [(b"content-length", b"0")])
            cycle.server.cycles[cycle.connection].pop(cycle.stream_id)

    server, client = connected(hasty)
    stream = client.connection.send_request(b"POST", b"/", b"3", HOST)
    client.turns()
    assert [one.status_code for one in client.of(zttp.Response)] == [413]
    stream.send_data(bytes(600_000))
    stream.end_message()
    client.turns(200)  # the stream is unknown: its credit is returned at once, and the upload ends
    assert not client.connection.has_pending_send()
    [connection] = server.endpoint.connections()
    connection.consume_data(int(stream.stream_id), 10)  # no effect on a stream that has ended
    client.connection.send_request(b"GET", b"/", b"3", HOST, end_stream=True)
    client.turns()
    assert [one.status_code for one in client.of(zttp.Response)] == [413, 413]


def test_a_stream_is_reset_without_a_code() -> None:
    _, client = connected(lambda cycle: cycle.abort())
    client.connection.send_request(b"GET", b"/", b"3", HOST, end_stream=True)
    client.turns()
    [reset] = client.of(zttp.RstStream)
    assert reset.error_code == zttp.H3ErrorCode.H3_REQUEST_CANCELLED


def test_a_client_that_closes_while_requests_run() -> None:
    cycles: list[Cycle] = []
    server, client = connected(lambda cycle: cycles.append(cycle) if cycle not in cycles else None)
    client.connection.send_request(b"POST", b"/", b"3", HOST)
    client.turns()
    client.connection.close()
    client.turns(3)
    assert [cycle.disconnected for cycle in cycles] == [True]
    assert server.endpoint.connections() == []
    with pytest.raises(zttp.LocalProtocolError):
        cycles[0].respond(200, [])  # the application learns it by its next receive()
    cycles[0].abort()


def test_503_while_it_shuts_down_and_then_goodbye() -> None:
    server, client = connected()
    client.connection.initiate_connection()
    client.turns()
    server.shut_down()
    client.connection.send_request(b"GET", b"/", b"3", HOST, end_stream=True)
    client.turns()
    [response] = client.of(zttp.Response)
    assert (response.status_code, client.content()) == (503, b"Service Unavailable")
    server.close_all()
    client.turns(2)
    info = client.connection.close_info()
    assert info == zttp.CloseInfo(0x100, b"", True)
    assert client.events[-1] is zttp.CONNECTION_CLOSED
    assert server.endpoint.connections() == []


def test_what_was_discarded_is_still_answered_for_a_while() -> None:
    server, client = connected()
    client.connection.initiate_connection()
    client.turns()
    server.close_all()
    server.sent.clear()  # lost
    client.connection.send_request(b"GET", b"/", b"3", HOST, end_stream=True)
    client.turns(2)
    assert client.connection.close_info() == zttp.CloseInfo(0x100, b"", True)


def test_silence_is_found_by_the_timer() -> None:
    server, client = connected()
    client.connection.initiate_connection()
    client.turns()
    [connection] = server.endpoint.connections()
    for _ in range(100):
        if server.timer is None or connection.is_closed():
            break
        server.now = max(server.now, server.timer)
        server.timeout()
        server.sent.clear()
    assert connection.idle_timed_out()
    assert server.endpoint.connections() == []
    assert server.closed == [connection]


def test_a_connection_is_the_same_object_wherever_its_client_goes() -> None:
    server, client = connected()
    client.connection.send_request(b"GET", b"/", b"3", HOST, end_stream=True)
    client.turns()
    [before] = server.endpoint.connections()
    client.address = ("203.0.113.9", 4_433)
    client.connection.send_request(b"GET", b"/moved", b"3", HOST, end_stream=True)
    client.turns(20)
    assert [one.headers.get(b"x-path") for one in client.of(zttp.Response)] == [b"/", b"/moved"]
    [after] = server.endpoint.connections()
    assert after is before
    assert {before: "hashable"}[after] == "hashable"


def test_without_credentials_it_makes_an_identity_for_development() -> None:
    server = Server(echo)
    client = Client(server)
    client.connection = zttp.Connection(zttp.CLIENT, zttp.HTTP3, server_name="localhost", verify=False)
    client.connection.send_request(b"GET", b"/", b"3", HOST, end_stream=True)
    assert [one.status_code for one in client.turns().of(zttp.Response)] == [200]
    assert client.connection.peer_certificate is not None


def test_a_datagram_of_a_broken_peer_breaks_its_connection_alone() -> None:
    server, client = connected()
    other = Client(server, ("192.0.2.55", 9))
    for one in (client, other):
        one.connection.initiate_connection()
        one.turns()
    session = other.connection._session
    assert session is not None
    session.write_control(b"\x00\x00")  # DATA, which is not allowed there
    other.turns(3)
    assert other.connection.close_info() is not None
    client.connection.send_request(b"GET", b"/", b"3", HOST, end_stream=True)
    assert [one.status_code for one in client.turns().of(zttp.Response)] == [200]


def test_aioquic_as_the_client() -> None:
    server = Server(echo, credentials())
    theirs = Theirs(is_client=True)
    theirs.begin(server.now / 1e6)
    number = theirs.quic.get_next_available_stream_id()
    theirs.http.send_headers(
        number, [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/up")]
    )
    theirs.http.send_data(number, bytes(400_000), True)
    for _ in range(400):
        server.now += 1_000
        timer = theirs.quic.get_timer()
        if timer is not None and timer <= server.now / 1e6:
            theirs.quic.handle_timer(server.now / 1e6)
        for datagram, _ in theirs.quic.datagrams_to_send(server.now / 1e6):
            server.datagram_received(datagram, HOME)
        if server.timer is not None and server.timer <= server.now:
            server.timeout()
        sent, server.sent = server.sent, []
        for data, _ in sent:
            theirs.receive(data, server.now / 1e6)
        if number in theirs.ended:
            break
    assert theirs.heads[number][b":status"] == b"200"
    assert theirs.content[number] == bytes(400_000)
