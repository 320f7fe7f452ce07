"""HTTP datagrams: announced, sent on open requests, returned after the heads of their messages (RFC 9297 2)."""

from typing import Any

import pytest

from tests.http3.h3_pair import Message, Pair
from tests.http3.quic.test_misbehaving import varints
from zttp_core import Datagram
from zttp_core.errors import LocalProtocolError
from zttp_h3.codes import H3ErrorCode
from zttp_h3.limits import H3Limits
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.stream import Stream

BOTH: dict[str, Any] = {"client": {"enable_datagrams": True}, "server": {"enable_datagrams": True}}


def held(pair: Pair, stream_id: int, message: Message) -> None:
    """Answer, and leave the response open."""
    pair.server.stream(stream_id).send_response(200, [])


def opened(**options: Any) -> tuple[Pair, Stream]:
    """A pair with a request that both sides have open."""
    pair = Pair(held, **{**BOTH, **options})
    stream = pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")])
    pair.run(until=lambda: int(stream.stream_id) in pair.requests)
    pair.server.stream(int(stream.stream_id)).send_response(200, [])
    pair.run(until=lambda: int(stream.stream_id) in pair.responses)
    return pair, stream


def received(pair: Pair, role: int) -> list[Datagram]:
    return [event for event in pair.control[role] if isinstance(event, Datagram)]


def test_both_ways() -> None:
    pair, stream = opened()
    number = int(stream.stream_id)
    stream.send_datagram(b"to the server")
    stream.send_datagram(bytearray(b""))
    pair.server.stream(number).send_datagram(memoryview(b"to the client"))
    pair.wait(1)
    assert received(pair, SERVER) == [Datagram(b"to the server", number), Datagram(b"", number)]
    assert received(pair, CLIENT) == [Datagram(b"to the client", number)]


def test_the_settings_say_so() -> None:
    # RFC 9297 2.1.1
    pair, _ = opened()
    settings = pair.client.peer_settings()
    assert settings is not None
    assert settings[0x33] == 1


@pytest.mark.parametrize("side", ["client", "server"])
def test_not_unless_both_have_announced_them(side: str) -> None:
    # RFC 9297 2.1.1 MUST NOT
    pair, stream = opened(**{side: {}})
    for one in (stream, pair.server.stream(int(stream.stream_id))):
        with pytest.raises(LocalProtocolError) as raised:
            one.send_datagram(b"x")
        assert raised.value.reason == "datagrams_not_enabled"


def test_not_before_the_settings_came() -> None:
    pair = Pair(held, **BOTH)
    stream = pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")])
    with pytest.raises(LocalProtocolError) as raised:
        stream.send_datagram(b"x")
    assert raised.value.reason == "datagrams_not_enabled"


def test_only_between_head_and_end() -> None:
    # RFC 9297 2.1 MUST NOT
    pair = Pair(lambda pair, stream_id, message: None, **BOTH)
    number = pair.request(b"POST", b"/", b"x")
    pair.run(until=lambda: number in pair.requests and pair.requests[number].trailers is not None)
    server = pair.server.stream(number)
    for one in (server, pair.client.stream(number)):
        with pytest.raises(LocalProtocolError) as raised:
            one.send_datagram(b"x")
        assert raised.value.reason == "no_datagram_now"
    server.send_response(200, [])
    server.send_datagram(b"x")
    server.reset()
    with pytest.raises(LocalProtocolError, match="closed"):
        server.send_datagram(b"x")


def test_not_larger_than_a_packet() -> None:
    pair, stream = opened()
    with pytest.raises(LocalProtocolError) as raised:
        stream.send_datagram(bytes(1_200))
    assert raised.value.reason == "datagram_does_not_fit"
    stream.send_datagram(bytes(1_100))
    pair.wait(1)
    assert [len(event.data) for event in received(pair, SERVER)] == [1_100]


def test_one_that_overtakes_its_request_waits_for_it() -> None:
    # RFC 9297 2.1
    pair, _ = opened()
    session = pair.client._session
    assert session is not None
    session.transport.send_datagram(varints(1) + b"early")  # of stream 4, which is not open yet
    pair.wait(1)
    assert received(pair, SERVER) == []
    assert pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")]).stream_id == 4
    pair.wait(1)
    assert received(pair, SERVER) == [Datagram(b"early", 4)]


