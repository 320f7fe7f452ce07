"""`start_next_cycle` after a message that has ended on the wire but was not pulled: what it reads, what it leaves."""

import tracemalloc
from collections.abc import Iterator

import pytest

import zttp
from tests.http1.helpers import CHUNKED, CHUNKED_HEAD, POST, client, merged, pull, server
from tests.processor_time import assert_linear

TRAILERS = CHUNKED_HEAD + b"5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nA: b\r\nC: d\r\n\r\n"
EMPTY = CHUNKED_HEAD + b"0\r\n\r\n"
WHOLE = {"length": POST, "chunked": CHUNKED, "trailers": TRAILERS, "empty chunks": EMPTY}
NEXT = b"GET /next HTTP/1.1\r\nHost: example.com\r\n\r\n"
FAULTS = {
    "chunk size": (CHUNKED_HEAD + b"5\r\nhello\r\nx", "invalid_chunk_size"),
    "chunk end": (CHUNKED_HEAD + b"5\r\nhelloX", "chunk_not_terminated"),
    "trailer": (CHUNKED_HEAD + b"5\r\nhello\r\n0\r\nHost: a\r\n\r\n", "forbidden_trailer"),
    "trailer name": (CHUNKED_HEAD + b"0\r\nA b\r\n\r\n", "invalid_field_name"),
    "trailers too large": (
        CHUNKED_HEAD + b"0\r\nA: " + b"x" * 80 + b"\r\nB: " + b"x" * 80,
        "trailer_section_too_large",
    ),
    "line too long": (CHUNKED_HEAD + b"5\r\nhello\r\n0\r\nA: b\r\nB: " + b"x" * 120, "line_too_long"),
    "trailers too many": (CHUNKED_HEAD + b"5\r\nhello\r\n0\r\n" + b"A: b\r\n" * 4, "too_many_trailers"),
    "extensions": (CHUNKED_HEAD + b"5;" + b"a" * 200 + b"\r\n", "chunk_extensions_too_large"),
}
LIMITS = zttp.H1Limits(max_line=100, max_trailer_bytes=150, max_trailers=3)


def begun(data: bytes, size: int = 0, **options: object) -> zttp.H1Connection:
    """A server that has pulled only the Request, and received all of `data`, in pieces of `size`."""
    connection = zttp.Connection(zttp.SERVER, **options)  # type: ignore[call-overload]
    head = data.index(b"\r\n\r\n") + 4
    connection.receive_data(data[:head])
    assert isinstance(connection.next_event(), zttp.Request)
    for at in range(head, len(data), size or len(data)):
        connection.receive_data(data[at : at + (size or len(data))])
    connection.send_response(204)
    connection.end_message()
    connection.data_to_send()
    return connection


@pytest.mark.parametrize("size", [0, 1, 2, 7])
@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_what_was_not_pulled_is_dropped(data: bytes, size: int) -> None:
    connection = begun(data + NEXT, size)
    connection.start_next_cycle()
    assert connection.trailing_data == (NEXT, False)
    request, end, rest = connection.next_event(), connection.next_event(), connection.next_event()
    assert isinstance(request, zttp.Request)
    assert request.target == b"/next"
    assert end == zttp.EndOfMessage()
    assert rest is zttp.NEED_DATA


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_a_part_that_was_pulled_makes_no_difference(data: bytes) -> None:
    for cut in range(data.index(b"\r\n\r\n") + 4, len(data)):
        connection = begun(data[:cut])
        pull(connection)
        connection.receive_data(data[cut:] + NEXT)
        connection.start_next_cycle()
        assert connection.next_event().target == b"/next"


def stages(data: bytes) -> Iterator[zttp.H1Connection]:
    """Servers that have received more and more of `data`, asked after every byte whether the message has ended."""
    head = data.index(b"\r\n\r\n") + 4
    for cut in range(head, len(data)):
        connection = begun(data[:head])
        for at in range(head, cut):
            connection.receive_data(data[at : at + 1])
            with pytest.raises(zttp.LocalProtocolError) as caught:
                connection.start_next_cycle()
            assert caught.value.reason == "cycle_not_complete"
        connection.receive_data(data[cut:])
        yield connection


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_a_refused_call_leaves_everything_to_be_pulled(data: bytes) -> None:
    expected = merged(pull(server(data)))[1:]
    for connection in stages(data):
        assert merged(pull(connection)) == expected
        connection.start_next_cycle()


