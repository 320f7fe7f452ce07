"""HTTP/2 with hyper-h2, and with jh2, its fork with HPACK in Rust: their APIs are the same."""

# mypy: disable-error-code="possibly-undefined"
# A run has at least one iteration, and a message all its events: the returned name is always bound.

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from itertools import cycle, islice
from typing import Any

from harness.memory import bytes_of_each
from harness.suite import Task, TaskBuilder
from http2_suite import wire
from http2_suite.extracted import acknowledged, read, written
from http2_suite.messages import TINY, Fields, Request, Response
from http2_suite.wire_sizes import block_sizes

PACKAGE = "jh2" if find_spec("jh2") else "h2"
"""Each environment has one of them."""

config = import_module(f"{PACKAGE}.config")
connection_module = import_module(f"{PACKAGE}.connection")
events = import_module(f"{PACKAGE}.events")
settings_module = import_module(f"{PACKAGE}.settings")

H2Connection = connection_module.H2Connection
RequestReceived = events.RequestReceived
ResponseReceived = events.ResponseReceived
DataReceived = events.DataReceived
PingReceived = events.PingReceived
RemoteSettingsChanged = events.RemoteSettingsChanged

SERVER_CONFIG = config.H2Configuration(client_side=False, header_encoding=None)
CLIENT_CONFIG = config.H2Configuration(client_side=True, header_encoding=None)

PREPARED = 64
"""So many connections are made, or streams opened, before a timed part: no library refuses as many."""
WARM_UP = 4
"""After so many messages an encoder knows them."""
CLIENT_OPENING = wire.opening(is_client=True)
SERVER_OPENING = wire.opening(is_client=False)

Extracted = Callable[[], Any]


def about() -> dict[str, Any]:
    """Return the measured version, the files with the hot code, and the sizes of field blocks."""
    return {
        "version": f"{PACKAGE} {version(PACKAGE)}",
        "hot_files": [connection_module.__file__],
        "compiled_flags": {},
        "block_sizes": block_sizes(write_all),
    }


def serving(opening: bytes = CLIENT_OPENING, window: int = wire.DEFAULT_WINDOW) -> Any:
    """Return a server that has read its client's preface."""
    connection = H2Connection(config=SERVER_CONFIG)
    if window > wire.DEFAULT_WINDOW:
        initial = {settings_module.SettingCodes.INITIAL_WINDOW_SIZE: window}
        connection.local_settings = settings_module.Settings(client=False, initial_values=initial)
    connection.initiate_connection()
    if window > wire.DEFAULT_WINDOW:
        connection.increment_flow_control_window(window - wire.DEFAULT_WINDOW)
    connection.receive_data(opening)
    connection.data_to_send()
    return connection


def asking() -> Any:
    """Return a client that has read its server's preface."""
    connection = H2Connection(config=CLIENT_CONFIG)
    connection.initiate_connection()
    connection.receive_data(SERVER_OPENING)
    connection.data_to_send()
    return connection


def hold(connection: Any, data: bytes) -> None:
    """Have a connection read a message, to be answered later."""
    for part in wire.reads(data):
        for event in connection.receive_data(part):
            if type(event) is DataReceived:
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        connection.data_to_send()


def answer_briefly(connection: Any, stream_id: int) -> None:
    """Have a server close a stream."""
    connection.send_headers(stream_id, [(b":status", b"204")], end_stream=True)


def send_request(connection: Any, request: Request) -> int:
    """Have a client send a request without content, and return its stream."""
    stream_id: int = connection.get_next_available_stream_id()
    connection.send_headers(stream_id, request.field_section, end_stream=True)
    return stream_id


def write_request(connection: Any, request: Request) -> bytes:
    """Have a client send a request without content, and return what it writes."""
    send_request(connection, request)
    output: bytes = connection.data_to_send()
    return output


def send_response(connection: Any, stream_id: int, response: Response) -> None:
    """Have a server send a complete response."""
    connection.send_headers(stream_id, response.field_section, end_stream=not response.content)
    if response.content:
        connection.send_data(stream_id, response.content, end_stream=True)


