"""Loss recovery of a whole connection: samples, timers, probes, persistent congestion (RFC 9002 5, 6, 7.6)."""

import heapq
import random

import pytest

from zttp_h3.recovery.congestion import CongestionControl
from zttp_h3.recovery.cubic import Cubic
from zttp_h3.recovery.loss import APPLICATION, HANDSHAKE, INITIAL, NO_SPACE, LossDetection
from zttp_h3.recovery.new_reno import NewReno
from zttp_h3.recovery.round_trip import INITIAL_RTT, RoundTrip
from zttp_h3.recovery.sent_packets import SentPacket

SIZE = 1200


def detection(*, server: bool = True, confirmed: bool = True) -> LossDetection:
    made = LossDetection(NewReno(SIZE), SIZE, server)
    made.confirmed = confirmed
    made.has_handshake_keys = confirmed
    made.validated = server or confirmed
    return made


def send(loss: LossDetection, space: int, now: int, eliciting: bool = True) -> SentPacket:
    packet = SentPacket(loss.spaces[space].next_number, now, SIZE, eliciting, eliciting)
    loss.on_sent(space, packet)
    return packet


def acknowledge(loss: LossDetection, space: int, numbers: list[int], now: int, delay: int = 0) -> list[int]:
    for number in sorted(numbers, reverse=True):
        loss.acknowledge(space, number, number + 1)
    loss.finish(space, max(numbers), delay, now)
    delivered = [packet.number for packet in loss.delivered]
    loss.delivered.clear()
    return delivered


def lost(loss: LossDetection) -> list[int]:
    numbers = [packet.number for packet in loss.lost]
    loss.lost.clear()
    return numbers


# ------------------------------------------------------------------------------------------------------------ samples


def test_the_first_sample_is_taken_as_it_is() -> None:
    # RFC 9002 5.3
    trip = RoundTrip()
    assert trip.smoothed == INITIAL_RTT
    trip.add_sample(100_000, 20_000)
    assert (trip.smoothed, trip.variation, trip.least, trip.latest) == (100_000, 50_000, 100_000, 100_000)
    trip.add_sample(180_000, 20_000)
    assert (trip.smoothed, trip.variation, trip.least) == (107_500, 52_500, 100_000)


def test_the_delay_never_takes_a_sample_below_the_least() -> None:
    trip = RoundTrip()
    trip.add_sample(100_000, 0)
    trip.add_sample(110_000, 50_000)
    assert trip.smoothed == (7 * 100_000 + 110_000) // 8


def test_only_the_largest_gives_a_sample() -> None:
    # RFC 9002 5.1
    loss = detection()
    for _ in range(3):
        send(loss, APPLICATION, 1_000)
    acknowledge(loss, APPLICATION, [2], 51_000)
    assert loss.round_trip.latest == 50_000
    loss.acknowledge(APPLICATION, 1, 3)
    loss.finish(APPLICATION, 2, 0, 91_000)  # only 1 is new
    assert loss.round_trip.latest == 50_000


def test_packets_that_ask_for_nothing_give_no_sample() -> None:
    loss = detection()
    send(loss, APPLICATION, 0, eliciting=False)
    acknowledge(loss, APPLICATION, [0], 50_000)
    assert not loss.round_trip.sampled
    assert loss.congestion.in_flight == 0


def test_the_delay_is_bounded_once_confirmed_and_ignored_in_initial() -> None:
    loss = detection()
    loss.round_trip.add_sample(50_000, 0)
    send(loss, APPLICATION, 0)
    acknowledge(loss, APPLICATION, [0], 150_000, delay=90_000)
    assert loss.round_trip.smoothed == (7 * 50_000 + 125_000) // 8
    loss = detection(confirmed=False)
    loss.round_trip.add_sample(50_000, 0)
    send(loss, INITIAL, 0)
    acknowledge(loss, INITIAL, [0], 150_000, delay=90_000)
    assert loss.round_trip.smoothed == (7 * 50_000 + 150_000) // 8


# ------------------------------------------------------------------------------------------------------------- timers


def test_three_later_packets_are_a_loss() -> None:
    # RFC 9002 7.4
    loss = detection()
    for number in range(5):
        send(loss, APPLICATION, number * 1_000)
    acknowledge(loss, APPLICATION, [3], 50_000)
    assert lost(loss) == [0]
    acknowledge(loss, APPLICATION, [4], 51_000)
    assert lost(loss) == [1]


