"""The common behaviour of HTTP/2 and HTTP/3 clients with one request and its response, each with the example server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import asyncio_http2_client
import asyncio_http3_client
import client_exchange
import self_signed
import zttp
from asyncio_server import Server, echo
from client_exchange import StreamClient, StreamResetError
from exchange import Exchange

pytestmark = pytest.mark.skipif(not self_signed.is_possible(), reason="there is no openssl here to make a certificate")

HOST = "127.0.0.1"
PIECE = bytes(64 * 1024)
EXPECTATION = [(b"expect", b"100-continue")]

both = pytest.mark.parametrize("protocol", [zttp.HTTP2, zttp.HTTP3])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed.make(tmp_path_factory.mktemp("tls"))


class Bench:
    """A server, a client, and the requests that the server received."""

    def __init__(self, client: StreamClient[Any], seen: "asyncio.Queue[zttp.Event | zttp.ProtocolError]") -> None:
        self.client, self.seen = client, seen

    async def reset_code(self) -> int:
        """The code with which the client ends a stream."""
        while not isinstance(event := await self.seen.get(), zttp.RstStream):
            pass
        return event.error_code


@asynccontextmanager
async def bench(
    protocol: str, files: tuple[Path, Path], application: Callable[[Exchange], Awaitable[None]]
) -> AsyncIterator[Bench]:
    seen: asyncio.Queue[zttp.Event | zttp.ProtocolError] = asyncio.Queue()
    server = Server(application, seen.put_nowait)
    await server.start(HOST, 0, self_signed.server_context(*files), files)
    client: StreamClient[Any]
    if protocol == zttp.HTTP2:
        client = asyncio_http2_client.Client(HOST, server.port, self_signed.client_context(files[0]))
    else:
        client = asyncio_http3_client.Client(HOST, server.port, files[0])
    try:
        async with client:
            yield Bench(client, seen)
    finally:
        await server.stop(grace=0.1)


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield PIECE


@both
def test_content_waits_for_100(protocol: str, files: tuple[Path, Path]) -> None:
    async def test() -> None:
        async with bench(protocol, files, echo) as here:
            response = await here.client.request(b"POST", b"/", EXPECTATION, b"content")
            assert [head.status_code for head in response.informational] == [100]
            assert await response.read() == b"content"

    run(test())


@both
def test_content_that_is_refused_is_not_sent(protocol: str, files: tuple[Path, Path]) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.respond(413, b"too much")

    async def test() -> None:
        async with bench(protocol, files, refuse) as here:
            response = await here.client.request(b"POST", b"/", EXPECTATION, endless())
            assert (response.status_code, await response.read(), response.informational) == (413, b"too much", [])
            await (await here.client.request(b"GET", b"/")).read()
            assert here.client.exchanges == {}
            assert not any(isinstance(here.seen.get_nowait(), zttp.Data) for _ in range(here.seen.qsize()))

    run(test())


@both
def test_content_is_sent_when_no_100_comes(
    protocol: str, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_exchange, "CONTINUE_TIMEOUT", 0.1)

    async def silent(exchange: Exchange) -> None:
        exchange.reading = True  # so that no 100 is sent
        assert await exchange.read() == b"content"
        await exchange.respond(200)

    async def test() -> None:
        async with bench(protocol, files, silent) as here:
            response = await here.client.request(b"POST", b"/", EXPECTATION, b"content")
            assert (response.status_code, response.informational) == (200, [])

    run(test())


@both
def test_a_response_that_is_not_wanted(protocol: str, files: tuple[Path, Path]) -> None:
    async def drip(exchange: Exchange) -> None:
        exchange.start(200, [])
        while True:
            await exchange.send(PIECE)

    async def test() -> None:
        async with bench(protocol, files, drip) as here:
            response = await here.client.request(b"GET", b"/")
            await response.cancel()
            cancelled = {zttp.HTTP2: zttp.H2ErrorCode.CANCEL, zttp.HTTP3: zttp.H3ErrorCode.H3_REQUEST_CANCELLED}
            assert await here.reset_code() == cancelled[protocol]

    run(test())


def test_the_rest_of_a_request_that_is_answered_ends_without_error(files: tuple[Path, Path]) -> None:
    """RFC 9114 4.1.1. A server of HTTP/2 ends the stream itself."""

    async def at_once(exchange: Exchange) -> None:
        await exchange.respond(200, b"enough")

    async def test() -> None:
        async with bench(zttp.HTTP3, files, at_once) as here:
            response = await here.client.request(b"POST", b"/", content=endless())
            assert await response.read() == b"enough"
            assert await here.reset_code() == zttp.H3ErrorCode.H3_NO_ERROR

    run(test())


@both
def test_content_that_cannot_be_had(protocol: str, files: tuple[Path, Path]) -> None:
    async def test() -> None:
        begun = asyncio.Event()

        async def broken() -> AsyncIterator[bytes]:
            yield b"so far so good"
            await begun.wait()
            raise ZeroDivisionError

        async def application(exchange: Exchange) -> None:
            async for _ in exchange.content():
                begun.set()

        async with bench(protocol, files, application) as here:
            with pytest.raises(ZeroDivisionError):
                await (await here.client.request(b"POST", b"/", content=broken())).read()
            assert await here.reset_code() == here.client.cancelled

    run(test())


@both
def test_a_response_that_the_server_breaks_off(
    protocol: str, files: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    async def half(exchange: Exchange) -> None:
        exchange.start(200, [])
        await exchange.send(b"half")
        raise ZeroDivisionError

    async def test() -> None:
        async with bench(protocol, files, half) as here:
            with pytest.raises(StreamResetError, match=r"^stream \d was reset: error code 0x(2|102)$"):
                await (await here.client.request(b"GET", b"/")).read()

    run(test())
    assert [record.message for record in caplog.records] == ["the application failed"]
