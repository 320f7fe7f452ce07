"""An HTTP/2 client on asyncio: `python examples/asyncio_http2_client.py https://127.0.0.1:8000/ [certificate.pem]`.

Concurrent requests on one connection. Over TLS, ALPN selects HTTP/2; in clear text the client has prior knowledge (RFC
9113 3.3), or uses `upgrade` (RFC 7540 3.2).
"""

import asyncio
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import self_signed
import zttp
from asyncio_client import READ_TIMEOUT, Response, show
from client_exchange import Exchange, StreamClient

CLOSE_TIMEOUT = 0.5


class NotHTTP2Error(Exception):
    """The server does not speak HTTP/2."""


class Client(StreamClient[zttp.H2Connection]):
    """One connection to one server: `async with Client(host, port) as client`."""

    version, no_error, cancelled = b"2", zttp.H2ErrorCode.NO_ERROR, zttp.H2ErrorCode.CANCEL
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _task: "asyncio.Task[None]"

    def __init__(
        self, host: str, port: int, tls: ssl.SSLContext | None = None, observe: Callable[[zttp.Event], object] = id
    ) -> None:
        super().__init__(host, port, observe)
        self.tls, self.scheme = tls, b"https" if tls else b"http"
        self.conn = zttp.Connection(zttp.CLIENT, zttp.HTTP2, auto_credit=False)
        self._has_settings = False  # of the server, which limit the number of streams

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

    def can_ask(self, protocol: bytes | None) -> bool:  # noqa: ARG002 - all settings come at once
        return self._has_settings and self.conn.can_open_stream

    async def drain(self, stream: zttp.Stream) -> None:
        self.flush()
        await self._writer.drain()
        await super().drain(stream)

    def flush(self) -> None:
        data = self.conn.data_to_send()
        if data and not self.end:
            self._writer.write(data)

    async def _read(self) -> None:
        """Pass on events as they arrive, until the connection ends."""
        end: Exception = ConnectionError("the connection is closed")
        try:
            while not isinstance(event := self.conn.next_event(), zttp.ConnectionClosed):
                if isinstance(event, zttp.NeedData):
                    self.flush()
                    self.changed.set()
                    self.conn.receive_data(await self._reader.read(65536))
                    continue
                self._has_settings = self._has_settings or isinstance(event, zttp.Settings)
                self.take(event)
        except (zttp.RemoteProtocolError, OSError) as error:
            end = error
            self.flush()
        finally:
            self.fail(end)
            self._writer.close()

    async def close(self) -> None:
        """Send GOAWAY, and close the connection."""
        for exchange in list(self.exchanges.values()):
            await exchange.cancel()
        self.conn.close()
        self.flush()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if not self.end:  # closing a TLS transport twice would leave it open
            self._writer.close()
        with suppress(OSError, TimeoutError):  # a server need not answer close_notify at once
            await asyncio.wait_for(self._writer.wait_closed(), CLOSE_TIMEOUT)
        self._writer.transport.abort()


async def upgrade(
    host: str, port: int, target: bytes = b"/", observe: Callable[[zttp.Event], object] = id
) -> tuple[Client, Response]:
    """Send a request in HTTP/1.1 that offers HTTP/2 in clear text; return the client, and the response."""
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
        raise NotHTTP2Error("the server continues in HTTP/1.1")
    exchange = Exchange(client, client.conn.initiate_upgrade_connection(b"GET", target, fields), sent=True)
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
        await show(await client.request(b"GET", (parts.path or "/").encode()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None))
