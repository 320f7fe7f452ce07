"""The measured work, row by row. `kind` names the task builder in each driver."""

from harness.suite import Workload
from http1_suite import messages as m

UNTOUCHED = "untouched"
LISTED = "listed"
LOWERED = "lowered"

FRESH = "fresh parse"
FRESH_LISTED = "fresh parse, headers listed"
FRESH_LOWERED = "fresh parse, lower-case list (ASGI)"
CHUNKED = "chunked request"
SPLIT = "split and pipelined"
KEPT_ALIVE = "kept-alive connection"
KEPT_ALIVE_LOWERED = "kept-alive connection, lower-case list (ASGI)"
RESPONSES = "response parse"
WRITE_RESPONSES = "response writing"
WRITE_REQUESTS = "request writing"
CYCLE = "request-response cycle"
LOOKUP = "header lookup, 17 fields"
NEW = "new connection"

TINY = "GET, tiny"
API = "GET, API-sized"
BROWSER = "GET, browser-sized"
PROXIED = "GET, proxied"
MANY = "GET, 56 headers"
JSON_POST = "POST, JSON"
UPLOAD_WHOLE = "upload 16 KiB, whole"
UPLOAD_SEGMENTS = "upload 16 KiB, MTU pieces"
UPLOAD_LARGE = "upload 1 MiB"

SMALL_REQUESTS: dict[str, bytes] = {
    TINY: m.TINY_GET,
    API: m.API_GET,
    BROWSER: m.BROWSER_GET,
    PROXIED: m.PROXIED_GET,
    MANY: m.MANY_FIELDS_GET,
    JSON_POST: m.JSON_POST,
}


def fresh(group: str, name: str, *pieces: bytes, fields: str = UNTOUCHED, facade: bool = False) -> Workload:
    """Have a new connection read one request, which arrives in these pieces."""
    return Workload(group, name, "read_request", {"pieces": pieces, "fields": fields, "facade": facade})


def kept_alive(group: str, name: str, *requests: bytes, fields: str = UNTOUCHED) -> Workload:
    """Have one connection read request after request, each of which arrives whole."""
    return Workload(group, name, "read_requests", {"requests": requests, "fields": fields})


def response(name: str, data: bytes, fields: str = UNTOUCHED) -> Workload:
    """Have a connection that has sent its request (untimed) read the response."""
    return Workload(RESPONSES, name, "read_response", {"data": data, "fields": fields})


def write_response(name: str, message: m.Outgoing) -> Workload:
    """Have a connection that has read a request (untimed) write the response."""
    return Workload(WRITE_RESPONSES, name, "write_response", {"message": message})


def write_request(name: str, message: m.Outgoing) -> Workload:
    """Have a new connection (made untimed) write a request."""
    return Workload(WRITE_REQUESTS, name, "write_request", {"message": message})


def cycle(name: str, request: bytes, message: m.Outgoing) -> Workload:
    """Have a kept-alive connection read a request, list its headers with lower-case names, and answer."""
    return Workload(CYCLE, name, "serve", {"request": request, "message": message})


def new(name: str, *, facade: bool) -> Workload:
    """Have a connection made, and dropped without use."""
    return Workload(NEW, name, "connect", {"facade": facade})


def lookup(name: str, field: bytes) -> Workload:
    """Have the header section of a browser's request, which was read untimed, searched for a field repeatedly."""
    return Workload(LOOKUP, name, "look_up", {"data": m.BROWSER_GET, "field": field})


