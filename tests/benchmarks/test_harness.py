"""The basis of the benchmarks' figures and verdicts."""

import sys
import time
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest

from harness import budget, environments
from harness.checks import differences, uncompiled_parts
from harness.command import OK, keep_to_budget
from harness.contestants import Worker
from harness.report import Row, table, verdict
from harness.statistics import lower_quartile
from harness.suite import Workload
from harness.worker import plain
from http1_suite.extracted import written
from http1_suite.targets import TARGETS, targets
from http1_suite.workloads import WORKLOADS

BENCHMARKS = Path(budget.__file__).parents[1]
TINY = Workload("parse", "tiny", "read")


class Extracting:
    """A worker that extracts the given data."""

    def __init__(self, name: str, data: object, kinds: tuple[str, ...] = ("read",)) -> None:
        self.name, self.data, self.kinds = name, data, kinds

    def takes_part(self, workload: Workload) -> bool:
        return workload.kind in self.kinds

    def ask(self, **_: Any) -> object:
        return self.data


def workers(*extracting: Extracting) -> list[Worker]:
    return cast("list[Worker]", list(extracting))


def test_equal_data_makes_no_difference() -> None:
    assert differences(TINY, workers(Extracting("ours", [1]), Extracting("peer", [1]))) == []


def test_a_contestant_that_extracts_something_else_is_named() -> None:
    [found] = differences(TINY, workers(Extracting("ours", [1]), Extracting("same", [1]), Extracting("peer", [2])))
    assert found.startswith("parse: tiny: peer extracts")


def test_a_contestant_that_does_not_take_part_is_not_compared() -> None:
    assert differences(TINY, workers(Extracting("ours", [1]), Extracting("peer", [2], kinds=()))) == []


@pytest.mark.parametrize(
    ("files", "flags", "found"),
    [
        (["a.cpython-311.so"], {"zttp_core": True}, []),
        (["a.cpython-311.so", "b.py"], {"zttp_core": True}, ["b.py"]),
        (["a.cpython-311.so"], {"zttp_core": True, "zttp_h1": False}, ["zttp_h1"]),
    ],
)
def test_what_is_not_compiled_is_named(files: list[str], flags: dict[str, bool], found: list[str]) -> None:
    worker = Extracting("ours", None)
    worker.about = {"hot_files": files, "compiled_flags": flags}  # type: ignore[attr-defined]
    assert uncompiled_parts(workers(worker)[0]) == found


@pytest.mark.parametrize(
    ("samples", "quartile"),
    [([7.0], 7.0), ([5.0, 1.0, 2.0, 3.0, 4.0], 2.0), ([1.0, 2.0], 1.25), ([9.0, 1.0, 5.0], 3.0)],
)
def test_lower_quartile(samples: list[float], quartile: float) -> None:
    assert lower_quartile(samples) == quartile


def test_a_row_below_its_target_is_missed_but_not_slower() -> None:
    row = Row(TINY, {"ours": 100.0, "peer": 150.0}, {"peer": 2.0})
    assert row.missed == ["peer"]
    assert row.slower_than == []
    assert list(verdict([row], ["peer"])) == [
        "0 of 1 rows meet their targets.",
        "  parse: tiny: 1.50 of 2 vs peer",
        "All 1 rows are at or above 1.0 against peer.",
    ]


def test_a_row_slower_than_a_peer_is_named_whatever_its_target() -> None:
    row = Row(TINY, {"ours": 100.0, "peer": 90.0}, {})
    assert list(verdict([row], ["peer"]))[-1] == "Below 1.0: parse: tiny (vs peer)"


def test_a_table_leaves_out_who_did_not_take_part() -> None:
    row = Row(TINY, {"ours": 100.0, "peer": 250.0}, {"peer": 2.0})
    assert list(table([row], ["peer", "reader"], "ns"))[-1] == "| tiny | 100 | 2.50 (>= 2) | - | met |"


def test_long_bytes_are_compared_by_digest() -> None:
    assert plain({"content": (b"a", bytearray(b"x" * 201))}) != plain({"content": (b"a", bytearray(b"y" * 201))})
    assert plain([b"\xff"]) == ["\xff"]


def test_written_messages_are_compared_without_what_libraries_may_choose() -> None:
    one = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    other = b"HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    assert written(one) == written(other)
    assert written(one) != written(other.replace(b"abc", b"abd"))


def test_every_target_belongs_to_a_row() -> None:
    rows = {(workload.group, workload.name) for workload in WORKLOADS}
    groups = {workload.group for workload in WORKLOADS}
    assert [key for key in TARGETS if key not in rows and not (key[1] == "any" and key[0] in groups)] == []


def test_no_target_allows_a_slower_row() -> None:
    assert min(ratio for workload in WORKLOADS for ratio in targets(workload).values()) >= 1.0


def test_workloads_have_names_of_their_own() -> None:
    assert len({workload.key for workload in WORKLOADS}) == len(WORKLOADS)


BUDGET = budget.Budget(budget.here(), {"parse: tiny": 1000, "parse: large": 5000})


def test_a_row_over_its_budget_is_found() -> None:
    assert budget.over(BUDGET, {"parse: tiny": 1030, "parse: large": 4000}) == []
    assert budget.over(BUDGET, {"parse: tiny": 1031, "parse: large": 5151}) == ["parse: tiny", "parse: large"]
    assert budget.lines(BUDGET, {"parse: tiny": 1031})[2:] == ["| parse: tiny | 1,000 | 1,031 | +3.1 % |"]


def test_what_cannot_be_compared_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "budget.json"
    benchmark, ours = cast("Any", None), cast("Any", None)
    budget.write_budget(file, BUDGET.rows)
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert keep_to_budget(benchmark, ours, file, record=False) == OK
    monkeypatch.setattr("shutil.which", lambda _: "valgrind")
    file.write_text(file.read_text().replace(budget.here(), "another machine"))
    assert keep_to_budget(benchmark, ours, file, record=False) == OK
    told = capsys.readouterr().out
    assert "valgrind is not installed" in told
    assert "another machine" in told


@pytest.mark.parametrize("suite", ["http1_suite", "http2_suite"])
def test_the_rows_on_record_are_rows_of_the_benchmark(suite: str) -> None:
    known = budget.read_budget(BENCHMARKS / suite / "budget.json")
    workloads = import_module(f"{suite}.workloads").WORKLOADS
    assert set(known.rows) <= {workload.key for workload in workloads}
    assert min(known.rows.values()) > 100


@pytest.mark.skipif(sys.platform == "win32", reason="there is no lock")
def test_an_environment_that_two_want_at_once_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, commands = tmp_path / "bench/peer", []

    def run(*command: object) -> None:
        commands.append(command)
        time.sleep(0.02)  # the other one arrives meanwhile
        environments.interpreter(environment).parent.mkdir(parents=True, exist_ok=True)
        environments.interpreter(environment).touch()

    monkeypatch.setattr(environments, "run", run)
    threads = [Thread(target=environments.ensure_environment, args=(environment, ("h11",))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(commands) == 2  # the environment, and its packages
