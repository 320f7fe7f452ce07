"""Clauses of RFC 9114 and RFC 9204 one by one, violated by a client: the exact code."""

import pytest

from tests.http3.test_misbehaving import GET, RawPeer, section
from zttp_core import Request
from zttp_h3 import frames
from zttp_h3.codes import H3ErrorCode as Code
from zttp_h3.options import CLIENT, SERVER

ENCODER = b"\x02"
DECODER = b"\x03"
CONNECT = [(b":method", b"CONNECT"), (b":authority", b"localhost:443")]
UNEXPECTED = Code.H3_FRAME_UNEXPECTED


def without(*names: bytes) -> list[tuple[bytes, bytes]]:
    return [field for field in GET if field[0] not in names]


ON_REQUESTS = [
    ("RFC 9114 7.2.3: CANCEL_PUSH", section(GET) + frames.frame(frames.CANCEL_PUSH, b"\x00"), UNEXPECTED),
    ("RFC 9114 7.2.6: GOAWAY", section(GET) + frames.frame(frames.GOAWAY, b"\x00"), UNEXPECTED),
    ("RFC 9114 7.2.7: MAX_PUSH_ID", section(GET) + frames.frame(frames.MAX_PUSH_ID, b"\x00"), UNEXPECTED),
    ("RFC 9114 7.2.8: PRIORITY of HTTP/2", section(GET) + frames.frame(0x02, b""), UNEXPECTED),
    ("RFC 9114 7.2.8: PING of HTTP/2", frames.frame(0x06, b""), UNEXPECTED),
    ("RFC 9114 7.2.8: CONTINUATION of HTTP/2", section(GET) + frames.frame(0x09, b""), UNEXPECTED),
    ("RFC 9114 4.4: trailers in a tunnel", section(CONNECT) + section([(b"a", b"b")]), UNEXPECTED),
    ("RFC 9218 7.2: PRIORITY_UPDATE", section(GET) + frames.frame(frames.PRIORITY_UPDATE_REQUEST, b"\0"), UNEXPECTED),
    ("RFC 9204 3.1: a static entry that is not", frames.frame(1, b"\0\0\xff\x24"), Code.QPACK_DECOMPRESSION_FAILED),
    ("RFC 9204 4.5.1.1: a count that cannot be", frames.frame(1, b"\xff\x02\0"), Code.QPACK_DECOMPRESSION_FAILED),
    ("RFC 9204 4.5.1.2: a base below zero", frames.frame(1, b"\0\x80\x80"), Code.QPACK_DECOMPRESSION_FAILED),
    ("RFC 9204 2.2.3: an entry beyond the count", frames.frame(1, b"\0\0\x10"), Code.QPACK_DECOMPRESSION_FAILED),
    ("RFC 9204 4.5: a prefix cut short", frames.frame(1, b"\0"), Code.QPACK_DECOMPRESSION_FAILED),
    ("RFC 9204 4.5: no prefix", frames.frame(1, b""), Code.QPACK_DECOMPRESSION_FAILED),
    ("RFC 9204 4.1.2: a string cut short", frames.frame(1, b"\0\0\x51\x05a"), Code.QPACK_DECOMPRESSION_FAILED),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in ON_REQUESTS], ids=[row[0] for row in ON_REQUESTS])
def test_on_a_request_stream(data: bytes, code: int) -> None:
    # RFC 9204 2.2.1
    peer = RawPeer()
    peer.open(data)
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == code


ON_CONTROL = [
    ("RFC 9114 7.1: CANCEL_PUSH of nothing", frames.frame(frames.CANCEL_PUSH, b""), Code.H3_FRAME_ERROR),
    ("RFC 9114 7.1: CANCEL_PUSH with more in it", frames.frame(frames.CANCEL_PUSH, b"\0\0"), Code.H3_FRAME_ERROR),
    ("RFC 9114 7.1: MAX_PUSH_ID of nothing", frames.frame(frames.MAX_PUSH_ID, b""), Code.H3_FRAME_ERROR),
    ("RFC 9114 7.1: MAX_PUSH_ID with more in it", frames.frame(frames.MAX_PUSH_ID, b"\0\0"), Code.H3_FRAME_ERROR),
    ("RFC 9114 7.1: GOAWAY of nothing", frames.frame(frames.GOAWAY, b""), Code.H3_FRAME_ERROR),
    ("RFC 9114 7.1: GOAWAY cut short", frames.frame(frames.GOAWAY, b"\x40"), Code.H3_FRAME_ERROR),
    ("RFC 9114 7.2.8: PRIORITY of HTTP/2", frames.frame(0x02, b""), UNEXPECTED),
    ("RFC 9114 7.2.8: WINDOW_UPDATE of HTTP/2", frames.frame(0x08, b""), UNEXPECTED),
    ("RFC 9114 7.2.8: CONTINUATION of HTTP/2", frames.frame(0x09, b""), UNEXPECTED),
    ("RFC 9218 7.2: a priority of nothing", frames.frame(frames.PRIORITY_UPDATE_REQUEST, b""), Code.H3_FRAME_ERROR),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in ON_CONTROL], ids=[row[0] for row in ON_CONTROL])
