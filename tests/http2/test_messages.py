"""Messages: the faults of a head or a trailer section, and the events of a good one (RFC 9113 8)."""

from typing import Any

import pytest

import zttp
from tests.http2.helpers import (
    DATA,
    END_STREAM,
    GET,
    HOST,
    OK,
    POST,
    RST_STREAM,
    Fields,
    feed,
    frame,
    headers,
    limits,
    messages,
    names,
    requesting,
    sent,
    server,
)

METHOD, SCHEME, AUTHORITY, PATH = GET
CONNECT: Fields = [(b":method", b"CONNECT"), (b":authority", b"example.com:443")]
EXTENDED: Fields = [(b":method", b"CONNECT"), (b":protocol", b"websocket"), *GET[1:]]


def without(name: bytes) -> Fields:
    return [field for field in GET if field[0] != name]


def replaced(name: bytes, value: bytes, fields: Fields = GET) -> Fields:
    return [(name, value) if field[0] == name else field for field in fields]


# ------------------------------------------------------------------------------------------------------------ requests

MALFORMED_REQUESTS: dict[str, tuple[Fields, str]] = {
    # RFC 9113 8.3
    "no :method": (without(b":method"), "missing_pseudo_field"),
    "no :scheme": (without(b":scheme"), "missing_pseudo_field"),
    "no :path": (without(b":path"), "missing_pseudo_field"),
    "no field at all": ([], "missing_pseudo_field"),
    "two :method": ([METHOD, *GET], "duplicate_pseudo_field"),
    "two :authority": ([*GET, AUTHORITY], "duplicate_pseudo_field"),
    ":status": ([*GET, (b":status", b"200")], "unexpected_pseudo_field"),
    "an unknown pseudo-header field": ([*GET, (b":foo", b"bar")], "unexpected_pseudo_field"),
    "a pseudo-header field after others": ([*GET[:3], (b"a", b"b"), PATH], "misplaced_pseudo_field"),
    # 8.3.1
    "an empty :path": (replaced(b":path", b""), "invalid_target"),
    "a :path without a slash": (replaced(b":path", b"index"), "invalid_target_form"),
    "an asterisk without OPTIONS": (replaced(b":path", b"*"), "invalid_target_form"),
    "a :path with a fragment": (replaced(b":path", b"/#a"), "invalid_target"),
    "a :path with a space": (replaced(b":path", b"/a b"), "invalid_target"),
    ":authority with userinfo": (replaced(b":authority", b"me@example.com"), "invalid_host"),
    ":authority with a slash": (replaced(b":authority", b"example.com/"), "invalid_host"),
    "Host that differs": ([*GET, (b"host", b"other.example")], "conflicting_authority"),
    "two Host": ([*without(b":authority"), *HOST, *HOST], "duplicate_host"),
    "an invalid Host": ([*without(b":authority"), (b"host", b"a b")], "invalid_host"),
    "a :method that is no token": (replaced(b":method", b"GE T"), "invalid_method"),
    "a :scheme that is none": (replaced(b":scheme", b"1https"), "invalid_pseudo_field"),
    # 8.2.1
    "upper case": ([*GET, (b"Accept", b"*/*")], "invalid_field_name"),
    "no name": ([*GET, (b"", b"x")], "invalid_field_name"),  # CVE-2019-9516
    "a space in a name": ([*GET, (b"a b", b"x")], "invalid_field_name"),
    "a colon in a name": ([*GET, (b"a:b", b"x")], "invalid_field_name"),
    "a control byte in a name": ([*GET, (b"a\x7f", b"x")], "invalid_field_name"),
    "NUL in a value": ([*GET, (b"a", b"x\0y")], "invalid_field_value"),
    "CR in a value": ([*GET, (b"a", b"x\ry")], "invalid_field_value"),
    "LF in a value": ([*GET, (b"a", b"x\ny")], "invalid_field_value"),
    "a value that begins with a space": ([*GET, (b"a", b" x")], "invalid_field_value"),
    "a value that ends with HTAB": ([*GET, (b"a", b"x\t")], "invalid_field_value"),
    # 8.2.2
    "Connection": ([*GET, (b"connection", b"close")], "connection_specific_field"),
    "Keep-Alive": ([*GET, (b"keep-alive", b"timeout=5")], "connection_specific_field"),
    "Proxy-Connection": ([*GET, (b"proxy-connection", b"close")], "connection_specific_field"),
    "Transfer-Encoding": ([*GET, (b"transfer-encoding", b"chunked")], "connection_specific_field"),
    "Upgrade": ([*GET, (b"upgrade", b"websocket")], "connection_specific_field"),
    "TE other than trailers": ([*GET, (b"te", b"gzip")], "connection_specific_field"),
    "TE with more than trailers": ([*GET, (b"te", b"trailers, gzip")], "connection_specific_field"),
    # 8.1.1
    "Content-Length without content": ([*GET, (b"content-length", b"1")], "content_too_short"),
    "an invalid Content-Length": ([*GET, (b"content-length", b"+1")], "invalid_content_length"),
    "an empty Content-Length": ([*GET, (b"content-length", b"")], "invalid_content_length"),
    "an enormous Content-Length": ([*GET, (b"content-length", b"9" * 19)], "invalid_content_length"),
    "an endless Content-Length": ([*GET, (b"content-length", b"%d" % 2**62)], "invalid_content_length"),
    "two Content-Length": ([*GET, (b"content-length", b"0"), (b"content-length", b"00")], "conflicting_content_length"),
    # 8.5
    "CONNECT without :authority": (CONNECT[:1], "missing_pseudo_field"),
    "CONNECT with :scheme": ([*CONNECT, SCHEME], "unexpected_pseudo_field"),
    "CONNECT with :path": ([*CONNECT, PATH], "unexpected_pseudo_field"),
    "CONNECT without a port": (replaced(b":authority", b"example.com", CONNECT), "invalid_target_form"),
    "CONNECT with an empty port": (replaced(b":authority", b"example.com:", CONNECT), "invalid_target_form"),
    "CONNECT to an address without a port": (replaced(b":authority", b"[::1]", CONNECT), "invalid_target_form"),
    "CONNECT with a port that is none": (replaced(b":authority", b"a:65536", CONNECT), "invalid_target_form"),
    # RFC 8441 3: not announced
    "extended CONNECT": (EXTENDED, "unexpected_pseudo_field"),
    ":protocol without CONNECT": ([*GET, (b":protocol", b"websocket")], "unexpected_pseudo_field"),
}


