"""How connections and streams end: GOAWAY in both directions, EOF, upgrades (RFC 9113 5.4, 6.8; RFC 7540 3.2)."""

import contextlib
import gc
from base64 import urlsafe_b64encode
from itertools import groupby

import pytest

import zttp
from tests.http2.helpers import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GET,
    GOAWAY,
    HEADERS,
    HOST,
    OK,
    PING,
    POST,
    PREFACE,
    SETTINGS,
    Pair,
    block,
    client,
    feed,
    frame,
    frames,
    goaway,
    headers,
    integer,
    limits,
    names,
    priority_update,
    pull,
    requesting,
    rst_stream,
    sent,
    server,
    settings,
    window_update,
)


def last_stream(found: tuple[int, int, int, bytes]) -> tuple[int, int]:
    return int.from_bytes(found[3][:4], "big"), int.from_bytes(found[3][4:8], "big")


def test_goaway_names_the_last_request() -> None:
    connection = server(headers(GET, 1, END_STREAM) + headers(GET, 5, END_STREAM))
    connection.close()
    [farewell] = sent(connection)
    assert last_stream(farewell) == (5, 0)
    assert not connection.is_closed()
    for number in (1, 5):
        connection.stream(number).send_response(200, [], True)
    assert connection.is_closed()


def test_shutdown_in_two_steps() -> None:
    # RFC 9113 6.8
    connection = server(headers(GET, 1, END_STREAM))
    connection.close(0, 2**31 - 1)
    assert last_stream(sent(connection)[0]) == (2**31 - 1, 0)
    assert names(feed(connection, headers(GET, 3, END_STREAM))) == ["Request", "EndOfMessage"]
    connection.close()
    assert last_stream(sent(connection)[0]) == (3, 0)
    # Frames above it are processed as far as the connection needs it: the table, and the window.
    ignored = frame(HEADERS, 0, 5, b"\x40\x01a") + frame(CONTINUATION, END_HEADERS, 5, b"\x01b")
    assert feed(connection, ignored + frame(DATA, 0, 5, bytes(9)) + rst_stream(7)) == []
    for number in (1, 3):
        connection.stream(number).send_response(200, [], True)
    assert connection.is_closed()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.close(0, 5)
    assert caught.value.reason == "goaway_raised"
    connection.close()
    assert last_stream(sent(connection)[-1]) == (3, 0)


def test_priorities_of_requests_that_a_goaway_refuses_are_discarded() -> None:
    # RFC 9113 6.8: these were in flight, and the client has never more than two streams.
    connection = server(headers(GET, 1, END_STREAM), limits=limits(max_concurrent_streams=2))
    connection.close()
    for number in (3, 5, 7):
        assert feed(connection, headers(GET, number) + priority_update(number, b"u=1") + rst_stream(number)) == []
    connection.stream(1).send_response(204, [], True)
    assert [found.type for found in sent(connection)] == [GOAWAY, HEADERS]


def test_a_shutdown_takes_what_was_on_its_way() -> None:
    # RFC 9113 6.8: the last stream is named after at least one round trip.
    pair = Pair()
    first = pair.client.send_request(b"POST", b"/", b"2", HOST)
    pair.pump()
    pair.server.shutdown()
    pair.server.shutdown()
    second = pair.client.send_request(b"GET", b"/", b"2", HOST, end_stream=True)
    under_way = pair.client.data_to_send()
    announced = pair.server.data_to_send()
    assert [(found.type, found.flags) for found in frames(announced)] == [(GOAWAY, 0), (PING, 0)]
    assert last_stream(frames(announced)[0]) == (2**31 - 1, 0)
    assert feed(pair.client, announced) == [zttp.Goaway(2**31 - 1), zttp.Ping(False, b"shutdown")]
    assert not pair.client.can_open_stream
    assert names(feed(pair.server, under_way)) == ["Request", "EndOfMessage"]
    assert not pair.server.is_closed()
    assert feed(pair.server, pair.client.data_to_send()) == [zttp.Ping(True, b"shutdown")]
    [farewell] = sent(pair.server)
    assert last_stream(farewell) == (second.stream_id, 0)
    first.end_message()
    pair.pump()
    for stream in (first, second):
        assert not pair.server.is_closed()
        pair.server.stream(stream.stream_id).send_response(204, [], True)
    assert pair.server.is_closed()
    pair.pump()
    assert pair.client.open_streams == 0


