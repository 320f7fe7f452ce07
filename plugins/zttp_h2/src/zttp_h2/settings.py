"""SETTINGS: their frames, their values (RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1), and those of both sides.

The peer's take effect when they arrive, and are acknowledged. Ours take effect when the peer acknowledges them (RFC
9113 6.5.3), except that additional permissions apply at once: a peer may use it before its acknowledgment is
read.
"""

from collections import deque
from typing import Final, final

from librt.strings import BytesWriter, read_i16_be, read_i32_be, write_i16_be

from zttp_h2.codes import FLOW_CONTROL_ERROR, PROTOCOL_ERROR
from zttp_h2.frames import DEFAULT_WINDOW, MAX_MAX_FRAME_SIZE, MAX_WINDOW, MIN_MAX_FRAME_SIZE, write_u32
from zttp_h2.limits import H2Limits
from zttp_h2.native_ints import i16, i64, mypyc_attr

HEADER_TABLE_SIZE: Final = 0x1
ENABLE_PUSH: Final = 0x2
MAX_CONCURRENT_STREAMS: Final = 0x3
INITIAL_WINDOW_SIZE: Final = 0x4
MAX_FRAME_SIZE: Final = 0x5
MAX_HEADER_LIST_SIZE: Final = 0x6
ENABLE_CONNECT_PROTOCOL: Final = 0x8
NO_RFC7540_PRIORITIES: Final = 0x9

_DEFAULT_TABLE_SIZE: Final = 4096
# RFC 9113 6.5.2 recommends that limits are not smaller, so a client relies on it until it knows.
_ASSUMED_CONCURRENCY: Final = 100
_LARGEST_FRAME_SENT: Final = 65536  # larger frames would only delay the other streams

Params = list[tuple[int, int]]


def value_fault(identifier: i64, value: i64) -> i64:
    """Return the error code for a value that its setting cannot have, or 0."""
    if identifier == INITIAL_WINDOW_SIZE:
        return FLOW_CONTROL_ERROR if value > MAX_WINDOW else 0
    if identifier == MAX_FRAME_SIZE:
        return PROTOCOL_ERROR if value < MIN_MAX_FRAME_SIZE or value > MAX_MAX_FRAME_SIZE else 0
    if identifier == ENABLE_PUSH or identifier == ENABLE_CONNECT_PROTOCOL or identifier == NO_RFC7540_PRIORITIES:
        return PROTOCOL_ERROR if value > 1 else 0
    return 0


def parse_params(payload: bytes, start: i64, stop: i64) -> Params:
    """Return the ``(identifier, value)`` pairs of a payload whose length is a multiple of six."""
    params: Params = []
    while start < stop:
        identifier: i64 = i64(read_i16_be(payload, start)) & 0xFFFF
        value: i64 = i64(read_i32_be(payload, start + 2)) & 0xFFFFFFFF
        params.append((identifier, value))
        start += 6
    return params


def serialize_params(params: Params) -> bytes:
    """Return the payload of a SETTINGS frame."""
    writer = BytesWriter()
    for identifier, value in params:
        signed: i64 = identifier
        write_i16_be(writer, i16(signed - 65536 if signed > 32767 else signed))
        write_u32(writer, value)
    return writer.getvalue()


