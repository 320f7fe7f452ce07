"""Make the virtual environments in .build/environments; only again if their contents have changed.

    python scripts/environments.py compiled      prints the path of that environment's Python

interpreted  the sources of this tree, editable and pure, with every tool of development
compiled     the built wheels, with the dependencies of the tests
installed    the built wheels and nothing else: as a user has them
guided       the sources, pure, with the coverage-guided fuzzer, if there is one for this Python
"""

import argparse
import shutil
import sys
from pathlib import Path

from build import build_all
from workspace import BIN, BUILD, ROOT, content_hash, distributions, one_at_a_time, run, uv

GROUPS = {"interpreted": ("dev", "docs"), "compiled": ("test",), "installed": (), "guided": ("guided",)}


def python_of(name: str) -> Path:
    """Return the Python of an environment, which is made or updated if necessary."""
    folder = BUILD / "environments" / name
    python = folder / BIN / "python"
    requirements = [word for group in GROUPS[name] for word in ("--group", f"{ROOT / 'pyproject.toml'}:{group}")]
    requirements += _packages(name)
    stamp = folder / "content-hash"
    wanted = content_hash([item.folder / "pyproject.toml" for item in distributions()], *requirements)
    with one_at_a_time(name):
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            run(uv(), "venv", "--quiet", "--no-project", "--python", sys.executable, folder)
            run(uv(), "pip", "install", "--quiet", "--python", python, *requirements, quiet=True, ZTTP_PURE="1")
            stamp.write_text(wanted)
    return python


def _packages(name: str) -> list[str]:
    if name in ("interpreted", "guided"):
        return [word for item in distributions() for word in ("--editable", str(item.folder))]
    return [str(wheel) for folder in build_all() for wheel in folder.glob("*.whl")]


def main() -> None:
    """Make one environment and print the path of its Python."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=GROUPS)
    print(python_of(parser.parse_args().name))


if __name__ == "__main__":
    main()
