"""The features of h11."""

import h11

from tests.docs.features.probing import (
    END_STREAM_AND_HEADERS,
    HEADERS,
    PREFACE,
    SETTINGS,
    frame,
    probe,
    probe_refusals,
    said,
)
from tests.docs.features.probing import GET as GET_BLOCK

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def server(data: bytes, **options: int) -> h11.Connection:
    conn = h11.Connection(h11.SERVER, **options)
    conn.receive_data(data)
    return conn


def refused(data: bytes) -> bool:
    conn = server(data)
    try:
        while not isinstance(conn.next_event(), (h11.EndOfMessage, type(h11.NEED_DATA))):
            pass
    except h11.RemoteProtocolError:
        return True
    return False


def waiting_client() -> h11.Connection:
    conn = h11.Connection(h11.CLIENT)
    conn.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    conn.send(h11.EndOfMessage())
    return conn


@probe
def http1() -> str:
    request = server(GET).next_event()
    return said(isinstance(request, h11.Request) and request.target == b"/")


@probe
def http2() -> str:
    conn = server(PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, END_STREAM_AND_HEADERS, 1, GET_BLOCK))
    request = conn.next_event()
    return said(isinstance(request, h11.Request) and request.target == b"/")


@probe
def http3() -> str:
    return said(hasattr(h11.Connection, "receive_datagram"))


@probe
def pulled() -> str:
    return said(isinstance(server(GET).next_event(), h11.Request))


@probe
def writes() -> str:
    conn = server(GET)
    conn.next_event()
    return said(conn.send(h11.Response(status_code=204, headers=[])) is not None)


@probe
def events_are_values() -> str:
    made = [h11.Request(method="GET", target="/", headers=[("Host", "a")]) for _ in range(2)]
    return said(made[0] == made[1])


@probe
def reasons() -> str:
    try:
        server(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").next_event()
    except h11.RemoteProtocolError as error:
        if hasattr(error, "reason") and hasattr(error, "offset"):
            return "yes"
        return "partly" if error.error_status_hint == 400 else "no"
    raise AssertionError("two Host fields were accepted")


@probe
def head_limit() -> str:
    try:
        server(b"GET / HTTP/1.1\r\nX: " + b"x" * 500, max_incomplete_event_size=100).next_event()
    except h11.RemoteProtocolError:
        return "yes"
    return "no"


probe_refusals(refused)


@probe
def case_and_order() -> str:
    request = server(b"GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nA: 2\r\n\r\n").next_event()
    assert isinstance(request, h11.Request)
    return said(request.headers.raw_items() == [(b"Host", b"a"), (b"B", b"1"), (b"A", b"2")])


@probe
def trailers() -> str:
    conn = waiting_client()
    conn.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n\r\n")
    conn.next_event()
    end = conn.next_event()
    return said(isinstance(end, h11.EndOfMessage) and list(end.headers) == [(b"x", b"1")])


@probe
def informational() -> str:
    conn = waiting_client()
    conn.receive_data(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    kinds = [type(conn.next_event()), type(conn.next_event())]
    return said(kinds == [h11.InformationalResponse, h11.Response])


@probe
def expect() -> str:
    conn = server(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    conn.next_event()
    return said(conn.they_are_waiting_for_100_continue)


@probe
def after_switch() -> str:
    conn = server(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbytes")
    conn.next_event()
    conn.next_event()
    conn.send(h11.InformationalResponse(status_code=101, headers=[("Connection", "upgrade"), ("Upgrade", "x")]))
    return said(conn.trailing_data[0] == b"bytes")


@probe
def pipelining() -> str:
    conn = server(GET + GET)
    conn.next_event()
    conn.next_event()
    return said(conn.next_event() is h11.PAUSED)
