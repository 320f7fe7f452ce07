"""Every field, length, target, host and trailer gets one verdict in all protocols, reading and writing.

The tables are generated: allowed and forbidden values, at the edges of each rule. The verdict of a row is that of the
core's rule; each protocol must give it, reading and writing, with the same reason if it has that reason.
"""

import itertools

import pytest

from tests.core.wires import MALFORMED, UNSAYABLE, WIRES, Fields, Verdict, Wire
from zttp_core.messages import (
    CONNECTION_SPECIFIC_FIELDS,
    FORBIDDEN_TRAILERS,
    LARGEST_CONTENT,
    content,
    field_fault,
    given_content_length,
    is_field_value,
    is_host,
    is_request_target,
    is_token,
    kind_of,
    lower,
    may_state_length,
    method_kind,
    read_content_length,
    split_target,
)
from zttp_h1 import methods
from zttp_h1.framing import has_content

every_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)

HTTP_1 = WIRES[1]


def same(wire: Wire, found: Verdict, expected: Verdict, *row: object) -> None:
    others = (UNSAYABLE,) if expected is None else (UNSAYABLE, MALFORMED)
    assert found == expected or found in others, (wire.name, found, expected, *row)


# -------------------------------------------------------------------------------------------------------------- fields

NAMES = [
    *(b"x" + bytes([byte]) + b"y" for byte in range(256)),
    *(b"", b"x", b"X-Upper-Case", b"accept", b"Cookie", b"priority", b"x" * 40, b"a b", b"a:", b" a", b"a ", b"\xffx"),
]
VALUES = [
    *(b"v" * at + bytes([byte]) + b"v" * 9 for byte in range(256) for at in (1, 12)),
    *(b"", b"v", b" v", b"v ", b"\tv", b"v\t", b" ", b"a b\tc", b"\x80\xff", b"v" * 100),
]


def fault_of(name: bytes, value: bytes) -> Verdict:
    if not is_token(name):
        return "invalid_field_name"
    return None if is_field_value(value) else "invalid_field_value"


@every_wire
def test_names_and_values(wire: Wire) -> None:
    for name, value in [*((name, b"v") for name in NAMES), *((b"x-name", value) for value in VALUES)]:
        field = [(name, value)]
        expected = fault_of(name, value)
        found = [
            wire.read_response(200, field),
            wire.write_request(b"GET", b"/", field),
            wire.write_response(b"GET", 200, field),
        ]
        if not name.startswith(b":"):
            found += [wire.read_request(b"GET", b"/", field), wire.read_trailers(field, True)]
            found += [wire.write_trailers(field, False)]
        for verdict in found:
            same(wire, verdict, expected, name, value)


@every_wire
@pytest.mark.parametrize("name", sorted(CONNECTION_SPECIFIC_FIELDS))
def test_what_speaks_of_a_connection_is_for_http_1_alone(wire: Wire, name: bytes) -> None:
    value = {b"connection": b"keep-alive", b"transfer-encoding": b"chunked", b"upgrade": b"h2c"}.get(name, b"x")
    expected = None if wire is HTTP_1 else "connection_specific_field"
    assert wire.read_request(b"GET", b"/", [(name, value)]) == expected
    assert wire.read_response(200, [(name, value)]) == expected
    assert wire.write_request(b"GET", b"/", [(name, value)]) == expected
    assert wire.write_response(b"GET", 200, [(name, value)]) == expected


@every_wire
@pytest.mark.parametrize("value", [b"trailers", b"Trailers", b"gzip", b"trailers, gzip", b"trailers;q=1", b""])
def test_te(wire: Wire, value: bytes) -> None:
    expected = None if wire is HTTP_1 else field_fault(kind_of(b"te"), value)
    assert wire.read_request(b"GET", b"/", [(b"TE", value)]) == expected
    assert wire.read_response(200, [(b"TE", value)]) == expected
    assert wire.write_request(b"GET", b"/", [(b"TE", value)]) == expected
    assert wire.write_response(b"GET", 200, [(b"TE", value)]) == expected


