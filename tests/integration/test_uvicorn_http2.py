"""`uvicorn --http zttp --http2`, unmodified, over TLS and in clear text, driven by every available HTTP/2 client."""

import asyncio
import hashlib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import zttp
import zttp_h2
from tests.integration.http2_servers import Certificate
from tests.integration.uvicorn_server import Server, run, serving

PEERS = Path(__file__).parent / "peers"
PIECE = bytes(range(256)) * 256  # repeated by /download
MEBIBYTE = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(MEBIBYTE * 8).hexdigest()
TRANSFERS = 3 if zttp_h2.COMPILED else 1  # at a time
GOAWAY = 7  # a frame type


browser = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program} here")


def tls_options(certificate: Certificate) -> list[str]:
    return ["--ssl-certfile", str(certificate[0]), "--ssl-keyfile", str(certificate[1])]


@pytest.fixture(scope="module")
def secure(certificate: Certificate) -> Iterator[Server]:
    with serving("--http2", *tls_options(certificate)) as server:
        yield server


@pytest.fixture(scope="module")
def plain() -> Iterator[Server]:
    with serving("--http2") as server:
        yield server


@pytest.fixture(params=["tls", "cleartext"])
def server(request: pytest.FixtureRequest) -> Server:
    server = request.getfixturevalue("secure" if request.param == "tls" else "plain")
    assert isinstance(server, Server)
    return server


@pytest.fixture
def curl(server: Server, request: pytest.FixtureRequest) -> Callable[..., bytes]:
    """curl, with HTTP/2 to this server."""
    if shutil.which("curl") is None or b" HTTP2 " not in server.curl("--version"):
        pytest.skip("there is no curl with HTTP/2 here")
    options = ["--http2-prior-knowledge"]
    if server.scheme == "https":
        options = ["--http2", "--cacert", str(request.getfixturevalue("certificate")[0])]
    return lambda *arguments, content=b"": server.curl(*options, *arguments, content=content)


def with_httpx(server: Server, request: pytest.FixtureRequest) -> httpx.AsyncClient:
    """Make an httpx client that uses only HTTP/2 in clear text, and offers both over TLS."""
    tls = server.scheme == "https"
    verify = ssl.create_default_context(cafile=request.getfixturevalue("certificate")[0]) if tls else False
    return httpx.AsyncClient(base_url=server.url(""), http1=tls, http2=True, verify=verify, trust_env=False, timeout=20)


# ------------------------------------------------------------------------------------------------------------- httpx


def test_runs_the_build_under_test(server: Server, request: pytest.FixtureRequest) -> None:
    async def main() -> None:
        async with with_httpx(server, request) as client:
            response = await client.get("/engine")
            assert response.http_version == "HTTP/2"
            assert response.json() == {"file": zttp.__file__, "compiled": zttp_h2.COMPILED, "http_version": "2"}

    asyncio.run(main())


def test_httpx_concurrent_uploads(server: Server, request: pytest.FixtureRequest) -> None:
    async def main() -> None:
        async with with_httpx(server, request) as client:
            contents = [b"%d " % number * 10_000 for number in range(100)]
            responses = await asyncio.gather(*(client.post("/echo", content=content) for content in contents))
            assert [response.content for response in responses] == contents
            assert {response.http_version for response in responses} == {"HTTP/2"}

    asyncio.run(main())


def test_an_application_that_sends_its_headers_as_lists(server: Server, request: pytest.FixtureRequest) -> None:
    async def main() -> None:
        async with with_httpx(server, request) as client:
            for _ in range(2):
                response = await client.get("/lists")
                assert (response.headers["x-kind"], response.content) == ("list", b"listed")

    asyncio.run(main())


def test_httpx_large_transfers(server: Server, request: pytest.FixtureRequest) -> None:
    async def main() -> None:
        async with with_httpx(server, request) as client:
            downloads = await asyncio.gather(*(client.get("/download/64") for _ in range(TRANSFERS + 1)))
            assert all(response.content == PIECE * 64 for response in downloads)
            uploads = await asyncio.gather(*(client.post("/upload", content=MEBIBYTE * 8) for _ in range(TRANSFERS)))
            assert [response.json() for response in uploads] == [
                {"length": 8 * len(MEBIBYTE), "sha256": SHA256}
            ] * TRANSFERS

    asyncio.run(main())


