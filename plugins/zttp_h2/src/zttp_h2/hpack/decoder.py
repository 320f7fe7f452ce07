"""The decoder: field blocks in, fields and their kinds out. RFC 7541 3, 6; RFC 9113 4.3, 10.5.1.

It does not depend on streams and messages. After ``decode(block)``:

    section(i)  the ``(name, value)`` tuples in order, pseudo-header fields included, without the first i; a new list
    kinds       ``BytesWriter`` with one octet per field, see ``field_kinds``; valid until the next block
    method ...  the pseudo-header fields, valid if their bit was seen
    pseudo      the number of pseudo-header fields
    seen        the union of the fields' SEEN bits
    repeated    the SEEN bits that more than one field had
    list_size   the size of the list by RFC 9113 6.5.2: name, value and 32 per field

The kind of a field is kept with its table entry, so a field that was once validated costs a table access.

Limits. ``max_header_list_size`` limits the list: a larger one is decoded to the end, which keeps the table
synchronised, but nothing of it is kept and the status is HEADER_LIST_TOO_LARGE: only the message must be refused. This
has a limit, too: past 16 times the limit, and past 1 MiB, the block is a bomb and the connection fails
(HEADER_LIST_BOMB). Work is linear in the octets of the block, whatever its references expand to: a reference copies
nothing. A string is no longer than 8/5 of its octets in the block, and the caller must limit the block's length.

Dynamic table size updates: at most two, first in the block, none above the acknowledged SETTINGS_HEADER_TABLE_SIZE;
once that is lowered below the table's maximum, the next block must begin with one that respects the lowest value.
"""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h2.hpack import huffman_decoding
from zttp_h2.hpack.dynamic_table import DynamicTable
from zttp_h2.hpack.field_kinds import (
    ANY_PSEUDO,
    AUTHORITY,
    INVALID_NAME,
    INVALID_VALUE,
    KIND_MASK,
    METHOD,
    NEVER_INDEXED,
    PATH,
    PROTOCOL,
    REGULAR,
    SCHEME,
    SEEN_MISPLACED_PSEUDO,
    SEEN_NEVER_INDEXED,
    SEEN_REGULAR,
    STATUS,
    edges_are_visible,
    fits_kind,
    has_no_control,
    name_kind,
    token_kind,
)
from zttp_h2.hpack.huffman_decoding import BAD_PADDING, NAME_INVALID, VALUE_INVALID
from zttp_h2.hpack.integers import decode_integer
from zttp_h2.hpack.static_table import ENTRIES as STATIC_ENTRIES
from zttp_h2.hpack.static_table import LENGTH as STATIC_LENGTH
from zttp_h2.hpack.status import (
    HEADER_LIST_BOMB,
    HEADER_LIST_TOO_LARGE,
    HUFFMAN_EOS,
    HUFFMAN_PADDING,
    INTEGER_TOO_LARGE,
    INVALID_INDEX,
    OK,
    SIZE_UPDATE_MISPLACED,
    SIZE_UPDATE_MISSING,
    SIZE_UPDATE_TOO_LARGE,
    TRUNCATED,
)
from zttp_h2.hpack.table_entry import TableEntry
from zttp_h2.native_ints import i64, mypyc_attr, u8

