"""For any cut of the input, the events are the same, and so is the output (content may be cut differently)."""

import random
from collections.abc import Iterable
from typing import Any

import pytest

import zttp
from tests.http2.helpers import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GET,
    HEADERS,
    OK,
    PADDED,
    PING,
    POST,
    PREFACE,
    SETTINGS,
    block,
    frame,
    goaway,
    headers,
    priority_update,
    pull,
    rst_stream,
    settings,
    window_update,
)

CLIENT_SAYS = {
    "everything": PREFACE
    + settings((4, 1000), (1, 100))
    + headers(POST, 1)
    + frame(DATA, 0, 1, b"some content")
    + frame(PING, 0, 0, b"12345678")
    + headers([*GET, (b"cookie", b"a=b"), (b"cookie", b"c=d")], 3, END_STREAM)
    + window_update(0, 77)
    + frame(DATA, PADDED, 1, b"\x05padded" + bytes(5))
    + frame(0xEE, 0, 0, b"unknown")
    + priority_update(3, b"u=1")
    + frame(HEADERS, 0, 5, block(GET)[:9])
    + frame(CONTINUATION, 0, 5, block(GET)[9:])
    + frame(CONTINUATION, END_HEADERS, 5)
    + rst_stream(3)
    + frame(SETTINGS, ACK)
    + frame(DATA, END_STREAM, 1)
    + frame(DATA, END_STREAM, 5, b"end")
    + goaway(0, 0, b"bye"),
    "resets": PREFACE
    + settings()
    + headers([*POST, (b"content-length", b"3")], 1)
    + frame(DATA, 0, 1, b"four")
    + frame(DATA, 0, 1, b"late")
    + headers([], 3)
    + headers(GET, 5, END_STREAM),
    "a broken frame": PREFACE + settings() + headers(POST, 1) + frame(DATA, 0, 1, b"abc") + frame(PING, 0, 1, bytes(8)),
    "broken padding": PREFACE + settings() + headers(POST, 1) + frame(DATA, PADDED, 1, b"\x09abc") + headers(GET, 3),
    "no preface": PREFACE[:10] + b"x" + PREFACE[11:] + settings(),
    "a block interrupted": PREFACE + settings() + frame(HEADERS, 0, 1, block(GET)) + frame(DATA, 0, 1, b"xyz"),
}

SERVER_SAYS = {
    "responses": settings((3, 5))
    + headers([(b":status", b"103")], 1)
    + headers(OK, 3)
    + headers(OK, 1)
    + frame(DATA, 0, 3, b"three")
    + frame(DATA, PADDED | END_STREAM, 1, b"\x01one\x00")
    + headers([(b"x-sum", b"1")], 3, END_STREAM)
    + goaway(3),
}


def play(connection: zttp.H2Connection, pieces: Iterable[bytes]) -> tuple[list[Any], bytes]:
    log: list[Any] = []
    for piece in pieces:
        try:
            connection.receive_data(piece)
            while (event := connection.next_event()) is not zttp.NEED_DATA:
                last = log[-1] if log else None
                if isinstance(event, zttp.Data) and isinstance(last, zttp.Data) and last.stream_id == event.stream_id:
                    log[-1] = zttp.Data(last.data + event.data, event.stream_id)
                else:
                    log.append(event)
        except zttp.RemoteProtocolError as error:
            log.append((error.reason, error.error_code, error.offset, str(error)))
            break
    return log, connection.data_to_send()


CASES = [(False, name) for name in CLIENT_SAYS] + [(True, name) for name in SERVER_SAYS]


def connect(client: bool) -> zttp.H2Connection:
    if not client:
        return zttp.Connection(zttp.SERVER, "h2")
    connection = zttp.Connection(zttp.CLIENT, "h2")
    for _ in range(2):
        connection.send_request(b"GET", b"/", b"2", [], end_stream=True)
    connection.data_to_send()
    return connection


@pytest.mark.parametrize(("client", "name"), CASES)
def test_every_way_to_cut_it(client: bool, name: str) -> None:
    data = (SERVER_SAYS if client else CLIENT_SAYS)[name]
    whole = play(connect(client), [data])
    assert len(whole[0]) > 1 or name == "no preface"
    assert play(connect(client), [data[at : at + 1] for at in range(len(data))]) == whole
    for cut in range(1, len(data)):
        assert play(connect(client), [data[:cut], data[cut:]]) == whole, cut


@pytest.mark.parametrize(("client", "name"), CASES)
def test_random_ways_to_cut_it(client: bool, name: str) -> None:
    data = (SERVER_SAYS if client else CLIENT_SAYS)[name]
    whole = play(connect(client), [data])
    chance = random.Random(name)
    for _ in range(100):
        cuts = sorted(chance.sample(range(1, len(data)), chance.randint(2, 12)))
        pieces = [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        assert play(connect(client), pieces) == whole, cuts


@pytest.mark.parametrize("seed", range(20))
def test_pieces_that_arrive_before_any_is_pulled(seed: int) -> None:
    data = CLIENT_SAYS["everything"]
    whole = play(connect(False), [data])
    chance = random.Random(seed)
    connection = zttp.Connection(zttp.SERVER, "h2")
    log: list[Any] = []
    at = 0
    while at < len(data):
        for _ in range(chance.randint(1, 30)):
            size = chance.choice((1, 2, 7, 40, 2000))
            if data[at : at + size]:
                connection.receive_data(bytearray(data[at : at + size]))
            at += size
        for _ in range(chance.randint(0, 3)):
            log.append(connection.next_event())
    log += pull(connection)
    merged: list[Any] = []
    for event in log:
        if event is zttp.NEED_DATA:
            continue
        if isinstance(event, zttp.Data) and merged and isinstance(merged[-1], zttp.Data):
            event = zttp.Data(merged.pop().data + event.data, event.stream_id)
        merged.append(event)
    assert (merged, connection.data_to_send()) == whole


def test_large_content_in_buffers_of_any_size() -> None:
    content = bytes(range(256)) * 256
    data = b"".join(frame(DATA, 0, 1, content[at : at + 10000]) for at in range(0, len(content), 10000))
    for size in (1500, 4096, 16384, 65536):
        connection = zttp.Connection(zttp.SERVER, "h2")
        connection.receive_data(PREFACE + settings() + headers(POST))
        pull(connection)
        log, _ = play(connection, [data[at : at + size] for at in range(0, len(data), size)])
        assert log == [zttp.Data(content, 1)]
