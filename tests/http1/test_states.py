"""The life cycle of a connection: EOF, expectations, persistence, cycles, pauses, switches, errors."""

import gc
import re
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import zttp
from tests.http1.helpers import (
    CHUNKED,
    CHUNKED_HEAD,
    GET,
    HOST,
    OK,
    POST,
    Fields,
    client,
    content,
    feed,
    names,
    pull,
    server,
    serving,
)
from zttp_h1.head import NO_HEAD
from zttp_h1.receive_buffer import NO_BUFFER

CLOSE: Fields = [(b"Connection", b"close")]
KEEP_ALIVE: Fields = [(b"Connection", b"keep-alive")]
NO_CONTENT: Fields = [(b"Content-Length", b"0")]
EXPECTING = b"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"


# ----------------------------------------------------------------------------------------------------------------- EOF


TRAILED = CHUNKED[:-2] + b"A: b\r\n\r\n"


@pytest.mark.parametrize("message", [GET, POST, CHUNKED, TRAILED], ids=["get", "post", "chunked", "trailers"])
def test_eof_at_every_byte_of_a_request(message: bytes) -> None:
    # RFC 9112 8: everything but empty input and the complete message is incomplete.
    for cut in range(len(message) + 1):
        connection = server()
        if cut:
            connection.receive_data(message[:cut])
        pull(connection)
        connection.receive_data(b"")
        if cut in (0, len(message)):
            assert connection.next_event() is zttp.CONNECTION_CLOSED
        else:
            with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
                pull(connection)
            assert (caught.value.reason, caught.value.offset) == ("incomplete_message", cut)


CHUNKED_OK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n3\r\nbye\r\n0\r\nA: b\r\n\r\n"


@pytest.mark.parametrize(
    "message",
    [OK, b"HTTP/1.1 100 Continue\r\n\r\n" + OK, CHUNKED_OK],
    ids=["ok", "informational", "chunked"],
)
def test_eof_at_every_byte_of_a_response(message: bytes) -> None:
    for cut in range(len(message)):
        for pulls in (False, True):
            connection = client()
            if cut:
                connection.receive_data(message[:cut])
            if pulls:
                pull(connection)
            connection.receive_data(b"")
            with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
                pull(connection)
            assert (caught.value.reason, caught.value.offset) == ("incomplete_message", cut)


def test_eof_before_anything_was_pulled() -> None:
    connection = server(POST)
    connection.receive_data(b"")
    assert names([connection.next_event() for _ in range(3)]) == ["Request", "Data", "EndOfMessage"]
    assert connection.next_event() is zttp.CONNECTION_CLOSED


@pytest.mark.parametrize("data", [b"", GET, POST, GET + GET], ids=["nothing", "get", "post", "pipelined"])
def test_connection_closed_comes_once_for_each_eof(data: bytes) -> None:
    # So every loop ends: one that pulls until NEED_DATA, and one that feeds EOF repeatedly.
    connection = serving(data) if data else server()
    if data == GET + GET:
        connection.start_next_cycle()
        pull(connection)
    for _ in range(3):
        connection.receive_data(b"")
        assert connection.next_event() is zttp.CONNECTION_CLOSED
        assert connection.next_event() is zttp.NEED_DATA
        assert connection.receive_event(b"") is zttp.CONNECTION_CLOSED
        assert connection.next_event() is zttp.NEED_DATA


def test_eof_twice_before_it_was_pulled_is_one() -> None:
    connection = serving()
    connection.receive_data(b"")
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    assert connection.next_event() is zttp.NEED_DATA


def test_eof_after_the_last_message_is_reported_whatever_waits() -> None:
    # RFC 9112 9.6: bytes after a request that closes are not processed; a loop must not wait for them.
    connection = serving(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET)
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    assert connection.next_event() is zttp.NEED_DATA


def test_no_bytes_after_eof() -> None:
    connection = server()
    connection.receive_data(b"")
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.receive_data(GET)
    assert caught.value.reason == "receive_after_eof"


