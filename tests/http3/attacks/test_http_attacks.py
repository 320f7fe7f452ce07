"""Attacks on HTTP/3 and QPACK, and the limit for each, with the CVEs or issues of affected implementations."""

import tracemalloc

import pytest

from tests.http3.h3_pair import Message, Pair
from tests.http3.test_misbehaving import GET, RawPeer, section
from tests.processor_time import assert_linear
from zttp_core import LocalProtocolError, Request, RstStream
from zttp_core.errors import RemoteProtocolError
from zttp_h3 import frames
from zttp_h3.codes import H3ErrorCode as Code
from zttp_h3.limits import H3Limits
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.qpack.encoder import SectionEncoder
from zttp_h3.quic.stream import QuicStream

KIB = 1024


def critical(peer: RawPeer, kind: int) -> QuicStream:
    """The attacker's stream of a type, opened if necessary."""
    session = peer.peer._session
    assert session is not None
    if kind == frames.ENCODER_STREAM:
        if session._encoder_stream is None:
            session._encoder_stream = peer.open(bytes((kind,)), unidirectional=True)
        return session._encoder_stream
    assert session._control is not None
    return session._control


def code_of(peer: RawPeer) -> int | None:
    return None if peer.error is None else peer.error.error_code


def test_a_field_section_that_expands() -> None:
    # quic-go CVE-2025-64702: 16 KiB of references to one long entry are 65 MB of fields.
    peer = RawPeer()
    value = b"v" * 3_900
    insertion = (
        b"\x3f\xe1\x1f" + b"\x41a" + b"\x7f" + bytes(((len(value) - 127) & 0x7F | 0x80, (len(value) - 127) >> 7))
    )
    peer.streams.write(critical(peer, frames.ENCODER_STREAM), insertion + value)
    peer.settle()
    bomb = frames.frame(frames.HEADERS, b"\x02\x00" + b"\x80" * 16_000)
    peer.open(bomb, fin=True)
    tracemalloc.start()
    peer.settle()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 512 * KIB
    assert not any(isinstance(event, Request) for event in peer.events)
    assert peer.error is None
    error = peer.judged.last_stream_error
    assert error is not None
    assert error.error_code == Code.H3_EXCESSIVE_LOAD


def test_a_table_that_the_peer_makes_us_fill() -> None:
    # reference PR 237: our encoder's table is small, even if the peer's SETTINGS allow more.
    encoder = SectionEncoder()
    tracemalloc.start()
    encoder.apply_settings((1 << 30) - 1, (1 << 16) - 1)
    for number in range(2_000):
        for _ in range(2):
            encoder.encode(4 * number, [(b"x-%d" % number, b"v" * 500)])
        encoder.outgoing = b""
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 128 * KIB


def test_requests_that_wait_for_the_table() -> None:
    # RFC 9204 2.1.2: more blocked streams than we allow end the connection; their windows bound the waiting bytes.
    peer = RawPeer()
    for number in range(20):
        peer.open(frames.frame(frames.HEADERS, bytes((100 + number, 0, 0x80))))
        peer.settle()
        if peer.error is not None:
            break
    assert code_of(peer) == Code.QPACK_DECOMPRESSION_FAILED
    assert number == 16


def test_a_head_without_end() -> None:
    peer = RawPeer(limits=H3Limits(max_field_block_bytes=4_096))
    peer.open(frames.frame_header(frames.HEADERS, 1 << 60) + bytes(3_000))
    peer.settle()
    error = peer.judged.last_stream_error
    assert error is not None
    assert error.error_code == Code.H3_EXCESSIVE_LOAD


def test_heads_without_an_end_on_every_stream() -> None:
    # No window bounds heads, which need not end one after the other as in HTTP/2: limits on size and number do.
    limits = H3Limits(
        max_concurrent_streams=32, max_field_block_bytes=8 * KIB, connection_window_size=16 * KIB, max_stream_resets=64
    )
    peer = RawPeer(limits=limits).settle()
    session = peer.judged._session
    assert session is not None
    table = session.transport.session.streams

    def held() -> int:
        streams = [stream.incoming for stream in table.streams.values()]
        return sum(len(piece) for incoming in streams if incoming is not None for piece in incoming._ready)

    before = held()
    opened = [peer.open(frames.frame_header(frames.HEADERS, 8 * KIB) + bytes(8 * KIB - 1)) for _ in range(32)]
    assert peer.transport.open(False) is None
    for _ in range(10):
        peer.settle()
    assert held() - before == 32 * (8 * KIB - 1)
    assert peer.error is None
    for stream in opened:
        peer.streams.reset(stream, Code.H3_REQUEST_CANCELLED)
    peer.settle()
    assert held() == before
    assert peer.error is None
    usual = H3Limits()
    assert usual.max_concurrent_streams * usual.max_field_block_bytes == 8 << 20


def test_time_is_linear_in_the_crumbs_of_a_head() -> None:
    # A packet can have 200 STREAM frames of one byte, and a head can have one for each of its bytes.
    peer = RawPeer(limits=H3Limits(max_field_block_bytes=1 << 20))
    session = peer.judged._session
    assert session is not None
    table = session.transport.session.streams

    def crumble(count: int) -> None:
        sent = peer.open(frames.frame_header(frames.HEADERS, 1 << 20))
        peer.settle()
        received = table.streams[int(sent.stream_id)]
        incoming = received.incoming
        assert incoming is not None
        incoming._ready.extend([b"\0"] * count)
        incoming.received += count
        incoming.highest += count
        table.note_readable(received)
        peer.settle()
        assert len(incoming._ready) == 1  # they were joined, and wait for the rest

    assert_linear(crumble, 16_000, 256_000)


