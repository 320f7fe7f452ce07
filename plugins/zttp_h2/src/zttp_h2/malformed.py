"""The exception of the reader for a connection error of the peer; the connection turns it into a RemoteProtocolError.

A stream error is not raised: the stream is reset, and the connection continues. Not compiled: raising is rare,
and a Python class is the simplest exception there is.
"""

from __future__ import annotations


class Malformed(Exception):  # noqa: N818  (an answer of the codecs, never seen outside)
    """A connection error (RFC 9113 5.4.1): the token of its reason, and the code for GOAWAY.

    ``at`` is the position of the faulty bytes in the current buffer; -1 is the frame.
    """

    def __init__(self, reason: str, error_code: int, at: int = -1) -> None:
        super().__init__(reason, error_code)
        self.reason = reason
        self.error_code = error_code
        self.at = at
