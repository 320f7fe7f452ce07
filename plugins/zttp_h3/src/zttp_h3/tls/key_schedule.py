"""The key schedule of TLS 1.3 (RFC 8446 7.1) and the transcript that it hashes (4.4.1).

All secrets fit one block of their hash, so that HKDF-Expand is a single HMAC.
"""

from typing import Any, Final, final

from zttp_h3.keyed_hash import SHA256, SHA384, keyed_hash
from zttp_h3.tls.messages import MESSAGE_HASH, message

AES_128_GCM_SHA256: Final = 0x1301
AES_256_GCM_SHA384: Final = 0x1302
CHACHA20_POLY1305_SHA256: Final = 0x1303

# RFC 8446 B.4: for the handshake a suite is its hash.
SUITE_HASHES: Final = {
    AES_128_GCM_SHA256: "sha256",
    AES_256_GCM_SHA384: "sha384",
    CHACHA20_POLY1305_SHA256: "sha256",
}

CLIENT_EARLY: Final = b"c e traffic"
CLIENT_HANDSHAKE: Final = b"c hs traffic"
SERVER_HANDSHAKE: Final = b"s hs traffic"
CLIENT_APPLICATION: Final = b"c ap traffic"
SERVER_APPLICATION: Final = b"s ap traffic"
EXPORTER: Final = b"exp master"
RESUMPTION: Final = b"res master"

_PREFIX: Final = b"tls13 "
_OCTETS: Final = [bytes((octet,)) for octet in range(256)]
_HASHES: Final = {"sha256": SHA256, "sha384": SHA384}
_NOTHING: Final = {name: new().digest() for name, new in _HASHES.items()}  # the hash of no messages


def expand_label(hash_name: str, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """Return HKDF-Expand-Label (RFC 8446 7.1) of at most one block of the hash."""
    sizes = b"\0" + _OCTETS[length] + _OCTETS[len(label) + len(_PREFIX)]
    info = sizes + _PREFIX + label + _OCTETS[len(context)] + context + b"\x01"
    return keyed_hash(hash_name == "sha256", secret, info)[:length]


def hash_size(hash_name: str) -> int:
    """Return the size of a digest in bytes."""
    return 48 if hash_name == "sha384" else 32


@final
class Transcript:
    """The hash of all handshake messages so far (RFC 8446 4.4.1).

    The hash is known only once the suite is, so the first messages are kept until then.
    """

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._hash: Any = None
        self._hash_name = ""

    def add(self, handshake_message: bytes) -> None:
        """Add a message with its header."""
        if self._hash is None:
            self._waiting.append(handshake_message)
        else:
            self._hash.update(handshake_message)

    def choose_hash(self, hash_name: str) -> None:
        """Hash from now on; choosing again changes nothing."""
        if self._hash is None:
            self._hash = _HASHES[hash_name]()
            self._hash_name = hash_name
            for handshake_message in self._waiting:
                self._hash.update(handshake_message)
            self._waiting = []

    def restart_for_retry(self) -> None:
        """Replace the first ClientHello by its hash (RFC 8446 4.4.1)."""
        first = self.digest()
        self._hash = _HASHES[self._hash_name]()
        self._hash.update(message(MESSAGE_HASH, first))

    def forget(self) -> None:
        """Drop the state."""
        self._waiting = []
        self._hash = None

    def digest(self) -> bytes:
        """Return the hash of what was added."""
        return bytes(self._hash.copy().digest())

    def digest_with(self, more: bytes, hash_name: str) -> bytes:
        """Return the hash as if ``more`` had been added; the hash need not be chosen yet."""
        if self._hash is None:
            running: Any = _HASHES[hash_name]()
            for handshake_message in self._waiting:
                running.update(handshake_message)
        else:
            running = self._hash.copy()
        running.update(more)
        return bytes(running.digest())


@final
class KeySchedule:
    """The secret from which the others are derived: early, then handshake, then master (RFC 8446 7.1)."""

    def __init__(self, hash_name: str, psk: bytes | None) -> None:
        self.hash_name: Final = hash_name
        zeros = bytes(hash_size(hash_name))
        self._zeros: Final = zeros
        self._secret = keyed_hash(hash_name == "sha256", zeros, zeros if psk is None else psk)

    def add(self, shared_secret: bytes | None) -> None:
        """Move on: with the key exchange's secret to the handshake secret, then without one to the master secret."""
        name = self.hash_name
        salt = expand_label(name, self._secret, b"derived", _NOTHING[name], len(self._zeros))
        self._secret = keyed_hash(name == "sha256", salt, self._zeros if shared_secret is None else shared_secret)

    def derive(self, label: bytes, transcript_hash: bytes) -> bytes:
        """Return Derive-Secret of the current secret."""
        return expand_label(self.hash_name, self._secret, label, transcript_hash, len(self._zeros))

    def binder(self, hello_hash: bytes) -> bytes:
        """Return the binder that proves the PSK of this schedule (RFC 8446 4.2.11.2); before the first ``add``."""
        key = self.derive(b"res binder", _NOTHING[self.hash_name])
        return finished_mac(self.hash_name, key, hello_hash)


def finished_mac(hash_name: str, base_key: bytes, transcript_hash: bytes) -> bytes:
    """Return the verify_data of a Finished message (RFC 8446 4.4.4)."""
    key = expand_label(hash_name, base_key, b"finished", b"", hash_size(hash_name))
    return keyed_hash(hash_name == "sha256", key, transcript_hash)


def resumption_psk(hash_name: str, resumption_secret: bytes, nonce: bytes) -> bytes:
    """Return the PSK that belongs to a ticket (RFC 8446 4.6.1)."""
    return expand_label(hash_name, resumption_secret, b"resumption", nonce, hash_size(hash_name))
