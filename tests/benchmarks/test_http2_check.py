"""The HTTP/2 benchmark compares equal work: its own check, run on the build under test, and the basis of its rows."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from harness.command import DIFFERENT, UNAVAILABLE
from http2_suite.targets import ANY_ROW, TARGETS, targets
from http2_suite.workloads import WORKLOADS

BENCHMARK = Path(__file__).parents[2] / "benchmarks/http2.py"


def run_benchmark(*options: str) -> subprocess.CompletedProcess[str]:
    try:
        version("zttp-h2")
    except PackageNotFoundError:
        pytest.skip("benchmarks run what is installed, and zttp-h2 is not")
    command = [sys.executable, str(BENCHMARK), "--ours-python", sys.executable, *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    if result.returncode == UNAVAILABLE:
        pytest.skip(result.stderr)
    return result


def test_all_contestants_extract_the_same_data() -> None:
    result = run_benchmark("--check")
    assert "all contestants extract the same data" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


def test_field_blocks_are_no_larger_than_those_of_hpack() -> None:
    result = run_benchmark("--check")
    assert "More octets than hpack: nowhere." in result.stdout, result.stdout + result.stderr


def test_connections_that_take_turns_extract_the_same_data() -> None:
    result = run_benchmark("--check", "--growth", "--only", "connections: 8")
    assert "all contestants extract the same data" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


@pytest.mark.interpreted_only(reason="there is nothing to refuse in a compiled build")
def test_an_uncompiled_build_is_not_timed() -> None:
    result = run_benchmark("--only", "warm request decoding: GET, tiny")
    assert result.returncode == DIFFERENT
    assert "not compiled" in result.stderr
    assert "vs reference" not in result.stdout


def test_every_target_belongs_to_a_row() -> None:
    rows = {(workload.group, workload.name) for workload in WORKLOADS}
    groups = {workload.group for workload in WORKLOADS}
    assert [key for key in TARGETS if key not in rows and not (key[1] == ANY_ROW and key[0] in groups)] == []


def test_no_target_allows_a_slower_row() -> None:
    assert min(ratio for workload in WORKLOADS for ratio in targets(workload).values()) >= 1.0


def test_workloads_have_names_of_their_own() -> None:
    assert len({workload.key for workload in WORKLOADS}) == len(WORKLOADS)
