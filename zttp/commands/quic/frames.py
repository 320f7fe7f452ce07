"""The frames of a decrypted packet, in order (RFC 9000 12.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from zttp_h3.quic.qlog import read_frame
from zttp_h3.wire.frame_types import read_frame_type


class QuicFrame(NamedTuple):
    """A frame: its type, the start and end of the rest, and its content in the form of qlog."""

    kind: int
    start: int
    stop: int
    fields: dict[str, Any]


def each_frame(payload: bytes, flag: int) -> Iterator[QuicFrame]:
    """Yield the frames of a packet; ``flag`` is its type in the table of frames. Raises Malformed."""
    at = 0
    while at < len(payload):
        kind, start = read_frame_type(payload, at, len(payload), flag, True)
        fields, at = read_frame(payload, start, len(payload), kind)
        yield QuicFrame(kind, start, at, fields)
