"""The costs that a peer can cause: time linear in its bytes, memory that does not grow."""

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest

import zttp
import zttp_h1
from tests.http1.helpers import CHUNKED, CHUNKED_HEAD, GET, OK, POST, client, content, feed, names, pull, server
from tests.processor_time import assert_linear

REQUESTS_ON_ONE_CONNECTION = 100_000 if zttp_h1.COMPILED else 3_000
# Scanning all held bytes again takes microseconds for 100 kB: long next to a compiled call, not an interpreted one.
SMALL, LONG = (4_000, 256_000) if zttp_h1.COMPILED else (2_000, 32_000)


def byte_by_byte(data: bytes, *, pulling: bool = True) -> None:
    connection = zttp.Connection(zttp.SERVER, limits=LARGE)
    with suppress(zttp.RemoteProtocolError):
        for byte in data:
            connection.receive_data(bytes([byte]))
            if pulling:
                pull(connection)
        pull(connection)


LARGE = zttp.H1Limits(
    max_line=1_000_000,
    max_header_bytes=4_000_000,
    max_headers=100_000,
    max_trailer_bytes=4_000_000,
    max_trailers=100_000,
)

SHAPES: dict[str, Callable[[int], bytes]] = {
    "target": lambda size: b"GET /" + b"a" * size + b" HTTP/1.1\r\n\r\n",
    "method": lambda size: b"X" * min(size, 60) + b" /" + b"a" * size + b" HTTP/1.1\r\n\r\n",
    "field value": lambda size: b"GET / HTTP/1.1\r\nA: " + b"a" * size + b"\r\n\r\n",
    "field value of spaces": lambda size: b"GET / HTTP/1.1\r\nA: b" + b" " * size + b"c\r\n\r\n",
    "field name": lambda size: b"GET / HTTP/1.1\r\n" + b"a" * size + b": b\r\n\r\n",
    "spaces after a field name": lambda size: b"GET / HTTP/1.1\r\nA" + b" " * size + b": b\r\n\r\n",
    "spaces in front of a value": lambda size: b"GET / HTTP/1.1\r\nA:" + b" " * size + b"b\r\n\r\n",
    "tabs": lambda size: b"GET / HTTP/1.1\r\nA: b" + b"\t" * size + b"\r\n\r\n",
    "many fields": lambda size: b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (size // 6) + b"\r\n",
    "connection options": lambda size: b"GET / HTTP/1.1\r\nConnection: " + b"a," * (size // 2) + b"close\r\n\r\n",
    "many Connection fields": lambda size: b"GET / HTTP/1.1\r\n" + b"Connection: a\r\n" * (size // 15) + b"\r\n",
    "many Upgrade fields": lambda size: (
        b"GET / HTTP/1.1\r\nConnection: upgrade\r\n" + b"Upgrade: a\r\n" * (size // 12) + b"\r\n"
    ),
    "many Transfer-Encoding fields": lambda size: (
        b"GET / HTTP/1.1\r\n" + b"Transfer-Encoding: chunked\r\n" * (size // 28) + b"\r\n"
    ),
    "many Content-Length fields": lambda size: (
        b"GET / HTTP/1.1\r\n" + b"Content-Length: 0\r\n" * (size // 19) + b"\r\n"
    ),
    "content length list": lambda size: b"GET / HTTP/1.1\r\nContent-Length: 0" + b",0" * (size // 2) + b"\r\n\r\n",
    "content": lambda size: b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size,
    "one chunk": lambda size: CHUNKED_HEAD + b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n",
    "tiny chunks": lambda size: CHUNKED_HEAD + b"1\r\nx\r\n" * (size // 6) + b"0\r\n\r\n",
    "chunk extension": lambda size: CHUNKED_HEAD + b"1;a=" + b"b" * size + b"\r\nx\r\n0\r\n\r\n",
    "quoted chunk extension": lambda size: CHUNKED_HEAD + b'1;a="' + b"b" * size + b'"\r\nx\r\n0\r\n\r\n',
    "many chunk extensions": lambda size: CHUNKED_HEAD + b"1" + b";a=b" * (size // 4) + b"\r\nx\r\n0\r\n\r\n",
    "blanks in a chunk extension": lambda size: CHUNKED_HEAD + b"1" + b" " * size + b";a\r\nx\r\n0\r\n\r\n",
    "trailers": lambda size: CHUNKED_HEAD + b"0\r\n" + b"A: b\r\n" * (size // 6) + b"\r\n",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_time_is_linear_byte_by_byte(shape: Callable[[int], bytes]) -> None:
    data = {size: shape(size) for size in (SMALL, LONG)}
    assert_linear(lambda size: byte_by_byte(data[size]), SMALL, LONG)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_time_is_linear_whole(shape: Callable[[int], bytes]) -> None:
    data = {size: shape(size) for size in (10_000, 160_000)}

    def whole(size: int) -> None:
        for _ in range(10 if zttp_h1.COMPILED else 1):  # one is too short to be measured
            with suppress(zttp.RemoteProtocolError):
                pull(server(data[size], limits=LARGE))

    assert_linear(whole, 10_000, 160_000)


def test_time_is_linear_where_nothing_is_pulled() -> None:
    data = {size: SHAPES["content"](size) for size in (SMALL, LONG)}
    assert_linear(lambda size: byte_by_byte(data[size], pulling=False), SMALL, LONG)


def test_time_is_linear_in_pipelined_requests() -> None:
    def pipelined(count: int) -> None:
        connection = server(GET * count)
        for _ in range(count):
            assert names(pull(connection)) == ["Request", "EndOfMessage"]
            connection.start_next_cycle()

    assert_linear(pipelined, 300, 4_800)


def test_fields_are_made_when_they_are_asked_for() -> None:
    head = b"GET / HTTP/1.1\r\n" + b"".join(b"X-Field-%d: the value %d\r\n" % (n, n) for n in range(90)) + b"\r\n"
    connection = server()
    gc.collect()
    before = sys.getallocatedblocks()
    connection.receive_data(head)
    request = connection.next_event()
    assert isinstance(request, zttp.Request)
    assert (request.method, request.target) == (b"GET", b"/")
    untouched = sys.getallocatedblocks() - before
    fields = request.headers.to_list()
    assert len(fields) == 90
    assert untouched < 40  # the request, its head and the offsets, and nothing for each of the fields
    assert sys.getallocatedblocks() - before > 180


def test_a_whole_buffer_of_content_is_that_buffer() -> None:
    connection = server(b"PUT / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n")
    pull(connection)
    for size in (1, 100, 65_536):
        buffer = b"x" * size
        connection.receive_data(buffer)
        event = connection.next_event()
        assert isinstance(event, zttp.Data)
        assert event.data is buffer


def test_a_whole_buffer_of_a_response_is_that_buffer() -> None:
    connection = client()
    connection.receive_data(b"HTTP/1.1 200 OK\r\n\r\n")
    pull(connection)
    buffer = b"x" * 65_536
    connection.receive_data(buffer)
    event = connection.next_event()
    assert isinstance(event, zttp.Data)
    assert event.data is buffer


def test_a_whole_buffer_of_a_chunk_is_that_buffer() -> None:
    connection = server(CHUNKED_HEAD + b"20000\r\n")
    pull(connection)
    buffer = b"x" * 65_536
    connection.receive_data(buffer)
    event = connection.next_event()
    assert isinstance(event, zttp.Data)
    assert event.data is buffer


def test_nothing_is_parsed_before_it_is_pulled() -> None:
    connection = server(GET + b"\0")
    assert isinstance(connection.next_event(), zttp.Request)
    assert isinstance(connection.next_event(), zttp.EndOfMessage)
    assert connection.next_event() is zttp.NEED_DATA


def traced_growth(rounds: int, work: Callable[[], None]) -> int:
    """Bytes that `work` leaves behind after `rounds` more rounds, after a warm-up."""
    for _ in range(rounds // 10):
        work()
    gc.collect()
    tracemalloc.start()
    try:
        work()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(rounds):
            work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("message", [GET, POST, CHUNKED], ids=["get", "post", "chunked"])
def test_memory_is_flat_over_many_requests_on_one_connection(message: bytes) -> None:
    connection = zttp.Connection(zttp.SERVER)
    halves = message[: len(message) // 2], message[len(message) // 2 :]

    def exchange() -> None:
        for half in halves:
            connection.receive_data(half)
            while connection.next_event() is not zttp.NEED_DATA:
                pass
        connection.send_response(200, [(b"Content-Length", b"2")])
        connection.send_data(b"ok")
        connection.end_message()
        connection.data_to_send()
        connection.start_next_cycle()

    assert traced_growth(REQUESTS_ON_ONE_CONNECTION, exchange) < 20_000


def test_memory_is_flat_while_one_buffer_always_waits() -> None:
    connection = zttp.Connection(zttp.SERVER)
    piece = b"x" * 2000
    connection.receive_data(b"POST / HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n")
    connection.next_event()
    connection.receive_data(piece)
    connection.receive_data(piece)

    def go_on() -> None:
        connection.receive_data(piece)
        assert connection.next_event().data == piece

    assert traced_growth(REQUESTS_ON_ONE_CONNECTION, go_on) < 20_000


def test_memory_is_flat_over_many_responses_on_one_connection() -> None:
    connection = zttp.Connection(zttp.CLIENT)
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n"

    def exchange() -> None:
        connection.send_request(b"GET", b"/", b"1.1", [(b"Host", b"a")])
        connection.end_message()
        connection.data_to_send()
        connection.receive_data(answer)
        while connection.next_event() is not zttp.NEED_DATA:
            pass
        connection.start_next_cycle()

    assert traced_growth(REQUESTS_ON_ONE_CONNECTION // 10, exchange) < 20_000


def test_informational_responses_without_end_cost_nothing_that_lasts() -> None:
    # CVE-2021-3737 (CPython http.client): a client that reads 100 Continue forever. Here each of them is an event.
    connection = client()

    def one_more() -> None:
        connection.receive_data(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        assert [event.is_informational for event in pull(connection)] == [True, True]

    assert traced_growth(2_000, one_more) < 20_000
    assert content(feed(connection, OK)) == b"ok"


def test_memory_is_flat_with_different_requests() -> None:
    # A connection forgets everything that it remembers of a message.
    connection = zttp.Connection(zttp.SERVER)
    number = 0

    def exchange() -> None:
        nonlocal number
        number += 1
        feed(connection, b"GET /%d HTTP/1.1\r\nHost: h%d.example\r\nX-%d: y\r\n\r\n" % (number, number, number))
        connection.start_next_cycle()

    assert traced_growth(REQUESTS_ON_ONE_CONNECTION // 10, exchange) < 20_000


def test_memory_is_flat_over_many_connections() -> None:
    def exchange() -> None:
        connection = server(POST)
        assert content(pull(connection)) == b"hello"
        broken = server(b"\0")
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
            broken.next_event()

    assert traced_growth(1_000, exchange) < 20_000


def test_memory_is_flat_over_a_long_upload() -> None:
    connection = server(b"PUT / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n")
    pull(connection)

    def piece() -> None:
        connection.receive_data(bytes(10_000))
        pull(connection)

    assert traced_growth(2_000, piece) < 50_000


def test_memory_is_flat_over_a_long_line_of_chunks() -> None:
    connection = server(CHUNKED_HEAD)
    pull(connection)

    def piece() -> None:
        connection.receive_data(b"400\r\n" + bytes(1024) + b"\r\n3")
        pull(connection)
        connection.receive_data(b"\r\nabc\r\n")
        pull(connection)

    assert traced_growth(5_000, piece) < 50_000


MANY_PIECES = 2000
PIECE = b"x" * 1000


def grown_by_pieces(connection: zttp.H1Connection) -> None:
    """Input that waits to be pulled."""
    connection.receive_data(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MANY_PIECES * len(PIECE)))
    for _ in range(MANY_PIECES):
        connection.receive_data(PIECE)


def grown_by_a_line(connection: zttp.H1Connection) -> None:
    """A line in pieces."""
    connection.receive_data(b"GET / HTTP/1.1\r\nX: ")
    for _ in range(MANY_PIECES):
        connection.receive_data(PIECE)
        connection.next_event()
    connection.receive_data(b"\r\n\r\n")


def grown_by_chunks(connection: zttp.H1Connection) -> None:
    """Small chunks in one buffer."""
    chunks = (b"%x\r\n" % len(PIECE) + PIECE + b"\r\n") * MANY_PIECES
    connection.receive_data(CHUNKED_HEAD + chunks + b"0\r\n\r\n")


def kept_of_a_head(fields: int) -> int:
    """The memory that an idle connection keeps of a request with so many fields of 1,000 bytes."""
    connection = zttp.Connection(zttp.SERVER)
    data = (
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"x-%d: %b\r\n" % (n, b"v" * 990) for n in range(fields)) + b"\r\n"
    )
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(3):  # a connection that continues to ask shows it with the second
            connection.receive_data(bytes(bytearray(data)))
            while connection.next_event() is not zttp.NEED_DATA:
                pass
            connection.send_response(204)
            connection.end_message()
            connection.data_to_send()
            connection.start_next_cycle()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_an_idle_connection_remembers_heads_up_to_two_kilobytes() -> None:
    remembered = kept_of_a_head(1)
    assert remembered > kept_of_a_head(3) + 1_000
    assert remembered > kept_of_a_head(50) + 1_000


@pytest.mark.parametrize("grow", [grown_by_pieces, grown_by_a_line, grown_by_chunks, None])
def test_an_idle_connection_keeps_nothing_of_its_busiest_moment(
    grow: Callable[[zttp.H1Connection], None] | None,
) -> None:
    limits = zttp.H1Limits(max_line=8_000_000, max_header_bytes=8_000_000)
    connection = zttp.Connection(zttp.SERVER, limits=limits)
    tracemalloc.start()
    try:
        if grow is None:
            connection.receive_data(GET)
        else:
            grow(connection)
        while connection.next_event() is not zttp.NEED_DATA:
            pass
        sent = MANY_PIECES if grow is None else 0
        connection.send_response(200, [(b"Content-Length", b"%d" % (sent * len(PIECE)))])
        for _ in range(sent):
            connection.send_data(PIECE)
        connection.end_message()
        connection.data_to_send()
        connection.start_next_cycle()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 200_000
    finally:
        tracemalloc.stop()


def test_a_switch_to_all_of_many_protocols_is_linear() -> None:
    def switch(size: int) -> float:
        offered = b",".join([b"p%d" % number for number in range(size)])
        limits = zttp.H1Limits(max_line=1 << 30, max_header_bytes=1 << 30)
        connection = zttp.Connection(zttp.SERVER, limits=limits)
        connection.receive_data(b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: " + offered + b"\r\n\r\n")
        connection.next_event()
        began = time.process_time()
        connection.send_response(101, [(b"Connection", b"upgrade"), (b"Upgrade", offered)])
        return time.process_time() - began

    # One by one it takes some 60 times as long, all for sixteen times as many.
    assert min(switch(8000) for _ in range(3)) < 40 * min(switch(500) for _ in range(3))
