"""Handshake messages as bytes: their types, their stream, and reading the vectors inside (RFC 8446 3, 4).

Every part is limited by its container; a part that ends too early or too late is a ``decode_error``.
"""

from typing import Final, final

from zttp_h3.native_ints import i64
from zttp_h3.tls.alerts import DECODE_ERROR, ILLEGAL_PARAMETER, Alert

CLIENT_HELLO: Final = 1
SERVER_HELLO: Final = 2
NEW_SESSION_TICKET: Final = 4
END_OF_EARLY_DATA: Final = 5
ENCRYPTED_EXTENSIONS: Final = 8
CERTIFICATE: Final = 11
CERTIFICATE_REQUEST: Final = 13
CERTIFICATE_VERIFY: Final = 15
FINISHED: Final = 20
KEY_UPDATE: Final = 24
MESSAGE_HASH: Final = 254

# The encryption levels of messages (RFC 9001 4.1.4), in order.
INITIAL: Final = 0
EARLY_DATA: Final = 1
HANDSHAKE: Final = 2
APPLICATION: Final = 3

# A certificate chain may be long; other messages are much shorter.
_MOST_BYTES: Final = 16 * 1024
_MOST_CERTIFICATE_BYTES: Final = 64 * 1024


def message(kind: i64, body: bytes) -> bytes:
    """Return a handshake message with its header (RFC 8446 4)."""
    return bytes((int(kind),)) + len(body).to_bytes(3, "big") + body


def vector8(body: bytes) -> bytes:
    """Return ``body`` after its length in one byte (RFC 8446 3.4)."""
    return len(body).to_bytes(1, "big") + body


def vector16(body: bytes) -> bytes:
    """Return ``body`` after its length in two bytes."""
    return len(body).to_bytes(2, "big") + body


def vector24(body: bytes) -> bytes:
    """Return ``body`` after its length in three bytes."""
    return len(body).to_bytes(3, "big") + body


def numbers16(values: list[int]) -> bytes:
    """Return numbers of two bytes each, concatenated."""
    return b"".join([value.to_bytes(2, "big") for value in values])


@final
class MessageBuffer:
    """The CRYPTO stream of one encryption level: bytes in, complete messages out."""

    def __init__(self) -> None:
        self._bytes = b""

    def receive(self, data: bytes) -> None:
        """Add bytes, which come in order."""
        self._bytes += data

    def next_message(self) -> bytes | None:
        """Return the next message with its header, or None if it is not complete. Raises Alert for one too long."""
        have = self._bytes
        if len(have) < 4:
            return None
        size = int.from_bytes(have[1:4], "big")
        if size > (_MOST_CERTIFICATE_BYTES if have[0] == CERTIFICATE else _MOST_BYTES):
            raise Alert(ILLEGAL_PARAMETER, "a handshake message is longer than any needs to be")
        if len(have) < 4 + size:
            return None
        self._bytes = have[4 + size :]
        return have[: 4 + size]

    def is_empty(self) -> bool:
        """Return whether no part of a message waits for the rest."""
        return len(self._bytes) == 0


@final
class Reader:
    """A cursor over the body of a message or of a vector in it. Every method raises Alert(DECODE_ERROR)."""

    def __init__(self, body: bytes) -> None:
        self._body: Final = body
        self._at: i64 = 0

    def take(self, size: i64) -> bytes:
        """Return the next ``size`` bytes."""
        stop = self._at + size
        if stop > len(self._body):
            raise Alert(DECODE_ERROR, "a handshake message ends in the middle of a field")
        taken = self._body[self._at : stop]
        self._at = stop
        return taken

    def number(self, size: i64) -> int:
        """Return the next ``size`` bytes as an unsigned number."""
        if size > 4:
            return int.from_bytes(self.take(size), "big")
        at = self._at
        stop = at + size
        body = self._body
        if stop > len(body):
            raise Alert(DECODE_ERROR, "a handshake message ends in the middle of a field")
        number: i64 = 0
        while at < stop:
            number = number * 256 + i64(body[at])
            at += 1
        self._at = stop
        return int(number)

    def vector(self, length_size: i64, least: int = 0, most: int = 0xFFFFFF) -> bytes:
        """Return a vector whose length has ``length_size`` bytes and must be in the given range."""
        size = self.number(length_size)
        if size < least or size > most:
            raise Alert(DECODE_ERROR, "a vector in a handshake message has a length that it cannot have")
        return self.take(size)

    def numbers16(self, least: int = 2) -> list[int]:
        """Return a vector of numbers of two bytes each, its length in two bytes."""
        body = self.vector(2, least, 0xFFFE)
        if len(body) % 2:
            raise Alert(DECODE_ERROR, "a list of numbers of two bytes has an odd length")
        return [int.from_bytes(body[at : at + 2], "big") for at in range(0, len(body), 2)]

    def at_end(self) -> bool:
        """Return whether everything was read."""
        return self._at == len(self._body)

    def finish(self) -> None:
        """Check that nothing is left over."""
        if self._at != len(self._body):
            raise Alert(DECODE_ERROR, "a handshake message has bytes after its end")
