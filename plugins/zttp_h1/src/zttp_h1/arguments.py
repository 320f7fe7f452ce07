"""Converts the arguments of callers for the rest of the package.

Fields: nearly every caller passes a ``list`` of tuples. The compiled loops check that each is a pair of bytes, so such
a list is passed on unchanged and costs nothing here. The caller of a loop catches its TypeError, and tries again with
``field_pairs``: either some of the pairs are not tuples, or that raises a better TypeError.
"""

from types import FunctionType
from typing import Any, Final

from zttp_core import field_pairs as core

field_pairs: Final[Any] = core.field_pairs


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


_LOOPS_CHECK: Final[bool] = not isinstance(listed, FunctionType)  # interpreted, nothing else checks
