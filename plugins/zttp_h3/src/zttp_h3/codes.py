"""The error codes of QUIC (RFC 9000 20.1) and HTTP/3, and the settings of HTTP/3.

Not compiled: an enumeration is a Python class, and rarely used.
"""

from __future__ import annotations

from enum import IntEnum


class QuicErrorCode(IntEnum):
    """Error codes of a CONNECTION_CLOSE frame of type 0x1c. Those of TLS are numbers from 0x100 to 0x1ff."""

    NO_ERROR = 0x00
    INTERNAL_ERROR = 0x01
    CONNECTION_REFUSED = 0x02
    FLOW_CONTROL_ERROR = 0x03
    STREAM_LIMIT_ERROR = 0x04
    STREAM_STATE_ERROR = 0x05
    FINAL_SIZE_ERROR = 0x06
    FRAME_ENCODING_ERROR = 0x07
    TRANSPORT_PARAMETER_ERROR = 0x08
    CONNECTION_ID_LIMIT_ERROR = 0x09
    PROTOCOL_VIOLATION = 0x0A
    INVALID_TOKEN = 0x0B
    APPLICATION_ERROR = 0x0C
    CRYPTO_BUFFER_EXCEEDED = 0x0D
    KEY_UPDATE_ERROR = 0x0E
    AEAD_LIMIT_REACHED = 0x0F
    NO_VIABLE_PATH = 0x10
    VERSION_NEGOTIATION_ERROR = 0x11  # RFC 9368 10.3


_CRYPTO_ERROR = 0x0100


def crypto_error(alert: int) -> int:
    """Return the error code of a TLS alert (RFC 9001 4.8)."""
    return _CRYPTO_ERROR | alert


def alert_of(error_code: int) -> int | None:
    """Return the TLS alert of an error code, None if it is another code."""
    return error_code & 0xFF if error_code >> 8 == 1 else None


def name_of(error_code: int) -> str:
    """Return the name of a code, for messages."""
    alert = alert_of(error_code)
    if alert is not None:
        return f"CRYPTO_ERROR (alert {alert})"
    try:
        return QuicErrorCode(error_code).name
    except ValueError:
        return hex(error_code)


class H3ErrorCode(IntEnum):
    """Error codes of HTTP/3 and QPACK (RFC 9114 8.1, RFC 9204 6, RFC 9297 5.2)."""

    H3_DATAGRAM_ERROR = 0x33
    H3_NO_ERROR = 0x0100
    H3_GENERAL_PROTOCOL_ERROR = 0x0101
    H3_INTERNAL_ERROR = 0x0102
    H3_STREAM_CREATION_ERROR = 0x0103
    H3_CLOSED_CRITICAL_STREAM = 0x0104
    H3_FRAME_UNEXPECTED = 0x0105
    H3_FRAME_ERROR = 0x0106
    H3_EXCESSIVE_LOAD = 0x0107
    H3_ID_ERROR = 0x0108
    H3_SETTINGS_ERROR = 0x0109
    H3_MISSING_SETTINGS = 0x010A
    H3_REQUEST_REJECTED = 0x010B
    H3_REQUEST_CANCELLED = 0x010C
    H3_REQUEST_INCOMPLETE = 0x010D
    H3_MESSAGE_ERROR = 0x010E
    H3_CONNECT_ERROR = 0x010F
    H3_VERSION_FALLBACK = 0x0110
    QPACK_DECOMPRESSION_FAILED = 0x0200
    QPACK_ENCODER_STREAM_ERROR = 0x0201
    QPACK_DECODER_STREAM_ERROR = 0x0202


class H3Settings(IntEnum):
    """Identifiers of SETTINGS (RFC 9114 7.2.4.1, RFC 9204 5, RFC 9220 5, RFC 9297 2.1.1)."""

    QPACK_MAX_TABLE_CAPACITY = 0x01
    MAX_FIELD_SECTION_SIZE = 0x06
    QPACK_BLOCKED_STREAMS = 0x07
    ENABLE_CONNECT_PROTOCOL = 0x08
    H3_DATAGRAM = 0x33
