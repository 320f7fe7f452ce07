"""Endings: a clean end is distinguished from a truncation, at every position."""

from __future__ import annotations

from typing import Final

from zttp_core.constants import SERVER
from zttp_core.errors import LocalProtocolError
from zttp_core.events import EndOfMessage, Request, Response
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA
from zttp_core.testing.cuts import places
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.subject import Scenario, Subject
from zttp_core.testing.verdict import excerpt, fail, not_applicable, telling
from zttp_core.testing.wire import Outcome, Program, play, take

_PLACES: Final = 512
_EARLY_PLACES: Final = 64


class Endings(Subject):
    """An incomplete message never looks complete."""

    def test_a_message_that_breaks_off_is_refused(self, exchange: Exchange) -> None:
        """EOF within a head or content is a RemoteProtocolError, not a clean close."""
        for scenario in self.stream_scenarios(exchange):
            clean_before = False
            for at in places(scenario.data, _PLACES):
                outcome = ended(scenario, at)
                if outcome.refusal is not None:
                    clean_before = False
                    continue
                heads = [event for event in outcome.events if isinstance(event, Request | Response)]
                if any(isinstance(event, EndOfMessage) for event in outcome.events):
                    break
                # Between the frames of a connection it may end, but no frame is one byte long.
                between = self.multiplexed and not heads and not clean_before
                if not between and not (heads and scenario.closes):
                    fail(
                        f"{scenario}: EOF after byte {at} of {len(scenario.data)} is taken for a clean close, with "
                        f"the events {excerpt(outcome.events)}"
                    )
                clean_before = True

    def test_an_end_is_told(self, exchange: Exchange) -> None:
        """EOF after a complete exchange, or before any input, is ``CONNECTION_CLOSED``, once."""
        if exchange.switches or "extended-connect" in exchange.capabilities:
            not_applicable("another protocol says how it ends")
        for scenario in self.stream_scenarios(exchange):
            outcome = ended(scenario, len(scenario.data))
            if outcome.refusal is not None or outcome.end is not CONNECTION_CLOSED:
                fail(f"{scenario}: after it EOF gives {outcome.told()[1]}, not CONNECTION_CLOSED")
            unread = scenario.start()
            unread.receive_data(scenario.data)
            unread.receive_data(b"")
            events = play(unread, ()).events
            if events != outcome.events:
                fail(f"{scenario}: where EOF comes before the first pull, the events are {excerpt(events)}")
            self._check_behind_the_end(scenario, len(scenario.data))
            if not scenario.exchange.asked or scenario.role == self.first_role:
                outcome = ended(scenario, 0)
                if outcome.refusal is not None or outcome.end is not CONNECTION_CLOSED:
                    fail(f"{scenario}: before anything came EOF gives {outcome.told()[1]}, not CONNECTION_CLOSED")
                self._check_behind_the_end(scenario, 0)

    def test_who_ends_its_side_is_answered(self, exchange: Exchange) -> None:
        """EOF after a complete request closes nothing before the answer, which is still sent."""
        answered = False
        for scenario in self.stream_scenarios(exchange):
            if scenario.role != SERVER or not exchange.reply or not exchange.ends or exchange.switches:
                continue
            answered = True
            connection = scenario.start()
            play(connection, scenario.received, closes=True)
            if connection.is_closed():
                fail(f"{scenario}: at EOF is_closed() is True, although the answer has not gone out")
            take(connection)
            if not any(self.serve(connection, exchange)):
                fail(f"{scenario}: after EOF nothing of the answer goes out")
            if not connection.is_closed():
                fail(f"{scenario}: is_closed() is False after EOF and the answer")
            if not scenario.closes:
                self._check_queued_output(scenario)
        if not answered:
            not_applicable("no server answers a whole request")

    def test_an_early_answer_loses_no_content(self, exchange: Exchange) -> None:
        """A server that answers before the request has ended still gets the rest of it.

        On a stream its answer does not end earlier: that may end the stream, as in FastCGI.
        """
        reply = [event for event in exchange.reply if not (self.multiplexed and _is_end(event))]
        answered = False
        for scenario in self.stream_scenarios(exchange):
            if scenario.role != SERVER or not reply or not exchange.ends or exchange.switches or scenario.closes:
                continue
            wanted = scenario.play()
            heads = sum(isinstance(event, Request) for event in wanted.events)
            for at in places(scenario.data, _EARLY_PLACES):
                connection = scenario.start()
                outcome = play(connection, [scenario.data[:at]])
                if sum(isinstance(event, Request) for event in outcome.events) < heads:
                    continue
                if len(outcome.events) >= len(wanted.events) and isinstance(outcome.events[-1], EndOfMessage):
                    break
                answered = True
                with telling(f"{scenario}: answered after byte {at}"):
                    Program(connection, self.multiplexed).send(reply)
                    take(connection)
                    outcome.follow(play(connection, [scenario.data[at:]]))
                if outcome.told() != wanted.told():
                    fail(
                        f"{scenario}: answered after byte {at} of {len(scenario.data)} the request is "
                        f"{excerpt(outcome.told())}, not {excerpt(wanted.told())}"
                    )
        if not answered:
            not_applicable("no server is given a head before the end of a request")

    def _check_queued_output(self, scenario: Scenario) -> None:
        __tracebackhide__ = True
        _, wanted = self.live_through(scenario)
        connection = scenario.start()
        play(connection, scenario.received)
        sent = take(connection)
        Program(connection, self.multiplexed).send(scenario.exchange.reply)
        connection.receive_data(b"")
        if b"".join([*sent, *take(connection)]) != b"".join(wanted):
            fail(f"{scenario}: EOF changes the answer that was queued before it")

    def _check_behind_the_end(self, scenario: Scenario, at: int) -> None:
        __tracebackhide__ = True
        connection = scenario.start()
        play(connection, [scenario.data[:at]] if at else [], closes=True)
        again = connection.next_event()
        if again is not NEED_DATA:
            fail(
                f"{scenario}: behind the CONNECTION_CLOSED of an EOF next_event() returns {again!r}, not NEED_DATA: a "
                "program that pulls all there is never comes to rest"
            )
        if not self.multiplexed and not connection.should_close():
            fail(f"{scenario}: after it, at EOF, should_close() is False")
        try:
            outcome = play(connection, [scenario.data])
        except LocalProtocolError:
            return
        if outcome.events:
            fail(f"{scenario}: what comes after EOF is read: {excerpt(outcome.events)}")


def _is_end(event: object) -> bool:
    return isinstance(event, EndOfMessage) or (isinstance(event, Response) and event.end_stream)


def ended(scenario: Scenario, at: int) -> Outcome:
    """Return the outcome of the first bytes of a scenario and an EOF."""
    connection = scenario.start()
    outcome = play(connection, [scenario.data[:at]] if at else [])
    if outcome.refusal is None:
        outcome.follow(play(connection, (), closes=True))
    return outcome
