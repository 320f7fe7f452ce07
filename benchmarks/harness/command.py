"""The command line that all benchmarks share: make environments, check, time, report."""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness import budget
from harness.checks import differences, uncompiled_parts
from harness.contestants import Contestant, Worker, shared_cpu
from harness.environments import InstallationError, Peer, ensure_environment
from harness.instructions import instructions_per_iteration
from harness.report import Row, as_json, table, verdict
from harness.rounds import counted, nanoseconds_per_iteration
from harness.suite import NANOSECONDS, Workload

PEER_ENVIRONMENTS = ".build/bench"

OK, DIFFERENT, SLOWER, UNAVAILABLE = 0, 1, 2, 3


@dataclass(frozen=True)
class Benchmark:
    """A suite and its contestants."""

    title: str
    suite: str
    workloads: Sequence[Workload]
    targets: Callable[[Workload], Mapping[str, float]]
    ours_driver: str
    peers: Sequence[Peer]
    growth: Sequence[Workload] = ()
    """The same work in growing sizes: for curves, without targets."""
    remarks: Callable[[Sequence[Worker]], Iterable[str]] = lambda _: ()
    """What else is to be said of the contestants, from what they told about themselves."""


def options(benchmark: Benchmark) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=f"{benchmark.title} benchmark: ours against its peers.")
    parser.add_argument("--check", action="store_true", help="compare what is extracted, without timing")
    parser.add_argument("--only", metavar="TEXT", default="", help="only rows whose group or name contains this")
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds per row (default: 15)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file")
    parser.add_argument("--without", action="append", default=[], metavar="PEER", help="leave a peer out")
    parser.add_argument(
        "--instructions", action="store_true", help="count instructions under callgrind instead of timing: slow, exact"
    )
    parser.add_argument(
        "--budget",
        action="store_true",
        help="compare the instructions of the main rows with those on record",
    )
    parser.add_argument("--record", action="store_true", help="put what --budget counts on record")
    parser.add_argument("--growth", action="store_true", help="how cost grows with size, instead of the usual rows")
    parser.add_argument(
        "--ours-python", type=Path, metavar="FILE", help="a Python that has ours installed (default: one made for it)"
    )
    return parser.parse_args()


def processor() -> str:
    """Return the system's name of its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def ours_installed(repository: Path) -> Path:
    """Return the Python of an environment that holds the compiled wheels of this tree, built first if necessary."""
    command = [sys.executable, "scripts/environments.py", "installed"]
    made = subprocess.run(command, cwd=repository, check=False, stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        raise InstallationError(" ".join(command))
    return Path(made.stdout.strip())


def contestants(benchmark: Benchmark, repository: Path, ours: Path, without: Sequence[str]) -> list[Contestant]:
    """Make the environments; ours comes first, so that the others are compared with it."""
    found = [Contestant("ours", benchmark.ours_driver, ours)]
    for peer in benchmark.peers:
        if peer.name not in without:
            python = ensure_environment(repository / PEER_ENVIRONMENTS / peer.name, peer.requirements)
            found.append(Contestant(peer.name, peer.driver, python))
    return found


def check(workloads: Sequence[Workload], workers: Sequence[Worker]) -> bool:
    """Report whether all workers extract the same data.

    Rows that measure a part, or count something, are left out: they do the same as another row.
    """
    workloads = [workload for workload in workloads if workload.is_whole and workload.unit == NANOSECONDS]
    found = [difference for workload in workloads for difference in differences(workload, workers)]
    print("\n".join(found) if found else f"{len(workloads)} workloads: all contestants extract the same data.")
    return not found


def keep_to_budget(benchmark: Benchmark, ours: Contestant, file: Path, record: bool) -> int:
    """Print the current cost of the recorded rows; return the exit status SLOWER if one costs too much."""
    known = budget.read_budget(file)
    reason = budget.why_not(known)
    if reason is not None and not record:
        print(f"nothing to compare: {reason}")
        return OK
    workloads = [workload for workload in benchmark.workloads if workload.key in known.rows]
    rows = budget.count(ours, benchmark.suite, workloads)
    print(*budget.lines(known, rows), sep="\n")
    if record:
        budget.write_budget(file, rows)
        return OK
    too_much = budget.over(known, rows)
    for key in too_much:
        print(f"{key} costs over {budget.TOLERANCE:.0%} more than it did")
    return SLOWER if too_much else OK


def main(benchmark: Benchmark, repository: Path) -> int:
    """Run a benchmark with the options of the command line, and return the exit status."""
    chosen = options(benchmark)
    known = benchmark.growth if chosen.growth else benchmark.workloads
    workloads = [workload for workload in known if chosen.only in workload.key]
    if chosen.instructions:
        workloads = [workload for workload in workloads if workload.is_whole]
    if not workloads:
        print(f"no row contains {chosen.only!r}", file=sys.stderr)
        return DIFFERENT
    try:
        ours = chosen.ours_python or ours_installed(repository)
        alone = [peer.name for peer in benchmark.peers] if chosen.budget or chosen.record else []
        taking_part = contestants(benchmark, repository, ours, [*chosen.without, *alone])
    except InstallationError as error:
        print(f"cannot make an environment: {error}", file=sys.stderr)
        return UNAVAILABLE
    cpu = shared_cpu()
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(contestant, benchmark.suite, cpu)) for contestant in taking_part]
        print(f"{benchmark.title}, Python {platform.python_version()}, {platform.machine()}, CPU {cpu}")
        for worker in workers:
            print(f"  {worker.name}: {worker.about['version']}")
        if not check(workloads, workers):
            return DIFFERENT
        if chosen.check:
            for line in benchmark.remarks(workers):
                print(line)
            return OK
        uncompiled = uncompiled_parts(workers[0])
        if uncompiled:
            print(f"ours is not compiled, and timing the interpreter proves nothing: {uncompiled}", file=sys.stderr)
            return DIFFERENT
        if chosen.budget or chosen.record:
            file = repository / "benchmarks" / benchmark.suite / "budget.json"
            return keep_to_budget(benchmark, taking_part[0], file, chosen.record)
        peers = [worker.name for worker in workers[1:]]
        rows: list[Row] = []

        def unit(workload: Workload) -> str:
            return "instructions" if chosen.instructions and workload.unit == NANOSECONDS else workload.unit

        for position, workload in enumerate(workloads):
            if workload.unit != NANOSECONDS:
                costs = counted(workload, taking_part, workers, benchmark.suite, cpu)
            elif chosen.instructions:
                costs = instructions_per_iteration(workload, taking_part, workers, benchmark.suite)
            else:
                costs = nanoseconds_per_iteration(workload, workers, chosen.rounds)
            rows.append(Row(workload, costs, {} if chosen.growth else benchmark.targets(workload)))
            if position + 1 == len(workloads) or workloads[position + 1].group != workload.group:
                group = [row for row in rows if row.workload.group == workload.group]
                print("", *table(group, peers, unit(workload)), sep="\n", flush=True)
        print("", *benchmark.remarks(workers), *verdict(rows, peers), sep="\n")
        if chosen.json:
            about = {worker.name: worker.about for worker in workers}
            settings = {"rounds": chosen.rounds, "unit": "instructions" if chosen.instructions else "ns", "cpu": cpu}
            settings |= {"machine": platform.machine(), "system": platform.system(), "processor": processor()}
            chosen.json.write_text(json.dumps(as_json(rows, about, settings), indent=2) + "\n")
    return SLOWER if any(row.slower_than for row in rows) else OK
