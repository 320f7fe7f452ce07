"""Requests that repeat parts of an earlier one on the same connection are read as if they came alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zttp
from tests.http1.helpers import feed, pull, server

LONG = b"User-Agent: a client that says a good deal about itself, as they do\r\nAccept: */*\r\n"
REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + LONG + b"\r\n",
    b"GET /other HTTP/1.1\r\nHost: a\r\n" + LONG + b"\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\n" + LONG + b"\r\n",
    b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" + LONG + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n" + LONG + b"\r\n",
    b"\r\nGET / HTTP/1.1\r\nHost: a\r\n" + LONG + b"\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\n" + LONG + b"Content-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\n" + LONG + b"Content-Length: 3\r\n\r\ndef",
    b"POST / HTTP/1.1\r\nHost: a\r\n" + LONG + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\n" + LONG + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\n" + LONG + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n" + LONG + b"\r\n",
]


def described(connection: zttp.H1Connection, events: list[Any]) -> list[Any]:
    """The events, each with all its values, and the connection's state for the message."""
    told: list[Any] = [connection.should_close(), connection.upgrade(), connection.waiting_for_100]
    for event in events:
        told.append(event)
        if isinstance(event, zttp.Request):
            told += [event.headers.to_list(), event.headers.to_list(lowercase_names=True), event.path, event.end_stream]
            told += [event.expect_continue, event.http_version, event.headers.get(b"content-length")]
    return told


def alone(request: bytes, size: int) -> list[Any]:
    connection = server()
    return described(connection, feed(connection, request, size))


@given(st.lists(st.tuples(st.sampled_from(range(len(REQUESTS))), st.sampled_from([1000, 1000, 40, 1])), max_size=12))
def test_a_request_is_read_the_same_whatever_came_before(chosen: list[tuple[int, int]]) -> None:
    connection = server()
    for number, size in chosen:
        request = REQUESTS[number]
        assert described(connection, feed(connection, request, size)) == alone(request, size)
        connection.start_next_cycle()


@pytest.mark.parametrize("request_bytes", REQUESTS, ids=range(len(REQUESTS)))
def test_the_answer_to_a_repeated_request_is_the_same(request_bytes: bytes) -> None:
    connection = server()
    sent = []
    for _ in range(4):
        feed(connection, request_bytes)
        connection.send_response(200, [(b"content-length", b"2")])
        if not request_bytes.startswith(b"HEAD"):
            connection.send_data(b"ok")
        connection.end_message()
        sent.append(connection.data_to_send())
        connection.start_next_cycle()
    assert sent == [sent[0]] * 4


def test_what_was_made_of_a_shared_section_is_not_shared() -> None:
    connection = server()
    lists = []
    for _ in range(4):
        (request, *_rest) = feed(connection, REQUESTS[1])
        lists.append(request.headers.to_list(lowercase_names=True))
        lists[-1].append((b"x", b"y"))
        connection.start_next_cycle()
    assert all(len(fields) == 4 for fields in lists)


def test_many_different_sections_in_a_row_are_all_read() -> None:
    connection = server()
    for number in range(20):
        request = b"GET / HTTP/1.1\r\nHost: a\r\nX: %d\r\n" % number + LONG + b"\r\n"
        assert described(connection, feed(connection, request)) == alone(request, 1000)
        connection.start_next_cycle()
    assert pull(connection) == []


@pytest.mark.parametrize("size", [1000, 40, 1])
def test_an_error_in_a_repeated_section_has_its_own_offset(size: int) -> None:
    chunked = b"Transfer-Encoding: chunked\r\n"
    first = b"POST / HTTP/1.1\r\nHost: a\r\n" + LONG + chunked + b"\r\n0\r\n\r\n"
    other = b"POST / HTTP/1.1\r\n" + chunked + b"Host: a\r\n\r\n0\r\n\r\n"
    wrong = first.replace(b"HTTP/1.1", b"HTTP/1.0")
    connection = server()
    for request, pieces in ((first, 1000), (first, 1000), (other, size)):
        feed(connection, request, pieces)
        connection.start_next_cycle()
    with pytest.raises(zttp.RemoteProtocolError, match="Transfer-Encoding") as caught:
        feed(connection, wrong)
    assert caught.value.reason == "transfer_encoding_in_http_1_0"
    assert caught.value.offset == len(first + first + other) + wrong.index(b"chunked")
