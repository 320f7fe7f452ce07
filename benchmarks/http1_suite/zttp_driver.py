"""HTTP/1.1 with zttp: the same code drives ours and the reference, which share an API and an import name."""

# mypy: disable-error-code="possibly-undefined"
# A run has at least one iteration, and a message all its events: the returned name is always bound.

import importlib
import sys
from collections.abc import Iterable
from importlib.metadata import version
from itertools import cycle, islice
from typing import Any

from harness.memory import bytes_of_each
from harness.suite import Task, TaskBuilder
from http1_suite.extracted import read, written
from http1_suite.messages import TINY_GET, Outgoing
from http1_suite.workloads import LISTED, LOWERED
from zttp import CLIENT, NEED_DATA, SERVER, Connection, Data, H1Connection, Request, Response

PREPARED_CONNECTIONS = 64
NO_TRAILERS: list[tuple[bytes, bytes]] = []


def about() -> dict[str, Any]:
    """Return the measured version, and the files with the hot code."""
    connection = Connection(SERVER)
    event = connection.receive_event(TINY_GET)
    assert isinstance(event, Request)
    files = [sys.modules[type(hot).__module__].__file__ for hot in (connection, event, event.headers)]
    return {"version": f"zttp {version('zttp')}", "hot_files": files, "compiled_flags": compiled_flags()}


def compiled_flags() -> dict[str, bool]:
    """Return the COMPILED flags of the distributions that have one."""
    flags: dict[str, bool] = {}
    for name in ("zttp_core", "zttp_h1"):
        try:
            flags[name] = importlib.import_module(name).COMPILED
        except ImportError:
            continue  # the reference is one module without flags
    return flags


def read_request(pieces: tuple[bytes, ...], fields: str, facade: bool = False) -> Task:
    """Read one request with a new connection: events, content, and the parts of its head that ``fields`` selects."""
    is_lowered, is_listed = fields == LOWERED, fields == LISTED
    data = pieces[0]
    make = Connection if facade else H1Connection

    def drained(iterations: range) -> Any:
        for _ in iterations:
            connection = make(SERVER)
            event = connection.receive_event(data)
            content: list[bytes] = []
            while event is not NEED_DATA:
                if type(event) is Data:
                    content.append(event.data)
                event = connection.next_event()
        return lambda: extracted(content)

    def extracted(content: list[bytes]) -> dict[str, Any]:
        request = make(SERVER).receive_event(data)
        return read([request.method, request.target, request.http_version], list(request.headers), content)

    def whole(iterations: range) -> dict[str, Any]:
        for _ in iterations:
            connection = make(SERVER)
            content: list[bytes] = []
            trailers = NO_TRAILERS
            event = connection.receive_event(data)
            while event is not NEED_DATA:
                kind = type(event)
                if kind is Request:
                    request = event
                    method, target, http_version = event.method, event.target, event.http_version
                    if is_lowered:
                        headers = event.headers.to_list(lowercase_names=True)
                    elif is_listed:
                        headers = event.headers.to_list()
                elif kind is Data:
                    content.append(event.data)
                elif is_listed and content:
                    trailers = list(event.trailers)
                event = connection.next_event()
        headers = headers if is_lowered or is_listed else list(request.headers)
        return read([method, target, http_version], headers, content, trailers)

    def in_pieces(iterations: range) -> dict[str, Any]:
        for _ in iterations:
            connection = make(SERVER)
            content: list[bytes] = []
            for piece in pieces:
                event = connection.receive_event(piece)
                while event is not NEED_DATA:
                    kind = type(event)
                    if kind is Data:
                        content.append(event.data)
                    elif kind is Request:
                        request = event
                    event = connection.next_event()
        return read([request.method, request.target, request.http_version], list(request.headers), content)

    if len(pieces) > 1:
        return Task(range, in_pieces)
    return Task(range, whole if is_lowered or is_listed else drained)


