"""Mutation fuzzer for HTTP/1.1: nothing that a peer sends may do more than raise a ProtocolError.

    python fuzz/http1.py --seconds 60             # until the time is over
    python fuzz/http1.py --iterations 10000 --seed 7
    python fuzz/http1.py --replay 7:1234          # one input again, with its outcome

The corpus is the wire cases of `tests/cases/http1`. Each input is some of them joined, cut and damaged. A
connection receives it whole, byte by byte, in random pieces, and in pieces between which not all events are pulled,
with the actions of a server or client in between. It checks: no exception but ProtocolError, the same events for all
cuts, an error that repeats, no event after it, no hang, and no more waiting bytes than `max_buffer`. Seed and number
identify an input.
"""

import faulthandler
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))

import zttp
import zttp_h1
from fuzz.shared.command_line import HANG_SECONDS, options_of
from tests.wire_cases import read_cases

LIMITS = {"max_line": 512, "max_headers": 12, "max_header_bytes": 2048, "max_trailers": 4, "max_trailer_bytes": 512}
MAX_BUFFER = 16 * 1024
MAX_INPUT = 12 * 1024

INTERESTING = [
    b"\r\n", b"\r", b"\n", b"\n\r", b"\r\r\n", b"\0", b" ", b"\t", b"\x0b", b"\x7f", b"\x80", b"\xff", b":", b";", b",",
    b'"', b"\\", b"=", b"#", b"0", b"00", b"1", b"5", b"f", b"0x", b"-", b"+", b"_", b"9" * 20, b"F" * 16,
    b"7" + b"f" * 15,
    b"Content-Length: 5\r\n", b"Content-Length: 5, 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: x\r\n", b"Expect: 100-continue\r\n", b"Host: a\r\n", b"chunked", b", ",
    b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2.0", b"GET / HTTP/1.1\r\n\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"a" * 600,
    b"A: b\r\n" * 14,
    b"CONNECT a:1 HTTP/1.1\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 X\r\n\r\n", b"\x16\x03\x01",
]  # fmt: skip


class FindingError(Exception):
    """A violated check: the input is in the message."""


def corpus(role: int) -> list[bytes]:
    """The bytes of the wire cases of one side, without the longest."""
    wanted = "server" if role == zttp.SERVER else "client"
    return sorted({case.data for case in read_cases("http1") if case.role == wanted and len(case.data) < 2000})


# ----------------------------------------------------------------------------------------------------------- mutations


def insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(INTERESTING) + data[at:]


