"""Verification of a server's chain: trusted authority and server name (RFC 5280 6, RFC 9525 6).

cryptography does path building and its rules. Three things are added: a leaf that is itself trusted, private
authorities without the extensions that the Web requires of public ones, and the reason of a refusal as an alert.
"""

import datetime as dt
import hmac
import ipaddress
from typing import Any, Final, final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ExtensionNotFound
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from zttp_h3.tls.alerts import BAD_CERTIFICATE, CERTIFICATE_EXPIRED, CERTIFICATE_UNKNOWN, UNKNOWN_CA, Alert
from zttp_h3.tls.certificates import parse, unreadable

_LONGEST: Final = 200  # of the reason why a chain is refused, which may contain names of a certificate
# What cryptography raises for extensions: they are parsed when somebody asks for one.
_UNREADABLE: Final = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
_SERVER_USES: Final = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)


@final
class Anchors:
    """Trusted certificates: authorities, and leaves that are trusted themselves. Parsed once."""

    def __init__(self, certificates: list[Any]) -> None:
        self.store: Final[Any] = Store(certificates) if certificates else None
        self._encoded: Final = frozenset([certificate.public_bytes(Encoding.DER) for certificate in certificates])

    def holds(self, certificate: bytes) -> bool:
        """Return whether a certificate, in DER, is trusted by itself."""
        return certificate in self._encoded


def verify_chain(chain: list[bytes], server_name: str, anchors: Anchors, seconds: float) -> None:
    """Check that ``chain``, leaf first, is valid for ``server_name`` at a time since the epoch. Raises Alert."""
    parsed = [parse(certificate) for certificate in chain]
    leaf = parsed[0]
    when = dt.datetime.fromtimestamp(seconds, dt.UTC)
    _check_dates(leaf, when)
    if anchors.holds(chain[0]):
        if not names_server(leaf, server_name):
            raise _wrong_name(server_name)
        return
    if anchors.store is None:
        raise Alert(UNKNOWN_CA, "no certificate authority is trusted")
    try:
        _verifier(anchors, when, server_name).verify(leaf, parsed[1:])
    except VerificationError as error:
        if not names_server(leaf, server_name):
            raise _wrong_name(server_name) from None
        raise Alert(UNKNOWN_CA, f"the server's certificate is not trusted: {_in_words(str(error))}") from None
    except ValueError:
        raise unreadable() from None
    _check_use(leaf)


def verify_pin(chain: list[bytes], pinned: bytes) -> None:
    """Check that the leaf is the pinned certificate; names and dates are not checked. Raises Alert."""
    if not hmac.compare_digest(chain[0], pinned):
        raise Alert(CERTIFICATE_UNKNOWN, "the server's certificate is not the pinned one")


def names_server(leaf: Any, server_name: str) -> bool:
    """Return whether a certificate's subjectAltName has ``server_name`` (RFC 9525 6.3, 6.4, 6.5)."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        address = as_address(server_name)
        if address is not None:
            return address in names.get_values_for_type(x509.IPAddress)
        return any(_matches(pattern, server_name.lower()) for pattern in names.get_values_for_type(x509.DNSName))
    except ExtensionNotFound:
        return False
    except _UNREADABLE:
        return False


def as_address(server_name: str) -> Any:
    """Return the IP address if the name is one, otherwise None; no server_name is sent for it (RFC 6066 3)."""
    # An address has a colon, or a digit at its end: this check avoids the cost of an exception for nearly every name.
    if ":" not in server_name and not server_name[-1:].isdigit():
        return None
    try:
        return ipaddress.ip_address(server_name)
    except ValueError:
        return None


def _matches(pattern: str, name: str) -> bool:
    pattern = pattern.lower()
    if pattern.startswith("*."):
        # The wildcard is the whole leftmost label and matches one label (RFC 9525 6.3).
        _, dot, rest = name.partition(".")
        return dot == "." and "." in rest and pattern[2:] == rest
    return pattern == name


def _wrong_name(server_name: str) -> Alert:
    return Alert(BAD_CERTIFICATE, f"the server's certificate is not for {server_name[:100]!a}")


def _in_words(told: str) -> str:
    """Return what cryptography tells of a chain, without what it quotes of a certificate: the peer wrote that."""
    if told.endswith("all candidates exhausted with no interior errors"):
        return "it does not lead to an authority that is trusted"
    words = told.partition(" (encountered processing ")[0]
    return words.removeprefix("validation failed: ").removeprefix("candidates exhausted: ")[:_LONGEST]


def _check_dates(leaf: Any, when: dt.datetime) -> None:
    try:
        is_valid = leaf.not_valid_before_utc <= when <= leaf.not_valid_after_utc
    except ValueError:  # ASN.1 has a year 0, and Python has none
        raise unreadable() from None
    if not is_valid:
        raise Alert(CERTIFICATE_EXPIRED, "the server's certificate has expired or is not valid yet")


def _check_use(leaf: Any) -> None:
    try:
        uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except ExtensionNotFound:
        return
    except _UNREADABLE:
        raise unreadable() from None
    if not any(use in uses for use in _SERVER_USES):
        raise Alert(BAD_CERTIFICATE, "the server's certificate is not for servers")


def _verifier(anchors: Anchors, when: dt.datetime, server_name: str) -> Any:
    # Some private authorities lack key identifiers, which the profile of the Web requires. The checks that protect the
    # client remain: names, dates, signatures, that an authority is one and its path length.
    authorities = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    leaves = ExtensionPolicy.permit_all().require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    builder = PolicyBuilder().store(anchors.store).time(when)
    builder = builder.extension_policies(ca_policy=authorities, ee_policy=leaves)
    address = as_address(server_name)
    try:
        subject = x509.DNSName(server_name) if address is None else x509.IPAddress(address)
        return builder.build_server_verifier(subject)
    except ValueError:
        raise Alert(BAD_CERTIFICATE, f"no certificate can be for {server_name[:100]!a}") from None


@final
class Trust:
    """The trust of a client: anchors, or one pinned certificate in DER."""

    def __init__(self, anchors: Anchors | None, pinned: bytes | None = None) -> None:
        self._anchors: Final = anchors
        self._pinned: Final = pinned

    def is_pin(self) -> bool:
        """Return whether names are not checked."""
        return self._pinned is not None

    def check(self, chain: list[bytes], server_name: str, seconds: float) -> None:
        """Raise Alert unless the chain is trusted for ``server_name`` at a time since the epoch."""
        if self._pinned is not None:
            verify_pin(chain, self._pinned)
        elif self._anchors is None:
            raise Alert(UNKNOWN_CA, "no certificate authority is trusted")
        else:
            verify_chain(chain, server_name, self._anchors, seconds)