def test_those_that_wait_for_a_request_are_bounded() -> None:
    pair, _ = opened()
    session = pair.client._session
    assert session is not None
    for turn in range(10):
        for place in range(10):
            session.transport.send_datagram(varints(1) + b"%d" % (10 * turn + place))
        pair.wait(0.1)
    pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")])
    pair.wait(1)
    assert [event.data for event in received(pair, SERVER)] == [b"%d" % n for n in range(68, 100)]


def test_one_for_a_request_that_is_over_is_dropped() -> None:
    # RFC 9297 2.1 MUST
    pair = Pair(**BOTH)
    number = pair.request(b"GET", b"/")
    pair.run()
    pair.wait(1)
    session = pair.client._session
    assert session is not None
    session.transport.send_datagram(varints(number // 4) + b"late")
    pair.wait(1)
    assert received(pair, SERVER) == []
    assert not pair.errors


@pytest.mark.parametrize(
    ("payload", "role", "code"),
    [
        (b"", SERVER, H3ErrorCode.H3_DATAGRAM_ERROR),
        (b"\x40", SERVER, H3ErrorCode.H3_DATAGRAM_ERROR),
        (varints(1 << 60), SERVER, H3ErrorCode.H3_DATAGRAM_ERROR),
        (varints((1 << 60) - 1), SERVER, H3ErrorCode.H3_ID_ERROR),
        (varints(7), CLIENT, H3ErrorCode.H3_ID_ERROR),
    ],
)
def test_what_belongs_to_no_request(payload: bytes, role: int, code: int) -> None:
    # RFC 9297 2.1
    pair, _ = opened()
    sender = pair.client if role == SERVER else pair.server
    assert sender._session is not None
    sender._session.transport.send_datagram(payload)
    pair.run(until=lambda: role in pair.errors)
    assert pair.errors[role].error_code == code


def test_announced_without_the_transport() -> None:
    # RFC 9297 2.1.1: no error there, but nothing can be sent.
    pair = Pair(client={"enable_datagrams": True})
    stream = pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")])
    pair.wait(1)
    assert pair.client._session is not None
    pair.client._session.apply_peer_settings({0x33: 1})
    with pytest.raises(LocalProtocolError) as raised:
        stream.send_datagram(b"x")
    assert raised.value.reason == "datagrams_not_enabled"


def test_a_limit_of_nothing_announces_nothing() -> None:
    pair = Pair(server={"enable_datagrams": True, "limits": H3Limits(max_datagram_frame_size=0)})
    pair.request()
    pair.run()
    settings = pair.client.peer_settings()
    assert settings is not None
    assert 0x33 not in settings


def test_over_a_path_that_loses_half() -> None:
    pair, stream = opened()
    pair.loss = 0.5
    sent = [b"%d" % n for n in range(60)]
    for data in sent:
        stream.send_datagram(data * 100)
        pair.wait(0.02)
    pair.loss = 0.0
    pair.wait(2)
    got = [event.data for event in received(pair, SERVER)]
    assert 10 < len(got) < 50
    assert set(got) < {data * 100 for data in sent}
    assert len(set(got)) == len(got)


def test_none_leaves_for_a_request_that_waits_for_the_limit() -> None:
    # RFC 9297 2.1: for a server its request cannot exist, so it ends the connection.
    limits = H3Limits(max_concurrent_streams=1)
    pair = Pair(held, client=BOTH["client"], server={**BOTH["server"], "limits": limits})
    first, second = (pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")]) for _ in range(2))
    pair.run(until=lambda: pair.client.peer_settings() is not None)
    pair.wait(1)
    first.send_datagram(b"of the first")
    with pytest.raises(LocalProtocolError) as raised:
        second.send_datagram(b"of the second")
    assert raised.value.reason == "no_datagram_now"
    pair.wait(1)
    assert received(pair, SERVER) == [Datagram(b"of the first", 0)]
    assert pair.errors == {}


def test_those_of_early_data_that_was_refused_are_dropped() -> None:
    pair, stream = opened()
    session = pair.client._session
    assert session is not None
    stream.send_datagram(b"early")
    session.transport.session.refuse_early_data()
    assert session.transport.session.outgoing_datagrams == []
    assert pair.client.statistics().datagrams_dropped == 1
