"""The code runs the state tables: some order of bytes and calls looks up every row, and no other pair."""

import ast
import inspect
import random
from contextlib import suppress
from typing import Any

import pytest

import zttp
from tests.http1.helpers import CHUNKED_HEAD, GET, OK, POST, client, feed, pull, server
from tests.http1.test_schedules import KINDS
from zttp_h1 import content_reader, head_reader, message_reader, message_writer, reading, states

SCHEDULES = 1_000


class Recorded(dict[Any, Any]):
    """A table that records which of its rows were looked up."""

    def __init__(self, table: dict[Any, Any]) -> None:
        super().__init__(table)
        self.asked: set[Any] = set()

    def __getitem__(self, key: Any) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def overflow() -> None:
    """More bytes than `max_buffer`, in every state that accepts bytes."""
    limits = zttp.H1Limits(max_buffer=1024)
    switching = b"CONNECT a:1 HTTP/1.1\r\n\r\n"
    for start in (b"", GET[:20], GET, POST[:-5], CHUNKED_HEAD, CHUNKED_HEAD + b"0\r\n", switching):
        for pulls in (1, 5):
            connection = server(start, limits=limits)
            for _ in range(pulls if start else 0):
                connection.next_event()
            if start is switching:
                connection.send_response(200)
            with suppress(zttp.RemoteProtocolError):
                connection.receive_data(b"x" * 2000)
    connection = client(limits=limits)
    feed(connection, b"HTTP/1.1 200 OK\r\n\r\n")
    with suppress(zttp.RemoteProtocolError):
        connection.receive_data(b"x" * 2000)


def cut_short() -> None:
    """EOF in the middle of messages, and after content that it ends."""
    for start in (GET[:20], POST[:-1], CHUNKED_HEAD, CHUNKED_HEAD + b"0\r\n"):
        connection = server(start)
        connection.receive_data(b"")
        with suppress(zttp.RemoteProtocolError):
            pull(connection)
    connection = client()
    feed(connection, OK[:17] + b"\r\n")
    connection.receive_data(b"")
    pull(connection)


def looked_up_once() -> set[tuple[int, int]]:
    """The rows of the reading half that ``states`` itself looks up, for constants."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(states))):
        match node:
            case ast.Call(func=ast.Name("after_reading"), args=[ast.Name(state), ast.Name(given)]):
                found.add((getattr(states, state), getattr(states, given)))
    return found


@pytest.mark.interpreted_only(reason="a compiled module cannot be watched")
def test_every_row_is_looked_up_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    read, written = Recorded(states.READING), Recorded(states.WRITING)
    refusals, request_refusals = Recorded(states.REFUSALS), Recorded(states.REQUEST_REFUSALS)

    def after_writing(state: int, given: int) -> int:
        following: int = written.get((state, given), states.NO_TRANSITION)
        return following

    for module in (reading, head_reader, content_reader, message_reader):
        monkeypatch.setattr(module, "after_reading", lambda state, given: read[state, given])
    monkeypatch.setattr(message_writer, "after_writing", after_writing)
    monkeypatch.setattr(message_writer, "REFUSALS", refusals)
    monkeypatch.setattr(message_writer, "REQUEST_REFUSALS", request_refusals)
    for seed in range(SCHEDULES):
        for make in KINDS.values():
            make(random.Random(seed)).run()
    overflow()
    cut_short()
    for name, table in (("READING", read), ("WRITING", written)):
        unused = set(table) - table.asked - (looked_up_once() if table is read else set())
        assert not unused, f"no code looks up these rows of {name}: {sorted(map(described(name), unused))}"
    assert set(refusals) - refusals.asked == set()
    assert set(request_refusals) - request_refusals.asked == set()


def described(name: str) -> Any:
    """A row as text."""
    of_reading = name == "READING"
    of_state = states.READING_NAMES if of_reading else states.WRITING_NAMES
    of_input = states.READING_INPUT_NAMES if of_reading else states.WRITING_INPUT_NAMES
    return lambda row: f"({of_state[row[0]]}, {of_input[row[1]]})"


def test_the_tables_are_flattened_as_they_stand() -> None:
    for table, count, inputs, after in (
        (states.READING, len(states.READING_NAMES), len(states.READING_INPUT_NAMES), states.after_reading),
        (states.WRITING, len(states.WRITING_NAMES), len(states.WRITING_INPUT_NAMES), states.after_writing),
    ):
        for state in range(count):
            for given in range(inputs):
                assert after(state, given) == table.get((state, given), states.NO_TRANSITION)


def test_every_refused_pair_has_its_reason() -> None:
    asked = (states.SEND_INFORMATIONAL, states.SEND_HEAD, states.SEND_DATA, states.SEND_END, states.NEXT_CYCLE)
    unasked = {(state, states.NEXT_CYCLE) for state in (states.IDLE, states.SENDING_TO_EOF, states.SENT_SWITCH)}
    for state in range(len(states.WRITING_NAMES)):
        for given in asked:
            pair = (state, given)
            assert (pair in states.WRITING) + (pair in states.REFUSALS) + (pair in unasked) == 1
