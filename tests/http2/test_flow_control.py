"""Flow control in both directions (RFC 9113 5.2, 6.9), and the order of streams when not all can send (RFC 9218)."""

import pytest

import zttp
from tests.http2.helpers import (
    ACK,
    DATA,
    END_STREAM,
    GET,
    HEADERS,
    HOST,
    PADDED,
    POST,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Fields,
    Frame,
    Pair,
    client,
    content,
    feed,
    frame,
    headers,
    limits,
    names,
    priority_update,
    pull,
    rst_stream,
    sent,
    server,
    settings,
    window_update,
)

SMALL = limits(initial_window_size=1000, connection_window_size=65535)
ACKED = frame(SETTINGS, ACK)
NARROW = settings((4, 100))  # the peer takes 100 bytes on each stream


def updates(connection: zttp.H2Connection) -> dict[int, int]:
    """The credit that was returned, by stream."""
    found: dict[int, int] = {}
    for item in sent(connection):
        if item.type == WINDOW_UPDATE:
            found[item.stream_id] = found.get(item.stream_id, 0) + item.number
    return found


def data_of(connection: zttp.H2Connection) -> list[tuple[int, int]]:
    """Stream and size of every DATA frame that was sent, in order."""
    return [(item.stream_id, len(item.payload)) for item in sent(connection) if item.type == DATA]


# ----------------------------------------------------------------------------------------------------- what is received


def test_credit_returns_when_data_is_pulled() -> None:
    connection = server(headers(POST))
    connection.receive_data(frame(DATA, 0, 1, bytes(16384)) * 8)
    assert updates(connection) == {}, "nothing was pulled"
    for _ in range(8):
        connection.next_event()
    assert updates(connection) == {1: 128 * 1024}, "half of the stream's window, in one frame"


def test_credit_of_the_connection() -> None:
    connection = server(headers(POST, 1) + headers(POST, 3) + headers(POST, 5))
    for stream_id in (1, 3, 5):
        feed(connection, frame(DATA, 0, stream_id, bytes(16384)) * 11)
    assert updates(connection)[0] == 512 * 1024


def test_no_credit_for_a_stream_that_has_ended() -> None:
    connection = server(ACKED + headers(POST), limits=SMALL)
    feed(connection, frame(DATA, END_STREAM, 1, bytes(900)))
    assert updates(connection) == {}


def test_without_auto_credit_only_consumption_returns_it() -> None:
    connection = server(ACKED + headers(POST), auto_credit=False, limits=SMALL)
    feed(connection, frame(DATA, 0, 1, bytes(1000)))
    assert updates(connection) == {}
    connection.consume_data(1, 499)
    assert updates(connection) == {}
    connection.consume_data(1, 1)
    assert updates(connection) == {1: 500}
    connection.consume_data(1, 500)
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.consume_data(1, 1)
    assert (caught.value.reason, caught.value.stream_id) == ("consumed_too_much", 1)
    with pytest.raises(ValueError, match="negative"):
        connection.consume_data(1, -1)


def test_with_auto_credit_there_is_nothing_to_consume() -> None:
    connection = server(headers(POST))
    feed(connection, frame(DATA, 0, 1, bytes(1000)))
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.consume_data(1, 1000)
    assert caught.value.reason == "consumed_too_much"


def test_credit_of_a_stream_that_has_ended_returns_to_the_connection() -> None:
    connection = server(headers(POST), auto_credit=False, limits=limits(connection_window_size=65535))
    feed(connection, frame(DATA, END_STREAM, 1, bytes(16384)) * 1)
    feed(connection, headers(POST, 3) + frame(DATA, END_STREAM, 3, bytes(16384)))
    connection.stream(1).send_response(200, [], True)
    connection.stream(3).send_response(200, [], True)
    assert connection.open_streams == 0
    assert updates(connection) == {}  # docs/topics/flow-control.md
    connection.consume_data(1, 16384)
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.consume_data(3, 16385)
    connection.consume_data(3, 16384)
    assert updates(connection) == {0: 32768}
    connection.consume_data(3, 0)


