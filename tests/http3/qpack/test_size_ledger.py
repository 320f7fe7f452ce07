"""The ledger never counts less than a field section's size, and stops decompression bombs (RFC 9204 3.2, 4.3, 4.5)."""

import random

import pytest
from pylsqpack import Decoder, Encoder

from zttp_h3.limits import H3Limits
from zttp_h3.malformed import Malformed
from zttp_h3.qpack.decoder import SectionDecoder
from zttp_h3.qpack.instructions import prefixed_integer
from zttp_h3.qpack.size_ledger import BLOCKED, TOO_LARGE, UNKNOWN, SizeLedger

UNLIMITED = 1 << 40


def size_of(fields: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + 32 for name, value in fields)


def random_fields(chance: random.Random) -> list[tuple[bytes, bytes]]:
    names = [b"user-agent", b"cookie", b":path", b":method", b"x-one", b"x-two-longer", b"content-type", b"accept"]
    values = [b"", b"GET", b"text/html", b"0" * 50, b"~^|" * 30, chance.randbytes(40).hex().encode()]
    return [(chance.choice(names), chance.choice(values)) for _ in range(chance.randint(1, 40))]


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_is_never_below_the_size(seed: int) -> None:
    chance = random.Random(seed)
    encoder, ledger, decoder = Encoder(), SizeLedger(4096), Decoder(4096, 16)
    start = encoder.apply_settings(4096, 16)
    assert ledger.feed(start)
    decoder.feed_encoder(start)
    for number in range(25):
        fields = random_fields(chance)
        control, block = encoder.encode(4 * number, fields)
        if control:
            if chance.random() < 0.5:
                # Sections that need entries which have not arrived.
                assert ledger.section_bound(block, UNLIMITED) in (BLOCKED, *range(1 << 20))
            for at in range(len(control)):  # in the smallest pieces
                assert ledger.feed(control[at : at + 1])
            decoder.feed_encoder(control)
        bound = ledger.section_bound(block, UNLIMITED)
        assert size_of(fields) <= bound <= 4 * size_of(fields) + 200
        back, headers = decoder.feed_header(4 * number, block)
        assert headers == fields
        encoder.feed_decoder(back)


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    encoder = Encoder()
    control = encoder.apply_settings(4096, 16)
    big = [(b"x-bomb", b"y" * 4000)]
    control += encoder.encode(0, big)[0]
    more, block = encoder.encode(4, big)
    control += more
    decoder = SectionDecoder(4096, 16, 65_536)
    decoder.feed_encoder(control)
    reference = block[2:3]
    assert len(block) == 3
    with pytest.raises(ValueError, match="too large"):
        decoder.decode(8, block[:2] + reference * 16_000)
    assert decoder.decode(12, block) == big


def test_a_section_over_the_limit_is_refused_after_decoding_too() -> None:
    encoder = Encoder()
    decoder = SectionDecoder(0, 0, 1_000)
    _, block = encoder.encode(0, [(b"a", b"b" * 1000)])
    with pytest.raises(ValueError, match="too large"):
        decoder.decode(0, block)


def test_the_longest_entry_of_the_largest_table_is_decoded_whole() -> None:
    # RFC 9204 3.2.1. Of a longer one in a larger table pylsqpack returned the length modulo 65,536.
    largest = H3Limits(header_table_size=65_536).header_table_size
    with pytest.raises(ValueError, match="header_table_size must be from 0 to 65536"):
        H3Limits(header_table_size=largest + 1)
    decoder = SectionDecoder(largest, 16, 1 << 20)
    value = b"v" * (largest - 32 - 1)
    instructions = prefixed_integer(0x20, 0x1F, largest) + prefixed_integer(0x40, 0x1F, 1) + b"x"
    decoder.feed_encoder(instructions + prefixed_integer(0, 0x7F, len(value)) + value)
    assert decoder.decode(0, b"\x02\x00\x80") == [(b"x", value)]


def test_what_waits_is_decoded_when_its_entries_come() -> None:
    encoder = Encoder()
    control = encoder.apply_settings(4096, 16)
    fields = [(b"x-name", b"value")]
    control += encoder.encode(0, fields)[0]
    more, block = encoder.encode(4, fields)
    decoder = SectionDecoder(4096, 16, 65_536)
    assert decoder.decode(4, block) is None
    assert decoder.blocked == {4}
    assert decoder.feed_encoder(control + more) == [4]
    assert decoder.resume(4) == fields
    assert decoder.blocked == set()
    assert decoder.outgoing


@pytest.mark.parametrize("bad", [b"\x3f\xe2\x1f\x40", b"\x80\x00", b"\x00", b"\x3f" + b"\xff" * 9])
def test_instructions_that_break_rules(bad: bytes) -> None:
    # RFC 9204 7.4:
    # A larger capacity, references to missing entries, an endless integer.
    with pytest.raises(Malformed) as raised:
        SectionDecoder(4096, 16, 65_536).feed_encoder(bad)
    assert raised.value.error_code == 0x201


@pytest.mark.parametrize("bad", [b"", b"\x00", b"\x00\x00\x80", b"\x02\x00\xc1", b"\xff" * 12])
def test_sections_that_break_rules(bad: bytes) -> None:
    assert SizeLedger(0).section_bound(bad, UNLIMITED) == UNKNOWN
    with pytest.raises(Malformed) as raised:
        SectionDecoder(0, 0, 65_536).decode(0, bad)
    assert raised.value.error_code == 0x200


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_break_nothing(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(200):
        ledger = SizeLedger(4096)
        ledger.feed(chance.randbytes(chance.randint(0, 60)))
        assert ledger.section_bound(chance.randbytes(chance.randint(0, 60)), 10_000) >= min(TOO_LARGE, UNKNOWN)
