"""The input of one side of a connection: the frames of decrypted packets become streams, and those become events.

The reader of an HTTP/3 connection, which never sends: its transport gets frames instead of datagrams, and enforces no
limits, because an observer cannot know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import zttp
from zttp.commands.quic.frames import each_frame
from zttp_core.messages.content import method_kind
from zttp_core.reasons import remote_error
from zttp_h3.frames import CONTROL_STREAM, DECODER_STREAM, SETTINGS, read_frame_header
from zttp_h3.limits import H3Limits
from zttp_h3.malformed import Malformed
from zttp_h3.quic import stream_frames
from zttp_h3.quic.options import TransportOptions
from zttp_h3.quic.own_parameters import own_parameters
from zttp_h3.quic.paths import Path
from zttp_h3.quic.session import Session
from zttp_h3.quic.transport import Transport
from zttp_h3.reading.event_reader import EventReader
from zttp_h3.reading.request_stream import RequestStream
from zttp_h3.session import H3Session
from zttp_h3.settings import QPACK_MAX_TABLE_CAPACITY, read_settings
from zttp_h3.streams.receive_stream import ReceiveStream
from zttp_h3.wire import frame_reader
from zttp_h3.wire.frame_types import (
    DATAGRAM,
    DATAGRAM_WITH_LENGTH,
    FIN,
    IN_ZERO_RTT,
    RESET_STREAM,
    STOP_SENDING,
    STREAM,
    STREAM_LAST,
)
from zttp_h3.wire.transport_parameters import TransportParameters

_ANY: Final = 2**60  # the maximum of a limit on streams (RFC 9000 4.6), and enough for bytes
_LIMITS: Final[dict[str, int]] = {
    "max_concurrent_streams": _ANY,
    "max_header_list_size": _ANY,
    "max_field_block_bytes": _ANY,
    "max_stream_resets": _ANY,
    "max_blocked_streams": 1 << 16,
}
_LARGEST_TABLE: Final = 1 << 20

Heard = zttp.Event | zttp.ProtocolError


class Listener:
    """The receiving side of a connection, in its role."""

    def __init__(self, role: int, table_capacity: int) -> None:
        self._is_server = role == zttp.SERVER
        options = TransportOptions(
            stream_window=_ANY,
            connection_window=_ANY,
            max_streams_bidirectional=_ANY,
            max_streams_unidirectional=_ANY,
            max_datagram_frame_size=65_535,
        )
        session = Session(self._is_server, options, own_parameters(options, b""), b"", b"", Path(None, None, True), 0)
        allowed = TransportParameters()  # any number of requests; no stream for QPACK's answers, which are not read
        allowed.initial_max_streams_bidi = _ANY
        session.streams.apply(allowed)
        limits = H3Limits(header_table_size=min(table_capacity, _LARGEST_TABLE), **_LIMITS)
        self._session = session
        self._http = H3Session(Transport(session), self._is_server, limits, True, True)
        self._reader = EventReader(self._http, True)
        self._opened = 0  # requests of this client
        self._has_failed = False
        self._kinds: dict[int, int] = {}  # the first byte of unidirectional streams: their type
        self._untyped: dict[int, list[tuple[int, bytes, bool]]] = {}  # pieces of those whose first is missing

    def ask(self, stream_id: int, method: bytes) -> None:
        """Record a request of this client: the rules of the response depend on the method."""
        while 4 * self._opened <= stream_id:
            quic = self._http.transport.open(False)
            assert quic is not None
            quic.application = RequestStream(self._http, quic)
            quic.application.kind = method_kind(method if 4 * self._opened == stream_id else b"GET")
            self._opened += 1

    def hear(self, payload: bytes, flag: int) -> Iterator[Heard]:
        """Yield the events of a decrypted packet; an error is the last."""
        if self._has_failed:
            return
        space = "quic"
        try:
            self._take(payload, flag)
            space = "h3"
            while (event := self._reader.next_event()) is not None:
                self._http.decoder.outgoing = b""  # acknowledgments, which are not sent
                yield event
                if isinstance(event, zttp.RstStream) and self._http.rejected_stream == event.stream_id:
                    yield self._rejection()
        except Malformed as malformed:
            self._has_failed = True
            yield remote_error(malformed.reason, error_code=malformed.error_code, code_space=space)

    def _rejection(self) -> zttp.RemoteProtocolError:
        """Return why a message was refused here: the event before it only reports the reset."""
        http = self._http
        assert http.rejected_reason is not None
        stream_id, error_code = int(http.rejected_stream), int(http.rejected_code)
        return remote_error(http.rejected_reason, stream_id=stream_id, error_code=error_code, code_space="h3")

    def _take(self, payload: bytes, flag: int) -> None:
        """Process the frames of streams and datagrams. Raises Malformed."""
        streams = self._session.streams
        for frame_type, start, stop, _ in each_frame(payload, flag):
            if STREAM <= frame_type <= STREAM_LAST:
                stream_id, offset, data_at, _ = frame_reader.read_stream(payload, start, stop, frame_type)
                if not self._is_server and stream_id & 3 == 0:
                    self.ask(stream_id, b"GET")  # a request that is not in the capture
                self._take_piece(stream_id, offset, payload[data_at:stop], is_last=frame_type & FIN != 0)
                if flag == IN_ZERO_RTT:
                    stream_frames.mark_early(streams, stream_id)
            elif frame_type == RESET_STREAM:
                stream_id, error_code, size, _ = frame_reader.read_reset_stream(payload, start, stop, frame_type)
                stream_frames.on_reset(streams, stream_id, error_code, size)
            elif frame_type == STOP_SENDING and self._is_server:
                stream_id, error_code, _ = frame_reader.read_stream_value(payload, start, stop, frame_type)
                if stream_id in streams.streams:
                    stream_frames.on_stop_sending(streams, stream_id, error_code)
            elif frame_type in (DATAGRAM, DATAGRAM_WITH_LENGTH):
                data_at, _ = frame_reader.read_datagram(payload, start, stop, frame_type)
                self._session.datagrams.append(payload[data_at:stop])

    def _take_piece(self, stream_id: int, offset: int, data: bytes, *, is_last: bool) -> None:
        """Process a piece of a stream, except decoder instructions for an encoder that does not exist here."""
        streams = self._session.streams
        kind = self._kinds.get(stream_id) if stream_id & 2 else -1
        if kind is None:
            waiting = self._untyped.setdefault(stream_id, [])
            waiting.append((offset, data, is_last))
            if offset == 0 and data:
                self._kinds[stream_id] = data[0]
                for piece_offset, piece, ends in self._untyped.pop(stream_id):
                    self._take_piece(stream_id, piece_offset, piece, is_last=ends)
        elif kind != DECODER_STREAM:
            stream_frames.on_stream(streams, stream_id, offset, data, is_last)
        else:  # its type, and its end, which is illegal
            stream_frames.on_stream(streams, stream_id, min(offset, 1), data[:1] if offset == 0 else b"", is_last)


class AnnouncedTable:
    """Finds the size of the QPACK table that a side announces in its SETTINGS, for its peer's encoder."""

    def __init__(self) -> None:
        self.capacity = 0
        self._streams: dict[int, ReceiveStream] = {}
        self._bytes: dict[int, bytes] = {}

    def hear(self, payload: bytes, flag: int) -> None:
        """Read a decrypted packet of the side."""
        for frame_type, start, stop, _ in each_frame(payload, flag):
            if not STREAM <= frame_type <= STREAM_LAST:
                continue
            stream_id, offset, data_at, _ = frame_reader.read_stream(payload, start, stop, frame_type)
            if stream_id & 2 == 0:
                continue
            stream = self._streams.setdefault(stream_id, ReceiveStream(stream_id, _ANY))
            stream.receive(offset, payload[data_at:stop], False)
            while data := stream.take():
                if len(self._bytes.get(stream_id, b"")) < 4096:
                    self._bytes[stream_id] = self._bytes.get(stream_id, b"") + data
            self._look(self._bytes.get(stream_id, b""))

    def _look(self, data: bytes) -> None:
        if data[:1] != bytes([CONTROL_STREAM]):
            return
        kind, length, at = read_frame_header(data, 1)
        if kind == SETTINGS and len(data) >= at + length:
            try:
                self.capacity = read_settings(data[at : at + length]).get(QPACK_MAX_TABLE_CAPACITY, 0)
            except Malformed:
                return  # the listener reports it
