"""Inputs that exceed each limit of each protocol, and the reasons of the errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import zttp
from tests.http1 import helpers as http1
from tests.http2 import helpers as http2
from tests.http2.helpers import CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, HEADERS, PING, POST, frame, headers
from tests.http3.quic.test_misbehaving import sealed, varints
from tests.http3.test_misbehaving import GET as GET_OF_H3
from tests.http3.test_misbehaving import RawPeer, section
from zttp_h3 import frames
from zttp_h3.limits import H3Limits

Attack = Callable[[], "str | None"]
HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
CHUNKS = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
PAGE = [*GET, (b"a", b"b" * 800)]
TABLE_ENTRY = b"\x40\x01a\x7f\xe1\x1d" + b"b" * 3936  # of HPACK: the largest that a table of 4,096 bytes can have


def refused(call: Callable[[], object]) -> str | None:
    """Return the reason of the error that a call raises."""
    try:
        call()
    except zttp.ProtocolError as error:
        return error.reason
    return None


def h1(*pieces: bytes, **limits: int) -> str | None:
    connection = zttp.Connection(zttp.SERVER, limits=zttp.H1Limits(**limits))
    return refused(lambda: [http1.feed(connection, piece) for piece in pieces])


def h1_unread(size: int, **limits: int) -> str | None:
    return refused(lambda: zttp.Connection(zttp.SERVER, limits=zttp.H1Limits(**limits)).receive_data(bytes(size)))


def h2(pieces: Iterable[bytes], first: bytes = b"", **limits: int) -> str | None:
    """Return the reason for which the connection or the last stream broke."""
    connection = http2.server(first, limits=zttp.H2Limits(**limits))
    if reason := refused(lambda: [http2.feed(connection, piece) for piece in pieces]):
        return reason
    error = connection.last_stream_error
    return None if error is None else error.reason


def h2_unread(**limits: int) -> str | None:
    connection = http2.server(headers(POST), limits=zttp.H2Limits(**limits))
    return refused(lambda: connection.receive_data(frame(DATA, 0, 1, bytes(16384)) * 20))


def h2_without_credit(**limits: int) -> str | None:
    connection = http2.server(headers(POST), limits=zttp.H2Limits(**limits), auto_credit=False)
    return refused(lambda: [http2.feed(connection, frame(DATA, 0, 1, bytes(16384))) for _ in range(5)])


def h2_blocked(**limits: int) -> str | None:
    connection = http2.server(headers(GET, 1, END_STREAM), limits=zttp.H2Limits(**limits))
    connection.stream(1).send_response(200)
    return refused(lambda: connection.stream(1).send_data(bytes(200_000)))


def h3(*payloads: bytes, **limits: int) -> str | None:
    """Return the reason for which QUIC frames broke the connection; their sender has the keys."""
    peer = RawPeer(limits=H3Limits(**limits))
    for payload in payloads:
        peer.judged.receive_datagram(sealed(peer.transport, payload), peer.now, b"peer")
    return result(peer)


def h3_heads(*streams: bytes, **limits: int) -> str | None:
    peer = RawPeer(limits=H3Limits(**limits))
    for data in streams:
        peer.open(data)
    return result(peer)


def h3_table(instruction: bytes, **limits: int) -> str | None:
    peer = RawPeer(limits=H3Limits(**limits))
    peer.open(bytes((frames.ENCODER_STREAM,)) + instruction, unidirectional=True)
    return result(peer)


def h3_resets(**limits: int) -> str | None:
    peer = RawPeer(limits=H3Limits(**limits))
    for _ in range(20):
        stream = peer.open(section(GET_OF_H3), fin=True)
        peer.carry()
        peer.streams.stop(stream, 0x10C)
        peer.settle()
    return result(peer)


def h3_blocked(**limits: int) -> str | None:
    peer = RawPeer(limits=H3Limits(**limits))
    peer.open(section(GET_OF_H3), fin=True)
    peer.settle()
    peer.server.stream(0).send_response(200)
    return refused(lambda: peer.server.stream(0).send_data(bytes(1_000_000)))


def result(peer: RawPeer) -> str | None:
    peer.settle()
    error = peer.error or peer.judged.last_stream_error
    return None if error is None else error.reason


def stream_frame(number: int, offset: int) -> bytes:
    return varints(0x0E, number, offset, 1) + b"x"


ATTACKS: dict[tuple[str, str], list[Attack]] = {
    ("zttp_h1", "max_line"): [
        lambda: h1(HEAD + b"A: " + b"x" * 200, max_line=64),
        lambda: h1(b"GET /" + b"x" * 200, max_line=64),
        lambda: h1(CHUNKS + b"1;abcdefghijklmnopqrstuvwxyz\r\nx\r\n" * 9, max_line=64),
    ],
    ("zttp_h1", "max_headers"): [lambda: h1(HEAD + b"A: b\r\n" * 5 + b"\r\n", max_headers=3)],
    ("zttp_h1", "max_header_bytes"): [lambda: h1(HEAD + b"A: b\r\n" * 50 + b"\r\n", max_header_bytes=100)],
    ("zttp_h1", "max_trailers"): [lambda: h1(CHUNKS + b"0\r\n" + b"A: b\r\n" * 5 + b"\r\n", max_trailers=3)],
    ("zttp_h1", "max_trailer_bytes"): [lambda: h1(CHUNKS + b"0\r\n" + b"A: b\r\n" * 50, max_trailer_bytes=100)],
    ("zttp_h1", "max_buffer"): [lambda: h1_unread(200_000, max_buffer=100_000)],
    ("zttp_h2", "max_concurrent_streams"): [
        lambda: h2([headers(POST, number) for number in (1, 3, 5)], max_concurrent_streams=2)
    ],
    ("zttp_h2", "max_frame_size"): [lambda: h2([frame(DATA, 0, 1, bytes(20_000))], headers(POST))],
    ("zttp_h2", "max_header_list_size"): [
        lambda: h2([headers(PAGE, 1, END_STREAM)], max_header_list_size=600),
        lambda: h2([frame(HEADERS, END_HEADERS, 1, TABLE_ENTRY + b"\xbe" * 10_000)]),
    ],
    ("zttp_h2", "max_field_block_bytes"): [lambda: h2([headers(PAGE, 1, END_STREAM)], max_field_block_bytes=500)],
    ("zttp_h2", "max_continuation_frames"): [
        lambda: h2(
            [frame(HEADERS, END_STREAM, 1, http2.block(GET)) + frame(CONTINUATION, 0, 1) * 4], max_continuation_frames=3
        )
    ],
    ("zttp_h2", "max_stream_resets"): [
        lambda: h2(
            [headers(GET, number, END_STREAM) + http2.rst_stream(number) for number in range(1, 41, 2)],
            max_stream_resets=10,
        )
    ],
    ("zttp_h2", "max_control_frames"): [lambda: h2([http2.settings() * 20], max_control_frames=10)],
    ("zttp_h2", "max_buffer"): [
        lambda: h2_unread(max_buffer=40_000, connection_window_size=65535),
        lambda: h2(
            ((frame(PING, 0, 0, bytes(8)) * 100 + frame(DATA, 0, 1, b"x")) for _ in range(300)),
            headers(POST),
            max_buffer=40_000,
        ),
    ],
    ("zttp_h2", "max_blocked_bytes"): [lambda: h2_blocked(max_blocked_bytes=100_000)],
    ("zttp_h2", "header_table_size"): [lambda: h2([frame(HEADERS, END_HEADERS, 1, b"\x3f\xff\xff\x03")])],
    ("zttp_h2", "initial_window_size"): [
        lambda: h2(
            [http2.frame(http2.SETTINGS, http2.ACK), headers(POST), frame(DATA, 0, 1, bytes(1001))],
            initial_window_size=1000,
        )
    ],
    ("zttp_h2", "connection_window_size"): [
        lambda: h2_without_credit(connection_window_size=65535, initial_window_size=1 << 24)
    ],
    ("zttp_h3", "max_concurrent_streams"): [lambda: h3(stream_frame(4 * 20, 0), max_concurrent_streams=10)],
    ("zttp_h3", "max_header_list_size"): [
        lambda: h3_heads(section([*GET_OF_H3, (b"a", b"b" * 800)]), max_header_list_size=600)
    ],
    ("zttp_h3", "max_field_block_bytes"): [
        lambda: h3_heads(section([*GET_OF_H3, (b"a", b"b" * 800)]), max_field_block_bytes=300)
    ],
    ("zttp_h3", "header_table_size"): [lambda: h3_table(b"\x3f\xe2\x1f")],
    ("zttp_h3", "max_blocked_streams"): [
        lambda: h3_heads(
            *[frames.frame(frames.HEADERS, bytes((10 + number, 0, 0x80))) for number in range(5)], max_blocked_streams=3
        )
    ],
    ("zttp_h3", "max_stream_resets"): [lambda: h3_resets(max_stream_resets=10)],
    ("zttp_h3", "max_blocked_bytes"): [lambda: h3_blocked(max_blocked_bytes=100_000)],
    ("zttp_h3", "initial_window_size"): [lambda: h3(stream_frame(0, 1000), initial_window_size=1000)],
    ("zttp_h3", "connection_window_size"): [lambda: h3(stream_frame(0, 1000), connection_window_size=1000)],
    ("zttp_h3", "max_datagram_frame_size"): [lambda: h3(varints(0x31, 50) + bytes(50), max_datagram_frame_size=20)],
}


def given(package: str, limit: str) -> list[Any]:
    """Return the reasons of errors for an exceeded limit."""
    return [attack() for attack in ATTACKS[package, limit]]
