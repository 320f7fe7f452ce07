"""The reason of an error is that of its fault: there are few codes, and many faults have the same one."""

from collections.abc import Callable

import pytest

from tests.http3.quic.network import CLIENT as CLIENT_ADDRESS
from tests.http3.quic.test_misbehaving import connected, new_id, sealed, varints
from tests.http3.test_misbehaving import GET, RawPeer, section
from zttp_h3 import frames
from zttp_h3.malformed import Malformed
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.settings import read_settings, write_settings

Act = Callable[[RawPeer], object]


def control(data: bytes) -> Act:
    """The peer writes this on its control stream."""

    def act(peer: RawPeer) -> None:
        session = peer.peer._session
        assert session is not None
        session.write_control(data)

    return act


def control_ends(peer: RawPeer) -> None:
    control(b"")(peer)
    session = peer.peer._session
    assert session is not None
    assert session._control is not None
    peer.streams.finish(session._control)


def request(data: bytes) -> Act:
    return lambda peer: peer.open(data, fin=True)


def one_way(data: bytes) -> Act:
    return lambda peer: peer.open(data, unidirectional=True)


def goaway(number: int) -> bytes:
    return frames.frame(frames.GOAWAY, varints(number))


def allowed_pushes(number: int) -> bytes:
    return frames.frame(frames.MAX_PUSH_ID, varints(number))


OF_HTTP: list[tuple[str, str, int, Act]] = [
    ("a second control stream", "second_critical_stream", CLIENT, one_way(b"\x00")),
    ("the end of the control stream", "critical_stream_closed", CLIENT, control_ends),
    ("a push stream of a client", "push_not_allowed", CLIENT, one_way(b"\x01")),
    ("a push stream of a server", "push_not_allowed", SERVER, one_way(b"\x01")),
    ("a push that is cancelled", "push_id_unknown", CLIENT, control(frames.frame(frames.CANCEL_PUSH, b"\x00"))),
    ("fewer pushes", "push_id_lowered", CLIENT, control(allowed_pushes(5) + allowed_pushes(4))),
    ("a later end", "h3_goaway_raised", CLIENT, control(goaway(4) + goaway(8))),
    ("an end at no request", "goaway_of_no_request", SERVER, control(goaway(1))),
    ("an end with more in it", "h3_frame_truncated", CLIENT, control(frames.frame(frames.GOAWAY, b"\x04\x00"))),
    ("an end with nothing in it", "h3_frame_truncated", CLIENT, control(frames.frame(frames.GOAWAY, b""))),
    ("a large frame", "h3_frame_too_large", CLIENT, control(frames.frame_header(frames.GOAWAY, 16_384))),
    (
        "a priority of no request", "priority_of_no_request", CLIENT,
        control(frames.frame(frames.PRIORITY_UPDATE_REQUEST, b"\x01u=1")),
    ),
    ("an acknowledgment of nothing", "qpack_decoder_stream", CLIENT, one_way(b"\x03\x80")),
    ("a section of no entry", "qpack_decompression", CLIENT, request(frames.frame(frames.HEADERS, b"\x00\x00\x80"))),
    ("half a frame", "h3_frame_truncated", CLIENT, request(section(GET) + frames.frame_header(frames.DATA, 5) + b"xy")),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "role", "act"), [row[1:] for row in OF_HTTP], ids=[row[0] for row in OF_HTTP])
def test_of_an_error_of_http(reason: str, role: int, act: Act) -> None:
    peer = RawPeer(role)
    if role == SERVER:
        peer.client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
        peer.settle()
    act(peer)
    peer.settle()
    assert peer.error is not None
    assert peer.error.reason == reason
    assert type(peer.error.error_code) is int  # in both builds: a member of an enumeration is shown otherwise


def test_of_a_request_that_is_nothing() -> None:
    peer = RawPeer()
    request(b"")(peer)
    peer.settle()
    error = peer.judged.last_stream_error
    assert error is not None
    assert error.reason == "request_incomplete"


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (write_settings([(2, 0)]), "invalid_h3_setting"),
        (write_settings([(6, 1), (6, 1)]), "invalid_h3_setting"),
        (write_settings([(8, 2)]), "invalid_h3_setting"),
        (write_settings([(6, 1)])[:-1], "truncated_settings"),
        (write_settings([(100 + number, 0) for number in range(100)]), "too_many_settings"),
    ],
)
def test_of_settings(encoded: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as raised:
        read_settings(encoded)
    assert raised.value.reason == reason


OF_QUIC = [
    ("no frame", "empty_packet", b""),
    ("an acknowledgment of what was not sent", "acknowledged_unsent", varints(0x02, 1000, 0, 0, 0)),
    ("handshake bytes far ahead", "crypto_buffer_exceeded", varints(0x06, 70_000, 1) + b"x"),
    ("a datagram that was not announced", "datagram_too_large", varints(0x31, 1) + b"x"),
    ("a stream of ours that we did not open", "stream_not_opened", varints(0x08, 1)),
    ("an end to sending of what we only receive on", "receive_only_stream", varints(0x05, 2, 0)),
    ("a stream beyond the limit", "too_many_streams", varints(0x08, 4 * 128)),
    ("a number of streams that cannot be", "stream_count_too_large", varints(0x12, (1 << 60) + 1)),
    ("bytes beyond the limit of a stream", "stream_limit_exceeded", varints(0x0C, 0, 256 * 1024) + b"x"),
    ("bytes after the end", "final_size_changed", varints(0x0B, 0, 2) + b"ab" + varints(0x0E, 0, 2, 1) + b"c"),
    ("a number again with another connection ID", "connection_id_changed", new_id(1)),
    ("a connection ID under two numbers", "connection_id_changed", new_id(8, 8) + new_id(9, 8)),
    (
        "too many connection IDs", "too_many_connection_ids",
        b"".join(new_id(20 + n, 0, bytes((n,)) * 8) for n in range(8)),
    ),
    (
        "connection IDs retired without end", "too_many_retirements",
        b"".join(new_id(20 + n, 20 + n, bytes((n,)) * 8) for n in range(30)),
    ),
    ("the end of a connection ID that was never issued", "connection_id_never_issued", varints(0x19, 99)),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "payload"), [row[1:] for row in OF_QUIC], ids=[row[0] for row in OF_QUIC])
def test_of_an_error_of_quic(reason: str, payload: bytes) -> None:
    network = connected()
    server = network.server
    assert server is not None
    server.receive(sealed(network.client, payload), network.now + 1, CLIENT_ADDRESS, None, 0)
    assert server.session.close.cause == reason
