"""One message at a time through the core and through every protocol, reading and writing, for one verdict.

A wire returns the reason why it refuses its input, None if it accepts it, or UNSAYABLE if its syntax cannot express it.
A protocol is added to ``test_one_rule`` by a class here and an item in ``WIRES``.
"""

from importlib.util import find_spec
from typing import Any, Final, Protocol

import zttp
from tests.feeding import feed
from tests.http2 import helpers as http2
from zttp_core.messages import (
    read_request,
    read_response,
    read_trailers,
    write_request,
    write_response,
    write_trailers,
)

Fields = list[tuple[bytes, bytes]]
Verdict = str | None

UNSAYABLE: Final = "unsayable"

# The reasons of HTTP/1.1 for bytes that break its lines before they can be a wrong name, value or target.
MALFORMED: Final = "malformed"
SYNTAX: Final = {
    *("bare_cr", "bare_lf", "empty_field_name", "missing_colon", "whitespace_before_colon", "obsolete_line_folding"),
    *("malformed_request_line", "invalid_version"),
}

_ROWS: Final = 100  # of one connection of HTTP/3


class Wire(Protocol):
    """The methods of every protocol. ``seen``: the fields of the last message, as they were read or written."""

    name: str
    seen: Fields

    def read_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict: ...
    def read_response(self, status: int, fields: Fields) -> Verdict: ...
    def read_trailers(self, fields: Fields, of_request: bool) -> Verdict: ...
    def write_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict: ...
    def write_response(self, method: bytes, status: int, fields: Fields) -> Verdict: ...
    def write_trailers(self, fields: Fields, of_request: bool) -> Verdict: ...


def lowered(fields: Fields) -> Fields:
    return [(name.lower(), value) for name, value in fields]


def pseudo(method: bytes, target: bytes) -> Fields | None:
    """A target as a peer would put it into pseudo-header fields, right or wrong; None if it cannot be expressed."""
    if method == b"CONNECT":
        return [(b":method", method), (b":authority", target)]
    scheme, slashes, rest = target.partition(b"://")
    if slashes and b"/" not in scheme:
        size = min([place for place in (rest.find(b"/"), rest.find(b"?")) if place >= 0], default=len(rest))
        if size == 0:
            return None
        path = rest[size:]
        if not path.startswith(b"/"):
            path = b"*" if method == b"OPTIONS" and not path else b"/" + path
        return [(b":method", method), (b":scheme", scheme), (b":authority", rest[:size]), (b":path", path)]
    scheme, colon, rest = target.partition(b":")
    if colon and rest and scheme.isalnum():
        return [(b":method", method), (b":scheme", scheme), (b":path", rest)]
    return [(b":method", method), (b":scheme", b"https"), (b":path", target)]


class Core:
    """The rules themselves, as HTTP/3 calls them."""

    name = "core"

    def __init__(self) -> None:
        self.seen: Fields = []

    def _read(self, read: Any) -> Verdict:
        if isinstance(read, str):
            return read
        self.seen = read if isinstance(read, list) else read.fields
        return None

    def _write(self, write: Any, *arguments: Any) -> Verdict:
        try:
            written = write(*arguments)
        except zttp.LocalProtocolError as error:
            return error.reason
        self.seen = written if isinstance(written, list) else written[0]
        return None

    def read_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict:
        control = pseudo(method, target)
        return UNSAYABLE if control is None else self._read(read_request(control + lowered(fields)))

    def read_response(self, status: int, fields: Fields) -> Verdict:
        return self._read(read_response([(b":status", b"%d" % status), *lowered(fields)]))

    def read_trailers(self, fields: Fields, of_request: bool) -> Verdict:
        return self._read(read_trailers(lowered(fields)))

    def write_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict:
        return self._write(write_request, method, target, fields)

    def write_response(self, method: bytes, status: int, fields: Fields) -> Verdict:
        kind = {b"HEAD": 1, b"CONNECT": 2}.get(method, 0)
        return self._write(write_response, status, fields, kind)

    def write_trailers(self, fields: Fields, of_request: bool) -> Verdict:
        return self._write(write_trailers, fields)


