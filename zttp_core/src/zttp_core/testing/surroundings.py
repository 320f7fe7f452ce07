"""Replacements for system sources that a connection gets: entropy, the time of day, a session to resume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

EPOCH: Final = 1_790_000_000.0  # seconds: a moment in 2026, the same in every run


@dataclass(frozen=True)
class Surroundings:
    """Values that a suite passes to its connections as options, if its protocol has such options.

    Attributes:
        entropy: Returns the requested number of bytes; the same ones in every run.
        wall_clock: Returns the time of day, in seconds since the epoch; the same in every run.
        session: The result of ``Subject.session_of`` for an earlier connection, if this one resumes it.
    """

    entropy: Callable[[int], bytes]
    wall_clock: Callable[[], float]
    session: Any = None


def surroundings(role: int, wall_time: float = EPOCH, session: Any = None, salt: str = "") -> Surroundings:
    """Return the surroundings of a connection: with the same ones and the same input it behaves in the same way."""
    return Surroundings(Random(f"zttp {role} {salt}").randbytes, lambda: wall_time, session)  # noqa: S311
