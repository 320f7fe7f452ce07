"""Timing: short rounds, interleaved across contestants, so that disturbances of the machine affect all of them."""

from collections.abc import Sequence

from harness.contestants import Contestant, Worker
from harness.statistics import lower_quartile
from harness.suite import Workload

ROUND_NANOSECONDS = 8_000_000


def nanoseconds_per_iteration(workload: Workload, workers: Sequence[Worker], rounds: int) -> dict[str, float]:
    """Measure a workload and return, by contestant, the lower quartile of its rounds."""
    taking_part = [worker for worker in workers if worker.takes_part(workload)]
    iterations = {
        worker.name: worker.ask(do="calibrate", workload=workload.key, nanoseconds=ROUND_NANOSECONDS)
        for worker in taking_part
    }
    samples: dict[str, list[float]] = {worker.name: [] for worker in taking_part}
    for number in range(rounds):
        # The order changes: none is always first, or always after the same one.
        turn = number % len(taking_part)
        for worker in taking_part[turn:] + taking_part[:turn]:
            count = iterations[worker.name]
            elapsed = worker.ask(do="run", workload=workload.key, iterations=count)
            samples[worker.name].append(elapsed / count)
    return {name: lower_quartile(values) for name, values in samples.items()}


def counted(
    workload: Workload, contestants: Sequence[Contestant], workers: Sequence[Worker], suite: str, cpu: int
) -> dict[str, float]:
    """Return, by contestant, a figure that is the same each time: each in a new process."""
    found: dict[str, float] = {}
    for contestant, worker in zip(contestants, workers, strict=True):
        if worker.takes_part(workload):
            with Worker(contestant, suite, cpu) as fresh:
                found[worker.name] = fresh.ask(do="count", workload=workload.key)
    return found
