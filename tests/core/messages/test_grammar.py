"""The characters of HTTP, against plain regular expressions (RFC 9110 5, RFC 9112 3.2, RFC 3986 3.1)."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zttp_core.messages import grammar

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
LOWER_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
TARGET = re.compile(rb"[\x21\x22\x24-\x7e]+")
SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+\-.]*")

# Long enough for the loop over words, with one byte of any kind in it.
texts = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda text, at, byte: text[:at] + bytes([byte]) + text[at:],
        st.text("ab-Z9 \t/:", max_size=40).map(str.encode),
        st.integers(0, 40),
        st.integers(0, 255),
    ),
)


@given(texts)
@example(b"")
def test_each_class_is_its_regular_expression(text: bytes) -> None:
    assert grammar.is_token(text) is (TOKEN.fullmatch(text) is not None)
    assert grammar.is_lower_name(text) is (LOWER_NAME.fullmatch(text) is not None)
    assert grammar.is_field_value(text) is (VALUE.fullmatch(text) is not None)
    assert grammar.is_request_target(text) is (TARGET.fullmatch(text) is not None)
    assert grammar.is_scheme(text) is (SCHEME.fullmatch(text) is not None)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 16, 23])
def test_every_byte_everywhere_in_a_value(size: int) -> None:
    for at in range(size):
        for byte in range(256):
            value = b"v" * at + bytes([byte]) + b"v" * (size - at - 1)
            assert grammar.is_field_value(value) is (VALUE.fullmatch(value) is not None)


@pytest.mark.parametrize(
    ("table", "pattern"),
    [
        (grammar.TOKEN_TABLE, TOKEN),
        (grammar.NAME_TABLE, LOWER_NAME),
        (grammar.VALUE_TABLE, re.compile(rb"[\t\x20-\x7e\x80-\xff]")),
        (grammar.TARGET_TABLE, TARGET),
        (grammar.SCHEME_TABLE, re.compile(rb"[A-Za-z0-9+\-.]")),
        (grammar.HOST_TABLE, re.compile(rb"[A-Za-z0-9\-._~!$&'()*+,;=]")),
    ],
)
def test_the_tables_say_it_of_every_byte(table: bytes, pattern: re.Pattern[bytes]) -> None:
    assert [pattern.fullmatch(bytes([byte])) is not None for byte in range(256)] == [bool(flag) for flag in table]


def test_lower_leaves_everything_else() -> None:
    assert grammar.lower(bytes(range(256))) == bytes(range(256)).lower()