def test_a_response_can_still_be_sent_after_eof() -> None:
    # RFC 9112 9.6: a half-closed connection does not imply "that the client is no longer interested in a response".
    connection = serving()
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    connection.send_response(204)
    connection.end_message()
    assert connection.data_to_send() == b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def test_pipelined_requests_before_eof_are_served() -> None:
    connection = server(GET + GET)
    connection.receive_data(b"")
    assert names(pull(connection)) == ["Request", "EndOfMessage"]
    assert connection.next_event() is zttp.NEED_DATA
    connection.start_next_cycle()
    assert names([connection.next_event() for _ in range(2)]) == ["Request", "EndOfMessage"]
    assert connection.next_event() is zttp.CONNECTION_CLOSED


def test_eof_in_a_pipelined_request() -> None:
    connection = server(GET + GET[:20])
    connection.receive_data(b"")
    assert names(pull(connection)) == ["Request", "EndOfMessage"]
    connection.start_next_cycle()
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        connection.next_event()
    assert (caught.value.reason, caught.value.offset) == ("incomplete_message", len(GET) + 20)


# -------------------------------------------------------------------------------------------------------------- Expect


def test_waiting_for_100_until_it_is_sent() -> None:
    connection = server(EXPECTING)
    assert not connection.waiting_for_100, "the head was not pulled"
    request = connection.next_event()
    assert isinstance(request, zttp.Request)
    assert request.expect_continue
    assert connection.waiting_for_100
    assert connection.next_event() is zttp.NEED_DATA
    connection.send_informational(100)
    assert not connection.waiting_for_100


@pytest.mark.parametrize("status", [102, 103, 199])
def test_waiting_for_100_goes_on_through_other_informational_responses(status: int) -> None:
    connection = serving(EXPECTING)
    connection.send_informational(status)
    assert connection.waiting_for_100
    connection.send_informational(100)
    assert not connection.waiting_for_100


def test_waiting_for_100_until_content_comes() -> None:
    connection = serving(EXPECTING)
    assert connection.waiting_for_100
    connection.receive_data(b"h")
    connection.next_event()
    assert not connection.waiting_for_100


def test_waiting_for_100_until_a_final_response() -> None:
    connection = serving(EXPECTING)
    connection.send_response(417, NO_CONTENT)
    assert not connection.waiting_for_100


def test_a_request_refused_before_its_content_closes_the_connection() -> None:
    # RFC 9110 10.1.1: it is unknown whether the client will send the content that it announced.
    connection = serving(EXPECTING)
    connection.send_response(413, NO_CONTENT)
    connection.end_message()
    assert connection.should_close()


def test_an_invited_request_keeps_the_connection() -> None:
    connection = serving(EXPECTING)
    connection.send_informational(100)
    assert content(feed(connection, b"hello")) == b"hello"
    connection.send_response(204)
    connection.end_message()
    assert not connection.should_close()


def test_the_next_request_waits_for_nothing() -> None:
    connection = serving(EXPECTING)
    connection.send_informational(100)
    feed(connection, b"hello")
    connection.send_response(204)
    connection.end_message()
    connection.start_next_cycle()
    feed(connection, POST[:-5])
    assert not connection.waiting_for_100


def test_a_client_waits_for_100_as_well() -> None:
    connection = zttp.Connection(zttp.CLIENT)
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, (b"Content-Length", b"5"), (b"Expect", b"100-continue")])
    assert connection.waiting_for_100
    feed(connection, b"HTTP/1.1 100 Continue\r\n\r\n")
    assert not connection.waiting_for_100


EXPECT: Fields = [*HOST, (b"Expect", b"100-continue")]


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        (b"1.1", EXPECT),
        (b"1.1", [*EXPECT, (b"Content-Length", b"0")]),
        (b"1.0", [*EXPECT, (b"Content-Length", b"5")]),
    ],
    ids=["no content", "empty", "HTTP/1.0"],
)
def test_a_client_waits_for_no_100_that_nobody_sends(version: bytes, fields: Fields) -> None:
    # RFC 9110 10.1.1: a server ignores the expectations of HTTP/1.0, and without content it sends no 100.
    connection = zttp.Connection(zttp.CLIENT)
    connection.send_request(b"POST", b"/", version, fields)
    assert not connection.waiting_for_100
    served = server(connection.data_to_send())
    assert not served.next_event().expect_continue
    assert not served.waiting_for_100


