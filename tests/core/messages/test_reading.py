"""A decoded field section as a message, or the reason why it is not one (RFC 9113 8, RFC 9114 4)."""

import pytest

from zttp_core.messages.reading import RequestHead, ResponseHead, read_request, read_response, read_trailers
from zttp_core.reasons import REASONS

Fields = list[tuple[bytes, bytes]]
GET: Fields = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a"), (b":path", b"/x?y")]
BARE: Fields = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/")]
CONNECT: Fields = [(b":method", b"CONNECT"), (b":authority", b"a:443")]
WEBSOCKET: Fields = [
    *(((b":method", b"CONNECT"), (b":protocol", b"websocket"), (b":scheme", b"https"))),
    *((b":path", b"/chat"), (b":authority", b"a")),
]


def request(fields: Fields, **options: bool) -> RequestHead:
    head = read_request(fields, **options)
    assert isinstance(head, RequestHead), head
    return head


def test_a_request_says_everything_at_once() -> None:
    more = [(b"accept", b"*/*"), (b"expect", b"100-Continue"), (b"te", b"trailers"), (b"priority", b"u=1")]
    head = request([*GET, *more, (b"content-length", b"5"), (b"priority", b"i")])
    assert (head.method, head.target, head.scheme, head.authority) == (b"GET", b"/x?y", b"https", b"a")
    assert head.protocol is None
    assert head.fields == [(b"host", b"a"), *more, (b"content-length", b"5"), (b"priority", b"i")]
    assert (head.content_length, head.expect_continue, head.te_trailers, head.priority) == (5, True, True, (1, True))


def test_a_request_that_says_nothing() -> None:
    head = request(BARE)
    assert (head.authority, head.fields, head.content_length) == (None, [], -1)
    assert (head.expect_continue, head.te_trailers, head.priority) == (False, False, None)


def test_cookies_are_one_field_where_the_first_stood() -> None:
    crumbs = [(b"cookie", b"a=b"), (b"x", b"1"), (b"cookie", b"c=d"), (b"cookie", b"e=f")]
    assert request([*BARE, *crumbs]).fields == [(b"cookie", b"a=b; c=d; e=f"), (b"x", b"1")]


def test_host_stands_for_an_authority_that_is_missing() -> None:
    head = request([*BARE, (b"x", b"1"), (b"host", b"b")])
    assert (head.authority, head.fields) == (b"b", [(b"x", b"1"), (b"host", b"b")])


def test_host_beside_the_same_authority_is_told_once() -> None:
    assert request([*GET, (b"host", b"A")]).fields == [(b"host", b"a")]


def test_equal_content_lengths_are_told_once() -> None:
    lengths = [(b"content-length", b"5, 5"), (b"content-length", b"5")]
    assert request([*BARE, *lengths]).fields == [(b"content-length", b"5")]
    head = read_response([(b":status", b"200"), *lengths])
    assert isinstance(head, ResponseHead)
    assert (head.status, head.fields, head.content_length) == (200, [(b"content-length", b"5")], 5)


def test_connect_is_for_its_authority() -> None:
    head = request(CONNECT)
    assert (head.target, head.scheme, head.fields) == (b"a:443", None, [(b"host", b"a:443")])
    head = request(WEBSOCKET, extended_connect=True)
    assert (head.target, head.protocol, head.authority) == (b"/chat", b"websocket", b"a")


FAULTY_REQUESTS: list[tuple[Fields, str]] = [
    ([*GET, (b"Accept", b"*/*")], "invalid_field_name"),
    ([*GET, (b"", b"")], "invalid_field_name"),
    ([*GET, (b"a", b"\0")], "invalid_field_value"),
    ([*GET, (b"cookie", b"\0")], "invalid_field_value"),
    ([*GET, (b"connection", b"close")], "connection_specific_field"),
    ([*GET, (b"te", b"gzip")], "connection_specific_field"),
    ([*GET, (b"x", b""), (b":path", b"/")], "misplaced_pseudo_field"),
    ([*BARE, (b"host", b"a"), (b":authority", b"a")], "misplaced_pseudo_field"),
    ([*GET, (b":path", b"/")], "duplicate_pseudo_field"),
    ([*GET, (b":status", b"200")], "unexpected_pseudo_field"),
    ([*GET, (b":x", b"")], "unexpected_pseudo_field"),
    ([*GET, (b"host", b"b")], "conflicting_authority"),
    ([*GET, (b"host", b"a"), (b"host", b"a")], "duplicate_host"),
    ([*BARE, (b"host", b"u@a")], "invalid_host"),
    ([*BARE, (b":authority", b"a b")], "invalid_host"),
    ([*GET, (b"content-length", b"x")], "invalid_content_length"),
    ([*GET, (b"content-length", b"10"), (b"content-length", b"010")], "conflicting_content_length"),
    (GET[1:], "missing_pseudo_field"),
    (WEBSOCKET, "unexpected_pseudo_field"),
    ([(b":method", b"CONNECT"), (b":authority", b"[::1]")], "invalid_target_form"),
]


