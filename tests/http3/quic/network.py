"""Two transports and the path between them, with a virtual clock: delay, loss, reordering, duplication, corruption.

A run depends only on its seed. ``run`` continues until neither side has output, and fails if that takes too long: in
every test both sides must become idle.
"""

import heapq
import random
from collections.abc import Callable
from typing import Any, Self

from tests.http3.tls.certificates import SECONDS, authority, identity
from zttp_h3.protection.suites import SUITES
from zttp_h3.quic.close import CLOSED
from zttp_h3.quic.options import TransportOptions
from zttp_h3.quic.stream import QuicStream
from zttp_h3.quic.transport import Transport, accept, connect
from zttp_h3.tls.client_offer import ClientParameters
from zttp_h3.tls.groups import X25519
from zttp_h3.tls.server import ServerParameters
from zttp_h3.tls.tickets import SessionTicket, TicketKeys
from zttp_h3.tls.verification import Anchors, Trust
from zttp_h3.wire.packet_header import read_long_header

CLIENT = ("192.0.2.1", 1000)
SERVER = ("192.0.2.9", 443)


class Link:
    """The effects of the path on datagrams; times in microseconds."""

    def __init__(
        self,
        *,
        delay: int = 10_000,
        jitter: int = 0,
        loss: float = 0.0,
        duplicate: float = 0.0,
        corrupt: float = 0.0,
        drop: Callable[[int, bool, bytes], bool] | None = None,
        remark: Callable[[int, bool, int], int] | None = None,
    ) -> None:
        self.delay = delay
        self.jitter = jitter
        self.loss = loss
        self.duplicate = duplicate
        self.corrupt = corrupt
        self.remark = remark  # the change of ECN codepoints; -1 drops the datagram
        self.drop = drop  # (number of the datagram, whether the client sent it, datagram)


