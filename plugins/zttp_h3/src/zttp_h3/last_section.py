"""The field section that was written last: what is given again is not judged again.

It is the same only if every byte is, given as exact tuples of bytes: anything else goes the long way. Nothing is kept
of the first section, so that a connection with one request keeps nothing.
"""

from typing import Any, Final, final

from zttp_h3.native_ints import i64

Fields = list[tuple[bytes, bytes]]

# Of the fields, as RFC 9114 4.2.2 counts them: a quiet connection is not to hold much for what may come again.
_MOST_KEPT: Final = 4_096


@final
class LastSection:
    """A section that the peer takes, the Content-Length in it, and what both were made of."""

    def __init__(self) -> None:
        self.section: Fields = []
        self.length: i64 = -1
        self._headers: Fields | None = None  # a list of our own
        self._start: tuple[object, ...] = ()
        self._is_first = True

    def is_of(self, start: tuple[object, ...], headers: Any) -> bool:
        """Tell whether the last section was made of the same; ``start`` is what its pseudo-header fields come from."""
        kept = self._headers
        return kept is not None and type(headers) is list and start == self._start and _is_same(headers, kept)

    def keep(self, start: tuple[object, ...], headers: Fields, section: Fields, length: i64, size: i64) -> None:
        """Keep a section of ``size`` that is written, unless it is the first of its connection, or large."""
        if self._is_first or size > _MOST_KEPT:
            self._is_first = False
            self.forget()
            return
        self._headers = headers
        self._start = start
        self.section = section
        self.length = length

    def forget(self) -> None:
        """Judge the next section, whatever it is: other rules hold."""
        self._headers = None
        self.section = []


def _is_same(given: list[Any], kept: Fields) -> bool:
    count: i64 = len(kept)
    if len(given) != count:
        return False
    at: i64 = 0
    while at < count:
        pair = given[at]
        if type(pair) is not tuple or len(pair) != 2:
            return False
        name, value = pair
        if type(name) is not bytes or type(value) is not bytes:
            return False
        kept_name, kept_value = kept[at]
        if name != kept_name or value != kept_value:
            return False
        at += 1
    return True
