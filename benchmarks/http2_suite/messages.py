"""The messages to read and write: those of the HTTP/1.1 suite, in HTTP/2's form."""

from typing import NamedTuple

from http1_suite import messages as h1

Fields = list[tuple[bytes, bytes]]

KIB = 1024
MIB = 1024 * KIB

NOT_IN_HTTP_2 = {b"host", b"connection"}
"""The authority is a pseudo-header field there, and connection-specific fields are forbidden (RFC 9113 8.2.2, 8.3)."""


class Request(NamedTuple):
    """A request: the values of its pseudo-header fields, its other fields, and its content."""

    method: bytes
    authority: bytes
    path: bytes
    fields: Fields
    content: bytes = b""

    @property
    def field_section(self) -> Fields:
        """All fields as they are sent (RFC 9113 8.3.1)."""
        pseudo = [
            (b":method", self.method),
            (b":scheme", b"https"),
            (b":authority", self.authority),
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
        """All fields as they are sent (RFC 9113 8.3.2)."""
        return [(b":status", b"%d" % self.status), *self.fields]


Message = Request | Response


def lowered(fields: Fields) -> Fields:
    """Return the fields that an HTTP/1.1 message has in HTTP/2, too."""
    return [(name.lower(), value) for name, value in fields if name.lower() not in NOT_IN_HTTP_2]


def rich_response(number: int) -> Response:
    """Return a response with fields that differ each time, as dates, lengths and entity tags do."""
    different = {
        b"date": b"Mon, 02 Sep 2024 08:%02d:%02d GMT" % divmod(number, 60),
        b"etag": b'"5e15153d-12%02x"' % number,
        b"set-cookie": b"session=9c1d4f0be2a74d6f8b%02x; Path=/; Secure; HttpOnly; SameSite=Lax" % number,
    }
    return Response(200, [(name, different.get(name, value)) for name, value in RICH.fields], RICH.content)


def churning_request(number: int) -> Request:
    """Return a request whose fields are all new, so that each displaces older entries of the table."""
    fields = [
        (b"user-agent", b"sensor/2.%d (unit %d; rack %d)" % (number, number * 7919, number % 13)),
        (b"accept", b"application/json;v=%d" % number),
        (b"accept-encoding", b"gzip, br;q=0.%d" % number),
        (b"x-request-id", b"%012x" % (number * 0x9E3779B97F)),
        (b"traceparent", b"00-%032x-%016x-01" % (number * 0x9E3779B97F4A7C15, number * 0xBF58476D1CE4E5B9)),
        (b"x-forwarded-for", b"203.0.113.%d, 198.51.100.%d" % (number, 255 - number)),
        (b"cookie", b"session=%024x; theme=dark" % (number * 0x94D049BB133111EB)),
        (b"if-none-match", b'"%08x"' % (number * 2654435761 % 2**32)),
    ]
    return Request(b"GET", b"unit%d.example.com" % number, b"/v1/readings/%d?limit=20" % number, fields)


def upload(length: int) -> Request:
    """Return an upload."""
    return Request(
        b"POST", b"upload.example.com", b"/files", lowered(h1.upload_fields(length)), content=h1.text(length)
    )


def download(length: int) -> Response:
    """Return the answer to a download."""
    fields = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % length)]
    return Response(200, fields, h1.text(length))


TINY = Request(b"GET", b"example.com", b"/", [])
API = Request(b"GET", b"api.example.com", b"/v1/items?limit=20", lowered(h1.API_FIELDS))
BROWSER = Request(b"GET", b"www.example.com", b"/articles/2024/09/another-article", lowered(h1.BROWSER_FIELDS))
PROXIED = Request(b"GET", b"api.example.com", b"/v1/items?limit=20", lowered(h1.PROXIED_FIELDS))
JSON_POST = Request(b"POST", b"api.example.com", b"/v1/items", lowered(h1.JSON_FIELDS), h1.JSON)
VARIED_API = tuple(
    API._replace(
        path=b"/v1/items/%d" % number,
        fields=[*API.fields[:-1], (b"x-request-id", b"0b9e7a52c4%02d" % number)],
    )
    for number in range(16)
)
CHURNING = tuple(churning_request(number) for number in range(64))

NO_CONTENT = Response(204, [(b"date", b"Mon, 02 Sep 2024 08:00:00 GMT"), (b"server", b"example")])
JSON = Response(200, lowered(h1.JSON_RESPONSE.fields), h1.JSON)
RICH = Response(200, lowered(h1.RICH_FIELDS), h1.text(512))
VARIED_RICH = tuple(rich_response(number) for number in range(16))
