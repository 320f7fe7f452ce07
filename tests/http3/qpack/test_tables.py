"""When a connection has a dynamic table, which shows only in its cost (RFC 9204 2, 4.2)."""

import random

import pytest

from zttp_h3.malformed import Malformed
from zttp_h3.qpack.decoder import SectionDecoder
from zttp_h3.qpack.encoder import SectionEncoder

FIELDS = [(b":status", b"200"), (b"x-name", b"value")]
SET_CAPACITY = b"\x3f\xe1\x1f"  # 4096


def test_the_first_section_is_encoded_without_a_table() -> None:
    encoder = SectionEncoder()
    encoder.apply_settings(4096, 16)
    encoder.encode(0, FIELDS)
    assert encoder.outgoing == b""
    encoder.encode(4, FIELDS)
    assert encoder.outgoing == SET_CAPACITY
    encoder.encode(8, FIELDS)
    assert len(encoder.outgoing) > len(SET_CAPACITY)  # seen before: it goes into the table


@pytest.mark.parametrize("capacity", [0, 4096])
def test_limits_that_come_late(capacity: int) -> None:
    encoder = SectionEncoder()
    for number in range(3):
        encoder.encode(4 * number, FIELDS)
    assert encoder.outgoing == b""
    encoder.apply_settings(capacity, 16)
    for number in range(3, 6):
        encoder.encode(4 * number, FIELDS)
    assert encoder.outgoing.startswith(SET_CAPACITY) is (capacity > 0)


@pytest.mark.parametrize("capacity", [32, 1_000, 4_096, 4_128, 8_192, 65_536])
def test_insertions_are_counted_as_the_peer_counts_them(capacity: int) -> None:
    # RFC 9204 4.5.1.1: modulo the largest table that the peer allows, even if ours is small.
    encoder, decoder = SectionEncoder(), SectionDecoder(capacity, 16, 65_536)
    encoder.apply_settings(capacity, 16)
    for number in range(700):
        fields = [(b"x-one", b"%d" % (number // 2)), (b"x-other", b"%d" % (number // 3))]
        block = encoder.encode(4 * number, fields)
        control, encoder.outgoing = encoder.outgoing, b""
        decoder.feed_encoder(control)
        assert decoder.decode(4 * number, block) == fields
        back, decoder.outgoing = decoder.outgoing, b""
        encoder.feed_decoder(back)


@pytest.mark.parametrize("wrong", [b"\x80", b"\x01"])
def test_a_peer_that_acknowledges_what_was_not_sent(wrong: bytes) -> None:
    # RFC 9204 4.4.1, 4.4.3: no section of that stream refers to the table, nothing was inserted.
    with pytest.raises(Malformed) as raised:
        SectionEncoder().feed_decoder(wrong)
    assert raised.value.error_code == 0x202


def test_a_peer_that_only_names_a_capacity_costs_no_table() -> None:
    decoder = SectionDecoder(4096, 16, 65_536)
    assert decoder.feed_encoder(SET_CAPACITY) == []
    assert decoder.decode(0, SectionEncoder().encode(0, FIELDS)) == FIELDS
    assert decoder._decoder is None
    for _ in range(30):
        decoder.feed_encoder(SET_CAPACITY)
    assert decoder._decoder is not None  # only up to a limit
    assert decoder._unread == b""


@pytest.mark.parametrize("bad", [b"", b"\x00", b"\x00\x00\x80", b"\x00\x00\x10"])
def test_a_section_that_breaks_rules_breaks_them_without_a_table_too(bad: bytes) -> None:
    decoder = SectionDecoder(4096, 16, 65_536)
    decoder.feed_encoder(SET_CAPACITY)
    with pytest.raises(Malformed) as raised:
        decoder.decode(0, bad)
    assert raised.value.error_code == 0x200


@pytest.mark.parametrize("seed", range(20))
def test_both_halves_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    encoder, decoder = SectionEncoder(), SectionDecoder(4096, 16, 65_536)
    waiting: dict[int, object] = {}
    applied = chance.randrange(6)
    for number in range(30):
        if number == applied:
            encoder.apply_settings(4096, 16)
        fields = [(b"x-%d" % chance.randrange(6), b"%d" % chance.randrange(3)) for _ in range(4)]
        block = encoder.encode(4 * number, fields)
        control, encoder.outgoing = encoder.outgoing, b""
        before = chance.random() < 0.5
        ready = decoder.feed_encoder(control) if before else []
        if len(decoder.blocked) < 16:
            decoded = decoder.decode(4 * number, block)
            if decoded is None:
                waiting[4 * number] = fields
            else:
                assert decoded == fields
        for at in range(0 if before else len(control)):  # in the smallest pieces
            ready += decoder.feed_encoder(control[at : at + 1])
        for stream_id in ready:
            assert decoder.resume(stream_id) == waiting.pop(stream_id)
        back, decoder.outgoing = decoder.outgoing, b""
        encoder.feed_decoder(back)
    assert waiting == {}
