"""The field section that was written last: an equal one is not checked again.

It is the same only if every byte is, in exact tuples of bytes: anything else takes the slow path. Nothing is kept of
the first section, so that a connection with one request keeps nothing.
"""

from typing import Any, Final, final

from zttp_h3.native_ints import i64

Fields = list[tuple[bytes, bytes]]

# Of the fields, as RFC 9114 4.2.2 counts them: an idle connection should not hold much for a repetition.
_MOST_KEPT: Final = 4_096


@final
class LastSection:
    """A section that the peer accepts, its Content-Length, and the arguments for both."""

    def __init__(self) -> None:
        self.section: Fields = []
        self.length: i64 = -1
        self._headers: Fields | None = None  # our own list
        self._start: tuple[object, ...] = ()
        self._is_first = True

    def is_of(self, start: tuple[object, ...], headers: Any) -> bool:
        """Return whether these are the arguments of the last section; ``start`` is for its pseudo-header fields."""
        kept = self._headers
        return kept is not None and type(headers) is list and start == self._start and _is_same(headers, kept)

    def keep(self, start: tuple[object, ...], headers: Fields, section: Fields, length: i64, size: i64) -> None:
        """Keep a written section of ``size``, unless it is the first of its connection, or large."""
        if self._is_first or size > _MOST_KEPT:
            self._is_first = False
            self.forget()
            return
        self._headers = headers
        self._start = start
        self.section = section
        self.length = length

    def forget(self) -> None:
        """Check the next section in any case: the rules have changed."""
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
