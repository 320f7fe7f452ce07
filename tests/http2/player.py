"""Reads the documents of `tests/cases/http2` and feeds them to a connection, with their bytes cut in any way.

It logs the outcome in the format of the documents: events, then the frames that were sent in answer.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import zttp
from tests.http2.frame_language import (
    PREFACE,
    SETTINGS,
    FrameReader,
    code_name,
    code_number,
    frame_bytes,
    setting_text,
    wire_bytes,
)
from tests.wire_cases import CASES, Fence, escape, normalise, read_fences, unescape

OPENING = {"server": PREFACE + frame_bytes("SETTINGS"), "client": frame_bytes("SETTINGS")}
DEFAULT_SENT = "send_request GET / end_stream\n"
LAST_EVENT = re.compile(r"NEED_DATA$|CONNECTION_CLOSED$|Error")


@dataclass(frozen=True)
class FrameCase:
    """One behaviour: the frames that one side receives, its events, and its answers."""

    name: str
    source: str
    value: str
    role: str
    options: tuple[str, ...]
    sent: tuple[str, ...]
    data: bytes
    eof: bool
    log: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def is_error(self) -> bool:
        """Whether the connection ends with these frames."""
        return any(line.startswith("Error") for line in self.log)


# --------------------------------------------------------------------------------------------------------- documents


def read_cases() -> list[FrameCase]:
    """All cases of all documents."""
    return [case for path in sorted((CASES / "http2").glob("*.md")) for case in read_document(path)]


def read_document(path: Path) -> list[FrameCase]:
    """All cases of one document."""
    if path.name == "README.md":
        return []
    sections = re.split(r"^## (.+)$", path.read_text(encoding="ascii"), flags=re.MULTILINE)
    cases: list[FrameCase] = []
    for name, section in zip(sections[1::2], sections[2::2], strict=True):
        found = list(cases_of_section(name, path.name, section))
        if not found:
            raise ValueError(f"{path.name}: {name!r} shows no case")
        cases.extend(found)
    return cases


def cases_of_section(name: str, source: str, section: str) -> Iterator[FrameCase]:
    """The cases under one heading: each fence of frames, times its values, with the events and answers that follow."""
    sent = DEFAULT_SENT
    inputs: list[tuple[Fence, str, list[str]]] = []
    ready: list[FrameCase] = []
    for fence in read_fences(section):
        if fence.kind == "answers":
            # Without an `answers` fence nothing is sent.
            ready = [replace(case, answers=answer_lines(case, fence.text)) for case in ready]
            continue
        if fence.kind == "sent":
            sent = fence.text
        elif fence.kind in OPENING:
            if not inputs:
                yield from ready
                ready = []
            inputs.append((fence, sent, [] if "$VALUE" in fence.text else [""]))
        elif fence.kind == "values":
            for _, _, values in inputs:
                values.extend([] if values else fence.text.splitlines())
        elif fence.kind == "events":
            ready = [
                make_case(name, source, received, before, value, fence.text)
                for received, before, values in inputs
                for value in values
            ]
            inputs = []
        else:
            raise ValueError(f"{source}: {name!r} has a fence of unknown kind {fence.kind!r}")
    if inputs:
        raise ValueError(f"{source}: {name!r} has frames without events")
    yield from ready


def answer_lines(case: FrameCase, text: str) -> tuple[str, ...]:
    """The frames of an `answers` fence."""
    return tuple(line.replace("$VALUE", case.value) for line in text.splitlines())


def make_case(name: str, source: str, received: Fence, sent: str, value: str, events: str) -> FrameCase:
    """One case, `value` in place of `$VALUE`."""
    text = received.text.replace("$VALUE", value)
    frames, eof_line, _ = text.partition("<EOF>\n")
    return FrameCase(
        name=f"{name} ({value})" if value else name,
        source=source,
        value=value,
        role=received.kind,
        options=received.options,
        sent=tuple(sent.splitlines()),
        data=wire_bytes(frames),
        eof=bool(eof_line),
        log=tuple(normalise(line) for line in events.replace("$VALUE", value).splitlines()),
        answers=(),
    )


# ------------------------------------------------------------------------------------------------------------ playing


def connection_for(case: FrameCase) -> zttp.H2Connection:
    """A connection with the options of the case."""
    limits: dict[str, int] = {}
    options: dict[str, Any] = {}
    for option in case.options:
        name, _, value = option.partition("=")
        if name == "auto_credit":
            options[name] = value == "yes"
        elif value:
            limits[name] = int(value)
        elif name not in ("bare", "incomplete"):
            options[name] = True
    if limits:
        options["limits"] = zttp.H2Limits(**limits)
    return zttp.Connection(zttp.SERVER if case.role == "server" else zttp.CLIENT, "h2", **options)


class Player:
    """One connection, the events pulled so far as log lines, and the actions that the document wants meanwhile."""

    def __init__(self, case: FrameCase) -> None:
        self.connection = connection_for(case)
        self.log: list[str] = []
        self.answers: list[str] = []
        self.script: Sequence[str] = ()
        self.terminal = False
        self.last: Any = zttp.NEED_DATA
        self.reader = FrameReader()
        if case.role == "client":
            for action in case.sent:
                self.run(action)
        if "bare" not in case.options:
            self.receive(OPENING[case.role])
        self.note_answers()
        if "bare" not in case.options:
            # The beginning of every connection is a case of its own.
            self.log.clear()
            self.answers.clear()
        self.script = case.log

    def receive(self, data: bytes) -> None:
        """Feeds `data` (empty: EOF) and pulls until no event is left."""
        if self.terminal:
            return
        try:
            self.connection.receive_data(data)
            self.pull()
        except zttp.RemoteProtocolError as error:
            self.log.append(error_line(error))
            self.terminal = True
        self.note_answers()

    def pull(self) -> None:
        """Pulls events until the connection waits for its peer, with the actions of the script."""
        self.act()
        while True:
            event = self.connection.next_event()
            if event is zttp.CONNECTION_CLOSED:
                self.last = event
                assert self.connection.next_event() is zttp.NEED_DATA, "an input ends once"
                return
            if event is zttp.NEED_DATA:
                return
            self.note(event)
            self.act()

    def note(self, event: Any) -> None:
        """Appends the log lines of one event; adjacent Data of a stream become one."""
        lines = event_lines(self.connection, event)
        if isinstance(event, zttp.Data):
            start = f'Data stream={event.stream_id} "'
            if self.log and self.log[-1].startswith(start):
                self.log[-1] = self.log[-1][:-1] + lines[0].removeprefix(start)
                return
        self.log.extend(lines)

    def act(self) -> None:
        """Runs the scripted actions whose turn has come."""
        while len(self.log) < len(self.script) and self.script[len(self.log)].startswith("> "):
            if self.log != list(self.script[: len(self.log)]):
                return
            action = self.script[len(self.log)]
            self.log.append(action)
            self.run(action.removeprefix("> "))

    def run(self, action: str) -> None:
        """One action; misuse gives the line `Refused reason`."""
        try:
            run_action(self.connection, action)
        except zttp.LocalProtocolError as error:
            self.log.append(f"Refused {error.reason}")

    def note_answers(self) -> None:
        """Reads the output of the connection."""
        self.answers.extend(self.reader.lines(self.connection.data_to_send()))

    def finish(self) -> tuple[list[str], list[str]]:
        """The log with its last result and the states that the script asks for; and the frames sent."""
        log = list(self.log)
        if not self.terminal:
            assert self.connection.next_event() is zttp.NEED_DATA
            log.append(repr(self.last))
        ends = [number for number, line in enumerate(self.script) if LAST_EVENT.match(line)]
        for line in self.script[ends[-1] + 1 :] if ends else ():
            log.append(state_line(self.connection, line.split(" ")))
        return log, self.answers


def play(case: FrameCase, pieces: Iterable[bytes]) -> tuple[list[str], list[str]]:
    """Log and answers of `case` when its bytes come in `pieces`."""
    player = Player(case)
    for piece in pieces:
        if piece:
            player.receive(piece)
    if case.eof:
        player.receive(b"")
    if not player.terminal:
        player.pull()
        player.note_answers()
    return player.finish()


def agrees(actual: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether a log is the expected one; an expected Error or RstStream may be cut short at any word."""
    return len(actual) == len(expected) and all(
        have == want or (want.startswith(("Error", "RstStream")) and have.startswith(want + " "))
        for have, want in zip(actual, expected, strict=True)
    )