def test_time_is_a_loss() -> None:
    # RFC 9002 6.1.2
    loss = detection()
    send(loss, APPLICATION, 0)
    send(loss, APPLICATION, 1_000)
    acknowledge(loss, APPLICATION, [1], 81_000)
    assert lost(loss) == []
    assert loss.deadline() == 90_000  # 9/8 of 80 ms after the first was sent
    assert loss.on_timeout(89_999) == NO_SPACE
    assert lost(loss) == []
    assert loss.on_timeout(90_000) == NO_SPACE
    assert lost(loss) == [0]
    assert loss.deadline() == -1


def test_a_probe_is_due_and_backs_off() -> None:
    # RFC 9002 6.2.1
    loss = detection()
    loss.round_trip.add_sample(100_000, 0)
    send(loss, APPLICATION, 0)
    first = 100_000 + 4 * 50_000 + 25_000
    assert loss.deadline() == first
    assert loss.on_timeout(first - 1) == NO_SPACE
    assert loss.on_timeout(first) == APPLICATION
    assert loss.deadline() == 2 * first
    assert loss.on_timeout(2 * first) == APPLICATION
    assert lost(loss) == []  # a probe declares nothing lost
    acknowledge(loss, APPLICATION, [0], 2 * first + 1)
    assert loss.probe_count == 0
    assert loss.deadline() == -1


def test_no_probe_of_the_application_space_before_the_handshake_is_confirmed() -> None:
    loss = detection(confirmed=False)
    send(loss, APPLICATION, 0)
    assert loss.deadline() == -1
    send(loss, HANDSHAKE, 5_000)
    assert loss.on_timeout(loss.deadline()) == HANDSHAKE


def test_the_earliest_space_is_probed() -> None:
    loss = detection()
    send(loss, HANDSHAKE, 10_000)
    send(loss, INITIAL, 20_000)
    assert loss.on_timeout(loss.deadline()) == HANDSHAKE


def test_a_client_probes_although_nothing_is_in_flight() -> None:
    # RFC 9002 6.2.2.1: the server may be waiting for bytes.
    loss = detection(server=False, confirmed=False)
    send(loss, INITIAL, 0)
    acknowledge(loss, INITIAL, [0], 50_000)
    assert loss.deadline() > 0
    assert loss.on_timeout(loss.deadline()) == INITIAL
    assert loss.probe_count == 1
    loss.has_handshake_keys = True
    assert loss.on_timeout(loss.deadline()) == HANDSHAKE
    loss.validated = True
    assert loss.deadline() == -1


def test_a_client_backs_off_until_it_is_validated() -> None:
    loss = detection(server=False, confirmed=False)
    send(loss, INITIAL, 0)
    loss.on_timeout(loss.deadline())
    acknowledge(loss, INITIAL, [0], 900_000)
    assert loss.probe_count == 1


def test_a_server_that_may_not_send_sets_no_timer() -> None:
    loss = detection(confirmed=False)
    send(loss, INITIAL, 0)
    loss.blocked = True
    assert loss.deadline() == -1
    loss.blocked = False
    assert loss.deadline() > 0


def test_a_discarded_space_is_out_of_flight() -> None:
    loss = detection()
    send(loss, INITIAL, 0)
    send(loss, APPLICATION, 0)
    loss.discard(INITIAL)
    assert loss.congestion.in_flight == SIZE
    assert [packet.number for packet in loss.take_back(APPLICATION)] == [0]
    assert loss.congestion.in_flight == 0


def test_the_backoff_has_an_end() -> None:
    loss = detection()
    send(loss, APPLICATION, 0)
    for _ in range(100):
        loss.on_timeout(loss.deadline())
    assert 0 < loss.deadline() < 1 << 62


def test_a_jump_of_the_clock_overflows_no_timer() -> None:
    # A sample as long as the jump has multiples that 64 bits do not hold: the timer was long past, or never set.
    loss = detection()
    now = 1 << 62  # the latest time that the caller can pass
    send(loss, APPLICATION, 0)
    acknowledge(loss, APPLICATION, [0], now)
    send(loss, APPLICATION, now)
    assert loss.round_trip.smoothed == 3_600_000_000
    for _ in range(20):
        assert now < loss.deadline() < now + (1 << 52)
        loss.on_timeout(loss.deadline())


# --------------------------------------------------------------------------------------------------------- congestion


