"""Check that an installed distribution is compiled, for the wheels of a release; status 1 if any of it is not.

python scripts/compiled.py plugins/zttp_h2
"""

import sys
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path


def main() -> None:
    """Check the installed package, not its sources beside this file."""
    package = Path(sys.argv[1]).name
    module = import_module(package)
    assert module.__file__ is not None
    files = Path(module.__file__).parent.rglob("*")
    extensions = sum(file.name.endswith(tuple(EXTENSION_SUFFIXES)) for file in files)
    print(f"{package}: {extensions} compiled modules on Python {sys.version.split()[0]}")
    sys.exit(not (module.COMPILED and extensions))


if __name__ == "__main__":
    main()
