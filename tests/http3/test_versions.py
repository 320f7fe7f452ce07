"""Versions of QUIC: negotiated, defended against downgrades, and version 2 (RFC 9000 6, RFC 9368, RFC 9369)."""

import os
from typing import Any

import pytest

from tests.http3.h3_pair import Pair, credentials
from zttp_core import NEED_DATA, EndOfMessage
from zttp_core.errors import RemoteProtocolError
from zttp_h3.codes import QuicErrorCode
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.address_tokens import AddressTokens
from zttp_h3.endpoint.datagram_header import parse_datagram_header
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.malformed import Malformed
from zttp_h3.options import CLIENT
from zttp_h3.protection.retry_integrity import retry_tag
from zttp_h3.quic.session import Session
from zttp_h3.quic.version_check import check_versions
from zttp_h3.tls.tickets import SessionTicket, TicketKeys
from zttp_h3.wire.packet_header import retry_without_tag, version_negotiation
from zttp_h3.wire.transport_parameters import VersionInformation
from zttp_h3.wire.versions import VERSION_1, VERSION_2


def versions_of(pair: Pair) -> list[int]:
    sessions = [side._session for side in (pair.client, pair.server)]
    return [int(session.transport.session.version) for session in sessions if session is not None]


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_version_2(loss: float) -> None:
    # RFC 9369 3:
    # RFC 9369: other salts, labels and types; the rest is the same.
    pair = Pair(client={"versions": (2,)}, server={"versions": (2,)}, loss=loss)
    numbers = [pair.request(b"POST", b"/%d" % n, bytes(5_000)) for n in range(5)]
    pair.run()
    pair.run(until=lambda: pair.client.handshake_confirmed)
    pair.client.request_key_update()
    numbers.append(pair.request())
    pair.run()
    assert versions_of(pair) == [VERSION_2, VERSION_2]
    assert all(pair.responses[number].head.status_code == 200 for number in numbers)


class House:
    """An endpoint of some versions, and a client of some."""

    def __init__(self, client: tuple[int, ...], server: tuple[int, ...], **options: Any) -> None:
        self.now = 1_000_000
        self.endpoint = QuicEndpoint(credentials=credentials(), versions=server, retry=False, **options)
        self.client = H3Connection(CLIENT, server_name="localhost", verify=credentials().certificate, versions=client)
        self.answered = 0
        self.seen: list[bytes] = []

    def run(self) -> "House":
        self.client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
        for _ in range(10):
            self.turn()
        return self

    def turn(self) -> None:
        self.now += 1_000
        for datagram in self.client.data_to_send(self.now):
            self.seen.append(datagram)
            connection = self.endpoint.receive_datagram(datagram, "here", self.now)
            while connection is not None and (event := connection.next_event()) is not NEED_DATA:
                if isinstance(event, EndOfMessage):
                    connection.stream(event.stream_id).send_response(200, [], end_stream=True)
        for leaving in self.endpoint.data_to_send(now=self.now):
            self.client.receive_datagram(leaving.data, self.now, "server")
        while (event := self.client.next_event()) is not NEED_DATA:
            self.answered += isinstance(event, EndOfMessage)

    def version(self) -> int:
        assert self.client._session is not None
        return int(self.client._session.transport.session.version)


@pytest.mark.parametrize(
    ("client", "server", "version"),
    [
        ((1,), (1, 2), VERSION_1),
        ((2,), (1, 2), VERSION_2),
        ((2, 1), (1,), VERSION_1),
        ((1, 2), (2,), VERSION_2),
        ((2, 1), (1, 2), VERSION_2),
    ],
)
def test_the_version_that_both_speak(client: tuple[int, ...], server: tuple[int, ...], version: int) -> None:
    # RFC 9368 2.1:
    # RFC 9000 6.1, 6.2: a request that was queued for the first one is sent in the second.
    house = House(client, server).run()
    assert house.answered == 1
    assert house.version() == version


def test_no_version_in_common() -> None:
    # RFC 9368 2.1
    house = House((2,), (1,))
    with pytest.raises(RemoteProtocolError) as raised:
        house.run()
    assert raised.value.reason == "no_common_version"
    assert house.client.is_closed()
    assert house.client.next_timeout() is None


def begun() -> tuple[House, bytes, bytes]:
    """A client of both versions with its first flight sent; its connection IDs, ours and the server's."""
    house = House((2, 1), (1, 2))
    house.client.initiate_connection()
    [datagram] = house.client.data_to_send(house.now)
    header = parse_datagram_header(datagram)
    return house, header.source_connection_id, header.destination_connection_id


def test_a_forged_negotiation_is_found_out() -> None:
    # RFC 9369 4:
    # RFC 9368 4: an attacker on the path makes the client use the lower version.
    house, own, theirs = begun()
    house.client.receive_datagram(version_negotiation(own, theirs, [VERSION_1], 0), house.now, "server")
    assert house.version() == VERSION_1
    with pytest.raises(RemoteProtocolError) as raised:
        house.run()
    assert raised.value.reason == "version_downgrade"
    assert raised.value.error_code == QuicErrorCode.VERSION_NEGOTIATION_ERROR


