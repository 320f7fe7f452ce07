"""A client and a server of HTTP/3, and the path between them, with a virtual clock.

Used as in programs: datagrams and time go in, events are pulled, datagrams come out. A run depends only on its seed.
"""

import heapq
import random
from collections.abc import Callable
from functools import cache
from typing import Any

from zttp_core import NEED_DATA, Data, EndOfMessage, Request, Response, RstStream
from zttp_core.errors import RemoteProtocolError
from zttp_h3.connection import H3Connection
from zttp_h3.credentials import TlsCredentials
from zttp_h3.options import CLIENT, SERVER


@cache
def credentials() -> TlsCredentials:
    return TlsCredentials.self_signed("localhost")


class Message:
    """The outcome of one message."""

    def __init__(self) -> None:
        self.head: Any = None
        self.informational: list[Any] = []
        self.content = b""
        self.trailers: list[tuple[bytes, bytes]] | None = None
        self.reset: int | None = None


class Pair:
    """Two connections. ``answer`` is the server's function for a complete request."""

    def __init__(
        self,
        answer: Callable[["Pair", int, Message], None] | None = None,
        *,
        seed: int = 1,
        delay: int = 10_000,
        jitter: int = 0,
        loss: float = 0.0,
        client: dict[str, Any] | None = None,
        server: dict[str, Any] | None = None,
    ) -> None:
        self.chance = random.Random(seed)
        self.now = 1_000_000
        self.delay, self.jitter, self.loss = delay, jitter, loss
        entropy = random.Random(seed + 500).randbytes
        given: dict[str, Any] = {"server_name": "localhost", "verify": credentials().certificate, "entropy": entropy}
        theirs: dict[str, Any] = {"credentials": credentials(), "entropy": entropy}
        self.client = H3Connection(CLIENT, **{**given, **(client or {})})
        self.server = H3Connection(SERVER, **{**theirs, **(server or {})})
        self.answer = answer or echo
        self.requests: dict[int, Message] = {}
        self.responses: dict[int, Message] = {}
        self.control: dict[int, list[Any]] = {CLIENT: [], SERVER: []}
        self.errors: dict[int, RemoteProtocolError] = {}
        self.sent = {CLIENT: 0, SERVER: 0}
        self._queue: list[tuple[int, int, int, bytes]] = []
        self._count = 0

    def flush(self) -> None:
        for side in (self.client, self.server):
            for datagram in side.data_to_send(self.now):
                self.sent[side.role] += 1
                if self.chance.random() < self.loss:
                    continue
                self._count += 1
                when = self.now + self.delay + (self.chance.randrange(self.jitter) if self.jitter else 0)
                heapq.heappush(self._queue, (when, self._count, int(side.role), datagram))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        limit = self.now + int(seconds * 1e6)
        while self.step(limit):
            pass
        self.now = limit

    def step(self, limit: int | None = None) -> bool:
        """Process the next event; False if there is none, or only after ``limit``."""
        self.flush()
        times = [self._queue[0][0]] if self._queue else []
        times += [timeout for side in (self.client, self.server) if (timeout := side.next_timeout()) is not None]
        if not times or (limit is not None and min(times) > limit):
            return False
        self.now = max(self.now, min(times))
        while self._queue and self._queue[0][0] <= self.now:
            _, _, sender, datagram = heapq.heappop(self._queue)
            (self.server if sender == CLIENT else self.client).receive_datagram(datagram, self.now, sender)
        for side in (self.client, self.server):
            timeout = side.next_timeout()
            if timeout is not None and timeout <= self.now:
                side.handle_timeout(self.now)
                later = side.next_timeout()
                assert later is None or later > self.now
        self.pull()
        return True

    def run(self, until: Callable[[], bool] | None = None, seconds: float = 60.0) -> "Pair":
        """Run until ``until`` holds, by default until all requests are answered."""
        limit = self.now + int(seconds * 1e6)
        done = until or self.is_answered
        while not done():
            assert self.now <= limit, "this takes too long"
            assert self.step() or done(), "nothing more will happen"
        return self

    def is_answered(self) -> bool:
        answered = all(message.trailers is not None or message.reset is not None for message in self.responses.values())
        return answered and not self.client.has_pending_send()

    def pull(self) -> None:
        for side, table in ((self.server, self.requests), (self.client, self.responses)):
            if side.role in self.errors:
                continue
            try:
                while (event := side.next_event()) is not NEED_DATA:
                    self._note(side, table, event)
            except RemoteProtocolError as error:
                self.errors[int(side.role)] = error

    def _note(self, side: H3Connection, table: dict[int, Message], event: Any) -> None:
        if not isinstance(event, (Request, Response, Data, EndOfMessage, RstStream)):
            self.control[int(side.role)].append(event)
            return
        message = table.setdefault(event.stream_id, Message())
        if isinstance(event, Response) and event.is_informational:
            message.informational.append(event)
        elif isinstance(event, (Request, Response)):
            assert message.head is None
            message.head = event
        elif isinstance(event, Data):
            assert message.head is not None
            message.content += event.data
        elif isinstance(event, RstStream):
            message.reset = event.error_code
        else:
            assert message.trailers is None
            message.trailers = list(event.trailers)
            if side is self.server:
                self.answer(self, event.stream_id, message)

    def request(
        self,
        method: bytes = b"GET",
        target: bytes = b"/",
        content: bytes | None = None,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> int:
        """Send a complete request; return its stream."""
        fields = [(b"host", b"localhost"), *(headers or [])]
        stream = self.client.send_request(method, target, b"3", fields, end_stream=content is None)
        if content is not None:
            stream.send_data(content)
            stream.end_message()
        self.responses[int(stream.stream_id)] = Message()
        return int(stream.stream_id)


def echo(pair: Pair, stream_id: int, message: Message) -> None:
    """Answer with the content of the request."""
    stream = pair.server.stream(stream_id)
    stream.send_response(200, [(b"content-length", b"%d" % len(message.content)), (b"x-target", message.head.target)])
    stream.send_data(message.content)
    stream.end_message()
