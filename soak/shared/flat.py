"""Check that memory is flat: a soak test runs many rounds, and after the warm-up no round may leave memory behind.

Two measures, each after a collection: blocks of Python's allocator, which has all our objects, and the resident memory
of the process, which includes that of C and Rust libraries. The test is a process of its own, with nothing else in it.
"""

import argparse
import gc
import random
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path

WARM_UP = 0.4  # of the rounds: caches fill, the allocator gets its arenas
MOST_BLOCKS = 100  # by which the other rounds may grow, however many...
MOST_PER_REQUEST = 0.02  # ...and for each request: a leak of one block for each is fifty times as much
MOST_RESIDENT = 6 << 20  # bytes: arenas that are partly used
ROUNDS = 10  # at least
PAGE = 4096


class Soak:
    """The soak test of one protocol: ``round_`` does some of everything, and returns the number of requests."""

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
        """Run a round, and measure."""
        if self.warm_up is not None and not self.rounds:
            self.warm_up(chance)
        done = self.round(chance)
        gc.collect()
        self.requests.append(done + (self.requests[-1] if self.rounds else 0))
        self.blocks.append(sys.getallocatedblocks())
        self.resident.append(resident())
        self.rounds += 1

    def growth(self) -> tuple[int, int, int]:
        """Return the growth in the rounds after the warm-up: requests, blocks, resident bytes.

        It compares the lowest level of the first of them with the lowest of the last: a peak is not a leak.
        """
        warm = int(self.rounds * WARM_UP)
        half = (warm + self.rounds) // 2
        gained = [min(measure[half:]) - min(measure[warm:half]) for measure in (self.blocks, self.resident)]
        return self.requests[-1] - self.requests[warm], gained[0], gained[1]

    def is_flat(self) -> bool:
        """Return whether nothing has grown."""
        requests, blocks, grown = self.growth()
        return blocks <= self.most_blocks + MOST_PER_REQUEST * requests and grown <= MOST_RESIDENT


def resident() -> int:
    """Return the resident memory of this process; 0 if the system does not report it."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def main(soak: Soak, build: str) -> None:
    """Run as long as the command line says, and print a result; status 1 if memory grew."""
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
