"""The kind of a field in an HTTP message, decided once per field and kept with its table entry.

The rules of RFC 9113 8.2 and 8.3 depend only on name and grammar, so the kind of a field from a table is the one from
its insertion. It is one octet:

    bits 0..4   the kind, below
    0x40        INVALID_VALUE: the value does not match the grammar of its kind
    0x80        NEVER_INDEXED: it arrived as a never-indexed literal, and must be forwarded as one (RFC 7541 6.2.3)

Names: lower-case tokens (RFC 9113 8.2.1, RFC 9110 5.1), or one of the six pseudo-header fields. Values: no control
bytes but HTAB, no white space at either end (RFC 9113 8.2.1, RFC 9110 5.5). Pseudo-header fields and ``te`` must also
match their own grammar, as far as it does not depend on other fields; ``:authority`` and ``content-length`` are checked
with the message.

The rules are those of ``zttp_core.messages.fields``; here they are loops over octets and machine integers. The tables
are made from the core's at import, and the kinds have its numbers.
"""

from typing import Final

from librt.strings import BytesWriter, read_i32_le, read_i64_le, write_i32_le

from zttp_core.messages.fields import KIND_LENGTHS as _KIND_LENGTHS
from zttp_core.messages.fields import KINDS as _KINDS_OF_THE_CORE
from zttp_core.messages.grammar import NAME_TABLE, SCHEME_TABLE, TARGET_TABLE, TOKEN_TABLE, VALUE_TABLE
from zttp_h2.native_ints import i64

REGULAR: Final = 0
METHOD: Final = 1
SCHEME: Final = 2
AUTHORITY: Final = 3
PATH: Final = 4
STATUS: Final = 5
PROTOCOL: Final = 6
HOST: Final = 7
CONTENT_LENGTH: Final = 8
COOKIE: Final = 9
TE: Final = 10
EXPECT: Final = 11
PRIORITY: Final = 12
CONNECTION_SPECIFIC: Final = 13
UNKNOWN_PSEUDO: Final = 14
INVALID_NAME: Final = 15

KIND_MASK: Final = 0x1F
INVALID_VALUE: Final = 0x40
NEVER_INDEXED: Final = 0x80

# One bit per kind, for the union over a field block: SEEN_x is the bit number x, and every field that is not a
# pseudo-header field sets SEEN_REGULAR as well, for the check of order.
SEEN_REGULAR: Final = 0x1
SEEN_METHOD: Final = 0x2
SEEN_SCHEME: Final = 0x4
SEEN_AUTHORITY: Final = 0x8
SEEN_PATH: Final = 0x10
SEEN_STATUS: Final = 0x20
SEEN_PROTOCOL: Final = 0x40
SEEN_HOST: Final = 0x80
SEEN_CONTENT_LENGTH: Final = 0x100
SEEN_COOKIE: Final = 0x200
SEEN_TE: Final = 0x400
SEEN_EXPECT: Final = 0x800
SEEN_PRIORITY: Final = 0x1000
SEEN_CONNECTION_SPECIFIC: Final = 0x2000
SEEN_UNKNOWN_PSEUDO: Final = 0x4000
SEEN_INVALID_NAME: Final = 0x8000
SEEN_INVALID_VALUE: Final = 0x10000
SEEN_MISPLACED_PSEUDO: Final = 0x20000  # a pseudo-header field after a regular one, RFC 9113 8.3
SEEN_NEVER_INDEXED: Final = 0x40000

ANY_PSEUDO: Final = 0x407E
# A block whose union has none of these bits needs no further check of its regular fields.
MALFORMED: Final = 0x3E000

_KINDS: Final[dict[bytes, int]] = _KINDS_OF_THE_CORE
# The lengths of the names except pseudo-header fields, as bits: nearly every other name has another one.
_LENGTHS: Final[i64] = _KIND_LENGTHS


def _only_ones() -> list[bytes]:
    """Of each length the only name that has it; empty for none or several."""
    names = [name for name in _KINDS if name[0] != 58]
    lengths = [len(name) for name in names]
    return [names[lengths.index(size)] if lengths.count(size) == 1 else b"" for size in range(max(lengths) + 1)]


_ONLY_ONES: Final[list[bytes]] = _only_ones()

# Character classes, one octet per character: the grammars to which it does NOT belong.
NOT_IN_NAME: Final = 1
NOT_IN_VALUE: Final = 2
_NOT_IN_PATH: Final = 4
_NOT_IN_TOKEN: Final = 8
_NOT_IN_SCHEME: Final = 16


