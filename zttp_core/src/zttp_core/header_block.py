"""``HeaderBlock``: the fields of one header section, immutable, in the order of the wire.

An HTTP/1.1 parser hands over the section as it came, after it has validated every byte: the bytes objects of names and
values are made when somebody asks for them, and finding them again costs less than an index would that nobody reads.
HTTP/2 and HTTP/3 decode their fields anyway: for them, and for blocks made by hand, the block holds the list.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, SupportsIndex, cast, final

from zttp_core.field_lines import split
from zttp_core.field_names import LOWER
from zttp_core.native_ints import i64, mypyc_attr


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class HeaderBlock:
    """An immutable sequence of ``(name, value)`` pairs of bytes, duplicates kept, names as received.

    Equal to any list, tuple or block of the same pairs. ``section`` is what a parser gives instead of ``fields``: valid
    field lines and an empty line, from the byte at ``start`` on.
    """

    def __init__(
        self, fields: Iterable[tuple[bytes, bytes]] | None = None, /, section: bytes = b"", start: i64 = 0
    ) -> None:
        self._section: Final = section
        self._start: Final[i64] = start
        self._shared = False
        self._fields: list[tuple[bytes, bytes]] | None = None if fields is None else _checked(fields)
        self._lower: list[tuple[bytes, bytes]] | None = None

    def __len__(self) -> int:
        return len(self._pairs())

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._pairs())

    def __getitem__(self, index: SupportsIndex | slice, /) -> Any:
        return self._pairs()[index]

    def __contains__(self, pair: object) -> bool:
        return pair in self._pairs()

    def __reversed__(self) -> Iterator[tuple[bytes, bytes]]:
        return reversed(self._pairs())

    def index(self, pair: object, start: int = 0, stop: int = 9223372036854775807, /) -> int:
        """Return the position of the first equal pair; ValueError if there is none."""
        return self._pairs().index(cast("tuple[bytes, bytes]", pair), start, stop)

    def count(self, pair: object, /) -> int:
        """Return how many pairs equal this one."""
        return self._pairs().count(cast("tuple[bytes, bytes]", pair))

    def get(self, name: bytes, default: Any = None, /) -> Any:
        """Return the value of the first field of this name, in any case, or ``default``."""
        wanted = name.translate(LOWER)
        for lower, value in self._lower_pairs():
            if lower == wanted:
                return value
        return default

    def getall(self, name: bytes, /) -> list[bytes]:
        """Return the values of all fields of this name, in any case, in the order of the wire."""
        wanted = name.translate(LOWER)
        return [value for lower, value in self._lower_pairs() if lower == wanted]

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

    def adopt(self, fields: list[tuple[bytes, bytes]]) -> None:
        """Be made of ``fields`` without a copy or a look: a decoder made them, with names in lower case (for plugins).

        RFC 9113 8.2.1 and RFC 9114 4.2 want such names.
        """
        self._fields = fields
        self._lower = fields

    def share(self) -> None:
        """Keep the lists that are made from now on: the block stands for several messages (for parsers)."""
        self._shared = True

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
        return repr(self._pairs())

    def __reduce__(self) -> tuple[object, ...]:
        return HeaderBlock, (self.to_list(),)

    def _pairs(self) -> list[tuple[bytes, bytes]]:
        """The pairs, made once: for readers who come back."""
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


def _checked(fields: Iterable[Any]) -> list[tuple[bytes, bytes]]:
    pairs: list[tuple[bytes, bytes]] = []
    for pair in fields:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"a field must be a (name, value) tuple of bytes, got {pair!r}")
        name, value = pair
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise TypeError(f"a field must be a (name, value) tuple of bytes, got {pair!r}")
        pairs.append((name, value))
    return pairs
