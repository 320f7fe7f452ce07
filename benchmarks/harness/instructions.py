"""Instructions per iteration instead of time, counted by callgrind: slow, but the same on a busy machine."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.contestants import Contestant, Worker, worker_command
from harness.suite import Workload

SHARE_OF_STARTUP_NANOSECONDS = 20_000_000
"""So much work outweighs what one start of the interpreter differs from the next."""
FEW = 10
UNPINNED = -1


def instructions_per_iteration(
    workload: Workload, contestants: Sequence[Contestant], workers: Sequence[Worker], suite: str
) -> dict[str, float]:
    """Return, by contestant, the instructions that many more iterations add, per iteration."""
    found: dict[str, float] = {}
    for contestant, worker in zip(contestants, workers, strict=True):
        if worker.takes_part(workload):
            many = worker.ask(do="calibrate", workload=workload.key, nanoseconds=SHARE_OF_STARTUP_NANOSECONDS)
            more = counted(contestant, suite, workload, FEW + many) - counted(contestant, suite, workload, FEW)
            found[worker.name] = more / many
    return found


def counted(contestant: Contestant, suite: str, workload: Workload, iterations: int) -> int:
    """Return the instructions of a whole worker process that does this many iterations."""
    # A hash seed of its own would give each process other collisions, but isolated mode ignores the variable:
    # so the variables that could change the imports are removed instead.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"]
        subprocess.run(
            command + worker_command(contestant, suite, UNPINNED, isolation=("-s", "-P")),
            input=json.dumps({"do": "run", "workload": workload.key, "iterations": iterations}),
            text=True,
            check=True,
            capture_output=True,
            env={**environment, "PYTHONHASHSEED": "0"},
        )
        found = re.search(r"^(?:summary|totals): (\d+)", output.read_text(), re.MULTILINE)
        assert found is not None, "callgrind wrote no total"
        return int(found[1])
