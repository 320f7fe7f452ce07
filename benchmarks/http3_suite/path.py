"""The path between a client and a server, with a virtual clock: the same for every contestant.

It delays, and loses where it is told to. Datagrams arrive in bursts, as a server finds them on its socket, and timers
fire on the beat of an event loop; the processor is infinitely fast, so that what one spends of it changes nothing.
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
    """One connection, and what is under way between its ends."""

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
        """Send requests, and go on until all are answered."""
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
        """Return when something happens next."""
        times = [queue[0][0] for queue in self.arriving if queue]
        times += [due for due in self.due if due is not None]
        return min(times, default=None)

    def step(self) -> None:
        """Do what happens next."""
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
        """Put under way what a side sends, and ask it when it wants to be woken."""
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
            # On the next beat, and once on each at most.
            self.due[number] = max(-int(-deadline // BEAT) * BEAT, self.woken[number] + BEAT)