def test_a_client_that_has_ended_its_content_waits_for_no_100() -> None:
    connection = zttp.Connection(zttp.CLIENT)
    asked = [(b"Connection", b"upgrade"), (b"Upgrade", b"echo")]
    connection.send_request(b"POST", b"/", b"1.1", [*EXPECT, *asked, (b"Transfer-Encoding", b"chunked")])
    assert connection.waiting_for_100
    connection.end_message()
    assert not connection.waiting_for_100
    served = serving(connection.data_to_send())
    served.send_response(101, asked)
    assert names(feed(connection, served.data_to_send())) == ["Response", "EndOfMessage"]


# --------------------------------------------------------------------------------------------------------- persistence

REQUEST_HEADS = {
    "1.1": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
    "1.1 keep-alive": (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", True),
    "1.1 close": (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", False),
    "1.0": (b"GET / HTTP/1.0\r\n\r\n", False),
    "1.0 keep-alive": (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", True),
    "1.0 close": (b"GET / HTTP/1.0\r\nConnection: close\r\n\r\n", False),
}
RESPONSE_FIELDS: dict[str, tuple[Fields, bool]] = {
    "length": (NO_CONTENT, True),
    "length, keep-alive": ([*NO_CONTENT, *KEEP_ALIVE], True),
    "length, close": ([*NO_CONTENT, *CLOSE], False),
    "to the end": (CLOSE, False),
}


@pytest.mark.parametrize("request_head", REQUEST_HEADS.keys())
@pytest.mark.parametrize("response", RESPONSE_FIELDS.keys())
def test_should_close_of_a_server_looks_at_both_heads(request_head: str, response: str) -> None:
    # RFC 9112 9.3: each side can end it, neither can keep it alone.
    data, request_persists = REQUEST_HEADS[request_head]
    fields, response_persists = RESPONSE_FIELDS[response]
    connection = serving(data)
    assert connection.should_close() is not request_persists
    connection.send_response(200, fields)
    connection.end_message()
    assert connection.should_close() is not (request_persists and response_persists)


RESPONSE_HEADS = {
    "1.1": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
    "1.1 close": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", False),
    "1.1 to the end": (b"HTTP/1.1 200 OK\r\n\r\n", False),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
    "1.0 keep-alive": (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", True),
}
REQUEST_FIELDS: dict[str, tuple[Fields, bool]] = {
    "plain": (HOST, True),
    "keep-alive": ([*HOST, *KEEP_ALIVE], True),
    "close": ([*HOST, *CLOSE], False),
}


@pytest.mark.parametrize("response", RESPONSE_HEADS.keys())
@pytest.mark.parametrize("request_fields", REQUEST_FIELDS.keys())
def test_should_close_of_a_client_looks_at_both_heads(response: str, request_fields: str) -> None:
    data, response_persists = RESPONSE_HEADS[response]
    fields, request_persists = REQUEST_FIELDS[request_fields]
    connection = client(fields=fields)
    assert connection.should_close() is not request_persists
    connection.receive_data(data)
    pull(connection)
    assert connection.should_close() is not (request_persists and response_persists)


def test_should_close_after_an_error_and_after_eof() -> None:
    broken = server(b"\0")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        broken.next_event()
    assert broken.should_close()
    ended = serving()
    ended.receive_data(b"")
    ended.next_event()
    assert ended.should_close()


def test_what_one_request_said_is_forgotten_with_the_next() -> None:
    connection = serving(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    connection.send_response(204, KEEP_ALIVE)
    connection.end_message()
    assert not connection.should_close()
    connection.start_next_cycle()
    feed(connection, b"GET / HTTP/1.0\r\n\r\n")
    assert connection.should_close()


def test_no_further_request_after_close() -> None:
    # RFC 9112 9.6: "The server MUST NOT process any further requests received on that connection".
    connection = serving(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET)
    connection.send_response(204)
    connection.end_message()
    try:
        connection.start_next_cycle()
        event = connection.next_event()
    except zttp.ProtocolError:
        return
    assert event is zttp.NEED_DATA or event is zttp.CONNECTION_CLOSED


# -------------------------------------------------------------------------------------------------------------- cycles


def test_a_pipelined_request_waits_for_the_next_cycle() -> None:
    connection = server(GET + POST + CHUNKED)
    for between in ([], ["Data"], ["Data"]):
        assert names(pull(connection)) == ["Request", *between, "EndOfMessage"]
        for _ in range(3):
            assert connection.next_event() is zttp.NEED_DATA
        connection.send_response(204)
        connection.end_message()
        connection.start_next_cycle()
    assert connection.next_event() is zttp.NEED_DATA


def test_more_bytes_while_it_waits() -> None:
    connection = server(GET)
    pull(connection)
    for start in range(len(POST)):
        connection.receive_data(POST[start : start + 1])
        assert connection.next_event() is zttp.NEED_DATA
    connection.start_next_cycle()
    events = pull(connection)
    assert events[0].method == b"POST"
    assert content(events) == b"hello"


def test_start_next_cycle_does_not_wait_for_the_end_to_be_pulled() -> None:
    connection = server(POST + GET)
    connection.next_event()
    connection.next_event()
    connection.start_next_cycle()
    assert names(pull(connection)) == ["Request", "EndOfMessage"]
    connection = server(GET + POST)
    connection.next_event()
    connection.start_next_cycle()
    assert names(pull(connection)) == ["Request", "Data", "EndOfMessage"]


@pytest.mark.parametrize("data", [b"", GET[:10], POST[:-5], POST[:-1], CHUNKED_HEAD, CHUNKED[:-2]], ids=range(6))
def test_start_next_cycle_before_the_request_has_ended(data: bytes) -> None:
    connection = serving(data) if data else server()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.start_next_cycle()
    assert caught.value.reason == "cycle_not_complete"
    assert connection.next_event() is zttp.NEED_DATA
    whole = next(message for message in (GET, POST, CHUNKED) if message.startswith(data))
    assert names(feed(connection, whole[len(data) :]))[-1] == "EndOfMessage"


def test_a_request_that_was_not_pulled_is_not_left_out() -> None:
    connection = server(CHUNKED + GET)
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.start_next_cycle()
    assert caught.value.reason == "cycle_not_complete"
    assert isinstance(connection.next_event(), zttp.Request)
    connection.start_next_cycle()
    assert names(pull(connection)) == ["Request", "EndOfMessage"]


def test_start_next_cycle_before_the_response_has_ended() -> None:
    connection = serving()
    connection.send_response(200, [(b"Content-Length", b"1")])
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.start_next_cycle()
    assert caught.value.reason == "cycle_not_complete"
    connection.send_data(b"x")
    connection.end_message()
    connection.start_next_cycle()


def test_start_next_cycle_of_a_client_before_the_response_has_ended() -> None:
    connection = client()
    for part in (OK[:10], OK[10:-1]):
        feed(connection, part)
        with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
            connection.start_next_cycle()
        assert caught.value.reason == "cycle_not_complete"
    feed(connection, OK[-1:])
    connection.start_next_cycle()
    connection.send_request(b"GET", b"/", b"1.1", HOST)


def test_start_next_cycle_of_a_client_before_its_request_has_ended() -> None:
    connection = zttp.Connection(zttp.CLIENT)
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, (b"Content-Length", b"5")])
    feed(connection, OK)
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.start_next_cycle()
    assert caught.value.reason == "cycle_not_complete"


def test_a_server_may_go_on_without_having_answered() -> None:
    # A parser of requests, which sends nothing, is a separate use.
    connection = server(GET * 3)
    for _ in range(3):
        assert names(pull(connection)) == ["Request", "EndOfMessage"]
        connection.start_next_cycle()


# ------------------------------------------------------------------------------------------------- switches and tunnels

UPGRADE: Fields = [(b"Connection", b"upgrade"), (b"Upgrade", b"echo")]
UPGRADE_REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
CONNECT_REQUEST = b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"


@pytest.mark.parametrize(
    ("request_head", "status", "fields"),
    [(UPGRADE_REQUEST, 101, UPGRADE), (CONNECT_REQUEST, 200, [])],
    ids=["upgrade", "connect"],
)
def test_all_bytes_after_a_switch_are_handed_over(request_head: bytes, status: int, fields: Fields) -> None:
    # encode/httpcore and wsproto users lost the first frame: nothing may be missing, for any cut.
    connection = server(request_head + b"first ")
    assert names(pull(connection)) == ["Request", "EndOfMessage"]
    assert connection.next_event() is zttp.NEED_DATA
    connection.receive_data(b"second ")
    connection.send_response(status, fields)
    assert connection.next_event() is zttp.NEED_DATA
    assert connection.trailing_data == (b"first second ", False)
    connection.receive_data(b"third")
    assert connection.next_event() is zttp.NEED_DATA
    assert connection.trailing_data == (b"first second third", False)
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    assert connection.trailing_data == (b"first second third", True)


@pytest.mark.parametrize(
    ("request_head", "status", "fields"),
    [
        (UPGRADE_REQUEST.replace(b"upgrade\r", b"close, upgrade\r"), 101, UPGRADE),
        (CONNECT_REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), 200, []),
        (b"CONNECT a:1 HTTP/1.0\r\n\r\n", 200, []),
    ],
    ids=["upgrade", "connect", "connect, HTTP/1.0"],
)
@pytest.mark.parametrize("pulls", range(4))
def test_what_follows_a_request_that_closes_or_switches_waits_for_the_answer(
    request_head: bytes, status: int, fields: Fields, pulls: int
) -> None:
    connection = server(request_head + b"first ")
    connection.next_event()
    for _ in range(pulls):
        connection.next_event()
    connection.receive_data(b"second ")
    connection.send_response(status, fields)
    pull(connection)
    assert connection.trailing_data == (b"first second ", False)
    # It does not switch: then all bytes after a request that closes are ignored (RFC 9112 9.6).
    refused = server(request_head + b"first")
    pull(refused)
    refused.send_response(403, NO_CONTENT)
    refused.receive_data(b"second")
    assert pull(refused) == []
    assert refused.trailing_data == (b"", False)
    assert refused.should_close()


def test_a_client_hands_over_what_follows_101() -> None:
    answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
    for cut in range(len(answer) + 6):
        connection = client(fields=[*HOST, *UPGRADE])
        data = answer + b"first"
        events = feed(connection, data[:cut]) + feed(connection, data[cut:])
        assert names(events) == ["Response", "EndOfMessage"]
        assert connection.trailing_data == (b"first", False)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n",
    ],
    ids=["not listed", "other listed", "HTTP/1.0"],
)
def test_a_101_whose_connection_does_not_list_upgrade_is_refused(head: bytes) -> None:
    # RFC 9110 7.8: the same as for sending; upgrade() would return None.
    connection = client(fields=[*HOST, *UPGRADE])
    with pytest.raises(zttp.RemoteProtocolError, match="101") as caught:
        feed(connection, head)
    assert (caught.value.reason, caught.value.offset) == ("unexpected_status", 9)


