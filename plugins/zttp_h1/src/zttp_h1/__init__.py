"""zttp-h1: HTTP/1.1 (RFC 9110, RFC 9112) for zttp."""

from zttp_h1 import connection as _connection
from zttp_h1.connection import H1Connection
from zttp_h1.limits import H1Limits

# Whether this installation runs the compiled modules.
COMPILED = not _connection.__file__.endswith(".py")

__all__ = ["COMPILED", "H1Connection", "H1Limits"]
