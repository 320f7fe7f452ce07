"""The process of one contestant: `python -I worker.py SUITE DRIVER CPU`, then one JSON command per line on stdin.

It runs in the contestant's environment, so it imports only the standard library, the suite and the contestant's driver.
"""

import gc
import hashlib
import importlib
import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from time import process_time_ns
from typing import Any

# -I (isolated) ignores PYTHONPATH and the working directory: only packages installed here can be measured.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.suite import Task, Workload

QUOTABLE_LENGTH = 200


def plain(value: Any) -> Any:
    """Return extracted data in a form for JSON: long bytes as their length and digest."""
    if callable(value):
        return plain(value())
    if isinstance(value, (bytes, bytearray)):
        if len(value) <= QUOTABLE_LENGTH:
            return value.decode("latin-1")
        return f"{len(value)} bytes, sha256 {hashlib.sha256(value).hexdigest()}"
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def clock_cost() -> int:
    """Return the nanoseconds that reading the clock adds to a measured time."""
    readings = [process_time_ns() for _ in range(1000)]
    return min(later - earlier for earlier, later in pairwise(readings))


CLOCK_COST = clock_cost()


def timed(task: Task, iterations: int) -> int:
    """Run a task and return the CPU time of its timed part in nanoseconds.

    CPU time does not include other processes that run on this CPU meanwhile.
    """
    elapsed = 0
    clock, clock_cost = (process_time_ns, CLOCK_COST) if task.clock is None else (task.clock, 0)
    # Libraries differ in their garbage, and the time of a collection is chance. It is counted for none.
    gc.collect()
    gc.disable()
    try:
        # Untimed, to fill the caches, whose contents are those of the previous contestants.
        task.run(task.prepare(min(max(iterations // 16, 1), task.block)))
        while iterations > 0:
            count = min(iterations, task.block)
            prepared = task.prepare(count)
            start = clock()
            task.run(prepared)
            elapsed += clock() - start - clock_cost
            iterations -= count
    finally:
        gc.enable()
    return max(elapsed, 1)


def calibrated(task: Task, nanoseconds: int) -> int:
    """Return how many iterations take about this long."""
    iterations = 1
    while True:
        # A single slow run is chance, and would make all rounds too short to be meaningful.
        elapsed = min(timed(task, iterations) for _ in range(3))
        if elapsed * 4 >= nanoseconds:
            return max(1, iterations * nanoseconds // elapsed)
        iterations *= 4


def main(suite: str, driver: str, cpu: int) -> None:
    """Answer commands until stdin ends."""
    if cpu >= 0 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cpu})
    known = (
        *importlib.import_module(f"{suite}.workloads").WORKLOADS,
        *importlib.import_module(f"{suite}.growth").GROWTH,
    )
    workloads: dict[str, Workload] = {workload.key: workload for workload in known}
    module = importlib.import_module(f"{suite}.{driver}")
    tasks: dict[str, Task] = {}

    def task(key: str) -> Task:
        if key not in tasks:
            workload = workloads[key]
            tasks[key] = module.TASKS[workload.kind](**workload.parameters)
        return tasks[key]

    def answer(message: dict[str, Any]) -> Any:
        match message:
            case {"do": "about"}:
                return {**module.about(), "python": sys.version, "kinds": sorted(module.TASKS)}
            case {"do": "extract", "workload": key}:
                return plain(task(key).run(task(key).prepare(min(2, task(key).block))))
            case {"do": "calibrate", "workload": key, "nanoseconds": nanoseconds}:
                return calibrated(task(key), nanoseconds)
            case {"do": "run", "workload": key, "iterations": iterations}:
                return timed(task(key), iterations)
            case {"do": "count", "workload": key}:
                return task(key).run(task(key).prepare(1))
        raise ValueError(f"unknown command {message!r}")

    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
