"""Attacks on an endpoint, most of them by a sender without connection and keys, and the limit for each."""

import tracemalloc

import pytest

from tests.http3.h3_pair import credentials
from tests.http3.test_endpoint import House
from zttp_h3.endpoint.datagram_header import parse_datagram_header
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.limits import H3Limits

KIB = 1024


def first_datagram(house: House, address: object) -> bytes:
    datagram: bytes = house.client(address).data_to_send(house.now)[0]
    return datagram


def test_initials_that_nobody_sealed_leave_nothing() -> None:
    # RFC 9000 5.2; h2o CVE-2023-50247, lsquic CVE-2025-54939: state for packets that prove nothing.
    house = House(retry=False)
    real = first_datagram(house, "here")
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(300):
        forged = real[:6] + number.to_bytes(8, "big") + real[14:]  # another connection ID: other keys
        assert house.endpoint.receive_datagram(forged, ("198.51.100.1", number), house.now) is None
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert house.endpoint.connections() == []
    assert house.endpoint.data_to_send(now=house.now) == []
    assert house.endpoint.next_timeout() is None
    assert kept < 64 * KIB


def test_coalesced_packets_for_somebody_else() -> None:
    # RFC 9000 12.2:
    # lsquic CVE-2025-54939: each packet of a datagram for another connection ID, each of which got state.
    house = House(retry=False)
    real = first_datagram(house, "here")
    packet = real[:5] + b"\x08abcdefgh" + real[14:200]
    datagram = real + packet * 6
    connection = house.endpoint.receive_datagram(datagram, "here", house.now)
    assert connection is not None
    assert house.endpoint.connections() == [connection]


def test_half_open_connections_bring_retry_and_are_bounded() -> None:
    house = House(max_connections=10)
    datagrams = [first_datagram(house, number) for number in range(40)]
    for number, datagram in enumerate(datagrams):
        house.endpoint.receive_datagram(datagram, number, house.now)
    assert len(house.endpoint.connections()) == 6  # a little more than half; the others must validate their address
    leaving = house.endpoint.data_to_send(now=house.now)
    retries = [one for one in leaving if one.data[0] & 0xF0 == 0xF0]
    assert len(retries) == 34
    assert all(len(one.data) < 200 for one in retries)


def test_a_client_that_goes_silent_in_its_handshake_is_forgotten() -> None:
    house = House(retry=False, limits=H3Limits(handshake_timeout=2))
    connection = house.endpoint.receive_datagram(first_datagram(house, "here"), "here", house.now)
    assert connection is not None
    house.endpoint.data_to_send(now=house.now)
    began = house.now
    while not connection.is_closed():
        timeout = house.endpoint.next_timeout()
        assert timeout is not None
        house.now = max(timeout, house.now + 1)
        house.endpoint.handle_timeout(house.now)
        house.endpoint.data_to_send(now=house.now)
    assert house.now - began <= 2_100_000
    house.endpoint.discard(connection)
    assert house.endpoint.connections() == []
    assert house.endpoint.next_timeout() is None


def test_less_leaves_than_came_three_times_over() -> None:
    # RFC 9000 8.1: to an unvalidated address, for all input from there.
    house = House(retry=False)
    datagram = first_datagram(house, "victim")
    came = left = 0
    for number in range(20):
        came += len(datagram)
        house.endpoint.receive_datagram(datagram, "victim", house.now)
        house.now += 500_000
        house.endpoint.handle_timeout(house.now)
        left += sum(len(one.data) for one in house.endpoint.data_to_send(now=house.now))
        assert left <= 3 * came, number


def test_what_is_closed_answers_rarely_and_shortly() -> None:
    # RFC 9000 10.2.1, 8.1: a closing packet that is repeated to any address is an amplifier.
    house = House(retry=False)
    house.client("here")
    house.ask("here")
    for _ in range(6):
        house.turn()
    [connection] = house.endpoint.connections()
    connection.close(0x100, b"a reason of many words " * 40)
    leaving = house.endpoint.data_to_send(connection, now=house.now)
    assert len(leaving) == 1
    destination = house.clients["here"]._session
    assert destination is not None
    to = destination.transport.session.peer_ids.current
    house.endpoint.discard(connection)
    small = b"\x40" + to + bytes(20)
    for number in range(200):
        house.endpoint.receive_datagram(small, ("victim", number), house.now)
    assert house.endpoint.data_to_send(now=house.now) == []
    large = b"\x40" + to + bytes(1100)
    for _ in range(1_000):
        house.endpoint.receive_datagram(large, "victim", house.now)
    assert len(house.endpoint.data_to_send(now=house.now)) <= 10
    # And that ends, too.
    timeout = house.endpoint.next_timeout()
    assert timeout is not None
    house.endpoint.handle_timeout(timeout)
    assert house.endpoint.next_timeout() is None


