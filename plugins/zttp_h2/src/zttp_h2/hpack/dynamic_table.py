"""The decoder's dynamic table, RFC 7541 2.3.2 and 4: first in, first out, bounded by the sum of its entries' sizes."""

from typing import Final, final

from zttp_h2.hpack.table_entry import TableEntry
from zttp_h2.native_ints import i64, mypyc_attr

_VACANT: Final = TableEntry(b"", b"", 0)
_MOST_VACANT: Final = 64


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class DynamicTable:
    """A list that grows at its end. Evicted entries leave vacant places at its beginning, which are cut off in bulk."""

    def __init__(self, max_size: i64) -> None:
        self.max_size: i64 = max_size
        self.size: i64 = 0
        self.length: i64 = 0
        self.changes: i64 = 0  # shows whether the result of an earlier block is still valid
        self._entries: list[TableEntry] = []

    def get(self, position: i64) -> TableEntry:
        """Return the entry at ``position``, which must be below ``length``; the newest is at 0."""
        entries = self._entries
        return entries[len(entries) - 1 - position]

    def add(self, entry: TableEntry) -> None:
        """Insert ``entry``, evicting older ones; one larger than the table empties it (RFC 7541 4.4)."""
        size = entry.size
        self.changes += 1
        self._evict(self.max_size - size)
        if size > self.max_size:
            return
        self._entries.append(entry)
        self.length += 1
        self.size += size

    def resize(self, max_size: i64) -> None:
        """Change the maximum size, evicting what no longer fits (RFC 7541 4.3)."""
        self.max_size = max_size
        self.changes += 1
        self._evict(max_size)

    def _evict(self, room: i64) -> None:
        """Evict the oldest entries until the rest fits into ``room``, or none is left."""
        if self.size <= room or self.length == 0:
            return
        entries = self._entries
        oldest: i64 = len(entries) - self.length
        while self.size > room and self.length > 0:
            self.size -= entries[oldest].size
            entries[oldest] = _VACANT
            oldest += 1
            self.length -= 1
        if oldest > _MOST_VACANT and oldest > self.length:
            del entries[:oldest]
