"""The compiler's checks of public classes and functions, for the build that is not compiled.

mypyc gives its classes read-only attributes and no others, and checks every argument against its annotation before the
first line of a function runs. Interpreted, Python does none of that: ``event.stream_id = 7`` would change an
event that other connections share, and ``Data("text")`` would be detected much later. A module that defines such names
ends with ``as_compiled(...)`` of them; compiled, that only looks at each once.

Not compiled itself. The messages are those of mypyc, so that one test can check both builds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType, NoneType, UnionType
from typing import Any, Final

_BUILTINS: Final = (bytes, bool, int, str, list, dict, frozenset)
# A check takes an argument and returns it as the compiled function sees it; it raises TypeError.
Check = Callable[[Any], Any]


def as_compiled(*made: Any, narrow: tuple[str, ...] = (), final: tuple[str, ...] = ()) -> None:
    """Make interpreted classes and functions check their arguments, and protect the attributes of the classes.

    Args:
        made: The classes, each with ``__slots__``, and the functions.
        narrow: Which parameters of the functions become machine integers.
        final: Which private attributes of the classes are Final; the public ones all are.
    """
    for item in made:
        if isinstance(item, FunctionType):
            setattr(sys.modules[item.__module__], item.__name__, _checked(item, narrow))
        elif isinstance(item, type) and isinstance(vars(item).get("__init__"), FunctionType):
            _make_strict(item, final)


def _make_strict(cls: type[Any], final: tuple[str, ...]) -> None:
    for name, member in list(vars(cls).items()):
        if isinstance(member, FunctionType) and (name == "__init__" or not name.startswith("_")):
            setattr(cls, name, _checked(member))
    slots: tuple[str, ...] = cls.__slots__
    fixed = {name: vars(cls)[name] for name in slots if not name.startswith("_") or name in final}
    properties = {name for name, member in vars(cls).items() if isinstance(member, property)}
    any_slot = vars(cls)[slots[0]]
    initialize = cls.__init__

    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        if not _is_set(any_slot, self):  # an object is made once
            initialize(self, *args, **keywords)

    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
        if name == "__class__":  # it could become another event with as many attributes, for all that share this one
            raise TypeError(f"__class__ assignment: {cls.__name__!r} objects keep their class")
        if name in properties or (name in fixed and _is_set(fixed[name], self)):
            raise AttributeError(f"attribute {name!r} of {cls.__name__!r} objects is not writable")
        object.__setattr__(self, name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if name in properties or name in slots:
            raise AttributeError(f"attribute {name!r} of {cls.__name__!r} objects is not writable")
        object.__delattr__(self, name)

    __init__.__wrapped__ = initialize  # type: ignore[attr-defined]
    setattr(cls, "__init__", __init__)  # noqa: B010 - mypy knows of no assignment to these
    setattr(cls, "__setattr__", __setattr__)  # noqa: B010
    setattr(cls, "__delattr__", __delattr__)  # noqa: B010


def _is_set(slot: Any, owner: object) -> bool:
    try:
        slot.__get__(owner)
    except AttributeError:
        return False
    return True


def _checked(function: FunctionType, narrow: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Return the function with checks in front; the function itself if there is nothing to check."""
    from functools import wraps
    from typing import get_type_hints

    hints = get_type_hints(function)
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    checks = {name: check for name in names if name in hints and (check := _check_for(hints[name])) is not None}
    if not checks:
        return function
    by_position = [checks.get(name) for name in names[: code.co_argcount]]
    narrow_places = [place for place, name in enumerate(names) if name in narrow]

    @wraps(function)
    def checked(*args: Any, **keywords: Any) -> Any:
        given = [arg if check is None else check(arg) for arg, check in zip(args, by_position, strict=False)]
        given += args[len(given) :]
        for name, value in keywords.items():
            if name in checks:
                keywords[name] = checks[name](value)
        for place in narrow_places:
            if place < len(given) and not -(1 << 63) <= given[place] < 1 << 63:
                raise ValueError("int too large to convert to i64")
        return function(*given, **keywords)

    return checked


def _check_for(annotation: Any) -> Check | None:
    """Return what mypyc does to an argument of this annotation, or ``None`` for nothing."""
    origin = getattr(annotation, "__origin__", annotation)
    options: tuple[Any, ...] = getattr(annotation, "__args__", ())
    if isinstance(annotation, UnionType) or "Union" in repr(origin):
        inner = [option for option in options if option is not NoneType]
        check = _check_for(inner[0])
        if len(inner) > 1 or check is None:
            return None
        return _instance_of(inner[0], check, optional=NoneType in options)
    if origin is tuple and options and options[-1] is not Ellipsis:
        return _instance_of(annotation, _tuple_of([_check_for(option) for option in options]))
    if origin is list and getattr(options[0], "__origin__", None) is tuple:
        # A compiled loop checks each item; here nothing else would.
        return _list_of(_check_for(options[0]))
    if origin is int:
        return _instance_of(int, _plain_int)
    if isinstance(origin, type) and (origin in _BUILTINS or hasattr(origin, "__slots__")) and _is_concrete(origin):
        return _instance_of(origin, lambda value: value if isinstance(value, origin) else _refused())
    return None


def _is_concrete(cls: type[Any]) -> bool:
    return cls in _BUILTINS or cls.__module__.startswith("zttp")


class _RefusedError(Exception):
    """An argument has the wrong type."""


def _refused() -> Any:
    raise _RefusedError


def _plain_int(value: Any) -> int:
    return int.__index__(value) if isinstance(value, int) else _refused()


def _tuple_of(checks: list[Check | None]) -> Check:
    def check_tuple(value: Any) -> Any:
        if not isinstance(value, tuple) or len(value) != len(checks):
            return _refused()
        return tuple(item if check is None else check(item) for item, check in zip(value, checks, strict=True))

    return check_tuple


def _list_of(check_item: Check | None) -> Check:
    def check_list(value: Any) -> Any:
        if not isinstance(value, list):
            raise TypeError(f"list object expected; got {_name_of(value)}")
        if check_item is not None:
            for item in value:
                check_item(item)
        return value

    return check_list


def _instance_of(expected: Any, inner: Check, *, optional: bool = False) -> Check:
    """Return a check that names the expected type."""
    name = _expected_name(expected) + (" or None" if optional else "")

    def check(value: Any) -> Any:
        if value is None and optional:
            return None
        try:
            return inner(value)
        except (_RefusedError, TypeError):
            pass
        raise TypeError(f"{name} object expected; got {_name_of(value)}")

    return check


def _expected_name(expected: Any) -> str:
    if getattr(expected, "__origin__", None) is tuple:
        return f"tuple[{', '.join(_expected_name(option) for option in expected.__args__)}]"
    cls = getattr(expected, "__origin__", expected)
    return cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _name_of(value: object) -> str:
    """Return the name of a value's type as mypyc writes it: tuples with the types of their items."""
    if value is None:
        return "None"
    cls = type(value)
    if cls is not tuple:
        return cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    if len(value) > 10:  # type: ignore[arg-type]
        return f"tuple[<{len(value)} items>]"  # type: ignore[arg-type]
    items = ", ".join(_name_of(item) for item in value)  # type: ignore[attr-defined]
    return f"tuple[{items}]" if items else "tuple["  # so it is
