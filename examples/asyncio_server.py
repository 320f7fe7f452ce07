"""A complete HTTP server on asyncio: `python examples/asyncio_server.py [port] [--tls] [--certificate folder]`.

zttp does the protocol. This file has everything that needs a socket or a clock: reading and pausing, back-pressure in
both directions, timeouts, shutdown. An application is `async def application(exchange)`, see `exchange.py`; the
protocol is selected by ALPN, by the first bytes, or by an upgrade. With `--tls`, it makes a certificate, and serves
HTTP/3 on the UDP port of the same number, if that is installed; its responses over TCP announce that (Alt-Svc, RFC
7838).
"""

import argparse
import asyncio
import logging
import signal
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import self_signed
import zttp
from exchange import HTTP1, HTTP2, Exchange, Fields, SlowPeerError, in_time

if TYPE_CHECKING:
    from quic_socket import QuicSocket

HEAD_TIMEOUT = 15.0  # until the next request head is complete, however small its pieces are
SEND_TIMEOUT = 60.0  # until the peer has read the output
LINGER = 5.0  # further reading after the last response, so that no reset overtakes it (RFC 9112 9.6)

logger = logging.getLogger(__name__)
SESSIONS: dict[str, type[HTTP1 | HTTP2]] = {zttp.HTTP1: HTTP1, zttp.HTTP2: HTTP2}  # by the name of the protocol
Application = Callable[[Exchange], Awaitable[None]]
Observer = Callable[[zttp.Event | zttp.ProtocolError], object]


class Link(asyncio.Protocol):
    """One transport: its bytes in both directions, its timer, and its open exchanges."""

    transport: asyncio.Transport
    session: HTTP1 | HTTP2
    peer: tuple[str, int] | None
    is_secure: bool
    tunnel: Exchange | None = None  # the receiver of all bytes after an upgrade

    def __init__(self, server: "Server") -> None:
        self.server, self.loop = server, asyncio.get_running_loop()
        self.exchanges: dict[int, Exchange] = {}  # by stream_id
        self.first_bytes, self.is_ahead, self.is_closing, self.peer_ended = b"", False, False, False
        self.timer = self.loop.call_later(HEAD_TIMEOUT, self.close_gently)
        self.closed: asyncio.Future[None] = self.loop.create_future()
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        address = transport.get_extra_info("peername")
        self.peer = (address[0], address[1]) if address else None
        self.is_secure = transport.get_extra_info("ssl_object") is not None
        self.server.links.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.timer.cancel()
        self.cancel_exchanges()
        self.server.links.discard(self)
        self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self.tunnel:
            self.tunnel.receive(data)
            self.balance()
            return
        if not hasattr(self, "session"):
            tls = self.transport.get_extra_info("ssl_object")
            data = self.first_bytes = self.first_bytes + data
            name = zttp.sniff(data, tls.selected_alpn_protocol() if tls else None)
            if isinstance(name, zttp.NeedData):
                return
            self.session = SESSIONS[name](self)
        self.is_ahead = self.session.is_ahead()
        self.pump(data)
        self.balance()

    def eof_received(self) -> bool:
        """Keep a half-closed transport open for the current response; TLS has no half-close."""
        self.peer_ended = True
        if self.tunnel:
            self.tunnel.end([])
        elif hasattr(self, "session"):
            self.pump(b"")
        return bool(self.exchanges) and not self.is_closing and self.transport.can_write_eof()

    def pump(self, data: bytes | None = None) -> None:
        """Receive `data` and pass on every complete event."""
        if self.is_closing:
            return  # lingering: input is dropped
        try:
            if data is not None:
                self.session.conn.receive_data(data)
            while True:
                event = self.session.conn.next_event()
                self.server.observe(event)
                match event:
                    case zttp.Request():
                        self.timer.cancel()
                        if session := self.session.upgraded(event):
                            self.session = session  # this request is its first event
                            continue
                        self.exchanges[event.stream_id] = exchange = Exchange(self, event)
                        exchange.task = self.server.answer(exchange, self.session.fail)
                    case zttp.Data():
                        self.exchanges[event.stream_id].receive(event.data)
                    case zttp.EndOfMessage():
                        self.exchanges[event.stream_id].end(list(event.trailers))
                    case zttp.NeedData():
                        break
                    case zttp.ConnectionClosed():
                        if not self.exchanges:
                            self.transport.close()
                        break
                    case _:
                        self.session.receive(event)
        except zttp.RemoteProtocolError as error:
            self.server.observe(error)
            self.cancel_exchanges()
            self.session.fail_connection(error)
        self.flush()

    def await_request(self) -> None:
        """Move on to the next request, which may have arrived already."""
        self.timer = self.loop.call_later(HEAD_TIMEOUT, self.close_gently)
        self.is_ahead = False
        self.pump()
        self.balance()

    def balance(self) -> None:
        """Read on or pause: the peer cannot send faster than the application reads and answers."""
        if not self.is_closing and (self.is_ahead or self.session.is_full()):
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def shut_down(self) -> None:
        """Take no further request."""
        if hasattr(self, "session"):
            self.session.shut_down()
        else:
            self.close_gently()

    def flush(self) -> None:
        data = self.session.conn.data_to_send()
        if data and not self.is_closing:
            self.transport.write(data)

    async def flush_and_drain(self) -> None:
        self.flush()
        if not self.writable.is_set():
            await in_time(self.writable.wait(), SEND_TIMEOUT)

    def cancel_exchanges(self) -> None:
        for exchange in self.exchanges.values():
            if not exchange.finished:
                exchange.task.cancel()

    def close_gently(self) -> None:
        """Stop writing, but read on for a moment: closing at once could reset it before the response arrives."""
        if self.is_closing:
            return
        self.is_closing = True
        self.timer.cancel()
        self.timer = self.loop.call_later(LINGER, self.transport.abort)
        self.balance()
        if self.peer_ended or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.write_eof()


