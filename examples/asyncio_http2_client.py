"""An HTTP/2 client on asyncio: `python examples/asyncio_http2_client.py https://127.0.0.1:8000/ [certificate.pem]`.

Requests side by side on one connection. Over TLS, ALPN makes it HTTP/2; in clear text it is known in advance that the
server speaks it (RFC 9113 3.3), or `upgrade` asks (RFC 7540 3.2).
"""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import self_signed
import zttp
from asyncio_client import CONTINUE_TIMEOUT, READ_TIMEOUT, Fields, Response

CLOSE_TIMEOUT = 0.5

Content = bytes | AsyncIterable[bytes]


class NotHTTP2Error(Exception):
    """The server does not speak HTTP/2."""


class StreamResetError(Exception):
    """The server has cancelled this exchange, or what it sent made zttp cancel it."""


class Exchange:
    """One request and its response: a stream, and its events as the connection hands them out."""

    upload: "asyncio.Task[None] | None" = None

    def __init__(self, client: "Client", stream: zttp.Stream) -> None:
        self.client, self.stream = client, stream
        self.events: asyncio.Queue[zttp.Event | Exception] = asyncio.Queue()
        self.invited = asyncio.Event()  # to send the content
        client.exchanges[stream.stream_id] = self

    async def next_event(self) -> zttp.Event:
        """Return the next event; taking content gives credit for more."""
        async with asyncio.timeout(READ_TIMEOUT):
            event = await self.events.get()
        if isinstance(event, Exception):
            raise event
        if isinstance(event, zttp.RstStream):
            raise StreamResetError(f"stream {event.stream_id} was reset: error code {event.error_code}")
        if isinstance(event, zttp.Data):
            self.client.conn.consume_data(event.stream_id, len(event.data))
            self.client.flush()
        return event

    async def response(self) -> Response:
        """Return the response as soon as its head is here."""
        informational: list[zttp.Response] = []
        while True:
            event = await self.next_event()
            assert isinstance(event, zttp.Response)
            if not event.is_informational:
                if self.upload and not self.invited.is_set():
                    self.upload.cancel()  # the server does not want it
                return Response(self, event, informational)
            informational.append(event)
            if event.status_code == 100:
                self.invited.set()

    async def send(self, content: Content, trailers: Fields | None) -> None:
        """Send the content once it is wanted, as fast as the server gives credit for it."""
        try:
            with suppress(TimeoutError):  # some servers never send 100 (RFC 9110 10.1.1)
                async with asyncio.timeout(CONTINUE_TIMEOUT):
                    await self.invited.wait()
            self.invited.set()
            async for piece in pieces(content):
                self.stream.send_data(piece)
                await self.client.drain(self.stream)
            self.stream.end_message(trailers)
            await self.client.drain(self.stream)
        except zttp.LocalProtocolError:
            pass  # the stream is closed: what the server sent says why
        except Exception as error:  # noqa: BLE001 - whoever waits for the response has to know
            self.stream.reset()
            self.client.flush()
            self.events.put_nowait(error)

    async def finish_exchange(self) -> None:
        """Forget the exchange; what was not sent of the request is of no use any more."""
        await self.cancel(zttp.H2ErrorCode.NO_ERROR)

    async def cancel(self, error_code: int = zttp.H2ErrorCode.CANCEL) -> None:
        """End both messages, wherever they are."""
        self.client.exchanges.pop(self.stream.stream_id, None)
        if self.upload:
            self.upload.cancel()
        self.stream.reset(error_code)
        self.client.flush()


async def pieces(content: Content) -> AsyncIterable[bytes]:
    """Yield content piece by piece, also if it is in one."""
    if isinstance(content, bytes):
        yield content
    else:
        async for piece in content:
            yield piece


