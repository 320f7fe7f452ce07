"""mypy and pyright see the types that the documentation promises, and refuse what is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USAGE = Path(__file__).with_name("usage.py")
# The sources, because an editable installation may hide from type checkers. The types of a wheel are the same files.
SOURCES = [str(ROOT), *(str(path) for path in sorted(ROOT.glob("*/src")) + sorted(ROOT.glob("plugins/*/src")))]

# Each line is wrong, and each checker must say so.
MISUSE = """\
import zttp
zttp.Connection(zttp.SERVER, require_hosts=True)
zttp.Connection("server")
zttp.Connection(zttp.SERVER, protocol=b"h2")
zttp.Connection(zttp.SERVER).receive_datagram(b"")
zttp.Connection(zttp.SERVER).send_response("200")
zttp.Connection(zttp.SERVER).next_event().headers
zttp.Data(data=b"")._nothing
zttp.protocol()
"""


def check(*command: str) -> str:
    """Run a checker; it answers 1 if it has complaints and something else if it could not do its work."""
    environment = {**os.environ, "MYPYPATH": os.pathsep.join(SOURCES)}
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def mypy(path: Path, cache: Path) -> list[int]:
    """Return the numbers of the lines that mypy complains about."""
    # As for an installed package, faults inside the packages do not count here: `make check` looks for those.
    output = check(
        "mypy", "--config-file=", "--strict", "--follow-imports=silent", "--explicit-package-bases", "--output=json",
        f"--cache-dir={cache}", str(path),
    )  # fmt: skip
    print(output)  # noqa: T201 - shown where the test fails
    faults = [json.loads(line) for line in output.splitlines() if line]
    return sorted({fault["line"] for fault in faults if fault["severity"] == "error" and ROOT / fault["file"] == path})


def pyright(path: Path, project: Path) -> list[int]:
    """Return the numbers of the lines that pyright complains about."""
    configuration = {"include": [str(path)], "extraPaths": SOURCES, "typeCheckingMode": "strict"}
    # A plugin that is absent is not known to pyright, which "strict" then says of every use.
    absent = dict.fromkeys(["reportUnknownMemberType", "reportUnknownVariableType", "reportUnknownArgumentType"], False)
    (project / "pyrightconfig.json").write_text(json.dumps({**configuration, **absent}))
    output = check("pyright", "--outputjson", "--project", str(project))
    report = json.loads(output)
    assert report["summary"]["filesAnalyzed"] == 1, output
    faults = report["generalDiagnostics"]
    print(json.dumps(faults, indent=1))  # noqa: T201 - shown where the test fails
    return sorted({fault["range"]["start"]["line"] + 1 for fault in faults if fault["severity"] == "error"})


@pytest.fixture
def misuse(tmp_path: Path) -> Path:
    path = tmp_path / "misuse.py"
    path.write_text(MISUSE)
    return path


@pytest.fixture
def need_pyright() -> None:
    """pyright of PyPI fetches the program itself from npm when it first runs, which needs a network."""
    pytest.importorskip("pyright")
    try:
        check("pyright", "--version")
    except AssertionError:
        pytest.skip("pyright cannot be fetched here")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def test_mypy_accepts_documented_usage(cache: Path) -> None:
    pytest.importorskip("mypy")
    assert mypy(USAGE, cache) == []


def test_mypy_refuses_misuse(misuse: Path, cache: Path) -> None:
    pytest.importorskip("mypy")
    assert mypy(misuse, cache) == list(range(2, len(MISUSE.splitlines()) + 1))


@pytest.mark.usefixtures("need_pyright")
def test_pyright_accepts_documented_usage(tmp_path: Path) -> None:
    usage = tmp_path / "usage.py"  # pyright looks at nothing outside its project
    usage.write_text(USAGE.read_text())
    assert pyright(usage, tmp_path) == []


@pytest.mark.usefixtures("need_pyright")
def test_pyright_refuses_misuse(misuse: Path, tmp_path: Path) -> None:
    assert pyright(misuse, tmp_path) == list(range(2, len(MISUSE.splitlines()) + 1))