def _classes() -> bytes:
    tables = {
        NOT_IN_NAME: NAME_TABLE,
        NOT_IN_VALUE: VALUE_TABLE,
        _NOT_IN_PATH: TARGET_TABLE,
        _NOT_IN_TOKEN: TOKEN_TABLE,
        _NOT_IN_SCHEME: SCHEME_TABLE,
    }
    return bytes([sum([bit for bit, table in tables.items() if table[octet] == 0]) for octet in range(256)])


def _seen_bits() -> bytes:
    """The bits that a kind octet adds to the union of its block, as 256 little-endian integers."""
    writer = BytesWriter()
    for kind in range(256):
        bits = 1 << (kind & KIND_MASK)
        if not bits & ANY_PSEUDO:
            bits |= SEEN_REGULAR
        if kind & INVALID_VALUE:
            bits |= SEEN_INVALID_VALUE
        if kind & NEVER_INDEXED:
            bits |= SEEN_NEVER_INDEXED
        write_i32_le(writer, bits & 0x7FFFF)
    return writer.getvalue()


CLASSES: Final = _classes()
_SEEN_BITS: Final = _seen_bits()


def seen_bits(kind: i64) -> i64:
    """Return the SEEN bits of a kind octet."""
    return i64(read_i32_le(_SEEN_BITS, kind * 4))


def all_in_class(text: bytes, outside: i64) -> bool:
    """Return whether no character of ``text`` has the bit ``outside`` in its class."""
    classes = CLASSES
    found: i64 = 0
    at: i64 = 0
    end: i64 = len(text)
    while at < end:
        found |= i64(classes[text[at]])
        at += 1
    return found & outside == 0


def has_no_control(text: bytes) -> bool:
    """Return whether ``text`` has no byte below 0x20 other than HTAB, and no DEL: eight bytes at a time."""
    end: i64 = len(text)
    if end < 8:
        return all_in_class(text, NOT_IN_VALUE)
    m01: i64 = 0x0101010101010101
    m20: i64 = 0x2020202020202020
    m80 = m20 << 2
    mdel = m80 - m01
    at: i64 = 0
    while True:
        word = read_i64_le(text, at)
        deleted = word ^ mdel
        # Each term is non-zero exactly if the word has such a byte; the slow check allows HTAB.
        if (((word - m20) & ~word) | ((deleted - m01) & ~deleted)) & m80 and not all_in_class(
            text[at : at + 8], NOT_IN_VALUE
        ):
            return False
        if at + 8 >= end:
            return True
        at += 8
        if at + 8 > end:
            at = end - 8  # the last word overlaps the one before


def name_kind(name: bytes) -> i64:
    """Return the kind of a name's fields."""
    length: i64 = len(name)
    if length == 0:
        return INVALID_NAME
    if name[0] == 58:
        kind: i64 = _KINDS.get(name, UNKNOWN_PSEUDO)
        return kind
    if not all_in_class(name, NOT_IN_NAME):
        return INVALID_NAME
    return token_kind(name, length)


def token_kind(name: bytes, length: i64) -> i64:
    """Return the kind of a name that is known to be a lower-case token; the length decides for nearly all."""
    if length > 17 or (_LENGTHS >> length) & 1 == 0:
        return REGULAR
    only = _ONLY_ONES[length]  # comparing is cheaper than hashing
    if len(only) > 0 and name != only:
        return REGULAR
    kind: i64 = _KINDS.get(name, REGULAR)
    return kind


def edges_are_visible(value: bytes) -> bool:
    """Return whether ``value`` neither starts nor ends with SP or HTAB."""
    length: i64 = len(value)
    if length == 0:
        return True
    first: i64 = value[0]
    last: i64 = value[length - 1]
    return first != 32 and first != 9 and last != 32 and last != 9


def fits_kind(kind: i64, value: bytes) -> bool:
    """Return whether a value of the general grammar matches that of its kind."""
    if kind == PATH:
        return len(value) > 0 and all_in_class(value, _NOT_IN_PATH)  # RFC 9113 8.3.1, RFC 3986 3.3
    if kind == METHOD or kind == PROTOCOL:
        return len(value) > 0 and all_in_class(value, _NOT_IN_TOKEN)  # RFC 9110 9.1, RFC 8441 4
    if kind == SCHEME:
        return len(value) > 0 and 97 <= value[0] | 32 <= 122 and all_in_class(value, _NOT_IN_SCHEME)
    if kind == STATUS:
        return len(value) == 3 and 49 <= value[0] <= 57 and 48 <= value[1] <= 57 and 48 <= value[2] <= 57
    if kind == TE:
        return len(value) == 8 and value.lower() == b"trailers"  # RFC 9113 8.2.2, RFC 9110 10.1.4
    return True
