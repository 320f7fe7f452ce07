"""The two roles and the protocol names, which are their ALPN identifiers (RFC 7301 6)."""

from typing import Final, Literal

SERVER: Final[Literal[1]] = 1
CLIENT: Final[Literal[2]] = 2

HTTP1: Final[Literal["http/1.1"]] = "http/1.1"
HTTP2: Final[Literal["h2"]] = "h2"
HTTP3: Final[Literal["h3"]] = "h3"
