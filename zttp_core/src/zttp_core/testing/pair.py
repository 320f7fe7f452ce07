"""A client and a server of one protocol, wired to each other in memory."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.testing.delivery import find_loss
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.verdict import fail
from zttp_core.testing.wire import Outcome, Program, begin, pull, receive, take

_MOST_ROUNDS: Final = 10_000
_DELAY: Final = 10_000  # microseconds from one side to the other
_PATIENCE: Final = 5_000_000  # with nothing under way and no deadline before that, a pair is quiet
HOUR: Final = 3_600_000_000


class Pair(ABC):
    """A client and a server, what each has received, and a program on each side."""

    def __init__(self, client: Any, server: Any, multiplexed: bool) -> None:
        self.connections: Final = {CLIENT: client, SERVER: server}
        self.received: Final = {CLIENT: Outcome(), SERVER: Outcome()}
        self.streams: Final[dict[int, int]] = {}
        self.programs: Final = {
            role: Program(connection, multiplexed, self.streams) for role, connection in self.connections.items()
        }
        self.multiplexed: Final = multiplexed
        begin(client)
        begin(server)
        self.run(lambda: False)

    @abstractmethod
    def run(self, finished: Callable[[], bool]) -> None:
        """Carry what is sent until ``finished``, or until both are quiet."""

    @abstractmethod
    def close(self, role: int) -> None:
        """Let one side close its half of the transport."""

    def converse(self, exchange: Exchange) -> None:
        """Send the request and the reply of an exchange; both must arrive."""
        __tracebackhide__ = True
        for outcome in self.received.values():
            outcome.events.clear()
        self._say(CLIENT, SERVER, exchange, exchange.asked, exchange.asked)
        if exchange.client_closes:
            self.close(CLIENT)
        self._say(SERVER, CLIENT, exchange, list(exchange.reply), exchange.answered, closes=exchange.server_closes)

    def can_go_on(self) -> bool:
        """Turn to the next exchange on both sides, if the protocol allows that."""
        connections = list(self.connections.values())
        if self.multiplexed:
            return not any(connection.is_closed() for connection in connections)
        return all(turn_to_next(connection) for connection in connections)

    def _say(
        self, sender: int, receiver: int, exchange: Exchange, script: list[Any], wanted: list[Any], closes: bool = False
    ) -> None:
        __tracebackhide__ = True
        received = self.received[receiver]
        self.programs[sender].send(script)
        self.run(lambda: not closes and find_loss(wanted, received.events, self.streams) is None)
        if closes:
            self.close(sender)
        loss = find_loss(wanted, received.events, self.streams)
        if loss is not None:
            side = "server" if receiver == SERVER else "client"
            fail(f"exchange '{exchange.name}': what was sent did not reach the {side}: {loss}")


class StreamPair(Pair):
    """Both sides of a byte stream that loses nothing.

    Attributes:
        to_client: All bytes that have gone to the client, as they went.
    """

    def __init__(self, client: Any, server: Any, multiplexed: bool) -> None:
        self.to_client: Final[list[bytes]] = []
        super().__init__(client, server, multiplexed)

    def run(self, finished: Callable[[], bool]) -> None:  # noqa: ARG002
        """Carry bytes until both are quiet: a stream has no other end."""
        __tracebackhide__ = True
        for _ in range(_MOST_ROUNDS):
            if not self._carry(CLIENT, SERVER) and not self._carry(SERVER, CLIENT):
                return
        fail(f"client and server have answered each other {_MOST_ROUNDS} times and do not come to rest")

    def close(self, role: int) -> None:
        """Let one side close its half of the stream."""
        other = SERVER if role == CLIENT else CLIENT
        self.connections[other].receive_data(b"")
        pull(self.connections[other], self.received[other])

    def _carry(self, sender: int, receiver: int) -> bool:
        data = b"".join(take(self.connections[sender]))
        if not data:
            return False
        if receiver == CLIENT:
            self.to_client.append(data)
        receive(self.connections[receiver], data)
        pull(self.connections[receiver], self.received[receiver])
        return True


class DatagramPair(Pair):
    """Both sides of a network that delays, loses, repeats and reorders datagrams, on a clock of its own.

    Args:
        client: The client.
        server: The server.
        multiplexed: Whether messages are sent on streams.
        seed: What the network does; the same seed does the same.
        loss: The part of the datagrams that never arrives.
        repetition: The part that arrives twice.
        disorder: The part that arrives late.

    Attributes:
        now: The time, in microseconds.
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
        self.now = 1_000_000
        self._random: Final = Random(seed)  # noqa: S311
        self._loss: Final = loss
        self._repetition: Final = repetition
        self._disorder: Final = disorder
        self._in_flight: list[tuple[int, int, int, bytes]] = []
        self._count = 0
        super().__init__(client, server, multiplexed)

    def run(self, finished: Callable[[], bool], patience: int = _PATIENCE) -> None:
        """Let time pass from one deadline to the next, until the next one is further away than ``patience``."""
        __tracebackhide__ = True
        for _ in range(_MOST_ROUNDS):
            self._flush()
            if finished():
                return
            following = self._next_deadline()
            if following is None or following > self.now + patience:
                return
            self.now = max(self.now, following)
            self._deliver()
            self._ring()
        fail(f"client and server have acted {_MOST_ROUNDS} times and do not come to rest")

    def close(self, role: int) -> None:
        """Do nothing: datagrams have no end."""

    def deadlines(self) -> list[int]:
        """Return the deadlines of both sides."""
        asked = [connection.next_timeout() for connection in self.connections.values()]
        return [deadline for deadline in asked if deadline is not None]

    def _next_deadline(self) -> int | None:
        return min([*self.deadlines(), *(arrival for arrival, *_ in self._in_flight[:1])], default=None)

    def _flush(self) -> None:
        for role, connection in self.connections.items():
            other = SERVER if role == CLIENT else CLIENT
            for datagram in take(connection, self.now):
                if self._random.random() < self._loss:
                    continue
                for _ in range(2 if self._random.random() < self._repetition else 1):
                    late = _DELAY * self._random.randint(1, 5) if self._random.random() < self._disorder else 0
                    self._count += 1
                    heapq.heappush(self._in_flight, (self.now + _DELAY + late, self._count, other, datagram))

    def _deliver(self) -> None:
        while self._in_flight and self._in_flight[0][0] <= self.now:
            _, _, role, datagram = heapq.heappop(self._in_flight)
            receive(self.connections[role], datagram, self.now)
            pull(self.connections[role], self.received[role])

    def _ring(self) -> None:
        __tracebackhide__ = True
        for role, connection in self.connections.items():
            deadline = connection.next_timeout()
            if deadline is not None and deadline <= self.now:
                connection.handle_timeout(self.now)
                pull(self.connections[role], self.received[role])
                check_deadline(connection, self.now)


def check_deadline(connection: Any, now: int) -> None:
    """Fail if the next timeout is not later than the one that was just handled."""
    __tracebackhide__ = True
    following = connection.next_timeout()
    if following is not None and following <= now:
        fail(f"after handle_timeout({now}) next_timeout() is {following}: a caller would call again for ever")


def turn_to_next(connection: Any) -> bool:
    """Turn a connection that carries one message at a time to the next one; return whether there can be a next one."""
    from zttp_core.errors import LocalProtocolError

    if not hasattr(connection, "start_next_cycle") or connection.is_closed() or connection.should_close():
        return False
    try:
        connection.start_next_cycle()
    except LocalProtocolError:
        return False
    return True
