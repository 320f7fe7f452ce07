"""A small protocol with encrypted datagrams, for the tests of the kit: its output depends on entropy.

Both sides know a secret. A hello of each side carries a nonce, and both nonces make the key; a client with a ticket of
an earlier connection takes the key from that, and needs no answer to its hello (nor does its request wait). A peer that
acknowledges datagrams that were not sent is refused: recordings are replayed with the output in the same places. It
proves nothing about cryptography: a hash is the stream cipher and the authenticator.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import shake_128
from typing import Any

from tests.core.toy_datagrams import FIRST_TIMEOUT, MOST_TRIES, ToyConnection, describe, refusal
from zttp_core.constants import CLIENT, SERVER
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.events import Request

SECRET = b"what both sides know"
NONCE, TAG = 16, 16
DAY = 86_400  # seconds for which a ticket is valid


@dataclass
class Outgoing:
    """A datagram, its destination, and its source."""

    data: bytes
    peer_address: Any
    local_address: Any = None


class SealedConnection(ToyConnection):
    """The toy, with encrypted datagrams."""

    def __init__(
        self,
        role: int,
        *,
        entropy: Callable[[int], bytes] = os.urandom,
        wall_clock: Callable[[], float] = time.time,
        session: bytes | None = None,
    ) -> None:
        super().__init__(role)
        self.marked = 0  # datagrams that a network has marked with an ECN codepoint
        self._entropy = entropy
        self._wall_clock = wall_clock
        self._key: bytes | None = None
        self._resumed = False
        self._ticket: bytes | None = None
        self._peer_address: Any = None
        self._local_address: Any = None
        self._sent = 0
        self._parts_sent = 0
        self._hello = b""
        self._hello_tries = 0
        self._hello_deadline: int | None = None
        if role == CLIENT:
            self._say_hello(session)

    # -------------------------------------------------------------------------------------------------------- receiving

    def receive_datagram(
        self, datagram: Any, now: int = 0, peer_address: Any = None, /, *, local_address: Any = None, ecn: int = 0
    ) -> None:
        received = bytes(memoryview(datagram))
        self._now = max(self._now, now)
        if received[:1] == b"H" and is_sealed(received, SECRET):
            self._receive_hello(received[1:-TAG])
        elif received[:1] == b"S" and self._key is not None and is_sealed(received, self._key + self._peer):
            number, sealed = received[1:9], received[9:-TAG]
            opened = self._crypt(self._peer, number, sealed)
            if opened[:1] == b"A" and int.from_bytes(opened[1:5]) >= self._parts_sent:
                self._error = self._error or refusal("a part is acknowledged that was never sent")
            super().receive_datagram(opened, now)
        else:
            return  # a datagram that was changed in transit counts as lost
        self._peer_address = peer_address
        self._local_address = local_address
        self.marked += ecn != 0

    def next_event(self) -> Any:
        event = super().next_event()
        if self._resumed and isinstance(event, Request):
            fields = event.headers.to_list()
            return Request(event.method, event.target, fields, http_version=event.http_version, early_data=True)
        return event

    # ---------------------------------------------------------------------------------------------------------- sending

    def data_to_send(self, now: int = 0) -> list[bytes]:
        self._now = max(self._now, now)
        queued = []
        if self._hello and self._hello_deadline is None and not self._given_up:
            queued.append(self._hello)
            if self.role == CLIENT and not self._resumed:
                self._hello_deadline = self._now + (FIRST_TIMEOUT << self._hello_tries)
            elif self.role == SERVER:
                self._hello = b""
            else:
                self._hello_deadline = 1 << 62  # it is repeated with every retransmission
        parts = super().data_to_send(now) if self._key else []
        numbers = [int.from_bytes(part[1:5]) for part in parts if part[:1] == b"D"]
        self._parts_sent = max([self._parts_sent, *(number + 1 for number in numbers)])
        return queued + [self._seal(part) for part in parts]

    def data_to_send_with_addresses(self, now: int = 0) -> list[Outgoing]:
        return [Outgoing(datagram, self._peer_address, self._local_address) for datagram in self.data_to_send(now)]

    def session(self) -> bytes | None:
        """The ticket with which another client may begin."""
        return self._ticket

    # ------------------------------------------------------------------------------------------------------------- time

    def next_timeout(self) -> int | None:
        deadlines = [super().next_timeout(), self._hello_deadline if self._key is None else None]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timeout(self, now: int, /) -> None:
        super().handle_timeout(now)
        if self._queue and self._resumed and self.role == CLIENT:
            self._hello_deadline = None
        elif self._key is None and self._hello_deadline is not None and self._hello_deadline <= now:
            self._hello_deadline = None
            self._hello_tries += 1
            self._given_up = self._given_up or self._hello_tries == MOST_TRIES

    # ------------------------------------------------------------------------------------------------------------- keys

    @property
    def _peer(self) -> bytes:
        return b"client" if self.role == SERVER else b"server"

    @property
    def _own(self) -> bytes:
        return b"server" if self.role == SERVER else b"client"

    def _say_hello(self, session: bytes | None) -> None:
        nonce = self._entropy(NONCE)
        if session is None:
            self._nonce = nonce
            self._hello = tagged(b"H" + nonce, SECRET)
        else:
            ticket, secret = session[: NONCE + 8], session[NONCE + 8 :]
            self._key = digest(secret + nonce)
            self._resumed = True
            self._hello = tagged(b"H" + nonce + ticket, SECRET)

    def _receive_hello(self, hello: bytes) -> None:
        nonce, ticket = hello[:NONCE], hello[NONCE:]
        if self.role == CLIENT:
            if self._key is None:
                self._ticket = ticket + digest(SECRET + ticket)
                self._key = digest(self._nonce + nonce)
        elif not ticket:
            if self._key is None:
                self._client_nonce, self._nonce = nonce, self._entropy(NONCE)
                self._ticket = self._nonce + int(self._wall_clock()).to_bytes(8)
                self._key = digest(nonce + self._nonce)
            if nonce == self._client_nonce and self._ticket is not None:
                self._hello = tagged(b"H" + self._nonce + self._ticket, SECRET)
        elif self._key is None and int.from_bytes(ticket[NONCE:]) + DAY > self._wall_clock():
            self._client_nonce = b""
            self._key = digest(digest(SECRET + ticket) + nonce)
            self._resumed = True

    def _seal(self, datagram: bytes) -> bytes:
        assert self._key is not None
        self._sent += 1
        number = self._sent.to_bytes(8)
        return tagged(b"S" + number + self._crypt(self._own, number, datagram), self._key + self._own)

    def _crypt(self, sender: bytes, number: bytes, data: bytes) -> bytes:
        assert self._key is not None
        stream = shake_128(self._key + sender + number).digest(len(data))
        return bytes(one ^ other for one, other in zip(data, stream, strict=True))


def digest(data: bytes) -> bytes:
    return shake_128(data).digest(NONCE)


def tagged(data: bytes, key: bytes) -> bytes:
    return data + shake_128(b"tag" + key + data).digest(TAG)


def is_sealed(datagram: bytes, key: bytes) -> bool:
    return len(datagram) > TAG and hmac.compare_digest(tagged(datagram[:-TAG], key), datagram)


def describe_sealed(connection: Any = SealedConnection, **fields: Any) -> ProtocolDescriptor:
    """A descriptor of the sealed toy, or of a test's variant."""
    claims = frozenset(("trailers", "early-data", "migration"))
    return describe(**{"name": "toy-sealed", "connection": connection, "capabilities": claims, **fields})
