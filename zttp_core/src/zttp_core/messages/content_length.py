"""Content-Length (RFC 9110 8.6): one number, however often it is repeated.

Two lengths are the same if their digits are: ``10`` and ``010`` are a conflict, because some recipients read the latter
as octal. Equal lengths, in a list or in several lines, count once, and only that one remains in the fields, so that the
list is not forwarded (RFC 9110 8.6, RFC 9112 6.3).
"""

from typing import Final

from zttp_core.native_ints import i64

# No real length is larger, and QUIC's integers hold no more (RFC 9000 16).
LARGEST_CONTENT: Final = 4611686018427387903  # 2**62 - 1
_TENTH: Final[i64] = 461168601842738790
_LAST_DIGIT: Final = 3
_MOST_MEMBERS: Final = 8


def parse_content_length(value: bytes) -> int:
    """Return the length of the digits in ``value``, or -1 if they are not 1*DIGIT up to LARGEST_CONTENT."""
    length: i64 = 0
    at: i64 = 0
    end: i64 = len(value)
    if end == 0:
        return -1
    while at < end:
        digit: i64 = i64(value[at]) - 0x30
        if digit < 0 or digit > 9 or length > _TENTH or (length == _TENTH and digit > _LAST_DIGIT):
            return -1
        length = length * 10 + digit
        at += 1
    return length


def read_content_length(value: bytes, before: bytes = b"") -> tuple[str | None, bytes, int]:
    """Read a Content-Length value, ``before`` being the digits of the one before it in the same message.

    Returns ``(None, digits, length)``, or ``(reason, value, -1)`` for a fault. RFC 9110 8.6 lets the recipient refuse a
    list. A long one is refused: from a dynamic table a single octet could repeat it with every request.
    """
    if value.count(b",") >= _MOST_MEMBERS:
        return "invalid_content_length", value, -1
    digits = before
    for member in value.split(b","):
        stated = member.strip(b" \t")
        if parse_content_length(stated) < 0:
            return "invalid_content_length", value, -1
        if digits != b"" and stated != digits:
            return "conflicting_content_length", value, -1
        digits = stated
    return None, digits, parse_content_length(digits)


def given_content_length(value: bytes, before: bytes = b"") -> tuple[str | None, int]:
    """Check a Content-Length to send, ``before`` being the one before it in the same message.

    Returns ``(None, length)``, or ``(reason, -1)``. A list is accepted only when read: RFC 9110 8.6 does not allow
    sending one.
    """
    length = parse_content_length(value)
    if length < 0:
        return "invalid_content_length", -1
    return (None, length) if before in (b"", value) else ("conflicting_content_length", -1)
