"""Run every test twice: interpreted, with coverage, and compiled, from the built wheels. Other arguments go to pytest.

    python scripts/test.py [interpreted|compiled] [pytest arguments]

The whole suite runs on several processors; a test that measures time waits until no other runs (the marker `alone`).
"""

import re
import subprocess
import sys
from collections.abc import Sequence

from environments import python_of
from workspace import ROOT

BUILDS = ["interpreted", "compiled"]
SUMMARY = re.compile(r"(=+ )?(\d+ (passed|failed|skipped|error|deselected)|no tests ran).* in [\d.]+s")
# A process gets the numbers of its tests in small portions: those of thousands are 80 kB, which may arrive while a test
# counts the memory that something takes.
PARALLEL = ("--numprocesses=auto", "--maxprocesses=8", "--maxschedchunk=64")
# Of the whole suite: tests of only the built files or only the sources run once, and so does coverage.
OF_WHEELS = ("tests/packaging", "tests/typing")
OF_SOURCES = ("tests/architecture", "tests/docs/test_site.py", "tests/scripts/test_parallel_runs.py")
WHOLE = {
    "interpreted": (*PARALLEL, *(f"--ignore={path}" for path in OF_WHEELS), "--cov", "--cov-report="),
    "compiled": (*PARALLEL, *(f"--ignore={path}" for path in OF_SOURCES)),
}


def pytest(build: str, words: Sequence[str]) -> tuple[int, str]:
    """Run the suite against one build; return its exit status, and pytest's last line."""
    python = python_of(build)
    command = [str(python), "-P", "-m", "pytest", f"--build={build}", *(words or WHOLE[build])]
    summary = "pytest ended without a summary"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if SUMMARY.match(line):
                summary = line.rstrip()
    if build == "interpreted" and not words:
        subprocess.run([python, "-m", "coverage", "report"], cwd=ROOT, check=False)
    return process.returncode, summary


def main() -> None:
    """Run the selected builds, and print one line for each at the end."""
    words = sys.argv[1:]
    builds = [words.pop(0)] if words and words[0] in BUILDS else BUILDS
    results = {build: pytest(build, words) for build in builds}
    print()
    for build, (_, summary) in results.items():
        print(f"{build}:\n{summary}")
    sys.exit(any(status for status, _ in results.values()))  # a negative status is a crash


if __name__ == "__main__":
    main()
