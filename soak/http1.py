"""A soak test of HTTP/1.1: long and short connections, complete and broken messages, both roles.

python soak/http1.py --seconds 600
"""

import random
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))

import zttp
import zttp_h1
from soak.shared.flat import Soak, main

BROKEN = (
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"\0\1\2",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
)
LAST = (zttp.NEED_DATA, zttp.CONNECTION_CLOSED)


class Pair:
    """A client and a server, keep-alive."""

    def __init__(self) -> None:
        self.client = zttp.Connection(zttp.CLIENT)
        self.server = zttp.Connection(zttp.SERVER)

    def exchange(self, chance: random.Random) -> None:
        """One request and its response, by length or chunked, with trailers or without."""
        content = chance.randbytes(chance.choice((0, 10, 3_000, 70_000)))
        _send(self.client, content, chance, request=True)
        assert _received(self.server, self.client.data_to_send(), chance) == content
        _send(self.server, content[::-1], chance, request=False)
        assert _received(self.client, self.server.data_to_send(), chance) == content[::-1]
        self.client.start_next_cycle()
        self.server.start_next_cycle()


def _send(connection: Any, content: bytes, chance: random.Random, *, request: bool) -> None:
    chunked = chance.random() < 0.5
    framing = (b"transfer-encoding", b"chunked") if chunked else (b"content-length", b"%d" % len(content))
    fields = [(b"host", b"a"), framing, (b"x-%d" % chance.randrange(50), chance.randbytes(8).hex().encode())]
    if request:
        connection.send_request(b"POST", b"/%d" % chance.randrange(10**9), b"1.1", fields)
    else:
        connection.send_response(200, fields)
    if content:
        connection.send_data(content)
    connection.end_message([(b"x-sum", b"1")] if chunked else [])


def _received(connection: Any, data: bytes, chance: random.Random) -> bytes:
    content = b""
    at = 0
    while at < len(data):
        size = chance.choice((7, 1_000, 100_000))
        connection.receive_data(data[at : at + size])
        at += size
        while (event := connection.next_event()) not in LAST:
            if isinstance(event, zttp.Data):
                content += event.data
    return content


LONG = Pair()


def one_round(chance: random.Random) -> int:
    """Requests on one lasting connection and on new ones; some of the new ones break."""
    for _ in range(20):
        LONG.exchange(chance)
    for _ in range(5):
        pair = Pair()
        pair.exchange(chance)
        pair.exchange(chance)
        if chance.random() < 0.5:
            pair.server.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbreaks")  # and no more
        else:
            _break(pair.server, chance.choice(BROKEN))
            _break(pair.client, b"HTTP/1.1 nonsense\r\n\r\n")
    return 30


def _break(connection: Any, data: bytes) -> None:
    with suppress(zttp.ProtocolError):
        connection.receive_data(data)
        while connection.next_event() not in LAST:
            pass
        connection.receive_data(b"")
        while connection.next_event() not in LAST:
            pass


SOAK = Soak("HTTP/1.1", one_round)

if __name__ == "__main__":
    main(SOAK, "compiled" if zttp_h1.COMPILED else "interpreted")
