"""HTTP/1.1 with h11: the Connection loop of its documentation.

h11 starts a next cycle only after both sides have finished, so on kept-alive connections it also sends a bare 204;
the others can read the next request without it.
"""

# mypy: disable-error-code="possibly-undefined"
# A run has at least one iteration, and a message all its events: the returned name is always bound.

from collections.abc import Iterable
from importlib.metadata import version
from itertools import cycle, islice
from typing import Any

import h11
from h11 import CLIENT, MUST_CLOSE, NEED_DATA, PAUSED, SERVER, Connection, Data, EndOfMessage, Request, Response

from harness.memory import bytes_of_each
from harness.suite import Task, TaskBuilder
from http1_suite.extracted import read, written
from http1_suite.messages import TINY_GET, Outgoing
from http1_suite.workloads import LISTED, LOWERED

PREPARED_CONNECTIONS = 64
NO_TRAILERS: list[tuple[bytes, bytes]] = []
END = EndOfMessage()
BARE_RESPONSE = Response(status_code=204, headers=[])


def about() -> dict[str, Any]:
    """Return the measured version, and the files with the hot code."""
    return {"version": f"h11 {version('h11')}", "hot_files": [h11.__file__]}


def read_request(pieces: tuple[bytes, ...], fields: str, **_of_zttp: bool) -> Task:
    """Read one request with a new connection."""
    is_lowered, is_listed = fields == LOWERED, fields == LISTED

    def run(iterations: range) -> dict[str, Any]:
        for _ in iterations:
            connection = Connection(SERVER)
            content: list[bytes] = []
            trailers = NO_TRAILERS
            for piece in pieces:
                connection.receive_data(piece)
                event = connection.next_event()
                while event is not NEED_DATA and event is not PAUSED:
                    kind = type(event)
                    if kind is Request:
                        request = event
                        method, target, http_version = event.method, event.target, event.http_version
                        if is_lowered:
                            headers = list(event.headers)
                        elif is_listed:
                            headers = event.headers.raw_items()
                    elif kind is Data:
                        content.append(event.data)
                    elif is_listed and content:
                        trailers = event.headers.raw_items()
                    event = connection.next_event()
        headers = headers if is_lowered or is_listed else request.headers.raw_items()
        return read([method, target, http_version], headers, content, trailers)

    return Task(range, run)


def read_requests(requests: tuple[bytes, ...], fields: str) -> Task:
    """Read request after request with one connection."""
    is_lowered, is_listed = fields == LOWERED, fields == LISTED
    connection = Connection(SERVER)

    def prepare(count: int) -> Iterable[bytes]:
        return list(islice(cycle(requests), count))

    def run(prepared: Iterable[bytes]) -> dict[str, Any]:
        for data in prepared:
            content: list[bytes] = []
            connection.receive_data(data)
            event = connection.next_event()
            while event is not NEED_DATA and event is not PAUSED:
                kind = type(event)
                if kind is Request:
                    request = event
                    method, target, http_version = event.method, event.target, event.http_version
                    if is_lowered:
                        headers = list(event.headers)
                    elif is_listed:
                        headers = event.headers.raw_items()
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
            connection.send(BARE_RESPONSE)
            connection.send(END)
            connection.start_next_cycle()
        return read(
            [method, target, http_version], headers if is_lowered or is_listed else request.headers.raw_items(), content
        )

    return Task(prepare, run, block=1024)


def read_pipelined(requests: tuple[bytes, ...]) -> Task:
    """Read several requests from one buffer with a new connection, one cycle each."""
    data = b"".join(requests)
    count = len(requests)

    def run(iterations: range) -> list[dict[str, Any]]:
        for _ in iterations:
            connection = Connection(SERVER)
            messages = []
            connection.receive_data(data)
            for _ in range(count):
                event = connection.next_event()
                while event is not NEED_DATA and event is not PAUSED:
                    if type(event) is Request:
                        messages.append((event.method, event.target, event.http_version, event.headers))
                    event = connection.next_event()
                connection.send(BARE_RESPONSE)
                connection.send(END)
                connection.start_next_cycle()
        return [read(start, headers.raw_items(), []) for *start, headers in messages]

    return Task(range, run)


def awaiting_response(count: int) -> list[Connection]:
    """Make clients that have sent a request."""
    connections = []
    for _ in range(count):
        connection = Connection(CLIENT)
        connection.send(Request(method=b"GET", target=b"/", headers=[(b"Host", b"example.com")]))
        connection.send(END)
        connections.append(connection)
    return connections


def read_response(data: bytes, fields: str) -> Task:
    """Read the response to a request that was sent."""
    is_listed = fields == LISTED

    def run(connections: list[Connection]) -> dict[str, Any]:
        while connections:
            connection = connections.pop()
            content: list[bytes] = []
            connection.receive_data(data)
            event = connection.next_event()
            while event is not NEED_DATA and event is not PAUSED:
                kind = type(event)
                if kind is Response:
                    response = event
                    status, reason, http_version = event.status_code, event.reason, event.http_version
                    if is_listed:
                        headers = event.headers.raw_items()
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
        return read([status, reason, http_version], headers if is_listed else response.headers.raw_items(), content)

    return Task(awaiting_response, run, PREPARED_CONNECTIONS)


