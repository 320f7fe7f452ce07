"""Protocols that break one rule of the plugin contract each, with the test that has to notice and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """A bad protocol.

    Attributes:
        connection: Its connection.
        test: The test of the kit that fails.
        message: What it says, as a regular expression.
        descriptor: What its descriptor says beyond that of the good protocol.
        suite: What its suite says beyond that of the good protocol.
    """

    connection: Any
    test: str
    message: str
    descriptor: dict[str, Any] = field(default_factory=dict)
    suite: dict[str, Any] = field(default_factory=dict)


SAMPLES: list[Sample] = []


def bad(
    test: str, message: str, descriptor: dict[str, Any] | None = None, **suite: Any
) -> Callable[[type[Any]], type[Any]]:
    """Add a class to the samples."""

    def add(connection: type[Any]) -> type[Any]:
        SAMPLES.append(Sample(connection, test, message, descriptor or {}, suite))
        return connection

    return add
