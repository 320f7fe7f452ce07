"""The content of frames (RFC 9000 19, RFC 9221 4): pure functions from a position after the type.

Each returns the fields of its frame and the position after it. A truncated or invalid frame is a FRAME_ENCODING_ERROR;
the effect of a frame on a connection is not checked here. ``0 <= at`` and ``stop <= len(payload)`` always.
"""

from typing import Final, final

from librt.strings import read_i64_le

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.wire.frame_types import ACK_ECN, CONNECTION_CLOSE, DATAGRAM_WITH_LENGTH, HAS_LENGTH, HAS_OFFSET
from zttp_h3.wire.packet_header import MAX_CONNECTION_ID
from zttp_h3.wire.varint import MAX_VARINT, read_varint

MAX_STREAMS_LIMIT: Final = 0x1000000000000000  # 2^60, RFC 9000 4.6
RESET_TOKEN_SIZE: Final = 16
PATH_DATA_SIZE: Final = 8


def _truncated(frame_type: i64) -> Malformed:
    return Malformed("truncated_frame", QuicErrorCode.FRAME_ENCODING_ERROR, frame_type)


def _invalid(reason: str, frame_type: i64) -> Malformed:
    return Malformed(reason, QuicErrorCode.FRAME_ENCODING_ERROR, frame_type)


def skip_padding(payload: bytes, at: i64, stop: i64) -> i64:
    """Return the position after a run of PADDING frames (19.1)."""
    while at + 8 <= stop and read_i64_le(payload, at) == 0:
        at += 8
    while at < stop and payload[at] == 0:
        at += 1
    return at


@final
@mypyc_attr(acyclic=True)
class AckFrame:
    """An ACK frame (19.3): one object, reused for each frame."""

    def __init__(self) -> None:
        self.largest: i64 = 0
        self.smallest: i64 = 0  # of the first range
        self.delay: i64 = 0  # in the unit of ack_delay_exponent
        # Further ranges, downwards: the largest and the smallest number of each, one after the other.
        self.older: list[int] = []
        self.ect0: i64 = -1  # -1: without counts
        self.ect1: i64 = -1
        self.ce: i64 = -1

    def read(self, payload: bytes, at: i64, stop: i64, frame_type: i64) -> i64:
        """Read an ACK of either type; return the position after it."""
        largest, at = read_varint(payload, at, stop)
        delay, at = read_varint(payload, at, stop)
        count, at = read_varint(payload, at, stop)
        first, at = read_varint(payload, at, stop)
        # If one is incomplete, all that follow are.
        if first < 0:
            raise _truncated(frame_type)
        smallest = largest - first
        if smallest < 0:
            raise _invalid("negative_packet_number", frame_type)
        self.largest = largest
        self.smallest = smallest
        self.delay = delay
        self.older.clear()
        if count > 0:
            at = self._read_older(payload, at, stop, frame_type, count, smallest)
        if frame_type == ACK_ECN:
            self.ect0, at = read_varint(payload, at, stop)
            self.ect1, at = read_varint(payload, at, stop)
            self.ce, at = read_varint(payload, at, stop)
            if self.ce < 0:
                raise _truncated(frame_type)
        else:
            self.ect0 = self.ect1 = self.ce = -1
        return at

    def _read_older(self, payload: bytes, at: i64, stop: i64, frame_type: i64, count: i64, smallest: i64) -> i64:
        """Read the ranges below the first one (19.3.1). A count cannot exceed the octets of the frame."""
        older = self.older
        while count > 0:
            gap, at = read_varint(payload, at, stop)
            length, at = read_varint(payload, at, stop)
            if length < 0:
                raise _truncated(frame_type)
            largest = smallest - gap - 2
            smallest = largest - length
            # RFC 9000 19.3.1 MUST.
            if smallest < 0:
                raise _invalid("negative_packet_number", frame_type)
            older.append(largest)
            older.append(smallest)
            count -= 1
        return at


