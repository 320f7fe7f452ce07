"""The ways in which a network may split a byte stream."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

_MOST_PLACES: Final = 4096  # every position of shorter input; as many, evenly spread, of longer input
_MOST_TURNS: Final = 1000


def in_turns(data: bytes) -> list[bytes]:
    """Return data byte by byte, or in pieces so small that there are many turns."""
    size = len(data) // _MOST_TURNS + 1
    return [data[at : at + size] for at in range(0, len(data), size)]


def byte_by_byte(data: bytes) -> list[bytes]:
    """Return the bytes one at a time."""
    return [data[at : at + 1] for at in range(len(data))]


def places(data: bytes, most: int = _MOST_PLACES) -> Iterator[int]:
    """Yield every position at which the bytes can be split in two."""
    step = max(1, len(data) // most)
    yield from range(1, len(data), step)


def random_pieces(data: bytes, seed: str) -> list[bytes]:
    """Return the bytes split at random; the same seed gives the same splits."""
    if len(data) < 2:
        return [data]
    random = Random(seed)  # noqa: S311
    cuts = sorted(random.sample(range(1, len(data)), min(len(data) - 1, random.randint(1, 12))))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
