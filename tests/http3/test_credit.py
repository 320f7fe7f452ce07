"""Credit for received bytes is returned once, whatever happens to their streams (RFC 9000 4)."""

import random
from typing import Any

import pytest

from tests.http3.h3_pair import Message, Pair
from tests.http3.quic.network import Network
from zttp_h3.connection import H3Connection
from zttp_h3.limits import H3Limits
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.quic import stream_frames
from zttp_h3.quic.session import Session

SMALL = H3Limits(initial_window_size=8_000, connection_window_size=20_000, max_connection_window=20_000)


def session_of(side: H3Connection) -> Session:
    assert side._session is not None
    return side._session.transport.session


def assert_conserved(session: Session) -> None:
    """All received bytes are consumed, or held by an open stream."""
    streams = session.streams
    held = sum(
        int(stream.incoming.highest - stream.incoming.consumed)
        for stream in streams.streams.values()
        if stream.incoming is not None
    )
    assert all(s.incoming.consumed <= s.incoming.highest for s in streams.streams.values() if s.incoming is not None)
    assert streams.receiving.window.consumed + held == streams.receiving.received


def held_elsewhere(session: Session, number: int) -> int:
    """Bytes received on all streams but one."""
    return sum(int(s.incoming.highest) for n, s in session.streams.streams.items() if s.incoming and n != number)


def manual(**options: Any) -> Pair:
    given: dict[str, Any] = {"limits": SMALL, "auto_credit": False}
    return Pair(client=given, server=given, **options)


def pulled(pair: Pair, side: H3Connection, number: int) -> int:
    table = pair.requests if side is pair.server else pair.responses
    return len(table[number].content) if number in table else 0


@pytest.mark.parametrize("seed", range(20))
def test_credit_is_conserved_over_any_schedule(seed: int) -> None:
    chance = random.Random(seed)

    def answer(pair: Pair, stream_id: int, message: Message) -> None:
        stream = pair.server.stream(stream_id)
        stream.send_response(200, [])
        stream.send_data(bytes(chance.randrange(15_000)))
        if chance.random() < 0.8:
            stream.end_message()

    pair = manual(answer=answer, seed=seed, loss=0.05, jitter=10_000)
    pair.wait(1)
    consumed: dict[tuple[int, int], int] = {}
    numbers: list[int] = []
    for _ in range(400):
        action = chance.random()
        number = chance.choice(numbers) if numbers else -1
        if action < 0.1 and len(numbers) < 25 and pair.client.can_open_stream:
            numbers.append(pair.request(b"POST", b"/", bytes(chance.randrange(15_000))))
        elif number >= 0 and action < 0.5:
            side = chance.choice((pair.client, pair.server))
            key = (int(side.role), number)
            left = pulled(pair, side, number) - consumed.get(key, 0)
            size = chance.randrange(left + 1)
            if number in session_of(side).streams.streams:
                side.consume_data(number, size)
                consumed[key] = consumed.get(key, 0) + size
        elif number >= 0 and action < 0.54 and number in pair.requests:
            chance.choice((pair.client, pair.server)).stream(number).reset()
        else:
            pair.wait(chance.random() * 0.05)
        for side in (pair.client, pair.server):
            assert_conserved(session_of(side))
    assert not pair.errors
    for number in numbers:
        pair.client.stream(number).reset()
    pair.loss = 0.0
    pair.wait(20)
    for side in (pair.client, pair.server):
        assert side.open_streams == 0
        assert_conserved(session_of(side))
        receiving = session_of(side).streams.receiving
        assert receiving.window.consumed == receiving.received
    # All credit has been returned: a request of the whole window succeeds.
    number = pair.request(b"POST", b"/", bytes(7_900))
    pair.run(until=lambda: number in pair.requests and len(pair.requests[number].content) == 7_900)


@pytest.mark.parametrize("end", ["end", "reset", "stop"])
def test_what_an_end_leaves_unconsumed_returns_to_the_connection(end: str) -> None:
    # RFC 9000 4.5: a stream that has ended holds no credit of the connection.
    def answer(pair: Pair, stream_id: int, message: Message) -> None:
        pair.server.stream(stream_id).send_response(204, [], end_stream=True)

    pair = manual(answer=answer)
    for _ in range(10):  # five windows of the connection
        stream = pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")])
        number = int(stream.stream_id)
        stream.send_data(bytes(7_000))
        while pulled(pair, pair.server, number) < 7_000:
            assert pair.step()
        if end == "end":
            stream.end_message()
        elif end == "reset":
            stream.reset()
        else:
            pair.server.stream(number).reset()
        pair.run(until=lambda: pair.server.open_streams == 0)
    assert_conserved(session_of(pair.server))


def test_a_head_needs_no_more_credit_than_it_gets() -> None:
    # Windows bound content (``H3Limits``), the limits of a field section bound heads: also several incomplete ones.
    long = [(b"x-%d" % number, b"~" * 1_000) for number in range(6)]

    def answer(pair: Pair, stream_id: int, message: Message) -> None:
        pair.server.stream(stream_id).send_response(200, long)
        pair.server.stream(stream_id).end_message(long)

    narrow = H3Limits(initial_window_size=1_000, connection_window_size=1_500, max_connection_window=1_500)
    given: dict[str, Any] = {"limits": narrow, "auto_credit": False}
    pair = Pair(answer=answer, client=given, server=given)
    numbers = [pair.request(headers=[*long, (b"priority", b"i")]) for _ in range(4)]
    pair.run()
    for number in numbers:
        assert set(long) <= set(pair.requests[number].head.headers)
        assert pair.responses[number].trailers == long
    for side in (pair.client, pair.server):
        assert_conserved(session_of(side))
        assert session_of(side).streams.receiving.window.consumed == session_of(side).streams.receiving.received


