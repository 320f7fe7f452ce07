"""The header section of the request before, for the next one that has the same.

On a connection that is kept alive, most clients repeat their header section to the byte. Comparing is much cheaper than
parsing, and the requests share one immutable block, which then also keeps the lists that were made of it.
"""

from typing import Any, Final, final

from zttp_h1.native_ints import i64, mypyc_attr

_SMALLEST: Final = 64  # to parse less than that is cheaper than to compare it
_LARGEST: Final = 2048
_MOST_MISSES: Final = 4  # after so many different sections in a row none is remembered any more


@final
@mypyc_attr(acyclic=True)
class Repetition:
    """What a section without content behind it was, and what came of it."""

    def __init__(self) -> None:
        self.section = b""
        self.block: Any = None
        self.facts: i64 = 0
        self._shared = False
        self._misses: i64 = 0

    def matches(self, raw: bytes, at: i64) -> bool:
        """Tell whether the section at ``at`` is the remembered one."""
        size: i64 = len(self.section)
        if size == 0:
            return False
        if raw[at : at + size] != self.section:
            self._misses += 1
            return False
        self._misses = 0
        if not self._shared:
            self.block.share()
            self._shared = True
        return True

    def remember(self, raw: bytes, start: i64, stop: i64, event: Any, facts: i64) -> None:
        """Keep ``raw[start:stop]``, the section of the request ``event``."""
        if not _SMALLEST <= stop - start <= _LARGEST or self._misses >= _MOST_MISSES:
            self.section = b""
            return
        self.section = raw[start:stop]
        self.block = event.headers
        self.facts = facts
        self._shared = False
