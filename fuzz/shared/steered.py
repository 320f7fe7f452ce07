"""A random source whose values come from bytes: coverage-guided fuzzing mutates them, and so a fuzzer's choices."""

import random


class Steered(random.Random):
    """A ``random.Random`` that takes its values from given bytes, and then from a fixed seed."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data, self._at = data, 0

    def getrandbits(self, k: int, /) -> int:
        """Return so many bits, from the next bytes."""
        size = (k + 7) // 8
        if self._at + size > len(self._data):
            self._at = len(self._data)
            return super().getrandbits(k)
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at], "big") & ((1 << k) - 1)

    def random(self) -> float:
        """Return a number from 0 up to 1, of two bytes only: fewer to mutate than a float has."""
        return self.getrandbits(16) / 65_536
