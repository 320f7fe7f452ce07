"""The context of early data in a ticket: numbers that must not have decreased since (RFC 8446 4.2.10).

RFC 9000 7.4.1 and RFC 9114 7.2.4.2 allow limits to grow between two connections but not to shrink; a value that must be
equal is there twice, once directly and once subtracted from the maximum.
"""

from typing import Final

_SIZE: Final = 8
_TOP: Final = 1 << 62


def write_context(limits: list[int], fixed: list[int]) -> bytes:
    """Return the context of limits, which may grow, and of values that may only change from 0."""
    numbers = list(limits)
    for value in fixed:
        numbers.append(value)
        numbers.append(_TOP - value if value else 0)
    return b"".join([number.to_bytes(_SIZE, "big") for number in numbers])


def still_holds(before: bytes, now: bytes) -> bool:
    """Return whether early data under one context is within another."""
    if before == now:
        return True
    if len(before) != len(now) or len(now) % _SIZE != 0:
        return False
    # Numbers of one size in this byte order compare like their bytes.
    return all(before[at : at + _SIZE] <= now[at : at + _SIZE] for at in range(0, len(now), _SIZE))
