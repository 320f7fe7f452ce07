"""The head of the request before, for the next one that is the same or has the same header section.

On a connection that is kept alive, most clients repeat their header section to the byte, and those that poll repeat the
whole head. Comparing is much cheaper than parsing. Requests with the same section share one immutable block, which then
also keeps the lists that were made of it; the same head, alone in a buffer as before, is the same immutable event
again.
"""

from typing import Any, Final, final

from zttp_core import header_block as core
from zttp_h1.native_ints import i64, mypyc_attr

# From the core, which is compiled apart.
_share: Final[Any] = core.share

_SMALLEST: Final = 64  # to parse a section of less is cheaper than to compare it
_LARGEST: Final = 2048
_MOST_MISSES: Final = 4  # after so many different sections in a row none is remembered any more


@final
@mypyc_attr(acyclic=True)
class Repetition:
    """A head, and what came of it."""

    def __init__(self) -> None:
        # The head, if it was all of a buffer and has no content, and all that follows from it.
        self.buffer = b""
        self.event: Any = None
        self.method: i64 = 0
        self.minor: i64 = 1
        # The section, and all that follows from it alone. It may be that of an earlier head.
        self.section = b""
        self.block: Any = None
        self.section_facts: i64 = 0
        self.content_length: i64 = -1
        self.framed_at: i64 = 0
        self._shared = False
        self._misses: i64 = 0

    def is_head(self, raw: bytes) -> bool:
        """Tell whether ``raw`` is the remembered head."""
        if len(raw) == 0 or raw != self.buffer:
            return False
        if not self._shared:
            _share(self.event.headers)
            self._shared = True
        return True

    def is_section(self, raw: bytes, at: i64) -> bool:
        """Tell whether the section at ``at`` is the remembered one."""
        size: i64 = len(self.section)
        if size == 0:
            return False
        if raw[at : at + size] != self.section:
            self._misses += 1
            return False
        self._misses = 0
        _share(self.block)
        return True

    def remember_head(self, buffer: bytes, event: Any, method: i64, minor: i64) -> None:
        """Keep the request ``event`` whose head is all of ``buffer``, with what the connection made of it.

        Whether it closes is not among that: there is no next request then.
        """
        if len(buffer) > _LARGEST:
            buffer = b""
        self.buffer = buffer
        if len(buffer) > 0:
            self.event = event
            self.method = method
            self.minor = minor
            self._shared = False

    def remember_section(self, section: bytes, event: Any, facts: i64, content_length: i64, framed_at: i64) -> None:
        """Keep the section of the request ``event``, with what it says about framing."""
        if self._misses >= _MOST_MISSES or not _SMALLEST <= len(section) <= _LARGEST:
            self.section = b""
            return
        self.section = section
        self.block = event.headers
        self.section_facts = facts
        self.content_length = content_length
        self.framed_at = framed_at
