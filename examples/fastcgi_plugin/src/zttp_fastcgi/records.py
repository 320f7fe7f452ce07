"""Records of FastCGI 1.0, and name-value pairs. Pure: bytes in, values out; sections are those of FastCGI."""

import struct
from typing import Final, NamedTuple

from zttp_core.errors import RemoteProtocolError

VERSION: Final = 1
HEADER: Final = struct.Struct(">BBHHBx")  # version, type, request id, lengths of content and padding (3.3)
BEGIN: Final = struct.Struct(">HB5x")  # role, flags (5.1)
END: Final = struct.Struct(">IB3x")  # application status, protocol status (5.5)
LONGEST: Final = 0xFFFF  # content of a record

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES, GET_VALUES_RESULT = range(
    1, 11
)
UNKNOWN_TYPE: Final = 11
TO_SERVER: Final = frozenset((BEGIN_REQUEST, ABORT_REQUEST, PARAMS, STDIN, DATA))
TO_CLIENT: Final = frozenset((END_REQUEST, STDOUT, STDERR))

RESPONDER: Final = 1  # the one role of an application that answers HTTP (6.2)
KEEP_CONNECTION: Final = 1  # flag of BEGIN_REQUEST
REQUEST_COMPLETE, _, OVERLOADED, UNKNOWN_ROLE = range(4)  # protocol status


class Record(NamedTuple):
    """One record, without its padding."""

    kind: int
    request_id: int  # 0 for the connection
    content: bytes


def parse_record(received: bytearray) -> Record | None:
    """Take a record from the front of the input; ``None`` until it is complete."""
    if received and received[0] != VERSION:
        raise refusal("invalid_version", f"a record must be of version 1, not {received[0]}")
    if len(received) < HEADER.size:
        return None
    _, kind, request_id, length, padding = HEADER.unpack_from(received)
    end = HEADER.size + length
    if len(received) < end + padding:
        return None
    content = bytes(received[HEADER.size : end])
    del received[: end + padding]
    return Record(kind, request_id, content)


def record(kind: int, request_id: int, content: bytes = b"") -> bytes:
    """Return one record."""
    return HEADER.pack(VERSION, kind, request_id, len(content), 0) + content


def stream_records(kind: int, request_id: int, content: bytes) -> list[bytes]:
    """Return records for content of any length; none for empty content, because an empty record ends a stream."""
    starts = range(0, len(content), LONGEST)
    return [record(kind, request_id, content[start : start + LONGEST]) for start in starts]


def parse_pairs(packed: bytes) -> list[tuple[bytes, bytes]]:
    """Return name-value pairs (3.4)."""
    pairs, at = [], 0
    while at < len(packed):
        name_length, at = _parse_length(packed, at)
        value_length, at = _parse_length(packed, at)
        end = at + name_length + value_length
        if end > len(packed):
            raise refusal("invalid_params", "a name or a value is longer than what holds it")
        pairs.append((packed[at : at + name_length], packed[at + name_length : end]))
        at = end
    return pairs


def pair(name: bytes, value: bytes) -> bytes:
    """Return a name-value pair."""
    return _length(len(name)) + _length(len(value)) + name + value


def _parse_length(packed: bytes, at: int) -> tuple[int, int]:
    if at < len(packed) and packed[at] < 0x80:
        return packed[at], at + 1
    if at + 4 > len(packed):
        raise refusal("invalid_params", "a length is cut short")
    return int.from_bytes(packed[at : at + 4]) & 0x7FFFFFFF, at + 4


def _length(length: int) -> bytes:
    return bytes([length]) if length < 0x80 else (length | 0x80000000).to_bytes(4)


def refusal(reason: str, text: str) -> RemoteProtocolError:
    """Return the error for illegal input of the peer."""
    return RemoteProtocolError(text, reason=reason, status_hint=400)
