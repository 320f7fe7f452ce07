"""HTTP/3 conforms to the plugin contract, by the public conformance kit: recorded, replayed, attacked with the keys."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

import zttp
from zttp_core.events import Data, Datagram, EndOfMessage, Request, Response, Settings
from zttp_core.testing import Exchange, ProtocolConformance, Surroundings

pytest.importorskip("zttp_h3.plugin")

from tests.core.argument_outcomes import credentials
from zttp_h3 import frames
from zttp_h3.qpack.encoder import SectionEncoder

HOST = (b"host", b"localhost")


@cache
def tickets() -> zttp.TicketKeys:
    """Ticket keys without randomness."""
    return zttp.TicketKeys(bytes(32), entropy=bytes)


@cache
def settings() -> Settings:
    """The client's first datagrams: one of its settings, without a meaning, is random, and so depends on the seed."""
    suite = TestHttp3()
    client, server = suite.connect(zttp.CLIENT), suite.connect(zttp.SERVER)
    client.initiate_connection()
    for now in range(1, 4):
        for datagram in client.data_to_send(now):
            server.receive_datagram(datagram, now)
        for datagram in server.data_to_send(now):
            client.receive_datagram(datagram, now)
    event = server.next_event()
    assert isinstance(event, Settings)
    return event


def head(method: bytes, stream_id: int = 0, **more: Any) -> Request:
    return Request(method, b"/", [HOST], scheme=b"https", http_version=b"3", stream_id=stream_id, **more)


def get(stream_id: int, **more: Any) -> list[Any]:
    return [head(b"GET", stream_id, end_stream=True, **more), EndOfMessage(stream_id=stream_id)]


def content(length: int) -> Exchange:
    return Exchange(
        "content",
        events=[settings(), head(b"POST"), Data(b"x" * length, 0), EndOfMessage(stream_id=0)],
        reply=[Response(200, stream_id=0, http_version=b"3"), Data(b"y" * length, 0), EndOfMessage(stream_id=0)],
    )


ANSWER = [Response(200, [(b"x", b"y")], stream_id=0, http_version=b"3"), Data(b"hello", 0), EndOfMessage(stream_id=0)]


def raw(connection: Any, data: bytes, *, fin: bool = False) -> None:
    """Write bytes on a new request stream of a client that its caller could not send."""
    session = connection._session
    stream = session.transport.open(False)
    session.transport.session.streams.write(stream, data)
    if fin:
        session.transport.session.streams.finish(stream)
    session.touch()


def section(*fields: tuple[bytes, bytes]) -> bytes:
    return frames.frame(frames.HEADERS, SectionEncoder().encode(0, list(fields)))


def noise() -> Iterator[bytes]:
    for number in range(4_000):  # more than the limit
        yield b"\xc0\x00\x00\x00\x01\x08" + number.to_bytes(8) + bytes(1200)


class TestHttp3(ProtocolConformance):
    """Concurrent streams over datagrams, and every capability that HTTP/3 declares."""

    protocol = "h3"
    abuses = {
        "DATA on the control stream": lambda client: client._session.write_control(b"\x00\x00"),
        "SETTINGS twice": lambda client: client._session.write_control(b"\x04\x00"),
        "a frame of HTTP/2": lambda client: raw(client, b"\x06\x00"),
        "content before the head": lambda client: raw(client, frames.frame(frames.DATA, b"x")),
        "an index that is in no table": lambda client: raw(client, frames.frame(frames.HEADERS, b"\x00\x00\xff\x7f")),
    }
    abuses_of_servers = {"SETTINGS twice, of a server": lambda server: server._session.write_control(b"\x04\x00")}
    floods = {"noise": noise}
    growing = {"content": content}
    max_memory = 4 * 1024 * 1024
    encrypted = True

    def options(self, role: int, given: Surroundings) -> dict[str, Any]:
        """Pass in entropy, the time, and the session."""
        common: dict[str, Any] = {
            "entropy": given.entropy,
            "wall_clock": given.wall_clock,
            "early_data": True,
            "enable_datagrams": True,
        }
        if role == zttp.SERVER:
            return {**common, "credentials": credentials(), "tickets": tickets(), "enable_connect_protocol": True}
        return {
            **common,
            "server_name": "localhost",
            "verify": credentials().certificate,
            "session": given.session,
        }

    def session_of(self, client: zttp.H3Connection) -> Any:
        """Return a ticket that the server gave."""
        return client.session_tickets()[-1]


TestHttp3.exchanges = [
    Exchange("get", events=[settings(), *get(0)], reply=ANSWER, ecn=2),
    Exchange(
        "two streams, trailers, early hints, a priority",
        events=[
            settings(),
            head(b"POST"),
            Data(b"hello world", 0),
            EndOfMessage([(b"checksum", b"1")], stream_id=0),
            Request(
                b"GET",
                b"/",
                [HOST, (b"priority", b"u=5")],
                scheme=b"https",
                http_version=b"3",
                stream_id=4,
                end_stream=True,
            ),
            EndOfMessage(stream_id=4),
        ],
        reply=[
            Response(103, [(b"link", b"</a>")], stream_id=0, http_version=b"3"),
            Response(200, stream_id=0, http_version=b"3"),
            Data(b"x" * 5_000, 0),
            EndOfMessage([(b"checksum", b"2")], stream_id=0),
            Response(204, stream_id=4, http_version=b"3", end_stream=True),
            EndOfMessage(stream_id=4),
        ],
    ),
    Exchange(
        "extended connect, and datagrams",
        events=[
            settings(),
            Request(
                b"CONNECT",
                b"/chat",
                [HOST],
                scheme=b"https",
                http_version=b"3",
                stream_id=0,
                protocol=b"websocket",
            ),
            Datagram(b"hello", 0),
        ],
        reply=[Response(200, stream_id=0, http_version=b"3"), Datagram(b"welcome", 0)],
    ),
    Exchange("a client that moves", events=[settings(), *get(0)], reply=ANSWER, moves=True),
    Exchange(
        "a session that is resumed",
        request=get(0),
        events=[settings(), *get(0, early_data=True)],
        reply=ANSWER,
        resumes=True,
    ),
]
