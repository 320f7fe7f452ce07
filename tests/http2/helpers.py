"""Helpers of the HTTP/2 tests: hand-made frames, connections in a given state, pulled events, and a connected pair."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import zttp
from tests.feeding import feed as feed
from tests.feeding import pull as pull

Fields = list[tuple[bytes, bytes]]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
PRIORITY_UPDATE = 16
ACK = END_STREAM = 1
END_HEADERS = 4
PADDED = 8
HAS_PRIORITY = 32

GET: Fields = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"example.com"), (b":path", b"/")]
POST: Fields = [(b":method", b"POST"), *GET[1:]]
HOST: Fields = [(b"host", b"example.com")]
OK: Fields = [(b":status", b"200")]


class Frame(NamedTuple):
    """A frame that was sent, split into its fields."""

    type: int
    flags: int
    stream_id: int
    payload: bytes

    @property
    def number(self) -> int:
        """The payload's last 32 bits: an error code, an increment."""
        return int.from_bytes(self.payload[-4:], "big")


def frame(frame_type: int, flags: int = 0, stream_id: int = 0, payload: bytes = b"") -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes((frame_type, flags)) + stream_id.to_bytes(4, "big")
    return head + payload


def frames(data: bytes) -> list[Frame]:
    """The frames in `data`, which may begin with the preface and must end with a complete frame."""
    data = data.removeprefix(PREFACE)
    found = []
    while data:
        size = int.from_bytes(data[:3], "big")
        assert len(data) >= 9 + size, "an unfinished frame was sent"
        found.append(Frame(data[3], data[4], int.from_bytes(data[5:9], "big"), data[9 : 9 + size]))
        data = data[9 + size :]
    return found


def integer(value: int, pattern: int, prefix_max: int) -> bytes:
    """A prefix integer (RFC 7541 5.1)."""
    if value < prefix_max:
        return bytes((pattern | value,))
    coded = bytearray((pattern | prefix_max,))
    value -= prefix_max
    while value >= 128:
        coded.append(128 | (value & 127))
        value >>= 7
    coded.append(value)
    return bytes(coded)


def block(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A field block of literals without indexing."""
    return b"".join(
        b"\x00" + integer(len(name), 0, 127) + name + integer(len(value), 0, 127) + value for name, value in fields
    )


def headers(fields: Iterable[tuple[bytes, bytes]], stream_id: int = 1, flags: int = 0) -> bytes:
    return frame(HEADERS, END_HEADERS | flags, stream_id, block(fields))


def settings(*params: tuple[int, int]) -> bytes:
    payload = b"".join(identifier.to_bytes(2, "big") + value.to_bytes(4, "big") for identifier, value in params)
    return frame(SETTINGS, 0, 0, payload)


def window_update(stream_id: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream_id, increment.to_bytes(4, "big"))


def rst_stream(stream_id: int, error_code: int = 8) -> bytes:
    return frame(RST_STREAM, 0, stream_id, error_code.to_bytes(4, "big"))


def goaway(last_stream_id: int, error_code: int = 0, debug: bytes = b"") -> bytes:
    return frame(GOAWAY, 0, 0, last_stream_id.to_bytes(4, "big") + error_code.to_bytes(4, "big") + debug)


def priority_update(stream_id: int, value: bytes) -> bytes:
    return frame(PRIORITY_UPDATE, 0, 0, stream_id.to_bytes(4, "big") + value)


def limits(**values: int) -> Any:
    return zttp.H2Limits(**values)


def server(data: bytes = b"", *, first: bytes = frame(SETTINGS), **options: Any) -> zttp.H2Connection:
    """A server whose client has begun with `first` and then sent `data`; all events and output were taken."""
    connection = zttp.Connection(zttp.SERVER, "h2", **options)
    connection.receive_data(PREFACE + first + data)
    pull(connection)
    connection.data_to_send()
    return connection


def client(data: bytes = b"", *, first: bytes = frame(SETTINGS), **options: Any) -> zttp.H2Connection:
    """A client whose server has begun with `first` and then sent `data`."""
    connection = zttp.Connection(zttp.CLIENT, "h2", **options)
    connection.initiate_connection()
    connection.receive_data(first + data)
    pull(connection)
    connection.data_to_send()
    return connection


def requesting(method: bytes = b"GET", end_stream: bool = True, count: int = 1, **options: Any) -> zttp.H2Connection:
    """A client that has sent `count` requests."""
    connection = client(**options)
    for _ in range(count):
        connection.send_request(
            method, b"example.com:443" if method == b"CONNECT" else b"/", b"2", HOST, end_stream=end_stream
        )
    connection.data_to_send()
    return connection


def sent(connection: zttp.H2Connection) -> list[Frame]:
    """Takes the frames that wait to be sent."""
    return frames(connection.data_to_send())


def content(events: Sequence[Any], stream_id: int | None = None) -> bytes:
    return b"".join(
        event.data for event in events if isinstance(event, zttp.Data) and stream_id in (None, event.stream_id)
    )


def names(events: Sequence[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


def messages(events: Sequence[Any]) -> list[Any]:
    """The events that belong to messages and streams, adjacent Data of one stream joined."""
    kept: list[Any] = []
    for event in events:
        if not isinstance(event, zttp.Request | zttp.Response | zttp.Data | zttp.EndOfMessage | zttp.RstStream):
            continue
        last = kept[-1] if kept else None
        if isinstance(event, zttp.Data) and isinstance(last, zttp.Data) and last.stream_id == event.stream_id:
            kept[-1] = zttp.Data(last.data + event.data, event.stream_id)
        else:
            kept.append(event)
    return kept


class Pair:
    """A client and a server of ours, connected; `pump` runs until neither has output."""

    def __init__(
        self, client_options: dict[str, Any] | None = None, server_options: dict[str, Any] | None = None
    ) -> None:
        self.client = zttp.Connection(zttp.CLIENT, "h2", **client_options or {})
        self.server = zttp.Connection(zttp.SERVER, "h2", **server_options or {})
        self.at_client: list[Any] = []
        self.at_server: list[Any] = []
        self.client.initiate_connection()
        self.server.initiate_connection()
        self.pump()
        self.at_client.clear()
        self.at_server.clear()

    def pump(self, size: int | None = None) -> None:
        while True:
            up = self.client.data_to_send()
            self.at_server += feed(self.server, up, size)
            down = self.server.data_to_send()
            self.at_client += feed(self.client, down, size)
            if not up and not down:
                return
