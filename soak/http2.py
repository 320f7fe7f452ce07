"""A soak test of HTTP/2: long and short connections, resets, refused and broken streams, both roles.

python soak/http2.py --seconds 600
"""

import random
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))

import zttp
import zttp_h2
from soak.shared.flat import Soak, main

LAST = (zttp.NEED_DATA, zttp.CONNECTION_CLOSED)
HEAD = [(b"host", b"a")]


class Pair:
    """A client and a server that echoes."""

    def __init__(self) -> None:
        self.client = zttp.Connection(zttp.CLIENT, "h2")
        self.server = zttp.Connection(zttp.SERVER, "h2")
        self.client.initiate_connection()
        self.content: dict[int, bytes] = {}
        self.resets = 0.1  # of the server, for each request

    def ask(self, chance: random.Random, content: bytes | None = None) -> Any:
        """Begin a request, mostly with content."""
        if content is None:
            content = chance.randbytes(chance.choice((0, 10, 3_000, 70_000)))
        fields = [*HEAD, (b"x-%d" % chance.randrange(50), chance.randbytes(8).hex().encode())]
        stream = self.client.send_request(b"POST", b"/%d" % chance.randrange(10**9), b"2", fields)
        if content:
            stream.send_data(content)
        stream.end_message([(b"x-sum", b"1")] if chance.random() < 0.3 else None)
        return stream

    def run(self, chance: random.Random) -> None:
        """Exchange bytes until neither side has output."""
        while self._pass(self.client, self.server, chance) | self._pass(self.server, self.client, chance):
            pass

    def _pass(self, sender: Any, receiver: Any, chance: random.Random) -> bool:
        data = sender.data_to_send()
        at = 0
        while at < len(data):
            size = chance.choice((100, 5_000, 200_000))
            receiver.receive_data(data[at : at + size])
            at += size
            while (event := receiver.next_event()) not in LAST:
                if receiver is self.server:
                    self._serve(event, chance)
        return bool(data)

    def _serve(self, event: Any, chance: random.Random) -> None:
        match event:
            case zttp.Request():
                self.content[event.stream_id] = b""
            case zttp.Data():
                self.content[event.stream_id] += event.data
            case zttp.RstStream():
                self.content.pop(event.stream_id, None)
            case zttp.EndOfMessage():
                content = self.content.pop(event.stream_id)
                stream = self.server.stream(event.stream_id)
                if chance.random() < self.resets:
                    stream.reset()
                    return
                stream.send_response(200, [(b"content-length", b"%d" % len(content))])
                if content:
                    stream.send_data(content)
                stream.end_message()


LONG = Pair()
REMEMBERED = 256  # streams that a side has reset: as many as a connection remembers


def warm_up(chance: random.Random) -> None:
    """Fill the records that a connection may keep, so that they do not count as growth."""
    for share in (1.0, 0.0):  # of the server's resets
        LONG.resets = share
        for _ in range(REMEMBERED):
            LONG.ask(chance, b"")
            LONG.run(chance)
            if not share:
                LONG.ask(chance, b"").reset()
                LONG.run(chance)
    LONG.resets = 0.1


def one_round(chance: random.Random) -> int:
    """Requests on one lasting connection and on new ones; some streams and some connections break."""
    for _ in range(20):
        streams = [LONG.ask(chance) for _ in range(2)]
        if chance.random() < 0.2:
            streams[0].reset()
        LONG.run(chance)
    assert LONG.content == {}
    for _ in range(5):
        pair = Pair()
        pair.ask(chance)
        pair.run(chance)
        pair.ask(chance)  # without waiting for its answer
        with suppress(zttp.ProtocolError):
            pair.server.receive_data(pair.client.data_to_send()[:-3] + chance.choice((b"", b"\0\0\0\4\0\0\0\0\1" * 9)))
            while pair.server.next_event() not in LAST:
                pass
            pair.server.receive_data(b"")
            while pair.server.next_event() not in LAST:
                pass
    return 50


SOAK = Soak("HTTP/2", one_round, warm_up)

if __name__ == "__main__":
    main(SOAK, "compiled" if zttp_h2.COMPILED else "interpreted")
