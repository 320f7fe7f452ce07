"""Budgets count what costs without progress: what honest peers do, for however long, is no flood (RFC 9113 10.5)."""

import pytest

import zttp
from tests.http2.helpers import (
    ACK,
    DATA,
    END_STREAM,
    GET,
    HOST,
    PING,
    POST,
    SETTINGS,
    Pair,
    feed,
    frame,
    headers,
    limits,
    rst_stream,
    sent,
    server,
    settings,
    window_update,
)

FEW = limits(max_control_frames=10, max_stream_resets=10)
ANSWER = frame(PING, ACK, 0, bytes(8))


def test_answers_to_our_pings_are_none() -> None:
    connection = server(limits=FEW)
    for _ in range(100):
        connection.ping()
    feed(connection, ANSWER * 100)
    with pytest.raises(zttp.RemoteProtocolError, match="max_control_frames"):
        feed(connection, ANSWER * 11)


def test_acknowledgments_of_our_settings_are_none() -> None:
    connection = server(frame(SETTINGS, ACK), limits=FEW)
    for number in range(100):
        connection.update_settings({3: number})
    feed(connection, frame(SETTINGS, ACK) * 100)


def test_a_keepalive_beside_a_quiet_stream_is_none() -> None:
    connection = server(headers(GET, 1, END_STREAM), limits=FEW)
    for _ in range(1000):
        feed(connection, frame(PING, 0, 0, bytes(8)))
        assert [item.type for item in sent(connection)] == [PING]


def test_more_than_a_keepalive_is_one() -> None:
    connection = server(headers(GET, 1, END_STREAM), limits=FEW)
    with pytest.raises(zttp.RemoteProtocolError, match="max_control_frames"):
        for _ in range(1000):
            feed(connection, frame(PING, 0, 0, bytes(8)) * 6)
            connection.data_to_send()


def test_resets_of_streams_that_were_answered_are_none() -> None:
    connection = server(limits=FEW)
    for number in range(1, 201, 2):
        feed(connection, headers(POST, number))
        connection.stream(number).send_response(413, [], True)
        assert feed(connection, rst_stream(number)) == [zttp.RstStream(number, 8)]
    assert connection.open_streams == 0


@pytest.mark.parametrize("size", [1, 100_000])
def test_resets_of_streams_whose_content_has_begun_are_none(size: int) -> None:
    # Who stops a download, or ends a subscription, does so once something has come of it.
    connection = server(first=settings((4, 1_000)), limits=FEW)
    for number in range(1, 201, 2):
        feed(connection, headers(GET, number, END_STREAM))
        connection.stream(number).send_response(200)
        connection.stream(number).send_data(bytes(size))
        connection.data_to_send()
        feed(connection, rst_stream(number) + window_update(0, min(size, 1_000)))
    assert connection.open_streams == 0


@pytest.mark.parametrize("window", [0, 1])
def test_resets_before_any_content_has_left_are_one(window: int) -> None:
    connection = server(first=settings((4, window)), limits=FEW)
    with pytest.raises(zttp.RemoteProtocolError, match="max_stream_resets"):
        for number in range(1, 201, 2):
            feed(connection, headers(GET, number, END_STREAM))
            connection.stream(number).send_response(200)
            connection.stream(number).send_data(bytes(100))
            connection.data_to_send()
            feed(connection, rst_stream(number))


def test_resets_that_cross_the_answer_are_none() -> None:
    # RST_STREAM for streams that have ended meanwhile: as many as there were, and none of them late.
    connection = server(limits=limits(max_control_frames=10, max_stream_resets=10))
    numbers = range(1, 201, 2)
    for number in numbers:
        feed(connection, headers(GET, number, END_STREAM))
        connection.stream(number).send_response(200, [], True)
    feed(connection, b"".join(map(rst_stream, numbers)))


