"""A proxy to an HTTP/1.1 server: `python examples/proxy.py 8000 127.0.0.1:9000 [folder for a certificate]`.

In front are HTTP/1.1, HTTP/2 and HTTP/3, by `asyncio_server.py`; behind are kept connections to one server. It is safe
because it reads a message and writes a new one: no byte of a head passes unread.

* The framing is the proxy's: a length that it has checked, or chunks; never a forwarded field (RFC 9112 11.2).
* Hop-by-hop fields are dropped: Connection and the fields it names, TE except for trailers (RFC 9110 7.6.1).
* Also dropped: fields that clients forge (Forwarded), and names that a server may confuse (underscores).
* Refused: tunnels, targets without an origin, and everything that zttp refuses to read or to write.
* A connection is kept if both messages on it have ended, and the server has sent nothing more. Otherwise the rest could
become the answer to another client's request.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import asyncio_server
import zttp
from exchange import Exchange, Fields, SlowPeerError
from zttp_core.messages import end_to_end, split_target

CONNECT_TIMEOUT = 5.0
RESPONSE_TIMEOUT = 60.0  # until the server begins its response, and between two pieces of its content
CONTINUE_TIMEOUT = 1.0  # until a 100 (Continue), which some servers never send (RFC 9110 10.1.1)
MOST_KEPT = 32  # idle connections
INVENTED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"via"}
SAFE = {b"GET", b"HEAD", b"OPTIONS"}  # methods that may be repeated (RFC 9110 9.2.2)


class UpstreamError(Exception):
    """The backend did not answer correctly."""


class Upstream:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.conn = reader, writer, zttp.Connection(zttp.CLIENT, zttp.HTTP1)
        self.is_used = False

    async def flush(self) -> None:
        self.writer.write(self.conn.data_to_send())
        await self.writer.drain()

    async def events(self) -> AsyncIterator[zttp.Event]:
        """Yield the server's events, to the end of its response."""
        while True:
            event = self.conn.next_event()
            if isinstance(event, zttp.NeedData):
                async with asyncio.timeout(RESPONSE_TIMEOUT):
                    self.conn.receive_data(await self.reader.read(65536))
            else:
                yield event
                if isinstance(event, zttp.EndOfMessage | zttp.ConnectionClosed):
                    return


