"""Which chains a client trusts, for which names, at which times (RFC 5280 6, RFC 9525 6)."""

import datetime as dt
import random
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from tests.http3.tls.certificates import (
    CLIENT_USE,
    SECONDS,
    SERVER_USE,
    authority,
    certificate,
    der,
    identity,
    issued,
    key,
)
from tests.http3.tls.pair import client, handshake, server
from zttp_h3.tls.alerts import (
    BAD_CERTIFICATE,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_UNKNOWN,
    UNKNOWN_CA,
    Alert,
)
from zttp_h3.tls.certificates import Identity, parse, public_key_of
from zttp_h3.tls.verification import Anchors, Trust, names_server, verify_chain

ANCHORS = Anchors([authority()])


def verdict(
    chain: list[x509.Certificate], name: str = "localhost", anchors: Anchors = ANCHORS, seconds: float = SECONDS
) -> int | None:
    try:
        verify_chain([der(one) for one in chain], name, anchors, seconds)
    except Alert as alert:
        return alert.description
    return None


def test_a_leaf_of_a_trusted_authority() -> None:
    assert verdict([issued()]) is None


def test_an_intermediate_authority() -> None:
    middle = certificate(
        key("p256", 5).public_key(), key("p256", 100), subject="middle", issuer="authority", names=(), authority=True
    )
    leaf = certificate(key("p256").public_key(), key("p256", 5), issuer="middle")
    assert verdict([leaf, middle]) is None
    assert verdict([leaf]) == UNKNOWN_CA  # the chain must be complete


def test_an_intermediate_that_is_no_authority() -> None:
    middle = certificate(key("p256", 5).public_key(), key("p256", 100), subject="middle", issuer="authority")
    leaf = certificate(key("p256").public_key(), key("p256", 5), issuer="middle")
    assert verdict([leaf, middle]) == UNKNOWN_CA


def test_an_unknown_authority() -> None:
    assert verdict([issued()], anchors=Anchors([authority(1)])) == UNKNOWN_CA
    assert verdict([issued()], anchors=Anchors([])) == UNKNOWN_CA


def test_a_signature_that_is_not_the_authoritys() -> None:
    forged = certificate(key("p256").public_key(), key("p256", 7), issuer="authority")
    assert verdict([forged]) == UNKNOWN_CA


@pytest.mark.parametrize(
    ("names", "asked", "good"),
    [
        (("a.example",), "a.example", True),
        (("a.example",), "A.EXAMPLE", True),
        (("*.example.org",), "a.example.org", True),
        (("*.example.org",), "a.b.example.org", False),
        (("*.example.org",), "example.org", False),
        (("a.example",), "b.example", False),
        (("192.0.2.1",), "192.0.2.1", True),
        (("192.0.2.1",), "192.0.2.2", False),
        (("2001:db8::1",), "2001:db8:0::1", True),
        (("192.0.2.1",), "a.example", False),
        (("a.example",), "192.0.2.1", False),
    ],
)
def test_names(names: tuple[str, ...], asked: str, good: bool) -> None:
    # RFC 9114 3.1
    leaf = issued(names=names)
    assert verdict([leaf], asked) == (None if good else BAD_CERTIFICATE)
    assert names_server(leaf, asked) == good


def test_a_common_name_names_nobody() -> None:
    # RFC 9525 1.4: only subjectAltName counts.
    assert verdict([issued(subject="localhost", names=())]) == BAD_CERTIFICATE


def test_dates() -> None:
    assert verdict([issued(ends=dt.timedelta(days=-1))]) == CERTIFICATE_EXPIRED
    assert verdict([issued(starts=dt.timedelta(days=1))]) == CERTIFICATE_EXPIRED
    assert verdict([issued()], seconds=SECONDS + 31 * 86400) == CERTIFICATE_EXPIRED


def test_a_certificate_for_clients_is_not_for_servers() -> None:
    # RFC 8446 4.4.2.2
    assert verdict([issued(uses=(CLIENT_USE,))]) == BAD_CERTIFICATE
    assert verdict([issued(uses=(CLIENT_USE, SERVER_USE))]) is None


def test_a_leaf_that_is_trusted_itself() -> None:
    own = key("p256")
    leaf = certificate(own.public_key(), own)
    anchors = Anchors([leaf])
    assert verdict([leaf], anchors=anchors) is None
    assert verdict([leaf], "other.example", anchors) == BAD_CERTIFICATE
    assert verdict([leaf], anchors=anchors, seconds=SECONDS + 31 * 86400) == CERTIFICATE_EXPIRED


def test_what_is_no_certificate() -> None:
    with pytest.raises(Alert) as raised:
        verify_chain([b"no certificate"], "localhost", ANCHORS, SECONDS)
    assert raised.value.description == BAD_CERTIFICATE