@pytest.mark.parametrize("case", MALFORMED_REQUESTS)
def test_malformed_requests(case: str) -> None:
    fields, reason = MALFORMED_REQUESTS[case]
    connection = server()
    events = feed(connection, headers(fields, flags=END_STREAM))
    assert events == [zttp.RstStream(1, 1)]
    error = connection.last_stream_error
    assert (error.reason, error.stream_id, error.error_code) == (reason, 1, 1)
    assert [(found.type, found.number) for found in sent(connection)] == [(RST_STREAM, 1)]
    # The connection continues, and the stream is closed.
    assert names(feed(connection, headers(GET, 3, END_STREAM))) == ["Request", "EndOfMessage"]
    assert connection.open_streams == 1


def request(fields: Fields, **options: Any) -> zttp.Request:
    [event, _] = feed(server(**options), headers(fields, flags=END_STREAM))
    assert isinstance(event, zttp.Request)
    return event


def test_a_request() -> None:
    event = request([METHOD, SCHEME, AUTHORITY, (b":path", b"/a?b=c"), (b"accept", b"*/*"), (b"x", b"")])
    assert (event.method, event.target, event.path, event.query) == (b"GET", b"/a?b=c", b"/a", b"b=c")
    assert (event.scheme, event.http_version, event.stream_id, event.protocol) == (b"https", b"2", 1, None)
    assert event.headers == [(b"host", b"example.com"), (b"accept", b"*/*"), (b"x", b"")]
    assert event.end_stream
    assert not event.expect_continue


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
def test_pseudo_header_fields_come_in_any_order(order: tuple[int, ...]) -> None:
    event = request([*(GET[number] for number in order), (b"a", b"b")])
    assert (event.method, event.target, event.scheme) == (b"GET", b"/", b"https")
    assert event.headers == [(b"host", b"example.com"), (b"a", b"b")]


