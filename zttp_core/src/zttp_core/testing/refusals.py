"""Errors: those of the peer are terminal, those of the caller change no state, and nothing else is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from itertools import cycle
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import Response
from zttp_core.testing.cuts import byte_by_byte
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.illegal_sends import (
    Action,
    after_the_reply,
    after_the_request,
    before_anything,
    behind_the_request,
    inside_the_reply,
)
from zttp_core.testing.mutations import mutations
from zttp_core.testing.order import disorder
from zttp_core.testing.subject import Scenario, Subject, refused
from zttp_core.testing.verdict import excerpt, fail, not_applicable, telling
from zttp_core.testing.wire import Outcome, Program, play, take

_MUTATIONS: Final = 2_000
_SEALED_MUTATIONS: Final = 500  # of authenticated input: hardly any is read at all
_EXAMPLES: Final = 200
_LONGEST_MESSAGE: Final = 500

_Attempt = Callable[[Scenario, Any, Iterable[Action], str], None]


class Refusals(Subject):
    """For any input and any calls, the errors are those of the contract."""

    def test_malformed_input_is_refused(self, malformation: str) -> None:
        """It is a RemoteProtocolError that has a reason and a status to answer with."""
        outcome = self.refused(malformation)
        error = outcome.refusal
        if error is None:
            fail(f"malformed input '{malformation}' was accepted: {excerpt(outcome.events)}")
        if not error.reason or error.reason == "protocol_error":
            fail(f"malformed input '{malformation}': the error has no reason of its own, such as 'bad_length'")
        if self.first_role == SERVER and error.status_hint is None and error.error_code is None:
            fail(f"malformed input '{malformation}': the error has neither a status_hint nor an error_code to answer")
        if error.status_hint is not None and not 400 <= error.status_hint <= 599:
            fail(
                f"malformed input '{malformation}': the status_hint is {error.status_hint}, which is no error's status"
            )
        if not 0 < len(str(error)) <= _LONGEST_MESSAGE:
            fail(f"malformed input '{malformation}': the message has {len(str(error))} characters, not 1 to 500")
        if not str(error).isprintable():
            fail(
                f"malformed input '{malformation}': the message holds what the peer sent as it is: {str(error)!r:.100}"
            )

    def test_malformed_input_is_refused_however_it_is_cut(self, malformation: str) -> None:
        """Byte by byte the error has the same reason, after the same events."""
        if self.descriptor.transport != "stream":
            not_applicable("datagrams arrive whole")
        data = self.malformed[malformation]
        whole = self.refused(malformation).told()
        connection = self.connect(self.first_role)
        cut = play(connection, byte_by_byte(data))
        if cut.refusal is None:
            cut.follow(play(connection, (), closes=True))
        if cut.told() != whole:
            fail(f"malformed input '{malformation}': byte by byte it gives {cut.told()}, whole it gives {whole}")

    def test_an_error_is_repeated(self, malformation: str) -> None:
        """Every later read raises the same error, there are no further events, and the closing message can be taken."""
        connection = self.connect(self.first_role)
        first = refused(connection, self.malformed[malformation]).refusal
        if first is None:
            fail(f"malformed input '{malformation}' was accepted")
        take(connection)
        notes = list(getattr(first, "__notes__", ()))
        for _ in range(3):
            try:
                event = connection.next_event()
            except RemoteProtocolError as again:
                if (type(again), again.reason, str(again)) != (type(first), first.reason, str(first)):
                    fail(f"malformed input '{malformation}': first the error is {first!r}, then {again!r}")
                if (noted := list(getattr(again, "__notes__", ()))) != notes:
                    fail(f"malformed input '{malformation}': first the error has the notes {notes}, then {noted}")
            else:
                fail(f"malformed input '{malformation}': after the error next_event() returned {event!r}")
            take(connection)
        # A server of one message at a time may still send its closing message.
        if not connection.is_closed() and not (hasattr(connection, "should_close") and connection.should_close()):
            fail(f"malformed input '{malformation}': is_closed() is False after the error, which is terminal")

    def test_an_answer_behind_an_error_is_sent_or_refused(self, malformation: str) -> None:
        """A server may answer input that it refused; if that is too late, it is a LocalProtocolError like any other."""
        if self.multiplexed or self.first_role != SERVER:
            not_applicable("a connection of many messages ends with an error of its own")
        for status in 400, 200:
            connection = self.connect(SERVER)
            refused(connection, self.malformed[malformation])
            with telling(f"malformed input '{malformation}': send_response({status}) after it"):
                try:
                    connection.send_response(status, [])
                    connection.end_message()
                except LocalProtocolError:
                    continue
                finally:
                    take(connection)

    def test_malformed_replies_are_refused(self) -> None:
        """The same for what a client receives."""
        if not self.malformed_replies:
            not_applicable("the suite has no malformed replies")
        client = next(self.all_scenarios(CLIENT))
        for name, data in self.malformed_replies.items():
            with telling(f"malformed reply '{name}'"):
                outcome = refused(client.start(), data)
            if outcome.refusal is None:
                fail(f"malformed reply '{name}' was accepted: {excerpt(outcome.events)}")

    def test_mutated_input_raises_nothing_else(self) -> None:
        """Thousands of mutations of valid input give events in a legal order, or a RemoteProtocolError."""
        for role in self.descriptor.roles:
            scenarios = list(self.all_scenarios(role))
            samples = [unit for scenario in scenarios for unit in scenario.received]
            count = _SEALED_MUTATIONS if self.encrypted else _MUTATIONS
            for scenario, data in zip(cycle(scenarios), mutations(samples, count, self.protocol), strict=False):
                withstand(scenario, [data], self.multiplexed)

    def test_no_input_raises_anything_else(self) -> None:
        """Pieces of messages in any order, and any bytes, generated by Hypothesis."""
        if find_spec("hypothesis") is None:
            not_applicable("hypothesis is not installed")
        explore(list(self.all_scenarios()), self.multiplexed)

    def test_illegal_sends_leave_no_trace(self, exchange: Exchange) -> None:
        """A LocalProtocolError: nothing is queued, nothing changes, and the exchange continues unaffected."""
        for scenario in self.scenarios(exchange):
            if scenario.role == SERVER:
                expected, wanted = self._serve_in_two_parts(scenario, _leave)
                outcome, sent = self._serve_in_two_parts(scenario, _try)
                if outcome.told() != expected.told() or not self._says_the_same(scenario, sent, wanted):
                    fail(f"{scenario}: illegal sends have changed it: {excerpt(sent)} is sent, not {excerpt(wanted)}")
            elif "extended-connect" not in exchange.capabilities:  # which waits for the server's consent
                wanted = self._asked(exchange, self.connect(scenario.role))
                connection = self.connect(scenario.role)
                greeting = take(connection)
                _try(scenario, connection, before_anything(connection, self.multiplexed, exchange), "before a request")
                sent = greeting + self._asked(exchange, connection)
                behind = behind_the_request(connection, self.multiplexed, exchange)
                _try(scenario, connection, behind, "before the reply")
                if not self._says_the_same(scenario, sent, wanted):
                    fail(f"{scenario}: illegal sends have changed it: {excerpt(sent)} is sent, not {excerpt(wanted)}")

    def refused(self, malformation: str) -> Outcome:
        """Return the outcome of malformed input."""
        __tracebackhide__ = True
        with telling(f"malformed input '{malformation}'"):
            return refused(self.connect(self.first_role), self.malformed[malformation])

    def _says_the_same(self, scenario: Scenario, sent: list[bytes], wanted: list[bytes]) -> bool:
        """Return whether both mean the same to the other side: a compressor may differ."""
        if self.datagrams:
            return sent == wanted  # the surroundings are the same, and so is the schedule of the output
        if b"".join(sent) == b"".join(wanted):
            return True
        others = [other for other in self.scenarios(scenario.exchange) if other.role != scenario.role]
        told = [[other.play(one).told() for other in others] for one in (sent, wanted)]
        return bool(others) and told[0] == told[1]

    def _asked(self, exchange: Exchange, connection: Any) -> list[bytes]:
        Program(connection, self.multiplexed).send(exchange.asked)
        return take(connection)

    def _serve_in_two_parts(self, scenario: Scenario, attempt: _Attempt) -> tuple[Outcome, list[bytes]]:
        """Play a scenario and serve it, with illegal calls before and after each part of the reply."""
        connection = scenario.start()
        exchange = scenario.exchange
        attempt(scenario, connection, before_anything(connection, self.multiplexed, exchange), "before anything else")
        outcome = play(connection, scenario.received, closes=scenario.closes)
        sent = take(connection)
        early = after_the_request(connection, self.multiplexed, exchange, self.descriptor.capabilities)
        attempt(scenario, connection, early, "before the reply")
        middle = next((at for at, event in enumerate(exchange.reply) if _is_open(event)), len(exchange.reply)) + 1
        program = Program(connection, self.multiplexed)
        program.send(exchange.reply[:middle])
        if not exchange.switches and "extended-connect" not in exchange.capabilities:
            sent += take(connection)
            inside = inside_the_reply(connection, self.multiplexed, exchange, self.descriptor.capabilities)
            attempt(scenario, connection, inside, "inside the reply")
        program.send(exchange.reply[middle:])
        sent += take(connection)
        attempt(scenario, connection, after_the_reply(connection, self.multiplexed, exchange), "after the reply")
        return outcome, sent


def check_refusal(scenario: Scenario, connection: Any, action: Action, when: str) -> None:
    """Take an illegal action; it must be refused, and change nothing."""
    __tracebackhide__ = True
    name, call = action
    before = repr(connection), connection.is_closed()
    try:
        call()
    except LocalProtocolError as error:
        if not error.reason or error.reason == "protocol_error":
            fail(f"{scenario}: {name} {when} was refused without a reason of its own, such as 'wrong_order'")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        fail(f"{scenario}: {name} {when} raised {type(error).__name__}, not LocalProtocolError: {error}")
    else:
        fail(f"{scenario}: {name} {when} was allowed")
    if queued := take(connection):
        fail(f"{scenario}: {name} {when} was refused, and has queued {excerpt(b''.join(queued))}")
    if (repr(connection), connection.is_closed()) != before:
        fail(f"{scenario}: {name} {when} was refused, and has changed {before[0]} to {connection!r}")


def _is_open(event: object) -> bool:
    return isinstance(event, Response) and not event.is_informational and not event.end_stream


def withstand(scenario: Scenario, pieces: Iterable[bytes], multiplexed: bool) -> None:
    """Fail if the pieces give anything other than events in a legal order and a RemoteProtocolError."""
    __tracebackhide__ = True
    kept = list(pieces)
    connection = scenario.start()
    side = "server" if scenario.role == SERVER else "client"
    try:
        outcome = play(connection, kept, closes=hasattr(connection, "receive_data"))
        take(connection)
        wrong = disorder(outcome.events, scenario.role, multiplexed)
        if wrong:
            fail(f"a {side} that received {excerpt(kept)} gives events in a wrong order: {wrong}")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        fail(f"a {side} that received {excerpt(kept)} raised {type(error).__name__}: {error}")


def explore(scenarios: list[Scenario], multiplexed: bool) -> None:
    """Let Hypothesis search for bytes that raise something else."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    units = [sorted(set(scenario.received)) for scenario in scenarios]
    slices = [
        st.sampled_from(samples).flatmap(
            lambda unit: st.tuples(st.integers(0, len(unit)), st.integers(0, len(unit))).map(
                lambda ends: unit[min(ends) : max(ends)]
            )
        )
        for samples in units
    ]
    chosen = st.integers(0, len(scenarios) - 1).flatmap(
        lambda number: st.tuples(
            st.just(scenarios[number]),
            st.lists(st.one_of(slices[number], st.binary(max_size=64)).filter(bool), max_size=8),
        )
    )

    @settings(
        max_examples=_EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(chosen)
    def look(found: tuple[Scenario, list[bytes]]) -> None:
        withstand(*found, multiplexed)

    look()


def _leave(scenario: Scenario, connection: Any, actions: Iterable[Action], when: str) -> None:
    """Do nothing illegal."""


def _try(scenario: Scenario, connection: Any, actions: Iterable[Action], when: str) -> None:
    __tracebackhide__ = True
    for action in actions:
        check_refusal(scenario, connection, action, when)