class Server:
    """A server and its client. The connection has answered some requests before it is measured: the tables are filled.

    Requests that a run leaves unanswered are answered before the next.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        answer: Callable[[Any, int], None] = answer_briefly,
        make: Callable[[], Any] = serving,
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


def bare_server(make: Callable[[], Any] = serving, **options: Any) -> Server:
    """Return a server with requests to answer, without changing the table."""
    return Server([TINY], make=make, is_indexed=False, **options)


def write_all(messages: Sequence[Any]) -> list[bytes]:
    """Write messages on one connection."""
    if isinstance(messages[0], Request):
        connection = asking()
        return [write_request(connection, message) for message in messages]
    server = bare_server()
    outputs = []
    for stream_id, message in zip(server.hold(len(messages)), messages, strict=True):
        send_response(server.connection, stream_id, message)
        outputs.append(server.connection.data_to_send())
    return outputs


def read_request(section: Iterable[tuple[bytes, bytes]], content: Iterable[bytes] = ()) -> dict[str, Any]:
    """Return a request that was read in the common form. Never timed."""
    pairs = [(bytes(name), bytes(value)) for name, value in section]
    pseudo = {name: value for name, value in pairs if name.startswith(b":")}
    host = [(b"host", pseudo[b":authority"])]
    return read([pseudo[b":method"], pseudo[b":path"]], host + pairs[len(pseudo) :], content)


def read_response(section: Iterable[tuple[bytes, bytes]], content: Iterable[bytes]) -> dict[str, Any]:
    """Return a response that was read in the common form. Never timed."""
    (_, status), *fields = [(bytes(name), bytes(value)) for name, value in section]
    return read([int(status)], fields, content)


# ------------------------------------------------------------------------------------------------------------- decoding


def read_first_request(request: Request) -> Task:
    """Read the first bytes of a client: preface, SETTINGS, and a request."""
    _, message = wire.Client([request]).first()[0]
    data = wire.opening(is_client=True, window=wire.DEFAULT_WINDOW) + message

    def run(iterations: range) -> Extracted:
        for _ in iterations:
            connection = H2Connection(config=SERVER_CONFIG)
            for event in connection.receive_data(data):
                if type(event) is RequestReceived:
                    headers = event.headers
        return lambda: read_request(headers)

    return Task(range, run)


def read_requests(requests: Sequence[Request]) -> Task:
    """Read request after request with one connection, whose table is filled."""
    server = Server(requests)

    def prepare(number: int) -> list[bytes]:
        prepared = server.ready(number).take(number)
        server.unanswered += [stream_id for stream_id, _ in prepared]
        return [data for _, data in prepared]

    def run(prepared: list[bytes]) -> Extracted:
        connection = server.connection
        for data in prepared:
            for event in connection.receive_data(data):
                if type(event) is RequestReceived:
                    headers = event.headers
        return lambda: read_request(headers)

    return Task(prepare, run, PREPARED)


def read_first_response(response: Response) -> Task:
    """Read the first bytes of a server: SETTINGS, and a response to a request that was sent."""
    template = wire.Messages([response]).first[0]
    opening = wire.opening(is_client=False, window=wire.DEFAULT_WINDOW)

    def prepare(number: int) -> list[tuple[Any, bytes]]:
        prepared = []
        for _ in range(number):
            connection = H2Connection(config=CLIENT_CONFIG)
            connection.initiate_connection()
            stream_id = send_request(connection, TINY)
            connection.data_to_send()
            prepared.append((connection, opening + template.on(stream_id)))
        return prepared

    def run(prepared: list[tuple[Any, bytes]]) -> Extracted:
        for connection, data in prepared:
            content: list[bytes] = []
            for event in connection.receive_data(data):
                kind = type(event)
                if kind is ResponseReceived:
                    headers = event.headers
                elif kind is DataReceived:
                    content.append(event.data)
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        return lambda: read_response(headers, content)

    return Task(prepare, run, PREPARED)


def read_responses(responses: Sequence[Response]) -> Task:
    """Read response after response with one connection, whose table is filled.

    Each run has a new one: clients of the reference become slower with every stream that they ever had.
    """

    def prepare(number: int) -> tuple[Any, list[bytes]]:
        connection = asking()
        messages = wire.Messages(responses)
        for template in messages.first:
            hold(connection, template.on(send_request(connection, TINY)))
        prepared = [template.on(send_request(connection, TINY)) for template in messages.take(number)]
        connection.data_to_send()
        return connection, prepared

    def run(prepared: tuple[Any, list[bytes]]) -> Extracted:
        connection, answers = prepared
        for data in answers:
            content: list[bytes] = []
            for event in connection.receive_data(data):
                kind = type(event)
                if kind is ResponseReceived:
                    headers = event.headers
                elif kind is DataReceived:
                    content.append(event.data)
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        return lambda: read_response(headers, content)

    return Task(prepare, run, PREPARED)


# ------------------------------------------------------------------------------------------------------------- encoding


def write_first_response(response: Response) -> Task:
    """Answer the first request of a connection, whose SETTINGS are sent already."""
    status, fields, content = response

    def prepare(number: int) -> list[tuple[Any, int]]:
        servers = [bare_server() for _ in range(number)]
        return [(server.connection, server.hold(1)[0]) for server in servers]

    def run(prepared: list[tuple[Any, int]]) -> Extracted:
        for connection, stream_id in prepared:
            section = [(b":status", b"%d" % status), *fields]
            connection.send_headers(stream_id, section, end_stream=not content)
            if content:
                connection.send_data(stream_id, content, end_stream=True)
            output = connection.data_to_send()
        return lambda: written([output])

    return Task(prepare, run, PREPARED)


def write_responses(responses: Sequence[Response]) -> Task:
    """Answer request after request with one connection, whose table is filled."""
    turn = cycle(responses)

    def answer(connection: Any, stream_id: int) -> None:
        send_response(connection, stream_id, next(turn))

    server = bare_server(answer=answer, warm_up=PREPARED)

    def prepare(number: int) -> list[tuple[int, Response]]:
        return list(zip(server.hold(number), islice(turn, number), strict=True))

    def run(prepared: list[tuple[int, Response]]) -> Extracted:
        connection = server.connection
        outputs: list[bytes] = []
        for stream_id, (status, fields, content) in prepared:
            section = [(b":status", b"%d" % status), *fields]
            connection.send_headers(stream_id, section, end_stream=not content)
            if content:
                connection.send_data(stream_id, content, end_stream=True)
            outputs.append(connection.data_to_send())
        return lambda: written([*server.outputs, *outputs])

    return Task(prepare, run, PREPARED)


def write_first_request(request: Request) -> Task:
    """Send the first request of a connection, whose preface is sent already."""

    def prepare(number: int) -> list[Any]:
        return [asking() for _ in range(number)]

    def run(prepared: list[Any]) -> Extracted:
        section = request.field_section
        for connection in prepared:
            connection.send_headers(connection.get_next_available_stream_id(), section, end_stream=True)
            output = connection.data_to_send()
        return lambda: written([output])

    return Task(prepare, run, PREPARED)


def write_requests(requests: Sequence[Request]) -> Task:
    """Send request after request with one connection, whose table is filled: a new one for each run."""
    warm_up: list[bytes] = []
    sections = [request.field_section for request in requests]

    def prepare(number: int) -> tuple[Any, list[Fields]]:
        connection = asking()
        warm_up[:] = [write_request(connection, request) for request in islice(cycle(requests), WARM_UP)]
        return connection, list(islice(cycle(sections), number))

    def run(prepared: tuple[Any, list[Fields]]) -> Extracted:
        outputs: list[bytes] = []
        connection, parts = prepared
        for section in parts:
            stream_id = connection.get_next_available_stream_id()
            connection.send_headers(stream_id, section, end_stream=True)
            outputs.append(connection.data_to_send())
        return lambda: written([*warm_up, *outputs])

    return Task(prepare, run, PREPARED)


# ------------------------------------------------------------------------------------------------------------ both ways


def multiplex(requests: Sequence[Request], response: Response | None, at_once: int) -> Task:
    """Read so many requests from one buffer, and answer them (untimed if there is no response to measure)."""

    def answer(connection: Any, stream_id: int) -> None:
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
            for event in connection.receive_data(data):
                kind = type(event)
                if kind is RequestReceived:
                    headers = event.headers
                    streams.append(event.stream_id)
                elif kind is DataReceived:
                    content.append(event.data)
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if response is not None:
                status, fields, answer = response
                for stream_id in streams:
                    connection.send_headers(stream_id, [(b":status", b"%d" % status), *fields])
                    connection.send_data(stream_id, answer, end_stream=True)
                outputs.append(connection.data_to_send())
            else:
                server.unanswered += streams
        return lambda: [len(streams), read_request(headers, content), written([*server.outputs, *outputs])]

    return Task(prepare, run, 1 if response is None else 16)


def serve(requests: Sequence[Request], response: Response, connections: int = 1) -> Task:
    """Read request after request, each as it comes, with its fields as in an ASGI scope, and answer.

    Of several connections, each has its turn.
    """
    status, fields, answer = response
    servers = [
        Server(requests, lambda connection, stream_id: send_response(connection, stream_id, response))
        for _ in range(connections)
    ]
    turns = cycle(servers)

    def prepare(number: int) -> list[tuple[Any, bytes]]:
        prepared = []
        for server in islice(turns, number):
            [data] = server.take(1)
            prepared.append((server.connection, data))
        return prepared

    def run(prepared: list[tuple[Any, bytes]]) -> Extracted:
        outputs: list[bytes] = []
        for connection, data in prepared:
            content: list[bytes] = []
            for event in connection.receive_data(data):
                kind = type(event)
                if kind is RequestReceived:
                    stream_id = event.stream_id
                    listed: Fields = []
                    for name, value in event.headers:
                        if name == b":method":
                            method = value
                        elif name == b":path":
                            target = value
                        elif name == b":authority":
                            listed.append((b"host", value))
                        elif name != b":scheme":
                            listed.append((name, value))
                elif kind is DataReceived:
                    content.append(event.data)
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            connection.send_headers(stream_id, [(b":status", b"%d" % status), *fields], end_stream=not answer)
            if answer:
                connection.send_data(stream_id, answer, end_stream=True)
            outputs.append(connection.data_to_send())
        return lambda: [read([method, target], listed, content), written(of_the_last(servers, prepared, outputs))]

    return Task(prepare, run, 1024)


def of_the_last(servers: list[Server], prepared: list[tuple[Any, bytes]], outputs: list[bytes]) -> list[bytes]:
    """Return the whole output of the last connection: its field blocks depend on each other."""
    last = prepared[-1][0]
    [server] = [server for server in servers if server.connection is last]
    later = [output for (connection, _), output in zip(prepared, outputs, strict=True) if connection is last]
    return [*server.outputs, *later]


def idle_memory(request: Request, response: Response, connections: int) -> Task:
    """Return the bytes that each connection keeps after one request, of so many connections."""
    _, message = wire.Client([request]).first()[0]

    def served() -> Any:
        connection = serving()
        hold(connection, message)
        send_response(connection, 1, response)
        connection.data_to_send()
        return connection

    return Task(lambda _: connections, lambda number: bytes_of_each(served, number))


# ------------------------------------------------------------------------------------------------------------ transfers


def upload(request: Request, is_wide: bool) -> Task:
    """Read an upload as it arrives, and return its credit."""
    window = 4 * wire.READ_SIZE if is_wide else wire.DEFAULT_WINDOW
    server = Server([request], make=lambda: serving(window=window))
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
                for event in connection.receive_data(piece):
                    kind = type(event)
                    if kind is RequestReceived:
                        headers = event.headers
                    elif kind is DataReceived:
                        content.append(event.data)
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                connection.data_to_send()
        return lambda: read_request(headers, content)

    return Task(prepare, run, 4)


def download(response: Response, is_wide: bool) -> Task:
    """Answer a request with much content, as the client's credit comes in."""
    status, fields, content = response
    length = len(content)
    granted = wire.Credit(len(content), is_wide)
    server = bare_server(lambda: serving(granted.opening))

    def prepare(number: int) -> list[tuple[int, list[bytes]]]:
        return [(stream_id, granted.on(stream_id)) for stream_id in server.hold(number)]

    def run(prepared: list[tuple[int, list[bytes]]]) -> Extracted:
        connection = server.connection
        for stream_id, credit in prepared:
            outputs: list[bytes] = []
            connection.send_headers(stream_id, [(b":status", b"%d" % status), *fields])
            sent = 0
            updates = iter(credit)
            while True:
                room = connection.local_flow_control_window(stream_id)
                while room > 0 and sent < length:
                    size = min(room, connection.max_outbound_frame_size, length - sent)
                    connection.send_data(stream_id, content[sent : sent + size], end_stream=sent + size == length)
                    sent += size
                    room -= size
                    if sent % wire.READ_SIZE == 0:
                        outputs.append(connection.data_to_send())
                outputs.append(connection.data_to_send())
                update = next(updates, None)
                if update is None:
                    break
                connection.receive_data(update)
        return lambda: written(outputs)

    return Task(prepare, run, 1)


