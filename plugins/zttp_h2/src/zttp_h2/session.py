"""``Session``: the state shared by reader and writer, start and end of a connection (RFC 9113 3.4, 5.4, 6.5, 6.8)."""

from collections.abc import Mapping
from typing import Any, Final, final

from zttp_core.reasons import local_error
from zttp_h2.codes import ENHANCE_YOUR_CALM, NO_ERROR
from zttp_h2.flow.abuse_limits import AbuseLimits
from zttp_h2.flow.outbox import Outbox
from zttp_h2.flow.receive_flow import ReceiveFlow
from zttp_h2.flow.send_flow import MOST_CONTENT, SendFlow
from zttp_h2.frames import ACK, DEFAULT_WINDOW, MAX_STREAM_ID, MAX_WINDOW, MIN_MAX_FRAME_SIZE, PREFACE, SETTINGS
from zttp_h2.limits import H2Limits
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.settings import (
    INITIAL_WINDOW_SIZE,
    OwnSettings,
    Params,
    PeerSettings,
    initial_params,
    serialize_params,
    value_fault,
)
from zttp_h2.streams.early_priorities import EarlyPriorities
from zttp_h2.streams.stream_state import StreamState
from zttp_h2.streams.stream_table import StreamTable

_MOST_SETTINGS: Final = MIN_MAX_FRAME_SIZE // 6  # every peer accepts that


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Session:
    """The state of one connection that reading and writing share.

    ``goaway_sent`` is the last stream identifier that was announced, -1 before; streams above it are discarded.
    ``goaway_received`` is the peer's. ``rejected_stream`` is the last stream that was rejected here.
    """

    def __init__(self, server: bool, limits: H2Limits, enable_connect_protocol: bool) -> None:
        self.server: Final = server
        self.limits: Final = limits
        self.outbox: Final = Outbox()
        self.table: Final = StreamTable()
        self.abuse: Final = AbuseLimits(limits)
        self.peer: Final = PeerSettings()
        self.own: Final = OwnSettings(limits, enable_connect_protocol)
        self.receive_flow: Final = ReceiveFlow(limits, self.outbox)
        self.send_flow: Final = SendFlow()
        self.started: bool = False
        self.pings: i64 = 0  # of ours, and not answered
        self.acks_until_goaway: i64 = 0  # of PINGs, until a shutdown names the last stream
        self.goaway_sent: i64 = -1
        self.goaway_received: i64 = -1
        self.input_ended: bool = False  # EOF, and everything before it was pulled
        self.aborted: bool = False  # by a connection error of either side: nothing is sent any more
        self.ending: StreamState | None = None  # the stream whose EndOfMessage is the next event
        self.early_priorities: EarlyPriorities | None = None
        self.received: i64 = 0  # octets, parsed or not
        self.frame_at: i64 = 0  # the start of the last frame, in the whole input
        self.rejected_stream: i64 = 0
        self.rejected_at: i64 = 0
        self.rejected_code: i64 = 0
        self.rejected_reason: str | None = None

    def first_params(self) -> Params:
        """Return the settings of our first SETTINGS frame."""
        return initial_params(self.limits, self.server, self.own.connect_protocol)

    def start(self) -> None:
        """Send our preface, unless it was sent."""
        if self.started:
            return
        self.started = True
        self.own.sent_first()
        limits = self.limits
        kind = 0 if not self.server else 2 if self.own.connect_protocol else 1
        first = limits.openings[kind]
        if first is None:
            first = self._opening()
            limits.openings[kind] = first
        self.outbox.buffer.write(first)

    def _opening(self) -> bytes:
        """Return our first bytes: the same on every connection with these limits."""
        outbox = Outbox()
        if not self.server:
            outbox.buffer.write(PREFACE)
        payload = serialize_params(self.first_params())
        outbox.write_header(len(payload), SETTINGS, 0, 0)
        outbox.buffer.write(payload)
        increment = self.limits.connection_window_size - DEFAULT_WINDOW
        if increment > 0:
            outbox.write_window_update(0, increment)  # RFC 9113 6.9.2: the only way to raise that window
        return outbox.take()

    def unstart(self) -> None:
        """Remove the preface: the next frame was refused, and nothing else is queued."""
        self.started = False
        self.outbox.truncate(0)
        self.own.taken_back()

    def checked_params(self, settings: Mapping[int, int]) -> Params:
        """Return settings in the form to send; LocalProtocolError for values that would make a peer close."""
        if len(settings) > _MOST_SETTINGS:
            raise ValueError(f"a SETTINGS frame must have at most {_MOST_SETTINGS} settings, got {len(settings)}")
        params: Params = []
        given: dict[Any, Any] = dict(settings)
        for identifier, value in given.items():
            if not isinstance(identifier, int) or not isinstance(value, int):
                kinds = f"{type(identifier).__name__} and {type(value).__name__}"
                raise TypeError(f"the identifier and value of a setting must be integers, got {kinds}")
            number = int(identifier)
            if (
                not 0 <= number <= 0xFFFF
                or not 0 <= value <= 0xFFFFFFFF
                or value_fault(number, value) != 0
                or self.own.forbids(number, value, self.server)
                or (number == INITIAL_WINDOW_SIZE and self._overflows(value))
            ):
                raise local_error("invalid_setting", b"%d: %d" % (number, value))
            params.append((number, int(value)))
        return params

    def _overflows(self, initial_window_size: i64) -> bool:
        """Return whether this would make the window of an open stream too large (RFC 9113 6.9.2)."""
        delta = initial_window_size - self.own.initial_window_size
        for stream in self.table.all():
            if stream.receive_size + delta > MAX_WINDOW:
                return True
        return False

    def ping(self, data: bytes) -> None:
        """Send a PING of ours (RFC 9113 6.7)."""
        self.start()
        self.pings += 1
        self.outbox.write_ping(data, 0)

    def send_settings(self, params: Params) -> None:
        """Send a SETTINGS frame of ours."""
        payload = serialize_params(params)
        self.outbox.write_header(len(payload), SETTINGS, 0, 0)
        self.outbox.buffer.write(payload)
        self.own.sent(params)
        self.receive_flow.pending_growth = self.own.pending_growth()

    def check_output(self) -> None:
        """Limit the answers that wait: a peer that causes more does not read them (CVE-2019-9512, -9515)."""
        if self.outbox.size() > self.limits.max_buffer + MOST_CONTENT:
            raise Malformed("output_full", ENHANCE_YOUR_CALM)

    def acknowledge_settings(self) -> None:
        """Acknowledge a SETTINGS frame of the peer (RFC 9113 6.5.3)."""
        self.check_output()
        self.outbox.write_header(0, SETTINGS, ACK, 0)

    def go_away(self, last_stream_id: i64, error_code: i64, debug: bytes) -> bool:
        """Send GOAWAY (RFC 9113 6.8); return whether that ends the connection at once."""
        self.start()
        self.outbox.write_goaway(last_stream_id, error_code, debug)
        self.goaway_sent = last_stream_id
        if error_code != NO_ERROR:
            self.aborted = True
        return self.aborted

    def can_open(self) -> bool:
        """Return whether a client can open a stream now."""
        table = self.table
        return (
            not self.server
            and not self.aborted
            and not self.input_ended
            and self.goaway_sent < 0
            and self.goaway_received < 0
            and table.next_stream_id() <= MAX_STREAM_ID
            and table.count() < self.peer.max_concurrent_streams
        )

    def last_processed(self) -> i64:
        """Return the highest stream of the peer that may have been processed."""
        return self.table.processed if self.server else 0

    def leaves_room(self) -> bool:
        """Return whether a stream may still arrive, up to the last one of the GOAWAY that was sent (RFC 9113 6.8)."""
        return self.goaway_sent >= self.table.next_stream_id()

    def is_shut_down(self) -> bool:
        """Return whether no new stream can be opened, and all streams have ended."""
        if self.aborted:
            return True
        if self.table.count() > 0:
            return False  # after EOF too: a peer that has ended only its own side still reads answers
        if self.input_ended:
            return True
        if self.server:
            return self.goaway_sent >= 0 and not self.leaves_room()
        return self.goaway_sent >= 0 or self.goaway_received >= 0