# -------------------------------------------------------------------------------------------------------------- words


def event_lines(connection: zttp.H2Connection, event: Any) -> list[str]:
    """An event in the format of the documents."""
    stream = f"stream={event.stream_id}" if hasattr(event, "stream_id") else ""
    if isinstance(event, zttp.Data):
        return [f'Data {stream} "{escape(event.data)}"']
    if isinstance(event, zttp.EndOfMessage):
        return [f"EndOfMessage {stream}", *field_lines("Trailer", event.trailers)]
    if isinstance(event, zttp.Request):
        return request_lines(event, stream)
    if isinstance(event, zttp.Response):
        flags = (" informational" if event.is_informational else "") + (" end_stream" if event.end_stream else "")
        return [f"Response {stream} {event.status_code}{flags}", *field_lines("Header", event.headers)]
    if isinstance(event, zttp.RstStream):
        error = connection.last_stream_error
        reason = f" {error.reason}" if error is not None and error.stream_id == event.stream_id else ""
        return [f"RstStream {stream} {code_name(event.error_code)}{reason}"]
    if isinstance(event, zttp.Goaway):
        return [f'Goaway last={event.last_stream_id} {code_name(event.error_code)} "{escape(event.debug)}"']
    if isinstance(event, zttp.Settings):
        words = ["Settings", *(["ack"] if event.ack else []), *(setting_text(*pair) for pair in event.params)]
        return [" ".join(words)]
    if isinstance(event, zttp.Ping):
        return [f'Ping {"ack " if event.ack else ""}"{escape(event.data)}"']
    if isinstance(event, zttp.WindowUpdate):
        return [f"WindowUpdate {stream} increment={event.increment}"]
    assert isinstance(event, zttp.PriorityUpdate)
    return [f"PriorityUpdate {stream} urgency={event.urgency}{' incremental' if event.incremental else ''}"]


