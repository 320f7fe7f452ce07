"""The encoder's dynamic table, RFC 7541 2.3.2 and 4: the copy of the table in the peer's decoder.

A *number* identifies a field permanently: entries of the dynamic table are numbered from 1 in the order of their
insertion, a field of the static table has its negative index, and 0 is no field.
"""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h2.hpack.field_name import FieldName
from zttp_h2.hpack.indexing_policy import INCREMENTAL, VARYING
from zttp_h2.hpack.integers import write_index
from zttp_h2.hpack.static_table import LENGTH as STATIC_LENGTH
from zttp_h2.native_ints import i64, mypyc_attr

Fields = list[tuple[bytes, bytes]]

_NO_NAME: Final = FieldName(b"", INCREMENTAL, 0, 0, None, b"")
_MOST_VACANT: Final = 64
_FEW: Final = 24


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class EncoderTable:
    """Two lists that grow at their ends. Evicted fields leave vacant places at the beginning, cut off in bulk.

    ``marks`` shows which names may be here, and ``stamp`` changes with every change. A few entries are scanned, for
    more there is an index by value.
    """

    def __init__(self, max_size: i64) -> None:
        self.max_size: i64 = max_size
        self.size: i64 = 0
        self.length: i64 = 0
        self.marks: i64 = 0
        self.stamp: i64 = 0
        self._lasting_size: i64 = 0  # without the VARYING fields
        self._inserted: i64 = 0
        self._names: list[FieldName] = []
        self._values: list[bytes] = []
        self._by_value: dict[bytes, int] | None = None  # the number of the newest entry with a value

    def index_of(self, number: i64) -> i64:
        """Return the current index of ``number`` (RFC 7541 2.3.3), or 0 if it was evicted."""
        if number <= 0:
            return -number
        age = self._inserted - number
        if age >= self.length:
            return 0
        return age + STATIC_LENGTH + 1

    def index_if(self, number: i64, given: bytes, value: bytes) -> i64:
        """Return the index of the entry ``number``, if it is still here and has this name and value, or 0."""
        age = self._inserted - number
        if number <= 0 or age >= self.length:
            return 0
        values = self._values
        place: i64 = len(values)
        place -= age + 1
        if values[place] != value:
            return 0
        name = self._names[place]
        if name.name != given and name.spelling != given:
            return 0
        return age + STATIC_LENGTH + 1

    def repeat(self, writer: BytesWriter, fields: Fields, position: i64, stop: i64, numbers: list[int]) -> i64:
        """Write the fields from ``position`` to ``stop``, while each is the entry whose number is at its position.

        Return the end of that run.
        """
        names = self._names
        values = self._values
        inserted = self._inserted
        evicted = inserted - self.length
        first_place: i64 = len(values)
        first_place -= inserted + 1
        end: i64 = min(len(fields), stop)
        while position < end:
            number: i64 = numbers[position]
            if number <= evicted:
                break
            given, value = fields[position]
            if values[first_place + number] != value:
                break
            name = names[first_place + number]
            if name.name != given and name.spelling != given:
                break
            write_index(writer, inserted - number + STATIC_LENGTH + 1)
            position += 1
        return position

    def find(self, name: FieldName, value: bytes) -> i64:
        """Return the number of the newest entry with this name and value, or 0."""
        if self.length > _FEW:
            by_value = self._by_value
            if by_value is None:
                by_value = self._index_values()
            number = by_value.get(value)
            if number is None:
                return 0
            place: i64 = len(self._names) - 1 - (self._inserted - number)
            if self._names[place] is name:
                return number
            # the newest with this value has another name
        values = self._values
        at = self._place_of(name, len(values))
        while at >= 0:
            if values[at] == value:
                return self._number_at(at)
            at = self._place_of(name, at)
        return 0

    def find_name(self, name: FieldName) -> i64:
        """Return the number of the newest entry with this name, or 0."""
        at = self._place_of(name, len(self._names))
        return 0 if at < 0 else self._number_at(at)

    def spares(self, size: i64) -> bool:
        """Return whether a field of this size evicts nothing, or nothing important (``indexing_policy``)."""
        return self.size + size <= self.max_size or self._lasting_size * 16 <= self.max_size

    def add(self, name: FieldName, value: bytes, size: i64) -> i64:
        """Insert a field whose ``size`` is not above ``max_size``; return its number."""
        if self.size > self.max_size - size:
            self._evict(self.max_size - size)
        self._names.append(name)
        self._values.append(value)
        self._inserted += 1
        self.stamp += 1
        self.length += 1
        self.size += size
        self.marks |= name.mark
        if name.policy & VARYING == 0:
            self._lasting_size += size
        by_value = self._by_value
        if by_value is not None:
            by_value[value] = self._inserted
        return self._inserted

    def resize(self, max_size: i64) -> None:
        """Change the maximum size, evicting what no longer fits (RFC 7541 4.3)."""
        self.max_size = max_size
        self._evict(max_size)

    def _place_of(self, name: FieldName, before: i64) -> i64:
        """Return the last position of this name before ``before``, or -1."""
        names = self._names
        oldest: i64 = len(names) - self.length
        at = before - 1
        while at >= oldest:
            if names[at] is name:
                return at
            at -= 1
        return -1

    def _number_at(self, place: i64) -> i64:
        return self._inserted - (len(self._names) - 1 - place)

    def _index_values(self) -> dict[bytes, int]:
        """Make the index: a table with many fields will be searched often."""
        by_value: dict[bytes, int] = {}
        values = self._values
        end: i64 = len(values)
        at: i64 = end - self.length
        while at < end:
            by_value[values[at]] = self._number_at(at)
            at += 1
        self._by_value = by_value
        return by_value

    def _evict(self, room: i64) -> None:
        if self.size <= room or self.length == 0:
            return
        names = self._names
        values = self._values
        by_value = self._by_value
        oldest: i64 = len(names) - self.length
        self.stamp += 1
        while self.size > room and self.length > 0:
            name = names[oldest]
            value = values[oldest]
            names[oldest] = _NO_NAME
            values[oldest] = b""
            if by_value is not None and by_value.get(value) == self._number_at(oldest):
                del by_value[value]
            oldest += 1
            size: i64 = len(name.name) + len(value) + 32
            self.size -= size
            if name.policy & VARYING == 0:
                self._lasting_size -= size
            self.length -= 1
        if self.length == 0:
            self.marks = 0
        if oldest > _MOST_VACANT and oldest > self.length:
            del names[:oldest]
            del values[:oldest]
