"""Unsolicited bytes: they answer no request of the client (RFC 9112 9.2)."""

from __future__ import annotations

from typing import Final

from zttp_h1.malformed import Malformed
from zttp_h1.reading import MOST_EMPTY_LINES, Reading
from zttp_h1.states import DONE, END, START_LINE

_EXCERPT: Final = 60


def has_unasked(reading: Reading) -> bool:
    """Return whether bytes wait that answer no request (client).

    RFC 9112 9.2: they must not be taken for a response, and end the connection, unless they are empty lines.
    """
    if reading.awaiting or reading.switching or reading.buffer.waiting() == 0:
        return False
    state = reading.state
    if state != START_LINE and state != END and state != DONE:
        return False
    if reading.buffer.waiting() > 2 * MOST_EMPTY_LINES:
        return True
    rest = reading.buffer.rest()
    return rest != (b"\r\n" * MOST_EMPTY_LINES)[: len(rest)]


def refuse_unasked(reading: Reading) -> None:
    """Refuse bytes that answer no request, and drop empty lines (client)."""
    buffer = reading.buffer
    if buffer.waiting() > 0:
        if has_unasked(reading):
            rest = buffer.rest()[: 2 * MOST_EMPTY_LINES + _EXCERPT]
            skipped = 0
            while rest.startswith(b"\r\n", skipped):
                skipped += 2
            raise Malformed("unexpected_response", buffer.at + skipped, rest[skipped : skipped + _EXCERPT])
        if buffer.eof or buffer.waiting() % 2 == 0:
            buffer.discard()
