"""A server that breaks the rules of HTTP/3: the client answers each with the exact code (RFC 9114 4 to 8, RFC 9204)."""

import time

import pytest

from tests.http3.test_misbehaving import RawPeer, section
from tests.http3.tls.certificates import identity
from zttp_core import NEED_DATA, RstStream
from zttp_core.errors import RemoteProtocolError
from zttp_h3 import frames
from zttp_h3.codes import H3ErrorCode as Code
from zttp_h3.connection import H3Connection
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.protection.suites import SUITES
from zttp_h3.quic.options import TransportOptions
from zttp_h3.quic.stream import QuicStream
from zttp_h3.quic.transport import Transport, accept
from zttp_h3.settings import write_settings
from zttp_h3.tls.groups import X25519
from zttp_h3.tls.server import ServerParameters
from zttp_h3.wire.packet_header import read_long_header

OK = [(b":status", b"200")]


def asked() -> tuple[RawPeer, QuicStream]:
    """A client that has sent a request, and the server's end of it."""
    peer = RawPeer(SERVER)
    peer.judged.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
    peer.settle()
    return peer, peer.streams.streams[0]


ON_CONTROL = [
    ("SETTINGS again", frames.frame(frames.SETTINGS, b""), Code.H3_FRAME_UNEXPECTED),
    ("DATA", frames.frame(frames.DATA, b""), Code.H3_FRAME_UNEXPECTED),
    ("HEADERS", frames.frame(frames.HEADERS, b""), Code.H3_FRAME_UNEXPECTED),
    ("PUSH_PROMISE", frames.frame(frames.PUSH_PROMISE, b"\x00"), Code.H3_FRAME_UNEXPECTED),
    ("MAX_PUSH_ID", frames.frame(frames.MAX_PUSH_ID, b"\x05"), Code.H3_FRAME_UNEXPECTED),
    ("CANCEL_PUSH", frames.frame(frames.CANCEL_PUSH, b"\x00"), Code.H3_ID_ERROR),
    ("a priority", frames.frame(frames.PRIORITY_UPDATE_REQUEST, b"\x00u=1"), Code.H3_FRAME_UNEXPECTED),
    ("a priority of a push", frames.frame(frames.PRIORITY_UPDATE_PUSH, b"\x00u=1"), Code.H3_FRAME_UNEXPECTED),
    ("GOAWAY of no request", frames.frame(frames.GOAWAY, b"\x05"), Code.H3_ID_ERROR),
    ("GOAWAY raised", frames.frame(frames.GOAWAY, b"\x04") + frames.frame(frames.GOAWAY, b"\x08"), Code.H3_ID_ERROR),
    ("GOAWAY cut short", frames.frame(frames.GOAWAY, b""), Code.H3_FRAME_ERROR),
    ("GOAWAY lowered", frames.frame(frames.GOAWAY, b"\x08") + frames.frame(frames.GOAWAY, b"\x04"), None),
    ("a frame of HTTP/2", frames.frame(0x02, b""), Code.H3_FRAME_UNEXPECTED),
    ("a reserved frame", frames.frame(0x21, bytes(100)), None),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in ON_CONTROL], ids=[row[0] for row in ON_CONTROL])
def test_the_control_stream(data: bytes, code: int | None) -> None:
    peer = RawPeer(SERVER)
    session = peer.peer._session
    assert session is not None
    session.write_control(data)
    peer.settle()
    assert (None if peer.error is None else peer.error.error_code) == code


STREAMS = [
    ("a push stream", b"\x01\x00", Code.H3_ID_ERROR),
    ("a second control stream", b"\x00" + frames.frame(frames.SETTINGS, b""), Code.H3_STREAM_CREATION_ERROR),
    ("an unknown stream", b"\x21" + bytes(50), None),
    ("instructions that are none", b"\x02\x80\x00", Code.QPACK_ENCODER_STREAM_ERROR),
    ("an increment of nothing", b"\x03\x00", Code.QPACK_DECODER_STREAM_ERROR),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS])
def test_unidirectional_streams(data: bytes, code: int | None) -> None:
    peer = RawPeer(SERVER)
    peer.open(data, unidirectional=True)
    peer.settle()
    assert (None if peer.error is None else peer.error.error_code) == code


@pytest.mark.parametrize("kind", [b"\x02", b"\x03"])
@pytest.mark.parametrize("ends", ["end", "reset"])
def test_a_stream_of_qpack_must_not_end(kind: bytes, ends: str) -> None:
    # RFC 9204 4.2
    peer = RawPeer(SERVER)
    stream = peer.open(kind, unidirectional=True)
    peer.settle()
    if ends == "end":
        peer.streams.finish(stream)
    else:
        peer.streams.reset(stream, 0)
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == Code.H3_CLOSED_CRITICAL_STREAM


