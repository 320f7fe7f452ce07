"""Paths: where the peer is, whether that is proven, and how much may be sent until it is (RFC 9000 8, 9)."""

import hmac
from typing import Any, Final, final

from zttp_h3.native_ints import i64, mypyc_attr

AMPLIFICATION: Final = 3  # RFC 9000 8.1
LEAST_PROBE: Final = 64  # bytes of a datagram that a challenge or its answer fits into
_MOST_RESPONSES: Final = 4  # PATH_CHALLENGE frames that wait for their answer
_CHALLENGES: Final = 3  # are sent, a probe timeout apart, before a path is given up (RFC 9000 8.2.4)


@final
@mypyc_attr(acyclic=True)
class Path:
    """One pair of addresses, as the caller names them."""

    def __init__(self, peer: Any, local: Any, validated: bool) -> None:
        self.peer: Final = peer
        self.local: Final = local
        self.validated = validated
        self.limited = True  # until it is validated we send three times what came
        self.used = b""  # the connection ID that the peer's last packet came to
        self.reserved: i64 = -1  # the number of the peer's connection ID for this path, while it is not in use
        self.received_bytes: i64 = 0
        self.sent_bytes: i64 = 0
        self.challenges: list[bytes] = []  # PATH_CHALLENGE data that was sent on it and not answered
        self.challenges_left: i64 = 0
        self.challenge_due = False
        self.challenge_deadline: i64 = -1
        self.full_size = True  # the challenges that left had 1200 bytes (RFC 9000 8.2.1)
        self.responses: Final[list[bytes]] = []  # to the peer's challenges, sent once (RFC 9000 8.2.2)

    def is_same(self, peer: Any, local: Any) -> bool:
        """Tell whether a datagram came on this path; a local address that nobody gave matches any."""
        return self.is_of(peer) and (local is None or self.local is None or bool(self.local == local))

    def is_of(self, peer: Any) -> bool:
        """Tell whether the peer is there; one that nobody named may be anywhere."""
        return self.peer is peer or self.peer is None or bool(self.peer == peer)

    def budget(self) -> i64:
        """Return how many bytes may be sent before the path is validated; a large number once it is."""
        if self.validated or not self.limited:
            return 1 << 30
        left = AMPLIFICATION * self.received_bytes - self.sent_bytes
        return max(0, left)

    def wants_probe(self) -> bool:
        """Tell whether a challenge or an answer has to leave."""
        return self.challenge_due or len(self.responses) > 0

    def spendable(self) -> i64:
        """Return the budget of what is no probe: what proves the path must not be kept from leaving by it."""
        if self.validated or not self.limited or (not self.challenge_due and len(self.challenges) == 0):
            return self.budget()
        left = self.budget() - _CHALLENGES * LEAST_PROBE
        return max(0, left)

    def begin_validation(self, deadline: i64 = -1) -> None:
        """Prove that the peer is there (RFC 9000 8.2); by ``deadline`` at the latest the first try has failed."""
        self.challenges_left = _CHALLENGES
        self.challenge_due = True
        self.challenge_deadline = deadline

    def on_challenge(self, data: bytes) -> None:
        """Take the peer's PATH_CHALLENGE: the answer leaves on the same path. Of too many the newest count."""
        self.responses.append(data)
        if len(self.responses) > _MOST_RESPONSES:
            del self.responses[0]

    def on_challenge_sent(self, data: bytes, deadline: i64, full_size: bool) -> None:
        """Note that a PATH_CHALLENGE leaves."""
        if len(self.challenges) == 0:
            self.full_size = True
        self.challenges.append(data)
        self.full_size = self.full_size and full_size
        self.challenge_due = False
        self.challenges_left -= 1
        self.challenge_deadline = deadline

    def answers(self, data: bytes) -> bool:
        """Tell whether PATH_RESPONSE data answers this path's challenge, which makes it valid (RFC 9000 8.2.3)."""
        if not any(hmac.compare_digest(challenge, data) for challenge in self.challenges):
            return False
        self.validated = True
        self.challenges = []
        self.challenge_due = False
        self.challenge_deadline = -1
        if not self.full_size:
            self.begin_validation()  # RFC 9000 8.2.1: the address is proven, but not what the path carries
        return True

    def on_timeout(self, now: i64, deadline: i64) -> bool:
        """Send another challenge if one is due, to be answered by ``deadline``; False if the path is given up."""
        if self.challenge_deadline < 0 or now < self.challenge_deadline:
            return True
        if self.challenge_due:
            self.challenges_left -= 1  # for want of what may be sent it never left
        self.challenge_due = self.challenges_left > 0
        if not self.challenge_due:
            self.challenges = []
            self.challenge_deadline = -1
            return False
        self.challenge_deadline = deadline
        return True
