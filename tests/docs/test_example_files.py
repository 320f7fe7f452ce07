"""The programs that the pages show, run as their reader would run them."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zttp
import zttp_h1

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
BUILD = "compiled" if zttp_h1.COMPILED else "interpreted"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The address of the small server; no request may make it write a traceback."""
    command = [sys.executable, str(EXAMPLES / "server.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        match = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", process.stdout.readline())
        assert match is not None
        yield int(match[1])
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=15)[1] == ""


def ask(port: int, request: bytes) -> bytes:
    """Send bytes, close our side, and return the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_the_server_answers_in_order(port: int) -> None:
    received = ask(port, b"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
    assert re.findall(rb"^(?:GET|POST) .*$", received, re.MULTILINE) == [b"GET /1: 0 bytes", b"POST /2: 5 bytes"]


@pytest.mark.parametrize(
    ("request_bytes", "status", "content"),
    [
        (b"HEAD / HTTP/1.1\r\n\r\n", b"200", b""),
        (b"GET /old HTTP/1.0\r\n\r\n", b"200", b"GET /old: 0 bytes\n"),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"200", b"PUT /: 3 bytes\n"),
        (b"GARBAGE\r\n\r\n", b"400", b"GARBAGE"),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000, b"431", b"max_line"),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel", b"400", b"in the middle"),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", b"405", b"no tunnels"),
        (b"HEAD / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", b"400", b""),
        (b"PRI * HTTP", b"400", b"in the middle"),
        (b"", b"", b""),
    ],
    ids=[
        "head",
        "http-1.0",
        "chunked",
        "garbage",
        "too-long",
        "cut-short",
        "connect",
        "bad content to head",
        "half a preface",
        "nothing",
    ],
)
def test_the_server_answers(port: int, request_bytes: bytes, status: bytes, content: bytes) -> None:
    head, _, body = ask(port, request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status if status else b"")
    assert content in body if content else body == b""


def test_the_server_invites_content(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=15) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"hi")
        assert b"".join(iter(lambda: sock.recv(65536), b"")).endswith(b"POST /: 2 bytes\n")


def exchange(sock: socket.socket, client: zttp.H2Connection, until: int) -> dict[int, tuple[int, bytes]]:
    """Send the output; read until so many streams have ended, or the server closes: status and content of each."""
    statuses: dict[int, int] = {}
    contents: dict[int, bytes] = {}
    ended = 0
    while ended < until:
        sock.sendall(client.data_to_send())
        received = sock.recv(65536)
        client.receive_data(received)
        while (event := client.next_event()) is not zttp.NEED_DATA and event is not zttp.CONNECTION_CLOSED:
            if isinstance(event, zttp.Response):
                statuses[event.stream_id] = event.status_code
            elif isinstance(event, zttp.Data):
                contents[event.stream_id] = contents.get(event.stream_id, b"") + event.data
            ended += isinstance(event, zttp.EndOfMessage | zttp.Goaway)
        if not received:
            break
    return {stream_id: (status, contents.get(stream_id, b"")) for stream_id, status in statuses.items()}


@pytest.fixture
def http2(port: int) -> Iterator[tuple[socket.socket, zttp.H2Connection]]:
    pytest.importorskip("zttp_h2.plugin")
    with socket.create_connection(("127.0.0.1", port), timeout=15) as sock:
        yield sock, zttp.Connection(zttp.CLIENT, "h2")


def test_the_server_answers_on_http2(http2: tuple[socket.socket, zttp.H2Connection]) -> None:
    sock, client = http2
    host = (b"host", b"example.com")
    client.send_request(b"GET", b"/1", b"2", [host], end_stream=True)
    stream = client.send_request(b"POST", b"/2", b"2", [host, (b"expect", b"100-continue")])
    client.send_request(b"HEAD", b"/3", b"2", [host], end_stream=True)
    client.send_request(b"CONNECT", b"example.com:443", b"2", [], end_stream=True)
    answers = exchange(sock, client, until=3)
    assert answers == {
        1: (200, b"GET /1: 0 bytes\n"),
        3: (100, b""),
        5: (200, b""),
        7: (405, b"no tunnels here\n"),
    }
    stream.send_data(b"hello")
    stream.end_message()
    assert exchange(sock, client, until=1) == {3: (200, b"POST /2: 5 bytes\n")}


def test_a_stream_that_is_cancelled_harms_no_other(http2: tuple[socket.socket, zttp.H2Connection]) -> None:
    sock, client = http2
    host = (b"host", b"example.com")
    client.send_request(b"POST", b"/1", b"2", [host]).reset()
    client.send_request(b"GET", b"/2", b"2", [host], end_stream=True)
    assert exchange(sock, client, until=1) == {3: (200, b"GET /2: 0 bytes\n")}


def test_a_fault_on_http2_ends_with_goaway(http2: tuple[socket.socket, zttp.H2Connection]) -> None:
    sock, client = http2
    client.initiate_connection()
    sock.sendall(client.data_to_send() + b"\0\0\0\4\0\0\0\0\1")  # SETTINGS on a stream
    client.receive_data(b"".join(iter(lambda: sock.recv(65536), b"")))
    events = []
    while (event := client.next_event()) is not zttp.NEED_DATA and event is not zttp.CONNECTION_CLOSED:
        events.append(event)
    assert isinstance(events[-1], zttp.Goaway)
    assert events[-1].error_code == 1


def test_the_client_asks_the_server(port: int) -> None:
    command = [sys.executable, str(EXAMPLES / "client.py"), "127.0.0.1", str(port), "/first", "/second"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    shown = (EXAMPLES.parent / "client.md").read_text()
    assert done.stdout in shown
    assert done.stdout.count("200 text/plain") == 2


def test_the_costs_are_measured() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLES / "costs.py"), "0"], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    build, *lines = done.stdout.splitlines()
    assert build == BUILD
    shown = (EXAMPLES.parent / "performance.md").read_text()
    assert [line[10:] in shown for line in lines] == [True] * 9


def test_the_asgi_application_names_what_is_under_it() -> None:
    uvicorn = pytest.importorskip("uvicorn")
    assert uvicorn.__version__
    command = [sys.executable, "-P", "-m", "uvicorn", "--http", "zttp", "--host", "127.0.0.1", "--port", "0"]
    command += ["--no-use-colors", "--app-dir", str(EXAMPLES), "asgi_app:app"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        port = next(int(match[1]) for line in process.stderr if (match := re.search(r"127\.0\.0\.1:(\d+)", line)))
        received = ask(port, b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
        process.send_signal(signal.SIGTERM)
        log = process.stderr.read()
    assert received.endswith(f"\r\n\r\nzttp {zttp.__version__}, {BUILD}\n".encode())
    assert "Traceback" not in log
