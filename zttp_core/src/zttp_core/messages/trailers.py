"""Fields that are not allowed in a trailer section (RFC 9110 6.5.1)."""

from typing import Final

from zttp_core.messages.grammar import lower

# Fields that frame, route, authenticate, modify or control a message come too late there, and merging them with the
# header fields is dangerous (RFC 9110 6.5.1, 6.5.2).
FORBIDDEN_TRAILERS: Final = frozenset(
    (
        b"authorization",
        b"cache-control",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"expect",
        b"host",
        b"keep-alive",
        b"max-forwards",
        b"pragma",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"range",
        b"set-cookie",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"www-authenticate",
    )
)


def may_be_trailer(name: bytes) -> bool:
    """Return whether a field of this name, in any case, may be in a trailer section."""
    return lower(name) not in FORBIDDEN_TRAILERS