def told_by_a_raw_server(control: bytes) -> int | None:
    """The code with which a client closes after these first bytes on its server's control stream."""
    now = 1_000_000
    client = H3Connection(CLIENT, server_name="localhost", verify=False)
    server: Transport | None = None
    for turn in range(8):
        now += 1_000
        for datagram in client.data_to_send(now):
            if server is None:
                header = read_long_header(datagram, 0)
                assert header is not None
                parameters = ServerParameters(lambda _: identity(), [b"h3"], list(SUITES), [X25519], None, b"", False)
                ids = (header.destination, header.source, header.version)
                server = accept(TransportOptions(), parameters, now, b"client", None, time.time, *ids)
            server.receive(datagram, now, b"client", None, 0)
        assert server is not None
        if turn == 4:
            stream = server.open(True)
            assert stream is not None
            server.session.streams.write(stream, control)
        for datagram, _, _ in server.datagrams_to_send(now):
            client.receive_datagram(datagram, now, b"server")
        try:
            while client.next_event() is not NEED_DATA:
                pass
        except RemoteProtocolError as error:
            return error.error_code
    return None


def test_the_first_frame_must_be_settings() -> None:
    # RFC 9114 6.2.1, 3.2
    assert told_by_a_raw_server(b"\x00" + frames.frame(frames.GOAWAY, b"\x00")) == Code.H3_MISSING_SETTINGS
    assert told_by_a_raw_server(b"\x00" + frames.frame(0x21, b"")) == Code.H3_MISSING_SETTINGS
    assert told_by_a_raw_server(b"\x00" + frames.frame(frames.SETTINGS, b"")) is None


@pytest.mark.parametrize("settings", [[(2, 0)], [(3, 5)], [(6, 1), (6, 1)], [(8, 2)], [(0x33, 2)]])
def test_settings_that_must_not_be(settings: list[tuple[int, int]]) -> None:
    # RFC 9114 7.2.4.1, RFC 9220 3, RFC 9297 2.1.1
    said = b"\x00" + frames.frame(frames.SETTINGS, write_settings(settings))
    assert told_by_a_raw_server(said) == Code.H3_SETTINGS_ERROR


BREAKING = [
    ("DATA first", frames.frame(frames.DATA, b"x"), Code.H3_FRAME_UNEXPECTED),
    ("SETTINGS", section(OK) + frames.frame(frames.SETTINGS, b""), Code.H3_FRAME_UNEXPECTED),
    ("PUSH_PROMISE", section(OK) + frames.frame(frames.PUSH_PROMISE, b"\x00"), Code.H3_ID_ERROR),
    ("a frame of HTTP/2", section(OK) + frames.frame(0x09, b""), Code.H3_FRAME_UNEXPECTED),
    # RFC 9114 4.1
    ("DATA after trailers", section(OK) + section([(b"a", b"b")]) + frames.frame(0, b"x"), Code.H3_FRAME_UNEXPECTED),
    ("a frame that ends too early", section(OK) + frames.frame_header(frames.DATA, 5) + b"xy", Code.H3_FRAME_ERROR),
    ("a section that cannot be", frames.frame(frames.HEADERS, b"\x00\x00\x80"), Code.QPACK_DECOMPRESSION_FAILED),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in BREAKING], ids=[row[0] for row in BREAKING])
def test_what_breaks_the_connection(data: bytes, code: int) -> None:
    # RFC 9114 7.2.4, 7.2.5
    peer, stream = asked()
    peer.streams.write(stream, data)
    peer.streams.finish(stream)
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == code
    assert peer.transport.session.close.by_peer


MESSAGES = [
    ("no status", section([(b"server", b"x")]), Code.H3_MESSAGE_ERROR),
    ("a status twice", section([*OK, *OK]), Code.H3_MESSAGE_ERROR),
    ("a status that is none", section([(b":status", b"abc")]), Code.H3_MESSAGE_ERROR),
    ("101", section([(b":status", b"101")]), Code.H3_MESSAGE_ERROR),
    ("a method", section([*OK, (b":method", b"GET")]), Code.H3_MESSAGE_ERROR),
    ("a pseudo-field after a field", section([(b"a", b"b"), *OK]), Code.H3_MESSAGE_ERROR),
    ("upper case", section([*OK, (b"Name", b"v")]), Code.H3_MESSAGE_ERROR),
    ("connection", section([*OK, (b"connection", b"close")]), Code.H3_MESSAGE_ERROR),
    ("transfer-encoding", section([*OK, (b"transfer-encoding", b"chunked")]), Code.H3_MESSAGE_ERROR),
    ("too little content", section([*OK, (b"content-length", b"5")]) + frames.frame(0, b"abc"), Code.H3_MESSAGE_ERROR),
    ("too much content", section([*OK, (b"content-length", b"2")]) + frames.frame(0, b"abc"), Code.H3_MESSAGE_ERROR),
    ("content of 204", section([(b":status", b"204")]) + frames.frame(0, b"abc"), Code.H3_MESSAGE_ERROR),
    ("a status in trailers", section(OK) + section(OK), Code.H3_MESSAGE_ERROR),
    ("nothing but 103", section([(b":status", b"103")]), Code.H3_MESSAGE_ERROR),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_what_breaks_a_response_and_nothing_else(data: bytes, code: int) -> None:
    # RFC 9114 4.1.2
    peer, stream = asked()
    peer.streams.write(stream, data)
    peer.streams.finish(stream)
    peer.settle()
    assert peer.error is None
    error = peer.judged.last_stream_error
    assert error is not None
    assert (error.error_code, error.stream_id) == (code, 0)
    assert any(isinstance(event, RstStream) for event in peer.events)
    assert not peer.judged.is_closed()
