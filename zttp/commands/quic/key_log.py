"""Key logs in the format of SSLKEYLOGFILE: secrets by the randoms of their clients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

EARLY: Final = "CLIENT_EARLY_TRAFFIC_SECRET"
HANDSHAKE: Final = "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"
APPLICATION: Final = "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"

_KNOWN: Final = {EARLY, *HANDSHAKE, *APPLICATION}
_RANDOM_SIZE: Final = 32  # RFC 8446 4.1.2

# By the client's random and the label.
Secrets = dict[tuple[bytes, str], bytes]


def read_key_log(lines: Iterable[str]) -> Secrets:
    """Return the secrets of a log. Other lines, for other protocols or incomplete, are skipped."""
    secrets: Secrets = {}
    for line in lines:
        words = line.split()
        if len(words) != 3 or words[0] not in _KNOWN:
            continue
        try:
            client_random, secret = bytes.fromhex(words[1]), bytes.fromhex(words[2])
        except ValueError:
            continue
        if len(client_random) == _RANDOM_SIZE and len(secret) in (32, 48):
            secrets[client_random, words[0]] = secret
    return secrets
