"""Windows that grow by consumption up to a limit; the order of streams; ended streams (RFC 9000 4, RFC 9218 10)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.processor_time import assert_linear
from zttp_h3.streams.crypto_stream import MOST_BUFFERED, CryptoStream
from zttp_h3.streams.flow_control import ReceiveWindow, SendCredit
from zttp_h3.streams.identifiers import is_local, is_unidirectional, place_of
from zttp_h3.streams.scheduler import Scheduler
from zttp_h3.streams.send_stream import SendStream

RTT = 50_000


def test_a_window_is_raised_when_half_of_it_is_used() -> None:
    window = ReceiveWindow(1000, 4000)
    assert not window.consume(499)
    assert window.consume(1)
    assert window.raise_limit(0, RTT) == 1500
    assert not window.is_due()


def test_a_window_that_is_used_up_fast_grows_to_its_cap() -> None:
    window = ReceiveWindow(1000, 3000)
    now = 0
    for _ in range(10):
        now += RTT
        window.consume(window.limit - window.consumed)
        window.raise_limit(now, RTT)
    assert window.window == 3000
    assert window.limit == window.consumed + 3000


def test_a_window_that_is_used_up_slowly_stays() -> None:
    window = ReceiveWindow(1000, 3000)
    for turn in range(10):
        window.consume(window.limit - window.consumed)
        window.raise_limit(turn * 10 * RTT, RTT)
    assert window.window == 1000


def test_a_limit_never_falls() -> None:
    window = ReceiveWindow(1000, 1000)
    assert window.raise_limit(0, RTT) == 1000
    window.widen(5000)
    assert window.window == 1000  # the limit holds


def test_send_credit() -> None:
    credit = SendCredit(10)
    credit.used = 4
    assert credit.available() == 6
    assert not credit.raise_to(10)
    assert not credit.raise_to(9)
    assert credit.raise_to(11)
    assert credit.available() == 7


def test_identifiers() -> None:
    # RFC 9000 2.1, table 1
    assert [is_local(number, is_server=True) for number in range(4)] == [False, True, False, True]
    assert [is_unidirectional(number) for number in range(4)] == [False, False, True, True]
    assert [place_of(number) for number in (0, 3, 4, 1002)] == [0, 0, 1, 250]


def test_crypto_bytes_in_any_order() -> None:
    crypto = CryptoStream()
    assert crypto.receive(5, b"world")
    assert crypto.take() == b""
    assert crypto.receive(0, b"hello")
    assert crypto.take() == b"helloworld"
    # RFC 9000 7.5: bytes that wait for earlier ones are bounded, bytes that were read are not.
    assert crypto.receive(10 + MOST_BUFFERED - 1, b"x")
    assert not crypto.receive(10 + MOST_BUFFERED, b"x")


# ---------------------------------------------------------------------------------------------------------- scheduling


def stream_of(stream_id: int, urgency: int = 3, incremental: bool = False) -> SendStream:
    stream = SendStream(stream_id, 1 << 30)
    stream.urgency = urgency
    stream.incremental = incremental
    return stream


def served(scheduler: Scheduler, wanted: dict[SendStream, int], size: int = 1000) -> list[int]:
    """The sender of each packet, until all have sent their output."""
    order = []
    while (stream := scheduler.next()) is not None:
        order.append(stream.stream_id)
        scheduler.sent(stream, size)
        wanted[stream] -= size
        if wanted[stream] <= 0:
            scheduler.remove(stream)
    return order


def test_urgent_streams_first_and_the_protocol_before_all() -> None:
    scheduler = Scheduler()
    streams = [stream_of(0, 7), stream_of(4, 3), stream_of(8, 0), stream_of(3, -1)]
    for stream in streams:
        scheduler.add(stream)
    assert served(scheduler, dict.fromkeys(streams, 1000)) == [3, 8, 4, 0]


def test_whole_streams_one_after_the_other_by_identifier() -> None:
    scheduler = Scheduler()
    streams = [stream_of(number) for number in (8, 0, 4)]
    for stream in streams:
        scheduler.add(stream)
    assert served(scheduler, dict.fromkeys(streams, 3000)) == [0, 0, 0, 4, 4, 4, 8, 8, 8]


def test_time_is_linear_in_streams_that_are_opened_at_once() -> None:
    def open_all(count: int) -> None:
        scheduler = Scheduler()
        streams = [stream_of(4 * number) for number in range(count)]
        for stream in streams:
            scheduler.add(stream)
        for stream in streams:
            assert scheduler.next() is stream
            scheduler.remove(stream)
        assert len(scheduler) == 0

    assert_linear(open_all, 250, 4000)


@given(st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=200))
def test_the_lowest_of_the_whole_streams_is_always_next(changes: list[tuple[int, bool]]) -> None:
    scheduler = Scheduler()
    streams = [stream_of(4 * number) for number in range(12)]
    waiting: set[int] = set()
    for number, adds in changes:
        if adds:
            scheduler.add(streams[number])
            waiting.add(number)
        else:
            scheduler.remove(streams[number])
            waiting.discard(number)
        assert len(scheduler) == len(waiting)
        assert scheduler.next() is (streams[min(waiting)] if waiting else None)


def test_incremental_streams_share_by_bytes() -> None:
    scheduler = Scheduler()
    streams = [stream_of(number, incremental=True) for number in (0, 4, 8)]
    for stream in streams:
        scheduler.add(stream)
    order = served(scheduler, dict.fromkeys(streams, 100_000))
    for count in (30, 60, 200):
        shares = [order[:count].count(number) for number in (0, 4, 8)]
        assert max(shares) - min(shares) <= 9  # one turn


def test_a_stream_of_small_writes_has_the_share_of_one_of_large_ones() -> None:
    scheduler = Scheduler()
    small, large = stream_of(0, incremental=True), stream_of(4, incremental=True)
    scheduler.add(small)
    scheduler.add(large)
    sent = {small: 0, large: 0}
    for _ in range(2_000):
        stream = scheduler.next()
        assert stream is not None
        size = 10 if stream is small else 1200
        sent[stream] += size
        scheduler.sent(stream, size)
    assert 0.8 < sent[small] / sent[large] < 1.25


@pytest.mark.parametrize("seed", range(50))
def test_the_scheduler_serves_exactly_those_who_want(seed: int) -> None:
    chance = random.Random(seed)
    scheduler = Scheduler()
    streams = [stream_of(4 * n, chance.randrange(8), chance.random() < 0.5) for n in range(8)]
    wanting: set[SendStream] = set()
    for _ in range(300):
        stream = chance.choice(streams)
        what = chance.random()
        if what < 0.4:
            scheduler.add(stream)
            wanting.add(stream)
        elif what < 0.6:
            scheduler.remove(stream)
            wanting.discard(stream)
        elif what < 0.75:
            scheduler.prioritize(stream, chance.randrange(8), chance.random() < 0.5)
        elif (chosen := scheduler.next()) is not None:
            assert chosen in wanting
            assert chosen.urgency == min(one.urgency for one in wanting)
            scheduler.sent(chosen, chance.choice((10, 1200, 20_000)))
        assert len(scheduler) == len(wanting)
        assert {one for one in streams if one.queued} == wanting
        assert (scheduler.next() is None) == (not wanting)
