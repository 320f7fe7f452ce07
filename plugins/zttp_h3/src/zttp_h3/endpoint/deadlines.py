"""The next deadline of many connections: a heap whose outdated entries are skipped."""

import heapq
from typing import Any, Final, final


@final
class Deadlines:
    """For each key the time that was set last. An entry has its key as a number, and keeps no object alive."""

    def __init__(self) -> None:
        self._entries: Final[dict[Any, tuple[int, int]]] = {}
        self._keys: Final[dict[int, Any]] = {}
        self._heap: list[tuple[int, int]] = []
        self._count = 0

    def set(self, key: Any, time: int | None) -> None:
        """Set the deadline of ``key``; None for none."""
        known = self._entries.get(key)
        if known is not None:
            if known[0] == time:
                return
            del self._keys[known[1]]
        if time is None:
            self._entries.pop(key, None)
            return
        self._count += 1
        entry = (time, self._count)
        self._entries[key] = entry
        self._keys[self._count] = key
        heapq.heappush(self._heap, entry)
        if len(self._heap) > 64 + 4 * len(self._keys):
            self._heap = list(self._entries.values())
            heapq.heapify(self._heap)

    def next(self) -> int | None:
        """Return the earliest deadline, None if there is none."""
        heap = self._heap
        while heap and heap[0][1] not in self._keys:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take_due(self, now: int) -> list[Any]:
        """Return the keys whose deadline has passed, each once, and remove those deadlines."""
        due: list[Any] = []
        while True:
            time = self.next()
            if time is None or time > now:
                return due
            key = self._keys.pop(heapq.heappop(self._heap)[1])
            del self._entries[key]
            due.append(key)

    def __len__(self) -> int:
        return len(self._heap)