def request_lines(event: zttp.Request, stream: str) -> list[str]:
    """A request; values that most do not have are left out."""
    scheme = "none" if event.scheme is None else escape(event.scheme)
    words = ["Request", stream, escape(event.method), escape(event.target), f"scheme={scheme}"]
    if event.protocol is not None:
        words.append(f"protocol={escape(event.protocol)}")
    if event.priority != (3, False):
        words.append(f"priority={event.priority[0]}{',i' if event.priority[1] else ''}")
    words.extend(flag for flag in ("end_stream", "expect_continue") if getattr(event, flag))
    return [" ".join(words), *field_lines("Header", event.headers)]


def field_lines(kind: str, fields: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """One log line a field."""
    return [f"{kind} {escape(name)}: {escape(value)}".rstrip(" ") for name, value in fields]


def error_line(error: zttp.ProtocolError) -> str:
    """A connection error with its code."""
    code = "-" if error.error_code is None else code_name(error.error_code)
    section = "-" if error.section is None else f"[{error.section}]"
    return f"Error {error.reason} {code} {section} at {error.offset}"


def state_line(connection: zttp.H2Connection, words: Sequence[str]) -> str:
    """The state of the connection with a name."""
    name, *rest = words
    if name == "open_streams":
        return f"open_streams {connection.open_streams}"
    if name == "is_closed":
        return f"is_closed {'yes' if connection.is_closed() else 'no'}"
    if name == "send_window":
        return f"send_window {rest[0]} {connection.stream(int(rest[0])).send_window}"
    if name == "pending_bytes":
        return f"pending_bytes {rest[0]} {connection.stream(int(rest[0])).pending_bytes}"
    raise ValueError(f"no such state: {name!r}")


def run_action(connection: zttp.H2Connection, action: str) -> None:
    """One action of a document."""
    verb, _, rest = action.partition(" ")
    fields = [(unescape(name), unescape(value)) for name, value in re.findall(r"\{([^:}]+): ?([^}]*)\}", rest)]
    words = re.sub(r"\{.*\}", "", rest).split()
    ends = words[-1:] == ["end_stream"]
    if verb == "send_request":
        fields = fields or [(b"host", b"example.com")]
        connection.send_request(unescape(words[0]), unescape(words[1]), b"2", fields, end_stream=ends)
    elif verb == "send_response":
        connection.stream(int(words[0])).send_response(int(words[1]), fields, ends)
    elif verb == "send_data":
        connection.stream(int(words[0])).send_data(unescape(rest.partition('"')[2][:-1]))
    elif verb == "end_message":
        connection.stream(int(words[0])).end_message(fields or None)
    elif verb == "reset":
        connection.stream(int(words[0])).reset(code_number(words[1]))
    elif verb == "close":
        connection.close(code_number(words[0]), *map(int, words[1:]))
    elif verb == "consume_data":
        connection.consume_data(int(words[0]), int(words[1]))
    elif verb == "update_settings":
        pairs = (word.split("=") for word in words)
        connection.update_settings({SETTINGS[name]: int(value) for name, value in pairs})
    elif verb == "ping":
        connection.ping()
    else:
        raise ValueError(f"no such action: {action!r}")
