"""A client's and a server's handshake, connected without packets."""

import random
from collections.abc import Callable
from typing import Any

from tests.http3.tls.certificates import SECONDS, authority, identity
from zttp_h3.tls.certificates import Identity
from zttp_h3.tls.client import ClientHandshake
from zttp_h3.tls.client_offer import ClientParameters
from zttp_h3.tls.groups import X25519
from zttp_h3.tls.handshake import Handshake
from zttp_h3.tls.key_schedule import AES_128_GCM_SHA256, AES_256_GCM_SHA384, CHACHA20_POLY1305_SHA256
from zttp_h3.tls.server import ServerHandshake, ServerParameters
from zttp_h3.tls.tickets import SessionTicket, TicketKeys
from zttp_h3.tls.verification import Anchors, Trust

SUITES = (AES_128_GCM_SHA256, AES_256_GCM_SHA384, CHACHA20_POLY1305_SHA256)


class Clock:
    """Wall time that a test sets."""

    def __init__(self) -> None:
        self.seconds = SECONDS

    def __call__(self) -> float:
        return self.seconds


def seeded(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def client(
    *,
    name: str = "localhost",
    alpn: tuple[bytes, ...] = (b"h3",),
    suites: tuple[int, ...] = SUITES,
    groups: tuple[int, ...] = (X25519,),
    trust: Trust | None = None,
    verify: bool = True,
    session: SessionTicket | None = None,
    early_data: bool = False,
    clock: Callable[[], float] | None = None,
    seed: int = 1,
    key_log: Callable[[str], object] | None = None,
) -> ClientHandshake:
    """A client that trusts ``authority()``."""
    if trust is None and verify:
        trust = Trust(Anchors([authority()]))
    parameters = ClientParameters(name, list(alpn), list(suites), list(groups), trust, session, early_data)
    return ClientHandshake(parameters, b"client parameters", seeded(seed), clock or Clock(), key_log)


def server(
    *,
    choose: Callable[[str | None], Identity | None] | None = None,
    kind: str = "p256",
    alpn: tuple[bytes, ...] = (b"h3",),
    suites: tuple[int, ...] = SUITES,
    groups: tuple[int, ...] = (X25519,),
    tickets: TicketKeys | None = None,
    context: bytes = b"context",
    accept_early_data: bool = True,
    clock: Callable[[], float] | None = None,
    seed: int = 2,
    key_log: Callable[[str], object] | None = None,
) -> ServerHandshake:
    """A server with an identity that ``authority()`` signed."""
    pick = choose or (lambda _: identity(kind))
    parameters = ServerParameters(pick, list(alpn), list(suites), list(groups), tickets, context, accept_early_data)
    return ServerHandshake(parameters, b"server parameters", seeded(seed), clock or Clock(), key_log)


class Wire:
    """Transmits messages in both directions, in pieces of ``piece`` bytes, and records them and all secrets."""

    def __init__(self, client_side: ClientHandshake, server_side: ServerHandshake, piece: int = 1 << 20) -> None:
        self.client = client_side
        self.server = server_side
        self.piece = piece
        self.client_secrets: list[Any] = []
        self.server_secrets: list[Any] = []
        self.sent_by_client: list[tuple[int, bytes]] = []
        self.sent_by_server: list[tuple[int, bytes]] = []

    def run(self) -> "Wire":
        """Start, and transmit until neither side has output."""
        self.client.start()
        while self._carry(self.client, self.server, self.client_secrets, self.sent_by_client) | self._carry(
            self.server, self.client, self.server_secrets, self.sent_by_server
        ):
            pass
        return self

    def _carry(self, source: Handshake, target: Handshake, secrets: list[Any], sent: list[tuple[int, bytes]]) -> bool:
        secrets += source.take_secrets()
        messages = source.take_messages()
        for level, message in messages:
            sent.append((level, message))
            for at in range(0, len(message), self.piece):
                target.receive(level, message[at : at + self.piece])
        return len(messages) > 0


def handshake(client_side: ClientHandshake, server_side: ServerHandshake, piece: int = 1 << 20) -> Wire:
    return Wire(client_side, server_side, piece).run()
