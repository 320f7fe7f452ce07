"""`HeaderBlock`: a sequence of pairs, packed by a parser or made by a caller."""

import copy
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zttp
from zttp_core.events import listed_request, listed_response, listed_trailers, rare_values, shared_list_request
from zttp_core.field_names import LOWER_NAMES, NAMES
from zttp_core.header_block import listed_block, packed_block

PAIRS = [(b"Host", b"a"), (b"x-Y", b""), (b"Set-Cookie", b"b=c"), (b"set-cookie", b"d=e")]


def parsed(pairs: list[tuple[bytes, bytes]]) -> zttp.HeaderBlock:
    connection = zttp.Connection(zttp.CLIENT, limits=zttp.H1Limits(max_headers=1000, max_header_bytes=1_000_000))
    connection.send_request(b"GET", b"/", b"1.1", [])
    connection.end_message()
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in pairs)
    event = connection.receive_event(b"HTTP/1.1 204 No\r\n" + lines + b"\r\n")
    assert isinstance(event, zttp.Response)
    return event.headers


both = pytest.mark.parametrize("make", [zttp.HeaderBlock, parsed], ids=["made", "parsed"])


@both
def test_a_block_is_a_sequence(make: type[zttp.HeaderBlock]) -> None:
    block = make(PAIRS)
    assert isinstance(block, Sequence)
    assert len(block) == 4
    assert list(block) == PAIRS == [block[at] for at in range(4)]
    assert (block[-1], block[1:3]) == (PAIRS[-1], PAIRS[1:3])
    assert PAIRS[2] in block
    assert (b"no", b"such") not in block
    assert b"hOST" in block
    assert b"no" not in block
    assert 5 not in block
    with pytest.raises(TypeError, match="bytes"):
        _ = "host" in block
    assert list(reversed(block)) == PAIRS[::-1]
    assert (block.index(PAIRS[1]), block.count(PAIRS[1])) == (1, 1)
    assert (block.count(5), block.count("host"), block.index(PAIRS[3], 1, 4)) == (0, 0, 3)
    with pytest.raises(ValueError, match="5 is not in list"):
        block.index(5)
    with pytest.raises(IndexError):
        block[4]
    with pytest.raises(ValueError, match="not in list"):
        block.index((b"no", b"such"))


@both
def test_a_block_equals_what_holds_the_same_pairs(make: type[zttp.HeaderBlock]) -> None:
    block = make(PAIRS)
    assert block == PAIRS
    assert block == tuple(PAIRS)
    assert block == zttp.HeaderBlock(PAIRS)
    assert hash(block) == hash(tuple(PAIRS))
    assert block != PAIRS[1:]
    assert block != 5
    assert repr(block) == repr(PAIRS)


@both
def test_a_block_is_copied_and_pickled(make: type[zttp.HeaderBlock]) -> None:
    block = make(PAIRS)
    assert copy.copy(block) == copy.deepcopy(block) == pickle.loads(pickle.dumps(block)) == PAIRS


@both
def test_fields_are_found_in_any_case(make: type[zttp.HeaderBlock]) -> None:
    block = make(PAIRS)
    assert (block.get(b"HOST"), block.get(b"X-y"), block.get(b"nothing"), block.get(b"nothing", 5)) == (
        b"a",
        b"",
        None,
        5,
    )
    assert block.getall(b"Set-Cookie") == [b"b=c", b"d=e"]
    assert block.getall(b"nothing") == []


@both
@pytest.mark.parametrize("name", ["host", None, 5, bytearray(b"host"), ()])
def test_names_are_bytes(make: type[zttp.HeaderBlock], name: Any) -> None:
    block = make(PAIRS)
    for look_up in (block.get, block.getall):
        with pytest.raises(TypeError, match="bytes object expected; got "):
            look_up(name)


def test_names_that_were_never_indexed_go_along() -> None:
    # RFC 7541 6.2.3: an intermediary must not put such a field into a table on the next hop either.
    block = zttp.HeaderBlock(PAIRS, never_indexed=[b"Authorization", b"cookie", b"COOKIE"])
    assert block.never_indexed == frozenset({b"authorization", b"cookie"})
    assert block == zttp.HeaderBlock(PAIRS)
    for other in (copy.copy(block), pickle.loads(pickle.dumps(block))):
        assert other.never_indexed == block.never_indexed
    assert zttp.HeaderBlock(PAIRS).never_indexed == parsed(PAIRS).never_indexed == frozenset()
    names: Any
    for names in ("cookie", ["cookie"], b"cookie", [None]):
        with pytest.raises(TypeError, match="a field name must be bytes, got "):
            zttp.HeaderBlock(PAIRS, never_indexed=names)


