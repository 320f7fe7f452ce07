"""A line on a terminal that shows the progress of a transfer."""

from __future__ import annotations

import sys
from time import monotonic

WIDTH = 30
PATIENCE = 0.5  # seconds: a shorter transfer needs no bar
PAUSE = 0.1


def size(count: float) -> str:
    """Format a number of bytes."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


class Progress:
    """The progress line, redrawn as bytes arrive; with a total it has a bar."""

    def __init__(self, total: int | None, *, on: bool) -> None:
        self._total, self._on = total, on
        self._done, self._began, self._drawn = 0, monotonic(), 0.0

    def add(self, count: int) -> None:
        """Record more transferred bytes."""
        self._done += count
        now = monotonic()
        if self._on and now - self._began > PATIENCE and now - self._drawn > PAUSE:
            self._drawn = now
            print(f"\r{self.line(now - self._began)}", end="", file=sys.stderr, flush=True)

    def line(self, seconds: float) -> str:
        """Return the line to draw."""
        speed = f"{size(self._done / seconds if seconds else 0)}/s"
        if not self._total:
            return f"{size(self._done):>10} {speed:>12}"
        share = min(self._done / self._total, 1.0)
        bar = "#" * int(share * WIDTH)
        return f"[{bar:<{WIDTH}}] {share:4.0%} {size(self._done):>10} of {size(self._total)} {speed:>12}"

    def close(self) -> None:
        """End the line, if there is one."""
        if self._drawn:
            print(f"\r{self.line(monotonic() - self._began)}", file=sys.stderr, flush=True)
