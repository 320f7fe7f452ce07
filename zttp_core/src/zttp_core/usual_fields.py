"""The most common whole fields, as ready pairs of name and value.

A field that is found here costs no object. They are the fields of QPACK's static table (RFC 9204, Appendix A) that
HTTP/1.1 has, too, and fields that browsers, clients and servers have made common since.
"""

from typing import Any, Final

from zttp_core.field_names import LOWER_NAMES, NAMES
from zttp_core.vocabulary import Vocabulary

_USUAL: Final = {
    b"accept": (
        b"*/*",
        b"application/json",
        b"application/json, text/plain, */*",
        b"application/dns-message",
        b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        b"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
        b"text/css,*/*;q=0.1",
        b"text/event-stream",
    ),
    b"accept-encoding": (
        b"gzip",
        b"gzip, deflate",
        b"gzip, deflate, br",
        b"gzip, deflate, br, zstd",
        b"gzip, br",
        b"identity",
    ),
    b"accept-language": (b"*", b"en", b"en-US", b"en-US,en;q=0.5", b"en-US,en;q=0.9"),
    b"accept-ranges": (b"bytes", b"none"),
    b"access-control-allow-credentials": (b"true", b"false"),
    b"access-control-allow-headers": (b"*", b"content-type", b"cache-control"),
    b"access-control-allow-methods": (b"GET", b"OPTIONS", b"GET, POST, OPTIONS"),
    b"access-control-allow-origin": (b"*",),
    b"access-control-request-headers": (b"content-type", b"authorization", b"authorization,content-type"),
    b"access-control-request-method": (b"GET", b"POST", b"PUT", b"DELETE", b"PATCH"),
    b"age": (b"0",),
    b"alt-svc": (b"clear",),
    b"cache-control": (
        b"no-cache",
        b"no-store",
        b"max-age=0",
        b"max-age=604800",
        b"max-age=2592000",
        b"private",
        b"public, max-age=31536000",
        b"public, max-age=31536000, immutable",
    ),
    b"connection": (b"keep-alive", b"close", b"Keep-Alive", b"Close", b"Upgrade", b"upgrade"),
    b"content-encoding": (b"gzip", b"br", b"zstd"),
    b"content-length": (b"0",),
    b"content-type": (
        b"application/json",
        b"application/json; charset=utf-8",
        b"application/x-www-form-urlencoded",
        b"application/octet-stream",
        b"application/javascript",
        b"application/dns-message",
        b"application/grpc",
        b"text/html",
        b"text/html; charset=utf-8",
        b"text/plain",
        b"text/plain; charset=utf-8",
        b"text/plain;charset=utf-8",
        b"text/css",
        b"text/event-stream",
        b"image/gif",
        b"image/jpeg",
        b"image/png",
        b"image/webp",
    ),
    b"dnt": (b"1",),
    b"early-data": (b"1",),
    b"expect": (b"100-continue",),
    b"keep-alive": (b"timeout=5", b"timeout=60"),
    b"pragma": (b"no-cache",),
    b"priority": (b"u=0, i", b"u=1", b"u=1, i", b"u=2", b"u=3", b"u=4", b"u=5, i", b"i"),
    b"purpose": (b"prefetch",),
    b"range": (b"bytes=0-",),
    b"referrer-policy": (b"no-referrer", b"same-origin", b"strict-origin-when-cross-origin"),
    b"sec-ch-ua-mobile": (b"?0", b"?1"),
    b"sec-ch-ua-platform": (b'"Windows"', b'"macOS"', b'"Linux"', b'"Android"', b'"iOS"', b'"Chrome OS"'),
    b"sec-fetch-dest": (b"document", b"empty", b"image", b"script", b"style", b"font", b"iframe", b"worker"),
    b"sec-fetch-mode": (b"navigate", b"cors", b"no-cors", b"same-origin", b"websocket"),
    b"sec-fetch-site": (b"none", b"same-origin", b"same-site", b"cross-site"),
    b"sec-fetch-user": (b"?1",),
    b"sec-gpc": (b"1",),
    b"sec-websocket-extensions": (b"permessage-deflate", b"permessage-deflate; client_max_window_bits"),
    b"sec-websocket-version": (b"13",),
    b"strict-transport-security": (
        b"max-age=31536000",
        b"max-age=31536000; includeSubDomains",
        b"max-age=31536000; includeSubDomains; preload",
        b"max-age=63072000; includeSubDomains; preload",
    ),
    b"te": (b"trailers",),
    b"timing-allow-origin": (b"*",),
    b"transfer-encoding": (b"chunked",),
    b"upgrade": (b"websocket", b"h2c"),
    b"upgrade-insecure-requests": (b"1",),
    b"vary": (b"Accept-Encoding", b"accept-encoding", b"Origin", b"origin", b"Accept"),
    b"x-content-type-options": (b"nosniff",),
    b"x-forwarded-port": (b"443", b"80"),
    b"x-forwarded-proto": (b"https", b"http"),
    b"x-frame-options": (b"DENY", b"deny", b"SAMEORIGIN", b"sameorigin"),
    b"x-requested-with": (b"XMLHttpRequest",),
    b"x-xss-protection": (b"0", b"1; mode=block"),
}


def _values() -> tuple[list[bytes], list[int]]:
    """Every value, and the number of its field's name: one for each spelling of the name."""
    values: list[bytes] = []
    numbers: list[int] = []
    for number, name in enumerate(LOWER_NAMES):
        for value in _USUAL.get(name, ()):
            values.append(value)
            numbers.append(number)
    return values, numbers


_VALUES, _NAME_NUMBERS = _values()

HAS_USUAL: Final = bytes([name in _USUAL for name in LOWER_NAMES])  # whether there is a name of that number

# The kind of a value is its field's name, so it is found only with a spelling of that name.
FIELD_VALUES: Final = Vocabulary(_VALUES, _NAME_NUMBERS)
FIELDS: Final[list[Any]] = [(NAMES[number], value) for value, number in zip(_VALUES, _NAME_NUMBERS, strict=True)]
LOWER_FIELDS: Final[list[Any]] = [
    (LOWER_NAMES[number], value) for value, number in zip(_VALUES, _NAME_NUMBERS, strict=True)
]
