"""Feeds a wire case to a connection, cut in any way, and logs the outcome in the format of the documents."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import zttp
from tests.wire_cases import WireCase, escape, unescape

LAST_EVENT = re.compile(r"NEED_DATA$|CONNECTION_CLOSED$|Error ")

Head = tuple[list[bytes], list[tuple[bytes, bytes]]]


def split_head(message: bytes) -> Head:
    """The parts of the start line, and the fields, of a message that is known to be well formed."""
    start_line, *field_lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    fields = []
    for line in field_lines:
        name, _, value = line.partition(b":")
        fields.append((name, value.strip()))
    return start_line.split(b" "), fields


def connection_for(case: WireCase) -> zttp.H1Connection:
    """A connection in the state that the case starts from."""
    limits: dict[str, int] = {}
    options: dict[str, Any] = {}
    for option in case.options:
        name, _, value = option.partition("=")
        if value:
            limits[name] = int(value)
        else:
            options[name] = True
    if limits:
        options["limits"] = zttp.H1Limits(**limits)
    role = zttp.SERVER if case.role == "server" else zttp.CLIENT
    connection = zttp.Connection(role, **options)
    if case.role == "client" and case.sent:
        send_whole_request(connection, case.sent)
    return connection


def send_whole_request(connection: zttp.H1Connection, request: bytes) -> None:
    """Sends the request in the `sent` fence of a document; the text after its empty line is the body."""
    (method, target, version), fields = split_head(request)
    connection.send_request(method, target, version.removeprefix(b"HTTP/"), fields)
    body = request.partition(b"\r\n\r\n")[2]
    if body:
        connection.send_data(body)
    connection.end_message()
    connection.data_to_send()


class Player:
    """One connection, the events pulled so far as log lines, and the actions that the document wants meanwhile."""

    def __init__(self, connection: zttp.H1Connection, script: Sequence[str] = ()) -> None:
        self.connection = connection
        self.log: list[str] = []
        self.events: list[Any] = []
        self.script = script
        self.terminal = False
        self.last: Any = zttp.NEED_DATA  # the last result of next_event that is not an event

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

    def pull(self) -> None:
        """Pulls events until the connection waits for its peer, with the actions of the script."""
        self.act()
        while True:
            event = self.connection.next_event()
            self.events.append(event)
            if event is zttp.NEED_DATA or event is zttp.CONNECTION_CLOSED:
                if self.last is not zttp.CONNECTION_CLOSED:  # which is returned once
                    self.last = event
                return
            self.note(event)
            self.act()

    def note(self, event: Any) -> None:
        """Appends the log lines of one event; adjacent Data become one."""
        lines = event_lines(event)
        if isinstance(event, zttp.Data) and self.log and self.log[-1].startswith('Data "'):
            self.log[-1] = self.log[-1][:-1] + lines[0].removeprefix('Data "')
        else:
            self.log.extend(lines)

    def act(self) -> None:
        """Runs the scripted actions whose turn has come."""
        while len(self.log) < len(self.script) and self.script[len(self.log)].startswith("> "):
            if self.log != list(self.script[: len(self.log)]):
                return
            action = self.script[len(self.log)]
            self.log.append(action)
            run_action(self.connection, action.removeprefix("> "))

    def finish(self) -> list[str]:
        """The log with the last result, and the states of the connection that the script asks for."""
        log = list(self.log)
        if not self.terminal:
            log.append(repr(self.last))
        ends = [number for number, line in enumerate(self.script) if LAST_EVENT.match(line)]
        for line in self.script[ends[-1] + 1 :] if ends else ():
            log.append(state_line(self.connection, line.split(" ")[0]))
        return log


def event_lines(event: Any) -> list[str]:
    """An event in the format of the documents."""
    if isinstance(event, zttp.Data):
        return [f'Data "{escape(event.data)}"']
    if isinstance(event, zttp.EndOfMessage):
        return ["EndOfMessage", *field_lines("Trailer", event.trailers)]
    flags = " end_stream" if event.end_stream else ""
    version = escape(event.http_version)
    if isinstance(event, zttp.Request):
        flags += " expect_continue" if event.expect_continue else ""
        head = f"Request {escape(event.method)} {escape(event.target)} HTTP/{version}{flags}"
    else:
        flags = (" informational" if event.is_informational else "") + flags
        head = f'Response {event.status_code} "{escape(event.reason)}" HTTP/{version}{flags}'
    return [head, *field_lines("Header", event.headers)]


def field_lines(kind: str, fields: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """One log line a field."""
    return [f"{kind} {escape(name)}: {escape(value)}".rstrip(" ") for name, value in fields]


def error_line(error: zttp.ProtocolError) -> str:
    """An error with all its attributes."""
    status = "-" if error.status_hint is None else error.status_hint
    section = "-" if error.section is None else f"[{error.section}]"
    return f"Error {error.reason} {status} {section} at {error.offset}"


def state_line(connection: zttp.H1Connection, name: str) -> str:
    """The state of the connection with this `name`."""
    if name == "should_close":
        return f"should_close {'yes' if connection.should_close() else 'no'}"
    if name == "waiting_for_100":
        return f"waiting_for_100 {'yes' if connection.waiting_for_100 else 'no'}"
    if name == "upgrade":
        protocol = connection.upgrade()
        return "upgrade none" if protocol is None else f'upgrade "{escape(protocol)}"'
    if name == "trailing_data":
        data, eof = connection.trailing_data
        return f'trailing_data "{escape(data)}"' + (" EOF" if eof else "")
    raise ValueError(f"no such state: {name!r}")


def run_action(connection: zttp.H1Connection, action: str) -> None:
    """One `> ` line of a document."""
    verb, _, rest = action.partition(" ")
    words = re.sub(r"\{.*\}", "", rest).split()
    fields = [(unescape(name), unescape(value)) for name, value in re.findall(r"\{([^:}]+): ?([^}]*)\}", rest)]
    if verb == "start_next_cycle":
        assert connection.next_event() is zttp.NEED_DATA, "nothing is parsed ahead of start_next_cycle"
        connection.start_next_cycle()
    elif verb == "send_request":
        connection.send_request(unescape(words[0]), unescape(words[1]), b"1.1", fields)
        connection.end_message()
    elif verb == "send_response":
        connection.send_response(int(words[0]), fields)
    elif verb == "send_informational":
        connection.send_informational(int(words[0]), fields)
    elif verb == "send_data":
        connection.send_data(unescape(rest[1:-1]))
    elif verb == "end_message":
        connection.end_message()
    else:
        raise ValueError(f"no such action: {action!r}")
    connection.data_to_send()


def play(case: WireCase, pieces: Iterable[bytes]) -> list[str]:
    """The log of `case` when its bytes come in `pieces`."""
    player = Player(connection_for(case), case.log)
    for piece in pieces:
        if piece:
            player.receive(piece)
    if case.eof:
        player.receive(b"")
    if not player.terminal:
        player.pull()
    return player.finish()


def agrees(actual: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether a log is the expected one; an expected Error may be cut short at any word."""
    return len(actual) == len(expected) and all(
        have == want or (want.startswith("Error ") and have.startswith(want + " "))
        for have, want in zip(actual, expected, strict=True)
    )
