"""The constants of RFC 7541's appendices, and the dynamic table against a plain model."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http2.hpack.helpers import VECTORS, WITHOUT_VECTORS, ModelTable
from zttp_h2.hpack import huffman
from zttp_h2.hpack.dynamic_table import DynamicTable
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
