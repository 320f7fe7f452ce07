"""A field name of the encoder: the properties that are the same on every connection."""

from typing import Final, final

from zttp_core.messages.grammar import LOWER_TABLE
from zttp_h2.hpack.field_kinds import name_kind
from zttp_h2.native_ints import i64, mypyc_attr

# A-Z to a-z, for bytes.translate.
LOWER: Final[bytes] = LOWER_TABLE

# A table records in one integer which names it may hold. Those of the static table have their own bits, all others
# share the rest.
_MARKS: Final = [1 << bit for bit in range(62)]
_OWN_MARKS: Final = 52


@final
@mypyc_attr(acyclic=True)
class FieldName:
    """A name in lower case; immutable, so those in ``known_names`` are shared by all connections.

    Attributes:
        kind: Its kind in a message, see ``field_kinds``.
        policy: Its use of the dynamic table, see ``indexing_policy``.
        mark: Its bit, perhaps shared with others.
        static_index: The lowest index that it has in the static table, or 0.
        static_values: Its values in the static table, from that index on.
        spelling: Its spelling in HTTP/1.1.
        literal: The name as a string literal, once that is made.
    """

    def __init__(
        self,
        name: bytes,
        policy: i64,
        number: int,
        static_index: i64,
        static_values: list[bytes] | None,
        literal: bytes,
    ) -> None:
        self.name: Final = name
        self.kind: Final[i64] = name_kind(name)
        self.policy: Final[i64] = policy
        self.mark: Final[i64] = _MARKS[number if number < _OWN_MARKS else _OWN_MARKS + number % (62 - _OWN_MARKS)]
        self.static_index: Final[i64] = static_index
        self.static_values: Final = static_values
        self.spelling: Final = name.title()
        self.literal: Final = literal

    def index_of(self, value: bytes) -> i64:
        """Return the index of the field with this value in the static table, or 0."""
        values = self.static_values
        if values is None:
            return 0
        index = self.static_index
        for candidate in values:
            if candidate == value:
                return index
            index += 1
        return 0
