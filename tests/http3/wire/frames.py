"""One reader for all frames: the frame at a position is read by the function for its type."""

from collections.abc import Callable
from typing import Any

from librt.strings import BytesWriter

from zttp_h3.wire import frame_reader as reader
from zttp_h3.wire import frame_types as types
from zttp_h3.wire import frame_writer as writer

ALL_PACKETS = (types.IN_INITIAL, types.IN_ZERO_RTT, types.IN_HANDSHAKE, types.IN_ONE_RTT)


def read_ack(payload: bytes, at: int, stop: int, frame_type: int) -> tuple[Any, ...]:
    frame = reader.AckFrame()
    after = frame.read(payload, at, stop, frame_type)
    return frame.largest, frame.smallest, frame.delay, frame.older, (frame.ect0, frame.ect1, frame.ce), after


def read_nothing(payload: bytes, at: int, stop: int, frame_type: int) -> tuple[int]:
    return (at,)


def read_padding(payload: bytes, at: int, stop: int, frame_type: int) -> tuple[int]:
    return (reader.skip_padding(payload, at, stop),)


READERS: dict[int, Callable[[bytes, int, int, int], tuple[Any, ...]]] = {
    types.PADDING: read_padding,
    types.PING: read_nothing,
    types.ACK: read_ack,
    types.ACK_ECN: read_ack,
    types.RESET_STREAM: reader.read_reset_stream,
    types.STOP_SENDING: reader.read_stream_value,
    types.CRYPTO: reader.read_crypto,
    types.NEW_TOKEN: reader.read_new_token,
    **dict.fromkeys(range(types.STREAM, types.STREAM_LAST + 1), reader.read_stream),
    types.MAX_DATA: reader.read_value,
    types.MAX_STREAM_DATA: reader.read_stream_value,
    types.MAX_STREAMS_BIDIRECTIONAL: reader.read_streams,
    types.MAX_STREAMS_UNIDIRECTIONAL: reader.read_streams,
    types.DATA_BLOCKED: reader.read_value,
    types.STREAM_DATA_BLOCKED: reader.read_stream_value,
    types.STREAMS_BLOCKED_BIDIRECTIONAL: reader.read_streams,
    types.STREAMS_BLOCKED_UNIDIRECTIONAL: reader.read_streams,
    types.NEW_CONNECTION_ID: reader.read_new_connection_id,
    types.RETIRE_CONNECTION_ID: reader.read_value,
    types.PATH_CHALLENGE: reader.read_path_data,
    types.PATH_RESPONSE: reader.read_path_data,
    types.CONNECTION_CLOSE: reader.read_connection_close,
    types.CONNECTION_CLOSE_BY_APPLICATION: reader.read_connection_close,
    types.HANDSHAKE_DONE: read_nothing,
    types.DATAGRAM: reader.read_datagram,
    types.DATAGRAM_WITH_LENGTH: reader.read_datagram,
}


def read_frame(payload: bytes, at: int, stop: int) -> tuple[int, tuple[Any, ...], int]:
    """The type of a frame in a 1-RTT packet of a server, its values, and the position after it."""
    frame_type, at = types.read_frame_type(payload, at, stop, types.IN_ONE_RTT, True)
    *fields, after = READERS[frame_type](payload, at, stop, frame_type)
    return frame_type, tuple(fields), after


def written(write: Callable[..., None], *arguments: Any) -> bytes:
    out = BytesWriter()
    write(out, *arguments)
    return out.getvalue()


