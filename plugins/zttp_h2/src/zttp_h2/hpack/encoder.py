"""The encoder: fields in, one field block out, written into the caller's ``BytesWriter``. RFC 7541 4.2, 5, 6.

A block is ``begin_block(writer, count)``, ``last.repeat_all(writer, fields, table.stamp)`` and, if that does not write
it, ``write_fields(writer, fields, rules)``; ``encode(writer, fields)`` does it all. Other fields, such as pseudo-header
fields, are written in between, each by ``lookup(name)`` and ``encode_field(writer, name, value)``. ``indexing_policy``
defines what is indexed. Names are given in any case and sent in lower case.

Names and values are validated here (see ``field_kinds``), each when it is written as a literal: entries of a table are
valid. Fields that are grammatical but not allowed in a message (connection-specific or pseudo-header fields) must be
refused by the caller, with ``FieldRules``.

A block that cannot be finished, or is not sent, must be given up by ``abandon_block()``: the next one then begins by
emptying the dynamic tables of both sides, so that the refused message leaves nothing behind.

Memory: the dynamic table is bounded by the smaller of the peer's SETTINGS_HEADER_TABLE_SIZE and ``max_table_size``.
In addition, 256 names that are not in ``known_names`` are kept, none of them longer than that, for each VARYING name
the last value that would have fitted into the table, and one list of fields whose written fields are all in the table.
"""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h2.hpack.encoder_table import EncoderTable, Fields
from zttp_h2.hpack.field_kinds import INVALID_NAME as KIND_INVALID_NAME
from zttp_h2.hpack.field_kinds import REGULAR, edges_are_visible, fits_kind
from zttp_h2.hpack.field_name import LOWER, FieldName
from zttp_h2.hpack.field_rules import NO_RULES, FieldRules
from zttp_h2.hpack.indexing_policy import GUESSABLE, INCREMENTAL, NEVER, SHORT_VALUE, VARYING
from zttp_h2.hpack.integers import encode_integer, write_index
from zttp_h2.hpack.known_names import AUTHORITY_NAME, METHOD_NAME, PATH_NAME, SCHEME_NAME, STATUS_NAME, known_name
from zttp_h2.hpack.last_block import LastBlock
from zttp_h2.hpack.status import INVALID_NAME, INVALID_VALUE, OK
from zttp_h2.hpack.string_literals import encode_string
from zttp_h2.native_ints import i64, mypyc_attr

