"""Requests in 0-RTT: sent, accepted, refused, replayed (RFC 8446 4.2.10, RFC 9001 4.6, RFC 9114 7.2.4.2, RFC 8470)."""

import random
from typing import Any

import pytest

from tests.http3.h3_pair import Message, Pair, credentials
from zttp_core import NEED_DATA, Datagram, PriorityUpdate, Request
from zttp_core.errors import LocalProtocolError
from zttp_h3.codes import H3ErrorCode
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.limits import H3Limits
from zttp_h3.malformed import Malformed
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.settings import check_not_reduced, read_settings, write_settings
from zttp_h3.tls.tickets import SessionTicket, TicketKeys

LATER = 10


class Clock:
    """Wall time for both sides; a ticket must not come from the future."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


def options(keys: TicketKeys, clock: Clock, **more: Any) -> dict[str, Any]:
    return {"tickets": keys, "early_data": True, "wall_clock": clock, **more}


def ticket(keys: TicketKeys, clock: Clock, **more: Any) -> SessionTicket:
    pair = Pair(server=options(keys, clock, **more), client={"wall_clock": clock})
    pair.request()
    pair.run()
    pair.wait(1)
    [got] = pair.client.session_tickets()
    clock.seconds += LATER
    return SessionTicket.from_bytes(bytes(got))


def resumed(keys: TicketKeys, clock: Clock, session: SessionTicket, **more: Any) -> Pair:
    pair_options = {name: more.pop(name) for name in ("seed", "loss", "jitter", "answer") if name in more}
    server = options(keys, clock, **more)
    return Pair(client={"session": session, "early_data": True, "wall_clock": clock}, server=server, **pair_options)


@pytest.fixture(name="keys")
def _keys() -> TicketKeys:
    return TicketKeys()


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


def test_a_request_arrives_with_the_hello(keys: TicketKeys, clock: Clock) -> None:
    session = ticket(keys, clock)
    assert session.settings
    pair = resumed(keys, clock, session)
    number = pair.request()
    assert pair.client.early_data_accepted is None
    pair.run()
    assert pair.requests[number].head.early_data is True
    assert pair.client.early_data_accepted is True
    assert pair.server.early_data_accepted is True
    later = pair.request()
    pair.run()
    assert pair.requests[later].head.early_data is False


def test_the_answer_comes_after_one_round_trip(keys: TicketKeys, clock: Clock) -> None:
    pair = resumed(keys, clock, ticket(keys, clock))
    begun = pair.now
    number = pair.request()
    pair.run(until=lambda: pair.responses[number].head is not None)
    assert pair.now - begun == 2 * pair.delay


def test_nothing_is_early_unless_both_sides_want_it(keys: TicketKeys, clock: Clock) -> None:
    # Off by default, on both sides.
    pair = Pair(server={"tickets": keys, "wall_clock": clock}, client={"wall_clock": clock})
    pair.request()
    pair.run()
    pair.wait(1)
    [got] = pair.client.session_tickets()
    assert got.max_early_data == 0
    session = ticket(keys, clock)
    silent = Pair(server=options(keys, clock), client={"session": session, "wall_clock": clock})
    number = silent.request()
    silent.run()
    assert silent.requests[number].head.early_data is False
    assert silent.client.early_data_accepted is None
    closed = Pair(
        server={"tickets": keys, "wall_clock": clock},
        client={"session": ticket(keys, clock), "early_data": True, "wall_clock": clock},
    )
    number = closed.request()
    closed.run()
    assert closed.requests[number].head.early_data is False
    assert closed.client.early_data_accepted is False
    assert closed.server.early_data_accepted is None


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT", b"DELETE", b"PURGE", b"CONNECT"])
def test_only_safe_methods_leave_early(method: bytes, keys: TicketKeys, clock: Clock) -> None:
    # RFC 8470 4 MUST NOT
    def answer(pair: Pair, stream_id: int, message: Message) -> None:
        pair.server.stream(stream_id).send_response(204, [], end_stream=True)

    pair = resumed(keys, clock, ticket(keys, clock), answer=answer)
    target = b"localhost:443" if method == b"CONNECT" else b"/"
    number = pair.request(method, target)
    safe = pair.request()
    pair.run()
    assert pair.requests[number].head.early_data is (method in (b"GET", b"HEAD", b"OPTIONS"))
    assert pair.requests[safe].head.early_data is True


CHANGES: dict[str, dict[str, Any]] = {
    "rotated keys": {},
    "fewer streams": {"limits": H3Limits(max_concurrent_streams=100)},
    "a smaller window": {"limits": H3Limits(connection_window_size=500_000)},
    "smaller sections": {"limits": H3Limits(max_header_list_size=60_000)},
    "fewer blocked streams": {"limits": H3Limits(max_blocked_streams=8)},
    "another table": {"limits": H3Limits(header_table_size=8_192)},
    "no table": {"limits": H3Limits(header_table_size=0)},
    "no extended CONNECT": {"enable_connect_protocol": False},
    "no datagrams": {"enable_datagrams": False},
}
FIRST = {"enable_connect_protocol": True, "enable_datagrams": True}


@pytest.mark.parametrize("change", CHANGES)
def test_what_early_data_relies_on_has_changed(change: str, keys: TicketKeys, clock: Clock) -> None:
    # RFC 9114 7.2.4.2, RFC 9204 3.2.3, RFC 9297 2.1.1: refused, without effect on the application.
    session = ticket(keys, clock, **FIRST)
    if change == "rotated keys":
        keys.rotate()
        keys.rotate()
    pair = resumed(keys, clock, session, **{**FIRST, **CHANGES[change]})
    numbers = [pair.request(b"GET", b"/%d" % n) for n in range(5)]
    pair.run()
    assert not pair.errors
    for n, number in enumerate(numbers):
        assert pair.responses[number].head.status_code == 200
        assert pair.requests[number].head.target == b"/%d" % n
        assert pair.requests[number].head.early_data is False
    assert pair.client.early_data_accepted is False


GROWTH: dict[str, dict[str, Any]] = {
    "more streams": {"limits": H3Limits(max_concurrent_streams=200)},
    "a larger window": {"limits": H3Limits(connection_window_size=5_000_000)},
    "extended CONNECT": {"enable_connect_protocol": True},
}


@pytest.mark.parametrize("change", GROWTH)
def test_limits_may_grow(change: str, keys: TicketKeys, clock: Clock) -> None:
    pair = resumed(keys, clock, ticket(keys, clock), **GROWTH[change])
    number = pair.request()
    pair.run()
    assert pair.requests[number].head.early_data is True


def test_no_datagram_leaves_before_its_request(keys: TicketKeys, clock: Clock) -> None:
    # RFC 9297 2.1 MUST NOT: a request that must not leave early (RFC 8470 4 MUST NOT) is not open yet.
    pair = Pair(
        server=options(keys, clock, enable_datagrams=True), client={"wall_clock": clock, "enable_datagrams": True}
    )
    pair.request()
    pair.run()
    pair.wait(1)
    [session] = pair.client.session_tickets()
    clock.seconds += LATER
    pair = Pair(
        client={"session": session, "early_data": True, "wall_clock": clock, "enable_datagrams": True},
        server=options(keys, clock, enable_datagrams=True),
    )
    safe, unsafe = (pair.client.send_request(method, b"/", b"3", [(b"host", b"a")]) for method in (b"GET", b"POST"))
    safe.send_datagram(b"early")
    with pytest.raises(LocalProtocolError) as raised:
        unsafe.send_datagram(b"early")
    assert raised.value.reason == "no_datagram_now"
    pair.wait(1)
    assert pair.client.early_data_accepted
    unsafe.send_datagram(b"late")
    pair.wait(1)
    assert [event for event in pair.control[SERVER] if isinstance(event, Datagram)] == [
        Datagram(b"early", safe.stream_id),
        Datagram(b"late", unsafe.stream_id),
    ]


@pytest.mark.parametrize("accepted", [True, False])
def test_a_priority_waits_for_the_limits_of_this_connection(accepted: bool, keys: TicketKeys, clock: Clock) -> None:
    # RFC 9218 7.2: a request that the server does not allow must not be named; the remembered limit may be gone.
    session = ticket(keys, clock)
    limits = H3Limits() if accepted else H3Limits(max_concurrent_streams=1)
    pair = resumed(keys, clock, session, limits=limits)
    numbers = [pair.request() for _ in range(3)]
    pair.client.update_priority(numbers[2], 1)
    pair.run()
    assert not pair.errors
    assert pair.client.early_data_accepted is accepted
    assert all(pair.responses[number].head.status_code == 200 for number in numbers)
    assert [event.stream_id for event in pair.control[SERVER] if isinstance(event, PriorityUpdate)] == [numbers[2]]


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("loss", "jitter"), [(0.15, 0), (0.0, 40_000), (0.1, 20_000)])
def test_over_a_bad_path(loss: float, jitter: int, seed: int, accepted: bool, keys: TicketKeys, clock: Clock) -> None:
    session = ticket(keys, clock)
    patient = {"limits": H3Limits(handshake_timeout=60)}
    pair = resumed(keys if accepted else TicketKeys(), clock, session, seed=seed, loss=loss, jitter=jitter, **patient)
    numbers = [pair.request(b"GET", b"/%d" % n, None, [(b"x", b"y" * 900)]) for n in range(8)]
    pair.run(seconds=120)
    assert not pair.errors
    assert all(pair.responses[number].head.status_code == 200 for number in numbers)
    assert accepted or not any(pair.requests[number].head.early_data for number in numbers)


def test_a_replayed_flight_is_early_data_once(keys: TicketKeys, clock: Clock) -> None:
    # RFC 9114 10.9:
    # RFC 8446 8.1: two endpoints of one server, which share the memory of used tickets.
    session = ticket(keys, clock)
    chance = random.Random(3).randbytes
    client = H3Connection(
        CLIENT,
        server_name="localhost",
        verify=credentials().certificate,
        session=session,
        early_data=True,
        wall_clock=clock,
        entropy=chance,
    )
    client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
    flight = client.data_to_send(1_000_000)
    early = 0
    arrived = 0
    for _ in range(2):
        endpoint = QuicEndpoint(credentials=credentials(), **options(keys, clock))
        for _ in range(3):  # and again at each of them
            for datagram in flight:
                connection = endpoint.receive_datagram(datagram, ("192.0.2.1", 1), 1_000_000)
                while connection is not None and (event := connection.next_event()) is not NEED_DATA:
                    if isinstance(event, Request):
                        arrived += 1
                        early += event.early_data
    assert (arrived, early) == (1, 1)


def test_a_ticket_is_sent_twice_by_a_careless_client(keys: TicketKeys, clock: Clock) -> None:
    session = ticket(keys, clock)
    again = SessionTicket.from_bytes(bytes(session))
    for expected in (True, False):
        pair = resumed(keys, clock, session if expected else again)
        number = pair.request()
        pair.run()
        assert pair.requests[number].head.early_data is expected


def test_remembered_settings_hold_before_the_servers_come(keys: TicketKeys, clock: Clock) -> None:
    # RFC 9114 7.2.4.2
    session = ticket(keys, clock, enable_connect_protocol=True)
    pair = resumed(keys, clock, session, enable_connect_protocol=True)
    stream = pair.client.send_request(
        b"CONNECT", b"/chat", b"3", [(b"host", b"localhost")], protocol=b"websocket", scheme=b"https"
    )
    pair.run(until=lambda: int(stream.stream_id) in pair.requests)
    assert pair.requests[int(stream.stream_id)].head.protocol == b"websocket"
    assert not pair.errors


REMEMBERED = {1: 4096, 6: 1000, 7: 16, 8: 1, 0x33: 1}


@pytest.mark.parametrize(
    ("now", "code"),
    [
        ({}, None),
        ({6: 2000, 7: 20}, None),
        ({1: 8192}, H3ErrorCode.QPACK_DECODER_STREAM_ERROR),
        ({1: None}, H3ErrorCode.QPACK_DECODER_STREAM_ERROR),
        ({6: 999}, H3ErrorCode.H3_SETTINGS_ERROR),
        ({6: None}, H3ErrorCode.H3_SETTINGS_ERROR),
        ({7: 15}, H3ErrorCode.H3_SETTINGS_ERROR),
        ({8: None}, H3ErrorCode.H3_SETTINGS_ERROR),
        ({0x33: 0}, H3ErrorCode.H3_SETTINGS_ERROR),
    ],
)
def test_a_server_must_not_lower_a_setting(now: dict[int, int | None], code: int | None) -> None:
    # RFC 9114 7.2.4.2 MUST, RFC 9204 3.2.3 MUST, RFC 9297 2.1.1 MUST
    changed = {**REMEMBERED, **now}
    settings = {name: value for name, value in changed.items() if value is not None}
    if code is None:
        check_not_reduced(settings, REMEMBERED)
        return
    with pytest.raises(Malformed) as raised:
        check_not_reduced(settings, REMEMBERED)
    assert raised.value.error_code == code


def test_a_server_that_accepts_and_lowers_a_setting(keys: TicketKeys, clock: Clock) -> None:
    session = ticket(keys, clock)
    remembered = read_settings(session.settings)
    session.settings = write_settings([*((n, v) for n, v in remembered.items() if n != 6), (6, 1 << 30)])
    pair = resumed(keys, clock, session)
    pair.request()
    pair.run(until=lambda: bool(pair.errors))
    assert pair.errors[CLIENT].error_code == H3ErrorCode.H3_SETTINGS_ERROR
    assert pair.errors[CLIENT].reason == "remembered_setting_reduced"
    assert SERVER not in pair.errors


@pytest.mark.parametrize("part", ["transport_parameters", "settings"])
def test_a_ticket_that_was_tampered_with(keys: TicketKeys, clock: Clock, part: str) -> None:
    session = ticket(keys, clock)
    stored = bytes(session)
    octets: bytes = getattr(session, part)
    broken = SessionTicket.from_bytes(stored.replace(octets, b"\xff" * len(octets)))
    client = H3Connection(
        CLIENT, server_name="localhost", verify=False, session=broken, early_data=True, wall_clock=clock
    )
    with pytest.raises(ValueError, match="cannot be read"):
        client.data_to_send(1)
