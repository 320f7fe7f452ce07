"""``HeaderBlock``: the fields of one header section, immutable, in the order of the wire.

An HTTP/1.1 parser validates every byte of the section and passes it on as received. The bytes objects of names and
values are made on first access, and a lookup by name searches the section itself. HTTP/2 and HTTP/3 decode their fields
anyway: for them, and for blocks made by a caller, the block holds the list.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, SupportsIndex, final

from zttp_core.as_compiled import as_compiled
from zttp_core.excerpts import excerpt_of_fields
from zttp_core.field_lines import split
from zttp_core.field_lookup import ASKED_ONCE, NOT_THERE, FieldIndex, make_index, next_line, scan, value_at
from zttp_core.field_names import LOWER, lower_name
from zttp_core.field_pairs import field_pairs
from zttp_core.native_ints import i64, mypyc_attr

_NONE_NEVER_INDEXED: Final[frozenset[bytes]] = frozenset()


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class HeaderBlock:
    """An immutable sequence of ``(name, value)`` pairs of bytes, duplicates kept, names as received.

    Equal to any list, tuple or block of the same pairs.

    Args:
        fields: Pairs of bytes, in any iterable.
        never_indexed: Names of fields that must not enter a compression table on any hop (RFC 7541 6.2.3).
    """

    __slots__ = ("_fields", "_index", "_lower", "_never_indexed", "_section", "_shared", "_start")

    def __init__(
        self, fields: Iterable[Sequence[bytes]] | None = None, /, *, never_indexed: Iterable[bytes] | None = None
    ) -> None:
        # Valid field lines and an empty line, from the byte at `start` on. A parser passes this instead of a list.
        self._section = b""
        self._start: i64 = 0
        self._index: FieldIndex | None = None  # of the section, from the second lookup on
        self._shared = False
        self._fields: list[tuple[bytes, bytes]] | None = None if fields is None else field_pairs(fields)
        self._lower: list[tuple[bytes, bytes]] | None = None
        self._never_indexed: list[bytes] | None = None if never_indexed is None else _lower_names(never_indexed)

    @property
    def never_indexed(self) -> frozenset[bytes]:
        """The names, in lower case, whose fields came as never-indexed literals (RFC 7541 6.2.3, RFC 9204 4.5.4).

        An intermediary that forwards the block must send them as such again.
        """
        names = self._never_indexed
        return _NONE_NEVER_INDEXED if names is None else frozenset(names)

    def __len__(self) -> int:
        return len(self._pairs())

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._pairs())

    def __getitem__(self, index: SupportsIndex | slice, /) -> Any:
        return self._pairs()[index]

    def __contains__(self, item: object, /) -> bool:
        """Return whether there is a field of this name, in any case, or an equal pair."""
        if isinstance(item, bytes):
            return self.get(item) is not None
        if isinstance(item, str):
            raise TypeError("a field name must be bytes, got str")
        return item in self._pairs()

    def __reversed__(self) -> Iterator[tuple[bytes, bytes]]:
        return reversed(self._pairs())

    def index(self, pair: object, start: SupportsIndex = 0, stop: SupportsIndex = 9223372036854775807, /) -> int:
        """Return the position of the first equal pair; ValueError if there is none."""
        pairs: list[Any] = self._pairs()
        return pairs.index(pair, start, stop)

    def count(self, pair: object, /) -> int:
        """Return how many pairs equal this one."""
        pairs: list[Any] = self._pairs()
        return pairs.count(pair)

    def get(self, name: bytes, default: Any = None, /) -> Any:
        """Return the value of the first field of this name, in any case, or ``default``."""
        section = self._section
        if len(section) == 0:
            wanted = lower_name(name)
            for lower, value in self._lower_pairs():
                if lower == wanted:
                    return value
            return default
        index = self._index
        if index is None or index is ASKED_ONCE:
            return self._first_looks(section, name, default)
        found = index.look_up(section, name)
        return default if found is None else found

    def getall(self, name: bytes, /) -> list[bytes]:
        """Return the values of all fields of this name, in any case, in the order of the wire."""
        section = self._section
        if len(section) == 0:
            wanted = lower_name(name)
            return [value for lower, value in self._lower_pairs() if lower == wanted]
        values: list[bytes] = []
        at = scan(section, self._start, name)
        while at != NOT_THERE:
            values.append(value_at(section, at))
            at = scan(section, next_line(section, at), name)
        return values

    def to_list(self, *, lowercase_names: bool = False) -> list[tuple[bytes, bytes]]:
        """Return the pairs as a new list, with the names as received or in lower case."""
        if lowercase_names:
            lower = self._lower
            if lower is not None:
                return lower.copy()
            made = self._make_lower()
            if self._shared:
                self._lower = made
                return made.copy()
            return made
        fields = self._fields
        if fields is not None:
            return fields.copy()
        made = split(self._section, self._start, False)
        if self._shared:
            self._fields = made
            return made.copy()
        return made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, HeaderBlock):
            return self._pairs() == other._pairs()
        if isinstance(other, list):
            return self._pairs() == other
        if isinstance(other, tuple):
            return tuple(self._pairs()) == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._pairs()))

    def __repr__(self) -> str:
        return excerpt_of_fields(self._pairs())

    def __reduce__(self) -> tuple[object, ...]:
        return _block_from, (self.to_list(), None if self._never_indexed is None else self.never_indexed)

    def _first_looks(self, section: bytes, name: bytes, default: Any) -> Any:
        """Return what ``get`` returns, while there is no index."""
        if self._index is None:  # there may be no second lookup
            self._index = ASKED_ONCE
            at = scan(section, self._start, name)
            return default if at == NOT_THERE else value_at(section, at)
        index = make_index(section, self._start)
        self._index = index
        found = index.look_up(section, name)
        return default if found is None else found

    def _pairs(self) -> list[tuple[bytes, bytes]]:
        """Return the pairs, made once and kept for later calls."""
        fields = self._fields
        if fields is None:
            fields = split(self._section, self._start, False)
            self._fields = fields
        return fields

    def _lower_pairs(self) -> list[tuple[bytes, bytes]]:
        lower = self._lower
        if lower is None:
            lower = self._make_lower()
            self._lower = lower
        return lower

    def _make_lower(self) -> list[tuple[bytes, bytes]]:
        fields = self._fields
        if fields is None:
            return split(self._section, self._start, True)
        return [(name.translate(LOWER), value) for name, value in fields]


Sequence.register(HeaderBlock)

# ----------------------------------------------------------------------------------------- for parsers, in this project

NO_FIELDS: Final = HeaderBlock(())


def block_of(fields: Iterable[Sequence[bytes]] | None) -> HeaderBlock:
    """Return the block of the given fields; a block is returned as it is."""
    if fields is None:
        return NO_FIELDS
    return fields if isinstance(fields, HeaderBlock) else HeaderBlock(fields)


def packed_block(section: bytes, start: i64) -> HeaderBlock:
    """Make the block of a validated section: field lines from ``start`` on, and an empty line."""
    block = HeaderBlock()
    block._section = section  # noqa: SLF001
    block._start = start  # noqa: SLF001
    return block


def listed_block(fields: list[tuple[bytes, bytes]], never_indexed: list[bytes] | None) -> HeaderBlock:
    """Make the block of ``fields`` without a copy or a check: a decoder made them, with names in lower case.

    RFC 9113 8.2.1 and RFC 9114 4.2 require such names.
    """
    if len(fields) == 0:
        return NO_FIELDS
    block = HeaderBlock()
    block._fields = fields
    block._lower = fields  # noqa: SLF001
    block._never_indexed = never_indexed  # noqa: SLF001
    return block


def share(block: HeaderBlock) -> None:
    """Make a block keep the lists that are made from it, because several messages share it."""
    block._shared = True  # noqa: SLF001


def _block_from(fields: list[tuple[bytes, bytes]], never_indexed: Iterable[bytes] | None) -> HeaderBlock:
    return HeaderBlock(fields, never_indexed=never_indexed)


def _lower_names(names: Iterable[Any]) -> list[bytes] | None:
    lower: list[bytes] = []
    for name in names:
        if not isinstance(name, bytes):
            raise TypeError(f"a field name must be bytes, got {type(name).__name__}")
        lower.append(name.translate(LOWER))
    return lower if len(lower) > 0 else None


as_compiled(HeaderBlock, share)
