"""Tickets: their encrypted content, a client's copy, and the detection of replays (RFC 8446 4.6.1, 8)."""

import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Any, Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zttp_h3.native_ints import i64
from zttp_h3.tls.alerts import Alert
from zttp_h3.tls.messages import Reader, vector8, vector16
from zttp_h3.wire.versions import VERSION_1

LIFETIME_SECONDS: Final = 2 * 24 * 3600  # RFC 8446 4.6.1 allows a week
MAX_EARLY_DATA: Final = 0xFFFFFFFF  # RFC 9001 4.6.1: the only value that there is in QUIC

# RFC 8446 8.3: a hello is fresh if its ticket's age differs by no more from the server's value.
FRESH_MILLISECONDS: Final = 10_000
# A replay within that window is fresh too, so a ticket is recorded for twice as long.
_REMEMBERED_MILLISECONDS: Final = 2 * FRESH_MILLISECONDS
_MOST_REMEMBERED: Final = 65_536  # then early data is refused, which only costs a round trip

_FORMAT: Final = b"\x01"
_NONCE_SIZE: Final = 12
_KEY_NAME_SIZE: Final = 8


@final
class TicketState:
    """The state that a server restores from a ticket."""

    def __init__(
        self, psk: bytes, suite: int, alpn: bytes, server_name: bytes, context: bytes, age_add: int, issued: int
    ) -> None:
        self.psk: Final = psk
        self.suite: Final = suite
        self.alpn: Final = alpn
        self.server_name: Final = server_name
        self.context: Final = context  # the context of early data, which is accepted only if it has not changed
        self.age_add: Final = age_add
        self.issued: Final = issued  # milliseconds since the epoch


@final
class TicketKeys:
    """The keys that encrypt a server's session tickets, and the record of tickets that were used.

    Share one object between the connections of a server, and call ``rotate`` about once a day: tickets of the previous
    key are still accepted. With ``secret`` (32 bytes or more) several processes start with the same key. Each process
    then records only the tickets that it saw itself, so early data can be replayed once to each (RFC 8446 8).
    """

    __slots__ = (
        "_entropy",
        "_keys",
        "_names",
        "_older",
        "_recent",
        "_shared",
        "_started",
        "_turned",
    )

    def __init__(self, secret: bytes | None = None, *, entropy: Callable[[int], bytes] = os.urandom) -> None:
        if secret is not None and len(secret) < 32:
            raise ValueError("a secret must have 32 bytes or more")
        self._entropy: Final = entropy
        first = entropy(32) if secret is None else hmac.digest(secret, b"zttp h3 tickets", "sha256")
        self._names: list[bytes] = []
        self._keys: list[Any] = []
        self._add(first)
        self._recent: set[bytes] = set()
        self._older: set[bytes] = set()
        self._turned = 0
        self._shared: Final = secret is not None
        self._started = -1

    def rotate(self) -> None:
        """Encrypt with a new key from now on; the previous key can still decrypt."""
        self._add(self._entropy(32))
        del self._names[2:]
        del self._keys[2:]

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("ticket keys cannot be copied or pickled: a copy would not know which tickets were used")

    def seal(self, state: TicketState, version: int) -> bytes:
        """Return a ticket for connections of one version of QUIC (RFC 9369 5)."""
        nonce = self._entropy(_NONCE_SIZE)
        plain = (
            _FORMAT
            + state.issued.to_bytes(8, "big")
            + state.age_add.to_bytes(4, "big")
            + state.suite.to_bytes(2, "big")
            + vector8(state.psk)
            + vector8(state.alpn)
            + vector16(state.server_name)
            + vector16(state.context)
        )
        sealed: bytes = self._keys[0].encrypt(nonce, plain, self._names[0] + version.to_bytes(4, "big"))
        return self._names[0] + nonce + sealed

    def open(self, ticket: bytes, version: int) -> TicketState | None:
        """Return the content of a ticket; None if it is not ours, of another version of QUIC, or too old."""
        name = ticket[:_KEY_NAME_SIZE]
        if name not in self._names:
            return None
        key = self._keys[self._names.index(name)]
        start = _KEY_NAME_SIZE + _NONCE_SIZE
        try:
            plain = key.decrypt(ticket[_KEY_NAME_SIZE:start], ticket[start:], name + version.to_bytes(4, "big"))
            reader = Reader(plain)
            if reader.take(1) != _FORMAT:
                return None
            issued = reader.number(8)
            age_add = reader.number(4)
            suite = reader.number(2)
            psk = reader.vector(1)
            alpn = reader.vector(1)
            server_name = reader.vector(2)
            return TicketState(psk, suite, alpn, server_name, reader.vector(2), age_add, issued)
        except (InvalidTag, ValueError, Alert):
            return None

    def use_once(self, ticket: bytes, now: int) -> bool:
        """Record that early data arrived with a ticket, ``now`` in milliseconds; False if it must be refused.

        A used ticket is refused, and any ticket while there is no room to record it (RFC 8446 8.1, 8.2).
        """
        if self._started < 0:
            self._started = now
        if self._shared and now - self._started < _REMEMBERED_MILLISECONDS:
            return False  # a ticket from before a restart of this process may be replayed
        if now - self._turned > _REMEMBERED_MILLISECONDS or now < self._turned:
            self._older = self._recent if now - self._turned <= 2 * _REMEMBERED_MILLISECONDS else set()
            self._recent = set()
            self._turned = now
        digest = hashlib.sha256(ticket).digest()[:16]
        if digest in self._recent or digest in self._older or len(self._recent) >= _MOST_REMEMBERED:
            return False
        self._recent.add(digest)
        return True

    def _add(self, key: bytes) -> None:
        self._names.insert(0, hmac.digest(key, b"name", "sha256")[:_KEY_NAME_SIZE])
        self._keys.insert(0, AESGCM(key))


