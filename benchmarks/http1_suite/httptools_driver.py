"""HTTP/1.1 with httptools: callbacks that collect the same data. It only parses, so it has no other rows.

Headers arrive through a callback, and only once, so they are always collected.
"""

# mypy: disable-error-code="possibly-undefined"
# A run has at least one iteration, and a message all its events: the returned name is always bound.

import re
from collections.abc import Callable, Iterable
from importlib.metadata import version
from itertools import cycle, islice
from typing import Any

import httptools
from httptools import HttpRequestParser, HttpResponseParser

from harness.memory import bytes_of_each
from harness.suite import Task, TaskBuilder
from http1_suite.extracted import read, written
from http1_suite.messages import Outgoing
from http1_suite.workloads import LOWERED

PREPARED_PARSERS = 64


def about() -> dict[str, Any]:
    """Return the measured version, and the files with the hot code."""
    return {"version": f"httptools {version('httptools')}", "hot_files": [httptools.parser.__file__]}


class Collector:
    """The callbacks of a server that keeps the data of one request."""

    def __init__(self) -> None:
        self.parser = HttpRequestParser(self)
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.content: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        # A url that is split over reads arrives in parts.
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.method = self.parser.get_method()
        self.http_version = self.parser.get_http_version()
        # From here on, on_header also receives trailers.
        self.head_fields = self.headers
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self.content.append(body)

    def on_message_complete(self) -> None:
        self.target = self.url
        self.url = b""
        self.trailers = self.headers
        self.headers = []

    def message(self) -> dict[str, Any]:
        """Return the last message, for the comparison."""
        start = [self.method, self.target, self.http_version.encode()]
        return read(start, self.head_fields, self.content, self.trailers)


class LoweringCollector(Collector):
    """The callbacks of a server that wants lower-case names."""

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))


class PipelineCollector(Collector):
    """The callbacks of a server that keeps all requests of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[bytes, bytes, str, list[tuple[bytes, bytes]]]] = []

    def on_message_complete(self) -> None:
        self.messages.append((self.method, self.url, self.http_version, self.head_fields))
        self.url = b""
        self.headers = []


class ResponseCollector:
    """The callbacks of a client that keeps the data of one response."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.content: list[bytes] = []
        self.complete = False

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()
        self.http_version = self.parser.get_http_version()

    def on_body(self, body: bytes) -> None:
        self.content.append(body)

    def on_message_complete(self) -> None:
        self.complete = True

    def message(self) -> dict[str, Any]:
        """Return the response, for the comparison."""
        assert self.complete
        return read([self.status, self.reason, self.http_version.encode()], self.headers, self.content)


def read_request(pieces: tuple[bytes, ...], fields: str, **_of_zttp: bool) -> Task:
    """Read one request with a new parser."""
    collector_class = LoweringCollector if fields == LOWERED else Collector

    def run(iterations: range) -> dict[str, Any]:
        for _ in iterations:
            collector = collector_class()
            feed_data = collector.parser.feed_data
            for piece in pieces:
                feed_data(piece)
        return collector.message()

    return Task(range, run)


def read_requests(requests: tuple[bytes, ...], fields: str) -> Task:
    """Read request after request with one parser."""
    collector = LoweringCollector() if fields == LOWERED else Collector()
    feed_data = collector.parser.feed_data

    def prepare(count: int) -> Iterable[bytes]:
        return list(islice(cycle(requests), count))

    def run(prepared: Iterable[bytes]) -> dict[str, Any]:
        for data in prepared:
            collector.content = []
            feed_data(data)
        return collector.message()

    return Task(prepare, run, block=1024)


def read_pipelined(requests: tuple[bytes, ...]) -> Task:
    """Read several requests from one buffer with a new parser."""
    data = b"".join(requests)

    def run(iterations: range) -> list[dict[str, Any]]:
        for _ in iterations:
            collector = PipelineCollector()
            collector.parser.feed_data(data)
        return [
            read([method, target, http_version.encode()], fields, [])
            for method, target, http_version, fields in collector.messages
        ]

    return Task(range, run)


