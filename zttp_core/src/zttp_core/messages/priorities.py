"""The Priority field, which is also what PRIORITY_UPDATE frames carry (RFC 9218 4, 7)."""

from typing import Final

from zttp_core.native_ints import i64

DEFAULT_PRIORITY: Final[tuple[int, bool]] = (3, False)  # RFC 9218 4.1, 4.2


def parse_priority(value: bytes) -> tuple[int, bool]:
    """Return ``(urgency, incremental)`` of a Priority field value (RFC 9218 4).

    What is missing, unknown, of the wrong type or out of range counts as not sent: a bad priority is never an error. Of
    a parameter that comes several times the last one counts (RFC 9651 4.2.2).
    """
    urgency, incremental = DEFAULT_PRIORITY
    for member in _members(value):
        item = member.partition(b";")[0].strip(b" \t")
        if item == b"i" or item == b"i=?1":
            incremental = True
        elif item[:2] == b"u=":
            urgency = item[2] - 0x30 if len(item) == 3 and 0x30 <= item[2] <= 0x37 else DEFAULT_PRIORITY[0]
        elif item[:2] == b"i=":
            incremental = False
    return (urgency, incremental)


def _members(value: bytes) -> list[bytes]:
    """Return the members of a dictionary: between commas, but those in a string (RFC 9651 4.2.5)."""
    if b'"' not in value:
        return value.split(b",")
    members = []
    start: i64 = 0
    at: i64 = 0
    end: i64 = len(value)
    quoted = False
    while at < end:
        byte = value[at]
        if byte == 0x22:
            quoted = not quoted
        elif byte == 0x5C and quoted:
            at += 1  # what is escaped ends nothing
        elif byte == 0x2C and not quoted:
            members.append(value[start:at])
            start = at + 1
        at += 1
    members.append(value[start:])
    return members


def join_priorities(values: list[bytes]) -> tuple[int, bool] | None:
    """Return what the Priority fields of a message say, which are one list (RFC 9651 4.2); None if it has none."""
    return parse_priority(b",".join(values)) if len(values) > 0 else None


def format_priority(urgency: int, incremental: bool) -> bytes:
    """Return the field value for a priority. Raises ValueError."""
    if not 0 <= urgency <= 7:
        raise ValueError(f"urgency must be from 0 to 7, got {urgency}")
    return b"u=%d, i" % urgency if incremental else b"u=%d" % urgency
