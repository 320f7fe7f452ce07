"""The hand-over of a connection after HTTP: to a WebSocket library after a 101, to a tunnel after CONNECT.

wsproto and websockets are used on both sides: as the peer, with its own handshake, and behind zttp, for the frames.
The bytes after the last byte of HTTP come in the same packet or later, cut anywhere, and must all arrive.
"""

from typing import Protocol

import pytest
import websockets.client
import websockets.protocol
import websockets.server
import websockets.uri
import wsproto
import wsproto.connection
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.utils import accept_key
from wsproto.events import AcceptConnection, TextMessage
from wsproto.events import Request as WsprotoRequest

import zttp

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HANDSHAKE = [
    (b"host", b"example.com"),
    (b"upgrade", b"websocket"),
    (b"connection", b"keep-alive, Upgrade"),
    (b"sec-websocket-version", b"13"),
    (b"sec-websocket-key", KEY.encode()),
]


class WebSocket(Protocol):
    """One end of a WebSocket; with `handshake`, it also does the HTTP before the frames."""

    def __init__(self, role: int, *, handshake: bool) -> None: ...
    def request(self) -> bytes: ...
    def accept(self, request: bytes) -> bytes: ...
    def send(self, text: str) -> bytes: ...
    def receive(self, data: bytes) -> list[str]: ...


class Websockets:
    def __init__(self, role: int, *, handshake: bool) -> None:
        self.protocol: websockets.protocol.Protocol
        if not handshake:
            self.protocol = websockets.protocol.Protocol(websockets.protocol.Side(role == zttp.CLIENT))
        elif role == zttp.CLIENT:
            self.protocol = websockets.client.ClientProtocol(websockets.uri.parse_uri("ws://example.com/chat"))
        else:
            self.protocol = websockets.server.ServerProtocol()

    def request(self) -> bytes:
        assert isinstance(self.protocol, websockets.client.ClientProtocol)
        self.protocol.send_request(self.protocol.connect())
        return b"".join(self.protocol.data_to_send())

    def accept(self, request: bytes) -> bytes:
        assert isinstance(self.protocol, websockets.server.ServerProtocol)
        self.protocol.receive_data(request)
        [event] = self.protocol.events_received()
        assert isinstance(event, Request)
        self.protocol.send_response(self.protocol.accept(event))
        return b"".join(self.protocol.data_to_send())

    def send(self, text: str) -> bytes:
        self.protocol.send_text(text.encode())
        return b"".join(self.protocol.data_to_send())

    def receive(self, data: bytes) -> list[str]:
        self.protocol.receive_data(data)
        return [bytes(event.data).decode() for event in self.protocol.events_received() if isinstance(event, Frame)]


class Wsproto:
    def __init__(self, role: int, *, handshake: bool) -> None:
        side = wsproto.ConnectionType.CLIENT if role == zttp.CLIENT else wsproto.ConnectionType.SERVER
        self.connection = wsproto.WSConnection(side) if handshake else wsproto.connection.Connection(side)

    def request(self) -> bytes:
        return self.connection.send(WsprotoRequest(host="example.com", target="/chat"))

    def accept(self, request: bytes) -> bytes:
        self.connection.receive_data(request)
        [event] = self.connection.events()
        assert isinstance(event, WsprotoRequest)
        return self.connection.send(AcceptConnection())

    def send(self, text: str) -> bytes:
        return self.connection.send(TextMessage(data=text))

    def receive(self, data: bytes) -> list[str]:
        self.connection.receive_data(data)
        return [event.data for event in self.connection.events() if isinstance(event, TextMessage)]


both_peers = pytest.mark.parametrize("peer_class", [Websockets, Wsproto])
both_behind = pytest.mark.parametrize("behind_class", [Websockets, Wsproto])


def pull(conn: zttp.H1Connection) -> list[zttp.Event]:
    """Pull events until there are no more."""
    events: list[zttp.Event] = []
    while not isinstance(event := conn.next_event(), zttp.NeedData | zttp.ConnectionClosed):
        events.append(event)
    return events


def cuts(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(data[:position], data[position:]) for position in range(1, len(data))]


def opened_client(method: bytes, target: bytes, fields: list[tuple[bytes, bytes]]) -> zttp.H1Connection:
    conn = zttp.Connection(zttp.CLIENT)
    conn.send_request(method, target, b"1.1", fields)
    conn.end_message()
    return conn


# ------------------------------------------------------------------------------------------------------ server


@both_peers
@both_behind
def test_server_hands_a_websocket_over(peer_class: type[WebSocket], behind_class: type[WebSocket]) -> None:
    peer, behind = peer_class(zttp.CLIENT, handshake=True), behind_class(zttp.SERVER, handshake=False)
    conn = zttp.Connection(zttp.SERVER)

    conn.receive_data(peer.request())
    request, end = pull(conn)
    assert isinstance(request, zttp.Request)
    assert isinstance(end, zttp.EndOfMessage)
    assert (conn.upgrade() or b"").lower() == b"websocket"
    accept = accept_key(request.headers.get(b"sec-websocket-key").decode()).encode()
    fields = [(b"upgrade", b"websocket"), (b"connection", b"upgrade"), (b"sec-websocket-accept", accept)]
    conn.send_response(101, fields)
    conn.end_message()
    assert conn.trailing_data == (b"", False)

    assert peer.receive(conn.data_to_send()) == []
    assert behind.receive(peer.send("to the server")) == ["to the server"]
    assert peer.receive(behind.send("to the client")) == ["to the client"]


