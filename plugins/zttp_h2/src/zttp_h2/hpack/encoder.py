"""The encoder: fields in, one field block out, written into the caller's ``BytesWriter``. RFC 7541 4.2, 5, 6.

A block is ``begin_block(writer)`` and then, per field, ``lookup(name)`` and ``encode_field(writer, name, value)``;
between the two the caller sees the field's kind. ``encode(writer, fields)`` does it all. What is indexed is said in
``indexing_policy``; a string is Huffman-coded where that is shorter. Names come in any case and leave in lower case.

Names and values are validated here (see ``field_kinds``), each when it is first written: what is remembered is valid.
What a message must not carry though its grammar is right (connection-specific or pseudo-header fields) is the caller's
to refuse, by the kind.

A block that cannot be finished, or is not sent, must be given up by ``abandon_block()``: the next one then begins by
emptying the dynamic tables of both sides, so that the refused message leaves nothing behind.

Memory: the dynamic table is bounded by the smaller of the peer's SETTINGS_HEADER_TABLE_SIZE and ``max_table_size``;
beside it, 256 names that are not in the static table are remembered, and of each name the last value that would have
fitted into the table.
"""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h2.hpack import huffman
from zttp_h2.hpack.encoder_table import EncoderTable
from zttp_h2.hpack.field_kinds import INVALID_NAME as KIND_INVALID_NAME
from zttp_h2.hpack.field_kinds import value_is_valid
from zttp_h2.hpack.field_name import KNOWN_NAMES, LOWER, FieldName, NameTraits
from zttp_h2.hpack.indexing_policy import GUESSABLE, NEVER, SHORT_VALUE, VARYING
from zttp_h2.hpack.integers import encode_integer
from zttp_h2.hpack.status import INVALID_NAME, INVALID_VALUE, OK
from zttp_h2.native_ints import i64, mypyc_attr, u8