def test_a_shutdown_waits_for_a_ping_after_it() -> None:
    connection = server()
    connection.ping(b"shutdown")
    connection.ping()
    connection.shutdown()
    connection.ping()
    assert [found.type for found in sent(connection)] == [PING, PING, GOAWAY, PING, PING]
    for data in (b"shutdown", bytes(8)):
        feed(connection, frame(PING, ACK, 0, data))
        assert sent(connection) == []
        assert not connection.is_closed()
    # The third answers one of the two that were sent after the GOAWAY, whichever that is.
    feed(connection, headers(GET, 1, END_STREAM) + frame(PING, ACK, 0, bytes(8)))
    assert last_stream(sent(connection)[0]) == (1, 0)
    feed(connection, frame(PING, ACK, 0, b"shutdown"))
    assert sent(connection) == []


def test_a_shutdown_that_was_announced_by_hand() -> None:
    connection = server()
    connection.close(0, 2**31 - 1)
    connection.shutdown()
    assert [found.type for found in sent(connection)] == [GOAWAY, PING]


def test_a_shutdown_ends_what_a_close_left_open() -> None:
    # RFC 9113 6.8: the client opens no stream after the GOAWAY, so without a second one the room would stay for ever.
    connection = server(headers(GET, 1, END_STREAM))
    connection.stream(1).send_response(204, [], True)
    connection.close(0, 5)
    connection.shutdown()
    connection.shutdown()
    assert [found.type for found in sent(connection)] == [HEADERS, GOAWAY, PING]
    feed(connection, headers(GET, 3, END_STREAM) + frame(PING, ACK, 0, b"shutdown"))
    [farewell] = sent(connection)
    assert last_stream(farewell) == (3, 0)
    assert not connection.is_closed()
    connection.stream(3).send_response(204, [], True)
    assert connection.is_closed()


def test_a_shutdown_after_the_end_of_the_input_is_one_goaway() -> None:
    connection = server(headers(GET, 1, END_STREAM))
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    connection.shutdown()
    connection.shutdown()
    [farewell] = sent(connection)
    assert last_stream(farewell) == (1, 0)
    assert not connection.is_closed()
    connection.stream(1).send_response(204, [], True)
    assert connection.is_closed()


def test_a_shutdown_names_the_last_stream_when_the_input_ends() -> None:
    # RFC 9113 6.8: the client has ended only its own side, and its answer to the PING can no longer come.
    connection = server(headers(GET, 1, END_STREAM))
    connection.shutdown()
    assert [found.type for found in sent(connection)] == [GOAWAY, PING]
    assert feed(connection, headers(GET, 3, END_STREAM) + headers(GET, 5, END_STREAM))[0].stream_id == 3
    connection.receive_data(b"")
    assert sent(connection) == []
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    [farewell] = sent(connection)
    assert last_stream(farewell) == (5, 0)
    connection.shutdown()
    assert sent(connection) == []
    assert connection.open_streams == 3


def test_a_shutdown_that_a_close_has_ended_sends_nothing_when_the_input_ends() -> None:
    connection = server(headers(GET, 1, END_STREAM))
    connection.shutdown()
    connection.close()
    sent(connection)
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    assert sent(connection) == []


def test_a_close_within_a_shutdown_does_not_stop_it() -> None:
    connection = server()
    connection.shutdown()
    connection.close(0, 5)
    sent(connection)
    feed(connection, frame(PING, ACK, 0, b"shutdown"))
    [farewell] = sent(connection)
    assert last_stream(farewell) == (0, 0)
    assert connection.is_closed()


def test_a_close_overtakes_a_shutdown() -> None:
    connection = server(headers(GET, 1, END_STREAM))
    connection.shutdown()
    connection.close()
    assert [found.type for found in sent(connection)] == [GOAWAY, PING, GOAWAY]
    feed(connection, frame(PING, ACK, 0, b"shutdown"))
    connection.shutdown()
    assert sent(connection) == []
    connection.close(2)
    sent(connection)
    connection.shutdown()
    assert sent(connection) == []


def test_a_shutdown_comes_after_the_settings() -> None:
    connection = zttp.Connection(zttp.SERVER, "h2")
    connection.shutdown()
    assert next(found.type for found in sent(connection)) == SETTINGS
    assert names(feed(connection, PREFACE + settings() + headers(GET, 1, END_STREAM)))[-1] == "EndOfMessage"
    assert feed(connection, frame(PING, ACK, 0, b"shutdown")) == [zttp.Ping(True, b"shutdown")]
    connection.stream(1).send_response(204, [], True)
    assert connection.is_closed()