VERSION_3, VERSION_6 = bytes.fromhex("a003020102"), bytes.fromhex("a003020105")
X400_NAME = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, bytes.fromhex("3004a3020500"))


@pytest.mark.parametrize(
    "leaf",
    [
        der(issued()).replace(VERSION_3, VERSION_6),
        der(issued(ends=dt.timedelta(days=365_000))).replace(b"30251002000000Z", b"00001002000000Z"),
        der(issued(names=(), more=X400_NAME)),
    ],
    ids=["another version", "the year 0", "a name of X.400"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_certificates_that_cryptography_cannot_show(leaf: bytes, place: int) -> None:
    # Each raised its own exception from receive_datagram: a peer can do that without a certificate of an authority.
    chain = [leaf] if place == 0 else [der(certificate(key("p256").public_key(), key("p256", 5), issuer="leaf")), leaf]
    for anchors in (ANCHORS, Anchors([authority(1)])):
        with pytest.raises(Alert) as raised:
            public_key_of(parse(chain[0]))
            verify_chain(chain, "localhost", anchors, SECONDS)
        assert raised.value.description in (BAD_CERTIFICATE, UNKNOWN_CA)


@pytest.mark.filterwarnings("ignore:Parsed a")  # which cryptography still reads
def test_certificates_with_changed_octets() -> None:
    chance = random.Random(11)
    middle = certificate(
        key("p256", 5).public_key(), key("p256", 100), subject="middle", issuer="authority", names=(), authority=True
    )
    leaf = certificate(key("p256").public_key(), key("p256", 5), issuer="middle", uses=(SERVER_USE,))
    for _ in range(1_500):
        chain = [bytearray(der(leaf)), bytearray(der(middle))]
        changed = chance.choice(chain)
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            public_key_of(parse(bytes(chain[0])))
            verify_chain([bytes(one) for one in chain], "localhost", ANCHORS, SECONDS)
        except Alert as alert:
            assert alert.error_code >> 8 == 1  # noqa: PT017  (every fault has an alert)


@pytest.mark.parametrize("name", ["", "a..b", "a b", "-", "ü.example"])
def test_a_name_that_no_certificate_can_have(name: str) -> None:
    assert verdict([issued()], name) == BAD_CERTIFICATE


STRANGE = "strange\x1b[31m\n"
OF_NO_KIND = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2." + "3456." * 10 + "7"), b"x")


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        ({"issuer": "somebody"}, "not trusted: it does not lead to an authority that is trusted"),
        ({"signed": 7}, "not trusted: "),
        ({"more": OF_NO_KIND}, "not trusted: "),
        ({"names": ("other.example",)}, "not for 'localhost'"),
        ({"ends": dt.timedelta(days=-1)}, "has expired or is not valid yet"),
        ({"uses": (CLIENT_USE,)}, "is not for servers"),
    ],
    ids=["no way", "another key", "an extension", "another name", "dates", "use"],
)
def test_why_is_told_in_words_and_nothing_of_the_certificate_is_quoted(leaf: dict[str, Any], why: str) -> None:
    signer = key("p256", leaf.pop("signed", 100))
    refused = certificate(key("p256").public_key(), signer, **{"subject": STRANGE, "issuer": "authority", **leaf})
    with pytest.raises(Alert) as raised:
        verify_chain([der(refused)], "localhost", ANCHORS, SECONDS)
    told = raised.value.message
    assert told.startswith("the server's certificate ")
    assert why in told
    assert told.isascii()
    assert told.isprintable()
    assert "strange" not in told
    assert len(told) < 300


# ------------------------------------------------------------------------------------------------- in the handshake


def test_a_client_refuses_whom_it_does_not_trust() -> None:
    # RFC 9114 3.1
    with pytest.raises(Alert) as raised:
        handshake(client(trust=Trust(Anchors([authority(1)]))), server())
    assert raised.value.description == UNKNOWN_CA
    with pytest.raises(Alert) as raised:
        handshake(client(trust=Trust(None)), server())
    assert raised.value.description == UNKNOWN_CA


def test_verification_can_be_switched_off() -> None:
    own = key("p256", 3)
    unknown = Identity([der(certificate(own.public_key(), own, names=()))], own)
    assert handshake(client(verify=False), server(choose=lambda _: unknown)).client.complete


def test_a_pin_is_that_leaf_and_no_other() -> None:
    pinned = Trust(None, identity().chain[0])
    assert handshake(client(name="any.example", trust=pinned), server()).client.complete
    with pytest.raises(Alert) as raised:
        handshake(client(trust=pinned), server(kind="rsa"))
    assert raised.value.description == CERTIFICATE_UNKNOWN
