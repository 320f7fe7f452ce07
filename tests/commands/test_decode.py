"""``decode``: each event of a capture with its position, and the error that ends it."""

import json
from pathlib import Path
from typing import Any

import pytest

import zttp
from tests.commands.conftest import zttp as command
from zttp.commands.decode import Found, as_object, decode, line

REQUESTS = (
    b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhel\nlo"
    b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n\r\n"
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
)


def places(captured: bytes, **options: Any) -> list[tuple[int, int, str]]:
    found = decode(captured, options.get("protocol"), options.get("role"), options.get("method", b"GET"))
    return [(one.offset, one.end, name_of(one.what)) for one in found]


def name_of(what: object) -> str:
    return what.reason if isinstance(what, zttp.ProtocolError) else type(what).__name__


def test_requests_and_the_error_that_ends_them() -> None:
    third = REQUESTS.index(b"GET / ")
    assert [(start, REQUESTS[start:end][:6], name) for start, end, name in places(REQUESTS)] == [
        (0, b"POST /", "Request"),
        (48, b"hel\nlo", "Data"),
        (54, b"", "EndOfMessage"),
        (54, b"POST /", "Request"),
        (third - 16, b"abc\r\n", "Data"),
        (third - 11, b"0\r\nX: ", "EndOfMessage"),
        (third + 25, b"", "duplicate_host"),
    ]


def test_responses_are_given_the_requests_that_they_answer() -> None:
    captured = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 404 No\r\n\r\nre\nst"
    )
    names = [name for _, _, name in places(captured)]
    assert names.count("Response") == 4
    assert names[-1] == "EndOfMessage"
    assert [captured[start:end] for start, end, name in places(captured) if name == "Data"] == [b"hi", b"re\n", b"st"]


def test_a_response_to_head_has_no_content() -> None:
    captured = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
    assert [name for _, _, name in places(captured, method=b"HEAD")] == ["Response", "EndOfMessage"] * 2


def test_a_response_to_connect_opens_a_tunnel() -> None:
    captured = b"HTTP/1.1 407 Who\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 Fine\r\n\r\n\x16\x03\x03"
    names = ["Response", "Data", "EndOfMessage", "Response", "EndOfMessage", "bytes"]
    assert [name for _, _, name in places(captured, method=b"CONNECT")] == names


def test_what_follows_a_switch_is_shown_as_it_came() -> None:
    captured = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81\x02hi"
    assert list(decode(captured, None, None))[-1] == Found(len(captured) - 4, len(captured), b"\x81\x02hi")


def test_a_capture_that_breaks_off() -> None:
    assert places(b"GET / HTTP/1.1\r\nHost: a") == [(23, 23, "incomplete_message")]


def http2() -> bytes:
    pytest.importorskip("zttp_h2")
    client = zttp.Connection(zttp.CLIENT, "h2")
    stream = client.send_request(b"POST", b"/x", b"2", [(b"host", b"a")])
    stream.send_data(b"hello")
    stream.end_message()
    return client.data_to_send()


def test_frames_and_events_of_http2() -> None:
    captured = http2()
    names = [name for _, _, name in places(captured)]
    assert " ".join(names) == "Frame Frame Settings Frame WindowUpdate Frame Request Frame Data EndOfMessage"
    shown = [line(found) for found in decode(captured, None, None)]
    assert shown[0] == "       0..24       frame PREFACE (24 bytes)"
    assert shown[5].endswith("frame HEADERS END_HEADERS stream=1 (18 bytes)")


def test_an_error_of_http2_names_its_frame() -> None:
    captured = http2()
    [*_, error] = decode(captured + b"\0\0\0\4\0\0\0\0\1", None, None)
    assert isinstance(error.what, zttp.RemoteProtocolError)
    assert (error.offset, error.what.reason) == (len(captured), "frame_on_stream")


def test_responses_of_http2_are_a_clients() -> None:
    server = zttp.Connection(zttp.SERVER, "h2") if http2() else None
    assert isinstance(server, zttp.H2Connection)
    server.receive_data(http2())
    while server.next_event() is not zttp.NEED_DATA:
        pass
    stream = server.stream(1)
    stream.send_response(200, [])
    stream.send_data(b"thanks")
    stream.end_message()
    captured = server.data_to_send()
    for method in (b"GET", b"CONNECT"):
        names = [name for _, _, name in places(captured, method=method) if name != "Frame"]
        assert names[-3:] == ["Response", "Data", "EndOfMessage"]


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"


@pytest.mark.parametrize("captured", [PREFACE + SETTINGS, SETTINGS], ids=["a client's", "a server's"])
def test_http2_that_is_not_installed_is_what_to_install(captured: bytes, without_http2: dict[str, str]) -> None:
    done = command("decode", "-", stdin=captured, environment=without_http2)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"zttp decode: HTTP/2 support is not installed: no provider for protocol 'h2'.")
    assert b'pip install "zttp[h2]' in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("words", "captured"),
    [([], REQUESTS[:54]), (["--protocol", "scgi"], b"24:CONTENT_LENGTH\0000\0SCGI\x001\0,")],
    ids=["HTTP/1.1", "SCGI"],
)
def test_other_protocols_do_not_need_http2(words: list[str], captured: bytes, without_http2: dict[str, str]) -> None:
    done = command("decode", "-", *words, stdin=captured, environment=without_http2)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b" Request(" in done.stdout
    assert done.stdout.rstrip().endswith(b"EndOfMessage(trailers=[])")


def test_every_event_is_an_object_for_a_program() -> None:
    done = command("decode", "-", "--json", stdin=REQUESTS)
    found = [json.loads(text) for text in done.stdout.splitlines()]
    assert done.returncode == 1
    assert found[0]["event"]["headers"] == [["Host", "a"], ["Content-Length", "6"]]
    assert found[-1]["error"]["documentation"].endswith("#duplicate_host")
    assert found == [as_object(one) for one in decode(REQUESTS, None, None)]


def test_a_file_and_its_exit_status(tmp_path: Path) -> None:
    capture = tmp_path / "capture"
    capture.write_bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    done = command("decode", capture)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[1] == b"      27..27       EndOfMessage(trailers=[])"


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["decode", "/no/such/file"], 1, "No such file"),
        (["decode", "-", "--protocol", "gopher"], 2, "gopher"),
        (["decode", "-", "--role", "client", "--protocol", "http/1.1", "--method", "G T"], 2, "must be a token"),
    ],
)
def test_what_cannot_be_decoded_is_said_in_one_line(words: list[str], status: int, says: str) -> None:
    done = command(*words)
    assert done.returncode == status
    assert says in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
