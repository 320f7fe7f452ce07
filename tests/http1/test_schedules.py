"""Schedules: input cut anywhere, events pulled at times, calls in any order, checked by the plain model of `model.py`.

Every step compares the result, or the reason of a refusal, and then the whole state of the connection. A failure shows
the seed and the steps. `SEEDS` of each role are run here; `python -m tests.http1.test_schedules 20000`
runs many more.
"""

import importlib
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import zttp
from tests.http1.model import Client, Fields, Message, Model, Server, chunked, lengthy

SEEDS = 1_600
STEPS = 45

# --------------------------------------------------------------------------------------------------------- the messages

GET = b"GET / HTTP/1.1\r\nHost: a"
POST = b"POST / HTTP/1.1\r\nHost: a"
ECHO = b"Connection: upgrade\r\nUpgrade: echo\r\n"
EXPECT = b"Expect: 100-continue\r\n"
LONG = b"Long: " + b"value " * 30 + b"\r\n"
TRAILERS = b"A: first\r\nBb: second\r\n"


def bare(head: bytes, **facts: Any) -> Message:
    return Message(head + b"\r\n\r\n", **facts)


def broken(head: bytes, body: bytes, at: int, reason: str, **facts: Any) -> Message:
    """A message that is wrong by its byte `at`, counted from the end."""
    return Message(head, body, fault=(len(head + body) + at, reason), **facts)


CHUNKED_HEAD = POST + b"\r\nTransfer-Encoding: chunked\r\n\r\n"

