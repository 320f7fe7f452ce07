"""The promises of `examples/asyncio_server.py` about time, backpressure, failure and shutdown."""

import asyncio
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

import asyncio_server
import demo
import exchange
import zttp
from asyncio_client import Client
from asyncio_server import Server, echo
from exchange import HIGH_WATER, Exchange

HOST = "127.0.0.1"
GET = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"
PIECE = bytes(64 * 1024)
KERNEL = 16 * 1024 * 1024  # more than socket buffers hold


@asynccontextmanager
async def serving(application: Callable[[Exchange], Awaitable[None]]) -> AsyncIterator[Server]:
    server = Server(application)
    await server.start(HOST, 0)
    try:
        yield server
    finally:
        await server.stop(grace=0.1)


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


async def settled(value: Callable[[], int]) -> int:
    """Wait until `value` no longer changes, and return it."""
    before = -1
    while (now := value()) != before:
        before = now
        await asyncio.sleep(0.2)
    return now


# ---------------------------------------------------------------------------------------------------- pressure


def test_an_upload_waits_for_a_slow_application() -> None:
    async def test() -> None:
        go, received = asyncio.Event(), 0

        async def application(exchange: Exchange) -> None:
            nonlocal received
            await go.wait()
            async for piece in exchange.content():
                received += len(piece)
            await exchange.respond(200)

        async with serving(application) as server, connected(server) as (reader, writer):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % KERNEL + bytes(KERNEL))
            [link] = await started(server)
            await settled(lambda: link.exchanges[0].waiting)
            assert link.exchanges[0].waiting < 2 * HIGH_WATER
            assert not link.transport.is_reading()
            go.set()
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            assert received == KERNEL

    run(test())


async def started(server: Server) -> list[asyncio_server.Link]:
    """Wait until a request is in progress, and return the links."""
    await settled(lambda: sum(len(link.exchanges) for link in server.links))
    return list(server.links)


def test_a_download_waits_for_a_slow_client() -> None:
    async def test() -> None:
        sent = 0

        async def application(exchange: Exchange) -> None:
            nonlocal sent
            exchange.start(200, [(b"content-length", b"%d" % (4 * KERNEL))])
            while sent < 4 * KERNEL:
                await exchange.send(PIECE)
                sent += len(PIECE)
            await exchange.finish()

        async with serving(application) as server, connected(server) as (reader, writer):
            writer.write(GET % b"")
            await started(server)
            assert 0 < await settled(lambda: sent) < 2 * KERNEL
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(4 * KERNEL)

    run(test())


def test_pipelined_requests_wait_in_the_kernel() -> None:
    async def test() -> None:
        go, count = asyncio.Event(), 2000

        async def application(exchange: Exchange) -> None:
            await go.wait()
            await exchange.respond(200, exchange.request.target)

        async with serving(application) as server, connected(server) as (reader, writer):
            padded = b"GET /%d HTTP/1.1\r\nHost: a\r\nX-Padding: " + bytes(b"x" * 1000) + b"\r\n\r\n"
            writer.write(b"".join(padded % number for number in range(count)))
            [link] = await started(server)
            assert not link.transport.is_reading()
            assert len(server.tasks) == 1
            go.set()
            for number in range(count):
                head = await reader.readuntil(b"\r\n\r\n")
                assert b"content-length: %d\r\n" % len(b"/%d" % number) in head
                assert await reader.readexactly(len(b"/%d" % number)) == b"/%d" % number

    run(test())


# -------------------------------------------------------------------------------------------------------- time


@pytest.mark.parametrize("sent", [b"", b"GET / HT", GET % b"" + b"GET / HTTP/1.1\r\nHost:"])
def test_a_head_that_never_comes(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio_server, "HEAD_TIMEOUT", 0.2)

    async def test() -> None:
        async with serving(echo) as server, connected(server) as (reader, writer):
            writer.write(sent)
            assert (await reader.read()).count(b"HTTP/1.1 200 OK") == sent.count(b"\r\n\r\n")

    run(test())


def test_content_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "CONTENT_TIMEOUT", 0.2)

    async def application(exchange: Exchange) -> None:
        await exchange.respond(200, await exchange.read())

    async def test() -> None:
        async with serving(application) as server, connected(server) as (reader, writer):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell")
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")

    run(test())


def test_a_client_that_never_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio_server, "SEND_TIMEOUT", 0.2)

    async def test() -> None:
        stopped = asyncio.Event()

        async def application(exchange: Exchange) -> None:
            exchange.start(200, [])
            try:
                while True:
                    await exchange.send(PIECE)
            finally:
                stopped.set()

        async with serving(application) as server, connected(server) as (reader, writer):
            writer.write(GET % b"")
            await stopped.wait()
            assert not (await reader.read()).endswith(b"0\r\n\r\n")
            assert not server.links

    run(test())


# ----------------------------------------------------------------------------------------------------- failure


