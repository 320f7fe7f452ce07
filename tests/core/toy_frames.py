"""A small multiplexed protocol, for the tests of the kit: frames on streams, with windows and resets.

A frame is a letter, four bytes of stream, four bytes of length, and a payload. ``Q`` and ``R`` are heads, ``I`` an
informational response, ``B`` content, ``E`` the end of a message, ``X`` a reset, ``W`` credit. A head in capitals is
followed by content, one in small letters is a message of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.core.toy_datagrams import ENDED, IDLE, OPEN, pack, refusal, unpack
from zttp_core.constants import CLIENT, SERVER
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import Data, EndOfMessage, Request, Response, RstStream, WindowUpdate
from zttp_core.messages import is_request_target, is_token
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA
from zttp_core.testing import Exchange

WINDOW = 64 * 1024
LONGEST_FRAME = 16 * 1024
MOST_STREAMS = 100
HEAD = 9


class FrameStream:
    """One message in each direction."""

    def __init__(self, connection: FrameConnection, stream_id: int) -> None:
        self.stream_id = stream_id
        self.send_window: int | None = WINDOW
        self._connection = connection
        self._blocked = bytearray()
        self._farewell: bytes | None = None  # the frame that ends the message, while content waits
        self.reading = IDLE
        self.writing = IDLE
        self.received = 0

    @property
    def pending_bytes(self) -> int:
        return len(self._blocked)

    def send_response(self, status: int, headers: Any = None, end_stream: bool = False) -> None:
        check(self._connection.role == SERVER and self.writing == IDLE and self.reading != IDLE)
        check(200 <= status <= 999)
        self._connection.queue(b"r" if end_stream else b"R", self.stream_id, response(status, headers))
        self.writing = ENDED if end_stream else OPEN
        self._connection.forget(self)

    def send_informational(self, status: int, headers: Any = None, /) -> None:
        check(self._connection.role == SERVER and self.writing == IDLE and self.reading != IDLE)
        check(100 <= status <= 199)
        self._connection.queue(b"I", self.stream_id, response(status, headers))

    def send_data(self, data: Any, /) -> None:
        content = memoryview(data)
        check(self.writing == OPEN and self._farewell is None)
        self._blocked += content
        self.flush()

    def end_message(self, trailers: Any = None, /) -> None:
        check(self.writing == OPEN and self._farewell is None)
        self._farewell = pack(trailers or ())
        self.flush()

    def reset(self, error_code: int = 0, /) -> None:
        check(0 <= error_code < 1 << 32)
        if self.writing != ENDED or self.reading != ENDED:
            self._blocked.clear()
            self.reading = self.writing = ENDED
            self._connection.queue(b"X", self.stream_id, error_code.to_bytes(4))
            self._connection.forget(self)

    def flush(self) -> None:
        assert self.send_window is not None
        content = bytes(self._blocked[: self.send_window])
        del self._blocked[: len(content)]
        self.send_window -= len(content)
        for start in range(0, len(content), LONGEST_FRAME):
            self._connection.queue(b"B", self.stream_id, content[start : start + LONGEST_FRAME])
        if self._farewell is not None and not self._blocked:
            self._connection.queue(b"E", self.stream_id, self._farewell)
            self.writing, self._farewell = ENDED, None
            self._connection.forget(self)


class FrameConnection:
    """Both roles, keep-alive, flow control, trailers, informational responses."""

    stream_class = FrameStream

    def __init__(self, role: int) -> None:
        self.role = role
        self._input = bytearray()
        self._at = 0
        self._eof = False
        self._end_to_tell = False  # by CONNECTION_CLOSED, once
        self._output: list[bytes] = []
        self._streams: dict[int, FrameStream] = {}
        self._latest = 0
        self._ending: int | None = None  # the stream whose EndOfMessage is the next event
        self._error: RemoteProtocolError | None = None

    def __repr__(self) -> str:
        states = "".join(f" {key}:{one.reading}{one.writing}" for key, one in [*self._streams.items()][:9])
        return f"<{type(self).__name__} role={self.role} streams={len(self._streams)}{states}>"

    def receive_data(self, data: Any, /) -> None:
        received = memoryview(data)
        if self._error is None and not self._eof:
            del self._input[: self._at]
            self._at = 0
            self._input += received
        if not received.nbytes:
            self._eof = self._end_to_tell = True

    def next_event(self) -> Any:
        if self._error is not None:
            raise self._error.with_traceback(None)
        try:
            return self._next_event()
        except RemoteProtocolError as error:
            self._error = error
            self._input.clear()
            self._streams.clear()
            raise

    def data_to_send(self) -> bytes:
        queued, self._output = b"".join(self._output), []
        return queued

    def is_closed(self) -> bool:
        return self._error is not None or (self._eof and not self._streams)

    def send_request(
        self, method: bytes, target: bytes, version: bytes, headers: Any, *, end_stream: bool = False
    ) -> FrameStream:
        check(self.role == CLIENT and len(self._streams) < MOST_STREAMS)
        check(is_token(method) and is_request_target(target))
        head = pack([(method, target), *headers])
        self._latest += 1
        stream = self._streams[self._latest] = self.stream_class(self, self._latest)
        stream.writing = ENDED if end_stream else OPEN
        self.queue(b"q" if end_stream else b"Q", stream.stream_id, head)
        return stream

    def stream(self, stream_id: int, /) -> FrameStream:
        check(stream_id in self._streams)
        return self._streams[stream_id]

    def consume_data(self, stream_id: int, length: int, /) -> None:
        """Credit is returned with the event."""

    def queue(self, letter: bytes, stream_id: int, payload: bytes) -> None:
        self._output.append(letter + stream_id.to_bytes(4) + len(payload).to_bytes(4) + payload)

    def forget(self, stream: FrameStream) -> None:
        if stream.reading == stream.writing == ENDED and self._ending != stream.stream_id:
            self._streams.pop(stream.stream_id, None)

    # ---------------------------------------------------------------------------------------------------------- reading

    def _next_event(self) -> Any:
        if self._ending is not None:
            stream = self._streams[self._ending]
            self._ending = None
            self.forget(stream)
            return EndOfMessage(stream_id=stream.stream_id)
        while len(self._input) - self._at >= HEAD:
            head = bytes(self._input[self._at : self._at + HEAD])
            letter, stream_id, length = head[:1], int.from_bytes(head[1:5]), int.from_bytes(head[5:])
            if length > LONGEST_FRAME or letter not in b"QqRrIBEXW" or stream_id == 0:
                raise refusal("a frame must be of a kind that is known, and not too long")
            if len(self._input) - self._at < HEAD + length:
                break
            payload = bytes(self._input[self._at + HEAD : self._at + HEAD + length])
            self._at += HEAD + length
            event = self._read(letter, stream_id, payload)
            if event is not None:
                return event
        if self._eof and (self._at < len(self._input) or any(one.reading != ENDED for one in self._streams.values())):
            raise refusal("a message must be complete")
        to_tell, self._end_to_tell = self._end_to_tell, False
        return CONNECTION_CLOSED if to_tell else NEED_DATA

    def _read(self, letter: bytes, stream_id: int, payload: bytes) -> Any:
        if letter in b"Qq":
            return self._request(letter, stream_id, payload)
        if stream_id > self._latest:
            raise refusal("a stream must begin with a request")
        stream = self._streams.get(stream_id)
        if stream is None:
            return None  # it was reset, or has ended, while this was in transit
        if letter == b"W":
            assert stream.send_window is not None
            stream.send_window += int.from_bytes(payload)
            stream.flush()
            return WindowUpdate(stream_id, int.from_bytes(payload))
        if letter == b"X":
            stream.reading = stream.writing = ENDED
            self.forget(stream)
            return RstStream(stream_id, int.from_bytes(payload[:4]))
        if letter in b"RrI":
            return self._response(letter, stream, payload)
        if stream.reading != OPEN:
            raise refusal("content needs a head, and nothing comes after the end")
        if letter == b"B":
            if not payload:
                return None  # content without bytes gives no event
            stream.received += len(payload)
            self.queue(b"W", stream_id, len(payload).to_bytes(4))
            return Data(payload, stream_id)
        stream.reading = ENDED
        trailers = unpack(payload)
        self.forget(stream)
        return EndOfMessage(trailers, stream_id)

    def _request(self, letter: bytes, stream_id: int, payload: bytes) -> Any:
        if self.role == CLIENT or stream_id <= self._latest:
            raise refusal("a stream must be a new one, of a client")
        if len(self._streams) >= MOST_STREAMS:
            raise refusal("more streams are open than there may be")
        fields = unpack(payload)
        if not fields or not is_request_target(fields[0][1]):
            raise refusal("a head must have a first line")
        self._latest = stream_id
        stream = self._streams[stream_id] = self.stream_class(self, stream_id)
        stream.reading = ENDED if letter == b"q" else OPEN
        self._ending = stream_id if letter == b"q" else None
        (method, target), rest = fields[0], fields[1:]
        return Request(method, target, rest, http_version=b"toy", stream_id=stream_id, end_stream=letter == b"q")

    def _response(self, letter: bytes, stream: FrameStream, payload: bytes) -> Any:
        fields = unpack(payload)
        if self.role == SERVER or stream.reading != IDLE or not fields or not fields[0][1].isdigit():
            raise refusal("a response must have a status")
        status = int(fields[0][1])
        if not 100 <= status <= 999 or (status < 200) != (letter == b"I"):
            raise refusal("a status must be one")
        ends = letter == b"r"
        if letter != b"I":
            stream.reading = ENDED if ends else OPEN
            self._ending = stream.stream_id if ends else None
        return Response(status, fields[1:], http_version=b"toy", stream_id=stream.stream_id, end_stream=ends)


def check(allowed: bool) -> None:
    if not allowed:
        raise LocalProtocolError("this must not be sent now", reason="wrong_order")


def response(status: int, headers: Any) -> bytes:
    return pack([(b"status", b"%d" % status), *(headers or ())])


def frame(letter: bytes, stream_id: int, payload: bytes = b"") -> bytes:
    return letter + stream_id.to_bytes(4) + len(payload).to_bytes(4) + payload


def describe_frames(connection: Any = FrameConnection, **fields: Any) -> ProtocolDescriptor:
    """A descriptor of the toy, or of a test's variant."""
    claims = frozenset(("keep-alive", "flow-control", "trailers", "informational"))
    kept = {"name": "toy-frames", "multiplexed": True, "capabilities": claims, **fields}
    return ProtocolDescriptor(api_version=(1, 0), connection=connection, **kept)


