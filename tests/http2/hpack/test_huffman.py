"""Huffman coding, RFC 7541 5.2."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from librt.strings import BytesWriter

from tests.http2.hpack.helpers import decoded, integer, literal
from zttp_h2.hpack import huffman, huffman_decoding
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.status import HUFFMAN_EOS, HUFFMAN_PADDING
from zttp_h2.hpack.string_literals import encode_string


def code(data: bytes) -> bytes:
    writer = BytesWriter()
    huffman.encode(data, writer)
    return writer.getvalue()


def decode(coded: bytes) -> tuple[int, bytes]:
    writer = BytesWriter()
    flags = huffman_decoding.decode(coded, 0, len(coded), writer)
    return flags, writer.getvalue()


def status_of_value(coded: bytes) -> int:
    return Decoder().decode(b"\x0f\x00" + integer(len(coded), 7, 0x80) + coded)


def bits(text: str) -> bytes:
    """Bits, padded with ones to whole octets."""
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


A = "00011"  # the code of "a"


@given(st.binary(max_size=300))
@example(bytes(range(256)))
@example(b"\n" * 50)
def test_what_was_coded_decodes(data: bytes) -> None:
    coded = code(data)
    assert len(coded) == huffman.coded_length(data)
    flags, out = decode(coded)
    assert flags >= 0
    assert out == data


@pytest.mark.parametrize("symbol", range(256))
def test_every_symbol_in_every_alignment(symbol: int) -> None:
    for before in range(8):
        data = b"a" * before + bytes([symbol]) * 3
        assert decode(code(data))[1] == data


@given(st.binary(max_size=200))
def test_the_code_is_that_of_the_hpack_package(data: bytes) -> None:
    pytest.importorskip("hpack")
    from hpack.huffman import HuffmanEncoder
    from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

    assert code(data) == HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH).encode(data)


@given(st.binary(max_size=60))
def test_the_same_strings_are_refused_as_by_the_hpack_package(coded: bytes) -> None:
    pytest.importorskip("hpack")
    from hpack.exceptions import HPACKDecodingError
    from hpack.huffman_table import decode_huffman

    try:
        expected = decode_huffman(coded)
    except HPACKDecodingError:
        expected = None
    flags, out = decode(coded)
    assert (out if flags >= 0 else None) == expected


@pytest.mark.parametrize("padding", range(8))
def test_up_to_seven_ones_are_padding(padding: int) -> None:
    text = A * 8 + "1" * padding
    while len(text) % 8:  # "a" has five bits, so that some number of them ends where the padding completes an octet
        text = A + text
    assert status_of_value(bits(text)) == 0


@pytest.mark.parametrize("octets", [1, 2, 3])
def test_eight_ones_or_more_are_not_padding(octets: int) -> None:
    assert status_of_value(bits(A * 8) + b"\xff" * octets) == HUFFMAN_PADDING
    assert status_of_value(b"\xff" * octets) == HUFFMAN_PADDING


@pytest.mark.parametrize("zero", range(3))
def test_padding_that_is_not_all_ones_is_refused(zero: int) -> None:
    padding = ["1"] * 3
    padding[zero] = "0"
    coded = int(A + "".join(padding), 2).to_bytes(1, "big")
    assert status_of_value(coded) == HUFFMAN_PADDING


@pytest.mark.parametrize("before", range(8))
def test_the_eos_symbol_is_refused_wherever_it_is(before: int) -> None:
    assert status_of_value(bits(A * before + "1" * 30)) == HUFFMAN_EOS
    assert status_of_value(bits(A * before + "1" * 30 + A * 3)) == HUFFMAN_EOS


def test_an_empty_coded_string_is_empty() -> None:
    assert decoded(Decoder(), b"\x0f\x00\x80") == [(b"accept-charset", b"")]


@given(st.binary(max_size=400))
def test_a_string_is_never_longer_than_raw(text: bytes) -> None:
    writer = BytesWriter()
    encode_string(writer, text)
    written = writer.getvalue()
    assert len(written) <= len(integer(len(text), 7)) + len(text)
    assert decoded(Decoder(), b"\x0f\x00" + written) == [(b"accept-charset", text)]


@pytest.mark.parametrize("length", [126, 127, 128, 158, 159, 160, 254, 255, 20000])
def test_long_strings_have_their_length_right(length: int) -> None:
    for octet in (b"a", b"\xff"):
        writer = BytesWriter()
        encode_string(writer, octet * length)
        assert decoded(Decoder(1 << 20), b"\x0f\x00" + writer.getvalue()) == [(b"accept-charset", octet * length)]


def test_raw_wins_a_tie() -> None:
    text = b"\x7f"  # 28 bits: longer
    assert literal(15, text)[2:] == b"\x01\x7f"
    writer = BytesWriter()
    encode_string(writer, text)
    assert writer.getvalue() == b"\x01\x7f"