MANY_RANGES = [90, 80, 70, 70, 8, 0]
# Written bytes and read values: every frame, with numbers of every size.
FRAMES: dict[str, tuple[bytes, int, tuple[Any, ...]]] = {
    "ping": (written(writer.write_ping), 0x01, ()),
    "ack": (written(writer.write_ack, 1000, 1000, 25, [], 0), 0x02, (1000, 1000, 25, [], (-1, -1, -1))),
    "ack of ranges": (
        written(writer.write_ack, 2**40, 100, 2**20, MANY_RANGES, 32), 0x02,
        (2**40, 100, 2**20, MANY_RANGES, (-1, -1, -1)),
    ),
    "ack with counts": (
        written(writer.write_ack_ecn, 9, 5, 0, [3, 0], 32, 1, 70000, 2**33), 0x03, (9, 5, 0, [3, 0], (1, 70000, 2**33))
    ),
    "reset_stream": (written(writer.write_reset_stream, 4, 0x10C, 2**62 - 1), 0x04, (4, 0x10C, 2**62 - 1)),
    "stop_sending": (written(writer.write_stream_value, 0x05, 2**30, 0x100), 0x05, (2**30, 0x100)),
    "crypto": (written(writer.write_crypto, 1200, b"hello"), 0x06, (1200, 4)),
    "new_token": (written(writer.write_new_token, b"token" * 20), 0x07, (b"token" * 20,)),
    "stream": (written(writer.write_stream, 0, 0, b"all", False, True), 0x08, (0, 0, 2)),
    "stream with fin": (written(writer.write_stream, 64, 0, b"all", True, True), 0x09, (64, 0, 3)),
    "stream with length": (written(writer.write_stream, 8, 0, b"all", False, False), 0x0A, (8, 0, 3)),
    "stream with offset": (written(writer.write_stream, 8, 63, b"all", False, True), 0x0C, (8, 63, 3)),
    "stream with all": (written(writer.write_stream, 8, 2**14, b"x" * 64, True, False), 0x0F, (8, 2**14, 8)),
    "empty stream": (written(writer.write_stream, 8, 2**61, b"", True, False), 0x0F, (8, 2**61, 11)),
    "max_data": (written(writer.write_value, 0x10, 2**62 - 1), 0x10, (2**62 - 1,)),
    "max_stream_data": (written(writer.write_stream_value, 0x11, 12, 2**16), 0x11, (12, 2**16)),
    "max_streams": (written(writer.write_value, 0x12, 2**60), 0x12, (2**60,)),
    "max_streams of one way": (written(writer.write_value, 0x13, 3), 0x13, (3,)),
    "data_blocked": (written(writer.write_value, 0x14, 16383), 0x14, (16383,)),
    "stream_data_blocked": (written(writer.write_stream_value, 0x15, 3, 16384), 0x15, (3, 16384)),
    "streams_blocked": (written(writer.write_value, 0x16, 100), 0x16, (100,)),
    "streams_blocked of one way": (written(writer.write_value, 0x17, 2**60), 0x17, (2**60,)),
    "new_connection_id": (
        written(writer.write_new_connection_id, 70, 69, b"c" * 20, b"t" * 16), 0x18, (70, 69, b"c" * 20, b"t" * 16)
    ),
    "short new_connection_id": (
        written(writer.write_new_connection_id, 0, 0, b"c", b"t" * 16), 0x18, (0, 0, b"c", b"t" * 16)
    ),
    "retire_connection_id": (written(writer.write_value, 0x19, 0), 0x19, (0,)),
    "path_challenge": (written(writer.write_path_data, 0x1A, b"8 octets"), 0x1A, (b"8 octets",)),
    "path_response": (written(writer.write_path_data, 0x1B, b"octets 8"), 0x1B, (b"octets 8",)),
    "connection_close": (written(writer.write_connection_close, 0x0A, 0x1E, b"why"), 0x1C, (0x0A, 0x1E, b"why")),
    "connection_close by h3": (
        written(writer.write_connection_close_by_application, 0x100, b""), 0x1D, (0x100, 0, b"")
    ),
    "handshake_done": (written(writer.write_handshake_done), 0x1E, ()),
    "datagram": (written(writer.write_datagram, b"data", True), 0x30, (1,)),
    "datagram with length": (written(writer.write_datagram, b"data", False), 0x31, (2,)),
}  # fmt: skip
# Those that end where the packet does: cut short, they are shorter frames.
TO_THE_END = {"stream", "stream with fin", "stream with offset", "datagram"}
