"""Abuse limits of frames and resets: each attack at its limit, and one beyond, which ends the connection.

Attacks through field blocks are in `test_attacks_field_blocks.py`, through windows in `test_attacks_flow_control.py`.
The list of attacks is `docs/security.md`.
"""

from collections.abc import Callable, Iterator

import pytest

import zttp
from tests.http2.frame_language import frame_bytes, wire_bytes
from tests.http2.peers import GET, POST, client, drain, fed_until_refused, feed, refusal, sent, server

CALM = 0xB
LIMIT = 32
CROSSING = 4  # frames that may cross our RST_STREAM in transit
NO_KEEPALIVE = 5  # signals for each output that is taken: one more than are allowed


def odd_numbers(start: int = 1) -> Iterator[int]:
    while True:
        yield start
        start += 2


def text(line: str) -> Callable[[int], bytes]:
    """The same frames for every stream, `{}` being its identifier."""
    return lambda stream_id: wire_bytes(line.replace("{0}", str(stream_id)))


# ------------------------------------------------------------------------------------------------------------- resets

# Rapid reset (CVE-2023-44487, CVE-2019-9514): the peer resets its own streams.
RAPID = {
    "HEADERS, RST_STREAM": text(GET + "\nRST_STREAM stream={0} CANCEL"),
    "HEADERS, DATA, RST_STREAM": text(POST + '\nDATA stream={0} | "x"\nRST_STREAM stream={0} CANCEL'),
    "NO_ERROR": text(GET + "\nRST_STREAM stream={0} NO_ERROR"),
}

# MadeYouReset (CVE-2025-8671): the peer makes us reset streams, each by breaking another rule.
PROVOKED = {
    "zero increment": text(GET + "\nWINDOW_UPDATE stream={0} increment=0"),
    "window overflow": text(GET + "\nWINDOW_UPDATE stream={0} increment=2147483647"),
    "DATA after END_STREAM": text(GET + '\nDATA stream={0} | "x"'),
    "HEADERS after END_STREAM": text(GET + "\nHEADERS stream={0} END_STREAM END_HEADERS | x-t: 1"),
    "PRIORITY of a wrong length": text(GET + "\nPRIORITY stream={0} | <00>"),
    "malformed head": text("HEADERS stream={0} END_STREAM END_HEADERS | Bad: 1"),
    "zero-length name (CVE-2019-9516)": text("HEADERS stream={0} END_STREAM END_HEADERS | GET | <00 00 00>"),
    "malformed trailers": text(POST + "\nHEADERS stream={0} END_STREAM END_HEADERS | :path: /"),
    "trailers without an end": text(POST + "\nHEADERS stream={0} END_HEADERS | x-t: 1"),
    "too much content": text('HEADERS stream={0} END_HEADERS | POST | content-length: 0\nDATA stream={0} | "x"'),
    "too little content": text("HEADERS stream={0} END_STREAM END_HEADERS | POST | content-length: 1"),
    "content beyond the window": text(POST + '\nDATA stream={0} | "\\{101*x}"'),
    "header list too large": text(POST + " | x-a: \\{400*a}"),
}


@pytest.mark.parametrize("attack", [*RAPID.values(), *PROVOKED.values()], ids=[*RAPID, *PROVOKED])
def test_resets_at_the_limit_and_one_beyond(attack: Callable[[int], bytes]) -> None:
    connection = server(max_stream_resets=LIMIT, initial_window_size=100, max_header_list_size=400)
    rounds = (attack(stream_id) for stream_id in odd_numbers())
    passed, error = fed_until_refused(connection, rounds)
    assert passed == LIMIT
    assert (error.reason, error.error_code, error.stream_id) == ("too_many_resets", CALM, None)
    assert connection.is_closed()
    assert connection.open_streams == 0


