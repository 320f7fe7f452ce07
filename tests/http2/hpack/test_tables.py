"""The constants of RFC 7541's appendices, and the dynamic table against a plain model."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http2.hpack.helpers import VECTORS, WITHOUT_VECTORS, ModelTable
from zttp_core.field_names import LOWER_NAMES
from zttp_h2.hpack import huffman
from zttp_h2.hpack.dynamic_table import DynamicTable
from zttp_h2.hpack.encoder_table import EncoderTable
from zttp_h2.hpack.known_names import known_name
from zttp_h2.hpack.static_table import ENTRIES, FIELDS, NAME_INDICES, VALUES
from zttp_h2.hpack.table_entry import TableEntry


def test_the_huffman_code_is_complete() -> None:
    assert len(huffman.LENGTHS) == 257
    assert sum(2.0**-length for length in huffman.LENGTHS) == 1.0  # Kraft: every bit string is the start of some code


def test_the_tables_are_those_of_the_hpack_package() -> None:
    pytest.importorskip("hpack")
    from hpack.huffman_constants import REQUEST_CODES_LENGTH
    from hpack.table import HeaderTable

    assert list(huffman.LENGTHS) == REQUEST_CODES_LENGTH
    assert FIELDS == HeaderTable.STATIC_TABLE


@pytest.mark.skipif(not VECTORS.exists(), reason=WITHOUT_VECTORS)
def test_the_tables_are_those_of_the_vectors() -> None:
    static = json.loads((VECTORS / "static_table.json").read_text())["entries"]
    assert list(FIELDS) == [(entry["name"].encode(), entry["value"].encode()) for entry in static]


def test_the_static_table_is_found_by_index_name_and_value() -> None:
    assert len(FIELDS) == 61
    for index, (name, value) in enumerate(FIELDS, 1):
        assert ENTRIES[index].field == (name, value)
        assert FIELDS[NAME_INDICES[name] - 1][0] == name
        assert NAME_INDICES[name] <= index
        if value:
            assert VALUES[name][value] == index


@pytest.mark.parametrize("name", [*NAME_INDICES, *LOWER_NAMES])
def test_known_names_are_found_in_the_two_usual_spellings(name: bytes) -> None:
    for spelling in (name, name.title(), bytes(bytearray(name))):
        known = known_name(spelling)
        assert known is not None
        assert (known.name, known.static_index) == (name, NAME_INDICES.get(name, 0))


@given(st.one_of(st.binary(max_size=20), st.sampled_from([*NAME_INDICES, *LOWER_NAMES]).map(lambda name: name + b"s")))
def test_what_is_no_known_name_is_not_taken_for_one(name: bytes) -> None:
    known = known_name(name)
    assert known is None or name in (known.name, known.name.title())


ENCODER_STEPS = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 5), st.integers(0, 9)),
    st.tuples(st.just("resize"), st.sampled_from([0, 100, 1000, 4096]), st.just(0)),
)


@given(st.lists(ENCODER_STEPS, max_size=100))
def test_the_encoder_s_table_finds_what_the_model_has(steps: list[tuple[str, int, int]]) -> None:
    table, model = EncoderTable(4096), ModelTable(4096)
    names = [known for name in LOWER_NAMES[:6] if (known := known_name(name)) is not None]
    values = [b"%d" % number for number in range(10)]
    for step, first, second in steps:
        if step == "resize":
            table.resize(first)
            model.resize(first)
        else:
            size = len(names[first].name) + len(values[second]) + 32
            if size <= table.max_size:
                table.add(names[first], values[second], size)
                model.add(names[first].name, values[second])
        assert (table.size, table.length) == (model.size, len(model.fields))
        for name in names:
            named = [index for index, field in enumerate(model.fields, 62) if field[0] == name.name]
            assert table.index_of(table.find_name(name)) == (named[0] if named else 0)
            assert not named or table.marks & name.mark
            for value in values:
                number = table.find(name, value)
                places = [index for index in named if model.at(index)[1] == value]
                assert table.index_of(number) == (places[0] if places else 0)
                assert table.index_if(number, name.name, value) == table.index_of(number)
                assert table.index_if(number, name.name, b"another") == table.index_if(number, b"another", value) == 0


NAMES = st.sampled_from([b"a", b"name", b"x" * 60, b"y" * 300])
STEPS = st.one_of(
    st.tuples(st.just("add"), NAMES, st.integers(0, 300)),
    st.tuples(st.just("resize"), st.just(b""), st.sampled_from([0, 31, 32, 33, 64, 200, 1000, 4096, 20000])),
)


@given(st.sampled_from([0, 100, 4096, 65536]), st.lists(STEPS, max_size=120))
def test_the_dynamic_table_is_the_model(max_size: int, steps: list[tuple[str, bytes, int]]) -> None:
    table, model = DynamicTable(max_size), ModelTable(max_size)
    for number, (step, name, amount) in enumerate(steps):
        if step == "add":
            value = b"%d" % number + b"v" * amount
            table.add(TableEntry(name, value, 0))
            model.add(name, value)
        else:
            table.resize(amount)
            model.resize(amount)
        assert [table.get(position).field for position in range(table.length)] == model.fields
        assert table.size == model.size <= table.max_size == model.max_size


def test_many_entries_are_kept_in_order_while_the_table_grows() -> None:
    table, model = DynamicTable(65536), ModelTable(65536)
    for number in range(3000):
        table.add(TableEntry(b"n", b"%d" % number, 0))
        model.add(b"n", b"%d" % number)
    assert [table.get(position).field for position in range(table.length)] == model.fields


def test_an_entry_of_the_table_s_size_fits_and_one_octet_more_empties_it() -> None:
    table = DynamicTable(100)
    table.add(TableEntry(b"n", b"v" * 67, 0))
    assert (table.length, table.size) == (1, 100)
    table.add(TableEntry(b"n", b"v" * 68, 0))
    assert (table.length, table.size) == (0, 0)
