"""The exception of this package's codecs for malformed bytes; the connection turns it into a RemoteProtocolError.

Not compiled: raising is rare, and a Python class is the simplest exception there is.
"""

from __future__ import annotations


class Malformed(Exception):  # noqa: N818  (an answer of the codecs, never seen outside)
    """Bytes at ``at`` break the rule of ``reason`` (a token of ``zttp_core.reasons``); ``excerpt`` shows them.

    ``seen`` is the first byte that shows the error, if it is not the one at ``at``.
    """

    def __init__(self, reason: str, at: int, excerpt: bytes | None = None, seen: int = -1) -> None:
        super().__init__(reason, at, excerpt)
        self.reason = reason
        self.at = at
        self.excerpt = excerpt
        self.seen = at if seen < 0 else seen


def within_line(error: Malformed, start: int, longest: int, too_long: str = "line_too_long") -> Malformed:
    """Return ``error``, unless the line that starts at ``start`` was too long before it.

    So a line that breaks two rules breaks the same one first, however it is split.
    """
    return Malformed(too_long, start) if error.seen - start > longest else error
