"""What the main rows may cost, in instructions: a slow-down shows here, on however busy a machine.

The counts on record belong to one interpreter and one compiler. Where others run, or callgrind is not there, there is
nothing to compare, which is no failure.
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
    """The instructions of one iteration of each row, and what they were counted with."""

    counted_with: str
    rows: Mapping[str, int]


def read_budget(file: Path) -> Budget:
    """Return what is on record."""
    found = json.loads(file.read_text())
    return Budget(found["counted_with"], found["rows"])


def write_budget(file: Path, rows: Mapping[str, int]) -> None:
    """Put these counts on record."""
    file.write_text(json.dumps({"counted_with": here(), "rows": rows}, indent=2) + "\n")


def here() -> str:
    """Return what counts made in this process are counted with."""
    version = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{version}, {platform.python_compiler()}, {platform.machine()}"


def why_not(budget: Budget) -> str | None:
    """Return why nothing can be compared here, or ``None`` if it can."""
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
    """Return the rows that cost more than they may."""
    return [key for key, cost in rows.items() if cost > budget.rows[key] * (1 + TOLERANCE)]


def lines(budget: Budget, rows: Mapping[str, int]) -> list[str]:
    """Return a table of what the rows cost, and may cost."""
    told = ["| row | on record | now | change |", "| --- | ---: | ---: | ---: |"]
    for key, cost in rows.items():
        recorded = budget.rows[key]
        told.append(f"| {key} | {recorded:,} | {cost:,} | {(cost / recorded - 1) * 100:+.1f} % |")
    return told
