"""Determinism: the events depend only on the bytes, not on how a network splits them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from zttp_core.constants import SERVER
from zttp_core.testing.cuts import byte_by_byte, places, random_pieces
from zttp_core.testing.exchange import Exchange, units
from zttp_core.testing.pair import turn_to_next
from zttp_core.testing.subject import Scenario, Subject
from zttp_core.testing.verdict import excerpt, fail, not_applicable, telling
from zttp_core.testing.wire import Outcome, Program, play, receive, take, take_as_recorded

_RANDOM_CUTS: Final = 200


class Determinism(Subject):
    """The same bytes give the same events, whole, split anywhere, and followed by the next message."""

    def test_an_exchange_gives_its_events(self, exchange: Exchange) -> None:
        """A server gives the events and the reply of the exchange; a client gives its answer."""
        if not self.scenarios(exchange):
            not_applicable("there is nothing on the wire to play: the pair shows it")
        for scenario in self.scenarios(exchange):
            outcome, sent = self.live_through(scenario)
            if outcome.refusal is not None:
                fail(f"{scenario}: refused: {outcome.refusal}")
            if scenario.role == SERVER:
                _compare(scenario, outcome, list(exchange.events))
                wanted = list(units(exchange.server)) if exchange.server is not None else sent
                if sent != wanted and (self.datagrams or b"".join(sent) != b"".join(wanted)):
                    fail(f"{scenario}: the reply is {excerpt(b''.join(sent))}, not {excerpt(b''.join(wanted))}")
            elif exchange.server is not None and exchange.answer is not None:
                _compare(scenario, outcome, exchange.answered)

    def test_byte_by_byte_gives_the_same(self, exchange: Exchange) -> None:
        """One byte at a time."""
        for scenario in self.stream_scenarios(exchange):
            _same(scenario, [(byte_by_byte(scenario.data), "byte by byte")])

    def test_every_cut_in_two_gives_the_same(self, exchange: Exchange) -> None:
        """Every position at which the bytes can be split."""
        for scenario in self.stream_scenarios(exchange):
            data = scenario.data
            _same(scenario, (([data[:at], data[at:]], f"cut at byte {at}") for at in places(data)))

    def test_random_cuts_give_the_same(self, exchange: Exchange) -> None:
        """200 random splits."""
        for scenario in self.stream_scenarios(exchange):
            seeds = [f"{exchange.name}/{number}" for number in range(_RANDOM_CUTS)]
            _same(scenario, ((random_pieces(scenario.data, seed), f"cut at random, seed {seed!r}") for seed in seeds))

    def test_pulling_late_gives_the_same(self, exchange: Exchange) -> None:
        """A program may receive several pieces before it pulls."""
        for scenario in self.scenarios(exchange):
            connection = scenario.start()
            pieces = scenario.received if self.datagrams else random_pieces(scenario.data, exchange.name)
            with telling(scenario):
                for piece in pieces:
                    receive(connection, piece)
                    take_as_recorded(connection, piece)
                got = play(connection, (), closes=scenario.closes).told()
            expected = scenario.play().told()
            if got != expected:
                fail(
                    f"{scenario}, pulled when all was received: the events are {excerpt(got)}, not {excerpt(expected)}"
                )

    def test_looking_changes_nothing(self, exchange: Exchange) -> None:
        """Reading the state of a connection, and pulling when there is nothing, have no effect."""
        for scenario in self.scenarios(exchange):
            connection = scenario.start()
            outcome = Outcome()
            with telling(scenario):
                for piece in scenario.received if self.datagrams else byte_by_byte(scenario.data):
                    for _ in range(2):
                        look(connection)
                        outcome.follow(play(connection, ()))
                    outcome.follow(play(connection, [piece]))
                if scenario.closes:
                    outcome.follow(play(connection, (), closes=True))
            expected = scenario.play().told()
            if outcome.told() != expected:
                told = f"{excerpt(outcome.told())}, not {excerpt(expected)}"
                fail(f"{scenario}, looked at between all pieces: the events are {told}")

    def test_two_messages_glued_together_are_two_messages(self) -> None:
        """The next message may follow immediately."""
        if not {"keep-alive", "pipelining"} & self.descriptor.capabilities or SERVER not in self.descriptor.roles:
            not_applicable(f"a server of '{self.protocol}' has one message to a connection")
        if self.multiplexed:
            if not any(_streams(exchange) > 1 for exchange in self.exchanges):
                fail(f"'{self.protocol}' is multiplexed, no exchange has requests on two streams")
            return  # the splits of that exchange are the test
        keepers = self.keepers()
        for first, second in zip(keepers, [*keepers[1:], *keepers[:1]], strict=True):
            self._glue(first, second)

    def test_output_may_wait_while_the_next_message_begins(self) -> None:
        """The output of one message is sent before that of the next, whenever it is taken."""
        keepers = [] if self.multiplexed else self.keepers()
        if not keepers:
            not_applicable("no exchange leaves a connection that goes on, or messages have streams")
        for exchange in keepers:
            outputs = []
            for takes in True, False:
                connection = self.connect(SERVER)
                sent = []
                for _ in range(2):
                    play(connection, units(exchange.client))
                    Program(connection, self.multiplexed).send(exchange.reply)
                    sent += take(connection) if takes else []
                    turn_to_next(connection)
                outputs.append(b"".join([*sent, *take(connection)]))
            if outputs[0] != outputs[1]:
                told = f"{excerpt(outputs[1])}, not {excerpt(outputs[0])}"
                fail(f"exchange '{exchange.name}': two answers that are taken together are {told}")

    def keepers(self) -> list[Exchange]:
        """Return the exchanges after which a server's connection continues."""
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


def look(connection: Any) -> None:
    """Call every query of a connection."""
    repr(connection)
    answers = {name: getattr(connection, name)() for name in ("is_closed", "should_close") if hasattr(connection, name)}
    for name, answer in answers.items():
        if type(answer) is not bool:
            fail(f"{name}() returned {answer!r}, which is no bool")
    if hasattr(connection, "next_timeout"):
        connection.next_timeout()
    take(connection)


def _same(scenario: Scenario, ways: Iterable[tuple[Sequence[Any], str]]) -> None:
    __tracebackhide__ = True
    expected = scenario.play().told()
    for pieces, how in ways:
        got = scenario.play(pieces).told()
        if got != expected:
            fail(f"{scenario}, {how}: the events are {excerpt(got)}; received whole they are {excerpt(expected)}")


def _compare(scenario: Scenario, outcome: Outcome, expected: list[Any]) -> None:
    __tracebackhide__ = True
    if outcome.events != expected:
        fail(f"{scenario}: the events are {excerpt(outcome.events)}, the exchange says {excerpt(expected)}")


def _streams(exchange: Exchange) -> int:
    from zttp_core.events import Request

    return len({event.stream_id for event in exchange.events if isinstance(event, Request)})
