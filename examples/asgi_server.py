"""An ASGI server for HTTP/1.1, HTTP/2 and HTTP/3: `python examples/asgi_server.py module:app 8000 [FOLDER]`.

Runs ASGI applications, such as those of FastAPI and Starlette, on `asyncio_server.py`: content streams in both
directions, WebSockets work over each protocol, and the application is informed of startup and shutdown (lifespan). With
a folder for a certificate it uses TLS, and also serves HTTP/3.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

import asyncio_server
import websocket
from exchange import Exchange, Fields
from zttp_core.messages import end_to_end, split_target

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

VERSIONS = {"version": "3.0", "spec_version": "2.4"}  # of ASGI
logger = logging.getLogger(__name__)


class Lifespan(AbstractAsyncContextManager["Lifespan"]):
    """Informs the application of startup and shutdown."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.state: dict[str, Any] = {}  # state of the application, in each request
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        await self._tell("lifespan.startup")
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if not self._task.done():
            await self._tell("lifespan.shutdown")
        await self._task

    async def _tell(self, what: str) -> None:
        self._to_app.put_nowait({"type": what})
        answer = await self._from_app.get()
        if answer["type"].endswith(".failed"):
            raise RuntimeError(f"the application does not start or stop: {answer.get('message', '')}")

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": VERSIONS, "state": self.state}
        try:
            await self.app(scope, self._to_app.get, self._from_app.put)
        except Exception as error:  # noqa: BLE001 - an application need not know of it
            logger.debug("no lifespan: %s", error)
        self._from_app.put_nowait({"type": "lifespan.none"})


def scope_of(exchange: Exchange, state: dict[str, Any]) -> Message:
    """Return the ASGI scope of a request."""
    request = exchange.request
    is_socket = websocket.asks(request)
    _, authority, target = split_target(request.method, request.target) or (None, None, request.target)
    path, _, query = (target or b"").partition(b"?")
    headers = [(name.lower(), value) for name, value in request.headers]
    if authority is not None:  # the target counts, not Host (RFC 9112 3.2.2)
        headers = [(b"host", authority), *(field for field in headers if field[0] != b"host")]
    offered = b",".join(request.headers.getall(b"sec-websocket-protocol")).decode("ascii", "replace")
    return {
        "type": "websocket" if is_socket else "http",
        "asgi": VERSIONS,
        "http_version": request.http_version.decode(),
        "method": request.method.decode(),
        "scheme": ("ws" if is_socket else "http") + "s" * exchange.is_secure,
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": exchange.client,
        "server": None,
        "state": state.copy(),
        "extensions": {"http.response.trailers": {}, "http.response.early_hint": {}},
        "subprotocols": [name.strip() for name in offered.split(",") if name.strip()],
    }


class Http:
    """`receive` and `send` of one request."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange, self._content = exchange, exchange.content()
        self._has_trailers = self._has_read = False
        self._finished = asyncio.Event()

    async def receive(self) -> Message:
        if self._has_read:
            await self._finished.wait()  # if the client disconnects, the application is cancelled
            return {"type": "http.disconnect"}
        piece = await anext(self._content, b"")
        self._has_read = not piece
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "http.response.start":
                fields = end_to_end([(bytes(name), bytes(value)) for name, value in message.get("headers", [])])
                self._has_trailers = message.get("trailers", False)
                self.exchange.start(message["status"], fields)
            case "http.response.body":
                more = message.get("more_body", False)
                if more or message.get("body"):
                    await self.exchange.send(message.get("body", b""))
                if not more and not self._has_trailers:
                    await self._finish()
            case "http.response.trailers":
                await self._finish(list(message.get("headers", [])))
            case "http.response.early_hint":
                await self.exchange.inform(103, [(b"link", link) for link in message["links"]])
            case unknown:
                raise ValueError(f"{unknown} is not a message of this protocol")

    async def _finish(self, trailers: Fields | None = None) -> None:
        await self.exchange.finish(trailers)
        self._finished.set()


class Socket:
    """`receive` and `send` of one WebSocket."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.socket: websocket.WebSocket | None = None
        self._is_new = True

    async def receive(self) -> Message:
        if self._is_new:
            self._is_new = False
            return {"type": "websocket.connect"}
        message = await self.socket.receive() if self.socket else None
        if message is None:
            return {"type": "websocket.disconnect", "code": self.socket.close_code if self.socket else 1006}
        return {"type": "websocket.receive", "text" if isinstance(message, str) else "bytes": message}

    async def send(self, message: Message) -> None:
        match message["type"], self.socket:
            case "websocket.accept", None:
                fields: Fields = [(name, value) for name, value in message.get("headers", [])]
                if subprotocol := message.get("subprotocol"):
                    fields.append((b"sec-websocket-protocol", subprotocol.encode()))
                self.socket = await websocket.accept(self.exchange, fields)
            case "websocket.close", None:
                await self.exchange.respond(403)
            case "websocket.close", websocket.WebSocket() as socket:
                await socket.close(message.get("code", 1000))
            case "websocket.send", websocket.WebSocket() as socket:
                text = message.get("text")
                await socket.send(message["bytes"] if text is None else text)
            case unknown, _:
                raise ValueError(f"{unknown} is not a message of this protocol, or not now")


def application(app: App, state: dict[str, Any]) -> asyncio_server.Application:
    """Return the function that `asyncio_server.py` runs for each request."""

    async def answer(exchange: Exchange) -> None:
        scope = scope_of(exchange, state)
        if scope["type"] == "http":
            http = Http(exchange)
            await app(scope, http.receive, http.send)
        else:
            socket = Socket(exchange)
            await app(scope, socket.receive, socket.send)
            if socket.socket:
                await socket.socket.finish()
                await exchange.finish()

    return answer


async def main(name: str, port: int, folder: Path | None) -> None:
    module, _, attribute = name.partition(":")
    app: App = getattr(import_module(module), attribute or "app")
    async with Lifespan(app) as lifespan:
        await asyncio_server.main(port, folder, application(app, lifespan.state))


if __name__ == "__main__":
    sys.path.insert(0, "")  # like uvicorn: the application is in the working directory
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None))