@pytest.mark.parametrize("attack", PROVOKED.values(), ids=PROVOKED)
def test_every_provoked_reset_is_one_reset(attack: Callable[[int], bytes]) -> None:
    connection = server(initial_window_size=100, max_header_list_size=400)
    events = feed(connection, attack(1))
    assert isinstance(events[-1], zttp.RstStream)
    assert sum(frame.type == 0x3 for frame in sent(connection)) == 1
    assert connection.open_streams == 0


def test_refused_streams_count_as_resets() -> None:
    connection = server(max_stream_resets=LIMIT, max_concurrent_streams=1)
    feed(connection, POST.format(1))
    passed, error = fed_until_refused(connection, (GET.format(number) for number in odd_numbers(3)))
    assert passed == LIMIT
    assert (error.reason, error.error_code) == ("too_many_resets", CALM)


def test_a_stream_that_ends_well_makes_up_for_a_reset() -> None:
    # Cancelling is legitimate while other requests are allowed to finish.
    connection = server(max_stream_resets=4)
    numbers = odd_numbers()
    for _ in range(100):
        cancelled, finished = next(numbers), next(numbers)
        feed(connection, RAPID["HEADERS, RST_STREAM"](cancelled), GET.format(finished))
        connection.stream(finished).send_response(204, end_stream=True)
        connection.data_to_send()
    assert not connection.is_closed()


def test_many_good_streams_do_not_buy_resets_in_advance() -> None:
    connection = server(max_stream_resets=4)
    numbers = odd_numbers()
    for number, _ in zip(numbers, range(100), strict=False):
        feed(connection, GET.format(number))
        connection.stream(number).send_response(204, end_stream=True)
    passed, _ = fed_until_refused(connection, (RAPID["NO_ERROR"](number) for number in numbers))
    assert passed == 4


def test_reset_streams_do_not_stay_open() -> None:
    # What made rapid reset an attack: reset streams do not count as concurrent, so nothing may be kept of them.
    connection = server(max_stream_resets=10_000, max_concurrent_streams=1)
    for number, _ in zip(odd_numbers(), range(1000), strict=False):
        events = feed(connection, RAPID["HEADERS, RST_STREAM"](number))
        assert [type(event) for event in events] == [zttp.Request, zttp.EndOfMessage, zttp.RstStream]
        assert connection.open_streams == 0


def test_a_client_does_not_count_its_servers_resets() -> None:
    # It opened the streams itself, and a server that refuses them all breaks nothing.
    connection = client(max_stream_resets=4)
    for number, _ in zip(odd_numbers(), range(100), strict=False):
        connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
        assert feed(connection, f"RST_STREAM stream={number} REFUSED_STREAM") == [zttp.RstStream(number, 7)]


# ------------------------------------------------------------------------------------------------------------- floods

OPEN = POST.format(1)
CLOSED = f"{GET.format(3)}\nRST_STREAM stream=3 CANCEL"  # a reset, not a frame that counts

# Frames that are sent forever, after a request on stream 1 and one on stream 3 that was reset, with their weights.
FLOODS = {
    "PING (CVE-2019-9512)": 'PING | "8 octets"',
    "PING ACK": 'PING ACK | "8 octets"',
    "SETTINGS (CVE-2019-9515)": "SETTINGS | MAX_CONCURRENT_STREAMS=1",
    "empty SETTINGS": "SETTINGS",
    "settings of windows": "SETTINGS | INITIAL_WINDOW_SIZE=0 | INITIAL_WINDOW_SIZE=65535",
    "PRIORITY (CVE-2019-9513)": "PRIORITY stream=1 depends_on=3",
    "PRIORITY of idle streams": "PRIORITY stream=2147483647 depends_on=1",
    "PRIORITY_UPDATE": 'PRIORITY_UPDATE prioritized=1 | "u=1"',
    "PRIORITY_UPDATE of an idle stream": 'PRIORITY_UPDATE prioritized=9 | "u=1"',
    "PRIORITY_UPDATE of a closed stream": 'PRIORITY_UPDATE prioritized=3 | "u=1"',
    "WINDOW_UPDATE of the connection": "WINDOW_UPDATE stream=0 increment=1",
    "WINDOW_UPDATE of a stream": "WINDOW_UPDATE stream=1 increment=1",
    "WINDOW_UPDATE of a closed stream": "WINDOW_UPDATE stream=3 increment=1",
    "RST_STREAM of a closed stream (CVE-2019-9514)": "RST_STREAM stream=3 CANCEL",
    "empty DATA (CVE-2019-9518)": "DATA stream=1",
    "DATA of padding alone": "DATA stream=1 padding=100",
    "unknown frames": "FRAME type=0xbb",
    "unknown frames with a payload": 'FRAME type=0xbb stream=1 | "\\{1000*x}"',
    "GOAWAY": "GOAWAY last=0 NO_ERROR",
}


