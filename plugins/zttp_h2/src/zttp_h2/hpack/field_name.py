"""A field name as the encoder knows it: what never changes of it, and what its connection remembers."""

from typing import Final, final

from zttp_h2.hpack import static_table
from zttp_h2.hpack.field_kinds import name_kind
from zttp_h2.hpack.indexing_policy import INCREMENTAL, POLICIES
from zttp_h2.native_ints import i64, mypyc_attr

# A-Z to a-z, for bytes.translate.
LOWER: Final = bytes([byte + 32 if 65 <= byte <= 90 else byte for byte in range(256)])


@final
@mypyc_attr(acyclic=True)
class NameTraits:
    """What is the same on every connection; immutable, so those of the names in the static table are shared."""

    def __init__(
        self,
        name: bytes,
        policy: i64 = INCREMENTAL,
        static_index: i64 = 0,
        static_values: dict[bytes, int] | None = None,
    ) -> None:
        self.name: Final = name
        self.kind: i64 = name_kind(name)
        self.policy: i64 = policy
        self.static_index: i64 = static_index
        self.static_values: Final = static_values


def _known_names() -> dict[bytes, NameTraits]:
    """The names of the static table, as written there and as HTTP/1.1 spells them."""
    known: dict[bytes, NameTraits] = {}
    for name, index in static_table.NAME_INDICES.items():
        traits = NameTraits(name, POLICIES.get(name, INCREMENTAL), index, static_table.VALUES.get(name))
        known[name] = traits
        known[name.title()] = traits
    return known


KNOWN_NAMES: Final[dict[bytes, NameTraits]] = _known_names()


@final
@mypyc_attr(acyclic=True)
class FieldName:
    """One name on one connection. A *number* locates a field, see ``EncoderTable``."""

    def __init__(self, given: bytes, traits: NameTraits) -> None:
        self.traits: Final = traits
        self.kind: i64 = traits.kind
        self.given: bytes = given  # as last spelled
        self.last_value: bytes | None = None  # known to be valid
        self.last_number: i64 = 0
        # The newest entry of this name in the dynamic table, if it still is there; most names have one value at a time,
        # and a dict only from the second on.
        self.newest: i64 = 0
        self._newest_value: bytes = b""
        self._numbers: dict[bytes, int] | None = None

    def number_of(self, value: bytes) -> i64:
        """Return the number of the field with this value, or 0."""
        static_values = self.traits.static_values
        if static_values is not None:
            index = static_values.get(value)
            if index is not None:
                return -index
        numbers = self._numbers
        if numbers is None:
            return self.newest if self.newest != 0 and self._newest_value == value else 0
        number = numbers.get(value)
        return 0 if number is None else number

    def add(self, value: bytes, number: i64) -> None:
        """Note that the dynamic table has this value now."""
        numbers = self._numbers
        if numbers is not None:
            numbers[value] = number
        elif self.newest != 0:
            self._numbers = {self._newest_value: self.newest, value: number}
        self.newest = number
        self._newest_value = value

    def remove(self, value: bytes, number: i64) -> None:
        """Note that this entry is gone; a newer one of the same value stays."""
        if number == self.newest:
            self.newest = 0
            self._newest_value = b""
        numbers = self._numbers
        if numbers is not None and numbers.get(value) == number:
            del numbers[value]
