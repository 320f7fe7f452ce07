"""PRIORITY_UPDATE for streams that are still idle (RFC 9218 7.1)."""

from heapq import heappop, heappush
from typing import final

from zttp_h2.native_ints import i64, mypyc_attr


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class EarlyPriorities:
    """Urgency and incremental by stream identifier. Skipped identifiers are dropped, each once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, bool]] = {}
        self._numbers: list[int] = []

    def keep(self, stream_id: i64, urgency: int, incremental: bool) -> None:
        """Keep a signal."""
        number: int = stream_id
        if number not in self._known:
            heappush(self._numbers, number)
        self._known[number] = (urgency, incremental)

    def take(self, stream_id: i64) -> tuple[int, bool] | None:
        """Return and drop the signal for a stream that is opened, if there was one."""
        return self._known.pop(stream_id, None)

    def count(self, highest: i64) -> i64:
        """Return the number of signals, without those up to the highest stream that was opened."""
        numbers = self._numbers
        while len(numbers) > 0 and numbers[0] <= highest:
            self._known.pop(heappop(numbers), None)
        return len(self._known)
