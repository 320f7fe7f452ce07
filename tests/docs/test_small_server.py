"""The server of the README: forty lines, and the same program for HTTP/1.1 and HTTP/2."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

import zttp

PROGRAM = Path(__file__).parents[2] / "docs/examples/small_server.py"


WITHOUT_HTTP2 = """
import runpy, sys
sys.modules["zttp_h2"] = None  # as where zttp alone is installed
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


@contextmanager
def running(protocol: str, *start: str) -> Iterator[int]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-P", *start, str(PROGRAM), str(port), protocol]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            yield port
        finally:
            process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == b""


def connected(port: int) -> socket.socket:
    until = monotonic() + 30
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        except ConnectionRefusedError:
            assert monotonic() < until
            sleep(0.05)


def ask(port: int, sent: bytes) -> bytes:
    with connected(port) as sock:
        sock.sendall(sent)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_it_has_forty_lines() -> None:
    assert len(PROGRAM.read_text().splitlines()) <= 40


def test_http1_is_kept_alive_and_closed_when_asked() -> None:
    first = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /b HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with running("http/1.1") as port:
        received = ask(port, first + last)
    assert received == (
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/a"
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: close\r\n\r\n/c"
    )


def test_http1_needs_no_more_than_zttp_alone() -> None:
    with running("http/1.1", "-c", WITHOUT_HTTP2) as port:
        assert ask(port, b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").endswith(b"\r\n\r\n/a")


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"nonsense\r\n\r\n"])
def test_what_is_wrong_is_answered(sent: bytes) -> None:
    with running("http/1.1") as port:
        assert ask(port, sent) == b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nConnection: close\r\n\r\n"


def test_http2_with_the_same_program() -> None:
    pytest.importorskip("zttp_h2")
    client = zttp.Connection(zttp.CLIENT, "h2")
    for target in (b"/a", b"/b"):
        client.send_request(b"GET", target, b"2", [(b"host", b"a")], end_stream=True)
    content: dict[int, bytes] = {}
    with running("h2") as port, connected(port) as sock:
        while len(content) < 2:
            sock.sendall(client.data_to_send())
            client.receive_data(sock.recv(65536))
            while (event := client.next_event()) is not zttp.NEED_DATA:
                if isinstance(event, zttp.Data):
                    content[event.stream_id] = event.data
    assert content == {1: b"/a", 3: b"/b"}
