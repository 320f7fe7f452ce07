"""The one statistic of the reports."""

from collections.abc import Sequence


def lower_quartile(values: Sequence[float]) -> float:
    """Return the value that a quarter of the samples lies below.

    Interference only ever adds time: the mean and the median carry it, the minimum rests on one lucky sample.
    """
    ordered = sorted(values)
    position = (len(ordered) - 1) / 4
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
