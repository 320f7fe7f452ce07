"""The encoder's dynamic table, RFC 7541 2.3.2 and 4: the mirror image of what the peer's decoder holds.

A *number* names a field for good: entries of the dynamic table are numbered from 1 in the order of their insertion, a
field of the static table has its negative index, and 0 is no field.
"""

from typing import Final, final

from zttp_h2.hpack.field_name import FieldName, NameTraits
from zttp_h2.hpack.indexing_policy import VARYING
from zttp_h2.hpack.static_table import LENGTH as STATIC_LENGTH
from zttp_h2.native_ints import i64, mypyc_attr

_NO_NAME: Final = FieldName(b"", NameTraits(b""))
_MOST_VACANT: Final = 64


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class EncoderTable:
    """Two lists that grow at their ends. Evicted fields leave vacant places at the beginning, cut off in bulk."""

    def __init__(self, max_size: i64) -> None:
        self.max_size: i64 = max_size
        self.size: i64 = 0
        self._lasting_size: i64 = 0  # without the VARYING fields
        self.length: i64 = 0
        self._inserted: i64 = 0
        self._names: list[FieldName] = []
        self._values: list[bytes] = []

    def index_of(self, number: i64) -> i64:
        """Return the index that ``number`` has now (RFC 7541 2.3.3), or 0 if it was evicted."""
        if number <= 0:
            return -number
        age = self._inserted - number
        return age + STATIC_LENGTH + 1 if age < self.length else 0

    def spares(self, size: i64) -> bool:
        """Return whether a field of this size drives out nothing, or nothing of weight (``indexing_policy``)."""
        return self.size + size <= self.max_size or self._lasting_size * 16 <= self.max_size

    def add(self, name: FieldName, value: bytes, size: i64) -> i64:
        """Insert a field whose ``size`` is not above ``max_size``; return its number."""
        self._evict(self.max_size - size)
        self._names.append(name)
        self._values.append(value)
        self._inserted += 1
        self.length += 1
        self.size += size
        if name.traits.policy & VARYING == 0:
            self._lasting_size += size
        name.add(value, self._inserted)
        return self._inserted

    def resize(self, max_size: i64) -> None:
        """Change the maximum size, evicting what no longer fits (RFC 7541 4.3)."""
        self.max_size = max_size
        self._evict(max_size)

    def _evict(self, room: i64) -> None:
        if self.size <= room or self.length == 0:
            return
        names = self._names
        values = self._values
        oldest: i64 = len(names) - self.length
        while self.size > room and self.length > 0:
            name = names[oldest]
            value = values[oldest]
            names[oldest] = _NO_NAME
            values[oldest] = b""
            oldest += 1
            name.remove(value, self._inserted - self.length + 1)
            size: i64 = len(name.traits.name) + len(value) + 32
            self.size -= size
            if name.traits.policy & VARYING == 0:
                self._lasting_size -= size
            self.length -= 1
        if oldest > _MOST_VACANT and oldest > self.length:
            del names[:oldest]
            del values[:oldest]
