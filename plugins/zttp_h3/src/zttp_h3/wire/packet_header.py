"""Packet headers (RFC 9000 17, RFC 8999): reading the part that routing needs, without a key; and writing.

None means that it is not a packet: it is dropped, not answered. Short headers have no class: they are one octet, a
connection ID whose length its owner knows, and the protected part.
"""

from typing import Final, final

from librt.strings import BytesWriter, read_i32_be, write_i32_be

from zttp_h3.native_ints import i32, i64, mypyc_attr, u8
from zttp_h3.wire.packet_number import write_packet_number
from zttp_h3.wire.varint import read_varint, write_varint, write_varint_of_2
from zttp_h3.wire.versions import INITIAL, NEGOTIATION, RETRY, is_known, type_bits, type_of

LONG_FORM: Final = 0x80
FIXED_BIT: Final = 0x40
SPIN_BIT: Final = 0x20
KEY_PHASE_BIT: Final = 0x04

MAX_CONNECTION_ID: Final = 20  # octets, RFC 9000 17.2
RETRY_TAG_SIZE: Final = 16  # RFC 9001 5.8
MOST_TOKEN: Final = 600  # octets of a token to come back with: half of a datagram is left for the handshake
MAX_LENGTH_FIELD: Final = 0x3FFF  # the room that ``write_long_header`` leaves

# Kinds of packets other than the four types of versions.py.
VERSION_NEGOTIATION: Final = 4
OTHER_VERSION: Final = 5


@final
@mypyc_attr(acyclic=True)
class LongHeader:
    """A long header, with positions in its datagram."""

    def __init__(self, kind: i64, version: i64, at: i64, destination: bytes, source: bytes) -> None:
        self.kind: i64 = kind
        self.version: i64 = version
        self.at: i64 = at
        self.destination: bytes = destination
        self.source: bytes = source
        self.token: bytes = b""  # of Initial and Retry
        # The position of the packet number, or the list of versions, or the integrity tag of Retry.
        self.rest_at: i64 = 0
        self.stop: i64 = 0  # the end of the packet, where another one may begin


def is_long(datagram: bytes, at: i64) -> bool:
    """Return whether the packet at ``at``, which is within the datagram, has the long form (RFC 8999 5)."""
    first: i64 = datagram[at]
    return first & LONG_FORM != 0


def read_long_header(datagram: bytes, at: i64, any_fixed_bit: bool = False) -> LongHeader | None:
    """Read the long header at ``at``; None if there is no complete packet of that form, which must be dropped.

    ``any_fixed_bit``: we have allowed the peer to clear it (RFC 9287 3). For an unknown version only the connection IDs
    are read, so that it can be answered (RFC 8999 5.1).
    """
    size: i64 = len(datagram)
    if size - at < 7:
        return None
    first: i64 = datagram[at]
    if first & LONG_FORM == 0:
        return None
    version = i64(read_i32_be(datagram, at + 1)) & 0xFFFFFFFF
    destination_at = at + 6
    destination_stop = destination_at + i64(datagram[at + 5])
    if destination_stop >= size:
        return None
    source_at = destination_stop + 1
    source_stop = source_at + i64(datagram[destination_stop])
    if source_stop > size:
        return None
    destination = datagram[destination_at:destination_stop]
    source = datagram[source_at:source_stop]
    if not is_known(version):
        kind = VERSION_NEGOTIATION if version == NEGOTIATION else OTHER_VERSION
        header = LongHeader(kind, version, at, destination, source)
        header.rest_at = source_stop
        header.stop = size
        return header
    # RFC 9000 17.2 MUST: dropped.
    if len(destination) > MAX_CONNECTION_ID or len(source) > MAX_CONNECTION_ID:
        return None
    if first & FIXED_BIT == 0 and not any_fixed_bit:
        return None
    header = LongHeader(type_of(version, first), version, at, destination, source)
    return header if _read_rest(header, datagram, source_stop, size) else None


