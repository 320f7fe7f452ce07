"""Protocols that break one rule of the plugin contract each, with the test that must detect it, and its message."""

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
        message: Its message, as a regular expression.
        descriptor: Changes to the descriptor of the good protocol.
        suite: Changes to the suite of the good protocol.
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
