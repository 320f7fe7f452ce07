"""Packets encrypted and decrypted: the payload comes back unchanged, and changed packets are refused."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from librt.strings import BytesWriter

from tests.http3.protection.helpers import ALL_SUITES, LABELS, NO_LIMIT, pair, secret_of, with_limits
from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.protection.packet_keys import MIN_PROTECTED, Forgeries, HeaderProtection, Opener, Sealer
from zttp_h3.protection.suites import AES_128_GCM, SUITES, Suite
from zttp_h3.wire.packet_header import read_long_header, write_long_header, write_short_header
from zttp_h3.wire.packet_number import MAX_PACKET_NUMBER
from zttp_h3.wire.varint import patch_varint_of_2
from zttp_h3.wire.versions import HANDSHAKE, VERSION_1

SECRET = {suite.name: secret_of(suite, "secret") for suite in SUITES.values()}


def long_packet(sealer: Sealer, number: int, length: int, payload: bytes, reserved: int = 0) -> bytes:
    writer = BytesWriter()
    at = write_long_header(writer, VERSION_1, HANDSHAKE, b"destination", b"source", b"", number, length)
    patch_varint_of_2(writer, at, length + len(payload) + 16)
    writer[0] |= reserved
    return sealer.seal(writer, length, number, payload)


def ends(suite: Suite) -> tuple[Sealer, Opener, Forgeries]:
    forgeries = Forgeries(suite.integrity_limit)
    secret = secret_of(suite, "secret")
    return Sealer(suite, LABELS, secret), Opener(suite, LABELS, secret, forgeries), forgeries


@ALL_SUITES
@settings(max_examples=40)
@given(
    st.integers(0, MAX_PACKET_NUMBER - 2**32), st.integers(1, 4), st.binary(max_size=1300), st.binary(max_size=30),
    st.data(),
)  # fmt: skip
def test_long_headers(
    suite: Suite, number: int, length: int, payload: bytes, around: bytes, data: st.DataObject
) -> None:
    sealer, opener, forgeries = ends(suite)
    payload += bytes(max(0, 4 - length - len(payload)))  # RFC 9001 5.4.2
    packet = long_packet(sealer, number, length, payload)
    datagram = around + packet + around
    header = read_long_header(datagram, len(around))
    assert header is not None
    assert header.stop == len(around + packet)
    largest = data.draw(st.integers(max(-1, number - 127), number))
    first, found, opened = opener.open(datagram, len(around), header.rest_at, header.stop, largest)
    assert (first, found, opened) == (0xE0 | (length - 1), number, payload)
    assert forgeries.count == 0


@ALL_SUITES
@settings(max_examples=40)
@given(st.integers(0, MAX_PACKET_NUMBER - 2**32), st.integers(1, 4), st.binary(max_size=1300), st.binary(max_size=20))
def test_short_headers(suite: Suite, number: int, length: int, payload: bytes, destination: bytes) -> None:
    sealer, opener, forgeries = ends(suite)
    payload += bytes(max(0, 4 - length - len(payload)))
    writer = BytesWriter()
    write_short_header(writer, destination, 0x20, number, length)
    packet = sealer.seal(writer, length, number, payload)
    assert packet[1 : 1 + len(destination)] == destination
    opened = opener.open(packet, 0, 1 + len(destination), len(packet), max(-1, number - 100))
    assert opened == (0x60 | (length - 1), number, payload)
    assert forgeries.count == 0


@ALL_SUITES
def test_a_packet_that_was_touched_is_dropped_and_counted(suite: Suite) -> None:
    sealer, opener, forgeries = ends(suite)
    packet = long_packet(sealer, 300, 2, b"payload" * 3)
    header = read_long_header(packet, 0)
    assert header is not None
    assert opener.open(packet, 0, header.rest_at, len(packet), 299)[1] == 300
    for at in range(len(packet)):
        for bit in (0x01, 0x80) if at else (0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40):
            touched = packet[:at] + bytes((packet[at] ^ bit,)) + packet[at + 1 :]
            before = forgeries.count
            assert opener.open(touched, 0, header.rest_at, len(packet), 299) == (0, -1, b"")
            assert forgeries.count == before + 1


def test_what_is_too_short_for_a_sample_is_dropped_before_anything_is_tried() -> None:
    """RFC 9001 5.4.2 MUST."""
    _, opener, forgeries = ends(AES_128_GCM)
    _, server = pair()
    for size in range(MIN_PROTECTED):
        datagram = b"\x40connection" + bytes(size)
        assert opener.open(datagram, 0, 11, len(datagram), -1) == (0, -1, b"")
        assert server.keys.open(datagram, 0, 11, len(datagram), -1) == (0, -1, b"")
        # The octets of the next packet are not part of this one.
        assert opener.open(datagram + bytes(100), 0, 11, len(datagram), -1) == (0, -1, b"")
    assert (forgeries.count, server.forgeries.count) == (0, 0)
    datagram = b"\x40connection" + bytes(MIN_PROTECTED)
    assert opener.open(datagram, 0, 11, len(datagram), -1) == (0, -1, b"")
    assert server.keys.open(datagram, 0, 11, len(datagram), -1) == (0, -1, b"")
    assert (forgeries.count, server.forgeries.count) == (1, 1)


@pytest.mark.interpreted_only(reason="asserts are stripped from the compiled build")
def test_a_packet_without_a_whole_sample_is_a_fault_of_ours() -> None:
    sealer, _, _ = ends(AES_128_GCM)
    with pytest.raises(AssertionError):
        long_packet(sealer, 1, 2, b"1")


@pytest.mark.parametrize("reserved", [0x04, 0x08, 0x0C])
def test_reserved_bits_of_a_long_header(reserved: int) -> None:
    """RFC 9000 17.2 MUST: a PROTOCOL_VIOLATION, after the packet was authenticated."""
    sealer, opener, forgeries = ends(AES_128_GCM)
    packet = long_packet(sealer, 1, 2, b"payload", reserved)
    header = read_long_header(packet, 0)
    assert header is not None
    touched = packet[:-1] + bytes((packet[-1] ^ 1,))
    assert opener.open(touched, 0, header.rest_at, len(packet), -1)[1] == -1
    with pytest.raises(Malformed) as caught:
        opener.open(packet, 0, header.rest_at, len(packet), -1)
    assert (caught.value.reason, caught.value.error_code) == ("reserved_bits", QuicErrorCode.PROTOCOL_VIOLATION)
    assert forgeries.count == 1


@pytest.mark.parametrize("reserved", [0x08, 0x10, 0x18])
def test_reserved_bits_of_a_short_header(reserved: int) -> None:
    """RFC 9000 17.3.1 MUST."""
    client, server = pair()
    packet = client.send(flags=reserved)
    touched = packet[:-1] + bytes((packet[-1] ^ 1,))
    assert server.drops(touched)
    assert server.fault(packet) == ("reserved_bits", QuicErrorCode.PROTOCOL_VIOLATION)


@ALL_SUITES
def test_masks_of_many_samples_are_those_of_each(suite: Suite) -> None:
    protection = HeaderProtection(suite, LABELS, SECRET[suite.name])
    samples = [random.Random(seed).randbytes(16) for seed in range(70)]
    one_by_one = [protection.masks(sample) for sample in samples]
    assert all(len(mask) == 16 for mask in one_by_one)
    for count in (0, 1, 2, 10, 70):
        assert protection.masks(b"".join(samples[:count])) == b"".join(one_by_one[:count])
    assert len(set(one_by_one)) == 70


@ALL_SUITES
def test_a_burst_is_the_same_packets(suite: Suite) -> None:
    (one, _), (other, server) = pair(suite), pair(suite)
    burst = other.keys.burst()
    assert burst.take() == []
    for _ in range(2):
        for count in range(5):
            single = []
            for number in range(count):
                length = 1 + number % 4
                payload = bytes((number,)) * (4 + 300 * number)
                single.append(one.keys.seal(one.header(number, length), length, number, payload))
                other.keys.seal_in(burst, other.header(number, length), length, number, payload)
            packets = burst.take()
            assert packets == single
            for number, packet in enumerate(packets):
                server.largest = number - 1
                assert server.receive(packet)[0] == number


def test_a_key_is_used_up_to_its_limit() -> None:
    """RFC 9001 6.6 MUST."""
    sealer, _, _ = ends(with_limits(confidentiality=5))
    for number in range(5):
        long_packet(sealer, number, 2, b"payload")
    assert sealer.key.sealed == 5
    with pytest.raises(Malformed) as caught:
        long_packet(sealer, 5, 2, b"payload")
    assert (caught.value.reason, caught.value.error_code) == (
        "confidentiality_limit",
        QuicErrorCode.AEAD_LIMIT_REACHED,
    )


def test_forgeries_are_endured_up_to_the_limit_of_the_suite_across_all_keys() -> None:
    """RFC 9001 6.6 MUST."""
    suite = with_limits(integrity=5)
    client, server = pair(suite)
    opener = Opener(suite, LABELS, secret_of(suite, "secret"), server.forgeries)
    noise = b"\x40" + bytes(60)
    for _ in range(3):
        assert opener.open(noise, 0, 9, len(noise), -1)[1] == -1
    assert server.drops(noise)
    assert server.drops(noise)
    assert server.receive(client.send())[0] == 0
    for end in (server.keys.open, opener.open):
        with pytest.raises(Malformed) as caught:
            end(noise, 0, 9, len(noise), -1)
        assert (caught.value.reason, caught.value.error_code) == ("integrity_limit", QuicErrorCode.AEAD_LIMIT_REACHED)


@pytest.mark.parametrize("seed", range(2))
def test_noise_is_dropped(seed: int) -> None:
    rng = random.Random(seed)
    _, opener, forgeries = ends(with_limits(integrity=NO_LIMIT))
    _, server = pair()
    for _ in range(500):
        datagram = rng.randbytes(rng.randint(0, 80))
        number_at = rng.randint(1, 20)
        stop = rng.randint(0, len(datagram))
        for end in (opener.open, server.keys.open):
            assert end(datagram, 0, number_at, stop, rng.choice((-1, 0, 2**40))) == (0, -1, b"")
    assert forgeries.count > 100
