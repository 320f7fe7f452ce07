"""Tokens that validate an address: for Retry, and for later connections (RFC 9000 8.1).

Encrypted, so that a client can neither read nor make one; bound to the version of QUIC and to the address, which for a
later connection is the host without the port (RFC 9000 8.1.4), and valid for a short time. The address is in the token,
so that one of a Retry is recognized wherever its client has moved to.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zttp_h3.native_ints import i64
from zttp_h3.quic.paths import host_of

_RETRY: Final = 1
_FUTURE: Final = 2
_NONCE_SIZE: Final = 12
_LEAST: Final = _NONCE_SIZE + 16
_ADDRESS_AT: Final = 9  # after the kind and the time
_MORE_AT: Final = 25
_RETRY_LIFETIME: Final = 10_000_000  # microseconds: a round trip, with some margin
_MOST_SEEN: Final = 65_536  # used tokens of one lifetime, with some 100 bytes each


@final
class AddressToken:
    """The content of one of our tokens; ``original_id`` and ``retry_id`` for one of a Retry.

    Another one that is not valid proves nothing; one of a Retry shows that its client follows no further Retry.
    """

    def __init__(self, is_valid: bool, is_retry: bool, original_id: bytes, retry_id: bytes) -> None:
        self.is_valid: Final = is_valid
        self.is_retry: Final = is_retry
        self.original_id: Final = original_id
        self.retry_id: Final = retry_id


@final
class AddressTokens:
    """Makes and checks tokens. ``lifetime`` is that of tokens for later connections, in microseconds."""

    def __init__(self, secret: bytes, lifetime: i64, entropy: Callable[[int], bytes]) -> None:
        self._aead: Final[Any] = AESGCM(hmac.digest(secret, b"zttp h3 address tokens", "sha256"))
        self._lifetime: Final[i64] = lifetime
        self._entropy: Final = entropy
        self._seen: set[bytes] = set()
        self._seen_before: set[bytes] = set()
        self._turned: i64 = 0

    def for_retry(self, address: Any, version: i64, original_id: bytes, retry_id: bytes, now: i64) -> bytes:
        """Return the token of a Retry packet: the client sends it to ``retry_id``."""
        ids = bytes((len(original_id),)) + original_id + bytes((len(retry_id),)) + retry_id
        return self._seal(_RETRY, address, version, now + _RETRY_LIFETIME, ids)

    def for_later(self, address: Any, version: i64, now: i64) -> bytes:
        """Return the token of a NEW_TOKEN frame: a later connection from that host needs no Retry."""
        return self._seal(_FUTURE, host_of(address), version, now + self._lifetime, b"")

    def check(self, token: bytes, address: Any, version: i64, destination: bytes, now: i64) -> AddressToken | None:
        """Return the content of a token of an Initial packet to ``destination``; None if it proves nothing.

        One of another version of QUIC proves nothing (RFC 9369 5 MUST).
        """
        if len(token) < _LEAST:
            return None
        try:
            plain: bytes = self._aead.decrypt(token[:_NONCE_SIZE], token[_NONCE_SIZE:], _octets(version))
        except InvalidTag:
            return None
        is_future = plain[0] == _FUTURE
        bound = _fingerprint(host_of(address) if is_future else address)
        in_time = int.from_bytes(plain[1:_ADDRESS_AT], "big") >= now
        is_valid = in_time and hmac.compare_digest(plain[_ADDRESS_AT:_MORE_AT], bound)
        if is_future:
            return AddressToken(True, False, b"", b"") if is_valid and self._is_first(token, now) else None
        id_at = _MORE_AT + 1
        id_stop = id_at + plain[_MORE_AT]
        retry_id = plain[id_stop + 1 :]
        return AddressToken(is_valid and retry_id == destination, True, plain[id_at:id_stop], retry_id)

    def _is_first(self, token: bytes, now: i64) -> bool:
        """Record that a token was used: it is not accepted twice (RFC 9000 8.1.3).

        If there are too many to record it is not accepted at all, and a Retry validates the address.
        """
        if now - self._turned > self._lifetime:
            self._seen_before = self._seen
            self._seen = set()
            self._turned = now
        digest = hashlib.sha256(token).digest()[:16]
        if digest in self._seen or digest in self._seen_before or len(self._seen) >= _MOST_SEEN:
            return False
        self._seen.add(digest)
        return True

    def _seal(self, kind: int, address: Any, version: i64, until: i64, more: bytes) -> bytes:
        nonce = self._entropy(_NONCE_SIZE)
        plain = bytes((kind,)) + int(until).to_bytes(8, "big") + _fingerprint(address) + more
        sealed: bytes = self._aead.encrypt(nonce, plain, _octets(version))
        return nonce + sealed


def _octets(version: i64) -> bytes:
    return int(version).to_bytes(4, "big")


def _fingerprint(address: Any) -> bytes:
    """Return 16 bytes that identify an address, which is a value of the caller."""
    encoded = address if isinstance(address, bytes) else repr(address).encode()
    return hashlib.sha256(encoded).digest()[:16]
