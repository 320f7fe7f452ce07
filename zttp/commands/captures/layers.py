"""From a frame of a link layer to the UDP datagram in it (RFC 768, RFC 791, RFC 8200).

Frames without a complete datagram are skipped: other protocols, fragments, partly captured frames.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

_UDP: Final = 17
_EXTENSIONS: Final = (0, 43, 60)  # hop by hop, routing, destination options (RFC 8200 4)
_IPV4: Final = b"\x08\x00"
_IPV6: Final = b"\x86\xdd"
_VLAN: Final = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")
_RAW: Final = (12, 14, 101, 228, 229)  # IP begins at once
# The position of the EtherType, and IP after it.
_HEADERS: Final = {
    1: (12, 14),  # Ethernet
    113: (14, 16),  # Linux "any", first version
    276: (0, 20),  # and second
}
_LOOPBACK: Final = (0, 108)  # of the BSDs: four bytes with the number of the protocol family


class Address(NamedTuple):
    """One end of a path."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Datagram(NamedTuple):
    """A UDP datagram: its number in the capture, from 1 on, its addresses and content."""

    number: int
    source: Address
    destination: Address
    payload: bytes


def find_udp(link_type: int, frame: bytes, number: int) -> Datagram | None:
    """Return the datagram in a frame, None if there is none."""
    if link_type in _RAW:
        return _ip(frame, number)
    if link_type in _LOOPBACK:
        return _ip(frame[4:], number)
    if link_type not in _HEADERS:
        return None
    type_at, at = _HEADERS[link_type]
    kind = frame[type_at : type_at + 2]
    while kind in _VLAN:
        kind = frame[at + 2 : at + 4]
        at += 4
    return _ip(frame[at:], number) if kind in (_IPV4, _IPV6) else None


def _ip(packet: bytes, number: int) -> Datagram | None:
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        at = (packet[0] & 15) * 4
        is_fragment = int.from_bytes(packet[6:8], "big") & 0x3FFF
        if packet[9] != _UDP or is_fragment:
            return None
        return _udp(packet[at:], str(IPv4Address(packet[12:16])), str(IPv4Address(packet[16:20])), number)
    if version == 6 and len(packet) >= 40:
        kind, at = packet[6], 40
        while kind in _EXTENSIONS and at + 8 <= len(packet):
            kind, at = packet[at], at + 8 + 8 * packet[at + 1]
        if kind != _UDP:  # a fragment has its own header
            return None
        return _udp(packet[at:], str(IPv6Address(packet[8:24])), str(IPv6Address(packet[24:40])), number)
    return None


def _udp(packet: bytes, source: str, destination: str, number: int) -> Datagram | None:
    if len(packet) < 8:
        return None
    source_port, destination_port, length = (int.from_bytes(packet[at : at + 2], "big") for at in (0, 2, 4))
    if not 8 <= length <= len(packet):
        return None
    return Datagram(number, Address(source, source_port), Address(destination, destination_port), packet[8:length])
