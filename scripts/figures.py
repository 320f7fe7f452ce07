"""Write the results of a benchmark's ``--json`` as tables into the documents that show figures.

    python benchmarks/http1.py --json results.json
    python scripts/figures.py http1 results.json
    python scripts/figures.py picture            draws docs/figures/speed.svg from the figures of the README

and the same for ``http2`` and ``http3``. A pair of comments marks their place in a document: ``figures:http1:few`` for
the rows that are named here or ``figures:http1:all`` for all of them, and ``/figures`` at the end; the lines between
them are replaced.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workspace import ROOT

README = ROOT / "README.md"
DOCUMENTS = ("README.md", "docs/performance.md")

# The output of the peers comes first: the fields as objects. A row in which ours leaves them packed says so.
PACKED = ", fields left packed"
FEW = {
    "http1": (
        ("fresh parse, headers listed", "GET, API-sized"),
        ("fresh parse, headers listed", "GET, browser-sized"),
        ("fresh parse, lower-case list (ASGI)", "GET, browser-sized"),
        ("kept-alive connection, lower-case list (ASGI)", "GET, API-sized, each different"),
        ("response parse", "200, 14 headers, listed"),
        ("chunked request", "1,000 chunks of 16 bytes"),
        ("chunked request", "1 MiB in chunks of 64 KiB"),
        ("response writing", "200, JSON"),
        ("response writing", "200, 64 KiB"),
        ("fresh parse", "GET, API-sized", PACKED),
        ("fresh parse", "GET, browser-sized", PACKED),
        ("kept-alive connection", "GET, API-sized, each different", PACKED),
        ("request-response cycle", "GET, API-sized; 200, JSON", PACKED),
    ),
    "http2": (
        ("cold request decoding", "GET, API-sized"),
        ("warm request decoding", "GET, API-sized, each different"),
        ("dynamic-table churn", "GET, 10 new fields each"),
        ("100 multiplexed streams", "100 GETs, answered with JSON"),
        ("warm encoding", "200, 14 fields, 3 different each time"),
        ("long-lived connection, request-response cycle", "GET, API-sized, each different; 200, JSON"),
        ("transfer of 1 MiB", "upload, wide windows"),
        ("transfer of 1 MiB", "download, windows of 64 KiB"),
    ),
    "http3": (
        ("handshake to first response", "full"),
        ("handshake to first response", "resumed"),
        ("small requests, one after the other", "1 at a time"),
        ("small requests at once", "50"),
        ("30 header fields, varying", "1 at a time"),
        ("transfer of 1 MiB", "download"),
        ("transfer of 1 MiB", "upload"),
        ("1 % loss, transfer of 1 MiB", "download"),
        ("completion time at 1 % loss", "download"),
        ("memory of an idle connection", "server, after one request"),
    ),
}

NANOSECONDS = "ns"

Row = dict[str, Any]


def versions(results: dict[str, Any]) -> dict[str, str]:
    """All contestants but ours, each with its version."""
    return {name: about["version"] for name, about in results["contestants"].items() if name != "ours"}


def cell(row: Row, peer: str) -> str:
    """How many times faster ours is, or a dash if the peer has no result."""
    return f"{row['ratios'][peer]:.1f}" if peer in row["ratios"] else "-"


def slowest(rows: Sequence[Row], peer: str, name: str) -> str:
    """The worst row of ours against a peer, which is shown as ``name``."""
    row = min((row for row in rows if peer in row["ratios"]), key=lambda row: float(row["ratios"][peer]))
    return f"{row['ratios'][peer]:.2f} vs {name} ({row['group']}: {row['name']})"


def source(results: dict[str, Any], rows: Sequence[Row]) -> str:
    """One sentence about the origin of the figures, and the worst of them."""
    python = results["contestants"]["ours"]["python"].split()[0]
    worst = "; ".join(slowest(rows, peer, name) for peer, name in versions(results).items())
    return (
        f"CPython {python}, one CPU, lower quartiles of {results['settings']['rounds']} interleaved rounds, "
        f"{len(rows)} rows in all. The lowest ratio of all rows: {worst}."
    )


def few(results: dict[str, Any], chosen: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of the table for a newcomer."""
    peers = versions(results)
    rows = {(row["group"], row["name"]): row for row in results["rows"]}
    yield "| work | " + " | ".join(f"vs {version}" for version in peers.values()) + " |"
    yield "| --- |" + " ---: |" * len(peers)
    for group, name, *notes in chosen:
        yield (
            f"| {group}: {name}{''.join(notes)} | " + " | ".join(cell(rows[group, name], peer) for peer in peers) + " |"
        )
    yield ""
    yield source(results, results["rows"])


def everything(results: dict[str, Any]) -> Iterator[str]:
    """Yield one table with all rows; nanoseconds belong to one machine on one day. Other units are named."""
    peers = versions(results)
    yield "| group | work | ours, ns | " + " | ".join(f"vs {version}" for version in peers.values()) + " |"
    yield "| --- | --- | ---: |" + " ---: |" * len(peers)
    for row in results["rows"]:
        cells = " | ".join(cell(row, peer) for peer in peers)
        unit = "" if row["unit"] == NANOSECONDS else f" {row['unit']}"
        yield f"| {row['group']} | {row['name']} | {row['costs']['ours']:,.0f}{unit} | {cells} |"
    yield ""
    yield source(results, results["rows"])