def holding_request(count: int) -> list[Connection]:
    """Make servers that have read a request."""
    connections = []
    for _ in range(count):
        connection = Connection(SERVER)
        connection.receive_data(TINY_GET)
        event = connection.next_event()
        while event is not NEED_DATA and event is not PAUSED:
            event = connection.next_event()
        connections.append(connection)
    return connections


def write_response(message: Outgoing) -> Task:
    """Answer a request: in one write, or with a write per piece where the content comes in several."""
    status, reason = message.start
    assert isinstance(status, int)
    fields, content = message.fields, message.content

    def whole(connections: list[Connection]) -> dict[str, Any]:
        while connections:
            send = connections.pop().send
            parts = [send(Response(status_code=status, headers=fields, reason=reason))]
            parts += [send(Data(data=piece)) for piece in content]
            parts.append(send(END))
            output = b"".join(parts)
        return written(output)

    def in_pieces(connections: list[Connection]) -> dict[str, Any]:
        while connections:
            send = connections.pop().send
            output = [send(Response(status_code=status, headers=fields, reason=reason))]
            for piece in content:
                output.append(send(Data(data=piece)))
            output.append(send(END))
        return written(b"".join(output))

    return Task(holding_request, in_pieces if len(content) > 1 else whole, PREPARED_CONNECTIONS)


def fresh_clients(count: int) -> list[Connection]:
    """Make clients."""
    return [Connection(CLIENT) for _ in range(count)]


def write_request(message: Outgoing) -> Task:
    """Send a request: in one write, or with a write per piece where the content comes in several."""
    method, target = message.start
    assert isinstance(method, bytes)
    fields, content = message.fields, message.content

    def whole(connections: list[Connection]) -> dict[str, Any]:
        while connections:
            send = connections.pop().send
            parts = [send(Request(method=method, target=target, headers=fields))]
            parts += [send(Data(data=piece)) for piece in content]
            parts.append(send(END))
            output = b"".join(parts)
        return written(output)

    def in_pieces(connections: list[Connection]) -> dict[str, Any]:
        while connections:
            send = connections.pop().send
            output = [send(Request(method=method, target=target, headers=fields))]
            for piece in content:
                output.append(send(Data(data=piece)))
            output.append(send(END))
        return written(b"".join(output))

    return Task(fresh_clients, in_pieces if len(content) > 1 else whole, PREPARED_CONNECTIONS)


def serve(request: bytes, message: Outgoing, connections: int = 1) -> Task:
    """Read a request with a kept-alive connection and answer it; of several, each has its turn."""
    status, reason = message.start
    assert isinstance(status, int)
    fields, answer = message.fields, message.content
    turns = cycle([Connection(SERVER) for _ in range(connections)])

    def run(prepared: list[Connection]) -> dict[str, Any]:
        for connection in prepared:
            content: list[bytes] = []
            connection.receive_data(request)
            event = connection.next_event()
            while event is not NEED_DATA and event is not PAUSED:
                kind = type(event)
                if kind is Request:
                    method, target, http_version = event.method, event.target, event.http_version
                    headers = list(event.headers)
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
            parts = [connection.send(Response(status_code=status, headers=fields, reason=reason))]
            parts += [connection.send(Data(data=piece)) for piece in answer]
            parts.append(connection.send(END))
            output = b"".join(parts)
            keep_alive = connection.our_state is not MUST_CLOSE
            if keep_alive:
                connection.start_next_cycle()
        start = [method, target, http_version]
        return {"read": read(start, headers, content), "written": written(output), "keep_alive": keep_alive}

    return Task(lambda number: list(islice(turns, number)), run, block=1024)


def idle_memory(request: bytes, message: Outgoing, connections: int) -> Task:
    """Return the bytes that each connection keeps after one request, of so many connections."""
    status, reason = message.start
    assert isinstance(status, int)

    def served() -> Connection:
        connection = Connection(SERVER)
        connection.receive_data(request)
        while type(connection.next_event()) is not EndOfMessage:
            pass
        connection.send(Response(status_code=status, headers=message.fields, reason=reason))
        for piece in message.content:
            connection.send(Data(data=piece))
        connection.send(END)
        connection.start_next_cycle()
        return connection

    return Task(lambda _: connections, lambda number: bytes_of_each(served, number))


TASKS: dict[str, TaskBuilder] = {
    "read_request": read_request,
    "read_requests": read_requests,
    "read_pipelined": read_pipelined,
    "read_response": read_response,
    "write_response": write_response,
    "write_request": write_request,
    "serve": serve,
    "idle_memory": idle_memory,
}
