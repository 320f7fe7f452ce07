"""HKDF-Expand-Label with its labels computed beforehand (RFC 8446 7.1, RFC 9001 5.1, 5.2, RFC 9369 3.3)."""

from typing import Final, final

from zttp_h3.keyed_hash import keyed_hash
from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.protection.suites import AES_128_GCM, IV_SIZE, Suite
from zttp_h3.wire.versions import VERSION_2


def hkdf_label(label: bytes, length: int) -> bytes:
    """Return the serialized HkdfLabel with an empty context."""
    full = b"tls13 " + label
    return length.to_bytes(2, "big") + bytes((len(full),)) + full + b"\0"


@final
@mypyc_attr(acyclic=True)
class Labels:
    """The labels from which the keys of one version of QUIC are derived."""

    def __init__(self, prefix: bytes, initial_salt: bytes) -> None:
        self.initial_salt: bytes = initial_salt
        self._iv: bytes = hkdf_label(prefix + b" iv", IV_SIZE)
        self._keys: tuple[bytes, bytes] = (hkdf_label(prefix + b" key", 16), hkdf_label(prefix + b" key", 32))
        self._protection: tuple[bytes, bytes] = (hkdf_label(prefix + b" hp", 16), hkdf_label(prefix + b" hp", 32))
        self._updates: tuple[bytes, bytes] = (hkdf_label(prefix + b" ku", 32), hkdf_label(prefix + b" ku", 48))

    def key(self, suite: Suite, secret: bytes) -> bytes:
        """Derive the key of the AEAD."""
        return _expand(suite, secret, self._keys[0] if suite.key_size == 16 else self._keys[1], suite.key_size)

    def iv(self, suite: Suite, secret: bytes) -> bytes:
        """Derive the IV."""
        return _expand(suite, secret, self._iv, IV_SIZE)

    def protection_key(self, suite: Suite, secret: bytes) -> bytes:
        """Derive the key of header protection."""
        label = self._protection[0] if suite.key_size == 16 else self._protection[1]
        return _expand(suite, secret, label, suite.key_size)

    def next_secret(self, suite: Suite, secret: bytes) -> bytes:
        """Derive the secret of the next key phase (RFC 9001 6.1)."""
        label = self._updates[0] if suite.hash_size == 32 else self._updates[1]
        return _expand(suite, secret, label, suite.hash_size)


# RFC 9001 5.2, RFC 9369 3.3.1
_VERSION_1: Final = Labels(b"quic", bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"))
_VERSION_2: Final = Labels(b"quicv2", bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"))

_CLIENT_IN: Final = hkdf_label(b"client in", 32)
_SERVER_IN: Final = hkdf_label(b"server in", 32)


def labels_of(version: i64) -> Labels:
    """Return the labels of a known version."""
    return _VERSION_2 if version == VERSION_2 else _VERSION_1


def initial_secret(labels: Labels, destination: bytes, of_server: bool) -> bytes:
    """Return one side's secret for Initial packets (RFC 9001 5.2).

    ``destination`` is the Destination Connection ID of the client's first Initial, or the first one after a Retry.
    """
    common = keyed_hash(True, labels.initial_salt, destination)
    return _expand(AES_128_GCM, common, _SERVER_IN if of_server else _CLIENT_IN, 32)


def _expand(suite: Suite, secret: bytes, label: bytes, length: i64) -> bytes:
    """Return one block of HKDF-Expand (RFC 5869 2.3), which is enough for every key of QUIC."""
    return keyed_hash(suite.hash_size == 32, secret, label + b"\x01")[:length]