@pytest.mark.parametrize("who", ["peer", "here", "rejected"])
def test_credit_of_a_reset_stream_returns_at_once(who: str) -> None:
    connection = server(headers(POST), auto_credit=False, limits=limits(connection_window_size=65535))
    feed(connection, frame(DATA, 0, 1, bytes(16384)) * 2)
    if who == "peer":
        feed(connection, rst_stream(1))
    elif who == "here":
        connection.stream(1).reset()
    else:
        feed(connection, window_update(1, 0))
    assert updates(connection) == {0: 32768}
    connection.consume_data(1, 32768)  # too late, but harmless
    assert updates(connection) == {}


def test_credit_of_discarded_data_returns_at_once() -> None:
    # RFC 9113 5.1: "the content of DATA frames counts toward the connection flow-control window".
    connection = server(headers(POST), limits=limits(connection_window_size=65535))
    connection.stream(1).reset()
    assert feed(connection, frame(DATA, 0, 1, bytes(16384)) * 2) == []
    assert updates(connection) == {0: 32768}


def test_credit_of_data_that_is_cut_off_by_a_reset() -> None:
    connection = server(headers(POST), limits=limits(connection_window_size=65535), auto_credit=False)
    data = frame(DATA, 0, 1, bytes(16384))
    feed(connection, data + data[:1009])
    connection.stream(1).reset()
    assert feed(connection, data[1009:]) == []
    assert updates(connection) == {0: 32768}


def test_padding_returns_at_once() -> None:
    connection = server(ACKED + headers(POST), auto_credit=False, limits=SMALL)
    for _ in range(3):
        feed(connection, frame(DATA, PADDED, 1, b"\xff" + bytes(255)))
    assert updates(connection) == {1: 512}


@pytest.mark.parametrize("size", [1, None])
def test_a_stream_window_is_enforced(size: int | None) -> None:
    connection = server(ACKED + headers(POST), auto_credit=False, limits=SMALL)
    assert content(feed(connection, frame(DATA, 0, 1, bytes(1000)), size)) == bytes(1000)
    assert feed(connection, frame(DATA, 0, 1, b"x"), size) == [zttp.RstStream(1, 3)]
    assert connection.last_stream_error.reason == "stream_window_exceeded"


def test_the_connection_window_is_enforced() -> None:
    connection = server(auto_credit=False, limits=limits(connection_window_size=65535, initial_window_size=65535))
    feed(connection, headers(POST) + frame(DATA, 0, 1, bytes(16384)) * 3 + frame(DATA, 0, 1, bytes(16383)))
    feed(connection, headers(POST, 3))
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, frame(DATA, 0, 3, b"x"))
    assert (caught.value.reason, caught.value.error_code) == ("connection_window_exceeded", 3)


def test_windows_grow_with_consumption_alone() -> None:
    connection = server(headers(POST), limits=limits(max_connection_window=2 * 1024 * 1024))
    granted = {0: 1024 * 1024, 1: 256 * 1024}
    used = 0
    for _ in range(1024):
        size = min(granted.values())
        size = min(size, 16384)
        feed(connection, frame(DATA, 0, 1, bytes(size)))
        used += size
        for stream_id in granted:
            granted[stream_id] -= size
        for stream_id, credit in updates(connection).items():
            granted[stream_id] += credit
    assert used > 10 * 1024 * 1024
    # At most one window may still come, less credit too small for a frame.
    assert 1024 * 1024 <= granted[0] <= 2 * 1024 * 1024
    assert 1024 * 1024 <= granted[1] <= 2 * 1024 * 1024


def test_windows_do_not_grow_without_consumption() -> None:
    connection = server(headers(POST), auto_credit=False)
    feed(connection, frame(DATA, 0, 1, bytes(16384)) * 16)
    assert updates(connection) == {}


# --------------------------------------------------------------------------------------------------------- what is sent


def serving(count: int = 1, first: bytes = NARROW, fields: Fields = GET) -> zttp.H2Connection:
    requests = b"".join(headers(fields, 2 * number + 1, END_STREAM) for number in range(count))
    connection = server(requests, first=first)
    for number in range(count):
        connection.stream(2 * number + 1).send_response(200)
    connection.data_to_send()
    return connection