def test_without_authority() -> None:
    assert request(without(b":authority")).headers == []
    assert request([*without(b":authority"), (b"a", b"b"), *HOST]).headers == [(b"a", b"b"), *HOST]


def test_host_that_repeats_authority_comes_once() -> None:
    assert request([*GET, (b"a", b"b"), (b"host", b"Example.COM")]).headers == [*HOST, (b"a", b"b")]


@pytest.mark.parametrize("authority", [b"example.com:8080", b"[::1]", b"[2001:db8::1]:443", b"xn--bcher-kva.test", b""])
def test_authorities(authority: bytes) -> None:
    assert request(replaced(b":authority", authority)).headers == [(b"host", authority)]


def test_the_authority_of_another_request() -> None:
    connection = server()
    data = headers(GET, 1, END_STREAM) + headers(replaced(b":authority", b"other.example"), 3, END_STREAM)
    found = [event.headers[0] for event in feed(connection, data) if isinstance(event, zttp.Request)]
    assert found == [(b"host", b"example.com"), (b"host", b"other.example")]


def test_asterisk_form() -> None:
    assert request(replaced(b":path", b"*", replaced(b":method", b"OPTIONS"))).target == b"*"


def test_other_schemes_have_other_paths() -> None:
    assert request(replaced(b":scheme", b"urn", replaced(b":path", b"a:b"))).target == b"a:b"


def test_cookie_crumbs_are_joined() -> None:
    # RFC 9113 8.2.3
    event = request([*GET, (b"cookie", b"a=b"), (b"x", b"y"), (b"cookie", b"c=d"), (b"cookie", b"e=f")])
    assert event.headers == [*HOST, (b"cookie", b"a=b; c=d; e=f"), (b"x", b"y")]


def test_te_trailers() -> None:
    assert request([*GET, (b"te", b"trailers")]).headers.get(b"te") == b"trailers"


def test_te_trailers_means_nothing_in_a_response() -> None:
    [response, _] = feed(requesting(), headers([*OK, (b"te", b"trailers")], flags=END_STREAM))
    assert response.headers == [(b"te", b"trailers")]


def test_equal_content_lengths_count_once() -> None:
    # RFC 9110 8.6: the application sees one number.
    lengths = [(b"content-length", b"3, 3"), (b"a", b"b"), (b"content-length", b"3")]
    [event, *_] = feed(server(), headers([*POST, *lengths]) + data(b"abc"))
    assert event.headers == [*HOST, (b"content-length", b"3"), (b"a", b"b")]
    [event, *rest] = feed(requesting(), headers([*OK, *lengths]) + data(b"abc"))
    assert event.headers == [(b"content-length", b"3"), (b"a", b"b")]
    assert content_of(rest) == b"abc"


def test_expect_continue() -> None:
    connection = server()
    [event] = feed(connection, headers([*POST, (b"expect", b"100-Continue")]))
    assert event.expect_continue
    connection.stream(1).send_informational(100)
    assert [found.stream_id for found in sent(connection)] == [1]
    assert not request([*GET, (b"expect", b"100-continue")]).expect_continue, "there is no content to wait for"


@pytest.mark.parametrize("fields", [CONNECT, EXTENDED])
def test_the_length_of_a_connect_says_nothing_wherever_its_stream_ends(fields: Fields) -> None:
    # RFC 9110 9.3.6: what follows is not content.
    head = [*fields, (b"content-length", b"3")]
    for ends in (headers(head, flags=END_STREAM), headers(head) + frame(DATA, END_STREAM, 1)):
        assert names(feed(server(enable_connect_protocol=True), ends)) == ["Request", "EndOfMessage"]


