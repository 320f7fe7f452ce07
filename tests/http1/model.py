"""A plain model of one HTTP/1.1 connection: it receives the meaning of the bytes, so that it parses nothing.

A peer's input is a list of `Message`s, with the offsets that determine their outcome. The model counts the bytes that
were fed, and gives the next event, the calls that are refused and why, and the results of the query methods. It knows
nothing of buffers, cuts or the internal order of work, so it can check them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Message:
    """A message of the peer, and its expected outcome.

    `places` are the offsets of the content's bytes, in the message. `fault` is the byte that shows that the
    message is wrong, and the reason. `last`: by its own fields, no message follows it.
    """

    head: bytes
    body: bytes = b""
    content: bytes = b""
    places: Sequence[int] = ()
    trailers: Fields = field(default_factory=list)
    fault: tuple[int, str] | None = None
    last: bool = False
    old: bool = False  # HTTP/1.0
    method: bytes = b"GET"
    expects: bool = False
    upgrade: bytes | None = None
    status: int = 200
    to_eof: bool = False

    @property
    def wire(self) -> bytes:
        return self.head + self.body


def lengthy(start: bytes, content: bytes, more: bytes = b"", **facts: object) -> Message:
    """A message with Content-Length."""
    head = start + b"\r\nContent-Length: %d\r\n" % len(content) + more + b"\r\n"
    return Message(head, content, content, range(len(head), len(head) + len(content)), **facts)  # type: ignore[arg-type]


def chunked(
    start: bytes, chunks: Sequence[bytes], trailers: bytes = b"", more: bytes = b"", **facts: object
) -> Message:
    """A message in chunks, with trailer lines."""
    head = start + b"\r\nTransfer-Encoding: chunked\r\n" + more + b"\r\n"
    body = b""
    places: list[int] = []
    for chunk in chunks:
        body += b"%x\r\n" % len(chunk)
        places += range(len(head + body), len(head + body) + len(chunk))
        body += chunk + b"\r\n"
    body += b"0\r\n" + trailers + b"\r\n"
    pairs = [
        (name, value.strip()) for name, _, value in (line.partition(b":") for line in trailers.split(b"\r\n")[:-1])
    ]
    return Message(head, body, b"".join(chunks), places, pairs, **facts)  # type: ignore[arg-type]


HEAD, BODY, END, DONE, SWITCHED, CLOSED, FAILED = "HEAD", "BODY", "END", "DONE", "SWITCHED", "CLOSED", "FAILED"
IDLE, SENDING, SENT, SENT_SWITCH = "IDLE", "SENDING", "SENT", "SENT_SWITCH"


class Model:
    """The common part of both roles: reading messages one after the other."""

    def __init__(self, messages: Sequence[Message], tail: bytes = b"") -> None:
        self.messages = messages
        self.wire = b"".join(message.wire for message in messages) + tail
        self.fed = 0
        self.eof = False
        self.end_to_tell = False
        self.number = 0  # of the message that is read
        self.start = 0  # where that begins
        self.phase = HEAD
        self.read = 0  # bytes of its content
        self.reason = ""  # of the error
        self.unknown = False  # the error came before the message was known
        self.closing = False
        self.switching = False
        self.waiting = False  # for a 100
        self.writing = IDLE
        self.remaining = 0  # of the content that is sent; -1 for any, -2 for none, -3 for none without framing

    @property
    def message(self) -> Message:
        return self.messages[self.number] if self.number < len(self.messages) else Message(b"")

    @property
    def unparsed(self) -> int:
        """How many bytes wait, if a message has ended or not begun."""
        ended = self.phase == SWITCHED or self.has_ended()
        return max(self.fed - self.start - (len(self.message.wire) if ended else 0), 0)

    def has_ended(self) -> bool:
        """The message that is read has ended on the wire, pulled or not."""
        if self.phase != BODY:
            return self.phase in (END, DONE)
        message = self.message
        here = self.fed - self.start
        return message.fault is None and (self.eof if message.to_eof else here >= len(message.wire))

    def never_ends(self) -> str | None:
        """Why the message that is read cannot end."""
        if self.phase == BODY and not self.has_ended():
            fault = self.message.fault
            if fault is not None and self.fed - self.start > fault[0]:
                return fault[1]
            if self.eof:
                return "incomplete_message"
        return None

    # ------------------------------------------------------------------------------------------------------- receiving

    def feed(self, size: int) -> None:
        self.fed += size

    def end(self) -> None:
        self.eof = self.end_to_tell = True

    def pull(self) -> tuple[str, object]:
        """The kind of the next event, and its known values: available content, trailers, a reason."""
        if self.phase == FAILED:
            return "error", self.reason
        here = self.fed - self.start
        message = self.message
        if self.phase == HEAD:
            if here > 0 and (refusal := self.unasked()):
                return self.fail(refusal)
            if message.fault is not None and message.fault[0] < len(message.head) and here > message.fault[0]:
                return self.fail(message.fault[1])
            if message.head and here >= len(message.head):
                return self.begin(message)
            if self.eof and (here > 0 or self.is_awaiting()):
                return self.fail("incomplete_message")
            if self.eof:
                self.phase = CLOSED
        elif self.phase == BODY:
            there = sum(place < here for place in message.places) - self.read
            if there > 0:
                return "Data", message.content[self.read : self.read + there]
            if message.fault is not None and here > message.fault[0]:
                return self.fail(message.fault[1])
            if message.fault is None and (self.eof if message.to_eof else here >= len(message.wire)):
                self.phase = END
            elif self.eof:
                return self.fail("incomplete_message")
        if self.phase == END:
            self.phase = SWITCHED if self.switching else DONE
            return "EndOfMessage", message.trailers
        if self.phase == DONE and (rest := self.pause()):
            return rest
        if self.phase in (DONE, CLOSED, SWITCHED) and self.end_to_tell:
            self.end_to_tell = False
            return "CONNECTION_CLOSED", None
        return "NEED_DATA", None

    def took(self, content: bytes) -> None:
        """Content was pulled."""
        self.read += len(content)
        self.waiting = False
        message = self.message
        if self.read == len(message.content) and not message.trailers and message.body == message.content:
            self.phase = BODY if message.to_eof else END

    def fail(self, reason: str) -> tuple[str, object]:
        self.unknown = self.phase == HEAD
        self.phase, self.reason = FAILED, reason
        return "error", reason

    def next_message(self) -> None:
        self.start += len(self.message.wire)
        self.number += 1
        self.phase, self.read, self.waiting = HEAD, 0, False
        self.writing = IDLE

    # ------------------------------------------------------------------------------------------------- left to the role

    def begin(self, message: Message) -> tuple[str, object]:
        raise NotImplementedError

    def pause(self) -> tuple[str, object] | None:
        raise NotImplementedError

    def start_next_cycle(self) -> str | None:
        raise NotImplementedError

    def is_closed(self) -> bool:
        raise NotImplementedError

    def unasked(self) -> str | None:
        return None

    def is_awaiting(self) -> bool:
        return False

    # ------------------------------------------------------------------------------------------------------- questions

    def should_close(self) -> bool:
        if self.switching:
            return self.phase == FAILED
        ended = self.eof and (self.phase == HEAD or self.has_ended()) and self.unparsed == 0
        return self.closing or self.phase in (FAILED, CLOSED) or ended or self.has_unasked()

    def has_unasked(self) -> bool:
        return False

    def trailing(self) -> bytes | None:
        """The bytes after a switch, if there was one."""
        return self.wire[self.start + len(self.message.wire) : self.fed] if self.phase == SWITCHED else None

    # --------------------------------------------------------------------------------------------------------- sending

    def begin_content(self, kind: str, size: int, *, to_eof: bool) -> None:
        self.writing = SENDING
        self.remaining = {"length": size, "chunked": -1}.get(kind, -1 if to_eof else -3)

    def send_data(self, size: int) -> str | None:
        if self.writing != SENDING:
            return {IDLE: "no_message", SENT: "already_ended", SENT_SWITCH: "protocol_switched"}[self.writing]
        if self.remaining <= -2:
            return "no_content_allowed" if self.remaining == -2 else "framing_required"
        if self.remaining == -1:
            return None
        if size > self.remaining:
            return "content_too_long"
        self.remaining -= size
        return None

    def end_message(self) -> str | None:
        if self.writing == SENT_SWITCH:
            return None
        if self.writing != SENDING:
            return {IDLE: "no_message", SENT: "already_ended"}[self.writing]
        if self.remaining > 0:
            return "content_too_short"
        self.writing = SENT
        return None


class Server(Model):
    """A server; its input is requests."""

    def __init__(self, messages: Sequence[Message], tail: bytes = b"") -> None:
        super().__init__(messages, tail)
        self.skipped = False

    def begin(self, message: Message) -> tuple[str, object]:
        self.phase = BODY if message.body or message.fault else END
        self.closing = self.closing or message.last
        self.waiting = message.expects
        return "Request", None

    def pause(self) -> tuple[str, object] | None:
        return ("NEED_DATA", None) if self.unparsed and not self.closing else None

    def send_response(self, status: int, kind: str, size: int, says: set[bytes], to: bytes | None) -> str | None:
        """Send a head that is framed as `kind` says, with these Connection options."""
        if self.writing != IDLE:
            return "protocol_switched" if self.writing == SENT_SWITCH else "already_responded"
        if self.skipped:
            return "response_skipped"
        early = self.phase in (HEAD, FAILED, CLOSED)
        message = Message(b"", old=True) if early and (self.phase != FAILED or self.unknown) else self.message
        if early:
            if self.phase == CLOSED:
                return "connection_closed"
            if not 400 <= status <= 599:
                return "error_response_only"
        switches = status == 101 or (message.method == b"CONNECT" and 200 <= status < 300)
        if status == 101 and (message.upgrade is None or to != message.upgrade):
            return "unexpected_status"
        if switches and self.waiting:
            return "continue_before_switch"
        if switches:
            self.writing, self.switching, self.closing = SENT_SWITCH, True, False
            if self.phase == DONE:
                self.phase = SWITCHED
            return None
        closing = early or self.waiting or self.should_close() or b"close" in says
        if message.old and kind == "chunked":
            closing, kind = True, "none"
        bodyless = message.method == b"HEAD" or status in (204, 304)
        self.begin_content(kind, size, to_eof=closing)
        if bodyless:
            self.remaining = -2
        elif kind == "none":
            self.closing = True
        self.closing = self.closing or closing
        self.waiting = False
        if self.phase == HEAD:
            self.phase = CLOSED
        return None

    def send_informational(self, status: int) -> str | None:
        if self.writing != IDLE:
            return "protocol_switched" if self.writing == SENT_SWITCH else "already_responded"
        if self.skipped:
            return "response_skipped"
        if self.phase in (HEAD, FAILED, CLOSED):
            return "error_response_only"
        if self.message.old:
            return "informational_to_http_1_0"
        if status == 100:
            self.waiting = False
        return None

    def start_next_cycle(self) -> str | None:
        if self.switching:
            return "protocol_switched"
        if reason := self.never_ends():
            return reason
        if not self.has_ended():
            return "connection_closed" if self.phase in (CLOSED, FAILED) else "cycle_not_complete"
        if self.should_close():
            return "connection_closed"
        if self.writing == SENDING:
            return "cycle_not_complete"
        self.skipped = self.skipped or self.writing == IDLE
        self.next_message()
        return None

    def is_closed(self) -> bool:
        if self.writing in (SENT, SENT_SWITCH) or self.skipped:
            return self.phase in (CLOSED, FAILED) or (self.phase == DONE and self.should_close())
        return self.phase == CLOSED and self.writing == IDLE


class Client(Model):
    """A client; its input is responses; those with a 1xx come before another one."""

    def __init__(self, messages: Sequence[Message], tail: bytes = b"") -> None:
        super().__init__(messages, tail)
        self.awaiting = False
        self.asked: bytes | None = None

    def begin(self, message: Message) -> tuple[str, object]:
        if 100 <= message.status < 200 and message.status != 101:
            self.waiting = self.waiting and message.status != 100
            self.start += len(message.wire)
            self.number += 1
            return "Response", message.status
        if message.status == 101 and (self.asked is None or message.upgrade != self.asked):
            return self.fail("unexpected_status")
        if message.status == 101 and self.waiting:
            return self.fail("continue_before_switch")
        self.switching = message.status == 101 or (message.method == b"CONNECT" and 200 <= message.status < 300)
        self.awaiting = self.waiting = False
        self.phase = BODY if message.body or message.fault or message.to_eof else END
        if not self.switching:
            self.closing = self.closing or message.last or message.to_eof
        return "Response", message.status

    def pause(self) -> tuple[str, object] | None:
        return self.fail("unexpected_response") if self.unparsed else None

    def unasked(self) -> str | None:
        return None if self.awaiting else "unexpected_response"

    def is_awaiting(self) -> bool:
        return self.awaiting

    def has_unasked(self) -> bool:
        return not self.awaiting and (self.phase == HEAD or self.has_ended()) and self.unparsed > 0

    def send_request(self, kind: str, size: int, says: set[bytes], *, expects: bool, asks: bytes | None) -> str | None:
        """Send a head that is framed as `kind` says, with these Connection options."""
        if self.switching:
            return "protocol_switched"
        if self.should_close():
            return "connection_closed"
        if self.writing != IDLE:
            return "message_in_progress" if self.writing == SENDING else "cycle_not_complete"
        self.begin_content(kind, size, to_eof=False)
        self.closing = b"close" in says
        self.waiting = expects and self.remaining not in (0, -3)  # if there is content
        self.asked, self.awaiting = asks, True
        return None

    def sent(self) -> None:
        """Content was sent: the client no longer waits for a 100."""
        self.waiting = False

    def send_data(self, size: int) -> str | None:
        return "connection_closed" if self.phase == FAILED else super().send_data(size)

    def end_message(self) -> str | None:
        refusal = "connection_closed" if self.phase == FAILED else super().end_message()
        if refusal is None:
            self.waiting = False
        return refusal

    def start_next_cycle(self) -> str | None:
        if self.switching:
            return "protocol_switched"
        if reason := self.never_ends():
            return reason
        if not self.has_ended():
            return "connection_closed" if self.phase in (CLOSED, FAILED) else "cycle_not_complete"
        if self.should_close():
            return "connection_closed"
        if self.writing != SENT:
            return "cycle_not_complete"
        self.next_message()
        return None

    def is_closed(self) -> bool:
        if self.phase == FAILED:
            return True
        if self.writing == SENT:
            return self.phase == DONE and self.should_close()
        return self.phase == CLOSED and self.writing == IDLE