class Http1:
    """HTTP/1.1."""

    name = "HTTP/1.1"

    def __init__(self) -> None:
        self.seen: Fields = []

    def _receive(self, connection: Any, start: bytes, fields: Fields, trailers: bool = False) -> Verdict:
        if any(value != value.strip(b" \t") for _, value in fields):
            return UNSAYABLE  # it would not be part of the value (RFC 9112 5.1)
        if any(b":" in name for name, _ in fields):
            return UNSAYABLE  # the name would end there
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
        try:
            events = feed(connection, start + lines + b"\r\n")
        except zttp.RemoteProtocolError as error:
            return MALFORMED if error.reason in SYNTAX else error.reason
        self.seen = list(events[-1].trailers if trailers else events[0].headers)
        return None

    def read_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict:
        server = zttp.Connection(zttp.SERVER)
        return self._receive(server, method + b" " + target + b" HTTP/1.1\r\n", fields)

    def read_response(self, status: int, fields: Fields) -> Verdict:
        client = zttp.Connection(zttp.CLIENT)
        client.send_request(b"GET", b"/", b"1.1", [])
        client.end_message()
        return self._receive(client, b"HTTP/1.1 %d \r\n" % status, fields)

    def read_trailers(self, fields: Fields, of_request: bool) -> Verdict:
        if of_request:
            connection = zttp.Connection(zttp.SERVER)
            head = b"POST / HTTP/1.1\r\n"
        else:
            connection = zttp.Connection(zttp.CLIENT)
            connection.send_request(b"GET", b"/", b"1.1", [])
            connection.end_message()
            head = b"HTTP/1.1 200 OK\r\n"
        feed(connection, head + b"Transfer-Encoding: chunked\r\n\r\n")
        return self._receive(connection, b"0\r\n", fields, True)

    def _send(self, connection: Any, send: Any) -> Verdict:
        try:
            send()
        except zttp.LocalProtocolError as error:
            return error.reason
        lines = connection.data_to_send().split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        self.seen = [(name, value) for name, _, value in [line.partition(b": ") for line in lines]]
        return None

    def write_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict:
        client = zttp.Connection(zttp.CLIENT)
        return self._send(client, lambda: client.send_request(method, target, b"1.1", fields))

    def write_response(self, method: bytes, status: int, fields: Fields) -> Verdict:
        server = zttp.Connection(zttp.SERVER)
        target = b"a:1" if method == b"CONNECT" else b"/"
        feed(server, method + b" " + target + b" HTTP/1.1\r\n\r\n")
        send = server.send_informational if 100 <= status < 200 else server.send_response
        return self._send(server, lambda: send(status, fields))

    def write_trailers(self, fields: Fields, of_request: bool) -> Verdict:
        chunked = [(b"Transfer-Encoding", b"chunked")]
        if of_request:
            connection = zttp.Connection(zttp.CLIENT)
            connection.send_request(b"POST", b"/", b"1.1", chunked)
        else:
            connection = zttp.Connection(zttp.SERVER)
            feed(connection, b"GET / HTTP/1.1\r\n\r\n")
            connection.send_response(200, chunked)
        connection.data_to_send()
        return self._send(connection, lambda: connection.end_message(fields))


