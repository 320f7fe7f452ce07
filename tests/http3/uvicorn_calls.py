"""The calls of uvicorn's HTTP/3 server to zttp: nothing else of zttp is used here.

One UDP socket, one ``QuicEndpoint``; addresses become ``bytes`` of the server's own; one timer, by the server's clock;
an application's output goes to its stream, and credit is returned when it receives.
"""

from collections.abc import Callable
from typing import Any

import zttp


class Cycle:
    """One request and the application that answers it."""

    def __init__(self, server: "Server", connection: Any, request: Any) -> None:
        self.server = server
        self.connection = connection
        self.stream_id = request.stream_id
        self.request = request
        self.waiting: list[bytes] = []  # content that the application has not received
        self.received = b""
        self.complete = False
        self.disconnected = False

    def receive(self) -> bytes:
        """The application takes all content: only then its sender may send more."""
        piece = b"".join(self.waiting)
        self.waiting.clear()
        self.received += piece
        if piece:
            self.connection.consume_data(self.stream_id, len(piece))
            self.server.flush(self.connection)
        return piece

    def respond(self, status: int, headers: list[tuple[bytes, bytes]], *pieces: bytes) -> None:
        stream = self.connection.stream(self.stream_id)
        stream.send_response(status, headers)
        for piece in pieces:
            stream.send_data(piece)
        stream.end_message()
        self.server.flush(self.connection)

    def abort(self) -> None:
        self.connection.stream(self.stream_id).reset()
        self.server.flush(self.connection)


class Server:
    """``application`` is called with a cycle whenever a part of its request has arrived."""

    def __init__(self, application: Callable[[Cycle], None], credentials: zttp.TlsCredentials | None = None) -> None:
        self.endpoint = zttp.QuicEndpoint(credentials=credentials, alpn=b"h3", retry=True, max_connections=16_384)
        self.application = application
        self.now = 1_000_000
        self.timer: int | None = None
        self.shutting_down = False
        self.addresses: dict[bytes, tuple[str, int]] = {}
        self.cycles: dict[Any, dict[int, Cycle]] = {}
        self.closed: list[Any] = []
        self.dropped = 0
        self.sent: list[tuple[bytes, tuple[str, int]]] = []

    # ------------------------------------------------------------------------------------------------------- the socket

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        try:
            header = zttp.parse_datagram_header(data)
        except zttp.RemoteProtocolError:
            self.dropped += 1
            return
        if header.is_initial and self.shutting_down and not self.cycles:
            return
        key = f"{address[0]}|{address[1]}".encode()
        self.addresses[key] = address
        try:
            connection = self.endpoint.receive_datagram(data, key, self.now)
        except zttp.RemoteProtocolError:
            connection = None
        if connection is not None:
            self.drain(connection)
        self.flush(connection)

    def timeout(self) -> None:
        self.endpoint.handle_timeout(self.now)
        for connection in list(self.cycles):
            self.drain(connection)
        self.flush(None)

    def flush(self, connection: Any) -> None:
        leaving = [] if connection is None else connection.data_to_send_with_addresses()
        for datagram in [*leaving, *self.endpoint.data_to_send()]:
            self.sent.append((datagram.data, self.addresses[datagram.peer_address]))
        self.timer = self.endpoint.next_timeout()

    # ------------------------------------------------------------------------------------------------------- the events

    def drain(self, connection: Any) -> None:
        cycles = self.cycles.setdefault(connection, {})
        try:
            while (event := connection.next_event()) is not zttp.NEED_DATA:
                if event is zttp.CONNECTION_CLOSED:
                    break
                self.handle(connection, cycles, event)
        except zttp.RemoteProtocolError:
            connection.close()
        if connection.is_closed():
            self.flush(connection)
            for cycle in cycles.values():
                cycle.disconnected = True
            self.endpoint.discard(connection)
            del self.cycles[connection]
            self.closed.append(connection)

    def handle(self, connection: Any, cycles: dict[int, Cycle], event: Any) -> None:
        if isinstance(event, zttp.Request):
            cycle = Cycle(self, connection, event)
            if self.shutting_down:
                cycle.respond(503, [(b"content-type", b"text/plain")], b"Service Unavailable")
                return
            cycles[event.stream_id] = cycle
        elif isinstance(event, zttp.Data):
            cycle_of = cycles.get(event.stream_id)
            if cycle_of is None:
                connection.consume_data(event.stream_id, len(event.data))  # no application will
            else:
                cycle_of.waiting.append(event.data)
        elif isinstance(event, zttp.EndOfMessage):
            if event.stream_id in cycles:
                cycles[event.stream_id].complete = True
        elif isinstance(event, zttp.RstStream):
            if event.stream_id in cycles:
                cycles.pop(event.stream_id).disconnected = True
        else:
            return
        if getattr(event, "stream_id", None) in cycles:
            self.application(cycles[event.stream_id])

    def shut_down(self) -> None:
        """Finish running requests, then close."""
        self.shutting_down = True

    def close_all(self) -> None:
        for connection in list(self.cycles):
            connection.close(app=True, error_code=0x100)
            self.flush(connection)
            self.endpoint.discard(connection)
            del self.cycles[connection]