FIELDS = [(b"a", b"b")]


@pytest.mark.parametrize(
    "make",
    [
        lambda names: listed_request(b"GET", b"/", b"https", None, b"2", FIELDS, 1, 0, names).headers,
        lambda names: shared_list_request(b"GET", b"/", rare_values(b"https", None, b"2"), FIELDS, 1, 0, names).headers,
        lambda names: listed_response(200, b"2", FIELDS, 1, 0, names).headers,
        lambda names: listed_trailers(FIELDS, 1, names).trailers,
    ],
)
def test_a_decoder_says_what_was_never_indexed(make: Callable[[list[bytes] | None], zttp.HeaderBlock]) -> None:
    block = make([b"a", b"a"])
    assert block == FIELDS
    for same in (block, copy.copy(block), pickle.loads(pickle.dumps(block))):
        assert same.never_indexed == frozenset({b"a"})
    assert make(None).never_indexed == frozenset()


@both
def test_lists_are_new_each_time(make: type[zttp.HeaderBlock]) -> None:
    block = make(PAIRS)
    for lowered in (False, True, False, True):
        fields = block.to_list(lowercase_names=lowered)
        assert fields == [(name.lower() if lowered else name, value) for name, value in PAIRS]
        fields.clear()


def test_an_empty_block() -> None:
    for block in (zttp.HeaderBlock(), zttp.HeaderBlock([]), parsed([])):
        assert (len(block), list(block), block.to_list(), block.get(b"a")) == (0, [], [], None)


token = st.text("abcXYZ-!_09", min_size=1, max_size=40).map(str.encode)
value = st.text("ab: \tz\xff", max_size=40).map(lambda text: text.strip(" \t").encode("latin-1"))


@given(st.lists(st.tuples(st.sampled_from(NAMES) | token, value), max_size=30))
def test_a_packed_block_gives_back_what_was_packed(pairs: list[tuple[bytes, bytes]]) -> None:
    pairs = [pair for pair in pairs if pair[0].lower() not in FRAMING]
    assert parsed(pairs).to_list() == pairs
    assert parsed(pairs).to_list(lowercase_names=True) == [(name.lower(), value) for name, value in pairs]


any_name = st.binary(max_size=40) | st.sampled_from([b":", b"a: b", b"a: b\r\nc", b"\r\n", b"x" * 300])


@given(st.lists(st.tuples(st.sampled_from(NAMES) | token, value), max_size=30), st.lists(token | any_name))
def test_a_name_is_found_where_it_is_and_nowhere_else(pairs: list[tuple[bytes, bytes]], others: list[bytes]) -> None:
    section = b"start\r\n" + b"".join(name + b": \t" + value + b" \r\n" for name, value in pairs) + b"\r\n"
    indexed = packed_block(section, 7)
    listed = listed_block([(name.lower(), value) for name, value in pairs], None)
    for name in [*(name for name, _ in pairs), *others]:
        expected = [value for given, value in pairs if given.lower() == name.lower()]
        for spelling in (name, name.lower(), name.upper(), name.swapcase()):
            for block in (packed_block(section, 7), indexed, listed):
                assert block.get(spelling, 5) == (expected[0] if expected else 5)
                assert block.getall(spelling) == expected
                assert (spelling in block) is bool(expected)
        # A name that extends over its line, or is only the beginning or end of one, is not found.
        for near in (name[:-1], name[1:], name + b":", name + b": \t", b"\n" + name):
            assert indexed.get(near) == packed_block(section, 7).get(near) == listed.get(near)


@given(st.binary(max_size=60), st.integers(0, 70), token | any_name)
def test_nothing_is_read_beyond_a_section_that_is_no_section(section: bytes, start: int, name: bytes) -> None:
    # A parser passes only valid sections; a mistake in one must not read memory outside the section.
    block = packed_block(section, start)
    for _ in range(3):
        found = block.get(name)
        assert found is None or found in section
        assert all(value in section for value in block.getall(name))


FRAMING = {b"content-length", b"transfer-encoding", b"connection", b"upgrade"}


@pytest.mark.parametrize("name", NAMES)
def test_every_known_name_is_itself(name: bytes) -> None:
    if name.lower() not in FRAMING:
        for spelling in (name, name.upper(), name + b"x", b"x" + name, name[:-1] + b"!"):
            assert parsed([(spelling, b"v")]).to_list() == [(spelling, b"v")]
            assert parsed([(spelling, b"v")]).to_list(lowercase_names=True) == [(spelling.lower(), b"v")]


def test_the_lower_case_names_are_those() -> None:
    assert [name.lower() for name in NAMES] == LOWER_NAMES