def test_nothing_trails_while_http_is_spoken() -> None:
    assert server().trailing_data == (b"", False)
    connection = server(GET + GET)
    pull(connection)
    assert connection.next_event() is zttp.NEED_DATA
    connection.start_next_cycle()
    assert names(pull(connection)) == ["Request", "EndOfMessage"]


def test_upgrade_is_told_for_the_request_that_has_it() -> None:
    connection = server(UPGRADE_REQUEST + GET)
    assert connection.upgrade() is None
    connection.next_event()
    assert connection.upgrade() == b"echo"
    connection.next_event()
    connection.start_next_cycle()
    connection.next_event()
    assert connection.upgrade() is None


# -------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("data", [b"\0", GET[:-2] + b"\n\r\n", CHUNKED_HEAD + b"x\r\n"], ids=["method", "lf", "chunk"])
def test_an_error_repeats_and_nothing_follows_it(data: bytes) -> None:
    connection = server(data + GET)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as first:
        pull(connection)
    for _ in range(3):
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as again:
            connection.next_event()
        assert (again.value.reason, again.value.offset) == (first.value.reason, first.value.offset)
        assert str(again.value) == str(first.value)


@pytest.mark.parametrize("more", [GET, b""], ids=["bytes", "EOF"])
def test_bytes_after_an_error_are_of_no_use(more: bytes) -> None:
    connection = server(b"\0")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as first:
        connection.next_event()
    for _ in range(2):
        with suppress(zttp.RemoteProtocolError):
            connection.receive_data(more)
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as again:
            connection.next_event()
        assert again.value.reason == first.value.reason


