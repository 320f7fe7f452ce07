"""``FieldRules``: what the owner of a field block has to say while the encoder writes it."""

from typing import Final

from zttp_h2.hpack.encoder_table import Fields
from zttp_h2.native_ints import i64, mypyc_attr


@mypyc_attr(acyclic=True)
class FieldRules:
    """This one has nothing to say."""

    def takes(self, kind: i64, name: bytes, value: bytes, position: i64) -> bool:  # noqa: ARG002 - for others
        """Return whether a field whose kind is not REGULAR is written at all; may raise (see ``field_kinds``)."""
        return True

    def note_repeated(self, fields: Fields, start: i64, stop: i64) -> None:
        """Take note that ``fields[start:stop]`` are at these places what they were in the last block."""


NO_RULES: Final = FieldRules()
