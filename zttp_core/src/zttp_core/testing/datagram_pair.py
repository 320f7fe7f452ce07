"""A client and a server of one protocol over datagrams, connected in memory by a network with faults."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.pair import Pair
from zttp_core.testing.verdict import fail
from zttp_core.testing.wire import Arrival, check_datagrams, pull, receive, take

HOUR: Final = 3_600_000_000  # an expected event may need many timeouts, each twice as long as the previous one
START: Final = 1_000_000  # the time at which a pair begins
_MOST_ROUNDS: Final = 10_000
_DELAY: Final = 10_000  # microseconds from one side to the other
_PATIENCE: Final = 5_000_000  # with nothing in flight, nothing expected and no deadline before that, a pair is quiet
_HOMES: Final = {CLIENT: "the client's address", SERVER: "the server's address"}
_ELSEWHERE: Final = "another address of the client"


class DatagramPair(Pair):
    """Both sides of a network that delays, loses, repeats and reorders datagrams, on a clock of its own.

    Args:
        client: The client.
        server: The server.
        multiplexed: Whether messages are sent on streams.
        seed: Decides the faults of the network; the same seed gives the same faults.
        loss: The fraction of the datagrams that never arrives.
        repetition: The fraction that arrives twice.
        disorder: The fraction that arrives late.

    Attributes:
        now: The time, in microseconds.
        arrived: The datagrams that have arrived at each side, for a replay.
        asked: How many of them the server had when the request was complete.
        addresses: The address of each side.
        ecn: The ECN mark of all datagrams.
    """

    def __init__(
        self,
        client: Any,
        server: Any,
        multiplexed: bool,
        *,
        seed: str = "",
        loss: float = 0,
        repetition: float = 0,
        disorder: float = 0,
    ) -> None:
        self.now = START
        self.arrived: Final[dict[int, list[Arrival]]] = {CLIENT: [], SERVER: []}
        self.asked = 0
        self.addresses: Final = dict(_HOMES)
        self.ecn = 0
        self._rung: Final[dict[int, list[int]]] = {CLIENT: [], SERVER: []}
        self._random: Final = Random(seed)  # noqa: S311
        self._loss: Final = loss
        self._repetition: Final = repetition
        self._disorder: Final = disorder
        self._in_flight: list[tuple[int, int, int, str, bytes]] = []
        self._count = 0
        super().__init__(client, server, multiplexed)

    def prepare(self, exchange: Exchange) -> None:
        """Set the ECN mark, and change the client's address, as the exchange says."""
        self.ecn = exchange.ecn
        if exchange.moves:
            self.addresses[CLIENT] = _ELSEWHERE if self.addresses[CLIENT] == _HOMES[CLIENT] else _HOMES[CLIENT]

    def note_request(self) -> None:
        """Record how much had arrived when the request was complete."""
        self.asked = len(self.arrived[SERVER])

    def run(self, finished: Callable[[], bool] | None = None, patience: int | None = None) -> None:
        """Let time pass from one deadline to the next, until the next one is further away than ``patience``."""
        __tracebackhide__ = True
        longest = patience or (_PATIENCE if finished is None else HOUR)
        for _ in range(_MOST_ROUNDS):
            self._flush()
            if finished is not None and finished():
                return
            following = self._next_deadline()
            if following is None or following > self.now + longest:
                return
            self.now = max(self.now, following)
            self._deliver()
            self._ring()
        fail(f"client and server have acted {_MOST_ROUNDS} times and do not come to rest")

    def close(self, role: int) -> None:
        """Do nothing: a datagram transport has no EOF."""

    def forget(self) -> None:
        """Keep no record of what has arrived so far."""
        for role in self.arrived:
            self.arrived[role].clear()
            self._rung[role].clear()

    def deadlines(self) -> list[int]:
        """Return the deadlines of both sides."""
        asked = [deadline_of(connection) for connection in self.connections.values()]
        return [deadline for deadline in asked if deadline is not None]

    def _next_deadline(self) -> int | None:
        return min([*self.deadlines(), *(arrival for arrival, *_ in self._in_flight[:1])], default=None)

    def _flush(self) -> None:
        __tracebackhide__ = True
        for role, connection in self.connections.items():
            for datagram, address in self._outgoing(role, connection):
                if self._random.random() < self._loss:
                    continue
                for _ in range(2 if self._random.random() < self._repetition else 1):
                    late = _DELAY * self._random.randint(1, 5) if self._random.random() < self._disorder else 0
                    self._count += 1
                    heapq.heappush(self._in_flight, (self.now + _DELAY + late, self._count, role, address, datagram))

    def _outgoing(self, role: int, connection: Any) -> list[tuple[bytes, str]]:
        """Return the datagrams that a side sends, each with its destination."""
        __tracebackhide__ = True
        if not hasattr(connection, "data_to_send_with_addresses"):
            return [(datagram, self.addresses[_other(role)]) for datagram in take(connection, self.now)]
        queued = connection.data_to_send_with_addresses(self.now)
        check_datagrams([outgoing.data for outgoing in queued])
        known = {None, *_HOMES.values(), _ELSEWHERE}
        for outgoing in queued:
            if outgoing.peer_address not in known:
                fail(f"a datagram is for {outgoing.peer_address!r}, which is nobody's address")
            local = getattr(outgoing, "local_address", None)
            if local not in (None, _HOMES[role]):
                fail(f"a datagram is to leave from {local!r}, which is not where its side is")
        return [(outgoing.data, outgoing.peer_address or _HOMES[_other(role)]) for outgoing in queued]

    def _deliver(self) -> None:
        came: dict[int, Arrival] = {}
        while self._in_flight and self._in_flight[0][0] <= self.now:
            _, _, sender, address, datagram = heapq.heappop(self._in_flight)
            role = _other(sender)
            if address != self.addresses[role]:
                continue  # the address is no longer in use
            arrival = Arrival(datagram)
            arrival.now, arrival.peer_address, arrival.ecn = self.now, self.addresses[sender], self.ecn
            if hasattr(self.connections[role], "data_to_send_with_addresses"):
                # The local address as each side knows it: only the server sees that the client has moved.
                arrival.local_address = _HOMES[role]
            self.arrived[role].append(arrival)
            if role in came:
                came[role].answered = False
            came[role] = arrival
            receive(self.connections[role], arrival)
            arrival.rung = tuple(self._rung[role])  # only now: at this time the timers have already expired
            self._rung[role].clear()
            pull(self.connections[role], self.received[role])

    def _ring(self) -> None:
        __tracebackhide__ = True
        for role, connection in self.connections.items():
            deadline = deadline_of(connection)
            if deadline is not None and deadline <= self.now:
                connection.handle_timeout(self.now)
                self._rung[role].append(self.now)
                pull(self.connections[role], self.received[role])
                check_deadline(connection, self.now)


def deadline_of(connection: Any) -> int | None:
    """Return the deadline of a connection."""
    __tracebackhide__ = True
    deadline = connection.next_timeout()
    if deadline is not None and type(deadline) is not int:
        fail(f"next_timeout() returned {deadline!r}, neither an integer nor None")
    return deadline


def check_deadline(connection: Any, now: int) -> None:
    """Fail if the next timeout is not later than the one that was just handled."""
    __tracebackhide__ = True
    following = deadline_of(connection)
    if following is not None and following <= now:
        fail(f"after handle_timeout({now}) next_timeout() is {following}: a caller would call again for ever")


def _other(role: int) -> int:
    return SERVER if role == CLIENT else CLIENT
