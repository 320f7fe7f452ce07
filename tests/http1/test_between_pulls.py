"""Bytes that arrive between two pulls change nothing: values that were read own their bytes."""

from itertools import product

import pytest

import zttp
from tests.http1.helpers import CHUNKED_HEAD, content, feed, pull, server

LAST_CHUNK = b"5\r\nhello\r\n0\r\n"
TRAILERS = b"A: first\r\nBb: second\r\nCcc: third\r\n\r\n"
LISTED = [(b"A", b"first"), (b"Bb", b"second"), (b"Ccc", b"third")]


def data_of(connection: zttp.H1Connection) -> zttp.H1Connection:
    """The connection with the events up to the first Data pulled."""
    while not isinstance(connection.next_event(), zttp.Data):
        pass
    return connection


@pytest.mark.parametrize("cut", range(len(LAST_CHUNK) + 1))
def test_a_trailer_section_that_is_fed_after_its_data_is_read_whole(cut: int) -> None:
    # Pulled events end at the last chunk; the section arrives in another buffer, which replaces that one.
    connection = server(CHUNKED_HEAD)
    connection.next_event()
    connection.receive_data(b"3\r\nfirst"[:6] + b"\r\n" + LAST_CHUNK[:cut])
    events = [connection.next_event()]
    connection.receive_data(LAST_CHUNK[cut:] + TRAILERS)
    events += pull(connection)
    assert content(events) == b"firhello"
    assert list(events[-1].trailers) == LISTED


@pytest.mark.parametrize("cuts", list(product(range(0, len(TRAILERS) + 1, 3), repeat=2)))
def test_a_trailer_section_in_three_pieces(cuts: tuple[int, int]) -> None:
    first, second = sorted(cuts)
    connection = data_of(server(CHUNKED_HEAD + LAST_CHUNK))
    events = []
    for piece in (TRAILERS[:first], TRAILERS[first:second], TRAILERS[second:]):
        events += feed(connection, piece)
    assert list(events[-1].trailers) == LISTED


@pytest.mark.parametrize("skipped", range(1, 40))
def test_no_trailer_is_forged_past_the_check(skipped: int) -> None:
    # Unread bytes of the section would hide the fault.
    connection = data_of(server(CHUNKED_HEAD + b"5\r\nhello\r\n0" + b"\r\n"))
    connection.receive_data(b"Content-Length: 3\r\n".rjust(19 + skipped, b"x") + b"Host: other\r\n\r\n")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        pull(connection)
    assert caught.value.reason == "forbidden_trailer"


def test_the_limit_of_a_trailer_section_holds_however_it_is_fed() -> None:
    line = b"A: " + b"x" * 20 + b"\r\n"
    for fed in (1, 2, 3):
        connection = data_of(server(CHUNKED_HEAD + LAST_CHUNK, limits=zttp.H1Limits(max_trailer_bytes=64)))
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
            for _ in range(6 // fed):
                connection.receive_data(line * fed)
                pull(connection)
        assert caught.value.reason == "trailer_section_too_large"
        assert caught.value.offset == len(CHUNKED_HEAD + LAST_CHUNK) + 64


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_header_section_that_is_fed_between_pulls(cut: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 0\r\nContent-Length: 0\r\nA: b\r\n\r\n"
    connection = server(head[:cut])
    assert connection.next_event() is zttp.NEED_DATA
    connection.receive_data(head[cut:])
    request = connection.next_event()
    assert isinstance(request, zttp.Request)
    assert list(request.headers) == [(b"Host", b"example.com"), (b"Content-Length", b"0"), (b"A", b"b")]