DEFAULT_TABLE_SIZE: Final = 4096  # RFC 9113 6.5.2: the initial value of SETTINGS_HEADER_TABLE_SIZE
_MAX_NAMES: Final = 256
_MAX_SEQUENCE: Final = 64


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Encoder:
    """One direction of one connection."""

    def __init__(self, max_table_size: i64 = DEFAULT_TABLE_SIZE) -> None:
        self.max_table_size: i64 = max_table_size
        self.table: EncoderTable = EncoderTable(DEFAULT_TABLE_SIZE)
        self._size: i64 = DEFAULT_TABLE_SIZE
        # Of all sizes since the last block; what the next one has to signal, if anything.
        self._lowest_size: i64 = DEFAULT_TABLE_SIZE
        self._update_due: bool = False
        self._abandoned: bool = False
        self._known: list[FieldName] = []  # those of the static table that were given; few, so they are looked through
        self._others: dict[bytes, FieldName] | None = None
        # The names of the last block, in order: most blocks name the same fields as the one before.
        self._sequence: list[FieldName] = []
        self._position: i64 = 0
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

    def begin_block(self, writer: BytesWriter) -> None:
        """Begin a field block: write the dynamic table size updates that are due."""
        self._position = 0
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

        What the abandoned block inserted and signalled never reached the peer.
        """
        self.table.resize(0)
        self._lowest_size = 0
        self._update_due = True
        self._abandoned = True

    def encode(self, writer: BytesWriter, fields: list[tuple[bytes, bytes]]) -> i64:
        """Write one block of ``fields``. On INVALID_NAME, INVALID_VALUE or an exception nothing is written."""
        start: i64 = len(writer)
        status: i64 = INVALID_NAME
        try:
            self.begin_block(writer)
            status = OK
            for name, value in fields:
                status = self.encode_field(writer, self.lookup(name), value)
                if status != OK:
                    break
        except BaseException:  # something that is not bytes
            writer.truncate(start)
            self.abandon_block()
            raise
        if status != OK:
            writer.truncate(start)
            self.abandon_block()
        return status

    def lookup(self, given: bytes) -> FieldName:
        """Return what is known of a name, as the next name of this block."""
        position = self._position
        self._position = position + 1
        sequence = self._sequence
        length: i64 = len(sequence)
        if position < length:
            expected = sequence[position]
            if expected.given is given or expected.given == given:
                return expected
            name = self._find(given)
            sequence[position] = name
            return name
        name = self._find(given)
        if position == length and length < _MAX_SEQUENCE:
            sequence.append(name)
        return name

    def _find(self, given: bytes) -> FieldName:
        traits = KNOWN_NAMES.get(given)
        if traits is None:
            return self._find_other(given)
        for name in self._known:
            if name.traits is traits:
                name.given = given
                return name
        name = FieldName(given, traits)
        self._known.append(name)
        return name

    def _find_other(self, given: bytes) -> FieldName:
        """Find a name that is not in the static table, or is spelled in an unusual way."""
        names = self._others
        if names is None:
            names = {}
            self._others = names
        name = names.get(given)
        if name is not None:
            name.given = given
            return name
        lower = given.translate(LOWER)
        if lower != given:
            name = self._find(lower)
            name.given = given
        else:
            name = FieldName(given, NameTraits(given))
        if len(names) >= _MAX_NAMES:
            names.clear()  # what is in the table stays there, and valid
        names[given] = name
        return name

    def encode_method(self, writer: BytesWriter, method: bytes) -> i64:
        """Write the ``:method`` field; return OK or INVALID_VALUE."""
        if method == b"GET":
            writer.append(0x82)
            return OK
        if method == b"POST":
            writer.append(0x83)
            return OK
        return self.encode_field(writer, self._find(b":method"), method)

    def encode_scheme(self, writer: BytesWriter, scheme: bytes) -> i64:
        """Write the ``:scheme`` field; return OK or INVALID_VALUE."""
        if scheme == b"https":
            writer.append(0x87)
            return OK
        return self.encode_field(writer, self._find(b":scheme"), scheme)

    def encode_status(self, writer: BytesWriter, status: i64) -> None:
        """Write the ``:status`` field of a status code from 100 to 999."""
        # RFC 7541 Appendix A: the most common ones of the static table.
        if status == 200:
            writer.append(0x88)
        elif status == 204:
            writer.append(0x89)
        elif status == 304:
            writer.append(0x8B)
        elif status == 404:
            writer.append(0x8D)
        else:
            self.encode_field(writer, self._find(b":status"), b"%d" % status)

    def encode_field(self, writer: BytesWriter, name: FieldName, value: bytes, never_indexed: bool = False) -> i64:
        """Write one field; return OK, INVALID_NAME or INVALID_VALUE (nothing written).

        ``never_indexed`` is for what a proxy received as a never-indexed literal, RFC 7541 6.2.3 MUST.
        """
        last = name.last_value
        repeats = last is not None and (value is last or value == last)
        if not never_indexed:
            number = name.last_number if repeats else name.number_of(value)
            index = self.table.index_of(number)
            if index > 0:
                if not repeats:
                    name.last_value = value
                    name.last_number = number
                if index < 127:
                    writer.append(u8(128 | index))
                else:
                    encode_integer(writer, index, 128, 127)
                return OK
        if not repeats:
            if name.kind == KIND_INVALID_NAME:
                return INVALID_NAME
            if not value_is_valid(name.kind, value):
                return INVALID_VALUE
        self._encode_literal(writer, name, value, repeats, never_indexed)
        return OK

    def _encode_literal(
        self, writer: BytesWriter, name: FieldName, value: bytes, repeats: bool, never_indexed: bool
    ) -> None:
        """Write a valid field that is in no table, or must not be taken from one (RFC 7541 6.2)."""
        traits = name.traits
        policy = traits.policy
        index = traits.static_index
        if index == 0:
            index = self.table.index_of(name.newest)
        if never_indexed or policy & NEVER or (policy & GUESSABLE and len(value) < SHORT_VALUE):
            self._write(writer, name, value, index, 0x10, 15)
            return
        table = self.table
        size: i64 = len(traits.name) + len(value) + 32
        number: i64 = 0
        if size > table.max_size:
            self._write(writer, name, value, index, 0x00, 15)
            return
        # Below 15 the index of a name takes one octet in either representation.
        if policy & VARYING and not repeats and (index < 15 or not table.spares(size)):
            self._write(writer, name, value, index, 0x00, 15)
        else:
            self._write(writer, name, value, index, 0x40, 63)
            number = table.add(name, value, size)
        name.last_value = value
        name.last_number = number

    def _write(
        self, writer: BytesWriter, name: FieldName, value: bytes, index: i64, pattern: i64, prefix_max: i64
    ) -> None:
        encode_integer(writer, index, pattern, prefix_max)
        if index == 0:
            encode_string(writer, name.traits.name)
        encode_string(writer, value)


def encode_string(writer: BytesWriter, text: bytes) -> None:
    """Write a string literal (RFC 7541 5.2), Huffman-coded where that is shorter."""
    length: i64 = len(text)
    if length < 127:
        # Coded at once, behind one octet for its length: nearly always it turns out shorter.
        at: i64 = len(writer)
        writer.append(0)
        huffman.encode(text, writer)
        coded: i64 = len(writer) - at - 1
        if coded < length:
            writer[at] = u8(128 | coded)
            return
        writer.truncate(at)
    else:
        coded = huffman.coded_length(text)
        if coded < length:
            encode_integer(writer, coded, 0x80, 127)
            huffman.encode(text, writer)
            return
    encode_integer(writer, length, 0x00, 127)
    writer.write(text)
