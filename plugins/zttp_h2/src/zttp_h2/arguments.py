"""Converts the arguments of callers for the rest of the package.

Fields: nearly every caller passes a ``list`` of tuples. The compiled loops check that each is a pair of bytes, so such
a list is passed on unchanged and costs nothing here. The caller of a loop catches its TypeError, and tries again with
``field_pairs``: either some of the pairs are not tuples, or that raises a better TypeError.
"""

from types import FunctionType
from typing import Any, Final

from zttp_core import field_pairs as core
from zttp_core.header_block import HeaderBlock
from zttp_h2.native_ints import i64

_LARGEST: Final = 1 << 61

field_pairs: Final[Any] = core.field_pairs
_HeaderBlock: Final[Any] = HeaderBlock


def listed(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return any fields as a list; only one that begins and ends with a tuple may hold other items than pairs of bytes.

    Servers put their own tuples before the lists of an application: this is detected here, before anything is written.
    """
    if (
        _LOOPS_CHECK
        and type(headers) is list
        and (len(headers) == 0 or (type(headers[0]) is tuple and type(headers[-1]) is tuple))
    ):
        return headers
    if headers is None:
        return []
    fields: list[tuple[bytes, bytes]] = field_pairs(headers)
    return fields


def never_indexed(headers: Any) -> frozenset[bytes] | None:
    """Return the names of the fields to send as never-indexed literals (RFC 7541 6.2.3), ``None`` for none."""
    if type(headers) is not _HeaderBlock:
        return None
    names: frozenset[bytes] = headers.never_indexed
    return names if len(names) > 0 else None


def clamped(number: int) -> i64:
    """Return a number that 64 bits hold: itself, or one that is also out of every range."""
    if 0 <= number <= 0x7FFFFFFF:  # nearly always
        return number
    if number > _LARGEST:
        return _LARGEST
    if number < -_LARGEST:
        return -_LARGEST
    return number


_LOOPS_CHECK: Final[bool] = not isinstance(listed, FunctionType)  # interpreted, nothing else checks
