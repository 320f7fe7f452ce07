"""The path between a client and a server, with a virtual clock: the same for every contestant.

It delays datagrams, and loses some if configured. Datagrams arrive in bursts, as on the socket of a server, and timers
fire with the resolution of an event loop. Computing takes no virtual time, so the speed of a side changes nothing.
"""

import random
from collections import deque
from collections.abc import Sequence

from http3_suite.messages import Request
from http3_suite.sides import Client, Server

DELAY = 10_000
"""Microseconds, in each direction."""
BURST = 8
"""Datagrams that are read before anything is sent."""
BEAT = 1_000
"""Microseconds between two moments at which timers fire."""
CARRIED = 1452
"""Bytes of the largest datagram that arrives, as over Ethernet in IPv6 packets."""
PATIENCE = 120_000_000
"""Virtual microseconds after which an exchange has failed."""

CLIENT, SERVER = 0, 1


class Path:
    """One connection, and the datagrams in flight between its ends."""

    def __init__(
        self, client: Client, server: Server, *, loss: float = 0.0, carried: int = CARRIED, seed: int = 1
    ) -> None:
        self.client = client
        self.server = server
        self.sides = (client, server)
        self.now = 1_000_000
        self.sent = [0, 0]
        self.loss = loss
        self.carried = carried
        self.chance = random.Random(seed).random
        self.arriving: tuple[deque[tuple[int, list[bytes]]], ...] = (deque(), deque())
        self.due: list[int | None] = [None, None]
        self.woken = [0, 0]

    def exchange(self, requests: Sequence[Request]) -> None:
        """Send requests, and run until all are answered."""
        client = self.client
        client.begin(requests, self.now)
        self.flush(CLIENT)
        limit = self.now + PATIENCE
        while len(client.responses) < len(requests):
            self.step()
            if self.now > limit:
                raise TimeoutError("the exchange does not come to an end")

    def settle(self, microseconds: int) -> None:
        """Let time pass."""
        limit = self.now + microseconds
        while (when := self.next_time()) is not None and when <= limit:
            self.step()
        self.now = limit

    def next_time(self) -> int | None:
        """Return the time of the next event."""
        times = [queue[0][0] for queue in self.arriving if queue]
        times += [due for due in self.due if due is not None]
        return min(times, default=None)

    def step(self) -> None:
        """Process the next event."""
        when = self.next_time()
        if when is None:
            raise TimeoutError("nothing more will happen")
        self.now = now = max(self.now, when)
        for number in (SERVER, CLIENT):
            side, queue = self.sides[number], self.arriving[number]
            while queue and queue[0][0] <= now:
                side.receive(queue.popleft()[1], now)
                self.flush(number)
            due = self.due[number]
            if due is not None and due <= now:
                self.woken[number] = now
                side.wake(now)
                self.flush(number)

    def flush(self, number: int) -> None:
        """Put a side's datagrams in flight, and get the deadline of its timer."""
        side, now = self.sides[number], self.now
        datagrams = side.send(now)
        if datagrams:
            self.sent[number] += len(datagrams)
            datagrams = [datagram for datagram in datagrams if len(datagram) <= self.carried]
            if self.loss:
                datagrams = [datagram for datagram in datagrams if self.chance() >= self.loss]
            queue = self.arriving[1 - number]
            for start in range(0, len(datagrams), BURST):
                queue.append((now + DELAY, datagrams[start : start + BURST]))
        deadline = side.deadline()
        if deadline is None:
            self.due[number] = None
        else:
            # On the next tick of the event loop, and at most once on each.
            self.due[number] = max(-int(-deadline // BEAT) * BEAT, self.woken[number] + BEAT)
