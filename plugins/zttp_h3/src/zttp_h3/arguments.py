"""Converts the arguments of callers for the rest of the package."""

from typing import Any, Final

from zttp_core import field_pairs as core
from zttp_h3.native_ints import i64

_LARGEST: Final = 1 << 62

_field_pairs: Final[Any] = core.field_pairs


def listed(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return any fields as a list of pairs. Raises TypeError for anything else."""
    if headers is None:
        return []
    pairs: list[tuple[bytes, bytes]] = _field_pairs(headers)
    return pairs


def owned(data: Any) -> bytes:
    """Return any buffer as immutable bytes. Raises TypeError for anything else."""
    return data if isinstance(data, bytes) else bytes(memoryview(data))


def clamped(number: int) -> i64:
    """Return a number that 64 bits hold: itself, or one that is also out of every range."""
    return max(-_LARGEST, min(number, _LARGEST))
