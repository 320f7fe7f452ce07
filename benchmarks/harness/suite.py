"""The vocabulary of a suite: workloads, and the tasks that drivers make of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

NANOSECONDS = "ns"


@dataclass(frozen=True)
class Workload:
    """One row of a report: the same work for every contestant.

    `kind` names the task builder that a driver must have to take part; `parameters` are the builder's arguments.
    """

    group: str
    name: str
    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    unit: str = NANOSECONDS
    """What is measured. Anything but time is counted: the task's `run` returns the figure, and once is enough."""
    is_whole: bool = True
    """Whether all that a task does is what it measures; otherwise it has a clock of its own."""
    unable: Mapping[str, str] = field(default_factory=dict)
    """Contestants that cannot do it, and what happens when they try."""

    @property
    def key(self) -> str:
        """The workload's name among all workloads of its suite."""
        return f"{self.group}: {self.name}"


class Task(NamedTuple):
    """A workload, written for one contestant.

    `prepare(n)` makes the inputs of `n` iterations, untimed. `run(prepared)` is timed; it does all of them in a loop of
    its own (so that no call per iteration dilutes the ratios) and returns the data that the last one extracted, or a
    function that returns it, which is called untimed.
    """

    prepare: Callable[[int], Any]
    run: Callable[[Any], Any]
    block: int = 1_000_000
    """Iterations prepared at once: few where each needs an object of its own, which should stay in the cache."""
    clock: Callable[[], int] | None = None
    """Nanoseconds so far of the part that is measured, where that is not everything."""


TaskBuilder = Callable[..., Task]
