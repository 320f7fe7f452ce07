"""What the decoder accepts and refuses: RFC 7541 2.3.3, 5.1, 6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http2.hpack.helpers import (
    INCREMENTAL,
    NEVER_INDEXED,
    WITHOUT_INDEXING,
    decoded,
    indexed,
    integer,
    literal,
    string,
    table_of,
)
from zttp_core.reasons import REASONS
from zttp_h2.hpack import field_kinds, status
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.integers import MAX_INTEGER, decode_integer

FORMS = {"incremental": INCREMENTAL, "without indexing": WITHOUT_INDEXING, "never indexed": NEVER_INDEXED}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())


def kinds_of(decoder: Decoder) -> list[int]:
    return list(decoder.kinds.getvalue())


def test_an_empty_block_has_no_fields() -> None:
    assert decoded(Decoder(), b"") == []


def test_every_index_of_the_static_table() -> None:
    from zttp_h2.hpack.static_table import FIELDS

    assert decoded(Decoder(), bytes(range(0x81, 0x80 + 62))) == list(FIELDS)


@forms
def test_names_by_index_and_by_string(form: tuple[int, int]) -> None:
    block = literal(4, b"/x", form) + literal(58, b"agent", form) + literal(b"custom", b"value", form)
    assert decoded(Decoder(), block) == [(b":path", b"/x"), (b"user-agent", b"agent"), (b"custom", b"value")]


@forms
def test_only_incremental_literals_enter_the_table(form: tuple[int, int]) -> None:
    decoder = Decoder()
    decoded(decoder, literal(b"custom", b"value", form))
    assert table_of(decoder) == ([(b"custom", b"value")] if form is INCREMENTAL else [])


@forms
def test_a_name_from_the_dynamic_table(form: tuple[int, int]) -> None:
    decoder = Decoder()
    decoded(decoder, literal(b"custom", b"1", INCREMENTAL))
    assert decoded(decoder, literal(62, b"2", form)) == [(b"custom", b"2")]


def test_a_name_may_come_from_the_entry_that_it_evicts() -> None:
    decoder = Decoder(65536, 50)
    decoded(decoder, literal(b"custom", b"1" * 12, INCREMENTAL))
    assert decoded(decoder, literal(62, b"2" * 12, INCREMENTAL)) == [(b"custom", b"2" * 12)]
    assert table_of(decoder) == [(b"custom", b"2" * 12)]


def test_duplicate_entries_are_no_error() -> None:
    decoder = Decoder()
    decoded(decoder, literal(b"a", b"b", INCREMENTAL) * 2)
    assert table_of(decoder) == [(b"a", b"b")] * 2


def test_indexed_fields_share_their_tuple() -> None:
    decoder = Decoder()
    first = decoded(decoder, literal(b"a", b"b", INCREMENTAL))
    assert decoded(decoder, indexed(62))[0] is first[0]


def test_a_new_list_for_every_block() -> None:
    decoder = Decoder()
    first = decoded(decoder, indexed(2))
    fields = decoder.section(0)
    decoded(decoder, indexed(3))
    assert list(fields) == first


def test_never_indexed_fields_are_marked_and_others_are_not() -> None:
    decoder = Decoder()
    decoded(decoder, literal(23, b"secret", NEVER_INDEXED) + literal(23, b"open") + literal(b"x", b"", NEVER_INDEXED))
    assert [kind & field_kinds.NEVER_INDEXED for kind in kinds_of(decoder)] == [0x80, 0, 0x80]
    assert decoder.seen & field_kinds.SEEN_NEVER_INDEXED


REFUSED = {
    "index zero": (b"\x80", status.INVALID_INDEX),
    "first index past the static table": (indexed(62), status.INVALID_INDEX),
    "index far past the tables": (indexed(1000), status.INVALID_INDEX),
    "largest integer as index": (indexed(MAX_INTEGER), status.INVALID_INDEX),
    "incremental, name past the tables": (literal(62, b"", INCREMENTAL), status.INVALID_INDEX),
    "without indexing, name past the tables": (literal(62, b""), status.INVALID_INDEX),
    "never indexed, name past the tables": (literal(62, b"", NEVER_INDEXED), status.INVALID_INDEX),
    "index past the integers": (indexed(MAX_INTEGER + 1), status.INTEGER_TOO_LARGE),
    "name index past the integers": (literal(MAX_INTEGER + 1, b""), status.INTEGER_TOO_LARGE),
    "string length past the integers": (b"\x0f\x00" + integer(MAX_INTEGER + 1, 7), status.INTEGER_TOO_LARGE),
    "size update past the integers": (integer(MAX_INTEGER + 1, 5, 0x20), status.INTEGER_TOO_LARGE),
    "six continuation octets of zeros": (b"\xff\x80\x80\x80\x80\x80\x00", status.INTEGER_TOO_LARGE),
    "continuation octets without end": (b"\xff" + b"\x80" * 5000, status.INTEGER_TOO_LARGE),
    "index ends in its continuation": (b"\xff\x80", status.TRUNCATED),
    "index ends after its prefix": (b"\xff", status.TRUNCATED),
    "name index ends after its prefix": (b"\x7f", status.TRUNCATED),
    "size update ends after its prefix": (b"\x3f", status.TRUNCATED),
    "no name after a literal": (b"\x40", status.TRUNCATED),
    "no value after a name": (b"\x40\x01a", status.TRUNCATED),
    "no value after a name index": (b"\x44", status.TRUNCATED),
    "name shorter than its length": (b"\x40\x05a", status.TRUNCATED),
    "value shorter than its length": (b"\x44\x05/", status.TRUNCATED),
    "value length ends after its prefix": (b"\x44\x7f", status.TRUNCATED),
    "coded value shorter than its length": (b"\x44\x85\x60", status.TRUNCATED),
    "value of four gigabytes": (b"\x44" + integer(MAX_INTEGER, 7) + b"/", status.TRUNCATED),
    "bad padding in a name": (b"\x40\x81\x18\x00", status.HUFFMAN_PADDING),
    "end of string in a name": (b"\x40\x84\xff\xff\xff\xff\x00", status.HUFFMAN_EOS),
}


@pytest.mark.parametrize(("block", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(block: bytes, expected: int) -> None:
    decoder = Decoder()
    assert decoder.decode(indexed(2) + block if block[0] & 0xE0 != 0x20 else block) == expected
    assert decoder.section(0) == []
    # The tables stay out of sync.
    assert decoder.decode(indexed(2)) == expected
    assert decoder.section(0) == []


# The hpack package has no limit for integers.
REFUSED_BY_ALL = {name: block for name, (block, result) in REFUSED.items() if result != status.INTEGER_TOO_LARGE}


@pytest.mark.parametrize("block", REFUSED_BY_ALL.values(), ids=REFUSED_BY_ALL.keys())
def test_the_hpack_package_refuses_the_same(block: bytes) -> None:
    hpack = pytest.importorskip("hpack")
    with pytest.raises(hpack.HPACKError):
        hpack.Decoder().decode(block, raw=True)


def test_every_prefix_of_a_block_is_a_block_or_is_truncated() -> None:
    block = literal(b"custom", b"value" * 40, INCREMENTAL) + indexed(62) + literal(4, b"/x") + indexed(2)
    whole = decoded(Decoder(), block)
    for length in range(len(block)):
        decoder = Decoder()
        result = decoder.decode(block[:length])
        if result == 0:
            assert list(decoder.section(0)) == whole[: len(decoder.section(0))]
        else:
            assert result == status.TRUNCATED


@given(st.integers(0, MAX_INTEGER), st.integers(1, 8))
def test_integers(value: int, prefix_bits: int) -> None:
    wire = integer(value, prefix_bits)
    prefix_max = (1 << prefix_bits) - 1
    if len(wire) > 1:
        assert decode_integer(wire + b"\xff", 1, len(wire), prefix_max) == (value, len(wire))


def test_an_integer_padded_with_zeros_is_accepted_within_five_octets() -> None:
    assert decode_integer(b"\x80\x80\x80\x80\x00", 0, 5, 31) == (31, 5)
    assert decode_integer(b"\x80\x80\x80\x80\x80", 0, 5, 31)[0] == -2


@given(st.binary(max_size=200))
def test_any_octets_come_to_a_status(block: bytes) -> None:
    decoder = Decoder()
    result = decoder.decode(block)
    assert result == 0 or result in status.REASONS
    assert len(decoder.section(0)) == len(decoder.kinds)
    assert decoder.table.size <= 4096


def test_every_status_has_a_token_of_its_own_and_a_section() -> None:
    tokens = [status.reason_of(number) for number in status.REASONS]
    assert len(set(tokens)) == len(tokens)
    for token in tokens:
        assert REASONS[token].section.startswith("RFC ")


def test_string_helper_is_what_the_decoder_reads() -> None:
    assert decoded(Decoder(), b"\x0f\x00" + string(b"v" * 200)) == [(b"accept-charset", b"v" * 200)]
