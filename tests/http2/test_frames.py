"""Frames: the rules for lengths, streams, flags and order, and the effects of violations (RFC 9113 4-6)."""

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
    HAS_PRIORITY,
    HEADERS,
    OK,
    PADDED,
    PING,
    POST,
    PREFACE,
    PRIORITY,
    PRIORITY_UPDATE,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    block,
    client,
    feed,
    frame,
    goaway,
    headers,
    names,
    priority_update,
    requesting,
    rst_stream,
    sent,
    server,
    settings,
    window_update,
)

PROTOCOL, FLOW, CLOSED, SIZE, COMPRESSION = 1, 3, 5, 6, 9
CALM = 11

OPEN = headers(POST)  # stream 1, open
WHOLE = headers(GET, flags=END_STREAM)  # stream 1, half-closed (remote)

# What a client sends after its preface, the reason, the error code of the GOAWAY that answers it.
FATAL_FOR_A_SERVER = {
    # RFC 9113 4.2
    "longer than SETTINGS_MAX_FRAME_SIZE": (OPEN + frame(DATA, 0, 1, bytes(16385)), "frame_too_large", SIZE),
    # 6.1
    "DATA on stream 0": (frame(DATA, 0, 0, b"x"), "frame_on_stream_zero", PROTOCOL),
    "DATA on an idle stream": (frame(DATA, 0, 1, b"x"), "frame_on_idle_stream", PROTOCOL),
    "DATA on a server's stream": (frame(DATA, 0, 2, b"x"), "frame_on_idle_stream", PROTOCOL),
    "DATA, padding longer than the payload": (OPEN + frame(DATA, PADDED, 1, b"\x02x"), "padding_too_long", PROTOCOL),
    "DATA, padding as long as the payload": (OPEN + frame(DATA, PADDED, 1, b"\x01"), "padding_too_long", PROTOCOL),
    "DATA, padded without a length": (OPEN + frame(DATA, PADDED, 1), "frame_size", SIZE),
    # 6.2
    "HEADERS on stream 0": (headers(GET, 0), "frame_on_stream_zero", PROTOCOL),
    "HEADERS on an even stream": (headers(GET, 2), "unexpected_stream_id", PROTOCOL),
    "HEADERS on a lower stream": (headers(GET, 5) + headers(GET, 3), "unexpected_stream_id", PROTOCOL),
    "HEADERS, padding longer than the block": (
        frame(HEADERS, END_HEADERS | PADDED, 1, b"\x09" + block(GET)[:8]), "padding_too_long", PROTOCOL,
    ),
    "HEADERS, padded without a length": (frame(HEADERS, END_HEADERS | PADDED, 1), "frame_size", SIZE),
    "HEADERS, too short for its priority": (
        frame(HEADERS, END_HEADERS | HAS_PRIORITY, 1, bytes(4)), "frame_size", SIZE,
    ),
    "HEADERS, too short for padding and priority": (
        frame(HEADERS, END_HEADERS | HAS_PRIORITY | PADDED, 1, bytes(5)), "frame_size", SIZE,
    ),
    # 6.3
    "PRIORITY on stream 0": (frame(PRIORITY, 0, 0, bytes(5)), "frame_on_stream_zero", PROTOCOL),
    "PRIORITY of a wrong length on an idle stream": (frame(PRIORITY, 0, 1, bytes(4)), "frame_size", SIZE),
    # 6.4
    "RST_STREAM on stream 0": (rst_stream(0), "frame_on_stream_zero", PROTOCOL),
    "RST_STREAM on an idle stream": (rst_stream(1), "frame_on_idle_stream", PROTOCOL),
    "RST_STREAM of 3 bytes": (OPEN + frame(RST_STREAM, 0, 1, bytes(3)), "frame_size", SIZE),
    "RST_STREAM of 5 bytes": (OPEN + frame(RST_STREAM, 0, 1, bytes(5)), "frame_size", SIZE),
    # 6.5
    "SETTINGS on a stream": (frame(SETTINGS, 0, 1), "frame_on_stream", PROTOCOL),
    "SETTINGS of 5 bytes": (frame(SETTINGS, 0, 0, bytes(5)), "frame_size", SIZE),
    "SETTINGS acknowledgment with a payload": (frame(SETTINGS, ACK, 0, bytes(6)), "frame_size", SIZE),
    "SETTINGS acknowledged twice": (frame(SETTINGS, ACK) * 2, "unexpected_settings_ack", PROTOCOL),
    "SETTINGS_ENABLE_PUSH of 2": (settings((2, 2)), "invalid_setting", PROTOCOL),
    "SETTINGS_INITIAL_WINDOW_SIZE of 2**31": (settings((4, 2**31)), "invalid_setting", FLOW),
    "SETTINGS_MAX_FRAME_SIZE of 16383": (settings((5, 16383)), "invalid_setting", PROTOCOL),
    "SETTINGS_MAX_FRAME_SIZE of 2**24": (settings((5, 2**24)), "invalid_setting", PROTOCOL),
    "SETTINGS_ENABLE_CONNECT_PROTOCOL of 2": (settings((8, 2)), "invalid_setting", PROTOCOL),  # RFC 8441 3
    "SETTINGS_ENABLE_CONNECT_PROTOCOL taken back": (settings((8, 1)) + settings((8, 0)), "invalid_setting", PROTOCOL),
    "SETTINGS_NO_RFC7540_PRIORITIES of 2": (settings((9, 2)), "invalid_setting", PROTOCOL),  # RFC 9218 2.1
    "SETTINGS_NO_RFC7540_PRIORITIES changed": (settings((9, 1)), "invalid_setting", PROTOCOL),
    # 6.6, 8.4
    "PUSH_PROMISE": (OPEN + frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4)), "push_refused", PROTOCOL),
    # 6.7
    "PING on a stream": (frame(PING, 0, 1, bytes(8)), "frame_on_stream", PROTOCOL),
    "PING of 7 bytes": (frame(PING, 0, 0, bytes(7)), "frame_size", SIZE),
    "PING of 9 bytes": (frame(PING, 0, 0, bytes(9)), "frame_size", SIZE),
    # 6.8
    "GOAWAY on a stream": (frame(GOAWAY, 0, 1, bytes(8)), "frame_on_stream", PROTOCOL),
    "GOAWAY of 7 bytes": (frame(GOAWAY, 0, 0, bytes(7)), "frame_size", SIZE),
    "GOAWAY, raised": (goaway(1) + goaway(3), "goaway_raised", PROTOCOL),
    # 6.9
    "WINDOW_UPDATE of 3 bytes": (frame(WINDOW_UPDATE, 0, 0, bytes(3)), "frame_size", SIZE),
    "WINDOW_UPDATE of 5 bytes": (frame(WINDOW_UPDATE, 0, 0, bytes(5)), "frame_size", SIZE),
    "WINDOW_UPDATE of 0": (window_update(0, 0), "zero_increment", PROTOCOL),
    "WINDOW_UPDATE above 2**31-1": (window_update(0, 2**31 - 1), "window_overflow", FLOW),
    "WINDOW_UPDATE on an idle stream": (window_update(1, 1), "frame_on_idle_stream", PROTOCOL),
    "SETTINGS that lift a window above 2**31-1": (
        OPEN + window_update(1, 2**31 - 1 - 65535) + settings((4, 65536)), "window_overflow", FLOW,
    ),
    # 6.10
    "CONTINUATION without a block": (frame(CONTINUATION, END_HEADERS, 1), "unexpected_continuation", PROTOCOL),
    "CONTINUATION after a block": (OPEN + frame(CONTINUATION, END_HEADERS, 1), "unexpected_continuation", PROTOCOL),
    "CONTINUATION of another stream": (
        frame(HEADERS, 0, 1, block(GET)) + frame(CONTINUATION, END_HEADERS, 3), "field_block_interrupted", PROTOCOL,
    ),
    "a block interrupted by PING": (
        frame(HEADERS, 0, 1, block(GET)) + frame(PING, 0, 0, bytes(8)), "field_block_interrupted", PROTOCOL,
    ),
    "a block interrupted by an unknown frame": (  # 5.5
        frame(HEADERS, 0, 1, block(GET)) + frame(0xEE, 0, 1, b"x"), "field_block_interrupted", PROTOCOL,
    ),
    "a block interrupted by HEADERS": (
        frame(HEADERS, 0, 1, block(GET)) + headers(GET, 3), "field_block_interrupted", PROTOCOL,
    ),
    # 4.3
    "a block that ends in a field": (frame(HEADERS, END_HEADERS, 1, b"\x00\x05ab"), "hpack_truncated", COMPRESSION),
    "a block with an index of nothing": (frame(HEADERS, END_HEADERS, 1, b"\xbe"), "hpack_invalid_index", COMPRESSION),
    "a coded string with eight ones behind it": (
        frame(HEADERS, END_HEADERS, 1, b"\x00\x01a\x81\xff"), "hpack_huffman_padding", COMPRESSION,
    ),
    "a coded string with its end in it": (
        frame(HEADERS, END_HEADERS, 1, b"\x00\x01a\x84\xff\xff\xff\xff"), "hpack_huffman_eos", COMPRESSION,
    ),
    # 5.1
    "DATA on a stream that ended": (
        headers(GET, 1, END_STREAM) + rst_stream(1) + headers(GET, 3, END_STREAM) + rst_stream(3) + frame(DATA, 0, 3),
        "frame_on_closed_stream", CLOSED,
    ),
    "HEADERS on a stream that ended": (
        WHOLE + rst_stream(1) + headers(GET, 1), "frame_on_closed_stream", CLOSED,
    ),
    # RFC 9218 7.1
    "PRIORITY_UPDATE on a stream": (frame(PRIORITY_UPDATE, 0, 1, bytes(4)), "frame_on_stream", PROTOCOL),
    "PRIORITY_UPDATE of 3 bytes": (frame(PRIORITY_UPDATE, 0, 0, bytes(3)), "frame_size", SIZE),
    "PRIORITY_UPDATE for stream 0": (priority_update(0, b"u=1"), "unexpected_priority_update", PROTOCOL),
    "PRIORITY_UPDATE for a push stream": (priority_update(2, b"u=1"), "unexpected_priority_update", PROTOCOL),
}  # fmt: skip


