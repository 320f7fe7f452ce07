"""Purity: a connection computes. It owns no file, socket, thread, clock or environment, and leaves nothing behind."""

from __future__ import annotations

import gc
from typing import Final

from zttp_core.testing.audit import trapped, watched
from zttp_core.testing.memory import growth
from zttp_core.testing.subject import Subject, refused
from zttp_core.testing.verdict import fail

_CONNECTIONS: Final = 1_000
_WARM_UP: Final = 50
_FLAT: Final = 64 * 1024


class Purity(Subject):
    """No input or output, no clock, no environment, no logs, no threads, and no connection that stays."""

    def test_nothing_is_opened_or_started(self) -> None:
        """No file, socket, process or thread, whether things go well or badly."""
        self._live()  # what is imported on first use is read now
        with watched() as acts:
            self._live()
        if acts:
            fail(f"a connection of '{self.protocol}' does I/O: {', '.join(sorted(set(acts)))}")

    def test_no_clock_and_no_environment_is_read(self) -> None:
        """Time and settings are handed in by the caller; nothing is printed or logged."""
        self._live()
        with trapped(self.connection_class.__module__.partition(".")[0]) as reads:
            self._live()
        if reads:
            fail(f"a connection of '{self.protocol}' uses what was not handed in: {', '.join(sorted(set(reads)))}")

    def test_dropped_connections_leave_nothing(self) -> None:
        """1,000 connections that were made, used and dropped are gone, with all their memory."""
        left = growth(self._live_once, _WARM_UP, _CONNECTIONS)
        gc.collect()
        alive = sum(1 for found in gc.get_objects() if type(found) is self.connection_class)
        if alive:
            fail(f"{alive} of {_CONNECTIONS} dropped connections of '{self.protocol}' can still be reached")
        if left > _FLAT:
            fail(f"{_CONNECTIONS} dropped connections of '{self.protocol}' leave {left} bytes behind")

    def _live(self) -> None:
        for scenario in self.all_scenarios():
            self.live_through(scenario)
        for data in self.malformed.values():
            refused(self.connect(self.first_role), data)
        if len(self.descriptor.roles) > 1:
            for exchange in self.exchanges:
                self.pair().converse(exchange)

    def _live_once(self) -> None:
        for role in self.descriptor.roles:
            self.connect(role)
        for exchange in self.exchanges[:1]:
            for scenario in self.scenarios(exchange):
                self.live_through(scenario)
