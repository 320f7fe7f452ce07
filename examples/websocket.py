"""WebSocket over all three protocols: `python examples/websocket.py 8000 FOLDER` is an echo server.

It puts its certificate into FOLDER; to send a message over each protocol, run
`python examples/websocket.py wss://127.0.0.1:8000/ FOLDER/certificate.pem hello`.

An upgrade in HTTP/1.1 (RFC 6455), and one stream of HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220): zttp does the handshake,
and wsproto the frames. `accept` makes a WebSocket of an exchange of `asyncio_server.py`, on any protocol;
`connect_http1` and `connect_stream` open one.
"""

import asyncio
import base64
import hashlib
import os
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason

import asyncio_http2_client
import asyncio_http3_client
import asyncio_server
import self_signed
import zttp
from client_exchange import StreamClient
from exchange import Exchange, Fields

MAX_MESSAGE = 16 * 1024 * 1024  # bytes or characters; a peer may send frames without end
VERSION = (b"sec-websocket-version", b"13")
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3

Send = Callable[[bytes], Awaitable[None]]


class RefusedError(Exception):
    """The server does not open a WebSocket here."""


class WebSocket:
    """Messages in both directions: `async for message in socket`, `await socket.send(message)`."""

    def __init__(self, role: ConnectionType, incoming: AsyncIterator[bytes], send: Send) -> None:
        self.frames, self._incoming, self._send = Connection(role), incoming, send
        self._parts: list[str | bytes] = []  # of an incomplete message
        self.close_code: int | None = None  # once the peer has closed

    async def send(self, message: str | bytes) -> None:
        """Send a message, and wait while the peer is slow."""
        event = TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message)
        await self._send(self.frames.send(event))

    async def receive(self) -> str | bytes | None:
        """Return the next message; None once the peer has closed."""
        while self.close_code is None:
            for event in self.frames.events():
                match event:
                    case TextMessage() | BytesMessage():
                        self._parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
                        if sum(map(len, self._parts)) > MAX_MESSAGE:
                            await self.close(CloseReason.MESSAGE_TOO_BIG)
                            self.close_code = CloseReason.MESSAGE_TOO_BIG
                            return None
                        if event.message_finished:
                            parts, self._parts = self._parts, []
                            return parts[0][:0].join(parts)  # type: ignore[arg-type]  # all are text, or none
                    case Ping():
                        await self._answer(event.response())
                    case CloseConnection():
                        self.close_code = event.code
                        if self.frames.state is not ConnectionState.CLOSED:  # that was the answer to ours
                            await self._answer(event.response())
                        return None
            if data := await anext(self._incoming, b""):
                self.frames.receive_data(data)
            else:
                self.close_code = CloseReason.ABNORMAL_CLOSURE
        return None

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        while (message := await self.receive()) is not None:
            yield message

    async def close(self, code: int = CloseReason.NORMAL_CLOSURE) -> None:
        """Send the close frame."""
        if self.frames.state is ConnectionState.OPEN:
            await self._send(self.frames.send(CloseConnection(code=code)))

    async def _answer(self, event: Pong | CloseConnection) -> None:
        with suppress(zttp.LocalProtocolError, OSError):  # a peer that has closed need not wait for the answer
            await self._send(self.frames.send(event))

    async def finish(self) -> None:
        """Close, and wait until the peer has."""
        await self.close()
        async for _ in self:
            pass


# ---------------------------------------------------------------------------------------------------------- the server


def asks(request: zttp.Request) -> bool:
    """Return whether a request asks for a WebSocket, by the rules of its protocol."""
    if request.protocol:
        return request.protocol == b"websocket"
    upgrade, key = request.headers.get(b"upgrade", b""), request.headers.get(b"sec-websocket-key")
    return request.method == b"GET" and upgrade.lower() == b"websocket" and key is not None


