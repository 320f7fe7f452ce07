"""Connection IDs, ours and the peer's: issued, used, retired (RFC 9000 5.1, 19.15, 19.16)."""

import hmac
from collections.abc import Callable
from typing import Final, final

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.ranges import Ranges
from zttp_h3.wire.frame_types import NEW_CONNECTION_ID, RETIRE_CONNECTION_ID

_MOST_ISSUED: Final = 4  # at a time: enough for a rebinding during another one
_MOST_PEER_IDS: Final = 4  # active_connection_id_limit that we announce
_MOST_UNACKNOWLEDGED: Final = (
    2 * _MOST_ISSUED
)  # of those issued: a peer that retires faster than it acknowledges gets no more
_MOST_CHANCES: Final = 64  # attempts to make a new one
_MOST_RETIREMENTS: Final = 2 * _MOST_PEER_IDS + 8  # that wait for an acknowledgment
_MOST_GAPS: Final = 64  # between the retired numbers: far more than reordered packets leave

ACTIVE_LIMIT: Final = _MOST_PEER_IDS


@final
class LocalIds:
    """The connection IDs to which the peer may send. The first has sequence number 0."""

    def __init__(
        self, first: bytes, make: Callable[[], bytes], token_of: Callable[[bytes], bytes], followed: bool
    ) -> None:
        self.length: Final[i64] = len(first)
        self.active: Final[dict[bytes, int]] = {first: 0}
        self.added: list[bytes] = [first]  # since the endpoint looked last
        self.removed: list[bytes] = []
        self._by_sequence: Final[dict[int, bytes]] = {0: first}
        self._make: Final = make
        self._token_of: Final = token_of
        self._next: i64 = 1
        self._followed: Final = followed  # an endpoint reads the changes
        self._unacknowledged: i64 = 0  # issued, and not yet acknowledged

    def issue(self, limit: i64) -> list[tuple[int, bytes, bytes]]:
        """Return (sequence, connection ID, reset token) of new ones, up to the peer's active_connection_id_limit."""
        issued: list[tuple[int, bytes, bytes]] = []
        if self.length == 0:
            return issued
        chances: i64 = _MOST_CHANCES
        most = min(limit, _MOST_ISSUED)
        while len(self.active) < most and self._unacknowledged < _MOST_UNACKNOWLEDGED and chances > 0:
            chances -= 1
            connection_id = self._make()
            if connection_id in self.active:
                continue
            sequence = int(self._next)
            self._next += 1
            self._unacknowledged += 1
            self._by_sequence[sequence] = connection_id
            self.active[connection_id] = sequence
            if self._followed:
                self.added.append(connection_id)
            issued.append((sequence, connection_id, self._token_of(connection_id)))
        return issued

    def on_settled(self) -> None:
        """Record that the peer knows an issued one, or never will, because it was retired before."""
        self._unacknowledged = max(0, self._unacknowledged - 1)

    def retire(self, sequence: i64, used: bytes) -> None:
        """Take the peer's RETIRE_CONNECTION_ID, in a packet to ``used`` (19.16). Raises Malformed."""
        if sequence >= self._next:
            raise Malformed("connection_id_never_issued", QuicErrorCode.PROTOCOL_VIOLATION, RETIRE_CONNECTION_ID)
        connection_id = self._by_sequence.get(int(sequence))
        if connection_id is None:
            return  # a repetition
        if connection_id == used:
            raise Malformed("connection_id_in_use", QuicErrorCode.PROTOCOL_VIOLATION, RETIRE_CONNECTION_ID)
        del self._by_sequence[int(sequence)]
        del self.active[connection_id]
        if self._followed:
            self.removed.append(connection_id)

    def take_changes(self) -> tuple[list[bytes], list[bytes]]:
        """Return the added and removed ones since the last call."""
        changes = (self.added, self.removed)
        if self.added or self.removed:
            self.added = []
            self.removed = []
        return changes

    def of_sequence(self, sequence: i64) -> bytes | None:
        """Return the connection ID of a sequence number, None if it is retired."""
        return self._by_sequence.get(int(sequence))