def read_requests(requests: tuple[bytes, ...], fields: str) -> Task:
    """Read request after request with one connection: the events, and perhaps the values of an ASGI scope."""
    is_lowered = fields == LOWERED
    connection = H1Connection(SERVER)

    def prepare(count: int) -> Iterable[bytes]:
        return list(islice(cycle(requests), count))

    def run(prepared: Iterable[bytes]) -> dict[str, Any]:
        for data in prepared:
            content: list[bytes] = []
            event = connection.receive_event(data)
            while event is not NEED_DATA:
                kind = type(event)
                if kind is Request:
                    request = event
                    if is_lowered:
                        start = event.method, event.target, event.http_version
                        headers = event.headers.to_list(lowercase_names=True)
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
            connection.start_next_cycle()
        if not is_lowered:
            start = request.method, request.target, request.http_version
            headers = list(request.headers)
        return read(list(start), headers, content)

    return Task(prepare, run, block=1024)


def read_pipelined(requests: tuple[bytes, ...]) -> Task:
    """Read several requests from one buffer with a new connection, one cycle each."""
    data = b"".join(requests)
    count = len(requests)

    def run(iterations: range) -> list[dict[str, Any]]:
        for _ in iterations:
            connection = H1Connection(SERVER)
            messages = []
            event = connection.receive_event(data)
            for _ in range(count):
                while event is not NEED_DATA:
                    if type(event) is Request:
                        messages.append((event.method, event.target, event.http_version, event.headers))
                    event = connection.next_event()
                connection.start_next_cycle()
                event = connection.next_event()
        return [read(start, list(headers), []) for *start, headers in messages]

    return Task(range, run)


def awaiting_response(count: int) -> list[H1Connection]:
    """Make clients that have sent a request."""
    connections = []
    for _ in range(count):
        connection = H1Connection(CLIENT)
        connection.send_request(b"GET", b"/", b"1.1", [(b"Host", b"example.com")])
        connection.end_message()
        connection.data_to_send()
        connections.append(connection)
    return connections


def read_response(data: bytes, fields: str) -> Task:
    """Read the response to a request that was sent."""
    is_listed = fields == LISTED

    def run(connections: list[H1Connection]) -> dict[str, Any]:
        while connections:
            connection = connections.pop()
            content: list[bytes] = []
            event = connection.receive_event(data)
            while event is not NEED_DATA:
                kind = type(event)
                if kind is Response:
                    response = event
                    status, reason, http_version = event.status_code, event.reason, event.http_version
                    if is_listed:
                        headers = event.headers.to_list()
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
        return read([status, reason, http_version], headers if is_listed else list(response.headers), content)

    return Task(awaiting_response, run, PREPARED_CONNECTIONS)


def holding_request(count: int) -> list[H1Connection]:
    """Make servers that have read a request."""
    connections = []
    for _ in range(count):
        connection = H1Connection(SERVER)
        event = connection.receive_event(TINY_GET)
        while event is not NEED_DATA:
            event = connection.next_event()
        connections.append(connection)
    return connections


def write_response(message: Outgoing) -> Task:
    """Answer a request: in one write, or with a write per piece where the content comes in several."""
    status = message.start[0]
    assert isinstance(status, int)
    fields, content = message.fields, message.content

    def whole(connections: list[H1Connection]) -> dict[str, Any]:
        while connections:
            connection = connections.pop()
            connection.send_response(status, fields)
            for piece in content:
                connection.send_data(piece)
            connection.end_message()
            output = connection.data_to_send()
        return written(output)

    def in_pieces(connections: list[H1Connection]) -> dict[str, Any]:
        while connections:
            connection = connections.pop()
            output: list[bytes] = []
            connection.send_response(status, fields)
            for piece in content:
                connection.send_data(piece)
                output.append(connection.data_to_send())
            connection.end_message()
            output.append(connection.data_to_send())
        return written(b"".join(output))

    return Task(holding_request, in_pieces if len(content) > 1 else whole, PREPARED_CONNECTIONS)


