"""The reader of a connection: frames in, events out, one at a time and never ahead of the pulls.

A DATA frame is passed on as its bytes arrive; every other frame waits until it is complete. A connection error is
raised as Malformed; a stream error resets the stream and is an event. This module finds the frames; ``content_reader``,
``message_reader``, ``stream_frames`` and ``connection_frames`` read them.
"""

from __future__ import annotations

from typing import Any, Final, final

from librt.strings import read_i64_be, read_i64_le

from zttp_core import events as core
from zttp_core.sentinels import CONNECTION_CLOSED as _CORE_CONNECTION_CLOSED
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h2.closing import input_ended
from zttp_h2.codes import FRAME_SIZE_ERROR, PROTOCOL_ERROR
from zttp_h2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    GOAWAY,
    HEADER_SIZE,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PRIORITY_UPDATE,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)
from zttp_h2.hpack.decoder import DEFAULT_TABLE_SIZE
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.reading.connection_frames import (
    apply_settings,
    read_goaway,
    read_ping,
    read_priority_update,
    read_settings,
)
from zttp_h2.reading.content_reader import ContentReader
from zttp_h2.reading.inbox import MUCH, Inbox
from zttp_h2.reading.message_reader import MessageReader
from zttp_h2.reading.stream_frames import read_priority, read_rst_stream, read_window_update
from zttp_h2.session import Session
from zttp_h2.streams.states import RESET_SENT
from zttp_h2.streams.stream_state import RECEIVED
from zttp_h2.writing.content_writer import ContentWriter

# The core is compiled separately: functions that are called for every event are bound once.
NEED_DATA: Final[Any] = _CORE_NEED_DATA
CONNECTION_CLOSED: Final[Any] = _CORE_CONNECTION_CLOSED
_end_of_stream: Final[Any] = core.end_of_stream

# What is read next.
READ_PREFACE: Final = 0
READ_SETTINGS: Final = 1  # RFC 9113 3.4: the first frame of either side
READ_FRAMES: Final = 2
READ_NOTHING: Final = 3  # EOF, and everything before it was pulled

