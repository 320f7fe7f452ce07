"""The field names that are known from the start: those of the static table, and others that are often sent.

The table is made once, at import, and never changes. It is direct-mapped: a name is hashed from its first and last
octets and its length, whatever its case; a name whose slot is taken is in a dict.
"""

from typing import Final

from librt.strings import read_i32_le, read_i64_le

from zttp_core.field_names import LOWER_NAMES
from zttp_h2.hpack.field_name import FieldName
from zttp_h2.hpack.indexing_policy import INCREMENTAL, POLICIES
from zttp_h2.hpack.static_table import NAME_INDICES, VALUES
from zttp_h2.hpack.string_literals import string_literal
from zttp_h2.native_ints import i64

_SLOTS: Final = 1024


def _slot(name: bytes) -> i64:
    length: i64 = len(name)
    if length >= 8:
        first = read_i64_le(name, 0)
        last = read_i64_le(name, length - 8)
    elif length >= 4:
        first = i64(read_i32_le(name, 0))
        last = i64(read_i32_le(name, length - 4))
    elif length > 0:
        first = i64(name[0])
        last = i64(name[length - 1])
    else:
        return 0
    case: i64 = 0x2020202020202020
    first |= case
    last |= case
    return (first ^ (first >> 17) ^ (first >> 37) ^ (last >> 5) ^ (last >> 29) ^ (length << 3)) & (_SLOTS - 1)


def _known_names() -> list[FieldName]:
    names: list[FieldName] = []
    for name, index in NAME_INDICES.items():
        values = VALUES.get(name)
        policy = POLICIES.get(name, INCREMENTAL)
        names.append(FieldName(name, policy, len(names), index, None if values is None else list(values), b""))
    known = set(NAME_INDICES)
    others: list[bytes] = LOWER_NAMES
    for name in others:
        if name not in known:
            known.add(name)
            names.append(FieldName(name, INCREMENTAL, len(names), 0, None, string_literal(name)))
    return names


def _slots() -> list[FieldName]:
    slots = [_NAMES[0]] * _SLOTS
    for name in reversed(_NAMES):
        slots[_slot(name.name)] = name
    return slots


def _without_slot() -> dict[bytes, FieldName]:
    displaced: dict[bytes, FieldName] = {}
    for name in _NAMES:
        if _TABLE[_slot(name.name)] is not name:
            displaced[name.name] = name
            displaced[name.spelling] = name
    return displaced


_NAMES: Final = _known_names()
_TABLE: Final[list[FieldName]] = _slots()
_DISPLACED: Final[dict[bytes, FieldName]] = _without_slot()


def known_name(given: bytes) -> FieldName | None:
    """Return the name with this spelling, in lower case or as in HTTP/1.1."""
    name = _TABLE[_slot(given)]
    if name.name == given or name.spelling == given:
        return name
    return _DISPLACED.get(given)


def _pseudo(name: bytes) -> FieldName:
    known = known_name(name)
    assert known is not None
    return known


AUTHORITY_NAME: Final[FieldName] = _pseudo(b":authority")
METHOD_NAME: Final[FieldName] = _pseudo(b":method")
PATH_NAME: Final[FieldName] = _pseudo(b":path")
SCHEME_NAME: Final[FieldName] = _pseudo(b":scheme")
STATUS_NAME: Final[FieldName] = _pseudo(b":status")
