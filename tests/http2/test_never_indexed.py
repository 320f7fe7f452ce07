"""A never-indexed literal is forwarded as one (RFC 7541 6.2.3: intermediaries "MUST")."""

import pytest

import zttp
from tests.http2.helpers import (
    DATA,
    END_STREAM,
    GET,
    HEADERS,
    OK,
    Fields,
    Pair,
    block,
    feed,
    frame,
    headers,
    requesting,
    sent,
    server,
)

END_HEADERS = 4
SECRET = (b"x-secret", b"abc")
MARKED = frozenset({b"x-secret"})


def marked_block(fields: Fields, name: bytes) -> bytes:
    """A field block in which this name's fields are never-indexed literals."""
    parts = [block([field]) for field in fields]
    return b"".join(b"\x10" + part[1:] if field[0] == name else part for field, part in zip(fields, parts, strict=True))


def test_a_request_says_which_fields_are() -> None:
    [event, _] = feed(server(), frame(HEADERS, 5, 1, marked_block([*GET, (b"a", b"b"), SECRET], b"x-secret")))
    assert event.headers.never_indexed == MARKED
    assert event.headers == [(b"host", b"example.com"), (b"a", b"b"), SECRET]


def test_the_authority_goes_by_the_name_of_host() -> None:
    [event, _] = feed(server(), frame(HEADERS, 5, 1, marked_block(GET, b":authority")))
    assert event.headers.never_indexed == {b"host"}


def test_a_repeated_request_says_so_again() -> None:
    connection = server()
    request = marked_block([*GET, SECRET], b"x-secret")
    for number in (1, 3, 5):
        event = feed(connection, frame(HEADERS, 5, number, request))[0]
        assert event.headers.never_indexed == MARKED
    assert feed(connection, frame(HEADERS, 5, 7, block(GET)))[0].headers.never_indexed == frozenset()


def test_responses_and_trailers_say_it_too() -> None:
    connection = requesting()
    early = frame(HEADERS, END_HEADERS, 1, marked_block([(b":status", b"103"), SECRET], b"x-secret"))
    head = frame(HEADERS, END_HEADERS, 1, marked_block([*OK, SECRET], b"x-secret"))
    end = frame(HEADERS, END_HEADERS | END_STREAM, 1, marked_block([SECRET], b"x-secret"))
    first, second, last = feed(connection, early + head + end)
    assert first.headers.never_indexed == second.headers.never_indexed == last.trailers.never_indexed == MARKED


@pytest.mark.parametrize("count", [1, 3])
def test_a_proxy_passes_it_on(count: int) -> None:
    upstream, downstream = Pair(), Pair()
    for _ in range(count):
        secret = zttp.HeaderBlock([(b"host", b"h"), (b"a", b"b"), SECRET], never_indexed=[b"X-Secret", b"host"])
        asking = upstream.client.send_request(b"GET", b"/", b"2", secret)
        asking.end_message(zttp.HeaderBlock([SECRET], never_indexed=MARKED))
        upstream.pump()
        request, end = upstream.at_server
        assert (request.headers.never_indexed, end.trailers.never_indexed) == ({b"x-secret", b"host"}, MARKED)
        stream = downstream.client.send_request(b"GET", b"/", b"2", request.headers)
        stream.end_message(end.trailers)
        downstream.pump()
        request, end = downstream.at_server
        assert (request.headers.never_indexed, end.trailers.never_indexed) == ({b"x-secret", b"host"}, MARKED)
        assert request.headers == [(b"host", b"h"), (b"a", b"b"), SECRET]
        answer = downstream.server.stream(request.stream_id)
        answer.send_informational(103, zttp.HeaderBlock([SECRET], never_indexed=MARKED))
        answer.send_response(200, zttp.HeaderBlock([(b"a", b"b"), SECRET], never_indexed=MARKED))
        answer.end_message()
        downstream.pump()
        early, head, _ = downstream.at_client
        assert early.headers.never_indexed == head.headers.never_indexed == MARKED
        for pair in (upstream, downstream):
            pair.at_client.clear()
            pair.at_server.clear()