def head(stream_id: int, method: bytes = b"GET", **more: Any) -> Request:
    return Request(method, b"/", [(b"x", b"y%d" % stream_id)], http_version=b"toy", stream_id=stream_id, **more)


def content(length: int) -> Exchange:
    """Content of any length."""
    starts = range(0, length, LONGEST_FRAME)
    return Exchange(
        "content",
        client=frame(b"Q", 1, b"PUT\0/\0x\0y1\0")
        + b"".join(frame(b"B", 1, b"x" * min(LONGEST_FRAME, length - start)) for start in starts)
        + frame(b"E", 1),
        events=[head(1, b"PUT"), Data(b"x" * length, 1), EndOfMessage(stream_id=1)],
        reply=[Response(200, http_version=b"toy", stream_id=1), Data(b"y" * length, 1), EndOfMessage(stream_id=1)],
    )


def opened_and_reset() -> Iterator[bytes]:
    for number in range(1, 1 << 30):
        yield frame(b"Q", number, b"GET\0/\0") + frame(b"X", number, bytes(4))


def opened() -> Iterator[bytes]:
    for number in range(1, 1 << 30):
        yield frame(b"Q", number, b"GET\0/\0")


EXCHANGES = [
    Exchange(
        "get",
        client=frame(b"q", 1, b"GET\0/\0x\0y1\0"),
        events=[head(1, end_stream=True), EndOfMessage(stream_id=1)],
        reply=[
            Response(103, [(b"link", b"</a>")], stream_id=1),
            Response(200, http_version=b"toy", stream_id=1),
            Data(b"hello", 1),
            EndOfMessage([(b"checksum", b"2")], 1),
        ],
    ),
    Exchange(
        "two streams",
        client=frame(b"Q", 1, b"PUT\0/\0x\0y1\0")
        + frame(b"q", 2, b"GET\0/\0x\0y2\0")
        + frame(b"B", 1, b"hello")
        + frame(b"E", 1, b"checksum\x001\0"),
        events=[
            head(1, b"PUT"),
            head(2, end_stream=True),
            EndOfMessage(stream_id=2),
            Data(b"hello", 1),
            EndOfMessage([(b"checksum", b"1")], 1),
        ],
        reply=[
            Response(204, http_version=b"toy", stream_id=2, end_stream=True),
            EndOfMessage(stream_id=2),
            Response(200, http_version=b"toy", stream_id=1),
            EndOfMessage(stream_id=1),
        ],
    ),
]
MALFORMED = {
    "a frame of no kind": frame(b"Z", 1),
    "a frame that is too long": b"B\0\0\0\1\xff\xff\xff\xff",
    "content on a stream that was never opened": frame(b"B", 1, b"x"),
    "half a frame": frame(b"q", 1, b"GET\0/\0")[:-2],
    "a request without an end": frame(b"Q", 1, b"GET\0/\0"),
}
MALFORMED_REPLIES = {
    "a status that is no number": frame(b"R", 1, b"status\0abc\0"),
    "a request": frame(b"q", 2, b"GET\0/\0"),
}
FLOODS = {"streams opened and reset": opened_and_reset, "streams opened": opened}
