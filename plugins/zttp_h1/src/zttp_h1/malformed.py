"""What a codec of this package raises when bytes break the rules; the connection makes a RemoteProtocolError of it.

Not compiled: raising is rare, and a Python class is the simplest exception there is.
"""

from __future__ import annotations


class Malformed(Exception):  # noqa: N818  (an answer of the codecs, never seen outside)
    """Bytes at ``at`` break the rule of ``reason`` (a token of ``zttp_core.reasons``); ``excerpt`` shows them."""

    def __init__(self, reason: str, at: int, excerpt: bytes | None = None) -> None:
        super().__init__(reason, at, excerpt)
        self.reason = reason
        self.at = at
        self.excerpt = excerpt
