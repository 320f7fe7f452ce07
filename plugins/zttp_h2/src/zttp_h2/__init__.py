"""zttp-h2: HTTP/2 (RFC 9113, RFC 7541, RFC 8441, RFC 9218) for zttp."""

from typing import TYPE_CHECKING

from zttp_core.lazy_attributes import lazy_attributes

if TYPE_CHECKING:
    from zttp_h2.connection import H2Connection as H2Connection
    from zttp_h2.limits import H2Limits as H2Limits
    from zttp_h2.stream import Stream as Stream

    COMPILED: bool  # whether this installation is compiled

__all__ = ["COMPILED", "H2Connection", "H2Limits", "Stream"]

__getattr__ = lazy_attributes(
    __name__,
    {"H2Connection": "zttp_h2.connection", "H2Limits": "zttp_h2.limits", "Stream": "zttp_h2.stream"},
    "zttp_h2.connection",
)
