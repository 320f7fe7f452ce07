"""Request smuggling, the parts too large for a document: every line end replaced, every byte inserted everywhere.

The named attacks with their sources are in `tests/cases/http1/smuggling.md`. Here only the outcome counts: input that
is not grammatical is refused with an error that a server can answer, for any cut, and gives no message.
"""

import string
from collections.abc import Callable, Iterator

import pytest

import zttp
from tests.http1.helpers import CHUNKED_HEAD, client, merged, names, pull, server

TCHAR = frozenset(b"!#$%&'*+-.^_`|~" + (string.digits + string.ascii_letters).encode())
HEXDIG = frozenset(string.hexdigits.encode())
OWS = frozenset(b" \t")
NEXT_REQUEST = b"GET /next HTTP/1.1\r\nHost: example.com\r\n\r\n"
NEXT_RESPONSE = b"HTTP/1.1 204 No Content\r\n\r\n"

REQUESTS = {
    "get": b"GET /path?q HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nX: y\r\n\r\n",
    "post": b"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nX: y\r\n\r\n",
    "chunked": CHUNKED_HEAD + b'5;a=b\r\nhello\r\n1;c="d e"\r\n!\r\n0\r\nA: b\r\nC: d\r\n\r\n',
}
RESPONSES = {
    "ok": b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
}
LINE_ENDS = {"CR": b"\r", "LF": b"\n", "LFCR": b"\n\r", "CRCRLF": b"\r\r\n", "CRLF reversed twice": b"\n\r\n"}


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Whole, byte by byte, and in pieces of seven."""
    for size in (len(data), 1, 7):
        yield [data[start : start + size] for start in range(0, len(data), size)]


def outcome(connection: zttp.H1Connection, pieces: list[bytes]) -> tuple[list[str], zttp.RemoteProtocolError | None]:
    """The names of the events, and the error that ended them."""
    events: list[object] = []
    try:
        for piece in pieces:
            connection.receive_data(piece)
            while (event := connection.next_event()) is not zttp.NEED_DATA:
                events.append(event)
    except zttp.RemoteProtocolError as error:
        return names(merged(events)), error
    return names(merged(events)), None


def assert_refused(make: Callable[[], zttp.H1Connection], data: bytes) -> None:
    """`data` is refused, with the same error for any cut, and no message ends before."""
    seen = set()
    for pieces in cuts(data):
        events, error = outcome(make(), pieces)
        assert error is not None, f"accepted: {data!r}: {events}"
        assert "EndOfMessage" not in events, f"a message came out of {data!r}"
        seen.add((tuple(events), error.reason, error.offset, error.status_hint))
    assert len(seen) == 1, f"the outcome depends on the cuts: {data!r}: {seen}"


def line_ends(message: bytes) -> list[int]:
    return [at for at in range(len(message)) if message.startswith(b"\r\n", at)]


@pytest.mark.parametrize("line_end", LINE_ENDS.values(), ids=LINE_ENDS.keys())
@pytest.mark.parametrize("message", REQUESTS.values(), ids=REQUESTS.keys())
def test_every_line_end_of_a_request_is_crlf(message: bytes, line_end: bytes) -> None:
    for at in line_ends(message):
        assert_refused(server, message[:at] + line_end + message[at + 2 :] + NEXT_REQUEST)


@pytest.mark.parametrize("line_end", LINE_ENDS.values(), ids=LINE_ENDS.keys())
@pytest.mark.parametrize("message", RESPONSES.values(), ids=RESPONSES.keys())
def test_every_line_end_of_a_response_is_crlf(message: bytes, line_end: bytes) -> None:
    for at in line_ends(message):
        assert_refused(client, message[:at] + line_end + message[at + 2 :] + NEXT_RESPONSE)


@pytest.mark.parametrize("byte", [0x00, 0x01, 0x0B, 0x0C, 0x1B, 0x7F], ids=hex)
@pytest.mark.parametrize("message", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_control_byte_anywhere_in_a_request_is_refused(message: bytes, byte: int) -> None:
    for at in range(len(message)):
        assert_refused(server, message[:at] + bytes([byte]) + message[at:] + NEXT_REQUEST)


@pytest.mark.parametrize("byte", [0x00, 0x0B, 0x7F], ids=hex)
@pytest.mark.parametrize("message", RESPONSES.values(), ids=RESPONSES.keys())
def test_a_control_byte_anywhere_in_a_response_is_refused(message: bytes, byte: int) -> None:
    for at in range(len(message)):
        assert_refused(client, message[:at] + bytes([byte]) + message[at:] + NEXT_RESPONSE)


@pytest.mark.parametrize("byte", [0x0D, 0x0A], ids=["CR", "LF"])
@pytest.mark.parametrize("message", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_cr_or_lf_more_anywhere_inside_a_line_is_refused(message: bytes, byte: int) -> None:
    for at in range(1, len(message)):
        if message[at - 1 : at + 1] == b"\r\n" and byte == 0x0A:
            continue  # CR LF LF: the line end is complete, the LF is tested as the first byte of the next line
        if message[at - 1] == 0x0A and byte == 0x0D:
            continue  # CR at the start of a line may be the start of the empty line
        assert_refused(server, message[:at] + bytes([byte]) + message[at:] + NEXT_REQUEST)


def test_every_byte_between_the_colon_and_chunked() -> None:
    for byte in range(256):
        data = CHUNKED_HEAD.replace(b": chunked", b":" + bytes([byte]) + b"chunked") + b"0\r\n\r\n"
        if byte in OWS:
            assert names(pull(server(data))) == ["Request", "EndOfMessage"]
        else:
            assert_refused(server, data)


def test_every_byte_after_chunked() -> None:
    for byte in range(256):
        data = CHUNKED_HEAD.replace(b"chunked", b"chunked" + bytes([byte])) + b"0\r\n\r\n"
        if byte in OWS:
            assert names(pull(server(data))) == ["Request", "EndOfMessage"]
        else:
            assert_refused(server, data)


@pytest.mark.parametrize("name", [b"Transfer-Encoding", b"Content-Length", b"Host"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_every_byte_at_a_field_name(name: bytes, after: bool) -> None:
    value = {b"Transfer-Encoding": b"chunked", b"Content-Length": b"5", b"Host": b"a"}[name]
    for byte in range(256):
        changed = name + bytes([byte]) if after else bytes([byte]) + name
        data = b"POST / HTTP/1.1\r\nX: y\r\n" + changed + b": " + value + b"\r\n\r\n"
        if byte in TCHAR:
            request = server(data).next_event()
            assert isinstance(request, zttp.Request)
            assert request.end_stream, "another name, another field"
            assert request.headers[1] == (changed, value)
        elif after and byte == 0x3A:
            continue  # Name:: value, a value that begins with a colon
        else:
            assert_refused(server, data)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_every_byte_at_a_content_length(after: bool) -> None:
    for byte in range(256):
        value = b"5" + bytes([byte]) if after else bytes([byte]) + b"5"
        data = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:" + value + b"\r\n\r\n"
        if byte in OWS or chr(byte) in string.digits:
            request = server(data).next_event()
            assert isinstance(request, zttp.Request)
            assert request.headers.get(b"content-length") == value.strip(b" \t")
        else:
            assert_refused(server, data)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_every_byte_at_a_chunk_size(after: bool) -> None:
    for byte in range(256):
        if byte in HEXDIG:
            continue
        size = b"5" + bytes([byte]) if after else bytes([byte]) + b"5"
        assert_refused(server, CHUNKED_HEAD + size + b"\r\nhello\r\n0\r\n\r\n")


def test_every_pair_of_bytes_after_chunk_data() -> None:
    # CVE-2025-43859: h11 accepted any two bytes as the line end.
    for first in (0x00, 0x0A, 0x0D, 0x20, 0x30, 0x58):
        for second in (0x00, 0x0A, 0x0D, 0x20, 0x30, 0x58):
            if (first, second) != (0x0D, 0x0A):
                assert_refused(server, CHUNKED_HEAD + b"5\r\nhello" + bytes([first, second]) + b"0\r\n\r\n")


@pytest.mark.parametrize("digits", range(1, 40))
def test_a_chunk_size_never_wraps(digits: int) -> None:
    assert_refused(server, CHUNKED_HEAD + b"1" + b"0" * (digits + 15) + b"5\r\nhello\r\n0\r\n\r\n")


@pytest.mark.parametrize("power", range(63, 200, 8))
def test_a_content_length_never_wraps(power: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nhello"
    assert_refused(server, head % (2**power + 5))


@pytest.mark.parametrize(
    ("content_length", "transfer_encoding"),
    [(b"Content-Length", b"Transfer-Encoding"), (b"CONTENT-LENGTH", b"transfer-encoding")],
)
@pytest.mark.parametrize("coding", [b"chunked", b"gzip, chunked", b"identity", b"x", b""])
@pytest.mark.parametrize("length", [b"0", b"5", b"5, 5"])
def test_both_framings_are_refused_in_either_order(
    content_length: bytes, transfer_encoding: bytes, coding: bytes, length: bytes
) -> None:
    fields = [content_length + b": " + length + b"\r\n", transfer_encoding + b": " + coding + b"\r\n"]
    for first, second in (fields, reversed(fields)):
        assert_refused(server, b"POST / HTTP/1.1\r\nHost: a\r\n" + first + b"X: y\r\n" + second + b"\r\n0\r\n\r\n")
