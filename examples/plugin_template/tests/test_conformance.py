"""The conformance suite of zttp: ``pip install "zttp-core[testing]"``, then ``pytest``."""

from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.testing import Exchange, ProtocolConformance


def content(length: int) -> Exchange:
    """A request and a response with content of any length."""
    return Exchange(
        "content",
        client=b"PUT / %d\r\n%b" % (length, b"x" * length),
        events=[Request(b"PUT", b"/", [], http_version=b"line"), Data(b"x" * length), EndOfMessage()],
        reply=[Response(200), Data(b"y" * length), EndOfMessage()],
        server=b"200\r\n" + b"y" * length,
    )


class TestLine(ProtocolConformance):
    """LINE: exchanges that must work, and input that must be refused."""

    protocol = "line"
    exchanges = [
        content(5),
        Exchange(
            "without content",
            client=b"GET /a?b 0\r\n",
            events=[Request(b"GET", b"/a?b", [], http_version=b"line", end_stream=True), EndOfMessage()],
            reply=[Response(204), EndOfMessage()],
            server=b"204\r\n",
        ),
    ]
    malformed = {
        "no length": b"GET /\r\n",
        "a length that is no number": b"GET / five\r\n",
        "a method that is no token": b"G[]T / 0\r\n",
        "a line without an end": b"GET /" + b"a" * 9000,
        "more than announced": b"GET / 0\r\nx",
        "half a line": b"GET /",
        "half the content": b"PUT / 5\r\nhel",
    }
    growing = {"content": content}
    max_memory = 1024 * 1024