def test_bytes_after_an_error_are_not_kept() -> None:
    connection = server(b"\0", limits=zttp.H1Limits(max_buffer=1024))
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as first:
        connection.next_event()
    for _ in range(100):
        with suppress(zttp.RemoteProtocolError):
            connection.receive_data(b"x" * 1000)
        with pytest.raises(zttp.RemoteProtocolError, match=re.escape(str(first.value))):
            connection.next_event()
    assert connection.trailing_data == (b"", False)


@pytest.mark.parametrize(
    "data",
    [b"\0", b"GET\r\n\r\n", GET[:-2] + b"\n\r\n", CHUNKED_HEAD + b"x\r\n", CHUNKED_HEAD + b"5\r\nhelloX"],
    ids=["method", "request line", "field line", "chunk size", "chunk end"],
)
def test_a_farewell_can_be_sent_after_an_error(data: bytes) -> None:
    # RFC 9112 2.2: "the server SHOULD respond with a 400 (Bad Request) response and close the connection".
    connection = server(data)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        pull(connection)
    status = caught.value.status_hint
    assert status is not None
    connection.send_response(status, [(b"Content-Length", b"3"), *CLOSE])
    connection.send_data(b"bad")
    connection.end_message()
    assert connection.data_to_send().endswith(b"\r\n\r\nbad")
    assert connection.should_close()


