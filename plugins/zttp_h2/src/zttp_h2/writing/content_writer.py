"""Content as DATA frames (RFC 9113 6.1), as far as the peer's windows allow, and the end of a message after it.

Content without credit is blocked, and sent when credit arrives, in the order of the ``scheduler``. Content without room
in the output is sent when the output is taken.
"""

from typing import Final, final

from zttp_core.messages.writing import write_trailers
from zttp_core.reasons import local_error
from zttp_h2.flow.abuse_limits import SLIVER
from zttp_h2.flow.outbox import Outbox
from zttp_h2.flow.send_flow import SendFlow
from zttp_h2.frames import DATA, END_STREAM, MAX_WINDOW
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.session import Session
from zttp_h2.streams.states import CONTENT, ENDED, GIVE_DATA, GIVE_END, NO_CONTENT
from zttp_h2.streams.stream_state import CONNECT, HEAD_ONLY, TUNNEL, StreamState
from zttp_h2.writing.head_writer import Fields
from zttp_h2.writing.message_writer import MessageWriter, check_alive, check_given


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ContentWriter:
    """The content of all streams; ``messages`` writes heads and ends."""

    def __init__(self, session: Session) -> None:
        self.session: Final = session
        self.messages: Final = MessageWriter(session)
        self._flow: Final[SendFlow] = session.send_flow
        self._outbox: Final[Outbox] = session.outbox

    def send(self, stream: StreamState, data: bytes) -> None:
        """Send content, and keep the part without credit."""
        size: i64 = len(data)
        if stream.message != CONTENT and (size > 0 or stream.message != NO_CONTENT):
            check_given(self.session, stream, GIVE_DATA)
        check_alive(self.session)
        if size == 0:
            return
        left = stream.content_to_send
        if left >= 0:
            if size > left:
                raise local_error("content_too_long", stream_id=stream.stream_id)
            stream.content_to_send = left - size
        flow = self._flow
        start: i64 = 0
        if stream.blocked is None:
            room = flow.room(stream, size)
            if size <= room:
                self._write(stream, data, size)
                self._note_progress(stream, size)
                return
            if room > 0:
                start = room
        self._check_blocked(stream, left, size - start)
        if start > 0:
            self._write(stream, data, start)
            if start >= SLIVER:
                self._note_progress(stream, start)
        flow.block(stream, data, start)

    def take(self) -> bytes:
        """Return the queued output, and remove it."""
        flow = self._flow
        if flow.is_due():
            flow.open_output()
            self.pump()
        flow.output_taken()
        return self._outbox.take()

    def end(self, stream: StreamState, trailers: Fields | None) -> None:
        """End the message, after its blocked content."""
        if stream.message != CONTENT:
            check_given(self.session, stream, GIVE_END)
        check_alive(self.session)
        if stream.content_to_send > 0:
            raise local_error("content_too_short", stream_id=stream.stream_id)
        if trailers is not None:
            if len(trailers) == 0:
                trailers = None
            elif stream.request_facts & (TUNNEL if self.session.server else CONNECT):
                raise local_error("trailers_in_tunnel", stream_id=stream.stream_id)
            elif stream.request_facts & HEAD_ONLY:
                raise local_error("trailers_not_allowed", stream_id=stream.stream_id)
            else:
                trailers = write_trailers(trailers)
        stream.message = ENDED
        if stream.blocked is not None:
            stream.ending = True
            stream.trailers_never_indexed = self.messages.never_indexed
            self.messages.never_indexed = None
            stream.trailers = trailers
            return
        self.messages.finish(stream, trailers)

    # ---------------------------------------------------------------------------------------------------------- credit

    def credit_connection(self, increment: i64) -> bool:
        """Add credit for all streams; False if the window overflows (RFC 9113 6.9.1)."""
        flow = self._flow
        flow.window += increment
        if flow.window > MAX_WINDOW:
            return False
        self.pump()
        return True

    def credit_stream(self, stream: StreamState, increment: i64) -> bool:
        """Add credit for one stream; False if its window overflows."""
        stream.window += increment
        if stream.window > MAX_WINDOW:
            return False
        self._flow.wait(stream)
        self.pump()
        return True

    def pump(self) -> None:
        """Let the waiting streams use the available credit."""
        flow = self._flow
        while True:
            stream = flow.next_stream()
            if stream is None:
                return
            self._write_blocked(stream)
            flow.wait(stream)

    # ---------------------------------------------------------------------------------------------------------- frames

    def _write(self, stream: StreamState, data: bytes, stop: i64) -> None:
        """Write the frames of ``data[:stop]``, for which there is credit."""
        outbox = self._outbox
        stream_id = stream.stream_id
        self._flow.sent(stream, stop)
        largest = self.session.peer.max_frame_size
        start: i64 = 0
        while stop - start > largest:
            outbox.write_data(stream_id, data, start, start + largest, 0)
            start += largest
        outbox.write_data(stream_id, data, start, stop, 0)

    def _write_blocked(self, stream: StreamState) -> None:
        """Write one frame of blocked content; both windows are positive."""
        blocked = stream.blocked
        assert blocked is not None
        outbox = self._outbox
        flow = self._flow
        size = flow.turn_size(stream, self.session.peer.max_frame_size)
        whole = blocked.size
        ends = size == whole and stream.ending and stream.trailers is None
        outbox.write_header(size, DATA, END_STREAM if ends else 0, stream.stream_id)
        left = size
        while left > 0:
            data, start = blocked.first()
            part = min(len(data) - start, left)
            outbox.write_content(data, start, start + part)
            blocked.advance(part)
            left -= part
        if size == whole or size >= SLIVER:
            self._note_progress(stream, size)
        if flow.unblocked(stream, size) and stream.ending:
            self.messages.finish_blocked(stream)

    def _note_progress(self, stream: StreamState, size: i64) -> None:
        """Record content that is sent, unless the peer's windows made it a tiny piece."""
        stream.progressed = True
        self.session.abuse.content_sent(size)

    def _check_blocked(self, stream: StreamState, left: i64, size: i64) -> None:
        """Limit the content that a peer that does not read can make us keep (CVE-2019-9517)."""
        if self._flow.blocked_bytes + size > self.session.limits.max_blocked_bytes:
            stream.content_to_send = left
            raise local_error("too_much_blocked", stream_id=stream.stream_id)
