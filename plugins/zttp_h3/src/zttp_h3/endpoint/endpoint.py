"""``QuicEndpoint``: routes datagrams to connections, accepts new ones within limits, and keeps one timer for all.

It owns no socket. Datagrams go in with their addresses, and what is to be sent comes out with its own.
"""

import os
from typing import Any, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_h3.arguments import clamped, owned
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.address_tokens import AddressTokens
from zttp_h3.endpoint.deadlines import Deadlines
from zttp_h3.endpoint.members import Member, Members
from zttp_h3.endpoint.stateless_reset import StatelessResets
from zttp_h3.endpoint.tombstone import Tombstone
from zttp_h3.first_packet import opener_of_first
from zttp_h3.native_ints import i64
from zttp_h3.opening import LEAST_ID, LEAST_INITIAL
from zttp_h3.options import COMMON, SERVER, ConnectionOptions, judge
from zttp_h3.origin import Origin
from zttp_h3.outbound_datagram import OutboundDatagram
from zttp_h3.protection.retry_integrity import retry_tag
from zttp_h3.tls.tickets import TicketKeys
from zttp_h3.wire.packet_header import (
    VERSION_NEGOTIATION,
    LongHeader,
    is_long,
    read_long_header,
    retry_without_tag,
    version_negotiation,
)
from zttp_h3.wire.versions import INITIAL, reserved_but

_LATEST: Final = -1  # of the times that were given
_LEAST_SECRET: Final = 32
_MOST_OWN: Final = 1_024  # datagrams of the endpoint itself that wait
_MOST_CHANCES: Final = 16  # to make a connection ID that is not in use
_DAY: Final = 86_400_000_000


