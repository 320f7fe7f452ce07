"""The memory of a connection: no more than its limits and a small constant part, and little when it is idle."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest

import zttp

MEBIBYTE = 1 << 20
CONSTANT = 80_000  # a writer that grows by doubling, up to 64 KiB
SIZE = 270_000  # a writer of so much has just doubled to half a MiB
IDLE = 12_000
RAISED = zttp.H1Limits(
    max_line=8 * MEBIBYTE,
    max_header_bytes=8 * MEBIBYTE,
    max_headers=1_000_000,
    max_trailers=1_000_000,
    max_trailer_bytes=8 * MEBIBYTE,
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
UPLOAD = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


def held_after(work: Callable[[], object]) -> int:
    """The bytes that are held after ``work``, without its result."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def pull(connection: zttp.H1Connection) -> None:
    while connection.next_event() not in (zttp.NEED_DATA, zttp.CONNECTION_CLOSED):
        pass


def answer(connection: zttp.H1Connection, *fields: tuple[bytes, bytes]) -> None:
    connection.send_response(200, [(b"Content-Length", b"0"), *fields])
    connection.end_message()
    connection.data_to_send()
    connection.start_next_cycle()


# ------------------------------------------------------------------------------------------------ small pieces, joined


@pytest.mark.parametrize("size", [100, 1_000, 5_000])
def test_pieces_that_wait_are_held_once(size: int) -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    count = SIZE // size

    def feed() -> None:
        for _ in range(count):
            connection.receive_data(bytes(size))

    assert held_after(feed) < count * size + CONSTANT


