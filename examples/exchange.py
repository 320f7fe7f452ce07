"""What an application of `asyncio_server.py` works with, and what each protocol does in its own way.

An `Exchange` is one request and its response, the same on every protocol. `HTTP1` holds what is HTTP/1.1's alone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, TypeVar

import zttp

if TYPE_CHECKING:
    from asyncio_server import Link

CONTENT_TIMEOUT = 30.0  # until the next piece of content that the application waits for

Fields = list[tuple[bytes, bytes]]
T = TypeVar("T")


class SlowPeerError(Exception):
    """The peer did not send its content, or did not take ours, in time."""


async def in_time(awaitable: Awaitable[T], seconds: float) -> T:
    """Wait for something that is up to the peer."""
    try:
        return await asyncio.wait_for(awaitable, seconds)
    except TimeoutError:
        raise SlowPeerError(f"nothing moved for {seconds:g} seconds") from None


class Exchange:
    """One request and its response."""

    task: "asyncio.Task[None]"  # runs the application

    def __init__(self, link: "Link", request: zttp.Request) -> None:
        self.request = request
        self.trailers: Fields = []  # of the request; known once content() has ended
        self.waiting = 0  # bytes of content that arrived and were not read yet
        self.ended = request.end_stream  # all of the request has arrived
        self.reading = self.started = self.bodyless = self.finished = False
        self._link, self._sender = link, link.session.sender(request)
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()

    def invite(self) -> None:
        """Ask for the content if the client waits to be asked (RFC 9110 10.1.1); too late once a response has begun."""
        if self.request.expect_continue and not (self.reading or self.waiting or self.ended or self.started):
            self._sender.send_informational(100)
            self._link.flush()
        self.reading = True

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the content as it arrives, after an invitation."""
        self.invite()
        while self.waiting or not self.ended:
            if piece := await in_time(self._pieces.get(), CONTENT_TIMEOUT):
                self.waiting -= len(piece)
                self._link.balance()
                yield piece

    async def read(self) -> bytes:
        """Return the whole content."""
        return b"".join([piece async for piece in self.content()])

    async def respond(self, status: int, content: bytes = b"", headers: Fields | None = None) -> None:
        """Send a whole response."""
        length = [] if status in (204, 304) else [(b"content-length", b"%d" % len(content))]
        self.start(status, [*(headers or []), *length])
        await self.send(content)
        await self.finish()

    def start(self, status: int, headers: Fields) -> None:
        """Begin a response; its head leaves together with the first content."""
        self.started, self.bodyless = True, self.request.method == b"HEAD" or status in (204, 304)
        self._sender.send_response(status, self._link.session.response_fields(self, status, headers))

    async def send(self, data: bytes) -> None:
        """Send a piece of content, and wait while the peer is slow to take it."""
        if data and not self.bodyless:
            self._sender.send_data(data)
        await self._link.flush_and_drain()

    async def finish(self, trailers: Fields | None = None) -> None:
        """End the response; trailers are left out where a message cannot have them (RFC 9110 6.5.1)."""
        without = self.bodyless or self.request.http_version == b"1.0"
        self._sender.end_message(None if without else trailers)
        self.finished = True
        await self._link.flush_and_drain()
        self._link.session.exchange_finished(self)

    def receive(self, piece: bytes) -> None:
        """Take a piece of content from the link."""
        self.waiting += len(piece)
        self._pieces.put_nowait(piece)

    def end(self, trailers: Fields) -> None:
        """Take the end of the request from the link; the empty piece wakes a reader that waits for more."""
        self.ended, self.trailers = True, trailers
        self._pieces.put_nowait(b"")


class HTTP1:
    """HTTP/1.1: framing by fields, one message after the other, errors told as a response."""

    def __init__(self, link: "Link") -> None:
        self.link, self.conn = link, zttp.Connection(zttp.SERVER, zttp.HTTP1)

    def sender(self, _request: zttp.Request) -> zttp.H1Connection:
        """Return where a response is written: here, as only one is under way at a time."""
        return self.conn

    def response_fields(self, exchange: Exchange, status: int, headers: Fields) -> Fields:
        """Add how the content is framed, and whether this is the last response."""
        framed = any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)
        if not framed and status not in (204, 304):
            headers = [*headers, (b"transfer-encoding", b"chunked")]
        # Content that nobody reads would stand before the next request: there will be no next request.
        if self.link.server.stopping or not (exchange.ended or exchange.reading):
            headers = [*headers, (b"connection", b"close")]
        return headers

    def exchange_finished(self, exchange: Exchange) -> None:
        """Go on to the next request, or close."""
        if self.conn.should_close() or self.link.server.stopping or not exchange.ended:
            self.link.close_gently()
        else:
            del self.link.exchanges[exchange.request.stream_id]
            self.conn.start_next_cycle()
            self.link.await_request()

    def is_ahead(self) -> bool:
        """Whether the peer sends further requests before this one is answered (pipelining, RFC 9112 9.3.2)."""
        return any(exchange.ended for exchange in self.link.exchanges.values())

    def fail(self, exchange: Exchange | None, status: int, text: str) -> None:
        """Tell the peer what went wrong, and close. What is half sent must not look complete (RFC 9112 8)."""
        if self.link.is_closing or (exchange and exchange.finished):
            return  # all is said already
        if exchange and exchange.started:
            self.link.transport.abort()
            return
        content = text.encode("ascii", "backslashreplace") + b"\n"
        length, media_type = (b"content-length", b"%d" % len(content)), (b"content-type", b"text/plain")
        self.conn.send_response(status, [length, media_type, (b"connection", b"close")])
        if not exchange or exchange.request.method != b"HEAD":
            self.conn.send_data(content)
        self.conn.end_message()
        self.link.flush()
        self.link.close_gently()
