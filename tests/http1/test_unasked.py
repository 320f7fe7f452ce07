"""A client never takes unrequested bytes as the answer to its next request (RFC 9112 9.2)."""

from contextlib import suppress

import pytest

import zttp
from tests.http1.helpers import HOST, OK, client, pull

SURPLUS = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def assert_over(connection: zttp.H1Connection) -> None:
    """The bytes have ended the connection, in all its states and methods."""
    assert connection.should_close()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.send_request(b"GET", b"/", b"1.1", HOST)
    assert caught.value.reason == "connection_closed"
    assert connection.data_to_send() == b""
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.start_next_cycle()
    for _ in range(2):
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as unasked:
            pull(connection)
        assert unasked.value.reason == "unexpected_response"
        assert unasked.value.status_hint is None
    assert connection.should_close()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.send_request(b"GET", b"/", b"1.1", HOST)


@pytest.mark.parametrize("surplus", [b"x", SURPLUS, b"\n", b"\r\nHTTP", b"\r\n" * 20])
@pytest.mark.parametrize("pulls", range(4))
def test_surplus_after_a_response(surplus: bytes, pulls: int) -> None:
    connection = client()
    connection.receive_data(OK + surplus)
    for _ in range(pulls):
        connection.next_event()
    if pulls < 2:
        # The content of the response has not been read up to its end.
        pulled = [connection.next_event() for _ in range(2 - pulls)]
        assert isinstance(pulled[-1], zttp.Data)
    assert_over(connection)


def test_surplus_that_comes_later() -> None:
    connection = client()
    connection.receive_data(OK)
    pull(connection)
    assert not connection.should_close()
    connection.receive_data(SURPLUS)
    assert_over(connection)


def test_content_after_the_response_to_head() -> None:
    connection = client(b"HEAD")
    connection.receive_data(OK)
    connection.next_event()
    assert_over(connection)


@pytest.mark.parametrize("pulled", [False, True])
def test_bytes_before_the_first_request(pulled: bool) -> None:
    connection = zttp.Connection(zttp.CLIENT)
    connection.receive_data(SURPLUS)
    if pulled:
        with suppress(zttp.RemoteProtocolError):
            connection.next_event()
    assert_over(connection)


def test_bytes_between_two_cycles() -> None:
    connection = client()
    connection.receive_data(OK)
    pull(connection)
    connection.start_next_cycle()
    connection.receive_data(SURPLUS)
    assert_over(connection)


@pytest.mark.parametrize("empty_lines", [1, 2, 8])
@pytest.mark.parametrize("pulled", [False, True])
def test_empty_lines_are_no_response(empty_lines: int, pulled: bool) -> None:
    # "Unless the data consists only of one or more CRLF" (RFC 9112 9.2).
    connection = client()
    connection.receive_data(OK + b"\r\n" * empty_lines)
    while not isinstance(connection.next_event(), zttp.EndOfMessage):
        pass
    if pulled:
        assert pull(connection) == []
    assert not connection.should_close()
    connection.start_next_cycle()
    connection.send_request(b"GET", b"/", b"1.1", HOST)
    connection.end_message()
    connection.receive_data(OK)
    assert [type(event).__name__ for event in pull(connection)] == ["Response", "Data", "EndOfMessage"]


def test_informational_responses_are_asked_for() -> None:
    connection = client()
    connection.receive_data(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)
    assert not connection.should_close()
    assert [type(event).__name__ for event in pull(connection)] == ["Response", "Response", "Data", "EndOfMessage"]
    assert not connection.should_close()


def test_what_follows_a_switch_is_asked_for() -> None:
    connection = client(b"CONNECT", target=b"a:1", fields=[(b"Host", b"a:1")])
    connection.receive_data(b"HTTP/1.1 200 OK\r\n\r\nmore")
    pull(connection)
    assert not connection.should_close()
    assert connection.trailing_data == (b"more", False)
