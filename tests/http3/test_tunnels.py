"""CONNECT and extended CONNECT: both sides send any bytes until they end it (RFC 9114 4.4, RFC 9220)."""

from typing import Any

import pytest

from tests.http3.h3_pair import Message, Pair
from zttp_core import Datagram
from zttp_core.errors import LocalProtocolError
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.stream import Stream

KINDS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "CONNECT": (b"localhost:443", {}),
    "extended CONNECT": (b"/chat", {"protocol": b"websocket"}),
}
every_kind = pytest.mark.parametrize(("target", "options"), KINDS.values(), ids=KINDS.keys())


def unanswered(pair: Pair, stream_id: int, message: Message) -> None:
    """Leave it to the test."""


def asked(target: bytes, options: dict[str, Any]) -> tuple[Pair, Stream, Stream]:
    """A pair, and both sides of a stream on which a tunnel is requested."""
    datagrams: dict[str, Any] = {"enable_datagrams": True}
    pair = Pair(unanswered, client=datagrams, server={"enable_connect_protocol": True, **datagrams})
    pair.client.initiate_connection()
    pair.run(until=lambda: pair.client.peer_settings() is not None)
    stream = pair.client.send_request(b"CONNECT", target, b"3", [(b"host", b"localhost:443")], **options)
    number = int(stream.stream_id)
    pair.responses[number] = Message()
    pair.run(until=lambda: number in pair.requests)
    return pair, stream, pair.server.stream(number)


@every_kind
def test_bytes_go_both_ways_until_each_side_ends_its_own(target: bytes, options: dict[str, Any]) -> None:
    pair, client, server = asked(target, options)
    client.send_data(b"before the answer ")
    server.send_response(200, [])
    for turn in range(3):
        client.send_data(b"%d" % turn)
        server.send_data(b"%d" % (turn + 5))
        pair.wait(1)
    client.end_message()
    pair.wait(1)
    server.send_data(b" and on")
    server.end_message()
    pair.run()
    pair.wait(1)
    request, response = pair.requests[0], pair.responses[0]
    assert (request.content, request.trailers) == (b"before the answer 012", [])
    assert (response.head.status_code, response.content, response.trailers) == (200, b"567 and on", [])
    assert pair.client.open_streams == pair.server.open_streams == 0


@every_kind
def test_a_tunnel_has_no_trailers(target: bytes, options: dict[str, Any]) -> None:
    # RFC 9114 4.4: after the tunnel is established, only DATA frames are permitted on its stream.
    pair, client, server = asked(target, options)
    server.send_response(200, [])
    for side in (client, server):  # the client cannot know yet that there is one
        with pytest.raises(LocalProtocolError) as raised:
            side.end_message([(b"a", b"b")])
        assert raised.value.reason == "trailers_in_tunnel"
        side.end_message()
    pair.run()
    assert pair.errors == {}


@every_kind
def test_a_refusal_is_a_response_like_any_other(target: bytes, options: dict[str, Any]) -> None:
    pair, client, server = asked(target, options)
    client.end_message()
    server.send_response(403, [(b"content-length", b"2")])
    with pytest.raises(LocalProtocolError, match="content"):
        server.send_data(b"too long")
    server.send_data(b"no")
    server.end_message([(b"a", b"b")])
    pair.run()
    assert (pair.responses[0].content, pair.responses[0].trailers) == (b"no", [(b"a", b"b")])


def test_datagrams_ride_on_a_tunnel() -> None:
    # RFC 9297 2.1
    pair, client, server = asked(*KINDS["extended CONNECT"])
    client.send_datagram(b"early")
    server.send_response(200, [])
    server.send_datagram(b"to the client")
    pair.wait(1)
    client.send_datagram(b"to the server")
    pair.wait(1)
    got = {role: [event.data for event in pair.control[role] if isinstance(event, Datagram)] for role in pair.control}
    assert got == {SERVER: [b"early", b"to the server"], CLIENT: [b"to the client"]}


def test_datagrams_ride_on_a_response_without_content_until_it_ends() -> None:
    # RFC 9297 2.1: the sending side of the stream is open.
    pair = Pair(unanswered, client={"enable_datagrams": True}, server={"enable_datagrams": True})
    pair.request(b"HEAD")
    pair.run(until=lambda: 0 in pair.requests)
    server = pair.server.stream(0)
    server.send_response(200, [])
    server.send_datagram(b"x")
    pair.wait(1)
    assert pair.control[CLIENT][-1] == Datagram(b"x", 0)
    server.end_message()
    with pytest.raises(LocalProtocolError) as raised:
        server.send_datagram(b"y")
    assert raised.value.reason == "no_datagram_now"
