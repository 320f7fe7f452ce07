"""Ranges against a plain set."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from zttp_h3 import COMPILED
from zttp_h3.ranges import Ranges

SPANS = st.tuples(st.integers(0, 40), st.integers(0, 8)).map(lambda span: (span[0], span[0] + span[1]))
CHANGES = st.lists(st.tuples(st.sampled_from(["add", "add", "add", "remove", "drop_below", "drop_lowest"]), SPANS))


@settings(max_examples=400 if COMPILED else 100, deadline=None)
@given(CHANGES)
def test_ranges_are_a_set(changes: list[tuple[str, tuple[int, int]]]) -> None:
    ranges = Ranges()
    model: set[int] = set()
    for change, (start, stop) in changes:
        if change == "add":
            ranges.add(start, stop)
            model |= set(range(start, stop))
        elif change == "remove":
            ranges.remove(start, stop)
            model -= set(range(start, stop))
        elif change == "drop_below":
            ranges.drop_below(start)
            model = {number for number in model if number >= start}
        else:
            low, high = ranges.lowest()
            ranges.drop_lowest()
            model -= set(range(low, high))
        check(ranges, model, start, stop)


def check(ranges: Ranges, model: set[int], start: int, stop: int) -> None:
    listed = ranges.as_list()
    assert {number for low, high in listed for number in range(low, high)} == model
    assert all(low < high for low, high in listed)
    assert all(one[1] < other[0] for one, other in pairwise(listed))  # merged, ascending
    assert len(ranges) == len(listed)
    assert bool(ranges) == bool(model)
    assert [ranges.below(place) for place in range(len(listed))] == listed[::-1]
    assert ranges.lowest() == (listed[0] if listed else (ranges.start, ranges.start))
    for number in range(-1, 50):
        assert ranges.contains(number) == (number in model)
    assert ranges.overlaps(start, stop) == any(number in model for number in range(start, stop))


def test_numbers_in_order_are_one_range() -> None:
    ranges = Ranges()
    for number in range(100_000):
        ranges.add(number, number + 1)
    assert ranges.as_list() == [(0, 100_000)]
