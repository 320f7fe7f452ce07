"""Every example, run as its reader would run it: as a program of its own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import zttp
import zttp_h1

EXAMPLES = Path(__file__).parents[2] / "examples"
BUILD = "compiled" if zttp_h1.COMPILED else "interpreted"
OTHER_BUILD = "interpreted" if zttp_h1.COMPILED else "compiled"


def run(name: str, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    variables = {**os.environ, **(environment or {})}
    return subprocess.run(command, capture_output=True, text=True, timeout=90, env=variables, check=False)


@contextmanager
def running(name: str, *options: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Start an example server on a free port, and stop it afterwards."""
    command = [sys.executable, str(EXAMPLES / name), "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            match = re.fullmatch(r"listening on https?://127\.0\.0\.1:(\d+)\n", process.stdout.readline())
            assert match is not None
            yield int(match[1]), process
        finally:
            process.kill()


def ask(port: int, request: bytes) -> bytes:
    """Send bytes, close our side, and return the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_first_steps() -> None:
    result = run("first_steps.py")
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert [line.split("(")[0] for line in lines] == [
        "server: Request",
        "server: Data",
        "server: EndOfMessage",
        "on the wire: b'HTTP/1.1 200 OK\\r\\ncontent-type: text/plain\\r\\ncontent-length: 6\\r\\n\\r\\nthanks'",
        "client: Response",
        "client: Data",
        "client: EndOfMessage",
        lines[-1].split("(")[0],
    ]
    assert re.fullmatch(r"error: .+ \[[a-z_]+, RFC 9112 6\.\d; answer 400\]", lines[-1])


def test_demo_succeeds() -> None:
    result = run("demo.py", "--build", BUILD)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WRONG" not in result.stdout
    for name in ("keep alive", "chunked upload", "expect continue", "head", "pipelining", "malformed"):
        assert f"  right  {name} " in result.stdout
    assert re.search(rf"http/1\.1 +{BUILD} ", result.stdout)
    for name in ("side by side", "upload", "small window", "cancel", "upgrade from http 1", "malformed"):
        assert f"  right  {name} " in result.stdout.partition("\n HTTP/2\n")[2]
    assert ("\n HTTP/2 over TLS\n" in result.stdout) == (shutil.which("openssl") is not None)
    assert result.stdout.endswith("all right\n")


def test_demo_fails_on_another_build_than_the_one_required() -> None:
    result = run("demo.py", "--build", OTHER_BUILD)
    assert result.returncode == 1
    assert "WRONG  build of http/1.1" in result.stdout


def test_demo_says_that_there_is_no_curl(tmp_path: Path) -> None:
    result = run("demo.py", environment={"PATH": str(tmp_path)})
    assert result.returncode == 0, result.stdout + result.stderr
    assert "there is no curl here" in result.stdout
    assert "HTTP/2 over TLS: left out, there is no openssl here" in result.stdout


def test_asyncio_client_asks_asyncio_server() -> None:
    with running("asyncio_server.py") as (port, process):
        result = run("asyncio_client.py", f"http://127.0.0.1:{port}/")
        assert result.stdout.startswith("200\n")
        assert result.stdout.endswith("hello from zttp\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_asyncio_http2_client_asks_asyncio_server() -> None:
    with running("asyncio_server.py") as (port, process):
        result = run("asyncio_http2_client.py", f"http://127.0.0.1:{port}/")
        assert result.stdout.startswith("200\n"), result.stderr
        assert result.stdout.endswith("hello from zttp\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here to make a certificate")
def test_websocket_says_the_same_over_each_protocol(tmp_path: Path) -> None:
    with running("websocket.py", str(tmp_path)) as (port, process):
        result = run("websocket.py", f"wss://127.0.0.1:{port}/", str(tmp_path / "certificate.pem"), "hello")
        assert (result.stdout, result.stderr) == ("HTTP/1.1 hello\nHTTP/2 hello\nHTTP/3 hello\n", "")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here to make a certificate")
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_asks_asyncio_server_over_tls() -> None:
    with running("asyncio_server.py", "--tls") as (port, _):
        for version in ("2", "1.1"):
            options = ["-sSk", "--noproxy", "*", f"--http{version}", "-w", "%{http_version}"]
            command = ["curl", *options, f"https://127.0.0.1:{port}/"]
            assert subprocess.check_output(command, text=True, timeout=20) == f"hello from zttp\n{version}"


def test_a_client_of_http_2_that_ends_its_side_gets_its_answers() -> None:
    client = zttp.Connection(zttp.CLIENT, "h2")
    for _ in range(3):
        client.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    with running("asyncio_server.py") as (port, _):
        client.receive_data(ask(port, client.data_to_send()))
    events = iter(client.next_event, zttp.NEED_DATA)
    assert [event.status_code for event in events if isinstance(event, zttp.Response)] == [200] * 3


@pytest.mark.parametrize(
    ("request_bytes", "responses"),
    [
        (b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /b HTTP/1.1\r\nHost: a\r\n\r\n", [b"200", b"200"]),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-", [b"400"]),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", [b"200"]),
        (b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n", [b"200"]),
        (b"GARBAGE\r\n\r\n", [b"400"]),
        (b"", []),
        (b"HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", [b"400"]),
        (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n", [b"200", b"400"]),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", [b"405"]),
    ],
    ids=[
        "pipelined",
        "cut-short",
        "chunked",
        "http-1.0",
        "garbage",
        "nothing",
        "head-bad-content",
        "garbage-after-head",
        "connect",
    ],
)
@pytest.mark.parametrize("name", ["asyncio_server.py", "threaded_server.py", "trio_server.py"])
def test_servers(name: str, request_bytes: bytes, responses: list[bytes]) -> None:
    with running(name) as (port, process):
        received = ask(port, request_bytes)
        process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert re.findall(rb"^HTTP/1\.1 (\d+) ", received, re.MULTILINE) == responses
