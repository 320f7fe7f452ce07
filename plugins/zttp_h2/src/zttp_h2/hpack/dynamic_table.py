"""The decoder's dynamic table, RFC 7541 2.3.2 and 4: first in, first out, bounded by the sum of its entries' sizes."""

from typing import Final, final

from zttp_h2.hpack.table_entry import TableEntry
from zttp_h2.native_ints import i64

_VACANT: Final = TableEntry(b"", b"", 0)


@final
class DynamicTable:
    """A ring of entries, doubled on demand. No entry is below 32 octets, so it has ``max_size / 16`` places at most."""

    def __init__(self, max_size: i64) -> None:
        self.max_size: i64 = max_size
        self.size: i64 = 0
        self.length: i64 = 0
        self.changes: i64 = 0  # whoever remembers what a block meant can tell whether it still means that
        self._inserted: i64 = 0
        self._mask: i64 = 15
        self._ring: list[TableEntry] = [_VACANT] * 16

    def get(self, position: i64) -> TableEntry:
        """Return the entry at ``position``, which must be below ``length``; the newest is at 0."""
        return self._ring[(self._inserted - 1 - position) & self._mask]

    def add(self, entry: TableEntry) -> None:
        """Insert ``entry``, evicting what it displaces; one larger than the table empties it (RFC 7541 4.4)."""
        size = entry.size
        self.changes += 1
        self._evict(self.max_size - size)
        if size > self.max_size:
            return
        if self.length > self._mask:
            self._grow()
        self._ring[self._inserted & self._mask] = entry
        self._inserted += 1
        self.length += 1
        self.size += size

    def resize(self, max_size: i64) -> None:
        """Change the maximum size, evicting what no longer fits (RFC 7541 4.3)."""
        self.max_size = max_size
        self.changes += 1
        self._evict(max_size)

    def _evict(self, room: i64) -> None:
        """Evict the oldest entries until the rest fits into ``room``, or none is left."""
        while self.size > room and self.length > 0:
            oldest = (self._inserted - self.length) & self._mask
            self.size -= self._ring[oldest].size
            self._ring[oldest] = _VACANT
            self.length -= 1

    def _grow(self) -> None:
        ring: list[TableEntry] = []
        position = self.length - 1
        while position >= 0:
            ring.append(self.get(position))
            position -= 1
        ring += [_VACANT] * len(ring)
        self._ring = ring
        self._inserted = self.length
        self._mask = 2 * self.length - 1
