"""What callers give, made into what the rest works with.

Fields: nearly everybody gives a ``list`` of tuples. The compiled loops over them check each for being a pair of bytes,
so that such a list is handed on as it is and costs nothing here. Whoever hands it on catches the TypeError of those
loops, and tries again with ``field_pairs`` of it: either some of the pairs are not tuples, or that raises the better
TypeError.
"""

from types import FunctionType
from typing import Any, Final

from zttp_core import field_pairs as core

field_pairs: Final[Any] = core.field_pairs


def listed(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return any fields as a list; only one that begins and ends with a tuple may hold what is no pair of bytes.

    Servers put tuples of their own before the lists of an application: that is seen here, before anything is written.
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


_LOOPS_CHECK: Final[bool] = not isinstance(listed, FunctionType)  # interpreted, nothing checks by itself
