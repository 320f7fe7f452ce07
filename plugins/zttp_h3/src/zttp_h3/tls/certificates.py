"""The Certificate and CertificateVerify messages, and a server's identity (RFC 8446 4.4.2, 4.4.3)."""

from typing import Any, Final, final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from zttp_h3.tls.alerts import BAD_CERTIFICATE, DECODE_ERROR, HANDSHAKE_FAILURE, UNSUPPORTED_CERTIFICATE, Alert
from zttp_h3.tls.extensions import read_extensions
from zttp_h3.tls.messages import CERTIFICATE, CERTIFICATE_VERIFY, Reader, message, vector8, vector16, vector24
from zttp_h3.tls.signatures import schemes_of, sign

_MOST_CERTIFICATES: Final = 16  # a chain of the Web has two or three


@final
class Identity:
    """A chain, leaf first in DER, with its private key. Parsed once, and shared by all connections.

    Raises ValueError if the key is not the leaf's, or of a kind that TLS 1.3 cannot sign with.
    """

    def __init__(self, chain: list[bytes], private_key: Any) -> None:
        if len(chain) == 0:
            raise ValueError("an identity needs a certificate")
        leaf = x509.load_der_x509_certificate(chain[0])
        public_key = leaf.public_key()
        if public_key != private_key.public_key():
            raise ValueError("the private key does not belong to the certificate")
        self.schemes: Final = schemes_of(public_key)
        if len(self.schemes) == 0:
            raise ValueError("the key must be ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits and more")
        self.chain: Final = tuple(chain)
        self._private_key: Final = private_key
        self.certificate_message: Final = write_certificate(chain)

    def choose_scheme(self, offered: list[int]) -> int:
        """Return the scheme to sign with. Raises Alert if the client verifies none of ours."""
        for scheme in self.schemes:
            if scheme in offered:
                return scheme
        raise Alert(HANDSHAKE_FAILURE, "the client verifies no signature that the server's key can make")

    def verify_message(self, scheme: int, transcript_hash: bytes) -> bytes:
        """Return the CertificateVerify message."""
        signature = sign(self._private_key, scheme, transcript_hash)
        return message(CERTIFICATE_VERIFY, scheme.to_bytes(2, "big") + vector16(signature))


def write_certificate(chain: list[bytes], context: bytes = b"") -> bytes:
    """Return the Certificate message for a chain, leaf first."""
    entries = b"".join([vector24(certificate) + vector16(b"") for certificate in chain])
    return message(CERTIFICATE, vector8(context) + vector24(entries))


def read_certificate(body: bytes) -> list[bytes]:
    """Return the chain of a server's Certificate message, leaf first. Raises Alert."""
    reader = Reader(body)
    if reader.vector(1, 0, 255) != b"":  # only requested certificates have a context
        raise Alert(DECODE_ERROR, "a server's Certificate has a request context")
    entries = Reader(reader.vector(3))
    reader.finish()
    chain = []
    while not entries.at_end():
        chain.append(entries.vector(3, 1))
        read_extensions(entries, CERTIFICATE, frozenset())  # we request none
        if len(chain) > _MOST_CERTIFICATES:
            raise Alert(BAD_CERTIFICATE, "a chain has more certificates than any needs")
    if len(chain) == 0:  # RFC 8446 4.4.2.4
        raise Alert(DECODE_ERROR, "the server sent no certificate")
    return chain


def read_certificate_verify(body: bytes) -> tuple[int, bytes]:
    """Return scheme and signature of a CertificateVerify message. Raises Alert."""
    reader = Reader(body)
    scheme = reader.number(2)
    signature = reader.vector(2, 0, 0xFFFF)
    reader.finish()
    return scheme, signature


def parse(certificate: bytes) -> Any:
    """Return a certificate of the server's chain. Raises Alert."""
    try:
        return x509.load_der_x509_certificate(certificate)
    except (ValueError, x509.InvalidVersion):
        raise unreadable() from None


def unreadable() -> Alert:
    """Return the alert for a certificate of the server's chain that cannot be parsed."""
    return Alert(BAD_CERTIFICATE, "a certificate of the server's chain cannot be parsed")


def public_key_of(leaf: Any) -> Any:
    """Return the public key of a certificate. Raises Alert."""
    try:
        return leaf.public_key()
    except ValueError:
        raise Alert(BAD_CERTIFICATE, "the key of the server's certificate cannot be parsed") from None
    except UnsupportedAlgorithm:
        raise Alert(
            UNSUPPORTED_CERTIFICATE, "the key of the server's certificate is of a kind that nobody uses"
        ) from None
