"""Unidirectional streams of the peer: control, QPACK's, and unknown ones (RFC 9114 6.2, RFC 9204 4.2)."""

from typing import Any, Final, final

from zttp_core import events as core
from zttp_core.messages import priorities
from zttp_h3 import frames
from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.quic.stream import QuicStream
from zttp_h3.reading.request_stream import RequestStream
from zttp_h3.session import NO_GOAWAY, H3Session
from zttp_h3.settings import read_settings
from zttp_h3.wire.varint import read_varint

_UNTYPED: Final = -1
_IGNORED: Final = -2

# A frame of the control stream is small; SETTINGS with many unknown settings, and a Priority, are the largest.
_LONGEST_FRAME: Final = 4_096
_MOST_IDENTIFIER: Final = 0x3FFFFFFFFFFFFFFC

# RFC 9114 7.2: frames of other streams.
_ELSEWHERE: Final = frozenset((frames.DATA, frames.HEADERS, frames.PUSH_PROMISE, *frames.RESERVED))

_parse_priority: Final[Any] = priorities.parse_priority
_new_settings: Final[Any] = core.new_settings


@final
class PeerStreams:
    """The singleton streams that the peer has opened."""

    def __init__(self) -> None:
        self.opened: Final[list[int]] = []
        self.has_settings = False
        self.early_priorities: Final[dict[int, tuple[int, bool]]] = {}  # for requests that have not arrived
        self.resumed: Final[list[RequestStream]] = []  # whose heads are no longer blocked
        self.most_push: i64 = -1