def test_a_farewell_after_an_error_in_the_second_request() -> None:
    connection = serving(GET + b"\0\r\n")
    connection.send_response(204)
    connection.end_message()
    connection.data_to_send()
    connection.start_next_cycle()
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        connection.next_event()
    assert caught.value.offset == len(GET)
    connection.send_response(400, [*NO_CONTENT, *CLOSE])
    connection.end_message()
    assert connection.data_to_send().startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_no_error_response_after_half_a_response() -> None:
    # It would be content of the response that has begun.
    connection = server(CHUNKED_HEAD)
    connection.next_event()
    connection.send_response(200, [(b"Transfer-Encoding", b"chunked")])
    connection.send_data(b"x")
    connection.data_to_send()
    connection.receive_data(b"x\r\n")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        connection.next_event()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.send_response(400, NO_CONTENT)
    assert connection.data_to_send() == b""


def test_no_next_cycle_after_an_error() -> None:
    connection = server(b"\0")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        connection.next_event()
    with pytest.raises(zttp.ProtocolError, match=r"\S"):
        connection.start_next_cycle()


class Witness:
    """An object that a caller holds when it gets an error."""


def test_an_error_keeps_nothing_of_its_caller_alive() -> None:
    # A connection that kept the error it raised would keep its traceback, the frames of the caller, and itself:
    # compiled classes are not collected from such a cycle.
    def refuse(data: bytes) -> weakref.ref[Witness]:
        witness = Witness()
        connection = server(data, limits=zttp.H1Limits(max_buffer=1024))
        for _ in range(2):
            with suppress(zttp.RemoteProtocolError):
                pull(connection)
        with suppress(zttp.RemoteProtocolError):
            connection.receive_data(b"x" * 5000)
        return weakref.ref(witness)

    witnesses = [refuse(data) for data in (b"\0", GET[:-2] + b"\n", CHUNKED_HEAD + b"x\r\n", GET)]
    gc.collect()
    assert [witness() for witness in witnesses] == [None] * len(witnesses)


