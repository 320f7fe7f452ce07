"""Environments: each contestant is installed alone, so none can import, shadow or slow down another."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STAMP = "contestant.txt"


@dataclass(frozen=True)
class Peer:
    """A peer: its name in reports, its driver in the suite, its requirements."""

    name: str
    driver: str
    requirements: tuple[str, ...]


class InstallationError(Exception):
    """An environment could not be made, for example without a network."""


def run(*command: str | Path) -> None:
    """Run an installer quietly; if it fails, the error has its output."""
    words = [str(word) for word in command]
    result = subprocess.run(words, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise InstallationError(f"{' '.join(words)}\n{result.stdout.strip()}")


def interpreter(environment: Path) -> Path:
    """Return the Python of an environment."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


@contextmanager
def one_at_a_time(environment: Path) -> Iterator[None]:
    """Let one process make an environment while the others wait: tests need the same ones at once. Not on Windows."""
    environment.parent.mkdir(parents=True, exist_ok=True)
    with environment.with_name(f"{environment.name}.lock").open("w") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure_environment(environment: Path, requirements: Sequence[str]) -> Path:
    """Make an environment with exactly these requirements, unless it exists; return its Python."""
    with one_at_a_time(environment):
        return _made(environment, requirements)


def _made(environment: Path, requirements: Sequence[str]) -> Path:
    python = interpreter(environment)
    stamp = environment / STAMP
    wanted = "\n".join([sys.version, *requirements])
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    if environment.exists():
        shutil.rmtree(environment)
    uv = shutil.which("uv")
    if uv is not None:
        run(uv, "venv", "--quiet", "--python", sys.executable, environment)
        run(uv, "pip", "install", "--quiet", "--python", python, *requirements)
    else:
        run(sys.executable, "-m", "venv", environment)
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
    stamp.write_text(wanted)
    return python