def test_what_has_no_credit_waits() -> None:
    connection = serving()
    stream = connection.stream(1)
    assert (stream.send_window, connection.send_window) == (100, 65535)
    stream.send_data(bytes(150))
    stream.send_data(bytes(50))
    stream.end_message()
    assert data_of(connection) == [(1, 100)]
    assert (stream.send_window, stream.pending_bytes, connection.has_pending_send()) == (0, 100, True)
    feed(connection, window_update(1, 60))
    assert data_of(connection) == [(1, 60)]
    assert stream.pending_bytes == 40
    feed(connection, window_update(1, 100))
    [last] = sent(connection)
    assert (last.type, last.flags, len(last.payload)) == (DATA, END_STREAM, 40)
    assert stream.pending_bytes is None
    assert (connection.has_pending_send(), connection.open_streams) == (False, 0)


def test_trailers_wait_for_content() -> None:
    connection = serving()
    stream = connection.stream(1)
    stream.send_data(bytes(101))
    stream.end_message([(b"a", b"b")])
    assert data_of(connection) == [(1, 100)]
    feed(connection, window_update(1, 1))
    assert [(item.type, item.flags & END_STREAM) for item in sent(connection)] == [(DATA, 0), (HEADERS, END_STREAM)]


def test_the_end_needs_no_credit() -> None:
    connection = serving()
    connection.stream(1).send_data(bytes(100))
    connection.data_to_send()
    connection.stream(1).end_message()
    assert [(item.type, item.flags, item.payload) for item in sent(connection)] == [(DATA, END_STREAM, b"")]


def test_a_window_can_be_negative() -> None:
    # RFC 9113 6.9.2
    connection = serving()
    stream = connection.stream(1)
    stream.send_data(bytes(180))
    connection.data_to_send()
    feed(connection, settings((4, 30)))
    assert stream.send_window == 0
    feed(connection, window_update(1, 70))
    assert data_of(connection) == []
    feed(connection, window_update(1, 1))
    assert data_of(connection) == [(1, 1)]
    feed(connection, settings((4, 40)))
    assert data_of(connection) == [(1, 10)]


def test_new_settings_are_acknowledged_before_they_are_used() -> None:
    connection = serving()
    connection.stream(1).send_data(bytes(150))
    connection.data_to_send()
    feed(connection, settings((4, 200)))
    assert [item.type for item in sent(connection)] == [4, DATA]


def test_the_connection_window_is_shared() -> None:
    connection = serving(3, settings((4, 10**6)))
    connection.stream(1).send_data(bytes(65000))
    connection.data_to_send()
    for number in (1, 3, 5):
        connection.stream(number).send_data(bytes(1000))
    assert data_of(connection) == [(1, 535)]
    assert [connection.stream(number).send_window for number in (1, 3, 5)] == [0, 0, 0]
    assert [connection.stream(number).pending_bytes for number in (1, 3, 5)] == [465, 1000, 1000]
    feed(connection, window_update(0, 10**6))
    assert sorted(data_of(connection)) == [(1, 465), (3, 1000), (5, 1000)]


def blocked(priorities: dict[int, bytes | None], size: int = 40000) -> zttp.H2Connection:
    """A server with `size` bytes blocked on each stream, the connection's window used up."""
    requests = b"".join(
        headers([*GET, (b"priority", value)] if value is not None else GET, number, END_STREAM)
        for number, value in priorities.items()
    )
    connection = server(headers(GET, 1, END_STREAM) + requests, first=settings((4, 10**6)))
    connection.stream(1).send_response(200)
    connection.stream(1).send_data(bytes(65535))
    for number in priorities:
        connection.stream(number).send_response(200)
        connection.stream(number).send_data(bytes(size))
        connection.stream(number).end_message()
    connection.data_to_send()
    return connection


def order(connection: zttp.H2Connection, credit: int = 10**6) -> list[int]:
    feed(connection, window_update(0, credit))
    return [stream_id for stream_id, _ in data_of(connection)]


def test_without_a_signal_streams_come_one_after_the_other() -> None:
    # RFC 9218 4.2
    assert order(blocked({3: None, 5: None, 7: None})) == [3, 3, 3, 5, 5, 5, 7, 7, 7]


def test_incremental_streams_share_in_turn() -> None:
    assert order(blocked({3: b"i", 5: b"i"})) == [3, 5, 3, 5, 3, 5]


