"""Abuse limits: the work that a peer can cause without progress of a message is limited (RFC 9113 10.5)."""

from collections.abc import Callable

import pytest

import zttp
from tests.http2.helpers import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GET,
    GOAWAY,
    HEADERS,
    HOST,
    PADDED,
    PING,
    POST,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    block,
    client,
    feed,
    frame,
    goaway,
    headers,
    limits,
    names,
    priority_update,
    requesting,
    rst_stream,
    sent,
    server,
    settings,
    window_update,
)
from tests.processor_time import assert_linear

FEW = limits(max_control_frames=10, max_stream_resets=10, max_continuation_frames=3, max_field_block_bytes=1000)
CALM = 11
CROSSING = 4  # frames that may cross our RST_STREAM in transit

# A frame that no message needs, on a connection where stream 1 is open and stream 3 is closed.
CONTROL_FRAMES = {
    "PING (CVE-2019-9512)": frame(PING, 0, 0, bytes(8)),
    "PING acknowledgment": frame(PING, ACK, 0, bytes(8)),
    "SETTINGS (CVE-2019-9515)": settings(),
    "SETTINGS that change windows": settings((4, 1000)),
    "PRIORITY (CVE-2019-9513)": frame(PRIORITY, 0, 9, bytes(5)),
    "PRIORITY_UPDATE": priority_update(1, b"u=1"),
    "PRIORITY_UPDATE of an idle stream": priority_update(5, b"u=1"),
    "WINDOW_UPDATE (CVE-2019-9511)": window_update(1, 1),
    "WINDOW_UPDATE of the connection": window_update(0, 1),
    "WINDOW_UPDATE of a closed stream": window_update(3, 1),
    "RST_STREAM of a closed stream (CVE-2019-9514)": rst_stream(3),
    "empty DATA (CVE-2019-9518)": frame(DATA, 0, 1),
    "DATA that is padding": frame(DATA, PADDED, 1, b"\x01\x00"),
    "HEADERS of a stream that was reset here": headers([(b"a", b"b")], 3),
    "GOAWAY": goaway(0),
    "unknown frame": frame(0xEE, 0, 0, b"x"),
}


def flooded() -> zttp.H2Connection:
    connection = server(headers(POST, 1) + headers(POST, 3), limits=FEW)
    connection.stream(3).reset()
    feed(connection, rst_stream(3) * CROSSING)
    connection.data_to_send()
    return connection


@pytest.mark.parametrize("case", CONTROL_FRAMES)
def test_control_frames(case: str) -> None:
    repeated = CONTROL_FRAMES[case]
    feed(flooded(), repeated * 10)
    connection = flooded()
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, repeated * 11)
    assert (caught.value.reason, caught.value.error_code) == ("too_many_control_frames", CALM)
    farewell = sent(connection)[-1]
    assert (farewell.type, int.from_bytes(farewell.payload[4:8], "big")) == (GOAWAY, CALM)


@pytest.mark.parametrize(
    "between", [headers(GET, 5, END_STREAM), frame(DATA, 0, 1, b"x")], ids=["a request", "content"]
)
@pytest.mark.parametrize("case", CONTROL_FRAMES)
def test_control_frames_between_messages(case: str, between: bytes) -> None:
    feed(flooded(), CONTROL_FRAMES[case] * 10 + between + CONTROL_FRAMES[case] * 10)


def test_settings_weigh_what_they_hold() -> None:
    connection = server(limits=FEW)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, settings(*[(3, 1)] * 1000))
    assert caught.value.reason == "too_many_control_frames"


def test_informational_responses() -> None:
    connection = requesting(limits=FEW)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, headers([(b":status", b"103")]) * 11)
    assert caught.value.reason == "too_many_control_frames"


def test_a_long_download_earns_its_window_updates() -> None:
    connection = server(headers(GET, flags=END_STREAM), limits=FEW)
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(10_000_000))
    total = 0
    while connection.has_pending_send():
        total += sum(len(item.payload) for item in sent(connection) if item.type == DATA)
        feed(connection, window_update(0, 20000) + window_update(1, 20000) + frame(PING, 0, 0, bytes(8)))
    assert total + sum(len(item.payload) for item in sent(connection) if item.type == DATA) == 10_000_000