@pytest.mark.parametrize(("data", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_what_is_wrong_is_raised_as_pulling_does(data: bytes, reason: str) -> None:
    plain = server(data, limits=LIMITS)
    expected = []
    with pytest.raises(zttp.RemoteProtocolError) as error:
        while True:
            expected.append(plain.next_event())
    assert error.value.reason == reason
    for size in (0, 1, 3):
        connection = begun(data, size, limits=LIMITS)
        for _ in range(2):
            with pytest.raises(zttp.RemoteProtocolError) as ahead:
                connection.start_next_cycle()
            assert (ahead.value.reason, ahead.value.offset) == (reason, error.value.offset)
            assert ahead.value.status_hint == error.value.status_hint
        # The call changed nothing: the content comes first, then the error, which stays.
        pulled = []
        with pytest.raises(zttp.RemoteProtocolError) as later:
            while True:
                pulled.append(connection.next_event())
        assert merged(pulled) == merged(expected)[1:]
        assert (later.value.reason, later.value.offset) == (reason, error.value.offset)
        with pytest.raises(zttp.RemoteProtocolError):
            connection.next_event()


@pytest.mark.parametrize("data", [POST[:-1], CHUNKED[:-1], CHUNKED[:-4]])
def test_content_that_is_cut_off_never_ends(data: bytes) -> None:
    connection = begun(data)
    connection.receive_data(b"")
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        connection.start_next_cycle()
    assert caught.value.reason == "incomplete_message"
    assert isinstance(connection.next_event(), zttp.Data)
    with pytest.raises(zttp.RemoteProtocolError):
        connection.next_event()


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_behind_the_last_message_of_an_input_there_is_no_next_one(data: bytes) -> None:
    connection = begun(data)
    connection.receive_data(b"")
    assert connection.should_close()
    with pytest.raises(zttp.LocalProtocolError) as caught:
        connection.start_next_cycle()
    assert caught.value.reason == "connection_closed"
    assert merged(pull(connection)) == merged(pull(server(data)))[1:]


def test_a_client_sees_unasked_bytes_after_content_that_it_has_not_pulled() -> None:
    for response in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ):
        for surplus in (b"", b"\r\n", b"x"):
            connection = client()
            connection.receive_data(response + surplus)
            connection.next_event()
            assert connection.should_close() is (surplus == b"x")
            if surplus == b"x":
                with pytest.raises(zttp.LocalProtocolError) as caught:
                    connection.start_next_cycle()
                assert caught.value.reason == "connection_closed"
            else:
                connection.start_next_cycle()
                connection.send_request(b"GET", b"/", b"1.1", [(b"Host", b"a")])


def test_receive_event_pulls_first_what_was_looked_at() -> None:
    connection = begun(CHUNKED_HEAD + b"5\r\nhello\r\n0\r\nName")
    with pytest.raises(zttp.LocalProtocolError):
        connection.start_next_cycle()
    assert connection.receive_event(b"d") == zttp.Data(data=b"hello")
    assert connection.receive_event(b": value\r\n\r\n") == zttp.EndOfMessage(trailers=[(b"Named", b"value")])


def test_what_was_looked_at_counts_as_waiting() -> None:
    limits = zttp.H1Limits(max_buffer=1024)
    connection = begun(CHUNKED_HEAD, limits=limits)
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        for _ in range(100):
            connection.receive_data(b"a\r\n0123456789\r\n")
            with pytest.raises(zttp.LocalProtocolError):
                connection.start_next_cycle()
    assert caught.value.reason == "buffer_full"
    assert caught.value.offset is not None
    assert 1024 - 15 < caught.value.offset - len(CHUNKED_HEAD) <= 1024


def test_a_message_that_is_asked_about_all_the_time_takes_linear_time_and_its_own_memory() -> None:
    def asked(size: int) -> None:
        connection = begun(CHUNKED_HEAD)
        for _ in range(size):
            connection.receive_data(b"1\r\nx\r\n")
            with pytest.raises(zttp.LocalProtocolError):
                connection.start_next_cycle()
        assert connection.next_event() == zttp.Data(data=b"x" * size)

    tracemalloc.start()
    asked(4_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400_000
    assert_linear(asked, 500, 5_000)