@final
class PeerIds:
    """The connection IDs to which we may send; ``current`` is the one in use."""

    def __init__(self, first: bytes) -> None:
        self.current = first
        self.sequence: i64 = 0  # of the current one
        self.to_retire: Final[list[int]] = []  # sequence numbers, for RETIRE_CONNECTION_ID
        self.unacknowledged_retirements: i64 = 0
        self._spare: Final[dict[int, tuple[bytes, bytes]]] = {}
        self._reserved: Final[dict[int, tuple[bytes, bytes]]] = {}  # for probed paths
        self._token: bytes | None = None  # of the current one
        self._tokens_changed = False  # since the endpoint looked last
        self._retire_prior_to: i64 = 0
        self._seen: Final[dict[int, tuple[bytes, bytes]]] = {}
        self._retired: Final = Ranges()  # ascending sequence numbers: few ranges

    def replace_first(self, connection_id: bytes) -> None:
        """Use the peer's choice in its first packet, or in a Retry (RFC 9000 7.2)."""
        self.current = connection_id

    def set_token(self, token: bytes) -> None:
        """Take the stateless reset token of the first connection ID (RFC 9000 10.3)."""
        self._token = token
        self._tokens_changed = True

    def add(self, sequence: i64, retire_prior_to: i64, connection_id: bytes, token: bytes) -> None:
        """Take a NEW_CONNECTION_ID frame (19.15). Raises Malformed."""
        number = int(sequence)
        if len(self.current) == 0:
            raise Malformed("connection_id_of_none", QuicErrorCode.PROTOCOL_VIOLATION, NEW_CONNECTION_ID)
        known = self._seen.get(number)
        if known is not None:
            if known != (connection_id, token):
                raise Malformed("connection_id_changed", QuicErrorCode.PROTOCOL_VIOLATION, NEW_CONNECTION_ID)
        elif self._retired.contains(sequence):
            pass  # a late repetition: it was retired already
        elif sequence < self._retire_prior_to:
            self._retire(number)
        elif sequence != self.sequence:
            others = [*self._spare.values(), *self._reserved.values()]
            if any(connection_id == other for other, _ in others) or connection_id == self.current:
                raise Malformed("connection_id_changed", QuicErrorCode.PROTOCOL_VIOLATION, NEW_CONNECTION_ID)
            self._spare[number] = (connection_id, token)
            self._seen[number] = (connection_id, token)
        if retire_prior_to > self._retire_prior_to:
            self._retire_prior_to = retire_prior_to
            for kept in (self._spare, self._reserved):
                for old in [old for old in kept if old < retire_prior_to]:
                    del kept[old]
                    self._tokens_changed = True
                    self._retire(old)
            if self.sequence < retire_prior_to:
                self.change()
        if len(self._spare) + len(self._reserved) + 1 > _MOST_PEER_IDS:
            raise Malformed("too_many_connection_ids", QuicErrorCode.CONNECTION_ID_LIMIT_ERROR, NEW_CONNECTION_ID)

    def change(self) -> bool:
        """Use another connection ID from now on (RFC 9000 5.1.2, 9.5); False if there is none."""
        number = self.reserve()
        if number < 0:
            return False
        self.use(number)
        return True

    def has_spare(self) -> bool:
        """Return whether there is an unused connection ID."""
        return len(self._spare) > 0

    def reserve(self) -> i64:
        """Reserve a connection ID for another path; return its sequence number, -1 if there is none."""
        if len(self._spare) == 0:
            return -1
        number = min(self._spare)
        self._reserved[number] = self._spare.pop(number)
        self._tokens_changed = True
        return number

    def of_path(self, number: i64) -> bytes:
        """Return the reserved connection ID, or the current one if none was reserved or it had to be retired."""
        reserved = self._reserved.get(int(number))
        return self.current if reserved is None else reserved[0]

    def use(self, number: i64) -> None:
        """Use a reserved connection ID from now on; the current one is retired."""
        self.release(self.set_aside(number))

    def set_aside(self, number: i64) -> i64:
        """Use a reserved connection ID from now on, and reserve the current one; return its number.

        Another one is used if that is not reserved; -1 if there is none, and the current one stays.
        """
        if int(number) not in self._reserved:
            number = self.reserve()
        reserved = self._reserved.pop(int(number), None)
        if reserved is None:
            return -1
        before = self.sequence
        self._reserved[int(before)] = (self.current, b"" if self._token is None else self._token)
        self.current, self._token = reserved
        self.sequence = number
        self._tokens_changed = True
        return before

    def release(self, number: i64) -> None:
        """Retire a reserved connection ID: it was seen on its path, and is not used on another."""
        if self._reserved.pop(int(number), None) is not None:
            self._tokens_changed = True
            self._retire(int(number))

    def changed_tokens(self) -> list[bytes] | None:
        """Return the stateless reset tokens of the connection IDs in use; None if they are those of the last call."""
        if not self._tokens_changed:
            return None
        self._tokens_changed = False
        tokens = [token for _, token in self._reserved.values() if token]
        if self._token:
            tokens.append(self._token)
        return tokens

    def is_reset(self, token: bytes) -> bool:
        """Return whether the last 16 bytes of a datagram are the stateless reset token of a connection ID in use."""
        found = self._token is not None and hmac.compare_digest(self._token, token)
        for _, other in self._reserved.values():
            found = hmac.compare_digest(other, token) or found
        return found

    def _retire(self, number: int) -> None:
        self._seen.pop(number, None)
        self._retired.add(number, number + 1)
        # RFC 9000 5.1.1 MUST: the numbers are consecutive.
        if len(self._retired) > _MOST_GAPS:
            raise Malformed("connection_id_gaps", QuicErrorCode.PROTOCOL_VIOLATION, NEW_CONNECTION_ID)
        self.to_retire.append(number)
        self.unacknowledged_retirements += 1
        # RFC 9000 5.1.2 SHOULD: a peer that makes us retire faster than it acknowledges is closed.
        if self.unacknowledged_retirements > _MOST_RETIREMENTS:
            raise Malformed("too_many_retirements", QuicErrorCode.CONNECTION_ID_LIMIT_ERROR, NEW_CONNECTION_ID)