@final
class SessionTicket:
    """What a client keeps of a connection to resume it: ``bytes(ticket)`` and ``from_bytes`` to store it.

    Single use: who uses one twice can be recognised (RFC 8446 C.4). ``transport_parameters`` and ``settings`` are what
    the server said then; early data is sent within them (RFC 9000 7.4.1, RFC 9114 7.2.4.2). A connection in another
    ``version`` of QUIC does not use it (RFC 9369 5), nor one that verifies the server if this one did not: the server
    shows no certificate again.
    """

    __slots__ = (
        "age_add",
        "alpn",
        "identity",
        "lifetime",
        "max_early_data",
        "psk",
        "received",
        "server_name",
        "settings",
        "suite",
        "transport_parameters",
        "used",
        "verified",
        "version",
    )

    def __init__(
        self,
        server_name: str,
        identity: bytes,
        psk: bytes,
        suite: int,
        alpn: bytes,
        age_add: int,
        lifetime: int,
        received: int,
        max_early_data: int,
        transport_parameters: bytes,
        settings: bytes = b"",
        version: int = VERSION_1,
        verified: bool = False,
    ) -> None:
        self.server_name: Final = server_name
        self.identity: Final = identity
        self.psk: Final = psk
        self.suite: Final = suite
        self.alpn: Final = alpn
        self.age_add: Final = age_add
        self.lifetime: Final = lifetime  # seconds
        self.received: Final = received  # milliseconds since the epoch
        self.max_early_data: Final = max_early_data
        self.transport_parameters: Final = transport_parameters
        self.settings = settings
        self.version = version
        self.verified: Final = verified  # whether the server was
        self.used = False

    def is_valid(self, now: int) -> bool:
        """Return whether the ticket can be used ``now``, in milliseconds since the epoch."""
        return not self.used and 0 <= now - self.received < self.lifetime * 1000

    def obfuscated_age(self, now: int) -> int:
        """Return the age that is sent (RFC 8446 4.2.11.1)."""
        return (now - self.received + self.age_add) % 0x1_0000_0000

    def __bytes__(self) -> bytes:
        return (
            _FORMAT
            + vector16(self.server_name.encode())
            + vector16(self.identity)
            + vector8(self.psk)
            + self.suite.to_bytes(2, "big")
            + vector8(self.alpn)
            + self.age_add.to_bytes(4, "big")
            + self.lifetime.to_bytes(4, "big")
            + self.received.to_bytes(8, "big")
            + self.max_early_data.to_bytes(4, "big")
            + vector16(self.transport_parameters)
            + vector16(self.settings)
            + self.version.to_bytes(4, "big")
            + bytes((self.verified,))
        )

    @staticmethod
    def from_bytes(stored: bytes) -> "SessionTicket":
        """Return the ticket that ``bytes(ticket)`` stored. Raises ValueError for anything else."""
        try:
            reader = Reader(stored)
            if reader.take(1) != _FORMAT:
                raise ValueError("these bytes are not a session ticket")
            ticket = SessionTicket(
                server_name=reader.vector(2).decode(),
                identity=reader.vector(2),
                psk=reader.vector(1),
                suite=reader.number(2),
                alpn=reader.vector(1),
                age_add=reader.number(4),
                lifetime=reader.number(4),
                received=reader.number(8),
                max_early_data=reader.number(4),
                transport_parameters=reader.vector(2),
                settings=reader.vector(2),
                version=reader.number(4),
                verified=reader.number(1) == 1,
            )
            reader.finish()
        except Alert:
            raise ValueError("these bytes are not a session ticket") from None
        return ticket

    def __repr__(self) -> str:
        return f"SessionTicket(server_name={self.server_name!r}, max_early_data={self.max_early_data})"


def is_fresh(state: TicketState, obfuscated_age: int, now: int) -> bool:
    """Return whether a hello with this age is fresh at ``now``, in milliseconds, and not a replay (RFC 8446 8.3)."""
    said: i64 = (obfuscated_age - state.age_add) % 0x1_0000_0000
    counted: i64 = now - state.issued
    return -FRESH_MILLISECONDS <= counted - said <= FRESH_MILLISECONDS