def test_expectations_in_several_lines_are_one_list() -> None:
    # RFC 9110 5.3, 10.1.1; with an Expect that is the last line, or not.
    both = [(b"expect", b"100-continue"), (b"expect", b"x")]
    for fields in (both, both[::-1], [(b"expect", b"x, 100-continue")]):
        for unusual in ([], HOST):  # read here, or by the core
            [event] = feed(server(), headers([*POST, *unusual, *fields]))
            assert event.expect_continue


def test_priority_of_a_request() -> None:
    assert request([*GET, (b"priority", b"u=1, i")]).priority == (1, True)
    assert request([*GET, (b"priority", b"u=5"), (b"priority", b"i")]).priority == (5, True)
    assert request(GET).priority == (3, False)


def test_connect() -> None:
    [event] = feed(server(), headers(CONNECT))
    assert (event.method, event.target, event.scheme) == (b"CONNECT", b"example.com:443", None)
    assert event.headers == [(b"host", b"example.com:443")]


def test_extended_connect() -> None:
    # RFC 8441 4
    connection = server(enable_connect_protocol=True)
    [event] = feed(connection, headers(EXTENDED))
    assert (event.method, event.target, event.protocol, event.scheme) == (b"CONNECT", b"/", b"websocket", b"https")
    connection.stream(1).send_response(200)
    assert content_of(feed(connection, frame(DATA, 0, 1, b"frame"))) == b"frame"


@pytest.mark.parametrize("missing", [b":scheme", b":path", b":authority"])
def test_extended_connect_needs_a_target(missing: bytes) -> None:
    connection = server(enable_connect_protocol=True)
    fields = [field for field in EXTENDED if field[0] != missing]
    assert feed(connection, headers(fields)) == [zttp.RstStream(1, 1)]
    assert connection.last_stream_error.reason == "missing_pseudo_field"


def content_of(events: list[Any]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, zttp.Data))


# ------------------------------------------------------------------------------------------------------------- content


def data(*parts: bytes, end: bool = True, stream_id: int = 1) -> bytes:
    return b"".join(
        frame(DATA, END_STREAM if end and number == len(parts) else 0, stream_id, part)
        for number, part in enumerate(parts, 1)
    )


@pytest.mark.parametrize(
    ("stated", "parts", "reason"),
    [
        (b"5", (b"hello",), None),
        (b"5", (b"he", b"llo"), None),
        (b"5", (b"hello", b""), None),
        (b"0", (b"",), None),
        (b"5", (b"hell",), "content_too_short"),
        (b"5", (b"hell", b""), "content_too_short"),
        (b"5", (b"",), "content_too_short"),
        (b"5", (b"hello!",), "content_too_long"),
        (b"5", (b"hello", b"!"), "content_too_long"),
        (b"0", (b"x",), "content_too_long"),
    ],
)
def test_content_length_against_data(stated: bytes, parts: tuple[bytes, ...], reason: str | None) -> None:
    connection = server()
    events = feed(connection, headers([*POST, (b"content-length", stated)]) + data(*parts))
    if reason is None:
        assert content_of(events) == b"".join(parts)
        assert names(events)[-1] == "EndOfMessage"
    else:
        assert events[-1] == zttp.RstStream(1, 1)
        assert "EndOfMessage" not in names(events)
        assert connection.last_stream_error.reason == reason


def test_content_and_trailers() -> None:
    stream = headers(POST) + data(b"one", b"two", end=False) + headers([(b"x-sum", b"6")], flags=END_STREAM)
    assert messages(feed(server(), stream))[1:] == [zttp.Data(b"onetwo", 1), zttp.EndOfMessage([(b"x-sum", b"6")], 1)]


def test_trailers_without_content() -> None:
    stream = headers(POST) + headers([(b"x-sum", b"6")], flags=END_STREAM)
    assert feed(server(), stream)[1:] == [zttp.EndOfMessage([(b"x-sum", b"6")], 1)]


