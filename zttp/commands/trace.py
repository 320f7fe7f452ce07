"""The output of ``--trace``: events, and frames of HTTP/2 and HTTP/3; ``<`` was received, ``>`` was sent."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

import zttp
from zttp.commands.frames import FrameFinder
from zttp.commands.shown import frames_text

LONGEST_LINE: Final = 200
PACKETS: Final = {"quic:packet_received": "<", "quic:packet_sent": ">"}


class Trace:
    """Shows a connection on the standard error. If it is off, it does nothing."""

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

    @property
    def qlog(self) -> Callable[[dict[str, Any]], None] | None:
        """Return the qlog callback of an HTTP/3 connection; None if the trace is off, which costs nothing."""
        return self._packet if self._on else None

    def passed(self, direction: str, data: bytes, connection: zttp.Connection) -> None:
        """Show sent or received bytes: the frames of HTTP/2, the first line of HTTP/1.1, the size of the rest."""
        if not self._on or not data:
            return
        if isinstance(connection, zttp.H1Connection):
            self._print(f"{direction} {len(data)} bytes: {data[:60]!r}")
        elif isinstance(connection, zttp.ByteStreamConnection):  # a frame of HTTP/2: other protocols are not shown here
            for frame in self._finders[direction].feed(data):
                self._print(f"{direction} {frame}")
        else:
            self._print(f"{direction} datagram of {len(data)} bytes")

    def _packet(self, event: dict[str, Any]) -> None:
        """Show a packet with its frames, or a lost packet."""
        name, data = event["name"], event["data"]
        if name in PACKETS or name == "quic:packet_lost":
            header = data["header"]
            packet = f"{header['packet_type']} {header['packet_number']}"
            if name in PACKETS:
                self._print(f"{PACKETS[name]} {packet}: {frames_text(data['frames'])}")
            else:
                self._print(f"  lost: {packet}")

    def _print(self, text: str) -> None:
        text = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}..."
        print(f"{self._name} {text}", file=sys.stderr, flush=True)