WORKLOADS: tuple[Workload, ...] = (
    *(fresh(FRESH, name, data) for name, data in SMALL_REQUESTS.items()),
    fresh(FRESH, "GET, tiny, through Connection()", m.TINY_GET, facade=True),
    fresh(FRESH, UPLOAD_WHOLE, m.UPLOAD_16K),
    fresh(FRESH, UPLOAD_SEGMENTS, *m.pieces(m.UPLOAD_16K, m.ETHERNET_SEGMENT)),
    fresh(FRESH, UPLOAD_LARGE, *m.pieces(m.UPLOAD_1M, m.SOCKET_READ)),
    *(fresh(FRESH_LISTED, name, data, fields=LISTED) for name, data in SMALL_REQUESTS.items()),
    *(fresh(FRESH_LOWERED, name, data, fields=LOWERED) for name, data in SMALL_REQUESTS.items()),
    fresh(CHUNKED, "4 chunks of 16 KiB", m.FEW_LARGE_CHUNKS),
    fresh(CHUNKED, "4 chunks of 1 KiB, trailers", m.CHUNKS_AND_TRAILERS, fields=LISTED),
    fresh(CHUNKED, "1,000 chunks of 16 bytes", m.TINY_CHUNKS),
    fresh(CHUNKED, "1 MiB in chunks of 64 KiB", *m.pieces(m.CHUNKED_1M, m.SOCKET_READ)),
    fresh(SPLIT, "GET, API-sized, byte by byte", *m.pieces(m.API_GET, 1)),
    fresh(SPLIT, "POST, JSON, byte by byte", *m.pieces(m.JSON_POST, 1)),
    fresh(SPLIT, "GET, API-sized, pieces of 64 bytes", *m.pieces(m.API_GET, 64)),
    fresh(SPLIT, "GET, browser-sized, pieces of 64 bytes", *m.pieces(m.BROWSER_GET, 64)),
    Workload(SPLIT, "GET, API-sized, pipelined x16", "read_pipelined", {"requests": m.VARIED_API_GETS}),
    kept_alive(KEPT_ALIVE, TINY, m.TINY_GET),
    kept_alive(KEPT_ALIVE, API, m.API_GET),
    kept_alive(KEPT_ALIVE, "GET, API-sized, each different", *m.VARIED_API_GETS),
    kept_alive(KEPT_ALIVE, BROWSER, m.BROWSER_GET),
    kept_alive(KEPT_ALIVE, JSON_POST, m.JSON_POST),
    kept_alive(KEPT_ALIVE_LOWERED, TINY, m.TINY_GET, fields=LOWERED),
    kept_alive(KEPT_ALIVE_LOWERED, API, m.API_GET, fields=LOWERED),
    kept_alive(KEPT_ALIVE_LOWERED, "GET, API-sized, each different", *m.VARIED_API_GETS, fields=LOWERED),
    kept_alive(KEPT_ALIVE_LOWERED, BROWSER, m.BROWSER_GET, fields=LOWERED),
    response("204", m.NO_CONTENT_BYTES),
    response("200, JSON", m.JSON_RESPONSE_BYTES),
    response("200, 14 headers", m.RICH_RESPONSE_BYTES),
    response("200, 14 headers, listed", m.RICH_RESPONSE_BYTES, fields=LISTED),
    response("200, 10 chunks of 1 KiB", m.CHUNKED_RESPONSE_BYTES),
    write_response("204", m.NO_CONTENT),
    write_response("200, JSON", m.JSON_RESPONSE),
    write_response("200, 14 headers", m.RICH_RESPONSE),
    write_response("200, 10 chunks of 1 KiB", m.STREAMED_RESPONSE),
    write_response("200, 100 chunks of 64 bytes", m.SMALL_CHUNKS_RESPONSE),
    write_response("200, 64 KiB", m.content_response(m.text(64 * m.KIB))),
    write_response("200, 1 MiB in pieces of 64 KiB", m.content_response(*m.pieces(m.text(m.MIB), 64 * m.KIB))),
    write_request("GET, tiny", m.TINY_REQUEST),
    write_request("GET, API-sized", m.API_REQUEST),
    write_request("POST, JSON", m.JSON_REQUEST),
    write_request("upload 64 KiB", m.upload_request(m.text(64 * m.KIB))),
    write_request("upload 1 MiB in pieces of 64 KiB", m.upload_request(*m.pieces(m.text(m.MIB), 64 * m.KIB))),
    cycle("GET, tiny; 204", m.TINY_GET, m.NO_CONTENT),
    cycle("GET, API-sized; 200, JSON", m.API_GET, m.JSON_RESPONSE),
    cycle("GET, browser-sized; 200, 14 headers", m.BROWSER_GET, m.RICH_RESPONSE),
    cycle("POST, JSON; 200, JSON", m.JSON_POST, m.JSON_RESPONSE),
    lookup("the first", b"host"),
    lookup("the eleventh", b"sec-fetch-mode"),
    lookup("absent", b"content-type"),
    new("Connection(SERVER)", facade=True),
    new("H1Connection(SERVER)", facade=False),
)
