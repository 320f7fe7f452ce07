"""The server side of a connection: one request, one response, then the connection closes."""

from typing import Any, Final, final

from librt.strings import BytesWriter

from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import Data, EndOfMessage, Request
from zttp_core.field_pairs import field_pairs
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA
from zttp_line.codec import END, parse_request, write_response

# States of a message. The request and the response each have one.
HEAD: Final = 0
CONTENT: Final = 1
DONE: Final = 2
NAMES: Final = ("head", "content", "done")


@final
class LineConnection:
    """Bytes in, events out. ``max_line`` limits the bytes of a request that are kept before it becomes an event."""

    def __init__(self, role: int, *, max_line: int = 8192) -> None:
        self.role: Final = role
        self._max_line: Final = max_line
        self._received = bytearray()  # it grows and shrinks in place; bytes would be copied with each piece
        self._searched = 0  # no line end up to here: scanned bytes are not scanned again
        self._eof = False
        self._end_to_tell = False  # CONNECTION_CLOSED is to be returned once, so that a pull loop ends
        self._reading = HEAD
        self._left = 0  # of the content
        self._error: Any = None
        self._writing = HEAD
        self._output = BytesWriter()

    def receive_data(self, data: Any, /) -> None:
        """Take bytes from the peer; an empty buffer means that it has closed its side."""
        received = bytes(memoryview(data))  # any buffer, which the caller may reuse afterwards
        if not received:
            self._eof = self._end_to_tell = True
        elif self._error is None and not self._eof:  # after an error or the end nothing is kept
            self._received += received

    def next_event(self) -> Any:
        """Return the next event. After an error every call raises it again."""
        if self._error is not None:
            raise self._error.with_traceback(None)  # otherwise each read would keep another frame
        try:
            event = self._next_event()
            if event is NEED_DATA and self._eof:
                event = self._end()
            return event
        except RemoteProtocolError as error:
            self._error = error
            self._received.clear()
            raise

    def send_response(self, status: int, headers: Any = None, /) -> None:
        """Queue the response's head."""
        check(self._writing == HEAD, "response_already_sent")
        check(200 <= status <= 999, "invalid_status_code")
        check(not field_pairs(headers or ()), "invalid_field_value")  # LINE has no fields
        write_response(status, self._output)
        self._writing = CONTENT

    def send_data(self, data: Any, /) -> None:
        """Queue a piece of the response's content."""
        content = bytes(memoryview(data))
        check(self._writing == CONTENT, "no_message_to_send")
        self._output.write(content)

    def end_message(self) -> None:
        """End the response; close the connection once everything is sent."""
        check(self._writing == CONTENT, "no_message_to_send")
        self._writing = DONE

    def data_to_send(self) -> bytes:
        """Return the output, once."""
        queued = self._output.getvalue()
        if queued:
            self._output = BytesWriter()
        return queued

    def receive_event(self, data: Any, /) -> Any:
        """Take bytes and return the next event: two calls in one."""
        self.receive_data(data)
        return self.next_event()

    def should_close(self) -> bool:
        """Return whether to close after sending: always, there is one request to a connection."""
        return True

    def is_closed(self) -> bool:
        """Return whether the connection is finished: a client that has only ended its own side is still answered."""
        unasked = self._reading == HEAD and not self._received
        return self._error is not None or self._writing == DONE or (self._eof and unasked)

    def __repr__(self) -> str:
        return f"<LineConnection reading={NAMES[self._reading]} writing={NAMES[self._writing]}>"

    def _next_event(self) -> Any:
        if self._reading == HEAD:
            return self._read_head()
        if self._reading == CONTENT:
            return self._read_content()
        if self._received:
            raise RemoteProtocolError("bytes follow the request", reason="data_after_close", status_hint=400)
        return NEED_DATA

    def _read_head(self) -> Any:
        end = self._received.find(END, self._searched, self._max_line + len(END))
        if end < 0:
            self._searched = max(0, len(self._received) - 1)
            if len(self._received) > self._max_line:
                raise RemoteProtocolError("the line is too long", reason="line_too_long", status_hint=414)
            return NEED_DATA
        method, target, self._left = parse_request(bytes(self._received[:end]))
        del self._received[: end + len(END)]
        self._reading = CONTENT
        return Request(method, target, [], http_version=b"line", end_stream=self._left == 0)

    def _read_content(self) -> Any:
        if self._left == 0:
            self._reading = DONE
            return EndOfMessage()
        if not self._received:
            return NEED_DATA
        piece = bytes(self._received[: self._left])
        del self._received[: len(piece)]
        self._left -= len(piece)
        return Data(piece)

    def _end(self) -> Any:
        """Handle EOF, which is legal only between messages."""
        if self._reading == CONTENT or self._received:
            raise RemoteProtocolError("the request is not complete", reason="incomplete_message", status_hint=400)
        to_tell, self._end_to_tell = self._end_to_tell, False
        return CONNECTION_CLOSED if to_tell else NEED_DATA


def check(allowed: bool, reason: str) -> None:
    """Refuse an illegal send, before anything changes."""
    if not allowed:
        raise LocalProtocolError("this must not be sent, or not now", reason=reason)
