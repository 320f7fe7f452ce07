"""The conformance suite of zttp: ``pip install "zttp-core[testing]"``, then ``pytest``."""

from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.testing import Exchange, ProtocolConformance


def content(length: int) -> Exchange:
    """A request and a response with content of any length."""
    headers = b"CONTENT_LENGTH\x00%d\x00SCGI\x001\x00REQUEST_METHOD\x00PUT\x00" % length
    return Exchange(
        "content",
        client=b"%d:%b,%b" % (len(headers), headers, b"x" * length),
        events=[
            Request(b"PUT", b"/", [(b"content-length", b"%d" % length)], http_version=b"1.0"),
            Data(b"x" * length),
            EndOfMessage(),
        ],
        reply=[Response(200), Data(b"y" * length), EndOfMessage()],
    )


class TestScgi(ProtocolConformance):
    """SCGI: the example of its specification, and input that must be refused."""

    protocol = "scgi"
    exchanges = [
        Exchange(
            "the answer to life",
            client=b"70:CONTENT_LENGTH\x0027\x00SCGI\x001\x00REQUEST_METHOD\x00POST\x00REQUEST_URI\x00/deepthought\x00,"
            b"What is the answer to life?",
            events=[
                Request(b"POST", b"/deepthought", [(b"content-length", b"27")], http_version=b"1.0"),
                Data(b"What is the answer to life?"),
                EndOfMessage(),
            ],
            reply=[Response(200, [(b"Content-Type", b"text/plain")]), Data(b"42"), EndOfMessage()],
            server=b"Status: 200\r\nContent-Type: text/plain\r\n\r\n42",
        ),
    ]
    malformed = {
        "no length": b":,",
        "length is no number": b"7x:",
        "more headers than anybody has": b"65537:",
        "no comma after the headers": b"24:CONTENT_LENGTH\x000\x00SCGI\x001\x00;",
        "CONTENT_LENGTH is not the first header": b"24:SCGI\x001\x00CONTENT_LENGTH\x000\x00,",
        "more content than announced": b"24:CONTENT_LENGTH\x000\x00SCGI\x001\x00,x",
        "half a request": b"24:CONTENT_",
    }
    growing = {"content": content}
    max_memory = 1024 * 1024
