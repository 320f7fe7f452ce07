"""Converts the fields of a caller into a list of ``(name, value)`` tuples of bytes.

ASGI applications send pairs as lists, proxies forward a block, others use generators: all of that is converted once,
here. If a plugin's loop over ``list[tuple[bytes, bytes]]`` is compiled, it passes a ``list`` unchanged, and calls this
module for everything that the loop refuses.
"""

from collections.abc import Sequence
from typing import Any


def field_pairs(fields: Any) -> list[tuple[bytes, bytes]]:
    """Return the pairs of any iterable as a new list of tuples; a pair is any sequence of two ``bytes``.

    Raises TypeError for anything else, and passes on errors of the iterable itself.
    """
    pairs: list[tuple[bytes, bytes]] = []
    for item in fields:
        pairs.append(_pair(item))
    return pairs


def _pair(item: Any) -> tuple[bytes, bytes]:
    # For a subclass of tuple or list, its iteration counts, in both builds.
    pair: tuple[Any, ...] = tuple(item) if isinstance(item, (tuple, list, Sequence)) else ()
    if len(pair) != 2:
        raise TypeError(f"a field must be a (name, value) pair of bytes, got {_described(item, pair)}")
    name, value = pair
    if not isinstance(name, bytes) or not isinstance(value, bytes):
        raise TypeError(f"a field must be a (name, value) pair of bytes, got {_described(item, pair)}")
    return _plain(name), _plain(value)


def _plain(value: bytes) -> bytes:
    """Return the same bytes, without the additions of a subclass."""
    return value if type(value) is bytes else b"".join((value,))


def _described(item: object, pair: tuple[Any, ...]) -> str:
    """Return the type of something that is not a pair, but never its content: it may be long, secret, or raise."""
    if len(pair) != 2:
        return type(item).__name__
    return f"({type(pair[0]).__name__}, {type(pair[1]).__name__})"