@pytest.mark.parametrize(("fields", "reason"), FAULTY_REQUESTS, ids=repr)
def test_a_malformed_request_has_a_reason(fields: Fields, reason: str) -> None:
    assert read_request(fields) == reason
    assert reason in REASONS


STRICT: list[tuple[Fields, str | None]] = [
    (GET, None),
    ([*BARE, (b"host", b"a")], None),
    ([*GET, (b"host", b"a")], None),
    ([*GET, (b"host", b"A")], "conflicting_authority"),
    (BARE, "missing_pseudo_field"),
    ([*BARE, (b":authority", b"")], "invalid_host"),
    ([*BARE, (b"host", b"")], "invalid_host"),
    ([(b":method", b"GET"), (b":scheme", b"urn"), (b":path", b"a")], None),
    (CONNECT, None),
]


@pytest.mark.parametrize(("fields", "reason"), STRICT, ids=repr)
def test_http_3_wants_an_authority(fields: Fields, reason: str | None) -> None:
    head = read_request(fields, strict_authority=True)
    assert head == reason if reason is not None else isinstance(head, RequestHead)
    if reason is not None:
        assert isinstance(read_request(fields), RequestHead)


FAULTY_RESPONSES: list[tuple[Fields, str]] = [
    ([], "missing_pseudo_field"),
    ([(b":status", b"99")], "invalid_status_code"),
    ([(b":status", b"101")], "switching_protocols"),
    ([(b":status", b"200"), (b":status", b"200")], "duplicate_pseudo_field"),
    ([(b"a", b""), (b":status", b"200")], "misplaced_pseudo_field"),
    ([(b":status", b"200"), (b":path", b"/")], "unexpected_pseudo_field"),
    ([(b":status", b"200"), (b"upgrade", b"x")], "connection_specific_field"),
    ([(b":status", b"200"), (b"te", b"x")], "connection_specific_field"),
    ([(b":status", b"200"), (b"a", b"\n")], "invalid_field_value"),
    ([(b":status", b"200"), (b"content-length", b"1, 2")], "conflicting_content_length"),
]


@pytest.mark.parametrize(("fields", "reason"), FAULTY_RESPONSES, ids=repr)
def test_a_malformed_response_has_a_reason(fields: Fields, reason: str) -> None:
    assert read_response(fields) == reason


def test_a_response_is_its_status_and_its_fields() -> None:
    head = read_response([(b":status", b"404"), (b"host", b"no host"), (b"te", b"trailers")])
    assert isinstance(head, ResponseHead)
    assert (head.status, head.fields) == (404, [(b"host", b"no host"), (b"te", b"trailers")])
    assert head.content_length == -1


def test_trailers() -> None:
    fields = [(b"grpc-status", b"0"), (b"cookie", b"a=b")]
    assert read_trailers(fields) == fields
    assert read_trailers([]) == []


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ((b"content-length", b"1"), "forbidden_trailer"),
        ((b"set-cookie", b"a=b"), "forbidden_trailer"),
        ((b"connection", b"close"), "forbidden_trailer"),
        ((b"te", b"trailers"), "forbidden_trailer"),
        ((b":path", b"/"), "pseudo_field_in_trailers"),
        ((b":x", b"/"), "pseudo_field_in_trailers"),
        ((b"A", b""), "invalid_field_name"),
        ((b"a", b" "), "invalid_field_value"),
        ((b"cookie", b"\0"), "invalid_field_value"),
    ],
    ids=repr,
)
def test_what_is_no_trailer(field: tuple[bytes, bytes], reason: str) -> None:
    assert read_trailers([(b"a", b""), field]) == reason
