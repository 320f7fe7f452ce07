"""The Priority field, which is also what PRIORITY_UPDATE frames carry (RFC 9218 4, 7)."""

from typing import Final

DEFAULT_PRIORITY: Final[tuple[int, bool]] = (3, False)  # RFC 9218 4.1, 4.2


def parse_priority(value: bytes) -> tuple[int, bool]:
    """Return ``(urgency, incremental)`` of a Priority field value (RFC 9218 4).

    What is missing, unknown, of the wrong type or out of range counts as not sent: a bad priority is never an error.
    """
    urgency = 3
    incremental = False
    for member in value.split(b","):
        item = member.split(b";")[0].strip(b" \t")
        if len(item) == 3 and item[:2] == b"u=" and 0x30 <= item[2] <= 0x37:
            urgency = item[2] - 0x30
        elif item == b"i" or item == b"i=?1":
            incremental = True
        elif item == b"i=?0":
            incremental = False
    return (urgency, incremental)


def join_priorities(values: list[bytes]) -> tuple[int, bool] | None:
    """Return what the Priority fields of a message say, which are one list (RFC 9651 4.2); None if it has none."""
    return parse_priority(b",".join(values)) if len(values) > 0 else None


def format_priority(urgency: int, incremental: bool) -> bytes:
    """Return the field value for a priority; what is the default is left out (RFC 9218 4). Raises ValueError."""
    if not 0 <= urgency <= 7:
        raise ValueError(f"an urgency is from 0 to 7, got {urgency}")
    if urgency == DEFAULT_PRIORITY[0]:
        return b"i" if incremental else b""
    return b"u=%d, i" % urgency if incremental else b"u=%d" % urgency
