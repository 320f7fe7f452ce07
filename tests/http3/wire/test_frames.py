"""Frames: written frames are read, truncated or impossible ones give the exact error (RFC 9000 19, RFC 9221 4)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from librt.strings import BytesWriter

import zttp_h3
from tests.http3.wire.frames import FRAMES, READERS, TO_THE_END, read_frame, written
from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.wire import frame_reader as reader
from zttp_h3.wire import frame_types as types
from zttp_h3.wire import frame_writer as writer
from zttp_h3.wire.varint import MAX_VARINT, write_varint

NUMBERS = st.integers(0, 62).flatmap(lambda bits: st.integers(0, 2**bits - 1))


def varint(value: int) -> bytes:
    return written(write_varint, value)


def error_of(payload: bytes) -> Malformed:
    with pytest.raises(Malformed) as caught:
        read_frame(payload, 0, len(payload))
    return caught.value


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("before", [b"", b"before"])
def test_what_is_written_is_read(name: str, before: bytes) -> None:
    octets, frame_type, fields = FRAMES[name]
    if frame_type in (0x06, *range(0x08, 0x10), 0x30, 0x31):  # positions of data
        *_, data_at = fields
        fields = (*fields[:-1], data_at + len(before))
    payload = before + octets
    assert read_frame(payload, len(before), len(payload)) == (frame_type, fields, len(payload))
    if name not in TO_THE_END:
        after = b"\xff" * 9
        assert read_frame(payload + after, len(before), len(payload) + 9) == (frame_type, fields, len(payload))


def test_no_frame_is_missing() -> None:
    covered = {frame_type for _, frame_type, _ in FRAMES.values()} | {types.PADDING}
    assert {frame_type for frame_type in range(64) if types.RULES[frame_type]} - covered <= set(range(0x08, 0x10))
    assert set(READERS) == {frame_type for frame_type in range(64) if types.RULES[frame_type]}


@pytest.mark.parametrize("name", [name for name in FRAMES if name not in TO_THE_END and len(FRAMES[name][0]) > 1])
def test_every_truncation_is_a_frame_encoding_error(name: str) -> None:
    octets, frame_type, _ = FRAMES[name]
    for cut in range(1, len(octets)):
        # The payload ends there, or only the frame's packet does.
        for payload in (octets[:cut], octets):
            with pytest.raises(Malformed) as caught:
                read_frame(payload, 0, cut)
            error = caught.value
            assert (error.reason, error.error_code) == ("truncated_frame", QuicErrorCode.FRAME_ENCODING_ERROR)
            assert error.frame_type == frame_type


@pytest.mark.parametrize("name", sorted(TO_THE_END))
def test_what_lasts_to_the_end_of_the_packet_is_cut_where_that_ends(name: str) -> None:
    octets, frame_type, fields = FRAMES[name]
    data_at = fields[-1]
    for cut in range(data_at, len(octets) + 1):
        assert read_frame(octets[:cut], 0, cut) == (frame_type, fields, cut)
    for cut in range(1, data_at):
        error = error_of(octets[:cut])
        assert (error.reason, error.error_code) == ("truncated_frame", QuicErrorCode.FRAME_ENCODING_ERROR)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        # RFC 9000 19.3.1 MUST: no packet number below 0.
        (b"\x02" + varint(9) + varint(0) + varint(0) + varint(10), "negative_packet_number"),
        (b"\x02" + varint(9) + varint(0) + varint(1) + varint(8) + varint(0) + varint(0), "negative_packet_number"),
        (b"\x02" + varint(9) + varint(0) + varint(1) + varint(0) + varint(0) + varint(8), "negative_packet_number"),
        (b"\x02" + varint(9) + varint(0) + varint(1) + varint(0) + varint(MAX_VARINT) * 2, "negative_packet_number"),
        (b"\x03" + varint(9) + varint(0) + varint(0) + varint(10) + varint(0) * 3, "negative_packet_number"),
        # RFC 9000 19.6, 19.8 MUST: nothing beyond 2^62 - 1.
        (b"\x06" + varint(MAX_VARINT) + varint(1) + b"x", "offset_too_large"),
        (b"\x0e" + varint(0) + varint(MAX_VARINT) + varint(1) + b"x", "offset_too_large"),
        (b"\x0c" + varint(0) + varint(MAX_VARINT) + b"x", "offset_too_large"),
        # RFC 9000 19.7 MUST
        (b"\x07" + varint(0), "empty_token"),
        # RFC 9000 19.11, 19.14 MUST
        (b"\x12" + varint(2**60 + 1), "stream_count_too_large"),
        (b"\x13" + varint(2**60 + 1), "stream_count_too_large"),
        (b"\x16" + varint(2**60 + 1), "stream_count_too_large"),
        (b"\x17" + varint(MAX_VARINT), "stream_count_too_large"),
        # RFC 9000 19.15 MUST
        (b"\x18\x01\x00\x00" + bytes(16), "connection_id_length"),
        (b"\x18\x01\x00\x15" + bytes(21 + 16), "connection_id_length"),
        (b"\x18\x01\x02\x01c" + bytes(16), "retire_prior_to"),
    ],
)
def test_what_cannot_mean_anything_is_a_frame_encoding_error(payload: bytes, reason: str) -> None:
    error = error_of(payload)
    assert (error.reason, error.error_code) == (reason, QuicErrorCode.FRAME_ENCODING_ERROR)
    assert error.frame_type == payload[0]


def test_up_to_those_bounds_it_does() -> None:
    assert read_frame(b"\x06" + varint(MAX_VARINT - 1) + b"\x01x", 0, 11)[1] == (MAX_VARINT - 1, 10)
    assert read_frame(b"\x0c\0" + varint(MAX_VARINT - 1) + b"x", 0, 11)[1] == (0, MAX_VARINT - 1, 10)
    assert read_frame(b"\x0d\0" + varint(MAX_VARINT), 0, 10)[1] == (0, MAX_VARINT, 10)
    assert read_frame(b"\x02\x09\0\x01\0\x07\0", 0, 7)[1][:4] == (9, 9, 0, [0, 0])


def test_a_length_larger_than_any_packet() -> None:
    for frame in (b"\x06\0", b"\x0a\0", b"\x07", b"\x31", b"\x1c\0\0", b"\x1d\0"):
        for length in (2**31, 2**32, 2**61, MAX_VARINT):
            assert error_of(frame + varint(length) + b"data").reason == "truncated_frame"


def test_an_ack_that_announces_more_ranges_than_it_has() -> None:
    payload = b"\x02" + varint(2**40) + b"\0" + varint(MAX_VARINT) + b"\0" + bytes(50)
    assert error_of(payload).reason == "truncated_frame"


RANGES = st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), max_size=40)


@given(RANGES, NUMBERS, st.integers(0, 2**40), st.integers(0, 2**40), st.none() | st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_acks_of_any_ranges(
    below: list[tuple[int, int]], delay: int, length: int, floor: int, counts: tuple[int, int, int] | None
) -> None:
    older: list[int] = []
    number = floor
    for gap, size in below:
        older = [number + size, number, *older]
        number += size + gap + 2
    smallest, largest = number, number + length
    if counts is None:
        octets = written(writer.write_ack, largest, smallest, delay, older, 1000)
        expected = (largest, smallest, delay, older, (-1, -1, -1))
    else:
        octets = written(writer.write_ack_ecn, largest, smallest, delay, older, 1000, *counts)
        expected = (largest, smallest, delay, older, counts)
    assert read_frame(octets, 0, len(octets))[1:] == (expected, len(octets))


def test_only_so_many_ranges_are_written_as_are_asked_for() -> None:
    older = [90, 80, 70, 70, 8, 0]
    for ranges in range(5):
        octets = written(writer.write_ack, 200, 100, 0, older, ranges)
        assert read_frame(octets, 0, len(octets))[1][3] == older[: 2 * ranges]


def test_an_ack_frame_is_read_into_again() -> None:
    frame = reader.AckFrame()
    long, short = FRAMES["ack with counts"][0], FRAMES["ack"][0]
    frame.read(long, 1, len(long), types.ACK_ECN)
    assert (frame.older, frame.ce) == ([3, 0], 2**33)
    frame.read(short, 1, len(short), types.ACK)
    assert (frame.largest, frame.smallest, frame.older) == (1000, 1000, [])
    assert (frame.ect0, frame.ect1, frame.ce) == (-1, -1, -1)


@given(st.integers(0, 5000), st.sampled_from([b"", b"\x01", b"\x01" + bytes(20)]))
def test_padding(count: int, after: bytes) -> None:
    out = BytesWriter()
    out.write(b"\x01")
    writer.write_padding(out, count)
    payload = out.getvalue() + after
    assert payload == b"\x01" + bytes(count) + after
    assert reader.skip_padding(payload, 1, len(payload)) == 1 + count
    assert reader.skip_padding(payload, 1, 1 + count // 2) == 1 + count // 2


@given(NUMBERS, NUMBERS.filter(lambda offset: offset < 2**61), st.binary(max_size=70), st.booleans(), st.booleans())
def test_streams(stream_id: int, offset: int, data: bytes, fin: bool, last: bool) -> None:
    octets = written(writer.write_stream, stream_id, offset, data, fin, last)
    frame_type, (found, at, data_at), after = read_frame(octets, 0, len(octets))
    assert (found, at, octets[data_at:after]) == (stream_id, offset, data)
    assert bool(frame_type & types.FIN) is fin
    assert bool(frame_type & types.HAS_LENGTH) is not last
    assert len(octets) - len(data) == writer.stream_overhead(stream_id, offset, -1 if last else len(data))


@given(NUMBERS.filter(lambda offset: offset < 2**61), st.binary(max_size=70))
def test_crypto(offset: int, data: bytes) -> None:
    octets = written(writer.write_crypto, offset, data)
    _, (at, data_at), after = read_frame(octets, 0, len(octets))
    assert (at, octets[data_at:after]) == (offset, data)


ROUNDS = 20_000 if zttp_h3.COMPILED else 3_000


@pytest.mark.parametrize("seed", range(4))
def test_mutated_payloads_are_frames_or_malformed_and_nothing_else(seed: int) -> None:
    """For any content of an authenticated packet: one exception, a position that advances, data within the packet."""
    rng = random.Random(seed)
    frames = [octets for octets, _, _ in FRAMES.values()]
    errors = []
    for _ in range(ROUNDS):
        payload = bytearray(b"".join(rng.choices(frames, k=rng.randint(1, 4))))
        for _ in range(rng.randint(0, 3)):
            at = rng.randrange(len(payload))
            match rng.randrange(3):
                case 0:
                    payload[at] = rng.choice((0, 0x3F, 0x40, 0x7F, 0x80, 0xBF, 0xC0, 0xFF, rng.randrange(256)))
                case 1:
                    del payload[at : at + rng.randint(1, 9)]
                    payload += b"\x01"
                case _:
                    payload[at:at] = varint(rng.choice((0, 2**30, 2**31, 2**32, 2**60, MAX_VARINT)))
        whole, at = bytes(payload), 0
        stop = rng.choice((len(whole), rng.randint(0, len(whole))))
        try:
            while at < stop:
                _, fields, after = read_frame(whole, at, stop)
                assert at < after <= stop
                assert all(not isinstance(field, int) or field >= 0 for field in fields)
                at = after
        except Malformed as error:
            errors.append(error.error_code)
    assert set(errors) == {QuicErrorCode.FRAME_ENCODING_ERROR, QuicErrorCode.PROTOCOL_VIOLATION}
    assert ROUNDS // 10 < len(errors) < ROUNDS
