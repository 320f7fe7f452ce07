"""A peer that breaks the rules of HTTP/3: each gets the exact code (RFC 9114 8.1, RFC 9204 6)."""

from typing import Any

import pytest

from tests.http3.h3_pair import credentials
from zttp_core import NEED_DATA, Request, RstStream
from zttp_core.errors import RemoteProtocolError
from zttp_h3 import frames
from zttp_h3.codes import H3ErrorCode as Code
from zttp_h3.connection import H3Connection
from zttp_h3.limits import H3Limits
from zttp_h3.malformed import Malformed
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.qpack.encoder import SectionEncoder
from zttp_h3.qpack.instructions import prefixed_integer
from zttp_h3.quic.stream import QuicStream
from zttp_h3.settings import read_settings, write_settings

GET = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/")]


class RawPeer:
    """One of ours whose streams are written by hand: the other side is under test."""

    def __init__(self, role: int = CLIENT, **options: Any) -> None:
        self.now = 1_000_000
        given: dict[str, Any] = {"server_name": "localhost", "verify": credentials().certificate}
        theirs: dict[str, Any] = {"credentials": credentials()}
        (theirs if role == CLIENT else given).update(options)
        self.client = H3Connection(CLIENT, **given)
        self.server = H3Connection(SERVER, **theirs)
        self.peer, self.judged = (self.client, self.server) if role == CLIENT else (self.server, self.client)
        self.events: list[Any] = []
        self.error: RemoteProtocolError | None = None
        for _ in range(4):
            self.carry(pull=False)
        session = self.peer._session
        assert session is not None
        self.streams = session.transport.session.streams
        self.transport = session.transport

    def carry(self, *, pull: bool = True) -> None:
        self.now += 1_000
        for one, other in ((self.client, self.server), (self.server, self.client)):
            for datagram in one.data_to_send(self.now):
                other.receive_datagram(datagram, self.now, b"peer")
        if not pull or self.error is not None:
            return
        try:
            while (event := self.judged.next_event()) is not NEED_DATA:
                self.events.append(event)
        except RemoteProtocolError as error:
            self.error = error

    def settle(self) -> "RawPeer":
        for _ in range(5):
            self.carry()
        return self

    def open(self, data: bytes, *, unidirectional: bool = False, fin: bool = False) -> QuicStream:
        stream = self.transport.open(unidirectional)
        assert stream is not None
        self.streams.write(stream, data)
        if fin:
            self.streams.finish(stream)
        return stream


def section(fields: list[tuple[bytes, bytes]]) -> bytes:
    return frames.frame(frames.HEADERS, SectionEncoder().encode(0, fields))


CONTROL = [
    ("a second control stream", b"\x00", Code.H3_STREAM_CREATION_ERROR),
    ("a second encoder stream", b"\x02", None),
    ("a push stream of a client", b"\x01", Code.H3_STREAM_CREATION_ERROR),
    ("an unknown stream", b"\x21anything", None),
    ("instructions that are none", b"\x02\x80\x00", Code.QPACK_ENCODER_STREAM_ERROR),
    ("acknowledgments of nothing", b"\x03\x80", Code.QPACK_DECODER_STREAM_ERROR),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in CONTROL], ids=[row[0] for row in CONTROL])
def test_unidirectional_streams(data: bytes, code: int | None) -> None:
    # RFC 9114 6.2
    peer = RawPeer()
    peer.open(data, unidirectional=True)
    peer.settle()
    assert (None if peer.error is None else peer.error.error_code) == code
    assert peer.judged.is_closed() == (code is not None)


ON_CONTROL = [
    ("SETTINGS again", frames.frame(frames.SETTINGS, b""), Code.H3_FRAME_UNEXPECTED),
    ("DATA", frames.frame(frames.DATA, b""), Code.H3_FRAME_UNEXPECTED),
    ("HEADERS", frames.frame(frames.HEADERS, b""), Code.H3_FRAME_UNEXPECTED),
    ("PUSH_PROMISE", frames.frame(frames.PUSH_PROMISE, b"\x00"), Code.H3_FRAME_UNEXPECTED),
    ("a frame of HTTP/2", frames.frame(0x06, b""), Code.H3_FRAME_UNEXPECTED),
    ("CANCEL_PUSH", frames.frame(frames.CANCEL_PUSH, b"\x00"), Code.H3_ID_ERROR),
    (
        "MAX_PUSH_ID lowered",
        frames.frame(frames.MAX_PUSH_ID, b"\x05") + frames.frame(frames.MAX_PUSH_ID, b"\x04"),
        Code.H3_ID_ERROR,
    ),
    ("GOAWAY raised", frames.frame(frames.GOAWAY, b"\x04") + frames.frame(frames.GOAWAY, b"\x05"), Code.H3_ID_ERROR),
    ("GOAWAY with more in it", frames.frame(frames.GOAWAY, b"\x04\x00"), Code.H3_FRAME_ERROR),
    ("a priority of a push", frames.frame(frames.PRIORITY_UPDATE_PUSH, b"\x00u=1"), Code.H3_ID_ERROR),
    ("a priority of no request", frames.frame(frames.PRIORITY_UPDATE_REQUEST, b"\x01u=1"), Code.H3_ID_ERROR),
    ("a frame of 16 KiB", frames.frame_header(frames.GOAWAY, 16_384), Code.H3_EXCESSIVE_LOAD),
    ("an unknown frame of 16 KiB", frames.frame(0x21, bytes(16_384)), None),
    ("a priority of a request to come", frames.frame(frames.PRIORITY_UPDATE_REQUEST, b"\x08u=1"), None),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in ON_CONTROL], ids=[row[0] for row in ON_CONTROL])
