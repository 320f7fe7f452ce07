"""What ``Connection(...)`` calls. Compiled: it stands in front of every connection."""

from typing import Any, Final

from zttp_core.makers import make_with_options, prepare
from zttp_core.registry import REGISTRY

_MAKERS: Final[dict[object, Any]] = REGISTRY.makers
_DEFAULT: Final = "http/1.1"  # zttp_core.constants.HTTP1
_SERVER: Final[object] = 1
_CLIENT: Final[object] = 2


def connect(role: object, protocol: object = _DEFAULT, **options: Any) -> Any:
    """Return a new connection of the protocol. ``Connection`` says what can be raised."""
    make: Any = None
    if protocol is None or isinstance(protocol, (str, int)):
        make = _MAKERS.get(protocol)
    if make is None:
        make = prepare(protocol)
    if role is not _SERVER and role is not _CLIENT and role != _SERVER and role != _CLIENT:
        raise ValueError(f"role must be zttp.SERVER (1) or zttp.CLIENT (2), got {role!r}")
    if options:
        return make_with_options(make, role, protocol, options)
    return make(role)
