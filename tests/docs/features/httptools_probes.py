"""The features of httptools."""

import httptools

from tests.docs.features.probing import probe, probe_refusals, said

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Heard:
    """Every callback that was called, with its arguments."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def on_url(self, url: bytes) -> None:
        self.calls.append(("url", url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.calls.append(("header", name, value))

    def on_headers_complete(self) -> None:
        self.calls.append(("head",))

    def on_message_complete(self) -> None:
        self.calls.append(("end",))


def fed(data: bytes, parser: type = httptools.HttpRequestParser) -> list[tuple[object, ...]]:
    heard = Heard()
    parser(heard).feed_data(data)
    return heard.calls


def refused(data: bytes) -> bool:
    try:
        fed(data)
    except httptools.HttpParserError:
        return True
    return False


@probe
def http1() -> str:
    return said(("url", b"/") in fed(GET))


@probe
def http2() -> str:
    return said(not refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))))


@probe
def http3() -> str:
    return said(any("datagram" in name for name in dir(httptools.HttpRequestParser)))


@probe
def pulled() -> str:
    return said(httptools.HttpRequestParser(Heard()).feed_data(GET) is not None)


@probe
def writes() -> str:
    names = [*dir(httptools.HttpRequestParser), *dir(httptools.HttpResponseParser)]
    return said(any("send" in name or "write" in name for name in names))


@probe
def events_are_values() -> str:
    return said(any(name in dir(httptools) for name in ("Request", "Event")))


@probe
def reasons() -> str:
    try:
        fed(b"GET / HTTP/1.1\r\nHost a\r\n\r\n")
    except httptools.HttpParserError as error:
        if hasattr(error, "reason") and hasattr(error, "offset"):
            return "yes"
        return "partly" if type(error) is not httptools.HttpParserError else "no"
    raise AssertionError("a field line without a colon was accepted")


@probe
def head_limit() -> str:
    try:
        httptools.HttpRequestParser(Heard(), max_header_size=100)
    except TypeError:
        return "no"
    return "yes"


probe_refusals(refused)


@probe
def case_and_order() -> str:
    heard = fed(b"GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nA: 2\r\n\r\n")
    return said([call[1] for call in heard if call[0] == "header"] == [b"Host", b"B", b"A"])


@probe
def trailers() -> str:
    sent = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n\r\n"
    return said(("header", b"X", b"1") in fed(sent, httptools.HttpResponseParser))


@probe
def informational() -> str:
    sent = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    return said(fed(sent, httptools.HttpResponseParser).count(("head",)) == 2)


@probe
def expect() -> str:
    names = dir(httptools.HttpRequestParser)
    return said(any("100" in name or "expect" in name for name in names))


@probe
def after_switch() -> str:
    try:
        fed(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbytes")
    except httptools.HttpParserUpgrade as switch:
        sent = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbytes"
        return said(sent[switch.args[0] :] == b"bytes")
    return "no"


@probe
def pipelining() -> str:
    return said(fed(GET + GET).count(("end",)) == 1)
