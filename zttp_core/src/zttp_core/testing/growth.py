"""Growth: content may have any length, and twice as much costs twice as much, not four times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import thread_time_ns
from typing import Any, Final

from zttp_core.constants import SERVER
from zttp_core.errors import RemoteProtocolError
from zttp_core.events import Data
from zttp_core.testing.cuts import places
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.subject import Scenario, Subject
from zttp_core.testing.verdict import excerpt, fail, telling
from zttp_core.testing.wire import (
    Outcome,
    Program,
    is_datagram,
    play,
    pull,
    receive,
    take,
    take_as_recorded,
)

_LENGTHS: Final = (3_001, 65_537, 300_000)
_PIECE: Final = 250
_LARGE_PIECE: Final = 16_384  # as a program may read from a socket
# Cost is thread time, because a profiler does not see compiled code: the minimum of several runs, because noise only
# adds. Per byte, linear work has the factor 1 and quadratic work 8. Clearly linear work is not measured again.
_SHORT: Final = 64 * 1024
_TIMES: Final = 8
_USUAL_FACTOR: Final = 1.5
_MOST_FACTOR: Final = 2.0
_CLEAR_FACTOR: Final = 4.0  # more than noise, after a few tries
_TRIES: Final = 18
_SHORT_RUNS: Final = 3  # a short job that is slow because it is the first must not excuse the long one
_LEAST_TRIES: Final = 6  # before a result that is clearly not linear is accepted
_HEAD: Final = 1024  # of a head that does not end; eight times as much is still below most limits
_HEAD_PIECE: Final = 16
_HEAD_PLACES: Final = 3


class Growth(Subject):
    """Messages of any length arrive, at a cost that is linear."""

    def test_content_of_any_length_arrives(self) -> None:
        """Whole and in pieces, to a server and to a client."""
        for name, make in self.growing.items():
            for length in _LENGTHS:
                exchange = make(length)
                for scenario in self.scenarios(exchange):
                    wanted = list(exchange.events if scenario.role == SERVER else exchange.answered)
                    cuts = (_PIECE, _LARGE_PIECE)
                    for pieces in [None] if self.datagrams else [pieces_of(scenario.data, size) for size in cuts]:
                        outcome = scenario.play(pieces)
                        if outcome.refusal is not None:
                            fail(f"growing '{name}', {length} bytes, {scenario}: refused: {outcome.refusal}")
                        if scenario.role == SERVER and outcome.events != wanted:
                            fail(f"growing '{name}', {length} bytes: the events are {excerpt(outcome.events)}")
                if len(self.descriptor.roles) > 1 and (exchange.client or not self.datagrams):  # others were recorded
                    self.pair().converse(exchange)

    def test_cost_is_linear_in_what_is_received(self) -> None:
        """Eight times as much, in pieces, costs eight times as much, whether it is pulled early or late."""
        for name, make in self.growing.items():
            long = {scenario.role: scenario for scenario in self.scenarios(make(_SHORT * _TIMES))}
            for scenario in self.scenarios(make(_SHORT)):
                for how, feed in ("pulled at once", _feed), ("pulled in the end", _feed_and_pull_late):
                    factor = superlinear(_job(scenario, feed), _job(long[scenario.role], feed))
                    if factor:
                        side = "server" if scenario.role == SERVER else "client"
                        fail(f"growing '{name}', {side}, {how}: {_TIMES} times as much costs {factor:.0f} times that")

    def test_cost_is_linear_in_what_is_sent(self) -> None:
        """The same for a reply that is sent in pieces and taken at the end."""
        for name, make in self.growing.items():
            jobs = []
            for length in _SHORT, _SHORT * _TIMES:
                jobs += [self._sending(one) for one in self.scenarios(make(length)) if one.role == SERVER]
            if jobs and (factor := superlinear(*jobs)):
                fail(f"growing '{name}': to send {_TIMES} times as much costs {factor:.0f} times as much")

    def test_cost_is_linear_in_a_head(self, exchange: Exchange) -> None:
        """A head that grows byte by byte is not scanned from its start each time."""
        for scenario in self.stream_scenarios(exchange):
            for at in [0, *places(scenario.data, _HEAD_PLACES)]:
                for filler in b"a", scenario.data[max(at - 1, 0) : max(at, 1)]:
                    jobs = [_endless(scenario, at, filler * length) for length in (_HEAD, _HEAD * _TIMES)]
                    if factor := superlinear(*jobs):
                        more = f"{_TIMES} times as much of {filler!r} from byte {at} on"
                        fail(f"{scenario}: {more} costs {factor:.0f} times as much")

    def _sending(self, scenario: Scenario) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            connection = scenario.start()
            play(connection, scenario.received if self.datagrams else pieces_of(scenario.data, _LARGE_PIECE))
            take(connection)
            script: list[Any] = []
            for event in scenario.exchange.reply:
                if isinstance(event, Data):
                    script += [Data(piece, event.stream_id) for piece in pieces_of(event.data)]
                else:
                    script.append(event)

            def send() -> None:
                Program(connection, self.multiplexed).send(script)
                take(connection)

            return send

        return prepare


def superlinear(short: Callable[[], Callable[[], object]], long: Callable[[], Callable[[], object]]) -> float:
    """Return by how much the longer job costs more than the shorter, if that is too much, or 0.

    A job is a function that prepares, and returns the work that is measured.
    """
    cheapest = [float("inf"), float("inf")]
    for tried in range(_TRIES):
        cheapest = [min(cheapest[0], *(_cost(short) for _ in range(_SHORT_RUNS))), min(cheapest[1], _cost(long))]
        if cheapest[1] <= cheapest[0] * _TIMES * _USUAL_FACTOR:
            return 0
        if tried >= _LEAST_TRIES and cheapest[1] > cheapest[0] * _TIMES * _CLEAR_FACTOR:
            break
    factor = cheapest[1] / cheapest[0]
    return factor if factor > _TIMES * _MOST_FACTOR else 0


def _cost(job: Callable[[], Callable[[], object]]) -> int:
    work = job()
    started = thread_time_ns()
    work()
    return max(thread_time_ns() - started, 1)


def _job(scenario: Scenario, feed: Callable[[Any, Iterable[bytes]], None]) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        connection = scenario.start()
        units = scenario.received
        pieces = units if is_datagram(connection) else pieces_of(scenario.data)

        def work() -> None:
            with telling(scenario):
                feed(connection, pieces)

        return work

    return prepare


def _endless(scenario: Scenario, at: int, filling: bytes) -> Callable[[], Callable[[], object]]:
    pieces = [filling[start : start + _HEAD_PIECE] for start in range(0, len(filling), _HEAD_PIECE)]

    def prepare() -> Callable[[], object]:
        connection = scenario.start()
        if at:
            play(connection, [scenario.data[:at]])

        def work() -> None:
            try:
                _feed(connection, pieces)
            except RemoteProtocolError:
                return

        return work

    return prepare


def _feed(connection: Any, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        receive(connection, piece)
        pull(connection, Forgetful())
        take_as_recorded(connection, piece)


def _feed_and_pull_late(connection: Any, pieces: Iterable[bytes]) -> None:
    try:
        for piece in pieces:
            receive(connection, piece)
            take_as_recorded(connection, piece)
        pull(connection, Forgetful())
    except RemoteProtocolError:  # more waits than the limits allow, which is bounded
        return


class Forgetful(Outcome):
    """Does not join events, which would be a cost of the kit."""

    def add(self, event: Any) -> None:
        """Drop the event."""


def pieces_of(data: bytes, size: int = _PIECE) -> list[bytes]:
    """Return data in pieces of one size."""
    return [data[start : start + size] for start in range(0, len(data), size)]
