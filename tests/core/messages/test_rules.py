"""The rules that are a table or a line: kinds, trailers, content, states, cookies, priorities."""

import itertools

import pytest

from zttp_core.messages import content, fields, states
from zttp_core.messages.connection_fields import end_to_end
from zttp_core.messages.cookies import join_cookies
from zttp_core.messages.priorities import DEFAULT_PRIORITY, format_priority, join_priorities, parse_priority
from zttp_core.messages.trailers import FORBIDDEN_TRAILERS, may_be_trailer
from zttp_core.reasons import REASONS


@pytest.mark.parametrize(
    "name", [*sorted(fields.KINDS), b":", b":x", b"", b"a b", b"Host", b"accept", b"x" * 40], ids=repr
)
def test_every_name_has_one_kind(name: bytes) -> None:
    if name[:1] == b":":
        expected = fields.KINDS.get(name, fields.UNKNOWN_PSEUDO)
    elif name in (b"", b"a b", b"Host"):
        expected = fields.INVALID_NAME
    else:
        expected = fields.KINDS.get(name, fields.REGULAR)
    assert fields.kind_of(name) == expected


def test_names_of_the_length_of_one_that_counts_are_told_from_it() -> None:
    for name in fields.KINDS:
        if name[:1] != b":":
            assert fields.kind_of(b"x" * len(name)) == fields.REGULAR
            assert fields.kind_of(name) == fields.KINDS[name]


