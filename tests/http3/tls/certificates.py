"""Certificates and keys for tests, made once."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from zttp_h3.tls.certificates import Identity

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
SECONDS = NOW.timestamp()
KINDS = ("p256", "p384", "p521", "rsa", "ed25519")


@cache
def _key(kind: str, number: int) -> Any:
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    if kind == "rsa1024":
        return rsa.generate_private_key(65537, 1024)
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    curve = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}[kind]
    return ec.generate_private_key(curve)


def key(kind: str, number: int = 0) -> Any:
    """A private key, the same each time; another ``number`` gives another key."""
    return _key(kind, number)


def digest(private_key: Any) -> Any:
    return None if isinstance(private_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def certificate(
    public_key: Any,
    issuer_key: Any,
    *,
    subject: str = "leaf",
    issuer: str = "leaf",
    names: Sequence[str] = ("localhost",),
    authority: bool = False,
    starts: dt.timedelta = dt.timedelta(days=-30),
    ends: dt.timedelta = dt.timedelta(days=30),
    uses: Sequence[Any] = (),
    more: x509.ExtensionType | None = None,
) -> x509.Certificate:
    """A certificate of ``public_key``, signed with ``issuer_key``."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + starts)
        .not_valid_after(NOW + ends)
    )
    if names:
        general = [_general_name(name) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(uses)), critical=False)
    if more is not None:
        builder = builder.add_extension(more, critical=True)
    return builder.sign(issuer_key, digest(issuer_key))


def _general_name(name: str) -> x509.GeneralName:
    is_address = name[0].isdigit() or ":" in name
    return x509.IPAddress(ipaddress.ip_address(name)) if is_address else x509.DNSName(name)


def der(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.DER)


@cache
def _authority(number: int) -> x509.Certificate:
    own = key("p256", 100 + number)
    return certificate(own.public_key(), own, subject="authority", issuer="authority", names=(), authority=True)


def authority(number: int = 0) -> x509.Certificate:
    """A certificate authority, the same each time."""
    return _authority(number)


def issued(kind: str = "p256", **options: Any) -> x509.Certificate:
    """A leaf that ``authority()`` signed."""
    return certificate(key(kind).public_key(), key("p256", 100), issuer="authority", **options)


@cache
def _identity(kind: str) -> Identity:
    return Identity([der(issued(kind))], key(kind))


def identity(kind: str = "p256") -> Identity:
    """The identity of a server, the same each time."""
    return _identity(kind)


CLIENT_USE = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER_USE = ExtendedKeyUsageOID.SERVER_AUTH