def test_the_shutdown_of_a_client_is_one_goaway() -> None:
    connection = requesting()
    connection.shutdown()
    connection.shutdown()
    assert last_stream(sent(connection)[-1]) == (0, 0)
    assert not connection.can_open_stream
    assert not connection.is_closed()
    assert names(feed(connection, headers(OK, 1, END_STREAM))) == ["Response", "EndOfMessage"]
    assert connection.is_closed()
    connection.shutdown()
    assert sent(connection) == []


def test_an_idle_server_closes_at_once() -> None:
    connection = server()
    connection.close()
    assert connection.is_closed()
    assert connection.next_event() is zttp.NEED_DATA, "only EOF is the end of the input"
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED


def test_a_goaway_leaves_room_for_streams_that_may_still_come() -> None:
    # RFC 9113 6.8: the client may open streams up to the one that is named.
    connection = server(headers(GET, 1, END_STREAM))
    connection.stream(1).send_response(204, [], True)
    connection.close(0, 5)
    for number in (3, 5):
        assert not connection.is_closed()
        assert names(feed(connection, headers(GET, number, END_STREAM))) == ["Request", "EndOfMessage"]
        connection.stream(number).send_response(204, [], True)
    assert connection.is_closed()
    assert feed(connection, headers(GET, 7, END_STREAM)) == []


@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_goaway_below_the_next_stream_closes_at_once(last: int) -> None:
    connection = server(headers(GET, 1, END_STREAM))
    connection.stream(1).send_response(204, [], True)
    connection.close(0, last)
    assert connection.is_closed()


def test_an_error_code_ends_the_connection_at_once() -> None:
    connection = server(headers(GET, 1, END_STREAM))
    stream = connection.stream(1)
    connection.close(2)
    assert last_stream(sent(connection)[0]) == (1, 2)
    assert connection.is_closed()
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    assert connection.next_event() is zttp.NEED_DATA
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        stream.send_response(200)
    connection.close()
    connection.receive_data(headers(GET, 3))
    assert (connection.data_to_send(), connection.open_streams) == (b"", 0)


def test_the_farewell_of_one_who_never_spoke() -> None:
    connection = zttp.Connection(zttp.CLIENT, "h2")
    connection.close()
    data = connection.data_to_send()
    assert data.startswith(PREFACE)
    assert connection.is_closed()


@pytest.mark.parametrize("last", [-1, 2**31])
def test_goaway_takes_a_stream_identifier(last: int) -> None:
    with pytest.raises(ValueError, match="stream identifier"):
        server().close(0, last)


def test_goaway_says_what_can_be_retried() -> None:
    connection = requesting(count=3)
    assert feed(connection, goaway(3, 0, b"bye")) == [zttp.Goaway(3, 0, b"bye"), zttp.RstStream(5, 7)]
    assert connection.open_streams == 2
    assert not connection.can_open_stream
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.send_request(b"GET", b"/", b"2", HOST)
    assert caught.value.reason == "connection_closing"
    events = feed(connection, headers(OK, 1, END_STREAM) + headers(OK, 3, END_STREAM))
    assert names(events) == ["Response", "EndOfMessage"] * 2
    assert connection.is_closed()


def test_goaway_in_two_steps_received() -> None:
    connection = requesting(count=2)
    assert feed(connection, goaway(2**31 - 1)) == [zttp.Goaway(2**31 - 1)]
    assert connection.open_streams == 2
    assert feed(connection, goaway(1)) == [zttp.Goaway(1), zttp.RstStream(3, 7)]


def test_a_client_that_goes_away_can_still_be_served() -> None:
    connection = server(headers(GET, 1, END_STREAM))
    assert feed(connection, goaway(0)) == [zttp.Goaway(0)]
    connection.stream(1).send_response(200, [], True)
    assert [found.type for found in sent(connection)] == [HEADERS]
    assert not connection.is_closed()


# ------------------------------------------------------------------------------------------------------------------ EOF


@pytest.mark.parametrize("data", [b"", headers(GET, 1, END_STREAM)])
def test_eof_between_messages(data: bytes) -> None:
    connection = server(data)
    connection.receive_data(b"")
    for _ in range(2):
        assert connection.next_event() is zttp.CONNECTION_CLOSED
        assert connection.next_event() is zttp.NEED_DATA
        assert connection.is_closed() is (data == b"")
        connection.receive_data(b"")


