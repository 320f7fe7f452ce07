"""When sending is allowed: before a request was read, after an error, after an omitted response, and switches."""

from typing import Any

import pytest

import zttp
from tests.http1.helpers import CHUNKED_HEAD, GET, HOST, OK, Fields, client, feed, names, pull, server, serving
from tests.http1.test_sending import assert_refused

NO_CONTENT: Fields = [(b"Content-Length", b"0")]
CHUNKS: Fields = [(b"Transfer-Encoding", b"chunked")]
ECHO: Fields = [(b"Connection", b"upgrade"), (b"Upgrade", b"echo")]
ASKS = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo, IRC/6.9, HTTP/2.0\r\n\r\n"
EXPECTS = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"


# -------------------------------------------------------------------------------------------------- before the request


@pytest.mark.parametrize(
    ("received", "pulls"),
    [
        *((part, pulls) for part in (b"", GET[:7], GET[:30]) for pulls in (False, True)),
        (b"HEAD / HTTP/1.0\r\n\r\n", False),
    ],
    ids=range(7),
)
def test_only_an_error_before_the_request_was_pulled(received: bytes, pulls: bool) -> None:
    # A response to an unread request could be content for a HEAD, or chunks for HTTP/1.0.
    connection = server(received)
    if pulls:
        assert pull(connection) == []
    for status in (200, 204, 301, 399, 600):
        assert_refused(connection, "error_response_only", connection.send_response, status, NO_CONTENT)
    assert_refused(connection, "error_response_only", connection.send_response, 101, ECHO)
    assert_refused(connection, "error_response_only", connection.send_informational, 103)
    connection.send_response(503, [(b"Content-Length", b"3"), (b"Connection", b"keep-alive")])
    connection.send_data(b"no!")
    connection.end_message()
    assert connection.data_to_send() == (
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!"
    )
    assert connection.should_close()
    assert connection.is_closed()
    # RFC 9112 9.6: later bytes are not processed.
    connection.receive_data(GET)
    assert connection.next_event() is zttp.NEED_DATA
    assert connection.trailing_data == (b"", False)
    assert_refused(connection, "connection_closed", connection.start_next_cycle)


@pytest.mark.parametrize(
    "data", [b"\0", CHUNKED_HEAD + b"x", b"HEAD / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc"], ids=range(3)
)
def test_only_an_error_after_an_error(data: bytes) -> None:
    connection = server(data)
    connection.receive_data(b"")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        pull(connection)
    for status in (200, 204, 304):
        assert_refused(connection, "error_response_only", connection.send_response, status, NO_CONTENT)
    assert_refused(connection, "error_response_only", connection.send_informational, 100)
    connection.send_response(400, NO_CONTENT)
    connection.end_message()
    assert connection.data_to_send().endswith(b"\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("request_head", [b"CONNECT a:1 HTTP/1.1\r\nContent-Length: 5\r\n\r\n", EXPECTS + ASKS[25:]])
def test_no_switch_after_an_error(request_head: bytes) -> None:
    connection = serving(request_head)
    connection.receive_data(b"")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        pull(connection)
    assert_refused(connection, "error_response_only", connection.send_response, 200)
    assert_refused(connection, "error_response_only", connection.send_response, 101, ECHO)


def test_a_server_that_left_out_a_response_can_send_nothing_any_more() -> None:
    # It would answer the wrong request.
    connection = server(GET + GET + b"\0")
    for _ in range(2):
        assert names(pull(connection)) == ["Request", "EndOfMessage"]
        connection.start_next_cycle()
        assert_refused(connection, "response_skipped", connection.send_response, 400, NO_CONTENT)
        assert_refused(connection, "response_skipped", connection.send_informational, 103)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        pull(connection)
    assert_refused(connection, "response_skipped", connection.send_response, 400, NO_CONTENT)
    assert connection.is_closed()


def test_an_informational_response_is_none() -> None:
    connection = serving()
    connection.send_informational(103)
    connection.data_to_send()
    connection.start_next_cycle()
    feed(connection, GET)
    assert_refused(connection, "response_skipped", connection.send_response, 204)


# ------------------------------------------------------------------------------------------------------------- switches


def test_a_switch_waits_for_the_100_that_the_request_waits_for() -> None:
    # RFC 9110 7.8: "the server MUST send a 100 (Continue) response before sending a 101".
    connection = serving(EXPECTS + ASKS[ASKS.index(b"Connection") :])
    assert connection.waiting_for_100
    assert_refused(connection, "continue_before_switch", connection.send_response, 101, ECHO)
    connection.send_informational(100)
    connection.send_response(101, ECHO)
    assert connection.data_to_send().startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 ")
    assert content_of(feed(connection, b"hellomore")) == b"hello"
    assert connection.trailing_data == (b"more", False)


def content_of(events: list[Any]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, zttp.Data))


