"""Key exchange: X25519, P-256, P-384 (RFC 8446 4.2.8, 7.4) and X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem).

An invalid share (a wrong length, a point off the curve, a secret of zeros) is ``illegal_parameter``.
"""

from collections.abc import Callable
from typing import Any, Final, final

from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zttp_h3.tls.alerts import ILLEGAL_PARAMETER, Alert

SECP256R1: Final = 0x0017
SECP384R1: Final = 0x0018
X25519: Final = 0x001D
X25519MLKEM768: Final = 0x11EC

GROUPS: Final = (X25519, SECP256R1, SECP384R1, X25519MLKEM768)

_X25519_SIZE: Final = 32
_ENCAPSULATION_KEY_SIZE: Final = 1184  # FIPS 203, ML-KEM-768
_CIPHERTEXT_SIZE: Final = 1088
# The order of each curve, and the bytes of a secret scalar: longer than needed, so that the reduction has no bias.
_ORDERS: Final = {
    SECP256R1: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    SECP384R1: (0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973),
}

Entropy = Callable[[int], bytes]


@final
class KeyShare:
    """Our part of a key exchange: ``public`` goes to the peer, ``exchange`` takes the peer's."""

    def __init__(self, group: int, entropy: Entropy) -> None:
        self.group: Final = group
        self._kem: Any = None
        if group == X25519 or group == X25519MLKEM768:
            self._private: Any = x25519.X25519PrivateKey.from_private_bytes(entropy(32))
            public: bytes = self._private.public_key().public_bytes_raw()
            if group == X25519MLKEM768:
                self._kem = mlkem.MLKEM768PrivateKey.from_seed_bytes(entropy(64))
                public = self._kem.public_key().public_bytes_raw() + public
        else:
            self._private = _curve_key(group, entropy)
            public = _encoded_point(self._private)
        self.public: Final = public

    def exchange(self, peer: bytes) -> bytes:
        """Return the shared secret for the peer's answer ``peer``. Raises Alert."""
        if self.group == X25519MLKEM768:
            _check_size(peer, _CIPHERTEXT_SIZE + _X25519_SIZE)
            secret: bytes = self._kem.decapsulate(peer[:_CIPHERTEXT_SIZE])
            return secret + _x25519_secret(self._private, peer[_CIPHERTEXT_SIZE:])
        if self.group == X25519:
            return _x25519_secret(self._private, peer)
        return _curve_secret(self.group, self._private, peer)


def answer(group: int, peer: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
    """Answer a client's share: return our share and the shared secret. Raises Alert."""
    if group == X25519MLKEM768:
        _check_size(peer, _ENCAPSULATION_KEY_SIZE + _X25519_SIZE)
        try:
            key = mlkem.MLKEM768PublicKey.from_public_bytes(peer[:_ENCAPSULATION_KEY_SIZE])
            secret, ciphertext = key.encapsulate()
        except ValueError:  # FIPS 203 7.2: the encapsulation key must be checked
            raise Alert(ILLEGAL_PARAMETER, "an encapsulation key is no ML-KEM-768 key") from None
        share = KeyShare(X25519, entropy)
        return ciphertext + share.public, secret + share.exchange(peer[_ENCAPSULATION_KEY_SIZE:])
    share = KeyShare(group, entropy)
    return share.public, share.exchange(peer)


def _check_size(share: bytes, size: int) -> None:
    if len(share) != size:
        raise Alert(ILLEGAL_PARAMETER, "a key share has not the length that its group gives it")


def _x25519_secret(private: Any, peer: bytes) -> bytes:
    _check_size(peer, _X25519_SIZE)
    try:
        secret: bytes = private.exchange(x25519.X25519PublicKey.from_public_bytes(peer))
    except ValueError:  # RFC 8446 7.4.2: an all-zero secret
        raise Alert(ILLEGAL_PARAMETER, "a key share of X25519 gives no secret") from None
    return secret


def _curve(group: int) -> Any:
    return ec.SECP256R1() if group == SECP256R1 else ec.SECP384R1()


def _curve_key(group: int, entropy: Entropy) -> Any:
    order = _ORDERS[group]
    wide = entropy(order.bit_length() // 8 + 8)
    return ec.derive_private_key(int.from_bytes(wide, "big") % (order - 1) + 1, _curve(group))


def _encoded_point(private: Any) -> bytes:
    point: bytes = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return point


def _curve_secret(group: int, private: Any, peer: bytes) -> bytes:
    # RFC 8446 4.2.8.2: uncompressed points only.
    if peer[:1] != b"\x04":
        raise Alert(ILLEGAL_PARAMETER, "a key share is no uncompressed point")
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(_curve(group), peer)
    except ValueError:
        raise Alert(ILLEGAL_PARAMETER, "a key share is no point of its curve") from None
    secret: bytes = private.exchange(ec.ECDH(), point)
    return secret
