"""Bytes that are nearly right, as from a broken or hostile peer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

# Bytes on which parsers differ: line ends, separators, signs, ends of ranges.
_TELLING: Final = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b" ",
    b":",
    b",",
    b";",
    b"-",
    b"+",
    b"0",
    b"9",
    b"\x7f",
    b"\x80",
    b"\xff",
)


def mutations(samples: Sequence[bytes], count: int, seed: str) -> Iterator[bytes]:
    """Yield samples with one to four faults each; the same seed gives the same ones."""
    random = Random(seed)  # noqa: S311
    for _ in range(count):
        mutated = bytearray(random.choice(samples))
        for _ in range(random.randint(1, 4)):
            _mutate(mutated, random, samples)
        yield bytes(mutated)


def _mutate(data: bytearray, random: Random, samples: Sequence[bytes]) -> None:
    start = random.randrange(len(data) + 1)
    end = min(len(data), start + random.choice((1, 1, 1, 2, 4, 16)))
    match random.randrange(6):
        case 0:
            data[start:end] = random.randbytes(end - start)
        case 1:
            data[start:end] = random.choice(_TELLING)
        case 2:
            del data[start:end]
        case 3:
            data[start:start] = random.choice(_TELLING) * random.choice((1, 1, 2, 50))
        case 4:
            data[start:start] = data[start:end] * random.choice((1, 2, 20))
        case _:
            other = random.choice(samples)
            data[start:] = other[random.randrange(len(other) + 1) :]