DEFAULT_TABLE_SIZE: Final = 4096  # RFC 9113 6.5.2: the initial value of SETTINGS_HEADER_TABLE_SIZE
_MAX_NAMES: Final = 256
_LONGEST_NAME: Final = 256  # that is remembered


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Encoder:
    """One direction of one connection."""

    def __init__(self, max_table_size: i64 = DEFAULT_TABLE_SIZE) -> None:
        self.max_table_size: i64 = max_table_size
        self.table: EncoderTable = EncoderTable(DEFAULT_TABLE_SIZE)
        self._size: i64 = DEFAULT_TABLE_SIZE
        # The lowest size since the last block, which the next one must signal, if there is a change.
        self._lowest_size: i64 = DEFAULT_TABLE_SIZE
        self._update_due: bool = False
        self._abandoned: bool = False
        self.last: Final = LastBlock()
        self._number: i64 = 0  # of the field that was written last
        self._others: dict[bytes, FieldName] | None = None
        self._held_back: dict[bytes, bytes] | None = None  # the VARYING fields that were sent without indexing
        self.set_peer_table_size(DEFAULT_TABLE_SIZE)

    def set_peer_table_size(self, size: i64) -> None:
        """Apply the peer's SETTINGS_HEADER_TABLE_SIZE; the next block signals what changes by it."""
        if size > self.max_table_size:
            size = self.max_table_size
        if size != self._size:
            self._size = size
            self._update_due = True
            if size < self._lowest_size:
                self._lowest_size = size

    def begin_block(self, writer: BytesWriter, count: i64) -> None:
        """Begin a block with this many fields to keep: write the pending dynamic table size updates.

        A ``count`` of -1 means a separate block: nothing of it is kept, and nothing is dropped.
        """
        if count >= 0:
            self.last.begin(count)
        if self._update_due:
            self._update_due = False
            table = self.table
            lowest = self._lowest_size
            # RFC 7541 4.2 MUST: the smallest size of the interval, then the final one.
            if lowest < self._size and (self._abandoned or lowest < table.max_size):
                encode_integer(writer, lowest, 0x20, 31)
                table.resize(lowest)
            encode_integer(writer, self._size, 0x20, 31)
            table.resize(self._size)
            self._lowest_size = self._size
            self._abandoned = False

    def abandon_block(self) -> None:
        """Forget a begun block that will not be sent: the next one empties both tables before anything else.

        The insertions and signals of the abandoned block never reached the peer.
        """
        self.table.resize(0)
        self._lowest_size = 0
        self._update_due = True
        self._abandoned = True

    def encode(self, writer: BytesWriter, fields: Fields) -> i64:
        """Write one block of ``fields``. On INVALID_NAME, INVALID_VALUE or an exception nothing is written."""
        start: i64 = len(writer)
        try:
            self.begin_block(writer, len(fields))
            if self.last.repeat_all(writer, fields, self.table.stamp):
                return OK
            status, _ = self.write_fields(writer, fields, NO_RULES)
        except BaseException:  # something that is not bytes
            writer.truncate(start)
            self.abandon_block()
            raise
        if status != OK:
            writer.truncate(start)
            self.abandon_block()
        return status

    def write_fields(self, writer: BytesWriter, fields: Fields, rules: FieldRules) -> tuple[i64, i64]:
        """Write the fields that ``rules`` accepts, and keep them for the next block.

        Returns OK and 0, or INVALID_NAME or INVALID_VALUE and the position of the field that is refused.
        """
        last = self.last
        table = self.table
        start: i64 = len(writer)
        is_repetition = True
        at: i64 = 0
        while True:
            position = at
            if at < last.repeatable:
                position = table.repeat(writer, fields, at, last.repeatable, last.numbers)
            if position > at:
                rules.note_repeated(fields, at, position)
            if position >= len(fields):
                break
            name, value = fields[position]
            at = position + 1
            known = self.lookup(name)
            if known.kind != REGULAR and not rules.takes(known.kind, name, value, position):
                last.remember(position, 0)
                continue
            status = self.encode_field(writer, known, value)
            if status != OK:
                return status, position
            last.remember(position, self._number)
            is_repetition = False
        if is_repetition:
            last.keep(writer, start, fields, table.stamp)
        return OK, 0

    def write_marked(
        self, writer: BytesWriter, fields: Fields, rules: FieldRules, names: frozenset[bytes]
    ) -> tuple[i64, i64]:
        """Write fields like ``write_fields``, those with one of these names as never-indexed literals."""
        last = self.last
        for position, (name, value) in enumerate(fields):
            known = self.lookup(name)
            is_marked = known.name in names
            if known.kind != REGULAR and not rules.takes(known.kind, name, value, position):
                last.remember(position, 0)
            else:
                status = self.encode_field(writer, known, value, is_marked)
                if status != OK:
                    return status, position
                last.remember(position, 0 if is_marked else self._number)
        return OK, 0

    def lookup(self, given: bytes) -> FieldName:
        """Return the ``FieldName`` of a name."""
        name = known_name(given)
        return self._find_other(given) if name is None else name

    def _find_other(self, given: bytes) -> FieldName:
        """Find a name that is not among the known ones, or is spelled in an unusual way."""
        names = self._others
        if names is None:
            names = {}
            self._others = names
        name = names.get(given)
        if name is not None:
            return name
        lower = given.translate(LOWER)
        name = self.lookup(lower) if lower != given else FieldName(given, INCREMENTAL, _number_of(given), 0, None, b"")
        if len(given) <= _LONGEST_NAME:
            if len(names) >= _MAX_NAMES:
                names.clear()  # the entries of the table stay valid
            names[given] = name
        return name

    def encode_method(self, writer: BytesWriter, method: bytes) -> i64:
        """Write the ``:method`` field; return OK or INVALID_VALUE."""
        return self.encode_field(writer, METHOD_NAME, method)

    def encode_scheme(self, writer: BytesWriter, scheme: bytes) -> i64:
        """Write the ``:scheme`` field; return OK or INVALID_VALUE."""
        if scheme == b"https":
            writer.append(0x87)  # RFC 7541 Appendix A
            return OK
        return self.encode_field(writer, SCHEME_NAME, scheme)

    def encode_authority(self, writer: BytesWriter, authority: bytes) -> i64:
        """Write the ``:authority`` field; return OK or INVALID_VALUE."""
        index = self.table.index_if(self.last.authority, b":authority", authority)
        if index > 0:
            write_index(writer, index)
            return OK
        status = self.encode_field(writer, AUTHORITY_NAME, authority)
        self.last.authority = self._number
        return status

    def encode_path(self, writer: BytesWriter, path: bytes) -> i64:
        """Write the ``:path`` field; return OK or INVALID_VALUE."""
        index = self.table.index_if(self.last.path, b":path", path)
        if index > 0:
            write_index(writer, index)
            return OK
        status = self.encode_field(writer, PATH_NAME, path)
        self.last.path = self._number
        return status

    def encode_status(self, writer: BytesWriter, status: i64) -> None:
        """Write the ``:status`` field of a status code from 100 to 999."""
        if status == 200:
            writer.append(0x88)  # RFC 7541 Appendix A
            return
        if status == self.last.status_code:
            index = self.table.index_of(self.last.status)
            if index > 0:
                write_index(writer, index)
                return
        self.encode_field(writer, STATUS_NAME, b"%d" % status)
        self.last.status_code = status
        self.last.status = self._number

    def encode_field(self, writer: BytesWriter, name: FieldName, value: bytes, never_indexed: bool = False) -> i64:
        """Write one field; return OK, or INVALID_NAME or INVALID_VALUE: then the block must be abandoned.

        ``never_indexed`` is for a field that a proxy received as a never-indexed literal, RFC 7541 6.2.3 MUST.
        """
        table = self.table
        is_marked = table.marks & name.mark != 0
        self._number = 0
        if not never_indexed:
            number = -name.index_of(value)
            if number == 0 and is_marked:
                number = table.find(name, value)
            if number != 0:
                self._number = number
                write_index(writer, table.index_of(number))
                return OK
        kind = name.kind
        if kind == KIND_INVALID_NAME:
            return INVALID_NAME
        if not edges_are_visible(value) or (kind != REGULAR and not fits_kind(kind, value)):
            return INVALID_VALUE
        index = name.static_index
        if index == 0 and is_marked:
            index = table.index_of(table.find_name(name))
        policy = name.policy
        if never_indexed or policy & NEVER or (policy & GUESSABLE and len(value) < SHORT_VALUE):
            return _write_literal(writer, name, value, index, 0x10, 15)
        size: i64 = len(name.name) + len(value) + 32
        if size > table.max_size:
            return _write_literal(writer, name, value, index, 0x00, 15)
        # Below 15 the index of a name takes one octet in either representation.
        if policy & VARYING and (index < 15 or not table.spares(size)) and self._hold_back(name, value):
            return _write_literal(writer, name, value, index, 0x00, 15)
        status = _write_literal(writer, name, value, index, 0x40, 63)
        if status == OK:
            self._number = table.add(name, value, size)
        return status

    def _hold_back(self, name: FieldName, value: bytes) -> bool:
        """Return whether a VARYING field should not be indexed yet, but only when it is repeated."""
        if name is PATH_NAME:
            repeats = value == self.last.path_held_back
            self.last.path_held_back = value
            return not repeats
        held_back = self._held_back
        if held_back is None:
            held_back = {}
            self._held_back = held_back
        if held_back.get(name.name) == value:
            return False
        held_back[name.name] = value
        return True


def _write_literal(
    writer: BytesWriter, name: FieldName, value: bytes, index: i64, pattern: i64, prefix_max: i64
) -> i64:
    """Write a field as a literal (RFC 7541 6.2); return OK or INVALID_VALUE."""
    encode_integer(writer, index, pattern, prefix_max)
    if index == 0:
        if len(name.literal) > 0:
            writer.write(name.literal)
        else:
            encode_string(writer, name.name)
    return OK if encode_string(writer, value) else INVALID_VALUE


def _number_of(name: bytes) -> int:
    """Return a number for a name that has none, for the choice of its mark."""
    return 1000 + len(name)