class Server:
    """Listens, and shuts down without dropping open requests."""

    def __init__(self, application: Application, observe: Observer = id) -> None:
        self.application, self.observe = application, observe
        self.links: set[Link] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.stopping = False
        self.alternatives: Fields = []  # fields of responses over TCP: the alternative service
        self.quic: QuicSocket | None = None

    async def start(
        self, host: str, port: int, tls: ssl.SSLContext | None = None, files: tuple[Path, Path] | None = None
    ) -> None:
        """Listen; port 0 selects a free one. With `files`, certificate and key, HTTP/3 uses the same UDP port."""
        self.listener = await asyncio.get_running_loop().create_server(lambda: Link(self), host, port, ssl=tls)
        self.port: int = self.listener.sockets[0].getsockname()[1]
        if files is not None:
            from quic_socket import QuicSocket

            try:
                self.quic = QuicSocket(self, host, self.port, files)
            except OSError:  # a port that is free for TCP may not be for UDP
                self.listener.close()
                if port:
                    raise
                await self.start(host, port, tls, files)
                return
            self.alternatives = [(b"alt-svc", b'h3=":%d"; ma=3600' % self.port)]

    def answer(self, exchange: Exchange, fail: Callable[[Exchange, int, str], None]) -> asyncio.Task[None]:
        """Let the application answer one request, in its own task."""
        task = asyncio.create_task(self.run(exchange, fail))
        self.tasks.add(task)  # the loop alone would not keep it alive
        task.add_done_callback(self.tasks.discard)
        return task

    async def run(self, exchange: Exchange, fail: Callable[[Exchange, int, str], None]) -> None:
        try:
            await self.application(exchange)
            if not exchange.finished:
                raise RuntimeError("the application returned before its response was complete")
        except SlowPeerError as error:
            fail(exchange, 408, str(error))
        except Exception:
            logger.exception("the application failed")
            fail(exchange, 500, "internal server error")

    async def stop(self, grace: float = 10.0) -> None:
        """Accept no more, close idle connections, let open requests finish; after `grace` seconds drop the rest."""
        self.stopping = True
        self.listener.close()
        for link in self.links:
            link.shut_down()
        if self.quic is not None:
            self.quic.shut_down()
        await self.closed(grace)
        for link in self.links:
            link.transport.abort()
        await self.closed()
        if self.quic is not None:
            self.quic.close()
            self.quic = None

    async def closed(self, seconds: float | None = None) -> None:
        """Wait until the current connections are closed."""
        under_way = [link.closed for link in self.links]
        if self.quic is not None and seconds is not None:
            under_way += [link.closed for link in self.quic.links.values()]
        if under_way:
            await asyncio.wait(under_way, timeout=seconds)


async def echo(exchange: Exchange) -> None:
    """Answer GET with a greeting, and POST with its own content."""
    match exchange.request.method:
        case b"GET" | b"HEAD":
            await exchange.respond(200, b"hello from zttp\n", [(b"content-type", b"text/plain")])
        case b"POST":
            exchange.invite()
            exchange.start(200, [(b"content-type", b"application/octet-stream")])
            async for piece in exchange.content():
                await exchange.send(piece)
            await exchange.finish(exchange.trailers)
        case _:
            await exchange.respond(405, headers=[(b"allow", b"GET, HEAD, POST")])


async def main(port: int, certificate: Path | None = None, application: Application = echo) -> None:
    """Serve until a signal; `certificate` is a folder, in which clients find the certificate."""
    server, stop = Server(application), asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    files = self_signed.make(certificate) if certificate else None
    tls = self_signed.server_context(*files) if files else None
    has_http3 = any(protocol.name == zttp.HTTP3 for protocol in zttp.protocols())
    await server.start("127.0.0.1", port, tls, files if has_http3 else None)
    print(f"listening on {'https' if files else 'http'}://127.0.0.1:{server.port}", flush=True)
    await stop.wait()
    await server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A complete HTTP server on asyncio")
    parser.add_argument("port", type=int, nargs="?", default=8000)
    parser.add_argument("--tls", action="store_true", help="with a certificate that it signs itself")
    parser.add_argument("--certificate", type=Path, help="the folder to write that to, for clients to trust")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        secure = arguments.tls or arguments.certificate
        asyncio.run(main(arguments.port, arguments.certificate or Path(temporary) if secure else None))
