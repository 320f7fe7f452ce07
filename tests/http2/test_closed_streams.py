"""Frames on streams that are closed, skipped, or that depend on themselves (RFC 9113 5.1, 5.1.1, RFC 7540 5.3.1)."""

import pytest

import zttp
from tests.http2.helpers import (
    END_HEADERS,
    END_STREAM,
    GET,
    HAS_PRIORITY,
    HEADERS,
    POST,
    PRIORITY,
    RST_STREAM,
    block,
    feed,
    frame,
    headers,
    limits,
    priority_update,
    requesting,
    sent,
    server,
)

PROTOCOL_ERROR, STREAM_CLOSED = 1, 5


def error_of(connection: zttp.H2Connection, data: bytes) -> tuple[str, int | None]:
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        feed(connection, data)
    return caught.value.reason, caught.value.error_code


def ended(*numbers: int) -> zttp.H2Connection:
    connection = server()
    for number in numbers:
        feed(connection, headers(GET, number, END_STREAM))
        connection.stream(number).send_response(200, [], True)
    return connection


@pytest.mark.parametrize("numbers", [(1, 3, 5), (3, 5, 7), (5, 11, 13)])
def test_heads_on_a_closed_stream_are_that(numbers: tuple[int, ...]) -> None:
    # The client has skipped streams before, but this stream was used.
    for number in numbers:
        found = error_of(ended(*numbers), headers(GET, number, END_STREAM))
        assert found == ("frame_on_closed_stream", STREAM_CLOSED)


@pytest.mark.parametrize("number", [1, 3, 7, 9])
def test_heads_on_a_stream_that_was_skipped_come_too_late(number: int) -> None:
    assert error_of(ended(5, 11), headers(GET, number, END_STREAM)) == ("unexpected_stream_id", PROTOCOL_ERROR)


def test_what_was_skipped_long_ago_is_closed() -> None:
    numbers = range(3, 800, 4)
    assert error_of(ended(*numbers), headers(GET, 1, END_STREAM)) == ("frame_on_closed_stream", STREAM_CLOSED)
    assert error_of(ended(*numbers), headers(GET, 797, END_STREAM)) == ("unexpected_stream_id", PROTOCOL_ERROR)


def priority(stream_id: int, depends_on: int, flag: int = 0) -> bytes:
    return frame(PRIORITY, 0, stream_id, (depends_on | flag << 31).to_bytes(4, "big") + b"\x10")


def head(fields: list[tuple[bytes, bytes]], stream_id: int, depends_on: int, flags: int = END_STREAM) -> bytes:
    payload = depends_on.to_bytes(4, "big") + b"\x10" + block(fields)
    return frame(HEADERS, HAS_PRIORITY | END_HEADERS | flags, stream_id, payload)


@pytest.mark.parametrize("flag", [0, 1])
def test_a_stream_that_is_made_to_depend_on_itself(flag: int) -> None:
    connection = server(headers(POST))
    assert feed(connection, priority(1, 1, flag)) == [zttp.RstStream(1, PROTOCOL_ERROR)]
    assert [(item.type, item.number) for item in sent(connection)] == [(RST_STREAM, PROTOCOL_ERROR)]
    error = connection.last_stream_error
    assert (error.reason, error.stream_id, error.section) == ("self_dependency", 1, "RFC 7540 5.3.1")
    assert feed(connection, priority(1, 1)) == []


def test_an_idle_stream_that_depends_on_itself() -> None:
    # RST_STREAM must not be sent there (RFC 9113 6.4).
    assert error_of(server(), priority(9, 9)) == ("self_dependency", PROTOCOL_ERROR)


@pytest.mark.parametrize("repeated", [False, True])
def test_a_request_that_depends_on_itself(repeated: bool) -> None:
    connection = server(head(GET, 1, 0) if repeated else b"")
    assert feed(connection, head(GET, 3, 3)) == [zttp.RstStream(3, PROTOCOL_ERROR)]
    assert connection.last_stream_error.reason == "self_dependency"
    assert type(feed(connection, head(GET, 5, 3))[0]) is zttp.Request


def test_trailers_and_responses_that_depend_on_themselves() -> None:
    assert feed(server(headers(POST)), head([(b"a", b"b")], 1, 1)) == [zttp.RstStream(1, PROTOCOL_ERROR)]
    assert feed(requesting(), head([(b":status", b"200")], 1, 1)) == [zttp.RstStream(1, PROTOCOL_ERROR)]


def test_skipped_early_priorities_make_room() -> None:
    connection = server(limits=limits(max_concurrent_streams=3))
    for number in range(1, 400, 4):
        updates = priority_update(number, b"u=1") + priority_update(number + 2, b"u=2")
        assert len(feed(connection, updates)) == 2
        assert feed(connection, headers(GET, number + 2, END_STREAM))[0].stream_id == number + 2
        connection.stream(number + 2).send_response(200, [], True)


@pytest.mark.parametrize(
    "refused",
    [
        lambda stream: stream.send_response(99),
        lambda stream: stream.send_response(200, [(b"a", b"\n")]),
        lambda stream: stream.send_response(200, [(b"connection", b"close")]),
        lambda stream: stream.send_informational(200),
        lambda stream: stream.send_informational(103, [(b"A b", b"c")]),
        lambda stream: stream.send_data(b"x"),
        lambda stream: stream.end_message([(b":path", b"/")]),
    ],
)
def test_errors_of_a_stream_name_it(refused: object) -> None:
    stream = server(headers(GET, 5, END_STREAM)).stream(5)
    assert callable(refused)
    with pytest.raises(zttp.LocalProtocolError) as caught:
        refused(stream)
    assert caught.value.stream_id == 5


def test_a_client_has_nobody_to_answer_with_a_status() -> None:
    connection = requesting()
    feed(connection, headers([(b":status", b"200"), (b"A", b"b")]))
    error = connection.last_stream_error
    assert (error.reason, error.status_hint, error.stream_id) == ("invalid_field_name", None, 1)
    answered = server(headers([*GET, (b"A", b"b")], 1, END_STREAM))
    assert answered.last_stream_error.status_hint == 400
