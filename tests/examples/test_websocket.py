"""WebSocket over all three protocols: `examples/websocket.py` on both sides, with the example servers and clients."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from wsproto.connection import ConnectionType
from wsproto.frame_protocol import CloseReason, FrameProtocol, Opcode

import asyncio_client
import asyncio_http2_client
import asyncio_http3_client
import self_signed
import websocket
import zttp
from asyncio_server import Server
from client_exchange import StreamClient
from exchange import Exchange
from websocket import RefusedError, WebSocket

pytestmark = pytest.mark.skipif(not self_signed.is_possible(), reason="there is no openssl here to make a certificate")

HOST = "127.0.0.1"
BLOB = bytes(range(256)) * 2000  # more than a window of 64 KiB

each = pytest.mark.parametrize("protocol", [zttp.HTTP1, zttp.HTTP2, zttp.HTTP3])
streams = pytest.mark.parametrize("protocol", [zttp.HTTP2, zttp.HTTP3])

Files = tuple[Path, Path]
Application = Callable[[Exchange], Awaitable[None]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return self_signed.make(tmp_path_factory.mktemp("tls"))


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


@asynccontextmanager
async def serving(application: Application, files: Files) -> AsyncIterator[int]:
    server = Server(application)
    await server.start(HOST, 0, self_signed.server_context(*files), files)
    try:
        yield server.port
    finally:
        await server.stop(grace=5)
        assert not server.links


def http1_only(files: Files) -> ssl.SSLContext:
    return self_signed.client_context(files[0], [zttp.HTTP1])


def client_of(protocol: str, port: int, files: Files) -> StreamClient[Any]:
    if protocol == zttp.HTTP2:
        return asyncio_http2_client.Client(HOST, port, self_signed.client_context(files[0]))
    return asyncio_http3_client.Client(HOST, port, files[0])


@asynccontextmanager
async def connected(protocol: str, port: int, files: Files, target: bytes = b"/") -> AsyncIterator[WebSocket]:
    async with AsyncExitStack() as stack:
        if protocol == zttp.HTTP1:
            opened = websocket.connect_http1(HOST, port, target, http1_only(files))
        else:
            client = await stack.enter_async_context(client_of(protocol, port, files))
            opened = websocket.connect_stream(client, target)
        yield await stack.enter_async_context(opened)


@each
def test_messages_there_and_back(protocol: str, files: Files) -> None:
    async def test() -> None:
        async with serving(websocket.echo, files) as port, connected(protocol, port, files) as socket:
            for message in ("żółw", BLOB, "", b"", "x" * 200_000):
                await socket.send(message)
                assert await socket.receive() == message

    run(test())


@each
def test_both_sides_talk_at_once(protocol: str, files: Files) -> None:
    async def both_ways(socket: WebSocket) -> None:
        async def talk() -> None:
            for message in everything:
                await socket.send(message)

        talking = asyncio.create_task(talk())
        for message in everything:
            assert await socket.receive() == message
        await talking

    async def application(exchange: Exchange) -> None:
        socket = await websocket.accept(exchange)
        assert socket
        await both_ways(socket)
        assert await socket.receive() is None
        await exchange.finish()

    everything = [bytes([number]) * 50_000 for number in range(20)]

    async def test() -> None:
        async with serving(application, files) as port, connected(protocol, port, files) as socket:
            await both_ways(socket)

    run(test())


@each
def test_the_server_closes(protocol: str, files: Files) -> None:
    async def application(exchange: Exchange) -> None:
        socket = await websocket.accept(exchange)
        assert socket
        await socket.send("that is all")
        await socket.close(CloseReason.GOING_AWAY)
        assert [message async for message in socket] == []
        await exchange.finish()

    async def test() -> None:
        async with serving(application, files) as port, connected(protocol, port, files) as socket:
            assert [message async for message in socket] == ["that is all"]
            assert socket.close_code == CloseReason.GOING_AWAY

    run(test())


@each
def test_what_is_no_websocket_is_refused(protocol: str, files: Files) -> None:
    async def application(exchange: Exchange) -> None:
        await exchange.respond(403)

    async def test() -> None:
        async with serving(application, files) as port:
            with pytest.raises(RefusedError, match="403"):
                async with connected(protocol, port, files):
                    raise AssertionError("it opened")

    run(test())


@each
def test_a_plain_request_is_told_what_is_spoken_here(protocol: str, files: Files) -> None:
    async def test() -> None:
        server = Server(websocket.echo)
        await server.start(HOST, 0)
        async with serving(websocket.echo, files) as port:
            client = asyncio_client.Client(HOST, server.port) if protocol == zttp.HTTP1 else None
            async with client or client_of(protocol, port, files) as asking:
                response = await asking.request(b"GET", b"/")
                assert (response.status_code, response.headers.get(b"sec-websocket-version")) == (426, b"13")
                await response.read()
        await server.stop(grace=5)

    run(test())


@streams
def test_other_requests_go_on_beside_it(protocol: str, files: Files) -> None:
    async def application(exchange: Exchange) -> None:
        if exchange.request.protocol:
            await websocket.echo(exchange)
        else:
            await exchange.respond(200, b"beside it")

    async def test() -> None:
        async with serving(application, files) as port, client_of(protocol, port, files) as client:
            async with (
                websocket.connect_stream(client, b"/1") as one,
                websocket.connect_stream(client, b"/2") as two,
            ):
                assert await (await client.request(b"GET", b"/")).read() == b"beside it"
                await two.send("second")
                await one.send("first")
                assert (await one.receive(), await two.receive()) == ("first", "second")
            assert client.exchanges == {}

    run(test())


@each
def test_a_client_that_breaks_off_ends_the_application(protocol: str, files: Files) -> None:
    async def test() -> None:
        ended = asyncio.Event()

        async def application(exchange: Exchange) -> None:
            try:
                await websocket.echo(exchange)
            finally:
                ended.set()

        async with serving(application, files) as port:
            with pytest.raises(ZeroDivisionError):
                async with connected(protocol, port, files) as socket:
                    await socket.send("hello")
                    assert await socket.receive() == "hello"
                    raise ZeroDivisionError
            await ended.wait()

    run(test())


@each
def test_a_message_without_end_is_refused(protocol: str, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MAX_MESSAGE", 100_000)

    async def test() -> None:
        async with serving(websocket.echo, files) as port, connected(protocol, port, files) as socket:
            await socket.send(bytes(100_000))
            assert await socket.receive() == bytes(100_000)
            await socket.send(bytes(100_001))
            assert await socket.receive() is None
            assert socket.close_code == CloseReason.MESSAGE_TOO_BIG

    run(test())


# ----------------------------------------------------------------------------------------------- what arrives in frames


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def receiving(*pieces: bytes) -> tuple[WebSocket, list[bytes]]:
    sent: list[bytes] = []

    async def send(data: bytes) -> None:
        sent.append(data)

    return WebSocket(ConnectionType.CLIENT, chunks(*pieces), send), sent


def test_a_ping_is_answered_within_a_message() -> None:
    server = FrameProtocol(client=False, extensions=[])
    data = bytes(server.send_data("hel", fin=False) + server.ping(b"?") + server.send_data("lo", fin=True))
    for size in (1, 3, len(data)):
        socket, sent = receiving(*(data[start : start + size] for start in range(0, len(data), size)))
        assert asyncio.run(socket.receive()) == "hello"
        [pong] = sent
        assert pong[0] & 0x0F == Opcode.PONG


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", CloseReason.ABNORMAL_CLOSURE),
        (b"\x81\x05hel", CloseReason.ABNORMAL_CLOSURE),
        (b"\xf1\x00", CloseReason.PROTOCOL_ERROR),
        (b"\x81\x01\xff", CloseReason.INVALID_FRAME_PAYLOAD_DATA),
        (b"\x88\x00", CloseReason.NO_STATUS_RCVD),
    ],
    ids=["nothing", "half a frame", "reserved bits", "no UTF-8", "close without a code"],
)
def test_the_end(data: bytes, code: CloseReason) -> None:
    socket, sent = receiving(data)

    async def test() -> None:
        assert [message async for message in socket] == []
        assert await socket.receive() is None

    asyncio.run(test())
    assert socket.close_code == code
    assert len(sent) == (code is not CloseReason.ABNORMAL_CLOSURE)
