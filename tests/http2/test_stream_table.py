"""The table of streams against a dict: which are open, and the records of the others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zttp
from zttp_h2.streams.states import CLOSED, IDLE, OPEN, RESET_SENT
from zttp_h2.streams.stream_state import StreamState
from zttp_h2.streams.stream_table import StreamTable

# The number of identifiers skipped before a stream is opened, or the open stream that is closed, and how.
OPENED = st.tuples(st.just("open"), st.integers(0, 3), st.just(CLOSED))
FORGOTTEN = st.tuples(st.just("forget"), st.integers(0, 200), st.sampled_from((CLOSED, RESET_SENT)))


@settings(max_examples=200)
@given(st.lists(st.one_of(OPENED, OPENED, FORGOTTEN), max_size=200))
def test_open_streams_are_found_and_closed_ones_are_not(steps: list[tuple[str, int, int]]) -> None:
    table = StreamTable()
    model: dict[int, StreamState] = {}
    reset: set[int] = set()
    highest = -1
    for step, number, state in steps:
        if step == "open":
            highest += 2 + 2 * number
            stream = StreamState(highest, OPEN, 0, 0)
            table.open(stream)
            model[highest] = stream
        elif model:
            stream = model.pop(sorted(model)[number % len(model)])
            table.forget(stream, state)
            assert stream.state == state
            if state == RESET_SENT:
                reset.add(stream.stream_id)
        assert table.count() == len(model)
    assert table.all() == list(model.values())
    for number in range(-1, highest + 6):
        assert table.get(number) is model.get(number)
        if number > 0 and number not in model:
            closed = number % 2 == 1 and number <= highest
            assert table.state_of(number) == (IDLE if not closed else RESET_SENT if number in reset else CLOSED)


def test_many_streams_cost_no_more_each_in_any_order_of_closing() -> None:
    for order in (1, -1):
        table = StreamTable()
        streams = [StreamState(number, OPEN, 0, 0) for number in range(1, 20_001, 2)]
        for stream in streams:
            table.open(stream)
        for stream in streams[::order]:
            assert table.get(stream.stream_id) is stream
            table.forget(stream, CLOSED)
            assert table.get(stream.stream_id) is None
        assert table.count() == 0
        assert table.all() == []


def test_the_connection_itself_is_no_stream() -> None:
    connection = zttp.Connection(zttp.CLIENT, "h2")
    with pytest.raises(zttp.LocalProtocolError):
        connection.update_priority(0)
    with pytest.raises(zttp.LocalProtocolError):
        connection.consume_data(0, 1)
