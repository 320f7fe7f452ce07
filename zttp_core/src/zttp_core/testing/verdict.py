"""How a test says no: one sentence that names the rule, without a traceback through the kit."""

from __future__ import annotations

from typing import Final, NoReturn

import pytest

_LONGEST: Final = 600


def fail(message: str) -> NoReturn:
    """End the test: the protocol does not conform."""
    __tracebackhide__ = True
    pytest.fail(message, pytrace=False)


def not_applicable(reason: str) -> NoReturn:
    """End the test: the rule does not concern this protocol."""
    __tracebackhide__ = True
    pytest.skip(reason)


def excerpt(value: object) -> str:
    """Return the repr of a value, shortened in the middle if it is long."""
    text = repr(value)
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]}"
