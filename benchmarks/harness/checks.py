"""Correctness before speed: all contestants must extract the same data, and the timed code must be compiled."""

from collections.abc import Sequence

from harness.contestants import Worker
from harness.suite import Workload


def differences(workload: Workload, workers: Sequence[Worker]) -> list[str]:
    """Return one sentence per contestant whose extracted data differs from the first one's."""
    taking_part = [worker for worker in workers if worker.takes_part(workload)]
    first, *others = ((worker.name, worker.ask(do="extract", workload=workload.key)) for worker in taking_part)
    return [
        f"{workload.key}: {name} extracts\n    {data}\nwhere {first[0]} extracts\n    {first[1]}"
        for name, data in others
        if data != first[1]
    ]


def uncompiled_parts(worker: Worker) -> list[str]:
    """Return the hot code of a worker that is not compiled: files, and distributions by their own flag."""
    files = [file for file in worker.about["hot_files"] if not file.endswith((".so", ".pyd"))]
    return files + [name for name, compiled in worker.about["compiled_flags"].items() if not compiled]
