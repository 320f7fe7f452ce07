"""HTTP/2 with zttp: the same code drives ours and the reference, which share an API and an import name."""

# mypy: disable-error-code="possibly-undefined"
# A run has at least one iteration, and a message all its events: the returned name is always bound.

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import cycle, islice
from typing import Any

from harness.memory import bytes_of_each
from harness.suite import Task, TaskBuilder
from http2_suite import wire
from http2_suite.extracted import acknowledged, read, written
from http2_suite.messages import TINY, Fields, Response
from http2_suite.messages import Request as RequestMessage
from http2_suite.wire_sizes import block_sizes
from zttp import (
    CLIENT,
    HTTP2,
    NEED_DATA,
    SERVER,
    Connection,
    Data,
    H2Connection,
    HeaderBlock,
    Ping,
    Request,
    Settings,
)
from zttp import (
    Response as ResponseEvent,
)

PREPARED = 64
"""So many connections are made, or streams opened, before a timed part: no library refuses as many."""
WARM_UP = 4
"""After so many messages an encoder knows them."""
CLIENT_OPENING = wire.opening(is_client=True)
SERVER_OPENING = wire.opening(is_client=False)

Extracted = Callable[[], Any]


def about() -> dict[str, Any]:
    """Return the measured version, the files with the hot code, and the sizes of field blocks."""
    connection = serving()
    connection.receive_data(wire.Client([TINY]).first()[0][1])
    event = connection.next_event()
    assert isinstance(event, Request)
    hot = (connection, connection.stream(event.stream_id), event, event.headers)
    files = [getattr(sys.modules.get(type(thing).__module__), "__file__", None) for thing in hot]
    return {
        "version": f"zttp {version('zttp')}",
        "hot_files": [file for file in files if file is not None],  # the lists of the reference have no file
        "compiled_flags": compiled_flags(),
        "block_sizes": block_sizes(write_all),
    }


def compiled_flags() -> dict[str, bool]:
    """Return the COMPILED flags of the distributions that have one."""
    flags: dict[str, bool] = {}
    for name in ("zttp_core", "zttp_h2"):
        try:
            flags[name] = importlib.import_module(name).COMPILED
        except ImportError:
            continue  # the reference is one module without flags
    return flags


def drain(connection: H2Connection) -> None:
    """Pull all events, and take the output."""
    while connection.next_event() is not NEED_DATA:
        pass
    connection.data_to_send()


def serving(opening: bytes = CLIENT_OPENING, **options: Any) -> H2Connection:
    """Return a server that has read its client's preface."""
    connection = Connection(SERVER, HTTP2, **options)
    connection.receive_data(opening)
    drain(connection)
    return connection


def asking() -> H2Connection:
    """Return a client that has read its server's preface."""
    connection = Connection(CLIENT, HTTP2)
    connection.initiate_connection()
    connection.receive_data(SERVER_OPENING)
    drain(connection)
    return connection


def hold(connection: H2Connection, data: bytes) -> None:
    """Have a connection read a message, to be answered later."""
    for part in wire.reads(data):
        connection.receive_data(part)
        drain(connection)


def answer_briefly(connection: H2Connection, stream_id: int) -> None:
    """Have a server close a stream."""
    connection.stream(stream_id).send_response(204, [], True)


def send_request(connection: H2Connection, request: RequestMessage) -> int:
    """Have a client send a request without content, and return its stream."""
    fields = [(b"host", request.authority), *request.fields]
    stream = connection.send_request(request.method, request.path, b"2", fields)
    stream.end_message()
    return stream.stream_id


def write_request(connection: H2Connection, request: RequestMessage) -> bytes:
    """Have a client send a request without content, and return what it writes."""
    send_request(connection, request)
    output: bytes = connection.data_to_send()
    return output


def send_response(connection: H2Connection, stream_id: int, response: Response) -> None:
    """Have a server send a complete response."""
    stream = connection.stream(stream_id)
    stream.send_response(response.status, response.fields)
    if response.content:
        stream.send_data(response.content)
    stream.end_message()


