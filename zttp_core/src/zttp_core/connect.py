"""The function behind ``Connection(...)``. Compiled, because it makes every connection."""

from typing import Any, Final

from zttp_core.makers import check_options, checked_role, prepare
from zttp_core.registry import REGISTRY

_MAKERS: Final[dict[object, Any]] = REGISTRY.makers
_USUAL_MAKER: Final[list[Any]] = REGISTRY.usual_maker
_DEFAULT: Final = "http/1.1"  # zttp_core.constants.HTTP1
_SERVER: Final[object] = 1
_CLIENT: Final[object] = 2


def connect(role: object, protocol: object = _DEFAULT, **options: Any) -> Any:
    """Return a new connection of the protocol. ``Connection`` documents the errors."""
    make: Any = None
    if protocol is _DEFAULT:
        make = _USUAL_MAKER[0]
    # A key that equals a spelling is not always one: True equals 1, and a class of the caller decides what it equals.
    # Such keys are looked up anew each time, and so have the same result each time.
    elif type(protocol) is str or type(protocol) is int or protocol is None:
        make = _MAKERS.get(protocol)
    if make is None:
        make = prepare(protocol)
    if role is not _SERVER and role is not _CLIENT:
        role = checked_role(role)
    if not options:
        return make(role)
    try:
        return make(role, **options)
    except TypeError:
        check_options(protocol, options)
        raise
