"""Two ends of an encryption level, and faults between them."""

from hashlib import sha384

import pytest
from librt.strings import BytesWriter

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.protection.key_phases import KeyPhases
from zttp_h3.protection.labels import labels_of
from zttp_h3.protection.packet_keys import Forgeries
from zttp_h3.protection.suites import AES_128_GCM, SUITES, Suite
from zttp_h3.wire.packet_header import write_short_header
from zttp_h3.wire.versions import VERSION_1

CONNECTION_ID = b"8 octets"
NO_LIMIT = 2**60
LABELS = labels_of(VERSION_1)
ALL_SUITES = pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: suite.name)


def secret_of(suite: Suite, name: str) -> bytes:
    return sha384(name.encode()).digest()[: suite.hash_size]


def with_limits(confidentiality: int = NO_LIMIT, integrity: int = NO_LIMIT) -> Suite:
    return Suite(
        0x1301, "with limits", AES_128_GCM.hash_algorithm, 16, is_aes=True,
        confidentiality_limit=confidentiality, integrity_limit=integrity,
    )  # fmt: skip


class End:
    """One side of a connection that has 1-RTT keys."""

    def __init__(self, suite: Suite, name: str, peer: str) -> None:
        self.forgeries = Forgeries(suite.integrity_limit)
        self.keys = KeyPhases(suite, LABELS, secret_of(suite, name), secret_of(suite, peer), self.forgeries)
        self.next_number = 0
        self.largest = -1

    def header(self, number: int, length: int = 2, flags: int = 0) -> BytesWriter:
        writer = BytesWriter()
        write_short_header(writer, CONNECTION_ID, self.keys.phase_bit | flags, number, length)
        return writer

    def send(self, payload: bytes = b"\x01\0\0\0", number: int | None = None, flags: int = 0) -> bytes:
        if number is None:
            number = self.next_number
        self.next_number = max(self.next_number, number + 1)
        return self.keys.seal(self.header(number, flags=flags), 2, number, payload)

    def receive(self, packet: bytes) -> tuple[int, bytes]:
        """(packet number, payload)"""
        _, number, payload = self.keys.open(packet, 0, 1 + len(CONNECTION_ID), len(packet), self.largest)
        self.largest = max(self.largest, number)
        return number, payload

    def drops(self, packet: bytes) -> bool:
        """Whether it does, and counts it as not authentic."""
        before = self.forgeries.count
        number, payload = self.receive(packet)
        return (number, payload, self.forgeries.count) == (-1, b"", before + 1)

    def fault(self, packet: bytes) -> tuple[str, int]:
        with pytest.raises(Malformed) as caught:
            self.receive(packet)
        return caught.value.reason, caught.value.error_code


def pair(suite: Suite = AES_128_GCM) -> tuple[End, End]:
    return End(suite, "client", "server"), End(suite, "server", "client")


KEY_UPDATE_ERROR = QuicErrorCode.KEY_UPDATE_ERROR
