"""A caller's fields as a field section of HTTP/2 or HTTP/3; none is written that a reader would refuse (RFC 9113 8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zttp_core.errors import LocalProtocolError
from zttp_core.messages.content import CONNECT, HEAD, OTHER
from zttp_core.messages.reading import RequestHead, ResponseHead, read_request, read_response, read_trailers
from zttp_core.messages.writing import write_request, write_response, write_trailers

Fields = list[tuple[bytes, bytes]]


def test_a_request() -> None:
    section, length = write_request(b"POST", b"/x", [(b"Host", b"a"), (b"Accept", b"*/*"), (b"Content-Length", b"5")])
    assert section == [
        *((b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"a"), (b":path", b"/x")),
        *((b"accept", b"*/*"), (b"content-length", b"5")),
    ]
    assert length == 5


@pytest.mark.parametrize(
    ("method", "target", "pseudo"),
    [
        (b"GET", b"http://a?q=1", [(b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/?q=1")]),
        (b"GET", b"HTTP://A/", [(b":scheme", b"http"), (b":authority", b"A"), (b":path", b"/")]),
        (b"OPTIONS", b"http://a", [(b":scheme", b"http"), (b":authority", b"a"), (b":path", b"*")]),
        (b"OPTIONS", b"*", [(b":scheme", b"https"), (b":path", b"*")]),
        (b"CONNECT", b"a:443", [(b":authority", b"a:443")]),
        (b"GET", b"urn:x:y", [(b":scheme", b"urn"), (b":path", b"x:y")]),
    ],
)
def test_targets_become_pseudo_header_fields(method: bytes, target: bytes, pseudo: Fields) -> None:
    assert write_request(method, target, []) == ([(b":method", method), *pseudo], -1)
    # And a reader accepts the result.
    assert isinstance(read_request([(b":method", method), *pseudo]), RequestHead)


def test_the_host_of_a_request_with_an_absolute_target_may_say_the_same() -> None:
    section, _ = write_request(b"GET", b"http://a/", [(b"host", b"A")])
    assert section[2:] == [(b":authority", b"a"), (b":path", b"/")]


def test_an_empty_host_is_no_authority() -> None:
    section, _ = write_request(b"GET", b"/", [(b"host", b"")])
    assert section == [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/")]


def test_an_extended_connect() -> None:
    section, _ = write_request(b"CONNECT", b"/chat", [(b"host", b"a")], b"https", b"websocket")
    assert (b":protocol", b"websocket") in section
    head = read_request(section, extended_connect=True)
    assert isinstance(head, RequestHead)
    assert (head.target, head.protocol) == (b"/chat", b"websocket")


def reason_of(method: bytes, target: bytes, fields: Fields, **options: object) -> str | None:
    with pytest.raises(LocalProtocolError) as caught:
        write_request(method, target, fields, **options)  # type: ignore[arg-type]
    return caught.value.reason


@pytest.mark.parametrize(
    ("method", "target", "fields", "reason"),
    [
        (b"G T", b"/", [], "invalid_method"),
        (b"", b"/", [], "invalid_method"),
        (b"GET", b"/a b", [], "invalid_target"),
        (b"GET", b"", [], "invalid_target"),
        (b"GET", b"foo", [], "invalid_target_form"),
        (b"GET", b"*", [], "invalid_target_form"),
        (b"GET", b"http://u@a/", [], "invalid_target_form"),
        (b"CONNECT", b"/", [], "invalid_target_form"),
        (b"CONNECT", b"[::1]", [], "invalid_target_form"),
        (b"GET", b"/", [(b"host", b"a"), (b"Host", b"a")], "duplicate_host"),
        (b"GET", b"/", [(b":authority", b"a"), (b":authority", b"a")], "duplicate_pseudo_field"),
        (b"GET", b"/", [(b"host", b"a"), (b":authority", b"b")], "conflicting_authority"),
        (b"GET", b"http://a/", [(b"host", b"b")], "conflicting_authority"),
        (b"GET", b"/", [(b"host", b"u@a")], "invalid_host"),
        (b"GET", b"/", [(b"host", b"a b")], "invalid_host"),
        (b"GET", b"/", [(b":path", b"/")], "pseudo_field_given"),
        (b"GET", b"/", [(b":x", b"/")], "pseudo_field_given"),
        (b"GET", b"/", [(b"Connection", b"close")], "connection_specific_field"),
        (b"GET", b"/", [(b"TE", b"gzip")], "connection_specific_field"),
        (b"GET", b"/", [(b"a b", b"")], "invalid_field_name"),
        (b"GET", b"/", [(b"a", b" b")], "invalid_field_value"),
        (b"GET", b"/", [(b"content-length", b"-1")], "invalid_content_length"),
        (b"GET", b"/", [(b"content-length", b"1"), (b"content-length", b"2")], "conflicting_content_length"),
    ],
)
def test_what_the_reader_would_refuse_is_refused(method: bytes, target: bytes, fields: Fields, reason: str) -> None:
    assert reason_of(method, target, fields) == reason


def test_what_extended_connect_needs() -> None:
    assert reason_of(b"GET", b"/", [], protocol=b"websocket") == "protocol_without_connect"
    assert reason_of(b"CONNECT", b"/", [], protocol=b"websocket") == "missing_pseudo_field"
    assert reason_of(b"CONNECT", b"*", [(b"host", b"a")], protocol=b"websocket") == "invalid_target_form"
    assert reason_of(b"CONNECT", b"/", [(b"host", b"a")], protocol=b"a b") == "invalid_pseudo_field"
    assert reason_of(b"GET", b"/", [], scheme=b"9") == "invalid_pseudo_field"


def test_http_3_wants_an_authority() -> None:
    assert reason_of(b"GET", b"/", [], strict_authority=True) == "missing_pseudo_field"
    assert reason_of(b"GET", b"/", [(b"host", b"")], strict_authority=True) == "missing_pseudo_field"
    assert write_request(b"GET", b"urn:a", [], strict_authority=True)[1] == -1


def test_the_error_shows_what_it_speaks_of() -> None:
    with pytest.raises(LocalProtocolError, match="TE: gzip"):
        write_request(b"GET", b"/", [(b"TE", b"gzip")])
    with pytest.raises(LocalProtocolError, match="b'Upgrade'"):
        write_request(b"GET", b"/", [(b"Upgrade", b"h2c")])


def test_a_response() -> None:
    fields = [(b"Server", b"x"), (b"TE", b"trailers"), (b"Content-Length", b"7"), (b"content-length", b"7")]
    section = [(b":status", b"200"), (b"server", b"x"), (b"te", b"trailers"), (b"content-length", b"7")]
    assert write_response(200, fields) == (section, 7)
    assert isinstance(read_response(section), ResponseHead)


@pytest.mark.parametrize(
    ("status", "kind", "states"),
    [
        *((100, OTHER, False), (204, OTHER, False), (200, CONNECT, False), (404, CONNECT, True)),
        *((304, OTHER, True), (200, HEAD, True), (204, HEAD, False), (103, HEAD, False)),
    ],
)
def test_a_length_that_must_not_be_stated_never_leaves(status: int, kind: int, states: bool) -> None:
    section, length = write_response(status, [(b"content-length", b"7")], kind)
    assert (length == 7) is ((b"content-length", b"7") in section) is states


@pytest.mark.parametrize(
    ("status", "fields", "reason"),
    [
        (99, [], "invalid_status_code"),
        (1000, [], "invalid_status_code"),
        (101, [], "switching_protocols"),
        (205, [(b"content-length", b"1")], "no_content_allowed"),
        (200, [(b":status", b"200")], "pseudo_field_given"),
        (200, [(b"content-length", b"x")], "invalid_content_length"),
        (200, [(b"content-length", b"5, 5")], "invalid_content_length"),  # RFC 9110 8.6: for readers only
    ],
)
def test_no_such_response(status: int, fields: Fields, reason: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        write_response(status, fields)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ((b":path", b"/"), "pseudo_field_given"),
        ((b"Content-Length", b"1"), "forbidden_trailer"),
        ((b"a b", b""), "invalid_field_name"),
        ((b"a", b"\n"), "invalid_field_value"),
    ],
)
def test_no_such_trailer(field: tuple[bytes, bytes], reason: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        write_trailers([field])
    assert caught.value.reason == reason


def test_trailers_leave_in_lower_case() -> None:
    assert write_trailers([(b"Grpc-Status", b"0")]) == [(b"grpc-status", b"0")]


names = st.sampled_from([b"Host", b":authority", b"TE", b"Content-Length", b"Cookie", b"X", b"Upgrade", b"bad name"])
values = st.sampled_from([b"a", b"A", b"trailers", b"5", b"5, 5", b"05", b"u@a", b" x", b"", b"\0"])
anything = st.lists(st.tuples(names, values), max_size=4)


@given(
    st.sampled_from([b"GET", b"OPTIONS", b"CONNECT", b"G T"]),
    st.sampled_from([b"/", b"*", b"http://a", b"http://a?q", b"a:1", b"[::1]", b"urn:x", b"foo", b"http://u@a/"]),
    anything,
    st.booleans(),
)
def test_what_is_written_is_read(method: bytes, target: bytes, fields: Fields, strict: bool) -> None:
    try:
        section, length = write_request(method, target, fields, strict_authority=strict)
    except LocalProtocolError:
        return
    head = read_request(section, strict_authority=strict)
    assert isinstance(head, RequestHead), head
    assert head.content_length == length


@given(st.integers(99, 1000), anything)
def test_so_is_a_response(status: int, fields: Fields) -> None:
    try:
        section, length = write_response(status, fields)
    except LocalProtocolError:
        return
    head = read_response(section)
    assert isinstance(head, ResponseHead), head
    assert head.content_length == length


@given(anything)
def test_and_trailers(fields: Fields) -> None:
    try:
        section = write_trailers(fields)
    except LocalProtocolError:
        return
    assert read_trailers(section) == section


@pytest.mark.parametrize("value", [b" b", b"b\t", b" "])
def test_white_space_around_a_value_is_named(value: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="nor begin or end with white space"):
        write_response(200, [(b"a", value)])
