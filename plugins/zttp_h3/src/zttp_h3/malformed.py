"""What the receiving half raises when the peer breaks the connection, caught where datagrams come in.

The connection is closed with the code, and reported. Not compiled: raising is rare, and a Python class is the simplest
exception there is.
"""

from __future__ import annotations


class Malformed(Exception):  # noqa: N818  (an answer of the codecs, never seen outside)
    """A connection error (RFC 9000 11.1): the token of its reason, and what CONNECTION_CLOSE says (19.19)."""

    def __init__(self, reason: str, error_code: int, frame_type: int = 0) -> None:
        super().__init__(reason, error_code, frame_type)
        self.reason = reason
        self.error_code = error_code
        self.frame_type = frame_type  # 0 where no frame is to blame
