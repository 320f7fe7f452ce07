"""The Content-Length of a head is known even if it repeats fields of any earlier messages."""

import pytest

import zttp
from tests.http2.helpers import HOST, Fields, client

FIRST: Fields = [(b"a", b"b")]
SECOND: Fields = [(b"x", b"y")]
LENGTH: Fields = [(b"content-length", b"5")]


def after_a_shorter_head() -> zttp.H2Connection:
    """A client whose table has the content-length, at a position that the last head did not reach."""
    connection = client()
    for fields in (FIRST + SECOND + LENGTH, FIRST + SECOND + LENGTH):
        stream = connection.send_request(b"POST", b"/", b"2", HOST + fields)
        stream.send_data(b"12345")
        stream.end_message()
    connection.send_request(b"POST", b"/", b"2", HOST + FIRST).end_message()
    return connection


def test_the_length_is_held_to() -> None:
    connection = after_a_shorter_head()
    stream = connection.send_request(b"POST", b"/", b"2", HOST + FIRST + SECOND + LENGTH)
    with pytest.raises(zttp.LocalProtocolError) as caught:
        stream.end_message()
    assert caught.value.reason == "content_too_short"


def test_there_is_only_one() -> None:
    connection = after_a_shorter_head()
    with pytest.raises(zttp.LocalProtocolError) as caught:
        connection.send_request(b"POST", b"/", b"2", HOST + FIRST + [(b"content-length", b"7")] + LENGTH)
    assert caught.value.reason == "conflicting_content_length"


def test_the_length_is_held_to_where_the_last_head_had_the_host() -> None:
    connection = client()
    for _ in range(2):
        stream = connection.send_request(b"POST", b"/", b"2", FIRST + LENGTH + HOST)
        stream.send_data(b"12345")
        stream.end_message()
    connection.send_request(b"POST", b"/", b"2", FIRST + HOST).end_message()
    stream = connection.send_request(b"POST", b"/", b"2", FIRST + LENGTH + HOST)
    with pytest.raises(zttp.LocalProtocolError) as caught:
        stream.end_message()
    assert caught.value.reason == "content_too_short"


def test_a_host_among_the_fields_hides_nothing_of_the_head_before() -> None:
    connection = client()
    for _ in range(2):
        stream = connection.send_request(b"POST", b"/", b"2", HOST + FIRST + LENGTH)
        stream.send_data(b"12345")
        stream.end_message()
    connection.send_request(b"POST", b"/", b"2", FIRST + SECOND + HOST).end_message()
    stream = connection.send_request(b"POST", b"/", b"2", HOST + FIRST + LENGTH)
    with pytest.raises(zttp.LocalProtocolError):
        stream.end_message()


def test_a_head_without_fields_between() -> None:
    connection = client()
    for _ in range(2):
        stream = connection.send_request(b"POST", b"/", b"2", HOST + FIRST + LENGTH)
        stream.send_data(b"12345")
        stream.end_message()
    connection.send_request(b"GET", b"https://example.com/", b"2", []).end_message()
    stream = connection.send_request(b"POST", b"/", b"2", HOST + FIRST + LENGTH)
    with pytest.raises(zttp.LocalProtocolError):
        stream.end_message()
