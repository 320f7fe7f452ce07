"""zttp-h1: HTTP/1.1 (RFC 9110, RFC 9112) for zttp."""

from typing import TYPE_CHECKING

from zttp_core.lazy_attributes import lazy_attributes

if TYPE_CHECKING:
    from zttp_h1.connection import H1Connection as H1Connection
    from zttp_h1.limits import H1Limits as H1Limits

    COMPILED: bool  # whether this installation is compiled

__all__ = ["COMPILED", "H1Connection", "H1Limits"]

__getattr__ = lazy_attributes(
    __name__,
    {"H1Connection": "zttp_h1.connection", "H1Limits": "zttp_h1.limits"},
    "zttp_h1.connection",
)
