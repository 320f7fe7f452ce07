"""Paths: the peer's address, its validation, and the sending limit before that (RFC 9000 8, 9)."""

import hmac
from typing import Any, Final, final

from zttp_h3.native_ints import i64

AMPLIFICATION: Final = 3  # RFC 9000 8.1
LEAST_PROBE: Final = 64  # bytes of a datagram with a challenge or its answer
_MOST_RESPONSES: Final = 4  # PATH_CHALLENGE frames that wait for their answer
_CHALLENGES: Final = 3  # challenges, a probe timeout apart, before a path is given up (RFC 9000 8.2.4)


@final
class Path:
    """One pair of addresses, which are values of the caller, and may refer to the connection: it is not acyclic."""

    def __init__(self, peer: Any, local: Any, validated: bool) -> None:
        self.peer: Final = peer
        self.local: Final = local
        self.validated = validated
        self.limited = True  # before validation we send at most three times the received bytes
        self.used = b""  # the destination connection ID of the peer's last packet
        self.reserved: i64 = -1  # the number of the peer's connection ID for this path, while the path is not in use
        self.received_bytes: i64 = 0
        self.sent_bytes: i64 = 0
        self.challenges: list[bytes] = []  # PATH_CHALLENGE data that was sent here and not answered
        self.challenges_left: i64 = 0
        self.challenge_due = False
        self.challenge_deadline: i64 = -1
        self.full_size = True  # the sent challenges had 1200 bytes (RFC 9000 8.2.1)
        self.responses: Final[list[bytes]] = []  # to the peer's challenges, sent once (RFC 9000 8.2.2)

    def is_same(self, peer: Any, local: Any) -> bool:
        """Return whether a datagram arrived on this path; a missing local address matches any."""
        return self.is_of(peer) and (local is None or self.local is None or bool(self.local == local))

    def is_of(self, peer: Any) -> bool:
        """Return whether this is the peer's address; a missing one matches any."""
        return self.peer is peer or self.peer is None or bool(self.peer == peer)

    def budget(self) -> i64:
        """Return how many bytes may be sent before the path is validated; a large number once it is."""
        if self.validated or not self.limited:
            return 1 << 30
        left = AMPLIFICATION * self.received_bytes - self.sent_bytes
        return max(0, left)

    def wants_probe(self) -> bool:
        """Return whether a challenge or an answer must be sent."""
        return self.challenge_due or len(self.responses) > 0

    def spendable(self) -> i64:
        """Return the budget without the reserve for path validation, which must not be blocked."""
        if self.validated or not self.limited or (not self.challenge_due and len(self.challenges) == 0):
            return self.budget()
        left = self.budget() - _CHALLENGES * LEAST_PROBE
        return max(0, left)

    def is_asked(self) -> bool:
        """Return whether the path is being validated."""
        return self.challenge_due or self.challenge_deadline >= 0

    def begin_validation(self, deadline: i64 = -1) -> None:
        """Begin path validation (RFC 9000 8.2); at ``deadline`` the first attempt has failed."""
        self.challenges_left = _CHALLENGES
        self.challenge_due = True
        self.challenge_deadline = deadline

    def on_challenge(self, data: bytes) -> None:
        """Take the peer's PATH_CHALLENGE: the answer is sent on the same path. Of too many only the newest count."""
        self.responses.append(data)
        if len(self.responses) > _MOST_RESPONSES:
            del self.responses[0]

    def on_challenge_sent(self, data: bytes, deadline: i64, full_size: bool) -> None:
        """Record that a PATH_CHALLENGE is sent."""
        if len(self.challenges) == 0:
            self.full_size = True
        self.challenges.append(data)
        self.full_size = self.full_size and full_size
        self.challenge_due = False
        self.challenges_left -= 1
        self.challenge_deadline = deadline

    def answers(self, data: bytes) -> bool:
        """Return whether PATH_RESPONSE data answers this path's challenge, which makes it valid (RFC 9000 8.2.3)."""
        if not any(hmac.compare_digest(challenge, data) for challenge in self.challenges):
            return False
        self.validated = True
        self.challenges = []
        self.challenge_due = False
        self.challenge_deadline = -1
        if not self.full_size:
            self.begin_validation()  # RFC 9000 8.2.1: the address is validated, but not the size that the path carries
        return True

    def on_timeout(self, now: i64, deadline: i64) -> bool:
        """Send another challenge if one is due, to be answered by ``deadline``; False if the path is given up."""
        if self.challenge_deadline < 0 or now < self.challenge_deadline:
            return True
        if self.challenge_due:
            self.challenges_left -= 1  # it was not sent, because the limit was reached
        self.challenge_due = self.challenges_left > 0
        if not self.challenge_due:
            self.challenges = []
            self.challenge_deadline = -1
            return False
        self.challenge_deadline = deadline
        return True


def host_of(address: Any) -> Any:
    """Return an address in the form of sockets without its port, and any other as it is."""
    return address[0] if isinstance(address, tuple) and len(address) > 0 else address
