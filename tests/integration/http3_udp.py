"""HTTP/3 on UDP sockets for the tests: a server and a client, on asyncio.

Only the code that a program needs around `QuicEndpoint` and around a client's connection: datagrams in, events pulled,
datagrams out, one timer.
"""

import asyncio
import hashlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import zttp
from zttp_h3.connection import H3Connection
from zttp_h3.credentials import TlsCredentials
from zttp_h3.endpoint.endpoint import QuicEndpoint

PATTERN = bytes(range(256)) * 4096
MOST_WAITING = 4 << 20  # bytes of one response that are passed to the connection at once

# Names of QPACK's static table, of which nghttp3 inserts entries, and others.
CHANGING = [b"x-content-type-options", b"x-forwarded-for", b"x-frame-options", b"x-xss-protection", b"x-1", b"x-2"]

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def pattern(size: int) -> bytes:
    """So many bytes that are known on both sides."""
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


def varied(number: int) -> list[tuple[bytes, bytes]]:
    """Return the fields of one message: two messages have each value, so QPACK's tables are soon replaced."""
    return [(name, b"%d" % ((number + place) // 2)) for place, name in enumerate(CHANGING)]


def inserted(connection: Any) -> int:
    """Return how many entries the peer has inserted into QPACK's table."""
    return int(connection._session.decoder._ledger.inserted())


def insertions(connection: Any) -> int:
    """Return how many of the entries that ``varied`` makes we have inserted at least: one has up to eight bytes."""
    stream = connection._session._encoder_stream
    return 0 if stream is None else int(stream.outgoing.written) // 8


def now() -> int:
    """Microseconds of the loop's clock."""
    return int(asyncio.get_running_loop().time() * 1e6)


def answer(method: bytes, target: bytes, content: bytes) -> Answer:
    """``/download/N`` gives N bytes; other paths describe the request and its content."""
    if target.startswith(b"/download/"):
        return 200, [(b"content-type", b"application/octet-stream")], pattern(int(target[10:]))
    told = b"%s %s %d %s" % (method, target, len(content), hashlib.sha256(content).hexdigest().encode())
    return 200, [(b"content-type", b"text/plain")], told


class Udp(asyncio.DatagramProtocol):
    """A socket, and the timer of its endpoint or connection."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        # The size of a burst: a window of datagrams, while the other side computes.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self.transport = transport

    def error_received(self, exc: Exception) -> None:
        """No process listens there: QUIC detects that by itself."""

    def set_timer(self, at: int | None, due: Callable[[], None]) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.timer = None if at is None else asyncio.get_running_loop().call_at(at / 1e6, due)

    def end(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.transport is not None:
            self.transport.close()


class ServerProtocol(Udp):
    """An endpoint that answers every complete request, and repeats its fields whose names begin with ``x-``."""

    def __init__(self, endpoint: QuicEndpoint, answering: Callable[[bytes, bytes, bytes], Answer]) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.answering = answering
        self.requests: dict[tuple[Any, int], tuple[Any, list[bytes]]] = {}
        self.sending: dict[tuple[Any, int], bytes] = {}
        self.seen: list[Any] = []  # every request head
        self.addresses: dict[Any, None] = {}  # the sources of datagrams, in order
        self.answered: set[Any] = set()  # addresses that received a datagram
        self.closed: list[Any] = []  # connections that have ended
        self.errors: list[Exception] = []

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.addresses[addr] = None
        connection = self.endpoint.receive_datagram(data, addr, now())
        if connection is not None:
            self.drain(connection)
        self.send()

    def drain(self, connection: Any) -> None:
        try:
            while (event := connection.next_event()) not in (zttp.NEED_DATA, zttp.CONNECTION_CLOSED):
                self.handle(connection, event)
        except zttp.RemoteProtocolError as error:
            self.errors.append(error)
        for key in [key for key in self.sending if key[0] is connection]:
            self.go_on(key)
        if connection.is_closed():
            self.forget(connection)

    def handle(self, connection: Any, event: Any) -> None:
        if isinstance(event, zttp.Request):
            self.seen.append(event)
            self.requests[connection, event.stream_id] = event, []
        elif isinstance(event, zttp.Data):
            self.requests[connection, event.stream_id][1].append(event.data)
            connection.consume_data(event.stream_id, len(event.data))
        elif isinstance(event, zttp.EndOfMessage):
            head, pieces = self.requests.pop((connection, event.stream_id))
            status, fields, content = self.answering(head.method, head.target, b"".join(pieces))
            stream = connection.stream(event.stream_id)
            repeated = [field for field in head.headers if field[0].startswith(b"x-")]
            stream.send_response(status, [*fields, *repeated, (b"content-length", b"%d" % len(content))])
            if head.method == b"HEAD":
                stream.end_message()
            else:
                self.sending[connection, event.stream_id] = content
                self.go_on((connection, event.stream_id))
        elif isinstance(event, zttp.RstStream):
            self.requests.pop((connection, event.stream_id), None)
            self.sending.pop((connection, event.stream_id), None)

    def go_on(self, key: tuple[Any, int]) -> None:
        """Pass content on, up to the limit of waiting bytes."""
        stream, content = key[0].stream(key[1]), self.sending[key]
        room = MOST_WAITING - (stream.pending_bytes or 0)
        if stream.pending_bytes is None or room <= 0:
            return
        stream.send_data(content[:room])
        self.sending[key] = content[room:]
        if len(content) <= room:
            del self.sending[key]
            stream.end_message()

    def send(self) -> None:
        for leaving in self.endpoint.data_to_send(now=now()):
            self.answered.add(leaving.peer_address)
            self.transport.sendto(leaving.data, leaving.peer_address)
        self.set_timer(self.endpoint.next_timeout(), self.due)

    def due(self) -> None:
        self.endpoint.handle_timeout(now())
        for connection in self.endpoint.connections():
            self.drain(connection)
        self.send()

    def restart(self, endpoint: QuicEndpoint) -> None:
        """Continue like a process that was killed and restarted on the same socket: without any connection."""
        self.endpoint = endpoint
        self.requests.clear()
        self.sending.clear()
        self.answered.clear()

    def forget(self, connection: Any) -> None:
        self.send()
        self.closed.append(connection)
        self.endpoint.discard(connection)
        for table in (self.requests, self.sending):
            for key in [key for key in table if key[0] is connection]:
                del table[key]


class Server:
    """A server in a thread of its own."""

    def __init__(
        self,
        credentials: TlsCredentials,
        answering: Callable[[bytes, bytes, bytes], Answer] = answer,
        *,
        port: int = 0,
        **options: Any,
    ) -> None:
        self.credentials = credentials
        self.options = options
        self.answering = answering
        self.port = port
        self.protocol: ServerProtocol
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._begin())
        self._ready.set()
        self._loop.run_forever()
        self._loop.close()

    async def _begin(self) -> None:
        endpoint = QuicEndpoint(credentials=self.credentials, **self.options)
        transport, self.protocol = await self._loop.create_datagram_endpoint(
            lambda: ServerProtocol(endpoint, self.answering), local_addr=("127.0.0.1", self.port)
        )
        self.port = transport.get_extra_info("sockname")[1]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._thread.is_alive():
            self.kill()

    def kill(self) -> None:
        """End like a process that is killed: without closing connections."""
        self._loop.call_soon_threadsafe(self.protocol.end)
        self._loop.call_soon_threadsafe(lambda: self._loop.call_soon(self._loop.stop))
        self._thread.join(10)

    def call(self, function: Callable[[ServerProtocol], object]) -> None:
        """Call something with the endpoint, in its thread, and send the output."""
        done = threading.Event()

        def run() -> None:
            function(self.protocol)
            self.protocol.send()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(10)


class Response:
    """The outcome of a request."""

    def __init__(self) -> None:
        self.head: Any = None
        self.content = bytearray()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Client(Udp):
    """A client's connection; to be used in a coroutine, as a context manager."""

    def __init__(self, port: int, **options: Any) -> None:
        super().__init__()
        self.address = ("127.0.0.1", port)
        self.connection = H3Connection(zttp.CLIENT, **{"server_name": "localhost", **options})
        self.responses: dict[int, Response] = {}
        self.failure: Exception | None = None
        self.changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.connection.close()
        self.send()
        self.end()
        await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.connection.receive_datagram(data, now(), addr)
        self.drain()
        self.send()

    def drain(self) -> None:
        try:
            while (event := self.connection.next_event()) not in (zttp.NEED_DATA, zttp.CONNECTION_CLOSED):
                self.handle(event)
        except zttp.RemoteProtocolError as error:
            self.failure = error
        if self.connection.is_closed():
            failure = self.failure or ConnectionError(f"closed: {self.connection.close_info()}")
            for response in self.responses.values():
                if not response.done.done():
                    response.done.set_exception(failure)
        self.changed.set()

    def handle(self, event: Any) -> None:
        response = self.responses.get(getattr(event, "stream_id", -1))
        if response is None or response.done.done():
            return
        if isinstance(event, zttp.Response):
            response.head = event
        elif isinstance(event, zttp.Data):
            response.content += event.data
        elif isinstance(event, zttp.EndOfMessage):
            response.done.set_result(None)
        elif isinstance(event, zttp.RstStream):
            response.done.set_exception(ConnectionError(f"reset: {event.error_code:#x}"))

    def send(self) -> None:
        for datagram in self.connection.data_to_send(now()):
            self.transport.sendto(datagram, self.address)
        self.set_timer(self.connection.next_timeout(), self.due)

    def due(self) -> None:
        self.connection.handle_timeout(now())
        self.drain()
        self.send()

    def begin(
        self,
        method: bytes,
        target: bytes,
        content: bytes | None = None,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> Response:
        """Send a complete request."""
        response = Response()
        fields = [(b"host", b"localhost"), *(headers or [])]
        stream = self.connection.send_request(method, target, b"3", fields, end_stream=content is None)
        self.responses[int(stream.stream_id)] = response
        if content is not None:
            stream.send_data(content)
            stream.end_message()
        self.send()
        return response

    async def request(self, method: bytes, target: bytes, content: bytes | None = None) -> Response:
        response = self.begin(method, target, content)
        await response.done
        return response

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a state that a datagram brings about."""
        while not holds():
            self.changed.clear()
            await self.changed.wait()


def run(test: Callable[[], Awaitable[None]], seconds: float = 30) -> None:
    """Run a coroutine, with a time limit."""

    async def main() -> None:
        await asyncio.wait_for(test(), seconds)

    asyncio.run(main())


@contextmanager
def free_port() -> Iterator[int]:
    """Return an unused UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    yield port
