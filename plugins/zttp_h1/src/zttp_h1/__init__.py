"""zttp-h1: HTTP/1.1 (RFC 9110, RFC 9112) for zttp.

What this package offers is imported when it is first asked for: to look at the description of the protocol, in
``plugin``, costs nothing of it.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zttp_h1.connection import H1Connection as H1Connection
    from zttp_h1.limits import H1Limits as H1Limits

    COMPILED: bool  # whether this installation runs the compiled modules

__all__ = ["COMPILED", "H1Connection", "H1Limits"]

_HOME: Final = {"H1Connection": "zttp_h1.connection", "H1Limits": "zttp_h1.limits"}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "COMPILED":
        value: object = not str(import_module("zttp_h1.connection").__file__).endswith(".py")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'zttp_h1' has no attribute {name!r}", name=name)
    globals()[name] = value
    return value
