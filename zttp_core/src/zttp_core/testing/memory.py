"""What a piece of work holds while it runs, and what it leaves behind."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Held:
    """Bytes that Python's allocators have given out since the tracing began."""

    def __init__(self) -> None:
        self._before = tracemalloc.get_traced_memory()[0]

    @property
    def peak(self) -> int:
        """The most that was held at a time."""
        return tracemalloc.get_traced_memory()[1] - self._before


@contextmanager
def traced() -> Iterator[Held]:
    """Trace allocations; what is traced already goes on being traced."""
    nested = tracemalloc.is_tracing()
    if not nested:
        tracemalloc.start()
    tracemalloc.reset_peak()
    try:
        yield Held()
    finally:
        if not nested:
            tracemalloc.stop()


def growth(work: Callable[[], None], warm_up: int, rounds: int) -> int:
    """Return the bytes that ``rounds`` repetitions leave behind, once what is kept on purpose is full."""
    with traced():
        for _ in range(warm_up):
            work()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(rounds):
            work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
