"""The interface of a driver: a client and a server, driven by datagrams and a virtual clock in microseconds."""

from collections.abc import Sequence
from itertools import pairwise
from time import process_time_ns
from typing import Any, NamedTuple, Protocol

from http3_suite.messages import Fields, Request, Response

Message = tuple[list[Any], Fields, list[bytes]]
"""What was received: the values that pseudo-header fields carry, the other fields, the pieces of content."""


class Side(Protocol):
    """A connection with its application."""

    def receive(self, datagrams: list[bytes], now: int) -> None:
        """Receive datagrams, and let the application do its work."""

    def send(self, now: int) -> list[bytes]:
        """Return the datagrams to send now."""

    def deadline(self) -> float | None:
        """Return when ``wake`` is due."""

    def wake(self, now: int) -> None:
        """Process the timers that are due."""


class Client(Side, Protocol):
    """A client. ``responses`` are those that were complete since ``begin``."""

    responses: list[Message]

    def begin(self, requests: Sequence[Request], now: int) -> None:
        """Forget the responses so far, and send complete requests, each on a stream of its own."""


class Server(Side, Protocol):
    """A server that answers each complete request with the response that it was made with."""

    requests: list[Message]


class Driver(Protocol):
    """The use of one library."""

    def client(self, resumption: Any = None, *, hybrid: bool = False) -> Client:
        """Return a client that has sent nothing; ``hybrid``: one that offers X25519MLKEM768, not X25519 alone."""

    def server(self, response: Response, resumption: Any = None, *, hybrid: bool = False) -> Server:
        """Return a server that has received nothing."""

    def resumption(self) -> Any:
        """Return the state that two connections share if the second resumes the first."""


class Spent(NamedTuple):
    """A clock that runs only during the turns of one side; ``elapsed`` has one element."""

    elapsed: list[int]

    def read(self) -> int:
        """Return the nanoseconds so far."""
        return self.elapsed[0]


def _clock_cost() -> int:
    readings = [process_time_ns() for _ in range(1001)]
    return min(later - earlier for earlier, later in pairwise(readings))


CLOCK_COST = _clock_cost()


class Timed:
    """A side whose turns are timed."""

    def __init__(self, side: Any, spent: Spent) -> None:
        self.side = side
        self.elapsed = spent.elapsed

    def __getattr__(self, name: str) -> Any:
        return getattr(self.side, name)

    def receive(self, datagrams: list[bytes], now: int) -> None:
        """As ``Side``."""
        start = process_time_ns()
        self.side.receive(datagrams, now)
        self.elapsed[0] += process_time_ns() - start - CLOCK_COST

    def send(self, now: int) -> list[bytes]:
        """As ``Side``."""
        start = process_time_ns()
        datagrams: list[bytes] = self.side.send(now)
        self.elapsed[0] += process_time_ns() - start - CLOCK_COST
        return datagrams

    def deadline(self) -> float | None:
        """As ``Side``."""
        start = process_time_ns()
        deadline: float | None = self.side.deadline()
        self.elapsed[0] += process_time_ns() - start - CLOCK_COST
        return deadline

    def wake(self, now: int) -> None:
        """As ``Side``."""
        start = process_time_ns()
        self.side.wake(now)
        self.elapsed[0] += process_time_ns() - start - CLOCK_COST

    def begin(self, requests: Sequence[Request], now: int) -> None:
        """As ``Client``."""
        start = process_time_ns()
        self.side.begin(requests, now)
        self.elapsed[0] += process_time_ns() - start - CLOCK_COST