def test_resets_do_not_answer_each_other_for_ever() -> None:
    # RFC 9000 10.3.3: two servers without state, and a datagram between them.
    one, other = (QuicEndpoint(credentials=credentials(), secret=bytes((number,)) * 32) for number in (1, 2))
    datagram, rounds = b"\x40" + bytes(100), 0
    while rounds < 200:
        one.receive_datagram(datagram, "other", rounds)
        leaving = one.data_to_send(now=rounds)
        if not leaving:
            break
        datagram = leaving[0].data
        one, other = other, one
        rounds += 1
    assert rounds <= 43


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x40", b"\xc0" + bytes(30), b"\xff" * 65_535, bytes(65_535)])
def test_datagrams_that_are_none(data: bytes) -> None:
    # nginx CVE-2024-31079 and similar ones: unexpected sizes.
    house = House()
    assert house.endpoint.receive_datagram(data, "here", house.now) is None
    assert len(house.endpoint.data_to_send(now=house.now)) <= 1
    assert house.endpoint.connections() == []


def test_connection_ids_are_looked_up_by_their_bytes() -> None:
    # kwik CVE-2025-23020, lsquic CVE-2025-24947, picoquic CVE-2025-24946: hashes with predictable collisions.
    house = House()
    assert house.endpoint.receive_datagram(first_datagram(house, "here"), "here", house.now) is not None
    members = house.endpoint._members
    assert {type(key) for key in members._routes} == {bytes}  # hashed by SipHash, with a key of this process


def test_short_connection_ids_are_not_given_twice() -> None:
    # RFC 9000 5.1
    given = [b"aaaa", b"aaaa", b"bbbb", b"aaaa", b"cccc", b"bbbb", b"dddd", b"eeee", b"ffff", b"gggg", b"hhhh", b"iiii"]
    left = iter(given * 10)
    house = House(retry=False, connection_id_length=4, connection_id_factory=lambda _: next(left))
    for number in range(2):
        house.client(number)
        house.ask(number)
    for _ in range(6):
        house.turn()
    assert house.answered(0)
    assert house.answered(1)


def test_a_factory_that_repeats_itself_does_not_hang() -> None:
    house = House(retry=False, connection_id_factory=lambda length: b"w" * length)
    house.client("here")
    house.ask("here")
    for _ in range(6):
        house.turn()
    assert house.answered("here")


def test_who_asks_one_connection_alone_pays_for_one() -> None:
    # Some servers call only data_to_send(connection): nothing may accumulate.
    house = House(retry=False)
    house.client("here")
    house.turn()
    for number in range(300):
        house.ask("here") if number % 4 == 0 else None
        house.now += 10_000
        for datagram in house.clients["here"].data_to_send(house.now):
            connection = house.give(datagram, "here")
            if connection is None:
                continue
            for leaving in house.endpoint.data_to_send(connection, now=house.now):
                house.clients["here"].receive_datagram(leaving.data, house.now, b"server")
    assert len(house.endpoint._touched) <= 1


def test_a_token_says_nothing_to_its_client() -> None:
    # RFC 9000 8.1.3
    house = House(retry=True)
    client = house.client("192.0.2.77")
    house.turn()
    [datagram] = client.data_to_send(house.now)
    token = parse_datagram_header(datagram).token
    assert b"192.0.2.77" not in token
    for at in range(0, len(token), 7):
        bent = token[:at] + bytes((token[at] ^ 1,)) + token[at + 1 :]
        assert house.give(datagram.replace(token, bent), "192.0.2.77") is None
    assert house.give(datagram, "192.0.2.77") is not None