class Server:
    """A server and its client. The connection has answered some requests before it is measured: the tables are filled.

    Requests that a run leaves unanswered are answered before the next.
    """

    def __init__(
        self,
        requests: Sequence[RequestMessage],
        answer: Callable[[H2Connection, int], None] = answer_briefly,
        make: Callable[[], H2Connection] = serving,
        is_indexed: bool = True,
        warm_up: int = 0,
    ) -> None:
        self.requests, self.answer, self.make, self.is_indexed, self.warm_up = (
            requests,
            answer,
            make,
            is_indexed,
            warm_up,
        )
        self.unanswered: list[int] = []
        self.renew()

    def renew(self) -> None:
        """Begin a connection."""
        self.connection = self.make()
        self.client = wire.Client(self.requests, self.is_indexed)
        self.outputs: list[bytes] = []
        self.unanswered.clear()
        for stream_id, data in [*self.client.first(), *self.client.take(self.warm_up)]:
            hold(self.connection, data)
            self.answer(self.connection, stream_id)
            self.outputs.append(self.connection.data_to_send())

    def ready(self, number: int) -> wire.Client:
        """Return the client of a connection that can read so many more requests, nothing left unanswered."""
        if not self.client.has_room(number):
            self.renew()
        for stream_id in self.unanswered:
            answer_briefly(self.connection, stream_id)
        self.unanswered.clear()
        self.connection.data_to_send()
        return self.client

    def take(self, number: int) -> list[bytes]:
        """Return the next requests."""
        return [data for _, data in self.ready(number).take(number)]

    def hold(self, number: int) -> list[int]:
        """Read the next requests, and return their streams."""
        requests = self.ready(number).take(number)
        for _, data in requests:
            hold(self.connection, data)
        return [stream_id for stream_id, _ in requests]


def bare_server(make: Callable[[], H2Connection] = serving, **options: Any) -> Server:
    """Return a server with requests to answer, without changing the table."""
    return Server([TINY], make=make, is_indexed=False, **options)


def write_all(messages: Sequence[Any]) -> list[bytes]:
    """Write messages on one connection."""
    if isinstance(messages[0], RequestMessage):
        connection = asking()
        return [write_request(connection, message) for message in messages]
    server = bare_server()
    outputs = []
    for stream_id, message in zip(server.hold(len(messages)), messages, strict=True):
        send_response(server.connection, stream_id, message)
        outputs.append(server.connection.data_to_send())
    return outputs


# ------------------------------------------------------------------------------------------------------------- decoding


def read_first_request(request: RequestMessage) -> Task:
    """Read the first bytes of a client: preface, SETTINGS, and a request."""
    _, message = wire.Client([request]).first()[0]
    data = wire.opening(is_client=True, window=wire.DEFAULT_WINDOW) + message

    def run(iterations: range) -> Extracted:
        for _ in iterations:
            connection = H2Connection(SERVER)
            connection.receive_data(data)
            event = connection.next_event()
            while event is not NEED_DATA:
                if type(event) is Request:
                    method, target, headers = event.method, event.target, event.headers
                event = connection.next_event()
        return lambda: read([method, target], headers)

    return Task(range, run)


def read_requests(requests: Sequence[RequestMessage]) -> Task:
    """Read request after request with one connection, whose table is filled."""
    server = Server(requests)

    def prepare(number: int) -> list[bytes]:
        prepared = server.ready(number).take(number)
        server.unanswered += [stream_id for stream_id, _ in prepared]
        return [data for _, data in prepared]

    def run(prepared: list[bytes]) -> Extracted:
        connection = server.connection
        for data in prepared:
            connection.receive_data(data)
            event = connection.next_event()
            while event is not NEED_DATA:
                if type(event) is Request:
                    method, target, headers = event.method, event.target, event.headers
                event = connection.next_event()
        return lambda: read([method, target], headers)

    return Task(prepare, run, PREPARED)


def read_first_response(response: Response) -> Task:
    """Read the first bytes of a server: SETTINGS, and a response to a request that was sent."""
    template = wire.Messages([response]).first[0]
    opening = wire.opening(is_client=False, window=wire.DEFAULT_WINDOW)

    def prepare(number: int) -> list[tuple[H2Connection, bytes]]:
        prepared = []
        for _ in range(number):
            connection = Connection(CLIENT, HTTP2)
            stream_id = send_request(connection, TINY)
            connection.data_to_send()
            prepared.append((connection, opening + template.on(stream_id)))
        return prepared

    def run(prepared: list[tuple[H2Connection, bytes]]) -> Extracted:
        for connection, data in prepared:
            content: list[bytes] = []
            connection.receive_data(data)
            event = connection.next_event()
            while event is not NEED_DATA:
                kind = type(event)
                if kind is ResponseEvent:
                    status, headers = event.status_code, event.headers
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
        return lambda: read([status], headers, content)

    return Task(prepare, run, PREPARED)


