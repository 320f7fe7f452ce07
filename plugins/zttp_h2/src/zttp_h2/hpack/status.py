"""The results of decoding or encoding a field block, as small integers: raising costs more than decoding.

A fatal status means that the two dynamic tables no longer agree. RFC 9113 4.3 requires a connection error of
type COMPRESSION_ERROR. ``REASONS`` are the tokens of ``zttp_core.reasons``.
"""

from typing import Final

OK: Final = 0
# Not fatal: the block was decoded to its end and the table is synchronised, only the message is refused.
HEADER_LIST_TOO_LARGE: Final = 1

# Fatal from here on.
TRUNCATED: Final = 2
INTEGER_TOO_LARGE: Final = 3
INVALID_INDEX: Final = 4
HUFFMAN_PADDING: Final = 5
HUFFMAN_EOS: Final = 6
SIZE_UPDATE_MISPLACED: Final = 7
SIZE_UPDATE_TOO_LARGE: Final = 8
SIZE_UPDATE_MISSING: Final = 9
HEADER_LIST_BOMB: Final = 10

# Results of the encoder for a field.
INVALID_NAME: Final = 11
INVALID_VALUE: Final = 12

REASONS: Final = {
    HEADER_LIST_TOO_LARGE: "header_list_too_large",
    TRUNCATED: "hpack_truncated",
    INTEGER_TOO_LARGE: "hpack_integer_too_large",
    INVALID_INDEX: "hpack_invalid_index",
    HUFFMAN_PADDING: "hpack_huffman_padding",
    HUFFMAN_EOS: "hpack_huffman_eos",
    SIZE_UPDATE_MISPLACED: "hpack_size_update_misplaced",
    SIZE_UPDATE_TOO_LARGE: "hpack_size_update_too_large",
    SIZE_UPDATE_MISSING: "hpack_size_update_missing",
    HEADER_LIST_BOMB: "hpack_bomb",
    INVALID_NAME: "invalid_field_name",
    INVALID_VALUE: "invalid_field_value",
}


def reason_of(status: int) -> str:
    """Return the stable token of a status other than ``OK``."""
    return REASONS[status]
