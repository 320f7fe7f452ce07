"""What ``--trace`` shows: events, and the frames of HTTP/2, as they pass; ``<`` came in, ``>`` went out."""

from __future__ import annotations

import sys
from typing import Final

import zttp
from zttp.commands.frames import FrameFinder

LONGEST_LINE: Final = 200


class Trace:
    """A connection that is looked at, on the standard error. Off, it does nothing."""

    def __init__(self, name: str, *, on: bool) -> None:
        self._name, self._on = name, on
        self._finders = {"<": FrameFinder(), ">": FrameFinder()}

    def event(self, event: zttp.Event) -> None:
        """Show an event."""
        if self._on:
            self._print(f"  {event!r}")

    def error(self, error: zttp.ProtocolError) -> None:
        """Show an error."""
        if self._on:
            self._print(f"  {error.reason}: {error}")

    def passed(self, direction: str, data: bytes, connection: zttp.Connection) -> None:
        """Show bytes on their way: the frames of HTTP/2, the first line of what HTTP/1.1 has, the size of the rest."""
        if not self._on or not data:
            return
        if isinstance(connection, zttp.H1Connection):
            self._print(f"{direction} {len(data)} bytes: {data[:60]!r}")
        elif isinstance(connection, zttp.ByteStreamConnection):  # a frame of HTTP/2: others are not spoken here
            for frame in self._finders[direction].feed(data):
                self._print(f"{direction} {frame}")
        else:
            self._print(f"{direction} datagram of {len(data)} bytes")

    def _print(self, text: str) -> None:
        text = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}..."
        print(f"{self._name} {text}", file=sys.stderr, flush=True)
