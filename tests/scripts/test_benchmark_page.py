"""The page of the benchmarks: written from their results, with the rows in which a peer wins, and with curves."""

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="script")
def _script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import benchmark_page

    monkeypatch.setattr(benchmark_page, "RESULTS", tmp_path)
    return benchmark_page


def results(*rows: tuple[str, str, float, dict[str, float]]) -> dict[str, Any]:
    about = {name: {"version": f"{name} 1.0", "python": "3.11.7 (main)"} for name in ("ours", "h11", "other")}
    settings = {"rounds": 15, "unit": "ns", "processor": "A Processor", "system": "Linux", "machine": "x86_64"}
    made = [
        {
            "group": group,
            "name": name,
            "unit": "ns",
            "costs": {"ours": cost, **{peer: cost * ratio for peer, ratio in ratios.items()}},
            "ratios": ratios,
        }
        for group, name, cost, ratios in rows
    ]
    return {"settings": settings, "contestants": about, "rows": made}


def test_the_page_says_who_wins_and_where(script: ModuleType, tmp_path: Path) -> None:
    measured = results(
        ("parse", "small", 500, {"h11": 20.0, "other": 2.0}),
        ("parse", "large", 900, {"h11": 40.0, "other": 0.8}),
        ("write", "small", 100, {"h11": 5.0}),
    )
    (tmp_path / "http1.json").write_text(json.dumps(measured))
    page = script.page()
    assert "| parse | 2 | 30.0 (20.0 to 40.0) | 1.4 (0.8 to 2.0) |" in page
    assert "| write | 1 | 5.0 | - |" in page
    assert "| parse: large | other | 0.80 |" in page
    assert "A Processor, Linux, x86_64" in page
    assert "## HTTP/2" not in page


def test_where_no_peer_wins_that_is_said(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "http2.json").write_text(json.dumps(results(("parse", "small", 500, {"h11": 20.0, "other": 2.0}))))
    assert "No peer wins a row." in script.page()


def test_curves_are_drawn_for_every_group_and_contestant(script: ModuleType) -> None:
    growth = results(
        *(("fields", str(n), 100.0 * n, {"h11": 10.0, "other": 2.0}) for n in (1, 4, 16)),
        *(("loss", str(n), 1e7 * n, {"h11": 3.0}) for n in (0.5, 1, 2)),
    )
    drawn = ET.fromstring(script.drawing(growth, "HTTP/1.1"))
    [*lines] = drawn.iter("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 3 + 2
    width, height = (float(value) for value in drawn.attrib["viewBox"].split()[2:])
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        assert len(points) == 3
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
        assert points == sorted(points)
    assert "| fields: 16 | 1.6 us | 10.0 | 2.0 |" in list(script.curves(growth))


def test_memory_is_shown_in_bytes_beside_curves_of_time(script: ModuleType) -> None:
    growth = results(
        *(("fields", str(n), 100.0 * n, {"h11": 10.0}) for n in (1, 4)),
        *(("memory", str(n), 2_048.0, {"h11": 3.0}) for n in (1, 4)),
    )
    for row in growth["rows"][2:]:
        row["unit"] = "bytes"
    assert "| memory: 4 | 2,048 bytes | 3.0 | - |" in list(script.curves(growth))
    labels = [text.text for text in ET.fromstring(script.drawing(growth, "HTTP/1.1")).iter() if text.text]
    assert {"100 ns", "10 us", "1 kB", "10 kB"} <= set(labels)


def test_all_three_protocols_have_their_tables_of_ratios(script: ModuleType, tmp_path: Path) -> None:
    for name in ("http1", "http2", "http3"):
        (tmp_path / f"{name}.json").write_text(
            json.dumps(results(("parse", "small", 500, {"h11": 20.0, "other": 2.0})))
        )
    assert script.page().count("| parse | 1 | 20.0 | 2.0 |") == 3


def test_every_row_of_the_curves_has_its_own_size() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from http1_suite.growth import GROWTH as HTTP1
        from http2_suite.growth import GROWTH as HTTP2
        from http3_suite.growth import GROWTH as HTTP3
    finally:
        sys.path.pop(0)
    for growth in (HTTP1, HTTP2, HTTP3):
        keys = [workload.key for workload in growth]
        assert len(set(keys)) == len(keys)
        assert all(float(workload.name) > 0 for workload in growth)
        groups = {workload.group for workload in growth}
        assert {"fields", "content, KiB", "connections", "connections, memory of each"} <= groups
        assert "streams at once" in groups or growth is HTTP1
        assert "loss, % of datagrams" in groups or growth is not HTTP3


def test_a_row_of_the_curves_does_as_much_as_its_size_says() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from http2_suite.growth import GROWTH as HTTP2
        from http3_suite.growth import GROWTH as HTTP3
    finally:
        sys.path.pop(0)
    for workload in (*HTTP2, *HTTP3):
        if workload.group == "streams at once":
            assert workload.parameters["at_once"] == int(workload.name)
        if workload.group.startswith("connections"):
            assert workload.parameters["connections"] == int(workload.name)
