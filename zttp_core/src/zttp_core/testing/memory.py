"""The memory that work holds while it runs, and the memory that it leaves behind."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_WINDOW: Final = 20  # repetitions, measured together
_MOST_WINDOWS: Final = 24  # by then intentional caches are full
_FLAT_WINDOWS: Final = 3
_NOISE: Final = 4  # bytes for each repetition: the smallest object to keep is a reference of eight bytes
_LEAST_NOISE: Final = 128


class Held:
    """Bytes that Python's allocators have allocated since the tracing began."""

    def __init__(self) -> None:
        self._before = tracemalloc.get_traced_memory()[0]

    @property
    def peak(self) -> int:
        """The maximum."""
        return tracemalloc.get_traced_memory()[1] - self._before

    @property
    def left(self) -> int:
        """The current amount."""
        return tracemalloc.get_traced_memory()[0] - self._before


@contextmanager
def traced() -> Iterator[Held]:
    """Trace allocations; an active trace continues."""
    nested = tracemalloc.is_tracing()
    if not nested:
        tracemalloc.start()
    tracemalloc.reset_peak()
    try:
        yield Held()
    finally:
        if not nested:
            tracemalloc.stop()


def leak(work: Callable[[], object], window: int = _WINDOW, settle: Callable[[], object] = lambda: None) -> int:
    """Return the bytes that each repetition of ``work`` leaves behind, or 0, once ``settle`` has been called.

    A table or a cache grows for a while and then stays constant. Growth in every window, however small, is endless.
    Three windows in a row must be flat, because a container grows in steps: a list of 400 references for 60 more at a
    time.
    """
    gc.collect()
    if gc.get_freeze_count() > 0:  # whoever froze objects keeps them frozen: only all at once can be let go again
        return _leak(work, window, settle)
    gc.freeze()  # existing objects need not be scanned repeatedly
    try:
        return _leak(work, window, settle)
    finally:
        gc.unfreeze()


def _leak(work: Callable[[], object], window: int, settle: Callable[[], object]) -> int:
    flat = 0
    smallest = 1 << 60
    with traced():
        for _ in range(_MOST_WINDOWS):
            settle()
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(window):
                work()
            settle()
            gc.collect()
            left = tracemalloc.get_traced_memory()[0] - before
            if left > max(_NOISE * window, _LEAST_NOISE):
                flat, smallest = 0, min(smallest, left)
            elif flat == _FLAT_WINDOWS - 1:
                return 0
            else:
                flat += 1
    return max(smallest // window, 1)