def response_collectors(count: int) -> list[ResponseCollector]:
    """Make clients' parsers: the counterpart of connections that have sent a request."""
    return [ResponseCollector() for _ in range(count)]


def read_response(data: bytes, fields: str) -> Task:
    """Read a response."""
    del fields  # collected in any case

    def run(collectors: list[ResponseCollector]) -> dict[str, Any]:
        while collectors:
            collector = collectors.pop()
            collector.parser.feed_data(data)
        return collector.message()

    return Task(response_collectors, run, PREPARED_PARSERS)


FORBIDDEN_IN_NAME = re.compile(rb'[\x00-\x1f\x7f()<>@,;:\\"/\[\]?={} \t]')
FORBIDDEN_IN_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
STATUS_LINES = {200: b"HTTP/1.1 200 OK\r\n", 204: b"HTTP/1.1 204 No Content\r\n"}


def serve(request: bytes, message: Outgoing, connections: int = 1) -> Task:
    """Read a request with a kept-alive parser, and join the answer by hand, with the checks that a server must make.

    Of several parsers, each has its turn.

    The checks are those of servers built on httptools: no response splitting, content as long as announced,
    framing and persistence by the headers.
    """
    status = message.start[0]
    assert isinstance(status, int)
    fields, answer = message.fields, message.content
    collectors = [LoweringCollector() for _ in range(connections)]
    turns = cycle([(collector, collector.parser.feed_data) for collector in collectors])

    def run(prepared: list[tuple[LoweringCollector, Callable[[bytes], None]]]) -> dict[str, Any]:
        for collector, feed_data in prepared:
            collector.content = []
            feed_data(request)
            keep_alive = collector.parser.should_keep_alive()
            parts = [STATUS_LINES[status]]
            is_chunked, expected_length = None, 0
            for name, value in fields:
                if FORBIDDEN_IN_NAME.search(name) or FORBIDDEN_IN_VALUE.search(value):
                    raise ValueError("not a header")
                lowered = name.lower()
                if lowered == b"content-length" and is_chunked is None:
                    is_chunked, expected_length = False, int(value)
                elif lowered == b"transfer-encoding" and value.lower() == b"chunked":
                    is_chunked, expected_length = True, 0
                elif lowered == b"connection" and b"close" in [option.strip().lower() for option in value.split(b",")]:
                    keep_alive = False
                parts.extend([lowered, b": ", value, b"\r\n"])
            if is_chunked is None and status not in (204, 304):
                is_chunked = True
                parts.append(b"transfer-encoding: chunked\r\n")
            parts.append(b"\r\n")
            for piece in answer:
                if is_chunked:
                    parts.extend([b"%x\r\n" % len(piece), piece, b"\r\n"])
                else:
                    expected_length -= len(piece)
                    parts.append(piece)
            if is_chunked:
                parts.append(b"0\r\n\r\n")
            elif expected_length != 0:
                raise ValueError("the content is not as long as announced")
            output = b"".join(parts)
        return {"read": collector.message(), "written": written(output), "keep_alive": keep_alive}

    return Task(lambda number: list(islice(turns, number)), run, block=1024)


def idle_memory(request: bytes, message: Outgoing, connections: int) -> Task:
    """Return the bytes that each parser and its callbacks keep after one request, of so many parsers."""
    del message  # httptools does not write: nothing of an answer is kept

    def served() -> Collector:
        collector = LoweringCollector()
        collector.parser.feed_data(request)
        return collector

    return Task(lambda _: connections, lambda number: bytes_of_each(served, number))


TASKS: dict[str, TaskBuilder] = {
    "read_request": read_request,
    "read_requests": read_requests,
    "read_pipelined": read_pipelined,
    "read_response": read_response,
    "serve": serve,
    "idle_memory": idle_memory,
}