MALFORMED_TRAILERS: dict[str, tuple[Fields, int, str]] = {
    "that do not end the stream": ([(b"a", b"b")], 0, "trailers_without_end"),
    "with a pseudo-header field": ([(b":path", b"/")], END_STREAM, "pseudo_field_in_trailers"),
    "with an unknown pseudo-header field": ([(b":a", b"/")], END_STREAM, "pseudo_field_in_trailers"),
    "with upper case": ([(b"A", b"b")], END_STREAM, "invalid_field_name"),
    "with Connection": ([(b"connection", b"close")], END_STREAM, "forbidden_trailer"),
    "with Content-Length": ([(b"content-length", b"3")], END_STREAM, "forbidden_trailer"),  # RFC 9110 6.5.1
    "with an invalid value": ([(b"a", b"b\n")], END_STREAM, "invalid_field_value"),
}


@pytest.mark.parametrize("case", MALFORMED_TRAILERS)
def test_malformed_trailers(case: str) -> None:
    fields, flags, reason = MALFORMED_TRAILERS[case]
    connection = server()
    events = feed(connection, headers(POST) + data(b"abc", end=False) + headers(fields, flags=flags))
    assert events[-1] == zttp.RstStream(1, 1)
    assert connection.last_stream_error.reason == reason


def test_trailers_before_all_content() -> None:
    connection = server()
    stream = headers([*POST, (b"content-length", b"4")]) + data(b"abc", end=False) + headers([(b"a", b"b")], flags=1)
    assert feed(connection, stream)[-1] == zttp.RstStream(1, 1)
    assert connection.last_stream_error.reason == "content_too_short"


def test_trailers_in_a_tunnel() -> None:
    # RFC 9113 8.5
    connection = server(headers(CONNECT))
    assert feed(connection, headers([(b"a", b"b")], flags=END_STREAM)) == [zttp.RstStream(1, 1)]
    assert connection.last_stream_error.reason == "trailers_in_tunnel"


# ----------------------------------------------------------------------------------------------------------- responses

MALFORMED_RESPONSES: dict[str, tuple[Fields, int, str]] = {
    "no :status": ([(b"a", b"b")], END_STREAM, "missing_pseudo_field"),
    "two :status": ([*OK, *OK], END_STREAM, "duplicate_pseudo_field"),
    "a :path": ([*OK, (b":path", b"/")], END_STREAM, "unexpected_pseudo_field"),
    "a :status of two digits": ([(b":status", b"20")], END_STREAM, "invalid_status_code"),
    "a :status that is no number": ([(b":status", b"2x0")], END_STREAM, "invalid_status_code"),
    "101": ([(b":status", b"101")], 0, "switching_protocols"),  # RFC 9113 8.6
    "a 1xx that ends the stream": ([(b":status", b"103")], END_STREAM, "informational_ends"),
    "Connection": ([*OK, (b"connection", b"close")], END_STREAM, "connection_specific_field"),
    "TE": ([*OK, (b"te", b"gzip")], END_STREAM, "connection_specific_field"),
    "two Content-Length": (
        [*OK, (b"content-length", b"0"), (b"content-length", b"1")],
        END_STREAM,
        "conflicting_content_length",
    ),
    "Content-Length without content": ([*OK, (b"content-length", b"1")], END_STREAM, "content_too_short"),
    "an invalid Content-Length": ([*OK, (b"content-length", b"x")], END_STREAM, "invalid_content_length"),
}


@pytest.mark.parametrize("case", MALFORMED_RESPONSES)
def test_malformed_responses(case: str) -> None:
    fields, flags, reason = MALFORMED_RESPONSES[case]
    connection = requesting()
    assert feed(connection, headers(fields, flags=flags)) == [zttp.RstStream(1, 1)]
    assert connection.last_stream_error.reason == reason
    assert [(found.type, found.number) for found in sent(connection)] == [(RST_STREAM, 1)]


def test_a_response() -> None:
    stream = headers([(b":status", b"404"), (b"content-length", b"2")]) + data(b"no")
    [response, *rest] = feed(requesting(), stream)
    assert (response.status_code, response.reason, response.http_version) == (404, b"", b"2")
    assert response.headers == [(b"content-length", b"2")]
    assert rest == [zttp.Data(b"no", 1), zttp.EndOfMessage(stream_id=1)]


