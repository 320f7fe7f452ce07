"""The most common field names, as ready objects.

A name that is sliced out of a message and lower-cased costs two objects; a name found here costs none.
"""

from typing import Final

from zttp_core.messages.grammar import LOWER_TABLE
from zttp_core.native_ints import i64
from zttp_core.vocabulary import Vocabulary

# Ordered by frequency. Spelled as by HTTP/1.1 peers; the lower-case form is added to each.
_SPELLINGS: Final = (
    b"Host User-Agent Accept Accept-Encoding Accept-Language Connection Content-Length Content-Type Cookie Referer "
    b"Cache-Control Upgrade-Insecure-Requests Sec-Fetch-Site Sec-Fetch-Mode Sec-Fetch-Dest Sec-Fetch-User sec-ch-ua "
    b"sec-ch-ua-mobile sec-ch-ua-platform Origin Authorization X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host "
    b"X-Forwarded-Port X-Real-IP X-Request-ID X-Request-Id Via Forwarded Priority Pragma DNT TE Expect Range "
    b"If-None-Match If-Modified-Since Transfer-Encoding Upgrade Date Server Location Set-Cookie ETag Etag Expires "
    b"Last-Modified Vary Age Allow Accept-Ranges Content-Encoding Content-Language Content-Disposition Content-Range "
    b"Content-Location Content-Security-Policy Strict-Transport-Security X-Content-Type-Options X-Frame-Options "
    b"X-XSS-Protection Referrer-Policy Permissions-Policy Access-Control-Allow-Origin Access-Control-Allow-Methods "
    b"Access-Control-Allow-Headers Access-Control-Allow-Credentials Access-Control-Expose-Headers "
    b"Access-Control-Max-Age Access-Control-Request-Method Access-Control-Request-Headers Keep-Alive Trailer "
    b"WWW-Authenticate Www-Authenticate Proxy-Authenticate Proxy-Authorization Proxy-Connection Retry-After Link "
    b"Alt-Svc If-Match If-Unmodified-Since If-Range Max-Forwards From Warning Refresh Server-Timing "
    b"Timing-Allow-Origin Traceparent Tracestate X-Amzn-Trace-Id X-Cache X-Powered-By X-Requested-With X-CSRF-Token "
    b"X-Api-Key Sec-WebSocket-Key Sec-WebSocket-Version Sec-WebSocket-Protocol Sec-WebSocket-Extensions "
    b"Sec-WebSocket-Accept Sec-GPC Early-Data HTTP2-Settings Purpose Save-Data Accept-Charset Digest CF-Ray "
    b"CF-Connecting-IP CF-IPCountry CDN-Loop Cross-Origin-Opener-Policy Cross-Origin-Resource-Policy NEL Report-To"
)

# Fields of HTTP/2 and HTTP/3 only are lower-case on the wire, so they have one spelling.
LOWER: Final = LOWER_TABLE


def _spellings() -> list[bytes]:
    names: list[bytes] = []
    for name in _SPELLINGS.split():
        names.append(name)
        lower = name.translate(LOWER)
        if lower != name:
            names.append(lower)
    return names


NAMES: Final = _spellings()
LOWER_NAMES: Final = [name.translate(LOWER) for name in NAMES]
FIELD_NAMES: Final = Vocabulary(NAMES, [0] * len(NAMES))


def lower_name(name: bytes) -> bytes:
    """Return the name in lower case: the same object if it is already, as most are."""
    end: i64 = len(name)
    at: i64 = 0
    while at < end:
        if 65 <= name[at] <= 90:
            return name.translate(LOWER)
        at += 1
    return name
