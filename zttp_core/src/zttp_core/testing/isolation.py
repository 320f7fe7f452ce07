"""Isolation: connections share no mutable state."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from zttp_core.events import Request, Response
from zttp_core.testing.cuts import in_turns
from zttp_core.testing.shared_state import changes, common, copied, kept_by_package
from zttp_core.testing.subject import Scenario, Subject
from zttp_core.testing.verdict import excerpt, fail, not_applicable, telling
from zttp_core.testing.wire import Outcome, play

_MOST_VARIANTS: Final = 6  # of an exchange


class Isolation(Subject):
    """The input of one connection does not affect others."""

    def test_connections_do_not_disturb_each_other(self) -> None:
        """Two connections used in turns give the same as each alone: in the same exchange, and in different ones."""
        scenarios = list(self.all_scenarios())
        for number, scenario in enumerate(scenarios):
            for other in {0: scenario, 1: scenarios[number - 1]}.values():
                self._feed_in_turns(scenario, other)

    def test_what_one_connection_received_no_other_gives(self) -> None:
        """If one value in the input differs, no event has the value of other connections."""
        if self.datagrams:
            not_applicable("datagrams may be authenticated")
        for scenario in self.all_scenarios():
            expected = scenario.play().told()
            for old, new in variants(scenario):
                varied = scenario.data.replace(old, new)
                outcome = scenario.play([varied])
                again = Outcome()
                original, other = scenario.start(), scenario.start()
                for piece, varied_piece in zip(in_turns(scenario.data), in_turns(varied), strict=True):
                    again.follow(play(original, [piece]))
                    play(other, [varied_piece])
                again.follow(play(original, (), closes=scenario.closes))
                if old in values(outcome) or scenario.play().told() != expected or again.told() != expected:
                    fail(
                        f"{scenario}: with {new!r} in place of {old!r} on the wire of one connection, another "
                        f"connection's value is given: {excerpt(outcome.events)}"
                    )

    def test_connections_share_nothing_that_changes(self) -> None:
        """No list, dict or the like that one connection changes belongs to another connection or to the class."""
        for scenario in self.all_scenarios():
            one, other = scenario.start(), scenario.start()
            before = common(one, other)
            kept = copied(before)
            with telling(scenario):
                play(one, scenario.received, closes=scenario.closes)
            self.live_through(scenario)
            changed = changes(before, kept, common(one, other))
            if changed:
                fail(f"{scenario}: connections share what changes: {', '.join(sorted(changed))}")

    def test_modules_keep_nothing_of_connections(self) -> None:
        """No list, dict or unlimited cache in the plugin's modules grows with the input of connections."""
        for scenario in self.all_scenarios():
            self.live_through(scenario)
            before = kept_by_package(self.connection_class)
            scenario.play()
            for old, new in () if self.datagrams else variants(scenario):
                scenario.play([scenario.data.replace(old, new)])
            after = kept_by_package(self.connection_class)
            grown = sorted(name for name, size in after.items() if size > before.get(name, 0))
            if grown:
                fail(f"{scenario}: what a connection received is kept by its module: {', '.join(grown)}")

    def _feed_in_turns(self, scenario: Scenario, other: Scenario) -> None:
        __tracebackhide__ = True
        both = scenario, other
        pieces = [list(one.received) if self.datagrams else in_turns(one.data) for one in both]
        expected = [play(one.start(), one.received).told() for one in both]
        connections = [one.start() for one in both]
        outcomes = Outcome(), Outcome()
        for turn in zip_longest(*pieces):
            for connection, outcome, piece in zip(connections, outcomes, turn, strict=True):
                if piece is not None:
                    outcome.follow(play(connection, [piece]))
        if [outcome.told() for outcome in outcomes] != expected:
            fail(f"{scenario} and {other}: two connections that are fed in turns disturb each other")


def values(outcome: Outcome) -> list[bytes]:
    """Return targets and field values of all heads."""
    found = []
    for event in outcome.events:
        if isinstance(event, Request | Response):
            found += [event.target] if isinstance(event, Request) else []
            found += [value for _, value in event.headers]
    return found


def variants(scenario: Scenario) -> Iterator[tuple[bytes, bytes]]:
    """Yield values that appear unchanged in the input, exactly once, each with another one of the same length."""
    given = values(scenario.play())
    alone = [value for value in given if value and given.count(value) == 1 and scenario.data.count(value) == 1]
    for value in alone[:_MOST_VARIANTS]:
        last = value[-1:]
        yield value, value[:-1] + (b"b" if last != b"b" and not last.isdigit() else b"7" if last != b"7" else b"8")
