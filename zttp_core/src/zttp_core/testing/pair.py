"""A client and a server of one protocol, connected in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import RemoteProtocolError
from zttp_core.testing.delivery import find_loss
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.verdict import fail, telling
from zttp_core.testing.wire import Outcome, Program, begin, pull, receive, take

_MOST_ROUNDS: Final = 10_000
_AT_ONCE: Final = 16_384  # bytes, as a program may read from a socket


class Pair(ABC):
    """A client and a server, the events of each, and a program on each side."""

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
        self.run()

    @abstractmethod
    def run(self, finished: Callable[[], bool] | None = None) -> None:
        """Transport the output until ``finished``, or until both are quiet."""

    @abstractmethod
    def close(self, role: int) -> None:
        """Let one side close its half of the transport."""

    @abstractmethod
    def forget(self) -> None:
        """Drop the record of the transport so far."""

    @abstractmethod
    def prepare(self, exchange: Exchange) -> None:
        """Set up the network for the exchange."""

    def converse(self, exchange: Exchange) -> None:
        """Send the request and the reply of an exchange; both must arrive."""
        __tracebackhide__ = True
        for outcome in self.received.values():
            outcome.events.clear()
        with telling(f"exchange '{exchange.name}', client and server wired together,"):
            try:
                self._converse(exchange)
            except RemoteProtocolError as error:
                fail(
                    f"exchange '{exchange.name}': what was sent did not reach the other side, which refuses it: {error}"
                )

    def _converse(self, exchange: Exchange) -> None:
        __tracebackhide__ = True
        self.prepare(exchange)
        self._say(CLIENT, SERVER, exchange, exchange.asked, exchange.asked)
        self.note_request()
        if exchange.client_closes:
            self.close(CLIENT)
        self._say(SERVER, CLIENT, exchange, list(exchange.reply), exchange.answered, closes=exchange.server_closes)

    @abstractmethod
    def note_request(self) -> None:
        """Remember that the request is complete from here on."""

    def can_go_on(self) -> bool:
        """Move to the next exchange on both sides, if the protocol allows that."""
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
        seen: tuple[int, int] | None = None

        def arrived() -> bool:
            nonlocal seen
            before, seen = seen, received.extent()
            return seen != before and find_loss(wanted, received.events, self.streams) is None

        self.run(None if closes else arrived)
        if closes:
            self.close(sender)
        loss = find_loss(wanted, received.events, self.streams)
        if loss is not None:
            side = "server" if receiver == SERVER else "client"
            fail(f"exchange '{exchange.name}': what was sent did not reach the {side}: {loss}")


class StreamPair(Pair):
    """Both sides of a reliable byte stream.

    Attributes:
        to_client: All bytes sent to the client, in order.
    """

    def __init__(self, client: Any, server: Any, multiplexed: bool) -> None:
        self.to_client: Final[list[bytes]] = []
        super().__init__(client, server, multiplexed)

    def run(self, finished: Callable[[], bool] | None = None) -> None:  # noqa: ARG002
        """Transport bytes until both are quiet."""
        __tracebackhide__ = True
        for _ in range(_MOST_ROUNDS):
            if not self._carry(CLIENT, SERVER) and not self._carry(SERVER, CLIENT):
                return
        fail(f"client and server have answered each other {_MOST_ROUNDS} times and do not come to rest")

    def forget(self) -> None:
        """Drop the record of the bytes sent to the client."""
        self.to_client.clear()

    def prepare(self, exchange: Exchange) -> None:
        """Do nothing: a stream has no addresses and no marks."""

    def note_request(self) -> None:
        """Do nothing: a stream is not recorded."""

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
        for start in range(0, len(data), _AT_ONCE):
            receive(self.connections[receiver], data[start : start + _AT_ONCE])
            pull(self.connections[receiver], self.received[receiver])
        return True


def turn_to_next(connection: Any) -> bool:
    """Move a connection of one message at a time to the next message; return whether there can be one."""
    from zttp_core.errors import LocalProtocolError

    if not hasattr(connection, "start_next_cycle") or connection.is_closed() or connection.should_close():
        return False
    try:
        connection.start_next_cycle()
    except LocalProtocolError:
        return False
    return True
