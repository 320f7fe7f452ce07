"""The promises of the HTTP/3 examples about credit, failure and shutdown: the server and the client with each other."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import fetch
import quic_socket
import self_signed
import zttp
from asyncio_http3_client import Client, ConnectionEndedError
from asyncio_server import Server, echo
from client_exchange import StreamResetError
from exchange import Exchange

pytestmark = pytest.mark.skipif(not self_signed.is_possible(), reason="there is no openssl here to make a certificate")

HOST = "127.0.0.1"
PIECE = bytes(64 * 1024)

Files = tuple[Path, Path]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return self_signed.make(tmp_path_factory.mktemp("tls"))


@asynccontextmanager
async def serving(
    application: Callable[[Exchange], Awaitable[None]], files: Files
) -> AsyncIterator[tuple[Server, Client]]:
    server = Server(application)
    await server.start(HOST, 0, self_signed.server_context(*files), files)
    try:
        async with Client(HOST, server.port, files[0]) as client:
            yield server, client
    finally:
        await server.stop(grace=0.1)


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def link_of(server: Server) -> quic_socket.QuicLink:
    assert server.quic is not None
    [link] = server.quic.links.values()
    return link


def test_content_in_both_directions(files: Files) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(20):
            yield bytes([number]) * len(PIECE)

    async def test() -> None:
        async with serving(echo, files) as (_, client):
            response = await client.request(b"POST", b"/", content=pieces(), trailers=[(b"checked", b"yes")])
            assert await response.read() == b"".join([piece async for piece in pieces()])
            assert response.trailers == [(b"checked", b"yes")]
            assert response.http_version == b"3"

    run(test())


def test_an_upload_waits_for_a_slow_application_and_holds_up_no_other(files: Files) -> None:
    async def test() -> None:
        go, received = asyncio.Event(), 0

        async def application(exchange: Exchange) -> None:
            nonlocal received
            if exchange.request.path == b"/upload":
                await go.wait()
                async for piece in exchange.content():
                    received += len(piece)
            await exchange.respond(200)

        async with serving(application, files) as (server, client):
            size = 20 * len(PIECE)
            upload = asyncio.create_task(client.request(b"POST", b"/upload", content=bytes(size)))
            for _ in range(30):
                assert (await client.request(b"GET", b"/")).status_code == 200
            [waiting] = link_of(server).exchanges.values()
            assert 0 < waiting.waiting <= zttp.H3Limits().initial_window_size
            go.set()
            assert (await upload).status_code == 200
            assert received == size

    run(test())


def test_an_upload_that_nobody_reads(files: Files) -> None:
    async def application(exchange: Exchange) -> None:
        await exchange.respond(413, b"too much")

    async def test() -> None:
        async with serving(application, files) as (_, client):
            for content in (bytes(1_000_000), b"short"):
                response = await client.request(b"POST", b"/", content=content)
                assert (response.status_code, await response.read()) == (413, b"too much")
            assert (await client.request(b"GET", b"/")).status_code == 413

    run(test())


def test_an_application_that_fails(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    async def application(exchange: Exchange) -> None:
        if exchange.request.path == b"/half":
            exchange.start(200, [])
            await exchange.send(b"half")
        raise ZeroDivisionError

    async def test() -> None:
        async with serving(application, files) as (_, client):
            assert (await client.request(b"GET", b"/")).status_code == 500
            with pytest.raises(StreamResetError):  # it must not look complete
                await (await client.request(b"GET", b"/half")).read()

    run(test())
    assert [record.message for record in caplog.records] == ["the application failed"] * 2


def test_a_client_that_cancels_cancels_the_application(files: Files) -> None:
    async def test() -> None:
        cancelled = asyncio.Event()

        async def application(exchange: Exchange) -> None:
            exchange.start(200, [])
            await exchange.send(b"first")
            try:
                await asyncio.sleep(50)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async with serving(application, files) as (server, client):
            response = await client.request(b"GET", b"/")
            await response.cancel()
            await cancelled.wait()
            assert link_of(server).exchanges == {}

    run(test())


def test_a_connection_that_ends_ends_its_requests(files: Files) -> None:
    async def test() -> None:
        started = asyncio.Event()

        async def application(_exchange: Exchange) -> None:
            started.set()
            await asyncio.sleep(50)

        async with serving(application, files) as (server, client):
            request = asyncio.create_task(client.request(b"GET", b"/"))
            await started.wait()
            link = link_of(server)
            link.conn.close()
            link.end()
            with pytest.raises(ConnectionEndedError, match=r"^the connection is over: CloseInfo\(0x100, "):
                await request
            with pytest.raises(ConnectionEndedError):
                await client.request(b"GET", b"/")

    run(test())


def test_a_shutdown_says_so_and_waits(files: Files) -> None:
    async def application(exchange: Exchange) -> None:
        exchange.start(200, [])
        await exchange.send(b"half, ")
        await asyncio.sleep(0.2)
        await exchange.send(b"and the rest")
        await exchange.finish()

    async def test() -> None:
        async with serving(application, files) as (server, client):
            response = await client.request(b"GET", b"/")
            stop = asyncio.create_task(server.stop(grace=20))
            assert await response.read() == b"half, and the rest"
            await stop
            assert client.conn.goaway_received() == 4
            with pytest.raises(ConnectionEndedError):
                await client.request(b"GET", b"/")

    run(test())


def test_a_system_that_sends_one_datagram_at_a_time(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "elsewhere")

    async def application(exchange: Exchange) -> None:
        await exchange.respond(200, bytes(500_000))

    async def test() -> None:
        async with serving(application, files) as (server, client):
            assert server.quic is not None
            assert not server.quic.segments
            assert len(await (await client.request(b"GET", b"/")).read()) == 500_000

    run(test())


def test_one_client_for_all_three(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        secure, plain = Server(echo), Server(echo)
        await secure.start(HOST, 0, self_signed.server_context(*files), files)
        await plain.start(HOST, 0)
        try:
            await fetch.main(f"http://{HOST}:{plain.port}/", None)
            await fetch.main(f"https://{HOST}:{secure.port}/", files[0])
        finally:
            await secure.stop(grace=0.1)
            await plain.stop(grace=0.1)

    run(test())
    assert capsys.readouterr().out.splitlines() == [
        "HTTP/1.1 200, 16 bytes",
        "HTTP/2 200, 16 bytes",
        "HTTP/3 200, 16 bytes",
    ]


@pytest.mark.parametrize(
    ("fields", "port"),
    [
        ([], None),
        ([b"clear"], None),
        ([b'h2=":443"'], None),
        ([b'h3=":8443"; ma=3600'], 8443),
        ([b'h2=":1", h3=":2"'], 2),
        ([b'h3-29=":3"'], None),
        ([b'h3="other.example:4"'], None),
    ],
)
def test_where_http_3_is_spoken(fields: list[bytes], port: int | None) -> None:
    assert fetch.http3_port(fields) == port