def overwrite(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    word = rng.choice(INTERESTING)
    return data[:at] + word + data[at + len(word) :]


def delete(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + data[at + rng.choice((1, 1, 2, 3, 10)) :]


def set_byte(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) or 1)
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def flip_bit(data: bytes, rng: random.Random) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def repeat(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    run = data[at : at + rng.choice((1, 2, 8, 40))]
    return data[:at] + run * rng.choice((2, 3, 20)) + data[at:]


def repeat_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\r\n")
    at = rng.randrange(len(lines))
    lines.insert(rng.randrange(len(lines) + 1), lines[at])
    return b"\r\n".join(lines)


def drop_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\r\n")
    del lines[rng.randrange(len(lines))]
    return b"\r\n".join(lines)


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def other_line_end(data: bytes, rng: random.Random) -> bytes:
    places = [at for at in range(len(data)) if data.startswith(b"\r\n", at)]
    if not places:
        return data
    at = rng.choice(places)
    return data[:at] + rng.choice((b"\n", b"\r", b"\n\r", b"\r\r\n", b"\r\n ", b"")) + data[at + 2 :]


MUTATIONS: Sequence[Callable[[bytes, random.Random], bytes]] = (
    insert, insert, overwrite, delete, set_byte, flip_bit, repeat, repeat_line, drop_line, truncate, other_line_end,
)  # fmt: skip


def make_input(seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """One input: seeds joined or spliced, then damaged a few times."""
    data = rng.choice(seeds)
    while rng.random() < 0.3:
        other = rng.choice(seeds)
        data = data + other if rng.random() < 0.6 else truncate(data, rng) + other[rng.randint(0, len(other)) :]
    for _ in range(rng.choice((0, 1, 1, 2, 3, 5, 12))):
        data = rng.choice(MUTATIONS)(data, rng)
    return data[:MAX_INPUT]


# ------------------------------------------------------------------------------------------------------------- running


def cut(data: bytes, rng: random.Random) -> list[bytes]:
    """Random pieces."""
    cuts = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(1, 12)))
    starts = [0, *cuts]
    return [data[start:stop] for start, stop in zip(starts, [*cuts, len(data)], strict=True) if start < stop]


class Run:
    """One connection with one input; `log` has the events, in a form that does not depend on the cuts."""

    def __init__(self, role: int, method: bytes, answer: int) -> None:
        self.connection = zttp.Connection(role, limits=zttp.H1Limits(max_buffer=MAX_BUFFER, **LIMITS))
        self.role = role
        self.method = method
        self.answer = answer
        self.log: list[Any] = []
        self.received = 0
        self.pulled = 0
        if role == zttp.CLIENT:
            self.send_request()

    def send_request(self) -> None:
        fields = [(b"Host", b"a"), (b"Connection", b"upgrade"), (b"Upgrade", b"x")]
        self.connection.send_request(self.method, b"a:1" if self.method == b"CONNECT" else b"/", b"1.1", fields)
        self.connection.end_message()
        self.connection.data_to_send()

    def play(self, pieces: Sequence[bytes], *, eof: bool, lazy: random.Random | None = None) -> list[Any]:
        """Feeds the pieces, then EOF if wanted, and returns the log. `lazy`: not all events are pulled between them."""
        try:
            for number, piece in enumerate([*filter(None, pieces), *([b""] if eof else [])]):
                self.received += len(piece)
                if not piece:
                    self.pull(self.connection.next_event())  # whether it closes depends on the bytes read before EOF
                if lazy is not None:
                    self.connection.receive_data(piece)
                    self.pull_some(lazy.choice((0, 0, 1, 2, 3)))
                elif number % 2:
                    self.connection.receive_data(piece)
                    self.pull(self.connection.next_event())
                else:
                    self.pull(self.connection.receive_event(piece))
            self.pull(self.connection.next_event())
        except zttp.RemoteProtocolError as error:
            self.log.append(("error", error.reason, error.status_hint, error.offset))
            self.check_terminal(error)
        self.log.append(("closed", self.connection.is_closed(), self.connection.should_close()))
        return self.log

    def pull(self, event: Any) -> None:
        while not self.is_last(event):
            event = self.connection.next_event()

    def pull_some(self, most: int) -> None:
        for _ in range(most):
            if self.is_last(self.connection.next_event()):
                return

    def is_last(self, event: Any) -> bool:
        """Records the event, acts on it, and returns whether it is the last for now."""
        if event is zttp.NEED_DATA or event is zttp.CONNECTION_CLOSED:
            self.note_end(event)
            return True
        self.note(event)
        if isinstance(event, zttp.EndOfMessage):
            self.next_message()
        return False

    def note_end(self, event: Any) -> None:
        if event is zttp.CONNECTION_CLOSED and self.log[-1:] != ["CONNECTION_CLOSED"]:
            self.log.append("CONNECTION_CLOSED")

    def note(self, event: Any) -> None:
        self.pulled += 1
        if self.pulled > 4 * self.received + 8:
            raise FindingError("more events than bytes")
        if isinstance(event, zttp.Data):
            if not event.data:
                raise FindingError("an empty Data")
            if self.log and self.log[-1][0] == "data":
                self.log[-1] = ("data", self.log[-1][1] + event.data)
            else:
                self.log.append(("data", event.data))
        elif isinstance(event, zttp.EndOfMessage):
            self.log.append(("end", list(event.trailers)))
        elif isinstance(event, zttp.Request):
            flags = (event.http_version, event.end_stream, event.expect_continue)
            self.log.append(("request", event.method, event.target, flags, event.headers.to_list()))
        else:
            flags = (event.http_version, event.end_stream, event.is_informational)
            self.log.append(("response", event.status_code, event.reason, flags, event.headers.to_list()))

    def next_message(self) -> None:
        """The actions of a caller between two messages: answer, and start the next cycle if possible."""
        connection = self.connection
        try:
            if self.role == zttp.SERVER:
                if self.answer:
                    connection.send_response(self.answer, [(b"Content-Length", b"0")])
                    connection.end_message()
                    connection.data_to_send()
                connection.start_next_cycle()
            else:
                # Bytes after a response were not requested: whether they have arrived depends on the cuts.
                return
            self.log.append("next cycle")
        except zttp.LocalProtocolError as error:
            self.log.append(("refused", error.reason))

    def check_terminal(self, error: zttp.RemoteProtocolError) -> None:
        for _ in range(2):
            try:
                event = self.connection.next_event()
            except zttp.RemoteProtocolError as again:
                if (again.reason, again.offset) != (error.reason, error.offset):
                    raise FindingError(f"another error after the first: {again.reason} after {error.reason}") from again
            else:
                raise FindingError(f"an event after an error: {event!r}")
        if error.offset is None or not 0 <= error.offset <= self.received:
            raise FindingError(f"an error at {error.offset}, with {self.received} bytes received")


def check(data: bytes, rng: random.Random) -> list[Any]:
    """Feeds `data` to connections in several cuts; returns the log, or raises FindingError."""
    role = rng.choice((zttp.SERVER, zttp.SERVER, zttp.CLIENT))
    method = rng.choice((b"GET", b"GET", b"HEAD", b"CONNECT", b"POST"))
    answer = rng.choice((0, 0, 200, 204, 404))
    eof = rng.random() < 0.3
    whole = Run(role, method, answer).play([data], eof=eof)
    cuts = {"byte by byte": [data[at : at + 1] for at in range(len(data))], "random pieces": cut(data, rng)}
    for name, pieces in cuts.items():
        log = Run(role, method, answer).play(pieces, eof=eof)
        if log != whole:
            raise FindingError(f"{name}, the outcome differs:\n  whole  {whole}\n  pieces {log}")
    log = Run(role, method, answer).play(cut(data, rng), eof=eof, lazy=rng)
    if log != whole:
        raise FindingError(f"pulled at times, the outcome differs:\n  whole  {whole}\n  pieces {log}")
    return whole


def inputs(seed: int, start: int = 0) -> Iterator[tuple[int, bytes, random.Random]]:
    """Endless inputs, each with its number and its own random source."""
    seeds = [*corpus(zttp.SERVER), *corpus(zttp.CLIENT)]
    number = start
    while True:
        rng = random.Random(f"{seed}:{number}")
        yield number, make_input(seeds, rng), rng
        number += 1


def fuzz(seed: int, *, iterations: int | None = None, seconds: float | None = None, start: int = 0) -> int:
    """Runs until the iterations or the seconds are over; returns the number of inputs, or raises FindingError."""
    until = time.monotonic() + seconds if seconds is not None else None
    done = 0
    for number, data, rng in inputs(seed, start):
        if done == iterations or (until is not None and time.monotonic() >= until):
            break
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        try:
            check(data, rng)
        except Exception as error:
            raise FindingError(f"--replay {seed}:{number}: {data!r}: {type(error).__name__}: {error}") from error
        finally:
            faulthandler.cancel_dump_traceback_later()
        done += 1
    return done


def replay(what: str) -> None:
    """Shows one input and its outcome."""
    seed, number = map(int, what.split(":"))
    _, data, rng = next(inputs(seed, number))
    print(f"input: {data!r}")
    for line in check(data, rng):
        print(f"  {line}")


def main() -> None:
    options = options_of(__doc__)
    if options.replay:
        replay(options.replay)
        return
    build = "compiled" if zttp_h1.COMPILED else "interpreted"
    began = time.monotonic()
    done = fuzz(options.seed, iterations=options.iterations, seconds=options.seconds, start=options.start)
    print(f"{done} inputs, seed {options.seed}, {build}, {time.monotonic() - began:.1f} s: nothing found")


if __name__ == "__main__":
    main()
