"""HTTP/2 conforms to the plugin contract, by the public conformance kit."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

import zttp
from tests.http2.frame_language import PREFACE, frame_bytes
from zttp_core.events import Data, EndOfMessage, Request, Response, Settings, WindowUpdate
from zttp_core.testing import Exchange, ProtocolConformance, Surroundings

pytest.importorskip("zttp_h2.plugin")

OPENING = PREFACE + frame_bytes("SETTINGS")
HOST = (b"host", b"example.com")
GET = "HEADERS stream={} END_STREAM END_HEADERS | GET"
POST = "HEADERS stream={} END_HEADERS | POST"


def wire(*frames: str) -> bytes:
    return OPENING + b"".join(map(frame_bytes, frames))


def get(stream_id: int, **more: Any) -> list[Any]:
    head = Request(
        b"GET", b"/", [HOST], scheme=b"https", http_version=b"2", stream_id=stream_id, end_stream=True, **more
    )
    return [head, EndOfMessage(stream_id=stream_id)]


def post(stream_id: int) -> Request:
    return Request(b"POST", b"/", [HOST], scheme=b"https", http_version=b"2", stream_id=stream_id)


def content(length: int) -> Exchange:
    frames = [min(16_384, length - start) for start in range(0, length, 16_384)]
    return Exchange(
        "content",
        client=wire(POST.format(1))
        + b"".join(size.to_bytes(3) + b"\0\0\0\0\0\1" + b"x" * size for size in frames)
        + frame_bytes("DATA stream=1 END_STREAM"),
        events=[Settings(), post(1), Data(b"x" * length, 1), EndOfMessage(stream_id=1)],
        reply=[Response(200, stream_id=1), Data(b"y" * length, 1), EndOfMessage(stream_id=1)],
    )


def streams_opened_and_reset() -> Iterator[bytes]:
    yield OPENING
    for number in count(1, 2):
        yield frame_bytes(POST.format(number)) + frame_bytes(f"RST_STREAM stream={number} CANCEL")


def endless_pings() -> Iterator[bytes]:
    yield OPENING
    while True:
        yield frame_bytes('PING | "12345678"')


def endless_continuations() -> Iterator[bytes]:
    yield OPENING + frame_bytes("HEADERS stream=1 | GET")
    while True:
        yield frame_bytes("CONTINUATION stream=1 | x: y")


class TestHttp2(ProtocolConformance):
    """Concurrent streams, and every capability that HTTP/2 declares."""

    protocol = "h2"
    exchanges = [
        Exchange(
            "get",
            client=wire(GET.format(1)),
            events=[Settings(), *get(1)],
            reply=[Response(200, [(b"x", b"y")], stream_id=1), Data(b"hello", 1), EndOfMessage(stream_id=1)],
        ),
        Exchange(
            "two streams, trailers and early hints",
            client=wire(
                POST.format(1),
                GET.format(3),
                'DATA stream=1 | "hello "',
                'DATA stream=1 | "world"',
                "HEADERS stream=1 END_STREAM END_HEADERS | checksum: 1",
            ),
            events=[
                Settings(),
                post(1),
                *get(3),
                Data(b"hello world", 1),
                EndOfMessage([(b"checksum", b"1")], stream_id=1),
            ],
            reply=[
                Response(103, [(b"link", b"</a>")], stream_id=1),
                Response(200, stream_id=1),
                Response(204, stream_id=3, end_stream=True),
                EndOfMessage(stream_id=3),
                Data(b"x" * 50_000, 1),
                EndOfMessage([(b"checksum", b"2")], stream_id=1),
            ],
        ),
        Exchange(
            "priority and credit",
            client=wire(
                "HEADERS stream=1 END_STREAM END_HEADERS | GET | priority: u=1", "WINDOW_UPDATE stream=0 increment=5"
            ),
            events=[
                Settings(),
                Request(
                    b"GET",
                    b"/",
                    [HOST, (b"priority", b"u=1")],
                    scheme=b"https",
                    http_version=b"2",
                    stream_id=1,
                    end_stream=True,
                ),
                EndOfMessage(stream_id=1),
                WindowUpdate(0, 5),
            ],
            reply=[Response(200, stream_id=1, end_stream=True), EndOfMessage(stream_id=1)],
        ),
        Exchange(
            "extended connect",
            client=wire(
                "HEADERS stream=1 END_HEADERS | :method: CONNECT | :protocol: websocket | :scheme: https "
                "| :path: /chat | :authority: example.com",
                'DATA stream=1 | "hello"',
            ),
            events=[
                Settings(),
                Request(
                    b"CONNECT",
                    b"/chat",
                    [HOST],
                    scheme=b"https",
                    http_version=b"2",
                    stream_id=1,
                    protocol=b"websocket",
                ),
                Data(b"hello", 1),
            ],
            reply=[Response(200, stream_id=1), Data(b"welcome", 1)],
        ),
    ]
    malformed = {
        "another preface": b"PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n",
        "no SETTINGS": PREFACE + frame_bytes(GET.format(1)),
        "DATA on no stream": wire("DATA stream=0"),
        "an even stream": wire(GET.format(2)),
        "a stream number that goes back": wire(GET.format(3), GET.format(1)),
        "a frame that is too long": wire("DATA stream=1 length=16777215"),
        "an index that is in no table": wire("HEADERS stream=1 END_STREAM END_HEADERS | #200"),
        "a window that is too large": wire("WINDOW_UPDATE stream=0 increment=2147483647"),
        "a PING of seven bytes": wire('PING | "1234567"'),
    }
    malformed_replies = {
        "DATA on no stream": frame_bytes("DATA stream=0"),
        "a push that was not allowed": frame_bytes("PUSH_PROMISE stream=1 END_HEADERS promised=2 | GET"),
    }
    floods = {
        "streams opened and reset": streams_opened_and_reset,
        "PING without an end": endless_pings,
        "CONTINUATION without an end": endless_continuations,
    }

    growing = {"content": content}

    def options(self, role: int, given: Surroundings) -> dict[str, Any]:
        """Enable extended CONNECT."""
        return {"enable_connect_protocol": True} if role == zttp.SERVER else {}
