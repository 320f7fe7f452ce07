"""HTTP/2 frames by their headers: position, type, flags and stream (RFC 9113 4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER = 9
TYPES = (
    "DATA",
    "HEADERS",
    "PRIORITY",
    "RST_STREAM",
    "SETTINGS",
    "PUSH_PROMISE",
    "PING",
    "GOAWAY",
    "WINDOW_UPDATE",
    "CONTINUATION",
)
FLAGS = {
    "DATA": {1: "END_STREAM", 8: "PADDED"},
    "HEADERS": {1: "END_STREAM", 4: "END_HEADERS", 8: "PADDED", 0x20: "PRIORITY"},
    "SETTINGS": {1: "ACK"},
    "PING": {1: "ACK"},
    "PUSH_PROMISE": {4: "END_HEADERS", 8: "PADDED"},
    "CONTINUATION": {4: "END_HEADERS"},
}


class Frame(NamedTuple):
    """A frame, or the preface: its position and the fields of its header."""

    offset: int
    end: int
    kind: str
    flags: tuple[str, ...] = ()
    stream_id: int = 0

    def __str__(self) -> str:
        words = [self.kind, *self.flags]
        if self.stream_id:
            words.append(f"stream={self.stream_id}")
        return f"{' '.join(words)} ({self.end - self.offset} bytes)"


class FrameFinder:
    """Finds the frames in its input, piece by piece."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._offset = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield every frame that is now complete."""
        self._bytes += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        start, received = self._offset, self._bytes
        if start == 0 and received[:4] == PREFACE[:4]:
            size, kind = len(PREFACE), "PREFACE"
            flags, stream_id = 0, 0
        elif len(received) < HEADER:
            return None
        else:
            size = HEADER + int.from_bytes(received[:3], "big")
            kind = TYPES[received[3]] if received[3] < len(TYPES) else f"0x{received[3]:02x}"
            flags, stream_id = received[4], int.from_bytes(received[5:9], "big") & 0x7FFFFFFF
        if len(received) < size:
            return None
        del received[:size]
        self._offset += size
        named = FLAGS.get(kind, {})
        return Frame(start, self._offset, kind, tuple(name for bit, name in named.items() if flags & bit), stream_id)
