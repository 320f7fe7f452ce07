"""The writing half of a connection: messages go in, frames come out, as far as the peer's windows allow.

What has no credit is parked with its stream and leaves when credit comes, in the order of the ``scheduler``. While the
connection has credit, nothing is queued that could use it: what is parked then waits for its own stream's window.
"""

from typing import Final, final

from librt.strings import read_i32_be

from zttp_core.reasons import local_error
from zttp_h2.flow.floods import SLIVER
from zttp_h2.flow.outbox import Outbox
from zttp_h2.flow.scheduler import Scheduler
from zttp_h2.frames import DEFAULT_WINDOW, END_STREAM, MAX_STREAM_ID, MAX_WINDOW
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.session import Session
from zttp_h2.streams.states import (
    CLOSED,
    CONTENT,
    ENDED,
    GIVE_BARE_HEAD,
    GIVE_DATA,
    GIVE_END,
    GIVE_HEAD,
    GIVE_INFORMATIONAL,
    HALF_CLOSED_LOCAL,
    NO_CONTENT,
    NOT_ALLOWED,
    OPEN,
    RESET_SENT,
    SEND_END_STREAM,
    after,
    after_giving,
    refusal,
)
from zttp_h2.streams.stream_state import CONNECT, HEAD, TUNNEL, StreamState
from zttp_h2.writing.head_writer import Fields, HeadWriter, check_trailers

