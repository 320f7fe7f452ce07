"""When an acknowledgment is sent (RFC 9000 13.2)."""

import pytest

from zttp_h3.quic.acknowledgments import Received

DELAY = 25_000
PATIENCE = 5_000


def settled() -> tuple[Received, int]:
    """A receiver of so much without a gap that it acknowledges every tenth packet, and the next number."""
    received = Received(False)
    for number in range(110):
        received.add(number, True, 0, DELAY, PATIENCE)
        if received.due:
            received.on_sent()
    received.on_sent()
    return received, 110


def test_every_second_packet_at_first() -> None:
    received = Received(False)
    received.add(0, True, 100, DELAY, PATIENCE)
    assert (received.due, received.deadline) == (False, 100 + DELAY)
    received.add(1, True, 200, DELAY, PATIENCE)
    assert received.due


def test_a_gap_is_told_at_once_and_so_is_every_second_packet_from_then_on() -> None:
    received, number = settled()
    received.add(number + 1, True, 100, DELAY, PATIENCE)
    assert received.due
    received.on_sent()
    received.add(number + 2, True, 200, DELAY, PATIENCE)
    received.add(number + 3, True, 200, DELAY, PATIENCE)
    assert received.due


def test_every_tenth_packet_where_nothing_is_lost() -> None:
    received, number = settled()
    for step in range(10):
        assert not received.due
        received.add(number + step, True, 100, DELAY, PATIENCE)
    assert received.due


@pytest.mark.parametrize(("patience", "after"), [(PATIENCE, PATIENCE), (100_000, DELAY - 200)])
def test_a_second_packet_waits_a_quarter_of_a_round_trip_for_the_tenth(patience: int, after: int) -> None:
    received, number = settled()
    received.add(number, True, 100, DELAY, patience)
    assert received.deadline == 100 + DELAY
    received.add(number + 1, True, 300, DELAY, patience)
    assert received.deadline == 300 + after
    received.add(number + 2, True, 1_000, DELAY, patience)
    assert received.deadline == 300 + after  # later packets do not postpone it
    received.on_timeout(300 + after - 1)
    assert not received.due
    received.on_timeout(300 + after)
    assert received.due


def test_packets_that_ask_for_nothing_are_not_waited_for() -> None:
    received, number = settled()
    for step in range(20):
        received.add(number + step, False, 100, DELAY, PATIENCE)
    assert not received.due
    assert received.deadline < 0