class Client(AbstractAsyncContextManager["Client"]):
    """One connection to one server: `async with Client(host, port) as client`."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _task: "asyncio.Task[None]"

    def __init__(
        self, host: str, port: int, tls: ssl.SSLContext | None = None, observe: Callable[[zttp.Event], object] = id
    ) -> None:
        self.host, self.port, self.tls, self.observe = host, port, tls, observe
        self.conn = zttp.Connection(zttp.CLIENT, zttp.HTTP2, auto_credit=False)
        self.exchanges: dict[int, Exchange] = {}  # by stream_id
        self._authority = f"{host}:{port}".encode()
        self._ready = self._closing = False  # the server has sent its SETTINGS; it has said or done GOAWAY
        self._end: Exception | None = None  # why there is no connection any more
        self._changed = asyncio.Event()  # any of that, or there is credit, or room for a stream

    async def __aenter__(self) -> Self:
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls)
        if self.tls and writer.get_extra_info("ssl_object").selected_alpn_protocol() != zttp.HTTP2:
            writer.close()
            raise NotHTTP2Error("the server did not choose h2")
        self.conn.initiate_connection()
        self.start(reader, writer)
        return self

    def start(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak HTTP/2 from here on."""
        self._reader, self._writer = reader, writer
        self._task = asyncio.create_task(self._read())

    async def request(
        self,
        method: bytes,
        target: bytes,
        headers: Fields | None = None,
        content: Content = b"",
        trailers: Fields | None = None,
        protocol: bytes | None = None,
    ) -> Response:
        """Send a request; return its response as soon as the head is here. `protocol` makes it an extended CONNECT."""
        fields = [(b"host", self._authority), *(headers or [])]
        if content and isinstance(content, bytes):
            fields.append((b"content-length", b"%d" % len(content)))
        await self._until(lambda: self._closing or (self._ready and self.conn.can_open_stream))
        if self._end:
            raise self._end
        bare, scheme = not (content or trailers), b"https" if self.tls else b"http"
        stream = self.conn.send_request(method, target, b"2", fields, end_stream=bare, scheme=scheme, protocol=protocol)
        exchange = Exchange(self, stream)
        self.flush()
        if not bare:
            if not any(name.lower() == b"expect" for name, _ in fields):
                exchange.invited.set()
            exchange.upload = asyncio.create_task(exchange.send(content, trailers))
        return await exchange.response()

    async def drain(self, stream: zttp.Stream) -> None:
        """Write, and wait until the server has taken what was sent on a stream."""
        self.flush()
        await self._writer.drain()
        await self._until(lambda: not stream.pending_bytes)

    def flush(self) -> None:
        data = self.conn.data_to_send()
        if data and not self._end:
            self._writer.write(data)

    async def _until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self._changed.clear()
            async with asyncio.timeout(READ_TIMEOUT):
                await self._changed.wait()

    async def _read(self) -> None:
        """Hand out events as they arrive, until the connection ends."""
        end: Exception = ConnectionError("the connection is closed")
        try:
            while not isinstance(event := self.conn.next_event(), zttp.ConnectionClosed):
                if isinstance(event, zttp.NeedData):
                    self.flush()
                    self._changed.set()
                    self.conn.receive_data(await self._reader.read(65536))
                    continue
                self.observe(event)
                match event:
                    case zttp.Response() | zttp.Data() | zttp.EndOfMessage() | zttp.RstStream():
                        if exchange := self.exchanges.get(event.stream_id):
                            exchange.events.put_nowait(event)
                    case zttp.Settings():
                        self._ready = True
                    case zttp.Goaway():
                        self._closing = True
        except (zttp.RemoteProtocolError, OSError) as error:
            end = error
            self.flush()
        finally:
            self._end, self._closing = end, True
            self._changed.set()
            self._writer.close()
            for exchange in self.exchanges.values():
                exchange.events.put_nowait(end)

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Say GOAWAY, and close the connection."""
        for exchange in list(self.exchanges.values()):
            await exchange.cancel()
        self.conn.close()
        self.flush()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if not self._end:  # closing a TLS transport twice would leave it open
            self._writer.close()
        with suppress(OSError, TimeoutError):  # a server need not answer the end of TLS at once
            await asyncio.wait_for(self._writer.wait_closed(), CLOSE_TIMEOUT)
        self._writer.transport.abort()


async def upgrade(
    host: str, port: int, target: bytes = b"/", observe: Callable[[zttp.Event], object] = id
) -> tuple[Client, Response]:
    """Ask in HTTP/1.1, offering HTTP/2 in clear text; return the client, and the response to that first request."""
    client, old = Client(host, port, observe=observe), zttp.Connection(zttp.CLIENT, zttp.HTTP1)
    fields = [(b"host", f"{host}:{port}".encode())]
    settings = (b"http2-settings", client.conn.upgrade_settings)
    offer = [(b"connection", b"upgrade, http2-settings"), (b"upgrade", b"h2c"), settings]
    old.send_request(b"GET", target, b"1.1", [*fields, *offer])
    old.end_message()
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(old.data_to_send())
    while isinstance(event := old.next_event(), zttp.NeedData):
        old.receive_data(await asyncio.wait_for(reader.read(65536), READ_TIMEOUT))
    if not isinstance(event, zttp.Response) or event.status_code != 101:
        writer.close()
        raise NotHTTP2Error("the server goes on in HTTP/1.1")
    exchange = Exchange(client, client.conn.initiate_upgrade_connection(b"GET", target, fields))
    early, _ = old.trailing_data
    if early:
        client.conn.receive_data(early)
    client.start(reader, writer)
    return client, await exchange.response()


async def main(url: str, certificate: Path | None) -> None:
    parts = urlsplit(url)
    tls = self_signed.client_context(certificate) if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    async with Client(parts.hostname or "127.0.0.1", port, tls) as client:
        response = await client.request(b"GET", (parts.path or "/").encode())
        print(response.status_code)
        for name, value in response.headers:
            print(f"{name.decode()}: {value.decode('latin-1')}")
        async for piece in response.content():
            sys.stdout.write(piece.decode("utf-8", "replace"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None))
