"""The common part of HTTP/2 and HTTP/3 clients: a stream for each request, many of them on one connection.

`asyncio_http2_client.py` and `asyncio_http3_client.py` provide the transport. Nothing here uses sockets.
"""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Generic, TypeVar

import zttp
from asyncio_client import CONTINUE_TIMEOUT, READ_TIMEOUT, Fields, Response

Content = bytes | AsyncIterable[bytes]
Conn = TypeVar("Conn", bound=zttp.H2Connection | zttp.H3Connection)


class StreamResetError(Exception):
    """The server has cancelled this exchange, or zttp has because of an error of the server."""


class Exchange:
    """One request and its response: a stream, and its events from the connection."""

    upload: "asyncio.Task[None] | None" = None

    def __init__(self, client: "StreamClient[Any]", stream: zttp.Stream, *, sent: bool) -> None:
        self.client, self.stream, self.sent = client, stream, sent  # the whole request
        self.events: asyncio.Queue[zttp.Event | Exception] = asyncio.Queue()
        self.patience: float | None = READ_TIMEOUT  # until the next event; None is without a limit
        self.invited = asyncio.Event()  # to send the content
        client.exchanges[stream.stream_id] = self

    async def next_event(self) -> zttp.Event:
        """Return the next event; content is credited when it is returned."""
        async with asyncio.timeout(self.patience):
            event = await self.events.get()
        if isinstance(event, Exception):
            raise event
        if isinstance(event, zttp.RstStream):
            raise StreamResetError(f"stream {event.stream_id} was reset: error code {event.error_code:#x}")
        if isinstance(event, zttp.Data):
            self.client.conn.consume_data(event.stream_id, len(event.data))
            self.client.flush()
        return event

    async def response(self) -> Response:
        """Return the response as soon as its head has arrived."""
        informational: list[zttp.Response] = []
        while True:
            event = await self.next_event()
            assert isinstance(event, zttp.Response)
            if not event.is_informational:
                if self.upload and not self.invited.is_set():
                    self.upload.cancel()  # the server refuses it
                return Response(self, event, informational)
            informational.append(event)
            if event.status_code == 100:
                self.invited.set()

    async def send(self, content: Content, trailers: Fields | None) -> None:
        """Send the content once the server wants it, as fast as it gives credit."""
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
            self.sent = True
        except zttp.LocalProtocolError:
            pass  # the stream is closed: the server's events have the reason
        except Exception as error:  # noqa: BLE001 - reported to the waiting caller
            self.stream.reset(self.client.cancelled)
            self.client.flush()
            self.events.put_nowait(error)

    async def finish_exchange(self) -> None:
        """Forget the exchange; the unsent rest of the request is no longer needed."""
        if self.sent:
            self.client.exchanges.pop(self.stream.stream_id, None)
        else:
            await self._give_up(self.client.no_error)

    async def cancel(self) -> None:
        """Cancel both messages."""
        await self._give_up(self.client.cancelled)

    async def _give_up(self, error_code: int) -> None:
        self.client.exchanges.pop(self.stream.stream_id, None)
        if self.upload:
            self.upload.cancel()
        self.stream.reset(error_code)
        self.client.flush()


async def pieces(content: Content) -> AsyncIterable[bytes]:
    """Yield content piece by piece, or as its only piece."""
    if isinstance(content, bytes):
        yield content
    else:
        async for piece in content:
            yield piece


class StreamClient(AbstractAsyncContextManager["StreamClient[Conn]"], Generic[Conn]):
    """Concurrent requests on one connection to one server."""

    conn: Conn
    version: bytes
    no_error: int  # error code: the response is complete, and the rest of the request is not needed
    cancelled: int  # error code: the response is no longer needed
    scheme = b"https"

    def __init__(self, host: str, port: int, observe: Callable[[zttp.Event], object]) -> None:
        self.host, self.port, self.observe = host, port, observe
        self.exchanges: dict[int, Exchange] = {}  # by stream_id
        self.is_leaving = False  # the server has sent GOAWAY
        self.end: Exception | None = None  # why the connection has ended
        self.changed = asyncio.Event()  # set by any of these, by credit, or by room for a stream

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    @abstractmethod
    async def close(self) -> None:
        """End the connection, and its open exchanges."""

    @abstractmethod
    def flush(self) -> None:
        """Write the pending output."""

    @abstractmethod
    def can_ask(self, protocol: bytes | None) -> bool:
        """Return whether the server allows a request now."""

    async def request(
        self,
        method: bytes,
        target: bytes,
        headers: Fields | None = None,
        content: Content = b"",
        trailers: Fields | None = None,
        protocol: bytes | None = None,
    ) -> Response:
        """Send a request; return its response as soon as the head has arrived.

        With the field `expect: 100-continue` the content waits until the server asks for it. `protocol` makes the
        request an extended CONNECT (RFC 8441, RFC 9220).
        """
        fields = list(headers or [])
        if content and isinstance(content, bytes):
            fields.append((b"content-length", b"%d" % len(content)))
        bare = not (content or trailers)
        exchange = await self.open(method, target, fields, protocol, end_stream=bare)
        if not bare:
            if not any(name.lower() == b"expect" for name, _ in fields):
                exchange.invited.set()
            exchange.upload = asyncio.create_task(exchange.send(content, trailers))
        return await exchange.response()

    async def open(
        self,
        method: bytes,
        target: bytes,
        headers: Fields,
        protocol: bytes | None = None,
        *,
        end_stream: bool = False,
    ) -> Exchange:
        """Send the head of a request as soon as there is room for a stream."""
        await self._until(lambda: self.is_leaving or self.can_ask(protocol))
        if self.end:
            raise self.end
        fields = [(b"host", f"{self.host}:{self.port}".encode()), *headers]
        stream = self.conn.send_request(
            method, target, self.version, fields, end_stream=end_stream, scheme=self.scheme, protocol=protocol
        )
        exchange = Exchange(self, stream, sent=end_stream)
        self.flush()
        return exchange

    async def drain(self, stream: zttp.Stream) -> None:
        """Write, and wait until the content of a stream was sent."""
        self.flush()
        await self._until(lambda: not stream.pending_bytes)

    async def _until(self, holds: Callable[[], object]) -> None:
        """Wait for a condition, or for the end of the connection."""
        while not (self.end or holds()):
            self.changed.clear()
            async with asyncio.timeout(READ_TIMEOUT):
                await self.changed.wait()

    def take(self, event: zttp.Event) -> None:
        """Pass an event to its exchange."""
        self.observe(event)
        match event:
            case zttp.Response() | zttp.Data() | zttp.EndOfMessage() | zttp.RstStream():
                if exchange := self.exchanges.get(event.stream_id):
                    exchange.events.put_nowait(event)
                elif isinstance(event, zttp.Data):  # no exchange waits for it any more
                    self.conn.consume_data(event.stream_id, len(event.data))
            case zttp.Goaway():
                self.is_leaving = True

    def fail(self, error: Exception) -> None:
        """Inform every exchange that the connection has ended."""
        self.end = error
        for exchange in self.exchanges.values():
            exchange.events.put_nowait(error)
        self.exchanges.clear()
        self.changed.set()
