"""HTTP/1.1 conforms to the plugin contract, by the public conformance kit."""

from typing import Any

import pytest

import zttp
from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.testing import Exchange, ProtocolConformance, Surroundings

pytest.importorskip("zttp_h1.plugin")

HOST = (b"Host", b"example.com")
FIVE = (b"Content-Length", b"5")
CHUNKED = (b"Transfer-Encoding", b"chunked")
SWITCH = [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]


def content(length: int) -> Exchange:
    sized = (b"Content-Length", b"%d" % length)
    return Exchange(
        "content",
        client=b"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length,
        events=[Request(b"POST", b"/", [HOST, sized]), Data(b"x" * length), EndOfMessage()],
        reply=[Response(200, [sized]), Data(b"y" * length), EndOfMessage()],
    )


def chunks(length: int) -> Exchange:
    return Exchange(
        "chunks",
        client=b"POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"28\r\n%b\r\n" % (b"x" * 40) * (length // 40 + 1)
        + b"0\r\n\r\n",
        events=[Request(b"POST", b"/", [HOST, CHUNKED]), Data(b"x" * (length // 40 * 40 + 40)), EndOfMessage()],
        reply=[Response(200, [CHUNKED]), Data(b"y" * length), EndOfMessage()],
    )


class TestHttp11(ProtocolConformance):
    """Every form of message that has a framing of its own."""

    protocol = "http/1.1"
    exchanges = [
        Exchange(
            "get",
            client=b"GET /a?b HTTP/1.1\r\nHost: example.com\r\n\r\n",
            events=[Request(b"GET", b"/a?b", [HOST], end_stream=True), EndOfMessage()],
            reply=[Response(200, [FIVE], reason=b"OK"), Data(b"hello"), EndOfMessage()],
            server=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            answer=[Response(200, [FIVE], reason=b"OK"), Data(b"hello"), EndOfMessage()],
        ),
        Exchange(
            "chunks and trailers",
            client=b"POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nChecksum: 1\r\n\r\n",
            events=[
                Request(b"POST", b"/", [HOST, CHUNKED]),
                Data(b"hello world"),
                EndOfMessage([(b"Checksum", b"1")]),
            ],
            reply=[Response(200, [CHUNKED], reason=b"OK"), Data(b"hello"), EndOfMessage([(b"Checksum", b"2")])],
            server=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nChecksum: 2\r\n\r\n",
            answer=[Response(200, [CHUNKED], reason=b"OK"), Data(b"hello"), EndOfMessage([(b"Checksum", b"2")])],
        ),
        Exchange(
            "early hints",
            client=b"PUT /x HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello",
            events=[Request(b"PUT", b"/x", [HOST, FIVE]), Data(b"hello"), EndOfMessage()],
            reply=[Response(103, [(b"Link", b"</a>")]), Response(204), EndOfMessage()],
        ),
        Exchange(
            "the last message of a connection",
            client=b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n",
            events=[Request(b"GET", b"/", [HOST, (b"Connection", b"close")], end_stream=True), EndOfMessage()],
            reply=[Response(200, [FIVE]), Data(b"hello"), EndOfMessage()],
        ),
        Exchange(
            "content that ends with the connection",
            client=b"GET / HTTP/1.0\r\n\r\n",
            events=[Request(b"GET", b"/", http_version=b"1.0", end_stream=True), EndOfMessage()],
            reply=[Response(200, [CHUNKED]), Data(b"hello"), EndOfMessage()],
            answer=[Response(200), Data(b"hello"), EndOfMessage()],
            server_closes=True,
        ),
        Exchange(
            "a protocol switch",
            client=b"GET /chat HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            events=[Request(b"GET", b"/chat", [HOST, *SWITCH], end_stream=True), EndOfMessage()],
            reply=[Response(101, SWITCH)],
            answer=[Response(101, SWITCH), EndOfMessage()],
        ),
        Exchange(
            "a tunnel",
            client=b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
            events=[
                Request(b"CONNECT", b"example.com:443", [(b"Host", b"example.com:443")], end_stream=True),
                EndOfMessage(),
            ],
            reply=[Response(200)],
            answer=[Response(200), EndOfMessage()],
        ),
    ]
    malformed = {
        "garbage": b"GARBAGE\r\n\r\n",
        "two Host fields": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "two framings": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "a length that is no number": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n",
        "a folded field": b"GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n d\r\n\r\n",
        "a chunk of no size": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "half a message": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhal",
    }
    growing = {"content": content, "chunks": chunks}
    max_memory = 256 * 1024
    malformed_replies = {
        "garbage": b"GARBAGE\r\n\r\n",
        "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
        "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "half a message": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal",
    }

    def options(self, role: int, given: Surroundings) -> dict[str, Any]:
        """Lower the limits, so that they are reached soon."""
        return {"limits": zttp.H1Limits(max_buffer=64 * 1024, max_header_bytes=16 * 1024)}
