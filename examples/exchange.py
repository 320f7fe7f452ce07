"""The interface for applications of `asyncio_server.py`, and the parts that differ by protocol.

An `Exchange` is one request and its response, the same on every protocol. `HTTP1` is the part for HTTP/1.1, `HTTP2`
that for HTTP/2; HTTP/3 and its socket are in `quic_socket.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection
from typing import TYPE_CHECKING, TypeVar

import zttp

if TYPE_CHECKING:
    from asyncio_server import Link
    from quic_socket import QuicLink

CONTENT_TIMEOUT = 30.0  # until the next piece of content that the application waits for
CREDIT_TIMEOUT = 60.0  # until the peer gives credit for more content (HTTP/2)
HIGH_WATER = 256 * 1024  # bytes of content that may wait for the application before reading pauses (HTTP/1.1)

Fields = list[tuple[bytes, bytes]]
T = TypeVar("T")


class SlowPeerError(Exception):
    """The peer did not send its content, or did not read ours, in time."""


async def in_time(awaitable: Awaitable[T], seconds: float | None) -> T:
    """Wait for the peer, with ``None`` without a limit."""
    try:
        async with asyncio.timeout(seconds):
            return await awaitable
    except TimeoutError:
        raise SlowPeerError(f"nothing moved for {seconds:g} seconds") from None


class RawBytes:
    """Writes the bytes of another protocol, after an upgrade from HTTP/1.1."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.send_data = transport.write

    def end_message(self, trailers: Fields | None) -> None:
        """Do nothing: the connection ends the message."""


