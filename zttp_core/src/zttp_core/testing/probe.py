"""Loads one plugin in a separate interpreter and prints, as JSON, the time and the side effects.

    python -P probe.py scgi

A program, not a module of the kit: it must not import anything that the plugin under test must import itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from threading import Thread
from time import perf_counter
from typing import Any, Final

# Names or prefixes of audit events: the network, other programs, threads.
ACTS: Final = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile",
    "_thread.start_", "urllib.", "http.client.", "ftplib.", "smtplib.", "sqlite3.",
)  # fmt: skip


def main(name: str) -> None:
    """Load the plugin that provides the protocol ``name``."""
    import zttp_core.plugin  # noqa: F401  (imports pluggy, which is not the plugin's to pay for)
    from zttp_core.registry import ENTRY_POINT_GROUP, REGISTRY

    REGISTRY.protocols(load=False)  # scans the entry points
    acts: list[str] = []
    sys.addaudithook(lambda event, _: acts.append(event) if event.startswith(ACTS) else None)
    start_thread: Callable[..., None] = Thread.start

    def start_noted(*arguments: Any) -> None:
        acts.append("a thread is started")  # Python 3.11 has no audit event for it
        start_thread(*arguments)

    Thread.start = start_noted  # type: ignore[method-assign, assignment]
    start = perf_counter()
    registration = REGISTRY.resolve(name)
    milliseconds = (perf_counter() - start) * 1000
    loaded = set(sys.modules)
    provider = registration.provider.distribution
    foreign = {
        point.module for point in entry_points(group=ENTRY_POINT_GROUP) if point.dist and point.dist.name != provider
    }
    connection = registration.descriptor.connection
    eager = isinstance(connection, type) or connection.partition(":")[0] in loaded
    REGISTRY.connection_class(registration)
    answer = {"milliseconds": milliseconds, "foreign": sorted(foreign & loaded), "eager": eager, "acts": acts}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
