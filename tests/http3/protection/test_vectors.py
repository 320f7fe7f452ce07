"""Every value that RFC 9001 appendix A and RFC 9369 appendix A print: keys, and whole packets in both directions."""

import hmac
from typing import Any

import pytest
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from librt.strings import BytesWriter

from tests.http3.vectors import vectors
from zttp_h3.keyed_hash import keyed_hash
from zttp_h3.protection.key_phases import KeyPhases
from zttp_h3.protection.labels import hkdf_label, initial_secret, labels_of
from zttp_h3.protection.packet_keys import (
    Forgeries,
    Opener,
    PacketKey,
    Sealer,
    initial_opener,
    initial_sealer,
    open_header,
    plain_header,
)
from zttp_h3.protection.retry_integrity import has_valid_tag, retry_tag
from zttp_h3.protection.suites import AES_128_GCM, CHACHA20_POLY1305, SUITES
from zttp_h3.wire.packet_header import read_long_header

RFCS = ["rfc9001_appendix_a", "rfc9369_appendix_a"]
SIDES = ["client", "server"]
NO_LIMIT = 2**60


@pytest.fixture(params=RFCS)
def rfc(request: pytest.FixtureRequest) -> Any:
    return vectors(request.param)


def octets(value: str) -> bytes:
    return bytes.fromhex(value)


def packet_of(rfc: Any, side: str) -> tuple[bytes, bytes, bytes]:
    """(header, payload, packet)"""
    row = rfc[f"{side}_initial_packet"]
    payload = octets(row["payload"]) if side == "server" else octets(row["crypto_frame"])
    if side == "client":
        payload += bytes(row["payload_length"] - len(payload))
    return octets(row["unprotected_header"]), payload, octets(row["protected_packet"])


def version_of(rfc: Any) -> int:
    return int(rfc["version"], 16)


def test_labels_and_secrets(rfc: Any) -> None:
    for name, serialized in rfc["hkdf_label_structures"].items():
        assert hkdf_label(name.encode(), octets(serialized)[1]) == octets(serialized)
    labels = labels_of(version_of(rfc))
    assert labels.initial_salt.hex() == rfc["initial_salt"]
    destination = octets(rfc["client_destination_connection_id"])
    common = HKDF.extract(AES_128_GCM.hash_algorithm, labels.initial_salt, destination)
    assert common.hex() == rfc["initial_secret"]
    for side in SIDES:
        row = rfc[f"{side}_initial"]
        secret = initial_secret(labels, destination, side == "server")
        assert secret.hex() == row["secret"]
        assert labels.key(AES_128_GCM, secret).hex() == row["key"]
        assert labels.iv(AES_128_GCM, secret).hex() == row["iv"]
        assert labels.protection_key(AES_128_GCM, secret).hex() == row["hp"]


@pytest.mark.parametrize("side", SIDES)
def test_initial_packets_are_sealed(rfc: Any, side: str) -> None:
    header, payload, packet = packet_of(rfc, side)
    row = rfc[f"{side}_initial_packet"]
    sealer = initial_sealer(version_of(rfc), octets(rfc["client_destination_connection_id"]), side == "server")
    assert sealer.protection.masks(octets(row["hp_sample"]))[:5].hex() == row["hp_mask"]
    writer = BytesWriter()
    writer.write(header)
    assert sealer.seal(writer, row["packet_number_length"], row["packet_number"], payload) == packet
    assert writer.getvalue().hex() == row["protected_header"]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("before", "after"), [(b"", b""), (b"before", b"after")])
def test_initial_packets_are_opened(rfc: Any, side: str, before: bytes, after: bytes) -> None:
    # RFC 9001 5.2
    header, payload, packet = packet_of(rfc, side)
    forgeries = Forgeries(NO_LIMIT)
    opener = initial_opener(
        version_of(rfc), octets(rfc["client_destination_connection_id"]), side == "server", forgeries
    )
    datagram = before + packet + after
    found = read_long_header(datagram, len(before))
    assert found is not None
    first, number, opened = opener.open(datagram, len(before), found.rest_at, found.stop, -1)
    assert (first, number, opened) == (header[0], rfc[f"{side}_initial_packet"]["packet_number"], payload)
    assert forgeries.count == 0


