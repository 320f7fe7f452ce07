"""The sending part against a plain model: every byte arrives if it is repeated often enough (RFC 9000 3.1, 13.3)."""

import random

import pytest

from tests.processor_time import assert_linear
from zttp_h3.streams.send_stream import SendStream


@pytest.mark.parametrize("seed", range(200))
def test_every_byte_arrives_whatever_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    stream = SendStream(0, 0)
    content = b""
    ended = False
    arrived: dict[int, int] = {}
    fin_arrived = False
    flying: list[tuple[int, int, bool]] = []
    credit = 0
    steps = 0
    while not stream.is_settled():
        steps += 1
        assert steps < 20_000
        what = chance.random()
        if what < 0.15 and not ended:
            data = chance.randbytes(chance.choice((0, 1, 10, 100)))
            content += data
            stream.write(data)
        elif what < 0.17 and not ended:
            stream.finish()
            ended = True
        elif what < 0.3:
            stream.limit += chance.choice((0, 5, 200))
            credit += chance.choice((0, 5, 200))
        elif what < 0.7:
            before = stream.sent
            offset, length, fin = stream.next_piece(chance.choice((0, 1, 7, 60, 1000)), credit)
            if length < 0:
                continue
            data = stream.take(offset, length, fin)
            assert data == content[offset : offset + length]
            assert offset + length <= stream.limit
            new = stream.sent - before
            assert 0 <= new <= credit
            credit -= new
            assert not fin or (ended and offset + length == len(content))
            flying.append((offset, length, fin))
        elif flying:
            piece = flying.pop(chance.randrange(len(flying)))
            if chance.random() < 0.5:
                stream.on_acknowledged(*piece)
                offset, length, fin = piece
                arrived.update({at: content[at] for at in range(offset, offset + length)})
                fin_arrived = fin_arrived or fin
            else:
                stream.on_lost(*piece)
        if steps > 2_000 and not ended:
            stream.finish()
            ended = True
    assert bytes(arrived[at] for at in range(len(content))) == content
    assert fin_arrived
    assert not stream.pending()


def test_pending_says_whether_there_is_a_next_piece() -> None:
    for seed in range(100):
        chance = random.Random(seed)
        stream = SendStream(0, 50)
        flying: list[tuple[int, int, bool]] = []
        for _ in range(60):
            if chance.random() < 0.3 and stream.final < 0:
                stream.write(bytes(chance.randint(0, 9)))
            if chance.random() < 0.05 and stream.final < 0:
                stream.finish()
            assert stream.pending() == (stream.next_piece(100, 100)[1] >= 0)
            offset, length, fin = stream.next_piece(4, 100)
            if length >= 0:
                stream.take(offset, length, fin)
                flying.append((offset, length, fin))
            if flying and chance.random() < 0.5:
                piece = flying.pop(chance.randrange(len(flying)))
                (stream.on_lost if chance.random() < 0.5 else stream.on_acknowledged)(*piece)


def test_a_piece_that_is_sent_whole_is_not_copied() -> None:
    stream = SendStream(0, 1000)
    data = b"x" * 500
    stream.write(data)
    offset, length, fin = stream.next_piece(1000, 1000)
    assert stream.take(offset, length, fin) is data


def test_what_was_acknowledged_is_let_go() -> None:
    stream = SendStream(0, 1 << 30)
    for _ in range(10_000):
        stream.write(bytes(100))
        offset, length, fin = stream.next_piece(1000, 1 << 30)
        stream.take(offset, length, fin)
        stream.on_acknowledged(offset, length, fin)
    kept = sum(len(piece) for piece in stream._pieces) if hasattr(stream, "_pieces") else 0
    assert kept <= 200


def test_a_reset_gives_up_what_was_not_sent() -> None:
    # RFC 9000 3.1, 4.5: the final size covers all bytes that the peer may have received.
    stream = SendStream(0, 1000)
    stream.write(bytes(100))
    stream.take(*stream.next_piece(30, 1000))
    stream.reset(7)
    assert stream.final == 30
    assert not stream.pending()
    stream.on_lost(0, 30, False)
    assert not stream.pending()
    assert not stream.is_settled()
    stream.reset_acknowledged = True
    assert stream.is_settled()


def test_an_end_alone_is_sent_and_sent_again() -> None:
    stream = SendStream(0, 0)
    stream.finish()
    assert stream.next_piece(0, 0) == (0, 0, True)
    assert stream.take(0, 0, True) == b""
    assert not stream.pending()
    stream.on_lost(0, 0, True)
    assert stream.next_piece(0, 0) == (0, 0, True)
    stream.take(0, 0, True)
    stream.on_acknowledged(0, 0, True)
    assert stream.is_settled()


def test_credit_of_the_connection_limits_new_bytes_and_not_old_ones() -> None:
    # RFC 9000 2.2
    stream = SendStream(0, 1000)
    stream.write(bytes(100))
    stream.take(*stream.next_piece(50, 50))
    assert stream.next_piece(50, 0)[1] == -1
    stream.on_lost(0, 50, False)
    assert stream.next_piece(50, 0) == (0, 50, False)


def test_pieces_that_have_arrived_are_let_go_when_nothing_waits() -> None:
    stream = SendStream(0, 1 << 20)
    for _ in range(5):
        for _ in range(8):
            offset = stream.sent
            stream.write(b"piece")
            assert stream.take(offset, 5, False) == b"piece"
        stream.on_acknowledged(0, stream.sent, False)
        assert stream._pieces == []
    stream.write(b"the last")
    assert stream.take(stream.sent, 8, False) == b"the last"


def test_time_is_linear_in_gaps_of_what_is_acknowledged() -> None:
    # A peer that acknowledges every other packet of a large window must not make each retransmission search all gaps.
    def repeat(gaps: int) -> None:
        stream = SendStream(0, 1 << 40)
        stream.write(bytes(2 * gaps))
        for _ in range(2 * gaps):
            stream.take(*stream.next_piece(1, 1 << 40))
        for gap in range(gaps):
            stream.on_acknowledged(2 * gap + 1, 1, False)
            stream.on_lost(2 * gap, 1, False)
        while stream.pending():
            stream.take(*stream.next_piece(1, 1 << 40))

    assert_linear(repeat, 250, 4000)


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
def test_time_is_linear_in_small_writes_that_are_repeated(step: int) -> None:
    # An application that writes small pieces has thousands of them in flight, and a peer may lose all of them.
    def repeat(count: int) -> None:
        stream = SendStream(0, 1 << 40)
        for number in range(count):
            stream.write(number.to_bytes(4, "big"))
            stream.take(4 * number, 4, False)
        for number in range(count)[::step]:
            stream.on_lost(4 * number, 4, False)
            assert stream.take(*stream.next_piece(4, 0)) == number.to_bytes(4, "big")

    assert_linear(repeat, 250, 4000)
