"""Memory of a connection: flat over any number of streams, bounded while frames are incomplete or not pulled."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

import zttp
import zttp_h2
from tests.http2.frame_language import block, frame, frame_bytes, literal, wire_bytes
from tests.http2.peers import POST, client, drain, feed, sent, server

STREAMS_ON_ONE_CONNECTION = 100_000 if zttp_h2.COMPILED else 3_000
HEAD = block([(b":method", b"POST"), (b":scheme", b"https"), (b":path", b"/"), (b":authority", b"a.example")])
FLAT = 20_000


def traced_growth(rounds: int, work: Callable[[], object], *, warming: int = 1_000) -> int:
    """Bytes that `work` leaves behind after `rounds` more rounds, after bounded buffers are full."""
    tracemalloc.start()
    try:
        for _ in range(warming):
            work()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(rounds):
            work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def traced_peak(work: Callable[[], None]) -> int:
    """The peak memory of `work`."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def numbers() -> Iterator[int]:
    return iter(range(1, 2**31, 2))


# ------------------------------------------------------------------------------------------ streams on one connection


def test_memory_is_flat_over_many_streams_of_a_server() -> None:
    connection = server()
    ids = numbers()
    credit = frame_bytes("WINDOW_UPDATE stream=0 increment=2")

    def exchange() -> None:
        number = next(ids)
        feed(connection, frame(0x1, 0x4, number, HEAD), frame(0x0, 0x1, number, b"hello"))
        stream = connection.stream(number)
        stream.send_response(200, [(b"content-length", b"2"), (b"x-n", b"%d" % number)])
        stream.send_data(b"ok")
        stream.end_message()
        connection.data_to_send()
        feed(connection, credit)

    assert traced_growth(STREAMS_ON_ONE_CONNECTION, exchange) < FLAT
    assert connection.open_streams == 0