def _read_rest(header: LongHeader, datagram: bytes, at: i64, size: i64) -> bool:
    """Read the part after the connection IDs in known versions; False if it is incomplete."""
    if header.kind == RETRY:
        header.rest_at = size - RETRY_TAG_SIZE
        header.stop = size
        # RFC 9000 17.2.5.2 MUST: a Retry without a token is dropped.
        if header.rest_at <= at:
            return False
        header.token = datagram[at : header.rest_at]
        return True
    if header.kind == INITIAL:
        length, at = read_varint(datagram, at, size)
        if length < 0 or length > size - at:
            return False
        header.token = datagram[at : at + length]
        at += length
    length, at = read_varint(datagram, at, size)
    if length < 0 or length > size - at:
        return False
    header.rest_at = at
    header.stop = at + length
    return True


def read_versions(datagram: bytes, header: LongHeader) -> list[int]:
    """Return the versions of a Version Negotiation packet (RFC 9000 17.2.1); none if the list is incomplete."""
    versions: list[int] = []
    at = header.rest_at
    if (header.stop - at) & 3 != 0:
        return versions
    while at < header.stop:
        versions.append(i64(read_i32_be(datagram, at)) & 0xFFFFFFFF)
        at += 4
    return versions


def write_long_header(
    writer: BytesWriter,
    version: i64,
    packet_type: i64,
    destination: bytes,
    source: bytes,
    token: bytes,
    packet_number: i64,
    number_length: i64,
) -> i64:
    """Write the header of an Initial, 0-RTT or Handshake packet up to its packet number; return the position of Length.

    Length takes two octets and is 0 until ``patch_varint_of_2`` sets it: the octets of the packet number and of the
    protected payload, ``MAX_LENGTH_FIELD`` at most.
    """
    writer.append(u8(LONG_FORM | FIXED_BIT | type_bits(version, packet_type) | (number_length - 1)))
    _write_version_and_ids(writer, version, destination, source)
    if packet_type == INITIAL:
        write_varint(writer, len(token))
        writer.write(token)
    at: i64 = len(writer)
    write_varint_of_2(writer, 0)
    write_packet_number(writer, packet_number, number_length)
    return at


def write_short_header(
    writer: BytesWriter, destination: bytes, flags: i64, packet_number: i64, number_length: i64
) -> None:
    """Write the header of a 1-RTT packet (RFC 9000 17.3.1); ``flags`` are SPIN_BIT and KEY_PHASE_BIT."""
    writer.append(u8(FIXED_BIT | flags | (number_length - 1)))
    writer.write(destination)
    write_packet_number(writer, packet_number, number_length)


def version_negotiation(destination: bytes, source: bytes, versions: list[int], unused: i64) -> bytes:
    """Return a Version Negotiation packet (RFC 9000 17.2.1): the connection IDs of the answered packet, exchanged.

    ``unused`` are six bits without meaning. The fixed bit is set, so that other protocols can be distinguished.
    """
    writer = BytesWriter()
    writer.append(u8(LONG_FORM | FIXED_BIT | (unused & 0x3F)))
    _write_version_and_ids(writer, NEGOTIATION, destination, source)
    for version in versions:
        _write_version(writer, version)
    return writer.getvalue()


def retry_without_tag(version: i64, destination: bytes, source: bytes, token: bytes, unused: i64) -> bytes:
    """Return a Retry packet (RFC 9000 17.2.5) up to its integrity tag, which ``retry_integrity`` computes."""
    writer = BytesWriter()
    writer.append(u8(LONG_FORM | FIXED_BIT | type_bits(version, RETRY) | (unused & 0x0F)))
    _write_version_and_ids(writer, version, destination, source)
    writer.write(token)
    return writer.getvalue()


def _write_version_and_ids(writer: BytesWriter, version: i64, destination: bytes, source: bytes) -> None:
    _write_version(writer, version)
    writer.append(u8(len(destination)))
    writer.write(destination)
    writer.append(u8(len(source)))
    writer.write(source)


def _write_version(writer: BytesWriter, version: i64) -> None:
    write_i32_be(writer, i32(version - 0x100000000 if version > 0x7FFFFFFF else version))
