"""``QuicEndpoint``: routes datagrams to connections, accepts new ones within limits, and keeps one timer for all.

It owns no socket. Datagrams are passed and returned with their addresses.
"""

import os
from typing import Any, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_h3.arguments import clamped, owned
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.acceptance import Acceptance
from zttp_h3.endpoint.address_tokens import AddressTokens
from zttp_h3.endpoint.deadlines import Deadlines
from zttp_h3.endpoint.members import Member, Members
from zttp_h3.endpoint.new_connection_ids import NewConnectionIds
from zttp_h3.endpoint.own_datagrams import OwnDatagrams
from zttp_h3.endpoint.peer_reset_tokens import PeerResetTokens
from zttp_h3.endpoint.stateless_reset import StatelessResets
from zttp_h3.endpoint.tombstones import Tombstones
from zttp_h3.native_ints import i64
from zttp_h3.options import COMMON, SERVER, judge
from zttp_h3.outbound_datagram import OutboundDatagram
from zttp_h3.tls.tickets import TicketKeys
from zttp_h3.wire.packet_header import LongHeader, is_long, read_long_header

_LATEST: Final = -1  # the latest time passed
_LEAST_SECRET: Final = 32
_DAY: Final = 86_400_000_000


@final
class QuicEndpoint:
    """Many server connections on one UDP socket.

    Pass it every received datagram, pull the events of the connection that it returns, and send what ``data_to_send``
    returns. Call ``handle_timeout`` at the time that ``next_timeout`` returns. ``now`` is a monotonic time in
    microseconds; addresses are hashable values of the caller's choice.

    Args:
        credentials: As for a connection; shared by all of them.
        alpn: As for a connection.
        retry: Whether a client must first prove its address by Retry (RFC 9000 8.1.2). True for every client, False for
            none; ``None`` while more than half of ``max_connections`` have not finished their handshake.
        max_connections: The most connections at a time; further ones are refused.
        connection_id_length: Bytes of the server's connection IDs, 4 to 20.
        connection_id_factory: Makes a connection ID of the given length, which can say which worker owns it.
        secret: 32 bytes or more, shared by the workers of one server; by default random. The keys of address tokens,
            session tickets and stateless resets are derived from it.
        token_lifetime: How long a token for later connections from the same host is valid, in microseconds. The host is
            the first part of an address that is a tuple, otherwise the whole address.
        tickets: The keys that encrypt session tickets; by default derived from the secret.
        auto_credit: As for a connection, but False by default: there is no socket per connection to stop reading from.
        entropy: As for a connection.
        common: ``limits``, ``transport_params`` and the other options that connections of both roles take.
    """

    __slots__ = (
        "_acceptance",
        "_deadlines",
        "_id_length",
        "_members",
        "_now",
        "_own",
        "_peer_tokens",
        "_resets",
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
            raise ValueError(f"a secret must have at least {_LEAST_SECRET} bytes, got {len(secret)}")
        if not 0 <= token_lifetime < 1 << 60:
            raise ValueError(f"token_lifetime must not be negative, got {token_lifetime}")
        if connection_id_factory is not None and not callable(connection_id_factory):
            kind = type(connection_id_factory).__name__
            raise TypeError(f"connection_id_factory must be callable, got {kind}")
        for name in common:
            if name not in COMMON:
                raise TypeError(
                    f"QuicEndpoint has no option '{name[:80]}'. Of a connection's options it has: {', '.join(COMMON)}"
                )
        if entropy is not None and not callable(entropy):
            raise TypeError(f"entropy must be callable, got {type(entropy).__name__}")
        chance: Any = os.urandom if entropy is None else entropy
        key: Any = chance(_LEAST_SECRET) if secret is None else secret
        if not isinstance(key, bytes):
            raise TypeError(f"entropy must return bytes, got {type(key).__name__}")
        self._members: Final = Members()
        new_ids = NewConnectionIds(connection_id_length, connection_id_factory, chance, self._members)
        self._id_length: Final[i64] = connection_id_length
        self._tokens: Final = AddressTokens(key, token_lifetime, chance)
        self._resets: Final = StatelessResets(key, chance)
        self._peer_tokens: Final = PeerResetTokens(key)
        if tickets is None:
            tickets = TicketKeys(secret, entropy=chance)
        options = judge(
            SERVER,
            credentials=credentials,
            alpn=alpn,
            tickets=tickets,
            auto_credit=auto_credit,
            entropy=chance,
            connection_id_length=connection_id_length,
            make_connection_id=new_ids.make,
            reset_token_of=self._resets.token_of,
            **common,
        )
        self._tombstones: Final = Tombstones()
        self._deadlines: Final = Deadlines()
        self._own: Final = OwnDatagrams()
        self._touched: Final[dict[Any, None]] = {}  # connections that may have something to send, each once
        self._acceptance: Final = Acceptance(
            options, retry, max_connections, self._tokens, new_ids, self._members, self._own, self._touched, chance
        )
        self._now: i64 = 0

    # ------------------------------------------------------------------------------------------------------- datagrams

    def receive_datagram(
        self, datagram: Any, peer_address: Any, now: int, /, *, local_address: Any = None, ecn: int = 0
    ) -> H3Connection | None:
        """Give the endpoint a datagram; return the connection that it belongs to, or ``None``.

        Its content never raises an error here.
        """
        data = owned(datagram)
        self._take_time(now)
        if len(data) == 0:
            return None
        header = None
        destination: bytes | None = None
        if is_long(data, 0):
            header = read_long_header(data, 0, True)
            if header is not None:
                destination = header.destination
        elif len(data) > self._id_length:
            destination = data[1 : 1 + self._id_length]
        member = None
        if destination is not None:
            member = self._members.find(destination)
        if member is None:
            member = self._peer_tokens.find(data)  # RFC 9000 10.3.1 MUST: for any form of the header
        if member is None:
            if destination is None:
                return None
            return self._receive_unknown(data, header, destination, peer_address, local_address, ecn)
        connection = member.connection
        connection.receive_datagram(data, self._now, peer_address, local_address=local_address, ecn=ecn)
        self._update(member)
        return connection

    def data_to_send(self, connection: H3Connection | None = None, /, *, now: int = _LATEST) -> list[OutboundDatagram]:
        """Return the datagrams to send now: of one connection, or of the endpoint and all its connections."""
        self._take_time(now)
        if connection is not None:
            self._touched.pop(connection, None)  # before: it may have more to send by what it does now
            leaving = connection.data_to_send_with_addresses(self._now)
            member = self._members.get(connection)
            if member is not None:
                self._update(member)
            return leaving
        leaving = self._own.take()
        for one in list(self._touched):
            self._touched.pop(one, None)  # one by one: a callback of the application may raise, or discard others
            member = self._members.get(one)
            if member is not None:
                leaving += member.connection.data_to_send_with_addresses(self._now)
                self._update(member)
        return leaving

    def next_timeout(self) -> int | None:
        """Return the time in microseconds at which to call ``handle_timeout``; ``None`` if no timer is set."""
        self._follow()
        time = self._deadlines.next()
        other = self._tombstones.next_timeout()
        return other if time is None or (other is not None and other < time) else time

    def handle_timeout(self, now: int) -> None:
        """Run the timers of all connections that have expired by ``now``, in microseconds."""
        self._take_time(now)
        self._follow()
        due = self._deadlines.take_due(int(self._now))
        due.reverse()  # the earliest is taken first, from the end
        try:
            while due:
                member = self._members.get(due.pop())
                if member is not None:
                    member.connection.handle_timeout(self._now)
                    self._update(member)
        finally:
            for connection in due:  # a callback of the application has raised: the others are still due
                self._deadlines.set(connection, int(self._now))
        self._tombstones.remove_due(int(self._now))

    def connections(self) -> list[H3Connection]:
        """Return the connections that were not discarded."""
        return self._members.connections()

    def discard(self, connection: H3Connection) -> None:
        """Remove a connection from the endpoint. ``close`` it first: nothing is kept of an open one.

        The last packet of a closing connection is kept for a while, to answer a peer that missed it (RFC 9000 10.2.1).
        An unknown connection is ignored.
        """
        member = self._members.remove(connection)
        if member is None:
            return
        self._touched.pop(connection, None)
        self._peer_tokens.remove(member)
        self._deadlines.set(connection, None)
        packets = member.closing_packets()
        until = connection.next_timeout()
        if packets and until is not None:
            self._tombstones.set_up(packets[0], member.routes, until)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("an endpoint cannot be copied or pickled: it has the connections of its socket")

    def __repr__(self) -> str:
        return f"<QuicEndpoint connections={len(self._members)}>"

    # ---------------------------------------------------------------------------------------------------------- inside

    def _receive_unknown(
        self, data: bytes, header: LongHeader | None, destination: bytes, peer: Any, local: Any, ecn: int
    ) -> H3Connection | None:
        """Take a datagram for no known connection: it may begin one, or be late (RFC 9000 5.2)."""
        tombstone = self._tombstones.find(destination)
        if tombstone is not None:
            packet = tombstone.answer(data)
            if packet is not None:
                self._own.send(packet, peer, local)
            return None
        if header is None:
            reset = self._resets.answer(data, destination, self._now)
            if reset is not None:
                self._own.send(reset, peer, local)
            return None
        member = self._acceptance.receive(data, header, peer, local, ecn, self._now)
        if member is None:
            return None
        self._update(member)
        return member.connection

    def _update(self, member: Member) -> None:
        """Apply the changes of a datagram or a timer: routes, half-open connections, the deadline."""
        self._members.take_over_ids(member)
        self._peer_tokens.take_over(member)
        connection = member.connection
        if member.half_open and (connection.handshake_confirmed or connection.is_closed()):
            self._members.settle(member)
            if connection.handshake_confirmed:
                member.give_token(self._tokens.for_later(member.peer_address(), member.version(), self._now))
        self._deadlines.set(connection, connection.next_timeout())

    def _follow(self) -> None:
        """Update the deadlines of connections that were used directly."""
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
        "_acceptance", "_deadlines", "_id_length", "_members", "_own", "_peer_tokens", "_resets", "_tokens",
        "_tombstones", "_touched",
    ),
)  # fmt: skip
