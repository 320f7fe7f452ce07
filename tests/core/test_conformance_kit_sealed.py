"""The kit on a protocol whose bytes differ in each run: runs are recorded, and a peer with the keys misbehaves."""

from collections.abc import Iterator
from typing import Any

import pytest

import zttp
from tests.core.toy_sealed import SealedConnection, describe_sealed
from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.testing import Exchange, ProtocolConformance, Surroundings


@pytest.fixture(scope="module", autouse=True)
def sealed() -> Iterator[None]:
    zttp.register_protocol(describe_sealed())
    yield
    zttp.unregister_protocol("toy-sealed")


def content(length: int) -> Exchange:
    return Exchange(
        "content",
        events=[Request(b"PUT", b"/", http_version=b"toy"), Data(b"x" * length), EndOfMessage()],
        reply=[Response(200, http_version=b"toy"), Data(b"y" * length), EndOfMessage()],
    )


def noise() -> Iterator[bytes]:
    for number in range(100_000):
        yield b"S" + number.to_bytes(8) + bytes(1200)


ANSWER = [Response(200, [(b"x", b"y")], http_version=b"toy"), Data(b"ok"), EndOfMessage([(b"checksum", b"2")])]


class TestToySealed(ProtocolConformance):
    """Entropy, addresses, marks of the network, sessions."""

    protocol = "toy-sealed"
    exchanges = [
        Exchange(
            "post",
            events=[
                Request(b"POST", b"/", [(b"host", b"example.com")], http_version=b"toy"),
                Data(b"hello"),
                EndOfMessage([(b"checksum", b"1")]),
            ],
            reply=ANSWER,
            ecn=2,
        ),
        Exchange(
            "a client that moves",
            events=[Request(b"GET", b"/", http_version=b"toy"), EndOfMessage()],
            reply=ANSWER,
            moves=True,
        ),
        Exchange(
            "a session that is resumed",
            request=[Request(b"GET", b"/", http_version=b"toy"), EndOfMessage()],
            events=[Request(b"GET", b"/", http_version=b"toy", early_data=True), EndOfMessage()],
            reply=ANSWER,
            resumes=True,
        ),
    ]
    abuses = {
        "a part that nobody knows": lambda client: client._send(b"Z", b""),
        "content without a head": lambda client: client._send(b"B", b"x"),
        "half a field": lambda client: client._send(b"Q", b"POST\0/"),
    }
    abuses_of_servers = {"a status that is no number": lambda server: server._send(b"R", b"status\0abc\0")}
    floods = {"noise": noise}
    growing = {"content": content}
    max_memory = 1024 * 1024
    encrypted = True

    def options(self, role: int, given: Surroundings) -> dict[str, Any]:
        """Pass in entropy, the time, and the session."""
        return {"entropy": given.entropy, "wall_clock": given.wall_clock, "session": given.session}

    def session_of(self, client: SealedConnection) -> bytes | None:
        """Return the ticket that the server gave."""
        return client.session()
