"""The command line of every fuzzer, and the loop of those whose inputs have a seed and a number."""

import argparse
import faulthandler
import random
import time
from collections.abc import Callable

HANG_SECONDS = 20


class FoundError(Exception):
    """A violated check, and the input that shows it."""


def options_of(documentation: str | None) -> argparse.Namespace:
    """Read the command line, and enable tracebacks of crashes. Without a number of inputs or seconds: a minute."""
    parser = argparse.ArgumentParser(description=documentation.splitlines()[0] if documentation else None)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--start", type=int, default=0, help="number of the first input")
    parser.add_argument("--iterations", type=int, help="how many inputs")
    parser.add_argument("--seconds", type=float, help="for how long (default: 60, if no iterations are given)")
    parser.add_argument("--replay", metavar="SEED:NUMBER", help="one input again")
    options = parser.parse_args()
    if not options.seconds and not options.iterations:
        options.seconds = 60
    faulthandler.enable()
    return options


def named(seed: int, number: int, check: Callable[[random.Random], list[str]]) -> list[str]:
    """Check one input and return the outcome. Raises FoundError with the input's name for ``--replay``."""
    try:
        return check(random.Random(f"{seed}:{number}"))
    except Exception as error:  # every exception that a check does not expect is a finding
        raise FoundError(f"input {seed}:{number}: {error!r}") from error


def run(documentation: str | None, check: Callable[[int, int], list[str]], build: str) -> None:
    """Check the inputs that the command line selects, in order; a finding or a hang ends the program."""
    options = options_of(documentation)
    if options.replay:
        seed, number = map(int, options.replay.split(":"))
        print("\n".join(check(seed, number)))
        return
    began = time.monotonic()
    done = 0
    while done != options.iterations and not (options.seconds and time.monotonic() >= began + options.seconds):
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        check(options.seed, options.start + done)
        done += 1
    faulthandler.cancel_dump_traceback_later()
    print(f"{done} inputs, seed {options.seed}, {build}, {time.monotonic() - began:.1f} s: nothing found")