def test_informational_responses() -> None:
    hint = headers([(b":status", b"103"), (b"link", b"</a>")])
    final = headers([(b":status", b"204")], flags=END_STREAM)
    events = feed(requesting(), headers([(b":status", b"100")]) + hint + final)
    assert [event.status_code for event in events[:3]] == [100, 103, 204]
    assert [event.is_informational for event in events[:3]] == [True, True, False]
    assert events[3:] == [zttp.EndOfMessage(stream_id=1)]


def test_content_before_the_head() -> None:
    connection = requesting()
    assert feed(connection, data(b"x")) == [zttp.RstStream(1, 1)]
    assert connection.last_stream_error.reason == "content_before_head"


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", b"200"), (b"GET", b"204"), (b"GET", b"304")])
def test_messages_without_content_may_state_its_length(method: bytes, status: bytes) -> None:
    # RFC 9113 8.1.1
    head: Fields = [(b":status", status), (b"content-length", b"99")]
    assert names(feed(requesting(method), headers(head, flags=END_STREAM))) == ["Response", "EndOfMessage"]
    assert names(feed(requesting(method), headers(head) + data(b""))) == ["Response", "EndOfMessage"]
    connection = requesting(method)
    assert names(feed(connection, headers(head) + data(b"x"))) == ["Response", "RstStream"]
    assert connection.last_stream_error.reason == "no_content_allowed"


def test_content_length_of_a_tunnel_is_ignored() -> None:
    # RFC 9110 9.3.6
    connection = requesting(b"CONNECT", end_stream=False)
    stream = headers([*OK, (b"content-length", b"1")]) + data(b"many bytes")
    assert content_of(feed(connection, stream)) == b"many bytes"


def test_a_refused_connect_has_content_like_any_other() -> None:
    connection = requesting(b"CONNECT", end_stream=False)
    stream = headers([(b":status", b"403"), (b"content-length", b"1")]) + data(b"many bytes")
    assert feed(connection, stream)[-1] == zttp.RstStream(1, 1)


# -------------------------------------------------------------------------------------------------------------- limits


def test_a_header_section_that_is_too_large_is_answered_with_431() -> None:
    fields = [*GET, (b"x", b"y" * 500)]
    size = sum(len(name) + len(value) + 32 for name, value in fields)
    assert names(feed(server(limits=limits(max_header_list_size=size)), headers(fields))) == ["Request"]
    connection = server(limits=limits(max_header_list_size=size - 1))
    assert feed(connection, headers(fields) + headers(GET, 3))[0] == zttp.RstStream(1, 0)
    assert connection.last_stream_error.reason == "header_list_too_large"
    assert connection.last_stream_error.status_hint == 431
    answer, reset = sent(connection)
    assert (answer.flags, answer.payload) == (5, b"\x48\x03431")
    assert (reset.type, reset.number) == (RST_STREAM, 0)
    assert connection.open_streams == 1


def test_a_header_list_too_large_for_a_client() -> None:
    connection = requesting(limits=limits(max_header_list_size=100))
    assert feed(connection, headers([*OK, (b"x", b"y" * 100)], flags=END_STREAM)) == [zttp.RstStream(1, 1)]
    assert connection.last_stream_error.reason == "header_list_too_large"


def test_the_table_stays_in_step_after_a_refused_block() -> None:
    # RFC 9113 4.3: a block is decoded regardless of the state of its stream.
    indexed = b"\x40\x01a\x01b"
    get = b"\x82\x87\x84\x41\x01x"
    connection = server()
    malformed = frame(1, 5, 1, indexed)
    [reset, request_event, _] = feed(connection, malformed + frame(1, 5, 3, get + b"\xbf"))
    assert reset == zttp.RstStream(1, 1)
    assert request_event.headers == [(b"host", b"x"), (b"a", b"b")]
