"""Reports which build is under test, and refuses to test any but the requested one."""

import gc
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Results do not depend on load: a busy machine is not a failure.
settings.register_profile("zttp", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("zttp")

# For `fuzz`, `examples` and `benchmarks`. Last, so that the installed packages are tested.
sys.path.append(str(Path(__file__).parents[1]))

PACKAGES = ("zttp_core", "zttp_h1", "zttp_h2", "zttp_h3")
MARKERS = {"interpreted_only": "compiled", "compiled_only": "interpreted"}  # marker: the build that it excludes
# Folders of long tests: they start first, so that at the end no processor waits for another.
LONG = ("integration", "packaging", "docs", "soak", "commands", "http3")
# Folders and files whose tests repeat the same checks thousands of times, or in other processes. They reach no line
# that other tests do not reach, and with coverage they take three to four times as long.
REPEATS = (
    "benchmarks",
    "examples",
    "integration",
    "peers",
    "soak",
    "test_arguments",
    "test_conformance.py",
    "test_conformance_kit_fastcgi",
    "test_conformance_kit_http",
    "test_conformance_kit_samples",
    "test_conformance_kit_sealed",
    "test_cost",
    "test_memory",
    "test_schedules",
    "test_splits",
)
SEEDS = 2  # of a test with a parameter `seed`, on the interpreted build, which is many times slower; all when compiled
BUILDS = pytest.StashKey[dict[str, str]]()
CRASHES = pytest.StashKey[list[str]]()


def build_of(package: str) -> str | None:
    """The build of a package: "compiled", "interpreted", or "mixed" if its flag is wrong; None: not installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    files = {path.name for path in Path(spec.origin).parent.rglob("*")}
    compiled = any(name.endswith(tuple(EXTENSION_SUFFIXES)) for name in files)
    if bool(import_module(package).COMPILED) is not compiled:
        return "mixed"
    return "compiled" if compiled else "interpreted"


# The tests of a protocol need its plugin; an installation without it is valid.
collect_ignore = [folder for package, folder in (("zttp_h2", "http2"), ("zttp_h3", "http3")) if not build_of(package)]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--build", choices=("interpreted", "compiled"), help="fail unless this build is what is tested")


def pytest_configure(config: pytest.Config) -> None:
    builds = {package: build for package in PACKAGES if (build := build_of(package)) is not None}
    wanted = config.getoption("--build")
    if wanted is not None and set(builds.values()) != {wanted}:
        raise pytest.UsageError(f"--build={wanted}, but what is installed is {builds}")
    config.stash[BUILDS] = builds
    config.stash[CRASHES] = []


def pytest_report_header(config: pytest.Config) -> str:
    builds = config.stash[BUILDS]
    return "zttp: " + ", ".join(f"{package} {build}" for package, build in builds.items()) + f" ({sys.prefix})"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    builds = set(config.stash[BUILDS].values())
    for item in items:
        for marker, left_out in MARKERS.items():
            found = item.get_closest_marker(marker)
            if found is not None and left_out in builds:
                item.add_marker(pytest.mark.skip(reason=found.kwargs["reason"]))
    if "interpreted" in builds:
        dropped = [item for item in items if is_seed_too_many(item)]
        items[:] = [item for item in items if not is_seed_too_many(item)]
        config.hook.pytest_deselected(items=dropped)
    items.sort(key=turn_of)


def pytest_collection_finish() -> None:
    """Exclude the collected tests from garbage collection: there are so many that each run took half a second."""
    gc.collect()
    gc.freeze()


def is_alone(item: pytest.Item) -> bool:
    """Return whether no other test may run at the same time."""
    return item.get_closest_marker("alone") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run tests that repeat checks, or measure, without the tracer of coverage.

    The marker of pytest-cov would stop one of the two tracers of a worker in a parallel run, and the other resumes.
    """
    if not is_alone(item) and not is_repetition(item):
        return (yield)
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


def is_repetition(item: pytest.Item) -> bool:
    """Return whether a test repeats checks with generated inputs, or with peers."""
    if item.get_closest_marker("hypothesis") is not None:
        return True
    if isinstance(item, pytest.Function) and "seed" in getattr(item, "fixturenames", ()):
        return True
    return any(part.startswith(REPEATS) for part in place_of(item))


def place_of(item: pytest.Item) -> tuple[str, ...]:
    """Return the folders below this one and the file of a test."""
    here = Path(__file__).parent
    return item.path.relative_to(here).parts if item.path.is_relative_to(here) else ()


def is_seed_too_many(item: pytest.Item) -> bool:
    """Return whether a test has a seed that only the compiled build runs."""
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    seed = item.callspec.params.get("seed")
    is_named = any("[" in word for word in item.config.args)  # a test that is named on the command line runs
    return isinstance(seed, int) and seed >= SEEDS and not is_named


def turn_of(item: pytest.Item) -> int:
    """Return the position of a test: long ones first, and those that must be alone together at the end."""
    if is_alone(item):
        return len(LONG) + 1
    folder = place_of(item)[:1]
    return LONG.index(folder[0]) if folder and folder[0] in LONG else len(LONG)


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Wait until a test may run, with others or alone, among the processes that share a folder."""
    from fcntl import LOCK_EX, LOCK_SH, LOCK_UN, flock

    with (folder / "queue").open("w") as queue, (folder / "room").open("w") as room:
        flock(queue, LOCK_EX)  # a test that must be alone holds the queue until no other runs
        flock(room, LOCK_EX if alone else LOCK_SH)
        flock(queue, LOCK_UN)
        try:
            yield
        finally:
            flock(room, LOCK_UN)  # closing is not enough: a child process may have the file, too


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outside the time limit
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if not hasattr(item.config, "workerinput"):  # not one of several workers
        return (yield)
    with turn(Path(item.config.option.basetemp).parent, alone=is_alone(item)):
        return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Record a worker that crashed: between two tests, that fails no test."""
    if error:
        node.config.stash[CRASHES].append(f"{node.gateway.id} crashed: {error}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.stash[CRASHES]:
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for crash in config.stash[CRASHES]:
        terminalreporter.write_line(crash, red=True)