@pytest.mark.parametrize("control", [NewReno, Cubic])
def test_the_window_starts_with_ten_packets_and_doubles(control: type[CongestionControl]) -> None:
    # RFC 9002 7.2, 7.3.1
    made = control(SIZE)
    assert made.window == 10 * SIZE
    assert control(1452).window == 14_520
    assert control(9000).window == 18_000
    for _ in range(10):
        made.on_sent(SIZE)
    assert made.room() == 0
    for _ in range(10):
        made.on_acknowledged(SIZE, 0, 1, True)
    assert made.window == 20 * SIZE


@pytest.mark.parametrize("control", [NewReno, Cubic])
def test_a_window_that_was_not_tried_does_not_grow(control: type[CongestionControl]) -> None:
    # RFC 9002 7.8
    made = control(SIZE)
    made.on_sent(SIZE)
    made.on_acknowledged(SIZE, 0, 1, False)
    assert made.window == 10 * SIZE


@pytest.mark.parametrize(("control", "kept"), [(NewReno, 0.5), (Cubic, 0.7)])
def test_one_cut_for_each_round_trip(control: type[CongestionControl], kept: float) -> None:
    # RFC 9002 7.3.2, 7.3.1
    made = control(SIZE)
    before = int(made.window)
    made.on_congestion(100, 1_000)
    assert made.window == int(before * kept)
    made.on_congestion(1_000, 2_000)  # sent before the cut
    assert made.window == int(before * kept)
    made.on_congestion(1_001, 2_000)
    assert made.window < int(before * kept)
    for turn in range(20):
        made.on_congestion(10_000 * (turn + 1), 10_000 * (turn + 1) + 1)
    assert made.window == 2 * SIZE


@pytest.mark.parametrize("control", [NewReno, Cubic])
def test_persistent_congestion_falls_to_the_least(control: type[CongestionControl]) -> None:
    made = control(SIZE)
    made.on_persistent_congestion()
    assert made.window == 2 * SIZE
    assert made.in_slow_start()


