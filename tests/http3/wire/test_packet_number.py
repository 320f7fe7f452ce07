"""Packet numbers, shortened and completed (RFC 9000 17.1, A.2, A.3)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from librt.strings import BytesWriter

from tests.http3.vectors import vectors
from zttp_h3.wire.packet_number import (
    MAX_PACKET_NUMBER,
    decode_packet_number,
    packet_number_length,
    write_packet_number,
)

LARGEST = st.one_of(
    st.integers(-1, 5000),
    st.integers(MAX_PACKET_NUMBER - 2**33, MAX_PACKET_NUMBER - 2**31),
    st.integers(-1, MAX_PACKET_NUMBER - 2**31),
    st.integers(7, 61).flatmap(lambda bits: st.integers(2**bits - 2, 2**bits + 2)).map(lambda n: min(n, 2**61)),
)


def written(number: int, length: int) -> bytes:
    writer = BytesWriter()
    write_packet_number(writer, number, length)
    return writer.getvalue()


def by_the_book(largest: int, truncated: int, bits: int) -> int:
    """The pseudocode of RFC 9000 A.3."""
    expected, window = largest + 1, 1 << bits
    candidate = (expected & ~(window - 1)) | truncated
    if candidate <= expected - window // 2 and candidate < (1 << 62) - window:
        return candidate + window
    if candidate > expected + window // 2 and candidate >= window:
        return candidate - window
    return candidate


@pytest.mark.parametrize("row", vectors("rfc9000_appendix_a")["packet_number_encoding"])
def test_samples_of_rfc_9000_a_2(row: dict[str, Any]) -> None:
    length = packet_number_length(row["full_pn"], row["largest_acked"])
    assert length == row["num_bytes"]
    assert written(row["full_pn"], length).hex() == row["encoded_hex"]


@pytest.mark.parametrize("row", vectors("rfc9000_appendix_a")["packet_number_decoding"])
def test_samples_of_rfc_9000_a_3(row: dict[str, Any]) -> None:
    truncated = bytes.fromhex(row["truncated_hex"])
    assert decode_packet_number(row["largest_pn"], int.from_bytes(truncated), len(truncated)) == row["decoded"]


@given(LARGEST, st.integers(1, 4), st.data())
def test_decoding_is_the_pseudocode(largest: int, length: int, data: st.DataObject) -> None:
    truncated = data.draw(st.integers(0, 256**length - 1))
    decoded = decode_packet_number(largest, truncated, length)
    assert decoded == by_the_book(largest, truncated, 8 * length)
    assert decoded % 256**length == truncated
    assert decoded >= 0


@given(LARGEST, st.integers(1, 2**31), st.data())
def test_what_is_sent_is_understood_by_whoever_has_seen_what_was_acknowledged(
    acknowledged: int, ahead: int, data: st.DataObject
) -> None:
    number = acknowledged + ahead
    length = packet_number_length(number, acknowledged)
    octets = written(number, length)
    assert octets == (number % 256**length).to_bytes(length)
    # The receiver has processed at least what it acknowledged, and perhaps all before this one.
    largest = data.draw(st.integers(acknowledged, number - 1))
    assert decode_packet_number(largest, int.from_bytes(octets), length) == number


@pytest.mark.parametrize(
    ("unacknowledged", "length"),
    [(1, 1), (128, 1), (129, 2), (2**15, 2), (2**15 + 1, 3), (2**23, 3), (2**23 + 1, 4), (2**31, 4)],
)
def test_no_octet_more_than_needed(unacknowledged: int, length: int) -> None:
    assert packet_number_length(unacknowledged - 1, -1) == length
    assert packet_number_length(2**40 + unacknowledged, 2**40) == length
