"""``serve`` and ``get``, with each other, over every protocol."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.commands.conftest import zttp
from zttp.commands.get import parse

Serve = Callable[..., str]
PLUGINS = {"http/1.1": "zttp_h1", "h2": "zttp_h2", "h3": "zttp_h3"}
CLEAR = [
    "http/1.1",
    pytest.param("h2", marks=pytest.mark.skipif(not find_spec("zttp_h2"), reason="zttp-h2 is missing")),
]
SECURE = [
    *CLEAR,
    pytest.param("h3", marks=pytest.mark.skipif(not find_spec("zttp_h3"), reason="zttp-h3 is missing")),
]


@pytest.mark.parametrize("protocol", CLEAR)
def test_a_file_in_clear_text(protocol: str, site: Path, serve: Serve) -> None:
    address = serve(site)
    done = zttp("get", "--protocol", protocol, f"{address}hello.txt")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hello\n", b"")


@pytest.mark.parametrize("protocol", SECURE)
def test_a_large_file_over_tls(
    protocol: str, site: Path, serve: Serve, certificate: dict[str, Path], tmp_path: Path
) -> None:
    address = serve(site, "--certificate", certificate["certificate"], "--key", certificate["key"])
    trusted = ("--cacert", certificate["authority"])
    received = tmp_path / "received"
    done = zttp("get", "--protocol", protocol, *trusted, "-o", received, f"{address}big.bin")
    assert (done.returncode, done.stderr) == (0, b"")
    assert received.read_bytes() == (site / "big.bin").read_bytes()


@pytest.mark.parametrize("protocol", SECURE)
def test_a_certificate_that_nobody_vouches_for_is_refused(
    protocol: str, site: Path, serve: Serve, certificate: dict[str, Path]
) -> None:
    address = serve(site, "--certificate", certificate["certificate"], "--key", certificate["key"])
    done = zttp("get", "--protocol", protocol, f"{address}hello.txt")
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
    told = done.stderr.decode()
    assert "certificate" in told
    assert "..." not in told
    if protocol == "h3":
        assert told.startswith("zttp get: the TLS handshake failed: the server's certificate is not trusted: it does ")
    assert zttp("get", "--protocol", protocol, "--insecure", f"{address}hello.txt").stdout == b"hello\n"


def test_alpn_decides_where_nothing_is_said(site: Path, serve: Serve, certificate: dict[str, Path]) -> None:
    pytest.importorskip("zttp_h2")
    address = serve(site, "--certificate", certificate["certificate"], "--key", certificate["key"])
    done = zttp("get", "--trace", "--cacert", certificate["authority"], f"{address}hello.txt")
    assert done.stdout == b"hello\n"
    assert b"h2 > HEADERS END_STREAM END_HEADERS stream=1" in done.stderr
    assert b"h2   Response(status_code=200" in done.stderr


def test_packets_and_frames_of_http3_as_they_pass_and_the_key_log(
    site: Path, serve: Serve, certificate: dict[str, Path], tmp_path: Path
) -> None:
    pytest.importorskip("zttp_h3")
    address = serve(site, "--certificate", certificate["certificate"], "--key", certificate["key"])
    words = ("--trace", "--protocol", "h3", "--cacert", certificate["authority"], "--key-log", tmp_path / "keys.log")
    done = zttp("get", *words, f"{address}hello.txt")
    assert done.stdout == b"hello\n"
    shown = done.stderr.decode().splitlines()
    assert shown[0].startswith("h3 > initial 0: CRYPTO bytes=0..")
    assert any(line.startswith("h3 < 1RTT ") and "STREAM stream_id=3" in line for line in shown)
    assert any(line.startswith("h3   Response(status_code=200") for line in shown)
    labels = {line.split()[0] for line in (tmp_path / "keys.log").read_text().splitlines()}
    assert labels >= {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"}


OUTSIDE = [
    "../outside.txt",
    "%2e%2e/outside.txt",
    "..%2foutside.txt",
    "deep/../../outside.txt",
    "deep/%2e%2e/%2e%2e/outside.txt",
    "link.txt",
    "loop",
    ".secret",
    "%2esecret",
    "..%5coutside.txt",
    "hello.txt%00.html",
    "nothing",
    "%ff",
]


def test_nothing_outside_of_the_directory_is_served(site: Path, serve: Serve) -> None:
    address = serve(site)
    for path in OUTSIDE:  # on a socket, because a client would normalize the path
        received = raw(address, f"GET /{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert received.startswith(b"HTTP/1.1 404 "), path
        assert received.endswith(b"\r\n\r\nthere is no such file\n"), path


def raw(address: str, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(address.split(":")[2].rstrip("/"))), timeout=20) as sock:
        sock.sendall(sent)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_requests_on_one_connection(site: Path, serve: Serve) -> None:
    address = serve(site)
    asked = b"".join(
        b"%s HTTP/1.1\r\nHost: a\r\n%s\r\n" % (line, fields)
        for line, fields in [
            (b"GET /hello.txt", b""),
            (b"HEAD /hello.txt", b""),
            (b"GET /deep", b""),
            (b"GET //deep", b""),
            (b"GET /deep/", b""),
            (b"POST /hello.txt", b"Content-Length: 0\r\n"),
            (b"GET /", b"Connection: close\r\n"),
        ]
    )
    received = raw(address, asked)
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", received)
    assert statuses == [b"200", b"200", b"308", b"308", b"200", b"405", b"200"]
    assert received.count(b"location: /deep/\r\n") == 2  # never to another host
    assert b"hello.txt</a>" in received
    assert b"secret" not in received


def test_what_is_no_http_gets_a_400(site: Path, serve: Serve) -> None:
    assert raw(serve(site), b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_only_this_machine_is_served_unless_something_else_is_said(site: Path, serve: Serve) -> None:
    assert serve(site).startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["get", "http://127.0.0.1:1/"], 1, b"zttp get: "),
        (["get", "ftp://example.com/"], 2, b"zttp get: 'ftp://example.com/' is not an http: or https: URL"),
        (["get", "http://[::1/"], 2, b"zttp get: 'http://[::1/' is not a URL: "),
        (["get", "http://a:99999/"], 2, b"zttp get: 'http://a:99999/' is not a URL: "),
        (["get", "http://127.0.0.1/", "-H", "x"], 2, b"zttp get: 'x' is not of the form NAME:VALUE"),
        (["get", "http://127.0.0.1/", "--protocol", "h3"], 2, b"zttp get: HTTP/3 is for https: URLs"),
        (["get", "https://127.0.0.1:1/", "--protocol", "h9"], 2, b"zttp get: "),
        (["serve", "/no/such/place"], 1, b"zttp serve: "),
        (["serve", "/", "--port", "70000"], 2, b"zttp serve: 70000 is not a port"),
        (["serve", "/", "--certificate", "/no/such.pem", "--key", "/no/such.pem"], 1, b"zttp serve: [Errno 2] "),
    ],
)
def test_what_goes_wrong_is_one_line(words: list[str], status: int, says: bytes) -> None:
    done = zttp(*words)
    assert done.returncode == status
    assert done.stderr.startswith(says)
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("localhost", b"localhost", b"/"),
        ("http://a:81/b?c=d", b"a:81", b"/b?c=d"),
        ("https://[::1]:443/%20", b"[::1]", b"/%20"),
        ("https://b\u00fccher.example/\u00e4 b", b"xn--bcher-kva.example", b"/%C3%A4%20b"),
    ],
)
def test_a_url_as_users_write_it(url: str, authority: bytes, target: bytes) -> None:
    parsed = parse(url)
    assert (parsed.authority, parsed.target) == (authority, target)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT")
def test_control_c_ends_a_server_without_a_traceback(site: Path) -> None:
    # In the background of a shell, tests ignore the signal, and child processes inherit that.
    program = "import signal as s, sys, zttp.__main__ as z; s.signal(s.SIGINT, s.default_int_handler); "
    command = [sys.executable, "-P", "-c", program + "sys.exit(z.main())", "serve", str(site), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it is listening
        process.send_signal(signal.SIGINT)
        try:
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, told) == (130, b"")


def test_a_status_of_the_client_or_server_is_told(site: Path, serve: Serve) -> None:
    address = serve(site)
    done = zttp("get", f"{address}nothing")
    assert (done.returncode, done.stdout) == (1, b"there is no such file\n")
    assert done.stderr == f"zttp get: {address}nothing answered 404\n".encode()
