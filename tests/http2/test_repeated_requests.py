"""Requests with the same field block as the previous one: they are recognised, and must give exactly the same event."""

from typing import Any

import pytest

import zttp
from tests.http2.frame_language import block, frame
from tests.http2.peers import client, feed, sent, server

GET = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/a?b"), (b":authority", b"a.example"), (b"x-n", b"1")]
POST = [(b":method", b"POST"), *GET[1:4], (b"content-length", b"5"), (b"expect", b"100-continue")]
HEADERS = 0x1
SETTINGS = 0x4
END_STREAM = 0x1
END_HEADERS = 0x4


def request(stream_id: int, fields: list[tuple[bytes, bytes]], flags: int = END_STREAM) -> bytes:
    return frame(HEADERS, END_HEADERS | flags, stream_id, block(fields))


def only_request(events: list[Any]) -> zttp.Request:
    (found,) = [event for event in events if isinstance(event, zttp.Request)]
    return found


def facts(event: zttp.Request) -> tuple[Any, ...]:
    return (event.method, event.target, event.headers, event.scheme, event.http_version, event.protocol, event.priority)


@pytest.mark.parametrize("extra", [0, 1, 2, 3, 60, 200])
def test_a_repeated_request_says_the_same_on_another_stream(extra: int) -> None:
    connection = server()
    fields = [*GET, (b"x-extra", b"v" * extra)]
    events = [only_request(feed(connection, request(number, fields))) for number in (1, 3, 5, 7)]
    assert [event.stream_id for event in events] == [1, 3, 5, 7]
    assert {facts(event) for event in events} == {facts(events[0])}
    assert events[0].headers == [(b"host", b"a.example"), *fields[4:]]
    assert events[3].end_stream
    assert feed(connection, frame(0x0, END_STREAM, 7, b"")) == [zttp.RstStream(7, 5)]  # it is half-closed


@pytest.mark.parametrize("position", range(20))
def test_a_block_that_differs_in_one_octet_is_another_request(position: int) -> None:
    connection = server()
    value = b"abcdefghijklmnopqrst"
    other = value[:position] + b"X" + value[position + 1 :]
    for number, expected in ((1, value), (3, value), (5, other), (7, value)):
        event = only_request(feed(connection, request(number, [*GET, (b"x-value", expected)])))
        assert event.headers.get(b"x-value") == expected


def test_what_ends_with_its_head_and_what_does_not_is_told_apart() -> None:
    connection = server()
    for number, flags in ((1, END_STREAM), (3, 0), (5, END_STREAM), (7, 0)):
        events = feed(connection, request(number, GET, flags))
        assert only_request(events).end_stream == (flags == END_STREAM)
        assert (events[-1] == zttp.EndOfMessage(None, number)) == (flags == END_STREAM)


def test_the_stated_length_counts_for_each_of_them() -> None:
    connection = server()
    for number in (1, 3):
        events = feed(connection, request(number, POST, 0))
        assert only_request(events).expect_continue
        assert feed(connection, frame(0x0, END_STREAM, number, b"12345"))[-1] == zttp.EndOfMessage(None, number)
    assert feed(connection, request(5, POST)) == [zttp.RstStream(5, 1)]
    assert connection.last_stream_error is not None
    assert connection.last_stream_error.reason == "content_too_short"
    feed(connection, request(7, POST, 0))
    assert feed(connection, frame(0x0, END_STREAM, 7, b"1234")) == [zttp.RstStream(7, 1)]


def test_a_method_has_its_meaning_each_time() -> None:
    connection = server()
    for number in (1, 3):
        feed(connection, request(number, [(b":method", b"HEAD"), *GET[1:]]))
        stream = connection.stream(number)
        stream.send_response(200, [(b"content-length", b"5")])
        with pytest.raises(zttp.LocalProtocolError):
            stream.send_data(b"12345")
        stream.end_message()


def test_the_table_decides_what_a_block_says() -> None:
    connection = server()
    by_index = b"\x82\x87\x84\x41\x01a" + b"\xbf"  # the newest but one entry of the table
    first = frame(HEADERS, 0x5, 1, b"\x82\x87\x84\x40\x01x\x01 "[:-1] + b"1\x40\x01y\x012")
    assert only_request(feed(connection, first)).headers == [(b"x", b"1"), (b"y", b"2")]
    named = frame(HEADERS, 0x5, 3, b"\x82\x87\x84\xbe")
    for number in (3, 5):
        event = only_request(feed(connection, named[:5] + number.to_bytes(4) + named[9:]))
        assert event.headers == [(b"y", b"2")]
    assert only_request(feed(connection, frame(HEADERS, 0x5, 7, by_index))).headers == [(b"host", b"a"), (b"y", b"2")]
    event = only_request(feed(connection, frame(HEADERS, 0x5, 9, b"\x82\x87\x84\xbe")))
    assert event.headers == [(b":authority", b"a")] or event.headers == [(b"host", b"a")]


def test_a_refused_stream_does_not_take_the_place_of_the_request() -> None:
    connection = server(max_concurrent_streams=2)
    for number in (1, 3):
        feed(connection, request(number, GET))
    assert feed(connection, request(5, GET)) == [zttp.RstStream(5, 7)]
    connection.stream(1).send_response(204, [], True)
    assert only_request(feed(connection, request(7, GET))).stream_id == 7


def test_settings_between_requests_change_nothing_of_them() -> None:
    connection = server()
    for number in (1, 3, 5):
        feed(connection, frame(SETTINGS, 0, 0, b""))
        assert only_request(feed(connection, request(number, GET))).headers[-1] == (b"x-n", b"1")
    assert sum(part.type == SETTINGS for part in sent(connection)) == 3


def test_an_extended_connect_is_judged_anew_once_it_is_allowed() -> None:
    extended = [(b":method", b"CONNECT"), (b":protocol", b"websocket"), *GET[1:4]]
    connection = server()
    assert feed(connection, request(1, extended, 0)) == [zttp.RstStream(1, 1)]
    connection.update_settings({0x8: 1})
    for number in (3, 5):
        assert only_request(feed(connection, request(number, extended, 0))).protocol == b"websocket"


def test_a_client_remembers_no_requests() -> None:
    connection = client()
    answer = block([(b":status", b"200")])
    for _ in range(3):
        stream = connection.send_request(b"GET", b"/", b"2", [(b"host", b"a.example")], end_stream=True)
        events = feed(connection, frame(HEADERS, 0x5, stream.stream_id, answer))
        assert [type(event) for event in events] == [zttp.Response, zttp.EndOfMessage]
