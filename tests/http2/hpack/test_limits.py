"""The size of header lists, bombs, and the cost of decoding."""

import tracemalloc
from collections.abc import Callable

import pytest

from tests.http2.hpack.helpers import INCREMENTAL, decoded, indexed, literal
from tests.processor_time import assert_linear
from zttp_h2.hpack import status
from zttp_h2.hpack.decoder import Decoder

LIMIT = 1000
BOMB_SIZE = 1 << 20
CODED_AS = bytes.fromhex("18c6318c63")  # eight times "a" (RFC 7541 Appendix B)


def of_size(size: int) -> bytes:
    """A literal that counts for ``size`` (RFC 9113 6.5.2)."""
    return literal(b"n", b"v" * (size - 33))


def test_a_list_at_the_limit_is_accepted_and_one_octet_more_is_not() -> None:
    decoder = Decoder(LIMIT)
    assert len(decoded(decoder, of_size(600) + of_size(400))) == 2
    assert decoder.list_size == LIMIT
    assert decoder.decode(of_size(600) + of_size(401)) == status.HEADER_LIST_TOO_LARGE
    assert decoder.list_size == LIMIT + 1
    assert decoder.section(0) == []
    assert len(decoder.kinds) == 0


@pytest.mark.parametrize("field", [literal(2, b"", INCREMENTAL), literal(2, b""), indexed(2)])
def test_every_representation_counts(field: bytes) -> None:
    decoder = Decoder(1 << 20)
    decoded(decoder, field * 10)
    assert decoder.list_size == 10 * len(b":method" + (b"GET" if field == indexed(2) else b"")) + 320


def test_after_a_list_too_large_the_table_is_in_step() -> None:
    decoder = Decoder(LIMIT)
    early = literal(b"early", b"1", INCREMENTAL)
    late = literal(b"late", b"2", INCREMENTAL)
    assert decoder.decode(early + of_size(2000) + late) == status.HEADER_LIST_TOO_LARGE
    assert decoded(decoder, indexed(62) + indexed(63)) == [(b"late", b"2"), (b"early", b"1")]


def test_an_error_after_the_limit_is_still_an_error() -> None:
    assert Decoder(LIMIT).decode(of_size(2000) + b"\x80") == status.INVALID_INDEX


def test_a_bomb_is_fatal_at_its_bound_and_not_before() -> None:
    entry = literal(b"n", b"v" * (4096 - 33), INCREMENTAL)
    references = BOMB_SIZE // 4096
    decoder = Decoder(LIMIT)
    assert decoder.decode(entry + indexed(62) * (references - 1)) == status.HEADER_LIST_TOO_LARGE
    assert decoder.list_size == BOMB_SIZE
    assert decoder.decode(indexed(62) * (references + 1)) == status.HEADER_LIST_BOMB
    assert decoder.decode(indexed(2)) == status.HEADER_LIST_BOMB


def test_a_large_limit_moves_the_bound_of_bombs() -> None:
    decoder = Decoder(BOMB_SIZE // 8)
    entry = literal(b"n", b"v" * (4096 - 33), INCREMENTAL)
    assert decoder.decode(entry + indexed(62) * 511) == status.HEADER_LIST_TOO_LARGE
    assert decoder.list_size == 16 * (BOMB_SIZE // 8)
    assert decoder.decode(indexed(62) * 513) == status.HEADER_LIST_BOMB


def test_a_bomb_holds_no_memory() -> None:
    decoder = Decoder(65536)
    decoded(decoder, literal(b"n", b"v" * (4096 - 33), INCREMENTAL))
    block = indexed(62) * 60000
    tracemalloc.start()
    try:
        assert decoder.decode(block) == status.HEADER_LIST_BOMB
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000


HOSTILE = {
    "references": lambda count: indexed(2) * count,
    "insertions that evict": lambda count: literal(b"x", b"v" * 100, INCREMENTAL) * (count // 16),
    "tiny entries": lambda count: b"\x40\x00\x00" * (count // 3),
    "names of the largest entry": lambda count: literal(b"n" * 4000, b"", INCREMENTAL) + b"\x7e\x00" * (count // 2),
    "entries larger than the table": lambda count: literal(b"x", b"v" * 5000, INCREMENTAL) * (count // 800),
    "coded strings": lambda count: (b"\x0f\x00\xfe" + b"\x00" * 126) * (count // 16),
    "empty coded names": lambda count: b"\x00\x80\x80" * (count // 3),
}


@pytest.mark.parametrize("block_of", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_cost_is_linear(block_of: Callable[[int], bytes]) -> None:
    blocks = {count: block_of(count) for count in (5_000, 40_000)}
    assert_linear(lambda count: Decoder(1 << 26).decode(blocks[count]), 5_000, 40_000)


def test_nothing_is_kept_of_blocks_before_the_last() -> None:
    """A long value at another position in each block: not all of them may be kept."""
    decoder = Decoder()
    tracemalloc.start()
    try:
        for length in range(50, 0, -1):
            assert decoder.decode(literal(b"n", b"v") * length + literal(b"long", b"v" * 20_000)) == status.OK
        assert tracemalloc.get_traced_memory()[0] < 200_000
        assert decoder.decode(of_size(60_000) + of_size(6_000)) == status.HEADER_LIST_TOO_LARGE
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fields", [indexed(16) * 200_000, b"\x00\x01x\xff\xc1\x83\x3d" + CODED_AS * 200_000])
def test_nothing_is_kept_of_a_large_block(fields: bytes) -> None:
    decoder = Decoder(1 << 26)
    tracemalloc.start()
    try:
        assert decoder.decode(fields) == status.OK
        assert decoder.decode(indexed(2)) == status.OK
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_a_block_in_the_midst_of_other_octets() -> None:
    block = literal(b"name", b"value", INCREMENTAL) + indexed(62)
    decoder = Decoder()
    assert decoder.decode(b"\xff\xff" + block + b"\xff\xff", 2, 2 + len(block)) == status.OK
    assert decoder.section(0) == [(b"name", b"value")] * 2
    for end in range(2, 2 + len(literal(b"name", b"value"))):
        assert Decoder().decode(b"\xff\xff" + block, 2, end) == (status.OK if end == 2 else status.TRUNCATED)