GOOD: list[Fields] = [
    ECHO,
    [(b"upgrade", b"ECHO"), (b"connection", b"x, Upgrade")],
    [(b"Connection", b"upgrade"), (b"Upgrade", b"irc/6.9, echo")],
    [(b"Connection", b"upgrade"), (b"Upgrade", b"echo/3")],
]
BAD: list[Fields] = [
    [],
    [(b"Upgrade", b"echo")],
    [(b"Connection", b"upgrade")],
    [(b"Connection", b"upgrade"), (b"Upgrade", b"websocket")],
    [(b"Connection", b"upgrade"), (b"Upgrade", b"echo, websocket")],
    [(b"Connection", b"upgrade"), (b"Upgrade", b"IRC")],
    [(b"Connection", b"upgrade"), (b"Upgrade", b"")],
    [(b"Connection", b"upgrade"), (b"Upgrade", b"HTTP/3.0")],
]


@pytest.mark.parametrize("fields", GOOD)
def test_a_server_switches_to_what_was_asked_for(fields: Fields) -> None:
    connection = serving(ASKS)
    connection.send_response(101, fields)
    assert connection.data_to_send() != b""
    assert_refused(connection, "protocol_switched", connection.start_next_cycle)
    assert not connection.should_close()


@pytest.mark.parametrize("fields", BAD)
def test_a_server_switches_to_nothing_else(fields: Fields) -> None:
    # RFC 9110 7.8, 15.2.2: the response names the protocol, and the request named it.
    connection = serving(ASKS)
    assert_refused(connection, "unexpected_status", connection.send_response, 101, fields)


@pytest.mark.parametrize("request_head", [GET, b"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"])
def test_a_server_does_not_switch_unasked(request_head: bytes) -> None:
    connection = serving(request_head)
    assert_refused(connection, "unexpected_status", connection.send_response, 101, ECHO)


def switching(fields: Fields) -> bytes:
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    return b"HTTP/1.1 101 Switching Protocols\r\n" + lines + b"\r\n"


ASKING: Fields = [*HOST, (b"Connection", b"upgrade"), (b"Upgrade", b"echo, IRC/6.9"), (b"Upgrade", b"HTTP/2.0")]


@pytest.mark.parametrize("fields", GOOD)
def test_a_client_takes_the_switch_that_it_asked_for(fields: Fields) -> None:
    connection = client(fields=ASKING)
    assert names(feed(connection, switching(fields))) == ["Response", "EndOfMessage"]
    assert not connection.should_close()
    assert_refused(connection, "protocol_switched", connection.send_request, b"GET", b"/", b"1.1", HOST)


@pytest.mark.parametrize("fields", [fields for fields in BAD if fields[:1] != [(b"Upgrade", b"echo")]])
@pytest.mark.parametrize("size", [None, 1])
def test_a_client_takes_no_other(fields: Fields, size: int | None) -> None:
    connection = client(fields=ASKING)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, switching(fields), size)
    assert (caught.value.reason, caught.value.offset) == ("unexpected_status", 9)


def test_a_client_that_waits_for_100_takes_no_switch() -> None:
    connection = zttp.Connection(zttp.CLIENT)
    connection.send_request(b"POST", b"/", b"1.1", [*ASKING, (b"Content-Length", b"5"), (b"Expect", b"100-continue")])
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, switching(ECHO))
    assert caught.value.reason == "continue_before_switch"


def test_a_client_waits_for_100_through_other_informational_responses() -> None:
    connection = zttp.Connection(zttp.CLIENT)
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, (b"Content-Length", b"5"), (b"Expect", b"100-continue")])
    for status in (102, 103, 199):
        feed(connection, b"HTTP/1.1 %d X\r\n\r\n" % status)
        assert connection.waiting_for_100
    feed(connection, b"HTTP/1.1 100 Continue\r\n\r\n")
    assert not connection.waiting_for_100


