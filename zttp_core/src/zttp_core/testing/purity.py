"""Purity: a connection computes. It owns no file, socket, thread, clock or environment, and leaves nothing behind."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from zttp_core.errors import RemoteProtocolError
from zttp_core.testing import import_probe
from zttp_core.testing.audit import watched
from zttp_core.testing.memory import leak, traced
from zttp_core.testing.process_state import changed, process_state
from zttp_core.testing.subject import Subject, refused
from zttp_core.testing.traps import trapped
from zttp_core.testing.verdict import fail

_ROUNDS: Final = 12  # each of all exchanges
_READS: Final = 300
_MOST_FOR_A_READ: Final = 16  # bytes; a traceback that grows takes several hundred


class Purity(Subject):
    """No input or output, no clock, no entropy, no environment, no logs, no threads, and no leaked connection."""

    def test_nothing_is_opened_or_started(self) -> None:
        """No file, socket, process or thread, in success or failure."""
        self._live()  # imports on first use happen now
        with watched() as acts:
            self._live()
        if acts:
            fail(f"a connection of '{self.protocol}' does I/O: {', '.join(sorted(set(acts)))}")

    def test_no_clock_and_no_environment_is_read(self) -> None:
        """Time, entropy and settings are passed by the caller; nothing is printed or logged."""
        self._live()
        gc.collect()
        with trapped() as asked:
            self._live()
        if asked:
            fail(f"a connection of '{self.protocol}' uses what was not handed in: {', '.join(sorted(set(asked)))}")

    def test_the_process_is_left_as_it_was(self) -> None:
        """No import path, warning filter, default timeout, decimal context or the like is changed."""
        before = process_state()
        self._live()
        names = changed(before)
        if names:
            fail(f"a connection of '{self.protocol}' changes the process that it runs in: {', '.join(names)}")

    def test_nothing_is_read_at_import(self) -> None:
        """The behaviour of a connection depends on no clock, environment or entropy that was read at import."""
        module = self.connection_class.__module__
        asked = asked_at_import(module)
        if asked:
            fail(f"importing {module} uses what was not handed in: {', '.join(asked)}")

    def test_dropped_connections_leave_nothing(self) -> None:
        """Hundreds of connections that were made, used and dropped leave no memory behind."""
        scenarios = list(self.all_scenarios())

        def live() -> None:
            for scenario in scenarios:
                self.live_through(scenario)
            for data in self.malformed.values():
                refused(self.connect(self.first_role), data)

        live()
        gc.collect()
        before = self._alive()
        left = leak(live, _ROUNDS)
        alive = self._alive() - before
        if alive > 0:
            fail(f"{alive} dropped connections of '{self.protocol}' can still be reached")
        if left:
            fail(f"dropped connections of '{self.protocol}' leave {left} bytes behind for each round of the exchanges")

    def test_an_error_that_is_read_again_keeps_nothing(self) -> None:
        """An exception that is raised repeatedly does not collect frames."""
        for name, data in self.malformed.items():
            connection = self.connect(self.first_role)
            if refused(connection, data).refusal is None:
                continue
            _read(connection, 1)
            with traced() as held:
                _read(connection, _READS)
                peak = held.peak
            if peak > _READS * _MOST_FOR_A_READ:
                fail(
                    f"malformed input '{name}': the error that is raised again keeps {peak // _READS} bytes for each "
                    "read: raise error.with_traceback(None)"
                )

    def _alive(self) -> int:
        connection_class = self.connection_class
        return sum(1 for found in gc.get_objects() if type(found) is connection_class)

    def _live(self) -> None:
        for scenario in self.all_scenarios():
            self.live_through(scenario)
        for data in self.malformed.values():
            refused(self.connect(self.first_role), data)
        if len(self.descriptor.roles) > 1:
            for exchange in self.exchanges:
                self.pair(exchange).converse(exchange)


def asked_at_import(module: str) -> list[str]:
    """Return the accesses to the process when a module is imported in a new interpreter."""
    command = [sys.executable, "-P", str(Path(import_probe.__file__)), module]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)  # noqa: S603
    if done.returncode:
        fail(f"{module} cannot be imported in a new interpreter: {done.stderr.strip().splitlines()[-1]}")
    asked: list[str] = json.loads(done.stdout)
    return asked


def _read(connection: Any, times: int) -> None:
    for _ in range(times):
        try:
            connection.next_event()
        except RemoteProtocolError:
            continue
