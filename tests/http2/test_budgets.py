"""Budgets count costs without progress: the frames of well-behaved peers are no abuse, however many (RFC 9113 10.5)."""

import pytest

import zttp
from tests.http2.helpers import (
    ACK,
    DATA,
    END_STREAM,
    GET,
    HOST,
    OK,
    PING,
    POST,
    PRIORITY,
    SETTINGS,
    Pair,
    feed,
    frame,
    headers,
    limits,
    priority_update,
    requesting,
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


# Frames that well-behaved peers send at times on a connection without messages, and the answers.
SIGNALS = {
    "PING": (frame(PING, 0, 0, bytes(8)), [PING]),
    "SETTINGS": (settings((3, 100)), [SETTINGS]),
    "SETTINGS that say nothing": (settings(), [SETTINGS]),
    "an unknown frame": (frame(0xEE, 0, 0, b"x" * 100), []),
    "PRIORITY": (frame(PRIORITY, 0, 9, bytes(5)), []),
    "PRIORITY_UPDATE": (priority_update(1, b"u=1"), []),
    "PRIORITY_UPDATE of an idle stream": (priority_update(5, b"u=1"), []),
    "empty DATA": (frame(DATA, 0, 1), []),
}


@pytest.mark.parametrize("case", SIGNALS)
def test_a_keepalive_beside_a_quiet_stream_is_none(case: str) -> None:
    signal, answer = SIGNALS[case]
    connection = server(headers(POST, 1), limits=FEW)
    for _ in range(100):
        feed(connection, signal)
        assert [item.type for item in sent(connection)] == answer


@pytest.mark.parametrize("case", SIGNALS)
def test_more_than_a_keepalive_is_one(case: str) -> None:
    signal, answer = SIGNALS[case]
    connection = server(headers(POST, 1), limits=FEW)
    feed(connection, signal * 5)
    assert [item.type for item in sent(connection)] == answer * 5
    feed(connection, signal * 5)
    with pytest.raises(zttp.RemoteProtocolError, match="max_control_frames"):
        feed(connection, signal)


def test_abuse_is_limited_however_often_its_answers_are_taken() -> None:
    connection = server(headers(POST, 1), limits=FEW)
    connection.receive_data(frame(PING, 0, 0, bytes(8)) * 11)
    with pytest.raises(zttp.RemoteProtocolError, match="max_control_frames"):
        while connection.next_event() is not zttp.NEED_DATA:
            connection.data_to_send()


@pytest.mark.parametrize("case", SIGNALS)
def test_a_keepalive_whose_answers_are_not_taken_is_one(case: str) -> None:
    connection = server(headers(POST, 1), limits=FEW)
    for _ in range(10):
        feed(connection, SIGNALS[case][0])
    with pytest.raises(zttp.RemoteProtocolError, match="max_control_frames"):
        feed(connection, SIGNALS[case][0])


def test_early_hints_now_and_then_are_none() -> None:
    connection = requesting(limits=FEW)
    for _ in range(100):
        (event,) = feed(connection, headers([(b":status", b"103")]))
        assert event.status_code == 103
        connection.data_to_send()


def test_settings_that_move_windows_are_no_keepalive() -> None:
    # The cost of each is proportional to the open streams, and it may release one octet (CVE-2019-9511).
    connection = server(headers(POST, 1), limits=FEW)
    for number in range(10):
        feed(connection, settings((4, number)))
        connection.data_to_send()
    with pytest.raises(zttp.RemoteProtocolError, match="max_control_frames"):
        feed(connection, settings((4, 10)))


def test_resets_of_streams_that_were_answered_are_none() -> None:
    connection = server(limits=FEW)
    for number in range(1, 201, 2):
        feed(connection, headers(POST, number))
        connection.stream(number).send_response(413, [], True)
        assert feed(connection, rst_stream(number)) == [zttp.RstStream(number, 8)]
    assert connection.open_streams == 0


@pytest.mark.parametrize("size", [1, 100_000])
def test_resets_of_streams_whose_content_has_begun_are_none(size: int) -> None:
    # A client stops a download, or ends a subscription, after some of it has arrived.
    connection = server(first=settings((4, 1_000)), limits=FEW)
    for number in range(1, 201, 2):
        feed(connection, headers(GET, number, END_STREAM))
        connection.stream(number).send_response(200)
        connection.stream(number).send_data(bytes(size))
        connection.data_to_send()
        feed(connection, rst_stream(number) + window_update(0, min(size, 1_000)))
    assert connection.open_streams == 0


def watched(connection: zttp.H2Connection, number: int, *, taken: bool) -> None:
    """A stream without content, whose head is sent before the reset if it is ``taken``."""
    feed(connection, headers(GET, number, END_STREAM))
    connection.stream(number).send_response(200)
    if taken:
        connection.data_to_send()
    feed(connection, rst_stream(number))
    connection.data_to_send()


def test_resets_of_streams_whose_head_has_left_are_none() -> None:
    # A client that waits for an event that does not come, and gives up, has been served.
    connection = server(limits=FEW)
    for number in range(1, 201, 2):
        watched(connection, number, taken=True)
    assert connection.open_streams == 0


def test_resets_of_streams_whose_head_has_not_left_are_one() -> None:
    # Rapid reset (CVE-2023-44487) of a server that answers at once.
    connection = server(limits=FEW)
    for number in range(1, 21, 2):
        watched(connection, number, taken=False)
    with pytest.raises(zttp.RemoteProtocolError, match="max_stream_resets"):
        watched(connection, 21, taken=False)


@pytest.mark.parametrize("content", [b"", b"x"])
def test_resets_that_came_before_the_answer_are_one(content: bytes) -> None:
    # Rapid reset of a server that answers each request and takes its output before it pulls the next event.
    connection = server(limits=FEW)
    numbers = range(1, 23, 2)
    connection.receive_data(b"".join(headers(GET, number, END_STREAM) + rst_stream(number) for number in numbers))
    with pytest.raises(zttp.RemoteProtocolError, match="max_stream_resets"):
        while (event := connection.next_event()) is not zttp.NEED_DATA:
            if isinstance(event, zttp.Request):
                connection.stream(event.stream_id).send_response(200)
                connection.stream(event.stream_id).send_data(content)
            connection.data_to_send()


def test_resets_after_an_informational_head_are_one() -> None:
    connection = server(limits=FEW)
    with pytest.raises(zttp.RemoteProtocolError, match="max_stream_resets"):
        for number in range(1, 23, 2):
            feed(connection, headers(GET, number, END_STREAM))
            connection.stream(number).send_informational(103)
            connection.data_to_send()
            feed(connection, rst_stream(number))


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
    # RST_STREAM for streams that have ended meanwhile: as many as there were, and none of them too late.
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


@pytest.mark.parametrize("role", ["server", "client"])
def test_what_is_in_flight_to_many_reset_streams_is_none(role: str) -> None:
    # More than are remembered one by one, all reset at once: frames that the peer sent before that come afterwards.
    count, window = 400, 100
    some = limits(
        max_control_frames=10, max_concurrent_streams=count, initial_window_size=window, connection_window_size=65535
    )
    numbers = range(1, 2 * count, 2)
    if role == "server":
        connection = server(frame(SETTINGS, ACK) + b"".join(headers(POST, number) for number in numbers), limits=some)
        before = after = b""
    else:
        connection = requesting(count=count, first=settings((3, count)) + frame(SETTINGS, ACK), limits=some)
        before, after = headers(OK, 0)[:5], headers(OK, 0)[9:]
    for number in numbers:
        connection.stream(number).reset()
    for number in numbers:
        head = before + number.to_bytes(4, "big") + after if before else b""
        content = frame(DATA, 0, number, bytes(10)) * (window // 10)
        assert feed(connection, head + content + frame(DATA, END_STREAM, number)) == []
        connection.data_to_send()
    assert not connection.is_closed()


def test_slivers_beyond_all_windows_of_many_reset_streams_are_one() -> None:
    some = limits(max_control_frames=10, max_concurrent_streams=400, initial_window_size=100)
    opened = b"".join(headers(POST, number) for number in range(1, 601, 2))
    connection = server(frame(SETTINGS, ACK) + opened, limits=some)
    for number in range(1, 601, 2):
        connection.stream(number).reset()
    feed(connection, frame(DATA, 0, 1, b"x") * (44 * 100 + 4 * 300 + 10))  # 256 are remembered, this one no longer
    with pytest.raises(zttp.RemoteProtocolError, match="max_control_frames"):
        feed(connection, frame(DATA, 0, 1, b"x"))


@pytest.mark.parametrize("step", [100, 256, 1024])
def test_credit_in_small_steps_is_none(step: int) -> None:
    # The whole download was sent before its first credit arrives.
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
    # One send, of which the windows or the output accept only a part; the rest waits.
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
    # RFC 9113 6.8: frames above the last stream are discarded; the client learns of that a round trip later.
    connection = server(headers(POST), limits=limits(max_control_frames=streams))
    connection.close()
    numbers = range(3, 3 + 2 * streams, 2)
    late = b"".join(headers(POST, number) for number in numbers)
    late += b"".join(frame(DATA, 0, number, b"x") for number in numbers) * 100
    assert feed(connection, late) == []
    assert feed(connection, frame(DATA, END_STREAM, 1, b"x")) == [zttp.Data(b"x", 1), zttp.EndOfMessage(stream_id=1)]


@pytest.mark.parametrize("size", [40, 100, 1000])
def test_a_peer_may_use_the_credit_that_it_has(size: int) -> None:
    """A side that does not pull slows its peer down: content with credit fits, also in small frames."""
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