@both_behind
def test_server_hands_over_frames_in_the_packet_of_the_request(behind_class: type[WebSocket]) -> None:
    head = b"GET /chat HTTP/1.1\r\n" + b"".join(b"%s: %s\r\n" % field for field in HANDSHAKE) + b"\r\n"
    frames = b"".join(Websockets(zttp.CLIENT, handshake=False).send(text) for text in ("first", "second"))
    for first, second in cuts(head + frames):
        conn = zttp.Connection(zttp.SERVER)
        conn.receive_data(first)
        events = pull(conn)
        conn.receive_data(second)
        events += pull(conn)
        assert [type(event) for event in events] == [zttp.Request, zttp.EndOfMessage]
        conn.send_response(101, [(b"upgrade", b"websocket"), (b"connection", b"upgrade")])
        conn.end_message()
        trailing, ended = conn.trailing_data
        assert (trailing, ended) == (frames, False)
        assert behind_class(zttp.SERVER, handshake=False).receive(trailing) == ["first", "second"]


def test_server_that_declines_the_upgrade_goes_on_in_http() -> None:
    head = b"GET /chat HTTP/1.1\r\n" + b"".join(b"%s: %s\r\n" % field for field in HANDSHAKE) + b"\r\n"
    conn = zttp.Connection(zttp.SERVER)
    conn.receive_data(head + b"GET /next HTTP/1.1\r\nhost: example.com\r\n\r\n")
    assert [type(event) for event in pull(conn)] == [zttp.Request, zttp.EndOfMessage]
    conn.send_response(200, [(b"content-length", b"0")])
    conn.end_message()
    conn.start_next_cycle()
    request, _ = pull(conn)
    assert isinstance(request, zttp.Request)
    assert request.target == b"/next"
    assert conn.upgrade() is None


# ------------------------------------------------------------------------------------------------------ client


@both_peers
@both_behind
def test_client_hands_a_websocket_over(peer_class: type[WebSocket], behind_class: type[WebSocket]) -> None:
    peer, behind = peer_class(zttp.SERVER, handshake=True), behind_class(zttp.CLIENT, handshake=False)
    conn = opened_client(b"GET", b"/chat", HANDSHAKE)

    conn.receive_data(peer.accept(conn.data_to_send()))
    response = pull(conn)[0]
    assert isinstance(response, zttp.Response)
    assert (response.status_code, response.is_informational) == (101, False)
    assert response.headers.get(b"sec-websocket-accept") == accept_key(KEY).encode()
    assert (conn.upgrade() or b"").lower() == b"websocket"
    assert conn.trailing_data == (b"", False)

    assert peer.receive(behind.send("to the server")) == ["to the server"]
    assert behind.receive(peer.send("to the client")) == ["to the client"]


@both_peers
@both_behind
def test_client_hands_over_frames_in_the_packet_of_the_101(
    peer_class: type[WebSocket], behind_class: type[WebSocket]
) -> None:
    peer = peer_class(zttp.SERVER, handshake=True)
    response = peer.accept(opened_client(b"GET", b"/chat", HANDSHAKE).data_to_send())
    frames = peer.send("first") + peer.send("second")
    for first, second in cuts(response + frames):
        conn = opened_client(b"GET", b"/chat", HANDSHAKE)
        conn.receive_data(first)
        events = pull(conn)
        conn.receive_data(second)
        events += pull(conn)
        assert isinstance(events[0], zttp.Response)
        trailing, ended = conn.trailing_data
        assert (trailing, ended) == (frames, False)
        assert behind_class(zttp.CLIENT, handshake=False).receive(trailing) == ["first", "second"]


# ------------------------------------------------------------------------------------------------------ tunnels


def test_server_hands_a_tunnel_over() -> None:
    conn = zttp.Connection(zttp.SERVER)
    conn.receive_data(b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n\x16\x03\x01 not HTTP")
    request, _ = pull(conn)
    assert isinstance(request, zttp.Request)
    assert (request.method, request.target) == (b"CONNECT", b"example.com:443")
    conn.send_response(200, [])
    conn.end_message()
    assert conn.data_to_send() == b"HTTP/1.1 200 OK\r\n\r\n"
    assert conn.trailing_data == (b"\x16\x03\x01 not HTTP", False)


def test_client_hands_a_tunnel_over() -> None:
    conn = opened_client(b"CONNECT", b"example.com:443", [(b"host", b"example.com:443")])
    # RFC 9110 9.3.6: framing fields in a 2xx response to CONNECT are ignored.
    conn.receive_data(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n\x16\x03\x03 not HTTP")
    response = pull(conn)[0]
    assert isinstance(response, zttp.Response)
    assert conn.trailing_data == (b"\x16\x03\x03 not HTTP", False)


@pytest.mark.parametrize("role", [zttp.SERVER, zttp.CLIENT])
def test_the_end_of_the_connection_is_handed_over_too(role: int) -> None:
    if role == zttp.SERVER:
        conn = zttp.Connection(zttp.SERVER)
        conn.receive_data(b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n")
        pull(conn)
        conn.send_response(200, [])
        conn.end_message()
    else:
        conn = opened_client(b"CONNECT", b"example.com:443", [(b"host", b"example.com:443")])
        conn.receive_data(b"HTTP/1.1 200 OK\r\n\r\n")
        pull(conn)
    conn.receive_data(b"last words")
    conn.receive_data(b"")
    assert conn.trailing_data == (b"last words", True)
