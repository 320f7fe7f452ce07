"""The largest possible size of a field section, before it is decoded (RFC 9204 3.2, 4.3, 4.5).

pylsqpack has no limit on the decoded size: 16 KiB of one-octet references to a large entry expand to 65 MB. So the
ledger reads the same input. From the encoder stream it keeps, for every entry of the dynamic table, an upper bound of
its size, and for a field section it adds up bounds without decoding anything. The result is never less than the true
size; for Huffman code it assumes that symbols have at least five bits.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

OVERHEAD: Final = 32  # of every field (RFC 9114 4.2.2, RFC 9204 3.2.1)
_STATIC_FIELD: Final = 110  # no entry of the static table is longer (RFC 9204 A)
_STATIC_NAME: Final = 32
_LONGEST_LINE: Final = 65_000  # pylsqpack decodes none above 65,530 octets

# Results of ``section_bound`` other than sizes.
BLOCKED: Final = -1  # it needs entries that have not arrived
TOO_LARGE: Final = -2
UNKNOWN: Final = -3  # it breaks a rule of QPACK: the decoder reports which

_CUT: Final = -1  # an incomplete integer or string
_WRONG: Final = -2
_LARGEST: Final = 1 << 30
_MOST_UNFINISHED: Final = 128 * 1024


@final
@mypyc_attr(acyclic=True)
class SizeLedger:
    """Upper bounds of a dynamic table's entries, without their overhead."""

    def __init__(self, capacity: i64) -> None:
        self._capacity: Final[i64] = capacity  # that we announced
        self._set: i64 = 0  # that the encoder has set: initially 0 (RFC 9204 3.2.3)
        self._most_entries: Final[i64] = capacity // OVERHEAD
        self.nameless = False  # a line of the last section has an empty name
        self.overlong = False  # a line of the last section may be longer than pylsqpack decodes
        self._bounds: list[int] = []
        self._first: i64 = 0  # the absolute index of the first stored bound
        self._unfinished = b""

    def feed(self, data: bytes) -> bool:
        """Read encoder instructions (4.3); False if one breaks a rule, or waits for too much."""
        if self._unfinished:
            data = self._unfinished + data
        at: i64 = 0
        size: i64 = len(data)
        while at < size:
            after = self._instruction(data, at, size)
            if after == _WRONG:
                return False
            if after == _CUT:
                break
            at = after
        self._unfinished = data[at:]
        kept: i64 = len(self._bounds)
        if kept > 2 * self._most_entries + 64:
            # The table never holds more entries at a time.
            drop = kept - self._most_entries
            del self._bounds[:drop]
            self._first += drop
        return len(self._unfinished) <= _MOST_UNFINISHED

    def inserted(self) -> i64:
        """Return the number of inserted entries."""
        return self._first + len(self._bounds)

    def section_bound(self, block: bytes, limit: i64) -> i64:
        """Return an upper bound of a field section's size (RFC 9114 4.2.2), or the reason if there is none."""
        self.nameless = False
        self.overlong = False
        size: i64 = len(block)
        required, at = self.required(block)
        if required < 0 or at >= size:
            return UNKNOWN
        if required > self.inserted():
            return BLOCKED
        negative = block[at] & 0x80 != 0
        delta, at = _integer(block, at, size, 0x7F)
        if delta < 0:
            return UNKNOWN
        base = required - delta - 1 if negative else required + delta
        total: i64 = 0
        while at < size:
            bound, at = self._line(block, at, size, base)
            if bound < 0:
                self.nameless = False  # that is the minimum
                self.overlong = False
                return UNKNOWN
            if bound > _LONGEST_LINE:
                self.overlong = True
            total += bound + OVERHEAD
            if total > limit:
                return TOO_LARGE
        return total

    def required(self, block: bytes) -> tuple[i64, i64]:
        """Return a section's Required Insert Count (4.5.1.1), -1 if it cannot be, and the position after it."""
        encoded, at = _integer(block, 0, len(block), 0xFF)
        full = 2 * self._most_entries
        if encoded <= 0 or encoded > full:
            return (0 if encoded == 0 else -1), at
        most = self.inserted() + self._most_entries
        required = most // full * full + encoded - 1
        if required > most:
            if required <= full:
                return -1, at
            required -= full
        return (required if required > 0 else -1), at

    def _entry(self, absolute: i64) -> i64:
        """Return the bound of an entry, -1 if it is not there."""
        place = absolute - self._first
        if place < 0 or place >= len(self._bounds):
            return -1
        return self._bounds[place]

    def _instruction(self, data: bytes, at: i64, size: i64) -> i64:
        """Read one encoder instruction; return the position after it, _CUT or _WRONG."""
        first: i64 = data[at]
        if first & 0x80:  # insert with name reference
            index, after = _integer(data, at, size, 0x3F)
            if index < 0:
                return index
            name: i64 = _STATIC_NAME
            if first & 0x40 == 0:
                name = self._entry(self.inserted() - 1 - index)
                if name < 0:
                    return _WRONG
            value, after = _string(data, after, size, 0x7F, 0x80)
        elif first & 0x40:  # insert with literal name
            name, after = _string(data, at, size, 0x1F, 0x20)
            if name < 0:
                return name
            value, after = _string(data, after, size, 0x7F, 0x80)
        elif first & 0x20:  # set dynamic table capacity
            capacity, after = _integer(data, at, size, 0x1F)
            if capacity > self._capacity:
                return _WRONG
            if capacity < 0:
                return capacity
            self._set = capacity
            return after
        else:  # duplicate
            index, after = _integer(data, at, size, 0x1F)
            if index < 0:
                return index
            name = self._entry(self.inserted() - 1 - index)
            if name < 0:
                return _WRONG
            value = 0
        if value < 0:
            return value
        if self._set < OVERHEAD:
            return _WRONG  # RFC 9204 3.2.2: no entry fits. pylsqpack starts with the maximum capacity
        self._bounds.append(name + value)
        return after

    def _line(self, block: bytes, at: i64, size: i64, base: i64) -> tuple[i64, i64]:
        """Read one field line (4.5.2 to 4.5.6): its bound and the position after it; a bound below 0 is an error."""
        first: i64 = block[at]
        if first & 0x80:
            index, at = _integer(block, at, size, 0x3F)
            if index < 0:
                return _WRONG, at
            return (_STATIC_FIELD if first & 0x40 else self._entry(base - 1 - index)), at
        if first & 0x40:
            index, at = _integer(block, at, size, 0x0F)
            if index < 0:
                return _WRONG, at
            name: i64 = _STATIC_NAME if first & 0x10 else self._entry(base - 1 - index)
        elif first & 0x20:
            name, at = _string(block, at, size, 0x07, 0x08)
            if name == 0:
                self.nameless = True
        elif first & 0x10:
            index, at = _integer(block, at, size, 0x0F)
            return (self._entry(base + index) if index >= 0 else _WRONG), at
        else:
            index, at = _integer(block, at, size, 0x07)
            if index < 0:
                return _WRONG, at
            name = self._entry(base + index)
        if name < 0:
            return _WRONG, at
        value, at = _string(block, at, size, 0x7F, 0x80)
        return (name + value if value >= 0 else _WRONG), at


def _integer(data: bytes, at: i64, size: i64, mask: i64) -> tuple[i64, i64]:
    """Read an integer whose prefix is ``mask`` (RFC 7541 5.1): the value and the position after it, or an error."""
    if at >= size:
        return _CUT, at
    value = i64(data[at]) & mask
    at += 1
    if value < mask:
        return value, at
    factor: i64 = 1
    while at < size:
        octet: i64 = data[at]
        at += 1
        value += (octet & 0x7F) * factor
        if value > _LARGEST:
            return _WRONG, at
        if octet & 0x80 == 0:
            return value, at
        factor *= 128
        if factor > _LARGEST:
            return _WRONG, at
    return _CUT, at


def _string(data: bytes, at: i64, size: i64, mask: i64, huffman: i64) -> tuple[i64, i64]:
    """Read a string literal: an upper bound of its length, and the position after it, or an error."""
    if at >= size:
        return _CUT, at
    coded = i64(data[at]) & huffman != 0
    length, at = _integer(data, at, size, mask)
    if length < 0:
        return length, at
    if length > size - at:
        return _CUT, at
    return ((8 * length + 4) // 5 if coded else length), at + length
