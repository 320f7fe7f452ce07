"""An HTTP/3 client on asyncio: `python examples/asyncio_http3_client.py https://127.0.0.1:8000/ [certificate.pem]`.

Requests side by side on one connection, over a UDP socket of its own. With a certificate it trusts that one and no
other; without, the authorities of the system.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import zttp
from asyncio_client import READ_TIMEOUT, Fields, Response

MOST_AT_A_TIME = 64  # datagrams read before others have their turn

Content = bytes | AsyncIterable[bytes]


class ConnectionEndedError(Exception):
    """The connection is over."""


class StreamResetError(Exception):
    """The server has cancelled this exchange, or what it sent made zttp cancel it."""


class Exchange:
    """One request and its response: a stream, and its events as the connection hands them out."""

    upload: "asyncio.Task[None] | None" = None

    def __init__(self, client: "Client", stream: zttp.Stream) -> None:
        self.client, self.stream = client, stream
        self.events: asyncio.Queue[zttp.Event | Exception] = asyncio.Queue()
        client.exchanges[stream.stream_id] = self

    async def next_event(self) -> zttp.Event:
        """Return the next event; taking content gives credit for more."""
        async with asyncio.timeout(READ_TIMEOUT):
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
        """Return the response as soon as its head is here."""
        informational: list[zttp.Response] = []
        while True:
            event = await self.next_event()
            assert isinstance(event, zttp.Response)
            if not event.is_informational:
                return Response(self, event, informational)
            informational.append(event)

    async def send(self, content: Content, trailers: Fields | None) -> None:
        """Send the content as fast as the server gives credit for it, and the path has room."""
        try:
            if isinstance(content, bytes):
                self.stream.send_data(content)
            else:
                async for piece in content:
                    self.stream.send_data(piece)
                    await self.client.drain(self.stream)
            self.stream.end_message(trailers)
            self.client.flush()
        except zttp.LocalProtocolError:
            pass  # the stream is closed: what the server sent says why
        except Exception as error:  # noqa: BLE001 - whoever waits for the response has to know
            self.events.put_nowait(error)
            await self.cancel()

    async def finish_exchange(self) -> None:
        """Forget the exchange; what was not sent of the request is of no use any more."""
        if self.upload and not self.upload.done():
            await self.cancel()
        self.client.exchanges.pop(self.stream.stream_id, None)

    async def cancel(self) -> None:
        """End both messages, wherever they are."""
        self.client.exchanges.pop(self.stream.stream_id, None)
        if self.upload:
            self.upload.cancel()
        self.stream.reset()
        self.client.flush()


class Client(AbstractAsyncContextManager["Client"]):
    """One connection to one server: `async with Client(host, port) as client`."""

    def __init__(
        self,
        host: str,
        port: int,
        certificate: Path | None = None,
        observe: Callable[[zttp.Event], object] = id,
        server_name: str | None = None,
    ) -> None:
        self.host, self.port, self.observe = host, port, observe
        self.exchanges: dict[int, Exchange] = {}  # by stream_id
        self.conn: zttp.H3Connection = zttp.Connection(
            zttp.CLIENT,
            zttp.HTTP3,
            server_name=server_name or host,
            verify=zttp.TrustStore.from_file(str(certificate)) if certificate else True,
            auto_credit=False,
        )
        self._authority = f"{host}:{port}".encode()
        self._end: Exception | None = None  # why there is no connection any more
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        family, _, _, _, address = (await self._loop.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM))[0]
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect(address)
        self._loop.add_reader(self._socket, self._read)
        self.conn.initiate_connection()
        self.flush()
        return self

    async def request(
        self,
        method: bytes,
        target: bytes,
        headers: Fields | None = None,
        content: Content = b"",
        trailers: Fields | None = None,
    ) -> Response:
        """Send a request; return its response as soon as the head is here."""
        fields = [(b"host", self._authority), *(headers or [])]
        if content and isinstance(content, bytes):
            fields.append((b"content-length", b"%d" % len(content)))
        await self._until(lambda: self._end is not None or self.conn.can_open_stream)
        if self._end is not None:
            raise self._end
        bare = not (content or trailers)
        exchange = Exchange(self, self.conn.send_request(method, target, b"3", fields, end_stream=bare))
        self.flush()
        if not bare:
            exchange.upload = asyncio.create_task(exchange.send(content, trailers))
        return await exchange.response()

    async def drain(self, stream: zttp.Stream) -> None:
        """Send, and wait until the server has taken what was written to a stream."""
        self.flush()
        await self._until(lambda: not stream.pending_bytes)

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._changed.clear()
            async with asyncio.timeout(READ_TIMEOUT):
                await self._changed.wait()

    def flush(self) -> None:
        """Send what is to be sent now, and wait until something is due."""
        for datagram in self.conn.data_to_send(self._now()):
            with suppress(BlockingIOError, ConnectionRefusedError):  # lost, as on any path
                self._socket.send(datagram)
        if self._timer is not None:
            self._timer.cancel()
        timeout = self.conn.next_timeout()
        self._timer = None if timeout is None else self._loop.call_at(timeout / 1_000_000, self._on_timeout)

    def _now(self) -> int:
        return int(self._loop.time() * 1_000_000)

    def _on_timeout(self) -> None:
        self.conn.handle_timeout(self._now())
        self._pump()

    def _read(self) -> None:
        for _ in range(MOST_AT_A_TIME):
            try:
                self.conn.receive_datagram(self._socket.recv(65_536), self._now())
            except BlockingIOError:
                break
            except ConnectionRefusedError:
                continue  # nobody listens; the timers know how long to try
        self._pump()

    def _pump(self) -> None:
        """Hand on every event that is there."""
        try:
            while (event := self.conn.next_event()) is not zttp.NEED_DATA:
                self.observe(event)
                if isinstance(event, zttp.Response | zttp.Data | zttp.EndOfMessage | zttp.RstStream):
                    if exchange := self.exchanges.get(event.stream_id):
                        exchange.events.put_nowait(event)
                    elif isinstance(event, zttp.Data):
                        self.conn.consume_data(event.stream_id, len(event.data))
        except zttp.RemoteProtocolError as error:
            self._end = error
        if self.conn.is_closed() and self._end is None:
            self._end = ConnectionEndedError(f"the connection is over: {self.conn.close_info() or 'silence'}")
        if self._end is not None:
            for exchange in self.exchanges.values():
                exchange.events.put_nowait(self._end)
            self.exchanges.clear()
        self._changed.set()
        self.flush()

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Say goodbye; whether that arrives is the server's concern."""
        for exchange in list(self.exchanges.values()):
            await exchange.cancel()
        self.conn.close()
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()


async def main(url: str, certificate: Path | None) -> None:
    parts = urlsplit(url)
    async with Client(parts.hostname or "127.0.0.1", parts.port or 443, certificate) as client:
        response = await client.request(b"GET", (parts.path or "/").encode())
        print(response.status_code)
        for name, value in response.headers:
            print(f"{name.decode()}: {value.decode('latin-1')}")
        async for piece in response.content():
            sys.stdout.write(piece.decode("utf-8", "replace"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None))
