"""What one side serializes the other parses: our client and server with each other, and each with h11.

Hypothesis makes up methods, targets, fields, contents, chunk sizes, trailers and cuts.
"""

import string
from typing import Any

import h11
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zttp
from tests.http1.helpers import Fields, Pair, content, feed, merged, pull

TCHAR = "!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters
SPECIAL = {
    b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"upgrade", b"te", b"trailer", b"close",
}  # fmt: skip
# Fields that a sender must not put into a trailer section (RFC 9110 6.5.1) are not what is tested here.
NOT_IN_TRAILERS = {
    b"authorization", b"cache-control", b"content-encoding", b"content-range", b"content-type", b"cookie",
    b"keep-alive", b"max-forwards", b"pragma", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection",
    b"range", b"set-cookie", b"www-authenticate",
}  # fmt: skip

tokens = st.text(TCHAR, min_size=1, max_size=20).map(str.encode)
methods = tokens.filter(lambda method: method not in (b"CONNECT", b"HEAD", b"PRI"))
names = tokens.filter(lambda name: name.lower() not in SPECIAL | NOT_IN_TRAILERS)
targets = st.text("".join(map(chr, range(0x21, 0x7F))).replace("#", ""), max_size=60).map(lambda t: b"/" + t.encode())
values = st.binary(max_size=60).map(
    lambda raw: bytes(byte for byte in raw if byte == 9 or 32 <= byte != 127).strip(b" \t")
)
fields = st.lists(st.tuples(names, values), max_size=10)
contents = st.lists(st.binary(max_size=300), max_size=8)
sizes = st.one_of(st.none(), st.integers(1, 40))
# Without those that have no content (RFC 9110 6.4.1, 15.3.6).
statuses = st.integers(200, 599).filter(lambda status: status not in (204, 205, 304))
reasons = st.text(string.printable.strip() + " ", max_size=30).map(lambda text: text.strip().encode())
framings = st.sampled_from(["length", "chunked"])

slow = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def framing_fields(framing: str, pieces: list[bytes]) -> Fields:
    if framing == "chunked":
        return [(b"Transfer-Encoding", b"chunked")]
    return [(b"Content-Length", b"%d" % sum(map(len, pieces)))]


def send_content(connection: zttp.H1Connection, framing: str, pieces: list[bytes], trailers: Fields) -> None:
    for piece in pieces:
        connection.send_data(piece)
    connection.end_message(trailers if framing == "chunked" else None)


def lowered(headers: Any) -> Fields:
    return [(bytes(name).lower(), bytes(value)) for name, value in headers]


@slow
@given(methods, targets, fields, framings, contents, fields, sizes)
def test_request_to_our_server(
    method: bytes, target: bytes, extra: Fields, framing: str, pieces: list[bytes], trailers: Fields, size: int | None
) -> None:
    pair = Pair()
    headers = [(b"Host", b"a.example"), *extra, *framing_fields(framing, pieces)]
    pair.client.send_request(method, target, b"1.1", headers)
    send_content(pair.client, framing, pieces, trailers)
    events = pair.to_server(size)
    request, end = events[0], events[-1]
    assert (request.method, request.target, request.http_version) == (method, target, b"1.1")
    assert request.path + (b"?" + request.query if b"?" in target else b"") == target
    assert request.headers == headers
    assert content(events) == b"".join(pieces)
    assert end.trailers == (trailers if framing == "chunked" else [])
    assert pair.server.next_event() is zttp.NEED_DATA


@slow
@given(statuses, reasons, fields, framings, contents, fields, sizes)
def test_response_to_our_client(
    status: int, reason: bytes, extra: Fields, framing: str, pieces: list[bytes], trailers: Fields, size: int | None
) -> None:
    pair = Pair()
    pair.client.send_request(b"GET", b"/", b"1.1", [(b"Host", b"a.example")])
    pair.client.end_message()
    pair.to_server()
    headers = [*extra, *framing_fields(framing, pieces)]
    pair.server.send_response(status, headers, reason=reason)
    send_content(pair.server, framing, pieces, trailers)
    events = pair.to_client(size)
    response, end = events[0], events[-1]
    assert (response.status_code, response.reason) == (status, reason)
    assert response.headers == headers
    assert content(events) == b"".join(pieces)
    assert end.trailers == (trailers if framing == "chunked" else [])


