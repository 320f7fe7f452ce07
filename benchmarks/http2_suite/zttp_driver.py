"""HTTP/2 with zttp: the same code drives ours and the reference, which share an API and an import name."""

# mypy: disable-error-code="possibly-undefined"
# A run has at least one iteration, and a message all its events: what is returned is always bound.

import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from itertools import cycle, islice
from typing import Any

from harness.suite import Task, TaskBuilder
from http2_suite import wire
from http2_suite.extracted import acknowledged, read, written
from http2_suite.messages import JSON, TINY, Message, Response
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
    Response as ResponseEvent,
    Settings,
)

PREPARED = 64
"""So many connections are made, or streams opened, before a timed part: no library refuses as many."""
CLIENT_OPENING = wire.opening(is_client=True)
SERVER_OPENING = wire.opening(is_client=False)

Extracted = Callable[[], Any]
PreparedResponse = tuple[int, list[tuple[bytes, bytes]], bytes]


def about() -> dict[str, Any]:
    """Say what is measured: the version, the files that do the hot work, and how large field blocks become."""
    connection = serving()
    [(_, request)] = wire.Client([TINY]).take(1)
    connection.receive_data(request)
    event = connection.next_event()
    assert isinstance(event, Request)
    hot = (connection, connection.stream(event.stream_id), event, event.headers)
    files = [getattr(sys.modules.get(type(thing).__module__), "__file__", None) for thing in hot]
    return {
        "version": f"zttp {version('zttp')}",
        "hot_files": [file for file in files if file is not None],  # a list of the reference's is nobody's
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
    """Pull all events, and take what is to be sent."""
    while connection.next_event() is not NEED_DATA:
        pass
    connection.data_to_send()


def serving(opening: bytes = CLIENT_OPENING) -> H2Connection:
    """Return a server whose client has said its first words."""
    connection = Connection(SERVER, HTTP2)
    connection.receive_data(opening)
    drain(connection)
    return connection


def asking() -> H2Connection:
    """Return a client whose server has said its first words."""
    connection = Connection(CLIENT, HTTP2)
    connection.initiate_connection()
    connection.receive_data(SERVER_OPENING)
    drain(connection)
    return connection


def hold_requests(connection: H2Connection, requests: Sequence[tuple[int, bytes]]) -> list[int]:
    """Have a server read requests, and return their streams."""
    for _, data in requests:
        connection.receive_data(data)
        drain(connection)
    return [stream_id for stream_id, _ in requests]


def answer_briefly(connection: H2Connection, streams: Iterable[int]) -> None:
    """Have a server close its streams."""
    for stream_id in streams:
        connection.stream(stream_id).send_response(204, [], True)
    connection.data_to_send()


def send_request(connection: H2Connection, request: RequestMessage) -> int:
    """Have a client send a request without content, and return its stream."""
    fields = [(b"host", request.authority), *request.fields]
    stream = connection.send_request(request.method, request.path, b"2", fields)
    stream.end_message()
    return stream.stream_id


def send_response(connection: H2Connection, stream_id: int, response: Response) -> None:
    """Have a server send a whole response."""
    stream = connection.stream(stream_id)
    stream.send_response(response.status, response.fields)
    if response.content:
        stream.send_data(response.content)
    stream.end_message()


def write_all(messages: Sequence[Message]) -> list[bytes]:
    """Write messages on one connection."""
    outputs = []
    if isinstance(messages[0], RequestMessage):
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


# ------------------------------------------------------------------------------------------------------------- decoding


def read_first_request(request: RequestMessage) -> Task:
    """Read what a client sends first: preface, SETTINGS, and a request."""
    _, message = wire.Client([request]).first()[0]
    data = wire.opening(is_client=True, window=wire.DEFAULT_WINDOW) + message

    def run(iterations: range) -> Extracted:
        for _ in iterations:
            connection = Connection(SERVER, HTTP2)
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
            connection.receive_data(data)
            event = connection.next_event()
            while event is not NEED_DATA:
                if type(event) is Request:
                    method, target, headers = event.method, event.target, event.headers
                event = connection.next_event()
        return lambda: read([method, target], headers)

    return Task(prepare, run, PREPARED)


def read_first_response(response: Response) -> Task:
    """Read what a server sends first: SETTINGS, and a response to a request that was sent."""
    template = wire.Messages([response]).first[0]
    opening = wire.opening(is_client=False, window=wire.DEFAULT_WINDOW)

    def prepare(count: int) -> list[tuple[H2Connection, bytes]]:
        prepared = []
        for _ in range(count):
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
    """Read response after response with one connection, whose table is filled."""
    messages = wire.Messages(responses)
    connection = asking()
    for template in messages.first:
        connection.receive_data(template.on(send_request(connection, TINY)))
        drain(connection)

    def prepare(count: int) -> list[bytes]:
        prepared = [template.on(send_request(connection, TINY)) for template in messages.take(count)]
        connection.data_to_send()
        return prepared

    def run(prepared: list[bytes]) -> Extracted:
        for data in prepared:
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

    def prepare(count: int) -> list[tuple[H2Connection, int]]:
        prepared = []
        for _ in range(count):
            connection = serving()
            prepared.append((connection, *hold_requests(connection, wire.Client([TINY]).take(1))))
        return prepared

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
            stream = connection.stream(stream_id)
            stream.send_response(status, fields)
            if content:
                stream.send_data(content)
            stream.end_message()
            outputs.append(connection.data_to_send())
        return lambda: written([*warm_up, *outputs])

    return Task(prepare, run, PREPARED)


def write_first_request(request: RequestMessage) -> Task:
    """Send the first request of a connection, whose preface is sent already."""
    method, path, fields = request.method, request.path, [(b"host", request.authority), *request.fields]

    def prepare(count: int) -> list[H2Connection]:
        return [asking() for _ in range(count)]

    def run(prepared: list[H2Connection]) -> Extracted:
        for connection in prepared:
            stream = connection.send_request(method, path, b"2", fields)
            stream.end_message()
            output = connection.data_to_send()
        return lambda: written([output])

    return Task(prepare, run, PREPARED)


def write_requests(requests: Sequence[RequestMessage]) -> Task:
    """Send request after request with one connection, whose table is filled."""
    connection = asking()
    no_content = wire.Messages([Response(204, [])])
    unanswered: list[int] = []
    warm_up = []
    for request in islice(cycle(requests), 4):
        unanswered.append(send_request(connection, request))
        warm_up.append(connection.data_to_send())
    prepared = [
        (request.method, request.path, [(b"host", request.authority), *request.fields]) for request in requests
    ]
    turn = cycle(prepared)

    def prepare(count: int) -> list[tuple[bytes, bytes, list[tuple[bytes, bytes]]]]:
        for stream_id, template in zip(unanswered, no_content.take(len(unanswered)), strict=True):
            connection.receive_data(template.on(stream_id))
        drain(connection)
        unanswered.clear()
        return list(islice(turn, count))

    def run(prepared: list[tuple[bytes, bytes, list[tuple[bytes, bytes]]]]) -> Extracted:
        outputs: list[bytes] = []
        for method, path, fields in prepared:
            stream = connection.send_request(method, path, b"2", fields)
            unanswered.append(stream.stream_id)
            stream.end_message()
            outputs.append(connection.data_to_send())
        return lambda: written([*warm_up, *outputs])

    return Task(prepare, run, PREPARED)


# ------------------------------------------------------------------------------------------------------------ both ways


def multiplex(requests: Sequence[RequestMessage], response: Response | None) -> Task:
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
                unanswered.extend(streams)
        return lambda: [len(streams), read([method, target], headers, content), written([*warm_up, *outputs])]

    return Task(prepare, run, 1 if response is None else 16)


def serve(requests: Sequence[RequestMessage], response: Response) -> Task:
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
        return lambda: [read([method, target], listed, content), written([*warm_up, *outputs])]

    return Task(prepare, run, 1024)


# ------------------------------------------------------------------------------------------------------------ transfers


def upload(request: RequestMessage, is_wide: bool) -> Task:
    """Read an upload as it arrives, and return its credit."""
    client = wire.Client([request])
    connection = Connection(SERVER, HTTP2, **({} if is_wide else narrow_windows()))
    connection.receive_data(CLIENT_OPENING)
    drain(connection)
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
    """Return the options of a connection that grants 64 KiB; the reference has no such options, and always grants that."""
    try:
        limits = importlib.import_module("zttp").H2Limits
    except AttributeError:
        return {}
    window = wire.DEFAULT_WINDOW
    return {
        "limits": limits(initial_window_size=window, connection_window_size=window, max_connection_window=window)
    }


def download(response: Response, is_wide: bool) -> Task:
    """Answer a request with much content, as the client's credit comes in."""
    status, fields, content = response
    client = wire.Downloader(len(content), is_wide)
    connection = serving(client.opening)
    pieces = [content[at : at + wire.READ_SIZE] for at in range(0, len(content), wire.READ_SIZE)]

    def prepare(count: int) -> list[tuple[int, list[bytes]]]:
        prepared = []
        for stream_id, request, credit in client.take(count):
            hold_requests(connection, [(stream_id, request)])
            prepared.append((stream_id, credit))
        return prepared

    def run(prepared: list[tuple[int, list[bytes]]]) -> Extracted:
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


# -------------------------------------------------------------------------------------------------------- control frames


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


def fresh_servers(count: int) -> list[H2Connection]:
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
