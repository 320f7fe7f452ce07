"""The head of the previous request, for a next one that is equal or has the same header section.

On a kept-alive connection most clients repeat their header section exactly, and those that poll repeat the whole head.
Comparing is much cheaper than parsing. Requests with the same section share one immutable block, which then also keeps
the lists that were made of it; the same head, alone in a buffer as before, gives the same immutable event.
"""

from typing import Any, Final, final

from zttp_core import header_block as core
from zttp_h1.native_ints import i64, mypyc_attr

# From the core, which is compiled separately.
_share: Final[Any] = core.share

_SMALLEST: Final = 64  # parsing a smaller section is cheaper than comparing it
_LARGEST: Final = 2048
_MOST_MISSES: Final = 4  # after this many different sections in a row none is remembered any more


@final
@mypyc_attr(acyclic=True)
class Repetition:
    """A head, and its results."""

    def __init__(self) -> None:
        # The head, if it was all of a buffer and has no content, and its results.
        self.buffer = b""
        self.event: Any = None
        self.method: i64 = 0
        self.minor: i64 = 1
        # The section, and its results. It may be that of an earlier head.
        self.section = b""
        self.block: Any = None
        self.section_facts: i64 = 0
        self.content_length: i64 = -1
        self.framed_at: i64 = 0
        self._shared = False
        self._misses: i64 = 0

    def is_head(self, raw: bytes) -> bool:
        """Return whether ``raw`` is the remembered head."""
        if len(raw) == 0 or raw != self.buffer:
            return False
        if not self._shared:
            _share(self.event.headers)
            self._shared = True
        return True

    def is_section(self, raw: bytes, at: i64) -> bool:
        """Return whether the section at ``at`` is the remembered one."""
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
        """Keep the request ``event`` whose head is all of ``buffer``, with the connection's results.

        Whether it closes is not one of them: there is no next request then.
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
        """Keep the section of the request ``event``, with its framing."""
        if self._misses >= _MOST_MISSES or not _SMALLEST <= len(section) <= _LARGEST:
            self.section = b""
            return
        self.section = section
        self.block = event.headers
        self.section_facts = facts
        self.content_length = content_length
        self.framed_at = framed_at
