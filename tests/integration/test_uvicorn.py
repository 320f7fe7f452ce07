"""`uvicorn --http zttp`, unmodified, in a process of its own, driven by httpx, curl, websockets and raw sockets."""

import asyncio
import hashlib
import json
import re
import shutil
import signal
import socket
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect

import zttp
import zttp_h1
from tests.integration.uvicorn_server import Server

PIECE = bytes(range(256)) * 256  # repeated by /download
MEBIBYTE = bytes(range(256)) * 4096

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()
    assert "Traceback" not in "".join(server.log), "".join(server.log)


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url(""), trust_env=False, timeout=15) as client:
        yield client


def receive_until(sock: socket.socket, end: bytes) -> bytes:
    """Read until the bytes received end with `end`."""
    received = b""
    while not received.endswith(end):
        data = sock.recv(65536)
        assert data, received
        received += data
    return received


def receive_all(sock: socket.socket) -> bytes:
    """Read until the peer closes."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def test_runs_the_build_under_test(client: httpx.Client) -> None:
    engine = client.get("/engine").json()
    assert engine == {"file": zttp.__file__, "compiled": zttp_h1.COMPILED, "http_version": "1.1"}


# -------------------------------------------------------------------------------------------------- connections


def test_keep_alive(server: Server) -> None:
    with server.connect() as sock:
        for number in range(100):
            path = b"/page/%d" % number
            sock.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path)
            assert receive_until(sock, b"you asked for " + path).startswith(b"HTTP/1.1 200 OK\r\n")


def test_connection_close(server: Server) -> None:
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert receive_all(sock).endswith(b"you asked for /")


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    paths = [b"/%d" % number for number in range(30)]
    paths[10] = b"/slow"  # a slow answer delays those after it
    with server.connect() as sock:
        sock.sendall(b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in paths))
        received = receive_until(sock, b"you asked for /29")
    assert received.count(b"HTTP/1.1 200 OK\r\n") == len(paths)
    bodies = re.findall(rb"you asked for (/\d+)|6\r\n(worth )\r\n", received)
    assert [asked or b"/slow" for asked, _ in bodies] == paths


def test_pipelined_uploads_are_answered_in_order(server: Server) -> None:
    with server.connect() as sock:
        upload = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
        last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        sock.sendall(b"".join(upload % (len(word), word) for word in (b"one", b"two", b"three")) + last)
        bodies = re.findall(rb"\r\n\r\n\d\r\n(\w+)\r\n0\r\n\r\n", receive_all(sock))
    assert bodies == [b"one", b"two", b"three"]


def test_many_concurrent_connections(server: Server) -> None:
    async def main() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        async with httpx.AsyncClient(base_url=server.url(""), limits=limits, timeout=30, trust_env=False) as client:
            return await asyncio.gather(*(client.post("/echo", content=b"%d " % n * 1000) for n in range(200)))

    for number, response in enumerate(asyncio.run(main())):
        assert response.content == b"%d " % number * 1000


# ------------------------------------------------------------------------------------------------------ content


def test_content_streams_both_ways_at_once(server: Server) -> None:
    with server.connect() as sock:
        sock.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for word in (b"hello", b"again", b"third"):
            sock.sendall(b"5\r\n" + word + b"\r\n")
            receive_until(sock, b"5\r\n" + word + b"\r\n")
        sock.sendall(b"0\r\nX-Trailer: 1\r\n\r\n")
        assert receive_until(sock, b"\r\n\r\n") == b"0\r\n\r\n"


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_large_upload(client: httpx.Client, chunked: bool) -> None:
    content = (MEBIBYTE for _ in range(8)) if chunked else MEBIBYTE * 8
    seen = client.post("/upload", content=content).json()
    assert seen == {"length": 8 * len(MEBIBYTE), "sha256": hashlib.sha256(MEBIBYTE * 8).hexdigest()}


@pytest.mark.parametrize("query", ["", "?chunked=1"], ids=["content-length", "chunked"])
def test_large_download(client: httpx.Client, query: str) -> None:
    response = client.get(f"/download/128{query}")
    assert response.content == PIECE * 128
    assert ("transfer-encoding" in response.headers) == bool(query)


def test_early_response_before_the_upload_ends(server: Server) -> None:
    with server.connect() as sock:
        sock.sendall(b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nfirst bytes")
        assert receive_until(sock, b"too much").startswith(b"HTTP/1.1 413 ")
        # The rest still belongs to that request, and the connection continues after it.
        sock.sendall(bytes(1_000_000 - len(b"first bytes")) + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        assert receive_until(sock, b"you asked for /next").startswith(b"HTTP/1.1 200 ")


def test_expect_continue(server: Server) -> None:
    head = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with server.connect() as sock:
        sock.sendall(head)
        assert receive_until(sock, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"hello")
        assert json.loads(receive_until(sock, b"}").split(b"\r\n\r\n")[1])["length"] == 5


def test_expect_continue_refused(server: Server) -> None:
    with server.connect() as sock:
        sock.sendall(b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert receive_until(sock, b"too much").startswith(b"HTTP/1.1 413 ")


# --------------------------------------------------------------------------------- responses without content


def test_head(client: httpx.Client) -> None:
    response = client.head("/download/3")
    assert (response.status_code, response.headers["content-length"], response.content) == (200, "196608", b"")
    assert client.head("/download/3?chunked=1").content == b""
    assert client.get("/after").text == "you asked for /after"


def test_an_application_that_sends_its_headers_as_lists(client: httpx.Client) -> None:
    for _ in range(2):
        response = client.get("/lists")
        assert (response.headers["x-kind"], response.content) == ("list", b"listed")


@pytest.mark.parametrize("status", [204, 304])
def test_bodyless_status(client: httpx.Client, status: int) -> None:
    response = client.get(f"/status/{status}")
    assert (response.status_code, response.headers["x-status"], response.content) == (status, str(status), b"")
    assert client.get("/after").text == "you asked for /after"


# ------------------------------------------------------------------------------------------------ bad requests


@pytest.mark.parametrize(
    "garbage",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),  # a TLS ClientHello
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",  # the HTTP/2 preface, where HTTP/1.1 was configured
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
    ],
    ids=["words", "tls", "http2", "two-hosts", "smuggling", "bad-chunk"],
)
def test_bad_request(server: Server, garbage: bytes) -> None:
    with server.connect() as sock:
        sock.sendall(garbage)
        assert receive_all(sock).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_bad_request_after_a_good_one(server: Server) -> None:
    with server.connect() as sock:
        sock.sendall(b"GET /good HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n")
        received = receive_all(sock)
    assert received.index(b"you asked for /good") < received.index(b"HTTP/1.1 400 ")


# --------------------------------------------------------------------------------------------------------- curl


@needs_curl
def test_curl_keeps_the_connection(server: Server) -> None:
    output = server.curl(server.url("/a"), server.url("/b"), "-w", " %{num_connects} %{http_code}\n")
    assert output == b"you asked for /a 1 200\nyou asked for /b 0 200\n"


@needs_curl
def test_curl_uploads_chunked_with_expect(server: Server) -> None:
    upload = ("-T", "-", "-X", "POST", "-H", "Expect: 100-continue", server.url("/upload"))
    output = server.curl("-i", *upload, content=MEBIBYTE)
    assert output.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert hashlib.sha256(MEBIBYTE).hexdigest().encode() in output


@needs_curl
def test_curl_http_1_0_gets_chunked_content_ended_by_closing(server: Server) -> None:
    # RFC 9112 6.1: no transfer coding to a client that did not say HTTP/1.1.
    head, _, content = server.curl("-i", "--http1.0", server.url("/download/4?chunked=1")).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert content == PIECE * 4


@needs_curl
def test_curl_head(server: Server) -> None:
    assert b"content-length: 196608" in server.curl("-I", server.url("/download/3"))


@needs_curl
def test_curl_offer_of_http_2_is_declined(server: Server) -> None:
    # RFC 9110 7.8: a server may ignore Upgrade, and answers in HTTP/1.1.
    output = server.curl("-i", "--http2", server.url("/page"))
    assert output.startswith(b"HTTP/1.1 200 OK\r\n")
    assert output.endswith(b"you asked for /page")


# ---------------------------------------------------------------------------------------------------- WebSocket


@pytest.fixture(scope="module", params=["websockets", "websockets-sansio", "wsproto"])
def websocket_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server("--ws", request.param)
    yield server
    server.stop()
    assert "Traceback" not in "".join(server.log), "".join(server.log)


def test_websocket_upgrade(websocket_server: Server) -> None:
    with connect(websocket_server.url("/chat", "ws"), subprotocols=["chat"], proxy=None) as websocket:  # type: ignore[list-item]
        assert websocket.subprotocol == "chat"
        for message in ("hello", b"\x00\xff" * 100_000, "żółw " * 1000):
            websocket.send(message)
            assert websocket.recv(timeout=15) == message
        assert websocket.ping().wait(15)


def test_websocket_upgrade_after_requests_on_the_same_connection(websocket_server: Server) -> None:
    with websocket_server.connect() as sock:
        sock.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        receive_until(sock, b"}")
        sock.sendall(
            b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        head = receive_until(sock, b"\r\n\r\n").lower()
        assert head.startswith(b"http/1.1 101 ")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".lower() in head  # RFC 6455 1.3's own example
        sock.sendall(b"\x81\x85\x00\x00\x00\x00hello")
        assert receive_until(sock, b"hello") == b"\x81\x05hello"


# ----------------------------------------------------------------------------------------------------- shutdown


def test_shutdown_finishes_what_is_under_way() -> None:
    server = Server()
    try:
        with server.connect() as busy, server.connect() as idle:
            idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            receive_until(idle, b"you asked for /")
            busy.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            receive_until(busy, b"6\r\nworth \r\n")
            server.process.send_signal(signal.SIGTERM)
            assert receive_all(busy) == b"8\r\nwaiting \r\n3\r\nfor\r\n0\r\n\r\n"
            assert receive_all(idle) == b""
        server.process.wait(15)
        with pytest.raises(ConnectionRefusedError):
            server.connect()
    finally:
        server.stop()
    assert any("Finished server process" in line for line in server.log)
    assert not any("Traceback" in line for line in server.log)
