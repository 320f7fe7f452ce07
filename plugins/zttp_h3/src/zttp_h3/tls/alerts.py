"""TLS alerts, which QUIC carries as connection errors (RFC 8446 6, RFC 9001 4.8).

Not compiled: raising is rare, and a Python class is the simplest exception there is.
"""

from __future__ import annotations

from typing import Final

UNEXPECTED_MESSAGE: Final = 10
HANDSHAKE_FAILURE: Final = 40
BAD_CERTIFICATE: Final = 42
UNSUPPORTED_CERTIFICATE: Final = 43
CERTIFICATE_EXPIRED: Final = 45
CERTIFICATE_UNKNOWN: Final = 46
ILLEGAL_PARAMETER: Final = 47
UNKNOWN_CA: Final = 48
DECODE_ERROR: Final = 50
DECRYPT_ERROR: Final = 51
PROTOCOL_VERSION: Final = 70
INTERNAL_ERROR: Final = 80
MISSING_EXTENSION: Final = 109
UNSUPPORTED_EXTENSION: Final = 110
UNRECOGNIZED_NAME: Final = 112
NO_APPLICATION_PROTOCOL: Final = 120

_CRYPTO_ERROR: Final = 0x100  # RFC 9000 20.1
_PROTOCOL_VIOLATION: Final = 0x0A


class TlsError(Exception):
    """The handshake has failed; ``error_code`` is the QUIC transport error (RFC 9001 4.8)."""

    def __init__(self, error_code: int, message: str) -> None:
        super().__init__(error_code, message)
        self.error_code = error_code
        self.message = message


class Alert(TlsError):  # noqa: N818  (the RFC calls it that)
    """A failure with a TLS alert: ``description`` is its number (RFC 8446 6)."""

    def __init__(self, description: int, message: str) -> None:
        super().__init__(_CRYPTO_ERROR + description, message)
        self.description = description


class ProtocolViolation(TlsError):  # noqa: N818  (the RFC calls it that)
    """Input that TLS allows and QUIC forbids (RFC 9001 4.4, 4.6.1, 8.4)."""

    def __init__(self, message: str) -> None:
        super().__init__(_PROTOCOL_VIOLATION, message)
