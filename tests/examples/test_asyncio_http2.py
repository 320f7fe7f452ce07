"""The promises of the HTTP/2 examples about credit, failure and shutdown: the server and the client with each other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

import pytest

import asyncio_http2_client
import asyncio_server
import exchange
import zttp
from asyncio_http2_client import Client, NotHTTP2Error
from asyncio_server import Server, echo
from client_exchange import StreamResetError
from exchange import Exchange

HOST = "127.0.0.1"
PIECE = bytes(64 * 1024)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: %s\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\n" + OFFER + b"\r\n"


@asynccontextmanager
async def serving(application: Callable[[Exchange], Awaitable[None]]) -> AsyncIterator[tuple[Server, Client]]:
    server = Server(application)
    await server.start(HOST, 0)
    try:
        async with Client(HOST, server.port) as client:
            yield server, client
    finally:
        await server.stop(grace=0.1)


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield PIECE


# ------------------------------------------------------------------------------------------------------- credit


def test_an_upload_waits_for_a_slow_application_and_holds_up_no_other() -> None:
    async def test() -> None:
        go, received = asyncio.Event(), 0

        async def application(exchange: Exchange) -> None:
            nonlocal received
            if exchange.request.path == b"/upload":
                await go.wait()
                async for piece in exchange.content():
                    received += len(piece)
            await exchange.respond(200)

        async with serving(application) as (server, client):
            size = 200 * len(PIECE)
            upload = asyncio.create_task(client.request(b"POST", b"/upload", content=bytes(size)))
            for _ in range(50):
                assert (await client.request(b"GET", b"/")).status_code == 200
            [link] = server.links
            [waiting] = link.exchanges.values()
            assert 0 < waiting.waiting <= zttp.H2Limits().initial_window_size
            go.set()
            assert (await upload).status_code == 200
            assert received == size

    run(test())


def test_a_download_waits_for_a_slow_client() -> None:
    async def test() -> None:
        sent = 0

        async def application(exchange: Exchange) -> None:
            nonlocal sent
            exchange.start(200, [])
            while sent < 200 * len(PIECE):
                await exchange.send(PIECE)
                sent += len(PIECE)
            await exchange.finish()

        async with serving(application) as (_, client):
            response = await client.request(b"GET", b"/")
            for _ in range(50):
                client.conn.ping()
                client.flush()
                await asyncio.sleep(0)
            window = zttp.H2Limits().initial_window_size
            assert sent <= window
            assert len(await response.read()) == 200 * len(PIECE)

    run(test())


def test_a_client_that_gives_no_credit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "CREDIT_TIMEOUT", 0.2)

    async def application(exchange: Exchange) -> None:
        exchange.start(200, [])
        while True:
            await exchange.send(PIECE)

    async def test() -> None:
        async with serving(application) as (_, client):
            response = await client.request(b"GET", b"/")
            [stream] = client.exchanges.values()
            while not isinstance(event := await stream.events.get(), zttp.RstStream):
                assert isinstance(event, zttp.Data)
            assert event.error_code == zttp.H2ErrorCode.INTERNAL_ERROR
            assert response.status_code == 200

    run(test())


def test_nobody_has_to_read_an_upload() -> None:
    async def application(exchange: Exchange) -> None:
        await exchange.respond(413, b"too much")

    async def test() -> None:
        async with serving(application) as (_, client):
            for content in (endless(), bytes(1_000_000), b"short"):
                for _ in range(3):
                    response = await client.request(b"POST", b"/", content=content)
                    assert (response.status_code, await response.read()) == (413, b"too much")
            assert client.conn.open_streams == 0

    run(test())


# ------------------------------------------------------------------------------------------------------ failure


@pytest.mark.parametrize("fails", [True, False], ids=["raises", "forgets to answer"])
def test_an_application_that_fails(fails: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def application(exchange: Exchange) -> None:
        if exchange.request.path == b"/well":
            await exchange.respond(200)
        elif fails:
            raise ZeroDivisionError

    async def test() -> None:
        async with serving(application) as (_, client):
            assert (await client.request(b"GET", b"/")).status_code == 500
            assert (await client.request(b"GET", b"/well")).status_code == 200

    run(test())
    assert [record.message for record in caplog.records] == ["the application failed"]


def test_a_response_cut_short_does_not_look_complete(caplog: pytest.LogCaptureFixture) -> None:
    async def application(exchange: Exchange) -> None:
        exchange.start(200, [])
        await exchange.send(b"half")
        raise ZeroDivisionError

    async def test() -> None:
        async with serving(application) as (_, client):
            response = await client.request(b"GET", b"/")
            with pytest.raises(StreamResetError):
                await response.read()

    run(test())
    assert len(caplog.records) == 1


def test_a_client_that_cancels_cancels_the_application() -> None:
    async def test() -> None:
        cancelled = asyncio.Event()

        async def application(exchange: Exchange) -> None:
            exchange.start(200, [])
            await exchange.send(b"first")
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async with serving(application) as (server, client):
            response = await client.request(b"GET", b"/")
            await response.cancel()
            await cancelled.wait()
            [link] = server.links
            assert link.exchanges == {}

    run(test())


def test_a_connection_that_ends_ends_its_requests() -> None:
    async def test() -> None:
        async with serving(echo) as (server, client):
            response = await client.request(b"POST", b"/", content=endless())
            [link] = server.links
            link.transport.abort()
            with pytest.raises((OSError, zttp.RemoteProtocolError)):
                await response.read()
            with pytest.raises((OSError, zttp.RemoteProtocolError)):
                await client.request(b"GET", b"/")

    run(test())


def test_content_that_cannot_be_had() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"so far so good"
        raise ZeroDivisionError

    async def test() -> None:
        async with serving(echo) as (_, client):
            with pytest.raises(ZeroDivisionError):
                await (await client.request(b"POST", b"/", content=broken())).read()
            assert client.conn.open_streams == 0

    run(test())


def test_a_connection_that_stays_idle_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio_server, "HEAD_TIMEOUT", 0.2)

    async def test() -> None:
        async with serving(echo) as (server, client):
            assert (await client.request(b"GET", b"/")).status_code == 200
            await server.closed()
            assert not server.links

    run(test())


# ------------------------------------------------------------------------------------------------------ choosing


@pytest.mark.parametrize("settings", [b"AAMAAABk", b""], ids=["some", "none"])
def test_upgrade(settings: bytes) -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            reader, writer = await asyncio.open_connection(HOST, server.port)
            writer.write(UPGRADE % settings + PREFACE)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head == b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
            assert (await reader.readexactly(9))[3] == 4  # SETTINGS
            writer.close()
            await writer.wait_closed()

    run(test())


def test_upgrade_with_settings_that_are_none_is_ignored() -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            reader, writer = await asyncio.open_connection(HOST, server.port)
            writer.write(UPGRADE % b"!")
            assert (await reader.readuntil(b"hello from zttp\n")).startswith(b"HTTP/1.1 200 OK\r\n")
            writer.close()
            await writer.wait_closed()

    run(test())


def test_upgrade_that_is_declined() -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def test() -> None:
        async with await asyncio.start_server(old, HOST, 0) as server:
            with pytest.raises(NotHTTP2Error):
                await asyncio_http2_client.upgrade(HOST, server.sockets[0].getsockname()[1])

    run(test())


# ------------------------------------------------------------------------------------------------------ shutdown


def test_shutdown_in_two_steps() -> None:
    async def test() -> None:
        go = asyncio.Event()

        async def application(exchange: Exchange) -> None:
            exchange.start(200, [])
            await exchange.send(b"worth ")
            await go.wait()
            await exchange.send(b"waiting for")
            await exchange.finish()

        async with serving(application) as (server, client):
            goaways: list[int] = []
            client.observe = lambda event: goaways.extend(
                [event.last_stream_id] if isinstance(event, zttp.Goaway) else []
            )
            response = await client.request(b"GET", b"/")
            stop = asyncio.create_task(server.stop(grace=5))
            await asyncio.sleep(0)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, server.port)
            go.set()
            assert await response.read() == b"worth waiting for"
            await stop
            assert not server.links
            assert goaways == [2**31 - 1, 1]

    run(test())
