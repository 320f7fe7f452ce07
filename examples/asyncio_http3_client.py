"""An HTTP/3 client on asyncio: `python examples/asyncio_http3_client.py https://127.0.0.1:8000/ [certificate.pem]`.

Concurrent requests on one connection, over its own UDP socket. With a certificate it trusts only that one; without, the
authorities of the system.
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import zttp
from asyncio_client import show
from client_exchange import StreamClient

MOST_AT_A_TIME = 64  # datagrams read before other tasks run


class ConnectionEndedError(Exception):
    """The connection is over."""


class Client(StreamClient[zttp.H3Connection]):
    """One connection to one server: `async with Client(host, port) as client`."""

    version, no_error, cancelled = b"3", zttp.H3ErrorCode.H3_NO_ERROR, zttp.H3ErrorCode.H3_REQUEST_CANCELLED

    def __init__(
        self,
        host: str,
        port: int,
        certificate: Path | None = None,
        observe: Callable[[zttp.Event], object] = id,
        server_name: str | None = None,
    ) -> None:
        super().__init__(host, port, observe)
        self.conn = zttp.Connection(
            zttp.CLIENT,
            zttp.HTTP3,
            server_name=server_name or host,
            verify=zttp.TrustStore.from_file(str(certificate)) if certificate else True,
            auto_credit=False,
        )
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

    def can_ask(self, protocol: bytes | None) -> bool:
        """Wait for the server's SETTINGS only if they matter (RFC 9114 7.2.4.2)."""
        return self.conn.can_open_stream and (protocol is None or self.conn.peer_settings() is not None)

    def flush(self) -> None:
        """Send the pending datagrams, and set the timer."""
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
                continue  # no server there; the timers end the attempt
        self._pump()

    def _pump(self) -> None:
        """Pass on every available event."""
        try:
            while (event := self.conn.next_event()) is not zttp.NEED_DATA:
                self.take(event)
        except zttp.RemoteProtocolError as error:
            self.fail(error)
        if self.conn.is_closed() and self.end is None:
            self.fail(ConnectionEndedError(f"the connection is over: {self.conn.close_info() or 'silence'}"))
        self.changed.set()
        self.flush()

    async def close(self) -> None:
        """Send the closing packets, without waiting for an answer."""
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
        await show(await client.request(b"GET", (parts.path or "/").encode()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None))
