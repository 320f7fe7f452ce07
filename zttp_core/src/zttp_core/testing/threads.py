"""Threads: connections in different threads are independent."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from threading import Event, Semaphore, Thread
from typing import Any, Final

from zttp_core.errors import ProtocolError
from zttp_core.testing.cuts import byte_by_byte, random_pieces
from zttp_core.testing.subject import Subject
from zttp_core.testing.verdict import fail, not_applicable
from zttp_core.testing.wire import play

_ROUNDS: Final = 20
_START: Final = 60.0  # seconds that a thread may take until it runs


class Threads(Subject):
    """Two threads, each with a connection of its own."""

    def test_two_threads_use_two_connections(self) -> None:
        """Each gets the same as one thread alone."""
        scenarios = list(self.all_scenarios())
        alone = [scenario.play().told() for scenario in scenarios]
        different: list[str] = []

        def work() -> None:
            for number in range(_ROUNDS):
                for scenario, expected in zip(scenarios, alone, strict=True):
                    cut = scenario.received if self.datagrams else random_pieces(scenario.data, f"{number}")
                    if scenario.play(cut).told() != expected:
                        different.append(str(scenario))

        raised = in_two_threads(work)
        if raised:
            fail(f"'{self.protocol}' in two threads raised {type(raised[0]).__name__}: {raised[0]}")
        if different:
            fail(f"{different[0]}: with another connection in another thread the events are different")

    def test_a_connection_may_move_to_another_thread(self) -> None:
        """Another thread continues what one began, one at a time."""
        for scenario in self.all_scenarios():
            connection = scenario.start()
            pieces = list(scenario.received) if self.datagrams else byte_by_byte(scenario.data)
            half = len(pieces) // 2
            outcome = play(connection, pieces[:half])
            raised = in_threads(1, lambda: outcome.follow(play(connection, pieces[half:], closes=scenario.closes)))  # noqa: B023
            if raised:
                fail(f"{scenario}, begun in another thread, raised {type(raised[0]).__name__}: {raised[0]}")
            if outcome.told() != scenario.play().told():
                fail(f"{scenario}, begun in another thread: the events are different")

    def test_one_connection_in_two_threads_does_not_crash(self) -> None:
        """Without a global lock a shared connection may give any events and errors, but the process must survive."""
        if getattr(sys, "_is_gil_enabled", lambda: True)():
            not_applicable("this Python has a global interpreter lock")
        for scenario in self.all_scenarios():
            connection = scenario.start()
            in_two_threads(partial(_misuse, connection, scenario.data))


def in_two_threads(work: Callable[[], object]) -> list[BaseException]:
    """Do the same work in two threads at once, and return what they raised."""
    return in_threads(2, work)


def in_threads(count: int, work: Callable[[], object]) -> list[BaseException]:
    """Do the same work in several threads at once, and return what they raised."""
    raised: list[BaseException] = []
    ready = Semaphore(0)
    go = Event()

    def run() -> None:
        ready.release()
        go.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the other thread reports it
            raised.append(error)

    threads = [Thread(target=run) for _ in range(count)]
    interval = sys.getswitchinterval()
    try:
        # One after another: a tracer is installed as a thread starts, and Python refuses to install two at once.
        for thread in threads:
            thread.start()
            if not ready.acquire(timeout=_START):
                fail(f"a thread did not start within {_START:.0f} seconds")
        sys.setswitchinterval(1e-5)
        go.set()
        for thread in threads:
            thread.join()
    finally:
        go.set()  # no thread is left waiting for one that did not start
        sys.setswitchinterval(interval)
    return raised


def _misuse(connection: Any, data: bytes) -> None:
    try:
        play(connection, byte_by_byte(data))
    except (ProtocolError, TypeError, ValueError, AttributeError, IndexError):
        return
