"""What all scripts share: paths, the list of distributions, and running a program. Needs Python only."""

import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"  # everything made for development: environments, wheels, generated C
SHARED = ("pyproject.toml", "README.md", "LICENSE")  # files of every distribution
LEFTOVERS = ("__pycache__", "build", "*.egg-info", "*.so", "*.pyd")
BIN = "Scripts" if os.name == "nt" else "bin"


@dataclass(frozen=True)
class Distribution:
    """One of the distributions of this repository."""

    name: str
    folder: Path
    parts: tuple[str, ...] = (*SHARED, "setup.py", "docstrings_in_c.py", "MANIFEST.in", "src")

    @property
    def package(self) -> str:
        """The import name."""
        return self.name.replace("-", "_")

    @property
    def compiled(self) -> bool:
        """Whether it has modules to compile."""
        return "setup.py" in self.parts

    def files(self) -> list[Path]:
        """Every source file, sorted."""
        paths = [self.folder / part for part in self.parts]
        files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
        return sorted(file for file in files if not _is_leftover(file.relative_to(self.folder)))


def _is_leftover(file: Path) -> bool:
    return any(path.match(pattern) for path in (file, *file.parents) for pattern in LEFTOVERS)


def distributions() -> list[Distribution]:
    """The distributions that can be built: the umbrella, the core, and each plugin, with or without a hook."""
    plugins = sorted(path.parent for path in ROOT.glob("plugins/*/setup.py"))
    return [
        Distribution("zttp-core", ROOT / "zttp_core"),
        *(Distribution(folder.name.replace("_", "-"), folder) for folder in plugins),
        Distribution("zttp", ROOT, (*SHARED, "zttp")),
    ]


def content_hash(files: Iterable[Path], *more: str) -> str:
    """A short digest of these files (and strings), and of the running Python."""
    digest = hashlib.sha256("\n".join((sys.version, *more)).encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Let one process in while the others wait, so that a shared file is made once; on Windows, perhaps twice."""
    (BUILD / "locks").mkdir(parents=True, exist_ok=True)
    with (BUILD / "locks" / name).open("w") as file:
        if os.name != "nt":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(*command: str | Path, cwd: Path = ROOT, quiet: bool = False, **environment: str) -> None:
    """Run a program; if it fails, this process ends. Quiet: its output is shown only if it fails."""
    words = [str(word) for word in command]
    if not quiet:
        print("$", shlex.join(word.replace(f"{ROOT}/", "") for word in words), file=sys.stderr, flush=True)
    done = subprocess.run(
        words,
        cwd=cwd,
        env=os.environ | environment,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout or ''}\n{shlex.join(words)}\nfailed with exit status {done.returncode}")


@cache
def uv() -> Path:
    """The installer, in an environment of its own: a new machine has only Python."""
    tools = BUILD / "tools"
    program = tools / BIN / "uv"
    if not program.exists():
        run(sys.executable, "-m", "venv", tools)
        run(tools / BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.7,<1")
    return program