def test_the_control_stream(data: bytes, code: int | None) -> None:
    # RFC 9114 7.2.1, 7.2.2, 7.2.4
    peer = RawPeer()
    session = peer.peer._session
    assert session is not None
    session.write_control(data)
    peer.settle()
    assert (None if peer.error is None else peer.error.error_code) == code


def test_a_stream_can_be_reset_whatever_waits_for_the_decoder() -> None:
    # RFC 9204 2.2.2.2: instructions that pylsqpack has not seen yet, and will not read.
    peer = RawPeer()
    peer.open(section(GET))
    peer.open(b"\x02\x20\x40\x3f\x20\x40\x00", unidirectional=True)
    peer.settle()
    [event] = [event for event in peer.events if isinstance(event, Request)]
    peer.judged.stream(event.stream_id).reset()


def test_the_control_stream_must_not_end() -> None:
    # RFC 9114 6.2.1
    peer = RawPeer()
    session = peer.peer._session
    assert session is not None
    session.start()
    peer.settle()
    stream = session._control
    assert stream is not None
    peer.streams.finish(stream)
    assert peer.settle().error is not None
    assert peer.error is not None
    assert peer.error.error_code == Code.H3_CLOSED_CRITICAL_STREAM


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ([(2, 0)], Code.H3_SETTINGS_ERROR),
        ([(6, 1), (6, 1)], Code.H3_SETTINGS_ERROR),
        ([(8, 2)], Code.H3_SETTINGS_ERROR),
        ([(0x21, 1 << 60)], None),
        ([(100 + number, 0) for number in range(100)], Code.H3_EXCESSIVE_LOAD),
    ],
)
def test_settings(settings: list[tuple[int, int]], code: int | None) -> None:
    # RFC 9114 7.2.4
    encoded = write_settings(settings)
    if code is None:
        assert read_settings(encoded) == dict(settings)
        return
    with pytest.raises(Malformed) as raised:
        read_settings(encoded)
    assert raised.value.error_code == code


REQUESTS = [
    # RFC 9114 4.1
    ("DATA first", frames.frame(frames.DATA, b"x"), Code.H3_FRAME_UNEXPECTED),
    ("SETTINGS", section(GET) + frames.frame(frames.SETTINGS, b""), Code.H3_FRAME_UNEXPECTED),
    ("PUSH_PROMISE", section(GET) + frames.frame(frames.PUSH_PROMISE, b"\x00"), Code.H3_FRAME_UNEXPECTED),
    ("a frame of HTTP/2", section(GET) + frames.frame(0x08, b""), Code.H3_FRAME_UNEXPECTED),
    (
        "content after trailers",
        section(GET) + section([(b"a", b"b")]) + frames.frame(0, b"x"),
        Code.H3_FRAME_UNEXPECTED,
    ),
    ("a third section", section(GET) + section([(b"a", b"b")]) * 2, Code.H3_FRAME_UNEXPECTED),
    ("a frame that ends too early", section(GET) + frames.frame_header(frames.DATA, 5) + b"xy", Code.H3_FRAME_ERROR),
    ("half a frame header", section(GET) + b"\x40", Code.H3_FRAME_ERROR),
    ("half a section", section(GET)[:-1], Code.H3_FRAME_ERROR),
    (
        "a section that cannot be decoded",
        frames.frame(frames.HEADERS, b"\x00\x00\x80"),
        Code.QPACK_DECOMPRESSION_FAILED,
    ),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS])
@pytest.mark.parametrize("piece", [1, 10_000])
def test_what_breaks_the_connection(data: bytes, code: int, piece: int) -> None:
    # RFC 9114 7.2.5
    peer = RawPeer()
    stream = peer.open(b"")
    for at in range(0, len(data), piece):
        peer.streams.write(stream, data[at : at + piece])
        if piece == 1:
            peer.carry()
    peer.streams.finish(stream)
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == code
    assert peer.peer.close_info() is not None


