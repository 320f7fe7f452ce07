"""Variable-length integers (RFC 9000 16)."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from librt.strings import BytesWriter

from tests.http3.vectors import vectors
from zttp_h3.wire.varint import (
    MAX_VARINT,
    patch_varint_of_2,
    read_varint,
    varint_size,
    write_varint,
    write_varint_of_2,
)

NUMBERS = st.one_of(
    st.integers(0, MAX_VARINT),
    st.sampled_from([0, 1, 63, 64, 16383, 16384, 2**30 - 1, 2**30, 2**31 - 1, 2**31, 2**32, MAX_VARINT]),
    st.integers(0, 61).flatmap(lambda bits: st.integers(2**bits - 1, 2**bits + 1)),
)


def encoded(value: int) -> bytes:
    writer = BytesWriter()
    write_varint(writer, value)
    return writer.getvalue()


def by_the_book(value: int) -> bytes:
    """RFC 9000 16, from its table."""
    bits, size = next((bits, 2**bits) for bits in range(4) if value < 2 ** (8 * 2**bits - 2))
    return (value | bits << (8 * size - 2)).to_bytes(size)


@pytest.mark.parametrize("row", vectors("rfc9000_appendix_a")["varint_decoding"])
def test_samples_of_rfc_9000_a_1(row: dict[str, Any]) -> None:
    data = bytes.fromhex(row["hex"])
    assert read_varint(data, 0, len(data)) == (row["value"], len(data))
    if "note" not in row:
        assert encoded(row["value"]) == data


@given(NUMBERS, st.binary(max_size=9), st.binary(max_size=9))
@example(2**31, b"", b"")
def test_what_is_written_is_read(value: int, before: bytes, after: bytes) -> None:
    octets = encoded(value)
    assert octets == by_the_book(value)
    assert varint_size(value) == len(octets)
    stop = len(before) + len(octets)
    assert read_varint(before + octets + after, len(before), stop + len(after)) == (value, stop)
    for cut in range(len(octets)):
        assert read_varint(before + octets + after, len(before), len(before) + cut) == (-1, len(before))
        assert read_varint(before + octets[:cut], len(before), len(before) + cut) == (-1, len(before))


@given(NUMBERS.filter(lambda value: value < 2**14), st.binary(max_size=9))
def test_a_place_of_two_octets_is_patched(value: int, before: bytes) -> None:
    writer = BytesWriter()
    writer.write(before)
    write_varint_of_2(writer, 0)
    writer.write(b"after")
    patch_varint_of_2(writer, len(before), value)
    data = writer.getvalue()
    assert read_varint(data, len(before), len(data)) == (value, len(before) + 2)
    assert (data[: len(before)], data[len(before) + 2 :]) == (before, b"after")


@pytest.mark.interpreted_only(reason="asserts are stripped from the compiled build")
@pytest.mark.parametrize("value", [-1, MAX_VARINT + 1])
def test_what_has_no_encoding_is_a_fault_of_ours(value: int) -> None:
    with pytest.raises(AssertionError):
        encoded(value)
