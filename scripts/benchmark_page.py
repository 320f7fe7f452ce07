"""Write docs/benchmarks.md and its plots from the results in .build/bench; ``make bench`` calls it.

    python scripts/benchmark_page.py

For each protocol there are two files: ``http1.json`` with the ratios of every row, and ``http1-growth.json`` with the
cost of the same work in growing sizes. Missing results are left out of the page.
"""

import json
import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from figures import LOOKS
from workspace import BUILD, ROOT

RESULTS = BUILD / "bench"
PAGE = ROOT / "docs/benchmarks.md"
PICTURES = ROOT / "docs/figures"
PROTOCOLS = {"http1": "HTTP/1.1", "http2": "HTTP/2", "http3": "HTTP/3"}
INTRODUCTION = """# Benchmarks

<!-- written by scripts/benchmark_page.py; what is changed here is overwritten -->

Ratios against other libraries on the same work, and how cost grows with size. A ratio above one means that zttp needs
less time; where a peer wins, its row stands below. The [method](performance.md): one process for each contestant, turns
on one CPU, and the lower quartile of the rounds. Times belong to the machine in the table: ratios travel better.

```
make bench
```

measures everything again and writes this page. Some rows count bytes or datagrams: there less is better, too. Of
connections, the curves show what one request costs when so many take turns, and the memory that each keeps when idle.
What was measured is left in `.build/bench`.
"""

Results = dict[str, Any]
NANOSECONDS = "ns"
WIDTH, HEIGHT, MARGIN = 230, 170, 46  # of one plot, and of its margin
COLOURS = ("var(--ink)", "var(--a)", "var(--b)", "var(--c)")


def read(name: str) -> Results | None:
    """Return the results of a benchmark, None if it did not run."""
    file = RESULTS / f"{name}.json"
    found: Results | None = json.loads(file.read_text()) if file.exists() else None
    return found


def peers(results: Results) -> list[str]:
    """Return all contestants but ours."""
    return [name for name in results["contestants"] if name != "ours"]


def page() -> str:
    """Return the page."""
    lines = [INTRODUCTION]
    for name, title in PROTOCOLS.items():
        results, growth = read(name), read(f"{name}-growth")
        if results is None and growth is None:
            continue
        lines += [f"## {title}", "", "<!-- figures -->", "", *conditions(results or growth or {}), ""]
        if results is not None:
            lines += [*ratios(results), "", *lost(results, name), ""]
        if growth is not None:
            lines += [f"![How the cost of {title} grows with size](figures/growth-{name}.svg)", "", *curves(growth), ""]
        lines += ["<!-- /figures -->", ""]
    return "\n".join(lines).rstrip() + "\n"


def conditions(results: Results) -> Iterator[str]:
    """Yield a table of the contestants and the machine."""
    settings = results["settings"]
    versions = [about["version"] for about in results["contestants"].values()]
    yield "| what | |"
    yield "| --- | --- |"
    yield f"| contestants | {', '.join(versions)} |"
    yield f"| Python | {results['contestants']['ours']['python'].split()[0]} |"
    yield f"| machine | {', '.join(settings[name] for name in ('processor', 'system', 'machine'))} |"
    yield f"| rounds | {settings['rounds']} |"


def ratios(results: Results) -> Iterator[str]:
    """Yield a table of the groups: the median ratio, with the lowest and the highest."""
    names = peers(results)
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in results["rows"]:
        groups.setdefault(row["group"], []).append(row)
    yield "| workload | rows | " + " | ".join(f"vs {name}" for name in names) + " |"
    yield "| --- | ---: |" + " ---: |" * len(names)
    for group, rows in groups.items():
        cells = [_spread([row["ratios"][name] for row in rows if name in row["ratios"]]) for name in names]
        yield f"| {group} | {len(rows)} | {' | '.join(cells)} |"


def _spread(found: Sequence[float]) -> str:
    if not found:
        return "-"
    middle = f"{statistics.median(found):.1f}"
    return middle if len(found) == 1 else f"{middle} ({min(found):.1f} to {max(found):.1f})"


def lost(results: Results, name: str) -> Iterator[str]:
    """Yield the rows in which a peer wins."""
    found = [(row, peer) for row in results["rows"] for peer in peers(results) if row["ratios"].get(peer, 1) < 1]
    if not found:
        yield "No peer wins a row."
        return
    yield f"| where a peer wins, {PROTOCOLS[name]} | peer | ratio |"
    yield "| --- | --- | ---: |"
    for row, peer in found:
        yield f"| {row['group']}: {row['name']} | {peer} | {row['ratios'][peer]:.2f} |"


