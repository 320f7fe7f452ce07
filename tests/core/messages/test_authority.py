"""Hosts and ports (RFC 9110 4.2, 7.2, RFC 3986 3.2.2)."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zttp_core.messages.authority import is_host, is_host_and_port, is_same_authority

HOSTS = [
    *(b"", b"a", b"a:", b"a:80", b"1.2.3.4:5", b"%41", b"a%20b:1", b"x_y~!$&'()*+,;="),
    *(b"[::]", b"[::1]:80", b"[::1]:", b"[1:2:3:4:5:6:7:8]", b"[::1.2.3.4]", b"[v1.a:b]", b"[VF.~]:1"),
]
NO_HOSTS = [
    *(
        b":80",
        b":",
        b"a:b",
        b"a/b",
        b"a@b",
        b"%4",
        b"%zz",
        b"a%",
        b"a b",
        b" a",
        b"a ",
        b"a:80:80",
        b"a:-1",
        b"a:+80",
        b"a:8 0",
    ),
    *(b"[::1", b"::1]", b"[]", b"[1:2]", b"[1::2::3]", b"[::1.2.3]", b"[::1.2.3.256]", b"[::1]a", b"[::1%25eth0]"),
    *(b"[1:2:3:4:5:6:7:8:9]", b"[12345::]", b"[v.a]", b"[vg.a]", b"[v1.]", b"[::01.2.3.4]", b"a,b:1@c", b"\xff"),
    *(b"user:secret@a", b"a\0", b"a\tb", b"a#b", b"a?b", b"a\\b", b"a%4/", b"x[::1]"),
]


@pytest.mark.parametrize("value", HOSTS, ids=repr)
def test_hosts(value: bytes) -> None:
    assert is_host(value)


@pytest.mark.parametrize("value", NO_HOSTS, ids=repr)
def test_what_is_no_host(value: bytes) -> None:
    assert not is_host(value)
    assert not is_host_and_port(value)


@pytest.mark.parametrize("value", [b"a:1", b"a:65535", b"[::1]:443", b"1.2.3.4:080", b"a:00001"], ids=repr)
def test_a_host_and_a_port(value: bytes) -> None:
    assert is_host_and_port(value)


@pytest.mark.parametrize(
    "value",
    [b"", b"a", b"a:", b":80", b"[::1]", b"[::1]:", b"a:65536", b"a:0", b"a:000001", b"a:x", b"u@a:1", b"::1:80"],
    ids=repr,
)
def test_no_host_and_port(value: bytes) -> None:
    assert not is_host_and_port(value)


@given(st.ip_addresses(v=6), st.integers(0, 99999))
def test_every_ipv6_address_is_a_host(address: ipaddress.IPv6Address, port: int) -> None:
    for text in (address.compressed, address.exploded):
        assert is_host(b"[%b]:%d" % (text.encode(), port))


@given(st.text("0123456789abcdefF:.", max_size=45))
def test_no_other_text_in_brackets_is(text: str) -> None:
    try:
        ipaddress.IPv6Address(text)
        valid = True
    except ValueError:
        valid = False
    assert is_host(b"[%b]" % text.encode()) is valid


def test_hosts_have_no_case() -> None:
    assert is_same_authority(b"Example.COM:80", b"example.com:80")
    assert not is_same_authority(b"example.com", b"example.com:80")
    assert not is_same_authority(b"example.com", b"example.org")
