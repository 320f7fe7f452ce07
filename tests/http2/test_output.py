"""The output: its order, its limits, and that nothing is kept afterwards."""

import tracemalloc

import pytest

import zttp
from tests.http2.helpers import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GET,
    HEADERS,
    PING,
    feed,
    frame,
    headers,
    limits,
    priority_update,
    rst_stream,
    sent,
    server,
    settings,
    window_update,
)
from zttp_h2.flow.send_flow import MOST_CONTENT

MIB = 1 << 20
LARGE_AT_ONCE = 65_536  # of a large piece; the rest of MOST_CONTENT is for small ones


def answering(priorities: dict[int, bytes | None], **options: int) -> zttp.H2Connection:
    """A server with the largest possible credit, and an answer begun on each stream."""
    connection = server(window_update(0, 2**31 - 1 - 65535), first=settings((4, 2**31 - 1)), limits=limits(**options))
    for number, priority in priorities.items():
        fields = GET if priority is None else [*GET, (b"priority", priority)]
        feed(connection, headers(fields, number, END_STREAM))
        connection.stream(number).send_response(200)
    connection.data_to_send()
    return connection


def order(connection: zttp.H2Connection) -> list[tuple[int, int]]:
    """The streams of the DATA frames that are sent, and how many octets each sends in a row."""
    found: list[tuple[int, int]] = []
    for item in sent(connection):
        if item.type == DATA:
            size = len(item.payload)
            if found and found[-1][0] == item.stream_id:
                size += found.pop()[1]
            found.append((item.stream_id, size))
    return found


def test_a_head_of_several_frames_costs_the_same_whatever_waits_before_it() -> None:
    connection = server(window_update(0, MIB) + headers(GET, 1, END_STREAM), first=settings((4, MIB)))
    connection.stream(1).send_response(200)
    for _ in range(60):  # small content is in one buffer
        connection.stream(1).send_data(bytes(4_000))
    feed(connection, headers(GET, 3, END_STREAM))
    stream = connection.stream(3)
    large = [(b"x-large", b"~" * 9_000)] * 2
    stream.send_informational(103, large)
    tracemalloc.start()
    try:
        stream.send_informational(103, large)
        stream.send_response(200, large, True)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
    items = sent(connection)
    assert sum(len(item.payload) for item in items if item.type == DATA) == 240_000
    assert [(item.type, item.flags, item.stream_id) for item in items if item.stream_id == 3] == [
        *[(HEADERS, 0, 3), (CONTINUATION, END_HEADERS, 3)] * 2,
        (HEADERS, END_STREAM, 3),
        (CONTINUATION, END_HEADERS, 3),
    ]


def test_what_is_urgent_overtakes_what_waits_in_the_output() -> None:
    connection = answering({1: b"u=7", 3: b"u=0"})
    connection.stream(1).send_data(bytes(MIB))
    connection.stream(3).send_data(bytes(100_000))
    first, second, third = order(connection)
    assert (first[0], second, third[0]) == (1, (3, 100_000), 1)
    assert first[1] == 65_536
    assert first[1] + third[1] == MIB


def test_an_update_reorders_the_output() -> None:
    connection = answering({1: None, 3: None, 5: None})
    for number in (1, 3, 5):
        connection.stream(number).send_data(bytes(MIB))
    feed(connection, priority_update(5, b"u=1"))
    assert [number for number, _ in order(connection)] == [1, 5, 1, 3]


def test_no_signal_means_one_after_the_other() -> None:
    # RFC 9218 4.1, 4.2: urgency 3, not incremental.
    connection = answering({1: b"u=3", 3: None, 5: b"u=3"})
    for number in (1, 3, 5):
        connection.stream(number).send_data(bytes(200_000))
    assert order(connection) == [(1, 200_000), (3, 200_000), (5, 200_000)]


