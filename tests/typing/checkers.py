"""mypy and pyright, as their user runs them: their complaints, by file and line."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The sources, because an editable installation may hide from type checkers. The types of a wheel are the same files.
PATTERNS = ("*/src", "plugins/*/src", "examples/*/src")
SOURCES = [str(ROOT), *(str(path) for pattern in PATTERNS for path in sorted(ROOT.glob(pattern)))]

Faults = list[tuple[str, int, str]]  # file, line, complaint


def check(*command: str, more: Sequence[Path] = ()) -> str:
    """Run a checker; its status is 1 if it has complaints, and another one if it failed."""
    environment = {**os.environ, "MYPYPATH": os.pathsep.join([*SOURCES, *map(str, more)])}
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def mypy(paths: Sequence[Path], cache: Path) -> Faults:
    """Return the complaints of mypy about these files, which may import each other."""
    # As for an installed package, faults inside the packages are ignored here: `make check` finds those.
    output = check(
        "mypy", "--config-file=", "--strict", "--follow-imports=silent", "--explicit-package-bases", "--output=json",
        f"--cache-dir={cache}", *map(str, paths), more=[paths[0].parent],
    )  # fmt: skip
    faults = [json.loads(line) for line in output.splitlines() if line]
    own = {str(path) for path in paths}
    return sorted(
        (fault["file"], fault["line"], fault["message"])
        for fault in faults
        if fault["severity"] == "error" and str(ROOT / fault["file"]) in own
    )


def pyright(paths: Sequence[Path], project: Path, mode: str = "strict") -> Faults:
    """Return the complaints of pyright about these files, which must be in the folder ``project``."""
    configuration = {"include": [str(path) for path in paths], "extraPaths": SOURCES, "typeCheckingMode": mode}
    # pyright does not know a plugin that is absent; "strict" then reports every use.
    absent = dict.fromkeys(["reportUnknownMemberType", "reportUnknownVariableType", "reportUnknownArgumentType"], False)
    (project / "pyrightconfig.json").write_text(json.dumps({**configuration, **absent}))
    output = check("pyright", "--outputjson", "--pythonpath", sys.executable, "--project", str(project))
    report = json.loads(output)
    assert report["summary"]["filesAnalyzed"] == len(paths), output
    return sorted(
        (fault["file"], fault["range"]["start"]["line"] + 1, fault["message"])
        for fault in report["generalDiagnostics"]
        if fault["severity"] == "error"
    )


def need_pyright() -> None:
    """pyright of PyPI fetches the program itself from npm when it first runs, which needs a network."""
    pytest.importorskip("pyright")
    try:
        check("pyright", "--version")
    except AssertionError:
        pytest.skip("pyright cannot be fetched here")