async def accept(exchange: Exchange, headers: Fields | None = None) -> WebSocket | None:
    """Open the WebSocket of a request; answer any other request, and return None."""
    request = exchange.request
    if not asks(request) or request.headers.get(VERSION[0]) != VERSION[1]:
        await exchange.respond(426, b"a WebSocket, please\n", [VERSION])
        return None
    fields = list(headers or [])
    if not request.protocol:  # HTTP/1.1: the server must show that it supports WebSocket
        fields.append((b"sec-websocket-accept", accept_value(request.headers.get(b"sec-websocket-key", b""))))
    await exchange.open_tunnel(fields)
    return WebSocket(ConnectionType.SERVER, exchange.content(), exchange.send)


def accept_value(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


async def echo(exchange: Exchange) -> None:
    """Send every message back."""
    if socket := await accept(exchange):
        async for message in socket:
            await socket.send(message)
        await exchange.finish()


# ---------------------------------------------------------------------------------------------------------- the client


@asynccontextmanager
async def connect_stream(client: StreamClient[Any], target: bytes) -> AsyncIterator[WebSocket]:
    """Open a WebSocket over one stream of a connection in HTTP/2 or HTTP/3; other requests continue."""
    exchange = await client.open(b"CONNECT", target, [VERSION], protocol=b"websocket")

    async def send(data: bytes) -> None:
        exchange.stream.send_data(data)
        await client.drain(exchange.stream)

    try:
        response = await exchange.response()
        if response.status_code != 200:
            raise RefusedError(f"the server answers {response.status_code}")
        exchange.patience = None  # the connection may be idle for long
        incoming = response.content()
        socket = WebSocket(ConnectionType.CLIENT, incoming, send)
        yield socket
        await socket.finish()
        with suppress(zttp.LocalProtocolError):  # the server may have ended the stream
            exchange.stream.end_message()
        exchange.sent = True
        async for _ in incoming:
            pass
    except BaseException:
        await exchange.cancel()
        raise


@asynccontextmanager
async def connect_http1(
    host: str, port: int, target: bytes, tls: ssl.SSLContext | None = None
) -> AsyncIterator[WebSocket]:
    """Open a WebSocket over an HTTP/1.1 connection, which belongs to it from then on."""
    conn, key = zttp.Connection(zttp.CLIENT), base64.b64encode(os.urandom(16))
    offer = [(b"connection", b"upgrade"), (b"upgrade", b"websocket"), VERSION, (b"sec-websocket-key", key)]
    fields = [(b"host", f"{host}:{port}".encode()), *offer]
    conn.send_request(b"GET", target, b"1.1", fields)
    conn.end_message()
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)

    async def send(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    async def incoming() -> AsyncIterator[bytes]:
        early, _ = conn.trailing_data  # bytes after the response
        if early:
            yield early
        while data := await reader.read(65536):
            yield data

    try:
        await send(conn.data_to_send())
        while (event := conn.next_event()) is zttp.NEED_DATA:
            conn.receive_data(await reader.read(65536))
        if not isinstance(event, zttp.Response) or event.status_code != 101:
            raise RefusedError(f"the server answers {event}")
        if event.headers.get(b"sec-websocket-accept") != accept_value(key):
            raise RefusedError("the server switched with a wrong Sec-WebSocket-Accept")
        socket = WebSocket(ConnectionType.CLIENT, incoming(), send)
        yield socket
        await socket.finish()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def main(url: str, certificate: Path, message: str) -> None:
    """Send a message over each protocol, and print the answers."""
    parts = urlsplit(url)
    host, port, target = parts.hostname or "127.0.0.1", parts.port or 443, (parts.path or "/").encode()
    tls = self_signed.client_context(certificate)
    async with (
        asyncio_http2_client.Client(host, port, tls) as http2,
        asyncio_http3_client.Client(host, port, certificate) as http3,
        connect_http1(host, port, target, self_signed.client_context(certificate, [zttp.HTTP1])) as over_http1,
        connect_stream(http2, target) as over_http2,
        connect_stream(http3, target) as over_http3,
    ):
        for name, socket in (("HTTP/1.1", over_http1), ("HTTP/2", over_http2), ("HTTP/3", over_http3)):
            await socket.send(message)
            print(name, await socket.receive())


if __name__ == "__main__":
    if len(sys.argv) == 4:
        asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
    else:
        asyncio.run(asyncio_server.main(int(sys.argv[1]), Path(sys.argv[2]), echo))
