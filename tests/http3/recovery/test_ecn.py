"""Marks of congestion: whether a path preserves them, and their effect (RFC 9000 13.4.2, RFC 9002 7.1)."""

import pytest

from zttp_h3.recovery.ecn import CAPABLE, ECT_0, FAILED, NOT_ECT, TESTING, TRANSITIONS, UNKNOWN, Ecn


def sent(count: int, space: int = 2) -> Ecn:
    ecn = Ecn()
    for _ in range(count):
        ecn.on_sent(space)
    return ecn


def test_a_path_is_tested_with_its_first_packets() -> None:
    # RFC 9000 A.4
    ecn = sent(9)
    assert (ecn.state, ecn.mark()) == (TESTING, ECT_0)
    ecn.on_sent(2)
    assert (ecn.state, ecn.mark()) == (UNKNOWN, NOT_ECT)
    assert not ecn.on_acknowledged(2, 3, 3, 0, 0)
    assert (ecn.state, ecn.mark()) == (CAPABLE, ECT_0)
    assert ecn.counts() == (3, 0, 0)


@pytest.mark.parametrize(
    ("marked", "counts", "state"),
    [
        (4, (4, 0, 0), CAPABLE),
        (4, (2, 0, 2), CAPABLE),
        (4, (5, 0, 0), CAPABLE),  # more arrived than this frame acknowledges
        (4, (-1, -1, -1), FAILED),  # the peer counts nothing
        (0, (-1, -1, -1), UNKNOWN),
        (4, (3, 0, 0), FAILED),  # a mark was removed
        (4, (0, 4, 0), FAILED),  # changed to ECT(1)
        (4, (4, 1, 0), FAILED),
        (4, (11, 0, 0), FAILED),  # more than was sent
        (4, (8, 0, 3), FAILED),
    ],
)
def test_counts_are_compared_with_what_was_sent(marked: int, counts: tuple[int, int, int], state: int) -> None:
    # RFC 9000 13.4.2.1
    ecn = sent(10)
    ecn.on_acknowledged(2, marked, *counts)
    assert ecn.state == state


def test_counts_must_not_fall() -> None:
    ecn = sent(10)
    ecn.on_acknowledged(2, 5, 4, 0, 1)
    assert ecn.state == CAPABLE
    ecn.on_acknowledged(2, 0, 5, 0, 0)
    assert ecn.state == FAILED
    assert not ecn.is_used()


def test_spaces_are_counted_apart() -> None:
    ecn = Ecn()
    for space in range(3):
        ecn.on_sent(space)
    for space in range(3):
        ecn.on_acknowledged(space, 1, 1, 0, 0)
    assert ecn.state == CAPABLE
    assert ecn.counts() == (3, 0, 0)


def test_a_mark_of_congestion_is_told_once() -> None:
    # RFC 9002 7.1
    ecn = sent(10)
    assert ecn.on_acknowledged(2, 3, 2, 0, 1)
    assert not ecn.on_acknowledged(2, 1, 3, 0, 1)
    assert ecn.on_acknowledged(2, 1, 3, 0, 2)


def test_a_failed_path_says_nothing_of_congestion() -> None:
    ecn = sent(10)
    assert not ecn.on_acknowledged(2, 3, 0, 0, 1)
    assert not ecn.on_acknowledged(2, 0, 0, 0, 9)
    assert ecn.mark() == NOT_ECT


def test_a_path_that_drops_what_is_marked() -> None:
    # RFC 9000 13.4.2: all packets of the test are lost.
    ecn = sent(10)
    ecn.on_lost(9)
    assert ecn.state == UNKNOWN
    ecn.on_lost(1)
    assert ecn.state == FAILED
    survived = sent(10)
    survived.on_acknowledged(2, 1, 1, 0, 0)
    survived.on_lost(9)
    assert survived.state == CAPABLE


def test_another_path_is_tested_anew() -> None:
    ecn = sent(10)
    ecn.on_acknowledged(2, 1, 0, 0, 0)
    assert ecn.state == FAILED
    ecn.restart()
    assert ecn.mark() == ECT_0
    ecn.on_sent(2)
    ecn.on_acknowledged(2, 1, 1, 0, 0)
    assert ecn.state == CAPABLE


def test_the_table_has_no_way_out_of_failure() -> None:
    assert all(state != FAILED for state, _ in TRANSITIONS)
    assert set(TRANSITIONS.values()) == {UNKNOWN, CAPABLE, FAILED}
