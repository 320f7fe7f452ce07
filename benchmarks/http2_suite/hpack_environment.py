"""Where the `hpack` package lies: in an environment of its own, lent to every process of the suite."""

from pathlib import Path

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".build/bench/hpack"
REQUIREMENTS = ("hpack==4.2.0",)
