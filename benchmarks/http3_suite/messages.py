"""The messages of the suite."""

from typing import NamedTuple

Fields = list[tuple[bytes, bytes]]

KIB = 1024
MIB = 1024 * KIB

AUTHORITY = b"localhost"


class Request(NamedTuple):
    """A request: method, path, the fields without the pseudo-header fields, and content."""

    method: bytes
    path: bytes
    fields: Fields
    content: bytes = b""

    @property
    def field_section(self) -> Fields:
        """All fields as they are sent (RFC 9114 4.3.1)."""
        pseudo = [
            (b":method", self.method),
            (b":scheme", b"https"),
            (b":authority", AUTHORITY),
            (b":path", self.path),
        ]
        return pseudo + self.fields


class Response(NamedTuple):
    """A response: its status, its fields, and its content."""

    status: int
    fields: Fields
    content: bytes = b""

    @property
    def field_section(self) -> Fields:
        """All fields as they are sent (RFC 9114 4.3.2)."""
        return [(b":status", b"%d" % self.status), *self.fields]


def pattern(size: int) -> bytes:
    """Return content that differs everywhere, so that a wrong order of pieces shows."""
    return b"".join(b"%015d\n" % number for number in range(size // 16))


def many_fields(number: int) -> Request:
    """Return a request with 30 fields, of which six differ each time, as identifiers, times and addresses do."""
    different = [
        (b"x-request-id", b"%032x" % (number * 0x9E3779B97F4A7C15)),
        (b"traceparent", b"00-%032x-%016x-01" % (number * 0x9E3779B97F4A7C15, number * 0xBF58476D1CE4E5B9 % 2**64)),
        (b"x-forwarded-for", b"203.0.113.%d, 198.51.100.%d" % (number % 256, 255 - number % 256)),
        (b"if-none-match", b'"%08x"' % (number * 2654435761 % 2**32)),
        (b"date", b"Mon, 02 Sep 2024 08:%02d:%02d GMT" % divmod(number % 3600, 60)),
        (b"user-agent", b"sensor/2.%d (unit %d; rack %d)" % (number, number * 7919, number % 13)),
    ]
    same = [(b"x-header-%02d" % index, b"a value of some thirty bytes %02d" % index) for index in range(24)]
    return Request(b"GET", b"/v1/readings?limit=20", different + same)


GET = Request(b"GET", b"/v1/items?page=2", [(b"user-agent", b"benchmark/1.0"), (b"accept", b"application/json")])
JSON = Response(
    200,
    [(b"content-type", b"application/json"), (b"content-length", b"27")],
    b'{"message":"hello, world!"}',
)
VARYING = tuple(many_fields(number) for number in range(1, 1001))

CONTENT = pattern(MIB)
DOWNLOAD = Response(200, [(b"content-type", b"text/plain"), (b"content-length", b"%d" % MIB)], CONTENT)
UPLOAD = Request(b"POST", b"/upload", [(b"content-type", b"text/plain"), (b"content-length", b"%d" % MIB)], CONTENT)
STORED = Response(204, [])
