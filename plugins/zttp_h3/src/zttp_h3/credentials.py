"""A server's certificate, and the certificates that a client trusts: ``TlsCredentials`` and ``TrustStore``.

Not compiled: they are made once for any number of connections, usually from files.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, load_pem_private_key
from cryptography.x509.oid import NameOID

from zttp_h3.tls.certificates import Identity
from zttp_h3.tls.verification import Anchors, Trust

_DEVELOPMENT_NAMES: Final = ("localhost", "127.0.0.1", "::1")
# A development certificate is short-lived, and a library has no clock: these dates have no meaning.
_DEVELOPMENT_START: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_DEVELOPMENT_END: Final = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)


class TlsCredentials:
    """A certificate chain and its private key, parsed once and shared by all connections.

    Args:
        certificates: The chain in DER, leaf first.
        certificate: A single certificate in DER, instead of ``certificates``.
        private_key: The private key in PEM or DER, or a key object of ``cryptography``.
        private_key_scalar: The 32-byte scalar of a P-256 key, instead of ``private_key``.

    Raises:
        ValueError: The key does not match the leaf, cannot be read, or is of a type that TLS 1.3 cannot sign with.
    """

    def __init__(
        self,
        *,
        certificates: Sequence[bytes] = (),
        certificate: bytes | None = None,
        private_key: Any = None,
        private_key_scalar: bytes | None = None,
    ) -> None:
        chain = [bytes(one) for one in certificates] if certificate is None else [bytes(certificate)]
        if certificate is not None and certificates:
            raise ValueError("give either certificates or certificate, not both")
        if (private_key is None) == (private_key_scalar is None):
            raise ValueError("give either private_key or private_key_scalar")
        key = _scalar_key(private_key_scalar) if private_key_scalar is not None else _load_key(private_key, None)
        self.identity: Final = Identity(chain, key)

    @classmethod
    def from_pem(cls, certificate_chain: bytes, private_key: bytes, password: bytes | None = None) -> TlsCredentials:
        """Read a chain, leaf first, and its key from PEM. Raises ValueError."""
        chain = [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(certificate_chain)]
        return cls(certificates=chain, private_key=_load_key(private_key, password))

    @classmethod
    def from_files(cls, certfile: str, keyfile: str, password: bytes | None = None) -> TlsCredentials:
        """Read a chain and its key from PEM files. Raises OSError and ValueError."""
        return cls.from_pem(Path(certfile).read_bytes(), Path(keyfile).read_bytes(), password)

    @classmethod
    def self_signed(cls, *names: str) -> TlsCredentials:
        """Make a self-signed certificate for ``names``, for development and tests only.

        A client must pin the certificate, or turn verification off.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zttp development")])
        leaf = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_DEVELOPMENT_START)
            .not_valid_after(_DEVELOPMENT_END)
            .add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names or _DEVELOPMENT_NAMES]),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        return cls(certificate=leaf.public_bytes(Encoding.DER), private_key=key)

    @property
    def certificate(self) -> bytes:
        """The leaf certificate in DER, which a client can pin."""
        return self.identity.chain[0]

    def __repr__(self) -> str:
        return f"<TlsCredentials of {len(self.identity.chain)} certificates>"


class TrustStore:
    """The certificates that a client checks a server's chain against."""

    _system: TrustStore | None = None

    def __init__(self, trust: Trust) -> None:
        self.trust: Final = trust

    @classmethod
    def system(cls) -> TrustStore:
        """Return the certificate authorities of the system, read once, on first use, from OpenSSL's default paths.

        Raises FileNotFoundError if there are none.
        """
        if cls._system is None:
            import ssl

            paths = ssl.get_default_verify_paths()
            files = [Path(paths.cafile)] if paths.cafile else sorted(Path(paths.capath or "/").glob("*.pem"))
            if not files:
                raise FileNotFoundError("the system has no certificate authorities; pass a TrustStore as verify=")
            cls._system = cls.from_pem(b"\n".join(file.read_bytes() for file in files))
        return cls._system

    @classmethod
    def from_pem(cls, data: bytes) -> TrustStore:
        """Trust the certificates in PEM data, of authorities or of servers. Raises ValueError if there is none."""
        with warnings.catch_warnings():
            # Old roots have serial numbers that are not positive; that does not matter for the connection.
            warnings.simplefilter("ignore")
            return cls(Trust(Anchors(x509.load_pem_x509_certificates(data))))

    @classmethod
    def from_file(cls, path: str) -> TrustStore:
        """Trust the certificates of a PEM file. Raises OSError and ValueError."""
        return cls.from_pem(Path(path).read_bytes())

    @classmethod
    def pinned(cls, certificate: bytes) -> TrustStore:
        """Trust only this leaf certificate, in DER. Its names and dates are not checked."""
        return cls(Trust(None, bytes(certificate)))


Credentials = TlsCredentials | Mapping[str, Any] | Callable[[str | None], TlsCredentials | None]


def identity_chooser(credentials: Any) -> Callable[[str | None], Identity | None]:
    """Return a function that selects credentials by server name. Raises TypeError and ValueError for invalid ones."""
    if credentials is None:
        credentials = TlsCredentials.self_signed()
    if isinstance(credentials, TlsCredentials):
        return _Always(credentials.identity)
    if isinstance(credentials, Mapping):
        return _Always(TlsCredentials(**credentials).identity)
    if not callable(credentials):
        kind = type(credentials).__name__
        raise TypeError(f"credentials must be TlsCredentials, a mapping or a callable, got {kind}")
    return _Chosen(credentials)


def trust_of(verify: TrustStore | bytes | bool) -> Trust | None:
    """Return the trust store for a chain; None checks nothing. Raises TypeError."""
    if verify is True:
        return TrustStore.system().trust
    if verify is False:
        return None
    if isinstance(verify, TrustStore):
        return verify.trust
    if isinstance(verify, (bytes, bytearray, memoryview)):
        return TrustStore.pinned(bytes(verify)).trust
    raise TypeError(f"verify must be a TrustStore, a certificate in DER, or a bool, got {type(verify).__name__}")


class _Always:
    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def __call__(self, _name: str | None) -> Identity | None:
        return self._identity


class _Chosen:
    def __init__(self, choose: Callable[[str | None], TlsCredentials | None]) -> None:
        self._choose = choose

    def __call__(self, name: str | None) -> Identity | None:
        credentials = self._choose(name)
        return None if credentials is None else credentials.identity


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _scalar_key(scalar: bytes) -> Any:
    if len(scalar) != 32:
        raise ValueError(f"the scalar of a P-256 key must have 32 bytes, got {len(scalar)}")
    return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())


def _load_key(key: Any, password: bytes | None) -> Any:
    if isinstance(key, (bytes, bytearray, memoryview)):
        encoded = bytes(key)
        if encoded.lstrip().startswith(b"-----BEGIN"):
            return load_pem_private_key(encoded, password)
        return load_der_private_key(encoded, password)
    return key