def test_small_messages_earn_window_updates_as_well() -> None:
    connection = server(headers(GET, flags=END_STREAM), limits=FEW)
    stream = connection.stream(1)
    stream.send_response(200)
    for _ in range(1000):
        stream.send_data(b"event: x\n\n")
        feed(connection, window_update(0, 10) + window_update(1, 10))
    assert stream.pending_bytes == 0


def test_tiny_windows() -> None:
    # CVE-2019-9511: one byte of credit at a time.
    connection = server(headers(GET, flags=END_STREAM), first=settings((4, 0)), limits=FEW)
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(1000))
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, window_update(1, 1) * 11)
    assert (caught.value.reason, caught.value.error_code) == ("too_many_control_frames", CALM)


# --------------------------------------------------------------------------------------------------------------- resets


def test_rapid_reset() -> None:
    # CVE-2023-44487
    attack = [headers(GET, number, END_STREAM) + rst_stream(number) for number in range(1, 23, 2)]
    feed(server(limits=FEW), b"".join(attack[:10]))
    connection = server(limits=FEW)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, b"".join(attack))
    assert (caught.value.reason, caught.value.error_code) == ("too_many_resets", CALM)
    assert connection.open_streams == 0


# MadeYouReset (CVE-2025-8671): a stream that is opened, and the frame that makes us reset it.
MADE_RESETS: dict[str, Callable[[int], bytes]] = {
    "WINDOW_UPDATE of 0": lambda n: headers(GET, n, END_STREAM) + window_update(n, 0),
    "WINDOW_UPDATE too large": lambda n: headers(GET, n, END_STREAM) + window_update(n, 2**31 - 1),
    "PRIORITY of a wrong length": lambda n: headers(GET, n, END_STREAM) + frame(PRIORITY, 0, n, b"x"),
    "DATA after the end": lambda n: headers(GET, n, END_STREAM) + frame(DATA, 0, n, b"x"),
    "HEADERS after the end": lambda n: headers(GET, n, END_STREAM) + headers([(b"a", b"b")], n, END_STREAM),
    "content of a wrong length": lambda n: headers([*POST, (b"content-length", b"1")], n) + frame(DATA, 1, n, b"xy"),
    "malformed trailers": lambda n: headers(POST, n) + headers([(b"A", b"b")], n, END_STREAM),
    "a malformed request": lambda n: headers([], n, END_STREAM),
    "a name of nothing (CVE-2019-9516)": lambda n: headers([*GET, (b"", b"x")], n, END_STREAM),
    "a header section too large": lambda n: headers([*GET, (b"a", b"b" * 800)], n, END_STREAM),
}


@pytest.mark.parametrize("case", MADE_RESETS)
def test_resets_that_we_are_made_to_send(case: str) -> None:
    attack = [MADE_RESETS[case](number) for number in range(1, 23, 2)]
    some = limits(max_stream_resets=10, max_header_list_size=600)
    feed(server(limits=some), b"".join(attack[:10]))
    connection = server(limits=some)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, b"".join(attack))
    assert (caught.value.reason, caught.value.error_code) == ("too_many_resets", CALM)


def test_too_many_streams_at_once() -> None:
    some = limits(max_concurrent_streams=2, max_stream_resets=10)
    connection = server(frame(SETTINGS, ACK), limits=some)
    events = feed(connection, b"".join(headers(GET, number, END_STREAM) for number in range(1, 25, 2)))
    assert names(events) == ["Request", "EndOfMessage"] * 2 + ["RstStream"] * 10
    assert {item.number for item in sent(connection) if item.type == RST_STREAM} == {7}, (
        "REFUSED_STREAM: can be retried"
    )
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        feed(connection, headers(GET, 25, END_STREAM))


def test_resets_between_good_streams() -> None:
    connection = server(limits=FEW)
    for number in range(1, 401, 4):
        feed(connection, headers(GET, number, END_STREAM) + rst_stream(number) + headers(GET, number + 2, END_STREAM))
        connection.stream(number + 2).send_response(200, [], True)
    assert connection.open_streams == 0


def test_our_own_resets_are_not_counted() -> None:
    connection = server(limits=FEW)
    for number in range(1, 101, 2):
        feed(connection, headers(GET, number, END_STREAM))
        connection.stream(number).reset()
    assert not connection.is_closed()


