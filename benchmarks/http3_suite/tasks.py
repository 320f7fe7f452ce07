"""The tasks, row by row: written once, for all drivers."""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from typing import Any

from harness.memory import bytes_of_each
from harness.suite import Task, TaskBuilder
from http3_suite.messages import Request, Response
from http3_suite.path import CARRIED, Path
from http3_suite.sides import Driver, Message, Spent, Timed

BOTH, SERVER, CLIENT = "both", "server", "client"

RENEWED_AFTER = 1_000
"""So many requests are made on one connection, then everybody begins a new one, untimed."""
HANDSHAKES = 16
"""Connections of one block: as many are alive at once."""
WARM_UP = 3
"""Exchanges, untimed, after which windows and tables are what they will be."""
CHANCES = 60
"""Patterns of loss over which a completion time is the mean."""
CONNECTIONS = 200
"""That are alive when their memory is counted."""
IDLE = 1_000_000
"""Virtual microseconds after which everything is acknowledged and nothing under way."""


def extracted(paths: Sequence[Path]) -> Callable[[], Any]:
    """Return a function that returns the last exchange in the common form."""

    def common(messages: Sequence[Message]) -> list[Any]:
        return sorted([head, sorted(fields), b"".join(content)] for head, fields, content in messages)

    def extract() -> Any:
        path = paths[-1]
        number = len(path.client.responses)
        return [common(path.client.responses), common(path.server.requests[-number:])]

    return extract


class Tasks:
    """The tasks of one driver."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def builders(self, kinds: Sequence[str]) -> dict[str, TaskBuilder]:
        """Return the builders of these kinds."""
        return {kind: getattr(self, kind) for kind in kinds}

    def path(
        self,
        response: Response,
        side: str,
        spent: Spent,
        resumption: Any = None,
        *,
        loss: float = 0.0,
        carried: int = CARRIED,
        **options: Any,
    ) -> Path:
        """Return a path whose ends are new connections."""
        client: Any = self.driver.client(resumption, **options)
        server: Any = self.driver.server(response, resumption, **options)
        if side == CLIENT:
            client = Timed(client, spent)
        if side == SERVER:
            server = Timed(server, spent)
        return Path(client, server, loss=loss, carried=carried)

    def handshake(self, request: Request, response: Response, side: str, resumed: bool, **options: Any) -> Task:
        """Make connections, and one request on each."""
        spent = Spent([0])
        resumption = None
        if resumed:
            resumption = self.driver.resumption()
            first = self.path(response, BOTH, spent, resumption, **options)
            first.exchange([request])
            first.settle(IDLE)

        def run(iterations: range) -> Callable[[], Any]:
            paths = []
            for _ in iterations:
                path = self.path(response, side, spent, resumption, **options)
                path.exchange([request])
                paths.append(path)
            return extracted(paths)

        return Task(range, run, HANDSHAKES, None if side == BOTH else spent.read)

    def hybrid_handshake(self, request: Request, response: Response, side: str) -> Task:
        """Make connections with a post-quantum key exchange, and one request on each."""
        return self.handshake(request, response, side, resumed=False, hybrid=True)

    def requests(
        self,
        requests: Sequence[Request],
        response: Response,
        side: str,
        *,
        at_once: int = 1,
        loss: float = 0.0,
        carried: int = CARRIED,
        connections: int = 1,
    ) -> Task:
        """Make requests, so many at once, on one connection, or on each of several in turn."""
        spent = Spent([0])
        upcoming: Iterator[Request] = cycle(requests)
        made = [RENEWED_AFTER] * connections
        paths: dict[int, Path] = {}
        turns = cycle(range(connections))

        def renew(place: int) -> None:
            path = self.path(response, side, spent, loss=loss, carried=carried)
            for _ in range(WARM_UP):
                path.exchange(list(islice(upcoming, at_once)))
            paths[place] = path
            made[place] = WARM_UP * at_once

        def prepare(number: int) -> list[tuple[Path, list[Request]]]:
            for place in range(connections):
                if made[place] >= RENEWED_AFTER:
                    renew(place)
            prepared = []
            for place in islice(turns, number):
                made[place] += at_once
                prepared.append((paths[place], list(islice(upcoming, at_once))))
            return prepared

        def run(prepared: list[tuple[Path, list[Request]]]) -> Callable[[], Any]:
            for path, batch in prepared:
                path.exchange(batch)
            return extracted([path])

        return Task(prepare, run, max(1, 500 // at_once), None if side == BOTH else spent.read)

    def completion_time(self, request: Request, response: Response, loss: float) -> Task:
        """Return the virtual microseconds from a request to the end of its response, on a path that loses."""

        def run(chances: range) -> float:
            total = 0
            for seed in chances:
                path = Path(self.driver.client(), self.driver.server(response), seed=seed)
                path.exchange([])
                path.settle(IDLE)  # the handshake is done: its losses would be chance
                start = path.now
                path.loss = loss
                path.exchange([request])
                total += path.now - start
            return total / len(chances)

        return Task(lambda _: range(CHANCES), run)

    def idle_memory(self, request: Request, response: Response, connections: int = CONNECTIONS) -> Task:
        """Return the bytes of each connection of a server while the clients are idle."""

        def served() -> Any:
            path = Path(self.driver.client(), self.driver.server(response))
            path.exchange([request])
            path.settle(IDLE)
            return path.server

        return Task(lambda _: connections, lambda number: bytes_of_each(served, number))

    def handshake_datagrams(self, request: Request, response: Response) -> Task:
        """Return the datagrams of a connection with one request, until everything is acknowledged."""

        def run(_: int) -> int:
            path = Path(self.driver.client(), self.driver.server(response))
            path.exchange([request])
            path.settle(IDLE)
            return sum(path.sent)

        return Task(lambda _: 1, run)

    def request_datagrams(self, requests: Sequence[Request], response: Response, at_once: int) -> Task:
        """Return the datagrams that a request and its response add, both ways."""

        def run(number: int) -> float:
            path = Path(self.driver.client(), self.driver.server(response))
            upcoming = cycle(requests)
            path.exchange(list(islice(upcoming, at_once)))
            path.settle(IDLE)
            before = sum(path.sent)
            for _ in range(number):
                path.exchange(list(islice(upcoming, at_once)))
            return (sum(path.sent) - before) / (number * at_once)

        return Task(lambda _: 20, run)
