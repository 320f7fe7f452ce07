"""Searching the end of a message that is not pulled yet, for ``start_next_cycle`` (RFC 9112 9.3).

Nothing else is parsed ahead. The message is read as when it is pulled, with every limit, by the same functions and each
byte once; its content, or an error, waits in an ``Ahead``. The next cycle drops it; a pull returns it first.
"""

from __future__ import annotations

from typing import Any, Final

from zttp_core.sentinels import NEED_DATA as _CORE_NEED_DATA
from zttp_h1.ahead import Ahead
from zttp_h1.content_reader import read_chunks, read_content, read_to_eof, read_trailers
from zttp_h1.malformed import Malformed
from zttp_h1.native_ints import i64
from zttp_h1.reading import Reading
from zttp_h1.states import CONTENT_CHUNKED, CONTENT_LENGTH, CONTENT_TO_EOF, TRAILERS

# The core is compiled separately: its constants are repeated, so that they are constants here.
NEED_DATA: Final[Any] = _CORE_NEED_DATA


def look_ahead(reading: Reading) -> None:
    """Read on to the end of the message, as far as its bytes have arrived; the state shows whether it was found."""
    ahead = reading.ahead
    if not _may_end(reading) or (ahead is not None and ahead.failure is not None):
        return
    if ahead is None:
        ahead = Ahead()
        reading.ahead = ahead
    waiting_for_100 = reading.waiting_for_100
    buffer = reading.buffer
    before = buffer.base + buffer.at
    try:
        _read_on(reading, ahead)
    except Malformed as malformed:
        ahead.failure = (malformed.reason, malformed.excerpt, buffer.base + malformed.at)
    buffer.held += buffer.base + buffer.at - before
    reading.waiting_for_100 = waiting_for_100  # only pulled content ends the wait for a 100


def _may_end(reading: Reading) -> bool:
    """Return whether the end of the content may have arrived; with a known length, this needs no reading."""
    state = reading.state
    buffer = reading.buffer
    if state == CONTENT_LENGTH:
        return buffer.eof or buffer.waiting() >= reading.remaining
    if state == CONTENT_TO_EOF:
        return buffer.eof
    return state == CONTENT_CHUNKED or state == TRAILERS


def _read_on(reading: Reading, ahead: Ahead) -> None:
    """Read content and trailers. Raises Malformed."""
    while True:
        state: i64 = reading.state
        if state == CONTENT_LENGTH:
            event = read_content(reading)
        elif state == CONTENT_CHUNKED:
            event = read_chunks(reading)
        elif state == CONTENT_TO_EOF:
            event = read_to_eof(reading)
        elif state == TRAILERS:
            event = read_trailers(reading)
        else:
            return
        if event is NEED_DATA:
            return
        if event is not None:
            ahead.content.write(event.data)
