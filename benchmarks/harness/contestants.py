"""The parent's side of a contestant: starts its worker process and talks to it."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.suite import Workload

WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class Contestant:
    """A library under measurement: its name in reports, the driver that uses it, the Python that has it installed."""

    name: str
    driver: str
    python: Path


def worker_command(contestant: Contestant, suite: str, cpu: int, isolation: Sequence[str] = ("-I",)) -> list[str]:
    """Return the command line of a contestant's worker; a negative `cpu` leaves it unpinned."""
    return [str(contestant.python), *isolation, str(WORKER), suite, contestant.driver, str(cpu)]


class Worker:
    """A running worker process. A context manager: leaving it ends the process."""

    def __init__(self, contestant: Contestant, suite: str, cpu: int) -> None:
        """Start the process and read its description."""
        self.name = contestant.name
        self.process = subprocess.Popen(
            worker_command(contestant, suite, cpu), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.about: dict[str, Any] = self.ask(do="about")

    def ask(self, **message: Any) -> Any:
        """Send one command and return its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker of {self.name} died on {message} (its traceback is above)")
        return json.loads(line)

    def takes_part(self, workload: Workload) -> bool:
        """Return whether this contestant can do the workload."""
        return workload.kind in self.about["kinds"] and self.name not in workload.unable

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def shared_cpu() -> int:
    """Return the one CPU that all workers share: their rounds never overlap, and the parent idles meanwhile."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else -1