@pytest.mark.parametrize("case", FATAL_FOR_A_SERVER)
def test_what_breaks_a_server_connection(case: str) -> None:
    data, reason, code = FATAL_FOR_A_SERVER[case]
    connection = zttp.Connection(zttp.SERVER, "h2")
    connection.receive_data(PREFACE + frame(SETTINGS) + data)
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        while connection.next_event() is not zttp.NEED_DATA:
            pass
    assert (caught.value.reason, caught.value.error_code, caught.value.stream_id) == (reason, code, None)
    assert caught.value.offset is not None
    assert caught.value.offset < len(PREFACE) + 9 + len(data)
    last = sent(connection)[-1]
    assert (last.type, last.stream_id) == (GOAWAY, 0)
    assert int.from_bytes(last.payload[4:8], "big") == code
    assert last.payload[8:] == reason.encode()
    # Terminal: the same error again, no more output, and later input is not kept.
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as again:
        connection.next_event()
    assert (again.value.reason, again.value.offset, str(again.value)) == (
        reason,
        caught.value.offset,
        str(caught.value),
    )
    connection.receive_data(bytes(1000))
    assert connection.data_to_send() == b""
    assert connection.is_closed()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.ping()


FATAL_FOR_A_CLIENT = {
    "PUSH_PROMISE": (frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4)), "push_refused", PROTOCOL),
    "SETTINGS_ENABLE_PUSH of 1": (settings((2, 1)), "invalid_setting", PROTOCOL),  # RFC 9113 6.5.2
    "PRIORITY_UPDATE": (priority_update(1, b"u=1"), "unexpected_priority_update", PROTOCOL),
    "HEADERS on an idle stream": (headers(OK, 3), "unexpected_stream_id", PROTOCOL),
    "HEADERS on a stream of the server": (headers(OK, 2), "unexpected_stream_id", PROTOCOL),
    "DATA on an idle stream": (frame(DATA, 0, 3, b"x"), "frame_on_idle_stream", PROTOCOL),
    "HEADERS after the end of both messages": (
        headers(OK, flags=END_STREAM) + headers(OK), "frame_on_closed_stream", CLOSED,
    ),
    "DATA after the end of both messages": (
        headers(OK, flags=END_STREAM) + frame(DATA, 0, 1, b"x"), "frame_on_closed_stream", CLOSED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FATAL_FOR_A_CLIENT)