# ------------------------------------------------------------------------------------------------------------------ 205


def test_205_has_no_content() -> None:
    # RFC 9110 15.3.6: "a server MUST NOT generate content in a 205 response".
    connection = serving()
    assert_refused(connection, "no_content_allowed", connection.send_response, 205, [(b"Content-Length", b"1")])
    connection.send_response(205, CHUNKS)
    connection.data_to_send()
    assert_refused(connection, "no_content_allowed", connection.send_data, b"x")
    connection.end_message()
    assert connection.data_to_send() == b"0\r\n\r\n"
    connection.start_next_cycle()
    feed(connection, GET)
    connection.send_response(200, CHUNKS)
    connection.send_data(b"x")


@pytest.mark.parametrize("fields", [[], [(b"Connection", b"close")], NO_CONTENT])
def test_205_without_a_length(fields: Fields) -> None:
    connection = serving()
    connection.send_response(205, fields)
    connection.data_to_send()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.send_data(b"x")
    assert caught.value.reason in ("no_content_allowed", "content_too_long")


# ------------------------------------------------------------------------------------------------------- error details

POST_1_1 = b"POST / HTTP/1.1\r\n"
PLACES: list[tuple[bytes, str, int]] = [
    (b"GET foo HTTP/1.1\r\n\r\n", "invalid_target_form", 4),
    (b"CONNECT / HTTP/1.1\r\n\r\n", "invalid_target_form", 8),
    (POST_1_1 + b"A: b\r\nTransfer-Encoding: gzip\r\nC: d\r\n\r\n", "chunked_not_final", 42),
    (
        POST_1_1 + b"A: b\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nC: d\r\n\r\n",
        "transfer_encoding_and_content_length",
        61,
    ),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nC: d\r\n\r\n", "transfer_encoding_in_http_1_0", 36),
]


@pytest.mark.parametrize(("data", "reason", "offset"), PLACES)
@pytest.mark.parametrize("size", [None, 1, 7, 20])
def test_an_error_tells_where_what_it_speaks_of_stands(data: bytes, reason: str, offset: int, size: int | None) -> None:
    connection = server(GET * 2)
    for _ in range(2):
        pull(connection)
        connection.start_next_cycle()
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, data, size)
    assert (caught.value.reason, caught.value.offset) == (reason, 2 * len(GET) + offset)


START = b"GET / HTTP/1.1\r\n"
LINES = [
    b"G" * 70,
    b"GET" + b" " * 30,
    b"GET /" + b"x" * 9 + b"\x7f",
    b"GET / HTTP/1.1 x" + b"y" * 9,
    b"G E T / HTTP/1.1",
    b"GET /xxxxxxxxxx\r",
    b"GET /xxxxxxxxxxx\r",
    b"GET /xxxxxxxxxxxx\rx",
    b"GET /\x7fxxxxxxxxxx",
    b"GET /aaaaaa HTTP/3.0",
    START + b"Aaaaaaaaaaaaa  :",
    START + b"Aaaaaaaaaaaaaaaa  :",
    START + b"Aaaaaaaaa        x",
    START + b"Aaaaaaaaaaaaaaaa\r\n",
    START + b"Aaaaaaaaaaaaaaaaa\r\n",
    START + b"A: aaaaaaaaaaaaa\rb",
    START + b"A: aaaaaaaaaaaaaa\rb",
    START + b"A: aaaaaaaaaaaa\x7f",
    START + b"A: aaaaaaaaaaaaaaa\x7f",
]


@pytest.mark.parametrize("line", LINES)
def test_the_same_reason_however_a_line_is_cut(line: bytes) -> None:
    # A line that is wrong and too long gets one of both errors, for any cut.
    found = set()
    for size in range(1, len(line) + 4):
        connection = server(limits=zttp.H1Limits(max_line=16))
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
            feed(connection, line + b"\r\nrest\r\n\r\n", size)
        found.add((caught.value.reason, caught.value.offset))
    assert len(found) == 1


def test_a_response_error_hints_at_no_status() -> None:
    for data in (b"\0", OK[:17] + b"bad\r\n\r\n", OK[:-2]):
        connection = client()
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
            feed(connection, data)
            connection.receive_data(b"")
            pull(connection)
        assert caught.value.status_hint is None