DEFAULT_TABLE_SIZE: Final = 4096  # RFC 9113 6.5.2: the initial value of SETTINGS_HEADER_TABLE_SIZE
_BOMB_FACTOR: Final = 16
_NO_NAMES: Final[list[bytes]] = []
_NO_FIELD: Final[object] = (b"", b"")
_BOMB_SIZE: Final = 1048576
_MOST_KEPT: Final = 4096  # octets of a list: of a larger one nothing is kept for the next block
# RFC 7541 4.2: the lowest size since the last block, then the final one.
_MAX_SIZE_UPDATES: Final = 2


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Decoder:
    """One direction of one connection. A fatal status is permanent: every later block gets it again."""

    def __init__(self, max_header_list_size: i64 = 65536, max_table_size: i64 = DEFAULT_TABLE_SIZE) -> None:
        self.max_header_list_size: i64 = max_header_list_size
        self.count: i64 = 0  # of the fields
        self.kinds: BytesWriter = BytesWriter()
        self.pseudo: i64 = 0
        self.method: TableEntry = STATIC_ENTRIES[0]
        self.path: TableEntry = STATIC_ENTRIES[0]
        self.scheme: TableEntry = STATIC_ENTRIES[0]
        self.authority: TableEntry = STATIC_ENTRIES[0]
        self.protocol: TableEntry = STATIC_ENTRIES[0]
        self.status: TableEntry = STATIC_ENTRIES[0]
        self.seen: i64 = 0
        self.repeated: i64 = 0
        self.list_size: i64 = 0
        self.table: DynamicTable = DynamicTable(max_table_size)
        self._failure: i64 = OK
        self._allowed: i64 = max_table_size
        self._lowest_allowed: i64 = max_table_size  # since the last block
        self._at: i64 = 0
        self._string_flags: i64 = 0
        self._scratch: BytesWriter = BytesWriter()
        # Reused for all blocks, so that it need not grow with each; after the fields there is _NO_FIELD.
        self._fields: list[object] = []
        # The names of the never-indexed literals of the block: usually those of the previous one.
        self._marked: list[bytes] = _NO_NAMES
        self._marked_count: i64 = 0
        self._marked_anew = False  # there is no other reference to that list

    def set_max_table_size(self, size: i64) -> None:
        """Apply our SETTINGS_HEADER_TABLE_SIZE, once the peer has acknowledged it (RFC 7541 4.2)."""
        self._allowed = size
        if size < self._lowest_allowed:
            self._lowest_allowed = size

    def section(self, start: i64) -> list[object]:
        """Return the fields from ``start`` on, as a new list."""
        return self._fields[start : self.count]

    def never_indexed(self) -> list[bytes] | None:
        """Return the names of the fields that came as never-indexed literals, or ``None`` if there are none.

        ``:authority`` has the name ``host`` here, as in the fields that are passed on.
        """
        if self.seen & SEEN_NEVER_INDEXED == 0:
            return None
        names = self._marked
        if self._marked_count < len(names):
            names = names[: self._marked_count]
        self._marked = names
        return names

    def holds_much(self) -> bool:
        """Return whether the last block was so large that nothing of it should be kept longer than needed."""
        return self.list_size > _MOST_KEPT

    def let_go(self) -> None:
        """Drop the last block; the table keeps its entries."""
        self.count = 0
        self.kinds = BytesWriter()
        self.pseudo = 0
        nothing = STATIC_ENTRIES[0]
        self.method = nothing
        self.path = nothing
        self.scheme = nothing
        self.authority = nothing
        self.protocol = nothing
        self.status = nothing
        self.seen = 0
        self.repeated = 0
        self.list_size = 0
        self._fields = []
        self._marked = _NO_NAMES
        self._marked_count = 0

    def _mark(self, kind: i64, name: bytes) -> None:
        """Record a never-indexed literal. The list of an earlier block, if it is in use, is not changed."""
        if kind & KIND_MASK == AUTHORITY:
            name = b"host"
        names = self._marked
        count = self._marked_count
        if count == len(names) or names[count] != name:
            if not self._marked_anew:
                self._marked_anew = True
                names = names[:count]
                self._marked = names
            names.append(name)
        self._marked_count = count + 1

    def decode(self, block: bytes, at: i64 = 0, end: i64 = -1) -> i64:
        """Decode one whole field block, which is ``block[at:end]``; return a status (see ``status``)."""
        if self.list_size > _MOST_KEPT:
            self.let_go()
        kinds = self.kinds
        kinds.truncate(0)
        self._marked_count = 0
        self._marked_anew = False
        fields = self._fields
        room: i64 = len(fields)
        count: i64 = 0
        pseudo: i64 = 0
        seen: i64 = 0
        repeated: i64 = 0
        list_size: i64 = 0
        limit = self.max_header_list_size
        if end < 0:
            end = len(block)
        table = self.table
        static_entries = STATIC_ENTRIES
        at = self._decode_size_updates(block, at, end)
        while at < end:
            first: i64 = block[at]
            if first >= 128:
                at += 1
                index = first & 127
                if index == 127:
                    index, at = decode_integer(block, at, end, 127)
                if index > STATIC_LENGTH:
                    index -= STATIC_LENGTH + 1
                    if index >= table.length:
                        self._fail(INVALID_INDEX)
                        break
                    entry = table.get(index)
                elif index > 0:
                    entry = static_entries[index]
                else:
                    self._fail_index(index)
                    break
            else:
                self._at = at
                entry = self._decode_literal(block, end, first)
                if self._failure != OK:
                    break
                at = self._at
            bits = entry.seen
            repeated |= seen & bits
            list_size += entry.size
            if list_size > limit:
                if list_size > _BOMB_SIZE and list_size > limit * _BOMB_FACTOR:
                    self._fail(HEADER_LIST_BOMB)
                    break
                continue
            if bits & ANY_PSEUDO != 0:
                # RFC 9113 8.3 MUST: pseudo-header fields come first.
                if seen & SEEN_REGULAR != 0:
                    seen |= SEEN_MISPLACED_PSEUDO
                pseudo += 1
                self._keep(entry)
            seen |= bits
            if count < room:
                fields[count] = entry.field
            else:
                fields.append(entry.field)
            count += 1
            kinds.append(u8(entry.kind))
        self.seen = seen
        self.repeated = repeated
        self.list_size = list_size
        self.pseudo = pseudo
        if self._failure != OK or list_size > limit:
            count = 0
            room = len(fields)
            kinds.truncate(0)
        self.count = count
        while count < room and fields[count] is not _NO_FIELD:  # of an earlier block, which had more
            fields[count] = _NO_FIELD
            count += 1
        if self._failure != OK:
            return self._failure
        return OK if list_size <= limit else HEADER_LIST_TOO_LARGE

    def _keep(self, entry: TableEntry) -> None:
        """Keep a pseudo-header field for the message layer."""
        kind = entry.kind & KIND_MASK
        if kind == METHOD:
            self.method = entry
        elif kind == PATH:
            self.path = entry
        elif kind == SCHEME:
            self.scheme = entry
        elif kind == AUTHORITY:
            self.authority = entry
        elif kind == STATUS:
            self.status = entry
        elif kind == PROTOCOL:
            self.protocol = entry

    def _fail(self, status: i64) -> i64:
        """Record the failure, unless there is one, and return a position that ends the block."""
        if self._failure == OK:
            self._failure = status
        return 0x7FFFFFFFFFFF

    def _fail_index(self, index: i64) -> i64:
        """Record why an index is invalid: decode_integer's -1 and -2, or zero (RFC 7541 6.1 MUST)."""
        if index == -1:
            return self._fail(TRUNCATED)
        return self._fail(INTEGER_TOO_LARGE if index == -2 else INVALID_INDEX)

    def _decode_size_updates(self, block: bytes, at: i64, end: i64) -> i64:
        """Apply the size updates at the head of the block; return where its fields begin."""
        if self._failure != OK:
            return self._fail(self._failure)
        table = self.table
        allowed = self._lowest_allowed
        required = table.max_size > allowed
        self._lowest_allowed = self._allowed
        updates = 0
        while at < end and i64(block[at]) & 0xE0 == 0x20:
            size = i64(block[at]) & 31
            at += 1
            if size == 31:
                size, at = decode_integer(block, at, end, 31)
                if size < 0:
                    return self._fail_index(size)
            updates += 1
            if updates > _MAX_SIZE_UPDATES:
                return self._fail(SIZE_UPDATE_MISPLACED)
            if required:
                # RFC 7541 4.2 MUST: the smallest maximum of the interval is signalled, before the final one.
                required = False
                if size > allowed:
                    return self._fail(SIZE_UPDATE_TOO_LARGE if size > self._allowed else SIZE_UPDATE_MISSING)
            if size > self._allowed:
                return self._fail(SIZE_UPDATE_TOO_LARGE)  # RFC 7541 6.3 MUST
            table.resize(size)
        if required:
            return self._fail(SIZE_UPDATE_MISSING)
        return at

    def _decode_literal(self, block: bytes, end: i64, first: i64) -> TableEntry:
        """Decode the literal at ``_at``, which begins with ``first`` (RFC 7541 6.2); errors are in ``_failure``."""
        at = self._at + 1
        if first >= 64:
            prefix_max: i64 = 63
        elif first < 32:
            prefix_max = 15
        else:
            self._fail(SIZE_UPDATE_MISPLACED)  # RFC 7541 4.2 MUST: at the beginning of the block
            return STATIC_ENTRIES[0]
        index = first & prefix_max
        if index == prefix_max:
            index, at = decode_integer(block, at, end, prefix_max)
        self._at = at
        if index == 0:
            name = self._decode_string(block, end)
            kind = self._kind_of_name(name)
        else:
            named = self._entry(index)
            name = named.name
            kind = named.kind & KIND_MASK
        if self._failure != OK:
            return STATIC_ENTRIES[0]
        value = self._decode_string(block, end)
        flags = self._string_flags
        if (
            (not has_no_control(value) if flags < 0 else flags & VALUE_INVALID != 0)
            or not edges_are_visible(value)
            or (kind != REGULAR and not fits_kind(kind, value))
        ):
            kind |= INVALID_VALUE
        if first >= 64:
            entry = TableEntry(name, value, kind)
            if self._failure == OK:
                self.table.add(entry)
            return entry
        if first >= 16:
            self._mark(kind, name)
            kind |= NEVER_INDEXED
        return TableEntry(name, value, kind)

    def _entry(self, index: i64) -> TableEntry:
        """Return the entry that a literal takes its name from; ``index`` is not zero."""
        if index > STATIC_LENGTH:
            index -= STATIC_LENGTH + 1
            if index < self.table.length:
                return self.table.get(index)
            self._fail(INVALID_INDEX)
        elif index > 0:
            return STATIC_ENTRIES[index]
        else:
            self._fail_index(index)
        return STATIC_ENTRIES[0]

    def _kind_of_name(self, name: bytes) -> i64:
        length: i64 = len(name)
        if self._string_flags < 0 or length == 0 or name[0] == 58:
            return name_kind(name)
        if self._string_flags & NAME_INVALID:
            return INVALID_NAME
        return token_kind(name, length)

    def _decode_string(self, block: bytes, end: i64) -> bytes:
        """Decode the string literal at ``_at`` (RFC 7541 5.2).

        ``_string_flags`` has the flags of a coded string (``huffman.decode``); -1 means a raw one.
        """
        at = self._at
        if at >= end:
            self._fail(TRUNCATED)
            return b""
        first: i64 = block[at]
        length = first & 127
        at += 1
        if length == 127:
            length, at = decode_integer(block, at, end, 127)
            if length < 0:
                self._fail_index(length)
                return b""
        stop = at + length
        if stop > end:
            self._fail(TRUNCATED)
            return b""
        self._at = stop
        if first < 128:
            self._string_flags = -1
            return block[at:stop]
        scratch = self._scratch
        scratch.truncate(0)
        self._string_flags = huffman_decoding.decode(block, at, stop, scratch)
        if self._string_flags < 0:
            self._fail(HUFFMAN_PADDING if self._string_flags == BAD_PADDING else HUFFMAN_EOS)
            return b""
        if len(scratch) > _MOST_KEPT:
            self._scratch = BytesWriter()
        return scratch.getvalue()