def test_what_breaks_a_client_connection(case: str) -> None:
    data, reason, code = FATAL_FOR_A_CLIENT[case]
    connection = requesting()
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, data)
    assert (caught.value.reason, caught.value.error_code) == (reason, code)
    assert sent(connection)[-1].type == GOAWAY


# Frames that reset only stream 1.
RESETS = {
    "DATA after END_STREAM": (WHOLE + frame(DATA, 0, 1, b"x"), "frame_after_end", CLOSED),
    "HEADERS after END_STREAM": (WHOLE + headers([(b"a", b"b")], flags=END_STREAM), "frame_after_end", CLOSED),
    "WINDOW_UPDATE of 0": (OPEN + window_update(1, 0), "zero_increment", PROTOCOL),
    "WINDOW_UPDATE above 2**31-1": (OPEN + window_update(1, 2**31 - 1), "window_overflow", FLOW),
    "PRIORITY of a wrong length": (OPEN + frame(PRIORITY, 0, 1, bytes(4)), "frame_size", SIZE),
}


@pytest.mark.parametrize("case", RESETS)
def test_what_breaks_a_stream(case: str) -> None:
    data, reason, code = RESETS[case]
    connection = server()
    events = feed(connection, data + headers(GET, 3, END_STREAM))
    assert zttp.RstStream(1, code) in events
    assert names(events)[-2:] == ["Request", "EndOfMessage"], "the connection goes on"
    [reset] = [found for found in sent(connection) if found.type == RST_STREAM]
    assert (reset.stream_id, reset.number) == (1, code)
    error = connection.last_stream_error
    assert error is not None
    assert (error.reason, error.error_code, error.stream_id) == (reason, code, 1)
    assert connection.stream(1).send_window is None


