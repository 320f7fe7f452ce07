"""Chance that bytes decide: what coverage-guided fuzzing mutates steers every choice of a fuzzer that draws them."""

import random


class Steered(random.Random):
    """As ``random.Random``, from given bytes; when they are used up, from a fixed seed."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data, self._at = data, 0

    def getrandbits(self, k: int, /) -> int:
        """Return so many bits: the next bytes, as many as that takes."""
        size = (k + 7) // 8
        if self._at + size > len(self._data):
            self._at = len(self._data)
            return super().getrandbits(k)
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at], "big") & ((1 << k) - 1)

    def random(self) -> float:
        """Return a number from 0 up to 1, of two bytes: fewer to steer than a float has."""
        return self.getrandbits(16) / 65_536