@final
class QuicEndpoint:
    """Many server connections behind one UDP socket.

    Give it every datagram that arrives, pull the events of the connection it returns, and send what ``data_to_send``
    gives. ``handle_timeout`` is due at ``next_timeout``. Time is a monotonic number of microseconds; addresses are
    hashable values of the caller's own.

    Args:
        credentials: As for a connection; made once for all.
        alpn: As for a connection.
        retry: True asks every client to prove its address first, False none, ``None`` when more than half of
            ``max_connections`` have not finished their handshake.
        max_connections: More are refused.
        connection_id_length: Bytes of our connection IDs, 4 to 20.
        connection_id_factory: Makes them, of a length; so that they can say which worker owns them.
        secret: 32 bytes or more, shared by the workers of one server, from which the keys of address tokens, session
            tickets and stateless resets are derived; by default random.
        token_lifetime: Microseconds that a token for later connections holds.
        tickets: What seals session tickets; by default what is derived from the secret.
        auto_credit: As for a connection, but off: there is no socket to stop reading from.
        entropy: As for a connection.
        common: ``limits``, ``transport_params`` and what else both roles of a connection take.
    """

    __slots__ = (
        "_buried",
        "_deadlines",
        "_entropy",
        "_id_factory",
        "_id_length",
        "_max_connections",
        "_members",
        "_now",
        "_options",
        "_own",
        "_resets",
        "_retry",
        "_tokens",
        "_tombstones",
        "_touched",
    )

    def __init__(
        self,
        *,
        credentials: Any = None,
        alpn: Any = None,
        retry: bool | None = None,
        max_connections: int = 16_384,
        connection_id_length: int = 8,
        connection_id_factory: Any = None,
        secret: bytes | None = None,
        token_lifetime: int = _DAY,
        tickets: TicketKeys | None = None,
        auto_credit: bool = False,
        entropy: Any = None,
        **common: Any,
    ) -> None:
        if not 4 <= connection_id_length <= 20:
            raise ValueError(f"connection_id_length must be from 4 to 20, got {connection_id_length}")
        if not 1 <= max_connections < 1 << 60:
            raise ValueError(f"max_connections must be positive, got {max_connections}")
        if secret is not None and len(secret) < _LEAST_SECRET:
            raise ValueError(f"a secret must have {_LEAST_SECRET} bytes or more, got {len(secret)}")
        if not 0 <= token_lifetime < 1 << 60:
            raise ValueError(f"token_lifetime must not be negative, got {token_lifetime}")
        if connection_id_factory is not None and not callable(connection_id_factory):
            kind = type(connection_id_factory).__name__
            raise TypeError(f"connection_id_factory must be callable, got {kind}")
        for name in common:
            if name not in COMMON:
                raise TypeError(
                    f"QuicEndpoint has no option '{name[:80]}'. It has, of a connection's: {', '.join(COMMON)}"
                )
        if entropy is not None and not callable(entropy):
            raise TypeError(f"entropy must be callable, got {type(entropy).__name__}")
        chance: Any = os.urandom if entropy is None else entropy
        key: Any = chance(_LEAST_SECRET) if secret is None else secret
        if not isinstance(key, bytes):
            raise TypeError(f"entropy must return bytes, got {type(key).__name__}")
        self._retry: Final = retry
        self._max_connections: Final[i64] = max_connections
        self._id_length: Final[i64] = connection_id_length
        self._id_factory: Final = connection_id_factory
        self._entropy: Final = chance
        self._tokens: Final = AddressTokens(key, token_lifetime, chance)
        self._resets: Final = StatelessResets(key, chance)
        if tickets is None:
            tickets = TicketKeys(secret, entropy=chance)
        self._options: Final[ConnectionOptions] = judge(
            SERVER,
            credentials=credentials,
            alpn=alpn,
            tickets=tickets,
            auto_credit=auto_credit,
            entropy=chance,
            connection_id_length=connection_id_length,
            make_connection_id=self._new_id,
            reset_token_of=self._resets.token_of,
            **common,
        )
        self._members: Final = Members()
        self._tombstones: Final[dict[bytes, Tombstone]] = {}  # of what was discarded
        self._buried: Final = Deadlines()
        self._deadlines: Final = Deadlines()
        self._own: list[OutboundDatagram] = []
        self._touched: Final[dict[Any, None]] = {}  # connections that may have something to send, each once
        self._now: i64 = 0

    # ------------------------------------------------------------------------------------------------------- datagrams

    def receive_datagram(
        self, datagram: Any, peer_address: Any, now: int, /, *, local_address: Any = None, ecn: int = 0
    ) -> H3Connection | None:
        """Take a datagram; return the connection that it was for, ``None`` if it was for none.

        Nothing is raised for what is in it.
        """
        data = owned(datagram)
        self._take_time(now)
        if len(data) == 0:
            return None
        header = None
        if is_long(data, 0):
            header = read_long_header(data, 0, True)
            if header is None:
                return None
            destination = header.destination
        else:
            if len(data) <= self._id_length:
                return None
            destination = data[1 : 1 + self._id_length]
        member = self._members.find(destination)
        if member is None:
            if header is not None:
                return self._receive_unknown(data, header, peer_address, local_address, ecn)
            self._answer_unknown(data, destination, peer_address, local_address)
            return None
        connection = member.connection
        connection.receive_datagram(data, self._now, peer_address, local_address=local_address, ecn=ecn)
        self._update(member)
        return connection

    def data_to_send(self, connection: H3Connection | None = None, /, *, now: int = _LATEST) -> list[OutboundDatagram]:
        """Return what is to be sent now: of one connection, or of the endpoint itself and all connections."""
        self._take_time(now)
        if connection is not None:
            leaving = connection.data_to_send_with_addresses(self._now)
            self._touched.pop(connection, None)
            member = self._members.get(connection)
            if member is not None:
                self._update(member)
            return leaving
        leaving = self._own
        self._own = []
        touched = list(self._touched)
        self._touched.clear()
        for one in touched:
            member = self._members.get(one)
            if member is not None:
                leaving += member.connection.data_to_send_with_addresses(self._now)
                self._update(member)
        return leaving

    def next_timeout(self) -> int | None:
        """Return when ``handle_timeout`` is due, ``None`` for never."""
        self._follow()
        time = self._deadlines.next()
        other = self._buried.next()
        return other if time is None or (other is not None and other < time) else time

    def handle_timeout(self, now: int) -> None:
        """Do what is due by ``now`` for all connections."""
        self._take_time(now)
        self._follow()
        for connection in self._deadlines.take_due(int(self._now)):
            member = self._members.get(connection)
            if member is not None:
                member.connection.handle_timeout(self._now)
                self._update(member)
        for connection_id in self._buried.take_due(int(self._now)):
            self._tombstones.pop(connection_id, None)

    def connections(self) -> list[H3Connection]:
        """Return the connections that are not discarded."""
        return self._members.connections()

    def discard(self, connection: H3Connection) -> None:
        """Forget a connection. Of one that is closing its last packet is kept for a while, for who has not heard.

        Of one that is open nothing is kept: ``close`` it first. Nothing happens to one that is not known.
        """
        member = self._members.remove(connection)
        if member is None:
            return
        self._deadlines.set(connection, None)
        packets = member.closing_packets()
        until = connection.next_timeout()
        if packets and until is not None:
            tombstone = Tombstone(packets[0])
            for connection_id in member.routes:
                self._tombstones[connection_id] = tombstone
                self._buried.set(connection_id, until)

    def __repr__(self) -> str:
        return f"<QuicEndpoint connections={len(self._members)}>"

    # ------------------------------------------------------------------------------------------------------- acceptance

    def _receive_unknown(self, data: bytes, header: LongHeader, peer: Any, local: Any, ecn: int) -> H3Connection | None:
        """Take a datagram with a long header for no connection that is known: it may begin one (RFC 9000 5.2.2)."""
        tombstone = self._tombstones.get(header.destination)
        if tombstone is not None:
            self._repeat(tombstone, data, peer, local)
            return None
        if len(data) < LEAST_INITIAL:
            return None
        if header.kind == VERSION_NEGOTIATION:
            return None  # RFC 8999 6: never answered
        versions = self._options.transport.versions
        if header.version not in versions:
            # RFC 9000 6: an answer to a version that we do not speak. One more is offered that clients must ignore
            # (RFC 9000 15), and not the one that was asked for, or the answer would not count (RFC 9000 6.2).
            chance = int(self._entropy(1)[0])
            self._send_own(
                version_negotiation(
                    header.source, header.destination, [*versions, reserved_but(header.version)], chance
                ),
                peer,
                local,
            )
            return None
        if header.kind != INITIAL or len(header.destination) < LEAST_ID:
            return None
        original_id: bytes | None = None
        retry_id: bytes | None = None
        token = None
        if header.token:
            token = self._tokens.check(header.token, peer, header.destination, self._now)
            if token is not None and token.is_retry:
                original_id = token.original_id
                retry_id = token.retry_id
        if token is None and self._wants_retry():
            self._send_retry(header, peer, local)
            return None
        if len(self._members) >= self._max_connections:
            return None
        opener = opener_of_first(data, header)
        if opener is None:
            return None
        origin = Origin(self._options, original_id, retry_id, token is not None, self._touched, opener)
        connection = H3Connection(SERVER, _origin=origin)
        connection.receive_datagram(data, self._now, peer, local_address=local, ecn=ecn)
        member = Member(connection, origin)
        if not member.has_begun():
            return None  # it was authentic, and was for nobody
        self._members.add(member, header.destination)
        self._update(member)
        return connection

    def _wants_retry(self) -> bool:
        if self._retry is not None:
            return self._retry
        return 2 * self._members.half_open > self._max_connections

    def _send_retry(self, header: LongHeader, peer: Any, local: Any) -> None:
        """Ask the client to come back, with proof of its address (RFC 9000 8.1.2)."""
        retry_id = self._new_id()
        token = self._tokens.for_retry(peer, header.destination, retry_id, self._now)
        packet = retry_without_tag(header.version, header.source, retry_id, token, int(self._entropy(1)[0]))
        self._send_own(packet + retry_tag(header.version, header.destination, packet), peer, local)

    def _answer_unknown(self, data: bytes, destination: bytes, peer: Any, local: Any) -> None:
        """Answer a datagram with a short header for no connection that is known."""
        tombstone = self._tombstones.get(destination)
        if tombstone is not None:
            self._repeat(tombstone, data, peer, local)
            return
        reset = self._resets.answer(data, destination, self._now)
        if reset is not None:
            self._send_own(reset, peer, local)

    def _repeat(self, tombstone: Tombstone, data: bytes, peer: Any, local: Any) -> None:
        """Say to who goes on that the connection is over."""
        packet = tombstone.answer(data)
        if packet is not None:
            self._send_own(packet, peer, local)

    def _send_own(self, data: bytes, peer: Any, local: Any) -> None:
        if len(self._own) < _MOST_OWN:
            self._own.append(OutboundDatagram(data, peer, local, 0))

    # ---------------------------------------------------------------------------------------------------------- routes

    def _new_id(self) -> bytes:
        factory = self._id_factory
        length = int(self._id_length)
        # Short ones can be in use: of four bytes by one of ten thousand connections every tenth time.
        connection_id = b""
        for _ in range(_MOST_CHANCES):
            connection_id = self._entropy(length) if factory is None else factory(length)
            if len(connection_id) != length:
                raise ValueError(f"connection_id_factory gave {len(connection_id)} bytes instead of {length}")
            if self._members.find(connection_id) is None:
                break
        return connection_id

    def _update(self, member: Member) -> None:
        """Take over what a datagram or a timer has changed: routes, half-open ones, the deadline."""
        self._members.take_over_ids(member)
        connection = member.connection
        if member.half_open and (connection.handshake_confirmed or connection.is_closed()):
            self._members.settle(member)
            if connection.handshake_confirmed:
                member.give_token(self._tokens.for_later(member.peer_address(), self._now))
        self._deadlines.set(connection, connection.next_timeout())

    def _follow(self) -> None:
        """Take over the deadlines of connections that were used directly."""
        for one in self._touched:
            member = self._members.get(one)
            if member is not None:
                self._deadlines.set(one, member.connection.next_timeout())

    def _take_time(self, now: int) -> None:
        time = clamped(now)
        if time > self._now:
            self._now = time


as_compiled(
    QuicEndpoint,
    final=(
        "_buried", "_deadlines", "_entropy", "_id_factory", "_id_length", "_max_connections", "_members", "_options",
        "_resets", "_retry", "_tokens", "_tombstones", "_touched",
    ),
)  # fmt: skip
