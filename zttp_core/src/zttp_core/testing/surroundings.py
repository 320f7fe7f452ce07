"""What is handed to a connection in place of the system's own: entropy, the time of day, a session to resume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

EPOCH: Final = 1_790_000_000.0  # seconds: a moment in 2026, the same in every run


@dataclass(frozen=True)
class Surroundings:
    """What a suite passes on to its connections as options, where its protocol has such options.

    Attributes:
        entropy: Gives as many bytes as it is asked for; the same ones in every run.
        wall_clock: Gives the time of day, in seconds since the epoch; the same one in every run.
        session: What ``Subject.session_of`` returned for an earlier connection, where this one resumes it.
    """

    entropy: Callable[[int], bytes]
    wall_clock: Callable[[], float]
    session: Any = None


def surroundings(role: int, wall_time: float = EPOCH, session: Any = None, salt: str = "") -> Surroundings:
    """Return the surroundings of a connection: with the same ones and the same input it does the same."""
    return Surroundings(Random(f"zttp {role} {salt}").randbytes, lambda: wall_time, session)  # noqa: S311