@pytest.mark.parametrize(
    ("data", "section"),
    [(b"\0", "RFC 9110 9.1"), (GET[:-2] + b"a: b\n\r\n", "RFC 9112 2.2"), (b"GET / HTTP/3.0\r\n", "RFC 9110 15.6.6")],
)
def test_an_error_is_structured(data: bytes, section: str) -> None:
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        pull(server(data))
    error = caught.value
    assert error.section == section
    assert error.stream_id is None
    assert error.error_code is None
    assert isinstance(error.offset, int)
    assert section in str(error)
    assert "\n" not in str(error)
    assert str(error).isascii()


@pytest.mark.parametrize("length", [10, 59, 60, 61, 5000])
def test_the_excerpt_in_an_error_is_short(length: int) -> None:
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        pull(server(b"GET / HTTP/1.1\r\n" + b"x" * (length - 1) + b"(: y\r\n\r\n"))
    shown = str(caught.value).partition(": ")[2]
    assert shown.count("x") == min(length - 1, 60)
    assert ("..." in shown) is (length > 60)


def test_the_excerpt_in_an_error_is_escaped() -> None:
    # It can be logged: no byte of the peer ends a line or moves a cursor there.
    for data in (b"GET /\x1b[2J\xff HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nA: \x1b\r\n", b"G\x00T / HTTP/1.1\r\n"):
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
            pull(server(data))
        assert str(caught.value).isprintable()
        assert str(caught.value).isascii()


# -------------------------------------------------------------------------------------------------------------- closed


def test_is_closed() -> None:
    assert not server().is_closed()
    assert not serving().is_closed()
    ended = server()
    ended.receive_data(b"")
    assert not ended.is_closed(), "the end was not pulled"
    ended.next_event()
    assert ended.is_closed()


def test_a_server_is_not_closed_while_its_farewell_can_go_out() -> None:
    connection = server(b"\0")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        connection.next_event()
    assert not connection.is_closed()
    connection.send_response(400, NO_CONTENT)
    assert not connection.is_closed()
    connection.end_message()
    assert connection.is_closed()


def test_a_server_is_not_closed_while_its_response_can_go_out() -> None:
    connection = server(POST)
    connection.receive_data(b"")
    while connection.next_event() is not zttp.CONNECTION_CLOSED:
        assert not connection.is_closed()
    assert not connection.is_closed()
    connection.send_response(200, [(b"Content-Length", b"2")])
    connection.send_data(b"ok")
    assert not connection.is_closed()
    connection.end_message()
    assert connection.is_closed()


def test_a_connection_is_not_closed_before_its_last_event_was_pulled() -> None:
    connection = client(fields=[*HOST, *CLOSE])
    connection.receive_data(OK)
    events = []
    while not connection.is_closed():
        events.append(connection.next_event())
    assert names(events) == ["Response", "Data", "EndOfMessage"]


def test_a_client_is_closed_by_an_error() -> None:
    connection = client()
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        feed(connection, b"\0")
    assert connection.is_closed()


# ------------------------------------------------------------------------------------------------------------- buffers


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview], ids=lambda kind: kind.__name__)
def test_any_buffer_is_received(kind: Callable[[bytes], bytes]) -> None:
    connection = zttp.Connection(zttp.SERVER)
    connection.receive_data(kind(POST))
    assert content(pull(connection)) == b"hello"
    connection = zttp.Connection(zttp.SERVER)
    assert isinstance(connection.receive_event(kind(POST)), zttp.Request)