def test_others_come_one_after_the_other() -> None:
    # RFC 9218 10: "in ascending order of the stream ID"
    assert order(blocked({3: b"u=3", 5: b"u=3"})) == [3, 3, 3, 5, 5, 5]
    late_first = blocked({3: b"u=3", 5: b"u=3", 7: b"u=3"})
    feed(late_first, priority_update(3, b"u=3"))
    assert order(late_first) == [3] * 3 + [5] * 3 + [7] * 3


def test_the_urgent_come_first() -> None:
    assert order(blocked({3: b"u=7", 5: b"u=0", 7: b"u=3, i", 9: b"u=0, i"})) == [5, 9, 5, 9, 5, 9, 7, 7, 7, 3, 3, 3]


def test_neither_kind_starves_the_other() -> None:
    assert order(blocked({3: b"u=3", 5: b"u=3, i", 7: b"u=3, i"})) == [3, 5, 3, 7, 3, 5, 7, 5, 7]


def test_credit_in_small_amounts_is_shared_as_well() -> None:
    connection = blocked({3: b"i", 5: b"i"})
    served = [stream for _ in range(6) for stream in order(connection, 100)]
    assert sorted(served) == [3, 3, 3, 5, 5, 5]


def test_priorities_can_be_updated() -> None:
    connection = blocked({3: b"u=3", 5: b"u=3"})
    assert feed(connection, priority_update(5, b"u=1")) == [zttp.PriorityUpdate(5, 1, False)]
    assert order(connection) == [5, 5, 5, 3, 3, 3]


def test_a_priority_can_come_before_its_stream() -> None:
    # RFC 9218 7.1, and 7: a frame overrides the header field.
    connection = server(priority_update(5, b"u=0") + priority_update(3, b"u=6"), first=settings((4, 10**6)))
    feed(connection, headers(GET, 1, 1) + headers([*GET, (b"priority", b"u=1")], 3, 1) + headers(GET, 5, 1))
    for number in (1, 3, 5):
        connection.stream(number).send_response(200)
    connection.stream(1).send_data(bytes(65535))
    for number in (3, 5):
        connection.stream(number).send_data(bytes(20000))
    connection.data_to_send()
    assert order(connection) == [5, 5, 3, 3]


def test_early_priorities_are_bounded() -> None:
    # RFC 9218 7.1 MUST
    connection = server(limits=limits(max_concurrent_streams=2))
    assert len(feed(connection, priority_update(1, b"u=1") + priority_update(3, b"u=1") + priority_update(3, b""))) == 3
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, priority_update(5, b"u=1"))
    assert (caught.value.reason, caught.value.error_code) == ("too_many_streams", 1)


def test_priorities_of_streams_that_are_skipped_or_closed() -> None:
    connection = server(priority_update(1, b"u=1") + priority_update(3, b"u=1") + priority_update(5, b"u=1"))
    feed(connection, headers(GET, 5, END_STREAM))
    connection.stream(5).send_response(200, [], True)
    assert feed(connection, priority_update(3, b"u=1") + priority_update(5, b"u=1")) == []


def test_a_client_updates_a_priority() -> None:
    pair = Pair()
    stream = pair.client.send_request(b"GET", b"/", b"2", HOST, end_stream=True)
    pair.client.update_priority(stream.stream_id, 1, True)
    pair.client.update_priority(stream.stream_id, 7)
    pair.pump()
    assert pair.at_server[-2:] == [zttp.PriorityUpdate(1, 1, True), zttp.PriorityUpdate(1, 7, False)]
    with pytest.raises(ValueError, match="urgency"):
        pair.client.update_priority(1, 8)


def test_a_reset_drops_what_waits() -> None:
    for reset in ("peer", "here"):
        connection = serving(2)
        for number in (1, 3):
            connection.stream(number).send_data(bytes(200))
        stream = connection.stream(1)
        connection.data_to_send()
        if reset == "peer":
            feed(connection, rst_stream(1))
        else:
            stream.reset()
        assert stream.pending_bytes is None
        assert connection.has_pending_send()
        feed(connection, window_update(3, 1000))
        assert (3, 100) in data_of(connection)
        assert not connection.has_pending_send()


def test_a_reset_drops_what_waits_for_the_connection() -> None:
    connection = blocked({3: None, 5: None, 7: b"u=1"})
    feed(connection, rst_stream(3) + rst_stream(7))
    assert order(connection) == [5, 5, 5]