@pytest.mark.parametrize("kind", [frames.DATA, 0x21])
def test_a_frame_of_four_exabytes(kind: int) -> None:
    # No memory is allocated for the announced length of a frame.
    peer = RawPeer()
    tracemalloc.start()
    stream = peer.open(section(GET) + frames.frame_header(kind, (1 << 62) - 1) + bytes(1_000))
    for _ in range(20):
        peer.streams.write(stream, bytes(10_000))
        peer.settle()
        peer.events.clear()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert peer.error is None
    assert kept < 256 * KIB


def test_requests_given_up_by_both_signs() -> None:
    # CVE-2023-44487: RESET_STREAM and STOP_SENDING count the same.
    peer = RawPeer(limits=H3Limits(max_stream_resets=20))
    asked = 0
    while peer.error is None and asked < 60:
        stream = peer.open(section(GET), fin=True)
        asked += 1
        peer.carry()
        peer.streams.stop(stream, Code.H3_REQUEST_CANCELLED)
        peer.carry()
        peer.carry()
    assert code_of(peer) == Code.H3_EXCESSIVE_LOAD
    assert asked <= 25


HEAD_OF_200 = len(section([(b":status", b"200")]))


@pytest.mark.parametrize(
    ("window", "counts"),
    [(0, True), (HEAD_OF_200, True), (HEAD_OF_200 + 1, False)],
    ids=["none", "the head", "content"],
)
def test_requests_given_up_while_they_are_answered(window: int, counts: bool) -> None:
    # Event streams that are left do not count. They do where the windows leave no room for what was answered.
    pair = Pair(
        begin_to_answer,
        client={"transport_params": {"initial_max_stream_data_bidi_local": window}},
        server={"limits": H3Limits(max_stream_resets=5)},
    )
    pair.errors[CLIENT] = RemoteProtocolError("it reads nothing, and returns no credit")
    asked = 0
    while SERVER not in pair.errors and asked < 10:
        number = pair.request()
        asked += 1
        pair.wait(0.1)
        pair.client.stream(number).reset()
        pair.wait(0.1)
    assert asked == (6 if counts else 10)


def begin_to_answer(pair: Pair, stream_id: int, message: Message) -> None:
    stream = pair.server.stream(stream_id)
    stream.send_response(200)
    stream.send_data(b"data: 1\n\n")


def test_requests_that_are_refused_count_too() -> None:
    peer = RawPeer(limits=H3Limits(max_stream_resets=20))
    asked = 0
    while peer.error is None and asked < 60:
        peer.open(section([(b"bad name", b"")]), fin=True)
        asked += 1
        peer.carry()
        peer.carry()
    assert code_of(peer) == Code.H3_EXCESSIVE_LOAD
    assert asked <= 25


def test_priorities_of_requests_that_never_come() -> None:
    peer = RawPeer()
    for number in range(400):
        stream = critical(peer, frames.CONTROL_STREAM)
        payload = frames.frame(frames.PRIORITY_UPDATE_REQUEST, b"\x40" + bytes((4 * (number % 60),)) + b"u=1")
        peer.streams.write(stream, payload)
        if number % 20 == 0:
            peer.settle()
    peer.settle()
    assert peer.error is None
    session = peer.judged._session
    assert session is not None
    assert len(session.transport.session.streams.streams) < 12


def test_a_peer_that_never_hears_qpack() -> None:
    # A client that sends field sections, and gives no credit for their acknowledgments.
    peer = RawPeer()
    session = peer.judged._session
    assert session is not None
    peer.open(section(GET), fin=True)
    peer.settle()
    session.decoder.outgoing = bytes(70_000)
    session._decoder_stream = None
    session.transport.session.streams.counts._local_limit[1] = 0
    peer.open(section(GET), fin=True)
    peer.settle()
    assert code_of(peer) == Code.H3_EXCESSIVE_LOAD


def test_unknown_streams_without_end() -> None:
    # RFC 9114 6.2: they are not an error, and cost nothing after they are stopped.
    peer = RawPeer()
    for _ in range(60):
        if peer.transport.session.streams.can_open(True):
            peer.open(b"\x40\x21" + bytes(3_000), unidirectional=True, fin=True)
        peer.settle()
    assert peer.error is None
    session = peer.judged._session
    assert session is not None
    assert len(session.transport.session.streams.streams) < 12
    peer.open(section(GET), fin=True)
    peer.settle()
    assert any(isinstance(event, Request) for event in peer.events)
    assert not any(isinstance(event, RstStream) for event in peer.events)


def test_an_answer_that_nobody_reads_is_bounded() -> None:
    # Slow readers: the content that an application may queue for them has a limit, and it gets an error.
    peer = RawPeer(limits=H3Limits(max_blocked_bytes=100_000))
    peer.open(section(GET), fin=True)
    peer.settle()
    stream = peer.server.stream(0)
    stream.send_response(200)
    with pytest.raises(Exception, match="max_blocked_bytes"):
        for _ in range(100):
            stream.send_data(bytes(10_000))
    assert stream.pending_bytes is not None
    assert stream.pending_bytes <= 110_000


def test_a_single_answer_that_nobody_reads_is_bounded() -> None:
    peer = RawPeer(limits=H3Limits(max_blocked_bytes=100_000))
    peer.open(section(GET), fin=True)
    peer.settle()
    stream = peer.server.stream(0)
    stream.send_response(200)
    before = stream.pending_bytes
    for size in (100_001, 200_000, 10_000_000):
        with pytest.raises(LocalProtocolError) as caught:
            stream.send_data(bytes(size))
        assert (caught.value.reason, caught.value.stream_id) == ("too_much_blocked", 0)
        assert stream.pending_bytes == before
    stream.send_data(bytes(99_000))