class Http2:
    """HTTP/2."""

    name = "HTTP/2"

    def __init__(self) -> None:
        self.seen: Fields = []

    def _receive(self, connection: Any, fields: Fields, trailers: bool = False) -> Verdict:
        flags = http2.END_STREAM if trailers else 0
        events = http2.feed(connection, http2.headers(fields, 1, flags))
        if isinstance(events[-1], zttp.RstStream):
            reason: str | None = connection.last_stream_error.reason
            return reason
        self.seen = list(events[-1].trailers if trailers else events[0].headers)
        return None

    def read_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict:
        control = pseudo(method, target)
        return UNSAYABLE if control is None else self._receive(http2.server(), control + lowered(fields))

    def read_response(self, status: int, fields: Fields) -> Verdict:
        return self._receive(http2.requesting(), [(b":status", b"%d" % status), *lowered(fields)])

    def read_trailers(self, fields: Fields, of_request: bool) -> Verdict:
        if of_request:
            return self._receive(http2.server(http2.headers(http2.POST)), lowered(fields), True)
        connection = http2.requesting()
        http2.feed(connection, http2.headers(http2.OK))
        return self._receive(connection, lowered(fields), True)

    def _send(self, connection: Any, peer: Any, send: Any) -> Verdict:
        try:
            send()
        except zttp.LocalProtocolError as error:
            return error.reason
        events = http2.feed(peer, connection.data_to_send())
        [self.seen] = [
            list(event.headers if isinstance(event, zttp.Request | zttp.Response) else event.trailers)
            for event in events
            if isinstance(event, zttp.Request | zttp.Response)
            or (isinstance(event, zttp.EndOfMessage) and len(event.trailers) > 0)
        ] or [[]]
        return None

    def write_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict:
        client = http2.client()
        return self._send(client, http2.server(), lambda: client.send_request(method, target, b"2", fields))

    def write_response(self, method: bytes, status: int, fields: Fields) -> Verdict:
        control = [(b":authority", b"a:1")] if method == b"CONNECT" else http2.GET[1:]
        end = 0 if method == b"CONNECT" else http2.END_STREAM
        server = http2.server(http2.headers([(b":method", method), *control], 1, end))
        stream = server.stream(1)
        send = stream.send_informational if 100 <= status < 200 else stream.send_response
        peer = http2.requesting(method, method != b"CONNECT")
        return self._send(server, peer, lambda: send(status, fields))

    def write_trailers(self, fields: Fields, of_request: bool) -> Verdict:
        if of_request:
            client = http2.client()
            stream = client.send_request(b"POST", b"/", b"2", http2.HOST)
            peer = http2.server()
            http2.feed(peer, client.data_to_send())
            return self._send(client, peer, lambda: stream.end_message(fields))
        server = http2.server(http2.headers(http2.GET, 1, http2.END_STREAM))
        server.stream(1).send_response(200)
        peer = http2.requesting()
        http2.feed(peer, server.data_to_send())
        return self._send(server, peer, lambda: server.stream(1).end_message(fields))


