"""Limits: whatever a peer sends, and for however long, a connection holds no more than its documented limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, repeat
from typing import Any, Final

from zttp_core.constants import SERVER
from zttp_core.errors import ProtocolError
from zttp_core.testing.cuts import places
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.memory import leak, traced
from zttp_core.testing.pair import Pair
from zttp_core.testing.subject import Subject, refused, survive
from zttp_core.testing.verdict import fail, not_applicable, telling
from zttp_core.testing.wire import receive, take

_PLACES: Final = 5  # in which the rest of a message becomes endless
_SHORTEST_PIECE: Final = 1024  # an early refusal comes soon; otherwise the pieces get longer and longer
_LONGEST_PIECE: Final = 1024 * 1024
_MOST_PIECES: Final = 20_000  # of a flood
_LEAST_OF_A_PIECE: Final = 64  # bytes that each may leave behind: this many fill the limits


class Bounds(Subject):
    """Memory is bounded for any peer, and ended messages are forgotten."""

    def test_endless_input_is_bounded(self, exchange: Exchange) -> None:
        """A start line, a field or anything else that never ends is refused before it fills the memory."""
        for scenario in self.stream_scenarios(exchange):
            data = scenario.data
            for at in [0, *places(data, _PLACES)]:
                ends = {data[-1:], data[-2:]} if at == 0 else set()  # such as empty lines in front of a message
                for filler in {b"a", data[at : at + 1], data[max(at - 1, 0) : max(at, 1)]} | ends:
                    filling = filler * self._longest  # content is passed on: it is not held
                    pieces = _then_endless(data[:at], filling, self.max_memory * 5 // 4)
                    self._check(
                        f"{scenario}: {filler!r} without an end from byte {at} on",
                        lambda kept=scenario, fed=pieces: survive(kept, kept.start(), fed),  # type: ignore[misc]
                    )

    def test_unanswered_requests_are_bounded(self, exchange: Exchange) -> None:
        """A peer that sends more requests while its first one is not answered fills no memory."""
        if self.multiplexed:
            not_applicable("the limit on streams has a test of its own")
        for scenario in self.stream_scenarios(exchange):
            if scenario.role == SERVER and not scenario.closes and not exchange.switches:
                filling = scenario.data * (self._longest // len(scenario.data) + 1)
                pieces = _then_endless(b"", filling, self.max_memory * 5 // 4)
                self._check(
                    f"{scenario}: the same request without an end, unanswered",
                    lambda kept=scenario, fed=pieces: survive(kept, kept.start(), fed),  # type: ignore[misc]
                )

    def test_a_refused_peer_is_not_listened_to(self) -> None:
        """Input after an error is not kept."""
        for name, data in self.malformed.items():
            connection = self.connect(self.first_role)
            if refused(connection, data).refusal is not None:
                filling = b"a" * min(self._longest, 60_000)
                self._check(
                    f"malformed input '{name}', and more after it",
                    lambda kept=connection, fed=filling: self._go_on(kept, fed),  # type: ignore[misc]
                )

    def test_floods_are_bounded(self) -> None:
        """The endless inputs of the suite: streams opened and reset, frames without progress."""
        if not self.floods:
            not_applicable("the suite has no floods")
        pieces = min(_MOST_PIECES, self.max_memory // _LEAST_OF_A_PIECE)
        for name, supply in self.floods.items():
            connection = self.connect(self.first_role)
            self._check(
                f"flood '{name}'",
                lambda who=f"flood '{name}'", kept=connection, fed=supply: survive(  # type: ignore[misc]
                    who, kept, islice(fed(), pieces)
                ),
            )

    def test_what_has_ended_is_forgotten(self) -> None:
        """Hundreds of messages on one connection leave nothing behind."""
        if "keep-alive" not in self.descriptor.capabilities:
            not_applicable(f"'{self.protocol}' does not claim keep-alive")
        for exchange in self.exchanges:
            pair = self.pair(exchange)
            pair.converse(exchange)
            if not exchange.ends or not pair.can_go_on():
                continue
            # At rest: data in flight, such as the last acknowledgments, does not count.
            left = leak(lambda kept=exchange, on=pair: _converse_again(on, kept), settle=pair.run)  # type: ignore[misc]
            if left:
                fail(f"exchange '{exchange.name}': each repetition of it on one connection leaves {left} bytes behind")

    @property
    def _longest(self) -> int:
        return min(_LONGEST_PIECE, self.max_memory // 8)

    def _check(self, what: str, work: Callable[[], object]) -> None:
        __tracebackhide__ = True
        with traced() as held:
            work()
            peak = held.peak
        if peak > self.max_memory:
            fail(f"{what}: {peak} bytes are held, the limits say {self.max_memory}")

    def _go_on(self, connection: Any, filling: bytes) -> None:
        __tracebackhide__ = True
        with telling("receiving after an error"):
            for _ in range(self.max_memory * 5 // 4 // len(filling) + 1):
                try:
                    receive(connection, bytearray(filling))
                    connection.next_event()
                except ProtocolError:  # a RemoteProtocolError, or a LocalProtocolError after an EOF
                    take(connection)


def _converse_again(pair: Pair, exchange: Exchange) -> None:
    pair.converse(exchange)
    pair.can_go_on()
    pair.forget()


def _then_endless(data: bytes, filling: bytes, total: int) -> Iterator[bytes]:
    if data:
        yield data
    length = _SHORTEST_PIECE
    while length < len(filling):
        yield filling[:length]
        length *= 2
    yield from repeat(filling, total // len(filling))
