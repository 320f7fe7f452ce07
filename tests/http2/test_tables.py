"""The code runs the table of stream states: some order of frames looks up every row, and no other pair."""

import itertools
from contextlib import suppress
from typing import Any

import pytest

import zttp
from tests.http2.helpers import (
    DATA,
    END_STREAM,
    GET,
    OK,
    POST,
    feed,
    frame,
    headers,
    requesting,
    rst_stream,
    server,
    window_update,
)
from zttp_h2 import closing
from zttp_h2.reading import content_reader, message_reader, stream_errors
from zttp_h2.streams import states

# The frames of a peer, in any state of stream 1.
FRAMES = [
    headers(POST),
    headers(OK),
    headers([(b"x", b"y")], flags=END_STREAM),
    frame(DATA, 0, 1, b"x"),
    frame(DATA, END_STREAM, 1),
    rst_stream(1),
    window_update(1, 1),
    headers(OK, 3),
]


def answered(connection: Any) -> None:
    with suppress(zttp.LocalProtocolError):
        connection.stream(1).send_response(200, [], True)


def cancelled(connection: Any) -> None:
    with suppress(zttp.LocalProtocolError):
        connection.stream(1).reset()


@pytest.mark.interpreted_only(reason="a compiled module cannot be watched")
def test_every_row_is_looked_up_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[tuple[int, int]] = set()

    def after(state: int, given: int) -> int:
        asked.add((state, given))
        return states.STREAM[state, given]  # a missing pair is not looked up

    for module in (closing, content_reader, message_reader, stream_errors):
        monkeypatch.setattr(module, "after", after)
    starts: list[Any] = [
        server,
        lambda: server(headers(POST)),
        lambda: server(headers(GET, 1, END_STREAM)),
        lambda: server(headers(GET, 3, END_STREAM)),
        requesting,
        lambda: requesting(end_stream=False),
    ]
    for start, early, action, late in itertools.product(starts, FRAMES, (answered, cancelled, None), FRAMES):
        connection = start()
        with suppress(zttp.RemoteProtocolError):
            feed(connection, early)
            if action is not None:
                action(connection)
            feed(connection, late)
    named = [(states.STATE_NAMES[state], states.INPUT_NAMES[given]) for state, given in set(states.STREAM) - asked]
    assert not named, f"no code looks up these rows: {sorted(named)}"


def test_the_table_is_flattened_as_it_stands() -> None:
    for state, given in itertools.product(range(len(states.STATE_NAMES)), range(len(states.INPUT_NAMES))):
        assert states.after(state, given) == states.STREAM.get((state, given), states.NOT_ALLOWED)
