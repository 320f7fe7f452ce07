"""The wire bytes to read, and the messages to write: invented, but similar to real traffic."""

from typing import NamedTuple

Fields = list[tuple[bytes, bytes]]

KIB = 1024
MIB = 1024 * KIB
ETHERNET_SEGMENT = 1448
"""Bytes of content in a TCP segment on an Ethernet link, timestamps on: what one read often returns."""
SOCKET_READ = 64 * KIB


class Outgoing(NamedTuple):
    """A message to send: the start line's parts, the fields, and the content in the application's pieces."""

    start: tuple[bytes, bytes] | tuple[int, bytes]
    """Method and request target, or status code and reason phrase."""
    fields: Fields
    content: tuple[bytes, ...] = ()


def head(start_line: bytes, fields: Fields) -> bytes:
    """Serialize a head, independently of the measured libraries."""
    return b"".join([start_line, b"\r\n", *(b"%b: %b\r\n" % field for field in fields), b"\r\n"])


def text(length: int) -> bytes:
    """Return content that is not all the same byte."""
    line = b"The quick brown fox jumps over the lazy dog, 0123456789 times.\r\n"
    return (line * (length // len(line) + 1))[:length]


def chunked(content: bytes, chunk: int, trailers: Fields | None = None) -> bytes:
    """Return content in the chunked coding (RFC 9112 7.1)."""
    chunks = (content[at : at + chunk] for at in range(0, len(content), chunk))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in chunks) + head(b"0", trailers or [])


def pieces(data: bytes, size: int) -> tuple[bytes, ...]:
    """Return the reads in which data arrives."""
    return tuple(data[at : at + size] for at in range(0, len(data), size))


API_FIELDS: Fields = [
    (b"Host", b"api.example.com"),
    (b"User-Agent", b"python-httpx/0.28.1"),
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate, br"),
    (b"Connection", b"keep-alive"),
    (b"Authorization", b"Bearer 6f1c0d5e9ab34c7d"),
    (b"X-Request-Id", b"0b9e7a52c4d1"),
]
BROWSER_FIELDS: Fields = [
    (b"Host", b"www.example.com"),
    (b"Connection", b"keep-alive"),
    (b"Cache-Control", b"max-age=0"),
    (b"sec-ch-ua", b'"Chromium";v="128", "Not;A=Brand";v="24", "Google Chrome";v="128"'),
    (b"sec-ch-ua-mobile", b"?0"),
    (b"sec-ch-ua-platform", b'"Linux"'),
    (b"Upgrade-Insecure-Requests", b"1"),
    (
        b"User-Agent",
        b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36",
    ),
    (b"Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
    (b"Sec-Fetch-Site", b"same-origin"),
    (b"Sec-Fetch-Mode", b"navigate"),
    (b"Sec-Fetch-User", b"?1"),
    (b"Sec-Fetch-Dest", b"document"),
    (b"Referer", b"https://www.example.com/articles/2024/09/an-article-with-a-name"),
    (b"Accept-Encoding", b"gzip, deflate, br, zstd"),
    (b"Accept-Language", b"en-GB,en;q=0.9,de;q=0.8"),
    (b"Cookie", b"session=9c1d4f0be2a74d6f8b11; theme=dark; consent=all; _id=GA1.2.180934.1725000000; cart=3fd0a1"),
]
PROXIED_FIELDS: Fields = [
    *API_FIELDS,
    (b"X-Forwarded-For", b"203.0.113.195, 198.51.100.23"),
    (b"X-Forwarded-Proto", b"https"),
    (b"X-Forwarded-Host", b"api.example.com"),
    (b"X-Forwarded-Port", b"443"),
    (b"X-Real-IP", b"203.0.113.195"),
    (b"Forwarded", b"for=203.0.113.195;proto=https;host=api.example.com"),
    (b"Via", b"1.1 edge-17.example.net, 1.1 balancer"),
    (b"X-Amzn-Trace-Id", b"Root=1-66d9a2f0-3c1b7a520f6e4d8c9b0a1e2d"),
    (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
]
MANY_FIELDS: Fields = [(b"Host", b"api.example.com")] + [
    (b"X-Custom-Header-%d" % number, b"value number %d of a long list" % number) for number in range(55)
]
JSON = b'{"id": 4711, "name": "An example", "tags": ["one", "two"], "price": 12.5, "stock": true}'
JSON_FIELDS: Fields = [
    *API_FIELDS,
    (b"Content-Type", b"application/json"),
    (b"Content-Length", b"%d" % len(JSON)),
]
RICH_FIELDS: Fields = [
    (b"Date", b"Mon, 02 Sep 2024 08:00:00 GMT"),
    (b"Server", b"example"),
    (b"Content-Type", b"text/html; charset=utf-8"),
    (b"Content-Length", b"512"),
    (b"Cache-Control", b"private, max-age=0, must-revalidate"),
    (b"ETag", b'"5e15153d-120f"'),
    (b"Last-Modified", b"Sun, 01 Sep 2024 18:26:05 GMT"),
    (b"Vary", b"Accept-Encoding, Cookie"),
    (b"Strict-Transport-Security", b"max-age=31536000; includeSubDomains"),
    (b"Content-Security-Policy", b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"X-Frame-Options", b"DENY"),
    (b"Referrer-Policy", b"strict-origin-when-cross-origin"),
    (b"Set-Cookie", b"session=9c1d4f0be2a74d6f8b11; Path=/; Secure; HttpOnly; SameSite=Lax"),
]
CHUNKED_FIELDS: Fields = [
    (b"Host", b"upload.example.com"),
    (b"Content-Type", b"application/octet-stream"),
    (b"Transfer-Encoding", b"chunked"),
]


def upload_fields(length: int) -> Fields:
    """Return the fields of an upload of known length."""
    return [
        (b"Host", b"upload.example.com"),
        (b"User-Agent", b"python-httpx/0.28.1"),
        (b"Accept", b"*/*"),
        (b"Content-Type", b"application/octet-stream"),
        (b"Content-Length", b"%d" % length),
    ]


TINY_GET = head(b"GET / HTTP/1.1", [(b"Host", b"example.com")])
API_GET = head(b"GET /v1/items?limit=20 HTTP/1.1", API_FIELDS)
BROWSER_GET = head(b"GET /articles/2024/09/another-article HTTP/1.1", BROWSER_FIELDS)
PROXIED_GET = head(b"GET /v1/items?limit=20 HTTP/1.1", PROXIED_FIELDS)
MANY_FIELDS_GET = head(b"GET /v1/items HTTP/1.1", MANY_FIELDS)
VARIED_API_GETS = tuple(
    head(b"GET /v1/items/%d HTTP/1.1" % number, [*API_FIELDS[:-1], (b"X-Request-Id", b"0b9e7a52c4%02d" % number)])
    for number in range(16)
)
JSON_POST = head(b"POST /v1/items HTTP/1.1", JSON_FIELDS) + JSON
UPLOAD_16K = head(b"POST /files HTTP/1.1", upload_fields(16 * KIB)) + text(16 * KIB)
UPLOAD_1M = head(b"POST /files HTTP/1.1", upload_fields(MIB)) + text(MIB)

CHUNKED_HEAD = head(b"POST /files HTTP/1.1", CHUNKED_FIELDS)
FEW_LARGE_CHUNKS = CHUNKED_HEAD + chunked(text(64 * KIB), 16 * KIB)
CHUNKS_AND_TRAILERS = CHUNKED_HEAD + chunked(text(4 * KIB), KIB, [(b"Digest", b"crc32c=4ZGFVA=="), (b"X-Count", b"4")])
TINY_CHUNKS = CHUNKED_HEAD + chunked(text(16_000), 16)
CHUNKED_1M = CHUNKED_HEAD + chunked(text(MIB), 64 * KIB)

JSON_RESPONSE = Outgoing(
    (200, b"OK"), [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(JSON))], (JSON,)
)
NO_CONTENT = Outgoing((204, b"No Content"), [(b"Date", b"Mon, 02 Sep 2024 08:00:00 GMT"), (b"Server", b"example")])
RICH_RESPONSE = Outgoing((200, b"OK"), RICH_FIELDS, (text(512),))
STREAMED_RESPONSE = Outgoing(
    (200, b"OK"),
    [(b"Content-Type", b"text/event-stream"), (b"Transfer-Encoding", b"chunked")],
    pieces(text(10 * KIB), KIB),
)

SMALL_CHUNKS_RESPONSE = Outgoing((200, b"OK"), STREAMED_RESPONSE.fields, pieces(text(6_400), 64))


def content_response(*content: bytes) -> Outgoing:
    """Return a response that carries this content."""
    length = sum(map(len, content))
    fields = [(b"Content-Type", b"application/octet-stream"), (b"Content-Length", b"%d" % length)]
    return Outgoing((200, b"OK"), fields, content)


JSON_RESPONSE_BYTES = head(b"HTTP/1.1 200 OK", JSON_RESPONSE.fields) + JSON
NO_CONTENT_BYTES = head(b"HTTP/1.1 204 No Content", NO_CONTENT.fields)
RICH_RESPONSE_BYTES = head(b"HTTP/1.1 200 OK", RICH_FIELDS) + text(512)
CHUNKED_RESPONSE_BYTES = head(b"HTTP/1.1 200 OK", STREAMED_RESPONSE.fields) + chunked(text(10 * KIB), KIB)

API_REQUEST = Outgoing((b"GET", b"/v1/items?limit=20"), API_FIELDS)
JSON_REQUEST = Outgoing((b"POST", b"/v1/items"), JSON_FIELDS, (JSON,))
TINY_REQUEST = Outgoing((b"GET", b"/"), [(b"Host", b"example.com")])


def upload_request(*content: bytes) -> Outgoing:
    """Return a request that uploads this content."""
    return Outgoing((b"POST", b"/files"), upload_fields(sum(map(len, content))), content)