def fresh_clients(count: int) -> list[H1Connection]:
    """Make clients."""
    return [H1Connection(CLIENT) for _ in range(count)]


def write_request(message: Outgoing) -> Task:
    """Send a request: in one write, or with a write per piece where the content comes in several."""
    method, target = message.start
    assert isinstance(method, bytes)
    fields, content = message.fields, message.content

    def whole(connections: list[H1Connection]) -> dict[str, Any]:
        while connections:
            connection = connections.pop()
            connection.send_request(method, target, b"1.1", fields)
            for piece in content:
                connection.send_data(piece)
            connection.end_message()
            output = connection.data_to_send()
        return written(output)

    def in_pieces(connections: list[H1Connection]) -> dict[str, Any]:
        while connections:
            connection = connections.pop()
            output: list[bytes] = []
            connection.send_request(method, target, b"1.1", fields)
            for piece in content:
                connection.send_data(piece)
                output.append(connection.data_to_send())
            connection.end_message()
            output.append(connection.data_to_send())
        return written(b"".join(output))

    return Task(fresh_clients, in_pieces if len(content) > 1 else whole, PREPARED_CONNECTIONS)


def serve(request: bytes, message: Outgoing, connections: int = 1) -> Task:
    """Read a request with a kept-alive connection and answer it; of several, each has its turn."""
    status = message.start[0]
    assert isinstance(status, int)
    fields, answer = message.fields, message.content
    turns = cycle([H1Connection(SERVER) for _ in range(connections)])

    def run(prepared: list[H1Connection]) -> dict[str, Any]:
        for connection in prepared:
            content: list[bytes] = []
            event = connection.receive_event(request)
            while event is not NEED_DATA:
                kind = type(event)
                if kind is Request:
                    method, target, http_version = event.method, event.target, event.http_version
                    headers = event.headers.to_list(lowercase_names=True)
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
            connection.send_response(status, fields)
            for piece in answer:
                connection.send_data(piece)
            connection.end_message()
            output = connection.data_to_send()
            keep_alive = not connection.should_close()
            if keep_alive:
                connection.start_next_cycle()
        start = [method, target, http_version]
        return {"read": read(start, headers, content), "written": written(output), "keep_alive": keep_alive}

    return Task(lambda number: list(islice(turns, number)), run, block=1024)


def idle_memory(request: bytes, message: Outgoing, connections: int) -> Task:
    """Return the bytes that each connection keeps after one request, of so many connections."""
    status = message.start[0]
    assert isinstance(status, int)

    def served() -> H1Connection:
        connection = H1Connection(SERVER)
        event = connection.receive_event(request)
        while event is not NEED_DATA:
            event = connection.next_event()
        connection.send_response(status, message.fields)
        for piece in message.content:
            connection.send_data(piece)
        connection.end_message()
        connection.data_to_send()
        connection.start_next_cycle()
        return connection

    return Task(lambda _: connections, lambda number: bytes_of_each(served, number))


def look_up(data: bytes, field: bytes) -> Task:
    """Look one field of a request up by its name."""
    request = H1Connection(SERVER).receive_event(data)
    assert isinstance(request, Request)
    headers = request.headers

    def run(iterations: range) -> bytes | None:
        for _ in iterations:
            value = headers.get(field)
        return value

    return Task(range, run)


def connect(facade: bool) -> Task:
    """Make connections."""
    make = Connection if facade else H1Connection

    def run(iterations: range) -> bool:
        for _ in iterations:
            connection = make(SERVER)
        return connection.should_close()

    return Task(range, run)


TASKS: dict[str, TaskBuilder] = {
    "read_request": read_request,
    "read_requests": read_requests,
    "read_pipelined": read_pipelined,
    "read_response": read_response,
    "write_response": write_response,
    "write_request": write_request,
    "serve": serve,
    "idle_memory": idle_memory,
    "look_up": look_up,
    "connect": connect,
}
