"""The ASGI application behind `test_uvicorn.py`: one path for each thing that the tests drive."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import zttp
import zttp_h1

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PIECE = bytes(range(256)) * 256  # 64 KiB


async def app(scope: Message, receive: Receive, send: Send) -> None:
    match scope["type"]:
        case "lifespan":
            await lifespan(receive, send)
        case "websocket":
            await websocket(scope, receive, send)
        case "http":
            await http(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        assert message["type"] == "lifespan.startup"
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def websocket(scope: Message, receive: Receive, send: Send) -> None:
    """Echo until the client closes."""
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})


async def content(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the request content as it arrives."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        yield message["body"]
        more = message["more_body"]


async def start(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def respond(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    await start(send, status, (b"content-length", b"%d" % len(body)), *headers)
    await send({"type": "http.response.body", "body": body})


async def http(scope: Message, receive: Receive, send: Send) -> None:
    path, query = scope["path"], parse_qs(scope["query_string"].decode())
    match path.strip("/").split("/"):
        case ["engine"]:
            built = {"file": zttp.__file__, "compiled": zttp_h1.COMPILED, "http_version": scope["http_version"]}
            await respond(send, 200, json.dumps(built).encode())
        case ["echo"]:
            await start(send, 200)
            async for piece in content(receive):
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        case ["upload"]:
            digest, length = hashlib.sha256(), 0
            async for piece in content(receive):
                digest.update(piece)
                length += len(piece)
            await respond(send, 200, json.dumps({"length": length, "sha256": digest.hexdigest()}).encode())
        case ["download", count]:
            headers = [] if "chunked" in query else [(b"content-length", b"%d" % (int(count) * len(PIECE)))]
            await start(send, 200, *headers)
            for _ in range(int(count)):
                await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        case ["status", status]:
            await start(send, int(status), (b"x-status", status.encode()))
            await send({"type": "http.response.body", "body": b""})
        case ["refuse"]:
            await respond(send, 413, b"too much")
        case ["slow"]:
            await start(send, 200)
            for word in (b"worth ", b"waiting ", b"for"):
                await send({"type": "http.response.body", "body": word, "more_body": True})
                await asyncio.sleep(0.3)
            await send({"type": "http.response.body", "body": b""})
        case _:
            await respond(send, 200, f"you asked for {path}".encode())