REQUESTS: Sequence[Message] = (
    bare(GET),
    bare(GET),
    bare(GET + b"\r\n" + LONG[:-2]),
    bare(GET + b"\r\nConnection: close", last=True),
    bare(b"GET / HTTP/1.0", last=True, old=True),
    bare(b"GET / HTTP/1.0\r\nConnection: keep-alive", old=True),
    bare(b"HEAD / HTTP/1.1\r\nHost: a", method=b"HEAD"),
    bare(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1", method=b"CONNECT"),
    bare(GET + b"\r\n" + ECHO[:-2], upgrade=b"echo"),
    lengthy(POST, b"hello"),
    lengthy(POST, b"hello", b"Content-Length: 5\r\n"),
    lengthy(POST, b"x" * 300, LONG),
    lengthy(POST, b"wait", EXPECT, expects=True),
    lengthy(POST, b"wait", EXPECT + ECHO, expects=True, upgrade=b"echo"),
    chunked(POST, [b"one", b"and two"]),
    chunked(POST, [b"one", b"two"], TRAILERS),
    chunked(POST, [b"x" * 40] * 5, TRAILERS),
    chunked(POST, [b"wait"], more=EXPECT, expects=True),
    broken(GET + b"\r\nA: b\0", b"", -1, "invalid_field_value"),
    broken(POST + b"\r\nHost: b\r\n\r\n", b"", -3, "duplicate_host"),
    broken(CHUNKED_HEAD, b"x", -1, "invalid_chunk_size"),
    broken(CHUNKED_HEAD, b"0\r\nHost: b\r\n\r\n", -3, "forbidden_trailer"),
    broken(CHUNKED_HEAD, b"0\r\nAccept: b\r\nContent-Length: 3\r\n", -1, "forbidden_trailer"),
)

OK = b"HTTP/1.1 200 OK\r\nX: y"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\n"
CLOSE: Fields = [(b"Connection", b"close")]


def responses(method: bytes) -> Sequence[Message]:
    """Responses to such a request."""
    if method == b"HEAD":
        head = bare(OK + b"\r\nContent-Length: 5", method=method)
        return (head, head, bare(OK, method=method), bare(b"HTTP/1.1 304 Not Modified", method=method, status=304))
    if method == b"CONNECT":
        switch = bare(OK, method=method)
        return (switch, switch, lengthy(b"HTTP/1.1 403 No", b"no", method=method, status=403))
    return (
        bare(b"HTTP/1.1 204 No Content", status=204),
        lengthy(OK, b"hello"),
        lengthy(OK, b"hello", LONG),
        lengthy(OK, b"bye", b"Connection: close\r\n", last=True),
        lengthy(b"HTTP/1.0 200 OK", b"bye", last=True, old=True),
        lengthy(b"HTTP/1.0 200 OK", b"stay", b"Connection: keep-alive\r\n", old=True),
        chunked(OK, [b"one", b"two"]),
        chunked(OK, [b"one", b"two"], TRAILERS),
        Message(OK + b"\r\n\r\n", b"to the end", b"to the end", range(len(OK) + 4, len(OK) + 14), to_eof=True),
        Message(SWITCHING + ECHO + b"\r\n", status=101, upgrade=b"echo"),
        Message(SWITCHING + b"Connection: upgrade\r\nUpgrade: other\r\n\r\n", status=101, upgrade=b"other"),
        Message(SWITCHING + b"\r\n", status=101),
        broken(b"HTTP/1.1 200 OK\r\nA\r\n\r\n", b"", -3, "missing_colon"),
    )


INFORMATIONAL = (
    bare(b"HTTP/1.1 100 Continue", status=100),
    bare(b"HTTP/1.1 103 Early Hints\r\nLink: </a>", status=103),
)


# -------------------------------------------------------------------------------------------------------- the schedules


class Schedule:
    """One connection and its model."""

    def __init__(self, rng: random.Random, connection: zttp.H1Connection, model: Model) -> None:
        self.rng = rng
        self.connection = connection
        self.model = model
        self.wire = model.wire
        self.log: list[str] = []

    def steps(self) -> Sequence[tuple[Callable[[], object], int]]:
        """The possible next steps, with weights."""
        raise NotImplementedError

    def run(self) -> None:
        actions, weights = zip(*self.steps(), strict=True)
        for _ in range(STEPS):
            self.rng.choices(actions, weights)[0]()
            if self.rng.random() < 0.5:  # a query may look ahead
                self.compare_answers()
        self.feed_eof()
        for _ in range(600):
            if self.pull() in ("NEED_DATA", "error"):
                break
        else:
            raise AssertionError("it does not come to rest")
        self.compare_answers()

    def compare_answers(self) -> None:
        connection, model = self.connection, self.model
        ours = (connection.should_close(), connection.is_closed(), connection.waiting_for_100)
        assert ours == (model.should_close(), model.is_closed(), model.waiting), self.log
        if (trailing := model.trailing()) is not None:
            assert connection.trailing_data == (trailing, model.eof), self.log

    def call(self, name: str, expected: str | None, *arguments: Any) -> bytes:
        """A call that sends or starts a cycle: it succeeds, or is refused for this reason and sends nothing."""
        self.log.append(f"{name}({', '.join(repr(argument)[:80] for argument in arguments)})")
        refused = None
        try:
            getattr(self.connection, name)(*arguments)
        except zttp.ProtocolError as error:
            refused = error.reason
        sent = self.connection.data_to_send()
        assert refused == expected, (expected, self.log)
        assert refused is None or sent == b"", self.log
        return sent

    def feed(self) -> None:
        model = self.model
        size = min(self.rng.choice((1, 2, 5, 17, 40, 64, 150, 1000)), len(self.wire) - model.fed)
        if model.eof or size == 0:
            return
        data = self.wire[model.fed : model.fed + size]
        self.log.append(f"feed({data!r})")
        model.feed(size)
        if self.rng.random() < 0.3:
            self.check(lambda: self.connection.receive_event(data))
        else:
            self.connection.receive_data(data)

    def feed_eof(self) -> None:
        self.log.append("feed(EOF)")
        self.model.end()
        self.connection.receive_data(b"")

    def pull(self) -> str:
        self.log.append("pull")
        return self.check(self.connection.next_event)

    def check(self, pulled: Callable[[], Any]) -> str:
        """The next event is the one that the model expects."""
        kind, what = self.model.pull()
        try:
            event = pulled()
        except zttp.RemoteProtocolError as error:
            event = error
        self.log.append(f"-> {type(event).__name__}")
        if isinstance(event, zttp.RemoteProtocolError):
            assert (kind, what) == ("error", event.reason), self.log
            assert event.offset is not None, self.log
            assert 0 <= event.offset <= self.model.fed, self.log
            assert event.status_hint is None or isinstance(self.model, Server), self.log
            return kind
        name = repr(event) if event is zttp.NEED_DATA or event is zttp.CONNECTION_CLOSED else type(event).__name__
        assert name == kind, (kind, what, self.log)
        if isinstance(event, zttp.Data):
            assert isinstance(what, bytes)
            assert event.data, self.log
            assert what.startswith(event.data), (what, event.data, self.log)
            self.model.took(event.data)
        elif isinstance(event, zttp.EndOfMessage):
            assert list(event.trailers) == what, self.log
        elif isinstance(event, zttp.Response):
            assert event.status_code == what, self.log
        return kind

    def send_data(self) -> None:
        size = self.rng.choice((1, 3, 3, 5000))
        sent = self.call("send_data", self.model.send_data(size), b"x" * size)
        if sent and isinstance(self.model, Client):
            self.model.sent()

    def end_message(self) -> None:
        self.call("end_message", self.model.end_message())

    def next_cycle(self) -> None:
        self.call("start_next_cycle", self.model.start_next_cycle())

    def maybe_eof(self) -> None:
        if self.rng.random() < 0.1:
            self.feed_eof()

    def framing(self) -> tuple[str, int, Fields]:
        kind = self.rng.choice(("length", "length", "chunked", "none"))
        size = self.rng.choice((0, 3, 6))
        fields = {"length": [(b"Content-Length", b"%d" % size)], "chunked": [(b"Transfer-Encoding", b"chunked")]}
        return kind, size, fields.get(kind, [])

    def options(self) -> tuple[set[bytes], Fields]:
        """The Connection options of the head."""
        values = [b"", b"", b"", b"close", b"keep-alive", b"close, keep-alive", b"Keep-Alive, x, Close"]
        value = self.rng.choice(values)
        said = {option.strip().lower() for option in value.split(b",")} - {b""}
        return said, [(b"Connection", value)] if value else []


def connection_options(head: bytes) -> set[bytes]:
    """The Connection options of a head."""
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    values = [value for name, _, value in (line.partition(b":") for line in lines) if name.lower() == b"connection"]
    return {option.strip().lower() for value in values for option in value.split(b",")}


class Serving(Schedule):
    """A server, with requests for its input."""

    model: Server

    def __init__(self, rng: random.Random) -> None:
        requests = rng.choices(REQUESTS, k=rng.randint(1, 5))
        super().__init__(rng, zttp.H1Connection(zttp.SERVER), Server(requests))

    def steps(self) -> Sequence[tuple[Callable[[], object], int]]:
        return (
            (self.feed, 12), (self.pull, 14), (self.respond, 5), (self.send_data, 3), (self.end_message, 5),
            (self.inform, 2), (self.next_cycle, 6), (self.maybe_eof, 1),
        )  # fmt: skip

    def respond(self) -> None:
        status = self.rng.choice((200, 200, 200, 204, 304, 404, 500, 101))
        kind, size, fields = self.framing()
        said, connection = self.options()
        if status == 204:
            kind, fields = "none", []
        to = None
        if status == 101:
            to = self.rng.choice((b"echo", b"other"))
            fields, said, connection = [(b"Upgrade", to)], {b"upgrade"}, [(b"Connection", b"upgrade")]
        if self.model.message.method == b"CONNECT" and status < 300 and kind == "chunked":
            kind, fields = "none", []
        expected = self.model.send_response(status, kind, size, said, to)
        sent = self.call("send_response", expected, status, [*connection, *fields])
        if sent and self.model.writing != "SENT_SWITCH":
            told = connection_options(sent)
            assert not {b"close", b"keep-alive"} <= told, (sent, self.log)
            assert (b"close" in told) is self.connection.should_close(), (sent, self.log)
            if self.model.message.old and not self.connection.should_close():
                assert b"keep-alive" in told, (sent, self.log)

    def inform(self) -> None:
        status = self.rng.choice((100, 103))
        self.call("send_informational", self.model.send_informational(status), status)


class Asking(Schedule):
    """A client, with responses for its input, some of them unrequested."""

    model: Client

    def __init__(self, rng: random.Random) -> None:
        self.methods = [rng.choice((b"GET", b"GET", b"GET", b"HEAD", b"CONNECT")) for _ in range(rng.randint(1, 4))]
        messages: list[Message] = []
        for method in self.methods:
            messages += rng.choices(INFORMATIONAL, k=rng.choice((0, 0, 1, 2)))
            messages.append(rng.choice(responses(method)))
            if messages[-1].to_eof:
                break  # all that follows is its content
        self.number = 0
        tail = b"" if messages[-1].to_eof else rng.choice((b"", b"surplus"))
        super().__init__(rng, zttp.H1Connection(zttp.CLIENT), Client(messages, tail))
        self.boundaries = []
        at = 0
        for message in messages:
            at += len(message.wire)
            if not 100 <= message.status < 200 or message.status == 101:
                self.boundaries.append(at)

    def steps(self) -> Sequence[tuple[Callable[[], object], int]]:
        return (
            (self.feed_one, 12), (self.pull, 14), (self.ask, 6), (self.send_data, 3), (self.end_message, 6),
            (self.next_cycle, 6), (self.maybe_eof, 1),
        )  # fmt: skip

    def feed_one(self) -> None:
        """Mostly only the answer to the request that was sent; sometimes unrequested bytes."""
        if self.rng.random() < 0.03:
            self.feed()
        elif self.model.awaiting or self.model.phase in ("BODY", "SWITCHED"):
            sent = self.boundaries[: self.number]
            limit = sent[-1] if sent and self.model.phase != "SWITCHED" else len(self.wire)
            if self.model.fed < limit:
                whole, self.wire = self.wire, self.wire[:limit]
                self.feed()
                self.wire = whole

    def ask(self) -> None:
        if self.number == len(self.methods) and not self.model.should_close() and self.model.writing == "IDLE":
            return  # there is no answer to another one
        method = self.methods[min(self.number, len(self.methods) - 1)]
        kind, size, fields = self.framing()
        said, connection = self.options()
        expects = self.rng.random() < 0.3 and method == b"GET"
        asks = b"echo" if self.rng.random() < 0.4 else None
        if expects:
            fields = [*fields, (b"Expect", b"100-continue")]
        if asks:
            fields = [*fields, (b"Upgrade", b"echo"), (b"Connection", b"upgrade")]
        target = b"a:1" if method == b"CONNECT" else b"/"
        expected = self.model.send_request(kind, size, said, expects=expects, asks=asks)
        if expected is None:
            self.number += 1
        sent = self.call("send_request", expected, method, target, b"1.1", [(b"Host", b"a"), *connection, *fields])
        if sent:
            told = connection_options(sent)
            assert not {b"close", b"keep-alive"} <= told, (sent, self.log)
            assert (b"close" in told) is self.connection.should_close(), (sent, self.log)


KINDS: dict[str, Callable[[random.Random], Schedule]] = {"server": Serving, "client": Asking}


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_connection_does_what_its_model_says(kind: Callable[[random.Random], Schedule], part: int) -> None:
    for seed in range(part, SEEDS, 4):
        kind(random.Random(seed)).run()


def forget_section(method: Any) -> Any:
    """Earlier lines are lost when the buffer is replaced."""

    def receive(self: Any, data: bytes, most: int) -> Any:
        lost = self.raw[self.at : self.at + 4]
        kept = method(self, data, most)
        if self.raw.startswith(lost) and lost and self.at == 0:
            self.at = len(lost)
        return kept

    return receive


# Past or possible faults: a method or function of the package, and its faulty replacement.
MUTANTS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "bytes are lost between two pulls": ("receive_buffer.ReceiveBuffer", "receive", forget_section),
    "lines of a section are lost": ("section.Section", "joined", lambda _: lambda self: self._lines.value()[5:]),
    "unasked bytes are taken": ("message_reader", "has_unasked", lambda _: lambda _reading: False),
    "a response may come before the request": (
        "message_reader.MessageReader", "has_request", lambda _: lambda _self: True,
    ),
    "a response answers the wrong request": (
        "connection.H1Connection", "_check_not_skipped", lambda _: lambda _self: None,
    ),
    "any switch is taken": ("head_reader", "_check_switch", lambda _: lambda _reading: None),
    "any switch is sent": ("connection.H1Connection", "_check_switch", lambda _: lambda _self, _fields: None),
    "the end of the input is not told": (
        "message_reader.MessageReader", "rest_state", lambda _: lambda _self: zttp.NEED_DATA,
    ),
    "the end of the input is told for ever": (
        "message_reader.MessageReader", "rest_state",
        lambda _: lambda self: zttp.CONNECTION_CLOSED if self.buffer.eof else zttp.NEED_DATA,
    ),
    "keep-alive stays beside close": (
        "message_writer.MessageWriter", "_take_back_keep_alive", lambda _: lambda _self, _mark: None,
    ),
    "EOF does not close": ("message_reader.MessageReader", "has_ended", lambda _: lambda _self: False),
    "the end is not looked for": ("message_reader", "look_ahead", lambda _: lambda _reading: None),
    "what was looked at is lost": (
        "message_reader.MessageReader", "_pull_ahead", lambda _: lambda self, _ahead: self._drop_ahead(),
    ),
    "what is sent does not close": (
        "message_reader.MessageReader", "ends_connection", lambda _: lambda self: self.state >= 9,
    ),
}  # fmt: skip


@pytest.mark.interpreted_only(reason="a compiled class cannot be changed")
@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_the_schedules_find(mutant: tuple[str, str, Callable[[Any], Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    place, method, change = mutant
    module, _, name = place.partition(".")
    changed = importlib.import_module(f"zttp_h1.{module}")
    if name:
        changed = getattr(changed, name)
    monkeypatch.setattr(changed, method, change(getattr(changed, method)))
    with pytest.raises((AssertionError, zttp.ProtocolError)):
        for seed in range(SEEDS):
            for kind in KINDS.values():
                kind(random.Random(seed)).run()


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        for name, make in KINDS.items():
            try:
                make(random.Random(number)).run()
            except AssertionError:
                sys.stderr.write(f"{name} {number}\n")
                raise
