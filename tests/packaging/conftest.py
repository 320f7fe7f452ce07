"""Fixtures: the built distributions, and clean environments to install them into."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = ROOT / ".build/tools/bin/uv"


@dataclass(frozen=True)
class Built:
    """The built files of one distribution."""

    name: str
    wheel: Path
    sdist: Path

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        """The package in this tree."""
        roots = (ROOT, ROOT / "zttp_core/src", *ROOT.glob("plugins/*/src"))
        [found] = [root / self.package for root in roots if (root / self.package / "py.typed").exists()]
        return found


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Run a program that must succeed, without the environment variables that could change its imports."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ZTTP_PURE", "VIRTUAL_ENV")}
    done = subprocess.run(
        command, cwd=cwd, env=kept | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def build(**environment: str) -> dict[str, Built]:
    folders = [
        ROOT / line.strip()
        for line in run(sys.executable, ROOT / "scripts/build.py", cwd=ROOT, **environment).splitlines()
        if line.startswith(".build")
    ]
    built = {}
    for folder in folders:
        [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
        built[folder.parent.name] = Built(folder.parent.name, wheel, sdist)
    return built


@pytest.fixture(scope="session")
def compiled() -> dict[str, Built]:
    """Every distribution by name, its wheel compiled."""
    return build()


@pytest.fixture(scope="session")
def pure() -> dict[str, Built]:
    """Every distribution by name, its wheel pure Python."""
    return build(ZTTP_PURE="1")


@pytest.fixture
def clean_environment(tmp_path: Path) -> Callable[..., Path]:
    """Make an environment with only these requirements and their dependencies; return its Python."""

    def make(*requirements: str | Path) -> Path:
        python = tmp_path / "environment/bin/python"
        run(UV, "venv", "--no-project", "--python", sys.executable, python.parents[1], cwd=tmp_path)
        run(UV, "pip", "install", "--no-config", "--no-sources", "--python", python, *requirements, cwd=tmp_path)
        return python

    return make
