"""``Section``: the lines so far of a header or trailer section that arrives in several buffers.

It owns its bytes. No section is kept as a position in the receive buffer, which is replaced whenever bytes arrive: the
usual section is whole in one buffer and is parsed in one call, and the complete lines of any other are copied here
before that call returns.
"""

from typing import Final, final

from zttp_h1.joined import Joined
from zttp_h1.native_ints import i64, mypyc_attr


@final
@mypyc_attr(acyclic=True)
class Section:
    """Complete lines, in order; ``size`` is their bytes."""

    def __init__(self) -> None:
        self.size: i64 = 0
        self._lines: Final = Joined()

    def add(self, lines: bytes) -> None:
        """Add lines after the others."""
        self._lines.write(lines)
        self.size += len(lines)

    def joined(self) -> bytes:
        """Return all lines as one."""
        return self._lines.value()


def without(lines: bytes, cuts: list[int]) -> bytes:
    """Return the lines without the bytes between the starts and ends in ``cuts``."""
    kept: list[bytes] = []
    at = 0
    number = 0
    while number < len(cuts):
        kept.append(lines[at : cuts[number]])
        at = cuts[number + 1]
        number += 2
    kept.append(lines[at:])
    return b"".join(kept)
