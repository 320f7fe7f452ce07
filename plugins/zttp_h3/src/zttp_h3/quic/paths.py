"""Paths: where the peer is, whether that is proven, and how much may be sent until it is (RFC 9000 8, 9)."""

import hmac
from typing import Any, Final, final

from zttp_h3.native_ints import i64, mypyc_attr

AMPLIFICATION: Final = 3  # RFC 9000 8.1
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
        self.received_bytes: i64 = 0
        self.sent_bytes: i64 = 0
        self.challenge = b""  # the last PATH_CHALLENGE data that was sent on it
        self.challenges_left: i64 = 0
        self.challenge_due = False
        self.challenge_deadline: i64 = -1
        self.padded = True  # whether the challenge that left was 1200 bytes (RFC 9000 8.2.1)
        self.responses: Final[list[bytes]] = []  # to the peer's challenges, sent once (RFC 9000 8.2.2)

    def is_same(self, peer: Any, local: Any) -> bool:
        """Tell whether a datagram came on this path; a local address that nobody gave matches any."""
        return bool(self.peer == peer) and (local is None or self.local is None or bool(self.local == local))

    def budget(self) -> i64:
        """Return how many bytes may be sent before the path is validated; a large number once it is."""
        if self.validated:
            return 1 << 30
        left = AMPLIFICATION * self.received_bytes - self.sent_bytes
        return max(0, left)

    def wants_probe(self) -> bool:
        """Tell whether a challenge or an answer has to leave."""
        return self.challenge_due or len(self.responses) > 0

    def begin_validation(self) -> None:
        """Prove that the peer is there (RFC 9000 8.2)."""
        self.challenges_left = _CHALLENGES
        self.challenge_due = True

    def on_challenge(self, data: bytes) -> None:
        """Take the peer's PATH_CHALLENGE: the answer leaves on the same path. Of too many the newest count."""
        self.responses.append(data)
        if len(self.responses) > _MOST_RESPONSES:
            del self.responses[0]

    def on_challenge_sent(self, data: bytes, deadline: i64, padded: bool) -> None:
        """Note that a PATH_CHALLENGE leaves."""
        self.challenge = data
        self.padded = padded
        self.challenge_due = False
        self.challenges_left -= 1
        self.challenge_deadline = deadline

    def answers(self, data: bytes) -> bool:
        """Tell whether PATH_RESPONSE data answers this path's challenge, which makes it valid (RFC 9000 8.2.3)."""
        if self.challenge == b"" or not hmac.compare_digest(self.challenge, data):
            return False
        self.validated = True
        self.challenge = b""
        self.challenge_due = False
        self.challenge_deadline = -1
        if not self.padded:
            self.begin_validation()  # RFC 9000 8.2.1 MUST: the peer is there; do whole datagrams arrive, too?
        return True

    def on_timeout(self, now: i64) -> bool:
        """Send another challenge if one is due; False if the path is given up."""
        if self.challenge_deadline < 0 or now < self.challenge_deadline:
            return True
        self.challenge_deadline = -1
        if self.challenges_left <= 0:
            self.challenge = b""
            return False
        self.challenge_due = True
        return True