class Exchange:
    """One request and its response."""

    task: "asyncio.Task[None]"  # runs the application

    def __init__(self, link: "Link | QuicLink", request: zttp.Request) -> None:
        self.request = request
        self.trailers: Fields = []  # of the request; known once content() has ended
        self.patience: float | None = CONTENT_TIMEOUT
        self.waiting = 0  # bytes of content that arrived and were not read yet
        self.ended = request.end_stream  # all of the request has arrived
        self.reading = self.started = self.bodyless = self.finished = False
        self._link, self._sender = link, link.session.sender(request)
        self._content: zttp.H1Connection | zttp.Stream | RawBytes = self._sender  # the object that sends content
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self.credit = asyncio.Event()  # the peer may have made room for content

    @property
    def client(self) -> tuple[str, int] | None:
        """The address that the request came from."""
        return self._link.peer

    @property
    def is_secure(self) -> bool:
        """Whether the request came over TLS."""
        return self._link.is_secure

    def invite(self) -> None:
        """Send a 100 (Continue) if the client waits for it (RFC 9110 10.1.1), unless a response has begun."""
        if self.request.expect_continue and not (self.reading or self.waiting or self.ended or self.started):
            self._sender.send_informational(100)
            self._link.flush()
        self.reading = True

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the content as it arrives, after a 100 (Continue) if needed."""
        self.invite()
        while self.waiting or not self.ended:
            if piece := await in_time(self._pieces.get(), self.patience):
                self.waiting -= len(piece)
                self._link.session.content_read(self, len(piece))
                yield piece

    async def read(self) -> bytes:
        """Return the whole content."""
        return b"".join([piece async for piece in self.content()])

    async def respond(self, status: int, content: bytes = b"", headers: Fields | None = None) -> None:
        """Send a complete response."""
        length = [] if status in (204, 304) else [(b"content-length", b"%d" % len(content))]
        self.start(status, [*(headers or []), *length])
        await self.send(content)
        await self.finish()

    async def inform(self, status: int, headers: Fields) -> None:
        """Send an informational response, such as 103 (Early Hints); HTTP/1.0 has none (RFC 9110 15.2)."""
        if self.request.http_version != b"1.0":
            self._sender.send_informational(status, headers)
            await self._link.flush_and_drain()

    def start(self, status: int, headers: Fields, never_indexed: Collection[bytes] = ()) -> None:
        """Begin a response; its head is sent together with the first content.

        Fields that are `never_indexed` enter no compression table, here and on any hop (RFC 7541 6.2.3).
        """
        self.started, self.bodyless = True, self.request.method == b"HEAD" or status in (204, 304)
        fields = self._link.session.response_fields(self, status, headers)
        self._sender.send_response(status, zttp.HeaderBlock(fields, never_indexed=never_indexed))

    async def open_tunnel(self, headers: Fields) -> None:
        """Pass the exchange to another protocol, such as WebSocket, to which all later bytes belong.

        An upgrade of HTTP/1.1 (RFC 9110 7.8), or an extended CONNECT (RFC 8441, RFC 9220).
        """
        self.started, self.patience = True, None  # the tunnel may be idle for long
        self._content = self._link.session.open_tunnel(self, headers)
        await self._link.flush_and_drain()

    async def send(self, data: bytes) -> None:
        """Send a piece of content, and wait while the peer is slow."""
        if data and not self.bodyless:
            self._content.send_data(data)
        await self._link.flush_and_drain()
        await self._link.session.credited(self)

    async def finish(self, trailers: Fields | None = None) -> None:
        """End the response; trailers are left out if the message cannot have them (RFC 9110 6.5.1)."""
        without = self.bodyless or self.request.http_version == b"1.0"
        self._content.end_message(None if without else trailers)
        self.finished = True
        await self._link.flush_and_drain()
        await self._link.session.credited(self)
        self._link.session.exchange_finished(self)

    def receive(self, piece: bytes) -> None:
        """Take a piece of content from the link."""
        self.waiting += len(piece)
        self._pieces.put_nowait(piece)

    def end(self, trailers: Fields) -> None:
        """Take the end of the request from the link; an empty piece wakes a waiting reader."""
        self.ended, self.trailers = True, trailers
        self._pieces.put_nowait(b"")


def fail_stream(stream: zttp.Stream, exchange: Exchange, status: int, text: str, error_code: int) -> None:
    """Answer a request of HTTP/2 or HTTP/3 with an error; reset its stream if the answer has begun."""
    if exchange.started:
        stream.reset(error_code)
    elif stream.send_window is not None:
        content = text.encode("ascii", "backslashreplace") + b"\n"
        stream.send_response(status, [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(content))])
        if exchange.request.method != b"HEAD":
            stream.send_data(content)
        stream.end_message()


class HTTP1:
    """HTTP/1.1: framing by fields, one message after another, errors as a response."""

    def __init__(self, link: "Link") -> None:
        self.link, self.conn = link, zttp.Connection(zttp.SERVER, zttp.HTTP1)

    def sender(self, _request: zttp.Request) -> zttp.H1Connection:
        """Return the object that sends a response: the connection, because there is one at a time."""
        return self.conn

    def response_fields(self, exchange: Exchange, status: int, headers: Fields) -> Fields:
        """Add the framing of the content, and Connection: close for the last response."""
        framed = any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)
        if not framed and status not in (204, 304):
            headers = [*headers, (b"transfer-encoding", b"chunked")]
        # Unread content would precede the next request, so there is no next request.
        if self.link.server.stopping or not (exchange.ended or exchange.reading):
            headers = [*headers, (b"connection", b"close")]
        return [*headers, *self.link.server.alternatives]

    def exchange_finished(self, exchange: Exchange) -> None:
        """Move on to the next request, or close."""
        if self.conn.should_close() or self.link.server.stopping or not exchange.ended or self.link.tunnel:
            self.link.close_gently()
        else:
            del self.link.exchanges[exchange.request.stream_id]
            self.conn.start_next_cycle()
            self.link.await_request()

    def is_ahead(self) -> bool:
        """Whether the peer sends further requests before this one is answered (pipelining, RFC 9112 9.3.2)."""
        return any(exchange.ended for exchange in self.link.exchanges.values())

    def is_full(self) -> bool:
        """Whether more content has arrived than should wait for the application."""
        return any(exchange.waiting > HIGH_WATER for exchange in self.link.exchanges.values())

    def content_read(self, _exchange: Exchange, _size: int) -> None:
        """Resume reading if the application has made room."""
        self.link.balance()

    async def credited(self, _exchange: Exchange) -> None:
        """Do not wait: only TCP has flow control."""

    def receive(self, _event: zttp.Event) -> None:
        """Do nothing: every event of HTTP/1.1 belongs to a message."""

    def upgraded(self, request: zttp.Request) -> "HTTP2 | None":
        """Accept an upgrade to HTTP/2 in clear text: the request continues as stream 1 (RFC 7540 3.2)."""
        settings = request.headers.getall(b"http2-settings")
        wanted = self.conn.upgrade() == b"h2c" and len(settings) == 1 and request.end_stream
        if not wanted or self.link.is_secure:
            return None
        session = HTTP2(self.link)
        hop_by_hop = (b"connection", b"upgrade", b"http2-settings")
        fields = [field for field in request.headers if field[0].lower() not in hop_by_hop]
        try:
            session.conn.initiate_upgrade_connection(request.method, request.target, fields, settings[0])
        except zttp.LocalProtocolError:  # invalid settings: a server may ignore the offer
            return None
        self.conn.send_response(101, [(b"connection", b"upgrade"), (b"upgrade", b"h2c")])
        self.conn.end_message()
        self.link.flush()
        early, _ = self.conn.trailing_data
        if early:
            session.conn.receive_data(early)
        return session

    def open_tunnel(self, exchange: Exchange, headers: Fields) -> RawBytes:
        """Switch to the protocol that the request offers; later bytes are no longer HTTP."""
        offered = self.conn.upgrade()
        if offered is None or not exchange.ended:
            raise ValueError("this request does not ask for an upgrade")
        self.conn.send_response(101, [(b"connection", b"upgrade"), (b"upgrade", offered), *headers])
        self.conn.end_message()
        self.link.flush()
        self.link.tunnel, self.link.is_ahead, exchange.ended = exchange, False, False
        early, peer_ended = self.conn.trailing_data
        exchange.receive(early)
        if peer_ended:
            exchange.end([])
        self.link.balance()
        return RawBytes(self.link.transport)

    def shut_down(self) -> None:
        """Close if there is no open request; otherwise its response says Connection: close."""
        if not self.link.exchanges:
            self.link.close_gently()

    def fail_connection(self, error: zttp.RemoteProtocolError) -> None:
        """Answer malformed input, in place of the current request."""
        exchange = next(iter(self.link.exchanges.values()), None)
        self.fail(exchange, error.status_hint or 400, f"{error} [{error.reason}]")

    def fail(self, exchange: Exchange | None, status: int, text: str) -> None:
        """Send an error, and close. A truncated response must not look complete (RFC 9112 8)."""
        if self.link.is_closing or (exchange and exchange.finished):
            return  # the response is complete already
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


class HTTP2:
    """HTTP/2: concurrent messages, content by credit, and errors on their stream."""

    def __init__(self, link: "Link") -> None:
        self.link = link
        self.conn = zttp.Connection(zttp.SERVER, zttp.HTTP2, auto_credit=False, enable_connect_protocol=True)

    def sender(self, request: zttp.Request) -> zttp.Stream:
        """Return the object that sends a response."""
        return self.conn.stream(request.stream_id)

    def response_fields(self, _exchange: Exchange, _status: int, headers: Fields) -> Fields:
        """Add the alternative service; the framing is not in the fields."""
        return [*headers, *self.link.server.alternatives]

    def open_tunnel(self, exchange: Exchange, headers: Fields) -> zttp.Stream:
        """Answer an extended CONNECT: its stream is the tunnel (RFC 8441 5)."""
        stream = self.sender(exchange.request)
        stream.send_response(200, headers)
        return stream

    def exchange_finished(self, exchange: Exchange) -> None:
        """Forget a stream; the unread rest of its request need not be sent (RFC 9113 8.1)."""
        stream_id = exchange.request.stream_id
        if self.link.exchanges.pop(stream_id, None) is None:
            return  # reset meanwhile
        if not exchange.ended:
            self.conn.stream(stream_id).reset(zttp.H2ErrorCode.NO_ERROR)
        elif exchange.waiting:
            self.conn.consume_data(stream_id, exchange.waiting)
        self.link.flush()
        self._close_or_wait()

    def _close_or_wait(self) -> None:
        if not self.link.exchanges:
            if self.conn.is_closed():
                self.link.close_gently()
            else:
                self.link.await_request()

    def is_ahead(self) -> bool:
        """Never: the number of streams is limited by SETTINGS_MAX_CONCURRENT_STREAMS."""
        return False

    def is_full(self) -> bool:
        """Never: content waits for credit on each stream, while other frames continue (RFC 9113 5.2)."""
        return False

    def content_read(self, exchange: Exchange, size: int) -> None:
        """Return credit for content that the application has read."""
        self.conn.consume_data(exchange.request.stream_id, size)
        self.link.flush()

    async def credited(self, exchange: Exchange) -> None:
        """Wait until the peer has given credit for everything that was sent."""
        stream = self.sender(exchange.request)
        while stream.pending_bytes:
            exchange.credit.clear()
            await in_time(exchange.credit.wait(), CREDIT_TIMEOUT)

    def receive(self, event: zttp.Event) -> None:
        """Take an event of a stream or the connection that is not part of a message."""
        exchanges = self.link.exchanges
        match event:
            case zttp.RstStream():
                if exchange := exchanges.pop(event.stream_id, None):
                    exchange.task.cancel()
                    self._close_or_wait()
            case zttp.WindowUpdate() if event.stream_id in exchanges:
                exchanges[event.stream_id].credit.set()
            case zttp.WindowUpdate() | zttp.Settings():  # for every stream
                for exchange in exchanges.values():
                    exchange.credit.set()
            case zttp.Ping() if event.ack:  # the second step of a shutdown: it names the last request
                self.link.flush()
                self._close_or_wait()

    def upgraded(self, _request: zttp.Request) -> None:
        """Return nothing: HTTP/2 has no upgrade."""

    def shut_down(self) -> None:
        """Announce the shutdown; a round trip later, GOAWAY names the last request that is answered (RFC 9113 6.8)."""
        self.conn.shutdown()
        self.link.flush()

    def fail(self, exchange: Exchange, status: int, text: str) -> None:
        """Answer one request with an error."""
        fail_stream(self.sender(exchange.request), exchange, status, text, zttp.H2ErrorCode.INTERNAL_ERROR)
        self.exchange_finished(exchange)

    def fail_connection(self, _error: zttp.RemoteProtocolError) -> None:
        """Send the GOAWAY with the error, and close."""
        self.link.flush()
        self.link.close_gently()
