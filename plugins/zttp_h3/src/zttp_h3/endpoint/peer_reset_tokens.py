"""Stateless resets from clients: a datagram without a known connection may end one (RFC 9000 10.3.1)."""

import hmac
from typing import Final, final

from zttp_h3.endpoint.members import Member
from zttp_h3.endpoint.stateless_reset import LEAST_RESET, TOKEN_SIZE


@final
class PeerResetTokens:
    """The stateless reset tokens of the connection IDs to which the endpoint sends.

    They are stored and looked up as a keyed hash, so that the time does not reveal a token (10.3.1 MUST).
    """

    def __init__(self, secret: bytes) -> None:
        self._key: Final = hmac.digest(secret, b"zttp h3 reset tokens of peers", "sha256")
        self._members: Final[dict[bytes, Member]] = {}

    def find(self, datagram: bytes) -> Member | None:
        """Return the connection whose token is at the end of a datagram."""
        if len(self._members) == 0 or len(datagram) < LEAST_RESET:
            return None
        return self._members.get(self._mark_of(datagram[len(datagram) - TOKEN_SIZE :]))

    def take_over(self, member: Member) -> None:
        """Update the tokens of one connection."""
        tokens = member.changed_tokens()
        if tokens is None:
            return
        self.remove(member)
        member.reset_marks = [self._mark_of(token) for token in tokens]
        for mark in member.reset_marks:
            self._members[mark] = member

    def remove(self, member: Member) -> None:
        """Remove the tokens of one connection."""
        for mark in member.reset_marks:
            if self._members.get(mark) is member:
                del self._members[mark]
        member.reset_marks = []

    def _mark_of(self, token: bytes) -> bytes:
        return hmac.digest(self._key, token, "sha256")
