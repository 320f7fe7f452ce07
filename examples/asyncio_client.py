"""An HTTP/1.1 client on asyncio: `python examples/asyncio_client.py http://127.0.0.1:8000/`.

One connection, kept alive from request to request and opened again if the server closed it. Content streams in both
directions at once: a server may answer before the upload has ended. `asyncio_http2_client.py` and
`asyncio_http3_client.py` do the same for HTTP/2 and HTTP/3.
"""

import asyncio
import sys
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol
from urllib.parse import urlsplit

import zttp

READ_TIMEOUT = 30.0  # until the next bytes of a response
CONTINUE_TIMEOUT = 1.0  # until a 100 (Continue), which some servers never send (RFC 9110 10.1.1)

Fields = list[tuple[bytes, bytes]]


class Exchange(Protocol):
    """The exchange from which a response is read."""

    async def next_event(self) -> zttp.Event: ...
    async def finish_exchange(self) -> None: ...
    async def cancel(self) -> None: ...


class Response:
    """A response whose head has arrived; its content is still to be read."""

    def __init__(self, exchange: "Exchange", head: zttp.Response, informational: list[zttp.Response]) -> None:
        self.status_code, self.headers, self.http_version = head.status_code, head.headers, head.http_version
        self.informational = informational  # the earlier 1xx responses
        self.trailers: Fields = []  # known once content() has ended
        self._exchange = exchange

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the content as it arrives."""
        while not isinstance(event := await self._exchange.next_event(), zttp.EndOfMessage):
            assert isinstance(event, zttp.Data)
            yield event.data
        self.trailers = list(event.trailers)
        await self._exchange.finish_exchange()

    async def cancel(self) -> None:
        """Abandon the rest of the content: HTTP/1.1 closes the connection, HTTP/2 resets the stream."""
        await self._exchange.cancel()

    async def read(self) -> bytes:
        """Return the whole content."""
        return b"".join([piece async for piece in self.content()])


class Client(AbstractAsyncContextManager["Client"]):
    """Requests to one server, one after another."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    def __init__(self, host: str, port: int, observe: Callable[[zttp.Event], object] = id) -> None:
        self.host, self.port, self.observe = host, port, observe
        self.connections = 0  # opened so far
        self._conn: zttp.H1Connection | None = None
        self._upload: asyncio.Task[None] | None = None

    async def request(
        self,
        method: bytes,
        target: bytes,
        headers: Fields | None = None,
        content: bytes | AsyncIterable[bytes] = b"",
        trailers: Fields | None = None,
    ) -> Response:
        """Send a request; return its response as soon as the head has arrived.

        Content of unknown length is sent chunked, with `trailers` after it. With the field `expect: 100-continue` the
        content waits until the server asks for it.
        """
        fields = [(b"host", f"{self.host}:{self.port}".encode()), *(headers or [])]
        if not isinstance(content, bytes) or trailers:
            fields.append((b"transfer-encoding", b"chunked"))
        elif content:
            fields.append((b"content-length", b"%d" % len(content)))
        conn = await self._ready_connection()
        conn.send_request(method, target, b"1.1", fields)
        self._writer.write(conn.data_to_send())

        informational: list[zttp.Response] = []
        expecting = any(name.lower() == b"expect" for name, _ in fields)
        while True:
            if self._upload is None and not expecting:
                self._upload = asyncio.create_task(self._send_content(conn, content, trailers))
            try:
                event = await self.next_event(CONTINUE_TIMEOUT if expecting else READ_TIMEOUT)
            except TimeoutError:
                if not expecting:
                    raise
                expecting = False
                continue
            assert isinstance(event, zttp.Response)
            if not event.is_informational:
                return Response(self, event, informational)
            informational.append(event)
            expecting = expecting and event.status_code != 100

    async def _ready_connection(self) -> zttp.H1Connection:
        """Return the kept connection, or a new one if the server has closed it meanwhile."""
        if self._conn is not None and self._reader.at_eof():
            await self.close()
        if self._conn is None:
            self._reader, self._writer = await asyncio.open_connection(self.host, self.port)
            self._conn = zttp.Connection(zttp.CLIENT, zttp.HTTP1)
            self.connections += 1
        return self._conn

    async def _send_content(
        self, conn: zttp.H1Connection, content: bytes | AsyncIterable[bytes], trailers: Fields | None
    ) -> None:
        if isinstance(content, bytes):
            if content:
                conn.send_data(content)
        else:
            async for piece in content:
                conn.send_data(piece)
                self._writer.write(conn.data_to_send())
                await self._writer.drain()
        conn.end_message(trailers)
        self._writer.write(conn.data_to_send())
        await self._writer.drain()

    async def next_event(self, seconds: float = READ_TIMEOUT) -> zttp.Event:
        """Return the next event, reading as often as needed."""
        assert self._conn is not None
        while isinstance(event := self._conn.next_event(), zttp.NeedData):
            self._conn.receive_data(await asyncio.wait_for(self._reader.read(65536), seconds))
        self.observe(event)
        return event

    async def finish_exchange(self) -> None:
        """Keep the connection for the next request if both sides are done with this one, or close it."""
        assert self._conn is not None
        if self._upload and self._upload.done() and not self._conn.should_close():
            self._upload = None
            self._conn.start_next_cycle()
        else:
            await self.close()

    async def cancel(self) -> None:
        """Abandon the current response."""
        await self.close()

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._upload:
            self._upload.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await self._upload
        if self._conn:
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()
        self._conn = self._upload = None


async def show(response: Response) -> None:
    """Print a response, its content as it arrives."""
    print(response.status_code)
    for name, value in response.headers:
        print(f"{name.decode()}: {value.decode('latin-1')}")
    async for piece in response.content():
        sys.stdout.write(piece.decode("utf-8", "replace"))


async def main(url: str) -> None:
    parts = urlsplit(url)
    async with Client(parts.hostname or "127.0.0.1", parts.port or 80) as client:
        await show(await client.request(b"GET", (parts.path or "/").encode()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
