"""Determinism: the events depend on the bytes alone, not on how a network cuts them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from zttp_core.constants import SERVER
from zttp_core.testing.cuts import byte_by_byte, places, random_pieces
from zttp_core.testing.exchange import Exchange, units
from zttp_core.testing.pair import turn_to_next
from zttp_core.testing.subject import Scenario, Subject
from zttp_core.testing.verdict import excerpt, fail, not_applicable
from zttp_core.testing.wire import Outcome, play, take

_RANDOM_CUTS: Final = 200


class Determinism(Subject):
    """The same bytes give the same events, whole, cut anywhere, and with the next message behind them."""

    def test_an_exchange_gives_its_events(self, exchange: Exchange) -> None:
        """A server makes the events of the exchange's bytes, and the bytes of its reply; a client what it answers."""
        if not self.scenarios(exchange):
            not_applicable("there is nothing on the wire to play: the pair shows it")
        for scenario in self.scenarios(exchange):
            outcome, sent = self.live_through(scenario)
            if outcome.refusal is not None:
                fail(f"{scenario}: refused: {outcome.refusal}")
            if scenario.role == SERVER:
                _compare(scenario, outcome, list(exchange.events))
                wanted = list(units(exchange.server)) if exchange.server is not None else sent
                if sent != wanted and (self._datagrams or b"".join(sent) != b"".join(wanted)):
                    fail(f"{scenario}: the reply is {excerpt(b''.join(sent))}, not {excerpt(b''.join(wanted))}")
            elif exchange.server is not None and exchange.answer is not None:
                _compare(scenario, outcome, exchange.answered)

    def test_byte_by_byte_gives_the_same(self, exchange: Exchange) -> None:
        """One byte at a time."""
        for scenario in self.stream_scenarios(exchange):
            _same(scenario, byte_by_byte(scenario.data), "byte by byte")

    def test_every_cut_in_two_gives_the_same(self, exchange: Exchange) -> None:
        """Every place in which the bytes can be cut."""
        for scenario in self.stream_scenarios(exchange):
            for at in places(scenario.data):
                _same(scenario, [scenario.data[:at], scenario.data[at:]], f"cut at byte {at}")

    def test_random_cuts_give_the_same(self, exchange: Exchange) -> None:
        """200 random ways to cut."""
        for scenario in self.stream_scenarios(exchange):
            for number in range(_RANDOM_CUTS):
                seed = f"{exchange.name}/{number}"
                _same(scenario, random_pieces(scenario.data, seed), f"cut at random, seed {seed!r}")

    def test_two_messages_glued_together_are_two_messages(self) -> None:
        """The next message may stand right behind the one before it."""
        if not {"keep-alive", "pipelining"} & self.descriptor.capabilities or SERVER not in self.descriptor.roles:
            not_applicable(f"a server of '{self.protocol}' has one message to a connection")
        if self.multiplexed:
            if not any(_streams(exchange) > 1 for exchange in self.exchanges):
                fail(f"'{self.protocol}' is multiplexed, no exchange has requests on two streams")
            return  # the cuts of that exchange are the test
        keepers = self.keepers()
        for first, second in zip(keepers, [*keepers[1:], *keepers[:1]], strict=True):
            self._glue(first, second)

    def test_connections_do_not_disturb_each_other(self) -> None:
        """Two connections that are fed in turns give what each gives alone."""
        for scenario in self.all_scenarios():
            pieces = byte_by_byte(scenario.data) if not self._datagrams else list(scenario.received)
            expected = play(scenario.start(), scenario.received).told()
            connections = scenario.start(), scenario.start()
            outcomes = Outcome(), Outcome()
            for piece in pieces:
                for connection, outcome in zip(connections, outcomes, strict=True):
                    outcome.follow(play(connection, [piece]))
            if any(outcome.told() != expected for outcome in outcomes):
                fail(f"{scenario}: two connections that are fed in turns disturb each other")

    def keepers(self) -> list[Exchange]:
        """Return the exchanges behind which a server's connection goes on."""
        return [scenario.exchange for scenario in self.all_scenarios() if self._goes_on(scenario)]

    def _goes_on(self, scenario: Scenario) -> bool:
        if scenario.role != SERVER or scenario.closes:
            return False
        connection = scenario.start()
        play(connection, scenario.received)
        self.serve(connection, scenario.exchange)
        return not connection.is_closed() if self.multiplexed else turn_to_next(connection)

    def _glue(self, first: Exchange, second: Exchange) -> None:
        data = b"".join(units(first.client) + units(second.client))
        for pieces in [data], byte_by_byte(data):
            connection = self.connect(SERVER)
            for exchange, received in (first, pieces), (second, ()):
                outcome = play(connection, received)
                if outcome.refusal is not None:
                    fail(f"exchanges '{first.name}' and '{second.name}' glued together: refused: {outcome.refusal}")
                if outcome.events != list(exchange.events):
                    fail(
                        f"exchanges '{first.name}' and '{second.name}' glued together: '{exchange.name}' gives "
                        f"{excerpt(outcome.events)}"
                    )
                self.serve(connection, exchange)
                turn_to_next(connection)
            take(connection)

    @property
    def _datagrams(self) -> bool:
        return self.descriptor.transport == "datagram"


def _same(scenario: Scenario, pieces: Iterable[Any], how: str) -> None:
    __tracebackhide__ = True
    expected, got = scenario.play().told(), scenario.play(pieces).told()
    if got != expected:
        fail(f"{scenario}, {how}: the events are {excerpt(got)}; received whole they are {excerpt(expected)}")


def _compare(scenario: Scenario, outcome: Outcome, expected: list[Any]) -> None:
    __tracebackhide__ = True
    if outcome.events != expected:
        fail(f"{scenario}: the events are {excerpt(outcome.events)}, the exchange says {excerpt(expected)}")


def _streams(exchange: Exchange) -> int:
    from zttp_core.events import Request

    return len({event.stream_id for event in exchange.events if isinstance(event, Request)})
