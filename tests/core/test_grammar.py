"""The field grammar that protocols share, plugins of third parties among them (RFC 9110 5, RFC 3986 3.2.2)."""

import pytest

from zttp_core import grammar


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        (b"GET", True),
        (b"x-Y_~!", True),
        (b"", False),
        (b"a b", False),
        (b"a:", False),
        (b"\xff", False),
        (b"a\0", False),
    ],
)
def test_tokens(value: bytes, valid: bool) -> None:
    assert grammar.is_token(value) is valid


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        (b"", True),
        (b"a b\tc\xff", True),
        (b" a", False),
        (b"a\t", False),
        (b"a\r\nb", False),
        (b"a\0", False),
        (b"\x7f", False),
    ],
)
def test_field_values(value: bytes, valid: bool) -> None:
    assert grammar.is_field_value(value) is valid


@pytest.mark.parametrize(
    ("value", "valid"), [(b"/a?b", True), (b"*", True), (b"", False), (b"/#a", False), (b"/ ", False)]
)
def test_request_targets(value: bytes, valid: bool) -> None:
    assert grammar.is_request_target(value) is valid


HOSTS = [
    b"",
    b"a",
    b"a:",
    b"a:80",
    b"1.2.3.4:5",
    b"%41",
    b"[::]",
    b"[::1]:80",
    b"[1:2:3:4:5:6:7:8]",
    b"[::1.2.3.4]",
    b"[v1.a:b]",
]
NO_HOSTS = [
    b"a:b",
    b"a/b",
    b"a@b",
    b"%4",
    b"%zz",
    b"[::1",
    b"::1]",
    b"[]",
    b"[1:2]",
    b"[1::2::3]",
    b"[::1.2.3]",
    b"[::1.2.3.256]",
]
NO_HOSTS += [b"[::1]a", b"[1:2:3:4:5:6:7:8:9]", b"[12345::]", b"[v.a]", b"[vg.a]", b"[v1.]", b"a b", b"[::01.2.3.4]"]


@pytest.mark.parametrize("value", HOSTS, ids=repr)
def test_hosts(value: bytes) -> None:
    assert grammar.is_host(value)


@pytest.mark.parametrize("value", NO_HOSTS, ids=repr)
def test_what_is_no_host(value: bytes) -> None:
    assert not grammar.is_host(value)


@pytest.mark.parametrize(
    ("value", "length"),
    [
        (b"0", 0),
        (b"007", 7),
        (b"1234567890123456789", 1234567890123456789),
        (b"", -1),
        (b"-1", -1),
        (b"1_0", -1),
        (b"9" * 30, -1),
    ],
)
def test_content_lengths(value: bytes, length: int) -> None:
    assert grammar.parse_content_length(value) == length


def test_lower_leaves_everything_else() -> None:
    assert grammar.lower(bytes(range(256))) == bytes(range(256)).lower()
