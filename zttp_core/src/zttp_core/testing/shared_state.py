"""Mutable objects that two connections share: lists, dicts and the like, on the class or in both."""

from __future__ import annotations

import sys
from array import array
from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

_CONTAINERS: Final = (list, dict, set, bytearray, deque, array)
_CACHES: Final = type(cache(len))
_DEEPEST: Final = 4


def common(one: Any, other: Any) -> dict[str, Any]:
    """Return the mutable objects that both connections can reach, by path."""
    there = {id(value) for _, value in _reachable(other)}
    found = {path: value for path, value in _reachable(one) if id(value) in there}
    for owner in type(one).__mro__:
        if _is_foreign(owner):
            continue
        for name, value in vars(owner).items():
            if not name.startswith("__") and (isinstance(value, _CONTAINERS) or not callable(value)):
                found[f"{owner.__name__}.{name}"] = value
    return found


def changes(before: dict[str, Any], kept: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the paths of shared objects that have changed.

    Args:
        before: The objects that were shared.
        kept: Copies of that, by ``copied``.
        after: The objects that are shared now.
    """
    changed = []
    for path, value in after.items():
        if path not in before:
            if "." in path and path[0].isupper():
                changed.append(path)
        elif before[path] is not value or (isinstance(value, _CONTAINERS) and kept[path] != _shallow(value)):
            changed.append(path)
    return changed


def kept_by_package(checked: type[Any]) -> dict[str, int]:
    """Return the sizes of the containers and unlimited caches in the modules of a class's package, by name."""
    package = checked.__module__.rpartition(".")[0] or checked.__module__
    held = {}
    for name, module in list(sys.modules.items()):
        if name != package and name != checked.__module__ and not name.startswith(f"{package}."):
            continue
        for attribute, value in list(getattr(module, "__dict__", {}).items()):
            if attribute.startswith("__") or is_of_python(value):
                continue
            if isinstance(value, _CONTAINERS):
                held[f"{name}.{attribute}"] = len(value)
            elif isinstance(value, _CACHES) and value.cache_info().maxsize is None:
                held[f"{name}.{attribute}"] = value.cache_info().currsize
    return held


def is_of_python(value: Any) -> bool:
    """Return whether a container is one that Python puts into every module."""
    return isinstance(value, dict) and "__builtins__" in value


def copied(found: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the content, for later comparison."""
    return {path: _shallow(value) for path, value in found.items() if isinstance(value, _CONTAINERS)}


def _shallow(value: Any) -> object:
    if isinstance(value, dict):
        return [(id(key), id(item)) for key, item in value.items()]
    return bytes(value) if isinstance(value, bytearray | array) else [id(item) for item in value]


def _reachable(start: Any) -> Iterator[tuple[str, Any]]:
    """Yield the containers that an object holds, and those of the objects of its package that it holds."""
    package = type(start).__module__.partition(".")[0]
    waiting = [("", start, 0)]
    seen = set()
    while waiting:
        path, value, depth = waiting.pop()
        if id(value) in seen or depth > _DEEPEST:
            continue
        seen.add(id(value))
        for name, held in _attributes(value):
            where = f"{path}.{name}" if path else name
            if isinstance(held, _CONTAINERS):
                yield where, held
            elif type(held).__module__.partition(".")[0] == package and not isinstance(held, type):
                waiting.append((where, held, depth + 1))


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(value, "__dict__", {}).items()
    for owner in type(value).__mro__:
        slots = vars(owner).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(value, name):
                yield name, getattr(value, name)


def _is_foreign(owner: type[Any]) -> bool:
    package = owner.__module__.partition(".")[0]
    return package in sys.stdlib_module_names or package in ("zttp", "zttp_core")
