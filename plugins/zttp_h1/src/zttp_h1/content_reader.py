"""The content of a message and its trailers: bytes in, events out (RFC 9112 6, 7).

``chunked`` decodes chunks. A function here returns an event, a sentinel, or None if the state has changed and another
function continues.
"""

from __future__ import annotations

from typing import Any, Final

from zttp_core import events as core
from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h1.chunked import LAST, ChunkedDecoder
from zttp_h1.fields import TRAILERS as TRAILER_SECTION
from zttp_h1.framing import BY_CHUNKS, BY_LENGTH
from zttp_h1.native_ints import i64
from zttp_h1.reading import Reading
from zttp_h1.states import (
    CONTENT_CHUNKED,
    CONTENT_LENGTH,
    CONTENT_TO_EOF,
    FIELDS,
    ON_END,
    ON_EOF,
    ON_HEAD,
    ON_LAST_CHUNK,
    TRAILERS,
    after_reading,
)

# The core is compiled separately: its constants are repeated, so that they are constants here, and functions that are
# called for every event are bound once.
NEED_DATA: Final[Any] = _CORE_NEED_DATA
_new_data: Final[Any] = core.new_data
_packed_trailers: Final[Any] = core.packed_trailers


def begin_content(reading: Reading, framing: i64) -> None:
    """Continue after a head with this framing."""
    reading.state = after_reading(FIELDS, ON_HEAD + framing)
    if framing == BY_LENGTH:
        reading.remaining = reading.head.content_length
    elif framing == BY_CHUNKS:
        if reading.chunks is None:
            reading.chunks = ChunkedDecoder()
        else:
            reading.chunks.clear()


def read_content(reading: Reading) -> Any:
    """Read content of known length."""
    buffer = reading.buffer
    size: i64 = len(buffer.raw) - buffer.at
    if size == 0:
        if buffer.is_idle():
            buffer.trim()  # the head lay in it
            return NEED_DATA
        return None if reading.refill() else reading.starved()
    reading.waiting_for_100 = False
    if size >= reading.remaining:
        size = reading.remaining
        reading.state = after_reading(CONTENT_LENGTH, ON_END)
    reading.remaining -= size
    return _take(reading, size)


def read_to_eof(reading: Reading) -> Any:
    """Read content that ends with the connection."""
    buffer = reading.buffer
    size: i64 = len(buffer.raw) - buffer.at
    if size == 0:
        if buffer.is_idle():
            buffer.trim()  # the head lay in it
            return NEED_DATA
        if reading.refill():
            return None
        reading.state = after_reading(CONTENT_TO_EOF, ON_EOF)
        return None
    return _take(reading, size)


def _take(reading: Reading, size: i64) -> Any:
    """Make the Data of the next ``size`` bytes; all of a buffer is that buffer."""
    buffer = reading.buffer
    raw = buffer.raw
    at = buffer.at
    if at + size < len(raw):
        buffer.at = at + size
        return _new_data(raw[at : at + size], 0)
    buffer.drop()
    return _new_data(raw if at == 0 else raw[at:], 0)


def read_chunks(reading: Reading) -> Any:
    """Read chunks, up to the line of the last one."""
    decoder = reading.chunks
    assert decoder is not None
    buffer = reading.buffer
    raw = buffer.raw
    if buffer.at == len(raw):
        return None if reading.refill() else reading.starved()
    data = decoder.decode(raw, buffer.at, len(raw), reading.limits.max_line)
    buffer.at = decoder.at
    if decoder.state == LAST:
        reading.waiting_for_100 = False
        reading.state = after_reading(CONTENT_CHUNKED, ON_LAST_CHUNK)
        reading.head.clear_fields()
    if len(data) == 0:
        return None
    reading.waiting_for_100 = False
    return _new_data(data, 0)


def read_trailers(reading: Reading) -> Any:
    """Read the trailer section; EndOfMessage will have its fields."""
    limits = reading.limits
    if reading.buffer.stuck and not reading.refill():
        return reading.starved()
    while True:
        start = reading.parse_section(limits.max_trailer_bytes, limits.max_trailers, TRAILER_SECTION)
        if start >= 0:
            break
        if not reading.refill():
            return reading.starved()
    if reading.head.count > 0:
        reading.trailers = _packed_trailers(reading.take_section(start), 0)
    else:
        reading.section = None
    reading.state = after_reading(TRAILERS, ON_END)
    return None
