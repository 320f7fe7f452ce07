"""Stream identifiers (RFC 9000 2.1): two bits say who opened a stream, and whether both sides send on it."""

from typing import Final

from zttp_h3.native_ints import i64

SERVER_INITIATED: Final = 1
UNIDIRECTIONAL: Final = 2


def is_local(stream_id: i64, is_server: bool) -> bool:
    """Return whether this side opens a stream."""
    return (stream_id & SERVER_INITIATED != 0) == is_server


def is_unidirectional(stream_id: i64) -> bool:
    """Return whether only the opener of a stream sends on it."""
    return stream_id & UNIDIRECTIONAL != 0


def place_of(stream_id: i64) -> i64:
    """Return the place of a stream among those of its type, from 0."""
    return stream_id >> 2


def kind_of(stream_id: i64) -> i64:
    """Return 0 for a bidirectional stream, 1 for a unidirectional one: limits are kept in pairs."""
    return (stream_id >> 1) & 1
