"""Objects that are reused instead of made: names and fields of nearly every message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zttp_core.field_names import FIELD_NAMES, LOWER_NAMES, NAMES
from zttp_core.header_block import packed_block
from zttp_core.usual_fields import FIELD_VALUES, FIELDS, HAS_USUAL, LOWER_FIELDS
from zttp_core.vocabulary import Vocabulary


def listed(name: bytes, value: bytes, lowercase_names: bool) -> list[tuple[bytes, bytes]]:
    """The fields of a request that has one, as the block of a parsed head lists them."""
    section = name + b": " + value + b"\r\n\r\n"
    return packed_block(section, 0).to_list(lowercase_names=lowercase_names)


@pytest.mark.parametrize("field", FIELDS, ids=repr)
def test_every_usual_field_is_itself_and_no_other_is_taken_for_it(field: tuple[bytes, bytes]) -> None:
    name, value = field
    for near in (value, value + b"x", value[:-1], value[:-1] + b"!", b"!" + value[1:], value.swapcase(), value[::-1]):
        assert listed(name, near, False) == [(name, near.strip(b" "))]
        assert listed(name, near, True) == [(name.lower(), near.strip(b" "))]
    for place in range(len(value)):
        near = value[:place] + b"~" + value[place + 1 :]
        assert listed(name, near, False) == [(name, near)]


def test_a_usual_field_is_a_ready_object() -> None:
    ready = [listed(name, value, False)[0] is field for field in FIELDS for name, value in [field] if len(value) > 3]
    assert sum(ready) > 0.9 * len(ready)  # if two have the same slot of the table, the second is made


def test_a_value_belongs_to_its_name() -> None:
    assert listed(b"X-Unusual", b"gzip", False) == [(b"X-Unusual", b"gzip")]
    assert listed(b"Cookie", b"gzip", True) == [(b"cookie", b"gzip")]
    assert listed(b"Connection", b"gzip", True) == [(b"connection", b"gzip")]


def test_the_tables_fit_each_other() -> None:
    assert len(FIELDS) == len(LOWER_FIELDS) == len(FIELD_VALUES.strings)
    assert [(name.lower(), value) for name, value in FIELDS] == LOWER_FIELDS
    assert [value for _, value in FIELDS] == FIELD_VALUES.strings
    assert {name for name, _ in LOWER_FIELDS} == {name for name, has in zip(LOWER_NAMES, HAS_USUAL, strict=True) if has}


def test_nearly_every_name_has_a_slot_of_its_own() -> None:
    found = [FIELD_NAMES.find(name + bytes(8), 0, len(name), 0) for name in NAMES]
    assert all(number == -1 or NAMES[number] == name for name, number in zip(NAMES, found, strict=True))
    assert found.count(-1) <= len(NAMES) // 10


strings = st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 3)), unique=True, max_size=60)


@given(strings, st.binary(max_size=40), st.integers(0, 3), st.integers(0, 9))
def test_a_vocabulary_finds_what_it_holds_and_nothing_else(
    entries: list[tuple[bytes, int]], other: bytes, kind: int, start: int
) -> None:
    vocabulary = Vocabulary([string for string, _ in entries], [kind for _, kind in entries])
    slots_shared = 0
    for string, kind_of in [*entries, (other, kind)]:
        number = vocabulary.find(b"." * start + string + b"12345678", start, len(string), kind_of)
        assert number == -1 or entries[number] == (string, kind_of)
        slots_shared += number == -1 and (string, kind_of) in entries
    assert slots_shared <= 1 + len(entries) // 10