def read_responses(responses: Sequence[Response]) -> Task:
    """Read response after response with one connection, whose table is filled.

    Each run has a new one: clients of the reference become slower with every stream that they ever had.
    """

    def prepare(number: int) -> tuple[H2Connection, list[bytes]]:
        connection = asking()
        messages = wire.Messages(responses)
        for template in messages.first:
            hold(connection, template.on(send_request(connection, TINY)))
        prepared = [template.on(send_request(connection, TINY)) for template in messages.take(number)]
        connection.data_to_send()
        return connection, prepared

    def run(prepared: tuple[H2Connection, list[bytes]]) -> Extracted:
        connection, answers = prepared
        for data in answers:
            content: list[bytes] = []
            connection.receive_data(data)
            event = connection.next_event()
            while event is not NEED_DATA:
                kind = type(event)
                if kind is ResponseEvent:
                    status, headers = event.status_code, event.headers
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
        return lambda: read([status], headers, content)

    return Task(prepare, run, PREPARED)


# ------------------------------------------------------------------------------------------------------------- encoding


def write_first_response(response: Response) -> Task:
    """Answer the first request of a connection, whose SETTINGS are sent already."""
    status, fields, content = response

    def prepare(number: int) -> list[tuple[H2Connection, int]]:
        servers = [bare_server() for _ in range(number)]
        return [(server.connection, server.hold(1)[0]) for server in servers]

    def run(prepared: list[tuple[H2Connection, int]]) -> Extracted:
        for connection, stream_id in prepared:
            stream = connection.stream(stream_id)
            stream.send_response(status, fields)
            if content:
                stream.send_data(content)
            stream.end_message()
            output = connection.data_to_send()
        return lambda: written([output])

    return Task(prepare, run, PREPARED)


def write_responses(responses: Sequence[Response]) -> Task:
    """Answer request after request with one connection, whose table is filled."""
    turn = cycle(responses)

    def answer(connection: H2Connection, stream_id: int) -> None:
        send_response(connection, stream_id, next(turn))

    server = bare_server(answer=answer, warm_up=PREPARED)

    def prepare(number: int) -> list[tuple[int, Response]]:
        return list(zip(server.hold(number), islice(turn, number), strict=True))

    def run(prepared: list[tuple[int, Response]]) -> Extracted:
        connection = server.connection
        outputs: list[bytes] = []
        for stream_id, (status, fields, content) in prepared:
            stream = connection.stream(stream_id)
            stream.send_response(status, fields)
            if content:
                stream.send_data(content)
            stream.end_message()
            outputs.append(connection.data_to_send())
        return lambda: written([*server.outputs, *outputs])

    return Task(prepare, run, PREPARED)


def write_first_request(request: RequestMessage) -> Task:
    """Send the first request of a connection, whose preface is sent already."""
    method, path, fields = request.method, request.path, [(b"host", request.authority), *request.fields]

    def prepare(number: int) -> list[H2Connection]:
        return [asking() for _ in range(number)]

    def run(prepared: list[H2Connection]) -> Extracted:
        for connection in prepared:
            stream = connection.send_request(method, path, b"2", fields)
            stream.end_message()
            output = connection.data_to_send()
        return lambda: written([output])

    return Task(prepare, run, PREPARED)


def write_requests(requests: Sequence[RequestMessage]) -> Task:
    """Send request after request with one connection, whose table is filled: a new one for each run."""
    warm_up: list[bytes] = []
    values = [(request.method, request.path, [(b"host", request.authority), *request.fields]) for request in requests]

    def prepare(number: int) -> tuple[H2Connection, list[tuple[bytes, bytes, Fields]]]:
        connection = asking()
        warm_up[:] = [write_request(connection, request) for request in islice(cycle(requests), WARM_UP)]
        return connection, list(islice(cycle(values), number))

    def run(prepared: tuple[H2Connection, list[tuple[bytes, bytes, Fields]]]) -> Extracted:
        outputs: list[bytes] = []
        connection, parts = prepared
        for method, path, fields in parts:
            stream = connection.send_request(method, path, b"2", fields)
            stream.end_message()
            outputs.append(connection.data_to_send())
        return lambda: written([*warm_up, *outputs])

    return Task(prepare, run, PREPARED)