def test_the_reserved_bit_is_ignored() -> None:
    # RFC 9113 4.1: R "MUST be ignored when receiving".
    [request, _] = feed(server(), headers(GET, 1 | 1 << 31, END_STREAM))
    assert request.stream_id == 1
    assert feed(server(headers(GET)), window_update(1, 5 | 1 << 31)) == [zttp.WindowUpdate(1, 5)]


def test_unknown_flags_are_ignored() -> None:
    assert names(feed(server(), headers(GET, flags=0xC2 | END_STREAM))) == ["Request", "EndOfMessage"]
    assert feed(server(), frame(PING, 0xFE, 0, b"12345678")) == [zttp.Ping(False, b"12345678")]


@pytest.mark.parametrize("size", [0, 1, 16384])
def test_unknown_frames_are_discarded(size: int) -> None:
    unknown = frame(0xEE, 0xFF, 7, bytes(size))
    assert names(feed(server(), unknown + WHOLE)) == ["Request", "EndOfMessage"]


def test_priority_is_validated_and_ignored() -> None:
    # RFC 9113 5.3.2, 6.3: in any state.
    data = frame(PRIORITY, 0, 3, b"\x00\x00\x00\x05\x00") + WHOLE + frame(PRIORITY, 0, 1, bytes(5))
    assert names(feed(server(), data)) == ["Request", "EndOfMessage"]


@pytest.mark.parametrize("padding", [0, 1, 255])
def test_padding(padding: int) -> None:
    padded_block = bytes((padding,)) + block(POST) + bytes(padding)
    data = frame(HEADERS, END_HEADERS | PADDED, 1, padded_block)
    data += frame(DATA, PADDED | END_STREAM, 1, bytes((padding,)) + b"content" + bytes(padding))
    events = feed(server(), data)
    assert events[1:] == [zttp.Data(b"content", 1), zttp.EndOfMessage(stream_id=1)]


def test_padding_alone() -> None:
    data = OPEN + frame(DATA, PADDED, 1, b"\x03" + bytes(3)) + frame(DATA, END_STREAM | PADDED, 1, b"\x00")
    assert names(feed(server(), data)) == ["Request", "EndOfMessage"]


def test_priority_and_padding_in_headers() -> None:
    payload = b"\x02" + bytes(5) + block(GET) + bytes(2)
    data = frame(HEADERS, END_HEADERS | END_STREAM | PADDED | HAS_PRIORITY, 1, payload)
    assert names(feed(server(), data)) == ["Request", "EndOfMessage"]


def test_a_block_in_many_frames() -> None:
    payload = block([*GET, (b"x", b"y" * 50)])
    cuts = [payload[at : at + 9] for at in range(0, len(payload), 9)]
    data = frame(HEADERS, END_STREAM, 1, cuts[0])
    for number, cut in enumerate(cuts[1:], 2):
        data += frame(CONTINUATION, END_HEADERS if number == len(cuts) else 0, 1, cut)
    [request, _] = feed(server(), data)
    assert request.headers == [(b"host", b"example.com"), (b"x", b"y" * 50)]


def test_ping_is_answered() -> None:
    connection = server()
    assert feed(connection, frame(PING, 0, 0, b"abcdefgh")) == [zttp.Ping(False, b"abcdefgh")]
    [answer] = sent(connection)
    assert answer == (PING, ACK, 0, b"abcdefgh")


def test_ping_and_its_answer() -> None:
    connection = client()
    connection.ping(b"12345678")
    assert sent(connection) == [(PING, 0, 0, b"12345678")]
    assert feed(connection, frame(PING, ACK, 0, b"12345678")) == [zttp.Ping(True, b"12345678")]
    assert connection.data_to_send() == b""


@pytest.mark.parametrize("data", [b"", b"1234567", b"123456789"])
def test_a_ping_is_eight_bytes(data: bytes) -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        client().ping(data)
