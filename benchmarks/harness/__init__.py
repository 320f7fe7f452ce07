"""What every benchmark of this folder shares: environments, worker processes, rounds, statistics, reports.

A benchmark brings a *suite*: workloads (what is done), targets (how fast it has to be) and one driver per contestant
(how a good user of that library writes it). Everything here knows contestants and workloads by name alone.
"""
