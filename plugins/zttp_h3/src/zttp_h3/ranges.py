"""Sets of numbers as merged ranges: packet numbers received and acknowledged, lost bytes, finished streams.

Numbers arrive nearly in order, so the highest range has its own two fields, and the common change is one assignment.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

# Most sets never have a second range, and there are many of them: they share one list, which stays empty.
_NONE: Final[list[int]] = []


@final
@mypyc_attr(acyclic=True)
class Ranges:
    """Half-open ranges, merged. ``start`` and ``stop`` are those of the highest; they are equal if there is none."""

    def __init__(self) -> None:
        self.start: i64 = 0
        self.stop: i64 = 0
        self._starts = _NONE  # of the ranges below the highest, ascending
        self._stops = _NONE

    def __len__(self) -> int:
        return len(self._starts) + 1 if self.stop > self.start else 0

    def __bool__(self) -> bool:
        return self.stop > self.start

    def add(self, start: i64, stop: i64) -> None:
        """Add ``start`` up to but not including ``stop``."""
        if start >= stop:
            return
        if self.stop == self.start:
            self.start = start
            self.stop = stop
        elif start >= self.start:
            if start > self.stop:
                self._insert(self.start, self.stop)
                self.start = start
                self.stop = stop
            elif stop > self.stop:
                self.stop = stop
        elif stop >= self.start:
            self.start = start
            if stop > self.stop:
                self.stop = stop
            self._absorb()
        else:
            self._insert(start, stop)

    def contains(self, number: i64) -> bool:
        """Return whether ``number`` is in one of the ranges."""
        if number >= self.start:
            return number < self.stop
        at = self._first_ending_after(number)
        return at < len(self._starts) and self._starts[at] <= number

    def overlaps(self, start: i64, stop: i64) -> bool:
        """Return whether any number from ``start`` up to but not including ``stop`` is in a range."""
        if start >= stop or self.stop == self.start:
            return False
        if stop > self.start and start < self.stop:
            return True
        at = self._first_ending_after(start)
        return at < len(self._starts) and self._starts[at] < stop

    def remove(self, start: i64, stop: i64) -> None:
        """Remove ``start`` up to but not including ``stop``."""
        if start >= stop or not self.overlaps(start, stop):
            return
        self._remove_below_highest(start, stop)
        if stop <= self.start or start >= self.stop:
            return
        if start > self.start:
            if stop < self.stop:
                self._insert(self.start, start)
                self.start = stop
            else:
                self.stop = start
        elif stop < self.stop:
            self.start = stop
        elif len(self._starts) > 0:
            self.start = self._starts.pop()
            self.stop = self._stops.pop()
        else:
            self.clear()

    def drop_below(self, number: i64) -> None:
        """Remove all numbers below ``number``."""
        if self.start >= self.stop:
            return
        if number >= self.start:
            self._starts.clear()
            self._stops.clear()
            self.start = min(number, self.stop)
            return
        at = self._first_ending_after(number)
        del self._starts[:at]
        del self._stops[:at]
        if len(self._starts) > 0 and self._starts[0] < number:
            self._starts[0] = number

    def drop_lowest(self) -> None:
        """Remove the lowest range."""
        if len(self._starts) > 0:
            del self._starts[0]
            del self._stops[0]
        else:
            self.clear()

    def lowest(self) -> tuple[i64, i64]:
        """Return the lowest range; an empty one if there is none."""
        if len(self._starts) > 0:
            return self._starts[0], self._stops[0]
        return self.start, self.stop

    def below(self, place: i64) -> tuple[i64, i64]:
        """Return the range ``place`` places below the highest, which is at 0."""
        if place == 0:
            return self.start, self.stop
        at = len(self._starts) - place
        return self._starts[at], self._stops[at]

    def as_list(self) -> list[tuple[int, int]]:
        """Return all ranges, ascending."""
        ranges = [(self._starts[at], self._stops[at]) for at in range(len(self._starts))]
        if self.stop > self.start:
            ranges.append((self.start, self.stop))
        return ranges

    def clear(self) -> None:
        """Remove all ranges."""
        self._starts.clear()
        self._stops.clear()
        self.start = 0
        self.stop = 0

    def _remove_below_highest(self, start: i64, stop: i64) -> None:
        """Touch no range but those that change: there are as many as a peer has left gaps in what it acknowledges."""
        at = self._first_ending_after(start)
        end = at
        starts: list[int] = []
        stops: list[int] = []
        while end < len(self._starts) and self._starts[end] < stop:
            if self._starts[end] < start:
                starts.append(self._starts[end])
                stops.append(int(start))
            if self._stops[end] > stop:
                starts.append(int(stop))
                stops.append(self._stops[end])
            end += 1
        if end > at:
            self._starts[at:end] = starts
            self._stops[at:end] = stops

    def _absorb(self) -> None:
        """Merge the ranges that the highest now touches."""
        while len(self._stops) > 0 and self._stops[len(self._stops) - 1] >= self.start:
            low = self._starts.pop()
            self._stops.pop()
            if low < self.start:
                self.start = low

    def _insert(self, start: i64, stop: i64) -> None:
        """Add a range that ends below the highest."""
        if self._starts is _NONE:
            self._starts = []
            self._stops = []
        at = self._first_ending_after(start - 1)
        end = at
        low = start
        high = stop
        while end < len(self._starts) and self._starts[end] <= stop:
            low = min(low, self._starts[end])
            high = max(high, self._stops[end])
            end += 1
        self._starts[at:end] = [low]
        self._stops[at:end] = [high]

    def _first_ending_after(self, number: i64) -> i64:
        """Return the place of the first range below the highest whose stop is above ``number``."""
        low: i64 = 0
        high: i64 = len(self._stops)
        while low < high:
            middle = (low + high) // 2
            if self._stops[middle] > number:
                high = middle
            else:
                low = middle + 1
        return low
