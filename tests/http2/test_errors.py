"""The values and effects of errors: of the connection (RFC 9113 5.4.1), of a stream (5.4.2), and of the caller."""

import pickle
from collections.abc import Callable

import pytest

import zttp
from tests.http2.frame_language import frame_bytes, wire_bytes
from tests.http2.peers import GET, POST, client, feed, refusal, sent, server
from tests.http2.player import FrameCase, play, read_cases
from zttp_core.reasons import REASONS

GOAWAY = 0x7


# ------------------------------------------------------------------------------------------------- of the connection


def goaway_of(connection: zttp.H2Connection) -> tuple[int, int, bytes]:
    """Last stream, code and debug data of the GOAWAY that is the last frame to be sent."""
    last = sent(connection)[-1]
    assert last.type == GOAWAY
    return int.from_bytes(last.payload[:4]), int.from_bytes(last.payload[4:8]), last.payload[8:]


def broken(*frames: str) -> tuple[zttp.H2Connection, zttp.RemoteProtocolError]:
    connection = server()
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        feed(connection, *frames)
    return connection, caught.value


def test_a_connection_error_is_its_goaway() -> None:
    connection, error = broken("PING stream=1")
    assert goaway_of(connection) == (0, error.error_code, error.reason.encode())
    assert (error.reason, error.error_code, error.stream_id, error.section) == (
        "frame_on_stream",
        1,
        None,
        "RFC 9113 5.1.1",
    )
    assert "RFC 9113 5.1.1" in str(error)


def test_goaway_names_the_last_stream_that_was_handed_on() -> None:
    # RFC 9113 6.8: requests above can be retried, so a request that was rejected here is above, or named.
    connection, _ = broken(GET.format(1), GET.format(7), "HEADERS stream=9 END_HEADERS | Bad: 1", "PING stream=1")
    assert goaway_of(connection)[0] == 7


def test_goaway_of_an_error_does_not_raise_what_was_announced() -> None:
    connection = server()
    feed(connection, GET.format(1), GET.format(3))
    connection.close(0, 1)
    connection.data_to_send()
    with pytest.raises(zttp.RemoteProtocolError):
        feed(connection, "PING stream=1")
    assert goaway_of(connection)[0] == 1


def test_a_client_names_no_stream() -> None:
    connection = client()
    connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    refusal(connection, "PUSH_PROMISE stream=1 promised=2 END_HEADERS | GET")
    connection = client()
    connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    with pytest.raises(zttp.RemoteProtocolError):
        feed(connection, "PING stream=1")
    assert goaway_of(connection)[0] == 0


def test_what_came_before_the_error_is_pulled_first() -> None:
    connection = server()
    connection.receive_data(wire_bytes(GET.format(1)) + frame_bytes("PING stream=1"))
    assert isinstance(connection.next_event(), zttp.Request)
    assert isinstance(connection.next_event(), zttp.EndOfMessage)
    connection.stream(1).send_response(200, [(b"x-a", b"1")], True)
    with pytest.raises(zttp.RemoteProtocolError):
        connection.next_event()
    # And earlier answers are sent before the GOAWAY.
    assert [frame.type for frame in sent(connection)] == [0x1, GOAWAY]


def test_the_offset_is_where_the_frame_begins() -> None:
    before = wire_bytes(GET.format(1)) + frame_bytes('PING | "8 octets"')
    greeting = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + 2 * 9
    for pieces in ([before + frame_bytes("PING stream=1")], [before, frame_bytes("PING stream=1")]):
        connection = server()
        with pytest.raises(zttp.RemoteProtocolError) as caught:
            for piece in pieces:
                feed(connection, piece)
        assert caught.value.offset == greeting + len(before)


def test_an_error_is_the_same_each_time_and_does_not_grow() -> None:
    connection, error = broken("PING stream=1")
    for _ in range(3):
        with pytest.raises(zttp.RemoteProtocolError) as caught:
            connection.next_event()
        assert (caught.value.reason, caught.value.offset, str(caught.value)) == (error.reason, error.offset, str(error))
        assert len(caught.traceback) <= 3


def test_an_error_survives_pickling() -> None:
    _, error = broken("PING stream=1")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.reason, copy.error_code, copy.offset) == (
        type(error),
        error.reason,
        error.error_code,
        error.offset,
    )


AFTERWARDS: dict[str, Callable[[zttp.H2Connection, zttp.Stream], object]] = {
    "send_response": lambda connection, stream: stream.send_response(200),
    "send_informational": lambda connection, stream: stream.send_informational(103),
    "send_data": lambda connection, stream: stream.send_data(b"x"),
    "end_message": lambda connection, stream: stream.end_message(),
    "ping": lambda connection, stream: connection.ping(),
    "update_settings": lambda connection, stream: connection.update_settings({3: 1}),
    "initiate_connection": lambda connection, stream: connection.initiate_connection(),
}


@pytest.mark.parametrize("action", AFTERWARDS)
def test_nothing_can_be_sent_after_the_goaway(action: str) -> None:
    connection = server()
    feed(connection, POST.format(1))
    stream = connection.stream(1)
    with pytest.raises(zttp.RemoteProtocolError):
        feed(connection, "PING stream=1")
    connection.data_to_send()
    with pytest.raises(zttp.LocalProtocolError) as caught:
        AFTERWARDS[action](connection, stream)
    assert caught.value.reason == ("stream_closed" if hasattr(stream, action) else "connection_ended")
    assert connection.data_to_send() == b""


