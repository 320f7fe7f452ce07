"""Helpers of the HPACK tests: hand-made representations, a plain model of the format, and the folder of the vectors."""

from pathlib import Path

from librt.strings import BytesWriter

from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.encoder import Encoder
from zttp_h2.hpack.static_table import FIELDS as STATIC_FIELDS

Field = tuple[bytes, bytes]
Fields = list[Field]

HERE = Path(__file__).parent
VECTORS = HERE.parents[3] / "shared" / "vectors" / "hpack"
WITHOUT_VECTORS = "the vectors are not beside this checkout"

INCREMENTAL = (0x40, 6)
WITHOUT_INDEXING = (0x00, 4)
NEVER_INDEXED = (0x10, 4)


def integer(value: int, prefix_bits: int, pattern: int = 0) -> bytes:
    """RFC 7541 5.1, from its pseudocode."""
    prefix_max = (1 << prefix_bits) - 1
    if value < prefix_max:
        return bytes([pattern | value])
    octets = [pattern | prefix_max]
    value -= prefix_max
    while value >= 128:
        octets.append(value % 128 + 128)
        value //= 128
    return bytes([*octets, value])


def string(text: bytes) -> bytes:
    """A raw string literal."""
    return integer(len(text), 7) + text


def indexed(index: int) -> bytes:
    return integer(index, 7, 0x80)


def literal(name: bytes | int, value: bytes, form: tuple[int, int] = WITHOUT_INDEXING) -> bytes:
    """A literal field; its name by index or as a raw string."""
    pattern, prefix_bits = form
    if isinstance(name, int):
        return integer(name, prefix_bits, pattern) + string(value)
    return integer(0, prefix_bits, pattern) + string(name) + string(value)


def size_update(size: int) -> bytes:
    return integer(size, 5, 0x20)


def decoded(decoder: Decoder, block: bytes) -> Fields:
    """The fields of a block that must be valid."""
    assert decoder.decode(block) == 0
    return list(decoder.section(0))  # type: ignore[arg-type]  # pairs that the compiler must not take apart


def encoded(encoder: Encoder, fields: Fields) -> bytes:
    """The block of fields that must be valid."""
    writer = BytesWriter()
    assert encoder.encode(writer, fields) == 0
    return writer.getvalue()


def table_of(decoder: Decoder) -> Fields:
    """The dynamic table, newest first."""
    table = decoder.table
    return [table.get(position).field for position in range(table.length)]  # type: ignore[misc]


class ModelTable:
    """RFC 7541 2.3 and 4, implemented literally: a list, newest first."""

    def __init__(self, max_size: int = 4096) -> None:
        self.max_size = max_size
        self.fields: Fields = []

    @property
    def size(self) -> int:
        return sum(len(name) + len(value) + 32 for name, value in self.fields)

    def evict(self, room: int) -> None:
        while self.fields and self.size > room:
            self.fields.pop()

    def add(self, name: bytes, value: bytes) -> None:
        size = len(name) + len(value) + 32
        self.evict(self.max_size - size)
        if size <= self.max_size:
            self.fields.insert(0, (name, value))

    def resize(self, max_size: int) -> None:
        self.max_size = max_size
        self.evict(max_size)

    def at(self, index: int) -> Field:
        return [*STATIC_FIELDS, *self.fields][index - 1]