def test_a_client_that_ends_its_side_gets_its_answers() -> None:
    connection = server(headers(GET, 1, END_STREAM) + headers(GET, 3, END_STREAM) + headers(GET, 5, END_STREAM))
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    connection.stream(3).send_response(200, [], True)
    connection.stream(5).reset()
    assert not connection.is_closed()
    connection.stream(1).send_response(200)
    connection.stream(1).send_data(b"ok")
    assert not connection.is_closed()
    connection.stream(1).end_message()
    assert connection.is_closed()
    assert [found.stream_id for found in sent(connection)] == [3, 5, 1, 1]


def test_a_client_may_end_its_upload_after_eof() -> None:
    connection = client()
    stream = connection.send_request(b"POST", b"/", b"2", HOST)
    feed(connection, headers(OK, 1, END_STREAM))
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    assert not connection.is_closed()
    stream.end_message()
    assert connection.is_closed()


def test_after_eof_nothing_can_be_asked() -> None:
    connection = client()
    connection.receive_data(b"")
    assert connection.can_open_stream, "the end was not pulled"
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    assert not connection.can_open_stream
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.send_request(b"GET", b"/", b"2", HOST)
    assert caught.value.reason == "connection_closing"
    assert connection.is_closed()


def test_a_connection_is_not_closed_before_its_last_event_was_pulled() -> None:
    connection = requesting(count=2)
    connection.receive_data(goaway(1) + headers(OK, 1, END_STREAM))
    events = []
    while not connection.is_closed():
        events.append(connection.next_event())
    assert names(events) == ["Goaway", "RstStream", "Response", "EndOfMessage"]


def test_eof_before_anything() -> None:
    for role in (zttp.SERVER, zttp.CLIENT):
        connection = zttp.Connection(role, "h2")
        connection.receive_data(b"")
        assert connection.next_event() is zttp.CONNECTION_CLOSED


@pytest.mark.parametrize(
    "data",
    [
        headers(POST),
        headers(GET, 1, END_STREAM)[:-1],
        headers(POST) + frame(DATA, END_STREAM, 1, b"xyz")[:-1],
        frame(HEADERS, END_STREAM, 1, block(GET)),
        frame(0xEE, 0, 0, b"xyz")[:-1],
        b"\0",
    ],
    ids=["open stream", "cut HEADERS", "cut DATA", "cut block", "cut unknown frame", "cut frame header"],
)
def test_eof_in_the_middle(data: bytes) -> None:
    connection = server(data)
    connection.receive_data(b"")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        connection.next_event()
    assert (caught.value.reason, caught.value.error_code) == ("stream_not_ended", 1)
    assert last_stream(sent(connection)[-1])[1] == 1


def test_eof_in_the_preface() -> None:
    connection = zttp.Connection(zttp.SERVER, "h2")
    feed(connection, PREFACE[:10])
    connection.receive_data(b"")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        connection.next_event()


def test_eof_instead_of_a_response() -> None:
    connection = requesting()
    connection.receive_data(b"")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        connection.next_event()
    assert caught.value.reason == "stream_not_ended"


def test_eof_before_anything_was_pulled() -> None:
    connection = server()
    connection.receive_data(headers(GET, 1, END_STREAM))
    connection.receive_data(b"")
    assert names([connection.next_event(), connection.next_event()]) == ["Request", "EndOfMessage"]
    assert connection.next_event() is zttp.CONNECTION_CLOSED


def test_no_bytes_after_eof() -> None:
    connection = server()
    connection.receive_data(b"")
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.receive_data(b"x")
    assert caught.value.reason == "receive_after_eof"


# ------------------------------------------------------------------------------------------------------------- upgrades


def test_an_upgraded_server() -> None:
    header = urlsafe_b64encode(settings((4, 1234), (3, 7))[9:]).rstrip(b"=")
    connection = zttp.Connection(zttp.SERVER, "h2")
    stream = connection.initiate_upgrade_connection(b"GET", b"/a?b", [(b"host", b"example.com"), (b"a", b"b")], header)
    request = connection.next_event()
    assert (request.method, request.target, request.scheme, request.stream_id) == (b"GET", b"/a?b", b"http", 1)
    assert request.headers == [(b"host", b"example.com"), (b"a", b"b")]
    assert request.end_stream
    assert connection.next_event() == zttp.EndOfMessage(stream_id=1)
    assert connection.next_event() is zttp.NEED_DATA
    assert stream.send_window == 1234
    assert sent(connection)[0].type == SETTINGS
    stream.send_response(200, [], True)
    assert feed(connection, PREFACE + settings((9, 1)) + headers(GET, 3, END_STREAM))[1].stream_id == 3


