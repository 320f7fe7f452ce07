"""The memory of a connection: memory of the process is the only measure that is valid for libraries in any language."""

import gc
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGE = resource.getpagesize()
BEFORE = 200
"""So many are made first: what the process needs anyway is there then."""


def bytes_of_each(make: Callable[[], Any], number: int) -> float:
    """Return the bytes that each of so many things adds to the process, all of them alive."""
    kept = _made(make, min(number, BEFORE))
    gc.collect()
    before = resident()
    kept += _made(make, number)
    gc.collect()
    return (resident() - before) / number


def _made(make: Callable[[], Any], number: int) -> list[Any]:
    made = []
    for _ in range(number):
        made.append(make())
        gc.collect(0)  # temporary objects are freed now, or the next connections would use their memory
    return made


def resident() -> int:
    """Return the bytes of memory that this process has in use (Linux)."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * PAGE
