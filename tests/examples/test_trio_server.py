"""`examples/trio_server.py`, with the example clients on asyncio in a separate thread."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trio

import self_signed
import trio_server
import zttp
from asyncio_client import Client as Http1Client
from asyncio_http2_client import Client as Http2Client
from client_exchange import StreamResetError
from trio_server import Exchange, echo

HOST = "127.0.0.1"
PIECE = bytes(range(256)) * 256

Client = Http1Client | Http2Client
both = pytest.mark.parametrize("make", [Http1Client, Http2Client], ids=["http/1.1", "h2"])


def serve(
    application: Callable[[Exchange], Awaitable[None]],
    ask: Callable[[int], None],
    tls: ssl.SSLContext | None = None,
) -> None:
    """Send a server the requests of a test, given its port."""

    async def main() -> None:
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                port = await nursery.start(trio_server.listen, application, 0, tls)
                await trio.to_thread.run_sync(ask, port)
                nursery.cancel_scope.cancel()

    trio.run(main)


def on_asyncio(make: Callable[[str, int], Client], test: Callable[[Client], Awaitable[None]]) -> Callable[[int], None]:
    async def main(port: int) -> None:
        async with make(HOST, port) as client:
            await asyncio.wait_for(test(client), 20)

    return lambda port: asyncio.run(main(port))


async def pieces() -> AsyncIterator[bytes]:
    for _ in range(32):
        yield PIECE


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield PIECE


@both
def test_requests_one_after_the_other(make: Callable[[str, int], Client]) -> None:
    async def test(client: Client) -> None:
        for _ in range(3):
            response = await client.request(b"GET", b"/")
            assert (response.status_code, await response.read()) == (200, b"hello from zttp\n")
        response = await client.request(b"HEAD", b"/")
        assert (response.headers.get(b"content-length"), await response.read()) == (b"16", b"")
        assert (await client.request(b"DELETE", b"/")).status_code == 405

    serve(echo, on_asyncio(make, test))


@both
def test_content_in_both_directions(make: Callable[[str, int], Client]) -> None:
    async def test(client: Client) -> None:
        expectation, trailers = [(b"expect", b"100-continue")], [(b"checked", b"yes")]
        response = await client.request(b"POST", b"/", expectation, pieces(), trailers)
        assert await response.read() == PIECE * 32
        assert response.trailers == trailers
        assert [head.status_code for head in response.informational] == [100]

    serve(echo, on_asyncio(make, test))


def test_requests_side_by_side() -> None:
    go = trio.Event()

    async def application(exchange: Exchange) -> None:
        if exchange.request.path == b"/last":
            go.set()
        await go.wait()
        await exchange.respond(200, exchange.request.path)

    async def test(client: Client) -> None:
        targets = [b"/%d" % number for number in range(20)] + [b"/last"]
        responses = await asyncio.gather(*(client.request(b"GET", target) for target in targets))
        assert [await response.read() for response in responses] == targets

    serve(application, on_asyncio(Http2Client, test))


@both
def test_an_upload_that_nobody_reads(make: Callable[[str, int], Client]) -> None:
    async def application(exchange: Exchange) -> None:
        await exchange.respond(413, b"too much")

    async def test(client: Client) -> None:
        for content in (endless(), b"short"):
            response = await client.request(b"POST", b"/", content=content)
            assert (response.status_code, await response.read()) == (413, b"too much")

    serve(application, on_asyncio(make, test))


@both
def test_an_application_that_fails(make: Callable[[str, int], Client], caplog: pytest.LogCaptureFixture) -> None:
    async def application(exchange: Exchange) -> None:
        if exchange.request.path == b"/half":
            await exchange.start(200, [])
            await exchange.send(b"half")
        if exchange.request.path != b"/forgets":
            raise ZeroDivisionError

    async def test(client: Client) -> None:
        for target in (b"/", b"/forgets"):
            assert (await client.request(b"GET", target)).status_code == 500
            await client.close() if isinstance(client, Http1Client) else None
        with pytest.raises((StreamResetError, zttp.RemoteProtocolError, ConnectionError)):
            await (await client.request(b"GET", b"/half")).read()

    serve(application, on_asyncio(make, test))
    assert [record.message for record in caplog.records] == ["the application failed"] * 3


@both
def test_a_client_that_goes_away_ends_the_application(make: Callable[[str, int], Client]) -> None:
    ended = trio.Event()

    async def application(exchange: Exchange) -> None:
        try:
            await exchange.start(200, [])
            while True:
                await exchange.send(PIECE)
        finally:
            ended.set()

    async def test(client: Client) -> None:
        response = await client.request(b"GET", b"/")
        await anext(response.content())
        await response.cancel()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            port = await nursery.start(trio_server.listen, application, 0)
            await trio.to_thread.run_sync(on_asyncio(make, test), port)
            with trio.fail_after(20):
                await ended.wait()
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_a_connection_that_stays_idle_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trio_server, "HEAD_TIMEOUT", 0.05)

    def ask(port: int) -> None:
        with socket.create_connection((HOST, port), timeout=10) as sock:
            assert sock.recv(10) == b""
        with socket.create_connection((HOST, port), timeout=10) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            received = b"".join(iter(lambda: sock.recv(65536), b""))
            assert received.endswith(b"hello from zttp\n")

    serve(echo, ask)


def test_content_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trio_server, "STALL_TIMEOUT", 0.05)

    def ask(port: int) -> None:
        with socket.create_connection((HOST, port), timeout=10) as sock:
            sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
            assert sock.recv(65536).startswith(b"HTTP/1.1 408 ")

    async def application(exchange: Exchange) -> None:
        await exchange.respond(200, b"".join([piece async for piece in exchange.content()]))

    serve(application, ask)


@pytest.mark.skipif(not self_signed.is_possible(), reason="there is no openssl here to make a certificate")
def test_over_tls(tmp_path: Path) -> None:
    files = self_signed.make(tmp_path)

    def secured(host: str, port: int) -> Http2Client:
        return Http2Client(host, port, self_signed.client_context(files[0]))

    async def test(client: Client) -> None:
        response = await client.request(b"POST", b"/", content=pieces())
        assert (response.http_version, await response.read()) == (b"2", PIECE * 32)

    serve(echo, on_asyncio(secured, test), self_signed.server_context(*files))
