"""FastAPI on `examples/asgi_server.py`, over each protocol."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

import asgi_server
import asyncio_client
import asyncio_http2_client
import asyncio_http3_client
import self_signed
import websocket
import zttp
from asgi_server import App, Lifespan, Message, Receive, Send
from asyncio_server import Server

pytestmark = pytest.mark.skipif(not self_signed.is_possible(), reason="there is no openssl here to make a certificate")

HOST = "127.0.0.1"
PIECE = bytes(range(256)) * 256

Client = asyncio_client.Client | asyncio_http2_client.Client | asyncio_http3_client.Client
each = pytest.mark.parametrize("protocol", [zttp.HTTP1, zttp.HTTP2, zttp.HTTP3])

lived: list[str] = []


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, str]]:
    lived.append("started")
    yield {"name": "the site"}
    lived.append("stopped")


app = FastAPI(lifespan=lifespan)


@app.get("/hello/{name}")
async def hello(name: str, request: Request, times: int = 1) -> dict[str, Any]:
    assert request.client is not None
    version = request.scope["http_version"]
    return {"hello": [name] * times, "version": version, "on": request.state.name, "from": request.client.host}


@app.post("/echo")
async def echo(request: Request) -> StreamingResponse:
    return StreamingResponse(request.stream(), media_type="application/octet-stream")


@app.get("/fails")
async def fails() -> None:
    raise ZeroDivisionError


@app.websocket("/chat")
async def chat(socket: WebSocket) -> None:
    await socket.accept(subprotocol=socket.scope["subprotocols"][0] if socket.scope["subprotocols"] else None)
    async for text in socket.iter_text():
        await socket.send_text(f"{text} over {socket.scope['http_version']}")


@app.websocket("/private")
async def private(socket: WebSocket) -> None:
    await socket.close()


class Site:
    """A server for each protocol, in TLS and, for HTTP/1.1, in clear text."""

    def __init__(self, protocol: str, port: int, certificate: Path) -> None:
        self.protocol, self.port, self.certificate = protocol, port, certificate

    def client(self) -> Client:
        if self.protocol == zttp.HTTP1:
            return asyncio_client.Client(HOST, self.port)
        if self.protocol == zttp.HTTP2:
            return asyncio_http2_client.Client(HOST, self.port, self_signed.client_context(self.certificate))
        return asyncio_http3_client.Client(HOST, self.port, self.certificate)

    @asynccontextmanager
    async def socket(self, target: bytes) -> AsyncIterator[websocket.WebSocket]:
        if self.protocol == zttp.HTTP1:
            async with websocket.connect_http1(HOST, self.port, target) as socket:
                yield socket
            return
        async with self.client() as client:
            assert not isinstance(client, asyncio_client.Client)
            async with websocket.connect_stream(client, target) as socket:
                yield socket


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed.make(tmp_path_factory.mktemp("tls"))


def run(protocol: str, files: tuple[Path, Path], test: Callable[[Site], Awaitable[None]], served: App = app) -> None:
    async def main() -> None:
        async with Lifespan(served) as living:
            server = Server(asgi_server.application(served, living.state))
            if protocol == zttp.HTTP1:
                await server.start(HOST, 0)
            else:
                await server.start(HOST, 0, self_signed.server_context(*files), files)
            try:
                await test(Site(protocol, server.port, files[0]))
            finally:
                await server.stop(grace=5)

    asyncio.run(asyncio.wait_for(main(), 60))


@each
def test_fastapi_answers(protocol: str, files: tuple[Path, Path]) -> None:
    async def test(site: Site) -> None:
        async with site.client() as client:
            response = await client.request(b"GET", b"/hello/M%C3%A9lanie?times=2")
            version = {zttp.HTTP1: "1.1", zttp.HTTP2: "2", zttp.HTTP3: "3"}[protocol]
            expected = {"hello": ["Mélanie"] * 2, "version": version, "on": "the site", "from": HOST}
            assert json.loads(await response.read()) == expected
            assert response.headers.get(b"content-type") == b"application/json"
            for target, status in ((b"/missing", 404), (b"/hello/you?times=x", 422)):
                response = await client.request(b"GET", target)
                assert response.status_code == status
                await response.read()

    lived.clear()
    run(protocol, files, test)
    assert lived == ["started", "stopped"]


@each
def test_content_streams_in_both_directions(protocol: str, files: tuple[Path, Path]) -> None:
    async def test(site: Site) -> None:
        more = asyncio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            await more.wait()
            for _ in range(8):
                yield PIECE

        async with site.client() as client:
            response = await client.request(b"POST", b"/echo", content=pieces())
            content = response.content()
            assert await anext(content) == b"first"  # while the rest of the request has not arrived
            more.set()
            assert b"".join([piece async for piece in content]) == PIECE * 8

    run(protocol, files, test)


@each
def test_an_application_that_fails(protocol: str, files: tuple[Path, Path], caplog: pytest.LogCaptureFixture) -> None:
    async def test(site: Site) -> None:
        async with site.client() as client:
            response = await client.request(b"GET", b"/fails")
            assert response.status_code == 500
            await response.read()

    run(protocol, files, test)
    assert [record.message for record in caplog.records] == ["the application failed"]


@each
def test_a_websocket(protocol: str, files: tuple[Path, Path]) -> None:
    async def test(site: Site) -> None:
        async with site.socket(b"/chat") as socket:
            for text in ("hello", "once more"):
                await socket.send(text)
                assert (await socket.receive() or "").split(" over ")[0] == text  # type: ignore[arg-type]
        with pytest.raises(websocket.RefusedError, match="403"):
            async with site.socket(b"/private"):
                raise AssertionError("it opened")

    run(protocol, files, test)


def test_trailers_and_early_hints(files: tuple[Path, Path]) -> None:
    async def bare(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError  # without lifespan the server continues
        await send({"type": "http.response.early_hint", "links": [b"</style.css>"]})
        await send({"type": "http.response.start", "status": 200, "trailers": True})
        await send({"type": "http.response.body", "body": b"content"})
        await send({"type": "http.response.trailers", "headers": [(b"x-checksum", b"1")]})
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"

    async def test(site: Site) -> None:
        async with site.client() as client:
            response = await client.request(b"GET", b"/")
            assert [head.status_code for head in response.informational] == [103]
            assert await response.read() == b"content"
            assert response.trailers == [(b"x-checksum", b"1")]

    run(zttp.HTTP2, files, test, bare)


def test_an_application_that_does_not_start(files: tuple[Path, Path]) -> None:
    async def broken(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    async def test(site: Site) -> None:
        raise AssertionError("it started")

    with pytest.raises(RuntimeError, match="no database"):
        run(zttp.HTTP1, files, test, broken)