# ------------------------------------------------------------------------------------------------------ Content-Length

LENGTHS = [
    *(b"0", b"00", b"7", b"007", b"1" * 18, b"1" * 19, b"%d" % LARGEST_CONTENT, b"%d" % (LARGEST_CONTENT + 1)),
    *(b"0" * 30 + b"7", b"9" * 18, b"9" * 19, b"9" * 40, b"%d" % 2**63, b"%d" % 2**64, b"%d" % (2**64 + 7)),
    *(b"", b"-1", b"+1", b"0x7", b"7.0", b"7 7", b"7;", b"\xb2", b"7,7", b"7, 7", b"7,\t7", b"7,", b",7", b",", b"7,8"),
    *(b"7, 07", b"07, 7", b"x, 7"),
]
PAIRS = list(itertools.product([b"7", b"07", b"7, 7", b"x", b"8", b"9" * 40], repeat=2))


def judged(values: tuple[bytes, ...]) -> tuple[Verdict, bytes]:
    digits = b""
    for value in values:
        reason, digits, _ = read_content_length(value, digits)
        if reason is not None:
            return reason, digits
    return None, digits


@every_wire
@pytest.mark.parametrize("values", [*((value,) for value in LENGTHS), *PAIRS], ids=repr)
def test_content_lengths(wire: Wire, values: tuple[bytes, ...]) -> None:
    fields = [(b"Content-Length", value) for value in values]
    expected, digits = judged(values)
    for verdict in (wire.read_request(b"POST", b"/", fields), wire.read_response(200, fields)):
        assert verdict == expected
        if expected is None:
            assert [value for name, value in wire.seen if lower(name) == b"content-length"] == [digits]
    given = b""
    expected = None
    for value in values:
        expected = expected or given_content_length(value, given)[0]
        given = value
    for verdict in (wire.write_request(b"POST", b"/", fields), wire.write_response(b"GET", 200, fields)):
        assert verdict == expected
        if expected is None:
            assert [value for name, value in wire.seen if lower(name) == b"content-length"] == [values[0]]


@every_wire
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([b"5"] * 9, None),
        ([b", ".join([b"5"] * 8)], None),
        ([b", ".join([b"5"] * 8)] * 2, None),
        ([b", ".join([b"5"] * 9)], "invalid_content_length"),
        ([b"5", b", ".join([b"5"] * 9)], "invalid_content_length"),
        ([*[b"5"] * 9, b"6"], "conflicting_content_length"),
    ],
)
def test_equal_lengths_count_once_in_lists_of_at_most_eight(
    wire: Wire, values: list[bytes], expected: str | None
) -> None:
    fields = [(b"Content-Length", value) for value in values]
    for verdict in (wire.read_request(b"POST", b"/", fields), wire.read_response(200, fields)):
        assert verdict == expected
        if expected is None:
            assert [value for name, value in wire.seen if lower(name) == b"content-length"] == [b"5"]


@every_wire
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"CONNECT"])
def test_where_no_length_may_be_stated_none_leaves(wire: Wire, method: bytes) -> None:
    for status in [100, 103, 199, 200, 201, 204, 205, 206, 299, 300, 304, 404, 500, 999]:
        assert wire.write_response(method, status, [(b"X", b"y"), (b"Content-Length", b"0")]) is None
        stated = b"content-length" in {lower(name) for name, _ in wire.seen}
        assert stated is may_state_length(status, method_kind(method)), (status, wire.seen)


# --------------------------------------------------------------------------------------------------- targets and hosts

