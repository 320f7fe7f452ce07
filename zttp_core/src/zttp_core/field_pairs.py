"""Fields as a caller gives them, made into what the library works with: a list of ``(name, value)`` tuples of bytes.

ASGI applications send pairs as lists, proxies send a block on, generators send what they find: all of that is taken
once, here, and nothing else has to know of it. A plugin hands a ``list`` on untouched where its loop over
``list[tuple[bytes, bytes]]`` is compiled, and comes here for everything that the loop refuses.
"""

from collections.abc import Sequence
from typing import Any


def field_pairs(fields: Any) -> list[tuple[bytes, bytes]]:
    """Return the pairs of any iterable as a new list of tuples; a pair is any sequence of two ``bytes``.

    Raises TypeError for anything else, and what the iterable itself raises.
    """
    pairs: list[tuple[bytes, bytes]] = []
    for item in fields:
        pairs.append(_pair(item))
    return pairs


def _pair(item: Any) -> tuple[bytes, bytes]:
    # What a tuple or list of somebody's own iterates is what counts, in both builds.
    pair: tuple[Any, ...] = tuple(item) if isinstance(item, (tuple, list, Sequence)) else ()
    if len(pair) != 2:
        raise TypeError(f"a field must be a (name, value) pair of bytes, got {_described(item, pair)}")
    name, value = pair
    if not isinstance(name, bytes) or not isinstance(value, bytes):
        raise TypeError(f"a field must be a (name, value) pair of bytes, got {_described(item, pair)}")
    return _plain(name), _plain(value)


def _plain(value: bytes) -> bytes:
    """Return the same bytes without whatever a subclass adds."""
    return value if type(value) is bytes else b"".join((value,))


def _described(item: object, pair: tuple[Any, ...]) -> str:
    """Say of what type something is that is no pair; never what is in it: it may be long, secret, or raise."""
    if len(pair) != 2:
        return type(item).__name__
    return f"({type(pair[0]).__name__}, {type(pair[1]).__name__})"