def test_an_upgraded_request_is_one_of_http_2() -> None:
    # RFC 7540 3.2, RFC 9110 7.6.1: in lower case, and without the fields for the HTTP/1.1 connection.
    connection = zttp.Connection(zttp.SERVER, "h2")
    fields = [
        *((b"Host", b"example.com"), (b"Connection", b"Upgrade, HTTP2-Settings, X-Hop"), (b"Upgrade", b"h2c")),
        *((b"HTTP2-Settings", b"AAMAAABk"), (b"X-Hop", b"1"), (b"TE", b"gzip, trailers"), (b"Accept", b"*/*")),
    ]
    connection.initiate_upgrade_connection(b"OPTIONS", b"http://example.com", fields, b"AAMAAABk")
    request = connection.next_event()
    assert (request.target, request.scheme) == (b"*", b"http")
    assert request.headers == [(b"host", b"example.com"), (b"te", b"trailers"), (b"accept", b"*/*")]


def test_an_upgraded_request_that_is_none_changes_nothing() -> None:
    connection = zttp.Connection(zttp.SERVER, "h2")
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.initiate_upgrade_connection(b"GET", b"/", [*HOST, *HOST], b"AAMAAABk")
    assert caught.value.reason == "duplicate_host"
    assert connection.data_to_send() == b""
    connection.initiate_upgrade_connection(b"GET", b"/", HOST, b"AAMAAABk")


@pytest.mark.parametrize("header", [b"AAMAAABk", b"AAMAAABkAA", b"!!!!", b"A", b"AAQAgAAA" + b"AA"])
def test_a_settings_header_that_is_none(header: bytes) -> None:
    connection = zttp.Connection(zttp.SERVER, "h2")
    if header == b"AAMAAABk":
        connection.initiate_upgrade_connection(b"GET", b"/", HOST, header)
        return
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.initiate_upgrade_connection(b"GET", b"/", HOST, header)
    assert caught.value.reason == "invalid_settings_header"
    assert connection.data_to_send() == b""


def test_a_refused_upgrade_changes_nothing() -> None:
    # The second of its settings is invalid: the first must not be applied either.
    bad = urlsafe_b64encode(settings((4, 1234), (2, 2))[9:])
    connection = zttp.Connection(zttp.SERVER, "h2")
    for method, fields, header in ((b"GET", HOST, bad), (b"GET", [(b"a",)], b"")):
        with pytest.raises((zttp.LocalProtocolError, TypeError, ValueError), match=r"\S"):
            connection.initiate_upgrade_connection(method, b"/", fields, header)
        assert (connection.data_to_send(), connection.open_streams, connection.next_event()) == (b"", 0, zttp.NEED_DATA)
    stream = connection.initiate_upgrade_connection(b"GET", b"/", HOST, b"")
    assert stream.send_window == 65535


def test_an_upgraded_connect_states_no_length() -> None:
    # RFC 9110 8.6: a 2xx to CONNECT must not have one, for any form of the request.
    connection = zttp.Connection(zttp.SERVER, "h2")
    stream = connection.initiate_upgrade_connection(b"CONNECT", b"example.com:443", [(b"host", b"example.com")], b"")
    connection.data_to_send()
    stream.send_response(200, [(b"content-length", b"5")])
    [head] = sent(connection)
    assert head.payload == b"\x88"  # :status 200, and nothing else


def test_an_upgraded_pair() -> None:
    one = zttp.Connection(zttp.CLIENT, "h2")
    other = zttp.Connection(zttp.SERVER, "h2")
    other.initiate_upgrade_connection(b"HEAD", b"/", HOST, one.upgrade_settings)
    one.initiate_upgrade_connection(b"HEAD", b"/", HOST)
    events = feed(other, one.data_to_send())
    assert names(events) == ["Request", "EndOfMessage", "Settings", "WindowUpdate"]
    other.stream(1).send_response(200, [(b"content-length", b"5")])
    other.stream(1).end_message()
    events = feed(one, other.data_to_send())
    assert names(events) == ["Settings", "WindowUpdate", "Settings", "Response", "EndOfMessage"]
    assert one.send_request(b"GET", b"/", b"2", HOST).stream_id == 3


