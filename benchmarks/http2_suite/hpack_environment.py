"""The environment of the `hpack` package, which every process of the suite uses."""

from pathlib import Path

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".build/bench/hpack"
REQUIREMENTS = ("hpack==4.2.0",)
