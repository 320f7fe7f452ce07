"""Whether memory is flat: a soak goes through many rounds, and after its warming up no round may leave anything.

Two measures, each after a collection: blocks of Python's allocator, which every object of ours is in, and the resident
memory of the process, which has what C and Rust libraries take. It is a process of its own: nothing else lives in it.
"""

import argparse
import gc
import random
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path

WARM_UP = 0.4  # of the rounds: caches fill, the allocator takes its arenas
MOST_BLOCKS = 100  # that the rest may gain, whatever its length...
MOST_PER_REQUEST = 0.02  # ...and for each request: who keeps one block for each keeps fifty times as much
MOST_RESIDENT = 6 << 20  # bytes: arenas that are partly used
ROUNDS = 10  # at least
PAGE = 4096


class Soak:
    """One protocol's life: ``round_`` does something of everything, and tells how many requests that were."""

    def __init__(
        self,
        name: str,
        round_: Callable[[random.Random], int],
        warm_up: Callable[[random.Random], None] | None = None,
        *,
        most_blocks: int = MOST_BLOCKS,
    ) -> None:
        self.name, self.round, self.warm_up, self.most_blocks = name, round_, warm_up, most_blocks
        self.rounds = 0
        self.requests, self.blocks, self.resident = array("q"), array("q"), array("q")  # no blocks of their own

    def go_on(self, chance: random.Random) -> None:
        """Do a round, and measure."""
        if self.warm_up is not None and not self.rounds:
            self.warm_up(chance)
        done = self.round(chance)
        gc.collect()
        self.requests.append(done + (self.requests[-1] if self.rounds else 0))
        self.blocks.append(sys.getallocatedblocks())
        self.resident.append(resident())
        self.rounds += 1

    def growth(self) -> tuple[int, int, int]:
        """Return what the rounds after the warming up gained: requests, blocks, resident bytes.

        The lowest level of the first of them against the lowest of the last: a peak is no leak.
        """
        warm = int(self.rounds * WARM_UP)
        half = (warm + self.rounds) // 2
        gained = [min(measure[half:]) - min(measure[warm:half]) for measure in (self.blocks, self.resident)]
        return self.requests[-1] - self.requests[warm], gained[0], gained[1]

    def is_flat(self) -> bool:
        """Tell whether nothing has grown."""
        requests, blocks, grown = self.growth()
        return blocks <= self.most_blocks + MOST_PER_REQUEST * requests and grown <= MOST_RESIDENT


def resident() -> int:
    """Return the resident memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def main(soak: Soak, build: str) -> None:
    """Go on as long as the command line says, and end with a line; status 1 if memory grew."""
    parser = argparse.ArgumentParser(description=f"Many requests of {soak.name}, which must leave nothing.")
    parser.add_argument("--seconds", type=float, default=60.0, help="default: %(default)s")
    parser.add_argument("--requests", type=int, help="so many instead, however long they take")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    began = told = time.monotonic()
    while not _is_done(soak, options, time.monotonic() - began):
        soak.go_on(chance)
        if time.monotonic() - told > 10:
            told = time.monotonic()
            _say(soak, f"{told - began:.0f} s, {_state(soak)}")
    requests, blocks, grown = soak.growth()
    verdict = "flat" if soak.is_flat() else "MEMORY GROWS"
    change = f"{blocks:+d} blocks and {grown / 1024:+.0f} KiB in the last {requests} requests"
    _say(soak, f"{build}, {time.monotonic() - began:.0f} s, {_state(soak)}; {change}: {verdict}")
    sys.exit(not soak.is_flat())


def _is_done(soak: Soak, options: argparse.Namespace, seconds: float) -> bool:
    if soak.rounds < ROUNDS:
        return False
    if options.requests is not None:
        return soak.requests[-1] >= int(options.requests)
    return bool(seconds >= options.seconds)


def _state(soak: Soak) -> str:
    return f"{soak.requests[-1]} requests, {soak.blocks[-1]} blocks, {soak.resident[-1] >> 20} MiB"


def _say(soak: Soak, words: str) -> None:
    print(f"{soak.name}: {words}", flush=True)
