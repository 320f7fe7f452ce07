"""Every combination of extras, installed from files alone into clean environments, on every Python that is found."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.packaging.conftest import UV, Built, run

COMBINATIONS = ["", "h2", "h3", "h2,h3"]
OURS = ("zttp", "zttp-core", "zttp-h1", "zttp-h2", "zttp-h3")

USE = """
import zttp
for protocol in zttp.protocols():
    whom = {"server_name": "localhost", "verify": b"a certificate"} if protocol.name == "h3" else {}
    assert isinstance(zttp.Connection(zttp.CLIENT, protocol.name, **whom), zttp.Connection)
    print(protocol.name, protocol.compiled)
"""
CAPTURE = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 00000400 01000000")  # a pcap without a record


class Python(NamedTuple):
    """An interpreter that was found."""

    name: str
    path: str


def found() -> list[Python]:
    """Return the newest of each kind from 3.11 on; nothing is fetched."""
    if not UV.exists():
        return []
    command: list[str | Path] = [UV, "python", "list", "--only-installed", "--offline", "--output-format", "json"]
    places = [os.environ.get("PATH", ""), *map(str, Path.home().glob(".pyenv/versions/*/bin"))]
    path = os.environ | {"PATH": os.pathsep.join(places)}
    done = subprocess.run(command, env=path, capture_output=True, text=True, check=False)
    kinds: dict[str, Python] = {}
    for one in json.loads(done.stdout or "[]"):
        parts = one["version_parts"]
        if (parts["major"], parts["minor"]) < (3, 11) or one["implementation"] not in ("cpython", "pypy"):
            continue
        variant = "t" if "freethreaded" in str(one.get("variant", "")) else ""
        name = f"{one['implementation']}-{parts['major']}.{parts['minor']}{variant}"
        kinds.setdefault(name, Python(name, one["path"]))
    return list(kinds.values())


def install(python: str, extras: str, built: dict[str, Built], folder: Path) -> tuple[Path, set[str]]:
    """Make an environment from our files; return its Python, and its distributions of ours."""
    files = folder / "files"
    files.mkdir()
    for one in built.values():
        shutil.copy(one.wheel, files)
    umbrella = files / built["zttp"].wheel.name
    wanted = f"zttp{f'[{extras}]' if extras else ''} @ {umbrella.as_uri()}"
    made = folder / "environment/bin/python"
    run(UV, "venv", "--no-project", "--python", python, made.parents[1], cwd=folder)
    only = ("--no-config", "--no-sources", "--only-binary", ":all:", "--find-links", str(files))
    run(UV, "pip", "install", *only, "--python", made, wanted, cwd=folder)
    installed = json.loads(run(UV, "pip", "list", "--format=json", "--python", made).splitlines()[-1])
    return made, {item["name"] for item in installed}


def check(python: Path, extras: str, installed: set[str], *, compiled: bool) -> None:
    """Exactly the requested distributions are installed, in the right build, and make connections."""
    names = [name for name in extras.split(",") if name]
    assert installed & set(OURS) == {"zttp", "zttp-core", "zttp-h1", *(f"zttp-{name}" for name in names)}
    assert ("cryptography" in installed) is ("h3" in names)
    lines = run(python, "-I", "-c", USE).splitlines()
    assert lines == [f"{name} {compiled}" for name in ("http/1.1", *names)]


@pytest.mark.parametrize("extras", COMBINATIONS)
def test_the_compiled_files(extras: str, compiled: dict[str, Built], tmp_path: Path) -> None:
    python, installed = install(sys.executable, extras, compiled, tmp_path)
    check(python, extras, installed, compiled=True)
    capture = tmp_path / "capture.pcap"
    capture.write_bytes(CAPTURE)
    done = subprocess.run([python, "-I", "-m", "zttp", "decode", capture], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    remedy = "there are no UDP datagrams" if "h3" in extras else 'pip install "zttp[h3]'
    assert remedy in done.stderr


@pytest.mark.parametrize("extras", COMBINATIONS)
@pytest.mark.parametrize("python", found(), ids=lambda python: python.name)
def test_the_pure_files_on_every_python(python: Python, extras: str, pure: dict[str, Built], tmp_path: Path) -> None:
    made, installed = install(python.path, extras, pure, tmp_path)
    check(made, extras, installed, compiled=False)
