"""Writing frames (RFC 9000 19, RFC 9221 4), after the current content of the writer.

``frame_reader`` reads these frames; the caller ensures that they fit into the packet.
"""

from typing import Final

from librt.strings import BytesWriter

from zttp_h3.native_ints import i64, u8
from zttp_h3.wire.frame_types import (
    ACK,
    ACK_ECN,
    CONNECTION_CLOSE,
    CONNECTION_CLOSE_BY_APPLICATION,
    CRYPTO,
    DATAGRAM,
    DATAGRAM_WITH_LENGTH,
    FIN,
    HANDSHAKE_DONE,
    HAS_LENGTH,
    HAS_OFFSET,
    NEW_CONNECTION_ID,
    NEW_TOKEN,
    PING,
    RESET_STREAM,
    STREAM,
)
from zttp_h3.wire.varint import varint_size, write_varint

_ZEROS: Final = bytes(2048)


def write_padding(writer: BytesWriter, count: i64) -> None:
    """Write this many PADDING frames (19.1)."""
    while count > 2048:
        writer.write(_ZEROS)
        count -= 2048
    if count > 0:
        writer.write(_ZEROS[:count])


def write_ping(writer: BytesWriter) -> None:
    """Write a PING frame (19.2)."""
    writer.append(PING)


def write_ack(writer: BytesWriter, largest: i64, smallest: i64, delay: i64, older: list[int], ranges: i64) -> None:
    """Write an ACK frame (19.3) of a first range and as many further ones as ``ranges`` allows and there are.

    ``older`` holds the largest and the smallest number of each, one after the other, downwards, as in ``AckFrame``.
    """
    _write_ack(writer, ACK, largest, smallest, delay, older, ranges)


def write_ack_ecn(
    writer: BytesWriter,
    largest: i64,
    smallest: i64,
    delay: i64,
    older: list[int],
    ranges: i64,
    ect0: i64,
    ect1: i64,
    ce: i64,
) -> None:
    """Write an ACK frame with ECN counts (19.3.2)."""
    _write_ack(writer, ACK_ECN, largest, smallest, delay, older, ranges)
    write_varint(writer, ect0)
    write_varint(writer, ect1)
    write_varint(writer, ce)


def _write_ack(
    writer: BytesWriter, frame_type: i64, largest: i64, smallest: i64, delay: i64, older: list[int], ranges: i64
) -> None:
    count: i64 = min(len(older) >> 1, ranges)
    writer.append(u8(frame_type))
    write_varint(writer, largest)
    write_varint(writer, delay)
    write_varint(writer, count)
    write_varint(writer, largest - smallest)
    at: i64 = 0
    while at < count * 2:
        largest = older[at]
        write_varint(writer, smallest - largest - 2)
        smallest = older[at + 1]
        write_varint(writer, largest - smallest)
        at += 2


def write_value(writer: BytesWriter, frame_type: i64, value: i64) -> None:
    """Write MAX_DATA, MAX_STREAMS, DATA_BLOCKED, STREAMS_BLOCKED or RETIRE_CONNECTION_ID: one integer."""
    writer.append(u8(frame_type))
    write_varint(writer, value)


def write_stream_value(writer: BytesWriter, frame_type: i64, stream_id: i64, value: i64) -> None:
    """Write STOP_SENDING, MAX_STREAM_DATA or STREAM_DATA_BLOCKED: a stream, and a code or a value."""
    writer.append(u8(frame_type))
    write_varint(writer, stream_id)
    write_varint(writer, value)


def write_reset_stream(writer: BytesWriter, stream_id: i64, error_code: i64, final_size: i64) -> None:
    """Write a RESET_STREAM frame (19.4)."""
    write_stream_value(writer, RESET_STREAM, stream_id, error_code)
    write_varint(writer, final_size)


def write_crypto(writer: BytesWriter, offset: i64, data: bytes) -> None:
    """Write a CRYPTO frame (19.6)."""
    writer.append(CRYPTO)
    write_varint(writer, offset)
    write_varint(writer, len(data))
    writer.write(data)


def write_stream(writer: BytesWriter, stream_id: i64, offset: i64, data: bytes, fin: bool, last: bool) -> None:
    """Write a STREAM frame (19.8); the ``last`` frame of a packet has no length."""
    frame_type: i64 = STREAM
    if fin:
        frame_type |= FIN
    if offset > 0:
        frame_type |= HAS_OFFSET
    if not last:
        frame_type |= HAS_LENGTH
    writer.append(u8(frame_type))
    write_varint(writer, stream_id)
    if offset > 0:
        write_varint(writer, offset)
    if not last:
        write_varint(writer, len(data))
    writer.write(data)


def stream_overhead(stream_id: i64, offset: i64, length: i64) -> i64:
    """Return how many octets a STREAM frame has beside its data; ``length`` is -1 for the last frame of a packet."""
    size = 1 + varint_size(stream_id)
    if offset > 0:
        size += varint_size(offset)
    if length >= 0:
        size += varint_size(length)
    return size


def write_new_token(writer: BytesWriter, token: bytes) -> None:
    """Write a NEW_TOKEN frame (19.7)."""
    writer.append(NEW_TOKEN)
    write_varint(writer, len(token))
    writer.write(token)


def write_new_connection_id(
    writer: BytesWriter, sequence: i64, retire_prior_to: i64, connection_id: bytes, reset_token: bytes
) -> None:
    """Write a NEW_CONNECTION_ID frame (19.15)."""
    writer.append(NEW_CONNECTION_ID)
    write_varint(writer, sequence)
    write_varint(writer, retire_prior_to)
    writer.append(u8(len(connection_id)))
    writer.write(connection_id)
    writer.write(reset_token)


def write_path_data(writer: BytesWriter, frame_type: i64, data: bytes) -> None:
    """Write PATH_CHALLENGE (19.17) or PATH_RESPONSE (19.18)."""
    writer.append(u8(frame_type))
    writer.write(data)


def write_connection_close(writer: BytesWriter, error_code: i64, blamed: i64, reason: bytes) -> None:
    """Write a CONNECTION_CLOSE frame of the transport (19.19)."""
    writer.append(CONNECTION_CLOSE)
    write_varint(writer, error_code)
    write_varint(writer, blamed)
    write_varint(writer, len(reason))
    writer.write(reason)


def write_connection_close_by_application(writer: BytesWriter, error_code: i64, reason: bytes) -> None:
    """Write a CONNECTION_CLOSE frame of the application (19.19)."""
    writer.append(CONNECTION_CLOSE_BY_APPLICATION)
    write_varint(writer, error_code)
    write_varint(writer, len(reason))
    writer.write(reason)


def write_handshake_done(writer: BytesWriter) -> None:
    """Write a HANDSHAKE_DONE frame (19.20)."""
    writer.append(HANDSHAKE_DONE)


def write_datagram(writer: BytesWriter, data: bytes, last: bool) -> None:
    """Write a DATAGRAM frame (RFC 9221 4); the ``last`` frame of a packet has no length."""
    if last:
        writer.append(DATAGRAM)
    else:
        writer.append(DATAGRAM_WITH_LENGTH)
        write_varint(writer, len(data))
    writer.write(data)