def initial_params(limits: H2Limits, server: bool, enable_connect_protocol: bool) -> Params:
    """Return the settings of the first SETTINGS frame: those that differ from the initial values (RFC 9113 6.5.2)."""
    params: Params = []
    if limits.header_table_size != _DEFAULT_TABLE_SIZE:
        params.append((HEADER_TABLE_SIZE, limits.header_table_size))
    if server:
        params.append((MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams))
    else:
        params.append((ENABLE_PUSH, 0))
    if limits.initial_window_size != DEFAULT_WINDOW:
        params.append((INITIAL_WINDOW_SIZE, limits.initial_window_size))
    if limits.max_frame_size != MIN_MAX_FRAME_SIZE:
        params.append((MAX_FRAME_SIZE, limits.max_frame_size))
    params.append((MAX_HEADER_LIST_SIZE, limits.max_header_list_size))
    if server and enable_connect_protocol:
        params.append((ENABLE_CONNECT_PROTOCOL, 1))
    # RFC 9218 2.1: the priorities of RFC 7540 are ignored here, and not sent.
    params.append((NO_RFC7540_PRIORITIES, 1))
    return params


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class PeerSettings:
    """The settings of the peer; until they arrive, the initial values."""

    def __init__(self) -> None:
        self.received: bool = False
        self.max_concurrent_streams: i64 = _ASSUMED_CONCURRENCY
        self.initial_window_size: i64 = DEFAULT_WINDOW
        self.max_frame_size: i64 = MIN_MAX_FRAME_SIZE  # as far as it is used
        self.connect_protocol: bool = False
        self.named_table_size: bool = False  # by the settings that were applied last; the value is the encoder's
        self.fault_at: i64 = -1  # the position of the refused setting in the payload
        self._no_rfc7540_priorities: i64 = -1  # as it was in the first SETTINGS

    def apply(self, payload: bytes, at: i64, stop: i64, from_server: bool) -> i64:
        """Take new values in order; return an error code, or 0. The caller applies INITIAL_WINDOW_SIZE to the streams.

        ``payload[at:stop]`` is that of a SETTINGS frame, and its length a multiple of six.
        """
        self.named_table_size = False
        limits_streams = False
        while at < stop:
            identifier = i64(read_i16_be(payload, at)) & 0xFFFF
            value = i64(read_i32_be(payload, at + 2)) & 0xFFFFFFFF
            at += 6
            fault = value_fault(identifier, value)
            if fault != 0:
                self.fault_at = at - 6
                return fault
            if identifier == INITIAL_WINDOW_SIZE:
                self.initial_window_size = value
            elif identifier == MAX_FRAME_SIZE:
                self.max_frame_size = min(_LARGEST_FRAME_SENT, value)
            elif identifier == MAX_CONCURRENT_STREAMS:
                self.max_concurrent_streams = value
                limits_streams = True
            elif identifier == HEADER_TABLE_SIZE:
                self.named_table_size = True
            elif identifier == ENABLE_PUSH:
                # RFC 9113 6.5.2 MUST: a server does not send another value than 0.
                if from_server and value != 0:
                    self.fault_at = at - 6
                    return PROTOCOL_ERROR
            elif identifier == ENABLE_CONNECT_PROTOCOL:
                # RFC 8441 3 MUST NOT: taken back.
                if self.connect_protocol and value == 0:
                    self.fault_at = at - 6
                    return PROTOCOL_ERROR
                self.connect_protocol = value == 1
            elif identifier == NO_RFC7540_PRIORITIES:
                # RFC 9218 2.1 MUST NOT change after the first SETTINGS frame.
                if self.received and value != (1 if self._no_rfc7540_priorities == 1 else 0):
                    self.fault_at = at - 6
                    return PROTOCOL_ERROR
                self._no_rfc7540_priorities = value
        if not self.received:
            self.received = True
            # RFC 9113 6.5.2: initially there is no limit; without the setting there is none.
            if not limits_streams:
                self.max_concurrent_streams = 0xFFFFFFFF
        return 0


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class OwnSettings:
    """The values that we enforce now, and the SETTINGS frames that the peer has not acknowledged.

    The first frame has the values that are enforced from the beginning, except windows smaller than the initial ones:
    until the peer has acknowledged them, "the receiver MUST be prepared to receive data that exceeds this window size"
    (6.9.3).
    """

    def __init__(self, limits: H2Limits, enable_connect_protocol: bool) -> None:
        self.max_concurrent_streams: i64 = limits.max_concurrent_streams
        self._first_window_size: i64 = limits.initial_window_size
        self.initial_window_size: i64 = max(DEFAULT_WINDOW, limits.initial_window_size)
        self.max_frame_size: i64 = limits.max_frame_size
        self.max_header_list_size: i64 = limits.max_header_list_size
        self.header_table_size: i64 = limits.header_table_size
        self.connect_protocol: bool = enable_connect_protocol
        self.acknowledged_first: bool = False  # the peer knows the values that are enforced from the beginning
        self._unacknowledged: i64 = 0
        self._changes: deque[Params] | None = None  # of the latest frames, without the first
        self._largest_window: i64 = 0  # requested by them, or while one of them waits

    def forbids(self, identifier: i64, value: i64, server: bool) -> bool:
        """Return whether a setting must not have this value now, although it is valid."""
        if identifier == ENABLE_PUSH:
            return value != 0  # push is refused here
        if identifier == ENABLE_CONNECT_PROTOCOL:
            return not server or (value == 0 and self.connect_protocol)  # RFC 8441 3 MUST NOT: taken back
        # RFC 9218 2.1 MUST NOT change; the first frame says 1.
        return identifier == NO_RFC7540_PRIORITIES and value != 1

    def pending_growth(self) -> i64:
        """Return the maximum by which streams' windows will grow with the pending acknowledgments."""
        growth = self._largest_window - self.initial_window_size
        return max(growth, 0)

    def sent_first(self) -> None:
        """Record the first SETTINGS frame."""
        self._unacknowledged += 1

    def sent(self, params: Params) -> None:
        """Record another SETTINGS frame, and apply its additional permissions at once."""
        changes = self._changes
        if changes is None:
            changes = deque()
            self._changes = changes
        changes.append(params)
        self._unacknowledged += 1
        for identifier, value in params:
            if identifier == MAX_CONCURRENT_STREAMS and value > self.max_concurrent_streams:
                self.max_concurrent_streams = value
            elif identifier == MAX_FRAME_SIZE and value > self.max_frame_size:
                self.max_frame_size = value
            elif identifier == MAX_HEADER_LIST_SIZE and value > self.max_header_list_size:
                self.max_header_list_size = value
            elif identifier == ENABLE_CONNECT_PROTOCOL and value == 1:
                self.connect_protocol = True
            elif identifier == INITIAL_WINDOW_SIZE and value > self._largest_window:
                self._largest_window = value

    def taken_back(self) -> None:
        """Record that the first SETTINGS frame was not sent after all."""
        self._unacknowledged = 0

    def acknowledged(self) -> bool:
        """Apply the oldest frame that waits; False if none does."""
        if self._unacknowledged == 0:
            return False
        self._unacknowledged -= 1
        self.acknowledged_first = True
        changes = self._changes
        if changes is None or self._unacknowledged >= len(changes):
            self.initial_window_size = self._first_window_size
            return True
        change = changes.popleft()
        if len(changes) == 0:
            self._largest_window = 0
        for identifier, value in change:
            if identifier == MAX_CONCURRENT_STREAMS:
                self.max_concurrent_streams = value
            elif identifier == INITIAL_WINDOW_SIZE:
                self.initial_window_size = value
            elif identifier == MAX_FRAME_SIZE:
                self.max_frame_size = value
            elif identifier == MAX_HEADER_LIST_SIZE:
                self.max_header_list_size = value
            elif identifier == HEADER_TABLE_SIZE:
                self.header_table_size = value
        return True