class Network:
    """A client and a server."""

    def __init__(
        self,
        link: Link | None = None,
        *,
        seed: int = 1,
        client_options: dict[str, Any] | None = None,
        server_options: dict[str, Any] | None = None,
        suites: tuple[int, ...] = tuple(SUITES),
        groups: tuple[int, ...] = (X25519,),
        server_groups: tuple[int, ...] | None = None,
        tickets: TicketKeys | None = None,
        session: SessionTicket | None = None,
        early_data: bool = False,
        trust: Trust | None = None,
        context: bytes = b"context",
        start: int = 1_000_000,
        largest: int = 1200,
    ) -> None:
        self.largest = largest  # size of any datagram
        self.link = link or Link()
        self.chance = random.Random(seed)
        self.now = start
        self.client_address: Any = CLIENT  # as the server sees it
        self.other_addresses: set[Any] = set()  # further addresses that the client uses explicitly
        self.sent = [0, 0]  # datagrams, by the client and by the server
        self.bytes_sent = [0, 0]
        self.log: list[tuple[int, bool, bytes]] = []
        self.sent_to: dict[Any, int] = {}  # bytes that the server sent to each address
        self._queue: list[tuple[int, int, bool, Any, bytes, int, Any]] = []
        self._count = 0
        entropy = random.Random(seed + 1000).randbytes
        self.clock = lambda: SECONDS + self.now / 1e6
        self.server_options = TransportOptions(entropy=entropy, **(server_options or {}))
        self.server_parameters = ServerParameters(
            lambda _: identity(),
            [b"h3"],
            list(suites),
            list(server_groups or groups),
            tickets,
            context,
            tickets is not None,
        )
        parameters = ClientParameters(
            "localhost",
            [b"h3"],
            list(suites),
            list(groups),
            trust or Trust(Anchors([authority()])),
            session,
            early_data,
        )
        options = TransportOptions(entropy=entropy, **(client_options or {}))
        self.client = connect(options, parameters, self.now, SERVER, None, self.clock)
        self.server: Transport | None = None
        self.received: dict[tuple[bool, int], bytes] = {}
        self.ended: set[tuple[bool, int]] = set()
        self.resets: dict[tuple[bool, int], int] = {}
        self.stops: dict[tuple[bool, int], int] = {}
        self.reading = True
        self.on_stream: Callable[[bool, QuicStream], None] | None = None
        self.on_accept: Callable[[Transport], None] | None = None
        self.preferred: Any = None  # another address of the server's; then it gets the destinations of datagrams

    # ------------------------------------------------------------------------------------------ the path

    def flush(self) -> None:
        """Let both sides send their output."""
        for datagram, path, mark in self.client.datagrams_to_send(self.now):
            assert path.peer == SERVER or path.peer == self.preferred is not None
            self._send(True, datagram, self.client_address if path.local is None else path.local, mark, path.peer)
        if self.server is not None:
            for datagram, path, mark in self.server.datagrams_to_send(self.now):
                self.sent_to[path.peer] = self.sent_to.get(path.peer, 0) + len(datagram)
                self._send(False, datagram, path.peer, mark, SERVER if path.local is None else path.local)

    def _send(self, by_client: bool, datagram: bytes, address: Any, mark: int, server: Any) -> None:
        assert len(datagram) <= self.largest
        number = self.sent[not by_client]
        self.sent[not by_client] += 1
        self.bytes_sent[not by_client] += len(datagram)
        self.log.append((self.now, by_client, datagram))
        link = self.link
        if link.drop is not None and link.drop(number, by_client, datagram):
            return
        copies = 2 if self.chance.random() < link.duplicate else 1
        for _ in range(copies):
            if self.chance.random() < link.loss:
                continue
            carried = datagram
            if self.chance.random() < link.corrupt:
                at = self.chance.randrange(len(datagram))
                carried = datagram[:at] + bytes((datagram[at] ^ 1 << self.chance.randrange(8),)) + datagram[at + 1 :]
            when = self.now + link.delay + (self.chance.randrange(link.jitter) if link.jitter else 0)
            self._count += 1
            carried_mark = mark if link.remark is None else link.remark(number, by_client, mark)
            if carried_mark < 0:
                continue
            heapq.heappush(self._queue, (when, self._count, by_client, address, carried, carried_mark, server))

    def _deliver(self, by_client: bool, address: Any, datagram: bytes, mark: int, server: Any = SERVER) -> None:
        if not by_client:
            if address == self.client_address:
                self.client.receive(datagram, self.now, server, None, mark)
            elif address in self.other_addresses:
                self.client.receive(datagram, self.now, server, address, mark)
            return
        local = None if self.preferred is None else server
        if self.server is None:
            header = read_long_header(datagram, 0)
            if header is None or header.kind != 0 or len(datagram) < 1200:
                return
            self.server = accept(
                self.server_options,
                self.server_parameters,
                self.now,
                address,
                local,
                self.clock,
                header.destination,
                header.source,
                header.version,
            )
            if self.on_accept is not None:
                self.on_accept(self.server)
        self.server.receive(datagram, self.now, address, local, mark)

    # ------------------------------------------------------------------------------------------ the run

    def sides(self) -> list[Transport]:
        return [self.client] if self.server is None else [self.client, self.server]

    def step(self) -> bool:
        """Process the next event; False if only idle timeouts are left."""
        self.flush()
        times = [self._queue[0][0]] if self._queue else []
        for side in self.sides():
            timeout = side.next_timeout()
            if timeout >= 0:
                times.append(timeout)
        if not times:
            return False
        self.now = max(self.now, min(times))
        arrived = False
        while self._queue and self._queue[0][0] <= self.now:
            _, _, by_client, address, datagram, mark, server = heapq.heappop(self._queue)
            self._deliver(by_client, address, datagram, mark, server)
            arrived = True
        for side in self.sides():
            timeout = side.next_timeout()
            if 0 <= timeout <= self.now:
                side.handle_timeout(self.now)
                later = side.next_timeout()
                if not arrived and side.session.pacing_deadline < 0:
                    assert later < 0 or later > self.now or side.is_over()
        if self.reading:
            self.read_all()
        return True

    def run(self, seconds: float = 60.0, until: Callable[[], bool] | None = None) -> Self:
        """Run until ``until`` holds, or neither side has output."""
        limit = self.now + int(seconds * 1e6)
        while not (until() if until is not None else self.is_quiet()):
            assert self.now <= limit, "the connection does not come to rest"
            if not self.step():
                assert until is None or until(), "nothing more will happen"
                break
        return self

    def is_quiet(self) -> bool:
        """Nothing in flight, nothing to send, nothing unacknowledged."""
        self.flush()
        if self._queue:
            return False
        for side in self.sides():
            if side.session.close.state == CLOSED:
                continue
            if side.session.close.state != 0:
                return False
            if any(space.eliciting_in_flight for space in side.session.loss.spaces):
                return False
            if side.session.spaces[2].received.deadline >= 0:
                return False
        return self.client.session.close.state != 0 or self.server is not None

    def read_all(self) -> None:
        """Take all events and content of both sides."""
        for is_server, side in enumerate(self.sides()):
            while (stream := side.next_readable()) is not None:
                self.read(bool(is_server), side, stream)

    def read(self, is_server: bool, side: Transport, stream: QuicStream) -> None:
        key = (is_server, int(stream.stream_id))
        streams = side.session.streams
        incoming = stream.incoming
        if stream.stopped_code >= 0:
            self.stops[key] = int(stream.stopped_code)
        if incoming is not None and not stream.incoming_done:
            while data := incoming.take():
                self.received[key] = self.received.get(key, b"") + data
                streams.consume(stream, len(data))
            if incoming.reset_code >= 0:
                self.resets[key] = int(incoming.reset_code)
                streams.end_incoming(stream)
            elif incoming.has_ended():
                self.ended.add(key)
                streams.end_incoming(stream)
        if self.on_stream is not None:
            self.on_stream(is_server, stream)

    def assert_settled(self) -> None:
        """What must hold when everything is done: nothing in flight, nothing kept, credit returned."""
        for side in self.sides():
            session = side.session
            if session.close.state != 0:
                continue
            assert session.loss.congestion.in_flight == 0
            assert session.streams.queued_bytes == 0
            assert len(session.streams.scheduler) == 0
            assert not session.controls.waiting
            assert session.streams.receiving.window.consumed == session.streams.receiving.received

    def assert_settled_but_for(self, numbers: list[int]) -> None:
        """The same, if the server has not answered on some streams: their answers end now."""
        assert self.server is not None
        for number in numbers:
            stream = self.server.session.streams.streams.get(number)
            if stream is not None:
                self.server.session.streams.finish(stream)
        self.run()
        self.assert_settled()
        assert not self.client.session.streams.streams
        assert not self.server.session.streams.streams