class Http3:
    """HTTP/3: one connection for many rows, each on a stream of its own, because a handshake is expensive."""

    name = "HTTP/3"

    def __init__(self) -> None:
        self.seen: Fields = []
        self._peers: dict[bool, tuple[Any, int]] = {}

    def _connected(self, raw: bool = False) -> Any:
        """A client and a server of ours; in the ``raw`` pair the client's streams are opened by hand, and not read."""
        peer, rows = self._peers.get(raw, (None, _ROWS))
        if rows == _ROWS:
            peer, rows = http3.RawPeer(limits=zttp.H3Limits(max_stream_resets=1 << 30)).settle(), 0
        self._peers[raw] = (peer, rows + 1)
        return peer

    def _pull(self, peer: Any, connection: Any, stream_id: int) -> list[Any]:
        for _ in range(2):
            peer.carry(pull=False)
        events = []
        while (event := connection.next_event()) is not zttp.NEED_DATA:
            if event.stream_id == stream_id and not isinstance(event, zttp.Settings):
                events.append(event)
        return events

    def _judge(self, connection: Any, events: list[Any], trailers: bool) -> Verdict:
        error = connection.last_stream_error
        if not events or isinstance(events[-1], zttp.RstStream):
            reason: str | None = error.reason
            return reason
        self.seen = list(events[-1].trailers if trailers else events[0].headers)
        return None

    def _receive(self, from_client: bool, heads: list[Fields]) -> Verdict:
        """Write field sections by hand, and read the last of them."""
        if any(name == b"" for head in heads for name, _ in head):
            return UNSAYABLE  # the encoder of pylsqpack, which writes the row, cannot express it
        peer = self._connected(from_client)
        client, server = peer.client, peer.server
        if from_client:
            stream = peer.open(b"".join(http3.section(head) for head in heads), fin=len(heads) > 1)
            return self._judge(server, self._pull(peer, server, int(stream.stream_id)), len(heads) > 1)
        number = client.send_request(b"GET", b"/", b"3", http2.HOST, end_stream=True).stream_id
        self._pull(peer, server, number)
        streams = server._session.transport.session.streams
        quic = streams.streams[number]
        streams.write(quic, b"".join(http3.section(head) for head in heads))
        if len(heads) > 1:
            streams.finish(quic)
        verdict = self._judge(client, self._pull(peer, client, number), len(heads) > 1)
        client.stream(number).reset()
        return verdict

    def read_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict:
        control = pseudo(method, target)
        return UNSAYABLE if control is None else self._receive(True, [with_authority(control, fields)])

    def read_response(self, status: int, fields: Fields) -> Verdict:
        return self._receive(False, [[(b":status", b"%d" % status), *lowered(fields)]])

    def read_trailers(self, fields: Fields, of_request: bool) -> Verdict:
        head = http3.GET if of_request else [(b":status", b"200")]
        return self._receive(of_request, [head, lowered(fields)])

    def _send(self, peer: Any, other: Any, stream_id: Any, send: Any) -> Verdict:
        try:
            sent = send()
        except zttp.LocalProtocolError as error:
            return error.reason
        number = sent.stream_id if stream_id is None else stream_id
        events = self._pull(peer, other, number)
        [self.seen] = [
            list(event.headers if isinstance(event, zttp.Request | zttp.Response) else event.trailers)
            for event in events
            if isinstance(event, zttp.Request | zttp.Response)
            or (isinstance(event, zttp.EndOfMessage) and len(event.trailers) > 0)
        ] or [[]]
        return None

    def write_request(self, method: bytes, target: bytes, fields: Fields) -> Verdict:
        peer = self._connected()
        if (target.startswith(b"/") or target == b"*") and not has_host(fields):
            fields = [*fields, (b"host", b"a")]
        return self._send(peer, peer.server, None, lambda: peer.client.send_request(method, target, b"3", fields))

    def _asked(self, peer: Any, method: bytes, end_stream: bool) -> Any:
        target = b"a:1" if method == b"CONNECT" else b"/"
        fields = [] if method == b"CONNECT" else http2.HOST
        stream = peer.client.send_request(method, target, b"3", fields, end_stream=end_stream)
        self._pull(peer, peer.server, stream.stream_id)
        return peer.server.stream(stream.stream_id)

    def write_response(self, method: bytes, status: int, fields: Fields) -> Verdict:
        peer = self._connected()
        stream = self._asked(peer, method, method != b"CONNECT")
        send = stream.send_informational if 100 <= status < 200 else stream.send_response
        return self._send(peer, peer.client, stream.stream_id, lambda: send(status, fields))

    def write_trailers(self, fields: Fields, of_request: bool) -> Verdict:
        peer = self._connected()
        if of_request:
            stream = peer.client.send_request(b"POST", b"/", b"3", http2.HOST)
            self._pull(peer, peer.server, stream.stream_id)
            return self._send(peer, peer.server, stream.stream_id, lambda: stream.end_message(fields))
        stream = self._asked(peer, b"GET", True)
        stream.send_response(200)
        self._pull(peer, peer.client, stream.stream_id)
        return self._send(peer, peer.client, stream.stream_id, lambda: stream.end_message(fields))


def has_host(fields: Fields) -> bool:
    return any(name.lower() == b"host" for name, _ in fields)


def with_authority(control: Fields, fields: Fields) -> Fields:
    """Add to a request the fields that only HTTP/3 requires (RFC 9114 4.3.1), if the row tests something else."""
    if b":authority" not in dict(control) and not has_host(fields):
        control = [*control, (b":authority", b"a")]
    return control + lowered(fields)


WIRES: Final[list[Wire]] = [Core(), Http1(), Http2()]
if find_spec("zttp_h3") is not None:
    from tests.http3 import test_misbehaving as http3

    WIRES.append(Http3())