@pytest.mark.parametrize("line", FLOODS.values(), ids=FLOODS)
def test_abuse_at_the_limit_and_one_beyond(line: str) -> None:
    connection = server(max_control_frames=LIMIT)
    feed(connection, OPEN, CLOSED)
    assert sent(connection) == []
    feed(connection, wire_bytes(line) * LIMIT)
    error = refusal(connection, line)
    assert (error.reason, error.error_code, error.stream_id) == ("too_many_control_frames", CALM, None)
    assert connection.is_closed()


@pytest.mark.parametrize("line", FLOODS.values(), ids=FLOODS)
def test_abuse_is_refused_in_one_piece_as_well(line: str) -> None:
    connection = server(max_control_frames=LIMIT)
    error = refusal(connection, OPEN, CLOSED, wire_bytes(line) * (LIMIT + 1))
    assert error.reason == "too_many_control_frames"


@pytest.mark.parametrize("line", FLOODS.values(), ids=FLOODS)
def test_messages_between_them_excuse_such_frames(line: str) -> None:
    connection = server(max_control_frames=LIMIT, max_stream_resets=100)
    feed(connection, OPEN, CLOSED)
    for number, _ in zip(odd_numbers(11), range(10), strict=False):
        feed(connection, wire_bytes(line) * LIMIT, GET.format(number))
        connection.stream(number).send_response(204, end_stream=True)
        connection.data_to_send()
    for _ in range(10):
        feed(connection, wire_bytes(line) * LIMIT, 'DATA stream=1 | "content"')
        connection.data_to_send()
    assert not connection.is_closed()


def test_many_settings_in_one_frame_weigh_more() -> None:
    connection = server(max_control_frames=LIMIT)
    full = "SETTINGS" + " | 0x1234=1" * 2700
    assert refusal(connection, full).reason == "too_many_control_frames"


def test_interim_responses_of_a_server_are_limited() -> None:
    connection = client(max_control_frames=LIMIT)
    connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    interim = wire_bytes("HEADERS stream=1 END_HEADERS | :status: 103")
    passed, error = fed_until_refused(connection, [interim * NO_KEEPALIVE] * LIMIT)
    assert passed == LIMIT // NO_KEEPALIVE
    assert error.reason == "too_many_control_frames"


@pytest.mark.parametrize("role", ["client", "server"])
def test_both_roles_are_protected(role: str) -> None:
    connection = (client if role == "client" else server)(max_control_frames=LIMIT)
    passed, _ = fed_until_refused(connection, [frame_bytes("FRAME type=0xbb") * NO_KEEPALIVE] * LIMIT)
    assert passed == LIMIT // NO_KEEPALIVE


def test_frames_for_streams_that_are_discarded_after_goaway_are_limited() -> None:
    connection = server(max_control_frames=LIMIT)
    feed(connection, OPEN)
    connection.close()
    passed, error = fed_until_refused(connection, (GET.format(number) for number in odd_numbers(3)))
    assert passed == LIMIT
    assert error.reason == "too_many_control_frames"


def test_heads_for_a_stream_that_was_reset_here_are_limited() -> None:
    connection = server(max_control_frames=LIMIT)
    feed(connection, OPEN)
    connection.stream(1).reset()
    passed, error = fed_until_refused(connection, ["HEADERS stream=1 END_HEADERS | x-a: 1"] * (2 * LIMIT))
    assert passed == CROSSING + LIMIT
    assert error.reason == "too_many_control_frames"