class Proxy:
    """`await proxy(exchange)` answers one request with the server's response."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.kept: list[Upstream] = []

    async def __call__(self, exchange: Exchange) -> None:
        request = exchange.request
        if request.method == b"CONNECT":
            await exchange.respond(501, b"no tunnels here\n")
            return
        try:
            fields, target = self.head(request)
        except ValueError as error:
            await exchange.respond(400, f"{error}\n".encode())
            return
        try:
            upstream = await self.connection()
            try:
                await self.forward(exchange, upstream, target, fields)
            except UpstreamError:
                # A kept connection may have been closed while the request was in flight.
                if not upstream.is_used or exchange.started or request.method not in SAFE or not request.end_stream:
                    raise
                await self.forward(exchange, await self.connection(fresh=True), target, fields)
        except TimeoutError:
            await self.fail(exchange, 504, "the server takes too long")
        except (UpstreamError, OSError) as error:
            await self.fail(exchange, 502, f"the server is not available: {error}")

    def head(self, request: zttp.Request) -> tuple[Fields, bytes]:
        """Return the fields to forward, and the target in origin-form (RFC 9112 3.2.1)."""
        _, authority, path = split_target(request.method, request.target) or (None, None, None)
        hosts = [authority] if authority else request.headers.getall(b"host")  # RFC 9112 3.2.2
        if not hosts or not path:
            raise ValueError("a request needs a host and a path")
        dropped = INVENTED | {b"host", b"expect"}
        kept = [
            (name, value)
            for name, value in end_to_end(request.headers.to_list())
            if name not in dropped and b"_" not in name
        ]
        fields = [(b"host", hosts[0]), *kept, (b"via", request.http_version + b" zttp")]
        if not request.end_stream and b"content-length" not in request.headers:
            fields.append((b"transfer-encoding", b"chunked"))
        if any(name == b"te" for name, _ in kept):
            fields.append((b"connection", b"te"))  # RFC 9110 10.1.4
        if request.expect_continue:
            fields.append((b"expect", b"100-continue"))
        return fields, path

    async def connection(self, *, fresh: bool = False) -> Upstream:
        """Return an idle connection."""
        while self.kept and not fresh:
            upstream = self.kept.pop()
            if not upstream.reader.at_eof():
                upstream.is_used = True
                return upstream
            upstream.writer.close()
        async with asyncio.timeout(CONNECT_TIMEOUT):
            return Upstream(*await asyncio.open_connection(self.host, self.port))

    async def forward(self, exchange: Exchange, upstream: Upstream, target: bytes, fields: Fields) -> None:
        """Forward a request and its response, both as they arrive."""
        invited, keep = asyncio.Event(), False
        if not exchange.request.expect_continue:
            invited.set()
        try:
            upstream.conn.send_request(exchange.request.method, target, b"1.1", fields)
            await upstream.flush()
            upload = asyncio.create_task(self.upload(exchange, upstream, invited))
            try:
                async for event in upstream.events():
                    await self.take(exchange, event, invited)
                keep = upload.done() and upload.result() and not upstream.conn.should_close()
            finally:
                upload.cancel()
        except TimeoutError:
            raise
        except (zttp.RemoteProtocolError, OSError) as error:
            raise UpstreamError(str(error)) from error
        finally:
            if keep and len(self.kept) < MOST_KEPT:
                upstream.conn.start_next_cycle()
                self.kept.append(upstream)
            else:
                upstream.writer.close()

    async def upload(self, exchange: Exchange, upstream: Upstream, invited: asyncio.Event) -> bool:
        """Forward the content once the server wants it, at its pace; return whether all of it was sent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CONTINUE_TIMEOUT):
                await invited.wait()
        try:
            async for piece in exchange.content():
                upstream.conn.send_data(piece)
                await upstream.flush()
            chunked = not exchange.request.end_stream and b"content-length" not in exchange.request.headers
            upstream.conn.end_message(end_to_end(exchange.trailers) if chunked else None)
            await upstream.flush()
        except (OSError, SlowPeerError):  # the response has the reason, or there will be none in time
            return False
        return True

    async def take(self, exchange: Exchange, event: zttp.Event, invited: asyncio.Event) -> None:
        """Forward a part of the response."""
        match event:
            case zttp.Response(status_code=100):
                invited.set()  # reading the content sends the 100
            case zttp.Response() if event.is_informational:
                await exchange.inform(event.status_code, end_to_end(event.headers.to_list()))
            case zttp.Response():
                fields = [*end_to_end(event.headers.to_list()), (b"via", b"1.1 zttp")]
                secret = exchange.request.headers.never_indexed | {b"set-cookie"}
                exchange.start(event.status_code, fields, secret)
                await exchange.send(b"")  # send the head, which would wait for content
            case zttp.Data():
                await exchange.send(event.data)
            case zttp.EndOfMessage():
                await exchange.finish(end_to_end(list(event.trailers)))

    async def fail(self, exchange: Exchange, status: int, text: str) -> None:
        """Report that there is no response; a truncated one must not look complete (RFC 9112 8)."""
        if exchange.started:
            raise UpstreamError(text)
        await exchange.respond(status, text.encode("ascii", "backslashreplace") + b"\n")

    def close(self) -> None:
        """Close the kept connections."""
        for upstream in self.kept:
            upstream.writer.close()
        self.kept.clear()


if __name__ == "__main__":
    host, _, port = sys.argv[2].rpartition(":")
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    asyncio.run(asyncio_server.main(int(sys.argv[1]), folder, Proxy(host, int(port))))
