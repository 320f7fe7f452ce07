"""Packet headers (RFC 9000 17, RFC 8999): the parts for routing, read without a key; and written headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from librt.strings import BytesWriter

from tests.http3.vectors import vectors
from zttp_h3.wire import packet_header as headers
from zttp_h3.wire.packet_header import (
    KEY_PHASE_BIT,
    OTHER_VERSION,
    SPIN_BIT,
    VERSION_NEGOTIATION,
    LongHeader,
    is_long,
    read_long_header,
    read_versions,
    retry_without_tag,
    version_negotiation,
    write_long_header,
    write_short_header,
)
from zttp_h3.wire.varint import patch_varint_of_2
from zttp_h3.wire.versions import (
    HANDSHAKE,
    INITIAL,
    RETRY,
    VERSION_1,
    VERSION_2,
    ZERO_RTT,
    is_known,
)

CONNECTION_IDS = st.binary(max_size=20)
VERSIONS = st.sampled_from([VERSION_1, VERSION_2])


def long_packet(
    kind: int = INITIAL,
    version: int = VERSION_1,
    destination: bytes = b"destination",
    source: bytes = b"source",
    token: bytes = b"",
    number: int = 0,
    number_length: int = 2,
    protected: bytes = b"p" * 30,
) -> bytes:
    writer = BytesWriter()
    at = write_long_header(writer, version, kind, destination, source, token, number, number_length)
    patch_varint_of_2(writer, at, number_length + len(protected))
    return writer.getvalue() + protected


def read(datagram: bytes, at: int = 0, any_fixed_bit: bool = False) -> LongHeader:
    header = read_long_header(datagram, at, any_fixed_bit)
    assert header is not None
    assert header.at == at
    return header


@pytest.mark.parametrize("name", ["rfc9001_appendix_a", "rfc9369_appendix_a"])
def test_the_packets_of_the_rfcs(name: str) -> None:
    rfc = vectors(name)
    client, server = (bytes.fromhex(rfc[f"{side}_initial_packet"]["protected_packet"]) for side in ("client", "server"))
    header = read(client)
    assert (header.kind, header.version) == (INITIAL, int(rfc["version"], 16))
    assert header.destination.hex() == rfc["client_destination_connection_id"]
    assert (header.source, header.token) == (b"", b"")
    assert (header.rest_at, header.stop) == (18, len(client) == 1200 and 1200)
    header = read(server)
    assert (header.kind, header.destination, header.source.hex()) == (INITIAL, b"", "f067a5502a4262b5")
    assert header.stop == len(server)
    # Coalesced (RFC 9000 12.2): one begins where the other ends.
    assert read(server + client, len(server)).stop == len(server) + 1200

    writer = BytesWriter()
    plain = bytes.fromhex(rfc["server_initial_packet"]["unprotected_header"])
    at = write_long_header(writer, int(rfc["version"], 16), INITIAL, b"", header.source, b"", 1, 2)
    patch_varint_of_2(writer, at, len(server) - header.rest_at)
    assert writer.getvalue() == plain

    retry = bytes.fromhex(rfc["retry"]["retry_packet"])
    header = read(retry)
    assert (header.kind, header.token, header.stop - header.rest_at) == (RETRY, b"token", 16)
    unused = retry[0] & 0x0F
    assert retry_without_tag(header.version, header.destination, header.source, b"token", unused) == retry[:-16]


@given(
    st.sampled_from([INITIAL, ZERO_RTT, HANDSHAKE]), VERSIONS, CONNECTION_IDS, CONNECTION_IDS, st.binary(max_size=80),
    st.integers(0, 2**62 - 1), st.integers(1, 4), st.binary(max_size=1300), st.binary(max_size=40),
)  # fmt: skip
def test_what_is_written_is_read(
    kind: int,
    version: int,
    destination: bytes,
    source: bytes,
    token: bytes,
    number: int,
    number_length: int,
    protected: bytes,
    around: bytes,
) -> None:
    packet = long_packet(kind, version, destination, source, token, number, number_length, protected)
    header = read(around + packet + around, len(around))
    assert (header.kind, header.version) == (kind, version)
    assert (header.destination, header.source) == (destination, source)
    assert header.token == (token if kind == INITIAL else b"")
    assert (header.rest_at, header.stop) == (
        len(around) + len(packet) - len(protected) - number_length,
        len(around) + len(packet),
    )
    rest = (around + packet)[header.rest_at :]
    assert rest == (number % 256**number_length).to_bytes(number_length) + protected
    assert (packet[0] & 0x03) + 1 == number_length
    assert packet[0] & 0x0C == 0  # RFC 9000 17.2 MUST: reserved bits are 0


@pytest.mark.parametrize("kind", [INITIAL, ZERO_RTT, HANDSHAKE, RETRY])
@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
def test_what_is_cut_short_is_no_packet(kind: int, version: int) -> None:
    if kind == RETRY:
        packet = retry_without_tag(version, b"destination", b"source", b"t", 0) + b"integrity tag 16"
    else:
        packet = long_packet(kind, version, token=b"token" * 30)
    for cut in range(len(packet)):
        for before in (b"", b"before"):
            assert read_long_header(before + packet[:cut], len(before)) is None
    read(packet)


def test_a_retry_without_a_token_is_dropped() -> None:
    """RFC 9000 17.2.5.2 MUST."""
    assert read_long_header(retry_without_tag(VERSION_1, b"d", b"s", b"", 0) + bytes(16), 0) is None


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
@pytest.mark.parametrize(("destination", "source"), [(21, 0), (0, 21), (255, 255)])
def test_connection_ids_of_more_than_20_octets_are_dropped(version: int, destination: int, source: int) -> None:
    """RFC 9000 17.2 MUST."""
    assert read_long_header(long_packet(INITIAL, version, bytes(destination), bytes(source)), 0) is None
    read(long_packet(INITIAL, version, bytes(min(destination, 20)), bytes(min(source, 20))))


@pytest.mark.parametrize("version", [0x00000002, 0xFF00001D, 0x1A2A3A4A, 0xFFFFFFFF])
@pytest.mark.parametrize(("destination", "source"), [(0, 0), (8, 0), (20, 20), (21, 0), (255, 255)])
def test_of_another_version_the_connection_ids_are_read_so_that_it_can_be_answered(
    version: int, destination: int, source: int
) -> None:
    """RFC 8999 5.1: nothing else is the same in all versions, the fixed bit is not."""
    ids = bytes((destination,)) + b"d" * destination + bytes((source,)) + b"s" * source
    for first in (0x80, 0xC0, 0xFF):
        datagram = bytes((first,)) + version.to_bytes(4) + ids
        header = read(datagram + b"anything")
        assert (header.kind, header.version) == (OTHER_VERSION, version)
        assert (header.destination, header.source) == (b"d" * destination, b"s" * source)
        assert header.stop == len(datagram) + 8
        for cut in range(len(datagram)):
            assert read_long_header(datagram[:cut], 0) is None


def test_which_versions_are_known() -> None:
    assert [is_known(version) for version in (1, VERSION_2, 0, 2, 0x1A2A3A4A)] == [True, True, False, False, False]


@given(CONNECTION_IDS, CONNECTION_IDS, st.lists(st.integers(0, 2**32 - 1), max_size=9), st.integers(0, 127))
def test_version_negotiation(destination: bytes, source: bytes, versions: list[int], unused: int) -> None:
    packet = version_negotiation(destination, source, versions, unused)
    header = read(packet)
    assert (header.kind, header.destination, header.source) == (VERSION_NEGOTIATION, destination, source)
    assert read_versions(packet, header) == versions
    # RFC 9000 17.2.1: clients ignore the bits after the first; it SHOULD look like QUIC to a demultiplexer.
    assert packet[0] & 0xC0 == 0xC0
    other = bytes((packet[0] & 0xBF,)) + packet[1:]
    assert read_versions(other, read(other)) == versions
    for cut in (1, 2, 3):
        if versions:
            part = packet[:-cut]
            assert read_versions(part, read(part)) == []


def test_the_fixed_bit_may_be_cleared_where_we_allowed_it() -> None:
    """RFC 9000 17.2 MUST be discarded; RFC 9287 3 MUST accept after grease_quic_bit."""
    packet = bytearray(long_packet())
    packet[0] &= 0xBF
    assert read_long_header(bytes(packet), 0) is None
    assert read(bytes(packet), any_fixed_bit=True).kind == INITIAL


@given(CONNECTION_IDS, st.integers(0, 2**62 - 1), st.integers(1, 4))
def test_short_headers(destination: bytes, number: int, length: int) -> None:
    for flags in (0, SPIN_BIT, KEY_PHASE_BIT, SPIN_BIT | KEY_PHASE_BIT):
        writer = BytesWriter()
        write_short_header(writer, destination, flags, number, length)
        packet = writer.getvalue()
        assert packet[0] == 0x40 | flags | (length - 1)
        assert packet[1:] == destination + (number % 256**length).to_bytes(length)
        assert not is_long(packet, 0)
        assert read_long_header(packet, 0) is None
    assert is_long(long_packet(), 0)


@given(st.binary(max_size=60), st.integers(0, 70))
def test_noise_is_a_header_or_none_and_stays_within_the_datagram(noise: bytes, at: int) -> None:
    for start in (b"", b"\xc0\0\0\0\x01", b"\xf0\0\0\0\x01", b"\xc0\x6b\x33\x43\xcf", b"\x80\0\0\0\0"):
        datagram = start + noise
        header = read_long_header(datagram, min(at, len(datagram)) if start == b"" else 0)
        if header is not None:
            assert header.at < header.rest_at <= header.stop <= len(datagram)
            assert len(read_versions(datagram, header)) <= len(datagram) // 4


def test_a_length_beyond_every_datagram_is_no_packet() -> None:
    ids = b"\x01d\x01s"
    for huge in (b"\xff" * 8, b"\xbf" * 4, b"\x7f\xff"):
        assert read_long_header(b"\xc0\0\0\0\x01" + ids + b"\0" + huge + bytes(40), 0) is None  # Length
        assert read_long_header(b"\xc0\0\0\0\x01" + ids + huge + bytes(40), 0) is None  # Token Length
    assert headers.MAX_LENGTH_FIELD == 0x3FFF
