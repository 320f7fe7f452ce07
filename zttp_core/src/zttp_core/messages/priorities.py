"""The Priority field, whose value PRIORITY_UPDATE frames carry too (RFC 9218 4, 7)."""

from typing import Final

from zttp_core.native_ints import i64

DEFAULT_PRIORITY: Final[tuple[int, bool]] = (3, False)  # RFC 9218 4.1, 4.2

_U: Final = 0x75
_I: Final = 0x69
_LONGEST: Final = 1024


def parse_priority(value: bytes) -> tuple[int, bool]:
    """Return ``(urgency, incremental)`` of a Priority field value (RFC 9218 4).

    A parameter that is missing, unknown, of the wrong type or out of range is ignored: a bad priority is never an
    error. Of a repeated parameter the last one counts (RFC 9651 4.2.2). A signal is advice (RFC 9218 10), and one that
    no correct sender makes is not read: from a dynamic table a single octet could repeat it with every request.
    """
    urgency, incremental = DEFAULT_PRIORITY
    at: i64 = 0
    end: i64 = len(value)
    if end > _LONGEST:
        return DEFAULT_PRIORITY
    while at < end:
        if value[at] == 0x20 or value[at] == 0x09:
            at += 1
            continue
        start = at
        stop: i64 = -1  # the member without its parameters
        quoted = False
        while at < end:
            byte = value[at]
            if byte == 0x22:
                quoted = not quoted
            elif quoted:
                if byte == 0x5C:
                    at += 1  # an escaped character ends nothing
            elif byte == 0x2C:
                break
            elif byte == 0x3B and stop < 0:
                stop = at
            at += 1
        if stop < 0:
            stop = min(at, end)
        while stop > start and (value[stop - 1] == 0x20 or value[stop - 1] == 0x09):
            stop -= 1
        size = stop - start
        if size == 1:
            incremental = incremental or value[start] == _I
        elif size > 1 and value[start + 1] == 0x3D:
            if value[start] == _U:
                is_urgency = size == 3 and 0x30 <= value[start + 2] <= 0x37
                urgency = value[start + 2] - 0x30 if is_urgency else DEFAULT_PRIORITY[0]
            elif value[start] == _I:
                incremental = size == 4 and value[start + 2] == 0x3F and value[start + 3] == 0x31
        at += 1
    return (urgency, incremental)


def join_priorities(values: list[bytes]) -> tuple[int, bool] | None:
    """Return the joined value of the Priority fields of a message (RFC 9651 4.2); None if it has none."""
    return parse_priority(b",".join(values)) if len(values) > 0 else None


def format_priority(urgency: int, incremental: bool) -> bytes:
    """Return the field value for a priority. Raises ValueError."""
    if not 0 <= urgency <= 7:
        raise ValueError(f"urgency must be from 0 to 7, got {urgency}")
    return b"u=%d, i" % urgency if incremental else b"u=%d" % urgency
