"""`HeaderBlock`: a sequence of pairs, whether a parser packed it or somebody made it."""

import copy
import pickle
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zttp
from zttp_core.field_names import LOWER_NAMES, NAMES

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
    assert list(reversed(block)) == PAIRS[::-1]
    assert (block.index(PAIRS[1]), block.count(PAIRS[1])) == (1, 1)
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


FRAMING = {b"content-length", b"transfer-encoding", b"connection", b"upgrade"}


@pytest.mark.parametrize("name", NAMES)
def test_every_known_name_is_itself(name: bytes) -> None:
    if name.lower() not in FRAMING:
        for spelling in (name, name.upper(), name + b"x", b"x" + name, name[:-1] + b"!"):
            assert parsed([(spelling, b"v")]).to_list() == [(spelling, b"v")]
            assert parsed([(spelling, b"v")]).to_list(lowercase_names=True) == [(spelling.lower(), b"v")]


def test_the_lower_case_names_are_those() -> None:
    assert [name.lower() for name in NAMES] == LOWER_NAMES
