"""The fast paths of HTTP/2 against ``zttp_core.messages``: random field sections get one verdict, reading and writing.

This plugin reads and writes usual messages in loops of its own; the core has the rules. One connection reads and writes
many sections, so that values remembered from one may be wrong for the next.
"""

import random
from collections.abc import Callable
from functools import partial

import hpack
import pytest

import zttp
from tests.http2.helpers import (
    END_STREAM,
    GET,
    OK,
    POST,
    Fields,
    client,
    feed,
    headers,
    limits,
    sent,
    server,
    settings,
)
from zttp_core import messages

ROUNDS = 250
ANY = limits(max_stream_resets=1 << 40, max_control_frames=1 << 40, max_concurrent_streams=1 << 20)
VALUES: dict[bytes, list[bytes]] = {
    b":method": [b"GET", b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"G T", b""],
    b":scheme": [b"https", b"http", b"HTTP", b"ws", b"1x", b""],
    b":authority": [b"a", b"A", b"b", b"a:443", b"[::1]:443", b"", b"x y"],
    b":path": [b"/", b"/a?b", b"*", b"", b"foo", b"/a#b", b"a:443"],
    b":status": [b"200", b"204", b"101", b"103", b"099", b"20", b"999"],
    b":protocol": [b"websocket", b"a b"],
    b"host": [b"a", b"A", b"b", b"a:80", b"", b"a b", b"u@a"],
    b"content-length": [b"5", b"05", b"5, 5", b"5,6", b"", b"0", b"x", b"4611686018427387904"],
    b"cookie": [b"a=b", b"c=d", b""],
    b"te": [b"trailers", b"Trailers", b"gzip", b""],
    b"expect": [b"100-continue", b"100-Continue", b"x"],
    b"priority": [b"u=1", b"u=7, i", b"i=?0", b'u=2, x=", i"', b""],
    b"connection": [b"close"],
    b"range": [b"bytes=0-"],
    b"x-a": [b"v", b"", b" v", b"v\t", b"a\x00b", b"\xff", b"a\tb"],
    b"X-Upper": [b"v"],
    b"no name": [b"v"],
}
HEADS = [GET, POST, [(b":method", b"CONNECT"), (b":authority", b"a:443")], [*GET[:2], GET[3]]]
TARGETS = [b"/", b"/a?b", b"*", b"http://a/q", b"HTTP://A?q", b"a:443", b"[::1]", b"foo", b"ftp:x", b"/a b"]


def section(rng: random.Random, head: Fields) -> Fields:
    """A field section with few faults, or many."""
    fields = list(head)
    names = list(VALUES) if rng.random() < 0.3 else list(VALUES)[6:14]
    for _ in range(rng.choice([0, 1, 2, 5])):
        name = rng.choice(names)
        fields.append((name, VALUES[name][0] if rng.random() < 0.4 else rng.choice(VALUES[name])))
    if fields and rng.random() < 0.1:
        del fields[rng.randrange(len(fields))]
    if rng.random() < 0.1:
        rng.shuffle(fields)
    return fields


def given(rng: random.Random, head: Fields) -> Fields:
    """Fields of a caller: mostly without pseudo-header fields."""
    fields = section(rng, head)
    return fields if rng.random() < 0.2 else [field for field in fields if field[0][:1] != b":"]


def is_refused(call: Callable[..., object], *arguments: object) -> bool:
    """Whether that is misuse."""
    try:
        call(*arguments)
    except zttp.LocalProtocolError:
        return True
    return False


def rejected(connection: zttp.H2Connection, events: list[zttp.Event]) -> str | None:
    """The reason why the stream of the last event was rejected; None if it was not."""
    if not isinstance(events[-1], zttp.RstStream):
        return None
    error = connection.last_stream_error
    assert error is not None
    return error.reason


def written(connection: zttp.H2Connection, decoder: hpack.Decoder) -> Fields:
    """The fields of the only frame in the output."""
    [head] = sent(connection)
    return [(bytes(name), bytes(value)) for name, value in decoder.decode(head.payload, raw=True)]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("extended", [False, True])
