"""The costs that a peer can cause: time linear in its bytes, for any cut, and no copies of content."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import zttp
import zttp_h2
from tests.http2.frame_language import block, frame, frame_bytes, hpack_integer, literal, wire_bytes
from tests.http2.peers import GET, POST, client, drain, feed, server
from tests.processor_time import ratio

LARGE: dict[str, Any] = {
    "max_control_frames": 1 << 40,
    "max_stream_resets": 1 << 40,
    "max_continuation_frames": 1 << 40,
    "max_field_block_bytes": 1 << 24,
    "max_header_list_size": 1 << 30,
    "max_concurrent_streams": 1 << 20,
    "max_buffer": 1 << 30,
    "max_frame_size": 1 << 20,
}
HEAD = block([(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/")])
# Scanning all held bytes again takes microseconds for 100 kB: long next to a compiled call, not an interpreted one.
SMALL, LONG = (4_000, 256_000) if zttp_h2.COMPILED else (1_500, 12_000)
NOISE = 3  # quadratic work would take 8 times as long as it may; this leaves room for a busy machine


def fed(data: bytes, size: int, *, pulling: bool = True) -> None:
    """A server that gets `data` in pieces of `size`."""
    connection = server(**LARGE)
    with suppress(zttp.RemoteProtocolError):
        for at in range(0, len(data), size):
            connection.receive_data(data[at : at + size])
            if pulling:
                drain(connection)
        drain(connection)
        connection.data_to_send()


def one_head(fields: bytes) -> bytes:
    """A request in one HEADERS frame."""
    return frame(0x1, 0x5, 1, HEAD + fields)


def continued(fields: bytes, piece: int) -> bytes:
    """A request in CONTINUATION frames of `piece` octets."""
    frames = [frame(0x9, 0, 1, fields[at : at + piece]) for at in range(0, len(fields), piece)]
    return frame(0x1, 0x1, 1, HEAD) + b"".join(frames) + frame(0x9, 0x4, 1, b"")


def requests(size: int) -> bytes:
    return b"".join(frame(0x1, 0x5, number, HEAD) for number in range(1, 2 * (size // (9 + len(HEAD))), 2))


def rapid(size: int) -> bytes:
    numbers = range(1, 2 * (size // (22 + len(HEAD))), 2)
    return b"".join(frame(0x1, 0x5, number, HEAD) + frame(0x3, 0, number, bytes(4)) for number in numbers)


OPEN = wire_bytes(POST.format(1))

SHAPES: dict[str, Callable[[int], bytes]] = {
    "field value": lambda size: one_head(literal(b"a", b"v" * size)),
    "field name": lambda size: one_head(literal(b"n" * size, b"")),
    "coded value": lambda size: one_head(b"\x00\x01a" + hpack_integer(size, 7, 0x80) + b"\x00" * size),
    "many fields": lambda size: one_head(literal(b"a", b"") * (size // 4)),
    "many cookies": lambda size: one_head(literal(b"cookie", b"a=b") * (size // 12)),
    "many priorities": lambda size: one_head(literal(b"priority", b"u=1") * (size // 14)),
    "references": lambda size: one_head(b"\x82" * size),
    "churn": lambda size: one_head(b"".join(literal(b"a", b"%09d" % n, 0x40) for n in range(size // 13))),
    "empty names": lambda size: one_head(bytes(3) * (size // 3)),
    "tiny continuations": lambda size: continued(literal(b"a", b"v" * (size // 10)), 1),
    "empty continuations": lambda size: continued(b"", 1)[:-9] + frame(0x9, 0, 1, b"") * (size // 9),
    "one large frame": lambda size: OPEN + frame(0x0, 0, 1, bytes(size)),
    "tiny content": lambda size: OPEN + frame(0x0, 0, 1, b"x") * (size // 10),
    "empty content": lambda size: OPEN + frame(0x0, 0, 1, b"") * (size // 9),
    "padded content": lambda size: OPEN + frame(0x0, 0x8, 1, b"\xff" + bytes(256)) * (size // 266),
    "discarded content": lambda size: frame(0x1, 0x5, 1, HEAD) + frame(0x0, 0, 1, b"x") * (size // 10),
    "pings": lambda size: frame(0x6, 0, 0, bytes(8)) * (size // 17),
    "settings": lambda size: frame(0x4, 0, 0, b"\x00\x04\x00\x00\x00\x05") * (size // 15),
    "many settings": lambda size: frame(0x4, 0, 0, b"\x00\x01\x00\x00\x00\x05" * (size // 6)),
    "credit": lambda size: OPEN + frame(0x8, 0, 1, b"\0\0\0\x01") * (size // 13),
    "priorities": lambda size: frame(0x2, 0, 1, bytes(5)) * (size // 14),
    "priority updates": lambda size: OPEN + frame(0x10, 0, 0, b"\0\0\0\x01u=1") * (size // 16),
    "one large priority update": lambda size: OPEN + frame(0x10, 0, 0, b"\0\0\0\x01" + b"u=1," * (size // 4)),
    "early priority updates": lambda size: b"".join(
        frame(0x10, 0, 0, number.to_bytes(4) + b"u=1") for number in range(1, size // 8, 2)
    ),
    "unknown frames": lambda size: frame(0xBB, 0, 0, b"") * (size // 9),
    "one unknown frame": lambda size: frame(0xBB, 0, 0, bytes(size)),
    "goaways": lambda size: frame(0x7, 0, 0, bytes(8)) * (size // 17),
    "requests": requests,
    "rapid resets": rapid,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_time_is_linear_byte_by_byte(shape: Callable[[int], bytes]) -> None:
    small, large = shape(SMALL), shape(LONG)
    bound = NOISE * len(large) / len(small)
    assert ratio(lambda: fed(large, 1), lambda: fed(small, 1), bound) < bound


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_time_is_linear_whole(shape: Callable[[int], bytes]) -> None:
    small, large = shape(10_000), shape(80_000)
    bound = NOISE * len(large) / len(small)
    assert ratio(lambda: fed(large, len(large)), lambda: fed(small, len(small)), bound) < bound


@pytest.mark.parametrize("size", [1, 100, 2_000])
def test_time_is_linear_where_nothing_is_pulled(size: int) -> None:
    small, large = (SHAPES["one large frame"](count * max(size, 100)) for count in (20, 160))
    works = lambda: fed(large, size, pulling=False), lambda: fed(small, size, pulling=False)
    assert ratio(*works, NOISE * 8) < NOISE * 8


def test_a_frame_costs_the_same_however_many_streams_are_open() -> None:
    few, many = server(**LARGE), server(**LARGE)
    feed(few, requests(100))
    feed(many, requests(60_000))
    assert many.open_streams > 400 * few.open_streams
    flood = frame_bytes('PING | "8 octets"') * 50 + frame_bytes("WINDOW_UPDATE stream=1 increment=1") * 50
    for connection in (few, many):
        feed(connection, flood)
    assert ratio(lambda: feed(many, flood), lambda: feed(few, flood), NOISE) < NOISE


def test_opening_and_ending_costs_the_same_however_many_streams_are_open() -> None:
    def exchanges(opened: int) -> Callable[[], None]:
        connection = server(**LARGE)
        feed(connection, requests(opened))
        numbers = iter(range(1_000_001, 9_000_001, 2))

        def exchange() -> None:
            for _ in range(100):
                number = next(numbers)
                feed(connection, frame(0x1, 0x5, number, HEAD))
                connection.stream(number).send_response(204, end_stream=True)

        return exchange

    assert ratio(exchanges(60_000), exchanges(100), NOISE) < NOISE


def blocked(pieces: int, size: int) -> zttp.H2Connection:
    connection = server()
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=0", GET.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    for _ in range(pieces):
        stream.send_data(bytes(size))
    return connection


def test_parking_and_releasing_many_pieces_is_linear() -> None:
    def work(pieces: int) -> None:
        connection = blocked(pieces, 1)
        feed(connection, f"WINDOW_UPDATE stream=1 increment={pieces}")
        assert connection.stream(1).pending_bytes == 0

    assert ratio(lambda: work(16_000), lambda: work(2_000), NOISE * 8) < NOISE * 8


def test_releasing_one_large_piece_in_slivers_is_linear() -> None:
    # Each of them is cut from the same buffer, which is not copied for it.
    def work(size: int) -> None:
        connection = server(max_control_frames=1 << 40)
        feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=0", GET.format(1))
        stream = connection.stream(1)
        stream.send_response(200)
        stream.send_data(bytes(size))
        for _ in range(size // 100):
            feed(connection, frame(0x8, 0, 1, b"\0\0\0\x64"))
            connection.data_to_send()

    assert ratio(lambda: work(65_000), lambda: work(8_125), NOISE * 8) < NOISE * 8


def test_releasing_many_streams_is_linear_in_their_number() -> None:
    def work(count: int) -> None:
        connection = server(**LARGE)
        feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=1000", requests(count * (9 + len(HEAD))))
        streams = [connection.stream(number) for number in range(1, 2 * connection.open_streams, 2)]
        for stream in streams:
            stream.send_response(200)
            stream.send_data(bytes(1000))
            stream.end_message()
        feed(connection, "WINDOW_UPDATE stream=0 increment=10000000")
        connection.data_to_send()
        assert connection.open_streams == 0

    assert ratio(lambda: work(2_000), lambda: work(250), NOISE * 8) < NOISE * 8


def repeated_priority(count: int) -> None:
    feed(server(**LARGE), one_head(literal(b"priority", b"u=1, i") * count))


def resets_of_queued_streams(count: int) -> None:
    connection = server(**LARGE)
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=1000", "WINDOW_UPDATE stream=0 increment=2147400000")
    feed(connection, requests(count * (9 + len(HEAD))))
    numbers = range(1, 2 * connection.open_streams, 2)
    for number in numbers:
        stream = connection.stream(number)
        stream.send_response(200)
        stream.send_data(bytes(5000))
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=9000")
    feed(connection, b"".join(frame(0x3, 0, number, b"\0\0\0\x08") for number in numbers))
    assert connection.open_streams == 0


def early_priorities(count: int) -> None:
    connection = server(**LARGE)
    updates = [frame(0x10, 0, 0, number.to_bytes(4) + b"u=1") for number in range(1, 4 * count, 4)]
    feed(connection, b"".join(updates))
    for number in range(3, 4 * count, 4):
        feed(connection, frame(0x1, 0x5, number, HEAD), frame(0x3, 0, number, b"\0\0\0\x08"))


def goaways(count: int) -> None:
    connection = client(**LARGE)
    feed(connection, f"SETTINGS | MAX_CONCURRENT_STREAMS={count}")
    for _ in range(count):
        connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    last = range(2 * count, 0, -2)
    feed(connection, b"".join(frame(0x7, 0, 0, number.to_bytes(4) + bytes(4)) for number in last))
    assert connection.open_streams == 1


def one_goaway(count: int) -> None:
    connection = client(**LARGE)
    feed(connection, f"SETTINGS | MAX_CONCURRENT_STREAMS={count}")
    for _ in range(count):
        connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    assert len(feed(connection, "GOAWAY last=0 NO_ERROR")) == count + 1


def settings_that_wait(count: int) -> None:
    connection = server(**LARGE)
    for number in range(count):
        connection.update_settings({4: 65_535 + number % 7})
    feed(connection, frame(0x4, 0x1, 0, b"") * count)


@pytest.mark.parametrize(
    "work",
    [settings_that_wait, repeated_priority, resets_of_queued_streams, early_priorities, goaways, one_goaway],
    ids=lambda w: w.__name__,
)
def test_raised_limits_stay_linear(work: Callable[[int], None]) -> None:
    assert ratio(lambda: work(4_000), lambda: work(500), NOISE * 8) < NOISE * 8


def repeated(name: bytes, values: list[bytes], references: int) -> bytes:
    """Requests whose fields are an octet or two each, from the table; no two in a row are the same."""
    inserted = b"".join(literal(name, value, 0x40) for value in values)
    heads = [HEAD + bytes([0xBE + number % len(values)]) * max(1, references - number % 2) for number in range(60)]
    numbers = range(3, 123, 2)
    return frame(0x1, 0x4, 1, HEAD + inserted) + b"".join(
        frame(0x1, 0x5, number, head) for number, head in zip(numbers, heads, strict=True)
    )


@pytest.mark.parametrize(
    ("name", "values", "references"),
    [
        (b"priority", [b",i" * 2_000], 15),
        (b"priority", [b'a="' + b"," * 3_900 + b'"'], 15),
        (b"content-length", [b"0," * 1_990 + b"0"], 15),
        (b"cookie", [b"a=b;" * 990 + b"c"], 15),
        (b"expect", [b"1" * 3_900], 15),
        (b":authority", [b"%41" * 650, b"%42" * 650], 1),
    ],
    ids=["priority", "quoted", "content-length", "cookie", "expect", "authority"],
)
def test_a_reference_costs_no_more_than_an_octet(name: bytes, values: list[bytes], references: int) -> None:
    # Table entries are checked once, or quickly: an octet for thousands of octets must not cost as much as they do.
    costly, plain = repeated(name, values, references), repeated(b"x-plain", [b"v" * 3_900], references)
    bound = 12 * NOISE
    assert ratio(lambda: fed(costly, len(costly)), lambda: fed(plain, len(plain)), bound) < bound


# ------------------------------------------------------------------------------------------------------------ copies


def test_a_whole_buffer_of_content_is_that_buffer() -> None:
    connection = server()
    feed(connection, OPEN, b"\x00\x40\x00\x00\x00\x00\x00\x00\x01")
    for size in (1, 100, 16_000):
        buffer = b"x" * size
        connection.receive_data(buffer)
        event = connection.next_event()
        assert isinstance(event, zttp.Data)
        assert event.data is buffer


def test_a_whole_buffer_of_a_response_is_that_buffer() -> None:
    connection = client()
    connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    feed(connection, "HEADERS stream=1 END_HEADERS | 200", b"\x00\x40\x00\x00\x00\x00\x00\x00\x01")
    buffer = b"x" * 16_384
    connection.receive_data(buffer)
    event = connection.next_event()
    assert isinstance(event, zttp.Data)
    assert event.data is buffer


def test_nothing_is_parsed_before_it_is_pulled() -> None:
    connection = server()
    connection.receive_data(wire_bytes(GET.format(1)) + frame_bytes("DATA stream=0"))
    assert isinstance(connection.next_event(), zttp.Request)
    assert isinstance(connection.next_event(), zttp.EndOfMessage)
    with pytest.raises(zttp.RemoteProtocolError, match="stream"):
        connection.next_event()