def test_credit_given_up_is_not_given_again() -> None:
    # The application consumes what it has pulled after the peer has reset the stream.
    pair = manual()
    stream = pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")])
    number = int(stream.stream_id)
    stream.send_data(bytes(5_000))
    pair.run(until=lambda: pulled(pair, pair.server, number) == 5_000)
    transport = session_of(pair.server)
    sent = int(transport.streams.receiving.received) - held_elsewhere(transport, number)
    stream_frames.on_reset(transport.streams, number, 0x10C, sent)
    pair.server.consume_data(number, 5_000)
    assert transport.streams.receiving.window.consumed <= transport.streams.receiving.received
    assert_conserved(transport)


def test_a_stream_that_is_not_read_ends_without_a_reset() -> None:
    # RFC 9000 3.5: STOP_SENDING may come when all was sent and acknowledged, and is not answered then.
    network = Network().run()
    server = network.server
    assert server is not None
    network.reading = False
    stream = network.client.open(False)
    assert stream is not None
    network.client.session.streams.write(stream, bytes(900))
    network.run()
    theirs = server.session.streams.streams[0]
    network.client.session.streams.write(stream, bytes(900))
    network.client.session.streams.finish(stream)
    network.flush()  # in flight
    server.session.streams.stop(theirs, 0x10C)
    assert theirs.stop is not None
    theirs.stop.dropped = True  # as if it were always lost
    network.run()
    assert theirs.incoming_done
    assert_conserved(server.session)
    assert server.session.streams.receiving.window.consumed == 1_800


def test_a_stream_ahead_of_the_limit_is_given_up_in_silence() -> None:
    # RFC 9000 4.6, 19.4: neither RESET_STREAM nor STOP_SENDING may name a stream that the peer does not allow yet.
    pair = Pair(server={"limits": H3Limits(max_concurrent_streams=2)})
    numbers = [pair.request(b"POST", b"/%d" % n, b"x") for n in range(6)]
    for number in numbers[3:]:
        pair.client.stream(number).reset()
    pair.run(until=lambda: all(pair.responses[number].trailers is not None for number in numbers[:3]))
    pair.wait(1)
    assert not pair.errors
    assert not pair.server.is_closed()
    assert pair.server.open_streams == 0
    assert pair.client.role == CLIENT
    assert pair.server.role == SERVER


def test_a_stream_that_waits_for_its_limit_says_so_once() -> None:
    # RFC 9000 4.1
    def answer(pair: Pair, stream_id: int, _message: Message) -> None:
        stream = pair.server.stream(stream_id)
        stream.send_response(200, [])
        stream.send_data(bytes(30_000))

    told: list[int] = []

    def note(event: dict[str, Any]) -> None:
        if event["name"] == "quic:packet_received":
            frames = event["data"]["frames"]
            told.extend(frame["limit"] for frame in frames if frame["frame_type"] == "stream_data_blocked")

    pair = Pair(answer, client={"limits": SMALL, "auto_credit": False, "qlog": note})
    number = pair.request()
    pair.wait(1)
    assert told == [8_000]
    pair.client.consume_data(number, pulled(pair, pair.client, number))
    pair.wait(1)
    assert len(told) == 2
    assert told[1] > 8_000


@pytest.mark.parametrize(
    ("blocked", "window", "resets"),
    [("stream_data_blocked", 20_000, True), ("stream_data_blocked", 20_000, False), ("data_blocked", 5_000, False)],
)
def test_what_waits_no_longer_does_not_say_so_again(blocked: str, window: int, resets: bool) -> None:
    # RFC 9000 3.3 MUST NOT: after RESET_STREAM; 13.3: only while it is blocked. The packet that said so is lost.
    def answer(pair: Pair, stream_id: int, _message: Message) -> None:
        stream = pair.server.stream(stream_id)
        stream.send_response(200, [])
        stream.send_data(bytes(9_000))

    told: list[str] = []

    def note(event: dict[str, Any]) -> None:
        if event["name"] == "quic:packet_sent":
            told.extend(frame["frame_type"] for frame in event["data"]["frames"])

    limits = H3Limits(initial_window_size=8_000, connection_window_size=window, max_connection_window=20_000)
    pair = Pair(answer, client={"limits": limits, "auto_credit": False}, server={"qlog": note})
    number = pair.request()
    pair.run(until=lambda: number in pair.requests)
    pair.flush()
    assert told[-1] == blocked
    pair._queue.sort()
    pair._queue.pop()
    told.clear()
    if resets:
        pair.server.stream(number).reset()
    else:
        pair.run(until=lambda: pulled(pair, pair.client, number) > 4_000)
        pair.client.consume_data(number, pulled(pair, pair.client, number))
    pair.wait(1)
    assert ("reset_stream" if resets else "stream") in told
    assert blocked not in told


def test_a_stream_that_was_reset_is_not_stopped_again() -> None:
    # RFC 9000 13.3: STOP_SENDING is sent until "Reset Recvd"; the packet that had it is lost.
    told: list[str] = []

    def note(event: dict[str, Any]) -> None:
        if event["name"] == "quic:packet_sent":
            told.extend(frame["frame_type"] for frame in event["data"]["frames"])

    network = Network(client_options={"qlog": note}).run()
    client, server = network.client.session.streams, network.server
    stream = network.client.open(False)
    assert stream is not None
    client.write(stream, b"question")
    network.run()
    client.stop(stream, 7)
    network.client.datagrams_to_send(network.now)
    assert told[-1] == "stop_sending"
    assert server is not None
    server.session.streams.reset(server.session.streams.streams[0], 9)
    network.run()
    assert told.count("stop_sending") == 1
