"""The checks of `demo.py` in HTTP/1.1: requests to the example server, and the expected responses."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import zttp
from asyncio_client import Client
from asyncio_server import Server

PIECES = [bytes([letter]) * 5_000 for letter in b"zttp"]
CONTENT = b"".join(PIECES)

Observer = Callable[[zttp.Event | zttp.ProtocolError], None]
Check = Callable[["Demo"], Awaitable[str]]


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def expect(what: str, actual: object, expected: object) -> None:
    """Fail the check unless the two are equal."""
    if actual != expected:
        raise ValueError(f"{what}: expected {expected!r}, got {actual!r}")


class Demo:
    """A running server, and ways to reach it."""

    def __init__(self, server: Server, observe: Observer, certificate: Path | None = None) -> None:
        self.server, self.observe = server, observe
        self.certificate = certificate  # of the server, if it speaks TLS

    def client(self) -> Client:
        return Client("127.0.0.1", self.server.port, self.observe)

    async def send_bytes(self, data: bytes) -> bytes:
        """Send bytes, and return all bytes received before the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        writer.write(data)
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
        return received

    async def curl(self, *arguments: str) -> str:
        """Run curl, with `PORT` in its arguments replaced, and return what it prints."""
        urls = [argument.replace("PORT", str(self.server.port)) for argument in arguments]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec("curl", "-sS", "--noproxy", "*", *urls, stdin=pipe, stdout=pipe)
        output, _ = await process.communicate(CONTENT)
        expect("exit status of curl", process.returncode, 0)
        return output.decode("latin-1").replace("\r\n", "\n")


async def keep_alive(demo: Demo) -> str:
    async with demo.client() as client:
        for number in range(3):
            response = await client.request(b"GET", b"/%d" % number)
            expect("content", await response.read(), b"you asked for /%d\n" % number)
        expect("connections", client.connections, 1)
    return "3 requests on 1 connection"


async def chunked_upload(demo: Demo) -> str:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in PIECES:
            yield piece

    async with demo.client() as client:
        response = await client.request(b"POST", b"/echo", content=pieces(), trailers=[(b"checked", b"yes")])
        expect("echo", digest(await response.read()), digest(CONTENT))
        expect("trailers", response.trailers, [(b"digest", digest(CONTENT)), (b"checked", b"yes")])
    return f"{len(CONTENT)} bytes there and back in chunks, with trailers"


async def expect_continue(demo: Demo) -> str:
    expectation = [(b"expect", b"100-continue")]
    async with demo.client() as client:
        response = await client.request(b"POST", b"/echo", expectation, CONTENT)
        expect("informational", [head.status_code for head in response.informational], [100])
        expect("echo", digest(await response.read()), digest(CONTENT))
        refused = await client.request(b"POST", b"/refuse", expectation, CONTENT)
        expect("refusal", (refused.status_code, await refused.read(), refused.informational), (413, b"too much\n", []))
    return "one upload invited, one refused before it was sent"


async def head(demo: Demo) -> str:
    page = b"you asked for /page\n"
    async with demo.client() as client:
        response = await client.request(b"HEAD", b"/page")
        expect("content of HEAD", await response.read(), b"")
        expect("content-length of HEAD", response.headers.get(b"content-length"), b"%d" % len(page))
        response = await client.request(b"GET", b"/page")
        expect("content of GET", await response.read(), page)
        expect("connections", client.connections, 1)
    return "the fields of GET without its content, and the connection goes on"


async def pipelining(demo: Demo) -> str:
    targets = [b"/first", b"/second", b"/third"]
    requests = [b"GET %s HTTP/1.1\r\nHost: demo\r\n" % target for target in targets]
    received = await demo.send_bytes(b"\r\n".join(requests) + b"Connection: close\r\n\r\n")
    for target in targets:
        # The client gets one response for one request: further bytes would end the connection.
        content = b"you asked for %s\n" % target
        response, _, received = received.partition(content)
        conn = zttp.Connection(zttp.CLIENT, zttp.HTTP1)
        conn.send_request(b"GET", target, b"1.1", [(b"host", b"demo")])
        conn.end_message()
        conn.receive_data(response + content)
        events = [conn.next_event() for _ in range(3)]
        for event in events:
            demo.observe(event)
        expect("events", [type(event) for event in events], [zttp.Response, zttp.Data, zttp.EndOfMessage])
        expect("data", events[1], zttp.Data(data=content))
    expect("rest", received, b"")
    return f"{len(targets)} requests in one write, their responses in order"


async def malformed(demo: Demo) -> str:
    received = await demo.send_bytes(b"POST / HTTP/1.1\r\nHost: demo\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")
    head, _, content = received.partition(b"\r\n\r\n")
    expect("status line", head.split(b"\r\n")[0], b"HTTP/1.1 400 Bad Request")
    expect("last response", b"connection: close" in head.lower(), True)
    expect("words", content != b"", True)
    return f"400, closed, and told why: {content.decode().strip()}"


async def curl_keep_alive(demo: Demo) -> str:
    url = "http://127.0.0.1:PORT"
    output = await demo.curl(f"{url}/a", f"{url}/b", "-w", "%{num_connects} %{http_code}\n")
    expect("output", output, "you asked for /a\n1 200\nyou asked for /b\n0 200\n")
    return "2 requests on 1 connection"


async def curl_upload(demo: Demo) -> str:
    upload = ("-T", "-", "-X", "POST", "-H", "Expect: 100-continue", "http://127.0.0.1:PORT/echo")
    output = await demo.curl(*upload, "-i")
    expect("informational", output.splitlines()[0], "HTTP/1.1 100 Continue")
    expect("echo", "\n\n" + CONTENT.decode() in output, True)
    return "a chunked upload, invited by 100"


async def curl_head(demo: Demo) -> str:
    output = await demo.curl("-I", "http://127.0.0.1:PORT/page")
    expect("status line", output.splitlines()[0], "HTTP/1.1 200 OK")
    expect("content-length", "content-length: 20" in output, True)
    return "fields, and no content waited for"


async def curl_http_1_0(demo: Demo) -> str:
    output = await demo.curl("--http1.0", "--data-binary", "@-", "-i", "http://127.0.0.1:PORT/echo")
    fields, _, content = output.partition("\n\n")
    expect("chunked", "transfer-encoding" in fields.lower(), False)
    expect("echo", content, CONTENT.decode())
    return "the same response without chunks, ended by closing"


async def graceful_shutdown(demo: Demo) -> str:
    async with demo.client() as client:
        response = await client.request(b"GET", b"/slow")
        stop = asyncio.create_task(demo.server.stop())
        expect("content", await response.read(), b"worth waiting for\n")
    await stop
    try:
        await demo.send_bytes(b"")
    except ConnectionRefusedError:
        return "the response under way was completed, then all was closed"
    raise ValueError("the server still listens")


CHECKS: list[Check] = [keep_alive, chunked_upload, expect_continue, head, pipelining, malformed]
CURL_CHECKS: list[Check] = [curl_keep_alive, curl_upload, curl_head, curl_http_1_0]
