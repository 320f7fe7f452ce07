"""A small protocol that conforms; each bad one is derived from it by breaking one rule.

A message is a first line, lines of fields, an empty line, and as much content as the field ``length`` says.
"""

from __future__ import annotations

from typing import Any

from zttp_core.constants import CLIENT, SERVER
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.messages import is_field_value, is_request_target, is_token
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA
from zttp_core.testing import Exchange

HEAD, CONTENT, END, DONE = range(4)
IDLE, OPEN, SENT = range(3)
LONGEST_HEAD = 8 * 1024
LONGEST_WAIT = 64 * 1024


class LineConnection:
    """Both roles, keep-alive, pipelining."""

    def __init__(self, role: int) -> None:
        self.role = role
        self._input = bytearray()
        self._looked = 0  # up to here there is no end of a head
        self._eof = False
        self._end_to_tell = False  # by CONNECTION_CLOSED, once
        self._reading = HEAD
        self._left = 0
        self._error: RemoteProtocolError | None = None
        self._output: list[bytes] = []
        self._writing = IDLE

    def __repr__(self) -> str:
        return f"<{type(self).__name__} role={self.role} reading={self._reading} writing={self._writing}>"

    def receive_data(self, data: Any, /) -> None:
        received = bytes(memoryview(data))
        if not self._eof and len(self._input) <= LONGEST_WAIT:
            self._input += received
        if not received:
            self._eof = self._end_to_tell = True

    def next_event(self) -> Any:
        if self._error is not None:
            raise self._error.with_traceback(None)
        try:
            return self._next_event()
        except RemoteProtocolError as error:
            self._error = error
            raise

    def data_to_send(self) -> bytes:
        queued, self._output = b"".join(self._output), []
        return queued

    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any) -> None:
        self._check(self.role == CLIENT and self._writing == IDLE)
        self._check(is_token(method) and is_request_target(target))
        self._send_head(method + b" " + target, headers)

    def send_response(self, status: int, headers: Any = None, /) -> None:
        self._check(self.role == SERVER and self._writing == IDLE)
        self._check(200 <= status <= 999)
        self._send_head(b"%d" % status, headers or ())

    def send_data(self, data: Any, /) -> None:
        self._check(self._writing == OPEN)
        self._output.append(bytes(memoryview(data)))

    def end_message(self) -> None:
        self._check(self._writing == OPEN)
        self._writing = SENT

    def start_next_cycle(self) -> None:
        self._check(self._reading == DONE)
        self._reading = HEAD
        self._writing = IDLE

    def should_close(self) -> bool:
        return self._eof

    def is_closed(self) -> bool:
        unasked = self._reading == HEAD and not self._input
        return self._error is not None or (self._eof and (self.role == CLIENT or self._writing == SENT or unasked))

    def _next_event(self) -> Any:
        if len(self._input) > LONGEST_WAIT:
            raise refusal("more waits than can be kept")
        if self._reading == HEAD:
            end = self._input.find(b"\n\n", self._looked)
            self._looked = max(len(self._input) - 1, 0) if end < 0 else 0
            if end >= 0:
                return self._head(end)
            if len(self._input) > LONGEST_HEAD:
                raise refusal("a head must end")
        elif self._reading == CONTENT and self._input:
            piece = bytes(self._input[: self._left])
            del self._input[: len(piece)]
            self._left -= len(piece)
            self._reading = CONTENT if self._left else END
            return Data(piece)
        elif self._reading == END:
            self._reading = DONE
            return EndOfMessage()
        if self._eof and (self._reading == CONTENT or (self._reading == HEAD and self._input)):
            raise refusal("a message must be complete")
        to_tell, self._end_to_tell = self._end_to_tell, False
        return CONNECTION_CLOSED if to_tell else NEED_DATA

    def _head(self, end: int) -> Any:
        first, *lines = bytes(self._input[:end]).split(b"\n")
        del self._input[: end + 2]
        fields = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
        if not all(is_token(name) and is_field_value(value) for name, value in fields):
            raise refusal("a field must be a name and a value")
        length = dict(fields).get(b"length", b"0")
        words = first.split(b" ")
        if not length.isdigit() or len(length) > 9 or not all(words):
            raise refusal("a length must be a number")
        self._left = int(length)
        self._reading = CONTENT if self._left else END
        if self.role == SERVER:
            if len(words) != 2:
                raise refusal("a request must be a method and a target")
            return Request(words[0], words[1], fields, http_version=b"lines", end_stream=self._left == 0)
        if len(words) != 1 or not first.isdigit() or len(first) != 3:
            raise refusal("a status must be three digits")
        return Response(int(first), fields, http_version=b"lines", end_stream=self._left == 0)

    def _send_head(self, first: bytes, fields: Any) -> None:
        lines = [first]
        for name, value in fields:
            self._check(is_token(name) and is_field_value(value))
            lines.append(name + b": " + value)
        self._output.append(b"\n".join(lines) + b"\n\n")
        self._writing = OPEN

    def _check(self, allowed: bool) -> None:
        if not allowed:
            raise LocalProtocolError("this must not be sent now", reason="wrong_order")


def refusal(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, reason="malformed_lines", status_hint=400)


def describe(connection: Any = LineConnection, **fields: Any) -> ProtocolDescriptor:
    """A descriptor of the good protocol, or of a test's variant."""
    claims = frozenset(("keep-alive", "pipelining"))
    kept = {"name": "lines", "aliases": ("line-by-line",), "capabilities": claims, "summary": "", **fields}
    return ProtocolDescriptor(api_version=(1, 0), connection=connection, **kept)


FIVE = (b"length", b"5")
GET = Exchange(
    "get",
    client=b"GET /a\nx: y\n\n",
    events=[Request(b"GET", b"/a", [(b"x", b"y")], http_version=b"lines", end_stream=True), EndOfMessage()],
    reply=[Response(200, [FIVE], http_version=b"lines"), Data(b"hello"), EndOfMessage()],
    server=b"200\nlength: 5\n\nhello",
    answer=[Response(200, [FIVE], http_version=b"lines"), Data(b"hello"), EndOfMessage()],
)
POST = Exchange(
    "post",
    client=b"POST /b\nlength: 5\n\nhello",
    events=[Request(b"POST", b"/b", [FIVE], http_version=b"lines"), Data(b"hello"), EndOfMessage()],
    reply=[Response(204), EndOfMessage()],
)
EXCHANGES = [GET, POST]


def content(length: int) -> Exchange:
    """Content of any length."""
    sized = (b"length", b"%d" % length)
    return Exchange(
        "content",
        client=b"POST /b\nlength: %d\n\n" % length + b"x" * length,
        events=[Request(b"POST", b"/b", [sized], http_version=b"lines"), Data(b"x" * length), EndOfMessage()],
        reply=[Response(200, [sized], http_version=b"lines"), Data(b"y" * length), EndOfMessage()],
    )


MALFORMED = {
    "no target": b"GET\n\n",
    "a field without a name": b"GET /\n: x\n\n",
    "half a message": b"POST /\nlength: 5\n\nhel",
}
