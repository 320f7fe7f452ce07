"""A field in a table, with the facts for the message layer."""

from typing import Final, final

from zttp_h2.hpack.field_kinds import seen_bits
from zttp_h2.native_ints import i64, mypyc_attr


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class TableEntry:
    """One field: the ready ``(name, value)`` tuple, its size (RFC 7541 4.1) and its kind (see ``field_kinds``)."""

    def __init__(self, name: bytes, value: bytes, kind: i64) -> None:
        self.name: Final = name
        self.value: Final = value
        # Typed as an object, so that passing it on takes a reference and not a new tuple.
        self.field: object = (name, value)
        self.kind: i64 = kind
        self.seen: i64 = seen_bits(kind)
        self.size: i64 = len(name) + len(value) + 32
