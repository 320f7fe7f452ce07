"""The suite on several processors: measuring tests run alone, and no crash is lost."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytest.importorskip("xdist")

# Each test records when it ran, on a clock that all processes share.
TESTS = """
import time
from pathlib import Path
import pytest

def note():
    start = time.monotonic_ns()
    time.sleep(0.05)
    with Path(__file__).with_name("times").open("a") as times:
        times.write(f"{start} {time.monotonic_ns()}\\n")

@pytest.mark.parametrize("number", range(8))
def test_beside_others(number):
    note()

@pytest.mark.alone
@pytest.mark.parametrize("number", range(4))
def test_alone(number):
    note()
"""

CRASHING = "import os\n\ndef test_nothing():\n    pass\n\n\ndef test_that_crashes():\n    os.abort()\n"

CRASHING_LATER = """
import os
import pytest

@pytest.fixture(scope="session", autouse=True)
def last():
    yield
    os.abort()

@pytest.mark.parametrize("number", range(6))
def test_nothing(number):
    pass
"""


def run(folder: Path, content: str) -> subprocess.CompletedProcess[str]:
    """Run a file of tests on two workers, with the hooks of tests/conftest.py."""
    path = folder / "test_some.py"
    path.write_text(content)
    options = "-n 2 -p xdist -p tests.conftest -p no:cacheprovider --import-mode=importlib -o markers=alone"
    command = [
        sys.executable,
        "-P",
        "-m",
        "pytest",
        *options.split(),
        "-c",
        os.devnull,
        f"--rootdir={folder}",
        str(path),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=110)


def times(folder: Path) -> list[tuple[int, ...]]:
    """When each test began and ended, in the order in which they began."""
    return sorted(tuple(map(int, line.split())) for line in (folder / "times").read_text().splitlines())


def overlaps(noted: list[tuple[int, ...]]) -> int:
    """How often a test began before the previous one had ended."""
    return sum(later[0] < earlier[1] for earlier, later in pairwise(noted))


def test_tests_run_beside_each_other_and_what_measures_runs_alone(tmp_path: Path) -> None:
    noted: list[tuple[int, ...]] = []
    for chance in range(3):  # on a busy machine one worker may be done before the other has begun
        folder = tmp_path / str(chance)
        folder.mkdir()
        done = run(folder, TESTS)
        assert done.returncode == 0, done.stdout
        noted = times(folder)
        assert len(noted) == 12
        if overlaps(noted[:8]) > 0:
            break
    assert overlaps(noted[:8]) > 0
    assert overlaps(noted[7:]) == 0
    assert noted[8][0] >= max(end for _, end in noted[:8])


@pytest.mark.parametrize("content", [CRASHING, CRASHING_LATER], ids=["in a test", "after the last test"])
def test_a_crash_of_a_worker_fails_the_run(content: str, tmp_path: Path) -> None:
    done = run(tmp_path, content)
    assert done.returncode != 0
    assert "gw0 crashed" in done.stdout or "gw1 crashed" in done.stdout
    assert re.fullmatch(r"=+ .*\d (passed|failed).* in [\d.]+s =+", done.stdout.splitlines()[-1])
