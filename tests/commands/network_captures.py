"""Captures written by hand: the records of pcap and pcapng, and the layers around a UDP datagram."""

import struct
from collections.abc import Iterable

Address = tuple[str, int]


def pcap(frames: Iterable[bytes], link_type: int = 101, order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262_144, link_type)
    records = (struct.pack(f"{order}IIII", 1, 2, len(frame), len(frame)) + frame for frame in frames)
    return head + b"".join(records)


def pcapng(frames: Iterable[bytes], link_type: int = 101, order: str = "<", key_log: bytes = b"") -> bytes:
    section = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    interface = block(1, struct.pack(f"{order}HHI", link_type, 0, 0), order)
    secrets = block(10, struct.pack(f"{order}II", 0x544C534B, len(key_log)) + key_log, order) if key_log else b""
    packets = (
        block(6, struct.pack(f"{order}IIIII", 0, 0, 0, len(frame), len(frame)) + frame, order) for frame in frames
    )
    return section + interface + secrets + block(0x0BAD, b"whatever", order) + b"".join(packets)


def block(kind: int, body: bytes, order: str) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + size + body + size


def udp4(source: Address, destination: Address, payload: bytes) -> bytes:
    """An IPv4 packet."""
    datagram = udp(source, destination, payload)
    addresses = bytes(map(int, source[0].split("."))) + bytes(map(int, destination[0].split(".")))
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(datagram), 1, 0x4000, 64, 17, 0) + addresses + datagram


def udp6(source: Address, destination: Address, payload: bytes, options: bytes = b"") -> bytes:
    """An IPv6 packet between ::1 and ::2, with hop-by-hop options or without."""
    rest = options + udp(source, destination, payload)
    first = 0 if options else 17
    hosts = {"::1": bytes(15) + b"\1", "::2": bytes(15) + b"\2"}
    return struct.pack(">IHBB", 6 << 28, len(rest), first, 64) + hosts[source[0]] + hosts[destination[0]] + rest


def udp(source: Address, destination: Address, payload: bytes) -> bytes:
    return struct.pack(">HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
