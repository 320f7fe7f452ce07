"""Timers: a connection over datagrams names its deadlines, and each has a purpose."""

from __future__ import annotations

from zttp_core.constants import CLIENT
from zttp_core.sentinels import CONNECTION_CLOSED
from zttp_core.testing.datagram_pair import HOUR, DatagramPair, check_deadline, deadline_of
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.subject import Subject
from zttp_core.testing.verdict import fail, not_applicable, telling
from zttp_core.testing.wire import Outcome, Program, begin, pull, take


class Timers(Subject):
    """The promises of ``next_timeout`` and ``handle_timeout``."""

    def test_an_idle_pair_comes_to_rest(self) -> None:
        """After an exchange the timers end: a pair comes to rest."""
        self._check_applicable()
        for exchange in self.exchanges:
            pair = self._rested_pair(exchange)
            if deadlines := pair.deadlines():
                fail(f"exchange '{exchange.name}': when all is done, next_timeout() is {min(deadlines)}, at {pair.now}")

    def test_a_timer_that_was_not_asked_for_does_nothing(self) -> None:
        """If ``next_timeout`` is ``None``, a call of ``handle_timeout`` sends nothing and starts nothing."""
        self._check_applicable()
        for exchange in self.exchanges:
            pair = self._rested_pair(exchange)
            later = pair.now + HOUR
            for connection in pair.connections.values():
                if connection.next_timeout() is None:
                    connection.handle_timeout(later)
                    if take(connection, later) or connection.next_timeout() is not None:
                        fail(f"exchange '{exchange.name}': handle_timeout() acts although next_timeout() was None")

    def test_a_silent_peer_is_given_up(self) -> None:
        """If the peer is gone, the deadlines move on, and end; a waiting client gets an event or error."""
        self._check_applicable()
        for role in sorted(self.descriptor.roles):
            connection = self.connect(role)
            begin(connection)
            if role == CLIENT:
                Program(connection, self.multiplexed).send(self.exchanges[0].asked)
            now = 1_000_000
            take(connection, now)
            told = False
            for _ in range(10_000):
                deadline = connection.next_timeout()
                if deadline is None:
                    break
                now = max(now, deadline)
                connection.handle_timeout(now)
                outcome = Outcome()
                pull(connection, outcome)
                told = told or outcome.end is CONNECTION_CLOSED
                take(connection, now)
                check_deadline(connection, now)
            else:
                fail(f"'{self.protocol}' has timed out 10,000 times without an answer and does not give up")
            if role == CLIENT and self.reliable and not (told and connection.is_closed()):
                fail(
                    f"'{self.protocol}' gives up waiting for an answer, and CONNECTION_CLOSED was "
                    f"{'' if told else 'not '}returned, is_closed() is {connection.is_closed()}"
                )
            if told and connection.next_event() is CONNECTION_CLOSED:
                fail(f"'{self.protocol}' gives up waiting for an answer, and returns CONNECTION_CLOSED more than once")
            if role == CLIENT and connection.is_closed():
                connection.handle_timeout(now + HOUR)
                if take(connection, now + HOUR):
                    fail(f"'{self.protocol}' has given up waiting for an answer, and goes on sending")

    def test_a_clock_that_goes_back_breaks_nothing(self) -> None:
        """A time before the last one counts as the last one: clocks are read by different threads and hosts."""
        self._check_applicable()
        for role in sorted(self.descriptor.roles):
            connection = self.connect(role)
            begin(connection)
            take(connection, 1_000_000)
            for name, call in (
                ("handle_timeout", lambda on=connection: on.handle_timeout(1)),
                ("data_to_send", lambda on=connection: take(on, 1)),
                ("receive_datagram", lambda on=connection: on.receive_datagram(bytes(30), 1)),
            ):
                with telling(f"{name}() at a time before the last one"):
                    call()

    def test_a_timer_that_rings_early_does_nothing(self) -> None:
        """A call of ``handle_timeout`` before the deadline sends nothing and does not move the deadline."""
        self._check_applicable()
        for exchange in self.exchanges:
            for role in sorted(self.descriptor.roles):
                connection = self.connect(role)
                begin(connection)
                if role == CLIENT and "extended-connect" not in exchange.capabilities:  # the server has to consent
                    Program(connection, self.multiplexed).send(exchange.asked)
                now = 1_000_000
                take(connection, now)
                deadline = deadline_of(connection)
                if deadline is not None and deadline > now + 1:
                    connection.handle_timeout(now + 1)
                    if take(connection, now + 1) or deadline_of(connection) != deadline:
                        fail(f"exchange '{exchange.name}': handle_timeout({now + 1}) acts, the deadline is {deadline}")

    def _check_applicable(self) -> None:
        if not self.datagrams:
            not_applicable("a stream has no timers")

    def _rested_pair(self, exchange: Exchange) -> DatagramPair:
        pair = self._datagram_pair(exchange)
        pair.converse(exchange)
        pair.run(patience=HOUR)
        return pair

    def _datagram_pair(self, exchange: Exchange) -> DatagramPair:
        pair = self.pair(exchange)
        assert isinstance(pair, DatagramPair)
        return pair
