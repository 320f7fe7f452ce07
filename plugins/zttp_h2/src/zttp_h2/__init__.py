"""zttp-h2: HTTP/2 (RFC 9113, RFC 7541, RFC 8441, RFC 9218) for zttp."""

from zttp_h2 import connection as _connection
from zttp_h2.connection import H2Connection
from zttp_h2.limits import H2Limits
from zttp_h2.stream import Stream

# Whether this installation runs the compiled modules.
COMPILED = not _connection.__file__.endswith(".py")

__all__ = ["COMPILED", "H2Connection", "H2Limits", "Stream"]