def test_what_was_indexed_before_is_not_referred_to() -> None:
    connection = server(b"".join(frame(HEADERS, 5, number, block(GET)) for number in (1, 3, 5)))
    connection.stream(1).send_response(200, [SECRET], True)
    connection.stream(3).send_response(200, [SECRET], True)
    plain = [item.payload for item in sent(connection)]
    assert b"abc" not in plain[1]
    connection.stream(5).send_response(200, zttp.HeaderBlock([SECRET], never_indexed=MARKED), True)
    [marked] = sent(connection)
    assert len(marked.payload) > len(plain[1])
    assert marked.payload[1] & 0xF0 == 0x10


def test_trailers_that_wait_are_marked_when_they_leave() -> None:
    pair = Pair()
    pair.client.send_request(b"GET", b"/", b"2", [(b"host", b"h")], end_stream=True)
    pair.pump()
    stream = pair.server.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(2_000_000))
    stream.end_message(zttp.HeaderBlock([SECRET], never_indexed=MARKED))
    pair.pump()
    assert pair.at_client[-1].trailers.never_indexed == MARKED


def test_a_refused_message_leaves_no_mark() -> None:
    connection = server(b"".join(frame(HEADERS, 5, number, block(GET)) for number in (1, 3)))
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.stream(1).send_response(99, zttp.HeaderBlock([SECRET], never_indexed=MARKED))
    connection.stream(3).send_response(200, [SECRET], True)
    [item] = sent(connection)
    assert item.payload[1] & 0xC0 == 0x40
    assert item.type != DATA


PSEUDO = [(b":method", b"PATCH"), (b":scheme", b"https"), (b":authority", b"h"), (b":path", b"/token"), SECRET]


@pytest.mark.parametrize("name", [b":method", b":scheme", b":authority", b":path"])
def test_a_pseudo_field_goes_on_as_it_came(name: bytes) -> None:
    [request, _] = feed(server(), frame(HEADERS, 5, 1, marked_block(PSEUDO, name)))
    pair = Pair()
    for _ in range(3):
        pair.client.send_request(request.method, request.target, b"2", request.headers, end_stream=True)
        pair.pump()
    passed_on = [event for event in pair.at_server if isinstance(event, zttp.Request)]
    assert {event.headers.never_indexed for event in passed_on} == {request.headers.never_indexed}
    assert {event.target for event in passed_on} == {b"/token"}


def test_a_status_and_an_extended_connect_go_on_as_they_came() -> None:
    pair = Pair(server_options={"enable_connect_protocol": True})
    asked = zttp.HeaderBlock([(b"host", b"h")], never_indexed=[b":protocol"])
    stream = pair.client.send_request(b"CONNECT", b"/", b"2", asked, protocol=b"websocket")
    pair.pump()
    assert pair.at_server[-1].headers.never_indexed == {b":protocol"}
    answer = zttp.HeaderBlock([(b"a", b"b")], never_indexed=[b":status"])
    pair.server.stream(stream.stream_id).send_response(200, answer)
    pair.pump()
    assert pair.at_client[-1].headers.never_indexed == {b":status"}


def test_what_repeats_has_its_own_length_after_a_marked_head() -> None:
    # The memo of the last head is not that of the head before it.
    connection = server(b"".join(headers(GET, number, END_STREAM) for number in range(1, 17, 2)))
    fields = [(b"server", b"z"), (b"content-length", b"5")]
    for number in range(1, 13, 2):
        connection.stream(number).send_response(200, fields)
    connection.stream(13).send_response(200, zttp.HeaderBlock([SECRET], never_indexed=MARKED))
    connection.stream(15).send_response(200, fields)
    with pytest.raises(zttp.LocalProtocolError) as caught:
        connection.stream(15).send_data(b"123456")
    assert caught.value.reason == "content_too_long"
