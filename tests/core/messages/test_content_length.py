"""Content-Length: one bound, lists, repeats (RFC 9110 8.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zttp_core.messages.content_length import LARGEST_CONTENT, parse_content_length, read_content_length

INVALID = [
    *(b"", b"-1", b"+1", b"1_0", b"0x10", b" 1", b"1 ", b"1.0", b"1,1", b"\xb9", b"9" * 30),
    *(b"%d" % (LARGEST_CONTENT + 1), b"0%d" % (LARGEST_CONTENT + 1), b"4611686018427387910", b"18446744073709551617"),
]


@given(st.integers(0, LARGEST_CONTENT), st.integers(0, 40))
def test_digits_are_a_length_whatever_zeros_lead(length: int, zeros: int) -> None:
    assert parse_content_length(b"0" * zeros + b"%d" % length) == length


def test_the_bound() -> None:
    assert parse_content_length(b"%d" % LARGEST_CONTENT) == LARGEST_CONTENT == 2**62 - 1


@given(st.integers(LARGEST_CONTENT + 1, 2**70))
def test_nothing_above_it(length: int) -> None:
    assert parse_content_length(b"%d" % length) == -1


@pytest.mark.parametrize("value", INVALID, ids=repr)
def test_what_is_no_length(value: bytes) -> None:
    assert parse_content_length(value) == -1


@pytest.mark.parametrize("value", [*INVALID[:3], b",", b"1,", b",1", b"1;1", b"1, x"], ids=repr)
def test_no_list_of_it(value: bytes) -> None:
    assert read_content_length(value) == ("invalid_content_length", value, -1)


@pytest.mark.parametrize("value", [b"10", b"10,10", b"10, 10", b"10 ,\t10,10"], ids=repr)
def test_equal_lengths_count_once(value: bytes) -> None:
    assert read_content_length(value) == (None, b"10", 10)
    assert read_content_length(value, b"10") == (None, b"10", 10)


def test_a_list_has_few_members() -> None:
    assert read_content_length(b"5," * 7 + b"5") == (None, b"5", 5)
    assert read_content_length(b"5," * 8 + b"5") == ("invalid_content_length", b"5," * 8 + b"5", -1)


@pytest.mark.parametrize("value", [b"11", b"010", b"10, 11", b"10, 010", b"11, 11"], ids=repr)
def test_lengths_of_other_digits_are_a_conflict(value: bytes) -> None:
    assert read_content_length(value, b"10") == ("conflicting_content_length", value, -1)
