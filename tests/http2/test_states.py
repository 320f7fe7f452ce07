"""The tables of `states`: every pair of state and input, and what frames do in each state (RFC 9113 5.1)."""

import itertools

import pytest

from zttp_core.messages import states as core
from zttp_h2.streams import states
from zttp_h2.streams.states import (
    CONNECTION_ERROR,
    DISCARD,
    INPUT_NAMES,
    NOT_ALLOWED,
    STATE_NAMES,
    STREAM,
    STREAM_ERROR,
    after,
    after_giving,
    refusal,
)

# Rows: states; columns: inputs. A state is named by its initials, "discard", a stream (s) or connection (c) error by
# its code, "-" is a pair that no code looks up: a stream that was reset is known only by its identifier, and RST_STREAM
# and WINDOW_UPDATE are valid in every state of an open one.
MATRIX = """
                    HEADERS DATA END RST WINDOW | END
IDLE                O       c1   -   c1  c1     | -
OPEN                O       O    HCR -   -      | HCL
HALF_CLOSED_LOCAL   HCL     HCL  C   -   -      | -
HALF_CLOSED_REMOTE  s5      s5   -   -   -      | C
CLOSED              c5      c5   -   d   d      | -
RESET_SENT          d       d    -   d   d      | -
RESET_RECEIVED      -       -    -   -   -      | -
"""


def written(value: int) -> str:
    if value == NOT_ALLOWED:
        return "-"
    if value == DISCARD:
        return "d"
    if value & STREAM_ERROR:
        return f"s{value & 0xF}"
    if value & CONNECTION_ERROR:
        return f"c{value & 0xF}"
    return "".join(word[0] for word in STATE_NAMES[value].split("_"))


def test_the_matrix() -> None:
    for line in MATRIX.strip().splitlines()[1:]:
        name, *cells = line.replace("|", " ").split()
        state = STATE_NAMES.index(name)
        assert [written(after(state, given)) for given in range(len(INPUT_NAMES))] == cells, name


def test_every_entry_is_a_state_or_an_error() -> None:
    for (state, given), following in STREAM.items():
        assert 0 <= state < len(STATE_NAMES)
        assert 0 <= given < len(INPUT_NAMES)
        assert following < len(STATE_NAMES) or following & (DISCARD | STREAM_ERROR | CONNECTION_ERROR)


def test_the_message_that_is_sent_is_that_of_the_core() -> None:
    for number, name in enumerate(core.STATE_NAMES):
        assert getattr(states, name) == getattr(core, name) == number
    for number, name in enumerate(core.INPUT_NAMES):
        assert getattr(states, f"GIVE_{name}") == getattr(core, f"GIVE_{name}") == number
    for state, given in itertools.product(range(len(core.STATE_NAMES)), range(core.INPUTS)):
        following = after_giving(state, given)
        assert following == core.after_giving(state, given)
        if following == NOT_ALLOWED:
            assert refusal(state, given) == core.refusal(state, given)


@pytest.mark.parametrize("names", [STATE_NAMES, INPUT_NAMES])
def test_names_number_their_constants(names: tuple[str, ...]) -> None:
    assert [getattr(states, name) for name in names] == list(range(len(names)))
