"""Hypothesis: streams and flow control against plain models, with events in any order."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import zttp
from tests.http2 import helpers
from tests.http2.helpers import DATA, HOST, frames, pull

WINDOW = 65535
FEW = settings(max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))


class FlowControl(RuleBasedStateMachine):
    """A server that sends, and a peer that counts credit as in RFC 9113 6.9: no frame may exceed any window."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = helpers.server()
        self.initial = WINDOW
        self.window = WINDOW
        self.next_id = 1
        self.windows: dict[int, int] = {}
        self.given: dict[int, bytes] = {}
        self.taken: dict[int, bytes] = {}
        self.ended: set[int] = set()

    def collect(self) -> None:
        for item in frames(self.connection.data_to_send()):
            if item.type != DATA:
                continue
            size = len(item.payload)
            if size:
                assert size <= self.window
                assert size <= self.windows[item.stream_id]
            self.window -= size
            self.windows[item.stream_id] -= size
            self.taken[item.stream_id] += item.payload

    def feed(self, data: bytes) -> None:
        helpers.feed(self.connection, data)
        self.collect()

    @precondition(lambda self: len(self.windows) < 6)
    @rule(priority=strategies.sampled_from([None, b"u=1", b"u=1, i", b"u=6", b"i"]))
    def open(self, priority: bytes | None) -> None:
        fields = helpers.GET if priority is None else [*helpers.GET, (b"priority", priority)]
        self.feed(helpers.headers(fields, self.next_id, helpers.END_STREAM))
        self.connection.stream(self.next_id).send_response(200)
        self.windows[self.next_id] = self.initial
        self.given[self.next_id] = self.taken[self.next_id] = b""
        self.next_id += 2

    def pick(self, data: Any) -> int | None:
        candidates = sorted(set(self.windows) - self.ended)
        return data.draw(strategies.sampled_from(candidates)) if candidates else None

    @rule(data=strategies.data(), size=strategies.sampled_from([0, 1, 100, 5000, 20000, 70000]))
    def send(self, data: Any, size: int) -> None:
        number = self.pick(data)
        if number is None:
            return
        content = bytes([len(self.given[number]) % 251]) * size
        self.connection.stream(number).send_data(content)
        self.given[number] += content
        self.collect()

    @rule(data=strategies.data())
    def end(self, data: Any) -> None:
        number = self.pick(data)
        if number is not None:
            self.connection.stream(number).end_message()
            self.ended.add(number)
            self.collect()

    @rule(data=strategies.data())
    def cancel(self, data: Any) -> None:
        number = self.pick(data)
        if number is not None:
            self.connection.stream(number).reset()
            self.collect()
            del self.windows[number], self.given[number], self.taken[number]

    @rule(data=strategies.data(), size=strategies.sampled_from([1, 50, 3000, 40000]))
    def credit_stream(self, data: Any, size: int) -> None:
        number = self.pick(data)
        if number is not None:
            self.windows[number] += size
            self.feed(helpers.window_update(number, size))

    @rule(size=strategies.sampled_from([1, 50, 3000, 40000]))
    def credit_connection(self, size: int) -> None:
        self.window += size
        self.feed(helpers.window_update(0, size))

    @rule(size=strategies.sampled_from([0, 1, 1000, 65535, 100000]))
    def change_initial_window(self, size: int) -> None:
        for number in self.windows:
            self.windows[number] += size - self.initial
        self.initial = size
        self.feed(helpers.settings((4, size)))

    @invariant()
    def content_is_in_order_and_nothing_waits_without_need(self) -> None:
        for number, given in self.given.items():
            taken = self.taken[number]
            assert given.startswith(taken)
            waiting = len(given) - len(taken)
            if waiting:
                assert self.window <= 0 or self.windows[number] <= 0
            if number not in self.ended:
                stream = self.connection.stream(number)
                assert stream.pending_bytes == waiting
                assert stream.send_window == max(0, min(self.window, self.windows[number]))
        assert self.connection.send_window == max(0, self.window)