METHODS = [b"GET", b"OPTIONS", b"CONNECT", b"options", b"POST"]
TARGETS = [
    *(b"/", b"/a?b", b"//a", b"/*", b"*", b"**", b"?q", b"foo", b"a:1", b"a:0", b"a:65535", b"a:65536", b"a", b"a:"),
    *(b":1", b"[::1]", b"[::1]:1", b"::1:1", b"u@a:1", b"a:1/", b"http://a", b"http://a?q=1", b"http://a/", b"http://"),
    *(b"http:///x", b"http://u@a/", b"http://a:80/x", b"http://a:x/", b"HTTPS://A", b"https://[::1]/?", b"http://:1/"),
    *(b"ftp://a/b", b"1http://a/", b"http://a b/", b"/a b", b"/\xff", b"/#a", b"http://a#b", b"/\x7f", b"/\0"),
]


def target_verdict(method: bytes, target: bytes) -> Verdict:
    if not is_request_target(target):
        return "invalid_target"
    return None if split_target(method, target) is not None else "invalid_target_form"


@every_wire
@pytest.mark.parametrize("method", METHODS)
def test_targets(wire: Wire, method: bytes) -> None:
    for target in TARGETS:
        expected = target_verdict(method, target)
        assert wire.write_request(method, target, []) == expected, target
        found = wire.read_request(method, target, [])
        if expected is not None and found in ("invalid_host", "invalid_pseudo_field"):
            continue  # an authority and a scheme have fields of their own in HTTP/2 and HTTP/3
        same(wire, found, expected, target)


HOSTS = [
    *(b"a", b"A.example:80", b"a:", b"", b"[::1]", b"[::1]:1", b"%41", b"1.2.3.4"),
    *(b"a b", b"u@a", b"a/b", b"a:b", b"[::1", b"::1", b"%4", b"\xff", b"a,b@c", b"[::1]x", b"a#", b"a?b"),
]


@every_wire
@pytest.mark.parametrize("host", HOSTS, ids=repr)
def test_hosts(wire: Wire, host: bytes) -> None:
    expected = None if is_host(host) else "invalid_host"
    verdicts = wire.read_request(b"GET", b"/", [(b"Host", host)]), wire.write_request(b"GET", b"/", [(b"Host", host)])
    if host == b"" and wire.name == "HTTP/3":
        assert verdicts == ("invalid_host", "missing_pseudo_field")  # RFC 9114 4.3.1 MUST NOT
    else:
        assert verdicts == (expected, expected)
    # Host means nothing in a response (RFC 9110 7.2).
    assert wire.read_response(200, [(b"Host", host)]) is None
    assert wire.write_response(b"GET", 200, [(b"Host", host)]) is None


@every_wire
@pytest.mark.parametrize("other", [b"a", b"b"])
def test_two_hosts(wire: Wire, other: bytes) -> None:
    fields: Fields = [(b"Host", b"a"), (b"x", b"y"), (b"host", other)]
    assert wire.read_request(b"GET", b"/", fields) == "duplicate_host"
    assert wire.write_request(b"GET", b"/", fields) == "duplicate_host"


# ------------------------------------------------------------------------------------------ what plugins have copies of


def test_what_http_1_knows_of_methods_and_statuses() -> None:
    kinds = {content.OTHER: methods.OTHER, content.HEAD: methods.HEAD, content.CONNECT: methods.CONNECT}
    for method in [*METHODS, b"HEAD", b"head", b"Connect", b"PUT", b""]:
        assert methods.method_kind(method) == kinds[method_kind(method)]
    for status in range(100, 1000):
        assert has_content(status) is not content.is_bodyless(status, content.OTHER)


# ------------------------------------------------------------------------------------------------------------ trailers

TRAILERS = [*sorted(FORBIDDEN_TRAILERS), b"Content-Length", b"checksum", b"Grpc-Status", b"cookie", b"expires", b"etag"]


@every_wire
@pytest.mark.parametrize("of_request", [True, False])
def test_trailers(wire: Wire, of_request: bool) -> None:
    for name in TRAILERS:
        fields = [(b"x", b"y"), (name, b"5")]
        expected = "forbidden_trailer" if lower(name) in FORBIDDEN_TRAILERS else None
        assert wire.read_trailers(fields, of_request) == expected, name
        assert wire.write_trailers(fields, of_request) == expected, name
