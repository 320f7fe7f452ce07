"""An endpoint's data of each connection, and the routing of datagrams (RFC 9000 5.2)."""

from typing import Any, Final, final

from zttp_h3.connection import H3Connection
from zttp_h3.native_ints import i64
from zttp_h3.origin import Origin
from zttp_h3.quic.controls import Control
from zttp_h3.session import H3Session
from zttp_h3.wire.frame_types import NEW_TOKEN


@final
class Member:
    """One connection of an endpoint, with its connection IDs."""

    def __init__(self, connection: H3Connection, origin: Origin) -> None:
        self.connection: Final = connection
        self.routes: Final[list[bytes]] = []
        self.reset_marks: list[bytes] = []  # its key in PeerResetTokens
        self.half_open = True  # its handshake is not confirmed
        self._origin: Final = origin

    def has_begun(self) -> bool:
        """Return whether an authentic packet has arrived."""
        session = self._origin.session
        return session is not None and session.transport.session.received_any

    def peer_address(self) -> Any:
        """Return the current address of the peer."""
        return self._session().transport.session.path.peer

    def version(self) -> i64:
        """Return the version of QUIC."""
        return self._session().transport.session.version

    def give_token(self, token: bytes) -> None:
        """Send the client a token for later connections (RFC 9000 8.1.3)."""
        session = self._session()
        session.transport.session.controls.add(Control(NEW_TOKEN, 0, 0, token))
        session.touch()

    def changed_ids(self) -> tuple[list[bytes], list[bytes]]:
        """Return the connection IDs that were issued, and those that were retired, since the last call."""
        return self._session().transport.session.local_ids.take_changes()

    def changed_tokens(self) -> list[bytes] | None:
        """Return the client's stateless reset tokens in use; None if they are those of the last call."""
        return self._session().transport.session.peer_ids.changed_tokens()

    def closing_packets(self) -> list[bytes]:
        """Return the packets that close the connection; none if it is open, or if they were not sent yet."""
        return list(self._session().transport.session.close.packets)

    def let_go(self) -> None:
        """Remove the connection's reference to itself, so that it is freed without other references."""
        session = self._origin.session
        if session is not None:
            session.attention = None
            session.owner = None

    def _session(self) -> H3Session:
        session = self._origin.session
        assert session is not None
        return session


@final
class Members:
    """All connections of an endpoint."""

    def __init__(self) -> None:
        self.half_open: i64 = 0
        self._members: Final[dict[H3Connection, Member]] = {}
        self._routes: Final[dict[bytes, Member]] = {}

    def __len__(self) -> int:
        return len(self._members)

    def connections(self) -> list[H3Connection]:
        """Return the connections."""
        return list(self._members)

    def find(self, connection_id: bytes) -> Member | None:
        """Return the connection of a connection ID."""
        return self._routes.get(connection_id)

    def get(self, connection: H3Connection) -> Member | None:
        """Return the data of a connection."""
        return self._members.get(connection)

    def add(self, member: Member, connection_id: bytes) -> None:
        """Add a connection, with the connection ID that its client chose."""
        self._members[member.connection] = member
        self.half_open += 1
        self._lead(connection_id, member)

    def settle(self, member: Member) -> None:
        """Record that a handshake has ended, with or without success."""
        if member.half_open:
            member.half_open = False
            self.half_open -= 1

    def take_over_ids(self, member: Member) -> None:
        """Apply issued and retired connection IDs."""
        added, removed = member.changed_ids()
        for connection_id in added:
            self._lead(connection_id, member)
        for connection_id in removed:
            if self._routes.get(connection_id) is member:
                del self._routes[connection_id]
            if connection_id in member.routes:
                member.routes.remove(connection_id)

    def remove(self, connection: H3Connection) -> Member | None:
        """Remove a connection; None if it is unknown."""
        member = self._members.pop(connection, None)
        if member is None:
            return None
        self.settle(member)
        for connection_id in member.routes:
            if self._routes.get(connection_id) is member:
                del self._routes[connection_id]
        member.let_go()
        return member

    def _lead(self, connection_id: bytes, member: Member) -> None:
        self._routes[connection_id] = member
        member.routes.append(connection_id)
