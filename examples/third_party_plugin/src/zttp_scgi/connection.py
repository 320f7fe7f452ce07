"""The server side of an SCGI connection: one request, one response, then the connection closes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import Data, EndOfMessage, Request
from zttp_core.messages import is_field_value, is_request_target, is_token
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA, ConnectionClosed, NeedData
from zttp_scgi.netstring import parse_headers, parse_length

if TYPE_CHECKING:
    from typing_extensions import Buffer

Fields = Iterable[tuple[bytes, bytes]]
Event = Request | Data | EndOfMessage | NeedData | ConnectionClosed

HEADERS, BODY, DONE = range(3)
NAMES = ("headers", "body", "done")


class ScgiConnection:
    """Bytes in, events out. ``max_header_bytes`` limits what is kept of a request before its event."""

    def __init__(self, role: int, *, max_header_bytes: int = 64 * 1024) -> None:
        self.role = role
        self._limit = max_header_bytes
        self._received = bytearray()
        self._eof = False
        self._end_to_tell = False  # CONNECTION_CLOSED is to be returned once
        self._reading = HEADERS
        self._body_left = 0
        self._error: RemoteProtocolError | None = None
        self._output: list[bytes] = []
        self._sending = HEADERS

    def receive_data(self, data: Buffer, /) -> None:
        """Take bytes from the peer; an empty buffer means that it has closed its side."""
        received = bytes(memoryview(data))
        if not received:
            self._eof = self._end_to_tell = True
        if self._error is None and not self._eof:  # after an error or the end nothing is kept
            self._received += received

    def next_event(self) -> Event:
        """Return the next event. After an error every call raises it again."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        try:
            return self._next_event()
        except RemoteProtocolError as error:
            self._error = error
            raise

    def send_response(self, status: int, headers: Fields | None = None, /) -> None:
        """Queue the response's head, in the form of CGI (RFC 3875 6)."""
        if self._sending != HEADERS:
            raise LocalProtocolError("the response has been sent already", reason="response_already_sent")
        if not 200 <= status <= 999:
            raise LocalProtocolError(f"{status} is not a status of a response", reason="invalid_status_code")
        head = [b"Status: %d\r\n" % status]
        for name, value in headers or ():
            if not is_token(name) or not is_field_value(value):
                raise LocalProtocolError(f"{name!r} is not a header that can be sent", reason="invalid_field_value")
            head.append(b"%b: %b\r\n" % (name, value))
        self._output += [*head, b"\r\n"]
        self._sending = BODY

    def send_data(self, data: Buffer, /) -> None:
        """Queue a piece of the response's body."""
        if self._sending != BODY:
            raise LocalProtocolError("a body must be between a response's head and end", reason="no_message_to_send")
        self._output.append(bytes(memoryview(data)))

    def end_message(self) -> None:
        """End the response; close the connection once everything is sent."""
        if self._sending != BODY:
            raise LocalProtocolError("there is no response to end", reason="no_message_to_send")
        self._sending = DONE

    def data_to_send(self) -> bytes:
        """Return the output, once."""
        queued, self._output = b"".join(self._output), []
        return queued

    def receive_event(self, data: Buffer, /) -> Event:
        """Take bytes and return the next event: two calls in one."""
        self.receive_data(data)
        return self.next_event()

    def should_close(self) -> bool:
        """Return whether to close after sending: always, there is one request to a connection."""
        return True

    def is_closed(self) -> bool:
        """Return whether the connection is finished: a client that has only ended its own side is still answered."""
        unasked = self._reading == HEADERS and not self._received
        return self._error is not None or self._sending == DONE or (self._eof and unasked)

    def __repr__(self) -> str:
        return f"<ScgiConnection reading={NAMES[self._reading]} sending={NAMES[self._sending]}>"

    def _next_event(self) -> Event:
        event: Event
        if self._reading == HEADERS:
            event = self._read_headers()
        elif self._reading == BODY:
            event = self._read_body()
        elif self._received:
            raise RemoteProtocolError("bytes follow the request", reason="data_after_close", status_hint=400)
        else:
            event = NEED_DATA
        return self._end() if event is NEED_DATA and self._eof else event

    def _end(self) -> NeedData | ConnectionClosed:
        """Handle EOF, which is legal only between messages."""
        if self._reading == BODY or self._received:
            raise RemoteProtocolError("the request is not complete", reason="incomplete_message", status_hint=400)
        to_tell, self._end_to_tell = self._end_to_tell, False
        return CONNECTION_CLOSED if to_tell else NEED_DATA

    def _read_headers(self) -> Request | NeedData:
        length = parse_length(bytes(self._received[: len(str(self._limit)) + 1]), self._limit)
        if length is None or len(self._received) <= sum(length):
            return NEED_DATA
        begin, end = length[0], sum(length)
        if self._received[end] != ord(","):
            raise RemoteProtocolError("a netstring must end with a comma", reason="invalid_netstring", status_hint=400)
        headers = parse_headers(bytes(self._received[begin:end]))
        method, target = headers.get(b"REQUEST_METHOD", b"GET"), headers.get(b"REQUEST_URI", b"/")
        if not is_token(method) or not is_request_target(target):
            raise RemoteProtocolError("method or target is malformed", reason="invalid_headers", status_hint=400)
        del self._received[: end + 1]
        self._body_left = int(headers[b"CONTENT_LENGTH"])
        self._reading = BODY
        return Request(
            method=method,
            target=target,
            headers=[(_field_name(name), value) for name, value in headers.items() if _field_name(name)],
            http_version=headers.get(b"SERVER_PROTOCOL", b"HTTP/1.0").removeprefix(b"HTTP/"),
            end_stream=self._body_left == 0,
        )

    def _read_body(self) -> Data | EndOfMessage | NeedData:
        if self._body_left == 0:
            self._reading = DONE
            return EndOfMessage()
        if not self._received:
            return NEED_DATA
        piece = bytes(self._received[: self._body_left])
        del self._received[: len(piece)]
        self._body_left -= len(piece)
        return Data(piece)


def _field_name(name: bytes) -> bytes:
    """Return the HTTP field of a header (RFC 3875 4.1.18), or ``b""``."""
    if name in (b"CONTENT_LENGTH", b"CONTENT_TYPE"):
        return name.lower().replace(b"_", b"-")
    return name[5:].lower().replace(b"_", b"-") if name.startswith(b"HTTP_") else b""
