"""Random schedules of two connected HTTP/2 endpoints, with conditions that must be true of each, by a plain model.

Every step is one call of one side, or some octets that arrive, or some events that are pulled. The model has the
content given to each message and the content that arrived; of windows it knows only that they are finite, and that a
side that returns credit receives everything in the end.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import zttp
from tests.http2.helpers import DATA, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE

INITIAL_WINDOW_SIZE = 4
REFUSED_STREAM = 7
SIZES = (0, 1, 10, 100, 1000, 5000, 20_000, 70_000, 150_000)
CUTS = (1, 5, 9, 30, 200, 3000, 20_000, 1 << 30)
WINDOWS = (0, 1, 50, 1000, 16_384, 65_535, 100_000, 262_144)
PATTERN = bytes(number * 37 % 251 for number in range(251)) * 8000
MOST_GIVEN = 400_000
REQUEST = [(b"host", b"example.com"), (b"x-a", b"b")]
TRAILERS = [(b"x-trailer", b"1")]


class Message:
    """One direction of one stream: the content given, and the content that arrived."""

    def __init__(self) -> None:
        self.given = 0
        self.begun = False
        self.ended = False
        self.received = 0
        self.complete = False

    def give(self, size: int) -> bytes:
        start = self.given
        self.given += size
        return PATTERN[start : self.given]

    def take(self, data: bytes) -> None:
        assert not self.complete
        assert data == PATTERN[self.received : self.received + len(data)], "content came out of order"
        self.received += len(data)
        assert self.received <= self.given


class Stream:
    """The two messages of a stream, by sender; after one side has reset it, nothing more is expected."""

    def __init__(self) -> None:
        self.client = Message()
        self.server = Message()
        self.is_reset = False


class Side(Protocol):
    """One endpoint, of any library."""

    def open(self) -> int | None: ...
    def respond(self, stream_id: int) -> None: ...
    def give(self, stream_id: int, data: bytes) -> bool: ...
    def end(self, stream_id: int, trailers: bool) -> bool: ...
    def reset(self, stream_id: int) -> None: ...
    def ping(self) -> None: ...
    def set_window(self, size: int) -> None: ...
    def prioritize(self, stream_id: int, urgency: int, incremental: bool) -> None: ...
    def take(self) -> bytes: ...
    def receive(self, data: bytes) -> None: ...
    def pull(self, most: int) -> Iterator[Any]: ...
    def consume(self, most: int) -> None: ...


class Ours:
    """A connection of ours."""

    def __init__(self, role: int, auto_credit: bool, **limits: int) -> None:
        self.connection = zttp.Connection(role, "h2", limits=zttp.H2Limits(**limits), auto_credit=auto_credit)
        self.connection.initiate_connection()
        self.unreturned: list[tuple[int, int]] = []
        self.auto_credit = auto_credit
        self.window = limits["initial_window_size"]

    def open(self) -> int | None:
        if not self.connection.can_open_stream:
            return None
        return self.connection.send_request(b"POST", b"/", b"2", REQUEST).stream_id

    def respond(self, stream_id: int) -> None:
        self.connection.stream(stream_id).send_response(200, [(b"x-b", b"%d" % stream_id)])

    def give(self, stream_id: int, data: bytes) -> bool:
        stream = self.connection.stream(stream_id)
        window, waiting = stream.send_window, stream.pending_bytes
        assert window is not None
        assert waiting is not None
        assert window >= 0
        assert self.connection.send_window >= 0
        stream.send_data(data)
        return True

    def end(self, stream_id: int, trailers: bool) -> bool:
        self.connection.stream(stream_id).end_message(TRAILERS if trailers else None)
        return True

    def reset(self, stream_id: int) -> None:
        self.connection.stream(stream_id).reset()

    def ping(self) -> None:
        self.connection.ping()

    def set_window(self, size: int) -> None:
        self.connection.update_settings({INITIAL_WINDOW_SIZE: size})
        self.window = size

    def prioritize(self, stream_id: int, urgency: int, incremental: bool) -> None:
        if self.connection.role == zttp.CLIENT and self.connection.stream(stream_id).send_window is not None:
            self.connection.update_priority(stream_id, urgency, incremental)

    def take(self) -> bytes:
        data = self.connection.data_to_send()
        assert self.connection.pending_bytes >= 0
        return data

    def receive(self, data: bytes) -> None:
        self.connection.receive_data(data)

    def pull(self, most: int) -> Iterator[Any]:
        for _ in range(most):
            event = self.connection.next_event()
            if event is zttp.NEED_DATA:
                return
            if isinstance(event, zttp.Data) and not self.auto_credit:
                self.unreturned.append((event.stream_id, len(event.data)))
            elif isinstance(event, zttp.RstStream):
                self.unreturned = [unreturned for unreturned in self.unreturned if unreturned[0] != event.stream_id]
            yield event

    def consume(self, most: int) -> None:
        while self.unreturned and most:
            stream_id, size = self.unreturned.pop(0)
            part = min(size, most)
            self.connection.consume_data(stream_id, part)
            if part < size:
                self.unreturned.insert(0, (stream_id, size - part))
            most -= part


class Accounts:
    """The windows of one direction, by the frames alone: the credit of its sender after all of them arrived."""

    def __init__(self) -> None:
        self.connection = 65_535
        self.initial = 65_535
        self.streams: dict[int, int] = {}

    def sent(self, kind: int, stream_id: int, payload: bytes) -> None:
        """A frame of the direction's sender."""
        if kind == HEADERS:
            self.streams.setdefault(stream_id, self.initial)
        elif kind == DATA:
            self.connection -= len(payload)
            self.streams[stream_id] -= len(payload)

    def answered(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        """A frame of the direction's receiver."""
        number = int.from_bytes(payload[-4:])
        if kind == WINDOW_UPDATE and stream_id == 0:
            self.connection += number
        elif kind == WINDOW_UPDATE and stream_id in self.streams:
            self.streams[stream_id] += number
        elif kind == SETTINGS and flags == 0:
            for at in range(0, len(payload), 6):
                if int.from_bytes(payload[at : at + 2]) == INITIAL_WINDOW_SIZE:
                    value = int.from_bytes(payload[at + 2 : at + 6])
                    for known in self.streams:
                        self.streams[known] += value - self.initial
                    self.initial = value


class Schedule:
    """Two sides, the octets between them, and the model."""

    def __init__(self, chance: random.Random, client: Side, server: Side) -> None:
        self.chance = chance
        self.sides = {"client": client, "server": server}
        self.wires = {"client": b"", "server": b""}  # by reader
        self.streams: dict[int, Stream] = {}
        self.accounts = {"client": Accounts(), "server": Accounts()}
        self.unread = {"client": b"", "server": b""}  # by writer
        self.preface = 24
        self.requested: set[int] = set()
        self.refused: set[int] = set()  # because there were too many
        self.shut: set[str] = set()  # the sides that shut the connection down

    # ---------------------------------------------------------------------------------------------------------- steps

    def step(self) -> None:
        """One step of one side."""
        name = self.chance.choice(("client", "server"))
        side = self.sides[name]
        steps: list[tuple[int, Callable[[], object]]] = [
            (5, lambda: self.take(name)),
            (6, lambda: self.deliver(name, self.chance.choice(CUTS))),
            (6, lambda: self.pull(name, self.chance.choice((1, 2, 5, 1000)))),
            (4, lambda: side.consume(self.chance.choice((1, 100, 5000, 1 << 30)))),
            (8, lambda: self.give(name)),
            (2, lambda: self.end(name)),
            (2, lambda: side.set_window(self.chance.choice(WINDOWS))),
            (1, side.ping),
            (1, lambda: self.reset(name)),
            (1, lambda: self.prioritize(name)),
            (1, lambda: self.shut_down(name)),
            (3, self.open if name == "client" else self.respond),
        ]
        self.chance.choices([run for _, run in steps], [weight for weight, _ in steps])[0]()

    def message(self, name: str) -> tuple[int, Message] | None:
        """A message that this side can continue."""
        found = [
            (number, getattr(stream, name))
            for number, stream in self.streams.items()
            if not stream.is_reset and getattr(stream, name).begun and not getattr(stream, name).ended
        ]
        return self.chance.choice(found) if found else None

    def open(self) -> None:
        number = self.sides["client"].open()
        if number is not None:
            self.streams[number] = Stream()
            self.streams[number].client.begun = True

    def respond(self) -> None:
        for number, stream in self.streams.items():
            if number in self.requested and not stream.is_reset and not stream.server.begun:
                self.sides["server"].respond(number)
                stream.server.begun = True
                return

    def give(self, name: str) -> None:
        chosen = self.message(name)
        if chosen is not None and chosen[1].given < MOST_GIVEN:
            number, message = chosen
            size = self.chance.choice(SIZES)
            if self.sides[name].give(number, PATTERN[message.given : message.given + size]):
                message.give(size)

    def end(self, name: str) -> None:
        chosen = self.message(name)
        if chosen is not None and self.sides[name].end(chosen[0], self.chance.random() < 0.3):
            chosen[1].ended = True

    def reset(self, name: str) -> None:
        chosen = self.message(name)
        if chosen is not None:
            self.sides[name].reset(chosen[0])
            self.streams[chosen[0]].is_reset = True
            self.forget(chosen[0])

    def prioritize(self, name: str) -> None:
        chosen = self.message(name)
        if chosen is not None:
            self.sides[name].prioritize(chosen[0], self.chance.randrange(8), self.chance.random() < 0.5)

    def shut_down(self, name: str) -> None:
        """Sometimes, if both sides are ours: for others a GOAWAY is the end."""
        side = self.sides[name]
        if isinstance(side, Ours) and all(isinstance(other, Ours) for other in self.sides.values()):
            if self.chance.random() < 0.1:
                side.connection.shutdown()
                self.shut.add(name)

    def take(self, name: str) -> int:
        """Put the output of one side on the wire, and account for its frames."""
        data = self.sides[name].take()
        self.wires["server" if name == "client" else "client"] += data
        unread = self.unread[name] + data
        if name == "client" and self.preface:
            dropped = min(self.preface, len(unread))
            unread, self.preface = unread[dropped:], self.preface - dropped
        while len(unread) >= 9 and len(unread) >= 9 + int.from_bytes(unread[:3]):
            stop = 9 + int.from_bytes(unread[:3])
            kind, flags, number, payload = unread[3], unread[4], int.from_bytes(unread[5:9]), unread[9:stop]
            other = "server" if name == "client" else "client"
            self.accounts[name].sent(kind, number, payload)
            self.accounts[other].answered(kind, flags, number, payload)
            if kind == RST_STREAM and int.from_bytes(payload) == REFUSED_STREAM:
                self.refused.add(number)  # hyper-h2 reports it only in this way
            elif kind == RST_STREAM:
                assert self.streams[number].is_reset, "a stream was rejected"
            unread = unread[stop:]
        self.unread[name] = unread
        return len(data)

    def deliver(self, name: str, size: int) -> int:
        """Let octets arrive at one side."""
        data, self.wires[name] = self.wires[name][:size], self.wires[name][size:]
        if data:
            self.sides[name].receive(data)
        return len(data)

    def pull(self, name: str, most: int) -> int:
        """Pull events, and compare with the content given."""
        count = 0
        for event in self.sides[name].pull(most):
            count += 1
            number = event.stream_id
            if number == 0 or number not in self.streams:
                continue
            stream = self.streams[number]
            message = stream.server if name == "client" else stream.client
            if isinstance(event, zttp.Request):
                self.requested.add(number)
            elif isinstance(event, zttp.RstStream):
                # Before it saw the server's SETTINGS, a client may have opened too many. A shutdown refuses nothing.
                if name == "server" and event.error_code == REFUSED_STREAM:
                    self.refused.add(number)
                assert stream.is_reset or (number in self.refused and number not in self.requested)
                stream.is_reset = True
                self.forget(number)
            elif stream.is_reset:
                continue
            elif isinstance(event, zttp.Data):
                message.take(event.data)
            elif isinstance(event, zttp.EndOfMessage):
                assert message.ended
                assert message.received == message.given
                message.complete = True
        return count

    def forget(self, number: int) -> None:
        """Forget the content of a stream that was reset: the reset has returned its credit."""
        for side in self.sides.values():
            if isinstance(side, Ours):
                side.unreturned = [unreturned for unreturned in side.unreturned if unreturned[0] != number]

    # ------------------------------------------------------------------------------------------------------- the end

    def finish(self) -> None:
        """End every message, let everything flow, and check that all arrives."""
        for name, side in self.sides.items():
            if getattr(side, "window", 1) == 0:
                side.set_window(1000)
            for stream_number, stream in self.streams.items():
                message: Message = getattr(stream, name)
                if message.begun and not message.ended and not stream.is_reset:
                    message.ended = side.end(stream_number, False)
        self.settle()
        for number, stream in self.streams.items():
            for name in ("client", "server"):
                message = getattr(stream, name)
                if message.ended and not stream.is_reset:
                    assert message.received == message.given, f"stream {number} of the {name} stalls"
                    assert message.complete
        for name, side in self.sides.items():
            if isinstance(side, Ours):
                self.check_quiet(name, side.connection)
                if name in self.shut:
                    assert side.connection.is_closed() is (side.connection.open_streams == 0)
                if self.shut and name == "client":
                    assert not side.connection.can_open_stream

    def settle(self) -> None:
        """Transmit and pull until nothing changes."""
        quiet = 0
        while quiet < 2:
            moved = 0
            for name, side in self.sides.items():
                moved += self.take(name) + self.deliver(name, 1 << 30) + self.pull(name, 1 << 30)
                side.consume(1 << 30)
            quiet = 0 if moved else quiet + 1

    def check_quiet(self, name: str, connection: zttp.H2Connection) -> None:
        """Check that nothing waits, and that the windows agree with the frames."""
        accounts = self.accounts[name]
        assert not connection.has_pending_send()
        assert connection.pending_bytes == 0
        assert connection.send_window == accounts.connection
        for number, window in accounts.streams.items():
            stream = connection.stream(number)
            if stream.send_window is not None:
                assert stream.send_window == max(0, min(window, accounts.connection))


def run(schedule: Schedule, steps: int) -> None:
    for _ in range(steps):
        schedule.step()
    schedule.finish()
