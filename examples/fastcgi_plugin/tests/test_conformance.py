"""The conformance suite of zttp: ``pip install "zttp-core[testing]"``, then ``pytest``."""

from collections.abc import Iterator, Mapping
from typing import Any

from zttp_fastcgi import records
from zttp_fastcgi.records import pair, record, stream_records

from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.testing import Exchange, ProtocolConformance, Surroundings

BEGIN = b"\0\1\1\0\0\0\0\0"  # a responder, and the connection stays open


def begin(number: int, *variables: tuple[bytes, bytes]) -> bytes:
    """Return the head of a request, as sent by nginx."""
    packed = b"".join(pair(name, value) for name, value in variables)
    params = record(records.PARAMS, number, packed) + record(records.PARAMS, number)
    return record(records.BEGIN_REQUEST, number, BEGIN) + params


def get(number: int, target: bytes = b"/") -> bytes:
    method = (b"REQUEST_METHOD", b"GET")
    length = (b"CONTENT_LENGTH", b"0")
    return begin(number, method, (b"REQUEST_URI", target), length) + record(records.STDIN, number)


def put(number: int, content: bytes) -> bytes:
    head = begin(number, (b"REQUEST_METHOD", b"PUT"), (b"REQUEST_URI", b"/"), (b"HTTP_X_NAME", b"value"))
    return head + b"".join(stream_records(records.STDIN, number, content)) + record(records.STDIN, number)


def answer(number: int, output: bytes) -> bytes:
    """Return a complete response: head, content and the ends of both."""
    end = record(records.STDOUT, number) + record(records.END_REQUEST, number, bytes(8))
    return b"".join(stream_records(records.STDOUT, number, output)) + end


def content(length: int) -> Exchange:
    """A request and a response with content of any length."""
    return Exchange(
        "content",
        client=put(1, b"x" * length),
        events=[
            Request(b"PUT", b"/", [(b"x-name", b"value")], http_version=b"1.0", stream_id=1),
            Data(b"x" * length, 1),
            EndOfMessage(stream_id=1),
        ],
        reply=[Response(200, stream_id=1), Data(b"y" * length, 1), EndOfMessage(stream_id=1)],
    )


def opened() -> Iterator[bytes]:
    """Yield requests that are only begun."""
    for number in range(1, 0x10000):
        yield record(records.BEGIN_REQUEST, number, BEGIN)


def opened_and_aborted() -> Iterator[bytes]:
    """Yield requests that are aborted at once, all with one identifier."""
    while True:
        yield get(1)[:-8] + record(records.ABORT_REQUEST, 1)


def questions() -> Iterator[bytes]:
    """Yield records that an application answers automatically."""
    while True:
        yield record(records.GET_VALUES, 0, pair(b"FCGI_MAX_REQS", b""))


class TestFastCgi(ProtocolConformance):
    """FastCGI in both roles: exchanges with nginx, and input that must be refused."""

    protocol = "fastcgi"
    exchanges = [
        Exchange(
            "get",
            client=get(1, b"/path?query"),
            events=[
                Request(
                    b"GET",
                    b"/path?query",
                    [(b"content-length", b"0")],
                    http_version=b"1.0",
                    stream_id=1,
                    end_stream=True,
                ),
                EndOfMessage(stream_id=1),
            ],
            reply=[
                Response(200, [(b"content-type", b"text/plain")], stream_id=1),
                Data(b"hello", 1),
                EndOfMessage(stream_id=1),
            ],
            server=record(records.STDOUT, 1, b"Status: 200\r\ncontent-type: text/plain\r\n\r\n")
            + record(records.STDOUT, 1, b"hello")
            + record(records.STDOUT, 1)
            + record(records.END_REQUEST, 1, bytes(8)),
        ),
        Exchange(
            "two requests at once, answered in another order",
            client=begin(1, (b"REQUEST_METHOD", b"PUT"), (b"REQUEST_URI", b"/"), (b"CONTENT_LENGTH", b"5"))
            + get(2)
            + record(records.STDIN, 1, b"hello")
            + record(records.STDIN, 1),
            events=[
                Request(b"PUT", b"/", [(b"content-length", b"5")], http_version=b"1.0", stream_id=1),
                Request(b"GET", b"/", [(b"content-length", b"0")], http_version=b"1.0", stream_id=2, end_stream=True),
                EndOfMessage(stream_id=2),
                Data(b"hello", 1),
                EndOfMessage(stream_id=1),
            ],
            reply=[
                Response(204, stream_id=2),
                EndOfMessage(stream_id=2),
                Response(200, stream_id=1),
                Data(b"answer", 1),
                EndOfMessage(stream_id=1),
            ],
        ),
    ]
    malformed = {
        "another version": b"\2" + get(1)[1:],
        "a record of no type": record(99, 1),
        "what an application says": record(records.STDOUT, 1, b"x"),
        "an identifier that is in use": get(1)[:-8] + record(records.BEGIN_REQUEST, 1, BEGIN),
        "a short beginning": record(records.BEGIN_REQUEST, 1, b"\0\1"),
        "a value that is cut short": record(records.BEGIN_REQUEST, 1, BEGIN)
        + record(records.PARAMS, 1, b"\x05\x05abc")
        + record(records.PARAMS, 1),
        "no method": begin(1, (b"REQUEST_URI", b"/")),
        "two lengths": begin(
            1,
            (b"REQUEST_METHOD", b"PUT"),
            (b"REQUEST_URI", b"/"),
            (b"CONTENT_LENGTH", b"1"),
            (b"CONTENT_LENGTH", b"2"),
        ),
        "a line end in a value": begin(
            1, (b"REQUEST_METHOD", b"GET"), (b"REQUEST_URI", b"/"), (b"HTTP_A", b"b\r\nc: d")
        ),
        "content before the head": record(records.BEGIN_REQUEST, 1, BEGIN) + record(records.STDIN, 1, b"x"),
        "variables after the head": get(1)[:-8] + record(records.PARAMS, 1, b"x"),
        "content where there is none": get(1)[:-8] + record(records.STDIN, 1, b"x"),
        "half a request": get(1)[:-8],
        "half a record": get(1)[:20],
    }
    malformed_replies = {
        "no header": answer(1, b"hello\r\n\r\n"),
        "a status that is none": answer(1, b"Status: OK\r\n\r\n"),
        "an informational status": answer(1, b"Status: 103\r\n\r\n"),
        "what a web server says": record(records.STDIN, 1),
        "a short end": record(records.END_REQUEST, 1, b"\0"),
        "half a response": answer(1, b"Status: 200\r\n\r\nx")[:-16],
    }
    growing = {"content": content}
    floods = {"opened": opened, "opened and aborted": opened_and_aborted, "questions": questions}
    max_requests = 8
    max_memory = 384 * 1024

    def options(self, role: int, given: Surroundings) -> Mapping[str, Any]:  # noqa: ARG002 - the same for both
        """Use small limits, which are reached sooner."""
        return {"max_requests": 8, "max_header_bytes": 4096}
