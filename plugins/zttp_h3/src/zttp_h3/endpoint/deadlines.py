"""The next deadline of many connections: a heap whose outdated entries are passed over."""

import heapq
from typing import Any, Final, final

from zttp_h3.native_ints import i64


@final
class Deadlines:
    """For each key the time that was set last."""

    def __init__(self) -> None:
        self._times: Final[dict[Any, int]] = {}
        self._heap: list[tuple[int, int, Any]] = []
        self._count: i64 = 0

    def set(self, key: Any, time: int | None) -> None:
        """Set the deadline of ``key``; None for none."""
        if time is None:
            self._times.pop(key, None)
            return
        if self._times.get(key) == time:
            return
        self._times[key] = time
        self._count += 1
        heapq.heappush(self._heap, (time, int(self._count), key))
        if len(self._heap) > 64 + 4 * len(self._times):
            self._heap = [entry for entry in self._heap if self._times.get(entry[2]) == entry[0]]
            heapq.heapify(self._heap)

    def next(self) -> int | None:
        """Return the earliest deadline, None if there is none."""
        heap = self._heap
        while heap and self._times.get(heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take_due(self, now: int) -> list[Any]:
        """Return whose deadline has come, each once, and forget those deadlines."""
        due: list[Any] = []
        while True:
            time = self.next()
            if time is None or time > now:
                return due
            key = heapq.heappop(self._heap)[2]
            del self._times[key]
            due.append(key)

    def __len__(self) -> int:
        return len(self._heap)
