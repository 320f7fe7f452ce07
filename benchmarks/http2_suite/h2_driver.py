"""HTTP/2 with hyper-h2, and with jh2, its fork with HPACK in Rust: their APIs are the same."""

# mypy: disable-error-code="possibly-undefined"
# A run has at least one iteration, and a message all its events: what is returned is always bound.

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from itertools import cycle, islice
from typing import Any

from harness.suite import Task, TaskBuilder
from http2_suite import wire
from http2_suite.extracted import acknowledged, read, written
from http2_suite.messages import JSON, TINY, Fields, Message, Request, Response
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
CLIENT_OPENING = wire.opening(is_client=True)
SERVER_OPENING = wire.opening(is_client=False)

Extracted = Callable[[], Any]
Section = list[tuple[bytes, bytes]]


def about() -> dict[str, Any]:
    """Say what is measured, and how large field blocks become."""
    return {
        "version": f"{PACKAGE} {version(PACKAGE)}",
        "hot_files": [connection_module.__file__],
        "compiled_flags": {},
        "block_sizes": block_sizes(write_all),
    }


def serving(opening: bytes = CLIENT_OPENING, window: int = wire.DEFAULT_WINDOW) -> Any:
    """Return a server whose client has said its first words."""
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
    """Return a client whose server has said its first words."""
    connection = H2Connection(config=CLIENT_CONFIG)
    connection.initiate_connection()
    connection.receive_data(SERVER_OPENING)
    connection.data_to_send()
    return connection


def hold_requests(connection: Any, requests: Sequence[tuple[int, bytes]]) -> list[int]:
    """Have a server read requests, and return their streams."""
    for _, data in requests:
        for event in connection.receive_data(data):
            if type(event) is DataReceived:
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        connection.data_to_send()
    return [stream_id for stream_id, _ in requests]


def answer_briefly(connection: Any, streams: Iterable[int]) -> None:
    """Have a server close its streams."""
    for stream_id in streams:
        connection.send_headers(stream_id, [(b":status", b"204")], end_stream=True)
    connection.data_to_send()


def send_request(connection: Any, request: Request) -> int:
    """Have a client send a request without content, and return its stream."""
    stream_id: int = connection.get_next_available_stream_id()
    connection.send_headers(stream_id, request.field_section, end_stream=True)
    return stream_id


def send_response(connection: Any, stream_id: int, response: Response) -> None:
    """Have a server send a whole response."""
    connection.send_headers(stream_id, response.field_section, end_stream=not response.content)
    if response.content:
        connection.send_data(stream_id, response.content, end_stream=True)


def write_all(messages: Sequence[Message]) -> list[bytes]:
    """Write messages on one connection."""
    outputs = []
    if isinstance(messages[0], Request):
        connection = asking()
        for message in messages:
            send_request(connection, message)
            outputs.append(connection.data_to_send())
    else:
        connection = serving()
        for stream_id in hold_requests(connection, wire.Client([TINY]).take(len(messages))):
            send_response(connection, stream_id, messages[len(outputs)])
            outputs.append(connection.data_to_send())
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
    """Read what a client sends first: preface, SETTINGS, and a request."""
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
    client = wire.Client(requests)
    connection = serving()
    for request in client.first():
        answer_briefly(connection, hold_requests(connection, [request]))
    unanswered: list[int] = []

    def prepare(count: int) -> list[bytes]:
        answer_briefly(connection, unanswered)
        prepared = client.take(count)
        unanswered[:] = [stream_id for stream_id, _ in prepared]
        return [data for _, data in prepared]

    def run(prepared: list[bytes]) -> Extracted:
        for data in prepared:
            for event in connection.receive_data(data):
                if type(event) is RequestReceived:
                    headers = event.headers
        return lambda: read_request(headers)

    return Task(prepare, run, PREPARED)


def read_first_response(response: Response) -> Task:
    """Read what a server sends first: SETTINGS, and a response to a request that was sent."""
    template = wire.Messages([response]).first[0]
    opening = wire.opening(is_client=False, window=wire.DEFAULT_WINDOW)

    def prepare(count: int) -> list[tuple[Any, bytes]]:
        prepared = []
        for _ in range(count):
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
    """Read response after response with one connection, whose table is filled."""
    messages = wire.Messages(responses)
    connection = asking()
    for template in messages.first:
        stream_id = send_request(connection, TINY)
        hold_requests(connection, [(stream_id, template.on(stream_id))])

    def prepare(count: int) -> list[bytes]:
        prepared = [template.on(send_request(connection, TINY)) for template in messages.take(count)]
        connection.data_to_send()
        return prepared

    def run(prepared: list[bytes]) -> Extracted:
        for data in prepared:
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

    def prepare(count: int) -> list[tuple[Any, int]]:
        prepared = []
        for _ in range(count):
            connection = serving()
            prepared.append((connection, *hold_requests(connection, wire.Client([TINY]).take(1))))
        return prepared

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
    client = wire.Client([TINY])
    connection = serving()
    warm_up = []
    for stream_id, response in zip(hold_requests(connection, client.take(PREPARED)), cycle(responses), strict=False):
        send_response(connection, stream_id, response)
        warm_up.append(connection.data_to_send())
    turn = cycle(responses)

    def prepare(count: int) -> list[tuple[int, Response]]:
        streams = hold_requests(connection, client.take(count))
        return list(zip(streams, islice(turn, count), strict=True))

    def run(prepared: list[tuple[int, Response]]) -> Extracted:
        outputs: list[bytes] = []
        for stream_id, (status, fields, content) in prepared:
            section = [(b":status", b"%d" % status), *fields]
            connection.send_headers(stream_id, section, end_stream=not content)
            if content:
                connection.send_data(stream_id, content, end_stream=True)
            outputs.append(connection.data_to_send())
        return lambda: written([*warm_up, *outputs])

    return Task(prepare, run, PREPARED)