def test_what_is_harmless_after_the_goaway() -> None:
    connection = server()
    feed(connection, POST.format(1), 'DATA stream=1 | "hello"')
    stream = connection.stream(1)
    with pytest.raises(zttp.RemoteProtocolError):
        feed(connection, "PING stream=1")
    connection.data_to_send()
    stream.reset()
    connection.close()
    connection.receive_data(b"more")
    connection.receive_data(b"")
    assert (stream.send_window, stream.pending_bytes, connection.open_streams) == (None, None, 0)
    assert not connection.has_pending_send()
    assert connection.is_closed()
    assert connection.data_to_send() == b""


def test_what_broke_the_connection_has_a_status_for_logs_on_a_server() -> None:
    errors = []
    for connection in (server(), client()):
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
            connection.receive_data(bytes(20_000_000))
        errors.append((caught.value.reason, caught.value.status_hint, caught.value.error_code))
        with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
            connection.stream(1).send_response(400)
    assert errors == [("buffer_full", 413, 11), ("buffer_full", None, 11)]


# ------------------------------------------------------------------------------------------------------ of a stream


def test_a_stream_error_is_an_event_and_says_why() -> None:
    connection = server()
    assert connection.last_stream_error is None
    [event] = feed(connection, "HEADERS stream=1 END_HEADERS | GET | Bad: 1")
    assert event == zttp.RstStream(1, 1)
    error = connection.last_stream_error
    assert isinstance(error, zttp.RemoteProtocolError)
    assert (error.reason, error.error_code, error.stream_id, error.status_hint) == ("invalid_field_name", 1, 1, 400)


def test_a_stream_error_leaves_the_other_streams_alone() -> None:
    connection = server()
    feed(connection, POST.format(1), POST.format(3))
    feed(connection, "WINDOW_UPDATE stream=1 increment=0")
    assert connection.open_streams == 1
    connection.stream(3).send_response(200)
    assert feed(connection, 'DATA stream=3 END_STREAM | "x"') == [zttp.Data(b"x", 3), zttp.EndOfMessage(None, 3)]
    with pytest.raises(zttp.LocalProtocolError) as caught:
        connection.stream(1).send_response(200)
    assert (caught.value.reason, caught.value.stream_id) == ("stream_closed", 1)


def test_a_reset_of_the_peer_is_no_stream_error_of_ours() -> None:
    connection = server()
    feed(connection, POST.format(1), "RST_STREAM stream=1 CANCEL")
    assert connection.last_stream_error is None
    assert sent(connection) == []


# ------------------------------------------------------------------------------------------------------- of the caller


MISUSE: dict[str, tuple[str, Callable[[zttp.H2Connection], object]]] = {
    "a stream that was never opened": ("no_such_stream", lambda c: c.stream(99)),
    "content before the head": ("no_message", lambda c: c.stream(1).send_data(b"x")),
    "an end before the head": ("no_message", lambda c: c.stream(1).end_message()),
    "a final status as informational": ("not_informational", lambda c: c.stream(1).send_informational(200)),
    "an informational status as final": ("informational_status", lambda c: c.stream(1).send_response(103)),
    "a status that is none": ("invalid_status_code", lambda c: c.stream(1).send_response(1000)),
    "a request": ("wrong_role", lambda c: c.send_request(b"GET", b"/", b"2", [])),
    "a name that is none": ("invalid_field_name", lambda c: c.stream(1).send_response(200, [(b"a b", b"c")])),
    "a value that is none": ("invalid_field_value", lambda c: c.stream(1).send_response(200, [(b"a", b"b\r\nc: d")])),
    "a pseudo-header field": ("pseudo_field_given", lambda c: c.stream(1).send_response(200, [(b":status", b"200")])),
    "a field of HTTP/1.1": (
        "connection_specific_field", lambda c: c.stream(1).send_response(200, [(b"Connection", b"close")])
    ),
    "a length that is none": (
        "invalid_content_length", lambda c: c.stream(1).send_response(200, [(b"content-length", b"x")])
    ),
    "a head without its content": (
        "content_too_short", lambda c: c.stream(1).send_response(200, [(b"content-length", b"5")], True)
    ),
    "a setting that is none": ("invalid_setting", lambda c: c.update_settings({5: 1})),
    "push": ("invalid_setting", lambda c: c.update_settings({2: 1})),
    "credit that was returned before": ("consumed_too_much", lambda c: c.consume_data(1, 1)),
}  # fmt: skip


@pytest.mark.parametrize(("reason", "misuse"), MISUSE.values(), ids=MISUSE)
def test_misuse_changes_nothing(reason: str, misuse: Callable[[zttp.H2Connection], object]) -> None:
    connection = server()
    feed(connection, POST.format(1))
    with pytest.raises(zttp.LocalProtocolError) as caught:
        misuse(connection)
    assert caught.value.reason == reason
    assert connection.data_to_send() == b""
    connection.stream(1).send_response(200, [(b"x-a", b"1")])
    connection.stream(1).end_message()
    assert [frame.type for frame in sent(connection)] == [0x1]


# -------------------------------------------------------------------------------------------------------- all of them


def test_every_reason_of_the_documents_is_in_the_table() -> None:
    for case in read_cases():
        for line in case.log:
            words = line.split(" ")
            if words[0] == "Error" and len(words) > 1:
                assert words[1] in REASONS, case.name
            if words[0] == "RstStream" and len(words) > 3:
                assert words[3] in REASONS, case.name


@pytest.mark.parametrize(
    "case", [case for case in read_cases() if case.is_error], ids=lambda case: f"{case.source}:{case.name}"
)
def test_every_connection_error_has_the_section_of_its_reason(case: FrameCase) -> None:
    [line] = [line for line in play(case, [case.data])[0] if line.startswith("Error")]
    reason = line.split(" ")[1]
    section = REASONS[reason].section
    assert f"[{section}]" in line
    assert section is not None
