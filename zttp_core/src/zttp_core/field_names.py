"""The field names that nearly every message carries, as ready objects.

A name that is sliced out of a message and lower-cased costs two objects; a name found here costs none. The table is
made once, at import, and never changes. It is direct-mapped: a name is hashed from its first and last eight bytes and
its length, and where two names meet in one slot the one named first below stays.
"""

from typing import Final

from librt.strings import BytesWriter, read_i16_le, read_i64_le, write_i16_le, write_i64_le

from zttp_core.native_ints import i64

# Ordered by how often they are seen. Spelled as HTTP/1.1 peers spell them; the lower-case form is added to each.
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

# Fields that only HTTP/2 and HTTP/3 carry are lower-case on the wire, and so is their one spelling.
LOWER: Final = bytes(
    [byte + 32 if 65 <= byte <= 90 else byte for byte in range(256)]
)  # A-Z to a-z, for bytes.translate

_SLOTS: Final = 2048
_LOW_BYTES: Final = b"".join(
    [((1 << (8 * count)) - 1).to_bytes(8, "little") for count in range(8)]
)  # masks of 0..7 bytes


def _slot(first: i64, last: i64, length: i64) -> i64:
    return (first ^ (first >> 17) ^ (first >> 37) ^ (last >> 5) ^ (last >> 29) ^ (length << 3)) & 2047


def _first_word(raw: bytes, start: i64, length: i64) -> i64:
    word = read_i64_le(raw, start)
    return word if length >= 8 else word & read_i64_le(_LOW_BYTES, length * 8)


def _last_word(raw: bytes, start: i64, length: i64) -> i64:
    return read_i64_le(raw, start + length - 8) if length >= 8 else i64(0)


def _spellings() -> list[bytes]:
    names: list[bytes] = []
    for name in _SPELLINGS.split():
        names.append(name)
        lower = name.translate(LOWER)
        if lower != name:
            names.append(lower)
    return names


def _slots_of(names: list[bytes]) -> bytes:
    """The direct-mapped table: for each slot the number of its name plus one, or 0."""
    slots = [0] * _SLOTS
    for number, name in enumerate(names):
        padded = name + bytes(8)
        slot = _slot(_first_word(padded, 0, len(name)), _last_word(padded, 0, len(name)), len(name))
        if slots[slot] == 0:
            slots[slot] = number + 1
    writer = BytesWriter()
    for entry in slots:
        write_i16_le(writer, entry)
    return writer.getvalue()


def _words_of(names: list[bytes]) -> bytes:
    """First word, last word and length of every name, 24 bytes each."""
    writer = BytesWriter()
    for name in names:
        padded = name + bytes(8)
        write_i64_le(writer, _first_word(padded, 0, len(name)))
        write_i64_le(writer, _last_word(padded, 0, len(name)))
        write_i64_le(writer, len(name))
    return writer.getvalue()


NAMES: Final = _spellings()
LOWER_NAMES: Final = [name.translate(LOWER) for name in NAMES]
_TABLE: Final = _slots_of(NAMES)
_WORDS: Final = _words_of(NAMES)


def known_name(raw: bytes, start: i64, length: i64, first: i64) -> i64:
    """Return the number of the name at ``raw[start:start + length]`` in ``NAMES``, or -1.

    ``first`` are the eight bytes from ``start`` on, as a little-endian word.
    """
    last: i64 = 0
    if length < 8:
        first &= read_i64_le(_LOW_BYTES, length * 8)
    else:
        last = read_i64_le(raw, start + length - 8)
    number: i64 = i64(read_i16_le(_TABLE, _slot(first, last, length) * 2)) - 1
    if number < 0:
        return -1
    words = _WORDS
    at = number * 24
    if read_i64_le(words, at) != first or read_i64_le(words, at + 8) != last or read_i64_le(words, at + 16) != length:
        return -1
    if length > 16:
        name = NAMES[number]
        middle: i64 = 8
        while middle < length - 8:
            if read_i64_le(name, middle) != read_i64_le(raw, start + middle):
                return -1
            middle += 8
    return number
