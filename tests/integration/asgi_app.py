"""The ASGI application of the tests with uvicorn: one path for each feature."""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import zttp

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PIECE = bytes(range(256)) * 256  # 64 KiB
PAGE = (Path(__file__).parent / "peers" / "page.html").read_bytes()

noticed: dict[str, asyncio.Event] = defaultdict(asyncio.Event)  # /notice waits for the signals of /told and /gone
told: dict[str, bytes] = {}


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
            compiled = import_module("zttp_h2" if scope["http_version"] == "2" else "zttp_h1").COMPILED
            built = {"file": zttp.__file__, "compiled": compiled, "http_version": scope["http_version"]}
            await respond(send, 200, json.dumps(built).encode())
        case ["request"]:
            seen = {"method": scope["method"], "scheme": scope["scheme"], "http_version": scope["http_version"]}
            fields = [(name.decode(), value.decode()) for name, value in scope["headers"]]
            await respond(send, 200, json.dumps({**seen, "headers": fields}).encode())
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
        case ["browser"]:
            await respond(send, 200, PAGE, (b"content-type", b"text/html; charset=utf-8"))
        case ["hints"]:
            for link in (b"</style.css>; rel=preload", b"</script.js>; rel=preload"):
                await send({"type": "http.response.early_hint", "links": [link]})
            await respond(send, 200, b"hinted")
        case ["trailers"]:
            message = {"type": "http.response.start", "status": 200, "headers": [], "trailers": True}
            await send(message)
            await send({"type": "http.response.body", "body": b"content"})
            await send({"type": "http.response.trailers", "headers": [(b"x-checksum", b"abc"), (b"x-more", b"def")]})
        case ["incomplete"]:
            await start(send, 200)
            await send({"type": "http.response.body", "body": b"the first part", "more_body": True})
        case ["lists"]:
            # ASGI says "an iterable of [name, value]": plain applications send lists.
            lists = [[b"content-length", b"6"], [b"x-kind", b"list"]]
            await send({"type": "http.response.start", "status": 200, "headers": lists})
            await send({"type": "http.response.body", "body": b"listed"})
        case ["gone", name]:
            await start(send, 200)
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            noticed[name].set()
        case ["told", name]:
            told[name] = b"".join([piece async for piece in content(receive)])
            noticed[name].set()
            await respond(send, 200, b"")
        case ["notice", name]:
            await noticed[name].wait()
            await respond(send, 200, told.get(name, b""))
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
