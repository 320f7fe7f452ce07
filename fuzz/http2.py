"""Mutation fuzzer for HTTP/2: nothing that a peer sends may do more than raise a ProtocolError.

    python fuzz/http2.py --seconds 60             # until the time is over
    python fuzz/http2.py --iterations 10000 --seed 7
    python fuzz/http2.py --replay 7:1234          # one input again, with its outcome

The corpus is the wire cases of `tests/cases/http2`. Each input is frames of some of them joined, reordered,
renumbered and damaged. A connection receives it whole, byte by byte and in random pieces, with the actions of a server
or client in between. It checks: no exception but ProtocolError; the same events for all cuts; the output is complete,
legal frames within the window of the connection, after a connection error a GOAWAY with its code and nothing more; an
error that repeats; no hang; no more events than bytes and no more streams than allowed; fields that HTTP/1.1 can carry.
Seed and number identify an input.
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
import zttp_h2
from fuzz.shared.command_line import HANG_SECONDS, options_of
from tests.http2.frame_language import PREFACE, Frame, frame, frame_bytes, split_frames
from tests.http2.player import OPENING, read_cases

LIMITS = {
    "max_concurrent_streams": 8, "max_header_list_size": 2048, "max_field_block_bytes": 1024,
    "max_continuation_frames": 4, "max_stream_resets": 6, "max_control_frames": 24, "max_buffer": 64 * 1024,
    "max_blocked_bytes": 10_000, "initial_window_size": 4096, "connection_window_size": 65_535,
    "max_connection_window": 65_535,
}  # fmt: skip
MAX_INPUT = 12 * 1024
DEFAULT_WINDOW = 65_535

INTERESTING_FRAMES = [
    frame_bytes(line)
    for line in (
        "SETTINGS", "SETTINGS ACK", "SETTINGS | INITIAL_WINDOW_SIZE=0", "SETTINGS | INITIAL_WINDOW_SIZE=100000",
        "SETTINGS | MAX_FRAME_SIZE=16777215", "SETTINGS | HEADER_TABLE_SIZE=0", "SETTINGS | HEADER_TABLE_SIZE=65536",
        "SETTINGS | MAX_CONCURRENT_STREAMS=1", 'PING | "8 octets"', "GOAWAY last=0 NO_ERROR", "GOAWAY last=1 NO_ERROR",
        "WINDOW_UPDATE stream=0 increment=1", "WINDOW_UPDATE stream=1 increment=1", "RST_STREAM stream=1 CANCEL",
        "WINDOW_UPDATE stream=0 increment=2147418112", "WINDOW_UPDATE stream=1 increment=0", "PRIORITY stream=1",
        "HEADERS stream=1 END_HEADERS | GET", "HEADERS stream=1 END_STREAM END_HEADERS | 200",
        "HEADERS stream=1 | POST",
        "HEADERS stream=3 END_STREAM END_HEADERS | GET | +x-a: 1", "HEADERS stream=5 END_HEADERS | POST | #62",
        "HEADERS stream=7 END_HEADERS | :method: CONNECT | :authority: a:1",
        "HEADERS stream=1 END_HEADERS | :status: 103",
        "CONTINUATION stream=1 END_HEADERS", 'DATA stream=1 | "content"', "DATA stream=1 END_STREAM",
        'DATA stream=1 padding=9 | "x"', 'DATA stream=3 | "\\{4096*x}"', 'PRIORITY_UPDATE prioritized=1 | "u=0, i"',
        'PRIORITY_UPDATE prioritized=9 | "u=7"', "PUSH_PROMISE stream=1 promised=2 END_HEADERS | GET",
        "FRAME type=0xbb", "HEADERS stream=1 END_STREAM END_HEADERS | x-t: 1",
    )
]  # fmt: skip
OPEN_STREAMS = ["HEADERS stream=1 END_HEADERS | POST", "HEADERS stream=3 END_STREAM END_HEADERS | GET"]
INTERESTING_BYTES = [
    b"\0",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x20",
    b"\x3f\xe1\x1f",
    b"\xbe",
]


class FindingError(Exception):
    """A violated check: the input is in the message."""


def corpus(role: int) -> list[bytes]:
    """The bytes of the wire cases of one side, without the longest; those without a preface get none."""
    wanted = "server" if role == zttp.SERVER else "client"
    cases = [case for case in read_cases() if case.role == wanted and len(case.data) < 2000]
    return sorted({case.data.removeprefix(PREFACE) for case in cases})


# ----------------------------------------------------------------------------------------------------------- mutations


def frames_of(data: bytes) -> list[bytes]:
    """The frames of an input, the last one perhaps incomplete."""
    frames = []
    while data:
        stop = 9 + int.from_bytes(data[:3])
        frames.append(data[:stop])
        data = data[stop:]
    return frames


def add_frame(frames: list[bytes], rng: random.Random) -> None:
    frames.insert(rng.randint(0, len(frames)), rng.choice(INTERESTING_FRAMES))


def repeat_frame(frames: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(frames))
    frames[at:at] = [frames[at]] * rng.choice((1, 1, 2, 5, 30))


def drop_frame(frames: list[bytes], rng: random.Random) -> None:
    del frames[rng.randrange(len(frames))]


def move_frame(frames: list[bytes], rng: random.Random) -> None:
    frames.insert(rng.randrange(len(frames)), frames.pop(rng.randrange(len(frames))))


def renumber(frames: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(frames))
    number = rng.choice((0, 1, 1, 1, 2, 3, 3, 5, 7, 9, 11, 2**31 - 1, 2**32 - 1))
    frames[at] = frames[at][:5] + number.to_bytes(4) + frames[at][9:]


def change_flags(frames: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(frames))
    if len(frames[at]) > 4:
        flags = frames[at][4] ^ rng.choice((0x1, 0x4, 0x8, 0x20, rng.randrange(256)))
        frames[at] = frames[at][:4] + bytes([flags]) + frames[at][5:]


def change_type(frames: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(frames))
    frames[at] = frames[at][:3] + bytes([rng.choice((*range(10), 0x10, 0xBB))]) + frames[at][4:]


def change_payload(frames: list[bytes], rng: random.Random) -> None:
    """Damages a payload and, mostly, states its new length."""
    at = rng.randrange(len(frames))
    head, payload = frames[at][:9], frames[at][9:]
    place = rng.randint(0, len(payload))
    word = rng.choice((*INTERESTING_BYTES, b"", rng.randbytes(3)))
    payload = payload[:place] + word + payload[place + rng.choice((0, len(word), 1, 4)) :]
    size = len(payload).to_bytes(3) if rng.random() < 0.9 else head[:3]
    frames[at] = size + head[3:] + payload


def cut_block(frames: list[bytes], rng: random.Random) -> None:
    """Continues a HEADERS frame somewhere with CONTINUATION."""
    at = rng.randrange(len(frames))
    whole = frames[at]
    if len(whole) > 10 and whole[3] == 0x1 and not whole[4] & 0x28:
        place = rng.randint(9, len(whole))
        stream_id = int.from_bytes(whole[5:9])
        frames[at : at + 1] = [
            frame(0x1, whole[4] & ~0x4, stream_id, whole[9:place]), frame(0x9, 0x4, stream_id, whole[place:])
        ]  # fmt: skip


def damage(frames: list[bytes], rng: random.Random) -> None:
    data = bytearray(b"".join(frames))
    for _ in range(rng.choice((1, 1, 2, 8))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    frames[:] = frames_of(bytes(data))


MUTATIONS: Sequence[Callable[[list[bytes], random.Random], None]] = (
    add_frame, add_frame, add_frame, repeat_frame, drop_frame, move_frame, renumber, renumber, change_flags,
    change_type, change_payload, change_payload, cut_block, damage,
)  # fmt: skip


def make_input(seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """One input: the frames of some seeds, often after streams were opened, then changed a few times."""
    frames = [frame_bytes(line) for line in (*OPEN_STREAMS,) if rng.random() < 0.3]
    frames += frames_of(rng.choice(seeds))
    while rng.random() < 0.4:
        frames += frames_of(rng.choice(seeds))
    for _ in range(rng.choice((0, 1, 2, 3, 5, 12))):
        if not frames:
            frames = [frame_bytes("SETTINGS")]
        rng.choice(MUTATIONS)(frames, rng)
    data = b"".join(frames)[:MAX_INPUT]
    return data[: rng.randint(0, len(data))] if rng.random() < 0.1 else data


# ------------------------------------------------------------------------------------------------------------- running


def cut(data: bytes, rng: random.Random) -> list[bytes]:
    """Random pieces."""
    cuts = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(1, 12)))
    return [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True) if start < stop]


class Output:
    """The output of one side, which is checked against the rules for it."""

    def __init__(self) -> None:
        self.window = DEFAULT_WINDOW
        self.ended: set[int] = set()
        self.last: Frame | None = None

    def take(self, data: bytes) -> None:
        """Reads the output; FindingError if it is not complete frames, or not allowed."""
        for sent in split_frames(data):
            if self.last is not None and self.last.type == 0x7 and self.last.payload[4:8] != bytes(4):
                raise FindingError("a frame after the GOAWAY of an error")
            self.check(sent)
            self.last = sent

    def check(self, sent: Frame) -> None:
        if sent.type not in (0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x8, 0x9) or len(sent.payload) > 65_536:
            raise FindingError(f"a frame that we do not send: {sent}")
        if sent.type in (0x4, 0x6, 0x7) and sent.stream_id != 0:
            raise FindingError(f"on a stream: {sent}")
        if sent.type == 0x4 and len(sent.payload) % 6:
            raise FindingError(f"SETTINGS of {len(sent.payload)} octets")
        if sent.type == 0x8 and not 0 < int.from_bytes(sent.payload) < 2**31:
            raise FindingError(f"an invalid increment: {sent}")
        if sent.type == 0x0:
            if sent.stream_id in self.ended:
                raise FindingError(f"content after the end: {sent}")
            self.window -= len(sent.payload)
        if sent.type in (0x0, 0x1) and sent.flags & 0x1:
            if sent.stream_id in self.ended:
                raise FindingError(f"two ends: {sent}")
            self.ended.add(sent.stream_id)
        if sent.type == 0x3:
            self.ended.add(sent.stream_id)


class Run:
    """One connection with one input; `log` has the events, in a form that does not depend on the cuts."""

    def __init__(self, role: int, *, answer: int, auto_credit: bool) -> None:
        self.role = role
        self.answer = answer
        self.connection = zttp.Connection(
            role, "h2", limits=zttp.H2Limits(**LIMITS), auto_credit=auto_credit, **self.options(role)
        )
        self.output = Output()
        self.log: list[Any] = []
        self.received = 0
        self.pulled = 0
        if role == zttp.CLIENT:
            for number in range(3):
                stream = self.connection.send_request(b"POST", b"/%d" % number, b"2", [(b"host", b"a")])
                if number:
                    stream.send_data(bytes(100 * number))
                    stream.end_message()

    @staticmethod
    def options(role: int) -> dict[str, Any]:
        return {"enable_connect_protocol": True} if role == zttp.SERVER else {}

    def play(self, pieces: Sequence[bytes], *, eof: bool) -> list[Any]:
        """Feeds the pieces, then EOF if wanted, and returns the log."""
        try:
            for piece in [*filter(None, pieces), *([b""] if eof else [])]:
                self.received += len(piece)
                self.connection.receive_data(piece)
                self.pull()
        except zttp.RemoteProtocolError as error:
            self.log.append(("error", error.reason, error.error_code, error.offset))
            self.check_terminal(error)
        self.log.append(("end", self.connection.is_closed(), self.connection.open_streams))
        return self.log

    def pull(self) -> None:
        connection = self.connection
        while True:
            event = connection.next_event()
            if event is zttp.NEED_DATA or event is zttp.CONNECTION_CLOSED:
                break
            self.pulled += 1
            if self.pulled > 2 * self.received + 16:
                raise FindingError("more events than bytes")
            self.note(event)
            if isinstance(event, zttp.EndOfMessage) and self.role == zttp.SERVER:
                self.respond(event.stream_id)
            if connection.open_streams > LIMITS["max_concurrent_streams"]:
                raise FindingError(f"{connection.open_streams} streams are open")
        self.output.take(connection.data_to_send())

    def note(self, event: Any) -> None:
        if isinstance(event, zttp.Data):
            if not event.data:
                raise FindingError("an empty Data")
            if self.log and self.log[-1][:2] == ("data", event.stream_id):
                self.log[-1] = ("data", event.stream_id, self.log[-1][2] + event.data)
            else:
                self.log.append(("data", event.stream_id, event.data))
        elif isinstance(event, (zttp.Request, zttp.Response)):
            self.log.append((repr(event), event.headers.to_list()))
            for name, value in event.headers:
                if (
                    not name
                    or name != name.lower()
                    or b":" in name
                    or any(octet in b"\r\n\0" for octet in name + value)
                ):
                    raise FindingError(f"an invalid field: {name!r}: {value!r}")
        else:
            self.log.append((repr(event),))

    def respond(self, stream_id: int) -> None:
        """The actions of a server for a request."""
        try:
            stream = self.connection.stream(stream_id)
            if self.answer == 0:
                stream.reset()
            elif self.answer != 1:
                stream.send_response(self.answer, [(b"x-a", b"1")])
                stream.send_data(bytes(3000))
                stream.end_message([(b"x-t", b"1")])
        except zttp.LocalProtocolError as error:
            self.log.append(("refused", error.reason))

    def check_terminal(self, error: zttp.RemoteProtocolError) -> None:
        connection = self.connection
        self.output.take(connection.data_to_send())
        for _ in range(2):
            try:
                event = connection.next_event()
            except zttp.RemoteProtocolError as again:
                if (again.reason, again.offset) != (error.reason, error.offset):
                    raise FindingError(f"another error after the first: {again.reason} after {error.reason}") from again
            else:
                raise FindingError(f"an event after an error: {event!r}")
        last = self.output.last
        if error.error_code is not None and (last is None or int.from_bytes(last.payload[4:8]) != error.error_code):
            raise FindingError(f"{error.reason} without its GOAWAY, but {last}")
        if error.offset is None or not 0 <= error.offset <= self.received:
            raise FindingError(f"an error at {error.offset}, with {self.received} bytes received")
        if connection.open_streams or not connection.is_closed() or connection.data_to_send():
            raise FindingError("something continues after an error")


def credit_of(data: bytes) -> int:
    """The largest window of the connection that the peer can have granted: an upper bound for the content sent."""
    granted = DEFAULT_WINDOW
    for piece in frames_of(data):
        if len(piece) == 13 and piece[3] == 0x8 and int.from_bytes(piece[5:9]) & 0x7FFFFFFF == 0:
            granted += int.from_bytes(piece[9:13]) & 0x7FFFFFFF
    return granted


def agrees(log: list[Any], whole: list[Any]) -> bool:
    """Return whether the pieces have the same outcome as the whole.

    An abuse limit may be reached later: a PING is a keepalive if its answer was taken before more bytes came.
    """
    flooded = [at for at, item in enumerate(whole) if item[:2] == ("error", "too_many_control_frames")]
    return log[: flooded[0]] == whole[: flooded[0]] if flooded else log == whole


def check(role: int, data: bytes, rng: random.Random) -> list[Any]:
    """Feeds `data` to connections in several cuts; returns the log, or raises FindingError."""
    options: dict[str, Any] = {"answer": rng.choice((0, 1, 200, 204, 404)), "auto_credit": rng.random() < 0.7}
    eof = rng.random() < 0.3
    if rng.random() < 0.95:
        data = OPENING["server" if role == zttp.SERVER else "client"] + data
    run = Run(role, **options)
    whole = run.play([data], eof=eof)
    if DEFAULT_WINDOW - run.output.window > credit_of(data.removeprefix(PREFACE)):
        raise FindingError("more content was sent than the window allows")
    cuts = {"byte by byte": [data[at : at + 1] for at in range(len(data))], "random pieces": cut(data, rng)}
    for name, pieces in cuts.items():
        log = Run(role, **options).play(pieces, eof=eof)
        if not agrees(log, whole):
            raise FindingError(f"{name}, the outcome differs:\n  whole  {whole}\n  pieces {log}")
    return whole


def inputs(seed: int, start: int = 0) -> Iterator[tuple[int, int, bytes, random.Random]]:
    """Endless inputs, each with its number, its receiver, and its own random source."""
    seeds = {role: corpus(role) for role in (zttp.SERVER, zttp.CLIENT)}
    number = start
    while True:
        rng = random.Random(f"{seed}:{number}")
        role = rng.choice((zttp.SERVER, zttp.SERVER, zttp.CLIENT))
        yield number, role, make_input(seeds[role], rng), rng
        number += 1


def fuzz(seed: int, *, iterations: int | None = None, seconds: float | None = None, start: int = 0) -> int:
    """Runs until the iterations or the seconds are over; returns the number of inputs, or raises FindingError."""
    until = time.monotonic() + seconds if seconds is not None else None
    done = 0
    for number, role, data, rng in inputs(seed, start):
        if done == iterations or (until is not None and time.monotonic() >= until):
            break
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        try:
            check(role, data, rng)
        except Exception as error:
            raise FindingError(f"--replay {seed}:{number}: {data!r}: {type(error).__name__}: {error}") from error
        finally:
            faulthandler.cancel_dump_traceback_later()
        done += 1
    return done


def replay(what: str) -> None:
    """Shows one input and its outcome."""
    seed, number = map(int, what.split(":"))
    _, role, data, rng = next(inputs(seed, number))
    print("to a server:" if role == zttp.SERVER else "to a client:")
    for piece in frames_of(data):
        print(f"  {piece.hex(' ')}")
    print("outcome:")
    for line in check(role, data, rng):
        print(f"  {line}")


def main() -> None:
    options = options_of(__doc__)
    if options.replay:
        replay(options.replay)
        return
    build = "compiled" if zttp_h2.COMPILED else "interpreted"
    began = time.monotonic()
    done = fuzz(options.seed, iterations=options.iterations, seconds=options.seconds, start=options.start)
    print(f"{done} inputs, seed {options.seed}, {build}, {time.monotonic() - began:.1f} s: nothing found")


if __name__ == "__main__":
    main()
