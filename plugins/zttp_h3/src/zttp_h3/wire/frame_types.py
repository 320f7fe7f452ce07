"""The frame types, the packets in which each is legal, and its properties: table 3 of RFC 9000 12.4.

The table is written as in the RFC and used directly: one octet of flags for each type.
"""

from typing import Final

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.wire.varint import read_varint

PADDING: Final = 0x00
PING: Final = 0x01
ACK: Final = 0x02
ACK_ECN: Final = 0x03
RESET_STREAM: Final = 0x04
STOP_SENDING: Final = 0x05
CRYPTO: Final = 0x06
NEW_TOKEN: Final = 0x07
STREAM: Final = 0x08  # to 0x0f, by the three flags
STREAM_LAST: Final = 0x0F
MAX_DATA: Final = 0x10
MAX_STREAM_DATA: Final = 0x11
MAX_STREAMS_BIDIRECTIONAL: Final = 0x12
MAX_STREAMS_UNIDIRECTIONAL: Final = 0x13
DATA_BLOCKED: Final = 0x14
STREAM_DATA_BLOCKED: Final = 0x15
STREAMS_BLOCKED_BIDIRECTIONAL: Final = 0x16
STREAMS_BLOCKED_UNIDIRECTIONAL: Final = 0x17
NEW_CONNECTION_ID: Final = 0x18
RETIRE_CONNECTION_ID: Final = 0x19
PATH_CHALLENGE: Final = 0x1A
PATH_RESPONSE: Final = 0x1B
CONNECTION_CLOSE: Final = 0x1C
CONNECTION_CLOSE_BY_APPLICATION: Final = 0x1D
HANDSHAKE_DONE: Final = 0x1E
DATAGRAM: Final = 0x30  # RFC 9221 4
DATAGRAM_WITH_LENGTH: Final = 0x31

# Flags of STREAM (RFC 9000 19.8).
FIN: Final = 0x01
HAS_LENGTH: Final = 0x02
HAS_OFFSET: Final = 0x04

# The packets in which a frame is legal: the first four bits of its rules.
IN_INITIAL: Final = 0x01
IN_ZERO_RTT: Final = 0x02
IN_HANDSHAKE: Final = 0x04
IN_ONE_RTT: Final = 0x08
# The properties of a packet with it.
ACK_ELICITING: Final = 0x10
IN_FLIGHT: Final = 0x20
NOT_PROBING: Final = 0x40
FROM_SERVER: Final = 0x80

# Type, packets, and properties: N not ack-eliciting, C not in flight, P probing (RFC 9000 12.4, 9.1), S sent by
# servers only. PADDING alone is in flight without eliciting an acknowledgment, and CONNECTION_CLOSE is neither (RFC
# 9002 2). Not in 0-RTT, although the table of the RFC has it there: RETIRE_CONNECTION_ID (RFC 9000 12.5).
_TABLE: Final = (
    (PADDING, "IH01", "NP"),
    (PING, "IH01", ""),
    (ACK, "IH_1", "NC"),
    (ACK_ECN, "IH_1", "NC"),
    (RESET_STREAM, "__01", ""),
    (STOP_SENDING, "__01", ""),
    (CRYPTO, "IH_1", ""),
    (NEW_TOKEN, "___1", "S"),
    (STREAM, "__01", ""),
    (0x09, "__01", ""),
    (0x0A, "__01", ""),
    (0x0B, "__01", ""),
    (0x0C, "__01", ""),
    (0x0D, "__01", ""),
    (0x0E, "__01", ""),
    (STREAM_LAST, "__01", ""),
    (MAX_DATA, "__01", ""),
    (MAX_STREAM_DATA, "__01", ""),
    (MAX_STREAMS_BIDIRECTIONAL, "__01", ""),
    (MAX_STREAMS_UNIDIRECTIONAL, "__01", ""),
    (DATA_BLOCKED, "__01", ""),
    (STREAM_DATA_BLOCKED, "__01", ""),
    (STREAMS_BLOCKED_BIDIRECTIONAL, "__01", ""),
    (STREAMS_BLOCKED_UNIDIRECTIONAL, "__01", ""),
    (NEW_CONNECTION_ID, "__01", "P"),
    (RETIRE_CONNECTION_ID, "___1", ""),
    (PATH_CHALLENGE, "__01", "P"),
    (PATH_RESPONSE, "___1", "P"),
    (CONNECTION_CLOSE, "IH01", "NC"),
    (CONNECTION_CLOSE_BY_APPLICATION, "__01", "NC"),
    (HANDSHAKE_DONE, "___1", "S"),
    (DATAGRAM, "__01", ""),
    (DATAGRAM_WITH_LENGTH, "__01", ""),
)
_TYPES: Final = 0x40  # those of one octet


def _rules() -> bytes:
    rules = [0] * _TYPES
    for frame_type, packets, special in _TABLE:
        flags = 0
        for letter, flag in (("I", IN_INITIAL), ("0", IN_ZERO_RTT), ("H", IN_HANDSHAKE), ("1", IN_ONE_RTT)):
            flags |= flag if letter in packets else 0
        flags |= 0 if "N" in special else ACK_ELICITING
        flags |= 0 if "C" in special else IN_FLIGHT
        flags |= 0 if "P" in special else NOT_PROBING
        flags |= FROM_SERVER if "S" in special else 0
        rules[frame_type] = flags
    return bytes(rules)


RULES: Final[bytes] = _rules()


def read_frame_type(payload: bytes, at: i64, stop: i64, packet: i64, from_server: bool) -> tuple[i64, i64]:
    """Read the type of the frame at ``at``, which is before ``stop``: (type, position after it).

    ``packet`` is the flag of its packet. Raises Malformed for a type that is unknown or not legal there, or too long.
    """
    frame_type: i64 = payload[at]
    if frame_type < _TYPES:
        rules: i64 = RULES[frame_type]
        if rules & packet != 0 and (from_server or rules & FROM_SERVER == 0):
            return frame_type, at + 1
        if rules == 0:
            raise Malformed("unknown_frame_type", QuicErrorCode.FRAME_ENCODING_ERROR, frame_type)
        # RFC 9000 12.4 MUST; 19.7 and 19.20 MUST: servers do not receive NEW_TOKEN and HANDSHAKE_DONE.
        raise Malformed("frame_not_allowed", QuicErrorCode.PROTOCOL_VIOLATION, frame_type)
    # No type of more than one octet was negotiated. RFC 9000 12.4: a type in more octets than it needs.
    value, after = read_varint(payload, at, stop)
    if value < 0:
        raise Malformed("truncated_frame", QuicErrorCode.FRAME_ENCODING_ERROR)
    size = after - at
    if value < 0x40 or (size > 2 and value < 0x4000) or (size > 4 and value < 0x40000000):
        raise Malformed("long_frame_type", QuicErrorCode.PROTOCOL_VIOLATION, value)
    raise Malformed("unknown_frame_type", QuicErrorCode.FRAME_ENCODING_ERROR, value)