@final
class UnidirectionalStream:
    """One unidirectional stream of the peer."""

    def __init__(self, session: H3Session, peer: PeerStreams, quic: QuicStream) -> None:
        self.quic: Final = quic
        self._session: Final = session
        self._peer: Final = peer
        self._kind: i64 = _UNTYPED
        self._rest = b""
        self._left: i64 = 0  # of a frame that is skipped

    def next_event(self) -> Any:
        """Return the next event, None if there is none now. Raises Malformed."""
        incoming = self.quic.incoming
        assert incoming is not None
        streams = self._session.transport.session.streams
        while True:
            if self._kind == _IGNORED:
                return None
            if incoming.reset_code >= 0:
                return self._on_end()
            event = self._parse() if self._rest else None
            if event is not None:
                return event
            data = incoming.take()
            if len(data) == 0:
                return self._on_end() if incoming.has_ended() else None
            streams.consume(self.quic, len(data))
            self._rest = self._rest + data if self._rest else data

    def _parse(self) -> Any:
        """Consume the complete parts of the available bytes; return an event, or None if more is needed."""
        if self._kind == _UNTYPED and not self._read_type():
            return None
        if self._kind == frames.CONTROL_STREAM:
            return self._parse_frames()
        data = self._rest
        self._rest = b""
        if self._kind == frames.ENCODER_STREAM:
            for stream_id in self._session.decoder.feed_encoder(data):
                quic = self._session.transport.session.streams.streams.get(stream_id)
                if quic is not None and isinstance(quic.application, RequestStream):
                    self._peer.resumed.append(quic.application)
            self._session.flush_qpack()
        elif self._kind == frames.DECODER_STREAM:
            self._session.encoder.feed_decoder(data)
        return None

    def _read_type(self) -> bool:
        """Read the stream's type; False if it is incomplete. Raises Malformed."""
        kind, at = read_varint(self._rest, 0, len(self._rest))
        if kind < 0:
            return False
        self._rest = self._rest[at:]
        if kind == frames.PUSH_STREAM:
            # RFC 9114 6.2.2: clients cannot push, and we allow no push to a client.
            code = H3ErrorCode.H3_STREAM_CREATION_ERROR if self._session.is_server else H3ErrorCode.H3_ID_ERROR
            raise Malformed("push_not_allowed", code)
        if kind in (frames.CONTROL_STREAM, frames.ENCODER_STREAM, frames.DECODER_STREAM):
            if int(kind) in self._peer.opened:
                raise Malformed("second_critical_stream", H3ErrorCode.H3_STREAM_CREATION_ERROR)
            self._peer.opened.append(int(kind))
            self._kind = kind
            return True
        # RFC 9114 6.2: an unknown type is not an error; it is not read.
        self._kind = _IGNORED
        self._rest = b""
        self._session.transport.session.streams.stop(self.quic, H3ErrorCode.H3_STREAM_CREATION_ERROR)
        return False

    def _on_end(self) -> Any:
        """Process the end or the reset of the stream."""
        # RFC 9114 6.2.1, RFC 9204 4.2: these are critical streams.
        if self._kind >= 0:
            raise Malformed("critical_stream_closed", H3ErrorCode.H3_CLOSED_CRITICAL_STREAM)
        if not self.quic.incoming_done:
            self._session.transport.session.streams.end_incoming(self.quic)
        return None

    # -------------------------------------------------------------------------------------------------- control stream

    def _parse_frames(self) -> Any:
        while len(self._rest) > 0:
            if self._left > 0:
                skipped = min(self._left, len(self._rest))
                self._rest = self._rest[skipped:]
                self._left -= skipped
                continue
            kind, length, at = frames.read_frame_header(self._rest, 0)
            if kind < 0:
                return None
            if not self._peer.has_settings and kind != frames.SETTINGS:
                raise Malformed("missing_h3_settings", H3ErrorCode.H3_MISSING_SETTINGS)  # RFC 9114 6.2.1
            if kind in _ELSEWHERE:
                raise Malformed("h3_frame_unexpected", H3ErrorCode.H3_FRAME_UNEXPECTED)
            if not _is_known(kind):
                self._rest = self._rest[at:]
                self._left = length
                continue
            if length > _LONGEST_FRAME:
                raise Malformed("h3_frame_too_large", H3ErrorCode.H3_EXCESSIVE_LOAD)
            if len(self._rest) < at + length:
                return None
            payload = self._rest[at : at + length]
            self._rest = self._rest[at + length :]
            event = self._on_frame(kind, payload)
            if event is not None:
                return event
        return None

    def _on_frame(self, kind: i64, payload: bytes) -> Any:
        session = self._session
        if kind == frames.SETTINGS:
            if self._peer.has_settings:
                raise Malformed("h3_frame_unexpected", H3ErrorCode.H3_FRAME_UNEXPECTED)  # RFC 9114 7.2.4
            self._peer.has_settings = True
            settings = read_settings(payload)
            session.apply_peer_settings(settings)
            return _new_settings(list(settings.items()), False)
        if kind == frames.PRIORITY_UPDATE_REQUEST or kind == frames.PRIORITY_UPDATE_PUSH:
            return self._on_priority_update(kind, payload)
        if kind == frames.MAX_PUSH_ID and not session.is_server:
            # RFC 9114 7.2.7: only from clients, whatever its content.
            raise Malformed("h3_frame_unexpected", H3ErrorCode.H3_FRAME_UNEXPECTED)
        identifier, at = read_varint(payload, 0, len(payload))
        if identifier < 0 or at != len(payload):
            raise Malformed("h3_frame_truncated", H3ErrorCode.H3_FRAME_ERROR)
        if kind == frames.GOAWAY:
            return self._on_goaway(identifier)
        if kind == frames.MAX_PUSH_ID:
            if identifier < self._peer.most_push:  # RFC 9114 7.2.7: never lower
                raise Malformed("push_id_lowered", H3ErrorCode.H3_ID_ERROR)
            self._peer.most_push = identifier
            return None
        raise Malformed("push_id_unknown", H3ErrorCode.H3_ID_ERROR)  # CANCEL_PUSH: there is no push (7.2.3)

    def _on_goaway(self, identifier: i64) -> Any:
        """Process GOAWAY: a server names a request, a client a push, and never a higher one (RFC 9114 5.2, 7.2.6)."""
        session = self._session
        if not session.is_server and identifier & 3 != 0:
            raise Malformed("goaway_of_no_request", H3ErrorCode.H3_ID_ERROR)
        if session.goaway_received != NO_GOAWAY and identifier > session.goaway_received:
            raise Malformed("h3_goaway_raised", H3ErrorCode.H3_ID_ERROR)
        session.goaway_received = identifier
        return core.Goaway(min(int(identifier), _MOST_IDENTIFIER), 0, b"")

    def _on_priority_update(self, kind: i64, payload: bytes) -> Any:
        """Process PRIORITY_UPDATE: only from clients, for open or later requests (RFC 9218 7.2)."""
        session = self._session
        if not session.is_server:
            raise Malformed("h3_frame_unexpected", H3ErrorCode.H3_FRAME_UNEXPECTED)
        identifier, at = read_varint(payload, 0, len(payload))
        if identifier < 0:
            raise Malformed("h3_frame_truncated", H3ErrorCode.H3_FRAME_ERROR)
        if kind == frames.PRIORITY_UPDATE_PUSH or identifier & 3 != 0:
            raise Malformed("priority_of_no_request", H3ErrorCode.H3_ID_ERROR)
        streams = session.transport.session.streams
        if not streams.counts.may_exist(identifier):
            raise Malformed("priority_of_no_request", H3ErrorCode.H3_ID_ERROR)
        urgency, incremental = _parse_priority(payload[at:])
        quic = streams.streams.get(int(identifier))
        if quic is not None and quic.outgoing is not None:
            quic.prioritized = True
            streams.scheduler.prioritize(quic.outgoing, urgency, incremental)
        elif streams.counts.is_to_come(identifier):
            if len(self._peer.early_priorities) < session.limits.max_concurrent_streams:
                self._peer.early_priorities[int(identifier)] = (int(urgency), bool(incremental))
        return core.PriorityUpdate(int(identifier), urgency, incremental)


def _is_known(kind: i64) -> bool:
    return kind in (
        frames.SETTINGS,
        frames.GOAWAY,
        frames.MAX_PUSH_ID,
        frames.CANCEL_PUSH,
        frames.PRIORITY_UPDATE_REQUEST,
        frames.PRIORITY_UPDATE_PUSH,
    )