def test_a_client_is_not_hurt_by_resets() -> None:
    connection = client(limits=FEW)
    for _ in range(50):
        stream = connection.send_request(b"GET", b"/", b"2", HOST, end_stream=True)
        assert feed(connection, rst_stream(stream.stream_id, 7)) == [zttp.RstStream(stream.stream_id, 7)]


# --------------------------------------------------------------------------------------------------------- field blocks


def test_continuation_flood() -> None:
    # CVE-2024-27316 and similar ones
    start = frame(HEADERS, END_STREAM, 1, block(GET))
    feed(server(limits=FEW), start + frame(CONTINUATION, 0, 1) * 2 + frame(CONTINUATION, END_HEADERS, 1))
    connection = server(limits=FEW)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, start + frame(CONTINUATION, 0, 1) * 4)
    assert (caught.value.reason, caught.value.error_code) == ("too_many_continuations", CALM)


@pytest.mark.parametrize("frames", ["one", "two"])
def test_a_field_block_that_is_too_large(frames: str) -> None:
    def attack(size: int) -> bytes:
        fields = [*GET, (b"a", b"b" * (size - len(block(GET)) - 6))]
        payload = block(fields)
        assert len(payload) == size
        if frames == "one":
            return frame(HEADERS, END_HEADERS | END_STREAM, 1, payload)
        return frame(HEADERS, END_STREAM, 1, payload[:500]) + frame(CONTINUATION, END_HEADERS, 1, payload[500:])

    assert names(feed(server(limits=FEW), attack(1000))) == ["Request", "EndOfMessage"]
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(server(limits=FEW), attack(1001))
    assert (caught.value.reason, caught.value.error_code) == ("field_block_too_large", CALM)


def test_hpack_bomb() -> None:
    # CVE-2016-6581: one large entry, referred to repeatedly
    entry = b"\x40\x01a\x7f\xe1\x1d" + b"b" * 3936
    connection = server()
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, frame(HEADERS, END_HEADERS, 1, entry + b"\xbe" * 10000))
    assert (caught.value.reason, caught.value.error_code) == ("hpack_bomb", 9)


# -------------------------------------------------------------------------------------------------------------- buffers


def test_what_was_not_pulled_is_bounded() -> None:
    connection = server(headers(POST), limits=limits(max_buffer=40000, connection_window_size=65535))
    connection.receive_data(frame(DATA, 0, 1, bytes(16384)) * 6)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        connection.receive_data(frame(DATA, 0, 1, bytes(16384)))
    assert (caught.value.reason, caught.value.error_code) == ("buffer_full", CALM)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        connection.next_event()


def test_an_unfinished_frame_is_bounded() -> None:
    connection = server()
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, b"\xff\xff\xff\x00\x00\x00\x00\x00\x01")
    assert caught.value.reason == "frame_too_large"


# ----------------------------------------------------------------------------------------------------------------- cost


def byte_by_byte(size: int) -> None:
    connection = server(headers(POST))
    feed(
        connection,
        (frame(DATA, 0, 1, bytes(50)) + frame(0xEE, 0, 0, bytes(500)) + settings(*[(7, 7)] * 60)) * (size // 900),
        1,
    )


def many_small_buffers(size: int) -> None:
    connection = server(headers(POST))
    for _ in range(size):
        connection.receive_data(b"\0\0\1\0\0\0\0\0\1x")
    while connection.next_event() is not zttp.NEED_DATA:
        pass


def many_blocked_pieces(size: int) -> None:
    connection = server(headers(GET, flags=END_STREAM), first=settings((4, 0)))
    stream = connection.stream(1)
    stream.send_response(200)
    for _ in range(size):
        stream.send_data(b"p")
    feed(connection, window_update(1, size))
    assert stream.pending_bytes == 0


def many_requests(size: int) -> None:
    connection = server()
    request = headers(GET, 1, END_STREAM)
    for number in range(1, size, 2):
        feed(connection, request[:5] + number.to_bytes(4, "big") + request[9:])
        connection.stream(number).send_response(204, [], True)


@pytest.mark.parametrize("run", [byte_by_byte, many_small_buffers, many_blocked_pieces, many_requests])
def test_work_is_linear(run: Callable[[int], object]) -> None:
    assert_linear(run, 2_000, 16_000)