def read_value(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[i64, i64]:
    """MAX_DATA (19.9), DATA_BLOCKED (19.12), RETIRE_CONNECTION_ID (19.16): (value, position)."""
    value, at = read_varint(payload, at, stop)
    if value < 0:
        raise _truncated(frame_type)
    return value, at


def read_streams(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[i64, i64]:
    """MAX_STREAMS (19.11), STREAMS_BLOCKED (19.14): (number of streams, position)."""
    value, at = read_value(payload, at, stop, frame_type)
    # RFC 9000 19.11, 19.14 MUST.
    if value > MAX_STREAMS_LIMIT:
        raise _invalid("stream_count_too_large", frame_type)
    return value, at


def read_stream_value(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[i64, i64, i64]:
    """STOP_SENDING (19.5), MAX_STREAM_DATA (19.10), STREAM_DATA_BLOCKED (19.13): (stream, code or value, position)."""
    stream_id, at = read_varint(payload, at, stop)
    value, at = read_varint(payload, at, stop)
    if value < 0:
        raise _truncated(frame_type)
    return stream_id, value, at


def read_reset_stream(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[i64, i64, i64, i64]:
    """RESET_STREAM (19.4): (stream, error code, final size, position)."""
    stream_id, at = read_varint(payload, at, stop)
    error_code, at = read_varint(payload, at, stop)
    final_size, at = read_varint(payload, at, stop)
    if final_size < 0:
        raise _truncated(frame_type)
    return stream_id, error_code, final_size, at


def read_crypto(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[i64, i64, i64]:
    """CRYPTO (19.6): (offset, where its data begins, where it ends, which is the position after the frame)."""
    offset, at = read_varint(payload, at, stop)
    length, at = read_varint(payload, at, stop)
    if length < 0 or length > stop - at:
        raise _truncated(frame_type)
    # RFC 9000 19.6 MUST.
    if offset > MAX_VARINT - length:
        raise _invalid("offset_too_large", frame_type)
    return offset, at, at + length


def read_stream(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[i64, i64, i64, i64]:
    """STREAM (19.8): (stream, offset, where its data begins, where it ends, which is the position after the frame)."""
    stream_id, at = read_varint(payload, at, stop)
    offset: i64 = 0
    if frame_type & HAS_OFFSET != 0:
        offset, at = read_varint(payload, at, stop)
    length = stop - at
    if frame_type & HAS_LENGTH != 0:
        length, at = read_varint(payload, at, stop)
        if length > stop - at:
            raise _truncated(frame_type)
    if stream_id < 0 or offset < 0 or length < 0:
        raise _truncated(frame_type)
    # RFC 9000 19.8 MUST.
    if offset > MAX_VARINT - length:
        raise _invalid("offset_too_large", frame_type)
    return stream_id, offset, at, at + length


def read_new_token(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[bytes, i64]:
    """NEW_TOKEN (19.7): (token, position)."""
    length, at = read_varint(payload, at, stop)
    if length < 0 or length > stop - at:
        raise _truncated(frame_type)
    # RFC 9000 19.7 MUST.
    if length == 0:
        raise _invalid("empty_token", frame_type)
    return payload[at : at + length], at + length


def read_new_connection_id(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[i64, i64, bytes, bytes, i64]:
    """NEW_CONNECTION_ID (19.15): (sequence number, retire prior to, connection ID, reset token, position)."""
    sequence, at = read_varint(payload, at, stop)
    retire_prior_to, at = read_varint(payload, at, stop)
    if retire_prior_to < 0 or at >= stop:
        raise _truncated(frame_type)
    length: i64 = payload[at]
    at += 1
    # RFC 9000 19.15 MUST, both.
    if length == 0 or length > MAX_CONNECTION_ID:
        raise _invalid("connection_id_length", frame_type)
    if retire_prior_to > sequence:
        raise _invalid("retire_prior_to", frame_type)
    token_at = at + length
    after = token_at + RESET_TOKEN_SIZE
    if after > stop:
        raise _truncated(frame_type)
    return sequence, retire_prior_to, payload[at:token_at], payload[token_at:after], after


def read_path_data(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[bytes, i64]:
    """PATH_CHALLENGE (19.17), PATH_RESPONSE (19.18): (data, position)."""
    after = at + PATH_DATA_SIZE
    if after > stop:
        raise _truncated(frame_type)
    return payload[at:after], after


def read_connection_close(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[i64, i64, bytes, i64]:
    """CONNECTION_CLOSE (19.19): (error code, type of the frame to blame or 0, reason phrase, position)."""
    error_code, at = read_varint(payload, at, stop)
    blamed: i64 = 0
    if frame_type == CONNECTION_CLOSE:
        blamed, at = read_varint(payload, at, stop)
    length, at = read_varint(payload, at, stop)
    if length < 0 or length > stop - at:
        raise _truncated(frame_type)
    return error_code, blamed, payload[at : at + length], at + length


def read_datagram(payload: bytes, at: i64, stop: i64, frame_type: i64) -> tuple[i64, i64]:
    """DATAGRAM (RFC 9221 4): (where its data begins, where it ends, which is the position after the frame)."""
    if frame_type != DATAGRAM_WITH_LENGTH:
        return at, stop
    length, at = read_varint(payload, at, stop)
    if length < 0 or length > stop - at:
        raise _truncated(frame_type)
    return at, at + length