# ------------------------------------------------------------------------------------------------------------ curves
def series(growth: Results) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return the points (size, cost) by group and contestant."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in growth["rows"]:
        group = found.setdefault(row["group"], {})
        for contestant, cost in row["costs"].items():
            group.setdefault(contestant, []).append((float(row["name"]), cost))
    return found


def curves(growth: Results) -> Iterator[str]:
    """Yield the points of the curves as a table: our cost, and the ratios of the others."""
    names = peers(growth)
    yield "| size | ours | " + " | ".join(f"vs {name}" for name in names) + " |"
    yield "| --- | ---: |" + " ---: |" * len(names)
    for row in growth["rows"]:
        cells = [f"{row['ratios'][name]:.1f}" if name in row["ratios"] else "-" for name in names]
        yield f"| {row['group']}: {row['name']} | {_cost(row)} | {' | '.join(cells)} |"


def _cost(row: dict[str, Any]) -> str:
    """Return our cost, with its unit."""
    cost = row["costs"]["ours"]
    return f"{cost / 1000:,.1f} us" if row["unit"] == NANOSECONDS else f"{cost:,.0f} {row['unit']}"


def drawing(growth: Results, title: str) -> str:
    """Draw a plot for each group: size and cost, both logarithmic."""
    names = ["ours", *peers(growth)]
    groups = series(growth)
    units = {row["group"]: row["unit"] for row in growth["rows"]}
    parts: list[str] = []
    for number, name in enumerate(names):
        x = MARGIN + number * 130
        parts.append(f'<path d="M{x},14 h18" stroke="{COLOURS[number]}" stroke-width="{_stroke(name)}"/>')
        parts.append(f'<text class="faint" x="{x + 24}" y="18">{name}</text>')
    columns = 2
    for number, (group, lines) in enumerate(groups.items()):
        left = MARGIN + (number % columns) * (WIDTH + 2 * MARGIN)
        top = 44 + (number // columns) * (HEIGHT + 64)
        parts += _plot(group, units[group], lines, names, left, top)
    rows = math.ceil(len(groups) / columns)
    width, height = columns * (WIDTH + 2 * MARGIN), 44 + rows * (HEIGHT + 64)
    kind = 'xmlns="http://www.w3.org/2000/svg" class="zttp-figures"'
    head = f'<svg {kind} viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
    return "\n".join([f'{head} aria-label="How the cost of {title} grows with size">', LOOKS, *parts, "</svg>\n"])


def _plot(
    group: str, unit: str, lines: dict[str, list[tuple[float, float]]], names: list[str], left: int, top: int
) -> list[str]:
    points = [point for line in lines.values() for point in line]
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low_y, high_y = min(y for _, y in points), max(y for _, y in points)
    # Whole decades, so that the lines are at round numbers.
    decades = range(math.floor(math.log10(low_y)), math.ceil(math.log10(high_y)) + 1)

    def across(x: float) -> float:
        return left + math.log(x / low_x) / (math.log(high_x / low_x) or 1) * WIDTH

    def down(y: float) -> float:
        return top + HEIGHT - (math.log10(y) - decades[0]) / (decades[-1] - decades[0]) * HEIGHT

    parts = [f'<text x="{left}" y="{top - 8}" font-weight="600">{group}</text>']
    for decade in decades:
        y = down(10.0**decade)
        parts.append(f'<path class="line" d="M{left},{y:.1f} h{WIDTH}"/>')
        parts.append(
            f'<text class="faint" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{_power(decade, unit)}</text>'
        )
    for x in sorted({x for x, _ in points}):
        at = f'x="{across(x):.1f}" y="{top + HEIGHT + 16}"'
        parts.append(f'<text class="faint" {at} text-anchor="middle">{x:g}</text>')
    for name in reversed(names):  # ours on top
        if name in lines:
            colour = COLOURS[names.index(name)]
            path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in sorted(lines[name]))
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{_stroke(name)}"/>')
    return parts


def _stroke(name: str) -> str:
    return "3" if name == "ours" else "1.5"


def _power(decade: int, unit: str) -> str:
    """Format a power of ten, of nanoseconds or of bytes."""
    names = ("ns", "us", "ms", "s") if unit == NANOSECONDS else ("B", "kB", "MB", "GB")
    thousands = min(decade // 3, 3)
    return f"{10 ** (decade - 3 * thousands)} {names[thousands]}"


def main() -> None:
    """Write the page and the pictures."""
    PICTURES.mkdir(exist_ok=True)
    for name, title in PROTOCOLS.items():
        growth = read(f"{name}-growth")
        if growth is not None:
            (PICTURES / f"growth-{name}.svg").write_text(drawing(growth, title))
    PAGE.write_text(page())
    print(f"{PAGE.relative_to(ROOT)} and its pictures are written")


if __name__ == "__main__":
    main()