# ------------------------------------------------------------------------------------------------------------ both ways


def multiplex(requests: Sequence[RequestMessage], response: Response | None, at_once: int) -> Task:
    """Read so many requests from one buffer, and answer them (untimed if there is no response to measure)."""

    def answer(connection: H2Connection, stream_id: int) -> None:
        if response is None:
            answer_briefly(connection, stream_id)
        else:
            send_response(connection, stream_id, response)

    server = Server(requests, answer)

    def prepare(number: int) -> list[bytes]:
        client = server.ready(at_once * number)
        return [client.take_interleaved(at_once)[1] for _ in range(number)]

    def run(prepared: list[bytes]) -> Extracted:
        connection = server.connection
        outputs: list[bytes] = []
        for data in prepared:
            streams: list[int] = []
            content: list[bytes] = []
            connection.receive_data(data)
            event = connection.next_event()
            while event is not NEED_DATA:
                kind = type(event)
                if kind is Request:
                    method, target, headers = event.method, event.target, event.headers
                    streams.append(event.stream_id)
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
            if response is not None:
                status, fields, answer = response
                for stream_id in streams:
                    stream = connection.stream(stream_id)
                    stream.send_response(status, fields)
                    stream.send_data(answer)
                    stream.end_message()
                outputs.append(connection.data_to_send())
            else:
                server.unanswered += streams
        return lambda: [len(streams), read([method, target], headers, content), written([*server.outputs, *outputs])]

    return Task(prepare, run, 1 if response is None else 16)


def serve(requests: Sequence[RequestMessage], response: Response, connections: int = 1) -> Task:
    """Read request after request, each as it comes, with its fields as in an ASGI scope, and answer.

    Of several connections, each has its turn.
    """
    status, fields, answer = response
    servers = [
        Server(requests, lambda connection, stream_id: send_response(connection, stream_id, response))
        for _ in range(connections)
    ]
    turns = cycle(servers)

    def prepare(number: int) -> list[tuple[H2Connection, bytes]]:
        prepared = []
        for server in islice(turns, number):
            [data] = server.take(1)
            prepared.append((server.connection, data))
        return prepared

    def run(prepared: list[tuple[H2Connection, bytes]]) -> Extracted:
        outputs: list[bytes] = []
        for connection, data in prepared:
            content: list[bytes] = []
            connection.receive_data(data)
            event = connection.next_event()
            while event is not NEED_DATA:
                kind = type(event)
                if kind is Request:
                    method, target, headers, stream_id = event.method, event.target, event.headers, event.stream_id
                    listed = (
                        headers.to_list(lowercase_names=True)
                        if type(headers) is HeaderBlock
                        else [(name.lower(), value) for name, value in headers]
                    )
                elif kind is Data:
                    content.append(event.data)
                event = connection.next_event()
            stream = connection.stream(stream_id)
            stream.send_response(status, fields)
            if answer:
                stream.send_data(answer)
            stream.end_message()
            outputs.append(connection.data_to_send())
        return lambda: [read([method, target], listed, content), written(of_the_last(servers, prepared, outputs))]

    return Task(prepare, run, 1024)


def of_the_last(servers: list[Server], prepared: list[tuple[H2Connection, bytes]], outputs: list[bytes]) -> list[bytes]:
    """Return the whole output of the last connection: its field blocks depend on each other."""
    last = prepared[-1][0]
    [server] = [server for server in servers if server.connection is last]
    later = [output for (connection, _), output in zip(prepared, outputs, strict=True) if connection is last]
    return [*server.outputs, *later]


def idle_memory(request: RequestMessage, response: Response, connections: int) -> Task:
    """Return the bytes that each connection keeps after one request, of so many connections."""
    _, message = wire.Client([request]).first()[0]

    def served() -> H2Connection:
        connection = serving()
        hold(connection, message)
        send_response(connection, 1, response)
        connection.data_to_send()
        return connection

    return Task(lambda _: connections, lambda number: bytes_of_each(served, number))


# ------------------------------------------------------------------------------------------------------------ transfers


