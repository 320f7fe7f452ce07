"""What callers give, made into what the rest works with."""

from typing import Any, Final

from zttp_core import field_pairs as core
from zttp_h3.native_ints import i64

_LARGEST: Final = 1 << 62

_field_pairs: Final[Any] = core.field_pairs


def listed(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return any fields as a list of pairs. Raises TypeError for what are none."""
    if headers is None:
        return []
    pairs: list[tuple[bytes, bytes]] = _field_pairs(headers)
    return pairs


def owned(data: Any) -> bytes:
    """Return any buffer as bytes that nobody else changes. Raises TypeError for what is none."""
    return data if isinstance(data, bytes) else bytes(memoryview(data))


def clamped(number: int) -> i64:
    """Return a number that 64 bits hold: itself, or one that is as far out of every range."""
    return max(-_LARGEST, min(number, _LARGEST))