def test_the_request_as_the_application_sees_it(server: Server, request: pytest.FixtureRequest) -> None:
    async def main() -> dict[str, object]:
        async with with_httpx(server, request) as client:
            # RFC 9113 8.2.3: the parts of a cookie are joined again.
            fields = [("Cookie", "a=1"), ("Cookie", "b=2"), ("X-Twice", "1"), ("X-Twice", "2")]
            seen: dict[str, object] = (await client.get("/request", headers=fields)).json()
            return seen

    seen = asyncio.run(main())
    assert (seen["method"], seen["scheme"], seen["http_version"]) == ("GET", server.scheme, "2")
    fields = seen["headers"]
    assert isinstance(fields, list)
    assert fields[0] == ["host", f"127.0.0.1:{server.port}"]
    assert [value for name, value in fields if name == "cookie"] == ["a=1; b=2"]
    assert [value for name, value in fields if name == "x-twice"] == ["1", "2"]


# -------------------------------------------------------------------------------------------------------------- curl


# In clear text, curl 7.88 itself fails to use a connection again, whatever the server.
over_tls = pytest.mark.parametrize("server", ["tls"], indirect=True)


@over_tls
def test_curl_many_on_one_connection(server: Server, curl: Callable[..., bytes]) -> None:
    urls = [word for number in range(30) for word in ("-o", "-", server.url(f"/{number}"))]
    output = curl("-Z", "--parallel-max", "30", *urls, "-w", " %{http_version}\n")
    assert sorted(re.findall(rb"you asked for /(\d+)", output), key=int) == [b"%d" % number for number in range(30)]
    assert output.count(b" 2\n") == 30


@over_tls
def test_curl_keeps_the_connection(server: Server, curl: Callable[..., bytes]) -> None:
    output = curl(server.url("/a"), server.url("/b"), "-w", " %{num_connects} %{http_code}\n")
    assert output == b"you asked for /a 1 200\nyou asked for /b 0 200\n"


def test_curl_upload_and_download(server: Server, curl: Callable[..., bytes]) -> None:
    seen = json.loads(curl("--data-binary", "@-", server.url("/upload"), content=MEBIBYTE * 8))
    assert seen == {"length": 8 * len(MEBIBYTE), "sha256": SHA256}
    assert curl(server.url("/download/128")) == PIECE * 128
    assert curl("-T", "-", "-X", "POST", server.url("/echo"), content=MEBIBYTE * 4) == MEBIBYTE * 4


def test_curl_early_hints_and_trailers(server: Server, curl: Callable[..., bytes]) -> None:
    hinted = curl("-i", server.url("/hints")).replace(b"\r\n", b"\n")
    assert re.match(rb"HTTP/2 103 \nlink: </style.css>.+\n\nHTTP/2 103 \nlink: </script.js>.+\n\nHTTP/2 200", hinted)
    assert hinted.endswith(b"\n\nhinted")
    trailed = curl("-i", "-H", "TE: trailers", server.url("/trailers"))
    assert trailed.endswith(b"\r\n\r\ncontentx-checksum: abc\r\nx-more: def\r\n")
    assert curl(server.url("/trailers")) == b"content"


def test_curl_responses_without_content(server: Server, curl: Callable[..., bytes]) -> None:
    output = curl("-I", server.url("/download/3"))
    assert output.startswith(b"HTTP/2 200 \r\n")
    assert b"content-length: 196608\r\n" in output
    for status in (204, 304):
        output = curl("-i", server.url(f"/status/{status}"))
        assert output.startswith(b"HTTP/2 %d \r\n" % status)
        assert output.endswith(b"x-status: %d\r\n\r\n" % status)


def test_curl_refused_upload(server: Server, curl: Callable[..., bytes]) -> None:
    assert curl("--data-binary", "@-", server.url("/refuse"), content=MEBIBYTE * 4) == b"too much"


def test_curl_sees_an_incomplete_response_as_one(server: Server, curl: Callable[..., bytes]) -> None:
    with pytest.raises(AssertionError, match=r"HTTP/2 stream \d was not closed cleanly: CANCEL"):
        curl(server.url("/incomplete"))


