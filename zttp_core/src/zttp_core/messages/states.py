"""The states of a message being sent, by the rules of every version (RFC 9110 6, RFC 9113 8.1, RFC 9114 4.1).

A message consists of informational heads, a head, content if it is allowed, and its end, with or without trailers. A
plugin flattens the tables once, at import. Every pair is in one of them.
"""

from typing import Final

NO_HEAD: Final = 0  # only for a server: a client's stream begins after its head
CONTENT: Final = 1
NO_CONTENT: Final = 2  # HEAD, 204, 205, 304
ENDED: Final = 3  # though it may wait for credit

STATE_NAMES: Final = ("NO_HEAD", "CONTENT", "NO_CONTENT", "ENDED")

GIVE_INFORMATIONAL: Final = 0
GIVE_HEAD: Final = 1
GIVE_BARE_HEAD: Final = 2  # for a message without content
GIVE_DATA: Final = 3
GIVE_END: Final = 4

INPUTS: Final = 5
INPUT_NAMES: Final = ("INFORMATIONAL", "HEAD", "BARE_HEAD", "DATA", "END")

NOT_ALLOWED: Final = 0xFF

SENDING: Final[dict[tuple[int, int], int]] = {
    (NO_HEAD, GIVE_INFORMATIONAL): NO_HEAD,
    (NO_HEAD, GIVE_HEAD): CONTENT,
    (NO_HEAD, GIVE_BARE_HEAD): NO_CONTENT,
    (CONTENT, GIVE_DATA): CONTENT,
    (CONTENT, GIVE_END): ENDED,
    (NO_CONTENT, GIVE_END): ENDED,
}

# Why a pair that is not in SENDING is refused.
REFUSALS: Final[dict[tuple[int, int], str]] = {
    (NO_HEAD, GIVE_DATA): "no_message",
    (NO_HEAD, GIVE_END): "no_message",
    (CONTENT, GIVE_INFORMATIONAL): "already_responded",
    (CONTENT, GIVE_HEAD): "already_responded",
    (CONTENT, GIVE_BARE_HEAD): "already_responded",
    (NO_CONTENT, GIVE_INFORMATIONAL): "already_responded",
    (NO_CONTENT, GIVE_HEAD): "already_responded",
    (NO_CONTENT, GIVE_BARE_HEAD): "already_responded",
    (NO_CONTENT, GIVE_DATA): "no_content_allowed",
    (ENDED, GIVE_INFORMATIONAL): "already_responded",
    (ENDED, GIVE_HEAD): "already_responded",
    (ENDED, GIVE_BARE_HEAD): "already_responded",
    (ENDED, GIVE_DATA): "message_ended",
    (ENDED, GIVE_END): "message_ended",
}


def flatten(table: dict[tuple[int, int], int], states: int, inputs: int) -> bytes:
    """Return a table of ``states * inputs`` bytes, NOT_ALLOWED where ``table`` has no pair."""
    flat = [NOT_ALLOWED] * (states * inputs)
    for (state, given), following in table.items():
        flat[state * inputs + given] = following
    return bytes(flat)


SENDING_FLAT: Final = flatten(SENDING, len(STATE_NAMES), INPUTS)


def after_giving(state: int, given: int) -> int:
    """Return the state of a message after ``given``, or NOT_ALLOWED."""
    return SENDING_FLAT[state * INPUTS + given]


def refusal(state: int, given: int) -> str:
    """Return the reason why ``given`` is not allowed in ``state``."""
    return REFUSALS[state, given]