def test_slivers_beyond_the_window_of_a_stream_that_was_reset_here_are_limited() -> None:
    connection = server(max_control_frames=LIMIT, initial_window_size=10)
    feed(connection, OPEN)
    connection.stream(1).reset()
    passed, error = fed_until_refused(connection, ['DATA stream=1 | "x"'] * (2 * LIMIT))
    assert passed == 10 + CROSSING + LIMIT
    assert error.reason == "too_many_control_frames"


def test_content_in_flight_to_a_stream_that_was_reset_is_no_abuse() -> None:
    # An upload through a wide window, which the application stops: the client did nothing wrong (RFC 9113 5.1, 5.4.2).
    connection = server(max_control_frames=LIMIT, initial_window_size=1 << 20)
    feed(connection, OPEN)
    connection.stream(1).reset()
    for size in (4096, 100):
        assert feed(connection, wire_bytes(f'DATA stream=1 | "\\{{{size}*x}}"') * ((1 << 19) // size)) == []
    assert feed(connection, 'PING | "8 octets"') == [zttp.Ping(False, b"8 octets")]


# ------------------------------------------------------------------------------------------------------------ answers


def test_answers_that_are_never_taken_are_limited() -> None:
    # The caller that never writes: PING and SETTINGS are answered at most max_control_frames times.
    connection = server()
    with pytest.raises(zttp.RemoteProtocolError):
        feed(connection, frame_bytes('PING | "8 octets"') * 100_000)
    assert len(connection.data_to_send()) < 20_000


def test_what_came_after_the_error_is_dropped() -> None:
    connection = server(max_control_frames=LIMIT)
    refusal(connection, frame_bytes("SETTINGS") * (LIMIT + 1))
    for _ in range(100):
        connection.receive_data(bytes(100_000))
    with pytest.raises(zttp.RemoteProtocolError, match="max_control_frames"):
        drain(connection)
    assert connection.data_to_send() == b""


# -------------------------------------------------------------------------------------------------------- identifiers


def test_a_client_runs_out_of_stream_identifiers() -> None:
    connection = client()
    connection._session.table.highest = 2**31 - 3
    stream = connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    assert stream.stream_id == 2**31 - 1
    assert not connection.can_open_stream
    with pytest.raises(zttp.LocalProtocolError) as caught:
        connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    assert caught.value.reason == "stream_ids_exhausted"
    events = feed(connection, "HEADERS stream=2147483647 END_STREAM END_HEADERS | 200")
    assert [type(event) for event in events] == [zttp.Response, zttp.EndOfMessage]


def test_no_identifier_is_left_to_a_client_that_skipped_them() -> None:
    connection = server()
    feed(connection, GET.format(2**31 - 1))
    error = refusal(connection, GET.format(2**31 - 3))
    assert (error.reason, error.error_code) == ("unexpected_stream_id", 1)


# ----------------------------------------------------------------------------------------------------- received bytes


def test_the_buffer_at_its_limit_and_one_octet_beyond() -> None:
    # The content for which the peer has credit comes on top.
    size = 65_536 + 70_000
    for extra in (0, 1):
        connection = server(max_buffer=65_536, connection_window_size=70_000)
        connection.receive_data(frame_bytes("FRAME type=0xbb") * (size // 9))
        rest = bytes(size % 9 + extra)
        if extra == 0:
            connection.receive_data(rest)
            continue
        with pytest.raises(zttp.RemoteProtocolError) as caught:
            connection.receive_data(rest)
        assert (caught.value.reason, caught.value.error_code) == ("buffer_full", CALM)
        assert sent(connection)[-1].type == 0x7


def test_streams_that_never_end_are_bounded() -> None:
    connection = server(max_concurrent_streams=10, max_stream_resets=1000)
    for number, _ in zip(odd_numbers(), range(500), strict=False):
        feed(connection, POST.format(number))
        assert connection.open_streams <= 10
