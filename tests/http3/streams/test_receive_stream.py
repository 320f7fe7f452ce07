"""Reassembly, against the bytes that were sent (RFC 9000 2.2, 3.2, 4.1, 4.5)."""

import random

import pytest

from zttp_h3.streams.receive_stream import FINAL_SIZE, FLOW_CONTROL, TOO_MANY_GAPS, ReceiveStream


def taken(stream: ReceiveStream) -> bytes:
    parts = []
    while data := stream.take():
        parts.append(data)
    return b"".join(parts)


@pytest.mark.parametrize("seed", range(150))
def test_any_order_any_cut_any_overlap(seed: int) -> None:
    chance = random.Random(seed)
    content = chance.randbytes(chance.randint(0, 300))
    stream = ReceiveStream(0, 1000)
    got = b""
    missing = set(range(len(content)))
    seen_end = False
    highest = 0
    while missing or not seen_end:
        start = chance.randint(0, len(content))
        stop = min(len(content), start + chance.choice((0, 1, 5, 50)))
        if chance.random() < 0.3 and missing:
            start = min(missing)
            stop = min(len(content), start + chance.randint(1, 20))
        fin = stop == len(content) and chance.random() < 0.7
        rose = stream.receive(start, content[start:stop], fin)
        assert rose == max(0, stop - highest)
        highest = max(highest, stop)
        missing -= set(range(start, stop))
        seen_end = seen_end or fin
        assert stream.waiting() == len(content) - len(missing) - len(got)
        if chance.random() < 0.5:
            data = stream.take()
            cut = chance.randint(0, len(data))
            stream.give_back(data[cut:])
            got += data[:cut]
    got += taken(stream)
    assert got == content
    assert stream.has_ended()
    assert stream.is_complete()
    assert stream.is_settled()
    assert stream.waiting() == 0


def test_what_comes_in_order_is_handed_on_as_it_came() -> None:
    stream = ReceiveStream(0, 100)
    piece = b"piece of content"
    stream.receive(0, piece, False)
    assert stream.take() is piece


def test_the_limit() -> None:
    stream = ReceiveStream(0, 10)
    assert stream.receive(5, b"12345", False) == 10
    assert stream.receive(10, b"", False) == 0
    assert stream.receive(10, b"1", False) == FLOW_CONTROL
    assert ReceiveStream(0, 10).reset(0, 11) == FLOW_CONTROL


@pytest.mark.parametrize(
    ("offset", "data", "fin", "verdict"),
    [
        (3, b"45", True, 0),
        (5, b"6", False, FINAL_SIZE),
        (0, b"1234", True, FINAL_SIZE),
        (0, b"123456", True, FINAL_SIZE),
    ],
)
def test_the_final_size_does_not_change(offset: int, data: bytes, fin: bool, verdict: int) -> None:
    stream = ReceiveStream(0, 100)
    assert stream.receive(0, b"12345", True) == 5
    assert stream.receive(offset, data, fin) == verdict
    taken(stream)
    assert stream.receive(offset, data, fin) == verdict  # after its end too


def test_a_final_size_below_what_came() -> None:
    stream = ReceiveStream(0, 100)
    stream.receive(5, b"67890", False)
    assert stream.receive(0, b"12345", True) == FINAL_SIZE
    assert stream.reset(0, 9) == FINAL_SIZE
    assert stream.reset(0, 10) == 0


def test_a_reset_counts_its_whole_size_and_drops_what_was_not_taken() -> None:
    stream = ReceiveStream(0, 100)
    stream.receive(0, b"123", False)
    stream.receive(10, b"1", False)
    assert stream.reset(7, 20) == 9
    assert stream.reset_code == 7
    assert stream.waiting() == 0 or stream.take() == b""
    assert taken(stream) == b""
    assert stream.is_settled()
    assert stream.reset(8, 20) == 0
    assert stream.reset_code == 7
    assert stream.reset(7, 21) == FINAL_SIZE