def upload(request: RequestMessage, is_wide: bool) -> Task:
    """Read an upload as it arrives, and return its credit."""
    options = {} if is_wide else narrow_windows()
    server = Server([request], make=lambda: serving(**options))
    size = wire.READ_SIZE if is_wide else wire.NARROW_READ_SIZE

    def prepare(number: int) -> list[list[bytes]]:
        prepared = server.ready(number).take(number)
        server.unanswered += [stream_id for stream_id, _ in prepared]
        return [wire.reads(data, size) for _, data in prepared]

    def run(prepared: list[list[bytes]]) -> Extracted:
        connection = server.connection
        for pieces in prepared:
            content: list[bytes] = []
            for piece in pieces:
                connection.receive_data(piece)
                event = connection.next_event()
                while event is not NEED_DATA:
                    kind = type(event)
                    if kind is Request:
                        method, target, headers = event.method, event.target, event.headers
                    elif kind is Data:
                        content.append(event.data)
                    event = connection.next_event()
                connection.data_to_send()
        return lambda: read([method, target], headers, content)

    return Task(prepare, run, 4)


def narrow_windows() -> dict[str, Any]:
    """Return the options of a connection that grants 64 KiB; the reference has none, and always does."""
    try:
        limits = importlib.import_module("zttp").H2Limits
    except AttributeError:
        return {}
    window = wire.DEFAULT_WINDOW
    return {"limits": limits(initial_window_size=window, connection_window_size=window, max_connection_window=window)}


def download(response: Response, is_wide: bool) -> Task:
    """Answer a request with much content, as the client's credit comes in."""
    status, fields, content = response
    pieces = wire.reads(content, wire.READ_SIZE)
    granted = wire.Credit(len(content), is_wide)
    server = bare_server(lambda: serving(granted.opening))

    def prepare(number: int) -> list[tuple[int, list[bytes]]]:
        return [(stream_id, granted.on(stream_id)) for stream_id in server.hold(number)]

    def run(prepared: list[tuple[int, list[bytes]]]) -> Extracted:
        connection = server.connection
        for stream_id, credit in prepared:
            outputs: list[bytes] = []
            stream = connection.stream(stream_id)
            stream.send_response(status, fields)
            for piece in pieces:
                stream.send_data(piece)
                outputs.append(connection.data_to_send())
            stream.end_message()
            outputs.append(connection.data_to_send())
            for update in credit:
                connection.receive_data(update)
                while connection.next_event() is not NEED_DATA:
                    pass
                outputs.append(connection.data_to_send())
        return lambda: written(outputs)

    return Task(prepare, run, 1)


# ------------------------------------------------------------------------------------------------------- control frames


def acknowledge_pings(number: int) -> Task:
    """Read PINGs, each as it comes, and send the acknowledgments."""
    pings = [wire.frame(wire.PING, 0, 0, at.to_bytes(8)) for at in range(number)]

    def run(connections: list[H2Connection]) -> Extracted:
        for connection in connections:
            outputs: list[bytes] = []
            for data in pings:
                connection.receive_data(data)
                event = connection.next_event()
                while event is not NEED_DATA:
                    if type(event) is Ping:
                        payload = event.data
                    event = connection.next_event()
                outputs.append(connection.data_to_send())
        return lambda: [payload, acknowledged(outputs)]

    return Task(fresh_servers, run, PREPARED)


def acknowledge_settings(number: int) -> Task:
    """Read SETTINGS, each as they come, and send the acknowledgments."""
    frames = [wire.changed_settings(at) for at in range(number)]

    def run(connections: list[H2Connection]) -> Extracted:
        for connection in connections:
            outputs: list[bytes] = []
            for data in frames:
                connection.receive_data(data)
                event = connection.next_event()
                while event is not NEED_DATA:
                    if type(event) is Settings:
                        params = event.params
                    event = connection.next_event()
                outputs.append(connection.data_to_send())
        return lambda: [params, acknowledged(outputs)]

    return Task(fresh_servers, run, PREPARED)


def fresh_servers(number: int) -> list[H2Connection]:
    """Make servers."""
    return [serving() for _ in range(number)]


TASKS: dict[str, TaskBuilder] = {
    "read_first_request": read_first_request,
    "read_requests": read_requests,
    "read_first_response": read_first_response,
    "read_responses": read_responses,
    "write_first_response": write_first_response,
    "write_responses": write_responses,
    "write_first_request": write_first_request,
    "write_requests": write_requests,
    "multiplex": multiplex,
    "serve": serve,
    "idle_memory": idle_memory,
    "upload": upload,
    "download": download,
    "acknowledge_pings": acknowledge_pings,
    "acknowledge_settings": acknowledge_settings,
}
