"""Signatures in the handshake: the schemes of keys, and the signed content (RFC 8446 4.2.3, 4.4.3)."""

from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from zttp_h3.tls.alerts import DECRYPT_ERROR, ILLEGAL_PARAMETER, UNSUPPORTED_CERTIFICATE, Alert

RSA_PKCS1_SHA256: Final = 0x0401
ECDSA_SECP256R1_SHA256: Final = 0x0403
RSA_PKCS1_SHA384: Final = 0x0501
ECDSA_SECP384R1_SHA384: Final = 0x0503
RSA_PKCS1_SHA512: Final = 0x0601
ECDSA_SECP521R1_SHA512: Final = 0x0603
RSA_PSS_RSAE_SHA256: Final = 0x0804
RSA_PSS_RSAE_SHA384: Final = 0x0805
RSA_PSS_RSAE_SHA512: Final = 0x0806
ED25519: Final = 0x0807

LEAST_RSA_BITS: Final = 2048

# The schemes that a client offers. PKCS #1 is only for the certificates of a chain (RFC 8446 4.2.3).
OFFERED: Final = (
    ECDSA_SECP256R1_SHA256,
    RSA_PSS_RSAE_SHA256,
    ED25519,
    ECDSA_SECP384R1_SHA384,
    RSA_PSS_RSAE_SHA384,
    RSA_PSS_RSAE_SHA512,
    ECDSA_SECP521R1_SHA512,
    RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512,
)

_SERVER_CONTEXT: Final = b" " * 64 + b"TLS 1.3, server CertificateVerify\x00"

_CURVE_SCHEMES: Final = {
    "secp256r1": ECDSA_SECP256R1_SHA256,
    "secp384r1": ECDSA_SECP384R1_SHA384,
    "secp521r1": ECDSA_SECP521R1_SHA512,
}
_HASHES: Final[dict[int, Any]] = {
    ECDSA_SECP256R1_SHA256: hashes.SHA256(),
    ECDSA_SECP384R1_SHA384: hashes.SHA384(),
    ECDSA_SECP521R1_SHA512: hashes.SHA512(),
    RSA_PSS_RSAE_SHA256: hashes.SHA256(),
    RSA_PSS_RSAE_SHA384: hashes.SHA384(),
    RSA_PSS_RSAE_SHA512: hashes.SHA512(),
}
_PSS: Final = (RSA_PSS_RSAE_SHA256, RSA_PSS_RSAE_SHA384, RSA_PSS_RSAE_SHA512)


def schemes_of(public_key: Any) -> tuple[int, ...]:
    """Return the schemes that a key can sign with, the best first; none for a key that TLS 1.3 does not support."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        scheme = _CURVE_SCHEMES.get(public_key.curve.name)
        return () if scheme is None else (scheme,)
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return (ED25519,)
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size >= LEAST_RSA_BITS:
        return _PSS
    return ()


def sign(private_key: Any, scheme: int, transcript_hash: bytes) -> bytes:
    """Return the server's signature over the transcript (RFC 8446 4.4.3)."""
    content = _SERVER_CONTEXT + transcript_hash
    if scheme == ED25519:
        signature: bytes = private_key.sign(content)
    elif scheme in _PSS:
        signature = private_key.sign(content, _pss(scheme), _HASHES[scheme])
    else:
        signature = private_key.sign(content, ec.ECDSA(_HASHES[scheme]))
    return signature


def verify(public_key: Any, scheme: int, signature: bytes, transcript_hash: bytes) -> None:
    """Check the server's signature over the transcript. Raises Alert."""
    schemes = schemes_of(public_key)
    if len(schemes) == 0:
        raise Alert(UNSUPPORTED_CERTIFICATE, "the key of the certificate is too short or of a kind that TLS 1.3 lacks")
    if scheme not in schemes:
        raise Alert(ILLEGAL_PARAMETER, "a signature scheme does not fit the key of its certificate")
    content = _SERVER_CONTEXT + transcript_hash
    try:
        if scheme == ED25519:
            public_key.verify(signature, content)
        elif scheme in _PSS:
            public_key.verify(signature, content, _pss(scheme), _HASHES[scheme])
        else:
            public_key.verify(signature, content, ec.ECDSA(_HASHES[scheme]))
    except InvalidSignature:
        raise Alert(DECRYPT_ERROR, "the signature of CertificateVerify is not that of the certificate's key") from None


def _pss(scheme: int) -> Any:
    # RFC 8446 4.2.3: the salt is as long as the digest.
    return padding.PSS(padding.MGF1(_HASHES[scheme]), padding.PSS.DIGEST_LENGTH)
