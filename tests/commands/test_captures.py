"""Files of pcap and pcapng, and the UDP datagrams in them, with all kinds of outer layers."""

import random
from contextlib import suppress

import pytest

from tests.commands.network_captures import block, pcap, pcapng, udp4, udp6
from zttp.commands.captures.files import KeyLog, Record, is_capture, read_capture
from zttp.commands.captures.layers import Address, Datagram, find_udp

FRAMES = [b"one", b"two and more", b""]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D])
def test_pcap_in_either_byte_order_and_resolution(order: str, magic: int) -> None:
    captured = pcap(FRAMES, 113, order, magic)
    assert is_capture(captured)
    assert list(read_capture(captured)) == [Record(113, frame) for frame in FRAMES]


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_with_a_key_log_in_it(order: str) -> None:
    captured = pcapng(FRAMES, 1, order, key_log=b"CLIENT_RANDOM a b\n")
    assert is_capture(captured)
    assert list(read_capture(captured)) == [KeyLog("CLIENT_RANDOM a b\n"), *(Record(1, frame) for frame in FRAMES)]


def test_sections_of_pcapng_have_their_own_interfaces() -> None:
    captured = pcapng([b"a"], 1, "<") + pcapng([b"b"], 101, ">") + block(3, b"\0\0\0\1c", ">")
    assert list(read_capture(captured)) == [Record(1, b"a"), Record(101, b"b"), Record(101, b"c")]


@pytest.mark.parametrize("captured", [pcap(FRAMES), pcapng(FRAMES)], ids=["pcap", "pcapng"])
def test_a_file_that_breaks_off_ends_with_its_last_whole_record(captured: bytes) -> None:
    whole = list(read_capture(captured))
    for size in range(28, len(captured)):
        found = list(read_capture(captured[:size]))
        assert found == whole[: len(found)]
    assert len(list(read_capture(captured[:-1]))) == len(whole) - 1


def test_a_damaged_file_is_an_error_in_words() -> None:
    with pytest.raises(ValueError, match="neither pcap nor pcapng"):
        read_capture(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(ValueError, match="a block of 7 bytes at 28"):
        list(read_capture(pcapng([])[:28] + b"\1\0\0\0\7\0\0\0" + bytes(8)))
    with pytest.raises(ValueError, match="no byte order at 0"):
        list(read_capture(b"\x0a\x0d\x0d\x0a" + bytes(20)))


SOURCE, DESTINATION = ("10.0.0.1", 5000), ("10.0.0.2", 443)
IPV4 = udp4(SOURCE, DESTINATION, b"hello")
IPV6 = udp6(("::1", 5000), ("::2", 443), b"hello")


@pytest.mark.parametrize(
    ("link_type", "frame"),
    [
        (101, IPV4),
        (228, IPV4),
        (1, bytes(12) + b"\x08\x00" + IPV4 + b"filled up"),
        (1, bytes(12) + b"\x81\x00\0\7\x08\x00" + IPV4),
        (1, bytes(12) + b"\x88\xa8\0\7\x81\x00\0\7\x08\x00" + IPV4),
        (113, bytes(14) + b"\x08\x00" + IPV4),
        (276, b"\x08\x00" + bytes(18) + IPV4),
        (0, b"\2\0\0\0" + IPV4),
        (108, b"\0\0\0\2" + IPV4),
    ],
)
def test_every_usual_link_layer(link_type: int, frame: bytes) -> None:
    assert find_udp(link_type, frame, 7) == Datagram(7, Address(*SOURCE), Address(*DESTINATION), b"hello")


@pytest.mark.parametrize("packet", [IPV6, udp6(("::1", 5000), ("::2", 443), b"hello", b"\x11\0" + bytes(6))])
def test_ipv6_with_its_extension_headers(packet: bytes) -> None:
    found = find_udp(1, bytes(12) + b"\x86\xdd" + packet, 1)
    assert found is not None
    assert found == Datagram(1, Address("::1", 5000), Address("::2", 443), b"hello")
    assert str(found.source) == "[::1]:5000"


def test_what_is_no_whole_datagram_is_passed_over() -> None:
    assert find_udp(101, IPV4[:9] + b"\x06" + IPV4[10:], 1) is None  # TCP
    assert find_udp(101, IPV4[:6] + b"\x20\x00" + IPV4[8:], 1) is None  # the first fragment
    assert find_udp(101, IPV4[:6] + b"\x00\x04" + IPV4[8:], 1) is None  # a later one
    assert find_udp(101, IPV6[:6] + b"\x2c" + IPV6[7:], 1) is None
    assert find_udp(1, bytes(12) + b"\x08\x06" + IPV4, 1) is None  # ARP
    assert find_udp(147, IPV4, 1) is None
    for size in range(len(IPV4)):
        assert find_udp(101, IPV4[:size], 1) is None
    for size in range(len(IPV6)):
        assert find_udp(101, IPV6[:size], 1) is None


def test_nothing_in_a_capture_breaks_its_reader() -> None:
    chance = random.Random(1)
    for _ in range(300):
        captured = bytearray(chance.choice([pcap([IPV4, IPV6]), pcapng([IPV4, IPV6], key_log=b"a b c")]))
        for _ in range(chance.randrange(1, 6)):
            captured[chance.randrange(4, len(captured))] = chance.randrange(256)
        with suppress(ValueError):
            for number, found in enumerate(read_capture(bytes(captured))):
                if isinstance(found, Record):
                    find_udp(chance.choice([0, 1, 101, 113, 276]), found.frame, number)
