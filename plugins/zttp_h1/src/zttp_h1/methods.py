"""The kinds of methods that matter to read and to write messages (RFC 9110 9.3)."""

from typing import Final

from zttp_h1.native_ints import i64

OTHER: Final = 0
HEAD: Final = 1  # its response has no content
CONNECT: Final = 2  # its target is an authority, and a 2xx turns the connection into a tunnel


def method_kind(method: bytes) -> i64:
    """Return the kind of ``method``."""
    size = len(method)
    if size == 4:
        return HEAD if method == b"HEAD" else OTHER
    return CONNECT if size == 7 and method == b"CONNECT" else OTHER
