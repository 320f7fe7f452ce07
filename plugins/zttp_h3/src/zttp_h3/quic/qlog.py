"""Events of a connection as qlog dicts (draft-ietf-quic-qlog-quic-events).

Nothing of this runs without a listener: the transport checks once for each packet whether there is one. Each event has
a ``time`` in milliseconds of the connection's clock, a ``name``, and ``data``. Frames are read from the payloads again;
contents and secrets are left out. A program that writes a file adds the file's header.
"""

from collections.abc import Callable
from typing import Any, Final, final

from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.recovery.path_mtu import BASE_SIZE
from zttp_h3.wire import frame_reader as read
from zttp_h3.wire.frame_types import (
    ACK,
    ACK_ECN,
    CONNECTION_CLOSE,
    CONNECTION_CLOSE_BY_APPLICATION,
    CRYPTO,
    DATA_BLOCKED,
    DATAGRAM,
    DATAGRAM_WITH_LENGTH,
    FIN,
    HANDSHAKE_DONE,
    IN_HANDSHAKE,
    IN_INITIAL,
    IN_ONE_RTT,
    IN_ZERO_RTT,
    MAX_DATA,
    MAX_STREAM_DATA,
    MAX_STREAMS_BIDIRECTIONAL,
    MAX_STREAMS_UNIDIRECTIONAL,
    NEW_CONNECTION_ID,
    NEW_TOKEN,
    PADDING,
    PATH_CHALLENGE,
    PATH_RESPONSE,
    PING,
    RESET_STREAM,
    RETIRE_CONNECTION_ID,
    STOP_SENDING,
    STREAM,
    STREAM_DATA_BLOCKED,
    STREAM_LAST,
    STREAMS_BLOCKED_BIDIRECTIONAL,
    STREAMS_BLOCKED_UNIDIRECTIONAL,
    read_frame_type,
)

Event = dict[str, Any]

_PACKET_TYPES: Final = {IN_INITIAL: "initial", IN_ZERO_RTT: "0RTT", IN_HANDSHAKE: "handshake", IN_ONE_RTT: "1RTT"}
_NAMES: Final = {
    PADDING: "padding",
    PING: "ping",
    ACK: "ack",
    ACK_ECN: "ack",
    RESET_STREAM: "reset_stream",
    STOP_SENDING: "stop_sending",
    CRYPTO: "crypto",
    NEW_TOKEN: "new_token",
    MAX_DATA: "max_data",
    MAX_STREAM_DATA: "max_stream_data",
    MAX_STREAMS_BIDIRECTIONAL: "max_streams",
    MAX_STREAMS_UNIDIRECTIONAL: "max_streams",
    DATA_BLOCKED: "data_blocked",
    STREAM_DATA_BLOCKED: "stream_data_blocked",
    STREAMS_BLOCKED_BIDIRECTIONAL: "streams_blocked",
    STREAMS_BLOCKED_UNIDIRECTIONAL: "streams_blocked",
    NEW_CONNECTION_ID: "new_connection_id",
    RETIRE_CONNECTION_ID: "retire_connection_id",
    PATH_CHALLENGE: "path_challenge",
    PATH_RESPONSE: "path_response",
    CONNECTION_CLOSE: "connection_close",
    CONNECTION_CLOSE_BY_APPLICATION: "connection_close",
    HANDSHAKE_DONE: "handshake_done",
    DATAGRAM: "datagram",
    DATAGRAM_WITH_LENGTH: "datagram",
}
_VALUES: Final = {MAX_DATA: "maximum", DATA_BLOCKED: "limit", RETIRE_CONNECTION_ID: "sequence_number"}
_COUNTS: Final = {
    MAX_STREAMS_BIDIRECTIONAL: ("bidirectional", "maximum"),
    MAX_STREAMS_UNIDIRECTIONAL: ("unidirectional", "maximum"),
    STREAMS_BLOCKED_BIDIRECTIONAL: ("bidirectional", "limit"),
    STREAMS_BLOCKED_UNIDIRECTIONAL: ("unidirectional", "limit"),
}
_OF_STREAMS: Final = {STOP_SENDING: "error_code", MAX_STREAM_DATA: "maximum", STREAM_DATA_BLOCKED: "limit"}


