"""A FastCGI connection of an application (server) or of the web server in front of it (client).

Requests are multiplexed by identifiers of 16 bits, which the client chooses and reuses. A request ends for both sides
with END_REQUEST; until then its identifier is in use, even if the client has aborted it. Records with an unused
identifier are ignored (FastCGI 1.0, 3.3): they were in flight when the request ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import Data, EndOfMessage, Request, Response, RstStream
from zttp_core.field_pairs import field_pairs
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA, ConnectionClosed, NeedData
from zttp_fastcgi import records
from zttp_fastcgi.records import Record, parse_pairs, parse_record, record, refusal
from zttp_fastcgi.stream import CONTENT, DONE, HEAD, Stream
from zttp_fastcgi.variables import read_request, read_response, write_request

Event = Request | Response | Data | EndOfMessage | RstStream | NeedData | ConnectionClosed

MOST_ANSWERS = 256  # unsolicited and not taken yet: more is abuse


class FastCgiConnection:
    """Bytes in, events out, concurrent requests.

    Args:
        role: ``SERVER`` for an application, ``CLIENT`` for a web server.
        max_requests: Open requests at a time; a server answers more with FCGI_OVERLOADED.
        max_header_bytes: Bytes of a head that are kept before it becomes an event.
        keep_connection: Whether a client wants the connection to stay open.
    """

    def __init__(
        self, role: int, *, max_requests: int = 64, max_header_bytes: int = 64 * 1024, keep_connection: bool = True
    ) -> None:
        self.role = role
        self._max_requests, self._max_head = min(max_requests, 0xFFFF), max_header_bytes
        self._keep = keep_connection
        self._received = bytearray()
        self._output: list[bytes] = []
        self._answers = 0
        self._streams: dict[int, Stream] = {}
        self._eof = self._is_last = False
        self._end_to_tell = False  # by CONNECTION_CLOSED, once
        self._error: RemoteProtocolError | None = None

    def receive_data(self, data: Any, /) -> None:
        """Take bytes from the peer; an empty buffer means that it has closed its side."""
        received = bytes(memoryview(data))
        if not received:
            self._eof = self._end_to_tell = True
        elif self._error is None and not self._eof:  # after an error or the end nothing is kept
            self._received += received

    def next_event(self) -> Event:
        """Return the next event. After an error every call raises it again."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        try:
            while (taken := parse_record(self._received)) is not None:
                if (event := self._read(taken)) is not None:
                    return event
            return self._end_of_input() if self._eof else NEED_DATA
        except RemoteProtocolError as error:
            self._error = error
            self._received.clear()
            self._close_streams()
            raise

    def data_to_send(self) -> bytes:
        """Return the output, once."""
        queued, self._output, self._answers = b"".join(self._output), [], 0
        return queued

    def send_request(
        self,
        method: bytes,
        target: bytes,
        version: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        *,
        end_stream: bool = False,
    ) -> Stream:
        """Queue the head of a request, and return its stream."""
        fields = field_pairs(headers)
        [(method, target)] = field_pairs([(method, target)])
        if self.role != CLIENT or not self.can_open_stream:
            raise LocalProtocolError("no request can be sent now", reason="too_many_requests")
        params = write_request(method, target, version, fields, end_stream=end_stream)
        stream_id = next(number for number in range(1, self._max_requests + 1) if number not in self._streams)
        stream = self._streams[stream_id] = Stream(self, stream_id)
        begin = records.BEGIN.pack(records.RESPONDER, records.KEEP_CONNECTION if self._keep else 0)
        self.queue(record(records.BEGIN_REQUEST, stream_id, begin))
        self.queue(*records.stream_records(records.PARAMS, stream_id, params), record(records.PARAMS, stream_id))
        stream.writing, stream.keeps_connection = CONTENT, self._keep
        if end_stream:
            stream.end_message()
        return stream

    @property
    def can_open_stream(self) -> bool:
        """Whether there is an identifier for another request."""
        return len(self._streams) < self._max_requests and not self.is_closed()

    def stream(self, stream_id: int, /) -> Stream:
        """Return the stream of an open request."""
        stream = self._streams.get(stream_id)
        if stream is None or not stream.is_open:
            raise LocalProtocolError(f"there is no open request {stream_id}", reason="stream_closed")
        return stream

    def consume_data(self, stream_id: int, length: int, /) -> None:
        """Do nothing: there is no flow control."""

    def is_closed(self) -> bool:
        """Return whether the connection is finished."""
        return self._error is not None or (self._eof and not self._streams) or self._is_last

    def __repr__(self) -> str:
        side = "server" if self.role == SERVER else "client"
        shown = ", ".join(map(repr, [*self._streams.values()][:4]))
        return f"<FastCgiConnection {side} requests={len(self._streams)} {shown}>"

    # -------------------------------------------------------------------------------------------- for the streams

    def queue(self, *output: bytes) -> None:
        """Queue records."""
        self._output += output

    def end(self, stream: Stream, protocol_status: int, application_status: int = 0) -> None:
        """End a request (server)."""
        self.queue(record(records.END_REQUEST, stream.stream_id, records.END.pack(application_status, protocol_status)))
        self._forget(stream)

    def abort(self, stream: Stream) -> None:
        """Ask for the end of a request (client); its identifier stays in use until it has ended."""
        stream.is_open = False
        stream.head.clear()
        self.queue(record(records.ABORT_REQUEST, stream.stream_id))

    # ----------------------------------------------------------------------------------------------------- reading

    def _read(self, taken: Record) -> Event | None:
        """Handle a record."""
        if taken.request_id == 0:
            self._read_management(taken)
            return None
        if taken.kind not in (records.TO_SERVER if self.role == SERVER else records.TO_CLIENT):
            raise refusal("unexpected_record", f"a record of type {taken.kind} is nothing to send here")
        stream = self._streams.get(taken.request_id)
        if taken.kind == records.BEGIN_REQUEST:
            self._begin(taken, stream)
            return None
        if stream is None:
            return None
        match taken.kind:
            case records.PARAMS:
                return self._read_params(stream, taken.content)
            case records.STDIN:
                return self._read_stdin(stream, taken.content)
            case records.ABORT_REQUEST:
                begun = stream.reading != HEAD
                self._answer()
                self.end(stream, records.REQUEST_COMPLETE)
                return RstStream(stream.stream_id, 0) if begun else None
            case records.STDOUT if stream.is_open:
                return self._read_stdout(stream, taken.content)
            case records.END_REQUEST:
                return self._read_end(stream, taken.content)
        return None  # STDERR is for logs; DATA belongs to an unsupported role

    def _read_management(self, taken: Record) -> None:
        """Answer management records (4): only multiplexing is known."""
        if self.role == CLIENT:
            raise refusal("unexpected_record", "only a web server asks for values")
        self._answer()
        if taken.kind == records.GET_VALUES:
            known = {b"FCGI_MPXS_CONNS": b"1", b"FCGI_MAX_REQS": b"%d" % self._max_requests}
            asked = {name for name, _ in parse_pairs(taken.content)}
            values = b"".join(records.pair(name, value) for name, value in known.items() if name in asked)
            self.queue(record(records.GET_VALUES_RESULT, 0, values))
        else:
            self.queue(record(records.UNKNOWN_TYPE, 0, bytes([taken.kind]) + bytes(7)))

    def _answer(self) -> None:
        """Count an automatic answer."""
        self._answers += 1
        if self._answers > MOST_ANSWERS:
            raise refusal("too_many_answers", "the peer takes none of the answers that it asks for")

    def _begin(self, taken: Record, stream: Stream | None) -> None:
        if stream is not None or len(taken.content) != records.BEGIN.size:
            raise refusal("invalid_begin", "a request must begin with an identifier of its own, and a whole record")
        role, flags = records.BEGIN.unpack(taken.content)
        stream = Stream(self, taken.request_id)
        stream.keeps_connection = bool(flags & records.KEEP_CONNECTION)
        if role != records.RESPONDER or len(self._streams) >= self._max_requests:
            self._answer()
            self.end(stream, records.OVERLOADED if role == records.RESPONDER else records.UNKNOWN_ROLE)
        else:
            self._streams[stream.stream_id] = stream

    def _read_params(self, stream: Stream, content: bytes) -> Event | None:
        if stream.reading != HEAD:
            raise refusal("unexpected_record", "the variables of a request have ended")
        if content:
            self._grow(stream, content)
            return None
        request = read_request(parse_pairs(bytes(stream.head)), stream.stream_id)
        length = request.headers.get(b"content-length", b"")
        stream.content_left = 0 if request.end_stream else int(length) if length else -1
        stream.head, stream.reading = bytearray(), CONTENT
        return request

    def _read_stdin(self, stream: Stream, content: bytes) -> Event | None:
        if stream.reading != CONTENT:
            raise refusal("unexpected_record", "content goes between the variables and its end")
        if stream.content_left >= 0:
            stream.content_left -= len(content)
            if stream.content_left < 0 or (not content and stream.content_left):
                raise refusal("content_length", "the content must be as long as the request says")
        if content:
            return Data(content, stream.stream_id)
        stream.reading = DONE
        return EndOfMessage(stream_id=stream.stream_id)

    def _read_stdout(self, stream: Stream, content: bytes) -> Event | None:
        if stream.reading == CONTENT:
            return Data(content, stream.stream_id) if content else None
        searched = len(stream.head)
        self._grow(stream, content)
        end = _end_of_head(stream.head, searched)
        if end < 0:
            return None
        head = bytes(stream.head[:end])
        rest = bytes(stream.head[end:])
        status, fields = read_response([line.removesuffix(b"\r") for line in head.split(b"\n")[:-2]])
        stream.head, stream.reading = bytearray(), CONTENT
        if rest:  # it is content: read on where it came from
            self._received[:0] = record(records.STDOUT, stream.stream_id, rest)
        return Response(status, fields, stream_id=stream.stream_id)

    def _read_end(self, stream: Stream, content: bytes) -> Event | None:
        if len(content) != records.END.size:
            raise refusal("invalid_end", "the end of a request must be a whole record")
        application_status, protocol_status = records.END.unpack(content)
        was_open = stream.is_open
        self._forget(stream)
        if not was_open:
            return None  # it was aborted
        if protocol_status == records.REQUEST_COMPLETE and stream.reading == CONTENT:
            return EndOfMessage(stream_id=stream.stream_id)
        return RstStream(stream.stream_id, application_status)

    def _end_of_input(self) -> Event:
        """Handle EOF: it is an error if a message is incomplete."""
        missing = self.role == CLIENT or any(stream.reading != DONE for stream in self._streams.values())
        if self._received or (self._streams and missing):
            raise refusal("incomplete_message", "the input ends within a message")
        to_tell, self._end_to_tell = self._end_to_tell, False
        return CONNECTION_CLOSED if to_tell else NEED_DATA

    def _grow(self, stream: Stream, content: bytes) -> None:
        if len(stream.head) + len(content) > self._max_head + records.LONGEST:
            raise refusal("header_section_too_large", f"a head is longer than {self._max_head} bytes")
        stream.head += content

    def _forget(self, stream: Stream) -> None:
        stream.is_open = False
        self._streams.pop(stream.stream_id, None)
        self._is_last = self._is_last or not stream.keeps_connection

    def _close_streams(self) -> None:
        for stream in self._streams.values():
            stream.is_open = False
        self._streams.clear()


def _end_of_head(head: bytearray, searched: int) -> int:
    """Return the start of the content, after an empty line; -1 before that has arrived. Lines may end without CR."""
    at = max(0, searched - 3)
    ends = [head.find(end, at) + len(end) for end in (b"\n\n", b"\n\r\n") if head.find(end, at) >= 0]
    return min(ends, default=-1)
