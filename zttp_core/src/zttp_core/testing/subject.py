"""A suite's description of its protocol, and the scenarios that all groups of tests play."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from zttp_core.connect import connect
from zttp_core.constants import CLIENT, SERVER
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.errors import RemoteProtocolError
from zttp_core.lookup_errors import ProtocolLookupError
from zttp_core.registry import REGISTRY, Registration
from zttp_core.testing.datagram_pair import START, DatagramPair
from zttp_core.testing.exchange import Exchange, units
from zttp_core.testing.pair import Pair, StreamPair
from zttp_core.testing.surroundings import EPOCH, Surroundings, surroundings
from zttp_core.testing.verdict import fail, not_applicable, telling
from zttp_core.testing.wire import Outcome, Program, begin, play, pull, receive, take


@dataclass(frozen=True)
class Scenario:
    """One side of one exchange: a connection that is ready to receive, and its input."""

    exchange: Exchange
    role: int
    received: tuple[bytes, ...]
    closes: bool
    start: Callable[[], Any]

    def __str__(self) -> str:
        return f"exchange '{self.exchange.name}', {'server' if self.role == SERVER else 'client'}"

    @property
    def data(self) -> bytes:
        """All bytes that are received."""
        return b"".join(self.received)

    def play(self, pieces: Iterable[Any] | None = None) -> Outcome:
        """Return the outcome of the input on a new connection, with its own pieces or the given ones."""
        __tracebackhide__ = True
        with telling(self):
            return play(self.start(), self.received if pieces is None else pieces, closes=self.closes)


class Subject:
    """The protocol under test, as described by a suite.

    Attributes:
        protocol: Its name.
        exchanges: The exchanges that must work. One of them must show each capability that the descriptor claims.
        malformed: Input that must be refused with a connection error, by a description of the fault. Passed to a
            server, or to a client if the protocol has no servers.
        malformed_replies: The same for a client that has sent the request of the first exchange.
        abuses: The same for encrypted protocols: functions that get the client of an idle pair, and make it send
            something illegal.
        abuses_of_servers: The same for the server.
        growing: Exchanges of any length: functions of a number of bytes, one of them with content in both directions.
        floods: Endless input that a server must survive in bounded memory: streams opened and reset, frames without
            progress. Each is a function that returns the pieces, from the first byte of the connection on.
        max_memory: The sum of the documented limits of one connection, in bytes.
        max_requests: At least as many requests as a peer may leave unanswered on one connection, if it is multiplexed.
        reliable: Whether a datagram protocol retransmits lost data.
        encrypted: Whether datagrams are authenticated: a changed one counts as lost.
        wall_time: The time of day for connections, in seconds since the epoch.
    """

    protocol: ClassVar[str]
    exchanges: ClassVar[Sequence[Exchange]] = ()
    malformed: ClassVar[Mapping[str, bytes]] = {}
    malformed_replies: ClassVar[Mapping[str, bytes]] = {}
    abuses: ClassVar[Mapping[str, Callable[[Any], object]]] = {}
    abuses_of_servers: ClassVar[Mapping[str, Callable[[Any], object]]] = {}
    growing: ClassVar[Mapping[str, Callable[[int], Exchange]]] = {}
    floods: ClassVar[Mapping[str, Callable[[], Iterable[bytes]]]] = {}
    max_memory: ClassVar[int] = 16 * 1024 * 1024
    max_requests: ClassVar[int] = 1024
    reliable: ClassVar[bool] = True
    encrypted: ClassVar[bool] = False
    wall_time: ClassVar[float] = EPOCH
    _salt = ""  # of the entropy

    def options(self, role: int, given: Surroundings) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the options of a connection. Override it, and pass on the options that the protocol has."""
        return {}

    def session_of(self, client: Any) -> Any:  # noqa: ARG002
        """Return the session that another client can resume, or ``None``. Override it if the protocol has sessions."""
        return None

    def connect(self, role: int) -> Any:
        """Return a new connection."""
        return self.connect_again(role, None)

    def connect_again(self, role: int, session: Any) -> Any:
        """Return a new connection that resumes a session."""
        return connect(
            role, self.protocol, **self.options(role, surroundings(role, self.wall_time, session, self._salt))
        )

    # ----------------------------------------------------------------------------------------- what is known about it

    @property
    def registration(self) -> Registration:
        """The registration of the protocol."""
        __tracebackhide__ = True
        try:
            return REGISTRY.resolve(self.protocol)
        except ProtocolLookupError as error:
            fail(f"protocol '{self.protocol}' does not resolve: {type(error).__name__}: {error}")

    @property
    def descriptor(self) -> ProtocolDescriptor:
        """The plugin's description of the protocol."""
        __tracebackhide__ = True
        return self.registration.descriptor

    @property
    def multiplexed(self) -> bool:
        """Whether messages are sent on streams."""
        return self.descriptor.multiplexed

    @property
    def datagrams(self) -> bool:
        """Whether the transport is one of datagrams."""
        return self.descriptor.transport == "datagram"

    @property
    def connection_class(self) -> type[Any]:
        """The class of its connections."""
        __tracebackhide__ = True
        try:
            return REGISTRY.connection_class(self.registration)[0]
        except ProtocolLookupError as error:
            fail(f"protocol '{self.protocol}' cannot be used: {type(error).__name__}: {error}")

    @property
    def first_role(self) -> int:
        """The role of the connection that gets malformed input."""
        return SERVER if SERVER in self.descriptor.roles else CLIENT

    # -------------------------------------------------------------------------------------------------- what it can do

    def pair(self, exchange: Exchange | None = None, **network: Any) -> Pair:
        """Return a connected client and server; with a session if the exchange resumes one."""
        __tracebackhide__ = True
        if len(self.descriptor.roles) < 2:
            not_applicable(f"'{self.protocol}' has one role")
        client = self.connect(CLIENT)
        if exchange is not None and exchange.resumes:
            earlier = self.pair()
            earlier.converse(next(other for other in self.exchanges if not other.resumes))
            session = self.session_of(earlier.connections[CLIENT])
            if session is None:
                fail(f"exchange '{exchange.name}' resumes a session, and session_of() has none")
            client = self.connect_again(CLIENT, session)
        wired = DatagramPair if self.datagrams else StreamPair
        with telling(f"a pair of '{self.protocol}' that greets each other"):
            return wired(client, self.connect(SERVER), self.multiplexed, **network)

    def scenarios(self, exchange: Exchange) -> list[Scenario]:
        """Return the sides of an exchange that can be played alone: from the suite, or recorded from a pair."""
        roles = self.descriptor.roles
        found = []
        if self.datagrams and not exchange.client and len(roles) > 1:
            return self._recorded(exchange)
        if SERVER in roles and exchange.client:
            server = Scenario(
                exchange, SERVER, units(exchange.client), exchange.client_closes, lambda: self.connect(SERVER)
            )
            found.append(server)
        if CLIENT in roles and exchange.asked:
            greeting, answer = self._answer(exchange)
            if answer:
                found.append(
                    Scenario(exchange, CLIENT, answer, exchange.server_closes, lambda: self._asking(exchange, greeting))
                )
        return found

    def stream_scenarios(self, exchange: Exchange) -> list[Scenario]:
        """Return the same for input that can be split."""
        if self.datagrams:
            not_applicable("datagrams arrive whole")
        return self.scenarios(exchange)

    def all_scenarios(self, role: int | None = None) -> Iterator[Scenario]:
        """Yield the scenarios of all exchanges, or of one role. There must be some: otherwise nothing is shown."""
        __tracebackhide__ = True
        found = False
        for exchange in self.exchanges:
            for scenario in self.scenarios(exchange):
                if role in (None, scenario.role):
                    found = True
                    yield scenario
        if not found:
            side = {SERVER: "a server", CLIENT: "a client"}.get(role or 0, "either side")
            fail(f"no sample shows what {side} of '{self.protocol}' receives")

    def serve(self, connection: Any, exchange: Exchange) -> list[bytes]:
        """Send the reply of an exchange, and return all output."""
        sent = take(connection)
        Program(connection, self.multiplexed).send(exchange.reply)
        return sent + take(connection)

    def live_through(self, scenario: Scenario) -> tuple[Outcome, list[bytes]]:
        """Play a scenario to its end: receive, and reply if this is the server. Return the events and the output."""
        __tracebackhide__ = True
        with telling(scenario):
            connection = scenario.start()
            outcome = play(connection, scenario.received, closes=scenario.closes)
            sent = self.serve(connection, scenario.exchange) if scenario.role == SERVER else take(connection)
            return outcome, sent

    def _listening(self) -> Any:
        """Return a server that waits for a client."""
        server = self.connect(SERVER)
        begin(server)
        return server

    def _asking(self, exchange: Exchange, greeting: Sequence[bytes], now: int | None = None) -> Any:
        """Return a client that has received the greeting and has sent its request, at ``now`` if given."""
        client = self.connect(CLIENT)
        begin(client)
        if greeting:
            take(client, START if self.datagrams else None)
            play(client, greeting)
        Program(client, self.multiplexed).send(exchange.asked)
        take(client, now)
        return client

    def _answer(self, exchange: Exchange) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Return the input of a client before and after its request: from the suite, or from our own server."""
        if exchange.server is not None and not hasattr(self.connect(CLIENT), "initiate_connection"):
            return (), units(exchange.server)
        if SERVER not in self.descriptor.roles or self.datagrams:
            return (), units(exchange.server)
        pair = StreamPair(self.connect(CLIENT), self.connect(SERVER), self.multiplexed)
        greeting = units(b"".join(pair.to_client))
        pair.to_client.clear()
        pair.converse(exchange)
        return greeting, units(b"".join(pair.to_client))

    def _recorded(self, exchange: Exchange) -> list[Scenario]:
        """Return both sides as a pair plays them: with the same surroundings a connection behaves in the same way."""
        if exchange.resumes or not exchange.events:
            return []  # the pair shows it
        pair = self.pair()
        assert isinstance(pair, DatagramPair)
        greeting = {role: tuple(arrived) for role, arrived in pair.arrived.items()}
        began = pair.now
        pair.converse(exchange)
        asking = tuple(pair.arrived[SERVER][: pair.asked])
        answer = tuple(pair.arrived[CLIENT][len(greeting[CLIENT]) :])
        return [
            Scenario(exchange, SERVER, asking, False, self._listening),
            Scenario(exchange, CLIENT, answer, False, lambda: self._asking(exchange, greeting[CLIENT], began)),
        ]


def refused(connection: Any, data: bytes) -> Outcome:
    """Return the outcome of input that must be refused, at the latest at EOF."""
    outcome = play(connection, [data])
    if outcome.refusal is None and hasattr(connection, "receive_data"):
        outcome.follow(play(connection, (), closes=True))
    return outcome


def survive(who: object, connection: Any, pieces: Iterable[bytes]) -> None:
    """Pass pieces and drop all results, until they are refused."""
    __tracebackhide__ = True
    try:
        with telling(f"{who}"):
            for piece in pieces:
                receive(connection, piece)
                pull(connection, Outcome())
                take(connection)
    except RemoteProtocolError:
        return