def test_a_mutable_buffer_may_change_after_it_was_received() -> None:
    buffer = bytearray(POST)
    connection = server()
    connection.receive_data(buffer)
    buffer[:] = b"x" * len(buffer)
    events = pull(connection)
    assert events[0].headers.get(b"host") == b"example.com"
    assert content(events) == b"hello"


@pytest.mark.parametrize("data", ["text", None, 5, [1, 2]])
def test_only_buffers_are_received(data: bytes) -> None:
    connection = server()
    with pytest.raises(TypeError):
        connection.receive_data(data)
    assert names(feed(connection, GET)) == ["Request", "EndOfMessage"]


def test_events_outlive_the_connection() -> None:
    connection = server(CHUNKED[:-2] + b"A: b\r\n\r\n" + POST)
    request, data, end = pull(connection)
    connection.start_next_cycle()
    pull(connection)
    del connection
    assert request.headers == [(b"Host", b"example.com"), (b"Transfer-Encoding", b"chunked")]
    assert data.data == b"hello"
    assert end.trailers == [(b"A", b"b")]


@pytest.mark.parametrize("data", [b"", GET[:20], b"HEAD / HTTP/1.0\r\nHo", b"GET / HTTP/1.0\r\nA b\r\n\r\n", b"\0"])
@pytest.mark.parametrize("before", [b"", GET], ids=["first", "second"])
def test_a_farewell_to_who_knows_whom_has_no_chunks(data: bytes, before: bytes) -> None:
    # RFC 9112 6.1: no Transfer-Encoding unless the request indicates HTTP/1.1.
    connection = server()
    if before:
        feed(connection, before)
        connection.send_response(204)
        connection.end_message()
        connection.start_next_cycle()
        connection.data_to_send()
    with suppress(zttp.RemoteProtocolError):
        feed(connection, data)
    connection.send_response(400, [(b"Transfer-Encoding", b"chunked")])
    connection.send_data(b"what is wrong")
    connection.end_message()
    assert connection.data_to_send() == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nwhat is wrong"


def test_the_excerpt_of_a_status_line_is_the_same_however_it_was_cut() -> None:
    told = set()
    for size in (1000, 3, 1):
        connection = client()
        with pytest.raises(zttp.RemoteProtocolError, match="status line") as caught:
            feed(connection, b"HTTP/1.x 200 OK\r\n\r\n", size)
        told.add((str(caught.value), caught.value.offset))
    assert len(told) == 1


def test_what_stands_for_parts_that_are_not_needed_yet_stays_as_it_is() -> None:
    # All connections share it: bytes written to it would be read by others.
    def values(part: object) -> dict[str, object]:
        found = {name: getattr(part, name) for name in dir(part) if not name.startswith("__")}
        return {name: value for name, value in found.items() if not callable(value)}

    before = [values(part) for part in (NO_HEAD, NO_BUFFER)]
    for role in (zttp.SERVER, zttp.CLIENT):
        acts: tuple[Callable[[Any], object], ...] = (
            lambda one: one.next_event(),
            lambda one: one.send_request(b"GET", b"/", b"1.1", [(b"host", b"a")]),
            lambda one: one.send_response(408, [(b"content-length", b"0")]),
            lambda one: one.send_response(101),
            lambda one: one.start_next_cycle(),
            lambda one: one.end_message(),
            lambda one: one.should_close() + one.is_closed(),
            lambda one: one.trailing_data,
            lambda one: one.receive_data(b""),
            lambda one: one.receive_data(b"x" * 10),
            lambda one: one.receive_event(b""),
            lambda one: one.receive_event(b"GET / HTTP/1.1\r\nx-y: z\r\n\r\n"),
            lambda one: one.receive_event(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"),
        )
        for act in acts:
            connection = zttp.H1Connection(role)
            for _ in range(3):
                with suppress(zttp.ProtocolError):
                    act(connection)
                with suppress(zttp.ProtocolError):
                    connection.next_event()
    assert [values(part) for part in (NO_HEAD, NO_BUFFER)] == before
    assert (len(before[0]), len(before[1])) == (13, 7)