def fill(text: str, name: str, results: dict[str, Any]) -> str:
    """Return a document with its figures of one benchmark replaced."""

    def replace(match: re.Match[str]) -> str:
        lines = few(results, FEW[name]) if match["which"] == "few" else everything(results)
        return f"{match['begin']}\n" + "\n".join(lines) + f"\n{match['end']}"

    pattern = rf"(?P<begin><!-- figures:{name}:(?P<which>few|all) -->)\n.*?(?P<end><!-- /figures -->)"
    return re.sub(pattern, replace, text, flags=re.DOTALL)


# ---------------------------------------------------------------------------------------------------------- the picture
PICTURE = ROOT / "docs/figures/speed.svg"
SHOWN = {
    "http1": ("HTTP/1.1", 5),
    "http2": ("HTTP/2", 5),
}
LOOKS = """<style>
.zttp-figures { --ink: #1f2328; --faint: #656d76; --line: #d0d7de; --a: #0b62c4; --b: #6f42c1; --c: #1a7f64;
font: 13px ui-sans-serif, system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
.zttp-figures { --ink: #e6edf3; --faint: #9198a1; --line: #30363d; --a: #6cb0ff; --b: #c297ff; --c: #56d4b0; }
}
.zttp-figures text { fill: var(--ink); }
.zttp-figures .faint { fill: var(--faint); font-size: 11.5px; }
.zttp-figures .line { stroke: var(--line); }
</style>"""
LEFT, RIGHT, BAR, GAP = 300, 690, 11, 15  # the begin and end of bars, their height, and the gap between rows


def shown(name: str) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The peers and the rows that the README shows of one benchmark."""
    [block] = re.findall(rf"<!-- figures:{name}:few -->\n(.*?)<!-- /figures -->", README.read_text(), re.DOTALL)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines() if line[:1] == "|"]
    return [peer.removeprefix("vs ") for peer in rows[0][1:]], [(row[0], row[1:]) for row in rows[2:]]


def picture() -> str:
    """Draw the figures of the README as bars on a logarithmic scale: 1 is as fast as ours."""
    parts: list[str] = []
    y = 14.0
    for name, (title, count) in SHOWN.items():
        peers, rows = shown(name)
        parts.append(f'<text x="0" y="{y + 4:g}" font-weight="600">{title}</text>')
        for number, peer in enumerate(peers):
            x = LEFT + number * 135
            parts.append(f'<rect x="{x}" y="{y - 6:g}" width="11" height="11" rx="2" fill="var(--{"abc"[number]})"/>')
            parts.append(f'<text class="faint" x="{x + 16}" y="{y + 4:g}">vs {peer}</text>')
        y += 20
        top = y
        for work, cells in rows[:count]:
            parts.append(f'<text class="faint" x="0" y="{y + BAR * 1.5 + 4:g}">{_cut(work)}</text>')
            for number, value in enumerate(cells):
                at = y + number * BAR
                if value == "-":
                    continue
                width = max(_scale(float(value)), 2)
                colour = f"var(--{'abc'[number]})"
                parts.append(
                    f'<rect x="{LEFT}" y="{at:g}" width="{width:.1f}" height="{BAR - 2}" rx="2" fill="{colour}"/>'
                )
                parts.append(f'<text class="faint" x="{LEFT + width + 5:.1f}" y="{at + 8:g}">{value}</text>')
            y += BAR * len(cells) + GAP
        for tick in (1, 10, 100):
            across = LEFT + _scale(tick)
            parts.insert(0, f'<path class="line" d="M{across:.1f},{top - 4:g} V{y - GAP + 4:g}"/>')
        y += 12
    title = "How many times faster zttp is than its peers"
    kind = 'xmlns="http://www.w3.org/2000/svg" class="zttp-figures"'
    head = f'<svg {kind} viewBox="0 0 740 {y:g}" width="740" height="{y:g}"'
    told = "Times faster, on a logarithmic scale. The lines are at 1, 10 and 100."
    note = f'<text class="faint" x="0" y="{y - 2:g}">{told}</text>'
    return "\n".join([f'{head} role="img" aria-label="{title}">', LOOKS, *parts, note, "</svg>\n"])


def _scale(ratio: float) -> float:
    return math.log10(max(ratio, 1)) / math.log10(400) * (RIGHT - LEFT)


def _cut(work: str) -> str:
    text = work.partition(", fields left")[0].replace("&", "&amp;")
    return text if len(text) <= 47 else f"{text[:46].rstrip(' ,:')}\u2026"


def main() -> None:
    """Fill every document, and list those that changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", choices=[*FEW, "picture"])
    parser.add_argument("results", type=Path, nargs="?")
    options = parser.parse_args()
    if options.benchmark == "picture":
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(picture())
        return
    if options.results is None:
        parser.error("where are the results?")
    results = json.loads(options.results.read_text())
    if results["settings"]["unit"] != "ns":
        sys.exit("these are not times: run the benchmark without --instructions")
    for document in DOCUMENTS:
        path = ROOT / document
        text = path.read_text()
        filled = fill(text, options.benchmark, results)
        path.write_text(filled)
        print(f"{document}: {'changed' if filled != text else 'as it was'}")


if __name__ == "__main__":
    main()
