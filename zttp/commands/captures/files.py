"""The files of tcpdump, Wireshark and similar programs: pcap (draft-ietf-opsawg-pcap) and pcapng (its successor).

A record is a frame of some link layer; pcapng may also contain key logs. A truncated file, as of a stopped program,
ends with its last complete record.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

# The first four bytes: microseconds or nanoseconds, in either byte order.
_PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\x3c\x4d": ">",
}
_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"
_BYTE_ORDERS: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}

# Blocks of pcapng.
_SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_SIMPLE_PACKET: Final = 3
_ENHANCED_PACKET: Final = 6
_SECRETS: Final = 10
_KEY_LOG: Final = 0x544C534B  # "TLSK"


class Record(NamedTuple):
    """A captured frame."""

    link_type: int
    frame: bytes


class KeyLog(NamedTuple):
    """A key log in the file."""

    text: str


def is_capture(data: bytes) -> bool:
    """Return whether a file is one of these."""
    return data[:4] in _PCAP or data[:4] == _PCAPNG


def read_capture(data: bytes) -> Iterator[Record | KeyLog]:
    """Yield the content of a file. Raises ValueError for an invalid one."""
    if data[:4] in _PCAP:
        return _pcap(data, _PCAP[data[:4]])
    if data[:4] == _PCAPNG:
        return _pcapng(data)
    raise ValueError("this is not a network capture: neither pcap nor pcapng")


def _pcap(data: bytes, order: str) -> Iterator[Record]:
    if len(data) < 24:
        return
    link_type = struct.unpack_from(f"{order}I", data, 20)[0] & 0xFFFF  # the bits above are the length of a checksum
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from(f"{order}I", data, at + 8)[0]
        at += 16
        if at + size > len(data):
            return
        yield Record(link_type, data[at : at + size])
        at += size


def _pcapng(data: bytes) -> Iterator[Record | KeyLog]:
    order = "<"
    link_types: list[int] = []  # of the interfaces of a section
    at = 0
    while at + 12 <= len(data):
        if data[at : at + 4] == _PCAPNG:
            order = _BYTE_ORDERS.get(data[at + 8 : at + 12], "")
            if not order:
                raise ValueError(f"the capture is damaged: no byte order at {at}")
        kind, size = struct.unpack_from(f"{order}II", data, at)
        if size < 12 or size % 4:
            raise ValueError(f"the capture is damaged: a block of {size} bytes at {at}")
        if at + size > len(data):
            return
        body = data[at + 8 : at + size - 4]
        at += size
        if kind == _SECTION:
            link_types = []
        elif kind == _INTERFACE:
            link_types.append(struct.unpack_from(f"{order}H", body)[0])
        elif kind == _ENHANCED_PACKET and len(body) >= 20:
            interface, _, _, length = struct.unpack_from(f"{order}IIII", body)
            if interface < len(link_types):
                yield Record(link_types[interface], body[20 : 20 + length])
        elif kind == _SIMPLE_PACKET and link_types:
            length = struct.unpack_from(f"{order}I", body)[0]
            yield Record(link_types[0], body[4 : 4 + length])
        elif kind == _SECRETS and len(body) >= 8:
            secrets, length = struct.unpack_from(f"{order}II", body)
            if secrets == _KEY_LOG:
                yield KeyLog(body[8 : 8 + length].decode("ascii", "replace"))
