"""``Stream``: one request and its response, where a message is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import LocalProtocolError
from zttp_core.field_pairs import field_pairs
from zttp_fastcgi import records
from zttp_fastcgi.variables import write_response

if TYPE_CHECKING:
    from zttp_fastcgi.connection import FastCgiConnection

Headers = Iterable[tuple[bytes, bytes]]

HEAD, CONTENT, DONE = range(3)  # states of a message
NAMES = ("head", "content", "done")


class Stream:
    """One request. Its identifier may be reused once it has ended; this object then stays closed.

    FastCGI has no flow control except that of the transport: nothing waits here, and ``send_window`` and
    ``pending_bytes`` are ``None``.
    """

    send_window: int | None = None
    pending_bytes: int | None = None

    def __init__(self, connection: FastCgiConnection, stream_id: int) -> None:
        self.stream_id = stream_id
        self.reading = self.writing = HEAD
        self.is_open = True
        self.keeps_connection = True
        self.head = bytearray()  # variables, or header lines, received so far
        self.content_left = -1  # of the length in the head, if there is one
        self.connection = connection

    def send_response(self, status: int, headers: Headers | None = None, end_stream: bool = False) -> None:
        """Queue the head of the response."""
        fields = field_pairs(headers or ())
        self._check(self.connection.role == SERVER and self.writing == HEAD and self.reading != HEAD)
        self._send(write_response(status, fields))
        self.writing = CONTENT
        if end_stream:
            self.end_message()

    def send_informational(self, status: int, headers: Headers | None = None, /) -> None:  # noqa: ARG002
        """Refuse: CGI has no informational responses."""
        raise LocalProtocolError("CGI has no informational responses", reason="not_supported")

    def send_data(self, data: Any, /) -> None:
        """Queue content."""
        content = bytes(memoryview(data))
        self._check(self.writing == CONTENT)
        self._send(content)

    def end_message(self, trailers: Headers | None = None, /) -> None:
        """End the message, and on a server the request with it."""
        self._check(self.writing == CONTENT and not field_pairs(trailers or ()))  # CGI has no trailers
        self.writing = DONE
        if self.connection.role == SERVER:
            self.connection.queue(records.record(records.STDOUT, self.stream_id))
            self.connection.end(self, records.REQUEST_COMPLETE)
        else:
            self.connection.queue(records.record(records.STDIN, self.stream_id))

    def reset(self, error_code: int = 1, /) -> None:
        """Abandon the request; no effect if it has ended."""
        if not 0 <= error_code <= 0xFFFFFFFF:
            raise ValueError(f"the status of an application must have 32 bits, got {error_code}")
        if not self.is_open:
            return
        if self.connection.role == SERVER:
            self.connection.end(self, records.OVERLOADED, error_code)
        else:
            self.connection.abort(self)

    def _send(self, content: bytes) -> None:
        kind = records.STDIN if self.connection.role == CLIENT else records.STDOUT
        self.connection.queue(*records.stream_records(kind, self.stream_id, content))

    def _check(self, allowed: bool) -> None:
        if not (allowed and self.is_open):
            raise LocalProtocolError("this must not be sent, or not now", reason="wrong_order")

    def __repr__(self) -> str:
        return f"<Stream {self.stream_id} reading={NAMES[self.reading]} writing={NAMES[self.writing]}>"