@pytest.mark.parametrize("write", [1, 100, 1500, 16_384, 300_000])
def test_fairness_is_by_bytes_and_not_by_writes(write: int) -> None:
    connection = server(headers(GET, 1, END_STREAM), first=settings((4, 2**31 - 1)))
    connection.stream(1).send_response(200)
    connection.stream(1).send_data(bytes(65_535))
    size = 300_000 if write > 1 else 40_000
    for number in (3, 5):
        feed(connection, headers([*GET, (b"priority", b"i")], number, END_STREAM))
        connection.stream(number).send_response(200)
    for _ in range(size // write):
        connection.stream(3).send_data(bytes(write))
    connection.stream(5).send_data(bytes(size))
    connection.data_to_send()
    feed(connection, window_update(0, size))
    taken = dict.fromkeys((3, 5), 0)
    for number, count in order(connection):
        taken[number] += count
    assert abs(taken[3] - taken[5]) <= 16_384


def test_a_single_send_is_bounded() -> None:
    # CVE-2019-9517. Part of a large piece is written at once, the rest waits.
    most = 1_000_000 + LARGE_AT_ONCE
    connection = answering({1: None}, max_blocked_bytes=1_000_000)
    stream = connection.stream(1)
    for size in (most + 1, 2 * most, 20 * most):
        with pytest.raises(zttp.LocalProtocolError) as caught:
            stream.send_data(bytes(size))
        assert (caught.value.reason, caught.value.stream_id) == ("too_much_blocked", 1)
        assert connection.data_to_send() == b""
        assert (connection.pending_bytes, stream.pending_bytes) == (0, 0)
    stream.send_data(bytes(most))
    assert order(connection) == [(1, most)]


@pytest.mark.parametrize("size", [100, 10_000, 100_000])
def test_output_that_is_not_taken_is_bounded_and_visible(size: int) -> None:
    # CVE-2019-9517: the peer opens all windows, and does not read.
    connection = answering({1: None}, max_blocked_bytes=1_000_000)
    stream = connection.stream(1)
    with pytest.raises(zttp.LocalProtocolError) as caught:
        while True:
            stream.send_data(bytes(size))
    assert caught.value.reason == "too_much_blocked"
    frames = MOST_CONTENT // size + 20
    assert 1_000_000 - size < (stream.pending_bytes or 0) <= 1_000_000
    assert 1_000_000 <= connection.pending_bytes <= 1_000_000 + MOST_CONTENT + 9 * frames
    assert connection.has_pending_send()
    waiting = connection.pending_bytes
    assert len(connection.data_to_send()) >= waiting
    assert (connection.pending_bytes, stream.pending_bytes, connection.has_pending_send()) == (0, 0, False)


def test_answers_that_are_not_taken_are_bounded() -> None:
    # Content between them is progress; the memory of the answers is not.
    connection = server(headers([(b":method", b"POST"), *GET[1:]]), limits=limits(max_buffer=40_000))
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        for _ in range(30_000):
            feed(connection, frame(PING, 0, 0, bytes(8)) + frame(DATA, 0, 1, b"x"))
    assert (caught.value.reason, caught.value.error_code) == ("output_full", 11)
    assert connection.pending_bytes < 400_000


def test_refusals_that_are_not_taken_are_bounded() -> None:
    # To a client that never acknowledges the limit on streams; content between the refusals is progress.
    connection = server(
        headers([(b":method", b"POST"), *GET[1:]]), limits=limits(max_buffer=40_000, max_concurrent_streams=1)
    )
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        for start in range(3, 200_000, 200):
            late = b"".join(headers(GET, number, END_STREAM) for number in range(start, start + 200, 2))
            feed(connection, late + frame(DATA, 0, 1, b"x"))
    assert caught.value.reason == "output_full"
    assert connection.pending_bytes < 400_000


def test_the_window_that_is_told_is_what_can_be_given() -> None:
    connection = answering({1: None, 3: None})
    for number in (1, 3):
        connection.stream(number).send_data(bytes(MIB))
    assert connection.send_window == 2**31 - 1 - 2 * MIB
    waiting = connection.stream(1).pending_bytes or 0
    assert connection.stream(3).send_window == 2**31 - 1 - 2 * MIB + waiting
    connection.data_to_send()
    assert connection.send_window == 2**31 - 1 - 2 * MIB


@pytest.mark.parametrize("size", [1000, 16_000, 10_000_000])
def test_nothing_is_kept_on_an_idle_connection(size: int) -> None:
    connection = answering({1: None})
    stream = connection.stream(1)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20_000_000 // size):
            stream.send_data(bytes(size))
        connection.data_to_send()
        feed(connection, frame(0xEE, 0, 0, bytes(16_000)) * 100)
        assert tracemalloc.get_traced_memory()[0] - before < 300_000
    finally:
        tracemalloc.stop()


def test_resets_of_waiting_streams_leave_the_others_in_order() -> None:
    connection = answering(dict.fromkeys(range(1, 1001, 2), b"i"), max_concurrent_streams=1000, max_stream_resets=1000)
    for number in range(1, 1001, 2):
        connection.stream(number).send_data(bytes(70_000))
    feed(connection, b"".join(rst_stream(number) for number in range(3, 1001, 4)))
    served = order(connection)
    left = list(range(1, 1001, 4))
    assert [number for number, _ in served[1:250]] == left[1:]
    assert {number: sum(size for other, size in served if other == number) for number in left} == dict.fromkeys(
        left, 70_000
    )