def test_blocked_bytes_are_bounded() -> None:
    # CVE-2019-9517: a peer that requests much and reads nothing.
    connection = server(headers(GET, flags=END_STREAM), first=settings((4, 0)), limits=limits(max_blocked_bytes=1000))
    stream = connection.stream(1)
    stream.send_response(200, [(b"content-length", b"3000")])
    stream.send_data(bytes(999))
    for size in (2, 2001):
        with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
            stream.send_data(bytes(size))
        assert (caught.value.reason, caught.value.stream_id) == ("too_much_blocked", 1)
    stream.send_data(b"x")
    feed(connection, window_update(1, 3000))
    stream.send_data(bytes(2000))
    stream.end_message()
    assert sum(size for _, size in data_of(connection)) == 3000


def test_a_refused_send_has_taken_nothing() -> None:
    connection = server(
        headers(GET, 1, END_STREAM) + headers(GET, 3, END_STREAM), first=NARROW, limits=limits(max_blocked_bytes=20)
    )
    for number in (1, 3):
        connection.stream(number).send_response(200)
    connection.stream(1).send_data(bytes(120))
    connection.data_to_send()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.stream(3).send_data(bytes(121))
    assert connection.data_to_send() == b""
    connection.stream(3).send_data(bytes(100))
    assert data_of(connection) == [(3, 100)]


def test_large_transfers_between_small_windows() -> None:
    small = limits(initial_window_size=1000, connection_window_size=65535, max_connection_window=65535)
    pair = Pair({"limits": small}, {"limits": small})
    content_sent = bytes(range(256)) * 4000
    streams = [pair.client.send_request(b"POST", b"/", b"2", HOST) for _ in range(5)]
    for stream in streams:
        stream.send_data(content_sent)
        stream.end_message()
    pair.pump()
    for stream in streams:
        assert content(pair.at_server, stream.stream_id) == content_sent
        answer = pair.server.stream(stream.stream_id)
        answer.send_response(200)
        answer.send_data(content_sent)
        answer.end_message()
    pair.pump()
    for stream in streams:
        assert content(pair.at_client, stream.stream_id) == content_sent
    assert names(pair.at_client).count("EndOfMessage") == 5
    assert pair.client.open_streams == pair.server.open_streams == 0


def test_a_window_update_is_an_event() -> None:
    connection = client()
    assert feed(connection, window_update(0, 5)) == [zttp.WindowUpdate(0, 5)]
    assert connection.send_window == 65540


def test_a_window_update_for_a_closed_stream_is_none() -> None:
    connection = serving()
    connection.stream(1).end_message()
    assert feed(connection, window_update(1, 5)) == []
    assert pull(connection) == []
    assert isinstance(sent(connection)[0], Frame)
    assert RST_STREAM not in [item.type for item in sent(connection)]


@pytest.mark.parametrize("consumed", [100_000, 120_000])
def test_credit_that_is_kept_is_returned_when_windows_shrink(consumed: int) -> None:
    # RFC 9113 6.9.2: the window becomes negative, and no content would arrive that could return credit.
    connection = server(headers(POST), limits=limits(initial_window_size=256 * 1024))
    feed(connection, frame(DATA, 0, 1, bytes(10_000)) * (consumed // 10_000))
    assert sent(connection) == []
    connection.update_settings({4: 65_536})
    feed(connection, frame(SETTINGS, ACK) * 2)
    window = 256 * 1024 - consumed + 65_536 - 256 * 1024
    window += sum(item.number for item in sent(connection) if (item.type, item.stream_id) == (WINDOW_UPDATE, 1))
    assert window == 65_536


def test_the_end_needs_no_window() -> None:
    # RFC 9113 6.9.1: "Frames with zero length with the END_STREAM flag set MAY be sent if there is no available space"
    connection = server(headers(POST), limits=limits(initial_window_size=100_000), auto_credit=False)
    feed(connection, frame(SETTINGS, ACK) + frame(DATA, 0, 1, bytes(10_000)) * 2)
    connection.update_settings({4: 0})
    feed(connection, frame(SETTINGS, ACK))
    assert feed(connection, frame(DATA, END_STREAM, 1)) == [zttp.EndOfMessage(stream_id=1)]
