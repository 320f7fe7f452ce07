"""A WebSocket over one stream of HTTP/2 (RFC 8441): wsproto on both ends, zttp between, in memory and over a socket."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from wsproto import ConnectionType
from wsproto.connection import Connection as WebSocket
from wsproto.events import BytesMessage, CloseConnection, TextMessage

import self_signed
import zttp
from asyncio_http2_client import Client
from asyncio_server import Server
from exchange import Exchange
from tests.integration.http2_servers import Certificate

FIELDS = [(b"host", b"example.com"), (b"sec-websocket-version", b"13"), (b"origin", b"https://example.com")]
BLOB = bytes(range(256)) * 2000  # more than a window of 64 KiB


def pull(conn: zttp.H2Connection) -> list[zttp.Event]:
    events: list[zttp.Event] = []
    while not isinstance(event := conn.next_event(), zttp.NeedData):
        events.append(event)
    return events


class Pair:
    """A client and a server in memory; their output is cut at random."""

    def __init__(self, seed: int, *, announced: bool = True) -> None:
        self.random = random.Random(seed)
        self.client = zttp.Connection(zttp.CLIENT, zttp.HTTP2)
        self.server = zttp.Connection(zttp.SERVER, zttp.HTTP2, enable_connect_protocol=announced)
        self.client.initiate_connection()
        self.server.initiate_connection()
        self.exchange()

    def carry(self, sender: zttp.H2Connection, receiver: zttp.H2Connection) -> list[zttp.Event]:
        data, events = sender.data_to_send(), []
        while data:
            size = self.random.randint(1, max(1, len(data) // 2))
            receiver.receive_data(data[:size])
            events += pull(receiver)
            data = data[size:]
        return events

    def exchange(self) -> tuple[list[zttp.Event], list[zttp.Event]]:
        """Exchange until neither side has output; return the events of the client, and of the server."""
        at_client: list[zttp.Event] = []
        at_server: list[zttp.Event] = []
        quiet = False
        while not quiet:
            before = len(at_client) + len(at_server)
            at_server += self.carry(self.client, self.server)
            at_client += self.carry(self.server, self.client)
            quiet = before == len(at_client) + len(at_server)
        return at_client, at_server


def messages(socket: WebSocket, events: list[zttp.Event]) -> list[object]:
    """The messages that arrive in the content of a stream."""
    whole: list[object] = []
    part: list[str | bytes] = []
    for event in events:
        if isinstance(event, zttp.Data):
            socket.receive_data(event.data)
    for message in socket.events():
        if isinstance(message, TextMessage | BytesMessage):
            part.append(bytes(message.data) if isinstance(message, BytesMessage) else message.data)
            if message.message_finished:
                whole.append(type(part[0])().join(part))  # type: ignore[arg-type]
                part = []
        else:
            whole.append(message)
    return whole


@pytest.mark.parametrize("seed", range(10))
def test_in_memory(seed: int) -> None:
    pair = Pair(seed)
    request = pair.client.send_request(b"CONNECT", b"/chat", b"2", FIELDS, protocol=b"websocket")
    _, at_server = pair.exchange()
    [event] = [event for event in at_server if isinstance(event, zttp.Request)]
    assert (event.method, event.protocol, event.target, event.scheme) == (b"CONNECT", b"websocket", b"/chat", b"https")
    assert event.headers.get(b"host") == b"example.com"
    assert not event.end_stream
    response = pair.server.stream(event.stream_id)
    response.send_response(200)
    at_client, _ = pair.exchange()
    assert [head.status_code for head in at_client if isinstance(head, zttp.Response)] == [200]

    here, there = WebSocket(ConnectionType.CLIENT), WebSocket(ConnectionType.SERVER)
    request.send_data(here.send(TextMessage(data="żółw")))
    request.send_data(here.send(BytesMessage(data=BLOB)))
    response.send_data(there.send(BytesMessage(data=BLOB)))
    response.send_data(there.send(TextMessage(data="do you hear me?")))
    at_client, at_server = pair.exchange()
    assert messages(there, at_server) == ["żółw", BLOB]
    assert messages(here, at_client) == [BLOB, "do you hear me?"]

    request.send_data(here.send(CloseConnection(code=1000)))
    request.end_message()
    _, at_server = pair.exchange()
    assert isinstance(at_server[-1], zttp.EndOfMessage)
    [closing] = messages(there, at_server)
    assert isinstance(closing, CloseConnection)
    response.send_data(there.send(closing.response()))
    response.end_message()
    at_client, _ = pair.exchange()
    assert isinstance(at_client[-1], zttp.EndOfMessage)
    assert (pair.client.open_streams, pair.server.open_streams) == (0, 0)


def test_not_before_the_server_has_announced_it() -> None:
    pair = Pair(0, announced=False)
    with pytest.raises(zttp.LocalProtocolError):
        pair.client.send_request(b"CONNECT", b"/chat", b"2", FIELDS, protocol=b"websocket")


def test_over_a_socket(certificate: Certificate) -> None:
    async def application(exchange: Exchange) -> None:
        """Send every message back, until the client closes."""
        assert exchange.request.protocol == b"websocket"
        socket = WebSocket(ConnectionType.SERVER)
        exchange.start(200, [])
        await exchange.send(b"")  # the head, which would wait for content
        async for piece in exchange.content():
            socket.receive_data(piece)
            for message in socket.events():
                match message:
                    case TextMessage() | BytesMessage():
                        await exchange.send(socket.send(message))
                    case CloseConnection():
                        await exchange.send(socket.send(message.response()))
        await exchange.finish()

    async def main() -> None:
        server = Server(application)
        await server.start("127.0.0.1", 0, self_signed.server_context(*certificate))
        socket = WebSocket(ConnectionType.CLIENT)
        outgoing: asyncio.Queue[bytes] = asyncio.Queue()

        async def sent() -> AsyncIterator[bytes]:
            while data := await outgoing.get():
                yield data

        async with Client("127.0.0.1", server.port, self_signed.client_context(certificate[0])) as client:
            response = await client.request(b"CONNECT", b"/chat", content=sent(), protocol=b"websocket")
            assert response.status_code == 200
            received: list[object] = []
            outgoing.put_nowait(socket.send(TextMessage(data="hello")))
            text, blob = "", b""
            async for piece in response.content():
                socket.receive_data(piece)
                for message in socket.events():
                    match message:
                        case TextMessage():
                            text += message.data
                            outgoing.put_nowait(socket.send(BytesMessage(data=BLOB)))
                        case BytesMessage():
                            blob += message.data
                            if len(blob) == len(BLOB):
                                outgoing.put_nowait(socket.send(CloseConnection(code=1000)))
                                outgoing.put_nowait(b"")
                        case _:
                            received.append(message)
            assert (text, blob) == ("hello", BLOB)
            assert [type(message) for message in received] == [CloseConnection]
        await server.stop(grace=5)

    asyncio.run(asyncio.wait_for(main(), 30))
