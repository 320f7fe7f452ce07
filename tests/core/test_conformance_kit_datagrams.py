"""The kit on a protocol over datagrams: a toy."""

from collections.abc import Iterator
from itertools import count

import pytest

import zttp
from tests.core.toy_datagrams import describe
from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.testing import Exchange, ProtocolConformance


@pytest.fixture(scope="module", autouse=True)
def toy() -> Iterator[None]:
    zttp.register_protocol(describe("toy-datagrams"))
    yield
    zttp.unregister_protocol("toy-datagrams")


def parts_that_are_far_ahead() -> Iterator[bytes]:
    for number in count(1):
        yield b"D" + number.to_bytes(4) + b"B" + bytes(1000)


def content(length: int) -> Exchange:
    pieces = [b"x" * min(1000, length - start) for start in range(0, length, 1000)]
    parts = [b"QPUT\0/\0", *(b"B" + piece for piece in pieces), b"E"]
    return Exchange(
        "content",
        client=[b"D" + number.to_bytes(4) + part for number, part in enumerate(parts)],
        events=[Request(b"PUT", b"/", http_version=b"toy"), Data(b"x" * length), EndOfMessage()],
        reply=[Response(200, http_version=b"toy"), Data(b"y" * length), EndOfMessage()],
    )


class TestToyDatagrams(ProtocolConformance):
    """Both roles, trailers, loss."""

    protocol = "toy-datagrams"
    exchanges = [
        Exchange(
            "post",
            client=[
                b"D\0\0\0\0QPOST\0/\0host\0example.com\0",
                b"D\0\0\0\x01Bhello",
                b"D\0\0\0\x02Echecksum\x001\0",
            ],
            events=[
                Request(b"POST", b"/", [(b"host", b"example.com")], http_version=b"toy"),
                Data(b"hello"),
                EndOfMessage([(b"checksum", b"1")]),
            ],
            reply=[Response(200, [(b"x", b"y")], http_version=b"toy"), Data(b"ok"), EndOfMessage()],
            server=[
                b"A\0\0\0\0",
                b"A\0\0\0\x01",
                b"A\0\0\0\x02",
                b"D\0\0\0\0Rstatus\x00200\0x\0y\0",
                b"D\0\0\0\x01Bok",
                b"D\0\0\0\x02E",
            ],
            answer=[Response(200, [(b"x", b"y")], http_version=b"toy"), Data(b"ok"), EndOfMessage()],
        ),
        Exchange(
            "only the pair shows this one",
            request=[Request(b"GET", b"/", http_version=b"toy"), EndOfMessage()],
            reply=[Response(204, http_version=b"toy"), EndOfMessage()],
        ),
    ]
    malformed = {
        "nothing known": b"X\0\0\0\0",
        "too short": b"D\0\0",
        "an unknown part": b"D\0\0\0\0Z",
        "half a field": b"D\0\0\0\0QPOST\0/",
        "a field of control bytes": b"D\0\0\0\0QPOST\0/\0a\0\r\n\0",
    }
    malformed_replies = {"a status that is no number": b"D\0\0\0\0Rstatus\0abc\0"}
    floods = {"parts that are far ahead": parts_that_are_far_ahead}
    growing = {"content": content}
    max_memory = 1024 * 1024
