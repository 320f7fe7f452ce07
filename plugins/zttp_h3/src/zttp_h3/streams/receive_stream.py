"""The receiving part of a stream (RFC 9000 3.2): pieces in any order in, bytes in order out.

A piece in order, as nearly every one is, can be taken at once. Early pieces are kept, sorted, until the gap before them
is filled: behind one lost packet that may be a whole window. Small ones that touch are joined, so that only gaps make
them many: a peer that leaves many of them, with little in between, is closed.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

# Results of ``receive`` and ``reset`` other than the progress of the stream.
FLOW_CONTROL: Final = -1  # FLOW_CONTROL_ERROR: beyond our limit (RFC 9000 4.1)
FINAL_SIZE: Final = -2  # FINAL_SIZE_ERROR: beyond the end, or another end (RFC 9000 4.5)
TOO_MANY_GAPS: Final = -3  # not in the RFC: input that no honest path produces

_FEW_PIECES: Final = 1_000  # early ones of any size
_LEAST_MEAN: Final = 256  # bytes of a piece where there are more: the window bounds their number
_JOINED: Final = 2 * _LEAST_MEAN  # shorter ones are joined: of two pieces that touch at least one is not shorter

_NONE: Final[list[tuple[int, bytes]]] = []  # shared by streams without gaps: it stays empty


@final
@mypyc_attr(acyclic=True)
class ReceiveStream:
    """``limit`` is our MAX_STREAM_DATA; ``highest`` is the peer's highest offset, including gaps."""

    def __init__(self, stream_id: i64, limit: i64) -> None:
        self.stream_id: Final[i64] = stream_id
        self.limit: i64 = limit
        self.highest: i64 = 0
        self.received: i64 = 0  # without a gap
        self.taken: i64 = 0
        self.consumed: i64 = 0  # of taken bytes: their credit was returned
        self.final: i64 = -1
        self.reset_code: i64 = -1  # the peer has reset it
        self.stop_code: i64 = -1  # we have stopped it
        self._ready: Final[list[bytes]] = []
        self._next: i64 = 0  # the first piece that is not taken
        self._early = _NONE
        self._early_bytes: i64 = 0

    def receive(self, offset: i64, data: bytes, fin: bool) -> i64:
        """Take a piece. Returns by how much ``highest`` rose, or one of the errors above."""
        stop = offset + len(data)
        if self.final >= 0 and (stop > self.final or (fin and stop != self.final)):
            return FINAL_SIZE
        if stop > self.limit:
            return FLOW_CONTROL
        if fin:
            if stop < self.highest:
                return FINAL_SIZE
            self.final = stop
        rose = stop - self.highest
        if rose > 0:
            self.highest = stop
        else:
            rose = 0
        if self.reset_code >= 0 or self.stop_code >= 0:
            return rose  # it is not read
        if offset == self.received and len(self._early) == 0:
            if stop > offset:
                self._add(data)
                self.received = stop
        elif stop > self.received:
            if offset <= self.received:
                self._add(data[self.received - offset :])
                self.received = stop
                self._join()
            elif not self._keep(offset, data):
                return TOO_MANY_GAPS
        return rose

    def reset(self, error_code: i64, final_size: i64) -> i64:
        """Take the peer's RESET_STREAM (RFC 9000 19.4). Returns by how much ``highest`` rose, or an error."""
        if (self.final >= 0 and final_size != self.final) or final_size < self.highest:
            return FINAL_SIZE
        if final_size > self.limit:
            return FLOW_CONTROL
        rose = final_size - self.highest
        self.highest = final_size
        if self.is_complete():
            return rose  # RFC 9000 3.2: everything has arrived, and the application may read it
        self.final = final_size
        if self.reset_code < 0:
            self.reset_code = error_code
        self._discard()
        return rose

    def stop(self, error_code: i64) -> None:
        """Stop reading (RFC 9000 3.5): received bytes are dropped, and later ones only counted."""
        self.stop_code = error_code
        self._discard()

    def take(self) -> bytes:
        """Return the next piece of bytes in order; empty if there is none yet."""
        if self._next >= len(self._ready):
            return b""
        data = self._ready[self._next]
        self._ready[self._next] = b""
        self._next += 1
        self.taken += len(data)
        if self._next == len(self._ready):
            self._ready.clear()
            self._next = 0
        return data

    def take_run(self, most: i64) -> bytes:
        """Return the next bytes in order: as many pieces as fit into ``most`` bytes, but at least one."""
        ready = self._ready
        count: i64 = len(ready)
        stop = self._next
        size: i64 = 0
        while stop < count and size + len(ready[stop]) <= most:
            size += len(ready[stop])
            stop += 1
        if stop < self._next + 2:
            return self.take()
        data = b"".join(ready[self._next : stop])
        self.taken += size
        if stop == count:
            ready.clear()
            self._next = 0
        else:
            while self._next < stop:
                ready[self._next] = b""
                self._next += 1
        return data

    def give_back(self, data: bytes) -> None:
        """Put back the rest of the last taken piece: it is returned again."""
        if len(data) == 0:
            return
        self.taken -= len(data)
        if self._next > 0:
            self._next -= 1
            self._ready[self._next] = data
        else:
            self._ready.insert(0, data)

    def has_ended(self) -> bool:
        """Return whether the application has taken everything (RFC 9000 3.2, "Data Read")."""
        return self.final >= 0 and self.taken == self.final

    def is_complete(self) -> bool:
        """Return whether everything has arrived (RFC 9000 3.2, "Data Recvd")."""
        return self.final >= 0 and self.received == self.final and self.reset_code < 0

    def is_settled(self) -> bool:
        """Return whether no more relevant input can arrive: the end is known and everything has arrived.

        If it is not read the end is enough: a peer that had sent all of it need not answer STOP_SENDING.
        """
        return self.final >= 0 and (self.reset_code >= 0 or self.stop_code >= 0 or self.received == self.final)

    def waiting(self) -> i64:
        """Return the number of received bytes that are not taken, including early ones."""
        return self.received - self.taken + self._early_bytes

    def _add(self, data: bytes) -> None:
        """Add bytes in order. Crumbs are joined: each alone takes more memory than the window counts."""
        ready = self._ready
        if len(data) < _JOINED and len(ready) > self._next and len(ready[-1]) < _JOINED:
            ready[-1] += data
        else:
            ready.append(data)

    def _keep(self, offset: i64, data: bytes) -> bool:
        """Keep an early piece, without the bytes that are there already; False if there are too many."""
        if self._early is _NONE:
            self._early = []
        early = self._early
        stop = offset + len(data)
        place: i64 = 0
        beyond: i64 = len(early)
        while place < beyond:
            middle = (place + beyond) // 2
            if early[middle][0] > offset:
                beyond = middle
            else:
                place = middle + 1
        if place > 0:
            start, before = early[place - 1]
            end = start + len(before)
            if end >= stop:
                return True
            if end > offset:
                data = data[end - offset :]
                offset = end
            if end == offset and len(before) < _JOINED:
                data = before + data
                offset = start
                place -= 1
        # Covered pieces are dropped; the rest of one that extends beyond the end is kept.
        last = place
        while last < len(early) and early[last][0] <= stop:
            start, after = early[last]
            if start + len(after) > stop:
                data = data[: start - offset]
                if len(after) >= _JOINED:
                    break
                data += after
            self._early_bytes -= len(after)
            last += 1
        early[place:last] = [(offset, data)] if len(data) > 0 else []
        self._early_bytes += len(data)
        return len(early) <= _FEW_PIECES or self._early_bytes >= _LEAST_MEAN * len(early)

    def _join(self) -> None:
        """Move the pieces that are now in order."""
        early = self._early
        count: i64 = 0
        while count < len(early) and early[count][0] <= self.received:
            start, data = early[count]
            self._early_bytes -= len(data)
            stop = start + len(data)
            if stop > self.received:
                self._add(data[self.received - start :])
                self.received = stop
            count += 1
        del early[:count]

    def _discard(self) -> None:
        self._ready.clear()
        self._early.clear()
        self._early_bytes = 0
        self._next = 0
