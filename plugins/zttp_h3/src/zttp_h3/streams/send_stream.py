"""The sending part of a stream (RFC 9000 3.1): the application's content, until the peer has acknowledged it.

Content is kept in the application's pieces, and split when a packet is made. Acknowledged pieces are dropped, so a slow
or lossy path costs memory only for data in flight.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.ranges import Ranges

NO_CODE: Final = -1


@final
@mypyc_attr(acyclic=True)
class SendStream:
    """Offsets, from the beginning: acknowledged <= sent <= written. ``final`` is the final size once it is known."""

    def __init__(self, stream_id: i64, limit: i64) -> None:
        self.stream_id: Final[i64] = stream_id
        self.limit: i64 = limit  # the peer's MAX_STREAM_DATA
        self.written: i64 = 0
        self.sent: i64 = 0
        self.final: i64 = -1
        self.fin_sent = False
        self.reset_code: i64 = NO_CODE  # ended early by the application or the peer
        self.reset_acknowledged = False
        self.dropped: i64 = 0  # bytes that were not sent when it was reset
        self.blocked_at: i64 = -1  # the limit in the last STREAM_DATA_BLOCKED
        self.queued = False  # the scheduler's
        self.urgency: i64 = 3
        self.incremental = False
        self.patient = False  # it waits for another packet, rather than cause its own
        self._fin_lost = False
        self._fin_acknowledged = False
        self._pieces: list[bytes] = []
        self._first: i64 = 0  # the first kept piece
        self._start: i64 = 0  # the offset of its first byte
        self._cursor: i64 = 0  # the piece with the next new byte
        self._cursor_start: i64 = 0
        self._repeated: i64 = 0  # the piece that was repeated last
        self._repeated_start: i64 = 0
        self._acknowledged: Final = Ranges()
        self._lost: Final = Ranges()

    def write(self, data: bytes) -> None:
        """Append content."""
        assert self.final < 0
        if len(data) > 0:
            self._pieces.append(data)
            self.written += len(data)

    def finish(self) -> None:
        """End the stream after the written content."""
        self.final = self.written

    def reset(self, error_code: i64) -> None:
        """Drop unsent content (RFC 9000 3.1, 19.4); the final size is the sent one."""
        self.reset_code = error_code
        self.final = self.sent
        self.dropped = self.written - self.sent
        self.written = self.sent
        self._pieces = []
        self._first = 0
        self._cursor = 0
        self._repeated = 0
        self._lost.clear()
        self._fin_lost = False

    def restart(self) -> None:
        """Send everything again from the beginning, once there is a limit: nothing was received."""
        self.limit = 0
        self.sent = 0
        if self.reset_code >= 0:
            self.written = 0
            self.final = 0
        self.fin_sent = False
        self.blocked_at = -1
        self._fin_lost = False
        self._lost.clear()
        self._cursor = self._first
        self._cursor_start = self._start

    def pending(self) -> bool:
        """Return whether there is something to send, given room and connection credit."""
        if self.reset_code >= 0:
            return False
        return (
            self._lost.stop > self._lost.start
            or self._fin_lost
            or (self.sent < self.written and self.sent < self.limit)
            or (self.final == self.sent and not self.fin_sent)
        )

    def is_held_back(self) -> bool:
        """Return whether data waits for a larger limit, and the peer does not know (RFC 9000 4.1)."""
        return self.reset_code < 0 and self.limit <= self.sent < self.written and self.blocked_at != self.limit

    def is_blocked_at(self, limit: i64) -> bool:
        """Return whether data still waits for a limit above this one, and was not dropped by a reset."""
        return self.reset_code < 0 and self.limit == limit <= self.sent < self.written

    def next_piece(self, most: i64, credit: i64) -> tuple[i64, i64, bool]:
        """Return (offset, length, fin) of the next piece, of at most ``most`` bytes; length -1 if there is nothing.

        Lost pieces come first. New bytes are within the stream's limit and the connection's ``credit``.
        """
        lost_start, lost_stop = self._lost.lowest()
        if lost_stop > lost_start:
            length = lost_stop - lost_start
            if length > most:
                length = most
            return lost_start, length, self._fin_lost and lost_start + length == self.final
        if self._fin_lost:
            return self.final, 0, True
        length = self.written - self.sent
        room = self.limit - self.sent
        if credit < room:
            room = credit
        if length > room:
            length = room
        if length > most:
            length = most
        if length < 0:
            length = 0
        fin = self.sent + length == self.final and not self.fin_sent
        if length == 0 and not fin:
            return 0, -1, False
        return self.sent, length, fin

    def take(self, offset: i64, length: i64, fin: bool) -> bytes:
        """Return the bytes of a piece for a packet."""
        if offset == self.sent:
            data = self._take_new(length)
            self.sent += length
        else:
            data = self._read(offset, length)
            self._lost.remove(offset, offset + length)
        if fin:
            self.fin_sent = True
            self._fin_lost = False
        return data

    def on_acknowledged(self, offset: i64, length: i64, fin: bool) -> None:
        """Record that a piece arrived."""
        if fin:
            self._fin_acknowledged = True
            self._fin_lost = False
        if length == 0 or self.reset_code >= 0:
            return
        self._acknowledged.add(offset, offset + length)
        if self._lost.stop > self._lost.start:
            self._lost.remove(offset, offset + length)
        self._drop_acknowledged()

    def on_lost(self, offset: i64, length: i64, fin: bool) -> None:
        """Record that a piece must be sent again, as far as it was not acknowledged since (RFC 9000 13.3)."""
        if self.reset_code >= 0:
            return
        if fin and not self._fin_acknowledged:
            self._fin_lost = True
        if length == 0:
            return
        stop = offset + length
        if not self._acknowledged.overlaps(offset, stop):
            self._lost.add(offset, stop)
            return
        for start, end in self._acknowledged.as_list():
            if start >= stop:
                break
            if end > offset:
                self._lost.add(offset, start)
                offset = end
        self._lost.add(offset, stop)

    def is_settled(self) -> bool:
        """Return whether the peer has received everything, or the reset: "Data Recvd" and "Reset Recvd"."""
        if self.reset_code >= 0:
            return self.reset_acknowledged
        return self._fin_acknowledged and self._acknowledged_to() == self.final

    def has_arrived(self, offset: i64) -> bool:
        """Return whether the peer has acknowledged everything before an offset."""
        return self._acknowledged_to() >= offset

    def unsent(self) -> i64:
        """Return the number of bytes that wait for credit or room."""
        return self.written - self.sent

    def _acknowledged_to(self) -> i64:
        start, stop = self._acknowledged.lowest()
        return stop if start == 0 else 0

    def _take_new(self, length: i64) -> bytes:
        """Return the next new bytes, moving the cursor."""
        at = self.sent - self._cursor_start
        if length == 0:
            return b""
        piece = self._pieces[self._cursor]
        size: i64 = len(piece)
        while at >= size:
            self._cursor += 1
            self._cursor_start += size
            at -= size
            piece = self._pieces[self._cursor]
            size = len(piece)
        if at + length <= size:
            return piece if length == size else piece[at : at + length]
        return self._join(self._cursor, at, length)

    def _read(self, offset: i64, length: i64) -> bytes:
        """Return bytes that were sent before. Lost ones are repeated in order: the next are near the last."""
        if length == 0:
            return b""
        if self._repeated < self._first:
            self._repeated = self._first
            self._repeated_start = self._start
        place = self._repeated
        at = offset - self._repeated_start
        while at < 0:
            place -= 1
            at += len(self._pieces[place])
        size: i64 = len(self._pieces[place])
        while at >= size:
            place += 1
            at -= size
            size = len(self._pieces[place])
        self._repeated = place
        self._repeated_start = offset - at
        return self._join(place, at, length)

    def _join(self, place: i64, at: i64, length: i64) -> bytes:
        """Return ``length`` bytes from ``at`` in the piece at ``place`` on."""
        parts = []
        while True:
            piece = self._pieces[place]
            size: i64 = len(piece)
            stop = at + length
            if stop <= size:
                parts.append(piece[at:stop])
                break
            parts.append(piece[at:])
            length -= size - at
            at = 0
            place += 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _drop_acknowledged(self) -> None:
        """Drop the pieces at the front that arrived completely; empty places are removed from time to time."""
        settled = self._acknowledged_to()
        while self._first < len(self._pieces):
            size: i64 = len(self._pieces[self._first])
            if self._start + size > settled:
                break
            if self._cursor == self._first:
                if self._start + size > self.sent:
                    break
                self._cursor += 1
                self._cursor_start += size
            self._pieces[self._first] = b""
            self._start += size
            self._first += 1
        kept: i64 = len(self._pieces)
        # Half of many, or all of a few: an idle stream keeps nothing.
        if (self._first >= 64 and self._first * 2 >= kept) or (self._first == kept and kept >= 8):
            del self._pieces[: self._first]
            self._cursor -= self._first
            self._repeated -= self._first
            self._first = 0