def test_retry(rfc: Any) -> None:
    packet = octets(rfc["retry"]["retry_packet"])
    original = octets(rfc["retry"]["original_destination_connection_id"])
    version = version_of(rfc)
    assert retry_tag(version, original, packet[:-16]) == packet[-16:]
    assert has_valid_tag(version, original, packet)
    for at in range(len(packet)):
        assert not has_valid_tag(version, original, packet[:at] + bytes((packet[at] ^ 1,)) + packet[at + 1 :])
        assert not has_valid_tag(version, original, packet[:at])
    assert not has_valid_tag(version, original[:-1], packet)
    other = version_of(vectors(RFCS[rfc == vectors(RFCS[0])]))
    assert not has_valid_tag(other, original, packet)


def test_a_short_header_with_chacha20(rfc: Any) -> None:
    row = rfc["chacha20_short_header"]
    labels = labels_of(version_of(rfc))
    secret = octets(row["secret"])
    assert labels.key(CHACHA20_POLY1305, secret).hex() == row["key"]
    assert labels.iv(CHACHA20_POLY1305, secret).hex() == row["iv"]
    assert labels.protection_key(CHACHA20_POLY1305, secret).hex() == row["hp"]
    assert labels.next_secret(CHACHA20_POLY1305, secret).hex() == row["ku"]

    number, header, packet = row["packet_number"], octets(row["unprotected_header"]), octets(row["protected_packet"])
    key = PacketKey(CHACHA20_POLY1305, labels, secret, True)
    assert key.nonce(number).hex() == row["nonce"]
    assert key.encrypt(number, octets(row["payload"]), header).hex() == row["ciphertext"]

    sealer = Sealer(CHACHA20_POLY1305, labels, secret)
    mask = sealer.protection.masks(octets(row["hp_sample"]))
    assert mask[:5].hex() == row["hp_mask"]
    assert open_header(packet, 0, 1, mask, number - 1) == (header[0], number, 3)
    assert plain_header(packet, 0, 1, header[0], number, 3) == header

    forgeries = Forgeries(NO_LIMIT)
    phases = KeyPhases(CHACHA20_POLY1305, labels, secret, secret, forgeries)
    for seal in (sealer.seal, phases.seal):
        writer = BytesWriter()
        writer.write(header)
        assert seal(writer, 3, number, octets(row["payload"])) == packet
    opener = Opener(CHACHA20_POLY1305, labels, secret, forgeries)
    for end in (opener.open, phases.open):
        assert end(packet, 0, 1, len(packet), number - 1) == (header[0], number, octets(row["payload"]))


def test_the_suites() -> None:
    """RFC 8446 B.4, RFC 9001 6.6."""
    assert {identifier: suite.name for identifier, suite in SUITES.items()} == {
        0x1301: "TLS_AES_128_GCM_SHA256", 0x1302: "TLS_AES_256_GCM_SHA384", 0x1303: "TLS_CHACHA20_POLY1305_SHA256"
    }  # fmt: skip
    rows = [(suite.key_size, suite.hash_size, suite.is_aes) for suite in SUITES.values()]
    assert rows == [(16, 32, True), (32, 48, True), (32, 32, False)]
    limits = [(suite.confidentiality_limit, suite.integrity_limit) for suite in SUITES.values()]
    assert limits == [(2**23, 2**52), (2**23, 2**52), (2**62 - 1, 2**36)]


@pytest.mark.parametrize("size", [0, 1, 20, 32, 48, 64, 128])
def test_keyed_hashes_are_those_of_the_library(size: int) -> None:
    key = bytes(range(size))
    for data in (b"", b"data", bytes(300)):
        if size <= 64:
            assert keyed_hash(True, key, data) == hmac.digest(key, data, "sha256")
        assert keyed_hash(False, key, data) == hmac.digest(key, data, "sha384")