def test_new_reno_grows_by_a_datagram_for_each_round_trip() -> None:
    # RFC 9002 7.3.3
    made = NewReno(SIZE)
    made.on_congestion(0, 1)
    window = int(made.window)
    for turn in range(1, 6):
        for _ in range(window // SIZE):
            made.on_sent(SIZE)
            made.on_acknowledged(SIZE, 10, 20, True)
        assert abs(int(made.window) - int(window) - SIZE) <= SIZE
        window = int(made.window)
        assert turn


def test_cubic_returns_to_where_it_was_and_then_looks_beyond() -> None:
    # RFC 9438 4.2: concave up to W_max, then convex.
    made = Cubic(SIZE)
    made.window = 200 * SIZE
    made.on_congestion(0, 1)
    assert made.window == 140 * SIZE
    rtt = 50_000
    now = 1
    growth = []
    for _ in range(200):
        now += rtt
        before = int(made.window)
        for _ in range(made.window // SIZE):
            made.on_sent(SIZE)
            made.on_acknowledged(SIZE, now, now, True)
        growth.append(int(made.window) - before)
    reached = next(turn for turn in range(200) if 140 * SIZE + sum(growth[: turn + 1]) >= 199 * SIZE)
    # K = cbrt(W_max * (1 - 0.7) / 0.4) = cbrt(200 * 0.3 / 0.4) = 5.3 s: about 106 round trips.
    assert 60 < reached < 110
    assert growth[1] > growth[reached - 5]
    assert growth[-1] > growth[reached]
    assert max(growth) <= 0.6 * (140 * SIZE + sum(growth))


def test_persistent_congestion_of_a_connection() -> None:
    loss = detection()
    loss.round_trip.add_sample(10_000, 0)
    send(loss, APPLICATION, 0)
    acknowledge(loss, APPLICATION, [0], 10_000)
    for turn in range(6):
        send(loss, APPLICATION, 20_000 + turn * 200_000)
    acknowledge(loss, APPLICATION, [6], 1_100_000)
    assert lost(loss) == [1, 2, 3, 4, 5]
    assert loss.congestion.window == 2 * SIZE


def test_persistent_congestion_forgets_the_least_round_trip() -> None:
    # RFC 9002 5.2 SHOULD: the newest sample becomes the minimum, or a path that has become longer would count as
    # congested repeatedly. Any other loss does not change the minimum.
    loss = detection()
    send(loss, APPLICATION, 0)
    acknowledge(loss, APPLICATION, [0], 10_000)
    for turn in range(4):
        send(loss, APPLICATION, 20_000 + turn)
    acknowledge(loss, APPLICATION, [4], 320_003)
    assert lost(loss) == [1]
    assert loss.round_trip.least == 10_000
    for turn in range(20):
        send(loss, APPLICATION, 400_000 + turn * 200_000)
    acknowledge(loss, APPLICATION, [24], 4_600_000)
    assert loss.congestion.window == 2 * SIZE
    assert loss.round_trip.least == loss.round_trip.latest == 400_000


def test_lost_packets_before_the_first_sample_are_no_persistent_congestion() -> None:
    loss = detection()
    for turn in range(6):
        send(loss, APPLICATION, turn * 1_000_000)
    acknowledge(loss, APPLICATION, [5], 5_100_000)
    assert lost(loss) == [0, 1, 2, 3, 4]
    assert loss.congestion.window > 2 * SIZE


def reordered(control: CongestionControl) -> tuple[LossDetection, int]:
    """Ten packets of which the first two were overtaken: they count as lost, and the window is reduced."""
    loss = LossDetection(control, SIZE, True)
    loss.confirmed = loss.validated = True
    for _ in range(10):
        send(loss, APPLICATION, 0)
    before = int(control.window)
    acknowledge(loss, APPLICATION, [2, 3, 4], 10_000)
    assert lost(loss) == [0, 1]
    assert control.window < before + 3 * SIZE
    return loss, before


@pytest.mark.parametrize("control", [NewReno, Cubic])
def test_a_cut_is_undone_when_all_that_seemed_lost_was_late(control: type[CongestionControl]) -> None:
    # RFC 9438 4.9.2
    loss, before = reordered(control(SIZE))
    acknowledge(loss, APPLICATION, [1], 11_000)
    cut = loss.congestion.window
    assert not loss.congestion.in_slow_start()
    acknowledge(loss, APPLICATION, [0], 12_000)
    assert loss.congestion.window >= before > cut
    assert loss.congestion.in_slow_start()
    assert not loss.congestion.in_recovery(0)
    assert loss.spaces[APPLICATION].spurious == 2
    # As if there had been no reduction: the next loss reduces the window, once.
    window = loss.congestion.window
    for _ in range(5):
        send(loss, APPLICATION, 13_000)
    acknowledge(loss, APPLICATION, [5, 6, 7, 8, 9, 11, 12, 13, 14], 23_000)
    assert lost(loss) == [10]
    assert loss.congestion.window < window + 5 * SIZE
    assert not loss.congestion.in_slow_start()


def test_cubic_goes_on_where_it_was_before_a_cut_that_is_undone() -> None:
    # RFC 9438 4.9.2: its epoch, W_max, K and W_est are what they were.
    def state() -> list[float]:
        names = ("window", "threshold", "recovery_start", "_epoch", "_most", "_origin", "_reno", "_reached_reno")
        return [getattr(made, name) for name in names]

    def grow(since: int) -> None:
        for turn in range(50):
            made.on_sent(SIZE)
            made.on_acknowledged(SIZE, since + turn, since + turn, True)

    made = Cubic(SIZE)
    made.window = 100 * SIZE
    made.on_congestion(0, 1)
    grow(100)
    before = state()
    made.on_congestion(200, 300)
    grow(400)
    assert state() != before
    made.undo()
    assert state() == before
    # If it has grown further since, that is kept.
    made.on_congestion(500, 600)
    made.window = 200 * SIZE
    after = state()
    made.undo()
    assert state() == after


@pytest.mark.parametrize("what", ["one is lost", "a mark", "another path", "persistent", "another size"])
def test_a_cut_that_was_for_more_than_late_packets_stands(what: str) -> None:
    # RFC 9438 4.9.2, RFC 9002 7.1
    loss, before = reordered(NewReno(SIZE))
    late = [0] if what == "one is lost" else [0, 1]
    if what == "a mark":
        loss.on_mark(0, 10_500)
    elif what == "another path":
        loss.change_path(10_500)
    elif what == "persistent":
        for turn in range(20):
            send(loss, APPLICATION, 20_000 + turn * 200_000)
        acknowledge(loss, APPLICATION, [29], 4_000_000)
    elif what == "another size":
        loss.path_mtu.size = SIZE + 1
        loss._resize()
    cut = loss.congestion.window
    acknowledge(loss, APPLICATION, late, 5_000_000)
    assert loss.congestion.window == cut
    if what != "another path":
        assert cut < before


def test_more_late_packets_than_are_remembered_are_lost() -> None:
    loss = detection()
    loss.congestion.window = 1_000 * SIZE
    for _ in range(100):
        send(loss, APPLICATION, 0)
    acknowledge(loss, APPLICATION, [99], 10_000)
    cut = loss.congestion.window
    assert len(lost(loss)) == 97
    acknowledge(loss, APPLICATION, list(range(97)), 11_000)
    assert loss.congestion.window == cut


def test_another_path_starts_again() -> None:
    # RFC 9000 9.4
    loss = detection()
    send(loss, APPLICATION, 0)
    acknowledge(loss, APPLICATION, [0], 10_000)
    loss.congestion.on_congestion(20_000, 30_000)
    loss.change_path(0)
    assert not loss.round_trip.sampled
    assert loss.congestion.window == 10 * SIZE


# -------------------------------------------------------------------------------------------------------------- pacing


def test_packets_leave_over_the_round_trip() -> None:
    # RFC 9002 7.7
    loss = detection()
    window, rtt = 100 * SIZE, 100_000
    now = 0
    left = 0
    for _ in range(10_000):
        while loss.pacer.allowance(now, window, rtt, False) >= SIZE:
            loss.pacer.on_sent(SIZE)
            left += 1
        later = loss.pacer.next_time(window, rtt, False)
        assert later > now
        now = later
        if now >= 10 * rtt:
            break
    # 1.25 windows for each round trip, and the burst at the start.
    assert 1_200 <= left <= 1_280


# ------------------------------------------------------------------------------------------------------- a lossy path


@pytest.mark.parametrize("control", [NewReno, Cubic])
@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 0.4])
def test_over_a_lossy_path_everything_is_delivered_and_nothing_stays_in_flight(
    control: type[CongestionControl], rate: float
) -> None:
    chance = random.Random(int(rate * 100))
    loss = LossDetection(control(SIZE), SIZE, True)
    loss.confirmed = True
    wanted = list(range(400))
    carried: dict[int, list[int]] = {}
    arrived: set[int] = set()
    queue: list[tuple[int, int, int]] = []  # the time of an acknowledgment, and its packets
    received: set[int] = set()
    now = 1
    while wanted or any(space.eliciting_in_flight for space in loss.spaces):
        assert now < 10**10
        while queue and queue[0][0] <= now:
            _, number, _ = heapq.heappop(queue)
            received.add(number)
            for low, high in reversed(spans(received)):
                loss.acknowledge(APPLICATION, low, high)
            loss.finish(APPLICATION, max(received), 0, now)
            for packet in loss.delivered:
                arrived.update(carried.pop(packet.number))
            loss.delivered.clear()
        if loss.deadline() >= 0 and loss.deadline() <= now and loss.on_timeout(now) == APPLICATION:
            oldest = loss.spaces[APPLICATION].oldest()
            assert oldest is not None
            transmit(loss, list(carried[oldest.number]), now, chance, rate, carried, queue)
        for packet in loss.lost:
            wanted += carried.pop(packet.number)
        loss.lost.clear()
        while wanted and loss.congestion.room() >= SIZE:
            transmit(loss, [wanted.pop(0)], now, chance, rate, carried, queue)
        times = [queue[0][0]] if queue else []
        if loss.deadline() >= 0:
            times.append(loss.deadline())
        if times:
            assert min(times) > now or loss.deadline() <= now or queue[0][0] <= now
            now = max(now + 1, min(times))
    assert arrived == set(range(400))
    assert loss.congestion.in_flight == 0
    assert loss.deadline() == -1


def spans(numbers: set[int]) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if made and made[-1][1] == number:
            made[-1] = (made[-1][0], number + 1)
        else:
            made.append((number, number + 1))
    return made


def transmit(
    loss: LossDetection,
    what: list[int],
    now: int,
    chance: random.Random,
    rate: float,
    carried: dict[int, list[int]],
    queue: list[tuple[int, int, int]],
) -> None:
    packet = send(loss, APPLICATION, now)
    carried[packet.number] = what
    if chance.random() >= rate:
        heapq.heappush(queue, (now + chance.randint(40_000, 60_000), packet.number, 0))
