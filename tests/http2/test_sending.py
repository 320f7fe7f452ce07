"""Sending: the frames of each call, and calls that are refused with nothing queued and nothing changed (RFC 9113 8)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import zttp
from tests.http2.helpers import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GET,
    HEADERS,
    HOST,
    POST,
    RST_STREAM,
    Fields,
    Pair,
    client,
    feed,
    frame,
    headers,
    names,
    requesting,
    sent,
    server,
    settings,
)

Action = Callable[[zttp.H2Connection], Any]


def serving(fields: Fields = GET, flags: int = END_STREAM, **options: Any) -> zttp.H2Connection:
    return server(headers(fields, flags=flags), **options)


def reason_of(action: Callable[[], Any]) -> str:
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        action()
    return caught.value.reason


# ------------------------------------------------------------------------------------------------------------- refusals

CONTENT_LENGTH_5: Fields = [(b"content-length", b"5")]
CONTENT_LENGTH_X: Fields = [(b"content-length", b"x")]
CLOSE: Fields = [(b"Connection", b"close")]

REFUSED_BY_A_SERVER: dict[str, tuple[Action, str]] = {
    "a request": (lambda c: c.send_request(b"GET", b"/", b"2", HOST), "wrong_role"),
    "content before the head": (lambda c: c.stream(1).send_data(b"x"), "no_message"),
    "the end before the head": (lambda c: c.stream(1).end_message(), "no_message"),
    "an informational final": (lambda c: c.stream(1).send_response(103), "informational_status"),
    "101": (lambda c: c.stream(1).send_response(101), "informational_status"),
    "informational 101": (lambda c: c.stream(1).send_informational(101), "not_informational"),
    "informational 200": (lambda c: c.stream(1).send_informational(200), "not_informational"),
    "status 99": (lambda c: c.stream(1).send_response(99), "invalid_status_code"),
    "status 1000": (lambda c: c.stream(1).send_response(1000), "invalid_status_code"),
    "an idle stream": (lambda c: c.stream(3), "no_such_stream"),
    "a stream of the server": (lambda c: c.stream(2), "no_such_stream"),
    "Connection": (lambda c: c.stream(1).send_response(200, [(b"Connection", b"close")]), "connection_specific_field"),
    "Transfer-Encoding": (
        lambda c: c.stream(1).send_response(200, [(b"transfer-encoding", b"chunked")]), "connection_specific_field",
    ),
    ":status": (lambda c: c.stream(1).send_response(200, [(b":status", b"200")]), "pseudo_field_given"),
    "an unknown pseudo-header field": (lambda c: c.stream(1).send_response(200, [(b":a", b"b")]), "pseudo_field_given"),
    "no name": (lambda c: c.stream(1).send_response(200, [(b"", b"b")]), "invalid_field_name"),
    "a name with a space": (lambda c: c.stream(1).send_response(200, [(b"a b", b"c")]), "invalid_field_name"),
    "a value with LF": (lambda c: c.stream(1).send_response(200, [(b"a", b"b\nc")]), "invalid_field_value"),
    "a value with space around": (lambda c: c.stream(1).send_response(200, [(b"a", b" b")]), "invalid_field_value"),
    "an invalid length": (lambda c: c.stream(1).send_response(200, CONTENT_LENGTH_X), "invalid_content_length"),
    "two lengths": (
        lambda c: c.stream(1).send_response(200, [*CONTENT_LENGTH_5, (b"content-length", b"05")]),
        "conflicting_content_length",
    ),
    "a list of lengths": (
        lambda c: c.stream(1).send_response(200, [(b"content-length", b"5, 5")]), "invalid_content_length",
    ),
    "content in a 205": (lambda c: c.stream(1).send_response(205, CONTENT_LENGTH_5), "no_content_allowed"),
    "TE gzip": (lambda c: c.stream(1).send_response(200, [(b"te", b"gzip")]), "connection_specific_field"),
    "a length without content": (lambda c: c.stream(1).send_response(200, CONTENT_LENGTH_5, True), "content_too_short"),
    "too much consumed": (lambda c: c.consume_data(1, 1), "consumed_too_much"),
    "a raised ENABLE_PUSH": (lambda c: c.update_settings({2: 1}), "invalid_setting"),
    "a frame size too small": (lambda c: c.update_settings({5: 100}), "invalid_setting"),
    "a setting of 33 bits": (lambda c: c.update_settings({3: 2**32}), "invalid_setting"),
    "a priority": (lambda c: c.update_priority(1), "wrong_role"),
    "an upgrade": (lambda c: c.initiate_upgrade_connection(b"GET", b"/", HOST), "upgrade_too_late"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_BY_A_SERVER)
def test_what_a_server_must_not_send(case: str) -> None:
    action, reason = REFUSED_BY_A_SERVER[case]
    connection = serving()
    assert reason_of(lambda: action(connection)) == reason
    assert connection.data_to_send() == b""
    # Nothing has changed: the response is sent as if nothing had been called.
    connection.stream(1).send_response(200, [(b"a", b"b")], True)
    pair = requesting()
    [response, end] = feed(pair, connection.data_to_send())
    assert (response.status_code, response.headers, end.stream_id) == (200, [(b"a", b"b")], 1)


REFUSED_BY_A_CLIENT: dict[str, tuple[Action, str]] = {
    "a :path": (lambda c: c.send_request(b"GET", b"/", b"2", [(b":path", b"/")]), "pseudo_field_given"),
    "Connection": (lambda c: c.send_request(b"GET", b"/", b"2", CLOSE), "connection_specific_field"),
    "TE gzip": (lambda c: c.send_request(b"GET", b"/", b"2", [(b"te", b"gzip")]), "connection_specific_field"),
    "a bad method": (lambda c: c.send_request(b"G T", b"/", b"2", HOST), "invalid_method"),
    "an empty method": (lambda c: c.send_request(b"", b"/", b"2", HOST), "invalid_method"),
    "a bad scheme": (lambda c: c.send_request(b"GET", b"/", b"2", HOST, scheme=b"ht tp"), "invalid_pseudo_field"),
    "a target with a space": (lambda c: c.send_request(b"GET", b"/a b", b"2", HOST), "invalid_target"),
    "a target without a slash": (lambda c: c.send_request(b"GET", b"a", b"2", HOST), "invalid_target_form"),
    "an empty target": (lambda c: c.send_request(b"GET", b"", b"2", HOST), "invalid_target"),
    "two hosts": (lambda c: c.send_request(b"GET", b"/", b"2", [*HOST, (b"Host", b"b")]), "duplicate_host"),
    "Host unlike the target": (lambda c: c.send_request(b"GET", b"https://a/", b"2", HOST), "conflicting_authority"),
    "a bad host": (lambda c: c.send_request(b"GET", b"/", b"2", [(b"host", b"a\nb")]), "invalid_host"),
    "a host with a space": (lambda c: c.send_request(b"GET", b"/", b"2", [(b"host", b"a b")]), "invalid_host"),
    "a host with userinfo": (lambda c: c.send_request(b"GET", b"/", b"2", [(b"host", b"me@a")]), "invalid_host"),
    "userinfo in the target": (lambda c: c.send_request(b"GET", b"http://me@a/", b"2", []), "invalid_target_form"),
    "CONNECT without a port": (lambda c: c.send_request(b"CONNECT", b"a", b"2", []), "invalid_target_form"),
    "CONNECT to an address": (lambda c: c.send_request(b"CONNECT", b"[::1]", b"2", []), "invalid_target_form"),
    "extended CONNECT unannounced": (
        lambda c: c.send_request(b"CONNECT", b"/", b"2", HOST, protocol=b"websocket"), "connect_protocol_not_enabled",
    ),
    ":protocol without CONNECT": (
        lambda c: c.send_request(b"GET", b"/", b"2", HOST, protocol=b"websocket"), "protocol_without_connect",
    ),
    "a length without content": (
        lambda c: c.send_request(b"GET", b"/", b"2", CONTENT_LENGTH_5, end_stream=True), "content_too_short",
    ),
    "an idle stream": (lambda c: c.stream(1), "no_such_stream"),
    "ENABLE_CONNECT_PROTOCOL": (lambda c: c.update_settings({8: 1}), "invalid_setting"),
    "a priority of nothing": (lambda c: c.update_priority(1), "stream_closed"),
}  # fmt: skip


@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "begun"])
@pytest.mark.parametrize("case", REFUSED_BY_A_CLIENT)
def test_what_a_client_must_not_send(case: str, fresh: bool) -> None:
    action, reason = REFUSED_BY_A_CLIENT[case]
    connection = zttp.Connection(zttp.CLIENT, "h2") if fresh else client()
    assert reason_of(lambda: action(connection)) == reason
    assert connection.data_to_send() == b""
    stream = connection.send_request(b"GET", b"/", b"2", HOST, end_stream=True)
    assert stream.stream_id == 1, "no identifier was used up"
    data = connection.data_to_send()
    other = server(data) if not fresh else zttp.Connection(zttp.SERVER, "h2")
    if fresh:
        assert names(feed(other, data))[-2:] == ["Request", "EndOfMessage"]


@pytest.mark.parametrize("bad", [[(b"a", "b")], [("a", b"b")], [(b"a",)], [None]])
def test_what_is_not_a_field_is_a_type_error(bad: Any) -> None:
    connection = serving()
    with pytest.raises((TypeError, ValueError), match=r"\S"):
        connection.stream(1).send_response(200, bad)
    assert connection.data_to_send() == b""
    connection.stream(1).send_response(200, [], True)
    assert names(feed(requesting(), connection.data_to_send())) == ["Response", "EndOfMessage"]


def test_what_a_client_does_not_send_on_its_stream() -> None:
    stream = client().send_request(b"POST", b"/", b"2", HOST)
    assert reason_of(lambda: stream.send_response(200)) == "wrong_role"
    assert reason_of(lambda: stream.send_informational(103)) == "wrong_role"


def test_the_order_of_a_message() -> None:
    connection = serving()
    stream = connection.stream(1)
    stream.send_informational(103)
    stream.send_response(200)
    assert reason_of(lambda: stream.send_response(200)) == "already_responded"
    assert reason_of(lambda: stream.send_informational(103)) == "already_responded"
    stream.send_data(b"x")
    stream.end_message()
    for action in (lambda: stream.send_data(b"x"), stream.end_message, lambda: stream.send_response(200)):
        assert reason_of(action) == "stream_closed"


def test_nothing_follows_the_end_of_a_message() -> None:
    connection = serving(POST, 0)
    stream = connection.stream(1)
    stream.send_response(200, [], True)
    assert reason_of(lambda: stream.send_data(b"x")) == "message_ended"
    assert reason_of(stream.end_message) == "message_ended"
    assert reason_of(lambda: stream.send_response(200)) == "already_responded"


@pytest.mark.parametrize(("fields", "status"), [([(b":method", b"HEAD"), *GET[1:]], 200), (GET, 204), (GET, 304)])
def test_messages_without_content(fields: Fields, status: int) -> None:
    connection = serving(fields)
    stream = connection.stream(1)
    stream.send_response(status, CONTENT_LENGTH_5)
    assert reason_of(lambda: stream.send_data(b"x")) == "no_content_allowed"
    stream.send_data(b"")
    stream.end_message()
    assert [(found.type, found.flags & END_STREAM) for found in sent(connection)] == [(HEADERS, END_STREAM)]


def test_content_against_its_length() -> None:
    connection = serving()
    stream = connection.stream(1)
    stream.send_response(200, CONTENT_LENGTH_5)
    stream.send_data(b"hel")
    assert reason_of(lambda: stream.send_data(b"lo!")) == "content_too_long"
    assert reason_of(stream.end_message) == "content_too_short"
    stream.send_data(b"lo")
    stream.end_message()
    assert b"".join(found.payload for found in sent(connection) if found.type == DATA) == b"hello"


TRAILERS_REFUSED = {
    "a pseudo-header field": ((b":status", b"200"), "pseudo_field_given"),
    "Content-Length": ((b"content-length", b"1"), "forbidden_trailer"),
    "Connection": ((b"connection", b"close"), "forbidden_trailer"),
    "a bad name": ((b"a b", b"c"), "invalid_field_name"),
    "a bad value": ((b"a", b"c\0"), "invalid_field_value"),
}


@pytest.mark.parametrize("case", TRAILERS_REFUSED)
def test_trailers_that_are_refused(case: str) -> None:
    field, reason = TRAILERS_REFUSED[case]
    connection = serving()
    stream = connection.stream(1)
    stream.send_response(200)
    connection.data_to_send()
    assert reason_of(lambda: stream.end_message([field])) == reason
    assert connection.data_to_send() == b""
    stream.end_message([(b"X-Sum", b"1")])
    [trailers] = sent(connection)
    assert (trailers.type, trailers.flags) == (HEADERS, END_HEADERS | END_STREAM)


def test_trailers_in_a_tunnel_are_refused() -> None:
    connection = serving([(b":method", b"CONNECT"), (b":authority", b"a:1")], 0)
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(b"tunnelled")
    assert reason_of(lambda: stream.end_message([(b"a", b"b")])) == "trailers_in_tunnel"
    stream.end_message()
    assert connection.open_streams == 1


@pytest.mark.parametrize("status", [204, 304])
def test_trailers_of_a_response_that_is_only_a_head_are_refused(status: int) -> None:
    # RFC 9110 15.3.5, 15.4.5: it is terminated by the end of the header section.
    connection = serving()
    stream = connection.stream(1)
    stream.send_response(status)
    assert reason_of(lambda: stream.end_message([(b"a", b"b")])) == "trailers_not_allowed"
    stream.end_message([])
    assert connection.open_streams == 0


def test_trailers_of_a_connect_are_refused_before_its_answer() -> None:
    # RFC 9113 8.5: only DATA follows; our own server would reset the stream.
    connection = client()
    stream = connection.send_request(b"CONNECT", b"a:1", b"2", [])
    stream.send_data(b"early")
    assert reason_of(lambda: stream.end_message([(b"a", b"b")])) == "trailers_in_tunnel"
    stream.end_message()
    assert [found.type for found in sent(connection)] == [HEADERS, DATA]


# ---------------------------------------------------------------------------------------------------------- what leaves


def test_end_stream_is_set_in_the_last_frame() -> None:
    connection = serving()
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(b"x")
    stream.end_message()
    assert [(found.type, found.flags) for found in sent(connection)] == [(HEADERS, END_HEADERS), (DATA, END_STREAM)]


def test_end_stream_is_set_in_the_head_of_an_empty_message() -> None:
    connection = serving()
    connection.stream(1).send_response(200)
    connection.stream(1).end_message()
    assert [(found.type, found.flags) for found in sent(connection)] == [(HEADERS, END_HEADERS | END_STREAM)]


@pytest.mark.parametrize("between", ["taken", "ping", "other stream", "large content"])
def test_end_stream_needs_a_frame_of_its_own(between: str) -> None:
    connection = server(headers(GET, 1, END_STREAM) + headers(GET, 3, END_STREAM))
    stream = connection.stream(1)
    stream.send_response(200)
    before = b""
    if between == "taken":
        before = connection.data_to_send()
    elif between == "ping":
        connection.ping()
    elif between == "other stream":
        connection.stream(3).send_response(200)
    else:
        stream.send_data(bytes(5000))
    stream.end_message()
    data = before + connection.data_to_send()
    peer = requesting(count=2)
    assert "EndOfMessage" in names(feed(peer, data))
    assert connection.open_streams == 1


def test_names_leave_in_lower_case() -> None:
    connection = serving()
    connection.stream(1).send_response(200, [(b"Content-Type", b"text/plain"), (b"X-Custom", b"Value")], True)
    [response, _] = feed(requesting(), connection.data_to_send())
    assert response.headers == [(b"content-type", b"text/plain"), (b"x-custom", b"Value")]


def test_lists_after_tuples_leave_the_compression_alone() -> None:
    # A server's own fields are tuples, and its application's are lists: repeated fields are still indexed.
    connection = server(b"".join(headers(GET, number, END_STREAM) for number in (1, 3, 5)))
    fields: Any = [(b"server", b"zttp"), [b"x-a", b"some value"]]
    for number in (1, 3, 5):
        connection.stream(number).send_response(204, fields, True)
    first, *others = sent(connection)
    assert len(first.payload) > 10
    assert [len(item.payload) for item in others] == [1 + len(fields)] * 2


def test_a_header_block_can_be_sent_on() -> None:
    connection = serving()
    received = feed(server(), headers([*GET, (b"a", b"b")], flags=END_STREAM))[0].headers
    connection.stream(1).send_response(200, received, True)
    [response, _] = feed(requesting(), connection.data_to_send())
    assert response.headers == [(b"host", b"example.com"), (b"a", b"b")]


@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("size", [1, 4095, 4096, 16384, 16385, 50000])
def test_content_of_any_size_and_kind(buffer: Callable[[bytearray], Any], size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    connection = serving()
    stream = connection.stream(1)
    stream.send_response(200)
    given = bytearray(content[:size])
    stream.send_data(buffer(given))
    given[:] = bytes(size)
    stream.end_message()
    data = [found for found in sent(connection) if found.type == DATA]
    assert b"".join(found.payload for found in data) == content[:size]
    assert all(len(found.payload) <= 16384 for found in data)


def test_a_larger_frame_size_is_used() -> None:
    connection = server(headers(GET, flags=END_STREAM), first=settings((5, 1 << 20)))
    stream = connection.stream(1)
    stream.send_response(200, [(b"x", b"\\" * 20000)])
    stream.send_data(bytes(40000))
    assert [(found.type, len(found.payload) > 16384) for found in sent(connection)] == [(HEADERS, True), (DATA, True)]


@pytest.mark.parametrize("end", [True, False])
def test_a_large_head_is_continued(end: bool) -> None:
    # RFC 9113 4.3: the frames of a field block follow each other.
    connection = serving()
    stream = connection.stream(1)
    fields = [(b"x%d" % number, b"\\" * 9000) for number in range(6)]
    stream.send_response(200, fields, end)
    if not end:
        stream.end_message()
    found = sent(connection)
    assert [part.type for part in found] == [HEADERS] + [CONTINUATION] * (len(found) - 1)
    assert len(found) > 3
    assert [part.flags for part in found] == [END_STREAM] + [0] * (len(found) - 2) + [END_HEADERS]
    peer = requesting(limits=zttp.H2Limits(max_field_block_bytes=1 << 20, max_header_list_size=1 << 20))
    data = b"".join(frame(part.type, part.flags, part.stream_id, part.payload) for part in found)
    assert feed(peer, data)[0].headers == fields


def sent_request(*arguments: Any, peer: bytes = b"", **options: Any) -> zttp.Request:
    connection = client(peer)
    connection.send_request(*arguments, **options)
    [request, *_] = feed(server(enable_connect_protocol=True), connection.data_to_send())
    assert isinstance(request, zttp.Request)
    return request


def test_requests() -> None:
    request = sent_request(b"GET", b"/a?b", b"2", [(b"Accept", b"*/*"), *HOST])
    assert (request.method, request.target, request.scheme) == (b"GET", b"/a?b", b"https")
    assert request.headers == [*HOST, (b"accept", b"*/*")]
    assert sent_request(b"GET", b"/", b"2", [], scheme=b"http").scheme == b"http"
    assert sent_request(b"OPTIONS", b"*", b"2", HOST).target == b"*"
    assert sent_request(b"GET", b"/", b"2", [(b":authority", b"a")]).headers == [(b"host", b"a")]
    assert sent_request(b"GET", b"/", b"2", [(b":Authority", b"a")]).headers == [(b"host", b"a")]


def test_an_absolute_target() -> None:
    request = sent_request(b"GET", b"http://example.com:8080/a?b", b"2", [])
    assert (request.scheme, request.target) == (b"http", b"/a?b")
    assert request.headers == [(b"host", b"example.com:8080")]
    assert sent_request(b"GET", b"https://example.com", b"2", HOST).target == b"/"


def test_connect_request() -> None:
    request = sent_request(b"CONNECT", b"example.com:443", b"2", [(b"host", b"example.com:443")])
    assert request.scheme is None
    assert request.target == b"example.com:443"
    assert request.headers == [(b"host", b"example.com:443")]


def test_extended_connect_request() -> None:
    request = sent_request(b"CONNECT", b"/chat", b"2", HOST, protocol=b"websocket", peer=settings((8, 1)))
    assert (request.method, request.target, request.protocol) == (b"CONNECT", b"/chat", b"websocket")


# --------------------------------------------------------------------------------------------------------------- resets


def test_reset() -> None:
    connection = serving(POST, 0)
    stream = connection.stream(1)
    stream.reset()
    assert [(found.type, found.number) for found in sent(connection)] == [(RST_STREAM, 8)]
    stream.reset(2)
    connection.stream(1).reset()
    assert connection.data_to_send() == b"", "a stream is reset once"
    assert connection.open_streams == 0
    assert (stream.send_window, stream.pending_bytes) == (None, None)
    assert reason_of(lambda: stream.send_response(200)) == "stream_closed"


def test_what_the_peer_sent_before_it_saw_the_reset_is_discarded() -> None:
    # RFC 9113 5.1
    connection = serving(POST, 0)
    connection.stream(1).reset()
    late = frame(DATA, 0, 1, b"late") + headers([(b"a", b"b")], flags=END_STREAM) + frame(3, 0, 1, bytes(4))
    assert feed(connection, late + headers(GET, 3, END_STREAM))[0].stream_id == 3


def test_events_of_a_stream_that_was_reset_in_between() -> None:
    connection = server()
    connection.receive_data(headers(GET, flags=END_STREAM))
    request = connection.next_event()
    connection.stream(request.stream_id).reset()
    assert connection.next_event() is zttp.NEED_DATA
    connection.receive_data(headers(POST, 3) + frame(DATA, END_STREAM, 3, b"0123456789")[:14])
    assert names([connection.next_event(), connection.next_event()]) == ["Request", "Data"]
    connection.stream(3).reset()
    connection.receive_data(b"56789")
    assert connection.next_event() is zttp.NEED_DATA


def test_a_stream_that_the_peer_reset() -> None:
    connection = serving(POST, 0)
    stream = connection.stream(1)
    stream.send_response(200)
    connection.data_to_send()
    assert feed(connection, frame(RST_STREAM, 0, 1, b"\0\0\0\x08")) == [zttp.RstStream(1, 8)]
    for action in (lambda: stream.send_data(b"x"), stream.end_message, lambda: stream.send_informational(103)):
        assert reason_of(action) == "stream_closed"
    stream.reset()
    assert connection.data_to_send() == b"", "RFC 9113 5.4.2: no RST_STREAM in response to RST_STREAM"


@pytest.mark.parametrize("code", [-1, 2**32])
def test_error_codes_have_32_bits(code: int) -> None:
    connection = serving()
    with pytest.raises(ValueError, match=r"from 0 to 2\*\*32-1"):
        connection.stream(1).reset(code)
    with pytest.raises(ValueError, match=r"from 0 to 2\*\*32-1"):
        connection.close(code)


@pytest.mark.parametrize("stream_id", [0, -1, 2**31, 2**70])
def test_stream_identifiers_have_31_bits(stream_id: int) -> None:
    with pytest.raises((ValueError, OverflowError), match=r"\S"):
        serving().stream(stream_id)


def test_stream_identifiers_run_out() -> None:
    # RFC 9113 5.1.1
    connection = client()
    connection._session.table.highest = 2**31 - 3
    assert connection.can_open_stream
    assert connection.send_request(b"GET", b"/", b"2", HOST).stream_id == 2**31 - 1
    assert not connection.can_open_stream
    assert reason_of(lambda: connection.send_request(b"GET", b"/", b"2", HOST)) == "stream_ids_exhausted"
    last = server()
    assert feed(last, headers(GET, 2**31 - 1, END_STREAM))[0].stream_id == 2**31 - 1
    last.stream(2**31 - 1).send_response(200, [], True)
    assert [(found.type, found.stream_id) for found in sent(last)] == [(HEADERS, 2**31 - 1)]


def test_concurrency() -> None:
    connection = client(first=settings((3, 2)))
    streams = [connection.send_request(b"GET", b"/", b"2", HOST, end_stream=True) for _ in range(2)]
    assert not connection.can_open_stream
    assert reason_of(lambda: connection.send_request(b"GET", b"/", b"2", HOST)) == "too_many_streams"
    assert connection.open_streams == 2
    streams[0].reset()
    assert connection.can_open_stream
    feed(connection, settings((3, 0)))
    assert not connection.can_open_stream


def test_concurrency_before_the_settings_arrive() -> None:
    connection = zttp.Connection(zttp.CLIENT, "h2")
    for _ in range(100):
        connection.send_request(b"GET", b"/", b"2", HOST)
    assert not connection.can_open_stream
    feed(connection, settings())
    assert connection.can_open_stream, "RFC 9113 6.5.2: there is no limit where none is named"


def test_a_whole_exchange_with_everything() -> None:
    pair = Pair()
    stream = pair.client.send_request(b"POST", b"/", b"2", [*HOST, (b"content-length", b"5"), (b"te", b"trailers")])
    stream.send_data(b"hello")
    stream.end_message()
    pair.pump()
    assert names(pair.at_server) == ["Request", "Data", "EndOfMessage"]
    answer = pair.server.stream(1)
    answer.send_informational(103, [(b"link", b"</a>")])
    answer.send_response(200, [(b"trailer", b"x-sum")])
    answer.send_data(b"x" * 100000)
    answer.end_message([(b"x-sum", b"100000")])
    pair.pump()
    assert [event.status_code for event in pair.at_client if isinstance(event, zttp.Response)] == [103, 200]
    assert pair.at_client[-1] == zttp.EndOfMessage([(b"x-sum", b"100000")], 1)
    assert pair.client.open_streams == pair.server.open_streams == 0


# ---------------------------------------------------------------------------------------------- heads that repeat


def asked(times: int) -> zttp.H2Connection:
    return server(b"".join(headers(GET, 1 + 2 * number, END_STREAM) for number in range(times)))


def test_a_content_length_that_repeats_still_binds() -> None:
    connection = asked(5)
    for number in range(5):
        stream = connection.stream(1 + 2 * number)
        stream.send_response(200, [(b"x-a", b"1"), (b"content-length", b"5")])
        assert reason_of(partial(stream.send_data, b"123456")) == "content_too_long"
        stream.send_data(b"1234")
        assert reason_of(stream.end_message) == "content_too_short"
        stream.send_data(b"5")
        stream.end_message()


def test_heads_without_content_length_after_repeated_ones_with_it() -> None:
    connection = asked(6)
    for number, fields in enumerate([*[[(b"x-a", b"1"), (b"content-length", b"5")]] * 3, *[[(b"x-a", b"1")]] * 3]):
        stream = connection.stream(1 + 2 * number)
        stream.send_response(200, fields)
        stream.send_data(b"12345")
        if number >= 3:
            stream.send_data(b"6")
        stream.end_message()


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_second_content_length_is_refused_where_one_repeats(times: int) -> None:
    connection = asked(6)
    good: Fields = [(b"x-a", b"1"), (b"content-length", b"5")]
    for number in range(times):
        connection.stream(1 + 2 * number).send_response(200, good)
    stream = connection.stream(11)
    for first in (b"05", b"6"):
        fields = [(b"content-length", first), (b"content-length", b"5")]
        assert reason_of(partial(stream.send_response, 200, fields)) == "conflicting_content_length"
    fields = [*good, (b"content-length", b"6")]
    assert reason_of(lambda: stream.send_response(200, fields)) == "conflicting_content_length"
    stream.send_response(200, good)
    assert reason_of(lambda: stream.send_data(b"123456")) == "content_too_long"


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_equal_content_length_leaves_once(times: int) -> None:
    connection = asked(times)
    reader = requesting(count=times)
    fields: Fields = [(b"Content-Length", b"5"), (b"x-a", b"1"), (b"content-length", b"5")]
    for number in range(times):
        stream = connection.stream(1 + 2 * number)
        stream.send_response(200, fields)
        assert reason_of(partial(stream.send_data, b"123456")) == "content_too_long"
    heads = [event for event in feed(reader, connection.data_to_send()) if isinstance(event, zttp.Response)]
    assert [head.headers for head in heads] == [[(b"content-length", b"5"), (b"x-a", b"1")]] * times


def test_a_length_that_must_not_be_stated_never_leaves() -> None:
    # RFC 9110 8.6; between heads that have it, which the encoder would repeat.
    connection = asked(5)
    reader = requesting(count=5)
    fields: Fields = [(b"x-a", b"1"), (b"Content-Length", b"0")]
    for number, status in enumerate([200, 204, 200, 304, 204]):
        connection.stream(1 + 2 * number).send_informational(103, fields)
        connection.stream(1 + 2 * number).send_response(status, fields)
    heads = [event for event in feed(reader, connection.data_to_send()) if isinstance(event, zttp.Response)]
    stated = [(head.status_code, b"content-length" in dict(head.headers)) for head in heads]
    assert stated[0::2] == [(103, False)] * 5
    assert stated[1::2] == [(200, True), (204, False), (200, True), (304, True), (204, False)]


def test_a_field_that_becomes_forbidden_is_refused_where_another_repeats() -> None:
    connection = asked(6)
    for number in range(4):
        connection.stream(1 + 2 * number).send_response(200, [(b"x-a", b"1")])
    stream = connection.stream(9)
    assert reason_of(lambda: stream.send_response(200, [(b"connection", b"1")])) == "connection_specific_field"
    assert reason_of(lambda: stream.send_response(200, [(b"x-a", b"1"), (b":path", b"/")])) == "pseudo_field_given"
    stream.send_response(200, [(b"x-a", b"1")])


def test_a_scheme_leaves_in_lower_case_whatever_the_form_of_the_target() -> None:
    # RFC 9110 4.2.3.
    for target in (b"/", b"https://example.com/"):
        connection = client()
        connection.send_request(b"GET", target, b"2", HOST, scheme=b"HTTPS", end_stream=True)
        assert sent(connection)[-1].payload[1] == 0x87
