"""A small protocol over datagrams, for the tests of the kit: numbered parts of messages, acknowledged and sent again.

A part is ``D``, four bytes of number, a letter and its content; an acknowledgment is ``A`` and the number.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from zttp_core.constants import CLIENT, SERVER
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.messages import is_field_value, is_request_target, is_token
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA

IDLE, OPEN, ENDED = range(3)
FIRST_TIMEOUT = 200_000  # microseconds; doubled each time
MOST_TRIES = 8
LONGEST_PART = 1000
MOST_AHEAD = 64  # parts that are kept until earlier ones have arrived


class ToyConnection:
    """One exchange over datagrams."""

    def __init__(self, role: int) -> None:
        self.role = role
        self._now = 0
        self._sending = IDLE
        self._next_number = 0
        self._queue: list[bytes] = []
        self._waiting: deque[bytes] = deque()  # parts, until fewer are in flight
        self._unacknowledged: dict[
            int, tuple[bytes, int, int]
        ] = {}  # the datagram, its deadline, how often it was sent
        self._expected = 0
        self._ahead: dict[int, bytes] = {}
        self._parts: deque[bytes] = deque()
        self._reading = IDLE
        self._error: RemoteProtocolError | None = None
        self._given_up = False
        self._end_told = False  # CONNECTION_CLOSED was returned

    def __repr__(self) -> str:
        return f"<{type(self).__name__} sending={self._sending} unacknowledged={len(self._unacknowledged)}>"

    # -------------------------------------------------------------------------------------------------------- receiving

    def receive_datagram(self, datagram: Any, now: int = 0, peer_address: Any = None, /) -> None:
        self._now = max(self._now, now)
        received = bytes(memoryview(datagram))
        if self._error is not None:
            return
        if len(received) < 5 or received[:1] not in (b"A", b"D"):
            self._error = refusal("a datagram must begin with A or D and a number")
            return
        number = int.from_bytes(received[1:5])
        if received[:1] == b"A":
            self._unacknowledged.pop(number, None)
        elif self._expected <= number < self._expected + MOST_AHEAD:
            self._ahead[number] = received[5:]
            self._queue.append(b"A" + received[1:5])
            while self._expected in self._ahead:
                self._parts.append(self._ahead.pop(self._expected))
                self._expected += 1
        elif number < self._expected:
            self._queue.append(b"A" + received[1:5])

    def next_event(self) -> Any:
        if self._parts and self._error is None:
            try:
                return self._follow(parse(self._parts.popleft()))
            except RemoteProtocolError as error:
                self._error = error
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._end_told or not self._given_up:
            return NEED_DATA
        self._end_told = True
        return CONNECTION_CLOSED

    # ---------------------------------------------------------------------------------------------------------- sending

    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any) -> None:
        self._check(self.role == CLIENT and self._sending == IDLE)
        self._check(is_token(method) and is_request_target(target))
        self._send(b"Q", pack([(method, target), *headers]))
        self._sending = OPEN

    def send_response(self, status: int, headers: Any = None, /) -> None:
        self._check(self.role == SERVER and self._sending == IDLE and 200 <= status <= 999)
        self._send(b"R", pack([(b"status", b"%d" % status), *(headers or ())]))
        self._sending = OPEN

    def send_data(self, data: Any, /) -> None:
        self._check(self._sending == OPEN)
        content = bytes(memoryview(data))
        for start in range(0, len(content), LONGEST_PART):
            self._send(b"B", content[start : start + LONGEST_PART])

    def end_message(self, trailers: Any = None) -> None:
        self._check(self._sending == OPEN)
        self._send(b"E", pack(trailers or ()))
        self._sending = ENDED

    def should_close(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self._given_up or self._error is not None

    def data_to_send(self, now: int = 0) -> list[bytes]:
        self._now = max(self._now, now)
        while self._waiting and len(self._unacknowledged) + len(self._queue) < MOST_AHEAD // 2:
            self._queue.append(self._waiting.popleft())
        queued, self._queue = self._queue, []
        for datagram in queued:
            number = int.from_bytes(datagram[1:5])
            if datagram[:1] == b"D" and number not in self._unacknowledged:
                self._unacknowledged[number] = datagram, self._now + FIRST_TIMEOUT, 1
        return queued

    # ------------------------------------------------------------------------------------------------------------- time

    def next_timeout(self) -> int | None:
        return min((deadline for _, deadline, _ in self._unacknowledged.values()), default=None)

    def handle_timeout(self, now: int, /) -> None:
        self._now = max(self._now, now)
        for number, (datagram, deadline, tries) in list(self._unacknowledged.items()):
            if deadline <= self._now:
                self._unacknowledged[number] = datagram, self._now + (FIRST_TIMEOUT << tries), tries + 1
                self._queue.append(datagram)
                if tries == MOST_TRIES:
                    self._given_up = True
        if self._given_up:
            self._unacknowledged.clear()
            self._queue.clear()
            self._waiting.clear()

    def _send(self, letter: bytes, payload: bytes) -> None:
        self._waiting.append(b"D" + self._next_number.to_bytes(4) + letter + payload)
        self._next_number += 1

    def _follow(self, event: Any) -> Any:
        """Return an event that is allowed here: a head, its content, its end."""
        head = Request if self.role == SERVER else Response
        allowed = isinstance(event, head) if self._reading == IDLE else self._reading == OPEN
        if not allowed or (self._reading == OPEN and not isinstance(event, Data | EndOfMessage)):
            raise refusal("a message must be a head, its content and its end")
        self._reading = ENDED if isinstance(event, EndOfMessage) else OPEN
        return event

    def _check(self, allowed: bool) -> None:
        if not allowed:
            raise LocalProtocolError("this must not be sent now", reason="wrong_order")


def pack(fields: Any) -> bytes:
    for name, value in fields:
        if not is_token(name) or not is_field_value(value):
            raise LocalProtocolError(f"{name!r} is not a field that can be sent", reason="invalid_field")
    return b"".join(name + b"\0" + value + b"\0" for name, value in fields)


def unpack(payload: bytes) -> list[tuple[bytes, bytes]]:
    parts = payload.split(b"\0")
    if len(parts) % 2 == 0 or parts[-1]:
        raise refusal("fields must be pairs")
    fields = list(zip(parts[0:-1:2], parts[1::2], strict=True))
    if not all(is_token(name) and is_field_value(value) for name, value in fields):
        raise refusal("a field must be a token and a value")
    return fields


def parse(part: bytes) -> Any:
    letter, payload = part[:1], part[1:]
    if letter == b"B":
        return Data(payload)
    if letter == b"E":
        return EndOfMessage(unpack(payload))
    if letter not in (b"Q", b"R"):
        raise refusal("a part must be Q, R, B or E")
    fields = unpack(payload)
    if not fields:
        raise refusal("a head must have a first line")
    (name, value), rest = fields[0], fields[1:]
    if letter == b"Q":
        return Request(name, value, rest, http_version=b"toy")
    if not value.isdigit() or len(value) > 3:
        raise refusal("a status must be three digits")
    return Response(int(value), rest, http_version=b"toy")


def refusal(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, reason="malformed_datagram", status_hint=400)


def describe(name: str, connection: Any = ToyConnection, **fields: Any) -> ProtocolDescriptor:
    """A descriptor of the toy, or of a test's variant."""
    kept = {"transport": "datagram", "capabilities": frozenset(("trailers",)), **fields}
    return ProtocolDescriptor(name=name, api_version=(1, 0), connection=connection, **kept)