@pytest.mark.parametrize("beginning", [b"GET /", b"GET / HTTP/1.1\r\nA: "], ids=["target", "value"])
def test_a_line_in_pieces_is_held_once(beginning: bytes) -> None:
    connection = zttp.H1Connection(zttp.SERVER, limits=RAISED)
    piece = b"a" * 15

    def feed() -> None:
        connection.receive_data(beginning)
        pull(connection)
        for _ in range(SIZE // len(piece)):
            connection.receive_event(piece)

    assert held_after(feed) < SIZE + CONSTANT


@pytest.mark.parametrize("beginning", [b"GET / HTTP/1.1\r\n", CHUNKED + b"0\r\n"], ids=["head", "trailers"])
def test_lines_that_come_one_by_one_are_held_once(beginning: bytes) -> None:
    connection = zttp.H1Connection(zttp.SERVER, limits=RAISED)

    def feed() -> None:
        connection.receive_data(beginning)
        pull(connection)
        for _ in range(SIZE // 15):
            connection.receive_event(b"A: 345678901\r\n")

    assert held_after(feed) < SIZE + CONSTANT


@pytest.mark.parametrize("size", [50, 3_000, 70_000])
def test_content_that_is_read_ahead_is_held_once(size: int) -> None:
    connection = zttp.H1Connection(zttp.CLIENT)
    count = SIZE // size

    def feed() -> None:
        connection.send_request(b"GET", b"/", b"1.1", [(b"Host", b"a")])
        connection.data_to_send()
        connection.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.next_event()
        for _ in range(count):
            connection.receive_data(b"%x\r\n%b\r\n" % (size, bytes(size)))
            assert not connection.should_close()

    assert held_after(feed) < count * size + CONSTANT


# ----------------------------------------------------------------------------------- one byte of a buffer that is left


def after_an_upload(connection: zttp.H1Connection, rest: bytes) -> None:
    connection.receive_data(UPLOAD % MEBIBYTE + bytes(MEBIBYTE) + rest)
    pull(connection)


def after_an_upload_that_was_answered(connection: zttp.H1Connection, rest: bytes) -> None:
    after_an_upload(connection, rest)
    answer(connection)
    pull(connection)


def after_an_upload_that_was_answered_unpulled(connection: zttp.H1Connection, rest: bytes) -> None:
    after_an_upload(connection, rest)
    answer(connection)


def after_chunks(connection: zttp.H1Connection, rest: bytes) -> None:
    connection.receive_data(CHUNKED + b"100000\r\n" + bytes(MEBIBYTE) + b"\r\n0\r\n\r\n" + rest)
    pull(connection)


def after_many_requests(connection: zttp.H1Connection, rest: bytes) -> None:
    connection.receive_data(GET * 1_000 + rest)
    for _ in range(1_000):
        pull(connection)
        answer(connection)
    pull(connection)


def before_content(connection: zttp.H1Connection, rest: bytes) -> None:
    after_many_requests(connection, UPLOAD % 1)
    assert connection.next_event() is zttp.NEED_DATA


@pytest.mark.parametrize("rest", [b"", b"G", b"GET / HTTP/1.1\r\nA"], ids=["nothing", "a byte", "a line"])
@pytest.mark.parametrize(
    "exchange",
    [
        after_an_upload,
        after_an_upload_that_was_answered,
        after_an_upload_that_was_answered_unpulled,
        after_chunks,
        after_many_requests,
        before_content,
    ],
)
def test_a_byte_that_is_left_does_not_hold_its_buffer(
    exchange: Callable[[zttp.H1Connection, bytes], None], rest: bytes
) -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    assert held_after(lambda: exchange(connection, rest)) < IDLE


@pytest.mark.parametrize("rest", [b"", b"\r", b"\r\n"])
def test_a_byte_after_a_response_does_not_hold_its_buffer(rest: bytes) -> None:
    connection = zttp.H1Connection(zttp.CLIENT)

    def download() -> None:
        connection.send_request(b"GET", b"/", b"1.1", [(b"Host", b"a")])
        connection.data_to_send()
        connection.receive_data(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + bytes(MEBIBYTE) + rest)
        pull(connection)

    assert held_after(download) < IDLE


def test_bytes_of_another_protocol_do_not_hold_their_buffer() -> None:
    connection = zttp.H1Connection(zttp.CLIENT)

    def tunnel() -> None:
        connection.send_request(b"CONNECT", b"a:1", b"1.1", [(b"Host", b"a:1")])
        connection.data_to_send()
        early = b"HTTP/1.1 103 Early Hints\r\nLink: %b\r\n\r\n" % bytes(8_000).replace(b"\0", b"a")
        connection.receive_data(early * 10 + b"HTTP/1.1 200 OK\r\n\r\nx")
        pull(connection)

    assert held_after(tunnel) < IDLE
    assert connection.trailing_data == (b"x", False)


def test_what_was_parsed_counts_where_more_waits() -> None:
    limit = 2 * MEBIBYTE
    connection = zttp.H1Connection(zttp.SERVER, limits=zttp.H1Limits(max_buffer=limit))
    upload = UPLOAD % (limit - 100) + bytes(limit - 100)

    def feed() -> None:
        connection.receive_data(upload + b"G")
        pull(connection)
        connection.receive_data(bytes(limit - 2))

    assert held_after(feed) < limit + CONSTANT


# ----------------------------------------------------------------------------------------------------- idle connections


def with_a_large_head(connection: zttp.H1Connection) -> None:
    connection.receive_data(b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 15_000 + b"\r\n\r\n")
    pull(connection)
    answer(connection, (b"A", b"b" * 60_000))


def with_many_small_chunks(connection: zttp.H1Connection) -> None:
    connection.receive_data(CHUNKED + b"1\r\na\r\n" * 20_000 + b"0\r\n\r\n")
    pull(connection)
    connection.send_response(200, [(b"Transfer-Encoding", b"chunked")])
    for _ in range(60):
        connection.send_data(bytes(1_000))
    connection.end_message()
    connection.data_to_send()
    connection.start_next_cycle()


def with_a_refused_head(connection: zttp.H1Connection) -> None:
    connection.receive_data(GET)
    pull(connection)
    with pytest.raises(zttp.LocalProtocolError):
        connection.send_response(200, [(b"A", b"b" * 60_000), (b"B", b"\0")])
    answer(connection)


def with_pieces(connection: zttp.H1Connection) -> None:
    message = UPLOAD % 60_000 + bytes(60_000)
    for start in range(0, len(message), 100):
        connection.receive_data(message[start : start + 100])
    pull(connection)
    answer(connection)


def with_a_line_in_pieces(connection: zttp.H1Connection) -> None:
    connection.receive_data(b"GET /")
    for _ in range(1_500):
        connection.receive_event(b"a" * 10)
    connection.receive_data(b" HTTP/1.1\r\n\r\n")
    pull(connection)
    answer(connection)


@pytest.mark.parametrize(
    "exchange", [with_a_large_head, with_many_small_chunks, with_a_refused_head, with_pieces, with_a_line_in_pieces]
)
def test_an_idle_connection_is_small(exchange: Callable[[zttp.H1Connection], None]) -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    assert held_after(lambda: exchange(connection)) < IDLE


LONG = b"GET /" + b"a" * 16_000 + b" HTTP/1.1\r\n" + b"A: %b\r\n" % (b"b" * 1_000) * 60


def fail(connection: zttp.H1Connection, received: bytes) -> None:
    connection.receive_data(received)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        pull(connection)


def with_a_malformed_head(connection: zttp.H1Connection) -> None:
    fail(connection, LONG + b"no field\r\n")


def with_a_head_that_is_answered_early(connection: zttp.H1Connection) -> None:
    connection.receive_data(LONG)
    pull(connection)
    connection.send_response(408)
    connection.end_message()
    connection.data_to_send()


def with_trailers_that_are_not_pulled(connection: zttp.H1Connection) -> None:
    connection.receive_data(CHUNKED + b"0\r\n" + LONG.partition(b"\n")[2] + b"\r\n")
    assert isinstance(connection.next_event(), zttp.Request)
    connection.send_response(200, [(b"Content-Length", b"2")])
    with pytest.raises(zttp.LocalProtocolError):
        connection.start_next_cycle()  # it reads them, but the response has not ended
    with pytest.raises(zttp.RemoteProtocolError):
        connection.receive_data(bytes(9 * MEBIBYTE))


def with_trailers_that_are_pulled(connection: zttp.H1Connection) -> None:
    connection.receive_data(CHUNKED + b"0\r\n" + LONG.partition(b"\n")[2] + b"\r\n")
    pull(connection)


@pytest.mark.parametrize(
    "received",
    [
        with_a_malformed_head,
        with_a_head_that_is_answered_early,
        with_trailers_that_are_not_pulled,
        with_trailers_that_are_pulled,
    ],
)
def test_what_is_read_no_more_is_not_held(received: Callable[[zttp.H1Connection], None]) -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    assert held_after(lambda: received(connection)) < IDLE


def test_an_upgrade_field_is_held_once() -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    protocols = [b"%d" % number * 6_000 for number in range(10)]
    lines = b"".join([b"Upgrade: %b\r\n" % protocol for protocol in protocols])
    head = UPLOAD[:-2] % 5 + b"Connection: upgrade\r\n" + lines + b"\r\n"

    def request() -> None:
        connection.receive_data(head)
        pull(connection)

    assert held_after(request) < 60_000 + IDLE
    assert connection.upgrade() == b", ".join(protocols)


def test_an_idle_client_does_not_hold_the_upgrade_that_it_asked_for() -> None:
    connection = zttp.H1Connection(zttp.CLIENT)

    def exchange() -> None:
        asked = b"websocket, %b" % (b"a" * 2 * IDLE)
        fields = [(b"Host", b"a"), (b"Connection", b"upgrade"), (b"Upgrade", asked)]
        connection.send_request(b"GET", b"/", b"1.1", fields)
        connection.end_message()
        connection.data_to_send()
        connection.receive_data(b"HTTP/1.1 204 No Content\r\n\r\n")
        pull(connection)
        connection.start_next_cycle()

    assert held_after(exchange) < IDLE


def test_an_idle_connection_after_all_that_is_small() -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    fields = b"".join(b"Field-%d: %b\r\n" % (number, b"v" * 60) for number in range(26))

    def exchanges() -> None:
        for exchange in (with_a_large_head, with_many_small_chunks, with_pieces, with_a_line_in_pieces):
            exchange(connection)
        # The maximum of everything kept: writers just below the limit, a repeated section, a long target.
        connection.receive_data(CHUNKED + b"1\r\na\r\n" * 8_000 + b"0\r\n\r\n")
        pull(connection)
        answer(connection, (b"A", b"b" * 8_100))
        for start in range(0, 8_100, 100):
            connection.receive_data((UPLOAD % 8_000 + bytes(8_000))[start : start + 100])
        pull(connection)
        answer(connection)
        connection.receive_data(b"GET /")
        for _ in range(800):
            connection.receive_event(b"a" * 10)
        connection.receive_data(b" HTTP/1.1\r\n" + fields + b"\r\n")
        pull(connection)
        answer(connection)
        for _ in range(2):
            connection.receive_data(b"GET /%b HTTP/1.1\r\n%b\r\n" % (b"a" * 16_000, fields))
            request = connection.next_event()
            assert isinstance(request, zttp.Request)
            request.headers.to_list()
            request.headers.to_list(lowercase_names=True)
            pull(connection)
            answer(connection)

    assert held_after(exchanges) < 80_000  # docs/performance.md
