"""Packets of one burst, whose headers are masked with one call of the cipher instead of one for each."""

from typing import final

from librt.strings import BytesWriter

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.protection.packet_keys import HeaderProtection, PacketKey, seal_header
from zttp_h3.protection.suites import SAMPLE_SIZE


@final
@mypyc_attr(acyclic=True)
class Burst:
    """Encrypted packets that wait for their masks. Key updates in between do not change the key of the masks."""

    def __init__(self, protection: HeaderProtection) -> None:
        self._protection: HeaderProtection = protection
        self._samples: BytesWriter = BytesWriter()
        self._headers: list[bytes] = []
        self._lengths: list[int] = []  # of their packet numbers
        self._protected: list[bytes] = []

    def add(self, key: PacketKey, header: bytes, number_length: i64, packet_number: i64, payload: bytes) -> None:
        """Encrypt a packet, without the mask of its header."""
        protected = key.encrypt(packet_number, payload, header)
        sample_at = 4 - number_length
        self._samples.write(protected[sample_at : sample_at + SAMPLE_SIZE])
        self._headers.append(header)
        self._lengths.append(number_length)
        self._protected.append(protected)

    def take(self) -> list[bytes]:
        """Mask the headers and return the packets in order."""
        packets: list[bytes] = []
        count: i64 = len(self._headers)
        if count == 0:
            return packets
        masks = self._protection.masks(self._samples.getvalue())
        writer = self._samples
        index: i64 = 0
        while index < count:
            writer.truncate(0)
            writer.write(self._headers[index])
            seal_header(writer, self._lengths[index], masks, index * SAMPLE_SIZE)
            packets.append(writer.getvalue() + self._protected[index])
            index += 1
        writer.truncate(0)
        self._headers.clear()
        self._lengths.clear()
        self._protected.clear()
        return packets
