"""``zttp.sniff``: ALPN decides if there is any, else the first bytes."""

from array import array
from collections.abc import Iterator
from typing import Any

import pytest

import zttp
from tests.core.fake_plugins import describe

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113 3.4


@pytest.fixture
def protocols() -> Iterator[None]:
    """HTTP/2 by its preface, a protocol with a binary one, one over datagrams, independent of other plugins."""
    described = [
        describe("h2", alpn=(b"h2",), preface=PREFACE),
        describe("binary", alpn=(b"bin/1",), preface=b"\x00BIN"),
        describe("udp-toy", alpn=(b"udp/1",), transport="datagram"),
        describe("http/1.1", alpn=(b"http/1.1",)),
    ]
    for descriptor in described:
        zttp.register_protocol(descriptor, replace=True)
    yield
    for descriptor in described:
        zttp.unregister_protocol(descriptor.name)


@pytest.mark.usefixtures("protocols")
class TestBytes:
    @pytest.mark.parametrize("length", range(len(PREFACE)))
    def test_a_part_of_a_preface_needs_more(self, length: int) -> None:
        assert zttp.sniff(PREFACE[:length]) is zttp.NEED_DATA

    @pytest.mark.parametrize("more", [b"", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"])
    def test_the_whole_preface_decides(self, more: bytes) -> None:
        assert zttp.sniff(PREFACE + more) == "h2"

    @pytest.mark.parametrize("length", range(1, len(PREFACE)))
    def test_a_preface_that_goes_wrong_anywhere_is_none(self, length: int) -> None:
        assert zttp.sniff(PREFACE[:length] + b"\x7f") == "http/1.1"

    @pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"G", b"PUT", b"PRI * HTTP/1.1\r\n", b"\x16\x03\x01"])
    def test_what_is_no_preface_is_http_1(self, data: bytes) -> None:
        assert zttp.sniff(data) == "http/1.1"

    def test_each_preface_counts(self) -> None:
        assert zttp.sniff(b"\x00") is zttp.NEED_DATA
        assert zttp.sniff(b"\x00BIN...") == "binary"
        assert zttp.sniff(b"\x00BIX") == "http/1.1"

    @pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
    def test_any_buffer_will_do(self, wrap: type) -> None:
        assert zttp.sniff(wrap(PREFACE)) == "h2"

    def test_a_protocol_that_is_gone_no_longer_counts(self) -> None:
        zttp.register_protocol(describe("passing", preface=b"\x01"))
        assert zttp.sniff(b"\x01") == "passing"
        zttp.unregister_protocol("passing")
        assert zttp.sniff(b"\x01") == "http/1.1"


@pytest.mark.usefixtures("protocols")
class TestAlpn:
    @pytest.mark.parametrize(
        ("alpn", "protocol"),
        [("h2", "h2"), (b"h2", "h2"), ("http/1.1", "http/1.1"), (b"bin/1", "binary"), ("bin/1", "binary")],
    )
    def test_it_decides_whatever_the_bytes_are(self, alpn: bytes | str, protocol: str) -> None:
        for data in (b"", PREFACE, b"GET / HTTP/1.1\r\n"):
            assert zttp.sniff(data, alpn) == protocol

    @pytest.mark.parametrize("alpn", [None, b"", ""])
    def test_without_any_the_bytes_decide(self, alpn: bytes | str | None) -> None:
        assert zttp.sniff(PREFACE, alpn) == "h2"

    @pytest.mark.parametrize("alpn", ["spdy/3", b"spdy/3", b"\x0a\x0a", b"\xff\xfe", "H2"])
    def test_an_unknown_one_is_an_error(self, alpn: bytes | str) -> None:
        with pytest.raises(zttp.UnknownProtocolError, match=r"^unknown protocol "):
            zttp.sniff(b"", alpn)

    def test_a_protocol_over_datagrams_cannot_have_been_negotiated(self) -> None:
        with pytest.raises(zttp.UnknownProtocolError, match=r"^protocol 'udp-toy' runs over datagrams, a byte stream"):
            zttp.sniff(b"", "udp/1")


def test_where_no_protocol_has_a_preface_it_is_http_1_at_once() -> None:
    if any(info.name == zttp.HTTP2 for info in zttp.protocols()):
        pytest.skip("zttp-h2 is installed")
    assert zttp.sniff(PREFACE) == "http/1.1"


def test_a_known_protocol_that_is_absent_says_so() -> None:
    if any(info.name == zttp.HTTP3 for info in zttp.protocols()):
        pytest.skip("zttp-h3 is installed")
    with pytest.raises(zttp.ProtocolNotInstalledError, match=r"^HTTP/3 support is not installed: no provider for"):
        zttp.sniff(b"", "h3")


@pytest.mark.parametrize("data", [5, 0, None, "PRI", ["a"], 1.5])
def test_what_is_no_buffer_is_a_type_error(data: Any) -> None:
    for alpn in (None, "http/1.1"):
        with pytest.raises(TypeError, match=f"^data must be bytes-like, got {type(data).__name__}$"):
            zttp.sniff(data, alpn)


@pytest.mark.parametrize("alpn", [2, 0, True, bytearray(b"h2"), ["h2"]])
def test_what_cannot_be_negotiated_is_a_type_error(alpn: Any) -> None:
    with pytest.raises(TypeError, match=f"^alpn must be bytes, a str or None, got {type(alpn).__name__}$"):
        zttp.sniff(b"", alpn)


@pytest.mark.usefixtures("protocols")
def test_any_shape_of_buffer_will_do() -> None:
    words = memoryview(PREFACE).cast("B", shape=(4, 6))
    assert zttp.sniff(words) == "h2"
    assert zttp.sniff(array("H", PREFACE)) == "h2"
    assert zttp.sniff(memoryview(b"".join(bytes((one, 0)) for one in PREFACE))[::2]) == "h2"