class Streams(RuleBasedStateMachine):
    """A client and a server of ours; the model knows only the requests, and what must have arrived of them."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = helpers.Pair({"auto_credit": False}, {"auto_credit": False})
        self.streams: dict[int, Any] = {}
        self.asked: dict[int, list[str]] = {}
        self.client_open: dict[int, bool] = {}  # whether the client may still send
        self.server_phase: dict[int, str] = {}
        self.seen: dict[int, list[str]] = {}

    def pump(self) -> None:
        pair = self.pair
        pair.pump()
        for events, connection in ((pair.at_server, pair.server), (pair.at_client, pair.client)):
            for event in events:
                if isinstance(event, zttp.Data):
                    connection.consume_data(event.stream_id, len(event.data))
            events_seen = [
                event for event in events if isinstance(event, zttp.Request | zttp.EndOfMessage | zttp.RstStream)
            ]
            if connection is pair.server:
                for event in events_seen:
                    self.seen.setdefault(event.stream_id, []).append(type(event).__name__)
            events.clear()
        pair.pump()

    @precondition(lambda self: len(self.client_open) < 20)
    @rule(ends=strategies.booleans())
    def request(self, ends: bool) -> None:
        stream = self.pair.client.send_request(b"POST", b"/", b"2", HOST, end_stream=ends)
        number = stream.stream_id
        self.streams[number] = stream
        self.client_open[number] = not ends
        self.server_phase[number] = "head"
        self.asked[number] = ["Request", "EndOfMessage"] if ends else ["Request"]
        self.pump()

    def pick(self, data: Any, numbers: list[int]) -> int | None:
        return data.draw(strategies.sampled_from(sorted(numbers))) if numbers else None

    def alive(self) -> list[int]:
        return [number for number, phase in self.server_phase.items() if phase != "gone"]

    @rule(data=strategies.data(), size=strategies.sampled_from([1, 1000, 300000]))
    def upload(self, data: Any, size: int) -> None:
        number = self.pick(data, [one for one in self.alive() if self.client_open[one]])
        if number is not None:
            self.streams[number].send_data(bytes(size))
            self.pump()

    @rule(data=strategies.data())
    def finish_request(self, data: Any) -> None:
        number = self.pick(data, [one for one in self.alive() if self.client_open[one]])
        if number is not None:
            self.streams[number].end_message()
            self.asked[number].append("EndOfMessage")
            self.client_open[number] = False
            self.pump()
            self.settle(number)

    @rule(data=strategies.data())
    def respond(self, data: Any) -> None:
        number = self.pick(data, [one for one in self.alive() if self.server_phase[one] == "head"])
        if number is not None:
            self.pair.server.stream(number).send_response(200)
            self.server_phase[number] = "content"
            self.pump()

    @rule(data=strategies.data())
    def finish_response(self, data: Any) -> None:
        number = self.pick(data, [one for one in self.alive() if self.server_phase[one] == "content"])
        if number is not None:
            stream = self.pair.server.stream(number)
            stream.send_data(bytes(100000))
            stream.end_message()
            self.server_phase[number] = "ended"
            self.pump()
            self.settle(number)

    @rule(data=strategies.data(), by_client=strategies.booleans())
    def reset(self, data: Any, by_client: bool) -> None:
        number = self.pick(data, self.alive())
        if number is None:
            return
        if by_client:
            self.streams[number].reset()
            self.asked[number].append("RstStream")
        else:
            self.pair.server.stream(number).reset()
        self.server_phase[number] = "gone"
        self.pump()

    def settle(self, number: int) -> None:
        if self.server_phase[number] == "ended" and not self.client_open[number]:
            self.server_phase[number] = "gone"

    @rule(data=strategies.data())
    def misuse(self, data: Any) -> None:
        number = self.pick(data, [one for one in self.server_phase if self.server_phase[one] == "gone"])
        if number is not None:
            for connection in (self.pair.server, self.pair.client):
                stream = connection.stream(number)
                stream.reset()
                with pytest.raises(zttp.LocalProtocolError, match=r"\S"):
                    stream.send_data(b"x")
                assert connection.data_to_send() == b""

    @invariant()
    def both_sides_agree(self) -> None:
        assert self.pair.server.open_streams == self.pair.client.open_streams == len(self.alive())
        for number, asked in self.asked.items():
            assert self.seen[number] == asked
        assert not self.pair.server.has_pending_send()
        assert not self.pair.client.has_pending_send()
        assert pull(self.pair.server) == []


TestFlowControl = FlowControl.TestCase
TestFlowControl.settings = FEW
TestStreams = Streams.TestCase
TestStreams.settings = FEW