_HOST: Final = 0x686F7374  # "host"
_COMPACT_FROM: Final = 64  # so many places in front of what is parked may be empty


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Sender:
    """Heads, content, trailers and resets of all streams; ``window`` is what the peer takes on all of them together."""

    def __init__(self, session: Session) -> None:
        self.session: Final = session
        self.window: i64 = DEFAULT_WINDOW
        self.parked_bytes: i64 = 0
        self.parked_streams: i64 = 0
        self.next_stream_id: i64 = 1
        self._outbox: Final[Outbox] = session.outbox
        self._writer: HeadWriter | None = None
        self._scheduler: Scheduler | None = None

    def make_writer(self) -> HeadWriter:
        """Return the writer of heads, made when it is first needed."""
        writer = self._writer
        if writer is None:
            writer = HeadWriter(self._outbox)
            writer.max_frame_size = self.session.peer.max_frame_size
            self._writer = writer
        return writer

    def apply_max_frame_size(self) -> None:
        """Take over the peer's SETTINGS_MAX_FRAME_SIZE."""
        writer = self._writer
        if writer is not None:
            writer.max_frame_size = self.session.peer.max_frame_size

    # ----------------------------------------------------------------------------------------------------------- heads

    def send_request(
        self,
        method: bytes,
        target: bytes,
        scheme: bytes,
        protocol: bytes | None,
        fields: Fields,
        end_stream: bool,
    ) -> StreamState:
        """Open a stream with a request head."""
        session = self.session
        self.check_can_open()
        authority = _given_authority(fields)
        connect = method == b"CONNECT"
        path: bytes | None = target
        sent_scheme: bytes | None = scheme
        if protocol is not None:
            if not connect:
                raise local_error("protocol_without_connect", method)
            if not session.peer.connect_protocol:
                raise local_error("connect_protocol_not_enabled", protocol)
        elif connect:
            # RFC 9113 8.5: the authority is the target; neither scheme nor path.
            authority = target
            path = None
            sent_scheme = None
        if path is not None and not path.startswith(b"/"):
            colon = path.find(b"://")
            if colon > 0:
                # absolute-form (RFC 9112 3.2.2): its parts have fields of their own here
                slash = path.find(b"/", colon + 3)
                sent_scheme = path[:colon]
                named = path[colon + 3 :] if slash < 0 else path[colon + 3 : slash]
                if authority is not None and authority != named:
                    raise local_error("conflicting_authority", authority)
                authority = named
                path = b"/" if slash < 0 else path[slash:]
            elif path != b"*" or method != b"OPTIONS":
                raise local_error("invalid_target", target)
        if end_stream and not connect and _states_content(fields):
            raise local_error("content_too_short")
        stream_id = self.next_stream_id
        writer = self.make_writer()
        started = session.started
        session.start()
        try:
            writer.write_request(
                stream_id, method, sent_scheme, authority, path, protocol, fields, END_STREAM if end_stream else 0
            )
        except BaseException:
            if not started:
                session.unstart()
            raise
        stream = StreamState(
            stream_id,
            HALF_CLOSED_LOCAL if end_stream else OPEN,
            session.peer.initial_window_size,
            session.own.initial_window_size,
        )
        stream.message = ENDED if end_stream else CONTENT
        stream.request_facts = HEAD if method == b"HEAD" else CONNECT if connect else 0
        if not connect:
            stream.content_to_send = writer.content_length
        session.table.open(stream)
        self.next_stream_id = stream_id + 2
        return stream

    def can_open(self) -> bool:
        """Return whether a stream can be opened now."""
        session = self.session
        return (
            not session.server
            and not session.aborted
            and session.goaway_sent < 0
            and session.goaway_received < 0
            and self.next_stream_id <= MAX_STREAM_ID
            and session.table.count() < session.peer.max_concurrent_streams
        )

    def check_can_open(self) -> None:
        """Raise LocalProtocolError if no stream can be opened now."""
        session = self.session
        if session.server:
            raise local_error("wrong_role")
        if session.aborted:
            raise local_error("connection_ended")
        if session.goaway_sent >= 0 or session.goaway_received >= 0:
            raise local_error("connection_closing")
        if self.next_stream_id > MAX_STREAM_ID:
            raise local_error("stream_ids_exhausted")
        if session.table.count() >= session.peer.max_concurrent_streams:
            raise local_error("too_many_streams")

    def send_response(self, stream: StreamState, status: i64, fields: Fields, end_stream: bool) -> None:
        """Send the head of a final response."""
        self._check_server(stream)
        if status < 200 or status > 999:
            raise local_error("informational_status" if 100 <= status < 200 else "invalid_status_code", b"%d" % status)
        tunnel = stream.request_facts & CONNECT != 0 and status < 300
        bare = status == 204 or status == 304 or stream.request_facts & HEAD != 0
        following = self._check(stream, GIVE_BARE_HEAD if bare else GIVE_HEAD)
        writer = self.make_writer()
        if end_stream and not bare and not tunnel and _states_content(fields):
            raise local_error("content_too_short", stream_id=stream.stream_id)
        writer.write_response(stream.stream_id, status, fields, END_STREAM if end_stream else 0)
        stream.message = following
        if tunnel:
            stream.request_facts |= TUNNEL
        elif not bare:
            stream.content_to_send = writer.content_length
        if end_stream:
            stream.message = ENDED
            self._ended(stream)

    def send_informational(self, stream: StreamState, status: i64, fields: Fields) -> None:
        """Send the head of a 1xx response."""
        self._check_server(stream)
        if status < 100 or status > 199 or status == 101:
            raise local_error("not_informational", b"%d" % status)
        self._check(stream, GIVE_INFORMATIONAL)
        self.make_writer().write_response(stream.stream_id, status, fields, 0)

    # --------------------------------------------------------------------------------------------------------- content

    def send_data(self, stream: StreamState, data: bytes) -> None:
        """Send content, or park what has no credit."""
        size: i64 = len(data)
        if stream.message != CONTENT and (size > 0 or stream.message != NO_CONTENT):
            self._check(stream, GIVE_DATA)
        self._check_alive()
        if size == 0:
            return
        left = stream.content_to_send
        if left >= 0:
            if size > left:
                raise local_error("content_too_long", stream_id=stream.stream_id)
            stream.content_to_send = left - size
        if stream.parked_bytes == 0:
            room = min(self.window, stream.window)
            if size <= room:
                self._write_data(stream, data, 0, size)
                self.session.floods.content_sent(size)
                return
            if room > 0:
                self._check_parked(stream, left)
                self._write_data(stream, data, 0, room)
                self._park(stream, data, room, size)
                return
        self._check_parked(stream, left)
        self._park(stream, data, 0, size)

    def end_message(self, stream: StreamState, trailers: Fields | None) -> None:
        """End the message, behind everything that is parked."""
        if stream.message != CONTENT:
            self._check(stream, GIVE_END)
        self._check_alive()
        if stream.content_to_send > 0:
            raise local_error("content_too_short", stream_id=stream.stream_id)
        if trailers is not None:
            if len(trailers) == 0:
                trailers = None
            elif stream.request_facts & TUNNEL:
                raise local_error("trailers_in_tunnel", stream_id=stream.stream_id)
            else:
                check_trailers(trailers)
        stream.message = ENDED
        if stream.parked_bytes > 0:
            stream.ending = True
            stream.trailers = None if trailers is None else trailers.copy()
            return
        self._finish(stream, trailers)

    def reset(self, stream: StreamState, error_code: i64) -> None:
        """Cancel a stream (RFC 9113 6.4)."""
        if not self.session.aborted:
            self._outbox.write_rst_stream(stream.stream_id, error_code)
        self.drop(stream, RESET_SENT)

    def drop(self, stream: StreamState, state: i64) -> None:
        """Forget a stream that one side has reset, with what is parked on it; its credit returns to the connection."""
        if stream.parked_bytes > 0:
            self.parked_bytes -= stream.parked_bytes
            self.parked_streams -= 1
            stream.parked_bytes = 0
            stream.parked = None
            scheduler = self._scheduler
            if scheduler is not None:
                scheduler.remove(stream)
        if stream.unconsumed > 0:
            self.session.receive_flow.returned(stream.unconsumed)
            stream.unconsumed = 0
        self.session.table.forget(stream, state)

    def _write_data(self, stream: StreamState, data: bytes, start: i64, stop: i64) -> None:
        outbox = self._outbox
        largest = self.session.peer.max_frame_size
        stream_id = stream.stream_id
        stream.window -= stop - start
        self.window -= stop - start
        while stop - start > largest:
            outbox.write_data(stream_id, data, start, start + largest, 0)
            start += largest
        outbox.write_data(stream_id, data, start, stop, 0)

    def _finish(self, stream: StreamState, trailers: Fields | None) -> None:
        """End the stream on the wire."""
        if trailers is not None:
            self.make_writer().write_trailers(stream.stream_id, trailers)
        elif not self._outbox.end_last_frame(stream.stream_id):
            self._outbox.write_data(stream.stream_id, b"", 0, 0, END_STREAM)
        self._ended(stream)

    def _ended(self, stream: StreamState) -> None:
        following = after(stream.state, SEND_END_STREAM)
        stream.state = following
        if following == CLOSED:
            self.close(stream)

    def close(self, stream: StreamState) -> None:
        """Forget a stream on which both messages have ended."""
        session = self.session
        if stream.unconsumed > 0:
            session.table.owe(stream.stream_id, stream.unconsumed)
        session.floods.completed()
        session.table.forget(stream, CLOSED)

    # ---------------------------------------------------------------------------------------------------------- credit

    def credit_connection(self, increment: i64) -> bool:
        """Take credit for all streams; False if the window overflows (RFC 9113 6.9.1)."""
        self.window += increment
        if self.window > MAX_WINDOW:
            return False
        self._pump()
        return True

    def credit_stream(self, stream: StreamState, increment: i64) -> bool:
        """Take credit for one stream; False if its window overflows."""
        stream.window += increment
        if stream.window > MAX_WINDOW:
            return False
        self._wake(stream)
        return True

    def change_initial_window(self, delta: i64) -> bool:
        """Apply a new SETTINGS_INITIAL_WINDOW_SIZE to all streams; False if a window overflows (RFC 9113 6.9.2).

        A window can become negative by it; then nothing is sent until credit has made it positive.
        """
        streams = self.session.table.all()
        for stream in streams:
            stream.window += delta
            if stream.window > MAX_WINDOW:
                return False
        scheduler = self._scheduler
        for stream in streams:
            if stream.parked_bytes > 0 and stream.window > 0:
                self._queue(stream)
            elif stream.queued and scheduler is not None:
                scheduler.remove(stream)
        self._pump()
        return True

    def prioritize(self, stream: StreamState, urgency: i64, incremental: bool) -> None:
        """Apply a priority signal (RFC 9218)."""
        scheduler = self._scheduler
        queued = stream.queued
        if scheduler is not None:
            scheduler.remove(stream)
        stream.urgency = urgency
        stream.incremental = incremental
        if scheduler is not None and queued:
            scheduler.add(stream)

    def _park(self, stream: StreamState, data: bytes, start: i64, stop: i64) -> None:
        parked = stream.parked
        if parked is None or stream.parked_bytes == 0:
            parked = []
            stream.parked = parked
            stream.parked_next = 0
            stream.parked_at = start
            self.parked_streams += 1
        parked.append(data)
        stream.parked_bytes += stop - start
        self.parked_bytes += stop - start
        if stream.window > 0:
            self._queue(stream)

    def _queue(self, stream: StreamState) -> None:
        """Let a stream wait for the connection's credit."""
        if stream.queued:
            return
        scheduler = self._scheduler
        if scheduler is None:
            scheduler = Scheduler()
            self._scheduler = scheduler
        scheduler.add(stream)

    def _wake(self, stream: StreamState) -> None:
        """Let a stream use new credit of its own."""
        if stream.parked_bytes == 0 or stream.window <= 0 or stream.queued:
            return
        while self.window > 0 and stream.window > 0 and stream.parked_bytes > 0:
            self._write_parked(stream)
        if stream.parked_bytes > 0 and stream.window > 0:
            self._queue(stream)

    def _pump(self) -> None:
        """Let the streams that wait for the connection use its credit."""
        scheduler = self._scheduler
        if scheduler is None:
            return
        while self.window > 0:
            stream = scheduler.take()
            if stream is None:
                return
            self._write_parked(stream)
            if stream.parked_bytes > 0 and stream.window > 0:
                scheduler.add(stream)

    def _write_parked(self, stream: StreamState) -> None:
        """Write one frame of what is parked; both windows are positive."""
        parked = stream.parked
        assert parked is not None
        data = parked[stream.parked_next]
        start = stream.parked_at
        size: i64 = len(data) - start
        largest = self.session.peer.max_frame_size
        room = min(self.window, stream.window)
        if largest > room:
            largest = room
        if size <= largest:
            parked[stream.parked_next] = b""
            stream.parked_next += 1
            stream.parked_at = 0
            if stream.parked_next >= _COMPACT_FROM and stream.parked_next * 2 >= len(parked):
                del parked[: stream.parked_next]
                stream.parked_next = 0
            self.session.floods.content_sent(size)
        else:
            size = largest
            stream.parked_at = start + size
            if size >= SLIVER:
                self.session.floods.content_sent(size)
        stream.parked_bytes -= size
        self.parked_bytes -= size
        stream.window -= size
        self.window -= size
        ends = stream.parked_bytes == 0 and stream.ending and stream.trailers is None
        self._outbox.write_data(stream.stream_id, data, start, start + size, END_STREAM if ends else 0)
        if stream.parked_bytes == 0:
            stream.parked = None
            self.parked_streams -= 1
            if ends:
                self._ended(stream)
            elif stream.ending:
                self._finish(stream, stream.trailers)

    # ---------------------------------------------------------------------------------------------------------- checks

    def _check(self, stream: StreamState, given: i64) -> i64:
        """Return the state of the message after ``given``; LocalProtocolError if it is not allowed now."""
        self._check_alive()
        following = after_giving(stream.message, given)
        if following == NOT_ALLOWED:
            raise local_error(refusal(stream.message, given), stream_id=stream.stream_id)
        return following

    def _check_alive(self) -> None:
        if self.session.aborted:
            raise local_error("connection_ended")

    def _check_server(self, stream: StreamState) -> None:
        if not self.session.server:
            raise local_error("wrong_role", stream_id=stream.stream_id)

    def _check_parked(self, stream: StreamState, left: i64) -> None:
        """Bound what a peer that grants no credit can make us keep (CVE-2019-9517)."""
        if self.parked_bytes >= self.session.limits.max_parked_bytes:
            stream.content_to_send = left
            raise local_error("too_much_parked", stream_id=stream.stream_id)


def _given_authority(fields: Fields) -> bytes | None:
    """Return the ``host`` or ``:authority`` among the fields of a request (RFC 9113 8.3.1)."""
    authority: bytes | None = None
    for name, value in fields:
        size: i64 = len(name)
        # With bit 5 set, no other octets than these letters in either case make this word.
        if (size == 4 and read_i32_be(name, 0) | 0x20202020 == _HOST) or (size == 10 and name.lower() == b":authority"):
            if authority is not None and authority != value:
                raise local_error("conflicting_authority", value)
            authority = value
    return authority


def _states_content(fields: Fields) -> bool:
    """Return whether a Content-Length among the fields is not zero."""
    for name, value in fields:
        if len(name) == 14 and name.lower() == b"content-length" and value.strip(b"0") != b"":
            return True
    return False