@needs("curl")
def test_curl_without_alpn_or_prior_knowledge_gets_http_1(plain: Server, secure: Server) -> None:
    for server, offer in ((plain, "--http2"), (plain, "--http1.1"), (secure, "--http1.1")):
        assert server.curl("-k", offer, server.url("/a"), "-w", " %{http_version}") == b"you asked for /a 1.1"


# ----------------------------------------------------------------------------------------------------------- nghttp2


@needs("nghttp")
@pytest.mark.parametrize(
    ("window", "path", "content"),
    [
        (1, "/in-crumbs", b"you asked for /in-crumbs"),
        (10, "/download/4", PIECE * 4),
        (16, "/download/64", PIECE * 64),
        (22, "/download/64", PIECE * 64),
    ],
    ids=["1-byte", "1023-bytes", "64-KiB", "4-MiB"],
)
def test_nghttp_download_through_windows(server: Server, window: int, path: str, content: bytes) -> None:
    # `-w N` opens each stream with 2^N - 1 bytes.
    assert run("nghttp", "--no-dep", "-w", str(window), "-W", str(max(window, 16)), server.url(path)) == content


@needs("nghttp")
def test_nghttp_uploads(server: Server, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.write_bytes(MEBIBYTE * 8)
    for option in ("--no-dep", "--no-content-length", "--trailer=x-checksum: abc", "--padding=255"):
        seen = json.loads(run("nghttp", option, "-d", str(content), server.url("/upload")))
        assert seen == {"length": 8 * len(MEBIBYTE), "sha256": SHA256}


@needs("nghttp")
def test_nghttp_frames_of_every_kind(server: Server) -> None:
    """Priorities, a field block in CONTINUATION frames, other table sizes, dozens of streams."""
    options = ["--continuation", "--header-table-size=0", "--header-table-size=65536", "--encoder-header-table-size=0"]
    output = run("nghttp", *options, "-m", "50", "--weight=7", "-nv", server.url("/page"))
    assert output.count(b":status: 200") == 50
    assert b"CONTINUATION" not in output  # sent by nghttp: it prints HEADERS; received: there must be none
    assert re.search(rb"recv SETTINGS frame <length=0, flags=0x01", output)


@needs("h2load")
@pytest.mark.parametrize(
    "options",
    [
        ["-n", "2000", "-c", "4", "-m", "32", "/"],
        ["-n", "40", "-c", "2", "-m", "10", "-w", "10", "-W", "16", "/download/2"],
        ["-n", "40", "-c", "2", "-m", "20", "-d", "CONTENT", "/upload"],
    ],
    ids=["small", "small-windows", "uploads"],
)
def test_h2load(server: Server, options: list[str], tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.write_bytes(MEBIBYTE)
    *flags, path = options
    flags = [str(content) if flag == "CONTENT" else flag for flag in flags]
    output = run("h2load", "-p", "h2c", *flags, server.url(path)).decode()
    count = int(options[1])
    assert f"{count} done, {count} succeeded, 0 failed, 0 errored, 0 timeout" in output, output
    assert f"status codes: {count} 2xx, 0 3xx, 0 4xx, 0 5xx" in output, output


# -------------------------------------------------------------------------------------------------- Node and Chromium


@needs("node")
def test_node(server: Server, request: pytest.FixtureRequest) -> None:
    certificate = [str(request.getfixturevalue("certificate")[0])] if server.scheme == "https" else []
    seen = json.loads(run("node", str(PEERS / "node_client.mjs"), server.url(""), *certificate))
    assert seen == {
        "concurrent": [f"you asked for /number/{number}" for number in range(100)],
        "smallWindow": 8 * len(PIECE),
        "largeWindow": 128 * len(PIECE),
        "upload": 4 * len(MEBIBYTE),
        "hints": [200, "hinted", [[103, "</style.css>; rel=preload"], [103, "</script.js>; rel=preload"]]],
        "trailers": ["content", {"x-checksum": "abc", "x-more": "def"}],
        "incomplete": ["the first part", zttp.H2ErrorCode.CANCEL],
        "head": [200, 0],
        "noticed": 200,
        "pong": "8 bytes!",
    }


@pytest.mark.skipif(browser is None, reason="there is no Chromium here")
def test_chromium(secure: Server, tmp_path: Path) -> None:
    assert browser is not None
    quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    options = f"--headless --no-sandbox --disable-dev-shm-usage --ignore-certificate-errors {quiet} --disable-sync"
    command = [browser, *options.split(), f"--user-data-dir={tmp_path}", "--remote-debugging-port=0"]
    command.append(secure.url("/browser"))
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, start_new_session=True, stdout=nowhere, stderr=nowhere) as process:
        try:
            told = httpx.get(secure.url("/notice/chromium"), verify=False, trust_env=False, timeout=40)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # the program is a script, and a browser has many processes
    size = 64 * len(PIECE)
    assert told.json() == {"texts": True, "downloaded": size, "uploaded": size, "protocols": ["h2"]}


# ---------------------------------------------------------------------------------------------------------- shutdown


class Client:
    """A zttp connection on a plain socket, for checks that no other client allows."""

    def __init__(self, server: Server) -> None:
        self.sock = server.connect()
        self.conn = zttp.Connection(zttp.CLIENT, zttp.HTTP2)
        self.ended = False

    def get(self, path: bytes) -> int:
        stream = self.conn.send_request(b"GET", path, b"2", [(b"host", b"a")], end_stream=True, scheme=b"http")
        self.flush()
        return stream.stream_id

    def flush(self) -> None:
        self.sock.sendall(self.conn.data_to_send())

    def events(self, until: Callable[[zttp.Event], bool]) -> list[zttp.Event]:
        """Collect events until the last wanted one, or until the connection is closed."""
        events: list[zttp.Event] = []
        while True:
            event = self.conn.next_event()
            if isinstance(event, zttp.NeedData):
                self.flush()
                self.conn.receive_data(self.sock.recv(65536))
                continue
            events.append(event)
            if isinstance(event, zttp.ConnectionClosed) or until(event):
                return events


def test_shutdown_finishes_what_is_under_way() -> None:
    with serving("--http2") as server:
        busy, idle = Client(server), Client(server)
        idle.get(b"/page")
        idle.events(lambda event: isinstance(event, zttp.EndOfMessage))
        first, second = busy.get(b"/slow"), busy.get(b"/slow")
        busy.events(lambda event: isinstance(event, zttp.Data))
        server.process.send_signal(signal.SIGTERM)
        at_idle = idle.events(lambda _: False)
        assert [type(event) for event in at_idle] == [zttp.Goaway, zttp.ConnectionClosed]
        assert at_idle[0].error_code == zttp.H2ErrorCode.NO_ERROR
        at_busy = busy.events(lambda _: False)
        words = [event.data for event in at_busy if isinstance(event, zttp.Data)]
        assert words.count(b"for") == 2
        assert {event.stream_id for event in at_busy if isinstance(event, zttp.EndOfMessage)} == {first, second}
        assert [type(event) for event in at_busy[-2:]] == [zttp.Goaway, zttp.ConnectionClosed]
        server.process.wait(15)
        for client in (busy, idle):
            client.sock.close()
        with pytest.raises(ConnectionRefusedError):
            server.connect()
    assert any("Finished server process" in line for line in server.log)


def test_a_connection_error_is_told_by_goaway() -> None:
    server = Server("--http2")
    try:
        with server.connect() as sock:
            ping_on_a_stream = b"\x00\x00\x08\x06\x00\x00\x00\x00\x01" + bytes(8)
            settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
            sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + ping_on_a_stream)
            received = b"".join(iter(lambda: sock.recv(65536), b""))
        frames = list(frames_in(received))
        assert frames[-1][0] == GOAWAY
        assert int.from_bytes(frames[-1][1][4:8], "big") == zttp.H2ErrorCode.PROTOCOL_ERROR
    finally:
        server.stop()
    assert any("Invalid HTTP/2 frame received" in line for line in server.log)
    assert not any("Traceback" in line for line in server.log)


def frames_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and payload of each frame."""
    while data:
        stop = 9 + int.from_bytes(data[:3], "big")
        yield data[3], data[9:stop]
        data = data[stop:]