VALUES: dict[int, tuple[list[bytes], list[bytes], str]] = {
    fields.METHOD: ([b"GET", b"get", b"M-SEARCH", b"!"], [b"", b"GE T", b"G:", b"\xff"], "invalid_method"),
    fields.SCHEME: ([b"http", b"HTTPS", b"a+b-c.9"], [b"", b"9p", b"+a", b"ht tp", b"a:"], "invalid_pseudo_field"),
    fields.PATH: ([b"/", b"*", b"/a?b", b'/"<>[]{}|\\^`'], [b"", b"/a b", b"/#", b"/\x80", b"/\t/"], "invalid_target"),
    fields.STATUS: ([b"200", b"100", b"999"], [b"", b"20", b"2000", b"099", b"2x0", b"+20"], "invalid_status_code"),
    fields.PROTOCOL: ([b"websocket", b"connect-udp"], [b"", b"web socket", b"a/b"], "invalid_pseudo_field"),
    fields.AUTHORITY: ([b"", b"a:1", b"[::1]"], [b" a", b"u@a", b"a b", b"a:b"], "invalid_host"),
    fields.TE: ([b"trailers", b"Trailers"], [b"gzip", b"trailers, gzip", b""], "connection_specific_field"),
    fields.HOST: ([b"", b"a"], [b" a", b"a\0"], "invalid_field_value"),
    fields.CONTENT_LENGTH: ([b"1"], [b"1 ", b"\x7f"], "invalid_field_value"),
    fields.CONNECTION_SPECIFIC: ([], [b"close", b""], "connection_specific_field"),
    fields.UNKNOWN_PSEUDO: ([], [b""], "unexpected_pseudo_field"),
    fields.INVALID_NAME: ([], [b""], "invalid_field_name"),
    fields.REGULAR: ([b"", b"a b\tc\xff"], [b" a", b"a\t", b"a\r\nb", b"a\0", b"\x7f"], "invalid_field_value"),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_fits_its_kind(kind: int) -> None:
    valid, invalid, reason = VALUES[kind]
    assert [fields.field_fault(kind, value) for value in valid] == [None] * len(valid)
    assert [fields.field_fault(kind, value) for value in invalid] == [reason] * len(invalid)
    assert reason in REASONS


def test_100_continue_among_the_expectations() -> None:
    # RFC 9110 10.1.1: a list, of which only one member is defined; 5.6.1.2: members may be empty.
    for value in (b"100-Continue", b"100-continue, x", b"x=1,100-CONTINUE", b"100-continue,", b" , 100-continue\t,"):
        assert fields.expects_continue(value), value
    for value in (b"", b",", b"x, y", b"100-continue;q=1, x", b"y 100-continue", b"," * 8 + b"100-continue"):
        assert not fields.expects_continue(value), value
    assert fields.expects_continue(b"100-continue," + b"x" * 115)
    assert not fields.expects_continue(b"100-continue," + b"x" * 116)


def test_what_speaks_of_a_connection_is_no_trailer_either() -> None:
    assert fields.CONNECTION_SPECIFIC_FIELDS < FORBIDDEN_TRAILERS
    assert not may_be_trailer(b"Content-Length")
    assert may_be_trailer(b"Grpc-Status")


def test_what_a_status_says_of_its_content() -> None:
    for status in range(100, 1000):
        tunnel = 200 <= status < 300
        for kind in (content.OTHER, content.HEAD, content.CONNECT):
            opens = kind == content.CONNECT and tunnel
            bodyless = status < 200 or status in (204, 304) or kind == content.HEAD or opens
            assert content.is_tunnel(status, kind) is opens
            assert content.is_bodyless(status, kind) is bodyless
            assert content.may_have_content(status, kind) is (not bodyless and status != 205)
            assert content.may_state_length(status, kind) is not (status < 200 or status == 204 or opens)
        assert (content.STATUS_RULES[status] & content.INFORMATIONAL != 0) is (status < 200)


def test_methods_are_case_sensitive() -> None:
    kinds = [content.method_kind(method) for method in (b"HEAD", b"CONNECT", b"GET", b"head", b"Connect")]
    assert kinds == [content.HEAD, content.CONNECT, content.OTHER, content.OTHER, content.OTHER]
    assert [content.is_status(status) for status in (99, 100, 999, 1000)] == [False, True, True, False]


def test_every_pair_of_state_and_input_is_in_one_table_and_is_what_runs() -> None:
    assert len(states.INPUT_NAMES) == states.INPUTS
    pairs = set(itertools.product(range(len(states.STATE_NAMES)), range(states.INPUTS)))
    assert set(states.SENDING) | set(states.REFUSALS) == pairs
    assert not set(states.SENDING) & set(states.REFUSALS)
    for state, given in pairs:
        if (state, given) in states.SENDING:
            assert states.after_giving(state, given) == states.SENDING[state, given]
        else:
            assert states.after_giving(state, given) == states.NOT_ALLOWED
            assert states.refusal(state, given) in REASONS


def test_what_ends_with_a_connection_does_not_go_on() -> None:
    # RFC 9110 7.6.1
    fields = [
        *((b"Host", b"a"), (b"Connection", b"Close, X-Hop , te, host"), (b"Keep-Alive", b"1"), (b"x-hop", b"2")),
        *((b"TE", b"gzip;q=1, Trailers"), (b"Upgrade", b"h2c"), (b"Accept", b"*/*"), (b"Connection", b"x-other")),
        *((b"X-Other", b""), (b"Proxy-Connection", b"x"), (b"Transfer-Encoding", b"chunked")),
    ]
    assert end_to_end(fields) == [(b"host", b"a"), (b"te", b"trailers"), (b"accept", b"*/*")]
    assert end_to_end([(b"te", b"gzip")]) == []


def test_crumbs_are_one_cookie() -> None:
    assert join_cookies([b"a=b", b"c=d; e=f"]) == b"a=b; c=d; e=f"


@pytest.mark.parametrize("urgency", range(8))
@pytest.mark.parametrize("incremental", [False, True])
def test_a_priority_is_read_as_it_was_written(urgency: int, incremental: bool) -> None:
    assert parse_priority(format_priority(urgency, incremental)) == (urgency, incremental)


@pytest.mark.parametrize("urgency", [-1, 8])
def test_there_are_eight_urgencies(urgency: int) -> None:
    with pytest.raises(ValueError, match="0 to 7"):
        format_priority(urgency, False)
    assert parse_priority(b"u=%d" % urgency) == DEFAULT_PRIORITY


@pytest.mark.parametrize(
    ("value", "priority"),
    [
        (b"u=1, u=5", (5, False)),
        (b"u=1, u=x", DEFAULT_PRIORITY),
        (b"i, i=?0", DEFAULT_PRIORITY),
        (b"i, i=1", DEFAULT_PRIORITY),
        (b'x="u=1, i", u=2', (2, False)),
        (b'x="a\\", u=1, i", u=2', (2, False)),
        (b'u=2, x="unended, i', (2, False)),
        (b"u=1;a=b , i;x", (1, True)),
        (b"U=1", DEFAULT_PRIORITY),
    ],
)
def test_the_value_is_a_dictionary(value: bytes, priority: tuple[int, bool]) -> None:
    # RFC 9651 4.2.2: the last one counts; a value of another type or in a string does not.
    assert parse_priority(value) == priority


def test_a_priority_that_nobody_means_is_none() -> None:
    longest = b"u=1, i," + b"x," * 508 + b"x"
    assert len(longest) == 1024
    assert parse_priority(longest) == (1, True)
    assert parse_priority(longest + b" ") == DEFAULT_PRIORITY


def test_several_priority_fields_are_one_list() -> None:
    assert join_priorities([b"u=1", b"i"]) == (1, True)
    assert join_priorities([]) is None
