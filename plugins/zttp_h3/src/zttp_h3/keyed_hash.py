"""HMAC (RFC 2104) by two hashes: a handshake needs four dozen of them, and this takes half the time of a library's."""

import hashlib
from typing import Any, Final

# The constants that are combined with the key, and the padding to the block of its hash.
_INNER: Final = bytes([octet ^ 0x36 for octet in range(256)])
_OUTER: Final = bytes([octet ^ 0x5C for octet in range(256)])
_BLOCK: Final = 64  # of SHA-256; twice that of SHA-384
_INNER_FILL: Final = b"\x36" * (2 * _BLOCK)
_OUTER_FILL: Final = b"\x5c" * (2 * _BLOCK)

SHA256: Final[Any] = hashlib.sha256
SHA384: Final[Any] = hashlib.sha384


def keyed_hash(short: bool, key: bytes, data: bytes) -> bytes:
    """Return the HMAC of ``data`` with SHA-256 if ``short``, else with SHA-384; the key is no longer than a block."""
    new = SHA256 if short else SHA384
    fill = (_BLOCK if short else 2 * _BLOCK) - len(key)
    assert fill >= 0
    inner = new(key.translate(_INNER) + _INNER_FILL[:fill] + data).digest()
    outer: bytes = new(key.translate(_OUTER) + _OUTER_FILL[:fill] + inner).digest()
    return outer
