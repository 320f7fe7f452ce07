"""``receive_event`` is ``receive_data`` and ``next_event`` in one call, in all its code paths."""

import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zttp

HEAD = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"


def in_one_call(connection: zttp.H1Connection, piece: bytes) -> zttp.Event:
    return connection.receive_event(piece)


def in_two_calls(connection: zttp.H1Connection, piece: bytes) -> zttp.Event:
    connection.receive_data(piece)
    return connection.next_event()


Receive = Callable[[zttp.H1Connection, bytes], zttp.Event]


def told(receive: Receive, pieces: list[bytes], limits: zttp.H1Limits | None = None) -> tuple[list[object], object]:
    """All events, and the end: the bytes that are left, or the error and its offset."""
    connection = zttp.H1Connection(zttp.SERVER, limits=limits)
    events: list[object] = []
    try:
        for piece in pieces:
            event = receive(connection, piece)
            while event is not zttp.NEED_DATA and event is not zttp.CONNECTION_CLOSED:
                events.append(event)
                event = connection.next_event()
                if isinstance(events[-1], zttp.EndOfMessage):
                    connection.start_next_cycle()
                    event = connection.next_event()
            events.append(event)
    except zttp.RemoteProtocolError as error:
        return events, (error.reason, error.offset)
    return events, (connection.trailing_data, connection.waiting_for_100)


STREAMS = [
    b"GET /a/long/target?with=query HTTP/1.1\r\nHost: example.com\r\nCookie: a=b; c=d\r\n\r\n" * 2,
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;name=value\r\nhello\r\n0\r\nTrailer: value\r\n\r\n",
    HEAD % 11 + b"hello world" + HEAD % 3 + b"abc",
    b"GET / HTTP/1.1\r\nHost: example.com\r\nName: va\x00lue\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: example.com\r\nNa me: value\r\n\r\n",
    b"GET /tar\x7fget HTTP/1.1\r\n\r\n",
    b"GE\nT / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nName: value\rmore\r\n\r\n",
    b"G" * 100,
    b"GET / HTTP/1.1\r\nName: " + b"v" * 2000,
    b"GET /" + b"t" * 2000,
]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("stream", STREAMS)
def test_pieces_of_a_line(stream: bytes, size: int) -> None:
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    limits = zttp.H1Limits(max_line=1024)
    assert told(in_one_call, pieces, limits) == told(in_two_calls, pieces, limits)


@pytest.mark.parametrize("size", [1, 5])
def test_a_line_in_pieces_fills_the_buffer(size: int) -> None:
    # No line may be as long as this one, but the buffer is full before that.
    limits = zttp.H1Limits(max_line=1 << 20, max_header_bytes=1 << 20, max_buffer=2048)
    pieces = [b"GET / HTTP/1.1\r\nName: ", *[b"v" * size] * 4000]
    events, end = told(in_one_call, pieces, limits)
    assert (events, end) == told(in_two_calls, pieces, limits)
    assert end == ("buffer_full", 16)


@given(
    contents=st.lists(st.binary(max_size=40), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    ending=st.sampled_from([b"", b"GET", b"garbage\r\n\r\n", HEAD % 7 + b"short"]),
)
def test_the_same_events_and_the_same_offsets(contents: list[bytes], cuts: list[int], ending: bytes) -> None:
    stream = b"".join(HEAD % len(content) + content for content in contents) + ending
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    assert told(in_one_call, pieces) == told(in_two_calls, pieces)


def test_a_buffer_of_content_is_that_object() -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    assert isinstance(connection.receive_event(HEAD % 3000), zttp.Request)
    for piece in (b"a" * 1000, b"b" * 1000, b"c" * 1000):
        event = connection.receive_event(piece)
        assert isinstance(event, zttp.Data)
        assert event.data is piece
    assert isinstance(connection.next_event(), zttp.EndOfMessage)


def test_what_waits_comes_first() -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    connection.receive_data(HEAD % 9 + b"one")
    assert isinstance(connection.next_event(), zttp.Request)
    connection.receive_data(b"two")
    events = [connection.receive_event(b"six")]
    while not isinstance(events[-1], zttp.EndOfMessage):
        events.append(connection.next_event())
    assert b"".join(event.data for event in events if isinstance(event, zttp.Data)) == b"onetwosix"


def test_it_ends_the_wait_for_a_100() -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    connection.receive_event(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
    assert connection.waiting_for_100
    connection.receive_event(b"sent")
    assert not connection.waiting_for_100


def test_the_limit_of_the_buffer_holds() -> None:
    connection = zttp.H1Connection(zttp.SERVER, limits=zttp.H1Limits(max_buffer=1024))
    connection.receive_event(HEAD % 5000)
    assert connection.receive_event(b"x" * 1024) == zttp.Data(b"x" * 1024)
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        connection.receive_event(b"x" * 1025)
    assert caught.value.reason == "buffer_full"


def test_nothing_is_taken_after_eof() -> None:
    connection = zttp.H1Connection(zttp.SERVER)
    connection.receive_event(HEAD % 10 + b"half")
    connection.receive_data(b"")
    with pytest.raises(zttp.LocalProtocolError):
        connection.receive_event(b"more")


def test_the_buffer_before_is_let_go() -> None:
    def live(connection: zttp.H1Connection) -> None:
        connection.receive_event(b"\r\n".join([b"GET / HTTP/1.1", b"a: " + b"b" * 9000, b"", HEAD % 4_000_000]))
        connection.next_event()
        connection.start_next_cycle()
        assert isinstance(connection.next_event(), zttp.Request)
        connection.receive_event(b"c" * 100)

    live(zttp.H1Connection(zttp.SERVER))  # imports of the first one in a process are not its memory
    connection = zttp.H1Connection(zttp.SERVER)
    tracemalloc.start()
    try:
        live(connection)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 9000
