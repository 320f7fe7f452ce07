"""The growth of the time of some work: in processor time, so that other tests may run at the same time."""

import gc
import time
from collections.abc import Callable

Work = Callable[[], object]


def seconds(work: Work, tries: int = 3) -> float:
    """The shortest of some runs, the least disturbed one. No garbage collection: it would include others' objects."""
    least = float("inf")
    gc.disable()
    try:
        for _ in range(tries):
            start = time.thread_time()
            work()
            least = min(least, time.thread_time() - start)
    finally:
        gc.enable()
    return max(least, 1e-6)


def ratio(large: Work, small: Work, bound: float) -> float:
    """How many times as long ``large`` takes as ``small``; both are measured again if that is above ``bound``."""
    of_small = seconds(small)
    of_large = seconds(large, 1)
    for _ in range(4):
        if of_large < bound * of_small:
            break
        of_small = min(of_small, seconds(small))
        of_large = min(of_large, seconds(large, 1))
    return of_large / of_small


def assert_linear(work: Callable[[int], object], small: int, large: int, noise: float = 3) -> None:
    """Check that time grows no faster than size: quadratic work takes ``large / small`` times as long as it may."""
    times = large // small
    measured = ratio(lambda: work(large), lambda: work(small), noise * times)
    assert measured < noise * times, f"{times} times the size takes {measured:.1f} times as long"