@pytest.mark.parametrize("role", ["client", "server"])
def test_on_the_control_stream(data: bytes, code: int, role: str) -> None:
    # RFC 9114 10.8
    peer = RawPeer() if role == "client" else RawPeer(SERVER)
    session = peer.peer._session
    assert session is not None
    session.write_control(data)
    peer.settle()
    assert peer.error is not None
    # RFC 9114 7.2.7, RFC 9218 7.2: a server sends neither, with any content.
    of_a_client = data[:1] == b"\x0d" or data[:1] == b"\x80"
    assert peer.error.error_code == (UNEXPECTED if role == "server" and of_a_client else code)


INSTRUCTIONS = [
    ("RFC 9204 3.1: a static name that is not", ENCODER + b"\xff\x24\0", Code.QPACK_ENCODER_STREAM_ERROR),
    ("RFC 9204 3.2.3: a capacity above the limit", ENCODER + b"\x3f\xe2\x1f", Code.QPACK_ENCODER_STREAM_ERROR),
    ("RFC 9204 3.2.2: an entry without capacity", ENCODER + b"\x41a\x01b", Code.QPACK_ENCODER_STREAM_ERROR),
    ("RFC 9204 3.2.4: an entry of no name", ENCODER + b"\x80\0", Code.QPACK_ENCODER_STREAM_ERROR),
    ("RFC 9204 4.3.4: a copy of nothing", ENCODER + b"\0", Code.QPACK_ENCODER_STREAM_ERROR),
    ("RFC 9204 4.4.1: a section that was never sent", DECODER + b"\x80", Code.QPACK_DECODER_STREAM_ERROR),
    ("RFC 9204 4.4.3: an increment of nothing", DECODER + b"\0", Code.QPACK_DECODER_STREAM_ERROR),
    ("RFC 9204 4.4.3: an increment beyond what was sent", DECODER + b"\x01", Code.QPACK_DECODER_STREAM_ERROR),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in INSTRUCTIONS], ids=[row[0] for row in INSTRUCTIONS])
def test_on_the_streams_of_qpack(data: bytes, code: int) -> None:
    # RFC 9204 4.3.1
    peer = RawPeer()
    peer.open(data, unidirectional=True)
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == code


def test_the_cancellation_of_a_stream_that_nobody_knows_is_nothing() -> None:
    # RFC 9204 2.2.2.2
    peer = RawPeer()
    # RFC 9204 4.1.1 MUST: of any number of 62 bits.
    largest = b"\x7f" + b"\xc0" + b"\xff" * 7 + b"\x3f"
    peer.open(DECODER + b"\x7f\x21" + largest, unidirectional=True)
    assert peer.settle().error is None


def test_more_blocked_streams_than_were_allowed() -> None:
    # RFC 9204 2.1.2 MUST
    peer = RawPeer()
    for _ in range(17):
        peer.open(frames.frame(frames.HEADERS, b"\x02\0\x80"))
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == Code.QPACK_DECOMPRESSION_FAILED


@pytest.mark.parametrize("kind", [0, 2, 3])
@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_critical_stream_is_never_closed(kind: int, how: str) -> None:
    # RFC 9114 6.2.1, RFC 9204 4.2 MUST
    peer = RawPeer()
    session = peer.peer._session
    assert session is not None
    session.start()
    peer.settle()
    stream = session._control if kind == 0 else peer.open(bytes((kind,)), unidirectional=True)
    assert stream is not None
    peer.settle()
    if how == "end":
        peer.streams.finish(stream)
    else:
        peer.streams.reset(stream, Code.H3_NO_ERROR)
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == Code.H3_CLOSED_CRITICAL_STREAM