def test_requests_are_read_alike(seed: int, extended: bool) -> None:
    rng = random.Random(seed)
    connection = server(limits=ANY, enable_connect_protocol=extended)
    fields: Fields = []
    for number in range(1, 2 * ROUNDS, 2):
        fields = section(rng, rng.choice(HEADS)) if rng.random() < 0.9 else fields
        expected = messages.read_request(fields, extended)
        events = feed(connection, headers(fields, number))
        if isinstance(expected, str):
            assert rejected(connection, events) == expected, fields
            continue
        [event] = events
        assert isinstance(event, zttp.Request), fields
        assert (event.method, event.target, event.scheme, event.protocol, list(event.headers)) == (
            expected.method, expected.target, expected.scheme, expected.protocol, list(expected.fields),
        )  # fmt: skip
        assert event.priority == (expected.priority or (3, False)), fields
        assert event.expect_continue is expected.expect_continue


@pytest.mark.parametrize("seed", range(2))
def test_responses_and_trailers_are_read_alike(seed: int) -> None:
    rng = random.Random(seed)
    connection = client(first=settings((3, 1 << 20)), limits=ANY)
    for number in range(1, 2 * ROUNDS, 2):
        connection.send_request(b"GET", b"/", b"2", [], end_stream=True)
        fields = section(rng, OK)
        head = messages.read_response(fields)
        events = feed(connection, headers(fields, number))
        assert rejected(connection, events) == (head if isinstance(head, str) else None), fields
        if isinstance(head, str) or head.status < 200:
            continue
        assert isinstance(events[-1], zttp.Response)
        assert list(events[-1].headers) == list(head.fields)
        if head.content_length > 0:
            continue
        fields = section(rng, [])
        trailers = messages.read_trailers(fields)
        events = feed(connection, headers(fields, number, END_STREAM))
        assert rejected(connection, events) == (trailers if isinstance(trailers, str) else None), fields
        if not isinstance(trailers, str):
            assert isinstance(events[-1], zttp.EndOfMessage)
            assert list(events[-1].trailers) == fields


@pytest.mark.parametrize("seed", range(2))
def test_requests_are_written_alike(seed: int) -> None:
    rng = random.Random(seed)
    connection = client(first=settings((3, 1 << 20), (8, 1)))
    decoder = hpack.Decoder()
    for _ in range(ROUNDS):
        method = rng.choice([b"GET", b"POST", b"OPTIONS", b"CONNECT", b"G T"])
        target, scheme = rng.choice(TARGETS), rng.choice(VALUES[b":scheme"][:5])
        protocol = rng.choice([None, None, None, b"websocket", b"a b"])
        fields = given(rng, [(b"host", rng.choice([b"a", b"A", b""]))])
        call = (method, target, fields, scheme, protocol)
        refused = is_refused(messages.write_request, *call)
        send = partial(connection.send_request, scheme=scheme, protocol=protocol)
        assert is_refused(send, method, target, b"2", fields) is refused, call
        if not refused:
            assert written(connection, decoder) == messages.write_request(*call)[0], call


@pytest.mark.parametrize("seed", range(2))
def test_responses_and_trailers_are_written_alike(seed: int) -> None:
    rng = random.Random(seed)
    connection = server(limits=ANY)
    decoder = hpack.Decoder()
    for number in range(1, 2 * ROUNDS, 2):
        method = rng.choice([b"GET", b"HEAD", b"CONNECT"])
        feed(connection, headers(HEADS[2] if method == b"CONNECT" else [(b":method", method), *GET[1:]], number))
        stream = connection.stream(number)
        status, fields = rng.choice([200, 200, 204, 205, 304, 404]), given(rng, [])
        kind = messages.method_kind(method)
        refused = is_refused(messages.write_response, status, fields, kind)
        assert is_refused(stream.send_response, status, fields) is refused, (method, status, fields)
        if refused:
            continue
        section_of_head, length = messages.write_response(status, fields, kind)
        assert written(connection, decoder) == section_of_head
        tunnel = messages.is_tunnel(status, kind)
        if tunnel or (length > 0 and messages.may_have_content(status, kind)):
            continue
        fields = given(rng, [])
        refused = is_refused(messages.write_trailers, fields)
        if messages.may_have_content(status, kind) and fields:
            assert is_refused(stream.end_message, fields) is refused, fields
            if not refused:
                assert written(connection, decoder) == messages.write_trailers(fields)
