"""A server for HTTP/1.1 and HTTP/2 on trio: `python examples/trio_server.py [port] [folder for a certificate]`.

One task reads a connection and passes on events; the application answers each request in its own task, which ends with
the connection. There is back-pressure in both directions: with HTTP/1.1 nothing is read while the application has
enough, with HTTP/2 the peer gets credit for content that the application has read.
"""

import logging
import math
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import trio

import self_signed
import zttp

HEAD_TIMEOUT = 15.0  # until the next request head is complete
STALL_TIMEOUT = 30.0  # until the peer sends or reads a piece of content
LINGER = 5.0  # further reading after the last response, so that no reset overtakes it (RFC 9112 9.6)
PIECES = 4  # of content that may wait for the application (HTTP/1.1)
GONE = (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)  # the peer disconnected, or is too slow

Fields = list[tuple[bytes, bytes]]
ByteStream = trio.SocketStream | trio.SSLStream[trio.SocketStream]
logger = logging.getLogger(__name__)


class Exchange:
    """One request and its response."""

    def __init__(self, link: "Link", request: zttp.Request) -> None:
        self.request = request
        self.trailers: Fields = []  # of the request; known once content() has ended
        self.scope, self.done = trio.CancelScope(), trio.Event()
        self.started = self.reading = self.finished = False
        self.ended = request.end_stream  # all of the request has arrived
        self._link, conn = link, link.conn
        self.sender = conn if isinstance(conn, zttp.H1Connection) else conn.stream(request.stream_id)
        self.feed, self._content = trio.open_memory_channel[bytes](PIECES if conn is self.sender else math.inf)

    async def invite(self) -> None:
        """Send a 100 (Continue) if the client waits for it (RFC 9110 10.1.1), unless a response has begun."""
        if self.request.expect_continue and not (self.reading or self.ended or self.started):
            self.sender.send_informational(100)
            await self._link.flush()
        self.reading = True

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the content as it arrives, after a 100 (Continue) if needed."""
        await self.invite()
        while True:
            await self._link.flush()
            try:
                with trio.fail_after(STALL_TIMEOUT):
                    piece = await self._content.receive()
            except trio.EndOfChannel:
                return
            if not isinstance(self._link.conn, zttp.H1Connection):
                self._link.conn.consume_data(self.request.stream_id, len(piece))
            yield piece

    async def start(self, status: int, headers: Fields) -> None:
        """Begin a response."""
        fields = list(headers)
        if isinstance(self.sender, zttp.H1Connection):
            framed = any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in fields)
            if not framed and status not in (204, 304):
                fields.append((b"transfer-encoding", b"chunked"))
            if not (self.ended or self.reading):  # unread content would precede the next request
                fields.append((b"connection", b"close"))
        self.sender.send_response(status, fields)
        self.started = True
        await self._link.flush()

    async def send(self, data: bytes) -> None:
        """Send a piece of content, and wait while the peer is slow."""
        self.sender.send_data(data)
        await self._link.drain(self)

    async def finish(self, trailers: Fields | None = None) -> None:
        """End the response."""
        self.sender.end_message(trailers)
        self.finished = True
        await self._link.drain(self)

    async def respond(self, status: int, content: bytes, headers: Fields | None = None) -> None:
        """Send a complete response."""
        await self.start(status, [*(headers or []), (b"content-length", b"%d" % len(content))])
        if content and self.request.method != b"HEAD":
            await self.send(content)
        await self.finish()

    def close(self) -> None:
        """Take no further content."""
        self.done.set()
        self._content.close()


Application = Callable[[Exchange], Awaitable[None]]


class Link:
    """One connection: the task that reads it, and its open exchanges."""

    def __init__(
        self, stream: ByteStream, conn: zttp.H1Connection | zttp.H2Connection, application: Application
    ) -> None:
        self.stream, self.conn, self.application = stream, conn, application
        self.exchanges: dict[int, Exchange] = {}  # by stream_id
        self.changed = trio.Event()  # set when there may be credit; renewed after the events of each input
        self.lock = trio.Lock()  # trio lets one task write at a time

    async def run(self) -> None:
        """Read until the connection ends; open exchanges end with it."""
        async with trio.open_nursery() as nursery:
            with suppress(*GONE):
                try:
                    while await self.take(self.conn.next_event(), nursery):
                        pass
                except zttp.RemoteProtocolError as error:
                    self.refuse(error)
                await self.close_gently()
            nursery.cancel_scope.cancel()

    async def take(self, event: zttp.Event, nursery: trio.Nursery) -> bool:
        """Handle one event; return whether to continue."""
        if isinstance(event, zttp.NeedData):
            return await self.read()
        if isinstance(event, zttp.ConnectionClosed):
            return False
        exchange = self.exchanges.get(event.stream_id)
        match event:
            case zttp.Request():
                self.exchanges[event.stream_id] = exchange = Exchange(self, event)
                nursery.start_soon(self.answer, exchange)
            case zttp.Data() if exchange:
                try:
                    await exchange.feed.send(event.data)
                except trio.BrokenResourceError:  # it is answered, and the rest of the request is not needed
                    return not isinstance(self.conn, zttp.H1Connection)
            case zttp.EndOfMessage() if exchange:
                exchange.ended, exchange.trailers = True, list(event.trailers)
                exchange.feed.close()
                if isinstance(self.conn, zttp.H1Connection):  # one message after another (RFC 9112 9.3.2)
                    await exchange.done.wait()
                    del self.exchanges[event.stream_id]
                    if not exchange.finished or self.conn.should_close():
                        return False
                    self.conn.start_next_cycle()
            case zttp.RstStream() if exchange:
                exchange.scope.cancel()
        return True

    async def read(self) -> bool:
        """Read more bytes; return whether there was input or EOF before the timeout."""
        self.changed.set()  # now that all events are handled
        self.changed = trio.Event()
        await self.flush()
        with trio.move_on_after(math.inf if self.exchanges else HEAD_TIMEOUT) as idle:
            self.conn.receive_data(await self.stream.receive_some(65536))
        return not idle.cancelled_caught

    async def answer(self, exchange: Exchange) -> None:
        """Let the application answer a request; send an error if it fails."""
        status = 0
        try:
            with exchange.scope:
                await trio.lowlevel.checkpoint()  # a cancelled exchange need not begin
                await self.application(exchange)
                if not exchange.finished:
                    raise RuntimeError("the application returned before its response was complete")
        except GONE:
            status = 408
        except Exception:
            logger.exception("the application failed")
            status = 500
        with suppress(*GONE):
            if status and not exchange.started:
                await exchange.respond(status, b"")
            elif status:  # a truncated response must not look complete
                await self.break_off(exchange)
            if isinstance(exchange.sender, zttp.Stream):
                exchange.sender.reset(zttp.H2ErrorCode.NO_ERROR)  # of the rest of the request (RFC 9113 8.1)
                del self.exchanges[exchange.request.stream_id]
            await self.flush()
        exchange.close()

    async def break_off(self, exchange: Exchange) -> None:
        if isinstance(exchange.sender, zttp.H1Connection):
            await trio.aclose_forcefully(self.stream)
        else:
            exchange.sender.reset(zttp.H2ErrorCode.INTERNAL_ERROR)

    def refuse(self, error: zttp.RemoteProtocolError) -> None:
        """Answer malformed input; with HTTP/2 a GOAWAY is queued already."""
        exchanges = self.exchanges.values()
        for exchange in exchanges:
            exchange.scope.cancel()
        if isinstance(self.conn, zttp.H1Connection) and not any(exchange.started for exchange in exchanges):
            content = f"{error}\n".encode("ascii", "backslashreplace")
            self.conn.send_response(error.status_hint or 400, [(b"content-length", b"%d" % len(content))])
            if not any(exchange.request.method == b"HEAD" for exchange in exchanges):
                self.conn.send_data(content)
            self.conn.end_message()

    async def close_gently(self) -> None:
        """Send the rest of the output; closing at once could reset the connection before it arrives."""
        if not isinstance(self.conn, zttp.H1Connection):
            self.conn.close()
        await self.flush()
        if isinstance(self.stream, trio.SocketStream):
            with trio.move_on_after(LINGER):
                await self.stream.send_eof()
                while await self.stream.receive_some(65536):
                    pass

    async def flush(self) -> None:
        async with self.lock:
            if data := self.conn.data_to_send():
                with trio.fail_after(STALL_TIMEOUT):
                    await self.stream.send_all(data)

    async def drain(self, exchange: Exchange) -> None:
        """Write, and wait until the peer has given credit for what was sent."""
        await self.flush()
        while isinstance(exchange.sender, zttp.Stream) and exchange.sender.pending_bytes:
            with trio.fail_after(STALL_TIMEOUT):
                await self.changed.wait()


async def serve(application: Application, tls: ssl.SSLContext | None, socket: trio.SocketStream) -> None:
    """Serve one connection of either protocol."""
    stream: ByteStream = trio.SSLStream(socket, tls, server_side=True, https_compatible=True) if tls else socket
    received = b""
    with suppress(*GONE):
        async with stream:
            with trio.fail_after(HEAD_TIMEOUT):
                if isinstance(stream, trio.SSLStream):
                    await stream.do_handshake()
                alpn = stream.selected_alpn_protocol() if isinstance(stream, trio.SSLStream) else None
                while isinstance(name := zttp.sniff(received, alpn), zttp.NeedData):
                    if not (data := await stream.receive_some(65536)):
                        return
                    received += data
            conn: zttp.H1Connection | zttp.H2Connection
            if name == zttp.HTTP2:
                conn = zttp.Connection(zttp.SERVER, zttp.HTTP2, auto_credit=False)
            else:
                conn = zttp.Connection(zttp.SERVER, zttp.HTTP1)
            if received:
                conn.receive_data(received)
            await Link(stream, conn, application).run()


async def echo(exchange: Exchange) -> None:
    """Answer GET with a greeting, and POST with its own content."""
    match exchange.request.method:
        case b"GET" | b"HEAD":
            await exchange.respond(200, b"hello from zttp\n", [(b"content-type", b"text/plain")])
        case b"POST":
            await exchange.invite()
            await exchange.start(200, [(b"content-type", b"application/octet-stream")])
            async for piece in exchange.content():
                await exchange.send(piece)
            await exchange.finish(exchange.trailers)
        case _:
            await exchange.respond(405, b"", [(b"allow", b"GET, HEAD, POST")])


async def listen(
    application: Application,
    port: int,
    tls: ssl.SSLContext | None = None,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; `nursery.start(listen, application, 0)` returns the port."""
    async with trio.open_nursery() as nursery:
        handler = partial(serve, application, tls)
        [listener] = await nursery.start(partial(trio.serve_tcp, handler, port, host="127.0.0.1"))
        task_status.started(listener.socket.getsockname()[1])


async def main(port: int, folder: Path | None) -> None:
    tls = self_signed.server_context(*self_signed.make(folder)) if folder else None
    async with trio.open_nursery() as nursery:
        port = await nursery.start(listen, echo, port, tls)
        print(f"listening on {'https' if tls else 'http'}://127.0.0.1:{port}", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        trio.run(
            main, int(sys.argv[1]) if len(sys.argv) > 1 else 8000, Path(sys.argv[2]) if len(sys.argv) > 2 else None
        )