LARGE = prefixed_integer(0x80, 0x7F, 44_000) + bytes.fromhex("18c6318c63") * 8_800  # in Huffman code: 70,400 times "a"
MESSAGES = [
    # RFC 9114 4.1
    ("nothing", b"", Code.H3_REQUEST_INCOMPLETE),
    ("no method", section(GET[1:]), Code.H3_MESSAGE_ERROR),
    ("a method twice", section([GET[0], *GET]), Code.H3_MESSAGE_ERROR),
    ("upper case", section([*GET, (b"Name", b"value")]), Code.H3_MESSAGE_ERROR),
    ("connection", section([*GET, (b"connection", b"close")]), Code.H3_MESSAGE_ERROR),
    ("an empty authority", section([*GET[:2], (b":authority", b""), GET[3]]), Code.H3_MESSAGE_ERROR),
    ("another host", section([*GET, (b"host", b"other")]), Code.H3_MESSAGE_ERROR),
    ("a status", section([*GET, (b":status", b"200")]), Code.H3_MESSAGE_ERROR),
    ("too little content", section([*GET, (b"content-length", b"5")]) + frames.frame(0, b"abc"), Code.H3_MESSAGE_ERROR),
    ("too much content", section([*GET, (b"content-length", b"2")]) + frames.frame(0, b"abc"), Code.H3_MESSAGE_ERROR),
    ("pseudo fields in trailers", section(GET) + section([(b":path", b"/")]), Code.H3_MESSAGE_ERROR),
    ("a forbidden trailer", section(GET) + section([(b"content-length", b"0")]), Code.H3_MESSAGE_ERROR),
    ("a large section", section([*GET, *[(b"x", b"~" * 30_000)] * 3]), Code.H3_EXCESSIVE_LOAD),
    ("a large field", frames.frame(frames.HEADERS, b"\0\0\x21x" + LARGE), Code.H3_EXCESSIVE_LOAD),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_what_breaks_a_stream_and_nothing_else(data: bytes, code: int) -> None:
    # RFC 9114 4.1.2
    peer = RawPeer()
    stream = peer.open(data, fin=True)
    peer.settle()
    assert peer.error is None
    error = peer.judged.last_stream_error
    assert error is not None
    assert (error.error_code, error.stream_id) == (code, stream.stream_id)
    assert stream.incoming is not None
    assert stream.incoming.reset_code == code
    announced = any(isinstance(event, Request) for event in peer.events)
    assert any(isinstance(event, RstStream) for event in peer.events) == announced
    # The connection continues.
    peer.open(section(GET), fin=True)
    peer.settle()
    assert isinstance(peer.events[-2], Request)
    assert peer.judged.open_streams == 1


def test_a_server_opens_no_bidirectional_streams() -> None:
    # RFC 9114 6.1: the client allows none.
    peer = RawPeer(SERVER)
    assert peer.transport.open(False) is None


def test_requests_that_are_given_up_again_and_again() -> None:
    # CVE-2023-44487
    peer = RawPeer(limits=H3Limits(max_stream_resets=20))
    for _ in range(60):
        if peer.error is not None:
            break
        stream = peer.open(section(GET))
        peer.carry()
        peer.streams.reset(stream, Code.H3_REQUEST_CANCELLED)
        peer.carry()
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == Code.H3_EXCESSIVE_LOAD


def test_requests_after_goaway_are_rejected() -> None:
    # RFC 9114 5.2, 4.1.1
    peer = RawPeer()
    peer.open(section(GET), fin=True)
    peer.settle()
    peer.server.shutdown(4)
    late = peer.open(section(GET), fin=True)
    peer.settle()
    assert late.incoming is not None
    assert late.incoming.reset_code == Code.H3_REQUEST_REJECTED


@pytest.mark.parametrize(("asked", "fatal"), [(40, False), (60, True)])
def test_requests_that_crossed_a_goaway_are_no_abuse(asked: int, fatal: bool) -> None:
    # RFC 9114 5.2: requests that the client was allowed to open when the GOAWAY was sent may be in flight. A client
    # that opens more than that has received it.
    peer = RawPeer(limits=H3Limits(max_stream_resets=10, max_concurrent_streams=40))
    open_one = peer.open(section(GET))
    peer.settle()
    peer.server.shutdown(4)
    rejected: list[QuicStream] = []
    while len(rejected) < asked - 1 and peer.error is None:
        rejected.append(peer.open(section(GET), fin=True))
        if len(rejected) % 10 == 0:
            peer.settle()
    peer.settle()
    if fatal:
        assert peer.error is not None
        assert peer.error.error_code == Code.H3_EXCESSIVE_LOAD
        return
    assert peer.error is None
    for stream in rejected:
        assert stream.incoming is not None
        assert stream.incoming.reset_code == Code.H3_REQUEST_REJECTED
    assert open_one.incoming is not None
    assert open_one.incoming.reset_code < 0