_PREFACE_SIZE: Final = 24


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Receiver:
    """Frames and events of one connection."""

    def __init__(self, session: Session, writer: ContentWriter, auto_credit: bool) -> None:
        self.inbox: Final = Inbox()
        self.eof: bool = False
        self.closed_due: bool = False
        self.reading: i64 = READ_PREFACE if session.server else READ_SETTINGS
        self._following: list[object] | None = None  # further events of one frame, the last first
        self._session: Final = session
        self._writer: Final = writer
        self._content: Final = ContentReader(self.inbox, session, auto_credit)
        self._messages: Final = MessageReader(session, writer.messages)

    def next_event(self) -> Any:
        """Return the next event or a sentinel. Raises Malformed."""
        inbox = self.inbox
        while True:
            ending = self._session.ending
            if ending is not None:
                self._session.ending = None
                if ending.state != RESET_SENT:
                    return _end_of_stream(ending.stream_id)
            if self._following is not None:
                return self._next_following()
            if self._content.left > 0 or self._content.padding > 0:
                if not inbox.available():
                    return self._starved()
                event = self._content.read_on()
                if event is not None:
                    return event
                continue
            if self.reading != READ_FRAMES:
                if self.reading == READ_NOTHING:
                    return self.closed()
                if self.reading == READ_PREFACE and not self._read_preface():
                    return self._starved()
            if len(inbox.raw) - inbox.at < HEADER_SIZE and not inbox.fill(HEADER_SIZE):
                return self._starved()
            raw = inbox.raw
            at = inbox.at
            self._session.frame_at = inbox.base + at
            word = read_i64_be(raw, at)
            length = (word >> 40) & 0xFFFFFF
            frame_type = (word >> 32) & 0xFF
            flags = (word >> 24) & 0xFF
            stream_id = ((word & 0x7FFFFF) << 8) | i64(raw[at + 8])
            if self._messages.open_block != 0 or self.reading == READ_SETTINGS:
                self._check_order(frame_type, flags, stream_id)
            if length > self._session.own.max_frame_size:
                raise Malformed("frame_too_large", FRAME_SIZE_ERROR)  # RFC 9113 4.2 MUST
            if frame_type == DATA:
                if flags & PADDED and length > 0 and not inbox.fill(HEADER_SIZE + 1):
                    return self._starved()
                event = self._content.begin(length, flags, stream_id)
            elif frame_type <= CONTINUATION or frame_type == PRIORITY_UPDATE:
                stop = at + HEADER_SIZE + length
                if stop > len(raw):
                    if not inbox.fill(HEADER_SIZE + length):
                        return self._starved()
                    raw = inbox.raw
                    at = inbox.at
                    stop = at + HEADER_SIZE + length
                inbox.at = stop
                at += HEADER_SIZE
                if frame_type == HEADERS:
                    event = self._messages.read_headers(flags, stream_id, raw, at, stop)
                else:
                    event = self._read_frame(frame_type, flags, stream_id, raw, at, stop)
            else:
                # RFC 9113 4.1, 5.5: frames of unknown type are discarded.
                self._session.abuse.signal(1)
                inbox.at = at + HEADER_SIZE
                self._content.discard(length)
                continue
            if event is not None:
                return event

    def has_event(self) -> bool:
        """Return whether an event that was already read waits to be pulled."""
        ending = self._session.ending
        return self._following is not None or (ending is not None and ending.state != RESET_SENT)

    def end(self) -> None:
        """Drop the input, and what was read of it: nothing more is read."""
        self.inbox.clear()
        self._messages.end()
        self._following = None
        self._session.early_priorities = None

    def end_input(self) -> None:
        """Record the end of the input."""
        self.eof = True
        self.closed_due = True

    def closed(self) -> Any:
        """Return CONNECTION_CLOSED, once for each input that ended, then NEED_DATA."""
        if not self.closed_due:
            return NEED_DATA
        self.closed_due = False
        return CONNECTION_CLOSED

    def apply_settings(self, payload: bytes) -> None:
        """Apply settings that the peer has not sent in a frame."""
        apply_settings(self._session, self._writer, payload, 0, len(payload), False)

    def apply_own_settings(self) -> None:
        """Apply the additional permissions of our settings."""
        messages = self._messages
        messages.decoder.max_header_list_size = self._session.own.max_header_list_size
        messages.repeated.forget()

    def allow_announced_table(self) -> None:
        """Allow a dynamic table of the size in HTTP2-Settings: the 101 acknowledges it (RFC 7540 3.2.1)."""
        size = self._session.own.header_table_size
        if size > DEFAULT_TABLE_SIZE:
            self._messages.decoder.set_max_table_size(size)

    def append_event(self, event: object) -> None:
        """Append an event to return next, after earlier appended ones."""
        if self._following is None:
            self._following = []
        self._following.insert(0, event)

    def _next_following(self) -> Any:
        following = self._following
        assert following is not None
        event = following.pop()
        if len(following) == 0:
            self._following = None
        return event

    def _read_preface(self) -> bool:
        """Read the client's preface; False if bytes are missing. Other bytes are refused at once."""
        inbox = self.inbox
        size: i64 = _PREFACE_SIZE
        complete = inbox.fill(size)
        raw = inbox.raw
        at = inbox.at
        if complete and (
            read_i64_le(raw, at) == read_i64_le(PREFACE, 0)
            and read_i64_le(raw, at + 8) == read_i64_le(PREFACE, 8)
            and read_i64_le(raw, at + 16) == read_i64_le(PREFACE, 16)
        ):
            inbox.at = at + size
            self.reading = READ_SETTINGS
            return True
        if not complete:
            size = inbox.size()
            inbox.fill(size)
        for place in range(size):
            if inbox.raw[inbox.at + place] != PREFACE[place]:
                raise Malformed("invalid_preface", PROTOCOL_ERROR, inbox.at + place)
        return False

    def _check_order(self, frame_type: i64, flags: i64, stream_id: i64) -> None:
        """Refuse a frame that is not allowed here."""
        if self.reading == READ_SETTINGS:
            if frame_type != SETTINGS or flags & ACK:
                raise Malformed("missing_settings", PROTOCOL_ERROR)  # RFC 9113 3.4 MUST
            self.reading = READ_FRAMES
        elif frame_type != CONTINUATION or stream_id != self._messages.open_block:
            raise Malformed("field_block_interrupted", PROTOCOL_ERROR)  # RFC 9113 6.2, 6.10 MUST

    def _starved(self) -> Any:
        """Return the result of next_event if no bytes are left that could be parsed."""
        inbox = self.inbox
        if not self.eof:
            if inbox.at > MUCH:
                inbox.trim()
            if self._messages.decoder.holds_much():
                self._messages.let_go()
            return NEED_DATA
        content = self._content
        self._session.frame_at = inbox.base + inbox.at
        incomplete = inbox.size() > 0 or content.left > 0 or content.padding > 0 or self._messages.open_block != 0
        if not incomplete:
            for stream in self._session.table.all():
                if stream.reading != RECEIVED:
                    incomplete = True
        if incomplete:
            raise Malformed("stream_not_ended", PROTOCOL_ERROR)
        self.reading = READ_NOTHING
        input_ended(self._session)
        self.end()  # the answers may still take long
        return self.closed()

    def _read_frame(self, frame_type: i64, flags: i64, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a frame other than DATA and HEADERS, whose payload is ``raw[at:stop]``; return an event, or ``None``."""
        session = self._session
        if frame_type == WINDOW_UPDATE:
            return read_window_update(session, self._writer, stream_id, raw, at, stop)
        if frame_type == SETTINGS:
            self._messages.repeated.forget()
            return read_settings(session, self._writer, self._messages.decoder, flags, stream_id, raw, at, stop)
        if frame_type == PING:
            return read_ping(session, flags, stream_id, raw, at, stop)
        if frame_type == RST_STREAM:
            return read_rst_stream(session, stream_id, raw, at, stop)
        if frame_type == CONTINUATION:
            return self._messages.read_continuation(flags, stream_id, raw, at, stop)
        if frame_type == PRIORITY:
            return read_priority(session, stream_id, raw, at, stop - at)
        if frame_type == GOAWAY:
            self._following = read_goaway(session, stream_id, raw, at, stop)
            return self._next_following()
        if frame_type == PRIORITY_UPDATE:
            return read_priority_update(session, stream_id, raw, at, stop)
        assert frame_type == PUSH_PROMISE
        # RFC 9113 8.4 MUST: clients do not push; 6.5.2 MUST: nor may a server, with ENABLE_PUSH at 0.
        raise Malformed("push_refused", PROTOCOL_ERROR)
