"""A soak test of HTTP/3: an endpoint with changing clients, losses, resets, broken datagrams, both roles.

python soak/http3.py --seconds 600
"""

import random
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))

import zttp
import zttp_h3
from soak.shared.flat import Soak, main

LAST = (zttp.NEED_DATA, zttp.CONNECTION_CLOSED)
CREDENTIALS = zttp.TlsCredentials.self_signed("localhost")
HEAD = [(b"host", b"localhost")]


class World:
    """An endpoint, its clients, and a virtual clock that the path advances."""

    def __init__(self) -> None:
        self.endpoint = zttp.QuicEndpoint(credentials=CREDENTIALS, auto_credit=True, retry=False)
        self.now = 0
        self.number = 0
        self.clients: dict[int, Any] = {}  # by their addresses
        self.content: dict[tuple[Any, int], bytes] = {}

    def connect(self) -> int:
        """Begin a connection; return its address."""
        self.number += 1
        whom: Any = CREDENTIALS.certificate
        self.clients[self.number] = zttp.Connection(zttp.CLIENT, zttp.HTTP3, server_name="localhost", verify=whom)
        return self.number

    def ask(self, address: int, chance: random.Random) -> Any:
        """Begin a request."""
        content = chance.randbytes(chance.choice((0, 10, 3_000, 30_000)))
        fields = [*HEAD, (b"x-%d" % chance.randrange(50), chance.randbytes(8).hex().encode())]
        stream = self.clients[address].send_request(b"POST", b"/%d" % chance.randrange(10**9), b"3", fields)
        if content:
            stream.send_data(content)
        stream.end_message()
        return stream

    def run(self, microseconds: int, chance: random.Random, loss: float = 0.02) -> None:
        """Let time pass."""
        until = self.now + microseconds
        while self.now < until:
            self._step(chance, loss)
            self.now += 5_000

    def _step(self, chance: random.Random, loss: float) -> None:
        for address, client in self.clients.items():
            for datagram in client.data_to_send(self.now):
                if chance.random() >= loss:
                    self.endpoint.receive_datagram(datagram, address, self.now)
        self._serve(chance)
        for leaving in self.endpoint.data_to_send(now=self.now):
            client = self.clients.get(leaving.peer_address)
            if client is not None and chance.random() >= loss:
                client.receive_datagram(leaving.data, self.now)
        for client in self.clients.values():
            while client.next_event() not in LAST:
                pass
            if (due := client.next_timeout()) is not None and due <= self.now:
                client.handle_timeout(self.now)
        if (due := self.endpoint.next_timeout()) is not None and due <= self.now:
            self.endpoint.handle_timeout(self.now)

    def _serve(self, chance: random.Random) -> None:
        for connection in self.endpoint.connections():
            with suppress(zttp.ProtocolError):
                while (event := connection.next_event()) not in LAST:
                    self._answer(connection, event, chance)
            if connection.is_closed():
                self.endpoint.discard(connection)
                for key in [key for key in self.content if key[0] is connection]:
                    del self.content[key]

    def _answer(self, connection: Any, event: Any, chance: random.Random) -> None:
        key = connection, getattr(event, "stream_id", -1)
        match event:
            case zttp.Request():
                self.content[key] = b""
            case zttp.Data():
                self.content[key] += event.data
            case zttp.RstStream():
                self.content.pop(key, None)
            case zttp.EndOfMessage():
                content = self.content.pop(key)
                stream = connection.stream(event.stream_id)
                if chance.random() < 0.1:
                    stream.reset(0x100)
                    return
                stream.send_response(200, [(b"content-length", b"%d" % len(content))])
                if content:
                    stream.send_data(content)
                stream.end_message()


WORLD = World()
LONG = WORLD.connect()


def one_round(chance: random.Random) -> int:
    """Requests on one lasting connection and on new ones; some of the new clients disappear silently."""
    for _ in range(8):
        WORLD.ask(LONG, chance)
        if chance.random() < 0.3:
            WORLD.ask(LONG, chance).reset(0x10C)
        WORLD.run(100_000, chance)
    for _ in range(3):
        address = WORLD.connect()
        WORLD.ask(address, chance)
        WORLD.run(200_000, chance)
        WORLD.endpoint.receive_datagram(chance.randbytes(chance.randrange(1, 1300)), address, WORLD.now)
        if chance.random() < 0.5:
            WORLD.clients[address].close()
            WORLD.run(20_000, chance)
        del WORLD.clients[address]
    # Until the clients that disappeared have timed out. The lasting one must send something in the meantime.
    for _ in range(4):
        _wait(10_000_000, chance)
        WORLD.ask(LONG, chance)
        WORLD.run(100_000, chance, loss=0)
    assert len(WORLD.endpoint.connections()) <= 1 + 3
    return 15


def _wait(microseconds: int, chance: random.Random) -> None:
    """Let time pass with nothing but timers."""
    until = WORLD.now + microseconds
    while WORLD.now < until:
        timers = [WORLD.endpoint.next_timeout(), *(client.next_timeout() for client in WORLD.clients.values())]
        WORLD.now = min([until, *(due for due in timers if due is not None and due > WORLD.now)])
        WORLD.run(1, chance)


# The memory of cryptography grows with the first hundreds of handshakes.
SOAK = Soak("HTTP/3", one_round, most_blocks=400)

if __name__ == "__main__":
    main(SOAK, "compiled" if zttp_h3.COMPILED else "interpreted")
