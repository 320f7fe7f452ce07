"""Imports one module in a separate interpreter and prints, as JSON, its accesses to the process.

    python -P import_probe.py zttp_scgi.connection

A program, not a module of the kit: it must not import anything that the module under test must import itself.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def main(module: str) -> None:
    """Import the module, with traps in place."""
    import zttp_core.events
    import zttp_core.plugin  # noqa: F401

    specification = spec_from_file_location("traps", Path(__file__).parent / "traps.py")
    assert specification is not None
    assert specification.loader is not None
    traps: Any = module_from_spec(specification)
    specification.loader.exec_module(traps)
    with traps.trapped((module.partition(".")[0],)) as asked:
        import_module(module)
    sys.stdout.write(json.dumps(sorted(set(asked))))


if __name__ == "__main__":
    main(sys.argv[1])