def write_first_request(request: Request) -> Task:
    """Send the first request of a connection, whose preface is sent already."""

    def prepare(count: int) -> list[Any]:
        return [asking() for _ in range(count)]

    def run(prepared: list[Any]) -> Extracted:
        section = request.field_section
        for connection in prepared:
            connection.send_headers(connection.get_next_available_stream_id(), section, end_stream=True)
            output = connection.data_to_send()
        return lambda: written([output])

    return Task(prepare, run, PREPARED)


def write_requests(requests: Sequence[Request]) -> Task:
    """Send request after request with one connection, whose table is filled."""
    connection = asking()
    no_content = wire.Messages([Response(204, [])])
    unanswered: list[int] = []
    warm_up = []
    for request in islice(cycle(requests), 4):
        unanswered.append(send_request(connection, request))
        warm_up.append(connection.data_to_send())
    turn = cycle([request.field_section for request in requests])

    def prepare(count: int) -> list[Section]:
        for stream_id, template in zip(unanswered, no_content.take(len(unanswered)), strict=True):
            connection.receive_data(template.on(stream_id))
        connection.data_to_send()
        unanswered.clear()
        return list(islice(turn, count))

    def run(prepared: list[Section]) -> Extracted:
        outputs: list[bytes] = []
        for section in prepared:
            stream_id = connection.get_next_available_stream_id()
            unanswered.append(stream_id)
            connection.send_headers(stream_id, section, end_stream=True)
            outputs.append(connection.data_to_send())
        return lambda: written([*warm_up, *outputs])

    return Task(prepare, run, PREPARED)


# ------------------------------------------------------------------------------------------------------------ both ways


def multiplex(requests: Sequence[Request], response: Response | None) -> Task:
    """Read 100 requests from one buffer, and answer them (untimed if there is no response to measure)."""
    client = wire.Client(requests)
    connection = serving()
    for request in client.first():
        answer_briefly(connection, hold_requests(connection, [request]))
    warm_up: list[bytes] = []
    if response is not None:
        for stream_id in hold_requests(connection, client.take(4)):
            send_response(connection, stream_id, response)
            warm_up.append(connection.data_to_send())
    unanswered: list[int] = []

    def prepare(count: int) -> list[bytes]:
        answer_briefly(connection, unanswered)
        unanswered.clear()
        return [client.take_interleaved(100)[1] for _ in range(count)]

    def run(prepared: list[bytes]) -> Extracted:
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
                unanswered.extend(streams)
        return lambda: [len(streams), read_request(headers, content), written([*warm_up, *outputs])]

    return Task(prepare, run, 1 if response is None else 16)


def serve(requests: Sequence[Request], response: Response) -> Task:
    """Read request after request, each as it comes, with its fields as an ASGI scope holds them, and answer."""
    status, fields, answer = response
    client = wire.Client(requests)
    connection = serving()
    warm_up = []
    for request in client.first():
        send_response(connection, *hold_requests(connection, [request]), response)
        warm_up.append(connection.data_to_send())

    def prepare(count: int) -> list[bytes]:
        return [data for _, data in client.take(count)]

    def run(prepared: list[bytes]) -> Extracted:
        outputs: list[bytes] = []
        for data in prepared:
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
        return lambda: [read([method, target], listed, content), written([*warm_up, *outputs])]

    return Task(prepare, run, 1024)


# ------------------------------------------------------------------------------------------------------------ transfers


def upload(request: Request, is_wide: bool) -> Task:
    """Read an upload as it arrives, and return its credit."""
    client = wire.Client([request])
    connection = serving(window=4 * wire.READ_SIZE if is_wide else wire.DEFAULT_WINDOW)
    unanswered: list[int] = []
    size = wire.READ_SIZE if is_wide else wire.NARROW_READ_SIZE

    def prepare(count: int) -> list[list[bytes]]:
        answer_briefly(connection, unanswered)
        prepared = client.take(count)
        unanswered[:] = [stream_id for stream_id, _ in prepared]
        return [[data[at : at + size] for at in range(0, len(data), size)] for _, data in prepared]

    def run(prepared: list[list[bytes]]) -> Extracted:
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
    client = wire.Downloader(length, is_wide)
    connection = serving(client.opening)

    def prepare(count: int) -> list[tuple[int, list[bytes]]]:
        prepared = []
        for stream_id, request, credit in client.take(count):
            hold_requests(connection, [(stream_id, request)])
            prepared.append((stream_id, credit))
        return prepared

    def run(prepared: list[tuple[int, list[bytes]]]) -> Extracted:
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


# -------------------------------------------------------------------------------------------------------- control frames


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


def fresh_servers(count: int) -> list[Any]:
    """Make servers."""
    return [serving() for _ in range(count)]


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
    "upload": upload,
    "download": download,
    "acknowledge_pings": acknowledge_pings,
    "acknowledge_settings": acknowledge_settings,
}