@pytest.mark.parametrize("role", [CLIENT, SERVER])
@pytest.mark.parametrize("kind", ["_control", "_encoder_stream", "_decoder_stream"])
@pytest.mark.parametrize("late", [False, True])
def test_nobody_asks_for_the_end_of_a_critical_stream(role: int, kind: str, late: bool) -> None:
    # RFC 9114 6.2.1, RFC 9204 4.2 MUST NOT: before or after our reset has arrived.
    peer = RawPeer(role)
    judged = peer.judged._session
    assert judged is not None
    judged.start()
    judged.encoder.outgoing = b"\x20"  # a capacity of 0
    judged.decoder.outgoing = b"\x7f\x21"  # a stream that is cancelled
    judged.flush_qpack()
    peer.settle()
    stream = getattr(judged, kind)
    theirs = peer.transport.session.streams.streams[int(stream.stream_id)]
    peer.streams.stop(theirs, Code.H3_NO_ERROR)
    if late:
        peer.carry(pull=False)
        peer.carry(pull=False)
        peer.now += 100_000
        peer.peer.handle_timeout(peer.now)  # the delayed acknowledgment
        peer.carry(pull=False)
        peer.carry(pull=False)
    assert stream.is_over() is late
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == Code.H3_CLOSED_CRITICAL_STREAM


@pytest.mark.parametrize("role", [CLIENT, SERVER])
def test_what_would_be_said_on_a_critical_stream_that_was_stopped(role: int) -> None:
    # RFC 9114 6.2.1: the application may send before it pulls the peer's events.
    peer = RawPeer(role)
    judged = peer.judged._session
    assert judged is not None
    judged.start()
    peer.settle()
    assert judged._control is not None
    theirs = peer.transport.session.streams.streams[int(judged._control.stream_id)]
    peer.streams.stop(theirs, Code.H3_NO_ERROR)
    peer.carry(pull=False)
    judged.write_control(frames.frame(0x21, b""))
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == Code.H3_CLOSED_CRITICAL_STREAM


@pytest.mark.parametrize("role", [CLIENT, SERVER])
def test_a_stream_that_means_nothing_may_be_refused(role: int) -> None:
    # RFC 9114 6.2.3
    peer = RawPeer(role)
    judged = peer.judged._session
    assert judged is not None
    stream = judged.transport.open(True)
    assert stream is not None
    judged.transport.session.streams.write(stream, b"\x21nothing")
    peer.settle()
    peer.streams.stop(peer.transport.session.streams.streams[int(stream.stream_id)], Code.H3_STREAM_CREATION_ERROR)
    assert peer.settle().error is None
    assert not peer.judged.is_closed()


MESSAGES = [
    ("RFC 9114 4.2: te: gzip", [*GET, (b"te", b"gzip")]),
    ("RFC 9114 4.2: keep-alive", [*GET, (b"keep-alive", b"5")]),
    ("RFC 9114 4.2: proxy-connection", [*GET, (b"proxy-connection", b"close")]),
    ("RFC 9114 4.2: upgrade", [*GET, (b"upgrade", b"websocket")]),
    ("RFC 9114 4.2: transfer-encoding", [*GET, (b"transfer-encoding", b"chunked")]),
    ("RFC 9114 4.2: a name with a space", [*GET, (b"a b", b"c")]),
    ("RFC 9114 10.3: CR in a value", [*GET, (b"a", b"b\rc")]),
    ("RFC 9114 10.3: LF in a value", [*GET, (b"a", b"b\nc")]),
    ("RFC 9114 10.3: NUL in a value", [*GET, (b"a", b"b\0c")]),
    ("RFC 9114 10.3: LF in a path", [*without(b":path"), (b":path", b"/\n")]),
    ("RFC 9114 10.3: NUL in an authority", [*without(b":authority"), (b":authority", b"local\0host")]),
    ("RFC 9114 4.3: a pseudo-field that nobody knows", [*GET, (b":other", b"x")]),
    ("RFC 9114 4.3: a pseudo-field behind a field", [*without(b":path"), (b"a", b"b"), (b":path", b"/")]),
    ("RFC 9114 4.3: a pseudo-field of responses", [*GET, (b":status", b"200")]),
    ("RFC 9114 4.3.1: no scheme", without(b":scheme")),
    ("RFC 9114 4.3.1: no path", without(b":path")),
    ("RFC 9114 4.3.1: no method", without(b":method")),
    ("RFC 9114 4.3.1: neither authority nor host", without(b":authority")),
    ("RFC 9114 4.3.1: an empty host", [*without(b":authority"), (b"host", b"")]),
    ("RFC 9114 4.3.1: two authorities", [*GET, (b":authority", b"localhost")]),
    ("RFC 9114 4.3.1: two paths", [*GET, (b":path", b"/")]),
    ("RFC 9114 4.3.1: two schemes", [*GET, (b":scheme", b"https")]),
    ("RFC 9114 4.3.1: an empty path", [*without(b":path"), (b":path", b"")]),
    ("RFC 9114 4.3.1: userinfo", [*without(b":authority"), (b":authority", b"user@localhost")]),
    ("RFC 9114 4.4: CONNECT with a path", [*CONNECT, (b":path", b"/")]),
    ("RFC 9114 4.4: CONNECT with a scheme", [*CONNECT, (b":scheme", b"https")]),
    ("RFC 9114 4.4: CONNECT to nobody", CONNECT[:1]),
    ("RFC 9220 3: a protocol that was not allowed", [*without(b":method"), CONNECT[0], (b":protocol", b"websocket")]),
    ("RFC 9220 3: a protocol of another method", [*GET, (b":protocol", b"websocket")]),
    ("RFC 9114 4.1.2: two lengths", [*GET, (b"content-length", b"0"), (b"content-length", b"1")]),
    ("RFC 9114 4.1.2: a length that is none", [*GET, (b"content-length", b"x")]),
    ("RFC 9114 4.1.2: a length below zero", [*GET, (b"content-length", b"-1")]),
]


