"""Our client against our server: what one sends, the other receives."""

import pytest

import zttp
from tests.http1.helpers import HOST, Fields, Pair, content, names

CHUNKED: Fields = [(b"Transfer-Encoding", b"chunked")]


@pytest.mark.parametrize("size", [None, 1, 5])
def test_a_whole_exchange(size: int | None) -> None:
    pair = Pair()
    pair.client.send_request(b"POST", b"/submit?now", b"1.1", [*HOST, (b"Content-Length", b"5")])
    pair.client.send_data(b"hello")
    pair.client.end_message()
    request, data, end = pair.to_server(size)
    assert (request.method, request.target) == (b"POST", b"/submit?now")
    assert (request.path, request.query) == (b"/submit", b"now")
    assert request.http_version == b"1.1"
    assert request.headers == [*HOST, (b"Content-Length", b"5")]
    assert data.data == b"hello"
    assert end.trailers == []

    pair.server.send_response(201, [(b"Content-Length", b"2"), (b"X", b"y")], reason=b"Made it")
    pair.server.send_data(b"ok")
    pair.server.end_message()
    response, data, end = pair.to_client(size)
    assert (response.status_code, response.reason, response.http_version) == (201, b"Made it", b"1.1")
    assert response.headers == [(b"Content-Length", b"2"), (b"X", b"y")]
    assert data.data == b"ok"
    assert end.trailers == []
    assert not pair.client.should_close()
    assert not pair.server.should_close()


@pytest.mark.parametrize("size", [None, 1])
def test_chunks_and_trailers_in_both_directions(size: int | None) -> None:
    pair = Pair()
    pair.client.send_request(b"POST", b"/", b"1.1", [*HOST, *CHUNKED])
    for chunk in (b"a", b"bc", b"", b"d" * 300):
        pair.client.send_data(chunk)
    pair.client.end_message([(b"Checksum", b"1"), (b"Empty", b"")])
    events = pair.to_server(size)
    assert content(events) == b"abc" + b"d" * 300
    assert events[-1].trailers == [(b"Checksum", b"1"), (b"Empty", b"")]

    pair.server.send_response(200, CHUNKED)
    pair.server.send_data(b"x" * 5000)
    pair.server.end_message(trailers=[(b"T", b"u")])
    events = pair.to_client(size)
    assert content(events) == b"x" * 5000
    assert events[-1].trailers == [(b"T", b"u")]


def test_many_exchanges_on_one_connection() -> None:
    pair = Pair()
    for number in range(20):
        body = b"%d" % number * number
        pair.client.send_request(b"PUT", b"/%d" % number, b"1.1", [*HOST, (b"Content-Length", b"%d" % len(body))])
        pair.client.send_data(body)
        pair.client.end_message()
        events = pair.to_server()
        assert events[0].target == b"/%d" % number
        assert content(events) == body
        pair.server.send_response(200, [(b"Content-Length", b"%d" % len(body))])
        pair.server.send_data(body)
        pair.server.end_message()
        assert content(pair.to_client()) == body
        pair.next_cycle()


def test_head_then_get() -> None:
    pair = Pair()
    for method, expected in ((b"HEAD", b""), (b"GET", b"hello")):
        pair.client.send_request(method, b"/", b"1.1", HOST)
        pair.client.end_message()
        pair.to_server()
        pair.server.send_response(200, [(b"Content-Length", b"5")])
        if method == b"GET":
            pair.server.send_data(b"hello")
        pair.server.end_message()
        events = pair.to_client()
        assert content(events) == expected
        assert names(events)[-1] == "EndOfMessage"
        pair.next_cycle()


def test_100_continue() -> None:
    pair = Pair()
    expecting = [*HOST, (b"Content-Length", b"5"), (b"Expect", b"100-continue")]
    pair.client.send_request(b"POST", b"/", b"1.1", expecting)
    (request,) = pair.to_server()
    assert request.expect_continue
    assert pair.server.waiting_for_100

    pair.server.send_informational(100)
    assert not pair.server.waiting_for_100
    (informational,) = pair.to_client()
    assert informational.is_informational
    assert informational.status_code == 100

    pair.client.send_data(b"hello")
    pair.client.end_message()
    assert content(pair.to_server()) == b"hello"
    pair.server.send_response(204)
    pair.server.end_message()
    assert names(pair.to_client()) == ["Response", "EndOfMessage"]


