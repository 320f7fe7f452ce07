"""The results: a table per group, a verdict, and JSON for machines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.suite import Workload

FLOOR = 1.0
"""No row may be slower than a peer, whatever its target."""


@dataclass(frozen=True)
class Row:
    """One measured workload: the cost of each contestant, in the row's unit, and the ratios that ours has to reach."""

    workload: Workload
    costs: Mapping[str, float]
    targets: Mapping[str, float]

    @property
    def ratios(self) -> dict[str, float]:
        """How many times faster than each peer ours is."""
        return {name: time / self.costs["ours"] for name, time in self.costs.items() if name != "ours"}

    def target(self, peer: str) -> float:
        """Return the required ratio against a peer."""
        return self.targets.get(peer, FLOOR)

    @property
    def missed(self) -> list[str]:
        """The peers against whom the target is missed."""
        return [peer for peer, ratio in self.ratios.items() if ratio < self.target(peer)]

    @property
    def slower_than(self) -> list[str]:
        """The peers that are faster."""
        return [peer for peer, ratio in self.ratios.items() if ratio < FLOOR]


def table(rows: Sequence[Row], peers: Sequence[str], unit: str) -> Iterable[str]:
    """Yield the lines of one group's table, in Markdown: in each cell the ratio, and its target if there is one."""
    yield f"| {rows[0].workload.group} | ours, {unit} | " + " | ".join(f"vs {peer}" for peer in peers) + " | targets |"
    yield "| --- | ---: |" + " ---: |" * len(peers) + " --- |"
    for row in rows:
        cells = [cell(row, peer) for peer in peers]
        verdict = f"missed: {', '.join(row.missed)}" if row.missed else "met"
        yield f"| {row.workload.name} | {row.costs['ours']:,.0f} | {' | '.join(cells)} | {verdict} |"


def cell(row: Row, peer: str) -> str:
    """Return a table's cell."""
    if peer not in row.ratios:
        return "-"
    target = row.target(peer)
    return f"{row.ratios[peer]:.2f}" + (f" (>= {target:g})" if target != FLOOR else "")


def verdict(rows: Sequence[Row], peers: Sequence[str]) -> Iterable[str]:
    """Yield the closing lines: targets met, and whether any row falls below a peer."""
    missed = [row for row in rows if row.missed]
    yield f"{len(rows) - len(missed)} of {len(rows)} rows meet their targets."
    yield from (
        f"  {row.workload.key}: "
        + ", ".join(f"{row.ratios[peer]:.2f} of {row.target(peer):g} vs {peer}" for peer in row.missed)
        for row in missed
    )
    slower = [row for row in rows if row.slower_than]
    if slower:
        yield "Below 1.0: " + "; ".join(f"{row.workload.key} (vs {', '.join(row.slower_than)})" for row in slower)
    else:
        yield f"All {len(rows)} rows are at or above 1.0 against {', '.join(peers)}."


def as_json(rows: Sequence[Row], about: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return all results, for a file."""
    return {
        "settings": dict(settings),
        "contestants": dict(about),
        "rows": [
            {
                "group": row.workload.group,
                "name": row.workload.name,
                "unit": row.workload.unit,
                "costs": dict(row.costs),
                "ratios": row.ratios,
                "targets": {peer: row.target(peer) for peer in row.ratios},
                "met": not row.missed,
            }
            for row in rows
        ],
    }
