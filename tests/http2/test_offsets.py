"""The offsets of errors, for any cut of the input."""

import pytest

import zttp
from tests.http2.helpers import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GET,
    HAS_PRIORITY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PRIORITY_UPDATE,
    SETTINGS,
    feed,
    frame,
    goaway,
    headers,
    limits,
    server,
    settings,
    window_update,
)


def test_the_offset_is_that_of_what_the_error_speaks_of() -> None:
    many = settings((3, 100), (4, 100), (2, 2))
    padded = frame(HEADERS, PADDED | HAS_PRIORITY | END_HEADERS, 1, b"\xff" + bytes(20))
    encoded = frame(HEADERS, PADDED | END_HEADERS, 1, b"\x01" + b"\x82\xff\xff\xff\xff\xff\xff" + b"\0")
    for data, reason, place in (
        (many, "invalid_setting", 9 + 12),
        (settings((4, 1), (8, 2)), "invalid_setting", 9 + 6),
        (settings((9, 1), (9, 0)), "invalid_setting", 9),
        (window_update(0, 0), "zero_increment", 9),
        (window_update(0, 2**31 - 1), "window_overflow", 9),
        (frame(DATA, PADDED, 1, b"\x05abc"), "padding_too_long", 9),
        (padded, "padding_too_long", 9),
        (encoded, "hpack_integer_too_large", 10),
        (frame(HEADERS, END_HEADERS, 1, b"\x80"), "hpack_invalid_index", 9),
        (frame(PRIORITY_UPDATE, 0, 0, bytes(4)), "unexpected_priority_update", 9),
        (frame(PRIORITY, 0, 3, b"\0\0\0\3\0"), "self_dependency", 9),
        (frame(HEADERS, 0, 1) + frame(PING, 0, 0, bytes(8)), "field_block_interrupted", 9),
        (frame(HEADERS, 0, 1, b"\x82") + frame(CONTINUATION, END_HEADERS, 1, b"\x80"), "hpack_invalid_index", 10),
        (goaway(5) + goaway(7), "goaway_raised", len(goaway(5)) + 9),
        (frame(SETTINGS, 0, 0, bytes(5)), "frame_size", 0),
        (frame(PING, 0, 1, bytes(8)), "frame_on_stream", 0),
    ):
        for size in (1, 7, 1 << 20):
            before = PREFACE + settings() + frame(PING, 0, 0, bytes(8))
            connection = zttp.Connection(zttp.SERVER, "h2")
            with pytest.raises(zttp.RemoteProtocolError) as caught:
                feed(connection, before + data, size)
            assert (caught.value.reason, caught.value.offset) == (reason, len(before) + place)
            with pytest.raises(zttp.RemoteProtocolError) as again:
                connection.next_event()
            assert again.value.offset == caught.value.offset


@pytest.mark.parametrize("size", [1, 5, 100])
def test_the_offset_of_a_preface_that_is_none(size: int) -> None:
    for data, place in ((b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0), (PREFACE[:18] + b"XM\r\n\r\n", 18)):
        with pytest.raises(zttp.RemoteProtocolError) as caught:
            feed(zttp.Connection(zttp.SERVER, "h2"), data, size)
        assert (caught.value.reason, caught.value.offset) == ("invalid_preface", place)


def test_the_offset_of_bytes_that_are_too_many_is_the_first_that_waits() -> None:
    connection = server(limits=limits(max_buffer=32_768, connection_window_size=65_535))
    ping = frame(PING, 0, 0, bytes(8))
    feed(connection, ping)
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        connection.receive_data(ping * 20_000)
    assert (caught.value.reason, caught.value.offset) == ("buffer_full", len(PREFACE + settings() + ping))


def test_the_offset_of_a_stream_error_is_that_of_its_frame() -> None:
    first = headers(GET, 1, END_STREAM)
    connection = server()
    feed(connection, first + headers([(b"Bad", b"1")], 3) + headers(GET, 5, END_STREAM))
    assert connection.last_stream_error is not None
    assert connection.last_stream_error.offset == len(PREFACE + settings() + first)