def test_a_reset_of_a_stream_that_is_complete_changes_nothing() -> None:
    # RFC 9000 3.2
    stream = ReceiveStream(0, 100)
    stream.receive(0, b"123", True)
    assert stream.reset(7, 3) == 0
    assert taken(stream) == b"123"
    assert stream.has_ended()


def test_a_stopped_stream_only_counts() -> None:
    stream = ReceiveStream(0, 100)
    stream.receive(0, b"123", False)
    stream.stop(5)
    assert taken(stream) == b""
    assert stream.receive(3, b"456", False) == 3
    assert taken(stream) == b""
    assert stream.highest == 6


def test_crumbs_with_gaps_between_them_are_bounded() -> None:
    stream = ReceiveStream(0, 10_000)
    for number in range(1, 1001):
        assert stream.receive(2 * number, b"x", False) > 0
    assert stream.receive(2002, b"x", False) == TOO_MANY_GAPS


@pytest.mark.parametrize("overlap", [0, 1])
def test_crumbs_in_order_take_no_more_memory_than_the_window(overlap: int) -> None:
    # 7,000 pieces of 2 bytes, each a separate object of 50 bytes and more, if they are not pulled.
    stream = ReceiveStream(0, 100_000)
    for number in range(7_000):
        assert stream.receive(2 * number, b"ab" + b"a" * overlap, False) == 2 + (overlap if number == 0 else 0)
    pieces = []
    while piece := stream.take():
        pieces.append(piece)
    assert b"".join(pieces) == b"ab" * 7_000 + b"a" * overlap
    assert len(pieces) <= 7_000 * 2 // 500


@pytest.mark.parametrize("lost", [range(1), range(0, 10_000, 2)], ids=["one packet", "every other packet"])
def test_a_whole_window_waits_for_what_was_lost(lost: range) -> None:
    # A path of 500 Mbit/s and 100 ms has 5,000 packets in flight.
    packet = bytes(1200)
    stream = ReceiveStream(0, 12_000_000)
    for number in range(10_000):
        assert number in lost or stream.receive(1200 * number, packet, False) > 0
    assert taken(stream) == b""
    for number in lost:
        assert stream.receive(1200 * number, packet, False) >= 0
    assert len(taken(stream)) == 12_000_000


@pytest.mark.parametrize("size", [1, 100, 255, 511])
@pytest.mark.parametrize("order", ["ascending", "descending", "every other first"])
def test_small_pieces_that_touch_are_no_crumbs(size: int, order: str) -> None:
    # A sender of many small messages on a long path has thousands of them after one lost packet, and no other gap.
    numbers = list(range(1, 3_001))
    if order == "descending":
        numbers.reverse()
    elif order == "every other first":
        blocks = [numbers[at : at + 500] for at in range(0, 3_000, 500)]
        numbers = [number for block in blocks for number in (*block[::2], *block[1::2])]
    stream = ReceiveStream(0, 1 << 21)
    for number in numbers:
        assert stream.receive(size * number, bytes((number % 251,)) * size, False) >= 0
    assert stream.waiting() == size * 3_000
    assert stream.receive(0, b"\0" * size, False) >= 0
    assert taken(stream) == b"".join([bytes((number % 251,)) * size for number in range(3_001)])


def test_many_pieces_are_no_crumbs_on_average() -> None:
    stream = ReceiveStream(0, 12_000_000)
    for number in range(1, 5_000):
        assert stream.receive(2000 * number, bytes(256), False) > 0
    assert stream.receive(20_000_000 - 8_001_000, bytes(255), False) == TOO_MANY_GAPS


def test_reassembly_in_reverse_is_not_quadratic_in_memory() -> None:
    stream = ReceiveStream(0, 1 << 20)
    for number in reversed(range(900)):
        stream.receive(number, b"x", False)
    assert taken(stream) == b"x" * 900
