"""``FieldRules``: callbacks of the owner of a field block while the encoder writes it."""

from typing import Final

from zttp_h2.hpack.encoder_table import Fields
from zttp_h2.native_ints import i64, mypyc_attr


@mypyc_attr(acyclic=True)
class FieldRules:
    """This one has no rules."""

    def takes(self, kind: i64, name: bytes, value: bytes, position: i64) -> bool:  # noqa: ARG002 - for others
        """Return whether a field whose kind is not REGULAR is written at all; may raise (see ``field_kinds``)."""
        return True

    def note_repeated(self, fields: Fields, start: i64, stop: i64) -> None:
        """Record that ``fields[start:stop]`` are the same at these positions as in the last block."""


NO_RULES: Final = FieldRules()
