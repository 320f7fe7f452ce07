"""The cost limits of the main rows, in instructions: they show a slow-down even on a busy machine.

The recorded counts are valid for one interpreter and one compiler. With others, or without callgrind, nothing is
compared, and that is not a failure.
"""

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.contestants import Contestant
from harness.instructions import counted
from harness.suite import Workload

TOLERANCE = 0.03
ITERATIONS = 2000
WARM_UP = 10


@dataclass(frozen=True)
class Budget:
    """The instructions of one iteration of each row, and the interpreter and compiler of the count."""

    counted_with: str
    rows: Mapping[str, int]


def read_budget(file: Path) -> Budget:
    """Return the recorded counts."""
    found = json.loads(file.read_text())
    return Budget(found["counted_with"], found["rows"])


def write_budget(file: Path, rows: Mapping[str, int]) -> None:
    """Record these counts."""
    file.write_text(json.dumps({"counted_with": here(), "rows": rows}, indent=2) + "\n")


def here() -> str:
    """Return the interpreter and compiler of counts that this process makes."""
    version = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{version}, {platform.python_compiler()}, {platform.machine()}"


def why_not(budget: Budget) -> str | None:
    """Return the reason why nothing can be compared here, or ``None``."""
    if shutil.which("valgrind") is None:
        return "valgrind is not installed"
    if budget.counted_with != here():
        return f"the counts on record are of {budget.counted_with}, and this is {here()}"
    return None


def count(contestant: Contestant, suite: str, workloads: Sequence[Workload]) -> dict[str, int]:
    """Return the instructions of one iteration, by row."""
    found: dict[str, int] = {}
    for workload in workloads:
        few = counted(contestant, suite, workload, WARM_UP)
        many = counted(contestant, suite, workload, WARM_UP + ITERATIONS)
        found[workload.key] = round((many - few) / ITERATIONS)
    return found


def over(budget: Budget, rows: Mapping[str, int]) -> list[str]:
    """Return the rows above their limits."""
    return [key for key, cost in rows.items() if cost > budget.rows[key] * (1 + TOLERANCE)]


def lines(budget: Budget, rows: Mapping[str, int]) -> list[str]:
    """Return a table of the rows' costs and limits."""
    told = ["| row | on record | now | change |", "| --- | ---: | ---: | ---: |"]
    for key, cost in rows.items():
        recorded = budget.rows[key]
        told.append(f"| {key} | {recorded:,} | {cost:,} | {(cost / recorded - 1) * 100:+.1f} % |")
    return told
