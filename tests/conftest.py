"""Says which build is under test, and refuses to test another one than was asked for."""

import sys
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

import pytest

# For `fuzz`, `examples` and `benchmarks`. Last, so that what is tested is what is installed.
sys.path.append(str(Path(__file__).parents[1]))

PACKAGES = ("zttp_core", "zttp_h1", "zttp_h2")
MARKERS = {"interpreted_only": "compiled", "compiled_only": "interpreted"}  # marker: the build that it leaves out
BUILDS = pytest.StashKey[dict[str, str]]()


def build_of(package: str) -> str | None:
    """What a package runs as: "compiled", "interpreted", or "mixed" if it believes otherwise; None: not installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None or find_spec(f"{package}.plugin") is None:
        return None
    files = {path.name for path in Path(spec.origin).parent.rglob("*")}
    compiled = any(name.endswith(tuple(EXTENSION_SUFFIXES)) for name in files)
    if bool(import_module(package).COMPILED) is not compiled:
        return "mixed"
    return "compiled" if compiled else "interpreted"


# The tests of a protocol need its plugin; an installation without it is a legitimate one.
collect_ignore = [] if build_of("zttp_h2") else ["http2"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--build", choices=("interpreted", "compiled"), help="fail unless this build is what is tested")


def pytest_configure(config: pytest.Config) -> None:
    builds = {package: build for package in PACKAGES if (build := build_of(package)) is not None}
    wanted = config.getoption("--build")
    if wanted is not None and set(builds.values()) != {wanted}:
        raise pytest.UsageError(f"--build={wanted}, but what is installed is {builds}")
    config.stash[BUILDS] = builds


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
