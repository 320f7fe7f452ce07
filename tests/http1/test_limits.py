"""Every limit of `H1Limits`: a value at the limit passes, one more is refused, also if it arrives byte by byte."""

import copy
import pickle

import pytest

import zttp
from tests.http1.helpers import CHUNKED_HEAD, Fields, client, feed, names, server

SIZES = pytest.mark.parametrize("size", [None, 1, 3], ids=["whole", "by 1", "by 3"])


def refusal(connection: zttp.H1Connection, data: bytes, size: int | None) -> zttp.RemoteProtocolError:
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, data, size)
    return caught.value


def field_lines(count: int, *, width: int = 1) -> bytes:
    return b"".join(b"F%03d: %s\r\n" % (number, b"v" * width) for number in range(count))


def largest_accepted(build: "Message", limits: zttp.H1Limits, most: int, role: int = zttp.SERVER) -> int:
    """How large the message may be before it is refused, by bisection."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        connection = server(limits=limits) if role == zttp.SERVER else client(limits=limits)
        try:
            feed(connection, build(middle))
            low = middle
        except zttp.RemoteProtocolError:
            high = middle - 1
    return low


class Message:
    """A message whose limited size can be chosen."""

    def __init__(self, before: bytes, after: bytes, unit: bytes = b"x") -> None:
        self.before = before
        self.after = after
        self.unit = unit

    def __call__(self, count: int) -> bytes:
        return self.before + self.unit * count + self.after


def test_the_defaults() -> None:
    limits = zttp.H1Limits()
    assert limits.max_line == 16 * 1024
    assert limits.max_headers == 100
    assert limits.max_header_bytes == 64 * 1024
    assert limits.max_trailers == 100
    assert limits.max_trailer_bytes == 64 * 1024
    assert limits.max_buffer == 8 * 1024 * 1024


def test_limits_are_values() -> None:
    limits = zttp.H1Limits(max_line=64, max_headers=3)
    assert limits == zttp.H1Limits(max_line=64, max_headers=3)
    assert limits != zttp.H1Limits()
    assert hash(limits) == hash(zttp.H1Limits(max_line=64, max_headers=3))
    assert "max_line=64" in repr(limits)
    assert copy.copy(limits) == limits
    assert pickle.loads(pickle.dumps(limits)) == limits


@pytest.mark.compiled_only(reason="Final is a promise of the compiler")
def test_limits_are_frozen() -> None:
    limits = zttp.H1Limits()
    with pytest.raises(AttributeError):
        limits.max_line = 1  # type: ignore[misc]


@pytest.mark.parametrize("name", zttp.H1Limits.__match_args__)
def test_a_limit_without_sense_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        zttp.H1Limits(**{name: -1})


def test_an_unknown_limit_is_refused() -> None:
    with pytest.raises(TypeError):
        zttp.H1Limits(max_lines=5)  # type: ignore[call-arg]


@SIZES
def test_request_line(size: int | None) -> None:
    message = Message(b"GET /", b" HTTP/1.1\r\nHost: a\r\n\r\n")
    room = 64 - len(b"GET / HTTP/1.1")
    assert names(feed(server(limits=zttp.H1Limits(max_line=64)), message(room), size)) == ["Request", "EndOfMessage"]
    error = refusal(server(limits=zttp.H1Limits(max_line=64)), message(room + 1), size)
    assert (error.reason, error.status_hint) == ("request_target_too_long", 414)


@SIZES
def test_status_line(size: int | None) -> None:
    message = Message(b"HTTP/1.1 200 ", b"\r\nContent-Length: 0\r\n\r\n")
    room = 64 - len(b"HTTP/1.1 200 ")
    assert names(feed(client(limits=zttp.H1Limits(max_line=64)), message(room), size)) == ["Response", "EndOfMessage"]
    assert refusal(client(limits=zttp.H1Limits(max_line=64)), message(room + 1), size).reason == "line_too_long"


@SIZES
@pytest.mark.parametrize(
    ("before", "after"),
    [(b"F: ", b""), (b"", b": v"), (b"F:", b"v"), (b"F:v", b"")],
    ids=["value", "name", "OWS", "v"],
)
def test_field_line(before: bytes, after: bytes, size: int | None) -> None:
    unit = b" " if before == b"F:" else b"x"
    message = Message(b"GET / HTTP/1.1\r\n" + before, after + b"\r\n\r\n", unit)
    room = 64 - len(before + after)
    assert names(feed(server(limits=zttp.H1Limits(max_line=64)), message(room), size)) == ["Request", "EndOfMessage"]
    error = refusal(server(limits=zttp.H1Limits(max_line=64)), message(room + 1), size)
    assert (error.reason, error.status_hint) == ("line_too_long", 431)


@SIZES
def test_trailer_line(size: int | None) -> None:
    message = Message(CHUNKED_HEAD + b"0\r\nF: ", b"\r\n\r\n")
    assert names(feed(server(limits=zttp.H1Limits(max_line=64)), message(61), size)) == ["Request", "EndOfMessage"]
    error = refusal(server(limits=zttp.H1Limits(max_line=64)), message(62), size)
    assert (error.reason, error.status_hint) == ("line_too_long", 431)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"G",
        b"GET ",
        b"GET /",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nF",
        b"GET / HTTP/1.1\r\nF: ",
        CHUNKED_HEAD,
    ],
    ids=["nothing", "method", "space", "target", "line", "name", "value", "chunk"],
)
def test_a_line_without_end_is_refused_before_it_is_held(start: bytes) -> None:
    connection = server(start, limits=zttp.H1Limits(max_line=256))
    filler = b"0" if start == CHUNKED_HEAD else b"x"
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        for received in range(100_000):
            connection.receive_data(filler)
            while connection.next_event() is not zttp.NEED_DATA:
                pass
            assert received <= 256 + 2
    assert caught.value.status_hint in (400, 414, 431)


@SIZES
def test_header_count(size: int | None) -> None:
    head = b"GET / HTTP/1.1\r\n"
    limits = zttp.H1Limits(max_headers=7)
    events = feed(server(limits=limits), head + field_lines(7) + b"\r\n", size)
    assert len(events[0].headers) == 7
    error = refusal(server(limits=limits), head + field_lines(8) + b"\r\n", size)
    assert (error.reason, error.status_hint) == ("too_many_fields", 431)


@SIZES
def test_header_count_of_a_response(size: int | None) -> None:
    head = b"HTTP/1.1 204 No Content\r\n"
    limits = zttp.H1Limits(max_headers=7)
    events = feed(client(limits=limits), head + field_lines(7) + b"\r\n", size)
    assert len(events[0].headers) == 7
    assert refusal(client(limits=limits), head + field_lines(8) + b"\r\n", size).reason == "too_many_fields"


@SIZES
def test_header_bytes(size: int | None) -> None:
    limits = zttp.H1Limits(max_header_bytes=500)
    message = Message(b"GET / HTTP/1.1\r\n" + field_lines(20) + b"F: ", b"\r\n\r\n")
    room = largest_accepted(message, limits, 500)
    section = len(message(room)) - len(b"GET / HTTP/1.1\r\n")
    assert 500 - 2 <= section <= 500 + 2, "the section is its field lines, with or without the empty line"
    assert names(feed(server(limits=limits), message(room), size)) == ["Request", "EndOfMessage"]
    error = refusal(server(limits=limits), message(room + 1), size)
    assert (error.reason, error.status_hint) == ("header_section_too_large", 431)


@SIZES
def test_trailer_count(size: int | None) -> None:
    limits = zttp.H1Limits(max_trailers=7)
    events = feed(server(limits=limits), CHUNKED_HEAD + b"0\r\n" + field_lines(7) + b"\r\n", size)
    assert len(events[-1].trailers) == 7
    error = refusal(server(limits=limits), CHUNKED_HEAD + b"0\r\n" + field_lines(8) + b"\r\n", size)
    assert (error.reason, error.status_hint) == ("too_many_trailers", 431)


@SIZES
def test_trailer_bytes(size: int | None) -> None:
    limits = zttp.H1Limits(max_trailer_bytes=500)
    message = Message(CHUNKED_HEAD + b"0\r\n" + field_lines(20) + b"F: ", b"\r\n\r\n")
    room = largest_accepted(message, limits, 500)
    section = len(message(room)) - len(CHUNKED_HEAD + b"0\r\n")
    assert 500 - 2 <= section <= 500 + 2, "the section is its field lines, with or without the empty line"
    assert names(feed(server(limits=limits), message(room), size)) == ["Request", "EndOfMessage"]
    error = refusal(server(limits=limits), message(room + 1), size)
    assert (error.reason, error.status_hint) == ("trailer_section_too_large", 431)


@SIZES
def test_no_fields_at_all(size: int | None) -> None:
    limits = zttp.H1Limits(max_headers=0, max_trailers=0)
    assert names(feed(server(limits=limits), b"GET / HTTP/1.1\r\n\r\n", size)) == ["Request", "EndOfMessage"]
    assert refusal(server(limits=limits), b"GET / HTTP/1.1\r\nA: b\r\n\r\n", size).reason == "too_many_fields"


@SIZES
def test_chunk_extensions_of_a_whole_message(size: int | None) -> None:
    # RFC 9112 7.1.1: "a server ought to limit the total length of chunk extensions received".
    limits = zttp.H1Limits(max_line=256)
    chunk = b"1;%s\r\nx\r\n" % (b"e" * 15)  # 16 bytes of extension each
    allowed = CHUNKED_HEAD + chunk * 16 + b"0\r\n\r\n"
    assert names(feed(server(limits=limits), allowed, size))[-1] == "EndOfMessage"
    error = refusal(server(limits=limits), CHUNKED_HEAD + chunk * 16 + b"0;a\r\n\r\n", size)
    assert (error.reason, error.status_hint) == ("chunk_extensions_too_large", 400)


def test_chunk_extensions_are_counted_per_message() -> None:
    connection = server(limits=zttp.H1Limits(max_line=64))
    for _ in range(10):
        assert names(feed(connection, CHUNKED_HEAD + b"1;%s\r\nx\r\n0\r\n\r\n" % (b"e" * 60)))[-1] == "EndOfMessage"
        connection.start_next_cycle()


def test_many_empty_lines_are_refused_byte_by_byte() -> None:
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(server(), b"\r\n" * 100, 1)
    assert caught.value.reason == "too_many_empty_lines"


def test_what_is_not_pulled_is_bounded() -> None:
    connection = server(b"PUT / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", limits=zttp.H1Limits(max_buffer=4096))
    received = 0
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        while received < 100_000:
            connection.receive_data(b"x" * 100)
            received += 100
    assert 4000 <= received <= 4096
    assert (caught.value.reason, caught.value.status_hint) == ("buffer_full", 413)


def test_what_is_pulled_is_not_bounded() -> None:
    connection = server(b"PUT / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", limits=zttp.H1Limits(max_buffer=4096))
    events = feed(connection, b"x" * 1_000_000, 4000)
    assert sum(len(event.data) for event in events if isinstance(event, zttp.Data)) == 1_000_000


def test_pipelined_requests_that_wait_are_bounded() -> None:
    # They wait for start_next_cycle; a peer that sends many must not fill the memory.
    connection = server(b"GET / HTTP/1.1\r\n\r\n", limits=zttp.H1Limits(max_buffer=4096))
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        for _ in range(1000):
            connection.receive_data(b"GET / HTTP/1.1\r\n\r\n")
            while connection.next_event() is not zttp.NEED_DATA:
                pass
    assert caught.value.reason == "buffer_full"


def test_bytes_after_a_protocol_switch_are_bounded() -> None:
    switch: Fields = [(b"Connection", b"upgrade"), (b"Upgrade", b"x")]
    head = b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    connection = server(head, limits=zttp.H1Limits(max_buffer=4096))
    connection.next_event()
    connection.next_event()
    connection.send_response(101, switch)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        for _ in range(1000):
            connection.receive_data(b"x" * 100)
            connection.next_event()
    assert caught.value.reason == "buffer_full"


def test_a_large_head_within_the_limits_passes() -> None:
    head = b"GET / HTTP/1.1\r\n" + field_lines(100, width=600) + b"\r\n"
    assert len(feed(server(), head)[0].headers) == 100
    assert len(feed(server(), head, 1000)[0].headers) == 100


LIMITED: dict[str, tuple[bytes, dict[str, int]]] = {
    "request line": (b"GET /", {"max_line": 128}),
    "method": (b"", {"max_line": 128}),
    "name": (b"GET / HTTP/1.1\r\n", {"max_line": 128}),
    "value": (b"GET / HTTP/1.1\r\nA: ", {"max_line": 128}),
    "value, header bytes": (b"GET / HTTP/1.1\r\nA: b\r\nC: ", {"max_header_bytes": 128}),
    "name, header bytes": (b"GET / HTTP/1.1\r\nA: b\r\n", {"max_header_bytes": 128}),
    "trailer": (CHUNKED_HEAD + b"0\r\nA: ", {"max_line": 128}),
    "trailer bytes": (CHUNKED_HEAD + b"0\r\nA: b\r\nC: ", {"max_trailer_bytes": 128}),
    "chunk extension": (CHUNKED_HEAD + b"5;", {"max_line": 128}),
    "quoted chunk extension": (CHUNKED_HEAD + b'5;a="', {"max_line": 128}),
}


@pytest.mark.parametrize(("start", "limits"), LIMITED.values(), ids=LIMITED.keys())
@pytest.mark.parametrize("end", [b"", b"\r", b"\r\n", b"\n", b"\0", b" "], ids=repr)
def test_a_limit_is_met_at_the_same_byte_however_it_is_cut(start: bytes, limits: dict[str, int], end: bytes) -> None:
    for length in range(100, 140):
        data = start + b"x" * length + end
        outcomes = set()
        for size in (len(data), 1, 50):
            connection = server(limits=zttp.H1Limits(**limits))
            try:
                feed(connection, data, size)
                outcomes.add("nothing yet")
            except zttp.RemoteProtocolError as error:
                outcomes.add(f"{error.reason} at {error.offset}")
        assert len(outcomes) == 1, f"{length} bytes: {outcomes}"