@final
class EventLog:
    """Passes events to a listener."""

    def __init__(self, listener: Callable[[Event], object]) -> None:
        self._listener: Final = listener
        self._size: i64 = BASE_SIZE  # of datagrams, as reported last

    def packet(self, sent: bool, now: i64, flag: i64, number: i64, size: i64, payload: bytes) -> None:
        """Report a sent or received packet; ``flag`` is its type in the table of frames."""
        header = {"packet_type": _PACKET_TYPES[int(flag)], "packet_number": int(number)}
        name = "quic:packet_sent" if sent else "quic:packet_received"
        self.tell(name, now, {"header": header, "raw": {"length": int(size)}, "frames": frames_of(payload, flag)})

    def lost(self, now: i64, space: i64, number: i64) -> None:
        """Report a lost packet."""
        names = ("initial", "handshake", "1RTT")
        self.tell("quic:packet_lost", now, {"header": {"packet_type": names[space], "packet_number": int(number)}})

    def metrics(self, now: i64, smoothed: i64, least: i64, window: i64, in_flight: i64) -> None:
        """Report the path's metrics after an acknowledgment."""
        data = {
            "smoothed_rtt": int(smoothed) / 1000,
            "min_rtt": int(least) / 1000,
            "congestion_window": int(window),
            "bytes_in_flight": int(in_flight),
        }
        self.tell("quic:recovery_metrics_updated", now, data)

    def datagram_size(self, now: i64, size: i64) -> None:
        """Report that the path carries datagrams of this size."""
        if size != self._size:
            self.tell("quic:mtu_updated", now, {"old": int(self._size), "new": int(size)})
            self._size = size

    def closed(self, now: i64, by_peer: bool, is_application: bool, error_code: i64, reason: bytes) -> None:
        """Report the end of the connection."""
        space = "application_error" if is_application else "connection_error"
        data = {
            "initiator": "remote" if by_peer else "local",
            space: int(error_code),
            "reason": reason.decode("utf-8", "replace"),
        }
        self.tell("quic:connection_closed", now, data)

    def tell(self, name: str, now: i64, data: Event) -> None:
        """Pass an event to the listener."""
        self._listener({"time": int(now) / 1000, "name": name, "data": data})


def frames_of(payload: bytes, flag: i64) -> list[Event]:
    """Return the frames of a payload, as far as they can be read."""
    frames: list[Event] = []
    at: i64 = 0
    stop: i64 = len(payload)
    try:
        while at < stop:
            frame_type, at = read_frame_type(payload, at, stop, flag, True)
            frame, at = read_frame(payload, at, stop, frame_type)
            frames.append(frame)
    except Malformed:
        frames.append({"frame_type": "unknown"})
    return frames


def read_frame(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[Event, i64]:
    """Return one frame and the position after it. Raises Malformed."""
    if STREAM <= frame_type <= STREAM_LAST:
        stream_id, offset, start, at = read.read_stream(payload, at, stop, frame_type)
        piece: Event = {"frame_type": "stream", "stream_id": int(stream_id), "offset": int(offset)}
        piece["length"] = int(at - start)
        if frame_type & FIN:
            piece["fin"] = True
        return piece, at
    number = int(frame_type)
    frame: Event = {"frame_type": _NAMES[number]}
    if number == PADDING:
        at = read.skip_padding(payload, at, stop)
    elif number in (ACK, ACK_ECN):
        at = _add_ack(frame, payload, at, stop, frame_type)
    elif number == CRYPTO:
        offset, start, at = read.read_crypto(payload, at, stop, frame_type)
        frame |= {"offset": int(offset), "length": int(at - start)}
    elif number in _VALUES:
        value, at = read.read_value(payload, at, stop, frame_type)
        frame[_VALUES[number]] = int(value)
    elif number in _COUNTS:
        value, at = read.read_streams(payload, at, stop, frame_type)
        kind, name = _COUNTS[number]
        frame |= {"stream_type": kind, name: int(value)}
    elif number in _OF_STREAMS:
        stream_id, value, at = read.read_stream_value(payload, at, stop, frame_type)
        frame |= {"stream_id": int(stream_id), _OF_STREAMS[number]: int(value)}
    elif number == RESET_STREAM:
        stream_id, code, size, at = read.read_reset_stream(payload, at, stop, frame_type)
        frame |= {"stream_id": int(stream_id), "error_code": int(code), "final_size": int(size)}
    elif number == NEW_CONNECTION_ID:
        sequence, prior, connection_id, _, at = read.read_new_connection_id(payload, at, stop, frame_type)
        frame |= {"sequence_number": int(sequence), "retire_prior_to": int(prior), "connection_id": connection_id.hex()}
    elif number == NEW_TOKEN:
        _, at = read.read_new_token(payload, at, stop, frame_type)
    elif number in (PATH_CHALLENGE, PATH_RESPONSE):
        data, at = read.read_path_data(payload, at, stop, frame_type)
        frame["data"] = data.hex()
    elif number in (CONNECTION_CLOSE, CONNECTION_CLOSE_BY_APPLICATION):
        code, _, reason, at = read.read_connection_close(payload, at, stop, frame_type)
        frame["error_space"] = "transport" if number == CONNECTION_CLOSE else "application"
        frame |= {"error_code": int(code), "reason": reason.decode("utf-8", "replace")}
    elif number in (DATAGRAM, DATAGRAM_WITH_LENGTH):
        start, at = read.read_datagram(payload, at, stop, frame_type)
        frame["length"] = int(at - start)
    return frame, at


def _add_ack(frame: Event, payload: bytes, at: i64, stop: i64, frame_type: i64) -> i64:
    ack = read.AckFrame()
    at = ack.read(payload, at, stop, frame_type)
    ranges = [[int(ack.smallest), int(ack.largest)]]
    older = ack.older
    ranges += [[older[place + 1], older[place]] for place in range(0, len(older), 2)]
    frame["acked_ranges"] = ranges
    if ack.ect0 >= 0:
        frame |= {"ect0": int(ack.ect0), "ect1": int(ack.ect1), "ce": int(ack.ce)}
    return at