@slow
@given(methods, targets, fields, framings, contents, fields, sizes)
def test_our_request_to_h11(
    method: bytes, target: bytes, extra: Fields, framing: str, pieces: list[bytes], trailers: Fields, size: int | None
) -> None:
    ours = zttp.Connection(zttp.CLIENT)
    ours.send_request(method, target, b"1.1", [(b"Host", b"a.example"), *extra, *framing_fields(framing, pieces)])
    send_content(ours, framing, pieces, trailers)
    theirs = h11.Connection(h11.SERVER)
    events = pull_h11(theirs, ours.data_to_send(), size)
    request, end = events[0], events[-1]
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (method, target)
    assert [pair for pair in request.headers if pair[0] not in SPECIAL] == lowered(extra)
    assert b"".join(bytes(event.data) for event in events if isinstance(event, h11.Data)) == b"".join(pieces)
    assert isinstance(end, h11.EndOfMessage)
    assert list(end.headers) == (lowered(trailers) if framing == "chunked" else [])


@slow
@given(statuses, fields, framings, contents, fields, sizes)
def test_our_response_to_h11(
    status: int, extra: Fields, framing: str, pieces: list[bytes], trailers: Fields, size: int | None
) -> None:
    theirs = h11.Connection(h11.CLIENT)
    ours = zttp.Connection(zttp.SERVER)
    ours.receive_data(theirs.send(h11.Request(method="GET", target="/", headers=[("Host", "a.example")])) or b"")
    ours.receive_data(theirs.send(h11.EndOfMessage()) or b"\r\n")
    pull(ours)
    ours.send_response(status, [*extra, *framing_fields(framing, pieces)])
    send_content(ours, framing, pieces, trailers)
    events = pull_h11(theirs, ours.data_to_send(), size)
    response, end = events[0], events[-1]
    assert isinstance(response, h11.Response)
    assert response.status_code == status
    assert [pair for pair in response.headers if pair[0] not in SPECIAL] == lowered(extra)
    assert b"".join(bytes(event.data) for event in events if isinstance(event, h11.Data)) == b"".join(pieces)
    assert isinstance(end, h11.EndOfMessage)
    assert list(end.headers) == (lowered(trailers) if framing == "chunked" else [])


@slow
@given(methods, targets, fields, framings, contents, fields, sizes)
def test_a_request_of_h11_to_our_server(
    method: bytes, target: bytes, extra: Fields, framing: str, pieces: list[bytes], trailers: Fields, size: int | None
) -> None:
    theirs = h11.Connection(h11.CLIENT)
    headers = [(b"Host", b"a.example"), *extra, *framing_fields(framing, pieces)]
    wire = theirs.send(h11.Request(method=method, target=target, headers=headers)) or b""
    wire += send_h11_content(theirs, framing, pieces, trailers)
    ours = zttp.Connection(zttp.SERVER)
    events = merged(feed(ours, wire, size))
    request, end = events[0], events[-1]
    assert (request.method, request.target) == (method, target)
    assert lowered(request.headers) == lowered(headers)
    assert content(events) == b"".join(pieces)
    assert lowered(end.trailers) == (lowered(trailers) if framing == "chunked" else [])


@slow
@given(statuses, fields, framings, contents, fields, sizes)
def test_a_response_of_h11_to_our_client(
    status: int, extra: Fields, framing: str, pieces: list[bytes], trailers: Fields, size: int | None
) -> None:
    ours = zttp.Connection(zttp.CLIENT)
    ours.send_request(b"GET", b"/", b"1.1", [(b"Host", b"a.example")])
    ours.end_message()
    theirs = h11.Connection(h11.SERVER)
    pull_h11(theirs, ours.data_to_send(), None)
    headers = [*extra, *framing_fields(framing, pieces)]
    wire = theirs.send(h11.Response(status_code=status, headers=headers)) or b""
    wire += send_h11_content(theirs, framing, pieces, trailers)
    events = merged(feed(ours, wire, size))
    response, end = events[0], events[-1]
    assert response.status_code == status
    assert lowered(response.headers) == lowered(headers)
    assert content(events) == b"".join(pieces)
    assert lowered(end.trailers) == (lowered(trailers) if framing == "chunked" else [])


def send_h11_content(connection: h11.Connection, framing: str, pieces: list[bytes], trailers: Fields) -> bytes:
    wire = b"".join(connection.send(h11.Data(data=piece)) or b"" for piece in pieces)
    return wire + (connection.send(h11.EndOfMessage(headers=trailers if framing == "chunked" else [])) or b"")


def pull_h11(connection: h11.Connection, data: bytes, size: int | None) -> list[Any]:
    events: list[Any] = []
    step = size or len(data)
    for start in range(0, len(data), step):
        connection.receive_data(data[start : start + step])
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            events.append(event)
    return events
