"""The search for the size that a path carries (RFC 8899, RFC 9000 14.3), without a path."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http3.recovery.test_loss_detection import acknowledge, detection, lost, send
from zttp_h3.recovery.cubic import Cubic
from zttp_h3.recovery.loss import APPLICATION
from zttp_h3.recovery.new_reno import NewReno
from zttp_h3.recovery.path_mtu import BASE, BASE_SIZE, COMPLETE, NO_PROBE, SEARCHING, TRANSITIONS, PathMtu
from zttp_h3.recovery.sent_packets import SentPacket

MOST = 1452
RAISE_AFTER = 600_000_000  # RFC 8899 5.1.1


def busy(most: int = MOST) -> PathMtu:
    """The search of a sender that fills its datagrams."""
    path = PathMtu()
    path.search_up_to(most)
    for _ in range(8):
        path.on_full()
    return path


def search(path: PathMtu, carried: int, now: int = 0, loss: float = 0.0, seed: int = 0) -> list[int]:
    """Probe until nothing is left to try, on a path that carries so much; return the sizes tried."""
    chance = random.Random(seed).random
    tried: list[int] = []
    while (size := int(path.size_to_probe(now))) > 0:
        tried.append(size)
        path.on_probe_sent(len(tried))
        assert path.size_to_probe(now) == 0  # one at a time
        if size <= carried and chance() >= loss:
            path.on_probe_acknowledged(now)
        else:
            path.on_probe_lost(now)
        assert len(tried) < 100
    return tried


def test_every_row_is_reached() -> None:
    seen = set()
    path = busy()
    for carried in (MOST, 1300, BASE_SIZE):
        before = path.state
        search(path, carried, RAISE_AFTER)
        seen.add((before, path.state))
        path.on_black_hole(0)
        seen.add((COMPLETE, path.state))
        path.restart()
        path.search_up_to(MOST)
        for _ in range(8):
            path.on_full()
    assert {row[0] for row in TRANSITIONS} == {BASE, SEARCHING, COMPLETE}
    assert (COMPLETE, BASE) in seen


def test_who_fills_no_datagrams_does_not_probe() -> None:
    path = PathMtu()
    path.search_up_to(MOST)
    for _ in range(7):
        path.on_full()
        assert path.size_to_probe(0) == 0
    path.on_full()
    assert path.size_to_probe(0) == MOST
    assert path.state == SEARCHING


def test_nothing_is_tried_before_it_may_be() -> None:
    path = PathMtu()
    for _ in range(100):
        path.on_full()
    assert path.size_to_probe(0) == 0


def test_most_paths_carry_what_is_tried_first() -> None:
    path = busy()
    assert search(path, 1500) == [MOST]
    assert (path.size, path.state, path.probe) == (MOST, COMPLETE, NO_PROBE)
    assert path.size_to_probe(RAISE_AFTER * 2) == 0  # there is no larger size


def test_a_size_is_tried_three_times() -> None:
    path = busy()
    assert search(path, BASE_SIZE)[:6] == [1452] * 3 + [1326] * 3
    assert (path.size, path.state) == (BASE_SIZE, COMPLETE)


@given(st.integers(BASE_SIZE, 9000), st.integers(BASE_SIZE, 9000))
def test_the_search_ends_next_to_what_the_path_carries(carried: int, most: int) -> None:
    path = busy(most)
    tried = search(path, carried)
    assert path.size <= max(BASE_SIZE, min(carried, most))
    assert min(carried, most) - path.size < 16
    assert len(tried) <= 3 * 11  # three of each, and halves of 7,800
    assert all(BASE_SIZE < size <= most for size in tried)


@given(st.integers(0, 1000))
def test_a_lossy_path_is_never_taken_for_larger_than_it_is(seed: int) -> None:
    path = busy()
    search(path, 1300, loss=0.3, seed=seed)
    assert path.size <= 1300


def test_a_smaller_path_is_searched_again_later() -> None:
    path = busy()
    search(path, 1300)
    assert path.size_to_probe(RAISE_AFTER - 1) == 0
    assert search(path, 1452, RAISE_AFTER) == [MOST]
    assert path.size == MOST


def test_larger_datagrams_that_vanish_end_the_larger_size() -> None:
    path = busy()
    search(path, MOST)
    assert not path.on_larger_lost(5)
    assert not path.on_larger_lost(5)
    path.on_larger_acknowledged()  # congestion, then
    assert not path.on_larger_lost(5)
    assert not path.on_larger_lost(5)
    assert path.on_larger_lost(5)
    assert (path.size, path.state) == (BASE_SIZE, BASE)
    assert path.size_to_probe(RAISE_AFTER) == 0
    assert path.size_to_probe(5 + RAISE_AFTER) == MOST


def test_another_path_is_searched_anew() -> None:
    path = busy()
    search(path, MOST)
    path.restart()
    assert (path.size, path.state) == (BASE_SIZE, BASE)
    assert path.size_to_probe(0) == 0


# -------------------------------------------------------------------------------------------------- within recovery


def send_of(size: int, now: int, eliciting: bool = True) -> SentPacket:
    packet = SentPacket(LOSS.spaces[APPLICATION].next_number, now, size, eliciting, eliciting)
    LOSS.on_sent(APPLICATION, packet)
    return packet


LOSS = detection()


@pytest.fixture(autouse=True)
def _anew() -> None:
    global LOSS
    LOSS = detection()
    LOSS.path_mtu.search_up_to(MOST)
    for _ in range(8):
        LOSS.path_mtu.on_full()


def probe(now: int) -> int:
    size = int(LOSS.path_mtu.size_to_probe(now))
    assert size > 0
    number = int(LOSS.spaces[APPLICATION].next_number)
    LOSS.path_mtu.on_probe_sent(number)
    send_of(size, now)
    return number


def test_a_probe_that_arrives_changes_what_all_count_in() -> None:
    number = probe(0)
    assert acknowledge(LOSS, APPLICATION, [number], 20_000) == [number]
    assert LOSS.path_mtu.size == LOSS.congestion.datagram_size == LOSS.pacer.datagram_size == MOST


def test_a_lost_probe_is_no_congestion() -> None:
    # RFC 9000 14.4
    window = LOSS.congestion.window
    number = probe(0)
    others = [int(send(LOSS, APPLICATION, 0).number) for _ in range(4)]
    acknowledge(LOSS, APPLICATION, others, 20_000)
    assert lost(LOSS) == [number]
    assert LOSS.congestion.window >= window
    assert LOSS.congestion.in_flight == 0
    assert LOSS.path_mtu.probe == NO_PROBE


def test_what_is_lost_beside_a_probe_is() -> None:
    window = LOSS.congestion.window
    number = probe(0)
    other = int(send(LOSS, APPLICATION, 0).number)
    rest = [int(send(LOSS, APPLICATION, 0).number) for _ in range(4)]
    acknowledge(LOSS, APPLICATION, rest, 20_000)
    assert lost(LOSS) == [number, other]
    assert LOSS.congestion.window < window


def test_silence_is_answered_with_smaller_datagrams() -> None:
    acknowledge(LOSS, APPLICATION, [probe(0)], 20_000)
    now = 20_000
    send_of(MOST, now)
    for _ in range(3):
        assert LOSS.path_mtu.size == MOST
        now = int(LOSS.deadline())
        LOSS.on_timeout(now)
    assert LOSS.path_mtu.size == LOSS.congestion.datagram_size == LOSS.pacer.datagram_size == BASE_SIZE


def test_another_path_carries_what_all_paths_do() -> None:
    acknowledge(LOSS, APPLICATION, [probe(0)], 20_000)
    LOSS.change_path(30_000)
    assert LOSS.path_mtu.size == LOSS.congestion.datagram_size == BASE_SIZE
    assert LOSS.congestion.window == 12_000


@pytest.mark.parametrize("controller", [NewReno, Cubic])
def test_a_window_keeps_its_bytes(controller: type[NewReno] | type[Cubic]) -> None:
    control = controller(1200)
    for _ in range(20):
        control.on_sent(1200)
        control.on_acknowledged(1200, 10, 20, True)
    control.on_congestion(30, 40)
    window = control.window
    control.resize(1452)
    assert control.window == window
    for round_trip in range(2, 100):
        control.on_sent(1452)
        control.on_acknowledged(1452, round_trip * 20_000, round_trip * 20_000 + 10_000, True)
    assert window < control.window < 3 * window