def test_memory_is_flat_over_many_streams_of_a_client() -> None:
    connection = client()
    ids = numbers()
    answer = block([(b":status", b"200")])

    def exchange() -> None:
        number = next(ids)
        stream = connection.send_request(b"GET", b"/%d" % number, b"2", [(b"host", b"a.example")], end_stream=True)
        assert stream.stream_id == number
        connection.data_to_send()
        feed(connection, frame(0x1, 0x4, number, answer), frame(0x0, 0x1, number, b"hello"))
        connection.data_to_send()

    assert traced_growth(STREAMS_ON_ONE_CONNECTION // 10, exchange) < FLAT


ENDINGS: dict[str, Callable[[zttp.H2Connection, int], object]] = {
    "reset by the peer": lambda connection, number: feed(connection, frame(0x3, 0, number, bytes(4))),
    "reset here": lambda connection, number: connection.stream(number).reset(),
    "rejected": lambda connection, number: feed(connection, frame(0x8, 0, number, bytes(4))),
    "skipped": lambda connection, number: feed(connection, frame(0x3, 0, number, bytes(4))),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_memory_is_flat_however_streams_end(how: str) -> None:
    connection = server(max_stream_resets=1 << 40)
    ids = iter(range(1, 2**31, 1002)) if how == "skipped" else numbers()

    def exchange() -> None:
        number = next(ids)
        feed(connection, frame(0x1, 0x4, number, HEAD))
        ENDINGS[how](connection, number)
        connection.data_to_send()

    assert traced_growth(STREAMS_ON_ONE_CONNECTION // 10, exchange) < FLAT
    assert connection.open_streams == 0


def test_memory_is_flat_over_refused_streams() -> None:
    connection = server(max_concurrent_streams=1, max_stream_resets=1 << 40)
    feed(connection, POST.format(1))
    ids = iter(range(3, 2**31, 2))

    def refused() -> None:
        feed(connection, frame(0x1, 0x5, next(ids), HEAD))
        connection.data_to_send()

    assert traced_growth(STREAMS_ON_ONE_CONNECTION // 10, refused) < FLAT


def test_memory_is_flat_where_credit_is_returned_by_hand() -> None:
    connection = server(auto_credit=False)
    ids = numbers()

    def exchange() -> None:
        number = next(ids)
        feed(connection, frame(0x1, 0x4, number, HEAD), frame(0x0, 0x1, number, b"hello"))
        connection.stream(number).send_response(204, end_stream=True)
        connection.consume_data(number, 5)
        connection.data_to_send()

    assert traced_growth(STREAMS_ON_ONE_CONNECTION // 10, exchange) < FLAT


def test_memory_is_flat_over_priorities_of_streams_that_never_come() -> None:
    connection = server(max_control_frames=1 << 40, max_concurrent_streams=1 << 20)
    ids = iter(range(1, 2**31, 4))

    def exchange() -> None:
        number = next(ids)
        feed(connection, frame(0x10, 0, 0, number.to_bytes(4) + b"u=1"), frame(0x1, 0x4, number + 2, HEAD))
        connection.stream(number + 2).reset()
        connection.data_to_send()

    assert traced_growth(STREAMS_ON_ONE_CONNECTION // 10, exchange) < FLAT


def test_memory_is_flat_over_different_fields() -> None:
    connection = server()
    ids = numbers()

    def exchange() -> None:
        number = next(ids)
        fields = literal(b"x-%d" % number, b"v%d" % number, 0x40)
        feed(connection, frame(0x1, 0x5, number, HEAD + fields))
        connection.stream(number).send_response(200, [(b"y-%d" % number, b"w%d" % number)], True)
        connection.data_to_send()

    assert traced_growth(STREAMS_ON_ONE_CONNECTION // 10, exchange) < FLAT


def test_memory_is_flat_over_many_connections() -> None:
    def connections() -> None:
        connection = server()
        feed(connection, POST.format(1), 'DATA stream=1 | "hello"')
        broken = server()
        feed(broken, POST.format(1))
        stream = broken.stream(1)
        stream.send_response(200)
        stream.send_data(bytes(100_000))
        with pytest.raises(zttp.RemoteProtocolError, match="on a stream"):
            feed(broken, "DATA stream=0")

    assert traced_growth(300, connections) < FLAT


def test_a_closed_stream_keeps_nothing_alive() -> None:
    connection = server()
    feed(connection, POST.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    content = bytes(1_000_000)
    held = traced_peak(lambda: stream.send_data(content[:-1]))
    assert held > 900_000
    tracemalloc.start()
    try:
        stream.send_data(content[:-1])
        before = tracemalloc.get_traced_memory()[0]
        stream.reset()
        connection.data_to_send()
        assert tracemalloc.get_traced_memory()[0] < before - 900_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("end", ["close", "error"])
def test_what_was_blocked_goes_with_its_connection(end: str) -> None:
    connection = server()
    feed(connection, POST.format(1), POST.format(3))
    streams = [connection.stream(1), connection.stream(3)]  # which a caller may keep
    tracemalloc.start()
    try:
        for stream in streams:
            stream.send_response(200)
            stream.send_data(bytes(1_000_000))
        before = tracemalloc.get_traced_memory()[0]
        if end == "close":
            connection.close(2)
        else:
            with pytest.raises(zttp.RemoteProtocolError):
                feed(connection, frame(0x6, 0, 0, b""))
        connection.data_to_send()
        assert tracemalloc.get_traced_memory()[0] < before - 1_800_000
    finally:
        tracemalloc.stop()
    assert [stream.pending_bytes for stream in streams] == [None, None]


# ----------------------------------------------------------------------------------------------- heads that have passed

REQUEST = {b":method": b"GET", b":scheme": b"https", b":path": b"/", b":authority": b"a.example"}
LARGE = b"v" * 15_000
NEVER_INDEXED = 0x10
IDLE = 9_000  # the most that an idle connection holds, after any head


def section(given: dict[bytes, bytes], pattern: int = 0) -> bytes:
    return b"".join(literal(name, value, pattern) for name, value in given.items())


def head(fields: bytes, number: int = 1) -> bytes:
    """A head in as many frames as it takes."""
    pieces = [fields[at : at + 16_000] for at in range(0, len(fields), 16_000)]
    frames = [
        frame(0x9 if at else 0x1, 0x4 * (at + 1 == len(pieces)), number, piece) for at, piece in enumerate(pieces)
    ]
    return b"".join(frames)


LARGE_REQUESTS = {
    "a value": section(REQUEST | {b"x-large": LARGE}),
    "a name": section(REQUEST | {b"n" * 15_000: b"1"}),
    "a marked name": section(REQUEST | {b"n" * 15_000: b"1"}, NEVER_INDEXED),
    "fields": section(REQUEST | {b"x-%d" % number: b"v" for number in range(300)}),
    "a method": section(REQUEST | {b":method": b"M" * 15_000}),
    "a scheme": section(REQUEST | {b":scheme": b"s" * 15_000}),
    "a path": section(REQUEST | {b":path": b"/" + LARGE}),
    "an authority": section(REQUEST | {b":authority": LARGE}),
    "refused": section({b":path": b"/" + LARGE}),
    "refused, with a marked name": section({b"n" * 15_000: b"1"}, NEVER_INDEXED),
    "too large, with marked names": section(REQUEST | {b"n" * 15_000: b"1", b"m" * 15_000: b"2"}, NEVER_INDEXED),
}
AFTER = {
    "a small head": head(section(REQUEST), 3),
    "a malformed head": head(section({b"a": b"b"}), 3),
    "a name that never ends": head(b"\x10" + section({b"n" * 15_000: b""})[1:-1], 3),
}


@pytest.mark.parametrize(
    ("large", "after"),
    [(large, "nothing") for large in LARGE_REQUESTS]
    + [(large, after) for large in ("a path", "an authority", "refused, with a marked name") for after in AFTER],
)
def test_an_idle_server_holds_no_large_head(large: str, after: str) -> None:
    connection = server(max_header_list_size=20_000)

    def receive() -> None:
        with suppress(zttp.RemoteProtocolError):
            feed(connection, head(LARGE_REQUESTS[large]), AFTER.get(after, b""))
        connection.data_to_send()

    assert traced_growth(1, receive, warming=0) < IDLE


def test_a_server_whose_input_has_ended_holds_no_large_head() -> None:
    connection = server(max_header_list_size=20_000)

    def receive() -> None:
        connection.receive_data(head(LARGE_REQUESTS["a path"]) + frame(0x0, 0x1, 1, b""))
        connection.receive_data(b"")
        drain(connection)
        connection.data_to_send()

    assert traced_growth(1, receive, warming=0) < IDLE
    assert not connection.is_closed(), "the request has no answer yet"
    connection.stream(1).send_response(204, [], True)
    assert connection.is_closed()


def test_events_that_are_pulled_no_more_are_not_kept() -> None:
    connection = client()
    for _ in range(99):
        connection.send_request(b"GET", b"/", b"2", [(b"host", b"a.example")], end_stream=True)
    connection.data_to_send()

    def refuse_and_close() -> None:
        connection.receive_data(frame(0x7, 0, 0, bytes(8) + LARGE))
        assert isinstance(connection.next_event(), zttp.Goaway)
        connection.close(2)
        connection.data_to_send()

    assert traced_growth(1, refuse_and_close, warming=0) < 3_000  # 99 events are more


@pytest.mark.parametrize("end", ["reset", "answer"])
def test_trailers_of_a_message_that_has_ended_are_not_kept(end: str) -> None:
    connection = client()
    stream = connection.send_request(b"POST", b"/", b"2", [(b"host", b"a.example")])
    connection.data_to_send()

    def send() -> None:
        stream.send_data(bytes(65_536))  # the window lacks an octet
        stream.end_message(zttp.HeaderBlock([(b"n" * 30_000, LARGE)], never_indexed=[b"n" * 30_000]))
        connection.data_to_send()
        if end == "reset":
            stream.reset()
        else:
            feed(connection, frame(0x8, 0, 0, b"\0\0\0\1"), frame(0x8, 0, 1, b"\0\0\0\1"))
        connection.data_to_send()

    assert traced_growth(1, send, warming=0) < IDLE


@pytest.mark.parametrize("status", [b"103", b"200", None])
@pytest.mark.parametrize("pattern", [0, NEVER_INDEXED])
def test_an_idle_client_holds_no_large_head(status: bytes | None, pattern: int) -> None:
    connection = client()
    connection.send_request(b"GET", b"/", b"2", [(b"host", b"a.example")], end_stream=True)
    pseudo = {} if status is None else {b":status": status}
    answer = head(section(pseudo | {b"n" * 10_000: b"v" * 5_000}, pattern))
    assert traced_growth(1, lambda: feed(connection, answer), warming=0) < IDLE


def test_a_large_head_that_was_refused_is_not_kept() -> None:
    # docs/performance.md: buffers that have grown beyond 8 KiB are released
    connection = server()
    feed(connection, POST.format(1), POST.format(3))
    connection.stream(1).send_response(200)
    fields = [(b"x-large", LARGE)] * 10 + [(b"connection", b"close")]

    def refuse() -> None:
        with suppress(zttp.LocalProtocolError):
            connection.stream(3).send_response(200, fields)

    assert traced_growth(1, refuse, warming=0) < IDLE
    connection.stream(3).send_response(204, [], True)
    assert [(found.type, found.stream_id) for found in sent(connection)][-2:] == [(0x1, 1), (0x1, 3)]


def test_large_names_that_were_sent_are_not_kept() -> None:
    connection = client()
    ids = numbers()

    def ask() -> None:
        connection.send_request(b"GET", b"/", b"2", [(b"x-%d" % next(ids) * 400, b"v")], end_stream=True)
        connection.data_to_send()

    assert traced_growth(8, ask, warming=2) < IDLE


def test_names_that_were_sent_on_as_never_indexed_are_not_kept() -> None:
    connection, origin = server(), server()
    feed(connection, POST.format(1), POST.format(3))
    connection.stream(1).send_response(200, [(b"x-first", b"~" * 2_000)])
    connection.data_to_send()

    def send_on() -> None:
        request = feed(origin, head(LARGE_REQUESTS["a marked name"]))[0]
        assert isinstance(request, zttp.Request)
        short = zttp.HeaderBlock(list(request.headers)[:1], never_indexed=[b"n" * 15_000])
        connection.stream(3).send_response(200, short)
        connection.data_to_send()

    assert traced_growth(1, send_on, warming=0) < IDLE


# ------------------------------------------------------------------------------------------------- content that passes


def test_memory_is_flat_over_a_long_upload() -> None:
    connection = server()
    feed(connection, POST.format(1))
    piece = frame(0x0, 0, 1, bytes(10_000))

    def upload() -> None:
        feed(connection, piece)
        connection.data_to_send()

    assert traced_growth(2_000, upload) < 50_000


def test_memory_is_flat_over_a_long_download() -> None:
    connection = server()
    feed(connection, POST.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    credit = frame(0x8, 0, 0, (10_000).to_bytes(4)) + frame(0x8, 0, 1, (10_000).to_bytes(4))

    def download() -> None:
        stream.send_data(bytes(10_000))
        connection.data_to_send()
        feed(connection, credit)

    assert traced_growth(2_000, download) < 50_000


def test_memory_is_flat_where_content_is_always_blocked() -> None:
    connection = server(max_control_frames=1 << 40)
    feed(connection, POST.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(100_000))
    credit = frame(0x8, 0, 0, (1_000).to_bytes(4)) + frame(0x8, 0, 1, (1_000).to_bytes(4))

    def download() -> None:
        stream.send_data(bytes(1_000))
        feed(connection, credit)
        connection.data_to_send()

    assert traced_growth(10_000, download) < 50_000
    assert stream.pending_bytes is not None


def test_memory_is_flat_with_a_constant_backlog() -> None:
    # The caller pulls one event for each buffer and is always one behind.
    connection = server(max_control_frames=1 << 40)
    feed(connection, POST.format(1))
    piece = frame(0x0, 0, 1, bytes(1_100))
    connection.receive_data(piece)

    def one_behind() -> None:
        connection.receive_data(piece)
        assert isinstance(connection.next_event(), zttp.Data)
        connection.data_to_send()

    assert traced_growth(10_000, one_behind) < FLAT


# --------------------------------------------------------------------------------------------------- what is incomplete


@pytest.mark.parametrize("size", [1, 100, 5_000])
def test_a_frame_that_does_not_end_is_kept_once(size: int) -> None:
    connection = server()
    data = wire_bytes("HEADERS stream=1 length=16384")

    def begin() -> None:
        connection.receive_data(data)
        for _ in range(0, 15_000, size):
            connection.receive_data(bytes(size))
            drain(connection)

    assert traced_peak(begin) < 80_000


@pytest.mark.parametrize("size", [1, 100, 5_000])
def test_what_is_not_pulled_is_bounded(size: int) -> None:
    limit = 100_000
    connection = server(max_buffer=limit, connection_window_size=limit)

    def flood() -> None:
        with pytest.raises(zttp.RemoteProtocolError, match="max_buffer"):
            for _ in range(0, 3 * limit, size):
                connection.receive_data(bytes(size))

    assert traced_peak(flood) < 6 * limit + 50_000


@pytest.mark.parametrize("size", [1, 100, 1_000])
def test_nothing_is_kept_of_what_waited(size: int) -> None:
    connection = server(max_buffer=8_000_000)
    data = frame(0xEE, 0, 0, bytes(10_000)) * 30
    gc.collect()
    tracemalloc.start()
    try:
        for start in range(0, len(data), size):
            connection.receive_data(data[start : start + size])
        drain(connection)
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_discarded_frames_are_not_kept() -> None:
    connection = server(max_control_frames=1 << 40)
    unknown = frame_bytes("FRAME type=0xbb length=16384")

    def discard() -> None:
        for _ in range(100):
            connection.receive_data(unknown)
            for _ in range(16):
                connection.receive_data(bytes(1024))
                drain(connection)

    assert traced_peak(discard) < 30_000


def test_open_streams_hold_little() -> None:
    # The objects of 128 streams with nothing blocked; heads belong to the caller.
    connection = server()
    heads = b"".join(frame(0x1, 0x4, number, HEAD) for number in range(1, 256, 2))

    def open_all() -> None:
        connection.receive_data(heads)
        while connection.next_event() is not zttp.NEED_DATA:
            pass

    assert traced_peak(open_all) < 128 * 1_000
    assert connection.open_streams == 128


# ---------------------------------------------------------------------------------------- what is held, against limits


JUST_DOUBLED = 270_000  # a writer of so many bytes has half a MiB
WRITER = 80_000  # one that is emptied at 64 KiB


@pytest.mark.parametrize("size", [100, 1_000])
def test_pieces_that_wait_are_held_once(size: int) -> None:
    connection = server()

    def receive() -> None:
        for _ in range(JUST_DOUBLED // size):
            connection.receive_data(bytes(size))

    assert traced_growth(1, receive, warming=0) < JUST_DOUBLED + WRITER


@pytest.mark.parametrize("size", [100, 1_000])
def test_blocked_pieces_are_held_once(size: int) -> None:
    connection = server()
    feed(connection, POST.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(65_535))
    connection.data_to_send()

    def send() -> None:
        for _ in range(JUST_DOUBLED // size):
            stream.send_data(bytes(size))

    assert traced_growth(1, send, warming=0) < JUST_DOUBLED + 40_000
    assert stream.pending_bytes == JUST_DOUBLED


def test_an_octet_that_is_blocked_does_not_hold_its_buffer() -> None:
    connection = server(max_control_frames=1 << 40)
    feed(connection, POST.format(1), POST.format(3))
    credit = frame(0x8, 0, 0, (1 << 20).to_bytes(4))
    first, second = connection.stream(1), connection.stream(3)

    def send() -> None:
        feed(connection, credit)
        first.send_response(200)
        first.send_data(bytes(65_536))  # blocked at once
        second.send_response(200)
        second.send_data(bytes(400_000))  # after some credit
        for _ in range(33):
            feed(connection, frame(0x8, 0, 3, (10_000).to_bytes(4)))
        feed(connection, frame(0x8, 0, 3, (400_000 - 65_535 - 330_000 - 1).to_bytes(4)))
        connection.data_to_send()

    assert traced_growth(1, send, warming=0) < 2 * 65_536 + 40_000
    assert (first.pending_bytes, second.pending_bytes) == (1, 1)


@pytest.mark.parametrize(
    "rest", [b"", b"\0", frame(0x1, 0x4, 3, bytes(16_384))[:-1]], ids=["nothing", "one", "a frame"]
)
def test_an_octet_that_is_left_does_not_hold_its_buffer(rest: bytes) -> None:
    connection = server()
    feed(connection, POST.format(1))
    content = frame(0x0, 0, 1, bytes(16_384)) * 15

    def receive() -> None:
        connection.receive_data(content + rest)
        drain(connection)
        connection.data_to_send()

    assert traced_growth(1, receive, warming=0) < 10_000 + len(rest)


def test_an_idle_connection_is_small() -> None:
    connection = server(max_control_frames=1 << 40)
    fields = [(b"name-%d" % number, b"v") for number in range(90)]

    def exchanges() -> None:
        for number in range(1, 13, 2):
            head = frame(0x1, 0x4, number, HEAD + b"".join(literal(*field) for field in fields))
            feed(connection, head, *[frame(0x0, 0, number, bytes(16_384))] * 3)
            for _ in range(300):
                feed(connection, frame(0x0, 0, number, b"x"))
            upload = frame(0x0, 0x1, number, bytes(16_000))
            for start in range(0, len(upload), 100):
                connection.receive_data(upload[start : start + 100])
            drain(connection)
            stream = connection.stream(number)
            stream.send_response(200, [(name + b"-%d" % number, value) for name, value in fields])
            for _ in range(60):
                stream.send_data(bytes(1_000))
            stream.end_message()
            feed(connection, frame(0x8, 0, 0, (60_000).to_bytes(4)))
            connection.data_to_send()

    assert traced_growth(1, exchanges, warming=0) < 64_000  # docs/performance.md
