"""The HTTP/1.1 benchmark compares equal work: its own check, run on the build under test."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from harness.command import DIFFERENT, UNAVAILABLE

BENCHMARK = Path(__file__).parents[2] / "benchmarks/http1.py"


@pytest.fixture(autouse=True)
def _installed() -> None:
    try:
        version("zttp")
    except PackageNotFoundError:
        pytest.skip("benchmarks run what is installed, and zttp is not")


def run_benchmark(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARK), "--ours-python", sys.executable, *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    if result.returncode == UNAVAILABLE:
        pytest.skip(result.stderr)
    return result


def test_all_contestants_extract_the_same_data() -> None:
    result = run_benchmark("--check")
    assert "all contestants extract the same data" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


def test_connections_that_take_turns_extract_the_same_data() -> None:
    result = run_benchmark("--check", "--growth", "--only", "connections: 8")
    assert "all contestants extract the same data" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


@pytest.mark.interpreted_only(reason="there is nothing to refuse in a compiled build")
def test_an_uncompiled_build_is_not_timed() -> None:
    result = run_benchmark("--only", "fresh parse: GET, tiny")
    assert result.returncode == DIFFERENT
    assert "not compiled" in result.stderr
    assert "vs reference" not in result.stdout
