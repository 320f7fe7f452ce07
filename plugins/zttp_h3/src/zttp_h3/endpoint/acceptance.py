"""Which first packets begin a connection, and the answers to the others (RFC 9000 5.2.2, 6, 8.1).

An unknown sender is not validated: until a connection begins no state is kept of it, and an answer is smaller than the
datagram that it answers.
"""

from collections.abc import Callable
from typing import Any, Final, final

from zttp_h3.codes import QuicErrorCode
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.address_tokens import AddressTokens
from zttp_h3.endpoint.members import Member, Members
from zttp_h3.endpoint.new_connection_ids import NewConnectionIds
from zttp_h3.endpoint.own_datagrams import OwnDatagrams
from zttp_h3.endpoint.refusals import refusal
from zttp_h3.first_packet import opener_of_first
from zttp_h3.native_ints import i64
from zttp_h3.opening import LEAST_ID, LEAST_INITIAL
from zttp_h3.options import SERVER, ConnectionOptions
from zttp_h3.origin import Origin
from zttp_h3.protection.retry_integrity import retry_tag
from zttp_h3.wire.packet_header import VERSION_NEGOTIATION, LongHeader, retry_without_tag, version_negotiation
from zttp_h3.wire.versions import INITIAL, reserved_but


@final
class Acceptance:
    """Accepts new connections, within limits. ``touched`` collects those that may have something to send."""

    def __init__(
        self,
        options: ConnectionOptions,
        retry: bool | None,
        max_connections: int,
        tokens: AddressTokens,
        new_ids: NewConnectionIds,
        members: Members,
        own: OwnDatagrams,
        touched: dict[Any, None],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._options: Final = options
        self._retry: Final = retry
        self._max_connections: Final = max_connections
        self._tokens: Final = tokens
        self._new_ids: Final = new_ids
        self._members: Final = members
        self._own: Final = own
        self._touched: Final = touched
        self._entropy: Final = entropy

    def receive(self, data: bytes, header: LongHeader, peer: Any, local: Any, ecn: int, now: i64) -> Member | None:
        """Take a datagram with a long header for no known connection; return the connection that it begins."""
        if len(data) < LEAST_INITIAL:
            return None
        if header.kind == VERSION_NEGOTIATION:
            return None  # RFC 8999 6: never answered
        if header.version not in self._options.transport.versions:
            self._negotiate_version(header, peer, local)
            return None
        if header.kind != INITIAL:
            return None
        original_id: bytes | None = None
        retry_id: bytes | None = None
        token = None
        if header.token:
            token = self._tokens.check(header.token, peer, header.version, header.destination, now)
            if token is not None and not token.is_valid:
                # RFC 9000 8.1.2 SHOULD: the client follows no second Retry, and would wait for nothing.
                self._refuse(data, header, QuicErrorCode.INVALID_TOKEN, peer, local)
                return None
            if token is not None and token.is_retry:
                original_id = token.original_id
                retry_id = token.retry_id
        if original_id is None and len(header.destination) < LEAST_ID:
            return None  # after a Retry it is a connection ID of ours
        if token is None and self._wants_retry():
            self._send_retry(header, peer, local, now)
            return None
        if len(self._members) >= self._max_connections:
            self._refuse(data, header, QuicErrorCode.CONNECTION_REFUSED, peer, local)  # RFC 9000 5.2.2 SHOULD
            return None
        opener = opener_of_first(data, header)
        if opener is None:
            return None
        origin = Origin(self._options, original_id, retry_id, token is not None, self._touched, opener)
        connection = H3Connection(SERVER, _origin=origin)
        connection.receive_datagram(data, now, peer, local_address=local, ecn=ecn)
        member = Member(connection, origin)
        if not member.has_begun():
            return None  # it was authentic, but began no connection
        self._members.add(member, header.destination)
        return member

    def _negotiate_version(self, header: LongHeader, peer: Any, local: Any) -> None:
        """Answer a version that we do not support (RFC 9000 6)."""
        # In addition a reserved version is offered, which clients must ignore (RFC 9000 15). It must not be the
        # requested one, or the client would ignore the answer (RFC 9000 6.2).
        versions = [*self._options.transport.versions, reserved_but(header.version)]
        chance = int(self._entropy(1)[0])
        self._own.send(version_negotiation(header.source, header.destination, versions, chance), peer, local)

    def _refuse(self, data: bytes, header: LongHeader, error_code: QuicErrorCode, peer: Any, local: Any) -> None:
        """Tell a client that its connection is not accepted, if the packet is authentic."""
        if opener_of_first(data, header) is not None:
            self._own.send(refusal(header, error_code), peer, local)

    def _wants_retry(self) -> bool:
        if self._retry is not None:
            return self._retry
        return 2 * self._members.half_open > self._max_connections

    def _send_retry(self, header: LongHeader, peer: Any, local: Any, now: i64) -> None:
        """Ask the client to validate its address (RFC 9000 8.1.2)."""
        retry_id = self._new_ids.make()
        token = self._tokens.for_retry(peer, header.version, header.destination, retry_id, now)
        packet = retry_without_tag(header.version, header.source, retry_id, token, int(self._entropy(1)[0]))
        self._own.send(packet + retry_tag(header.version, header.destination, packet), peer, local)