# ------------------------------------------------------------------------------------------------------- control frames


def acknowledge_pings(number: int) -> Task:
    """Read PINGs, each as it comes, and send the acknowledgments."""
    pings = [wire.frame(wire.PING, 0, 0, at.to_bytes(8)) for at in range(number)]

    def run(connections: list[Any]) -> Extracted:
        for connection in connections:
            outputs: list[bytes] = []
            for data in pings:
                for event in connection.receive_data(data):
                    if type(event) is PingReceived:
                        payload = event.ping_data
                outputs.append(connection.data_to_send())
        return lambda: [payload, acknowledged(outputs)]

    return Task(fresh_servers, run, PREPARED)


def acknowledge_settings(number: int) -> Task:
    """Read SETTINGS, each as they come, and send the acknowledgments."""
    frames = [wire.changed_settings(at) for at in range(number)]

    def run(connections: list[Any]) -> Extracted:
        for connection in connections:
            outputs: list[bytes] = []
            for data in frames:
                for event in connection.receive_data(data):
                    if type(event) is RemoteSettingsChanged:
                        changed = event.changed_settings
                outputs.append(connection.data_to_send())
        return lambda: [
            [(int(name), change.new_value) for name, change in changed.items()],
            acknowledged(outputs),
        ]

    return Task(fresh_servers, run, PREPARED)


def fresh_servers(number: int) -> list[Any]:
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
