"""uvicorn's own tests of its backends for zttp, from its source distribution, with the installed zttp."""

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
SDISTS = ROOT / ".build/sdists"  # fetched once for all builds
PIP = ROOT / ".build/tools/bin/python"  # the environments have none

# Tests that assume the behaviour of zttp 0.0.35, and why ours differs. If one passes, our test fails.
DIFFERENT = {
    # A client's stream window is larger than the 100 kB of the test, so nothing waits for credit.
    "test_window_update_flushes_pending_response_data",
    # RFC 9113 5.1: nothing is sent on a closed stream, so `reset()` after a complete response does nothing.
    "test_app_returning_value_resets_stream",
    "test_unexpected_message_after_completion_resets_stream",
}


def fetch(requirement: str) -> Path:
    """Return the source distribution, from the index that is configured, or skip the test that needs it."""
    name = requirement.replace("==", "-") + ".tar.gz"
    if not (SDISTS / name).exists():
        if not PIP.exists():
            pytest.skip("there is no pip here to fetch uvicorn's source distribution")
        SDISTS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SDISTS) as folder:
            options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--dest", folder]
            command = [str(PIP), "-m", "pip", "download", *options, "--no-binary", "uvicorn", requirement]
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            except subprocess.TimeoutExpired:
                pytest.skip("uvicorn's source distribution did not come in time")
            if done.returncode:
                pytest.skip(f"uvicorn's source distribution cannot be had: {done.stderr.strip()[-200:]}")
            (Path(folder) / name).replace(SDISTS / name)  # atomically: another process may need it, too
    return SDISTS / name


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Unpack the tests of the uvicorn that is installed, without its package, which would be imported instead."""
    with tarfile.open(fetch(f"uvicorn=={version('uvicorn')}")) as sdist:
        top = sdist.getnames()[0].split("/")[0]
        tests = [member for member in sdist.getmembers() if member.name.startswith(f"{top}/tests/")]
        sdist.extractall(tmp_path, tests, filter="data")
    return tmp_path / top


def run(suite: Path, words: Sequence[str]) -> tuple[ET.Element, str]:
    """Run tests of the suite; return pytest's report, and what it printed."""
    report = suite / "report.xml"
    strict = ["-W", "error", "--strict-markers", "--timeout=30", "-p", "no:cacheprovider", "-p", "no:xdist"]
    where = ["--config-file", os.devnull, "--rootdir", str(suite), "--junit-xml", str(report)]
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--no-header", "--tb=short", *strict, *where, *words]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        command, cwd=suite, env=kept, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90
    )
    assert done.returncode in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), done.stdout
    return ET.parse(report).getroot(), done.stdout


@pytest.mark.parametrize(
    ("file", "selected", "count", "different"),
    [
        ("test_http.py", "zttp", 80, set()),
        ("test_http2.py", "", 50, DIFFERENT),
        ("test_websocket.py", "zttp and sansio", 65, set()),
    ],
    ids=["http1", "http2", "websocket"],
)
def test_own_tests(suite: Path, file: str, selected: str, count: int, different: set[str]) -> None:
    report, printed = run(suite, [f"tests/protocols/{file}", "-k", selected])
    cases = report.findall(".//testcase")
    failed = {case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None}
    passed = [case for case in cases if len(case) == 0 or case[0].tag.startswith("system")]
    assert failed == different, printed
    assert len(passed) >= count, "the selection fits uvicorn's tests no more"
