"""Attacks through windows: slow reads with blocked data, tiny windows, credit in tiny steps, windows that overflow or
become negative, and unrequested content.

Each at its limit and one beyond.
"""

import tracemalloc

import pytest

import zttp
from tests.http2.frame_language import wire_bytes
from tests.http2.peers import GET, POST, client, drain, fed_until_refused, feed, refusal, sent, server

CALM = 0xB
FLOW_CONTROL_ERROR = 0x3
KIB = 1024
WINDOW = 65_535


def content_sent(connection: zttp.H2Connection) -> int:
    return sum(len(frame.payload) for frame in sent(connection) if frame.type == 0x0)


# ------------------------------------------------------- slow reads (CVE-2019-9517), tiny windows (CVE-2019-9511)


def test_blocked_content_at_its_limit_and_beyond() -> None:
    connection = server(max_blocked_bytes=1000)
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=0", GET.format(1), GET.format(3))
    first, second = connection.stream(1), connection.stream(3)
    first.send_response(200)
    second.send_response(200)
    first.send_data(b"x" * 999)
    second.send_data(b"x")
    assert (first.pending_bytes, second.pending_bytes) == (999, 1)
    for stream in (first, second):
        with pytest.raises(zttp.LocalProtocolError) as caught:
            stream.send_data(b"x")
        assert caught.value.reason == "too_much_blocked"
    assert (first.pending_bytes, second.pending_bytes) == (999, 1)
    feed(connection, "WINDOW_UPDATE stream=1 increment=1")
    second.send_data(b"x")
    assert second.pending_bytes == 2


def test_content_is_blocked_as_it_is() -> None:
    # Many slow readers of one large object share it: waiting content is not copied.
    connection = server()
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=0", *(GET.format(number) for number in range(1, 41, 2)))
    content = bytes(1_000_000)
    for number in range(1, 41, 2):
        connection.stream(number).send_response(200)
    tracemalloc.start()
    try:
        for number in range(1, 41, 2):
            connection.stream(number).send_data(content)
        assert tracemalloc.get_traced_memory()[1] < 50_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("how", ["reset by the peer", "reset here", "GOAWAY", "connection error"])
def test_blocked_content_is_let_go(how: str) -> None:
    connection = server(max_blocked_bytes=1000)
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=0", GET.format(1), GET.format(3))
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(b"x" * 1000)
    assert connection.has_pending_send()
    if how == "reset by the peer":
        feed(connection, "RST_STREAM stream=1 CANCEL")
    elif how == "reset here":
        stream.reset()
    elif how == "GOAWAY":
        connection.close(CALM)
    else:
        refusal(connection, "DATA stream=0")
    assert stream.pending_bytes is None
    assert not connection.has_pending_send()
    if how.startswith("reset"):
        other = connection.stream(3)
        other.send_response(200)
        other.send_data(b"x" * 1000)
        assert other.pending_bytes == 1000


def test_tiny_windows_are_limited() -> None:
    # One octet of credit at a time: each would cost a frame of ten octets, for as long as content waits.
    connection = server(max_control_frames=100)
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=0", GET.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(10_000))
    passed, error = fed_until_refused(connection, ["WINDOW_UPDATE stream=1 increment=1"] * 1000)
    assert passed == 100
    assert (error.reason, error.error_code) == ("too_many_control_frames", CALM)


def test_tiny_windows_of_settings_are_limited() -> None:
    connection = server(max_control_frames=100)
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=0", GET.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(10_000))
    passed, error = fed_until_refused(connection, (f"SETTINGS | INITIAL_WINDOW_SIZE={n}" for n in range(1, 1000)))
    assert passed == 100
    assert error.reason == "too_many_control_frames"


