"""Find shifts that are too narrow in the C that mypyc generated for the compiled distributions.

mypyc 2.4.1 writes a small constant on the left of ``<<`` as a C ``int``: ``(i64(1) << n) - 1`` is wrong from n = 31 on,
without a warning. Constants above 2**31 get their ``LL`` and are right.
"""

import re
import sys
from pathlib import Path

from build import build_all

NARROW_SHIFT = re.compile(r" = [0-9]+ << ")


def narrow_shifts(source: Path) -> list[str]:
    """The lines of one generated file that shift an ``int``, as ``function: statement``."""
    found = []
    function = "?"
    for line in source.read_text().splitlines():
        if line.endswith(") {") and not line.startswith(" "):
            function = line.removesuffix(" {")
        if NARROW_SHIFT.search(line):
            found.append(f"{function}: {line.strip()}")
    return found


def main() -> None:
    """Check the given files, or those of the build; exit status 1 if there is anything to report."""
    sources = [Path(word) for word in sys.argv[1:]]
    sources = sources or [source for folder in build_all() for source in folder.glob("c/*.c")]
    if not sources:
        sys.exit("no generated C to look at: is ZTTP_PURE set?")
    found = [f"{source.name}: {line}" for source in sources for line in narrow_shifts(source)]
    print("\n".join(found) if found else f"{len(sources)} generated C files: no narrow shifts")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
