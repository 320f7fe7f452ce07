"""The one statistic of the reports."""

from collections.abc import Sequence


def lower_quartile(values: Sequence[float]) -> float:
    """Return the lower quartile of the samples.

    Interference only adds time: the mean and the median include it, and the minimum depends on one lucky sample.
    """
    ordered = sorted(values)
    position = (len(ordered) - 1) / 4
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
