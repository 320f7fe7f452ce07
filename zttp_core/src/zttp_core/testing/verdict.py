"""How a test fails: with one sentence that names the rule, without a traceback through the kit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import pytest

from zttp_core.errors import ProtocolError

_LONGEST: Final = 600


def fail(message: str) -> NoReturn:
    """End the test: the protocol does not conform."""
    __tracebackhide__ = True
    pytest.fail(message, pytrace=False)


def not_applicable(reason: str) -> NoReturn:
    """End the test: the rule does not apply to this protocol."""
    __tracebackhide__ = True
    pytest.skip(reason)


@contextmanager
def telling(who: object) -> Iterator[None]:
    """End the test with a sentence if anything other than an error of the contract is raised; those are passed on."""
    __tracebackhide__ = True
    try:
        yield
    except ProtocolError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        fail(f"{who} raised {type(error).__name__}: {excerpt(error)}")


def excerpt(value: object) -> str:
    """Return the repr of a value, shortened in the middle if it is long."""
    text = repr(value)
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]}"
