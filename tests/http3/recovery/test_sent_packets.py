"""Acknowledged and lost packets, against a plain model of RFC 9002 6.1 and A."""

import random

import pytest

from zttp_h3.recovery.sent_packets import SentPacket, SentPackets

DELAY = 100


@pytest.mark.parametrize("count", [8, 100, 1_000])
def test_a_ring_in_which_nothing_waits_is_empty(count: int) -> None:
    packets = SentPackets()
    for _ in range(3):
        first = packets.next_number
        for number in range(first, first + count):
            packets.add(SentPacket(number, 0, 100, True, True))
        newly: list[SentPacket] = []
        packets.acknowledge(first, first + count, newly)
        assert len(newly) == count
        assert packets._packets == []
        assert packets.oldest() is None


@pytest.mark.parametrize("seed", range(150))
def test_each_packet_has_one_fate(seed: int) -> None:
    chance = random.Random(seed)
    packets = SentPackets()
    outstanding: dict[int, int] = {}
    skipped: set[int] = set()
    largest = -1
    now = 0
    received: set[int] = set()
    for _ in range(400):
        now += chance.randint(0, 20)
        what = chance.random()
        if what < 0.5:
            if chance.random() < 0.05:
                skipped.add(packets.next_number)
                packets.skip()
            number = packets.next_number
            packets.add(SentPacket(number, now, 100, True, True))
            outstanding[number] = now
        elif what < 0.6 and outstanding:
            received.add(chance.choice(list(outstanding)))
        elif received:
            # An ACK frame has all received ranges, highest first.
            newly: list[SentPacket] = []
            for start, stop in ranges_of(received):
                assert not packets.is_false(start, stop)
                packets.acknowledge(start, stop, newly)
            expected = {number for number in received if number in outstanding}
            assert {packet.number for packet in newly} == expected
            assert [packet.number for packet in newly] == sorted(expected, reverse=True)
            for number in expected:
                del outstanding[number]
            largest = max(largest, *received)
            lost: list[SentPacket] = []
            packets.detect_lost(now, DELAY, lost)
            wanted = [
                number
                for number, sent in outstanding.items()
                if number < largest and (number <= largest - 3 or sent <= now - DELAY)
            ]
            assert [packet.number for packet in lost] == wanted
            for number in wanted:
                del outstanding[number]
            later = [sent for number, sent in outstanding.items() if number < largest]
            assert packets.loss_time == (min(later) + DELAY if later else -1)
            assert packets.largest_acknowledged == largest
        assert packets.eliciting_in_flight == len(outstanding)
        oldest = packets.oldest()
        assert (None if oldest is None else oldest.number) == min(outstanding, default=None)
    assert {packet.number for packet in packets.take_all()} == set(outstanding)
    assert packets.eliciting_in_flight == 0
    for number in skipped:
        assert number < packets.next_number


def ranges_of(numbers: set[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers, reverse=True):
        if ranges and ranges[-1][0] == number + 1:
            ranges[-1] = (number, ranges[-1][1])
        else:
            ranges.append((number, number + 1))
    return ranges


def test_acknowledging_what_was_never_sent() -> None:
    # RFC 9000 13.1, 21.4
    packets = SentPackets()
    packets.add(SentPacket(0, 0, 100, True, True))
    packets.skip()
    packets.add(SentPacket(2, 0, 100, True, True))
    assert not packets.is_false(0, 1)
    assert not packets.is_false(2, 3)
    assert packets.is_false(2, 4)
    assert packets.is_false(1, 2)
    assert packets.is_false(0, 3)


def test_every_number_that_was_skipped_within_the_window_counts() -> None:
    # RFC 9000 21.4: a large window has several, and who acknowledges ahead goes past the first of them.
    packets = SentPackets()
    skipped = []
    for number in range(4_000):
        if number % 1_000 == 500:
            skipped.append(number)
            packets.skip()
        else:
            packets.add(SentPacket(number, 0, 100, True, True))
    assert all(packets.is_false(number - 100, number + 100) for number in skipped)
    for number in skipped:
        packets.acknowledge(number - 500, number, [])
        packets.acknowledge(number + 1, number + 500, [])
    packets.skip()
    assert packets._skipped == [4_000]


def test_a_long_connection_keeps_nothing_of_what_is_settled() -> None:
    packets = SentPackets()
    for number in range(50_000):
        packets.add(SentPacket(number, number, 100, True, True))
        if number % 3 == 2:
            newly: list[SentPacket] = []
            packets.acknowledge(0, number + 1, newly)
            assert len(newly) == 3
    assert len(packets.acknowledged) <= 1
    assert packets.oldest() is not None


def run_of(lost: list[tuple[int, int]], acknowledged: list[int], since: int = 0) -> int:
    packets = SentPackets()
    times = dict(lost)
    newly: list[SentPacket] = []
    highest = max([*times, *acknowledged])
    made = [SentPacket(number, times.get(number, 0), 100, True, True) for number in range(highest + 1)]
    for packet in made:
        packets.add(packet)
    for number in sorted(acknowledged, reverse=True):
        packets.acknowledge(number, number + 1, newly)
    return packets.longest_run([made[number] for number in sorted(times)], since)


def test_persistent_congestion_is_a_run_without_an_acknowledgment() -> None:
    # RFC 9002 7.6.3, the example: packets 2 to 8 lost, sent at 1 to 8 and 9 acknowledged.
    assert run_of([(2, 1), (3, 2), (8, 8)], [1, 9]) == 7
    assert run_of([(2, 1), (3, 2), (8, 8)], [1, 5, 9]) == 1
    assert run_of([(2, 1), (8, 8)], [1, 9], since=2) == 0
