"""Build every distribution: its sdist, and the wheel from that sdist alone. Nothing is rebuilt unless sources changed.

    python scripts/build.py              into .build/distributions/<name>/<content hash>/, printing those folders
    python scripts/build.py --out dist   and copied to dist/

``ZTTP_PURE=1`` builds the pure Python wheels. The generated C is kept beside the compiled wheels, for the lint.
"""

import argparse
import os
import shutil
import sys
import tarfile
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workspace import BUILD, ROOT, Distribution, content_hash, distributions, one_at_a_time, run, uv

KEPT = 3  # builds per distribution: enough to switch between two states of the sources and the pure wheel


def build(distribution: Distribution) -> Path:
    """The folder with this distribution's sdist, wheel and generated C."""
    pure = os.environ.get("ZTTP_PURE", "")
    folder = BUILD / "distributions" / distribution.name
    target = folder / content_hash(distribution.files(), pure, os.environ.get("CFLAGS", ""))
    with one_at_a_time(distribution.name):
        if target.exists():
            target.touch()
        else:
            _make(distribution, target)
        for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old)
    return target


def _say(distribution: Distribution, what: str) -> None:
    print(f"{distribution.name}: {what}", file=sys.stderr, flush=True)


def _make(distribution: Distribution, target: Path) -> None:
    start = time.monotonic()
    # Outside the repository, so that the build cannot use anything of the workspace.
    with tempfile.TemporaryDirectory(prefix=f"{distribution.name}-") as name:
        work = Path(name)
        for file in distribution.files():
            copy = work / "source" / file.relative_to(distribution.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        command = (uv(), "build", "--python", sys.executable, "--out-dir", work / "out")
        _say(distribution, "source distribution")
        run(*command, "--sdist", work / "source", quiet=True)
        [sdist] = (work / "out").glob("*.tar.gz")
        with tarfile.open(sdist) as archive:
            archive.extractall(work / "unpacked", filter="data")
        [unpacked] = (work / "unpacked").iterdir()
        compiled = distribution.compiled and os.environ.get("ZTTP_PURE", "0") in ("", "0")
        _say(distribution, "wheel: translated to C and compiled, which takes minutes" if compiled else "wheel")
        run(*command, "--wheel", unpacked, quiet=True)
        for source in unpacked.glob("build/*.c"):
            if source.name.startswith("__native"):
                (work / "out" / "c").mkdir(exist_ok=True)
                shutil.copy(source, work / "out" / "c")
        _publish(work / "out", target)
    _say(distribution, f"built in {time.monotonic() - start:.0f} s")


def _publish(made: Path, target: Path) -> None:
    """Move a finished build to its place atomically."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as name:
        staged = Path(name) / "staged"
        shutil.move(made, staged)
        staged.rename(target)


def build_all() -> list[Path]:
    """Build all distributions, two at a time, and return their folders."""
    uv()
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(build, distributions()))


def main() -> None:
    """Build, print the folders, and copy the files with ``--out``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="copy the wheels and sdists there")
    options = parser.parse_args()
    for folder in build_all():
        if options.out is None:
            print(folder.relative_to(ROOT))
            continue
        out = ROOT / options.out
        out.mkdir(exist_ok=True)
        for old in out.glob(f"{folder.parent.name.replace('-', '_')}-*"):  # of another version or kind
            old.unlink()
        for file in (*folder.glob("*.whl"), *folder.glob("*.tar.gz")):
            print(shutil.copy(file, out))


if __name__ == "__main__":
    main()