def test_credit_of_a_usual_size_is_no_abuse() -> None:
    connection = server(max_control_frames=100)
    feed(connection, GET.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    left = 8 * KIB * KIB
    stream.send_data(bytes(left))
    stream.end_message()
    while left > 0:
        size = content_sent(connection)
        left -= size
        if left > 0:
            feed(connection, *(f"WINDOW_UPDATE stream={number} increment={size}" for number in (0, 1)))
    assert connection.open_streams == 0


def test_credit_in_small_steps_is_no_abuse() -> None:
    # Some clients return credit for every 4 KiB that they read, to the stream and to the connection.
    connection = server(max_control_frames=100)
    feed(connection, GET.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    for _ in range(100):
        stream.send_data(bytes(16 * KIB))
        assert content_sent(connection) == 16 * KIB
        for _ in range(4):
            feed(connection, *(f"WINDOW_UPDATE stream={number} increment={4 * KIB}" for number in (0, 1)))
    assert stream.pending_bytes == 0


def test_a_stalled_reader_costs_nothing_while_nothing_comes() -> None:
    connection = server()
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=0", GET.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(1000))
    connection.data_to_send()
    for _ in range(10):
        assert connection.data_to_send() == b""
    assert stream.pending_bytes == 1000


# ------------------------------------------------------------------------------------------------------ overflows


def test_the_window_of_a_stream_at_its_limit_and_one_beyond() -> None:
    connection = server()
    feed(connection, GET.format(1), f"WINDOW_UPDATE stream=1 increment={2**31 - 1 - WINDOW}")
    assert feed(connection, "WINDOW_UPDATE stream=1 increment=1") == [zttp.RstStream(1, FLOW_CONTROL_ERROR)]


def test_the_window_of_the_connection_at_its_limit_and_one_beyond() -> None:
    connection = server()
    feed(connection, f"WINDOW_UPDATE stream=0 increment={2**31 - 1 - WINDOW}")
    assert connection.send_window == 2**31 - 1
    error = refusal(connection, "WINDOW_UPDATE stream=0 increment=1")
    assert (error.reason, error.error_code) == ("window_overflow", FLOW_CONTROL_ERROR)


def test_a_setting_that_overflows_one_of_many_windows() -> None:
    connection = server()
    feed(connection, *(GET.format(number) for number in (1, 3, 5)))
    feed(connection, f"WINDOW_UPDATE stream=3 increment={2**31 - 1 - WINDOW}")
    feed(connection, f"SETTINGS | INITIAL_WINDOW_SIZE={WINDOW}")
    error = refusal(connection, f"SETTINGS | INITIAL_WINDOW_SIZE={WINDOW + 1}")
    assert (error.reason, error.error_code) == ("window_overflow", FLOW_CONTROL_ERROR)


def test_a_window_can_be_as_negative_as_it_can_become() -> None:
    connection = server()
    largest = 2**31 - 1
    feed(
        connection, f"SETTINGS | INITIAL_WINDOW_SIZE={largest}", f"WINDOW_UPDATE stream=0 increment={largest - WINDOW}"
    )
    feed(connection, GET.format(1))
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(100_000))
    connection.data_to_send()
    feed(connection, "SETTINGS | INITIAL_WINDOW_SIZE=0")
    assert stream.send_window == 0
    connection.data_to_send()
    stream.send_data(b"x")
    feed(connection, "WINDOW_UPDATE stream=1 increment=100000")
    assert stream.send_window == 0
    assert content_sent(connection) == 0
    feed(connection, "WINDOW_UPDATE stream=1 increment=1")
    assert content_sent(connection) == 1


# ---------------------------------------------------------------------------------------------- content beyond windows


def test_the_window_of_the_connection_is_enforced() -> None:
    # Nothing is consumed here, so the sum over all streams counts.
    connection = server(auto_credit=False, initial_window_size=WINDOW, connection_window_size=WINDOW)
    feed(connection, POST.format(1), POST.format(3))
    feed(connection, wire_bytes('DATA stream=1 | "\\{13107*x}"') * 4, 'DATA stream=3 | "\\{13107*x}"')
    error = refusal(connection, 'DATA stream=3 | "x"')
    assert (error.reason, error.error_code) == ("connection_window_exceeded", FLOW_CONTROL_ERROR)


def test_credit_is_not_returned_for_what_was_not_pulled() -> None:
    connection = server()
    feed(connection, POST.format(1))
    connection.receive_data(wire_bytes('DATA stream=1 | "\\{16384*x}"') * 16)
    assert sent(connection) == []
    drain(connection)
    assert [frame.type for frame in sent(connection)].count(0x8) >= 1


def test_discarded_content_counts_for_the_connection() -> None:
    # RFC 9113 5.1: otherwise the window of the connection would shrink with every stream that is reset.
    connection = server(
        initial_window_size=WINDOW, connection_window_size=WINDOW, max_connection_window=WINDOW, max_stream_resets=1000
    )
    for number in range(1, 201, 2):
        feed(connection, POST.format(number))
        connection.stream(number).reset()
        feed(connection, f'DATA stream={number} | "\\{{16384*x}}"')
    returned = sum(int.from_bytes(frame.payload) for frame in sent(connection) if frame.type == 0x8)
    assert returned >= 100 * 16_384 - WINDOW


def test_a_window_grows_with_what_is_consumed_and_no_further_than_allowed() -> None:
    limit = 256 * KIB
    connection = server(initial_window_size=WINDOW, connection_window_size=WINDOW, max_connection_window=limit)
    feed(connection, POST.format(1))
    windows = {0: WINDOW, 1: WINDOW}
    largest = dict(windows)
    for _ in range(1000):
        feed(connection, 'DATA stream=1 | "\\{16384*x}"')
        for number in windows:
            windows[number] -= 16_384
        for frame in sent(connection):
            windows[frame.stream_id] += int.from_bytes(frame.payload)
            largest[frame.stream_id] = max(largest[frame.stream_id], windows[frame.stream_id])
    assert limit // 2 < largest[0] <= limit
    assert limit // 2 < largest[1] <= limit


def test_a_client_is_protected_as_well() -> None:
    connection = client(initial_window_size=WINDOW, connection_window_size=WINDOW, auto_credit=False)
    connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    feed(connection, "HEADERS stream=1 END_HEADERS | 200")
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        for _ in range(5):
            feed(connection, 'DATA stream=1 | "\\{16384*x}"')
    assert caught.value.reason == "connection_window_exceeded"
