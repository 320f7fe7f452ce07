"""What may be sent, and its bytes on the wire; a refused call leaves nothing behind (RFC 9112, RFC 9110)."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

import zttp
from tests.http1.helpers import CHUNKED_HEAD, GET, HOST, POST, Fields, client, names, pull, server, serving

CHUNKED: Fields = [(b"Transfer-Encoding", b"chunked")]
HTTP_1_0 = b"GET / HTTP/1.0\r\n\r\n"


def length(size: int) -> Fields:
    return [(b"Content-Length", b"%d" % size)]


def requesting() -> zttp.H1Connection:
    return zttp.Connection(zttp.CLIENT)


def assert_refused(
    connection: zttp.H1Connection, token: str, call: Callable[..., Any], *arguments: Any, **options: Any
) -> None:
    """The call is refused for the reason `token`, queues nothing, and is refused again."""
    for _ in range(2):
        with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
            call(*arguments, **options)
        assert caught.value.reason == token
        assert connection.data_to_send() == b""


# ------------------------------------------------------------------------------------------------------------ requests


def test_a_request_without_content() -> None:
    connection = requesting()
    connection.send_request(b"GET", b"/a?b", b"1.1", [(b"Host", b"a"), (b"accept", b"*/*")])
    assert connection.data_to_send() == b"GET /a?b HTTP/1.1\r\nHost: a\r\naccept: */*\r\n\r\n"
    connection.end_message()
    assert connection.data_to_send() == b""


def test_data_to_send_takes_what_it_returns() -> None:
    connection = requesting()
    assert connection.data_to_send() == b""
    connection.send_request(b"GET", b"/", b"1.1", HOST)
    assert connection.data_to_send() != b""
    assert connection.data_to_send() == b""


def test_an_http_1_0_request() -> None:
    connection = requesting()
    connection.send_request(b"GET", b"/", b"1.0", [])
    assert connection.data_to_send() == b"GET / HTTP/1.0\r\n\r\n"


def test_a_request_with_a_length() -> None:
    connection = requesting()
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, *length(5)])
    connection.send_data(b"he")
    connection.send_data(memoryview(b"ll"))
    connection.send_data(bytearray(b"o"))
    connection.end_message()
    assert connection.data_to_send().endswith(b"\r\nContent-Length: 5\r\n\r\nhello")


def test_a_chunked_request() -> None:
    # RFC 9112 7.1: a chunk for each piece, none for an empty one, which would end the content.
    connection = requesting()
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, *CHUNKED])
    connection.data_to_send()
    for piece in (b"a", b"", b"b" * 26, memoryview(b"")):
        connection.send_data(piece)
    connection.end_message()
    assert connection.data_to_send() == b"1\r\na\r\n1a\r\n" + b"b" * 26 + b"\r\n0\r\n\r\n"


def test_trailers_end_a_chunked_request() -> None:
    connection = requesting()
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, *CHUNKED])
    connection.data_to_send()
    connection.end_message([(b"A", b"b"), (b"C", b"")])
    assert connection.data_to_send() == b"0\r\nA: b\r\nC: \r\n\r\n"


def test_a_large_piece_is_sent_whole() -> None:
    piece = bytes(range(256)) * 1024
    connection = requesting()
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, *length(2 * len(piece) + 2)])
    connection.send_data(b"<")
    connection.send_data(piece)
    connection.send_data(piece)
    connection.send_data(b">")
    connection.end_message()
    assert connection.data_to_send().endswith(b"\r\n\r\n<" + piece + piece + b">")


def test_a_large_piece_alone_is_not_copied() -> None:
    piece = b"x" * 1_000_000
    connection = requesting()
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, *length(len(piece))])
    connection.data_to_send()
    connection.send_data(piece)
    assert connection.data_to_send() is piece


def test_a_mutable_buffer_may_change_after_it_was_sent() -> None:
    for size in (10, 100_000):
        buffer = bytearray(b"x" * size)
        connection = requesting()
        connection.send_request(b"POST", b"/", b"1.1", [*HOST, *length(size)])
        connection.data_to_send()
        connection.send_data(buffer)
        buffer[:] = b"y" * size
        assert connection.data_to_send() == b"x" * size


def test_a_header_block_may_be_sent_on() -> None:
    request = server(b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n").next_event()
    assert isinstance(request, zttp.Request)
    connection = requesting()
    connection.send_request(request.method, request.target, request.http_version, request.headers)
    assert connection.data_to_send() == b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"


# ----------------------------------------------------------------------------------------------------------- responses


def test_a_response() -> None:
    connection = serving()
    connection.send_response(200, [*length(2), (b"x", b"y")])
    connection.send_data(b"ok")
    connection.end_message()
    assert connection.data_to_send() == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\nok"


def test_a_response_without_fields() -> None:
    connection = serving()
    connection.send_response(204)
    connection.end_message()
    assert connection.data_to_send() == b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        (200, b"All good", b"HTTP/1.1 200 All good"),
        (200, b"", b"HTTP/1.1 200 "),
        (200, b"caf\xe9\t!", b"HTTP/1.1 200 caf\xe9\t!"),
        (404, None, b"HTTP/1.1 404 Not Found"),
        (418, None, b"HTTP/1.1 418 "),
        (599, None, b"HTTP/1.1 599 "),
        (999, b"Last", b"HTTP/1.1 999 Last"),
    ],
)
def test_reason_phrases(status: int, reason: bytes | None, line: bytes) -> None:
    # RFC 9112 4: the space stays if the phrase is absent.
    connection = serving()
    connection.send_response(status, length(0), reason=reason)
    assert connection.data_to_send() == line + b"\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("status", [-1, 0, 1, 99, 1000])
def test_a_status_code_has_three_digits(status: int) -> None:
    connection = serving()
    assert_refused(connection, "invalid_status_code", connection.send_response, status)


@pytest.mark.parametrize("status", [204, 304])
def test_204_and_304_have_no_content(status: int) -> None:
    connection = serving()
    connection.send_response(status)
    connection.data_to_send()
    assert_refused(connection, "no_content_allowed", connection.send_data, b"x")
    connection.end_message()
    assert connection.data_to_send() == b""


def test_304_may_tell_the_length_of_what_was_not_modified() -> None:
    # RFC 9110 8.6.
    connection = serving()
    connection.send_response(304, length(1234))
    connection.end_message()
    assert b"Content-Length: 1234\r\n" in connection.data_to_send()


def test_204_does_not_tell_a_length() -> None:
    # RFC 9110 8.6: "A server MUST NOT send a Content-Length header field in any response with ... 204".
    connection = serving()
    connection.send_response(204, [*length(0), (b"x", b"y")])
    connection.end_message()
    assert connection.data_to_send() == b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n"


def test_204_is_not_chunked() -> None:
    # RFC 9112 6.1: "A server MUST NOT send a Transfer-Encoding header field in any response with ... 204".
    connection = serving()
    assert_refused(connection, "transfer_encoding_not_allowed", connection.send_response, 204, CHUNKED)


@pytest.mark.parametrize("fields", [length(1000), CHUNKED, []], ids=["length", "chunked", "neither"])
def test_a_response_to_head_has_no_content(fields: Fields) -> None:
    # RFC 9110 9.3.2: the head is that of a GET.
    connection = serving(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.send_response(200, fields)
    head = connection.data_to_send()
    assert all(name in head for name, _ in fields)
    assert_refused(connection, "no_content_allowed", connection.send_data, b"x")
    connection.end_message()
    assert connection.data_to_send() == b""


def test_content_without_framing_is_refused() -> None:
    # RFC 9112 6.3: without a length the reader would wait for the end of the connection.
    connection = serving()
    connection.send_response(200)
    connection.data_to_send()
    with pytest.raises(zttp.LocalProtocolError, match="Content-Length"):
        connection.send_data(b"x")
    assert connection.data_to_send() == b""


def test_a_response_without_a_length_ends_the_connection() -> None:
    # RFC 9112 6.3, rule 8: the client reads to the end, although there is nothing to read.
    connection = serving()
    connection.send_response(200)
    connection.end_message()
    assert connection.data_to_send() == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    assert connection.should_close()


def test_content_up_to_the_end_of_the_connection() -> None:
    # RFC 9112 6.3, rule 8, for a response that says that it closes.
    connection = serving()
    connection.send_response(200, [(b"Connection", b"close")])
    connection.send_data(b"hello ")
    connection.send_data(b"world")
    connection.end_message()
    assert connection.data_to_send() == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world"
    assert connection.should_close()


@pytest.mark.parametrize(
    "request_head",
    [HTTP_1_0, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"],
    ids=["HTTP/1.0", "close"],
)
def test_content_up_to_the_end_that_the_client_asked_for(request_head: bytes) -> None:
    # RFC 9112 6.3, rule 8: the connection closes in any case, so content needs no framing, and the head says so.
    connection = serving(request_head)
    connection.send_response(200)
    connection.send_data(b"hello ")
    connection.send_data(b"world")
    connection.end_message()
    assert connection.data_to_send() == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world"
    assert connection.should_close()


@pytest.mark.parametrize(
    ("fields", "closes"),
    [([], False), ([(b"Connection", b"keep-alive")], False), ([(b"Connection", b"close")], True)],
    ids=["nothing", "keep-alive", "close"],
)
def test_an_http_1_0_client_that_asked_to_keep_its_connection_is_told(fields: Fields, closes: bool) -> None:
    # RFC 9112 9.3, C.2.2: it persists only if the response says keep-alive, which is sent once, and never with close.
    connection = serving(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    connection.send_response(200, [*length(0), *fields])
    connection.end_message()
    option = b"close" if closes else b"keep-alive"
    assert connection.data_to_send() == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: %b\r\n\r\n" % option
    assert connection.should_close() is closes


@pytest.mark.parametrize("status", [200, 204, 299])
def test_success_of_connect_has_no_framing(status: int) -> None:
    # RFC 9110 9.3.6: no Content-Length in a 2xx to CONNECT.
    connection = serving(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
    connection.send_response(status, [*length(0), (b"x", b"y")])
    sent = connection.data_to_send()
    assert b"Content-Length" not in sent
    assert sent.endswith(b"x: y\r\n\r\n")


def test_success_of_connect_is_not_chunked() -> None:
    connection = serving(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
    assert_refused(connection, "transfer_encoding_not_allowed", connection.send_response, 200, CHUNKED)


def test_nothing_of_http_follows_a_switch() -> None:
    connection = serving(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
    connection.send_response(200)
    connection.data_to_send()
    assert_refused(connection, "protocol_switched", connection.send_data, b"x")
    assert_refused(connection, "protocol_switched", connection.start_next_cycle)


def test_101_only_to_a_request_that_asked_for_it() -> None:
    # RFC 9110 7.8: "A server MUST NOT switch to a protocol that was not indicated by the client".
    connection = serving(GET)
    upgrade = [(b"Connection", b"upgrade"), (b"Upgrade", b"x")]
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.send_response(101, upgrade)
    assert connection.data_to_send() == b""
    connection.send_response(200, length(0))
    assert connection.data_to_send() != b""


def test_an_http_1_0_client_is_not_sent_chunks() -> None:
    # RFC 9112 6.1: "A server MUST NOT send a response containing Transfer-Encoding unless the corresponding request
    # indicates HTTP/1.1".
    connection = serving(HTTP_1_0)
    connection.send_response(200, [*CHUNKED, (b"x", b"y")])
    connection.send_data(b"hello")
    connection.send_data(b"")
    connection.end_message()
    sent = connection.data_to_send()
    assert b"chunked" not in sent
    assert b"x: y\r\n" in sent
    assert sent.endswith(b"\r\n\r\nhello")
    assert connection.should_close()


# -------------------------------------------------------------------------------------------- informational responses


def test_informational_responses_before_the_final_one() -> None:
    connection = serving()
    connection.send_informational(103, [(b"Link", b"</a>")])
    connection.send_informational(100)
    connection.send_response(204)
    assert connection.data_to_send() == (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    )


@pytest.mark.parametrize("status", [101, 99, 200, 404, 0, -1])
def test_only_1xx_but_101_is_informational(status: int) -> None:
    connection = serving()
    assert_refused(connection, "not_informational", connection.send_informational, status)


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_an_informational_response_is_not_the_final_one(status: int) -> None:
    connection = serving()
    assert_refused(connection, "informational_status", connection.send_response, status)


def test_no_informational_response_to_http_1_0() -> None:
    # RFC 9110 15.2: "a server MUST NOT send a 1xx response to an HTTP/1.0 client".
    connection = serving(HTTP_1_0)
    assert_refused(connection, "informational_to_http_1_0", connection.send_informational, 100)


def test_no_informational_response_after_the_final_one() -> None:
    connection = serving()
    connection.send_response(200, length(0))
    connection.data_to_send()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.send_informational(100)
    assert connection.data_to_send() == b""


def test_informational_responses_have_no_framing() -> None:
    # RFC 9110 8.6 and RFC 9112 6.1: neither field in a 1xx.
    connection = serving()
    connection.send_informational(103, [*length(5), (b"x", b"y")])
    assert connection.data_to_send() == b"HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n"
    assert_refused(connection, "transfer_encoding_not_allowed", connection.send_informational, 103, CHUNKED)


# ------------------------------------------------------------------------------------------------- length accounting


def test_content_longer_than_its_length_is_refused() -> None:
    connection = serving()
    connection.send_response(200, length(5))
    connection.send_data(b"hel")
    connection.data_to_send()
    assert_refused(connection, "content_too_long", connection.send_data, b"lo!")
    connection.send_data(b"lo")
    assert_refused_after(connection, b"lo")
    connection.end_message()


def assert_refused_after(connection: zttp.H1Connection, queued: bytes) -> None:
    """A refused call removes nothing that was queued before it."""
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        connection.send_data(b"!")
    assert caught.value.reason == "content_too_long"
    assert connection.data_to_send() == queued


def test_content_shorter_than_its_length_is_refused() -> None:
    connection = serving()
    connection.send_response(200, length(5))
    connection.send_data(b"hell")
    connection.data_to_send()
    assert_refused(connection, "content_too_short", connection.end_message)
    connection.send_data(b"o")
    connection.end_message()
    assert connection.data_to_send() == b"o"


def test_no_content_for_a_length_of_zero() -> None:
    connection = serving()
    connection.send_response(200, length(0))
    connection.data_to_send()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.send_data(b"x")
    connection.end_message()
    assert connection.data_to_send() == b""


def test_no_content_for_a_request_without_framing() -> None:
    connection = requesting()
    connection.send_request(b"GET", b"/", b"1.1", HOST)
    connection.data_to_send()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.send_data(b"x")
    connection.end_message()
    assert connection.data_to_send() == b""


@pytest.mark.parametrize("value", [b"", b"-1", b"+5", b"5_0", b"0x5", b"5,5", b"five", b"9" * 30, b"\xb2"])
def test_an_invalid_length_is_refused(value: bytes) -> None:
    connection = serving()
    assert_refused(connection, "invalid_content_length", connection.send_response, 200, [(b"Content-Length", value)])
    connection = requesting()
    fields = [*HOST, (b"content-length", value)]
    assert_refused(connection, "invalid_content_length", connection.send_request, b"POST", b"/", b"1.1", fields)


def test_two_lengths_are_refused() -> None:
    connection = serving()
    fields = [*length(5), (b"x", b"y"), *length(6)]
    assert_refused(connection, "conflicting_content_length", connection.send_response, 200, fields)


def test_both_framings_are_refused() -> None:
    # RFC 9112 6.2: "A sender MUST NOT send a Content-Length header field in any message that contains a
    # Transfer-Encoding header field".
    for fields in ([*length(5), *CHUNKED], [*CHUNKED, *length(5)]):
        connection = serving()
        assert_refused(connection, "transfer_encoding_and_content_length", connection.send_response, 200, fields)


@pytest.mark.parametrize(
    "coding", [b"gzip", b"gzip, chunked", b"chunked, gzip", b"identity", b"", b"chunked;a=b", b"x"]
)
def test_only_chunked_can_be_applied(coding: bytes) -> None:
    fields = [*HOST, (b"transfer-encoding", coding)]
    connection = requesting()
    assert_refused(connection, "unsupported_transfer_coding", connection.send_request, b"POST", b"/", b"1.1", fields)
    connection = serving()
    assert_refused(connection, "unsupported_transfer_coding", connection.send_response, 200, fields)


def test_chunked_once() -> None:
    # RFC 9112 6.1: "A sender MUST NOT apply the chunked transfer coding more than once".
    connection = serving()
    assert_refused(connection, "duplicate_transfer_encoding", connection.send_response, 200, [*CHUNKED, *CHUNKED])


def test_no_chunks_in_an_http_1_0_request() -> None:
    connection = requesting()
    fields = [*HOST, *CHUNKED]
    assert_refused(connection, "transfer_encoding_in_http_1_0", connection.send_request, b"POST", b"/", b"1.0", fields)


# ------------------------------------------------------------------------------------------------------------- trailers


def test_trailers_only_after_chunks() -> None:
    connection = serving()
    connection.send_response(200, length(2))
    connection.send_data(b"ok")
    connection.data_to_send()
    assert_refused(connection, "trailers_not_allowed", connection.end_message, [(b"a", b"b")])
    connection.end_message([])
    assert connection.data_to_send() == b""


@pytest.mark.parametrize(
    "name",
    [
        b"Content-Length", b"transfer-encoding", b"HOST", b"Trailer", b"TE", b"Connection", b"Authorization", b"Expect",
        b"Content-Type", b"Content-Encoding", b"Content-Range", b"Cache-Control", b"Max-Forwards", b"Set-Cookie",
        b"Upgrade",
    ],
)  # fmt: skip
def test_a_field_that_comes_too_late_as_a_trailer_is_refused(name: bytes) -> None:
    # RFC 9110 6.5.1: message framing, routing, authentication, request modifiers, response controls, content format.
    connection = serving()
    connection.send_response(200, CHUNKED)
    connection.data_to_send()
    assert_refused(connection, "forbidden_trailer", connection.end_message, [(b"a", b"b"), (name, b"x")])
    connection.end_message([(b"a", b"b")])
    assert connection.data_to_send() == b"0\r\na: b\r\n\r\n"


# --------------------------------------------------------------------------------------- splitting: strings on the wire

SPLITTERS = [b"\r\n", b"\r", b"\n", b"\0", b"\r\nX: y", b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"]
UNPRINTABLE = [bytes([byte]) for byte in range(32) if byte not in (9, 10, 13)] + [b"\x7f"]


@pytest.mark.parametrize("bad", [*SPLITTERS, *UNPRINTABLE, b" ", b"\t", b"\x80", b":", b"(", b",", b"/"], ids=repr)
@pytest.mark.parametrize("place", ["before", "inside", "after", "alone"])
def test_a_token_cannot_split_a_message(bad: bytes, place: str) -> None:
    word = {"before": bad + b"ab", "inside": b"a" + bad + b"b", "after": b"ab" + bad, "alone": bad}[place]
    connection = requesting()
    assert_refused(connection, "invalid_method", connection.send_request, word, b"/", b"1.1", HOST)
    fields = [*HOST, (word, b"x")]
    assert_refused(connection, "invalid_field_name", connection.send_request, b"GET", b"/", b"1.1", fields)
    connection = serving()
    assert_refused(connection, "invalid_field_name", connection.send_response, 200, [*length(0), (word, b"x")])
    assert_refused(connection, "invalid_field_name", connection.send_informational, 103, [(word, b"x")])
    connection.send_response(200, CHUNKED)
    connection.data_to_send()
    assert_refused(connection, "invalid_field_name", connection.end_message, [(word, b"x")])


def test_an_empty_token_is_none() -> None:
    connection = requesting()
    assert_refused(connection, "invalid_method", connection.send_request, b"", b"/", b"1.1", HOST)
    connection = serving()
    assert_refused(connection, "invalid_field_name", connection.send_response, 200, [(b"", b"x")])


@pytest.mark.parametrize("bad", [*SPLITTERS, *UNPRINTABLE], ids=repr)
@pytest.mark.parametrize("place", ["before", "inside", "after", "alone"])
def test_a_value_cannot_split_a_message(bad: bytes, place: str) -> None:
    # CVE-2020-7695 (uvicorn), CVE-2018-1000164 (gunicorn), CVE-2022-31150 (undici).
    word = {"before": bad + b"ab", "inside": b"a" + bad + b"b", "after": b"ab" + bad, "alone": bad}[place]
    connection = requesting()
    fields = [*HOST, (b"X", word)]
    assert_refused(connection, "invalid_field_value", connection.send_request, b"GET", b"/", b"1.1", fields)
    connection = serving()
    assert_refused(connection, "invalid_field_value", connection.send_response, 302, [(b"Location", word)])
    assert_refused(connection, "invalid_field_value", connection.send_informational, 103, [(b"Link", word)])
    assert_refused(connection, "invalid_reason_phrase", connection.send_response, 200, reason=word)
    connection.send_response(200, CHUNKED)
    connection.data_to_send()
    assert_refused(connection, "invalid_field_value", connection.end_message, [(b"X", word)])


@pytest.mark.parametrize("bad", [*SPLITTERS, *UNPRINTABLE, b" ", b"\t", b"\x80", b"#", b" HTTP/1.1\r\n"], ids=repr)
@pytest.mark.parametrize("place", ["before", "inside", "after", "alone"])
def test_a_target_cannot_split_a_message(bad: bytes, place: str) -> None:
    # CVE-2018-12116 (Node.js), CVE-2019-9740 and CVE-2019-9947 (urllib): the attacker chooses the target of a request.
    word = {"before": bad + b"/a", "inside": b"/" + bad + b"a", "after": b"/a" + bad, "alone": bad}[place]
    connection = requesting()
    assert_refused(connection, "invalid_target", connection.send_request, b"GET", word, b"1.1", HOST)


def test_a_target_that_was_decoded_is_not_sent_on() -> None:
    # CVE-2023-25690 (Apache httpd): a proxy decodes its input, and writes the result.
    attack = b"/a%20HTTP/1.1%0d%0aX:%20y%0d%0a%0d%0aGET%20/b"
    request = server(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % attack).next_event()
    assert request.target == attack
    decoded = unquote_to_bytes(request.target)
    assert decoded.count(b"\r\n") == 3
    connection = requesting()
    assert_refused(connection, "invalid_target", connection.send_request, b"GET", decoded, b"1.1", HOST)
    connection.send_request(b"GET", request.target, b"1.1", HOST)
    connection.end_message()
    assert connection.data_to_send() == b"GET %b HTTP/1.1\r\nHost: example.com\r\n\r\n" % attack


def test_an_empty_target_is_none() -> None:
    connection = requesting()
    assert_refused(connection, "invalid_target", connection.send_request, b"GET", b"", b"1.1", HOST)


@pytest.mark.parametrize(
    "bad", [*SPLITTERS, *UNPRINTABLE, b" ", b"\t", b"\x80", b"1", b".", b"\r\n\r\nGET /b HTTP/1.1"], ids=repr
)
@pytest.mark.parametrize("place", ["before", "inside", "after", "alone"])
def test_a_version_cannot_split_a_message(bad: bytes, place: str) -> None:
    # CVE-2023-49081 (aiohttp): the version, too, is on the wire.
    word = {"before": bad + b"1.1", "inside": b"1" + bad + b".1", "after": b"1.1" + bad, "alone": bad}[place]
    connection = requesting()
    assert_refused(connection, "unsupported_version", connection.send_request, b"GET", b"/", word, HOST)


@pytest.mark.parametrize("version", [b"", b"2", b"1", b"0.9", b"HTTP/1.1", b"HTTP/2.0", b"1,1", b"01.1", b"1.01"])
def test_only_two_versions_can_be_sent(version: bytes) -> None:
    connection = requesting()
    assert_refused(connection, "unsupported_version", connection.send_request, b"GET", b"/", version, HOST)
    for good in (b"1.0", b"1.1"):
        connection = requesting()
        connection.send_request(b"GET", b"/", good, HOST)
        assert connection.data_to_send().startswith(b"GET / HTTP/%b\r\n" % good)


@pytest.mark.parametrize("fields", [[(b"a", "b")], [("a", b"b")], [(b"a", 1)], [(b"a", None)], [b"a: b"], ["ab"], 5])
def test_fields_are_bytes(fields: Any) -> None:
    connection = serving()
    with pytest.raises((TypeError, ValueError)):
        connection.send_response(200, fields)
    assert connection.data_to_send() == b""
    connection.send_response(204)
    assert connection.data_to_send() == b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize("data", ["text", None, 5, [b"x"]])
def test_content_is_bytes(data: Any) -> None:
    connection = serving()
    connection.send_response(200, CHUNKED)
    connection.data_to_send()
    with pytest.raises(TypeError):
        connection.send_data(data)
    assert connection.data_to_send() == b""


# ------------------------------------------------------------------------------------------------------------ the order


def test_a_server_sends_no_request() -> None:
    connection = server()
    assert_refused(connection, "wrong_role", connection.send_request, b"GET", b"/", b"1.1", HOST)


def test_a_client_sends_no_response() -> None:
    connection = client()
    assert_refused(connection, "wrong_role", connection.send_response, 200)
    assert_refused(connection, "wrong_role", connection.send_informational, 100)


def test_a_client_that_takes_too_long_is_told_so() -> None:
    # RFC 9110 15.5.9: 408, although there is no complete request to answer.
    for received in (b"", GET[:20]):
        connection = server(received)
        assert connection.next_event() is zttp.NEED_DATA
        connection.send_response(408, [*length(0), (b"Connection", b"close")])
        connection.end_message()
        assert connection.data_to_send().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert connection.should_close()


def test_no_content_before_the_head() -> None:
    connection = serving()
    assert_refused(connection, "no_message", connection.send_data, b"x")
    assert_refused(connection, "no_message", connection.end_message)


def test_no_second_head_in_a_message() -> None:
    connection = requesting()
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, *CHUNKED])
    connection.data_to_send()
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.send_request(b"GET", b"/", b"1.1", HOST)
    assert connection.data_to_send() == b""


def test_no_second_response_to_a_request() -> None:
    connection = serving()
    connection.send_response(200, CHUNKED)
    connection.data_to_send()
    assert_refused(connection, "already_responded", connection.send_response, 204)
    assert_refused(connection, "already_responded", connection.send_informational, 103)
    connection.end_message()
    connection.data_to_send()
    assert_refused(connection, "already_responded", connection.send_response, 204)
    assert_refused(connection, "already_responded", connection.send_informational, 103)


def test_nothing_after_the_end() -> None:
    connection = serving()
    connection.send_response(200, CHUNKED)
    connection.end_message()
    connection.data_to_send()
    assert_refused(connection, "already_ended", connection.send_data, b"x")
    assert_refused(connection, "already_ended", connection.end_message)


@pytest.mark.parametrize("framing", [length(5), CHUNKED], ids=["length", "chunked"])
def test_nothing_of_a_request_after_its_connection_has_failed(framing: Fields) -> None:
    connection = requesting()
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, *framing])
    connection.send_data(b"hello")
    queued = connection.data_to_send()
    assert queued.endswith((b"hello", b"hello\r\n"))
    connection.receive_data(b"this is no response\r\n")
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S"):
        connection.next_event()
    assert connection.is_closed()
    assert_refused(connection, "connection_closed", connection.send_data, b"x")
    assert_refused(connection, "connection_closed", connection.end_message)
    assert_refused(connection, "connection_closed", connection.end_message, [(b"a", b"b")])


def test_a_response_before_the_request_has_ended() -> None:
    connection = server(POST[:-2])
    assert names(pull(connection)) == ["Request", "Data"]
    connection.send_response(413, [*length(0), (b"Connection", b"close")])
    connection.end_message()
    assert connection.data_to_send().startswith(b"HTTP/1.1 413 ")
    connection = server(CHUNKED_HEAD)
    connection.next_event()
    connection.send_response(200, length(0))
    connection.end_message()
    assert connection.data_to_send().startswith(b"HTTP/1.1 200 ")


def test_what_was_refused_leaves_what_was_queued() -> None:
    connection = requesting()
    connection.send_request(b"POST", b"/", b"1.1", [*HOST, *CHUNKED])
    connection.send_data(b"one")
    with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
        connection.end_message([(b"bad name", b"x")])
    connection.send_data(b"two")
    connection.end_message()
    assert connection.data_to_send().endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_large_chunks_after_much_that_waits() -> None:
    connection = serving()
    connection.send_response(200, [(b"Transfer-Encoding", b"chunked")])
    chunks = [b"a" * 4000] * 20 + [b"b" * 5000, b"c" * 3] + [b"d" * 4000] * 20 + [b"e" * 5000]
    for chunk in chunks:
        connection.send_data(chunk)
    connection.end_message()
    framed = b"".join([b"%x\r\n" % len(chunk) + chunk + b"\r\n" for chunk in chunks])
    assert connection.data_to_send().partition(b"\r\n\r\n")[2] == framed + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [64, 65])
def test_a_method_that_our_reader_refuses_is_not_sent(size: int) -> None:
    connection = zttp.Connection(zttp.CLIENT)
    method = b"M" * size
    if size == 64:
        connection.send_request(method, b"/", b"1.1", HOST)
        assert server(connection.data_to_send()).next_event().method == method
    else:
        with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
            connection.send_request(method, b"/", b"1.1", HOST)
        assert caught.value.reason == "invalid_method"


def test_headers_whose_iterator_sends_the_response_itself() -> None:
    connection = serving()

    def headers() -> Iterator[tuple[bytes, bytes]]:
        connection.send_response(204)
        connection.end_message()
        yield b"Content-Length", b"0"

    for send in (connection.send_response, connection.send_informational):
        with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
            send(200 if send == connection.send_response else 103, headers())
        assert caught.value.reason == "already_responded"
    assert connection.data_to_send() == b"HTTP/1.1 204 No Content\r\n\r\n"
    connection.start_next_cycle()
