"""Helpers of the HTTP/1.1 tests: connections in a given state, pulled events, and a client connected to a server."""

from collections.abc import Iterable, Sequence
from typing import Any

import zttp
from tests.feeding import feed as feed
from tests.feeding import pull as pull

Fields = list[tuple[bytes, bytes]]

HOST: Fields = [(b"Host", b"example.com")]
GET = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED_HEAD = b"POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = CHUNKED_HEAD + b"5\r\nhello\r\n0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def server(data: bytes = b"", **options: Any) -> zttp.H1Connection:
    """A server that has received `data`, with no event pulled."""
    connection = zttp.Connection(zttp.SERVER, **options)
    if data:
        connection.receive_data(data)
    return connection


def serving(request: bytes = GET, **options: Any) -> zttp.H1Connection:
    """A server that has received `request` and pulled all of its events."""
    connection = server(request, **options)
    pull(connection)
    return connection


def client(method: bytes = b"GET", fields: Fields = HOST, target: bytes = b"/", **options: Any) -> zttp.H1Connection:
    """A client that has sent one complete request."""
    connection = zttp.Connection(zttp.CLIENT, **options)
    connection.send_request(method, target, b"1.1", fields)
    connection.end_message()
    connection.data_to_send()
    return connection


def names(events: Iterable[object]) -> list[str]:
    """The class names of events."""
    return [type(event).__name__ for event in events]


def content(events: Iterable[object]) -> bytes:
    """The content of the Data among `events`."""
    return b"".join(event.data for event in events if isinstance(event, zttp.Data))


def merged(events: Sequence[Any]) -> list[Any]:
    """The events, with adjacent Data joined."""
    result: list[Any] = []
    for event in events:
        if isinstance(event, zttp.Data) and result and isinstance(result[-1], zttp.Data):
            result[-1] = zttp.Data(data=result[-1].data + event.data)
        else:
            result.append(event)
    return result


class Pair:
    """A client and a server, connected to each other."""

    def __init__(self) -> None:
        self.client = zttp.Connection(zttp.CLIENT)
        self.server = zttp.Connection(zttp.SERVER)

    def to_server(self, size: int | None = None) -> list[Any]:
        """The client's output, as the server's events."""
        return merged(feed(self.server, self.client.data_to_send(), size))

    def to_client(self, size: int | None = None) -> list[Any]:
        """The server's output, as the client's events."""
        return merged(feed(self.client, self.server.data_to_send(), size))

    def next_cycle(self) -> None:
        """Both sides start the next cycle."""
        self.client.start_next_cycle()
        self.server.start_next_cycle()