@pytest.mark.parametrize("fails", [True, False], ids=["raises", "forgets to answer"])
def test_an_application_that_fails(fails: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def application(exchange: Exchange) -> None:
        if fails:
            raise ZeroDivisionError

    async def test() -> None:
        async with serving(application) as server, connected(server) as (reader, writer):
            writer.write(GET % b"")
            assert (await reader.read()).startswith(b"HTTP/1.1 500 ")

    run(test())
    assert [record.message for record in caplog.records] == ["the application failed"]


def test_a_response_cut_short_does_not_look_complete(caplog: pytest.LogCaptureFixture) -> None:
    async def application(exchange: Exchange) -> None:
        exchange.start(200, [])
        await exchange.send(b"half")
        raise ZeroDivisionError

    async def test() -> None:
        async with serving(application) as server, connected(server) as (reader, writer):
            writer.write(GET % b"")
            assert (await reader.read()).endswith(b"\r\n\r\n4\r\nhalf\r\n")

    run(test())
    assert len(caplog.records) == 1


def test_an_application_that_fails_after_its_response(caplog: pytest.LogCaptureFixture) -> None:
    async def application(exchange: Exchange) -> None:
        await exchange.respond(200, b"good")
        raise ZeroDivisionError

    async def test() -> None:
        async with serving(application) as server, connected(server) as (reader, writer):
            for _ in range(2):
                writer.write(GET % b"")
                assert (await reader.readuntil(b"good")).startswith(b"HTTP/1.1 200 ")

    run(test())
    assert len(caplog.records) == 2


def test_bad_content_stops_the_application_and_is_answered_once(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async def application(exchange: Exchange) -> None:
            try:
                await exchange.respond(200, await exchange.read())
            except asyncio.CancelledError:
                await exchange.respond(200)  # it answers nevertheless

        async with serving(application) as server, connected(server) as (reader, writer):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            await started(server)
            writer.write(b"not a size\r\n")
            received = await reader.read()
            assert received.startswith(b"HTTP/1.1 400 ")
            assert received.count(b"HTTP/1.1") == 1
            await settled(lambda: len(server.tasks))

    run(test())
    assert [record.message for record in caplog.records] == ["the application failed"]


def test_a_client_that_goes_away_cancels_the_application() -> None:
    async def test() -> None:
        cancelled = asyncio.Event()

        async def application(exchange: Exchange) -> None:
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async with serving(application) as server:
            async with connected(server) as (_, writer):
                writer.write(GET % b"")
                await started(server)
                # Without this, closing looks like the end of a request stream whose response is still wanted.
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await cancelled.wait()

    run(test())


def test_a_refusal_reaches_a_client_that_is_still_sending() -> None:
    async def application(exchange: Exchange) -> None:
        await exchange.respond(413, b"too much")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(512):
            yield PIECE

    async def test() -> None:
        async with serving(application) as server, Client(HOST, server.port) as client:
            response = await client.request(b"POST", b"/", content=pieces())
            assert (response.status_code, await response.read()) == (413, b"too much")
            assert response.headers.get(b"connection") == b"close"

    run(test())


# ---------------------------------------------------------------------------------------------------- shutdown


def test_shutdown_closes_idle_connections_and_finishes_requests() -> None:
    async def test() -> None:
        go = asyncio.Event()

        async def application(exchange: Exchange) -> None:
            await go.wait()
            await exchange.respond(200, b"worth waiting for")

        async with serving(application) as server, connected(server) as idle, connected(server) as busy:
            busy[1].write(GET % b"")
            await started(server)
            stop = asyncio.create_task(server.stop(grace=5))
            assert await idle[0].read() == b""
            idle[1].close()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, server.port)
            go.set()
            received = await busy[0].read()
            assert b"connection: close\r\n" in received
            assert received.endswith(b"worth waiting for")
            busy[1].close()
            await stop
            assert not server.links

    run(test())


def test_shutdown_drops_what_does_not_finish_in_time() -> None:
    async def application(exchange: Exchange) -> None:
        await asyncio.sleep(20)

    async def test() -> None:
        async with serving(application) as server, connected(server) as (reader, writer):
            writer.write(GET % b"")
            await started(server)
            await server.stop(grace=0.1)
            assert await reader.read() == b""

    run(test())


# --------------------------------------------------------------------------------------------------------- TLS


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here to make a certificate")
def test_tls_with_alpn(tmp_path: Path) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([*make.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server_side, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=certificate)
    server_side.load_cert_chain(certificate, key)
    for context in (server_side, client_side):
        context.set_alpn_protocols(["http/1.1"])

    async def test() -> None:
        server = Server(echo)
        await server.start(HOST, 0, server_side)
        reader, writer = await asyncio.open_connection(HOST, server.port, ssl=client_side, server_hostname="localhost")
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == zttp.HTTP1
        writer.write(GET % b"" + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).count(b"hello from zttp") == 2
        writer.close()
        await writer.wait_closed()
        await server.stop()

    run(test())


# -------------------------------------------------------------------------------------------------------- demo


def test_the_demo_finds_a_server_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    async def application(exchange: Exchange) -> None:
        await exchange.respond(200, b"the same for everyone")

    assert asyncio.run(demo.run(application=application)) > 0
    assert "WRONG" in capsys.readouterr().out
    assert demo.CHECK_TIMEOUT > 0