@pytest.mark.parametrize("change", ["its own version", "another connection", "nothing", "again", "behind a Retry"])
def test_a_negotiation_that_does_not_count(change: str) -> None:
    # RFC 9000 6.2, 17.2.1
    house, own, theirs = begun()
    if change == "behind a Retry":
        packet = retry_without_tag(VERSION_2, own, b"retrying", b"token", 0)
        house.client.receive_datagram(packet + retry_tag(VERSION_2, theirs, packet), house.now, "server")
        theirs = b"retrying"
    offered = {"its own version": [VERSION_1, VERSION_2], "nothing": []}.get(change, [VERSION_1])
    source = b"12345678" if change == "another connection" else theirs
    packet = version_negotiation(own, source, offered, 0)
    if change == "again":
        house = House((2, 1), (1,)).run()
        assert house.version() == VERSION_1
        packet = version_negotiation(own, theirs, [VERSION_2], 0)
    before = house.version()
    house.client.receive_datagram(packet, house.now, "server")
    assert house.version() == before
    assert not house.client.is_closed()


def negotiated(client: tuple[int, ...], server: tuple[int, ...]) -> Session:
    """A client's transport that was restarted with a version of the server."""
    house = House(client, server)
    house.client.initiate_connection()
    for _ in range(2):
        house.turn()
    session = house.client._session
    assert session is not None
    assert session.transport.session.negotiated
    return session.transport.session


OTHER = 0x1A2A3A4A


@pytest.mark.parametrize(
    "information", [None, VersionInformation(VERSION_1, [VERSION_1]), VersionInformation(VERSION_1, [OTHER])]
)
def test_a_server_of_version_1_need_not_know_of_negotiation(information: VersionInformation | None) -> None:
    # RFC 9368 8 SHALL: a peer without the parameter has only version 1. 4: the version in use counts as available.
    check_versions(negotiated((2, 1), (1,)), information)


@pytest.mark.parametrize(
    ("client", "server", "information"),
    [
        ((1, 2), (2,), None),
        ((2, 1), (1,), VersionInformation(VERSION_2, [VERSION_2])),
        ((2, 1), (1,), VersionInformation(VERSION_1, [VERSION_1, VERSION_2])),
        ((2, 1), (1,), VersionInformation(VERSION_1, [])),
    ],
)
def test_what_a_server_must_not_say_after_a_negotiation(
    client: tuple[int, ...], server: tuple[int, ...], information: VersionInformation | None
) -> None:
    # RFC 9368 4 MUST
    with pytest.raises(Malformed) as raised:
        check_versions(negotiated(client, server), information)
    assert raised.value.error_code == QuicErrorCode.VERSION_NEGOTIATION_ERROR


def test_an_endpoint_answers_what_it_does_not_speak() -> None:
    # RFC 9000 6.1; RFC 8999 6: but never a Version Negotiation packet.
    endpoint = QuicEndpoint(credentials=credentials(), versions=(1,))
    client = H3Connection(CLIENT, server_name="localhost", verify=False, versions=(2,))
    [datagram] = client.data_to_send(1)
    assert endpoint.receive_datagram(datagram, "here", 1) is None
    [answer] = endpoint.data_to_send(now=1)
    assert parse_datagram_header(answer.data).version == 0
    assert VERSION_1.to_bytes(4, "big") in answer.data
    assert VERSION_2.to_bytes(4, "big") not in answer.data
    assert endpoint.receive_datagram(answer.data + bytes(1_200), "here", 1) is None
    assert endpoint.data_to_send(now=1) == []


def ticket_of_version_1(keys: TicketKeys) -> SessionTicket:
    pair = Pair(server={"tickets": keys, "early_data": True})
    pair.request()
    pair.run()
    pair.wait(1)
    [ticket] = pair.client.session_tickets()
    return SessionTicket.from_bytes(bytes(ticket))


@pytest.mark.parametrize(
    ("client", "server", "told", "resumes"),
    [
        ((1,), (1, 2), VERSION_1, True),
        ((2,), (1, 2), VERSION_1, False),
        ((2, 1), (1,), VERSION_1, False),
        ((2,), (1, 2), VERSION_2, False),  # the server is offered resumption, and declines
    ],
)
def test_a_ticket_is_not_used_in_another_version(
    client: tuple[int, ...], server: tuple[int, ...], told: int, resumes: bool
) -> None:
    # RFC 9369 5 MUST NOT, of clients; MUST, of servers
    keys = TicketKeys()
    ticket = ticket_of_version_1(keys)
    assert ticket.version == VERSION_1
    ticket.version = told
    house = House(client, server, tickets=keys, early_data=True)
    house.client = H3Connection(
        CLIENT,
        server_name="localhost",
        verify=credentials().certificate,
        versions=client,
        session=ticket,
        early_data=True,
    )
    house.run()
    assert house.answered == 1
    assert bool(house.client.early_data_accepted) is resumes
    assert (house.client.peer_certificate is None) is resumes
    assert ticket.used is (resumes or told == VERSION_2)


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
def test_a_token_proves_nothing_in_another_version(version: int) -> None:
    # RFC 9369 5 MUST
    tokens = AddressTokens(bytes(32), 1_000, os.urandom)
    later = tokens.check(tokens.for_later("here", VERSION_1, 1), "here", version, b"", 2)
    retried = tokens.check(tokens.for_retry("here", VERSION_1, b"1", b"2", 1), "here", version, b"2", 2)
    assert (later is not None, retried is not None) == (version == VERSION_1,) * 2