def test_an_upgraded_server_may_use_the_announced_table_at_once() -> None:
    # RFC 7540 3.2.1: the 101 acknowledges HTTP2-Settings, so the SETTINGS acknowledgment may come later.
    connection = zttp.Connection(zttp.CLIENT, "h2", limits=limits(header_table_size=65536))
    connection.initiate_upgrade_connection(b"GET", b"/", HOST)
    response = frame(HEADERS, END_HEADERS | END_STREAM, 1, integer(65536, 0x20, 31) + block(OK))
    assert names(feed(connection, settings() + response)) == ["Settings", "Response", "EndOfMessage"]
    other = client(limits=limits(header_table_size=65536))
    other.send_request(b"GET", b"/", b"2", HOST)
    with pytest.raises(zttp.RemoteProtocolError, match="header_table_size"):
        feed(other, response)


def test_an_upgrade_comes_first() -> None:
    for connection in (client(), server()):
        with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
            connection.initiate_upgrade_connection(b"GET", b"/", HOST)
        assert caught.value.reason == "upgrade_too_late"


# --------------------------------------------------------------------------------------------------------------- memory


def test_nothing_is_kept_of_closed_streams() -> None:
    pair = Pair()
    for number in range(3000):
        stream = pair.client.send_request(b"GET", b"/", b"2", HOST, end_stream=True)
        pair.pump()
        if number % 3 == 0:
            pair.server.stream(stream.stream_id).reset(0)
        else:
            pair.server.stream(stream.stream_id).send_response(204, [], True)
        pair.pump()
        pair.at_client.clear()
        pair.at_server.clear()
    assert pair.client.open_streams == pair.server.open_streams == 0
    for connection in (pair.client, pair.server):
        assert connection._session.table.all() == []
        assert len(connection._session.table._reset_here or ()) <= 256


def use_and_break_a_connection() -> None:
    connection = server(headers(POST, 1) + headers(GET, 3, END_STREAM), first=settings((4, 1)))
    stream = connection.stream(3)
    stream.send_response(200)
    stream.send_data(bytes(100))
    connection.receive_data(bytes(9))
    for _ in range(2):
        with contextlib.suppress(zttp.RemoteProtocolError):
            connection.next_event()
    assert connection.is_closed()


def test_a_connection_is_no_cycle() -> None:
    # It is freed when it is dropped, with open streams and unsent output.
    use_and_break_a_connection()
    gc.collect()
    gc.disable()
    try:
        use_and_break_a_connection()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_late_frames_of_streams_that_are_long_forgotten() -> None:
    # RFC 9113 5.1: the peer may not have seen our reset, however many streams ago that was.
    connection = server()
    for number in range(1, 2001, 2):
        feed(connection, headers(POST, number))
        connection.stream(number).reset()
    assert feed(connection, frame(DATA, 0, 1, b"late") + frame(DATA, END_STREAM, 1999, b"late")) == []
    assert feed(connection, headers([(b"a", b"b")], 3, END_STREAM)) == []
    assert sent(connection)[-1].type != GOAWAY


def test_streams_that_a_goaway_leaves_out_are_closed() -> None:
    # RFC 9113 6.8: the client treats them as refused, so they will never end.
    connection = server(headers(GET, 1, END_STREAM) + headers(POST, 3) + headers(GET, 5, END_STREAM))
    left_out = connection.stream(5)
    connection.close(0, 1)
    assert connection.open_streams == 1
    with pytest.raises(zttp.LocalProtocolError, match="closed"):
        left_out.send_response(200)
    assert feed(connection, frame(DATA, END_STREAM, 3, b"late")) == []
    connection.stream(1).send_response(200, [], True)
    assert connection.is_closed()
    assert [item.stream_id for item in sent(connection)] == [0, 1]


def test_an_upgraded_request_has_the_priority_that_it_names() -> None:
    connection = zttp.Connection(zttp.SERVER, "h2")
    patient = connection.initiate_upgrade_connection(b"GET", b"/", [*HOST, (b"priority", b"u=7")], b"")
    connection.receive_data(PREFACE + settings((4, 1 << 20)) + headers(GET, 3, END_STREAM))
    pull(connection)
    other = connection.stream(3)
    for stream in (patient, other):
        stream.send_response(200)
        stream.send_data(bytes(100_000))
    feed(connection, window_update(0, 1_000_000))
    order = [item.stream_id for item in sent(connection) if item.type == DATA]
    assert [number for number, _ in groupby(order)] == [1, 3, 1]
