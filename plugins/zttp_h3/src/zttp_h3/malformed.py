"""The exception for a connection error of the peer, caught where datagrams are received.

The connection is closed with the code, and the error is reported. Not compiled: raising is rare, and a Python class is
the simplest exception there is.
"""

from __future__ import annotations


class Malformed(Exception):  # noqa: N818  (an answer of the codecs, never seen outside)
    """A connection error (RFC 9000 11.1): the token of its reason, and the content of CONNECTION_CLOSE (19.19)."""

    def __init__(self, reason: str, error_code: int, frame_type: int = 0) -> None:
        super().__init__(reason, error_code, frame_type)
        self.reason = reason
        self.error_code = int(error_code)  # compiled modules give a plain number, others a member of the enumeration
        self.frame_type = frame_type  # 0 if no frame is the cause
