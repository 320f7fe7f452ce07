"""Frames about the connection: SETTINGS, PING, GOAWAY (RFC 9113 6.5, 6.7, 6.8), and PRIORITY_UPDATE (RFC 9218 7.1)."""

from __future__ import annotations

from typing import Any, Final, final

from librt.strings import read_i32_be

from zttp_core import events as core
from zttp_core.grammar import parse_priority
from zttp_h2.codes import FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR, REFUSED_STREAM
from zttp_h2.frames import ACK, MAX_STREAM_ID
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.sender import Sender
from zttp_h2.session import Session
from zttp_h2.settings import HEADER_TABLE_SIZE, parse_params
from zttp_h2.states import IDLE, RESET_RECEIVED
from zttp_h2.stream_state import StreamState

_new_settings: Final[Any] = core.new_settings
_new_ping: Final[Any] = core.new_ping

_NO_PARAMS: Final[Any] = []
_PARAMS_PER_FRAME: Final = 16  # so many settings weigh as much as one frame


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ConnectionFrames:
    """Applies what these frames say; each method returns an event, or ``None``.

    ``refused`` are the events of the streams that a GOAWAY has refused: they come behind its own.
    """

    def __init__(self, session: Session, sender: Sender, decoder: Decoder) -> None:
        self.refused: list[object] | None = None
        self._session: Final = session
        self._sender: Final = sender
        self._decoder: Final = decoder
        # PRIORITY_UPDATE for streams that are idle yet (RFC 9218 7.1).
        self.early_priorities: dict[int, tuple[int, bool]] | None = None

    def read_priority_update(self, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a PRIORITY_UPDATE frame (RFC 9218 7.1)."""
        session = self._session
        if stream_id != 0:
            raise Malformed("frame_on_stream", PROTOCOL_ERROR)
        if stop - at < 4:
            raise Malformed("frame_size", FRAME_SIZE_ERROR)
        if not session.server:
            raise Malformed("unexpected_priority_update", PROTOCOL_ERROR)
        session.floods.frame(1)
        target = i64(read_i32_be(raw, at)) & 0x7FFFFFFF
        if target == 0 or target & 1 == 0:
            raise Malformed("unexpected_priority_update", PROTOCOL_ERROR)
        priority = parse_priority(raw[at + 4 : stop])
        urgency: int = priority[0]
        incremental: bool = priority[1]
        table = session.table
        stream = table.get(target)
        if stream is not None:
            self._sender.prioritize(stream, urgency, incremental)
        elif table.state_of(target) == IDLE:
            early = self.early_priorities
            if early is None:
                early = {}
                self.early_priorities = early
            early[target] = (urgency, incremental)
            if len(early) + table.count() > session.own.max_concurrent_streams:
                raise Malformed("too_many_streams", PROTOCOL_ERROR)  # RFC 9218 7.1 MUST
        else:
            return None
        return core.PriorityUpdate(target, urgency, incremental)

    def set_priority(self, stream: StreamState, field: bytes | None) -> None:
        """Apply the Priority field of a request, or the PRIORITY_UPDATE before it, which wins (RFC 9218 7)."""
        early = self.early_priorities
        known: tuple[int, bool] | None = None
        if early is not None:
            known = early.pop(stream.stream_id, None)
            for skipped in [number for number in early if number < stream.stream_id]:
                del early[skipped]  # closed by now (RFC 9113 5.1.1)
            if len(early) == 0:
                self.early_priorities = None
        if known is None:
            if field is None:
                return
            known = parse_priority(field)
        stream.urgency = known[0]
        stream.incremental = known[1]

    def read_settings(self, flags: i64, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a SETTINGS frame, apply and acknowledge it (RFC 9113 6.5)."""
        if stream_id != 0:
            raise Malformed("frame_on_stream", PROTOCOL_ERROR)
        size = stop - at
        session = self._session
        if flags & ACK:
            if size != 0:
                raise Malformed("frame_size", FRAME_SIZE_ERROR)
            return self._read_settings_ack()
        if size % 6 != 0:
            raise Malformed("frame_size", FRAME_SIZE_ERROR)
        session.floods.frame(1 + size // (6 * _PARAMS_PER_FRAME))
        params = parse_params(raw, at, stop)
        session.start()
        self.apply_settings(params, True)
        return _new_settings(params, False)

    def apply_settings(self, params: list[tuple[int, int]], acknowledge: bool) -> None:
        """Apply what the peer's settings say."""
        session = self._session
        sender = self._sender
        peer = session.peer
        before = peer.initial_window_size
        code = peer.apply(params, not session.server)
        if code != 0:
            raise Malformed("invalid_setting", code)
        for identifier, value in params:
            if identifier == HEADER_TABLE_SIZE:
                sender.make_writer().encoder.set_peer_table_size(value)
        sender.apply_max_frame_size()
        if acknowledge:
            # Before anything is sent that the new values allow.
            session.acknowledge_settings()
        if peer.initial_window_size != before and not sender.change_initial_window(peer.initial_window_size - before):
            raise Malformed("window_overflow", FLOW_CONTROL_ERROR)

    def _read_settings_ack(self) -> Any:
        session = self._session
        own = session.own
        session.floods.frame(1)
        before = own.initial_window_size
        if not own.acknowledged():
            raise Malformed("unexpected_settings_ack", PROTOCOL_ERROR)
        self._decoder.set_max_table_size(own.header_table_size)
        self.apply_own_settings()
        delta = own.initial_window_size - before
        if delta != 0:
            for stream in session.table.all():
                stream.receive_window += delta
                stream.receive_size += delta
        return _new_settings(_NO_PARAMS, True)

    def apply_own_settings(self) -> None:
        """Let the decoder know what is allowed now."""
        self._decoder.max_header_list_size = self._session.own.max_header_list_size

    def read_ping(self, flags: i64, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a PING frame and answer it (RFC 9113 6.7)."""
        if stream_id != 0:
            raise Malformed("frame_on_stream", PROTOCOL_ERROR)
        if stop - at != 8:
            raise Malformed("frame_size", FRAME_SIZE_ERROR)
        self._session.floods.frame(1)
        data = raw[at:stop]
        acknowledges = flags & ACK != 0
        if not acknowledges:
            self._session.outbox.write_ping(data, ACK)
        return _new_ping(acknowledges, data)

    def read_goaway(self, stream_id: i64, raw: bytes, at: i64, stop: i64) -> Any:
        """Read a GOAWAY frame (RFC 9113 6.8): streams above the last one can be retried on another connection."""
        if stream_id != 0:
            raise Malformed("frame_on_stream", PROTOCOL_ERROR)
        if stop - at < 8:
            raise Malformed("frame_size", FRAME_SIZE_ERROR)
        session = self._session
        session.floods.frame(1)
        last = i64(read_i32_be(raw, at)) & 0x7FFFFFFF
        error_code = i64(read_i32_be(raw, at + 4)) & 0xFFFFFFFF
        if 0 <= session.goaway_received < last:
            raise Malformed("goaway_raised", PROTOCOL_ERROR)  # RFC 9113 6.8 MUST NOT
        session.goaway_received = last
        if not session.server and last < MAX_STREAM_ID:
            refused: list[object] = []
            for stream in session.table.all():
                if stream.stream_id > last:
                    self._sender.drop(stream, RESET_RECEIVED)
                    refused.append(core.RstStream(stream.stream_id, REFUSED_STREAM))
            if len(refused) > 0:
                self.refused = refused
        return core.Goaway(last, error_code, raw[at + 8 : stop])
