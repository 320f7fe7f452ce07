"""Bounds: whatever a peer sends, for however long, a connection holds no more than its documented limits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.testing.cuts import places
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.memory import growth, traced
from zttp_core.testing.subject import Scenario, Subject, survive
from zttp_core.testing.verdict import fail, not_applicable

_PLACES: Final = 8  # in which the rest of a message becomes endless
_SHORTEST_PIECE: Final = 1024  # what is refused early is refused soon; what is not comes in ever longer pieces
_LONGEST_PIECE: Final = 1024 * 1024
_MOST_PIECES: Final = 20_000  # of a flood
_WARM_UP: Final = 100
_ROUNDS: Final = 300
_FLAT: Final = 64 * 1024  # bytes that a few hundred messages may leave behind: a table that has not filled up yet


class Bounds(Subject):
    """Memory is bounded for any peer, and what has ended is forgotten."""

    def test_endless_input_is_bounded(self, exchange: Exchange) -> None:
        """A start line, a field or anything else that never ends is refused before it fills the memory."""
        for scenario in self.stream_scenarios(exchange):
            data = scenario.data
            for at in [0, *places(data, _PLACES)]:
                for filler in {b"a", b"0", data[at : at + 1], data[max(at - 1, 0) : max(at, 1)]}:
                    self._feed_endlessly(scenario, at, filler)

    def test_floods_are_bounded(self) -> None:
        """What the suite knows to be endless: streams opened and reset, frames that only cost."""
        if not self.floods:
            not_applicable("the suite has no floods")
        for name, supply in self.floods.items():
            connection = self.connect(SERVER if SERVER in self.descriptor.roles else CLIENT)
            with traced() as held:
                survive(connection, islice(supply(), _MOST_PIECES))
                peak = held.peak
            if peak > self.max_memory:
                fail(f"flood '{name}': {peak} bytes are held, the limits say {self.max_memory}")

    def test_what_has_ended_is_forgotten(self) -> None:
        """Hundreds of messages on one connection leave nothing behind."""
        if "keep-alive" not in self.descriptor.capabilities:
            not_applicable(f"'{self.protocol}' does not claim keep-alive")
        pair = self.pair()
        for exchange in self.exchanges:
            pair.converse(exchange)
            if not pair.can_go_on():
                pair = self.pair()
                continue

            def converse(exchange: Exchange = exchange, pair: Any = pair) -> None:
                pair.converse(exchange)
                pair.can_go_on()
                if hasattr(pair, "to_client"):
                    pair.to_client.clear()

            left = growth(converse, _WARM_UP, _ROUNDS)
            if left > _FLAT:
                fail(f"exchange '{exchange.name}': {_ROUNDS} more of it on one connection leave {left} bytes behind")
            return

    def _feed_endlessly(self, scenario: Scenario, at: int, filler: bytes) -> None:
        __tracebackhide__ = True
        filling = filler * min(_LONGEST_PIECE, self.max_memory // 8)  # content is passed on: it is not held
        connection = scenario.start()
        with traced() as held:
            survive(connection, _then_endless(scenario.data[:at], filling, self.max_memory * 5 // 4))
            peak = held.peak
        if peak > self.max_memory:
            fail(
                f"{scenario}: {filler!r} without an end from byte {at} on: {peak} bytes are held, the limits say "
                f"{self.max_memory}"
            )


def _then_endless(data: bytes, filling: bytes, total: int) -> Iterator[bytes]:
    if data:
        yield data
    length = _SHORTEST_PIECE
    while length < len(filling):
        yield filling[:length]
        length *= 2
    yield from repeat(filling, total // len(filling))
