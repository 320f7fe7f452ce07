"""The shared parts of all benchmarks: environments, worker processes, rounds, statistics, reports.

A benchmark has a *suite*: workloads (the measured work), targets (the required speed) and one driver per contestant
(written as a good user of that library would). This package knows only the names of contestants and workloads.
"""
