"""The HTTP/3 benchmark compares equal work: its own check, run on the build under test, and the basis of its rows."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path as File
from typing import Any, ClassVar, cast

import pytest

from harness.command import DIFFERENT, UNAVAILABLE
from http3_suite import messages as m
from http3_suite.path import BURST, DELAY, Path
from http3_suite.targets import ANY_ROW, TARGETS
from http3_suite.workloads import WORKLOADS

BENCHMARK = File(__file__).parents[2] / "benchmarks/http3.py"


def run_benchmark(*options: str) -> subprocess.CompletedProcess[str]:
    try:
        version("zttp-h3")
    except PackageNotFoundError:
        pytest.skip("benchmarks run what is installed, and zttp-h3 is not")
    command = [sys.executable, str(BENCHMARK), "--ours-python", sys.executable, *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    if result.returncode == UNAVAILABLE:
        pytest.skip(result.stderr)
    return result


def test_all_contestants_extract_the_same_data() -> None:
    result = run_benchmark("--check")
    assert "all contestants extract the same data" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


def test_connections_take_turns() -> None:
    pytest.importorskip("zttp_h3")
    from http3_suite.zttp_driver import TASKS

    task = TASKS["requests"](requests=[m.GET], response=m.JSON, side="both", connections=3)
    prepared = task.prepare(4)
    first, second, third, again = (path for path, _ in prepared)
    assert len({first, second, third}) == 3
    assert again is first
    before = [len(path.server.requests) for path in (first, second, third)]
    [[[status], _, content]], [[request, _, _]] = task.run(prepared)()
    assert (status, content, request) == (200, m.JSON.content, [b"GET", m.GET.path])
    assert [len(path.server.requests) for path in (first, second, third)] == [
        before[0] + 2,
        before[1] + 1,
        before[2] + 1,
    ]


@pytest.mark.interpreted_only(reason="there is nothing to refuse in a compiled build")
def test_an_uncompiled_build_is_not_timed() -> None:
    result = run_benchmark("--only", "one after the other: 1 at a time, server")
    assert result.returncode == DIFFERENT
    assert "not compiled" in result.stderr
    assert "vs reference" not in result.stdout


def test_every_target_belongs_to_a_row() -> None:
    rows = {(workload.group, workload.name) for workload in WORKLOADS}
    groups = {workload.group for workload in WORKLOADS}
    assert [key for key in TARGETS if key not in rows and not (key[1] == ANY_ROW and key[0] in groups)] == []


def test_workloads_have_names_of_their_own() -> None:
    assert len({workload.key for workload in WORKLOADS}) == len(WORKLOADS)


def test_a_path_that_loses_loses_what_it_is_told_to() -> None:
    class Sender:
        responses: ClassVar[list[Any]] = []

        def __init__(self, number: int) -> None:
            self.left = number
            self.received = 0

        def begin(self, _requests: object, _now: int) -> None: ...

        def send(self, _now: int) -> list[bytes]:
            number, self.left = self.left, 0
            return [b"datagram"] * number

        def receive(self, datagrams: list[bytes], _now: int) -> None:
            assert 0 < len(datagrams) <= BURST
            self.received += len(datagrams)

        def deadline(self) -> None: ...

        def wake(self, _now: int) -> None: ...

    client, server = Sender(1000), Sender(0)
    path = Path(cast("Any", client), cast("Any", server), loss=0.1)
    path.exchange([])
    start = path.now
    path.step()
    assert path.now == start + DELAY
    assert path.next_time() is None
    assert 850 < server.received < 950
    assert path.sent == [1000, 0]