@pytest.mark.parametrize("fields", [row[1] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_a_malformed_request_ends_its_stream_alone(fields: list[tuple[bytes, bytes]]) -> None:
    # RFC 9114 4.1.2 MUST
    peer = RawPeer()
    stream = peer.open(section(fields), fin=True)
    peer.settle()
    assert peer.error is None
    assert stream.incoming is not None
    assert stream.incoming.reset_code == Code.H3_MESSAGE_ERROR
    assert not any(isinstance(event, Request) for event in peer.events)
    assert not peer.judged.is_closed()


# :method GET, :scheme https, :path / and :authority localhost.
HEAD = b"\xd1\xd7\xc1\x50\x09localhost"


@pytest.mark.parametrize("line", [b"\x20\x01a", b"\x28\x01a", b"\x30\x00"], ids=["plain", "coded", "never indexed"])
@pytest.mark.parametrize("where", ["head", "trailers"])
def test_a_name_of_no_characters_ends_its_stream_alone(line: bytes, where: str) -> None:
    # RFC 9114 4.1.2, 10.3 MUST: the message is malformed, not its compression.
    peer = RawPeer()
    if where == "head":
        stream = peer.open(frames.frame(frames.HEADERS, b"\0\0" + HEAD + line))
    else:
        head = frames.frame(frames.HEADERS, b"\0\0" + HEAD)
        stream = peer.open(head + frames.frame(frames.HEADERS, b"\0\0" + line))
    peer.settle()
    assert peer.error is None
    assert stream.incoming is not None
    assert stream.incoming.reset_code == Code.H3_MESSAGE_ERROR
    peer.open(section(GET))
    peer.settle()
    assert [event.target for event in peer.events if isinstance(event, Request)][-1] == b"/"


def test_a_name_of_no_characters_that_had_to_wait() -> None:
    # RFC 9114 10.3 MUST: as above, in a section that waits for the table, which later sections use.
    peer = RawPeer()
    late = peer.open(frames.frame(frames.HEADERS, b"\x02\x00" + HEAD + b"\x80\x20\x01a"))
    good = peer.open(frames.frame(frames.HEADERS, b"\x02\x00" + HEAD + b"\x80"))
    peer.settle()
    peer.open(ENCODER + b"\x3f\xe1\x1f\x41a\x01b", unidirectional=True)
    peer.settle()
    assert peer.error is None
    assert late.incoming is not None
    assert late.incoming.reset_code == Code.H3_MESSAGE_ERROR
    [request] = [event for event in peer.events if isinstance(event, Request)]
    assert (request.stream_id, request.headers[-1]) == (good.stream_id, (b"a", b"b"))


def test_what_is_broken_beside_an_empty_name_breaks_the_connection() -> None:
    # RFC 9204 2.2.3 MUST
    peer = RawPeer()
    peer.open(frames.frame(frames.HEADERS, b"\0\0" + HEAD + b"\x20\x01a\x80"))
    peer.settle()
    assert peer.error is not None
    assert peer.error.error_code == Code.QPACK_DECOMPRESSION_FAILED


def test_what_is_reserved_is_ignored() -> None:
    # RFC 9114 7.2.8, 9 MUST: anywhere between frames, at any length.
    peer = RawPeer()
    reserved = frames.frame(0x21 + 0x1F * 7, bytes(3_000))
    data = reserved + section(GET) + reserved + frames.frame(0, b"x") + reserved + section([(b"a", b"b")]) + reserved
    peer.open(data, fin=True)
    peer.settle()
    assert peer.error is None
    [request] = [event for event in peer.events if isinstance(event, Request)]
    assert request.target == b"/"