def test_early_hints() -> None:
    pair = Pair()
    pair.client.send_request(b"GET", b"/", b"1.1", HOST)
    pair.client.end_message()
    pair.to_server()
    pair.server.send_informational(103, [(b"Link", b"</a>")])
    pair.server.send_informational(103)
    pair.server.send_response(204)
    pair.server.end_message()
    first, second, final, _ = pair.to_client()
    assert [first.status_code, second.status_code, final.status_code] == [103, 103, 204]
    assert first.headers == [(b"Link", b"</a>")]
    assert [first.is_informational, final.is_informational] == [True, False]


def test_a_protocol_switch_hands_over_both_ways() -> None:
    pair = Pair()
    switch = [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
    pair.client.send_request(b"GET", b"/chat", b"1.1", [*HOST, *switch])
    pair.client.end_message()
    pair.to_server()
    assert pair.server.upgrade() == b"websocket"
    pair.server.send_response(101, switch)
    pair.client.receive_data(pair.server.data_to_send() + b"\x81\x05hello")
    response = pair.client.next_event()
    assert isinstance(response, zttp.Response)
    assert response.status_code == 101
    assert not response.is_informational
    pair.client.next_event()
    assert pair.client.next_event() is zttp.NEED_DATA
    assert pair.client.trailing_data == (b"\x81\x05hello", False)
    pair.server.receive_data(b"\x81\x85frames")
    assert pair.server.next_event() is zttp.NEED_DATA
    assert pair.server.trailing_data == (b"\x81\x85frames", False)


def test_a_tunnel_hands_over_both_ways() -> None:
    pair = Pair()
    pair.client.send_request(b"CONNECT", b"example.com:443", b"1.1", [(b"Host", b"example.com:443")])
    pair.client.end_message()
    pair.to_server()
    pair.server.send_response(200)
    pair.server.receive_data(b"client hello")
    assert pair.server.next_event() is zttp.NEED_DATA
    assert pair.server.trailing_data == (b"client hello", False)
    pair.client.receive_data(pair.server.data_to_send() + b"server hello")
    assert names([pair.client.next_event(), pair.client.next_event()]) == ["Response", "EndOfMessage"]
    pair.client.receive_data(b"")
    assert pair.client.next_event() is zttp.CONNECTION_CLOSED
    assert pair.client.trailing_data == (b"server hello", True)


def test_pipelined_requests_are_answered_in_order() -> None:
    pair = Pair()
    for target in (b"/1", b"/2"):
        other = zttp.Connection(zttp.CLIENT)
        other.send_request(b"GET", target, b"1.1", HOST)
        other.end_message()
        pair.server.receive_data(other.data_to_send())
    answers = []
    for _ in range(2):
        request = pair.server.next_event()
        assert isinstance(request, zttp.Request)
        assert isinstance(pair.server.next_event(), zttp.EndOfMessage)
        assert pair.server.next_event() is zttp.NEED_DATA
        pair.server.send_response(200, [(b"Content-Length", b"2")])
        pair.server.send_data(request.target)
        pair.server.end_message()
        answers.append(pair.server.data_to_send())
        pair.server.start_next_cycle()
    assert [answer[-2:] for answer in answers] == [b"/1", b"/2"]
    assert pair.server.next_event() is zttp.NEED_DATA


def test_an_http_1_0_client_gets_content_that_ends_with_the_connection() -> None:
    # RFC 9112 6.1: no Transfer-Encoding to a client of HTTP/1.0.
    pair = Pair()
    pair.server.receive_data(b"GET / HTTP/1.0\r\n\r\n")
    pair.server.next_event()
    pair.server.send_response(200, [*CHUNKED, (b"X", b"y")])
    pair.server.send_data(b"hello ")
    pair.server.send_data(b"world")
    pair.server.end_message()
    assert pair.server.should_close()
    pair.client.send_request(b"GET", b"/", b"1.0", [])
    pair.client.end_message()
    response, data = pair.to_client()
    assert response.headers.get(b"transfer-encoding") is None
    assert response.headers.get(b"x") == b"y"
    assert data.data == b"hello world"
    pair.client.receive_data(b"")
    assert isinstance(pair.client.next_event(), zttp.EndOfMessage)
    assert pair.client.next_event() is zttp.CONNECTION_CLOSED