def test_streams_that_were_opened_before_our_settings_were_seen_are_none() -> None:
    # RFC 9113 6.5.3: until it has acknowledged them the client cannot know the limit.
    some = limits(max_concurrent_streams=2, max_stream_resets=3)
    connection = server(limits=some)
    events = feed(connection, b"".join(headers(GET, number, END_STREAM) for number in range(1, 101, 2)))
    assert [event.error_code for event in events if isinstance(event, zttp.RstStream)] == [7] * 48
    assert connection.last_stream_error.reason == "too_many_streams"
    feed(connection, frame(SETTINGS, ACK))
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        feed(connection, b"".join(headers(GET, number, END_STREAM) for number in range(101, 111, 2)))
    assert caught.value.reason == "too_many_resets"


@pytest.mark.parametrize("size", [1, 50, 100, 1000])
def test_content_in_flight_to_a_reset_stream_is_none(size: int) -> None:
    connection = server(headers(POST), limits=limits(max_control_frames=10, initial_window_size=10_000))
    connection.stream(1).reset()
    assert feed(connection, frame(DATA, 0, 1, bytes(size)) * (10_000 // size)) == []
    assert not connection.is_closed()


@pytest.mark.parametrize("step", [100, 256, 1024])
def test_credit_in_small_steps_is_none(step: int) -> None:
    # The whole download was sent before the first credit for it comes.
    size = 1_000_000
    connection = server(
        window_update(0, 2 * size) + headers(GET, flags=END_STREAM), first=settings((4, 2 * size)), limits=FEW
    )
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(size))
    connection.data_to_send()
    feed(connection, (window_update(0, step) + window_update(1, step)) * (size // step))


@pytest.mark.parametrize("step", [64, 100])
def test_credit_in_small_steps_is_none_while_content_waits_for_it(step: int) -> None:
    connection = server(headers(GET, flags=END_STREAM), limits=FEW)
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(200_000))
    while stream.pending_bytes:
        feed(connection, window_update(0, step) + window_update(1, step))
        connection.data_to_send()


@pytest.mark.parametrize("size", [65_536, 70_000, 400_000])
@pytest.mark.parametrize("window", [65_535, 1 << 30])
def test_credit_in_small_steps_is_none_for_what_left_at_once(size: int, window: int) -> None:
    # One send, of which the windows or the output take only a part before the rest waits.
    first = settings((4, window))
    connection = server(window_update(0, window) + headers(GET, flags=END_STREAM), first=first, limits=FEW)
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(size))
    connection.data_to_send()
    for _ in range(0, size, 100):
        feed(connection, window_update(0, 100) + window_update(1, 100))
        connection.data_to_send()
    assert stream.pending_bytes == 0


@pytest.mark.parametrize("streams", [1, 20])
def test_content_in_flight_when_the_connection_closes_is_none(streams: int) -> None:
    # RFC 9113 6.8: what is above the last stream is discarded; the client learns of that a round trip later.
    connection = server(headers(POST), limits=limits(max_control_frames=streams))
    connection.close()
    numbers = range(3, 3 + 2 * streams, 2)
    late = b"".join(headers(POST, number) for number in numbers)
    late += b"".join(frame(DATA, 0, number, b"x") for number in numbers) * 100
    assert feed(connection, late) == []
    assert feed(connection, frame(DATA, END_STREAM, 1, b"x")) == [zttp.Data(b"x", 1), zttp.EndOfMessage(stream_id=1)]


@pytest.mark.parametrize("size", [40, 100, 1000])
def test_a_peer_may_use_the_credit_that_it_has(size: int) -> None:
    """Whoever does not pull slows its peer down: what there is credit for fits, framed in small pieces too."""
    pair = Pair(server_options={"limits": limits(connection_window_size=16 << 20, initial_window_size=16 << 20)})
    upload = pair.client.send_request(b"POST", b"/", b"2", HOST)
    pair.pump()
    given = 0
    while upload.send_window:
        upload.send_data(bytes(min(upload.send_window, size * 100)))
        data = pair.client.data_to_send()
        given += len(data)
        pair.server.receive_data(data)
    assert given > 16 << 20
    received = 0
    while (event := pair.server.next_event()) is not zttp.NEED_DATA:
        received += len(event.data)
    assert received == 16 << 20
